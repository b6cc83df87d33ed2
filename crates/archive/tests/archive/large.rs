//! Bodies that are too large for memory.

use std::fs;
use std::io::{Read, Write};

use dragline_archive::{Archive, Body, Capture, Digest, Entry, Known};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::{capture, config, create, dir, noise};

const LONG: usize = 9 * 1024 * 1024 + 5;

fn spooled(archive: &Archive, bytes: &[u8]) -> Body {
    let mut spool = archive.spooler().unwrap().begin().unwrap();
    for chunk in bytes.chunks(100_000) {
        spool.write_all(chunk).unwrap();
    }
    spool.finish()
}

fn read(body: &Body) -> Vec<u8> {
    let mut bytes = Vec::new();
    body.reader().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_spooled_body_is_archived_and_read_as_a_stream() {
    for compression in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = create(folder.path(), compression);
        // One that packs, one that does not.
        let mut packs = b"abcdefgh".repeat(LONG / 8);
        packs.push(b'!');
        for bytes in [packs, noise(LONG)] {
            let body = spooled(&archive, &bytes);
            assert_eq!((body.len(), body.bytes()), (bytes.len() as u64, None));
            assert!(read(&body) == bytes);
            let page = Capture {
                body,
                ..capture("http://h/", &[("x", "y")], b"")
            };
            let entry = archive.append(&page).unwrap();
            let again = archive.append(&page).unwrap();
            assert!(again.is_revisit());
            for entry in [entry, again] {
                let entry: Entry = entry.to_string().parse().unwrap();
                let got = archive.reader().read(&entry).unwrap();
                assert_eq!((got.body.bytes(), &got.body), (None, &page.body));
                assert_eq!(got.headers, page.headers);
                assert!(read(&got.body) == bytes);
                archive.reader().check(&entry).unwrap();
            }
        }
    }
}

#[test]
fn a_short_spooled_body_comes_back_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), true);
    let body = spooled(&archive, b"short");
    let entry = archive
        .append(&Capture {
            body,
            ..capture("http://h/", &[], b"")
        })
        .unwrap();
    assert_eq!(archive.reader().read(&entry).unwrap().body, "short");
}

#[test]
fn a_body_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let archive = create(folder.path(), true);
    let spooler = archive.spooler().unwrap();
    let whole = Body::from(&b"first and second"[..]);
    let more = |begun: Body| {
        let mut spool = spooler.go_on(begun).unwrap();
        spool.write_all(b" and second").unwrap();
        let body = spool.finish();
        assert_eq!((read(&body), body.digest()), (read(&whole), whole.digest()));
        body
    };
    let begun = spooled(&archive, b"first");
    // It may have been looked at.
    assert_eq!(read(&begun), b"first");
    let clone = begun.clone();
    drop((more(b"first"[..].into()), more(begun)));
    assert_eq!(
        (read(&clone), clone.digest()),
        (b"first".to_vec(), Digest::of(b"first"))
    );
    let files = || fs::read_dir(folder.path().join("spool")).unwrap().count();
    assert_eq!(files(), 1);
    let _own = more(clone);
    assert_eq!(files(), 1, "its own file is used");
}

#[test]
fn damage_of_a_large_body_is_an_error_of_a_read() {
    for compression in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = create(folder.path(), compression);
        let body = spooled(&archive, &noise(LONG));
        let entry = archive
            .append(&Capture {
                body,
                ..capture("http://h/", &[], b"")
            })
            .unwrap();
        let name = crate::segment_name(compression);
        let mut bytes = fs::read(folder.path().join(name)).unwrap();
        bytes[LONG / 2] ^= 1;
        fs::write(folder.path().join(name), &bytes).unwrap();
        let got = archive.reader().read(&entry).unwrap();
        let error =
            std::io::copy(&mut got.body.reader().unwrap(), &mut std::io::sink()).unwrap_err();
        assert!(error.to_string().starts_with(name), "{error}");
        assert!(archive.reader().check(&entry).is_err());
        assert!(got.content(u64::MAX).is_err());
    }
}

#[test]
fn large_content_is_decoded_as_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), true);
    let bytes = noise(LONG);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&bytes).unwrap();
    let body = spooled(&archive, &packed.finish().unwrap());
    let page = Capture {
        body,
        ..capture("http://h/", &[("content-encoding", "gzip")], b"")
    };
    let entry = archive.append(&page).unwrap();
    let got = archive.reader().read(&entry).unwrap();
    let mut content = Vec::new();
    got.content_reader(u64::MAX)
        .unwrap()
        .read_to_end(&mut content)
        .unwrap();
    assert!(content == bytes);
    assert!(got.content(u64::MAX).unwrap() == bytes);
    let error = got.content(1000).unwrap_err();
    assert_eq!(error.to_string(), "decoded content exceeds 1000 bytes");
}

#[test]
fn spooled_files_go_with_their_bodies_and_leftovers_when_opened() {
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let mut archive = create(folder.path(), true);
    let spooler = archive.spooler().unwrap();
    let body = spooled(&archive, b"body");
    let begun = spooler.begin().unwrap();
    assert_eq!(fs::read_dir(&spool).unwrap().count(), 2);
    drop(begun);
    let reader = body.reader().unwrap();
    drop(body);
    assert_eq!(fs::read_dir(&spool).unwrap().count(), 1);
    drop(reader);
    assert!(!spool.exists());
    drop(spooler.begin().unwrap());
    assert!(!spool.exists());
    archive.append(&capture("http://h/", &[], b"")).unwrap();

    fs::create_dir(&spool).unwrap();
    fs::write(spool.join("left.body"), "").unwrap();
    fs::write(spool.join("not ours"), "").unwrap();
    Archive::open(
        dir(folder.path()),
        config(true),
        archive.end(),
        Known::default(),
    )
    .unwrap();
    assert_eq!(fs::read_dir(&spool).unwrap().count(), 1);
    fs::write(spool.join("left.body"), "").unwrap();
    create(folder.path(), true);
    assert_eq!(fs::read_dir(&spool).unwrap().count(), 1);
}

/// Fetch workers write theirs while the one writer appends.
#[test]
fn bodies_are_spooled_and_read_by_threads() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), true);
    let spooler = archive.spooler().unwrap();
    let reader = archive.reader();
    let (sender, bodies) = std::sync::mpsc::channel();
    let (entries, received) = std::sync::mpsc::channel::<Entry>();
    std::thread::scope(|scope| {
        for worker in 0..4_u8 {
            let (spooler, sender) = (spooler.clone(), sender.clone());
            scope.spawn(move || {
                for body in 0..10_u8 {
                    let mut spool = spooler.begin().unwrap();
                    spool.write_all(&[worker, body].repeat(1000)).unwrap();
                    sender.send(spool.finish()).unwrap();
                }
            });
        }
        scope.spawn(move || {
            for entry in received {
                reader.check(&entry).unwrap();
            }
        });
        drop(sender);
        for body in bodies {
            let page = Capture {
                body,
                ..capture("http://h/", &[], b"")
            };
            entries.send(archive.append(&page).unwrap()).unwrap();
        }
        drop(entries);
    });
}
