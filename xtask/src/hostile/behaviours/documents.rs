//! Documents: HTML, CSS and XML to choke on. Each has a link that has to be found.

use crate::hostile::behaviour::{Behaviour, Expect, kept};
use crate::hostile::script::{HTML, Script};
use crate::hostile::server::Asked;

pub(super) fn all() -> Vec<Behaviour> {
    let mut all = html();
    all.extend(charsets());
    all.extend(others());
    all
}

/// What each document leads to, at its end or before what has no end.
const LINK: &str = "<a href=\"/found\">found</a>";

/// A page, and that what it links to is found.
fn leads(name: &'static str, says: &'static str, make: fn() -> String) -> Behaviour {
    document(name, says, HTML, move || make().into_bytes())
}

fn document(
    name: &'static str,
    says: &'static str,
    fields: &'static str,
    make: impl Fn() -> Vec<u8> + Send + Sync + 'static,
) -> Behaviour {
    Behaviour::new(name, says)
        .link(
            "/document",
            move |_: &Asked<'_>| Script::ok(fields, make()),
            Expect::Any,
        )
        .hidden("/found", Script::page("found it"), kept("found it"))
        .within(30)
        .must_be_well()
}

fn html() -> Vec<Behaviour> {
    vec![
        leads("nested", "400 000 elements, each in the one before", || {
            format!("{}{LINK}", "<div>".repeat(400_000))
        }),
        leads("nested-lists", "lists in lists, 200 000 deep", || {
            format!("{}{LINK}", "<ul><li>".repeat(200_000))
        }),
        leads(
            "nested-formats",
            "a, b, i and u in each other, 100 000 deep",
            || format!("{}{LINK}", "<a><b><i><u>".repeat(100_000)),
        ),
        leads("many-attributes", "a tag with 200 000 attributes", || {
            let all: String = (0..200_000).map(|it| format!(" a{it}=b")).collect();
            format!("<div{all}>{LINK}")
        }),
        leads(
            "attribute-without-end",
            "an attribute of 6 MiB that is never closed",
            || format!("{LINK}<img alt=\"{}", "x".repeat(6 << 20)),
        ),
        leads(
            "comment-without-end",
            "a comment of 6 MiB that is never closed",
            || format!("{LINK}<!--{}", "- ".repeat(3 << 20)),
        ),
        leads(
            "script-without-end",
            "a script of 6 MiB that is never closed",
            || format!("{LINK}<script>{}", "</ scrip ".repeat(700_000)),
        ),
        leads("almost-tags", "a million less-than signs", || {
            format!("{}{LINK}", "<".repeat(1_000_000))
        }),
        leads(
            "almost-comments",
            "a million beginnings of comments",
            || format!("{LINK}{}", "<!-".repeat(1_000_000)),
        ),
        leads("almost-entities", "a million ampersands", || {
            format!("{}{LINK}", "&".repeat(1_000_000))
        }),
        leads(
            "ampersands-in-a-link",
            "a link with 500 000 ampersands",
            || {
                format!(
                    "<a href=\"http://127.0.0.1:1/?{}\">x</a>{LINK}",
                    "&a".repeat(500_000)
                )
            },
        ),
        leads("data-url", "an image of 6 MiB in its URL", || {
            format!(
                "<img src=\"data:image/png;base64,{}\">{LINK}",
                "A".repeat(6 << 20)
            )
        }),
        leads("long-srcset", "a srcset of 90 000 candidates", || {
            format!("<img srcset=\"{}\">{LINK}", "data:,x 1x, ".repeat(90_000))
        }),
        leads("base-javascript", "a base that is a script", || {
            format!("<base href=\"javascript:alert(1)\">{LINK}")
        }),
        leads("base-twice", "two bases: the first counts", || {
            "<base href=\"/\"><base href=\"http://127.0.0.1:1/\"><a href=\"found\">x</a>".to_owned()
        }),
        leads("nul-bytes", "NULs between and in tags", || {
            format!("\0\0<p\0 a\0b=c>\0{LINK}\0")
        }),
        leads(
            "bad-utf8-in-links",
            "links with controls, line ends and blanks in them",
            || {
                "<a href=\" \n/fo\tu\r\nnd \">x</a><a href=\"http://127.0.0.1:99999/\">x</a><a href=\"http://[::1\">x</a><a href=\"//\">x</a><a href=\"http://a b/\">x</a>".to_owned()
            },
        ),
        leads(
            "title-that-steers",
            "a title that steers a terminal",
            || format!("<title>\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}</title>{LINK}"),
        ),
        leads("refresh-odd", "refreshes of every shape", || {
            format!(
                "<meta http-equiv=refresh content=\"{};url=/found\"><meta http-equiv=refresh content=\";;;url=\"><meta http-equiv=refresh content=\"-1;URL='javascript:x'\">",
                "9".repeat(10_000)
            )
        }),
    ]
}

fn charsets() -> Vec<Behaviour> {
    fn wide(bom: bool, text: &str, little: bool) -> Vec<u8> {
        let units = bom.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units
            .flat_map(|it| {
                if little {
                    it.to_le_bytes()
                } else {
                    it.to_be_bytes()
                }
            })
            .collect()
    }
    vec![
        document(
            "utf-16-by-mark",
            "UTF-16 with a byte order mark",
            "content-type: text/html\r\n",
            || wide(true, LINK, true),
        ),
        document(
            "utf-16-by-head",
            "UTF-16BE that only the head tells",
            "content-type: text/html; charset=utf-16be\r\n",
            || wide(false, LINK, false),
        ),
        document(
            "iso-2022-jp",
            "ISO-2022-JP, which hides tags between its escapes",
            "content-type: text/html; charset=iso-2022-jp\r\n",
            || format!("\x1b$B!!\x1b(B{LINK}").into_bytes(),
        ),
        document(
            "charset-unknown",
            "a charset that nobody knows",
            "content-type: text/html; charset=x-klingon\r\n",
            || LINK.into(),
        ),
        document(
            "charset-late",
            "a charset named after 1 024 bytes",
            "content-type: text/html\r\n",
            || format!("{}<meta charset=utf-16>{LINK}", " ".repeat(5_000)).into_bytes(),
        ),
        document("invalid-utf-8", "bytes that are no UTF-8", HTML, || {
            let mut page = vec![0x80, 0xfe, 0xfd, 0xc3, 0x28, 0xff];
            page.extend(LINK.bytes());
            page.extend([0xf0, 0x9f]);
            page
        }),
    ]
}

fn others() -> Vec<Behaviour> {
    let css = "content-type: text/css\r\n";
    vec![
        document("nested-css", "blocks in blocks, 300 000 deep", css, || format!("@import '/found';{}", "a{".repeat(300_000)).into_bytes()),
        document("nested-functions", "functions in functions, 300 000 deep", css, || {
            format!("@import '/found';a{{b:{}", "f(".repeat(300_000)).into_bytes()
        }),
        // By the CSS syntax it is a URL all the same, and is longer than any that a browser takes.
        Behaviour::new("url-without-end", "a url( of 4 MiB that is never closed")
            .link("/document", |_: &Asked<'_>| Script::ok("content-type: text/css\r\n", format!("@import '/found';a{{b:url({}", "x".repeat(4 << 20))), Expect::Any)
            .hidden("/found", Script::page("found it"), kept("found it"))
            .hidden("/xx**", Script::page("too long"), Expect::Any)
            .exits(&[0])
            .within(30),
        document("many-escapes", "a million backslashes", css, || format!("@import '/found';{}", "\\".repeat(1_000_000)).into_bytes()),
        Behaviour::new("import-cycle", "style sheets that import each other")
            .markup("<link rel=stylesheet href=/1.css>")
            .hidden("/1.css", Script::ok(css, "@import '2.css';"), kept("@import '2.css';"))
            .hidden("/2.css", Script::ok(css, "@import '1.css'; @import '2.css';"), kept("@import '1.css'; @import '2.css';")),
        Behaviour::new("frame-cycle", "pages that are frames of each other")
            .markup("<iframe src=/1.html></iframe>")
            .hidden("/1.html", Script::page("<iframe src=2.html></iframe>"), kept("<iframe src=2.html></iframe>"))
            .hidden("/2.html", Script::page("<iframe src=1.html></iframe><iframe src=2.html></iframe>"), kept("<iframe src=1.html></iframe><iframe src=2.html></iframe>")),
        document("svg-bomb", "an SVG with a billion laughs", "content-type: image/svg+xml\r\n", || {
            format!("{}<svg xmlns='http://www.w3.org/2000/svg'><a href='/found'>&lol9;</a></svg>", laughs()).into_bytes()
        }),
        document("xhtml-bomb", "XHTML with a billion laughs and an entity from a file", "content-type: application/xhtml+xml\r\n", || {
            format!("{}<html xmlns='http://www.w3.org/1999/xhtml'><a href='/found'>&lol9;&file;</a></html>", laughs()).into_bytes()
        }).check(|seen| seen.nowhere("root:")),
        document("type-that-lies", "a page that is said to be an image is none; one that says nothing is one", "", || {
            format!("<!DOCTYPE html>{LINK}").into_bytes()
        }),
    ]
}

/// Entities that are made of ten of the one before, and one from a file of this machine.
fn laughs() -> String {
    let more: String = (1..10)
        .map(|it| {
            format!(
                "<!ENTITY lol{it} \"{}\">",
                format!("&lol{};", it - 1).repeat(10)
            )
        })
        .collect();
    format!(
        "<!DOCTYPE x [<!ENTITY lol0 \"lol\">{more}<!ENTITY file SYSTEM \"file:///etc/passwd\">]>"
    )
}
