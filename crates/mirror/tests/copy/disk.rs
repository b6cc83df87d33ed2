//! What a page needs that is opened from disk: browsers refuse it there what they give it over HTTP.

use std::collections::BTreeMap;
use std::fs;

use archive::Capture;
use dragline_mirror::Obstacle;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, REFRESH};
use proptest::prelude::*;

use crate::site::{ROOT, build_in, capture, copy, document, files, page};

/// The copy of the first page, of this and some more.
fn first(html: &str, more: &[Capture]) -> String {
    let captures: Vec<_> = [page(ROOT, html)].iter().chain(more).cloned().collect();
    copy(&captures).remove("index.html").unwrap()
}

/// The bytes of one file.
fn bytes(captures: &[Capture], path: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let built = build_in(folder.path(), ROOT, captures);
    assert!(built.failures.is_empty(), "{:?}", built.failures);
    fs::read(folder.path().join(path)).unwrap()
}

fn sent(url: &str, content_type: &str, body: &[u8]) -> Capture {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type.parse().unwrap())]);
    capture(url, 200, headers, body)
}

fn script(path: &str, text: &str) -> Capture {
    document(&format!("http://h/{path}"), "text/javascript", text)
}

#[test]
fn guards_are_dropped_of_what_is_kept_alone() {
    let html = "<script integrity=sha256-x crossorigin src=/s.js></script>\
                <script integrity=sha256-x crossorigin src=/gone.js></script>";
    assert_eq!(
        first(html, &[script("s.js", "")]),
        "<script src=s.js></script>\
         <script integrity=sha256-x crossorigin src=http://h/gone.js></script>"
    );
}

#[test]
fn a_policy_that_would_forbid_what_is_kept_is_left_out() {
    let html = "<meta http-equiv=Content-Security-Policy content=\"img-src https:\"><p>x";
    assert_eq!(first(html, &[]), "<p>x");
}

#[test]
fn what_was_asked_for_and_not_had_is_not_asked_for_again() {
    let files = lost(
        "<img src=/a.png><object data=/b></object><iframe src=/b></iframe><a href=/a.png>x</a>\
         <img src=/never.png><meta property=og:image content=/a.png><img srcset='c.png, a.png 3x'>",
        &["http://h/a.png", "http://h/b"],
    );
    assert_eq!(
        files,
        "<img src=data:,#http://h/a.png><object data=data:x/x,#http://h/b></object>\
         <iframe src=about:blank#http://h/b></iframe>\
         <a href=http://h/a.png>x</a><img src=http://h/never.png>\
         <meta property=og:image content=http://h/a.png>\
         <img srcset='http://h/c.png, about:blank#http://h/a.png 3x'>"
    );
}

fn lost(html: &str, lost: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let lost: Vec<_> = lost.iter().map(|url| (*url).to_owned()).collect();
    crate::site::build_without(folder.path(), &[page(ROOT, html)], lost);
    files(folder.path()).remove("index.html").unwrap()
}

#[test]
fn a_charset_that_only_the_header_names_is_named_in_the_copy() {
    let check = |content_type: &str, body: &[u8], expected: &[u8]| {
        let copied = bytes(&[sent(ROOT, content_type, body)], "index.html");
        assert_eq!(
            copied,
            expected,
            "{content_type} {:?}",
            String::from_utf8_lossy(&copied)
        );
    };
    let latin1 = "text/html; charset=ISO-8859-1";
    check(
        latin1,
        b"<title>\xe9",
        b"<meta charset=\"windows-1252\"><title>\xe9",
    );
    check(
        latin1,
        b"<html><head><title>x",
        b"<html><head><meta charset=\"windows-1252\"><title>x",
    );
    check(
        latin1,
        b"<meta charset=latin1>\xe9",
        b"<meta charset=latin1>\xe9",
    );
    check(
        latin1,
        b"<meta charset=utf-8>\xe9",
        b"<meta charset=\"windows-1252\"><meta charset=utf-8>\xe9",
    );
    check(
        "text/html",
        b"<meta charset=koi8-r>\xe9",
        b"<meta charset=koi8-r>\xe9",
    );
    check("text/html", b"\xe9", b"\xe9");
    check(
        "text/html; charset=utf-16le",
        b"<\0p\0>\0",
        b"\xff\xfe<\0p\0>\0",
    );
    check(
        "text/html; charset=utf-8",
        b"\xff\xfe<\0p\0>\0",
        b"\xff\xfe<\0p\0>\0",
    );
    check(
        "text/html; charset=iso-2022-jp",
        b"<p>\x1b$BF|\x1b(B",
        "\u{feff}<p>日".as_bytes(),
    );
}

#[test]
fn so_is_that_of_a_style_sheet_a_script_and_mere_text() {
    let check = |name: &str, content_type: &str, body: &[u8], expected: &[u8]| {
        let captures = [
            page(ROOT, ""),
            sent(&format!("http://h/{name}"), content_type, body),
        ];
        let copied = bytes(&captures, name);
        assert_eq!(
            copied,
            expected,
            "{content_type} {:?}",
            String::from_utf8_lossy(&copied)
        );
    };
    let css = "text/css; charset=koi8-r";
    check("a.css", css, b"\xc1{}", b"@charset \"KOI8-R\";\xc1{}");
    check("a.css", css, b"a{}", b"a{}");
    check(
        "a.css",
        "text/css; charset=utf-8",
        "é{}".as_bytes(),
        "é{}".as_bytes(),
    );
    check(
        "a.css",
        css,
        b"@charset \"koi8-r\";\xc1{}",
        b"@charset \"koi8-r\";\xc1{}",
    );
    let js = "text/javascript; charset=koi8-r";
    check("a.js", js, b"'\xc1'", "\u{feff}'а'".as_bytes());
    check(
        "a.js",
        "text/javascript; charset=utf-8",
        "'а'".as_bytes(),
        "'а'".as_bytes(),
    );
    check(
        "a.txt",
        "text/plain; charset=koi8-r",
        b"\xc1",
        "\u{feff}а".as_bytes(),
    );
    check("a.txt", "text/plain", b"\xc1", b"\xc1");
    let xml = b"<?xml version='1.0' encoding='koi8-r'?><svg>\xc1</svg>";
    check("a.svg", "image/svg+xml; charset=koi8-r", xml, xml);
    check(
        "a.svg",
        "image/svg+xml; charset=koi8-r",
        b"<svg>\xc1</svg>",
        "\u{feff}<svg>а</svg>".as_bytes(),
    );
}

#[test]
fn modules_are_brought_to_the_page() {
    let files = copy(&[
        page(
            ROOT,
            "<title>x</title><script type=module src='/js/m.js?v=1' async integrity=x></script>",
        ),
        script(
            "js/m.js?v=1",
            "import { n } from './n.js'; import './gone.js'; n(new URL('i.png', import.meta.url));",
        ),
        script(
            "js/n.js",
            "import '/js/m.js?v=1'; import data from './d.json' with { type: 'json' }; export const n = () => '\\u2028</script>';",
        ),
        document("http://h/js/d.json", "application/json", "{}"),
        document("http://h/js/i.png", "image/png", "png"),
        page(
            "http://h/sub/",
            "<script type=module>import { n } from '../js/n.js'</script>",
        ),
    ]);
    assert_eq!(
        files["index.html"],
        "<script src=\"_dragline/modules.js\" data-modules=\"js/m@v=1.js\"></script><title>x</title>\
         <script type=module async>import \"./js/m@v=1.js\"</script>"
    );
    assert_eq!(
        files["sub/index.html"],
        "<script src=\"../_dragline/modules.js\" data-modules=\"js/n.js\"></script>\
         <script type=module>import { n } from '../js/n.js'</script>"
    );
    assert_eq!(
        files["js/m@v=1.js"],
        "import { n } from './n.js'; import 'http://h/js/gone.js'; n(new URL('i.png', import.meta.url));",
        "over HTTP, it is a module as it was"
    );
    assert_eq!(
        files["_dragline/modules/js/m@v=1.js.js"],
        "\u{feff}dragline(\"js/m@v=1.js\", \"text/javascript\", [\"js/n.js\"], \
         \"import { n } from 'dragline:js/n.js'; import 'http://h/js/gone.js'; \
         n(new URL('i.png', import.meta.url));\");\n"
    );
    let of_n = &files["_dragline/modules/js/n.js.js"];
    assert!(of_n.contains("[\"js/d.json\", \"js/m@v=1.js\"]"), "{of_n}");
    assert!(files["_dragline/modules/js/d.json.js"].contains("\"application/json\", [], \"{}\""));
    assert!(files.contains_key("_dragline/modules.js"));
    assert_eq!(files.len(), 10);
}

#[test]
fn what_scripts_of_a_page_import_by_its_attributes_is_brought() {
    let island = |url: &str| format!("<astro-island component-url=\"{url}\"></astro-island>");
    let captures = [page(ROOT, &island("/m.js")), script("m.js", "export {}")];
    let folder = tempfile::tempdir().unwrap();
    build_in(folder.path(), ROOT, &captures);
    let page = fs::read_to_string(folder.path().join("index.html")).unwrap();
    let loader = "<script src=\"_dragline/modules.js\" data-modules=\"m.js\"></script>";
    // With no dot it would be the name of a module.
    assert_eq!(page, format!("{loader}{}", island("./m.js")));
}

#[test]
fn modules_that_would_show_what_the_address_says_are_not_brought() {
    for mark in [
        "<script>window.__VP_HASH_MAP__ = {}</script>",
        "<script type=application/json id=__NUXT_DATA__>[]</script>",
        "<script>window.__NUXT__={}</script>",
        "<script>window.__reactRouterContext = {}</script>",
        "<script>window.__remixContext = {}</script>",
        "<app-root ng-version=\"19\" ng-server-context=\"ssg\"></app-root>",
    ] {
        let routed = |src: &str, href: &str| {
            format!(
                "<script type=module src={src}></script><link rel=modulepreload href={href}>{mark}"
            )
        };
        let captures = [
            page(ROOT, &routed("/m.js", "/m.js")),
            script("m.js", "export {}"),
        ];
        let folder = tempfile::tempdir().unwrap();
        let built = build_in(folder.path(), ROOT, &captures);
        assert_eq!(
            fs::read_to_string(folder.path().join("index.html")).unwrap(),
            routed("./m.js", "m.js")
        );
        assert!(!folder.path().join("_dragline").exists());
        let [only] = &built.only_served[..] else {
            panic!("{:?}", built.only_served)
        };
        assert_eq!((&*only.path, only.reason), ("index.html", Obstacle::Routed));
    }
}

#[test]
fn a_long_module_has_a_carrier_too() {
    let long = format!("export const x = '{}'", "x".repeat(3 << 20));
    let captures = [
        page(ROOT, "<script type=module src=/m.js></script>"),
        script("m.js", &long),
    ];
    let files = copy(&captures);
    assert!(files["_dragline/modules/m.js.js"].len() > long.len());
}

#[test]
fn a_preloaded_module_and_one_that_a_classic_script_imports_are_too() {
    let html = "<link rel=modulepreload href=/m.js><script src=/c.js></script>";
    let more = [
        script("m.js", "export {}"),
        script("n.js", "export {}"),
        script("c.js", "import('./n.js')"),
    ];
    assert_eq!(
        first(html, &more),
        "<script src=\"_dragline/modules.js\" data-modules=\"m.js n.js\"></script><script src=c.js></script>"
    );
}

#[test]
fn the_encoding_is_named_before_what_is_brought() {
    let html = "<title>x</title><meta charset=koi8-r><script type=module src=/m.js></script>";
    assert_eq!(
        first(html, &[script("m.js", "")]),
        "<meta charset=\"KOI8-R\"><script src=\"_dragline/modules.js\" data-modules=\"m.js\"></script>\
         <title>x</title><meta charset=koi8-r><script type=module>import \"./m.js\"</script>"
    );
}

#[test]
fn an_import_map_leads_to_what_is_brought() {
    let html = "<script type=importmap>{\"imports\": {\"n\": \"/js/n.js\", \"lib/\": \"/js/\", \"x\": \"//x/y.js\"}, \
                \"scopes\": {\"/js/\": {\"n\": \"/js/n.js\"}}}</script>";
    assert_eq!(
        first(html, &[script("js/n.js", "export {}")]),
        "<script src=\"_dragline/modules.js\" data-modules=\"js/n.js\" \
         data-map=\"{&quot;imports&quot;:{&quot;lib/&quot;:&quot;./js/&quot;,&quot;n&quot;:&quot;./js/n.js&quot;,\
         &quot;x&quot;:&quot;http://x/y.js&quot;},&quot;scopes&quot;:{&quot;js/&quot;:{&quot;n&quot;:&quot;./js/n.js&quot;}}}\"></script>\
         <script type=importmap>{\"imports\": {\"n\": \"./js/n.js\", \"lib/\": \"./js/\", \"x\": \"http://x/y.js\"}, \
         \"scopes\": {\"./js/\": {\"n\": \"./js/n.js\"}}}</script>"
    );
}

#[test]
fn carriers_that_no_page_needs_any_more_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let with = [
        page(ROOT, "<script type=module src=m.js></script>"),
        script("m.js", "export {}"),
    ];
    build_in(folder.path(), ROOT, &with);
    assert!(folder.path().join("_dragline/modules/m.js.js").exists());
    fs::write(folder.path().join("_dragline/modules/strange"), "x").unwrap();
    build_in(folder.path(), ROOT, &with);
    assert!(!folder.path().join("_dragline/modules/strange").exists());
    build_in(folder.path(), ROOT, &[page(ROOT, "")]);
    assert!(!folder.path().join("_dragline").exists());
}

#[test]
fn what_is_fetched_where_it_stands_is_a_data_url() {
    let css = |text: &str, more: &[Capture]| {
        let sheet = document("http://h/a.css", "text/css", text);
        let captures: Vec<_> = [page(ROOT, ""), sheet]
            .iter()
            .chain(more)
            .cloned()
            .collect();
        copy(&captures).remove("a.css").unwrap()
    };
    let png = document("http://h/i.png", "image/png", "png");
    let svg = document("http://h/s.svg", "image/svg+xml", "<svg/>");
    assert_eq!(
        css(
            "a { mask: url(i.png); background: url(i.png); clip-path: url('s.svg#c'); filter: url(s.svg#f) }",
            &[png, svg]
        ),
        "a { mask: url(data:image/png;base64,cG5n); background: url(i.png); \
         clip-path: url('data:image/svg+xml;base64,PHN2Zy8+#c'); filter: url(data:image/svg+xml;base64,PHN2Zy8+#f) }"
    );
    let html = "<video crossorigin src=v.webm><track src=t.vtt></video><script>fetch('d.json'); fetch('gone')</script>";
    let more = [
        document("http://h/v.webm", "video/webm", ""),
        document("http://h/t.vtt", "text/vtt", "WEBVTT"),
        document("http://h/d.json", "application/json", "{}"),
    ];
    assert_eq!(
        first(html, &more),
        "<video src=v.webm><track src=data:text/vtt;base64,V0VCVlRU></video>\
         <script>fetch('data:application/json;base64,e30='); fetch('gone')</script>"
    );
    assert_eq!(
        first("<p style='filter: url(/#f)'>", &[]),
        "<p style='filter: url(#f)'>",
        "an element of its own"
    );
}

#[test]
fn a_worker_comes_with_all_that_it_loads() {
    let decoded = |text: &str| {
        use base64::Engine as _;
        let at = text.find("base64,").unwrap() + 7;
        let end = text[at..].find(['\'', '"']).unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(&text[at..at + end]);
        String::from_utf8(bytes.unwrap()).unwrap()
    };
    let more = [
        script("js/w.js", "importScripts('v.js')"),
        script("js/v.js", "fetch('d.json')"),
        document("http://h/js/d.json", "application/json", "{}"),
    ];
    let html = first("<script>new Worker('/js/w.js')</script>", &more);
    assert!(
        html.starts_with("<script>new Worker('data:text/javascript;base64,"),
        "{html}"
    );
    let worker = decoded(&html);
    assert!(
        worker.starts_with("importScripts('data:text/javascript;base64,"),
        "{worker}"
    );
    assert_eq!(
        decoded(&worker),
        "fetch('data:application/json;base64,e30=')"
    );
    let more = [
        script(
            "m.js",
            "new Worker( new URL( './w.js', import.meta.url ) ); new URL('./w.js', import.meta.url)",
        ),
        script("w.js", "1"),
    ];
    let captures: Vec<_> = [page(ROOT, "")].iter().chain(&more).cloned().collect();
    assert_eq!(
        copy(&captures)["m.js"],
        "new Worker( new URL( 'data:text/javascript;base64,MQ==', import.meta.url ) ); new URL('w.js', import.meta.url)"
    );
}

#[test]
fn workers_that_load_each_other_come_to_an_end() {
    let more = [
        script("a.js", "importScripts('b.js')"),
        script("b.js", "importScripts('a.js')"),
    ];
    let html = first("<script>new Worker('a.js')</script>", &more);
    assert!(html.len() < 4096, "{}", html.len());
}

#[test]
fn an_element_of_another_svg_comes_into_the_page() {
    let sprite =
        "<svg xmlns='http://www.w3.org/2000/svg'><symbol id='x'><path d='M0 0'/></symbol></svg>";
    let sprite = document("http://h/s.svg", "image/svg+xml", sprite);
    let html = first(
        "<svg><use width=9 href='s.svg#x'/></svg><svg><use href=s.svg#x /></svg>",
        &[sprite],
    );
    let id = "dragline-995c83e9-x";
    assert_eq!(
        html,
        format!(
            "<svg><defs><symbol id=\"{id}\"><path d=\"M0 0\"/></symbol></defs><use width=9 href='#{id}'/></svg>\
             <svg><use href=#{id} /></svg>"
        )
    );
}

#[test]
fn what_works_only_when_it_is_served_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(3 << 20);
    let captures = [
        page(
            ROOT,
            "<script>navigator.serviceWorker.register('w.js'); fetch('long.txt')</script><svg><use href=s.svg#no /></svg>",
        ),
        script("w.js", ""),
        document("http://h/s.svg", "image/svg+xml", "<svg/>"),
        document("http://h/long.txt", "text/plain", &long),
        document(
            "http://h/x",
            "application/xhtml+xml",
            "<html><head/><body><script type='module' src='w.js'/></body></html>",
        ),
    ];
    let built = build_in(folder.path(), ROOT, &captures);
    let told: Vec<_> = built
        .only_served
        .iter()
        .map(|it| (&*it.path, &*it.url, it.reason))
        .collect();
    assert_eq!(
        told,
        [
            ("index.html", "http://h/long.txt", Obstacle::TooLong),
            ("index.html", "http://h/s.svg#no", Obstacle::Element),
            ("index.html", "http://h/w.js", Obstacle::ServiceWorker),
            ("x.xhtml", "http://h/w.js", Obstacle::Headless),
        ]
    );
    assert!(files(folder.path())["index.html"].contains("fetch('long.txt')"));
}

#[test]
fn feeds_and_sitemaps_are_data() {
    let feed = "<rss version='2.0'><channel><item><link>http://h/p</link><enclosure url='http://h/p'/></item></channel></rss>";
    let map = "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>http://h/p</loc></url></urlset>";
    let styled = "<?xml-stylesheet href='/f.xsl' type='text/xsl'?><rss><channel><item><link>http://h/p</link></item></channel></rss>";
    let files = copy(&[
        page(ROOT, ""),
        page("http://h/p", ""),
        document("http://h/f.rss", "application/rss+xml", feed),
        document("http://h/d/g.rss", "application/rss+xml", styled),
        document("http://h/f.xsl", "text/xsl", ""),
        document("http://h/sitemap.xml", "text/xml", map),
    ]);
    assert_eq!(files["f.rss"], feed);
    assert_eq!(files["sitemap.xml"], map);
    assert_eq!(files["d/g.rss"], styled.replace("/f.xsl", "../f.xsl"));
}

#[test]
fn a_manifest_is_not_asked_for_from_disk() {
    let manifest = document("http://h/m.json", "application/manifest+json", "{}");
    assert_eq!(
        first(
            "<link rel=manifest crossorigin=use-credentials href='/m.json'><p>",
            &[manifest]
        ),
        "<link rel=manifest href='m.json'><script>if(location.protocol==='file:')\
         document.currentScript.previousSibling.rel='x-manifest'</script><p>"
    );
}

#[test]
fn a_manifest_has_its_icons() {
    let manifest = "{\"start_url\": \"/\", \"icons\": [{\"src\": \"/i.png\"}]}";
    let files = copy(&[
        page(ROOT, ""),
        document(
            "http://h/d/m.webmanifest",
            "application/manifest+json",
            manifest,
        ),
        document("http://h/i.png", "image/png", "png"),
    ]);
    assert_eq!(
        files["d/m.webmanifest"],
        "{\"start_url\": \"../index.html\", \"icons\": [{\"src\": \"../i.png\"}]}"
    );
}

#[test]
fn a_refresh_header_is_a_tag_in_the_copy() {
    let check = |refresh: &str, expected: &str| {
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, "text/html".parse().unwrap()),
            (REFRESH, refresh.parse().unwrap()),
        ]);
        let captures = [
            capture(ROOT, 200, headers, b"<!doctype html><p>"),
            page("http://h/d/p?a", ""),
        ];
        assert_eq!(
            copy(&captures)["index.html"],
            format!("<!doctype html><meta http-equiv=\"refresh\" content=\"{expected}\"><p>")
        );
    };
    check("5; url=d/p?a#x", "5; url=d/p@a.html#x");
    check("0;URL='/d/p?a'", "0;URL='d/p@a.html'");
    check("0; url=/gone?a&b", "0; url=http://h/gone?a&amp;b");
    check("5", "5");
}

/// Scripts and pages that bring each other along, circles included.
fn web() -> impl Strategy<Value = Vec<Capture>> {
    let reference = ("[a-d]", 0..7_usize).prop_map(|(name, way)| {
        let script = [
            format!("import '/{name}.js';"),
            format!("import('/{name}.js');"),
            format!("new Worker('/{name}.js');"),
            format!("importScripts('/{name}.js', '/a.js');"),
            format!("fetch('/{name}.js');"),
            format!("fetch('/{name}.svg');"),
            format!("new Worker(new URL('/{name}.js', import.meta.url));"),
        ];
        let page = [
            format!("<script src=/{name}.js></script>"),
            format!("<script type=module src=/{name}.js></script>"),
            format!("<link rel=modulepreload href=/{name}.js>"),
            format!("<svg><use href=/{name}.svg#x /></svg>"),
            format!("<p style='mask: url(/{name}.svg); filter: url(/{name}.svg#x)'>"),
            format!("<a href=/{name}>"),
            format!("<script>new Worker('/{name}.js')</script>"),
        ];
        (script[way].clone(), page[way].clone())
    });
    let file = ("[a-d]", 0..3, prop::collection::vec(reference, 0..4));
    prop::collection::vec(file, 1..10).prop_map(|files| {
        let svg = "<svg xmlns='http://www.w3.org/2000/svg'><g id='x'><use href='#y'/></g><g id='y'/></svg>";
        let files = files.into_iter().map(|(name, kind, references)| {
            let (scripts, pages): (Vec<_>, Vec<_>) = references.into_iter().unzip();
            match kind {
                0 => page(&format!("http://h/{name}"), &pages.concat()),
                1 => document(&format!("http://h/{name}.svg"), "image/svg+xml", svg),
                _ => script(&format!("{name}.js"), &scripts.concat()),
            }
        });
        let files: BTreeMap<_, _> = files.map(|file| (file.url.clone(), file)).collect();
        files.into_values().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_brought_along_does_not_depend_on_order(
        (captures, shuffled) in web().prop_flat_map(|web| (Just(web.clone()), Just(web).prop_shuffle()))
    ) {
        prop_assert_eq!(copy(&captures), copy(&shuffled));
    }
}
