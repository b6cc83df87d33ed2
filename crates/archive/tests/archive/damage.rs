//! Whatever happens to a segment's bytes: an error that names the file, or the right bytes.

use std::fs;
use std::io::{Read, Write};

use dragline_archive::{Algorithm, Archive, Capture, Config, Entry};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http::StatusCode;

use crate::{Noise, capture, config, create, dir, noise, segment_name, without_request};

#[test]
fn a_cut_segment_is_an_error() {
    for compression in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = create(folder.path(), compression);
        let entry = archive.append(&capture("http://h/", &[], b"body")).unwrap();
        let segment = folder.path().join(segment_name(compression));
        let whole = fs::read(&segment).unwrap();
        for cut in 0..whole.len() {
            fs::write(&segment, &whole[..cut]).unwrap();
            let error = archive.reader().check(&entry).unwrap_err().to_string();
            assert!(
                error.starts_with(segment_name(compression)),
                "cut at {cut}: {error}"
            );
        }
    }
}

/// Seeded, so that a failure can be repeated.
#[test]
fn a_changed_byte_is_an_error_or_makes_no_difference() {
    for (compression, lasting) in [(false, true), (true, true), (false, false)] {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            lasting,
            ..config(compression)
        };
        let mut archive = Archive::create(dir(folder.path()), config).unwrap();
        let pages = ["a", "b", "c"].map(|name| {
            let payload = if name == "b" {
                b"<p>Hi".to_vec()
            } else {
                noise(1500)
            };
            capture(
                &format!("http://h/{name}"),
                &[("content-type", "text/html")],
                &payload,
            )
        });
        let entries = pages.each_ref().map(|page| archive.append(page).unwrap());
        assert!(entries[2].is_revisit());
        let name = segment_name(compression);
        let segment = folder.path().join(name);
        let whole = fs::read(&segment).unwrap();
        let mut random = Noise(1);
        let mut errors = 0;
        for round in 0..1500 {
            let mut bytes = whole.clone();
            let at = random.below(bytes.len());
            bytes[at] ^= u8::try_from(1 + random.below(255)).unwrap();
            fs::write(&segment, &bytes).unwrap();
            for (entry, page) in entries.iter().zip(&pages) {
                let checked = archive.reader().check(entry);
                match archive.reader().read(entry) {
                    Ok(read) => assert_eq!(read, without_request(page), "round {round}, byte {at}"),
                    Err(error) => {
                        errors += 1;
                        assert!(checked.is_err());
                        assert!(error.to_string().starts_with(name), "{error}");
                    }
                }
            }
        }
        assert!(errors > 1000, "{errors}");
    }
}

/// Of a segment that is not packed, where there is no checksum.
#[test]
fn what_a_record_must_have_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), false);
    let entry = archive.append(&capture("http://h/", &[], b"body")).unwrap();
    let segment = folder.path().join(segment_name(false));
    let whole = fs::read_to_string(&segment).unwrap();
    for (from, to) in [
        ("WARC-Type: response", "WARC-Type: resource"),
        ("WARC-Block-Digest", "XARC-Block-Digest"),
        ("body\r\n\r\n", "body\r\n\r "),
    ] {
        fs::write(&segment, whole.replace(from, to)).unwrap();
        assert!(archive.reader().read(&entry).is_err(), "{to}");
    }
}

#[test]
fn what_does_not_last_is_guarded_by_a_checksum() {
    for lasting in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            lasting,
            digests: if lasting {
                Algorithm::Sha256
            } else {
                Algorithm::Blake3
            },
            ..config(false)
        };
        let mut archive = Archive::create(dir(folder.path()), config).unwrap();
        let page = Capture {
            body: archive.spooler().unwrap().in_memory("body".into()),
            ..capture("http://h/", &[], b"")
        };
        let entry = archive.append(&page).unwrap();
        archive.reader().check(&entry).unwrap();
        let read = archive.reader().read(&entry).unwrap();
        assert_eq!(read.body.digest(), page.body.digest());
        let segment = fs::read_to_string(folder.path().join(segment_name(false))).unwrap();
        let mut records = segment.split("WARC-Type: ");
        let response = records.find(|it| it.starts_with("response")).unwrap();
        assert_eq!(response.contains("WARC-Block-Digest: sha256:"), lasting);
        assert_eq!(response.contains("X-Block-CRC32: "), !lasting);
        let algorithm = if lasting { "sha256" } else { "blake3" };
        let payload_digest = format!("WARC-Payload-Digest: {algorithm}:");
        assert!(response.contains(&payload_digest));
    }
}

/// What has the right checksum is read; that it was made with another payload, a check finds.
#[test]
fn a_check_computes_the_digest_also_where_a_checksum_is_right() {
    let packed = |record: &[u8]| {
        let mut member = GzEncoder::new(Vec::new(), Compression::fast());
        member.write_all(record).unwrap();
        member.finish().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), true);
    let entry = archive.append(&capture("http://h/", &[], b"body")).unwrap();
    let segment = folder.path().join(segment_name(true));
    let field = |name: &str| {
        let line = entry.to_string();
        let (_, value) = line.split_once(&format!("\"{name}\":\"")).unwrap();
        value.split_once('"').unwrap().0.parse::<usize>().unwrap()
    };
    let (offset, length) = (field("offset"), field("length"));
    let whole = fs::read(&segment).unwrap();
    let mut record = Vec::new();
    let mut member = MultiGzDecoder::new(&whole[offset..offset + length]);
    member.read_to_end(&mut record).unwrap();
    for (payload, is_right) in [("body", true), ("bodY", false)] {
        let record = String::from_utf8(record.clone()).unwrap();
        let member = packed(record.replace("body", payload).as_bytes());
        fs::write(&segment, [&whole[..offset], &member].concat()).unwrap();
        let length = (format!("\"{length}\""), format!("\"{}\"", member.len()));
        let entry: Entry = entry
            .to_string()
            .replace(&length.0, &length.1)
            .parse()
            .unwrap();
        assert_eq!(archive.reader().read(&entry).unwrap().body, payload);
        assert_eq!(
            archive.reader().check(&entry).is_ok(),
            is_right,
            "{payload}"
        );
    }
}

#[test]
fn a_place_where_no_record_is_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), true);
    let entry = archive.append(&capture("http://h/", &[], b"body")).unwrap();
    for (field, value) in [
        ("offset", "0"),
        ("offset", "18446744073709551615"),
        ("length", "1"),
        ("length", "9999"),
        ("filename", "dragline-00001.warc.gz"),
        ("digest", entry_digest()),
    ] {
        let line = entry.to_string();
        let from = line.find(&format!("\"{field}\":\"")).unwrap() + field.len() + 4;
        let to = from + line[from..].find('"').unwrap();
        let wrong: Entry = format!("{}{value}{}", &line[..from], &line[to..])
            .parse()
            .unwrap();
        assert!(archive.reader().read(&wrong).is_err(), "{field}");
        assert!(archive.reader().check(&wrong).is_err(), "{field}");
    }
    assert_eq!(
        archive.reader().read(&entry).unwrap().status,
        StatusCode::OK
    );
}

fn entry_digest() -> &'static str {
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}
