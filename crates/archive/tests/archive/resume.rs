//! An archive goes on where it was.

use std::fs;
use std::io;

use dragline_archive::{Archive, Config, Known, Position};

use crate::{capture, config, create, dir, segment_name, without_request};

#[test]
fn a_torn_tail_is_cut_off() {
    for compression in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let segment = folder.path().join(segment_name(compression));
        let pages =
            ["a", "b", "c"].map(|name| capture(&format!("http://h/{name}"), &[], name.as_bytes()));
        let mut archive = create(folder.path(), compression);
        let first = archive.append(&pages[0]).unwrap();
        let end = archive.end();
        archive.append(&pages[1]).unwrap();
        drop(archive);
        let whole = fs::read(&segment).unwrap();
        let end_at = usize::try_from(end.offset).unwrap();
        for cut in end_at..=whole.len() {
            fs::write(&segment, &whole[..cut]).unwrap();
            let mut archive = Archive::open(
                dir(folder.path()),
                config(compression),
                end,
                Known::default(),
            )
            .unwrap();
            assert_eq!(archive.end(), end);
            let third = archive.append(&pages[2]).unwrap();
            assert_eq!(third.position().segment, 0);
            let reader = archive.reader();
            assert_eq!(reader.read(&first).unwrap(), without_request(&pages[0]));
            assert_eq!(reader.read(&third).unwrap(), without_request(&pages[2]));
            let now = fs::read(&segment).unwrap();
            assert_eq!(now[..end_at], whole[..end_at]);
            assert_eq!(now.len() as u64, archive.end().offset);
        }
    }
}

#[test]
fn what_was_lost_is_told_and_nothing_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), true);
    archive.append(&capture("http://h/", &[], b"body")).unwrap();
    let end = archive.end();
    drop(archive);
    let segment = folder.path().join("dragline-00000.warc.gz");
    let whole = fs::read(&segment).unwrap();
    for end in [
        Position {
            offset: end.offset + 1,
            ..end
        },
        Position { segment: 1, ..end },
    ] {
        let error =
            Archive::open(dir(folder.path()), config(true), end, Known::default()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let name = format!("dragline-{:05}.warc.gz", end.segment);
        assert!(error.to_string().starts_with(&name), "{error}");
        assert_eq!(fs::read(&segment).unwrap(), whole);
    }
}

fn small() -> Config {
    Config {
        compression: true,
        segment_size: 2000,
        ..Config::default()
    }
}

#[test]
fn segments_roll_and_later_ones_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::create(dir(folder.path()), small()).unwrap();
    let page = capture("http://h/", &[], b"body");
    let mut entries = Vec::new();
    let mut ends = Vec::new();
    for _ in 0..12 {
        entries.push(archive.append(&page).unwrap());
        ends.push(archive.end());
    }
    archive.syncer().sync().unwrap();
    let last = archive.end().segment;
    assert!(last >= 2, "{last}");
    for number in 0..last {
        let segment = folder.path().join(format!("dragline-{number:05}.warc.gz"));
        let length = fs::metadata(segment).unwrap().len();
        assert!((2000..4000).contains(&length), "{length}");
    }
    for entry in &entries {
        assert_eq!(
            archive.reader().read(entry).unwrap(),
            without_request(&page)
        );
    }
    drop(archive);
    fs::write(folder.path().join("dragline-00001.txt"), "not ours").unwrap();
    let mut archive = Archive::open(
        dir(folder.path()),
        small(),
        ends[2],
        Known::from_iter(&entries[..3]),
    )
    .unwrap();
    assert_eq!(archive.end(), ends[2]);
    archive.append(&page).unwrap();
    assert_eq!(archive.end().segment, ends[3].segment);
    let segments = usize::try_from(ends[3].segment).unwrap() + 1;
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), segments + 1);
}

#[test]
fn a_segment_size_of_nothing_gives_each_capture_a_segment() {
    let folder = tempfile::tempdir().unwrap();
    let none = Config {
        segment_size: 0,
        ..small()
    };
    let mut archive = Archive::create(dir(folder.path()), none).unwrap();
    for number in 0..3 {
        let entry = archive.append(&capture("http://h/", &[], b"body")).unwrap();
        assert_eq!(entry.position().segment, number);
    }
}

/// More than are kept open.
#[test]
fn many_segments_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let none = Config {
        segment_size: 0,
        ..small()
    };
    let mut archive = Archive::create(dir(folder.path()), none).unwrap();
    let page = capture("http://h/", &[], b"body");
    let entries: Vec<_> = (0..70).map(|_| archive.append(&page).unwrap()).collect();
    for entry in entries.iter().chain(&entries) {
        archive.reader().check(entry).unwrap();
    }
}

#[test]
fn the_other_packing_begins_a_segment() {
    let folder = tempfile::tempdir().unwrap();
    let page = capture("http://h/", &[], b"body");
    let mut archive = create(folder.path(), false);
    let plain = archive.append(&page).unwrap();
    let mut archive = Archive::open(
        dir(folder.path()),
        config(true),
        archive.end(),
        Known::from_iter([&plain]),
    )
    .unwrap();
    let packed = archive.append(&page).unwrap();
    assert!(packed.to_string().contains("dragline-00001.warc.gz"));
    for entry in [plain, packed] {
        assert_eq!(
            archive.reader().read(&entry).unwrap(),
            without_request(&page)
        );
    }
}

#[test]
fn an_archive_that_ended_before_its_first_record_begins_again() {
    let folder = tempfile::tempdir().unwrap();
    let segment = folder.path().join("dragline-00000.warc");
    fs::write(&segment, "WARC/1.1\r\nWARC-T").unwrap();
    let start = Position {
        segment: 0,
        offset: 0,
    };
    let mut archive =
        Archive::open(dir(folder.path()), config(false), start, Known::default()).unwrap();
    let entry = archive.append(&capture("http://h/", &[], b"body")).unwrap();
    archive.reader().check(&entry).unwrap();
    assert!(
        fs::read_to_string(&segment)
            .unwrap()
            .starts_with("WARC/1.1\r\nWARC-Type: warcinfo")
    );
}

/// A limit on the length of files stands for a full disk: of a write, a part arrives, then an
/// error. The limit is set in another process, for it cannot be taken back.
#[test]
#[cfg(unix)]
fn an_append_that_fails_is_taken_back() {
    if std::env::var_os("LIMITED").is_some() {
        return fill();
    }
    let this = std::env::current_exe().unwrap();
    let limited = std::process::Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 40; exec \"$0\" --exact \"$1\"",
        ])
        .arg(this)
        .arg("resume::an_append_that_fails_is_taken_back")
        .env("LIMITED", "1")
        .output()
        .unwrap();
    assert!(
        limited.status.success(),
        "{}",
        String::from_utf8_lossy(&limited.stdout)
    );
}

#[cfg(unix)]
fn fill() {
    use std::io::Write;

    let folder = tempfile::tempdir().unwrap();
    let mut archive = create(folder.path(), false);
    let small = capture("http://h/small", &[], b"small");
    let first = archive.append(&small).unwrap();
    let end = archive.end();
    let large = capture("http://h/large", &[], &crate::noise(100_000));
    let error = archive.append(&large).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    assert!(
        error.to_string().starts_with("dragline-00000.warc: "),
        "{error}"
    );
    assert_eq!(archive.end(), end);
    let segment = folder.path().join("dragline-00000.warc");
    assert_eq!(fs::metadata(&segment).unwrap().len(), end.offset);
    let mut spool = archive.spooler().unwrap().begin().unwrap();
    let error = spool.write_all(&crate::noise(100_000)).unwrap_err();
    assert!(error.to_string().starts_with("spool: "), "{error}");
    let second = archive.append(&small).unwrap();
    for entry in [first, second] {
        archive.reader().check(&entry).unwrap();
    }
}
