//! The behaviour of an archive, through its public API.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod damage;
mod export;
mod large;
mod resume;
mod revisit;

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use dragline_archive::{Archive, Capture, Config, Entry, Reader, Truncated};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use proptest::prelude::*;

fn dir(folder: &Path) -> Dir {
    Dir::open_ambient_dir(folder, ambient_authority()).unwrap()
}

fn config(compression: bool) -> Config {
    Config {
        compression,
        ..Config::default()
    }
}

fn create(folder: &Path, compression: bool) -> Archive {
    Archive::create(dir(folder), config(compression)).unwrap()
}

fn capture(url: &str, headers: &[(&'static str, &str)], body: &[u8]) -> Capture {
    Capture {
        url: url.to_owned(),
        date: SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456),
        via: None,
        request: format!("GET {url} HTTP/1.1\r\n\r\n").into(),
        status: StatusCode::OK,
        headers: headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect(),
        body: Bytes::copy_from_slice(body).into(),
        truncated: None,
    }
}

fn segment_name(compression: bool) -> &'static str {
    if compression {
        "dragline-00000.warc.gz"
    } else {
        "dragline-00000.warc"
    }
}

/// Bytes that do not pack, always the same ones.
fn noise(length: usize) -> Vec<u8> {
    let mut noise = Noise(7);
    let words = std::iter::repeat_with(|| noise.next().to_le_bytes());
    words.flatten().take(length).collect()
}

/// Xorshift64: numbers that look random, the same ones for the same seed.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }
}

fn without_request(capture: &Capture) -> Capture {
    Capture {
        request: Bytes::new(),
        via: None,
        ..capture.clone()
    }
}

#[test]
fn a_segment_is_warc_1_1() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), false);
    let page = capture(
        "http://example.org/",
        &[
            ("content-type", "text/html"),
            ("transfer-encoding", "chunked"),
        ],
        b"<p>Hi",
    );
    archive.append(&page).unwrap();
    let text = fs::read_to_string(folder.path().join("dragline-00000.warc")).unwrap();
    let records: Vec<_> = text.split("WARC/1.1\r\n").skip(1).collect();
    assert_eq!(records.len(), 3);
    for (record, kind) in records.iter().zip(["warcinfo", "request", "response"]) {
        assert!(
            record.starts_with(&format!("WARC-Type: {kind}\r\n")),
            "{record}"
        );
        let (head, rest) = record.split_once("\r\n\r\n").unwrap();
        let length = head.split("Content-Length: ").nth(1).unwrap();
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        assert_eq!(&rest[length..], "\r\n\r\n", "a block is as long as it says");
    }
    assert!(records[2].contains("WARC-Date: 2023-11-14T22:13:20.123456Z\r\n"));
    assert!(records[2].contains("WARC-Target-URI: http://example.org/\r\n"));
    assert!(records[2].contains("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n"));
    assert!(records[2].contains("\r\nx-archive-orig-transfer-encoding: chunked\r\n\r\n<p>Hi"));
}

#[test]
fn where_a_capture_was_found_is_a_metadata_record() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), false);
    let page = Capture {
        via: Some("http://h/from".to_owned()),
        ..capture("http://h/", &[], b"body")
    };
    archive.append(&page).unwrap();
    let text = fs::read_to_string(folder.path().join("dragline-00000.warc")).unwrap();
    let (_, metadata) = text.split_once("WARC-Type: metadata\r\n").unwrap();
    let (head, fields) = metadata.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("Content-Type: application/warc-fields\r\n"));
    assert!(head.contains("WARC-Concurrent-To: <urn:uuid:"));
    assert_eq!(fields, "via: http://h/from\r\n\r\n\r\n");
}

#[test]
fn a_body_that_broke_off_says_so() {
    for compression in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = create(folder.path(), compression);
        for (why, text) in [
            (Truncated::Disconnect, "disconnect"),
            (Truncated::Time, "time"),
        ] {
            let page = Capture {
                truncated: Some(why),
                ..capture("http://h/", &[("content-length", "9000")], text.as_bytes())
            };
            let entry = archive.append(&page).unwrap();
            assert_eq!(
                archive.reader().read(&entry).unwrap(),
                without_request(&page)
            );
            if !compression {
                let file = folder.path().join(segment_name(false));
                let file = fs::read_to_string(file).unwrap();
                assert!(
                    file.contains(&format!("\r\nWARC-Truncated: {text}\r\n")),
                    "{file}"
                );
            }
        }
        // Of the same bytes, the one that is whole does not say so, and the other way round.
        let long = "long".repeat(1000);
        let whole = capture("http://h/1", &[], long.as_bytes());
        let broken = Capture {
            truncated: Some(Truncated::Time),
            ..whole.clone()
        };
        for page in [&whole, &broken, &whole] {
            let entry = archive.append(page).unwrap();
            assert_eq!(
                archive.reader().read(&entry).unwrap(),
                without_request(page)
            );
        }
    }
}

#[test]
fn a_url_that_could_end_a_line_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), true);
    let end = archive.end();
    for url in [
        "http://h/\r\nWARC-Type: x",
        "http://h/ b",
        "http://h/\u{7f}",
    ] {
        let page = capture("http://h/", &[], b"");
        let of = |url: &str, via: &str| Capture {
            url: url.to_owned(),
            via: Some(via.to_owned()),
            ..page.clone()
        };
        for page in [of(url, "http://h/"), of("http://h/", url)] {
            let error = archive.append(&page).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        }
    }
    assert_eq!(archive.end(), end);
}

#[test]
fn a_date_beyond_what_can_be_written_is_the_nearest_that_can() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), true);
    let epoch = SystemTime::UNIX_EPOCH;
    let day = Duration::from_secs(86400);
    for date in [epoch - day, epoch + day * 10_000_000] {
        let page = capture("http://h/", &[], b"");
        let entry = archive.append(&Capture { date, ..page }).unwrap();
        assert_eq!(entry.to_string().parse::<Entry>().unwrap(), entry);
        archive.reader().check(&entry).unwrap();
    }
}

#[test]
fn what_does_not_pack_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), true);
    let start = archive.end().offset;
    archive
        .append(&capture("http://h/", &[], &b"text ".repeat(20_000)))
        .unwrap();
    let packed = archive.end().offset;
    assert!(packed - start < 5_000);
    archive
        .append(&capture("http://h/", &[], &noise(100_000)))
        .unwrap();
    assert!(archive.end().offset - packed < 102_000);
}

#[test]
fn the_index_says_what_views_need() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), false);
    let moved = Capture {
        status: StatusCode::FOUND,
        ..capture("http://h/", &[("location", "/a")], b"")
    };
    let entry = archive.append(&moved).unwrap();
    assert_eq!(
        (entry.url.as_str(), entry.status.as_u16()),
        ("http://h/", 302)
    );
    assert_eq!(
        (entry.location.as_deref(), &entry.content_type),
        (Some("/a"), &None)
    );
}

#[test]
fn an_archive_overwrites_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let page = capture("http://h/", &[], b"first");
    let mut first = create(folder.path(), true);
    let first_entry = first.append(&page).unwrap();
    let mut second = create(folder.path(), true);
    let page_2 = capture("http://h/", &[], b"second");
    let second_entry = second.append(&page_2).unwrap();
    let reader = Reader::new(dir(folder.path()));
    assert_eq!(reader.read(&first_entry).unwrap(), without_request(&page));
    assert_eq!(reader.read(&second_entry).unwrap().body, "second");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
#[cfg(unix)]
fn a_planted_link_is_not_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("target");
    std::os::unix::fs::symlink(&target, folder.path().join("dragline-00000.warc")).unwrap();
    let mut archive = create(folder.path(), false);
    archive.append(&capture("http://h/", &[], b"body")).unwrap();
    assert!(!target.exists());
    assert!(folder.path().join("dragline-00001.warc").exists());
}

proptest! {
    /// What is read is what was appended, whatever its bytes.
    #[test]
    fn reads_what_it_wrote(
        compression: bool,
        captures in prop::collection::vec(
            (
                100_u16..1000,
                prop::collection::vec(("[a-z0-9!#$%&'*+.^_`|~-]{1,9}|(x-archive-orig-){0,2}transfer-encoding", prop::collection::vec(prop_oneof![0x20_u8..=0xff, Just(b'\t')], 0..9)), 0..9),
                prop::collection::vec(any::<u8>(), 0..300),
            ),
            1..6,
        )
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = create(folder.path(), compression);
        let mut expected = Vec::new();
        let mut entries = Vec::<Entry>::new();
        for (status, fields, body) in captures {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                // As a server's fields arrive: blanks around a value are not part of it.
                let value = value.trim_ascii();
                if let Ok(value) = HeaderValue::from_bytes(value) {
                    headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
                }
            }
            let capture = Capture {
                status: StatusCode::from_u16(status).unwrap(),
                headers,
                ..capture("http://h/", &[], &body)
            };
            entries.push(archive.append(&capture).unwrap());
            expected.push(without_request(&capture));
        }
        let reader = archive.reader();
        let read: Vec<_> = entries.iter().map(|entry| reader.read(entry).unwrap()).collect();
        prop_assert_eq!(read, expected);
    }
}
