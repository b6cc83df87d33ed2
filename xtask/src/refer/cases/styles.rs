//! What sheets refer to.

use crate::refer::answer::Answer;
use crate::refer::case::Case;

pub(super) fn cases() -> Vec<Case> {
    // A page with this sheet, and a square to be painted.
    let sheet = |name, css: &str| {
        let page = "<link rel=stylesheet href=css/s.css><style>#x { width: 60px; height: 60px }</style><div id=x></div>";
        Case::new("styles", name, page).at("css/s.css", Answer::css(css))
    };
    let paints = |name, css: &str, address: &str| sheet(name, css).image(address).green("#x");
    // A sheet that imports another one.
    let imports = |name, css: &str| {
        Case::new(
            "styles",
            name,
            "<link rel=stylesheet href=css/s.css><p id=x>x</p>",
        )
        .at("css/s.css", Answer::css(css))
        .at("css/t.css", Answer::css("#x { color: green }"))
        .styled("#x")
    };
    let letter = |name, css: &str| {
        let page = "<link rel=stylesheet href=css/s.css><style>span { font: 20px W }</style><span id=x>A</span>";
        Case::new("styles", name, page)
            .at("css/s.css", Answer::css(css))
            .at("css/w.ttf", Answer::font())
            .script("document.querySelector('#x').offsetWidth === 60")
    };
    let shape = |name, css: &str| {
        let svg = "<filter id='f'><feFlood flood-color='green'/></filter><mask id='m' maskContentUnits='objectBoundingBox'><rect width='1' height='1' fill='white'/></mask>";
        sheet(name, css).at("css/s.svg", Answer::svg(svg))
    };
    vec![
        paints("css-url", "#x { background-image: url(i.png) }", "css/i.png"),
        paints("css-url-double-quoted", "#x { background: url( \"i.png\" ) }", "css/i.png"),
        paints("css-url-single-quoted", "#x { background: url('../i.png') }", "i.png"),
        paints("css-url-in-capitals", "#X, #x { BACKGROUND: URL(i.png) }", "css/i.png"),
        paints("css-url-escaped", "#x { background: url(\\69 \\2e png) }", "css/i.png"),
        paints("css-function-escaped", "#x { background: \\75rl(i.png) }", "css/i.png"),
        paints("css-url-of-parentheses", "#x { background: url(i\\(1\\).png) }", "css/i(1).png"),
        paints("css-url-of-spaces", "#x { background: url('i 1.png') }", "css/i%201.png"),
        paints("css-url-broken-string", "#x { background: url('i\\\n.png') }", "css/i.png"),
        paints("css-url-after-comments", "/* url(no.png) */ #x { background/**/: /* ' */ url(i.png) } /* unclosed", "css/i.png"),
        paints("css-several-backgrounds", "#x { background: url(missing.png), url(i.png), red }", "css/i.png"),
        paints("css-image-set", "#x { background: image-set('i.png' 1x, 'big.png' 9x) }", "css/i.png").at("css/big.png", Answer::image()),
        paints("css-image-set-prefixed", "#x { background: -webkit-image-set(url(i.png) 1x) }", "css/i.png"),
        paints("css-cross-fade", "#x { background: -webkit-cross-fade(url(i.png), url(i.png), 50%) }", "css/i.png"),
        paints("css-variable", "#x { --i: url(i.png); background: var(--i) }", "css/i.png"),
        paints("css-nested", "div { &#x { background: url(i.png) } }", "css/i.png"),
        paints("css-media-and-supports", "@media screen { @supports (color: red) { @layer a { @container (min-width: 0) { #y {} } #x { background: url(i.png) } } } }", "css/i.png"),
        paints("css-after-an-error", "} #y { color: ; ] background: url(x.png }) } #x { background: url(i.png) }", "css/i.png"),
        paints("css-content", "#x::before { content: url(i.png); display: block; transform: scale(3); transform-origin: 0 0; height: 0 }", "css/i.png"),
        paints("css-list-style", "#x { display: list-item; list-style: url(i.png) inside; transform: scale(1); line-height: 21px; zoom: 1 } #x { width: 21px; height: 21px }", "css/i.png").script("document.readyState === 'complete' && getComputedStyle(document.querySelector('#x')).listStyleImage !== 'none' && new Promise(done => { const i = new Image(); i.onload = () => done(i.naturalWidth === 21); i.onerror = () => done(false); i.src = getComputedStyle(document.querySelector('#x')).listStyleImage.slice(5, -2) })"),
        paints("css-border-image", "#x { border: 30px solid red; width: 0 !important; height: 0 !important; border-image: url(i.png) 7 fill / 30px / 0 repeat; outline: 0 }", "css/i.png"),
        paints("css-cursor", "#x { cursor: url(i.png), auto }", "css/i.png").script("new Promise(done => { const i = new Image(); i.onload = () => done(i.naturalWidth === 21); i.onerror = () => done(false); i.src = getComputedStyle(document.querySelector('#x')).cursor.match(/\"(.*)\"/)[1] })"),
        paints("css-mask", "#x { background: green; mask: url(i.png) }", "css/i.png"),
        paints("css-mask-prefixed", "#x { background: green; -webkit-mask-image: url('i.png') }", "css/i.png"),
        paints("css-shape-outside", "#x { float: left; shape-outside: url(i.png); background: url(i.png) } ", "css/i.png").script("getComputedStyle(document.querySelector('#x')).shapeOutside.startsWith('url') && new Promise(done => { const i = new Image(); i.onload = () => done(true); i.onerror = () => done(false); i.src = getComputedStyle(document.querySelector('#x')).shapeOutside.slice(5, -2) })"),
        shape("css-mask-of-svg-element", "#x { background: green; mask: url(s.svg#m) }").green("#x"),
        // Clipped, the red above shows the green below.
        Case::new("styles", "css-clip-path-file", "<link rel=stylesheet href=css/s.css><div id=x><div id=y></div></div>")
            .at("css/s.css", Answer::css("div { width: 60px; height: 60px; background: green } #y { background: red; clip-path: url(s.svg#c) }"))
            .at("css/s.svg", Answer::svg("<clipPath id='c'><rect width='9' height='9'/></clipPath>"))
            .green("#x"),
        shape("css-filter-file", "#x { background: red; filter: url(s.svg#f) }").green("#x"),
        paints("css-svg-background", "#x { background: url(s.svg) }", "unused").at("css/s.svg", Answer::svg("<rect width='60' height='60' fill='green'/>")),
        paints("css-svg-fragment", "#x { background: url(s.svg#green) }", "unused").at("css/s.svg", Answer::svg("<style>rect { display: none } rect:target { display: inline }</style><rect id='red' width='60' height='60' fill='red'/><rect id='green' width='60' height='60' fill='green'/>")),
        paints("css-other-host", "#x { background: url({there}/css-other-host/i.png) }", "unused").there("i.png", Answer::image()),
        paints("css-from-the-root", "#x { background: url(/css-from-the-root/i.png) }", "i.png"),
        Case::new("styles", "css-in-page", "<style>#x { width: 60px; height: 60px; background: url(i.png) }</style><div id=x></div>").image("i.png").green("#x"),
        Case::new("styles", "css-in-old-comment", "<style><!-- #x { width: 60px; height: 60px; background: url(i.png) } --></style><div id=x></div>").image("i.png").green("#x"),
        imports("import-url", "@import url(t.css);"),
        imports("import-string", "@import \"t.css\";"),
        imports("import-single-quoted", "@IMPORT 't.css'"),
        imports("import-media", "@import url('t.css') screen and (min-width: 1px);"),
        imports("import-layer", "@layer a; @import 't.css' layer(a);"),
        imports("import-supports", "@import url(t.css) supports(display: grid) all;"),
        imports("import-after-charset", "@charset \"utf-8\"; /* first */ @import 't.css';"),
        imports("import-other-host", "@import url({there}/import-other-host/t.css);").there("t.css", Answer::css("#x { color: green }")),
        imports("import-chain", "@import 'a/b/u.css';").at("css/a/b/u.css", Answer::css("@import url(../../c/v.css);")).at("css/c/v.css", Answer::css("@import '../t.css';")),
        imports("import-circle", "@import 'u.css'; @import 't.css';").at("css/u.css", Answer::css("@import 's.css';")),
        Case::new("styles", "import-in-page", "<style>@import url(t.css);</style><p id=x>x</p>").at("t.css", Answer::css("#x { color: green }")).styled("#x"),
        letter("font-face", "@font-face { font-family: W; src: url(w.ttf) }"),
        letter("font-face-formats", "@font-face { font-family: W; src: local('No Such'), url(w.xyz) format('xyz'), url('w.ttf?v=1#iefix') format('truetype'), url(w.eot?#iefix) format('embedded-opentype') }").at("css/w.ttf?v=1", Answer::font()),
        letter("font-face-other-host", "@font-face { font-family: W; src: url({there}/font-face-other-host/w.ttf) }").there("w.ttf", Answer::font()),
        Case::new("styles", "css-with-base", "<base href=sub/><style>#x { width: 60px; height: 60px; background: url(i.png) }</style><div id=x></div>").image("sub/i.png").green("#x"),
        Case::new("styles", "css-nothing-to-load", "<style>@namespace svg url(http://www.w3.org/2000/svg); #x { color: green; behavior: url(#default) }</style><p id=x>x</p>").styled("#x"),
    ]
}
