//! Whether a copy is what it would be if it were built again.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use archive::{Entry, Reader};
use cap_std::fs::Dir;
use dragline_mirror::{Built, build, check};

use crate::site::{ROOT, archived, document, files, page, site};

/// A copy with a page, a style sheet and a module, and what it was built of.
fn built(folder: &Path) -> (Reader, Vec<Entry>, Dir) {
    let captures = [
        page(
            ROOT,
            "<link rel=stylesheet href=s.css><script type=module src=m.js></script>",
        ),
        document("http://h/s.css", "text/css", "a{}"),
        document("http://h/m.js", "text/javascript", "1"),
    ];
    let (root, reader, entries) = archived(folder, &captures);
    build(&reader, &entries, &Vec::new(), &site(ROOT), &root).unwrap();
    (reader, entries, root)
}

/// What a look at it finds; it changes nothing.
fn found((reader, entries, root): &(Reader, Vec<Entry>, Dir), folder: &Path) -> Vec<String> {
    let before = files(folder);
    let Built { failures, .. } = check(reader, entries, &site(ROOT), root, &|_| {}).unwrap();
    assert_eq!(files(folder), before);
    let said = failures
        .iter()
        .map(|failure| format!("{}: {}", failure.path, failure.source));
    said.collect()
}

#[test]
fn a_copy_is_as_it_was_built_or_it_is_told_what_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let copy = built(folder);
    assert_eq!(found(&copy, folder), [""; 0]);
    fs::write(folder.join("s.css"), "b{}").unwrap();
    fs::remove_file(folder.join("m.js")).unwrap();
    fs::write(folder.join("_dragline/other.js"), "").unwrap();
    // What is someone else's is nobody's business.
    fs::write(folder.join("own.txt"), "").unwrap();
    assert_eq!(
        found(&copy, folder),
        [
            "_dragline: _dragline/other.js belongs to nothing",
            "m.js: it is not there",
            "s.css: it is not what the archive gives",
        ]
    );
}

#[test]
fn each_document_is_shown_as_it_is_in_the_copy() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, entries, root) = built(folder.path());
    let shown = Mutex::new(Vec::new());
    check(&reader, &entries, &site(ROOT), &root, &|file| {
        assert_eq!(
            fs::read(folder.path().join(file.path)).unwrap(),
            file.content
        );
        let line = format!("{} {}", file.url, file.path);
        shown.lock().unwrap().push(line);
    })
    .unwrap();
    let mut shown = shown.into_inner().unwrap();
    shown.sort();
    assert_eq!(
        shown,
        [
            "http://h/ index.html",
            "http://h/m.js m.js",
            "http://h/s.css s.css"
        ]
    );
}
