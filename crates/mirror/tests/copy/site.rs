//! Captures that are made up, and the copy of them.
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;
use std::{fs, io};

use archive::{Archive, Capture, Config, Entry, Reader};
use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use dragline_mirror::{Built, Came, Captures, Site, Turns, build};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode};

pub(crate) const ROOT: &str = "http://h/";

pub(crate) fn capture(url: &str, status: u16, headers: HeaderMap, body: &[u8]) -> Capture {
    Capture {
        url: url.to_owned(),
        via: None,
        date: SystemTime::UNIX_EPOCH,
        request: Bytes::new(),
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: Bytes::copy_from_slice(body).into(),
        truncated: None,
    }
}

pub(crate) fn document(url: &str, content_type: &str, body: &str) -> Capture {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type.parse().unwrap())]);
    capture(url, 200, headers, body.as_bytes())
}

pub(crate) fn page(url: &str, body: &str) -> Capture {
    document(url, "text/html", body)
}

pub(crate) fn redirect(url: &str, location: &str) -> Capture {
    let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
    capture(url, 301, headers, b"")
}

pub(crate) fn site(seed: &str) -> Site {
    Site {
        seeds: vec![seed.to_owned()],
        key: |url| url.split('#').next().map(Into::into),
        max_content: 1 << 23,
        fsync: false,
        turns: Turns::default(),
    }
}

/// Archives captures, for a copy that is built in the folder.
pub(crate) fn archived(folder: &Path, captures: &[Capture]) -> (Dir, Reader, Vec<Entry>) {
    let root = Dir::open_ambient_dir(folder, ambient_authority()).unwrap();
    root.create_dir_all(".dragline/archive").unwrap();
    let segments = root.open_dir(".dragline/archive").unwrap();
    let mut archive = Archive::create(segments, Config::default()).unwrap();
    let entries = captures.iter().map(|it| archive.append(it).unwrap());
    let entries = entries.collect();
    (root, archive.reader(), entries)
}

pub(crate) fn build_in(folder: &Path, seed: &str, captures: &[Capture]) -> Built {
    let (root, reader, entries) = archived(folder, captures);
    build(&reader, &entries, &Vec::new(), &site(seed), &root).unwrap()
}

/// Builds with some URLs lost.
pub(crate) fn build_without(folder: &Path, captures: &[Capture], lost: Vec<String>) {
    struct Lacking(Vec<Came>);
    impl Captures for Lacking {
        fn places(&self) -> u32 {
            self.0.len().try_into().unwrap()
        }
        fn read(&self, places: Range<u32>) -> io::Result<Vec<(u32, Came)>> {
            let came = self.0.iter().cloned();
            let came = came.skip(places.start as usize).take(places.len());
            Ok(places.zip(came).collect())
        }
    }
    let (root, reader, entries) = archived(folder, captures);
    let came = entries.into_iter().map(Came::Captured);
    let captures = Lacking(came.chain(lost.into_iter().map(Came::Lost)).collect());
    build(&reader, &captures, &Vec::new(), &site(ROOT), &root).unwrap();
}

/// The files by path, without the archive.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(".dragline/archive") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                files.insert(name.replace('\\', "/"), fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

pub(crate) fn copy(captures: &[Capture]) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let built = build_in(folder.path(), ROOT, captures);
    assert!(built.failures.is_empty(), "{:?}", built.failures);
    let files = files(folder.path());
    assert_eq!(built.files, files.len());
    files
}
