//! What a thing is, whatever it is called.

use crate::refer::answer::{Answer, Coding, png};
use crate::refer::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let case = |name, body: &str| Case::new("types", name, body);
    let image = |name, address: &'static str, answer: Answer| {
        Case::new("types", name, &format!("<img src='{address}'>"))
            .at(address, answer)
            .loads("img")
    };
    let link = |name, address: &'static str, answer: Answer| {
        Case::new("types", name, &format!("<a id=go href='{address}'>go</a>"))
            .at(address, answer)
            .clicked()
    };
    let style = |name, address: &'static str, answer: Answer| {
        Case::new(
            "types",
            name,
            &format!("<link rel=stylesheet href='{address}'><p id=x>x</p>"),
        )
        .at(address, answer)
        .styled("#x")
    };
    let script = |name, address: &'static str, answer: Answer| {
        Case::new("types", name, &format!("<script src='{address}'></script>")).at(address, answer)
    };
    let coded = |name, coding| {
        Case::answered(
            "types",
            name,
            Answer::html("<!doctype html><link rel=stylesheet href=s.css><p id=x>x").coded(coding),
        )
        .at("s.css", Answer::css("#x { color: green }").coded(coding))
        .styled("#x")
    };
    let green = || png(21, [0, 128, 0]);
    let css = "#x { color: green }";
    let xhtml = |head: &str, body: &str| {
        format!(
            "<?xml version='1.0'?>{head}<html xmlns='http://www.w3.org/1999/xhtml'><head><title>x</title></head><body>{body}</body></html>"
        )
    };
    vec![
        coded("coding-gzip", Coding::Gzip),
        coded("coding-deflate", Coding::Deflate),
        coded("coding-brotli", Coding::Brotli),
        coded("coding-zstd", Coding::Zstd),
        image("coding-of-image", "i.svgz", Answer::typed("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' width='21' height='21'/>").coded(Coding::Gzip)),
        case("page-php", "<a id=go href='page.php?id=1'>go</a>").target("page.php?id=1").goes(),
        case("page-aspx", "<a id=go href=Default.aspx>go</a>").target("Default.aspx").goes(),
        case("page-without-ending", "<a id=go href=page>go</a>").target("page").goes(),
        case("page-with-version-for-ending", "<a id=go href=v1.2>go</a>").target("v1.2").goes(),
        case("page-called-png", "<a id=go href=page.png>go</a>").target("page.png").goes(),
        case("page-called-txt", "<a id=go href=page.txt>go</a>").target("page.txt").goes(),
        case("page-htm", "<a id=go href=PAGE.HTM>go</a>").target("PAGE.HTM").goes(),
        link("page-without-type", "page", Answer::bare("<!doctype html><title>x</title><p id=x>x")).says("#x", "x"),
        link("page-with-odd-type", "page", Answer::typed("Text/HTML ;x=1", "<!doctype html><title>x</title><p id=x>x")).says("#x", "x"),
        link("text-called-html", "page.html", Answer::typed("text/plain", "<p id=x>")).script("document.body.innerText.trim() === '<p id=x>'"),
        link("text-without-ending", "LICENSE", Answer::typed("text/plain; charset=utf-8", "free \u{e9}")).script("document.body.innerText.trim() === 'free \u{e9}'"),
        link("json", "d", Answer::typed("application/json", "{\"a\": 1}")).script("JSON.parse(document.querySelector('pre').innerText).a === 1"),
        image("image-without-ending", "i", Answer::typed("image/png", green())),
        image("image-php", "i.php?id=3", Answer::typed("image/png", green())),
        image("image-without-type", "i.png", Answer::bare(green())),
        image("image-without-anything", "i", Answer::bare(green())),
        image("image-of-wrong-type", "i.png", Answer::typed("image/jpeg", green())),
        image("image-of-bytes", "i.bin", Answer::typed("application/octet-stream", green())),
        image("image-of-text", "i.png", Answer::typed("text/plain", green())),
        image("image-called-html", "i.html", Answer::typed("image/png", green())),
        image("image-svg-without-ending", "i", Answer::typed("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' width='21' height='21'/>")),
        image("image-svg-php", "i.php", Answer::typed("image/svg+xml; charset=utf-8", "<svg xmlns='http://www.w3.org/2000/svg' width='21' height='21'/>")),
        style("style-php", "s.php?v=1", Answer::css(css)),
        style("style-of-query", "s.css?v=1.2", Answer::css(css)),
        style("style-without-ending", "s", Answer::typed("text/css;charset=utf-8", css)),
        style("style-without-type", "s.css", Answer::bare(css)),
        script("script-php", "s.php", Answer::ok()),
        script("script-of-query", "s.js?v=2&w=3", Answer::ok()),
        script("script-old-type", "s.js", Answer::typed("application/x-javascript", "window.ok = true")),
        script("script-of-text", "s.js", Answer::typed("text/plain", "window.ok = true")),
        script("script-without-type", "s", Answer::bare("window.ok = true")),
        script("script-called-html", "s.html", Answer::ok()),
        case("styles-of-two-queries", "<link rel=stylesheet href='s.css?a'><link rel=stylesheet href='s.css?b'><p id=x>x").at("s.css?a", Answer::css("#x { background: red }")).at("s.css?b", Answer::css("#x { background: white; color: green }"))
            .script("getComputedStyle(document.querySelector('#x')).color === 'rgb(0, 128, 0)' && getComputedStyle(document.querySelector('#x')).backgroundColor === 'rgb(255, 255, 255)'"),
        Case::answered("types", "xhtml", Answer::typed("application/xhtml+xml", xhtml("", "<script src='s.js'/><img src='i.png'/>"))).at("s.js", Answer::ok()).image("i.png").script("window.ok && document.images[0].naturalWidth === 21 && document.contentType === 'application/xhtml+xml'"),
        Case::answered("types", "xhtml-cdata", Answer::typed("application/xhtml+xml", xhtml("", "<p id='x'>x</p><style><![CDATA[ @import url('s.css'); ]]></style>"))).at("s.css", Answer::css(css)).styled("p"),
        Case::answered("types", "xhtml-style-instruction", Answer::typed("application/xhtml+xml", xhtml("<?xml-stylesheet href='s.css' type='text/css'?>", "<p id='x'>x</p>"))).at("s.css", Answer::css(css)).styled("#x"),
        Case::new("types", "xhtml-linked", "<a id=go href=page>go</a>").at("page", Answer::typed("application/xhtml+xml", xhtml("", "<img src='i.png'/>"))).image("i.png").clicked().loads("img"),
        link("svg-page", "page.svg", Answer::svg("<image id='i' href='i.png' width='60' height='60'/><a href='t.html'><rect/></a>")).image("i.png").green("image"),
        link("svg-page-link", "page.svg", Answer::svg("<a id='y' xlink:href='i.png'><rect width='9' height='9'/></a>")).image("i.png").script("new Promise(done => { const i = new Image(); i.onload = () => done(i.naturalWidth === 21); i.onerror = () => done(false); const a = document.querySelector('a'); i.src = new URL(a.href.baseVal, location) })"),
        link("svg-page-style", "page.svg", Answer::typed("image/svg+xml", "<?xml version='1.0'?><?xml-stylesheet href='s.css'?><svg xmlns='http://www.w3.org/2000/svg' width='60' height='60'><rect id='x' width='60' height='60'/></svg>")).at("s.css", Answer::css("rect { fill: green }")).green("#x"),
        link("xml-page-style", "page.xml", Answer::typed("text/xml", "<?xml version='1.0'?><?xml-stylesheet type='text/css' href='s.css'?><doc><x>text</x></doc>")).at("s.css", Answer::css("x { color: green }")).styled("x"),
    ]
}
