//! Views of an archive for other tools.

use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::time::Duration;

use dragline_archive::export::{About, Page, cdxj, wacz};
use dragline_archive::{Archive, Capture, Digest, Entry, Known, Reader};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http::StatusCode;
use zip::ZipArchive;

use crate::{capture, config, create, dir, noise};

/// An archive with a record of each kind, packed and not, and its entries.
fn sample(folder: &Path) -> (Archive, Vec<Entry>) {
    let html = [("content-type", "text/html; charset=utf-8")];
    let body = b"<title>Home</title><a href=/copy>copy</a> <a href=/gzip>gzip</a> <img src=/image>";
    let later = |page: Capture, seconds| Capture {
        date: page.date + Duration::from_secs(seconds),
        via: Some("http://example.org/".to_owned()),
        ..page
    };
    let image = noise(5000);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(b"<p>packed by the server").unwrap();
    let gzip = [
        html[0],
        ("content-encoding", "gzip"),
        ("transfer-encoding", "chunked"),
    ];

    let mut archive = create(folder, true);
    let mut entries = Vec::new();
    let mut append = |archive: &mut Archive, page: &Capture| {
        entries.push(archive.append(page).unwrap());
    };
    append(&mut archive, &capture("http://example.org/", &html, body));
    let page = capture("http://example.org/gzip", &gzip, &packed.finish().unwrap());
    append(&mut archive, &later(page, 1));
    let is_image = [("content-type", "image/png")];
    append(
        &mut archive,
        &later(capture("http://example.org/image", &is_image, &image), 2),
    );
    let moved = capture(
        "http://www.example.org/Moved?b&a",
        &[("location", "/")],
        b"",
    );
    append(
        &mut archive,
        &later(
            Capture {
                status: StatusCode::FOUND,
                ..moved
            },
            3,
        ),
    );
    let mut spool = archive.spooler().unwrap().begin().unwrap();
    spool.write_all(&b"all of it\n".repeat(1_000_000)).unwrap();
    let large = capture(
        "http://example.org/large",
        &[("content-type", "text/plain")],
        b"",
    );
    append(
        &mut archive,
        &later(
            Capture {
                body: spool.finish(),
                ..large
            },
            4,
        ),
    );
    // In a segment that is not packed: the image again, and that a page is as it was.
    let mut archive = Archive::open(
        dir(folder),
        config(false),
        archive.end(),
        Known::from_iter(&entries),
    )
    .unwrap();
    entries.push(
        archive
            .append(&later(
                capture("http://example.org/copy", &is_image, &image),
                5,
            ))
            .unwrap(),
    );
    let as_before = capture("http://example.org/", &[("etag", "2")], b"");
    let as_before = later(
        Capture {
            status: StatusCode::NOT_MODIFIED,
            ..as_before
        },
        6,
    );
    entries.push(
        archive
            .append_not_modified(&as_before, &entries[0])
            .unwrap(),
    );
    archive.syncer().sync().unwrap();
    (archive, entries)
}

fn pack(reader: &Reader, entries: &[Entry]) -> Vec<u8> {
    let page = Page {
        url: &entries[0].url,
        date: entries[0].date,
        title: Some("Home \"page\""),
    };
    let about = About {
        title: "Sample",
        created: entries[0].date,
    };
    let mut out = Cursor::new(Vec::new());
    wacz(reader, entries, [page], &about, &mut out).unwrap();
    out.into_inner()
}

#[test]
fn an_index_is_sorted_and_has_what_can_be_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (_, entries) = sample(folder.path());
    let mut out = Vec::new();
    cdxj(entries.iter().rev(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let keys: Vec<_> = text
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let expected = ["", "copy", "gzip", "image", "large", "moved?a&b"];
    assert_eq!(keys, expected.map(|path| format!("org,example)/{path}")));
}

#[test]
fn a_wacz_lists_what_it_holds_by_digest() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, entries) = sample(folder.path());
    let mut zip = ZipArchive::new(Cursor::new(pack(&archive.reader(), &entries))).unwrap();
    let mut file = |path: &str| {
        let mut bytes = Vec::new();
        zip.by_name(path).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    let package: serde_json::Value = serde_json::from_slice(&file("datapackage.json")).unwrap();
    assert_eq!(package["wacz_version"], "1.1.1");
    assert_eq!(package["title"], "Sample");
    let mut paths = Vec::new();
    for resource in package["resources"].as_array().unwrap() {
        let path = resource["path"].as_str().unwrap();
        let bytes = file(path);
        assert_eq!(resource["hash"], Digest::of(&bytes).to_string());
        assert_eq!(resource["bytes"], bytes.len());
        paths.push(path);
    }
    let expected = [
        "indexes/index.cdx.gz",
        "indexes/index.idx",
        "pages/pages.jsonl",
        "archive/dragline-00000.warc.gz",
        "archive/dragline-00001.warc",
    ];
    assert_eq!(paths, expected);
    for path in &expected[3..] {
        let name = path.rsplit('/').next().unwrap();
        assert!(file(path) == std::fs::read(folder.path().join(name)).unwrap());
    }
    let pages = String::from_utf8(file("pages/pages.jsonl")).unwrap();
    assert_eq!(
        pages.lines().nth(1).unwrap(),
        r#"{"id":"1","url":"http://example.org/","ts":"2023-11-14T22:13:20Z","title":"Home \"page\""}"#
    );
    let digest: serde_json::Value =
        serde_json::from_slice(&file("datapackage-digest.json")).unwrap();
    assert_eq!(
        digest["hash"],
        Digest::of(&file("datapackage.json")).to_string()
    );
}

#[test]
fn an_index_in_blocks_is_found_by_their_index() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, entries) = sample(folder.path());
    let many: Vec<Entry> = (0..2500)
        .map(|number| {
            let mut entry = entries[0].clone();
            entry.url = format!("http://h/{number}");
            entry
        })
        .collect();
    let mut zip = ZipArchive::new(Cursor::new(pack(&archive.reader(), &many))).unwrap();
    let mut index = Vec::new();
    zip.by_name("indexes/index.cdx.gz")
        .unwrap()
        .read_to_end(&mut index)
        .unwrap();
    let mut blocks = String::new();
    zip.by_name("indexes/index.idx")
        .unwrap()
        .read_to_string(&mut blocks)
        .unwrap();
    let mut all = String::new();
    for line in blocks.lines().skip(1) {
        let (key, json) = line.split_at(line.find('{').unwrap());
        let place: serde_json::Value = serde_json::from_str(json).unwrap();
        let number = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
        let block = &index[number("offset")..][..number("length")];
        assert_eq!(place["digest"], Digest::of(block).to_string());
        let from = all.len();
        MultiGzDecoder::new(block).read_to_string(&mut all).unwrap();
        assert!(all[from..].starts_with(key));
    }
    let mut expected = Vec::new();
    cdxj(&many, &mut expected).unwrap();
    assert!(all.as_bytes() == expected);
    assert_eq!(blocks.lines().count(), 1 + 3);
}

/// Leaves files for other tools to judge: `SAMPLE=DIR cargo test -- --ignored sample`.
#[test]
#[ignore = "leaves files"]
fn a_sample_for_other_tools() {
    let folder = std::path::PathBuf::from(std::env::var_os("SAMPLE").unwrap());
    let (archive, entries) = sample(&folder);
    std::fs::write(
        folder.join("sample.wacz"),
        pack(&archive.reader(), &entries),
    )
    .unwrap();
    let mut index = Vec::new();
    cdxj(&entries, &mut index).unwrap();
    std::fs::write(folder.join("index.cdxj"), index).unwrap();
}
