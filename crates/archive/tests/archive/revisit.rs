//! Payloads that are there already are referred to.

use std::fs;

use dragline_archive::{Archive, Capture, Entry, Known, Position};
use http::StatusCode;

use crate::{capture, config, create, dir, noise, without_request};

#[test]
fn a_payload_is_kept_once_under_whatever_url() {
    for compression in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = create(folder.path(), compression);
        let payload = noise(5000);
        let first = capture("http://h/1", &[("content-type", "a/b")], &payload);
        let second = capture("http://h/2", &[("content-type", "c/d")], &payload);
        let first_entry = archive.append(&first).unwrap();
        let before = archive.end().offset;
        let second_entry = archive.append(&second).unwrap();
        let third_entry = archive.append(&first).unwrap();
        assert!(archive.end().offset - before < 4000);
        let revisits = [&first_entry, &second_entry, &third_entry].map(Entry::is_revisit);
        assert_eq!(revisits, [false, true, true]);
        assert_eq!(first_entry.digest, second_entry.digest);
        let reader = archive.reader();
        for (entry, capture) in [(first_entry, &first), (second_entry, &second)] {
            let entry: Entry = entry.to_string().parse().unwrap();
            reader.check(&entry).unwrap();
            assert_eq!(reader.read(&entry).unwrap(), without_request(capture));
        }
    }
}

#[test]
fn a_revisit_record_says_what_it_refers_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), false);
    let payload = noise(5000);
    archive
        .append(&capture("http://h/1", &[], &payload))
        .unwrap();
    archive
        .append(&capture("http://h/2", &[("x", "y")], &payload))
        .unwrap();
    let segment = fs::read(folder.path().join("dragline-00000.warc")).unwrap();
    let text = String::from_utf8_lossy(&segment);
    let records: Vec<_> = text.split("WARC/1.1\r\n").collect();
    let field = |record: &str, name: &str| {
        let line = record.lines().find(|line| line.starts_with(name));
        line.map(|line| line[name.len()..].to_owned())
    };
    let (response, revisit) = (records[3], records[5]);
    assert!(revisit.starts_with("WARC-Type: revisit\r\n"), "{revisit}");
    assert_eq!(
        field(revisit, "WARC-Refers-To: "),
        field(response, "WARC-Record-ID: ")
    );
    assert_eq!(
        field(revisit, "WARC-Refers-To-Date: "),
        field(response, "WARC-Date: ")
    );
    assert_eq!(
        field(revisit, "WARC-Refers-To-Target-URI: ").unwrap(),
        "http://h/1"
    );
    assert_eq!(
        field(revisit, "WARC-Payload-Digest: "),
        field(response, "WARC-Payload-Digest: ")
    );
    assert!(
        field(revisit, "WARC-Profile: ")
            .unwrap()
            .ends_with("/identical-payload-digest")
    );
    assert!(revisit.ends_with("\r\n\r\nHTTP/1.1 200 OK\r\nx: y\r\n\r\n\r\n\r\n"));
}

#[test]
fn a_short_payload_is_kept_again() {
    for (payload, is_revisit) in [(&b"short"[..], false), (b"", false), (&noise(1000), true)] {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = create(folder.path(), true);
        archive
            .append(&capture("http://h/1", &[], payload))
            .unwrap();
        let entry = archive
            .append(&capture("http://h/2", &[], payload))
            .unwrap();
        assert_eq!(entry.is_revisit(), is_revisit);
        assert_eq!(
            archive.reader().read(&entry).unwrap().body.bytes().unwrap(),
            payload
        );
    }
}

#[test]
fn payloads_are_known_again_when_an_archive_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), true);
    let payload = noise(5000);
    let entry = archive
        .append(&capture("http://h/1", &[], &payload))
        .unwrap();
    let end = archive.end();
    drop(archive);
    let mut archive = Archive::open(
        dir(folder.path()),
        config(true),
        end,
        Known::from_iter([&entry]),
    )
    .unwrap();
    let again = archive
        .append(&capture("http://h/2", &[], &payload))
        .unwrap();
    assert!(again.is_revisit());
    assert_eq!(
        archive.reader().read(&again).unwrap().body.bytes().unwrap(),
        &payload[..]
    );
}

#[test]
fn what_cannot_be_referred_to_is_kept_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), true);
    let page = capture("http://h/1", &[], &noise(5000));
    let entry = archive.append(&page).unwrap();
    let end = archive.end();
    // An index that says of a place what is not so.
    let wrong = entry.to_string().replace("\"offset\":\"", "\"offset\":\"1");
    let wrong: Entry = wrong.parse().unwrap();
    let mut archive = Archive::open(
        dir(folder.path()),
        config(true),
        end,
        Known::from_iter([&wrong]),
    )
    .unwrap();
    assert!(!archive.append(&page).unwrap().is_revisit());
    // Or one whose digests begin alike: the place is that of another payload.
    let other = capture("http://h/2", &[], &noise(6000));
    let (digest, others) = (page.body.digest(), other.body.digest());
    let wrong = entry
        .to_string()
        .replace(&digest.to_string(), &others.to_string());
    let wrong: Entry = wrong.parse().unwrap();
    let mut archive = Archive::open(
        dir(folder.path()),
        config(true),
        end,
        Known::from_iter([&wrong]),
    )
    .unwrap();
    assert!(!archive.append(&other).unwrap().is_revisit());
}

fn not_modified(headers: &[(&'static str, &str)]) -> Capture {
    Capture {
        status: StatusCode::NOT_MODIFIED,
        ..capture("http://h/", headers, b"")
    }
}

#[test]
fn a_304_reads_as_the_earlier_response_with_new_headers() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), true);
    let headers = [
        ("etag", "1"),
        ("content-type", "text/html"),
        ("content-length", "5000"),
        ("x-kept", "yes"),
    ];
    let payload = noise(5000);
    let other = archive
        .append(&capture("http://h/other", &[], &payload))
        .unwrap();
    let revisit = archive
        .append(&capture("http://h/", &headers, &payload))
        .unwrap();
    let response = archive
        .append(&capture("http://h/", &headers, b"short"))
        .unwrap();
    assert_eq!(
        [&other, &revisit, &response].map(Entry::is_revisit),
        [false, true, false]
    );
    for (earlier, body) in [(revisit, &payload[..]), (response, b"short")] {
        let answer = not_modified(&[
            ("etag", "2"),
            ("content-length", "0"),
            ("connection", "close"),
        ]);
        let once = archive.append_not_modified(&answer, &earlier).unwrap();
        let twice = archive.append_not_modified(&answer, &once).unwrap();
        for entry in [once, twice] {
            let entry: Entry = entry.to_string().parse().unwrap();
            assert_eq!(entry.status, StatusCode::OK);
            assert_eq!(entry.content_type.as_deref(), Some("text/html"));
            assert_eq!(entry.digest, earlier.digest);
            archive.reader().check(&entry).unwrap();
            let read = archive.reader().read(&entry).unwrap();
            assert_eq!(read.status, StatusCode::OK);
            assert_eq!(read.body.bytes().unwrap(), body);
            let mut expected = capture("http://h/", &headers, b"").headers;
            expected.insert("etag", "2".parse().unwrap());
            assert_eq!(read.headers, expected);
        }
    }
}

#[test]
fn a_304_to_what_is_gone_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), true);
    let entry = archive.append(&capture("http://h/", &[], b"body")).unwrap();
    let end = archive.end();
    let gone = entry.to_string().replace("00000.warc", "00009.warc");
    let gone: Entry = gone.parse().unwrap();
    assert_eq!(
        gone.position(),
        Position {
            segment: 9,
            ..entry.position()
        }
    );
    let error = archive
        .append_not_modified(&not_modified(&[]), &gone)
        .unwrap_err();
    assert!(
        error.to_string().starts_with("dragline-00009.warc"),
        "{error}"
    );
    assert_eq!(archive.end(), end);
}
