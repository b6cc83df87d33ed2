//! The copy that is built from an archive, through the public API.

use std::collections::BTreeMap;
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, io};

use archive::{Archive, Capture, Config, Entry};
use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use dragline_mirror::{Came, Captures, Site, Turns, build};
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING};
use links::{Format, Spans};
use proptest::prelude::*;
use url::Url;

use crate::site::{ROOT, archived, build_in, capture, copy, document, files, page, redirect, site};

#[test]
fn links_lead_to_what_is_kept_and_else_online() {
    let files = copy(&[
        page(
            ROOT,
            "<a href='d/p#x'>1</a><a href='/gone?q&amp;r'>2</a><a href=//other/>3</a>\
             <a href='#top'>4</a><a href=mailto:a@b>5</a><img src=\"/i.png?a&amp;b\">",
        ),
        page(
            "http://h/d/p",
            "<a href=p?>self</a><a href='p#y'>here</a><a href=../>up</a>",
        ),
        document("http://h/i.png?a&b", "image/png", "png"),
        capture("http://h/gone?q&r", 404, HeaderMap::new(), b"gone"),
    ]);
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        ["d/p.html", "i@a&b.png", "index.html"]
    );
    assert_eq!(
        files["index.html"],
        "<a href='d/p.html#x'>1</a><a href='http://h/gone?q&amp;r'>2</a><a href=http://other/>3</a>\
         <a href='#top'>4</a><a href=mailto:a@b>5</a><img src=\"i@a%26b.png\">"
    );
    assert_eq!(
        files["d/p.html"],
        "<a href=http://h/d/p?>self</a><a href='#y'>here</a><a href=../index.html>up</a>"
    );
}

#[test]
fn a_page_without_links_to_rewrite_is_byte_identical() {
    let body = "<!-- <a href=/x> --><p>caf\u{e9} &amp; <a href=p.html>p</a>\r\n<script>'<a href=/x>'</script>";
    let files = copy(&[page(ROOT, body), page("http://h/p.html", "p")]);
    assert_eq!(files["index.html"], body);
}

#[test]
fn styles_are_rewritten_too() {
    let files = copy(&[
        page(
            ROOT,
            "<link rel=stylesheet href=/css/a.css><p style=\"background:url('/i.png')\">",
        ),
        document(
            "http://h/css/a.css",
            "text/css",
            "@import '/b'; p { background: url( /i.png ) }",
        ),
        document("http://h/b", "text/css", "b{}"),
        document("http://h/i.png", "image/png", "png"),
    ]);
    assert_eq!(
        files["css/a.css"],
        "@import '../b.css'; p { background: url( ../i.png ) }"
    );
    assert_eq!(
        files["index.html"],
        "<link rel=stylesheet href=css/a.css><p style=\"background:url('i.png')\">"
    );
}

#[test]
fn a_redirect_resolves_to_its_target_with_the_right_fragment() {
    let files = copy(&[
        page(
            ROOT,
            "<a href=/r>1</a><a href='/p2#own'>2</a><a href=/loop>3</a>",
        ),
        redirect("http://h/r", "/r2#theirs"),
        redirect("http://h/r2", "/p"),
        redirect("http://h/p2", "/p"),
        redirect("http://h/loop", "/loop"),
        page("http://h/p", "p"),
    ]);
    assert_eq!(
        files["index.html"],
        "<a href=p.html#theirs>1</a><a href='p.html#own'>2</a><a href=http://h/loop>3</a>"
    );
}

#[test]
fn a_base_is_neutralised() {
    let files = copy(&[
        page(
            "http://h/d/p",
            "<base href='/e/'><a href=q>q</a><a href='#x'>x</a>",
        ),
        page("http://h/e/q", "q"),
        page("http://h/e/", "e"),
        page(ROOT, ""),
    ]);
    assert_eq!(
        files["d/p.html"],
        "<base href='p.html'><a href=../e/q.html>q</a><a href='../e/index.html#x'>x</a>"
    );
}

#[test]
fn the_front_door_leads_to_where_the_seed_leads() {
    let folder = tempfile::tempdir().unwrap();
    let captures = [
        redirect("http://old/", "http://h/a&b?#x"),
        page("http://h/a&b?", "<a href=http://old/>"),
        document("http://cdn/s.css", "text/css", ""),
    ];
    let built = build_in(folder.path(), "http://old/", &captures);
    assert_eq!(built.files, 3);
    let files = files(folder.path());
    assert!(files["index.html"].contains("content=\"0; url=a%26b@.html#x\""));
    assert_eq!(files["a&b@.html"], "<a href=#x>");
    assert!(files.contains_key("cdn/s.css"), "another host has a folder");
}

#[test]
fn the_front_door_is_there_whatever_the_site_calls_its_files() {
    for (seed, captures) in [
        (
            "http://h/Index.html",
            vec![page("http://h/Index.html", "in")],
        ),
        (
            "http://h/a",
            vec![page("http://h/a", "in"), page("http://h/index.html/b", "b")],
        ),
        (
            "http://h/gone",
            vec![page("http://h/z", "z"), page("http://h/a", "in")],
        ),
        (
            "http://h/a",
            vec![capture("http://h/a", 201, HeaderMap::new(), b"<p>in")],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let built = build_in(folder.path(), seed, &captures);
        assert!(built.failures.is_empty(), "{:?}", built.failures);
        let files = files(folder.path());
        let mut quoted = files["index.html"].split('"');
        let link = quoted
            .find(|text| text.ends_with(".html") && !text.contains(' '))
            .unwrap();
        let at = link.replace("%25", "%").replace("%7E", "~");
        assert!(files[&at].ends_with("in"), "{seed}: {files:?}");
    }
}

#[test]
fn what_was_sent_without_a_type_is_named_for_what_it_is() {
    let untyped = |url, body: &str| capture(url, 200, HeaderMap::new(), body.as_bytes());
    let files = copy(&[
        untyped(
            ROOT,
            "<html><link rel=stylesheet href=/a.css><a href=/about>x</a>",
        ),
        untyped("http://h/about", "<!doctype html>about"),
        untyped("http://h/a.css", "p { background: url(/i) }"),
        untyped("http://h/i", "\u{89}PNG"),
    ]);
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        ["a.css", "about.html", "i", "index.html"]
    );
    assert_eq!(files["a.css"], "p { background: url(i) }");
}

#[test]
fn a_download_is_named_as_its_header_says_where_nothing_else_does() {
    let download = |url, content_type: &str, file: &str| {
        let mut capture = document(url, content_type, "PK\u{3}\u{4}");
        let field = format!("attachment; filename=\"../{file}\"");
        let field = field.parse().unwrap();
        capture.headers.insert(CONTENT_DISPOSITION, field);
        capture
    };
    let files = copy(&[
        page(ROOT, "<a href=/get.php?id=7>x</a>"),
        download(
            "http://h/get.php?id=7",
            "application/octet-stream",
            "a.docx",
        ),
        // The same payload again: a revisit.
        download("http://h/get/8", "application/force-download", "b.xlsx"),
        download("http://h/get/9", "", "c.epub"),
        download("http://h/get/html", "application/octet-stream", "d.html"),
        download("http://h/e.deb", "application/octet-stream", "e.pdf"),
        download("http://h/get/f", "image/png", "f.jpg"),
    ]);
    let paths = [
        "e.deb",
        "get.php@id=7.docx",
        "get/8.xlsx",
        "get/9.epub",
        "get/f.png",
        "get/html",
        "index.html",
    ];
    assert!(files.keys().eq(paths), "{files:?}");
    assert_eq!(files["index.html"], "<a href=get.php@id&#61;7.docx>x</a>");
}

#[test]
fn what_is_packed_by_its_name_stays_so() {
    let packed = |url, content_type: &str, coding: &str| {
        let mut capture = document(url, content_type, "PACKED");
        let coding = coding.parse().unwrap();
        capture.headers.insert(CONTENT_ENCODING, coding);
        capture
    };
    let inner = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\xcc\xcb\x4b\x2d\x02\x00\xc9\x0b\x31\x6d\x05\x00\x00\x00";
    let outer = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x93\xef\xe6\x60\x00\x01\x26\xe6\xd3\x67\x4e\x7b\xeb\x32\x31\x9c\xe4\x36\xcc\x65\x05\x0a\x00\x00\x3b\x70\x45\xd7\x19\x00\x00\x00";
    let mut twice = packed("http://h/b.gz", "application/gzip", "gzip");
    twice.body = Bytes::from_static(outer).into();
    let captures = [
        page(ROOT, "x"),
        packed("http://h/a.txt.gz", "text/plain", "x-gzip"),
        packed("http://h/a.TGZ", "application/x-tar", "GZip"),
        packed("http://h/a.txt", "text/plain", "gzip"),
        twice,
    ];
    let folder = tempfile::tempdir().unwrap();
    let built = build_in(folder.path(), ROOT, &captures);
    for name in ["a.txt.gz", "a.TGZ"] {
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"PACKED");
    }
    assert_eq!(fs::read(folder.path().join("b.gz")).unwrap(), inner);
    let failed: Vec<_> = built.failures.iter().map(|it| &*it.path).collect();
    assert_eq!(failed, ["a.txt"], "it is not what it says");
}

#[test]
fn a_partial_answer_is_no_file() {
    let files = copy(&[
        page(ROOT, "x"),
        capture("http://h/p", 206, HeaderMap::new(), b"par"),
    ]);
    assert_eq!(files.len(), 1);
}

#[test]
fn nothing_kept_is_no_file() {
    assert!(copy(&[capture(ROOT, 500, HeaderMap::new(), b"")]).is_empty());
}

#[test]
fn building_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let captures = [page(ROOT, "<a href=/p>"), page("http://h/p", "p")];
    build_in(folder.path(), ROOT, &captures);
    let first = files(folder.path());
    build_in(folder.path(), ROOT, &captures);
    assert_eq!(files(folder.path()), first);
}

#[test]
fn a_file_that_cannot_be_written_costs_itself_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("p.html/in the way")).unwrap();
    let captures = [page(ROOT, "<a href=/p>"), page("http://h/p", "p")];
    let built = build_in(folder.path(), ROOT, &captures);
    assert_eq!(built.files, 1);
    assert_eq!(
        built.failures[0].to_string(),
        "cannot write `p.html`, the copy of http://h/p"
    );
    assert!(folder.path().join("index.html").exists());
    assert!(
        !folder.path().join(".dragline/aside").exists(),
        "nothing is left behind"
    );
}

#[test]
fn a_damaged_archive_costs_the_damaged_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = Dir::open_ambient_dir(&folder, ambient_authority()).unwrap();
    let mut archive = Archive::create(root.try_clone().unwrap(), Config::default()).unwrap();
    let captures = [page("http://h/p", "p"), page(ROOT, "root")];
    let entries = captures.map(|capture| archive.append(&capture).unwrap());
    let entries = Vec::from(entries);
    let segment = folder.path().join("dragline-00000.warc.gz");
    let whole = fs::read(&segment).unwrap();
    fs::write(&segment, &whole[..whole.len() - 10]).unwrap();
    let built = build(&archive.reader(), &entries, &Vec::new(), &site(ROOT), &root).unwrap();
    assert_eq!((built.files, built.failures.len()), (1, 1));
    assert_eq!(built.failures[0].path, "index.html");
    assert!(folder.path().join("p.html").exists());
}

#[test]
fn what_is_as_it_should_be_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let captures = [
        page(ROOT, "root"),
        page("http://h/a", "one"),
        page("http://h/b", "b"),
    ];
    build_in(folder.path(), ROOT, &captures);
    let inode = |name: &str| fs::metadata(path(name)).unwrap().ino();
    let before = ["index.html", "a.html"].map(inode);
    fs::write(path("b.html"), "B").unwrap();
    let captures = [
        page(ROOT, "root"),
        page("http://h/a", "two"),
        page("http://h/b", "b"),
    ];
    build_in(folder.path(), ROOT, &captures);
    assert_eq!(inode("index.html"), before[0]);
    assert_ne!(inode("a.html"), before[1]);
    assert_eq!(fs::read(path("a.html")).unwrap(), b"two");
    assert_eq!(fs::read(path("b.html")).unwrap(), b"b");
}

/// A small web: pages, pictures, styles and redirects under names that get in each other's way.
fn web() -> impl Strategy<Value = Vec<Capture>> {
    let path = "[aAbé./?]{0,4}";
    let body = prop::collection::vec(path.prop_map(|path| format!("<a href='/{path}#f'>")), 0..4);
    let content_type = prop_oneof![Just("text/html"), Just("image/png"), Just("text/css")];
    let pages = prop::collection::hash_map(path, (content_type, body, 0..5), 1..12);
    pages.prop_map(|pages| {
        let mut captures = BTreeMap::new();
        for (path, (content_type, body, kind)) in pages {
            let mut url = Url::parse(ROOT).unwrap();
            let (path, query) = path
                .split_once('?')
                .map_or((&*path, None), |(p, q)| (p, Some(q)));
            url.set_path(path);
            url.set_query(query);
            let url = String::from(url);
            let capture = match kind {
                0 => redirect(&url, &format!("/{}", &"aAb"[..path.len() % 3])),
                _ => document(&url, content_type, &body.concat()),
            };
            captures.insert(url, capture);
        }
        captures.into_values().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any order of arrival makes the same copy, and every relative link in it finds a file.
    #[test]
    fn the_copy_is_a_function_of_the_set(
        (captures, shuffled) in web().prop_flat_map(|web| (Just(web.clone()), Just(web).prop_shuffle()))
    ) {
        let files = copy(&captures);
        prop_assert_eq!(&files, &copy(&shuffled));
        for (path, content) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
            let at = Url::parse("file:///").unwrap().join(&path.replace('%', "%25")).unwrap();
            let links = content.split('\'').filter(|text| text.ends_with("#f"));
            // `//` alone names no host: it is no URL, on line or off, and stays.
            for link in links.filter(|link| !link.starts_with("//")) {
                let target = at.join(link).unwrap();
                if target.scheme() == "file" {
                    let file = target.to_file_path().unwrap();
                    let file = file.to_str().unwrap().trim_start_matches('/');
                    prop_assert!(files.contains_key(file), "{} in {}", link, path);
                }
            }
        }
    }
}

/// What is longer than 1 MiB is written piece by piece, as the same in short is at once, and when it is
/// its turn.
#[test]
fn long_documents_take_turns_and_are_as_short_ones() {
    let bit = "<p>caf\u{e9} ";
    let filler = bit.repeat(1 << 18);
    let text = |rest: &str, links: &str| format!("<!doctype html>{links}{rest}<a href=/b#c>b</a>");
    let links =
        "<a href='/b?x'>1</a><link rel=stylesheet href=s.css integrity=sha256-x crossorigin>";
    let css = |rest: &str| format!("/*{rest}*/a {{ background: url(/i.png) }}");
    let captures = |rest: &str| {
        [
            page(ROOT, &text(rest, links)),
            page("http://h/b", "b"),
            document(
                "http://h/s.css",
                "text/css; charset=windows-1252",
                &css(rest),
            ),
            document("http://h/i.png", "image/png", "i"),
        ]
    };
    let short = copy(&captures(bit));
    let folder = tempfile::tempdir().unwrap();
    let root = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
    root.create_dir("archive").unwrap();
    let segments = root.open_dir("archive").unwrap();
    let mut archive = Archive::create(segments, Config::default()).unwrap();
    let entries = captures(&filler);
    let entries = entries.iter().map(|it| archive.append(it).unwrap());
    let entries: Vec<_> = entries.collect();
    root.create_dir("copy").unwrap();
    let turns = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&turns);
    let site = Site {
        turns: Turns::new(move |work| {
            count.fetch_add(1, Ordering::Relaxed);
            work();
        }),
        ..site(ROOT)
    };
    let built = || {
        let root = root.open_dir("copy").unwrap();
        let built = build(&archive.reader(), &entries, &Vec::new(), &site, &root).unwrap();
        assert_eq!((built.files, built.failures.len()), (4, 0));
        let tree = files(&folder.path().join("copy"));
        (built.bytes, tree)
    };
    let (bytes, long) = built();
    assert_eq!(turns.load(Ordering::Relaxed), 2);
    assert_eq!(bytes, long.values().map(|it| it.len() as u64).sum::<u64>());
    for (path, content) in &long {
        assert_eq!(content.replacen(&filler, bit, 1), short[path], "{path}");
    }
    let inode = || {
        fs::metadata(folder.path().join("copy/index.html"))
            .unwrap()
            .ino()
    };
    let before = inode();
    assert_eq!(built().1, long);
    assert_eq!(inode(), before, "it is there as it would be written");
    for wrong in [&filler[..], "", &(long["index.html"].clone() + "x")] {
        fs::write(folder.path().join("copy/index.html"), wrong).unwrap();
        assert_eq!(built(), (bytes, long.clone()));
    }
}

/// A page whose links are known already, as those of another page.
#[test]
fn what_is_known_of_a_page_is_not_looked_for_and_what_is_of_another_is_not_known() {
    struct Known(Vec<Entry>, &'static str);
    impl Captures for Known {
        fn places(&self) -> u32 {
            self.0.places()
        }
        fn read(&self, places: Range<u32>) -> io::Result<Vec<(u32, Came)>> {
            self.0.read(places)
        }
        fn spans(&self, _: &Entry) -> Option<Spans> {
            let url = Url::parse(ROOT).unwrap();
            let (page, format) = (self.1.as_bytes(), Format::Html);
            links::each_target_and_spans(page, format, None, &url, |_, _| {}).1
        }
    }
    let page = "<a href=/b?x>b</a><a href=/b?x>b</a>";
    for (known, expected) in [
        (page, "<a href=b@x.html>b</a><a href=b@x.html>b</a>"),
        // Of the same length, and one link is no link there.
        (
            "<a href=/b?x>b</a><b href=/b?x>b</b>",
            "<a href=b@x.html>b</a><a href=/b?x>b</a>",
        ),
        (
            "<a href=/b?x>b</a>",
            "<a href=b@x.html>b</a><a href=b@x.html>b</a>",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let captures = [self::page(ROOT, page), self::page("http://h/b?x", "")];
        let (root, reader, entries) = archived(folder.path(), &captures);
        let captures = Known(entries, known);
        build(&reader, &captures, &Vec::new(), &site(ROOT), &root).unwrap();
        assert_eq!(files(folder.path())["index.html"], expected, "{known}");
    }
}
