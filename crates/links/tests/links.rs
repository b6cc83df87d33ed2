//! What is found and what is rewritten, through the public API.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod laws;

use std::borrow::Cow;

use Kind::{Base, Embedded, Hint, Navigation, Requisite};
use dragline_links::{Document, Edit, Format, Kind, Link, Role, Teller, extract, rewrite};
use proptest::prelude::*;
use url::Url;

fn url() -> Url {
    Url::parse("http://h/d/page").unwrap()
}

fn html(content: &[u8]) -> Vec<Link> {
    extract(content, Format::Html, None, &url())
}

/// Each link as its URL, its kind, and the bytes it stands in.
fn check(content: &str, expected: &[(&str, Kind, &str)]) {
    let links = html(content.as_bytes());
    let found: Vec<_> = links
        .iter()
        .map(|link| (link.url.as_str(), link.kind, &content[link.span.clone()]))
        .collect();
    assert_eq!(found, expected, "{content}");
}

fn urls(content: &str) -> Vec<String> {
    html(content.as_bytes())
        .into_iter()
        .map(|link| link.url.to_string())
        .collect()
}

fn replaced(content: &[u8], with: &str) -> String {
    let rewritten = rewrite(content, Format::Html, None, &url(), |_| {
        Some(with.to_owned())
    });
    String::from_utf8_lossy(&rewritten).into_owned()
}

#[test]
fn elements_say_what_their_links_are_for() {
    check("<a href=x>", &[("http://h/d/x", Navigation, "x")]);
    check("<AREA HREF='/x'>", &[("http://h/x", Navigation, "/x")]);
    check("<img src=\"x\">", &[("http://h/d/x", Requisite, "x")]);
    check(
        "<script src=x></script>",
        &[("http://h/d/x", Requisite, "x")],
    );
    check(
        "<input type=image src=x>",
        &[("http://h/d/x", Requisite, "x")],
    );
    check(
        "<video src=a poster=b><source src=c><track src=d>",
        &[
            ("http://h/d/a", Requisite, "a"),
            ("http://h/d/b", Requisite, "b"),
            ("http://h/d/c", Requisite, "c"),
            ("http://h/d/d", Requisite, "d"),
        ],
    );
    check(
        "<iframe src=a></iframe><frame src=b><embed src=c><object data=d>",
        &[
            ("http://h/d/a", Embedded, "a"),
            ("http://h/d/b", Embedded, "b"),
            ("http://h/d/c", Embedded, "c"),
            ("http://h/d/d", Embedded, "d"),
        ],
    );
    check(
        "<form method=post action=a><button formaction=b>",
        &[("http://h/d/a", Hint, "a"), ("http://h/d/b", Hint, "b")],
    );
    check("<body background=x>", &[("http://h/d/x", Requisite, "x")]);
    check(
        "<svg><a xlink:href=a /><image href=b /><use xlink:href='c#d' /><g href=e />",
        &[
            ("http://h/d/a", Navigation, "a"),
            ("http://h/d/b", Requisite, "b"),
            ("http://h/d/c#d", Requisite, "c#d"),
        ],
    );
    check("<div href=x src=y><p data=z>", &[]);
}

#[test]
fn the_rel_of_a_link_decides() {
    for (rel, kind) in [
        ("stylesheet", Requisite),
        ("Alternate StyleSheet", Requisite),
        ("shortcut icon", Requisite),
        ("modulepreload", Requisite),
        ("manifest", Requisite),
        ("next", Navigation),
        ("canonical", Navigation),
        ("", Navigation),
        ("dns-prefetch", Hint),
        ("preconnect", Hint),
    ] {
        check(
            &format!("<link rel='{rel}' href=x>"),
            &[("http://h/d/x", kind, "x")],
        );
    }
}

#[test]
fn a_srcset_has_several() {
    check(
        "<img srcset='a 1x, b&amp;c 2x,\n/d'>",
        &[
            ("http://h/d/a", Requisite, "a"),
            ("http://h/d/b&c", Requisite, "b&amp;c"),
            ("http://h/d", Requisite, "/d"),
        ],
    );
    check(
        "<link rel=preload imagesrcset='a 1x' href=b>",
        &[
            ("http://h/d/a", Requisite, "a"),
            ("http://h/d/b", Requisite, "b"),
        ],
    );
}

#[test]
fn styles_are_searched_in_elements_and_attributes() {
    check(
        "<style>@import 'a'; p { background: URL( b ) }</style>",
        &[
            ("http://h/d/a", Requisite, "a"),
            ("http://h/d/b", Requisite, "b"),
        ],
    );
    check(
        "<p style=\"background: url(&quot;a&amp;b&quot;), url('c')\">",
        &[
            ("http://h/d/a&b", Requisite, "a&amp;b"),
            ("http://h/d/c", Requisite, "c"),
        ],
    );
    check("<p style='/* url(a) */'><style>/* url(b) */", &[]);
}

#[test]
fn a_meta_refresh_leads_on() {
    check(
        "<meta http-equiv=Refresh content=\"0; URL='x'\">",
        &[("http://h/d/x", Navigation, "x")],
    );
    check("<meta name=refresh content='0; url=x'>", &[]);
    check("<meta http-equiv=refresh content=5>", &[]);
}

#[test]
fn a_base_is_in_force_for_all_and_the_first_counts() {
    check(
        "<a href=a><base target=x><base href=/b/><base href=/c/><a href='#f'>",
        &[
            ("http://h/b/a", Navigation, "a"),
            ("http://h/b/", Base, "/b/"),
            ("http://h/b/#f", Navigation, "#f"),
        ],
    );
    check(
        "<base href='javascript:x'><a href=a>",
        &[("http://h/d/a", Navigation, "a")],
    );
}

#[test]
fn with_a_base_an_empty_link_leads_there() {
    check(
        "<base href=/b/><a href=''>x</a><img src=''>",
        &[
            ("http://h/b/", Base, "/b/"),
            ("http://h/b/", Navigation, ""),
        ],
    );
}

#[test]
fn in_xml_any_element_may_be_empty() {
    let page = "<html xmlns='x'><title/><script src='a'/><style/><textarea/><a href='b'/>\
                <![CDATA[<a href='no'/>]]><svg></svg><iframe/><a href='c'/>";
    let links = extract(page.as_bytes(), Format::Xml, None, &url());
    let urls: Vec<_> = links.iter().map(|link| link.url.as_str()).collect();
    assert_eq!(urls, ["http://h/d/a", "http://h/d/b", "http://h/d/c"]);
}

#[test]
fn a_small_document_does_not_become_a_large_heap() {
    let base = "a".repeat(512 << 10);
    let page = format!("<base href=/{base}/>{}", "<a href=x>".repeat(50_000));
    let bytes: usize = html(page.as_bytes())
        .iter()
        .map(|link| link.url.as_str().len())
        .sum();
    assert!(bytes <= page.len() * 65 + (2 << 20), "{bytes}");
    let many = "<a href=x>".repeat(150_000);
    assert_eq!(html(many.as_bytes()).len(), 100_000);
}

#[test]
fn nothing_and_what_the_encoding_lacks_are_written_so_that_they_stay_what_they_are() {
    assert_eq!(replaced(b"<a href=x id=y>", ""), "<a href=\"\" id=y>");
    assert_eq!(replaced(b"<img srcset='x 1x'>", ""), "<img srcset='# 1x'>");
    assert_eq!(
        replaced(b"<a href='x'>\xe9", "\u{e9}"),
        "<a href='%C3%A9'>\u{fffd}"
    );
}

#[test]
fn what_is_no_link_is_not_found() {
    for content in [
        "<!-- <a href=x> -->",
        "<!--><!-- <a href=x>",
        "<!-- --!<a href=x>",
        "<![CDATA[<a href=x",
        "<script>'<a href=x>'</script>",
        "<script><!--<script></script><a href=x>--></script>",
        "<textarea><a href=x></textarea>",
        "<title><a href=x></title>",
        "<style><a href=x></style>",
        "<xmp><a href=x></xmp>",
        "<plaintext></plaintext><a href=x>",
        "<iframe><a href=x></iframe>",
        "</a href=x>",
        "<a href=x",
        "<a href='x>",
        "< a href=x>",
        "<a href>",
        "<a href=''>",
        "<a href=' '>",
        "<a href='#x'>",
        "<a href=mailto:a@b>",
        "<a href=javascript:x>",
        "<a href=data:,x>",
        "<a href='http://['>",
        "<a data-href=x>",
        "<p title='<a href=x>'>",
        "<? <a href=x>",
        "<! <a href=x>",
    ] {
        check(content, &[]);
    }
}

#[test]
fn what_only_looks_hidden_is_found() {
    for content in [
        "<!--><a href=x>",
        "<!---><a href=x>",
        "<!-- --!><a href=x>",
        "<!-- ---><a href=x>",
        "<!x><a href=x>",
        "<noscript><a href=x></noscript>",
        "<template><a href=x></template>",
        "<script></script ><a href=x>",
        "<script><!--</script><a href=x>",
        "<script><!--<script></script>--></script><a href=x>",
        "<script/></script><a href=x>",
        "<title></TITLE><a href=x>",
        "<style></styles></style/><a href=x>",
        "<svg><script/><a href=x>",
        "<svg><title><a href=x>",
        "<svg><![CDATA[<a href=y>]]><a href=x>",
        "<svg></svg><![CDATA[><a href=x>",
        "<p title='>'><a href=x>",
        "<p '><a href=x>",
        "<a/href=x>",
        "<a\thref\n=\rx\x0c>",
        "<a b href=x>",
        "<a =b href=x>",
        "<a b='c'href=x>",
        "<a href=x href=y>",
        "<ahref><a href=x>",
        "</><a href=x>",
        "<<a href=x>",
    ] {
        assert_eq!(urls(content), ["http://h/d/x"], "{content}");
    }
}

#[test]
fn urls_are_read_as_the_standards_say() {
    check("<a href=' x\n'>", &[("http://h/d/x", Navigation, " x\n")]);
    check(
        "<a href='x\ty\r\nz'>",
        &[("http://h/d/xyz", Navigation, "x\ty\r\nz")],
    );
    check(
        "<a href=a&#47;b&period;c&ampd>",
        &[("http://h/d/a/b.c&ampd", Navigation, "a&#47;b&period;c&ampd")],
    );
    check(
        "<a href='?a&copy=1'>",
        &[("http://h/d/page?a&copy=1", Navigation, "?a&copy=1")],
    );
    check(
        "<a href=//H2/\\é>",
        &[("http://h2//%C3%A9", Navigation, "//H2/\\é")],
    );
    check("<a href=HTTPS:x>", &[("https://x/", Navigation, "HTTPS:x")]);
}

#[test]
fn the_encoding_of_the_document_is_that_of_its_queries() {
    let links = html(b"<meta charset=windows-1252><a href='?\xe9'>");
    assert_eq!(links[0].url.as_str(), "http://h/d/page?%E9");
    let links = extract(
        b"<a href='\x83\x5c?\x83\x5c'>",
        Format::Html,
        Some("shift_jis"),
        &url(),
    );
    assert_eq!(links[0].url.as_str(), "http://h/d/%E3%82%BD?%83\\");
    let links = extract(
        b"<img srcset='\x83\x5c 1x, b 2x'>",
        Format::Html,
        Some("shift_jis"),
        &url(),
    );
    assert_eq!(
        (links[0].span.clone(), links[1].span.clone()),
        (13..15, 20..21)
    );
    let links = html("<a href='?é'>".as_bytes());
    assert_eq!(links[0].url.as_str(), "http://h/d/page?%C3%A9");
}

#[test]
fn utf_16_is_found_and_stays_what_it_is() {
    let text = "\u{feff}<!doctype html><a title='é\u{1f578}' href=x>é</a>";
    for wide in [u16::to_le_bytes, u16::to_be_bytes] {
        let encode = |text: &str| text.encode_utf16().flat_map(wide).collect::<Vec<_>>();
        let page = encode(text);
        let document = Document::new(&page, Format::Html, None, &url());
        let link = document.links().next().unwrap();
        assert_eq!(link.url.as_str(), "http://h/d/x");
        assert_eq!(document.text(link.span.clone()), "x");
        let new = document.rewrite("!", |_| Some(Edit::Url("y".to_owned())));
        let expected = text.replace("=x", "=y").replace("html>", "html>!");
        assert_eq!(&new[..], &encode(&expected)[..]);
        // Half a character, and half of a pair.
        let torn = [&page[..], &[0xd8, 0xd8, 0xd8]].concat();
        let new = rewrite(&torn, Format::Html, None, &url(), |_| Some("y".to_owned()));
        assert_eq!(
            &new[..],
            &[&encode(&text.replace("=x", "=y"))[..], &[0xd8, 0xd8, 0xd8]].concat()[..]
        );
    }
}

#[test]
fn a_place_in_utf_16_is_right_however_far_it_is() {
    for length in (0..300).step_by(7) {
        let before = "a\u{e9}\u{20ac}\u{1f578}".repeat(length);
        let tag = "<a href='x?\u{e9}&amp;\u{1f578}#\u{1f578}'>";
        let text = format!("{before}<p title='\u{1f578}'>{tag}");
        let page: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let document = Document::new(&page, Format::Html, Some("utf-16le"), &url());
        let link = document.links().next().unwrap();
        assert_eq!(document.text(link.tag.clone()), tag);
        assert_eq!(
            document.text(link.span.clone()),
            "x?\u{e9}&amp;\u{1f578}#\u{1f578}"
        );
        assert_eq!(link.text, "x?\u{e9}&\u{1f578}#\u{1f578}");
    }
}

#[test]
fn what_a_link_says_is_what_its_bytes_mean_also_in_a_document_within() {
    let said = |page: &[u8], charset| {
        let links = extract(page, Format::Html, Some(charset), &url());
        links.into_iter().map(|link| link.text).collect::<Vec<_>>()
    };
    let page = "<a href='a&amp;\u{e9}'><a href=b>\
                <iframe srcdoc='<a href=&quot;c&amp;amp;d&quot;><a href=\u{e9}><a href=&#101;>'></iframe>\
                <p style='a:url(\\66)'>";
    let expected = ["a&\u{e9}", "b", "c&d", "\u{e9}", "e", "f"];
    assert_eq!(said(page.as_bytes(), "utf-8"), expected);
    let latin1: Vec<u8> = page.chars().map(|char| char as u8).collect();
    assert_eq!(said(&latin1, "latin1"), expected);
    let wide: Vec<u8> = page.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(said(&wide, "utf-16be"), expected);
}

#[test]
fn what_is_no_superset_of_ascii_comes_back_in_utf_8() {
    let page = b"<a href=x>\x1b$B\x46\x7c\x1b(B";
    let new = rewrite(page, Format::Html, Some("iso-2022-jp"), &url(), |_| {
        Some("y".to_owned())
    });
    assert_eq!(&new[..], "\u{feff}<a href=y>日".as_bytes());
    let kept = rewrite(page, Format::Html, Some("iso-2022-jp"), &url(), |_| None);
    assert!(matches!(kept, Cow::Borrowed(_)));
}

#[test]
fn a_style_sheet_is_searched_and_rewritten() {
    let css = b"@import 'a'; p { background: url(b) } /* \xff */";
    let links = extract(css, Format::Css, None, &url());
    assert_eq!(links.len(), 2);
    let rewritten = rewrite(css, Format::Css, None, &url(), |link| {
        Some(format!("{} (c)'", link.text))
    });
    assert_eq!(
        &rewritten[..],
        b"@import 'a%20\\(c\\)\\''; p { background: url(b%20\\(c\\)\\') } /* \xff */"
    );
}

#[test]
fn what_is_put_in_is_escaped_for_its_place() {
    let new = "a?b=\"c\"&d='e'";
    assert_eq!(
        replaced(b"<a href=\"x\">", new),
        "<a href=\"a?b=&quot;c&quot;&amp;d='e'\">"
    );
    assert_eq!(
        replaced(b"<a href='x'>", new),
        "<a href='a?b=\"c\"&amp;d=&#39;e&#39;'>"
    );
    assert_eq!(replaced(b"<a href=x>", "a b>"), "<a href=a%20b&#62;>");
    assert_eq!(
        replaced(b"<img srcset='x 1x, y'>", ",a,b,"),
        "<img srcset='%2Ca,b%2C 1x, %2Ca,b%2C'>"
    );
    assert_eq!(
        replaced(b"<style>p{b:url(x)}</style>", "</style>"),
        "<style>p{b:url(%3C/style>)}</style>"
    );
    assert_eq!(
        replaced(b"<p style=\"b:url('x')\">", "a&'b"),
        "<p style=\"b:url('a&amp;\\'b')\">"
    );
    assert_eq!(
        replaced(b"<meta http-equiv=refresh content='0;url=\"x\"'>", "a'b"),
        "<meta http-equiv=refresh content='0;url=\"a%27b\"'>"
    );
}

fn edited(page: &str, head: &str, edit: impl FnMut(&Link) -> Option<Edit>) -> String {
    let document = Document::new(page.as_bytes(), Format::Html, None, &url());
    String::from_utf8(document.rewrite(head, edit).into_owned()).unwrap()
}

#[test]
fn guards_are_dropped_and_neighbours_stay_apart() {
    for (before, after) in [
        ("<script crossorigin src=x integrity='y'>", "<script src=k>"),
        ("<img src=x integrity=y/>", "<img src=k>"),
        ("<img src=x integrity='y'/>", "<img src=k />"),
        ("<img a='b'integrity='y'src=x>", "<img a='b'src=k>"),
        ("<img integrity=a src=x INTEGRITY=b>", "<img src=k>"),
    ] {
        let dropped = edited(before, "", |_| Some(Edit::Unguarded("k".to_owned())));
        assert_eq!(dropped, after);
        let kept = edited(before, "", |_| Some(Edit::Url("x".to_owned())));
        assert_eq!(kept, before);
    }
}

#[test]
fn an_element_is_replaced_as_a_whole() {
    let page = "<p><script src=a type=module> x </script ><svg><use href='b#c'/></svg><a href=d>";
    let new = edited(page, "", |link| match link.role {
        Role::ModuleScript => Some(Edit::Element("<script>1</script>".to_owned())),
        Role::Use => Some(Edit::Element("<g/>".to_owned())),
        _ => Some(Edit::Url("k".to_owned())),
    });
    assert_eq!(new, "<p><script>1</script><svg><g/></svg><a href=k>");
}

#[test]
fn of_overlapping_edits_the_outer_counts() {
    let page = "<img src=a srcset='b 1x'><a href=c>";
    let new = edited(page, "", |link| match link.text.as_str() {
        "b" => Some(Edit::Element("<b>".to_owned())),
        _ => Some(Edit::Url("k".to_owned())),
    });
    assert_eq!(new, "<b><a href=k>");
}

#[test]
fn the_head_begins_where_it_is_written_or_implied() {
    for (page, with) in [
        ("<html><head lang=x><p>", "<html><head lang=x>!<p>"),
        ("<html lang=x><p><head>", "<html lang=x>!<p><head>"),
        ("\n<!DOCTYPE html>\n<p>", "\n<!DOCTYPE html>!\n<p>"),
        ("\u{feff}<p>", "\u{feff}!<p>"),
        ("", "!"),
    ] {
        assert_eq!(edited(page, "!", |_| None), with);
    }
    let svg = Document::new(b"<svg/>", Format::Xml, None, &url());
    assert_eq!(svg.head(), None);
}

#[test]
fn what_told_the_charset_is_told() {
    let told = |page: &[u8], charset| {
        let document = Document::new(page, Format::Html, charset, &url());
        (document.charset().name, document.charset().told_by)
    };
    assert_eq!(
        told(b"", Some("latin1")),
        ("windows-1252", Teller::Transport)
    );
    assert_eq!(told(b"<meta charset=gbk>", None), ("GBK", Teller::Document));
    assert_eq!(told(b"\xef\xbb\xbf", Some("gbk")), ("UTF-8", Teller::Mark));
    assert_eq!(told(b"a", None), ("UTF-8", Teller::Guess));
}

#[test]
fn an_open_reference_before_a_url_is_closed() {
    assert_eq!(
        replaced(b"<p style='a:url(&quot/x&quot)'>", "k"),
        "<p style='a:url(&quot;k&quot)'>"
    );
    assert_eq!(
        replaced(b"<img srcset='/x&#x20;1x,&#x20/y'>", "b"),
        "<img srcset='b&#x20;1x,&#x20;b'>"
    );
}

#[test]
fn an_open_reference_in_a_nested_document_is_closed() {
    assert_eq!(
        replaced(
            b"<iframe srcdoc='<p style=\"a:url(&amp;quot/x&amp;quot;)\">'>",
            "k"
        ),
        "<iframe srcdoc='<p style=\"a:url(&amp;quot;k&amp;quot;)\">'>"
    );
}

#[test]
fn characters_of_several_bytes_end_where_they_end() {
    for (charset, bytes) in [
        ("shift_jis", &b"\x83\x5c"[..]),
        ("gbk", b"\x81\x40"),
        ("latin1", b"\xe9"),
        ("utf-8", b"\xff"),
    ] {
        let page = [b"<script>import(`./", bytes, b"`)</script>"].concat();
        let new = rewrite(&page, Format::Html, Some(charset), &url(), |_| {
            Some("./k".to_owned())
        });
        assert_eq!(&new[..], b"<script>import(`./k`)</script>", "{charset}");
    }
}

#[test]
fn what_is_the_same_changes_nothing() {
    let page = b"<a href=' x&amp;y '><img src=z>";
    let same = rewrite(page, Format::Html, None, &url(), |link| {
        Some(link.text.clone())
    });
    assert!(matches!(same, Cow::Borrowed(_)));
}

#[test]
fn a_tag_of_many_attributes_costs_no_more_than_its_length() {
    let mut page = "<a href=x".to_owned();
    for n in 0..100_000 {
        page += &format!(" a{n}=b");
    }
    page += " src=y><a href=z>";
    assert_eq!(urls(&page), ["http://h/d/x", "http://h/d/z"]);
}

#[test]
fn what_never_ends_costs_no_more_than_its_length() {
    for piece in [
        "<a ",
        "<!--",
        "<a href='",
        "<style>url(",
        "<script><!--<script>",
        "&",
        "<![CDATA[",
        "<svg>",
        "</",
        "<p style='{'>",
        "(",
        "<title>",
    ] {
        assert_eq!(urls(&piece.repeat(50_000)), [""; 0], "{piece}");
        let attribute = format!("<p style='{}'>", piece.replace('\'', "").repeat(50_000));
        assert_eq!(urls(&attribute), [""; 0], "{piece}");
    }
}

/// Pieces of markup that get in each other's way.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "<a href=\"x?a&amp;b\">",
        "<img srcset='a 1x, b&comma; 2x'>",
        "<p style=\"b:url(&quot;x&quot;)\">",
        "<style>@import 'x';a{b:url( y )}</style>",
        "<base href=/b/>",
        "<script>",
        "<script type=module integrity=x crossorigin>import './x'",
        "<script type=importmap>{\"imports\": {\"x\": \"./x\"}}",
        "import('./y');",
        "</script>",
        "<!--",
        "-->",
        "<svg>",
        "<svg><style>a{b:url(&quot;x&quot;)}</style><script href=x />",
        "</svg>",
        "<iframe srcdoc='<a href=&quot;x&quot;>&lt;img src=y>&amp;lt;img src=z> <script>import &quot;./x&quot;</script>'></iframe>",
        "<iframe srcdoc=\"",
        "&lt;iframe srcdoc='<a href=x>'>",
        "<title>",
        "</title>",
        "<![CDATA[",
        "]]>",
        "'",
        "\"",
        ">",
        "&",
        "\r\n",
        "\0",
        "é",
        "\u{1f578}",
        "<meta charset=shift_jis>",
        "<meta http-equiv=refresh content='1;url=x'>",
        "<a href=\u{e9}&eacute;>",
        "<style>",
        "url(\\",
        "<rss>",
        "<urlset><url><loc> http://h/ </loc></url>",
        "<description>&lt;a href=x>",
        "<description><![CDATA[<a href=x>]]></description>",
        "<link href=x rel=icon>",
        "<link>x</link>",
        "<feed xml:base=/b>",
        "<applet codebase=/b archive='x,y'>",
        "<?xml-stylesheet href='x'?>",
        "http://h/x\n",
        "\"icons\":[{\"src\":\"x\"}]",
        "{",
        "}",
        "`${",
        "new URL('x', import.meta.url)",
        "\n",
        "\n#EXT-X-MAP:URI=\"",
    ]);
    let bytes = prop_oneof![
        8 => piece.prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(bytes, 0..24).prop_map(|pieces| pieces.concat())
}

fn format() -> impl Strategy<Value = Format> {
    prop_oneof![
        4 => Just(Format::Html),
        2 => Just(Format::Xml),
        1 => Just(Format::Css),
        1 => Just(Format::Script),
        1 => Just(Format::Manifest),
        1 => Just(Format::List),
        1 => Just(Format::Playlist),
    ]
}

fn charset() -> impl Strategy<Value = Option<&'static str>> {
    let names = [
        "windows-1252",
        "gb18030",
        "shift_jis",
        "utf-8",
        "utf-16be",
        "iso-2022-jp",
        "x-user-defined",
    ];
    prop::option::of(prop::sample::select(names.to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_laws_hold(soup in soup(), format in format(), charset in charset()) {
        let soup = match format {
            Format::Playlist => [b"#EXTM3U\n", &soup[..]].concat(),
            _ => soup,
        };
        laws::check(&soup, format, charset);
    }

    #[test]
    fn only_urls_change(soup in soup(), format in format(), charset in charset()) {
        let document = Document::new(&soup, format, charset, &url());
        let new = "http://new/";
        let new: Vec<u8> = match document.charset().name {
            "UTF-16LE" => new.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "UTF-16BE" => new.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            "ISO-2022-JP" => return Ok(()),
            _ => new.into(),
        };
        let mut expected = Vec::new();
        let mut at = 0;
        for link in document.links() {
            expected.extend_from_slice(&soup[at..link.span.start]);
            expected.extend_from_slice(&new);
            at = link.span.end;
        }
        expected.extend_from_slice(&soup[at..]);
        let rewritten = document.rewrite("", |_| Some(Edit::Url("http://new/".to_owned())));
        prop_assert_eq!(&rewritten[..], &expected[..]);
    }
}
