//! Every way of referring that is known: what is found, for what, and where.

use Kind::{Base, Embedded, Hint, Navigation, Requisite};
use dragline_links::{
    Document, Edit, Format, Kind, Link, Role, each_target, each_target_and_spans, extract,
};
use url::Url;

fn url() -> Url {
    "http://h/d/page".parse().expect("it is a URL")
}

fn check(format: Format, content: &str, expected: &[(&str, Kind, Role)]) {
    let links = extract(content.as_bytes(), format, Some("utf-8"), &url());
    let found: Vec<_> = links
        .iter()
        .map(|link| (link.url.as_str(), link.kind, link.role))
        .collect();
    assert_eq!(found, expected, "{content}");
}

/// One link, to `http://h/d/x`.
fn one(content: &str, kind: Kind, role: Role) {
    check(Format::Html, content, &[("http://h/d/x", kind, role)]);
}

fn moved(format: Format, content: &str, new: &str) -> String {
    let document = Document::new(content.as_bytes(), format, Some("utf-8"), &url());
    let edit = |_: &Link| Some(Edit::Url(new.to_owned()));
    String::from_utf8_lossy(&document.rewrite("", edit)).into_owned()
}

#[test]
fn elements_of_html() {
    one("<a ping='x'>", Hint, Role::Ping);
    one("<img lowsrc=x>", Requisite, Role::Image);
    one("<input type=image src=x>", Requisite, Role::Image);
    one("<td background=x>", Requisite, Role::Image);
    one("<blockquote cite=x>", Navigation, Role::Citation);
    one("<img longdesc=x>", Navigation, Role::Citation);
    one(
        "<script type=Module src=x></script>",
        Requisite,
        Role::ModuleScript,
    );
    one(
        "<script src=x>import './no'</script>",
        Requisite,
        Role::Script,
    );
    one("<bgsound src=x>", Requisite, Role::Media);
    one("<head profile=x>", Hint, Role::Related);
    one("<applet code=x>", Requisite, Role::Object);
    one("<param name=movie value='/d/x'>", Embedded, Role::Object);
    one("<noscript><img src=x></noscript>", Requisite, Role::Image);
    one("<template><img src=x></template>", Requisite, Role::Image);
    check(
        Format::Html,
        "<object codebase=/c/ data=a archive='b c'>",
        &[
            ("http://h/c/", Base, Role::Object),
            ("http://h/d/a", Embedded, Role::Object),
            ("http://h/c/b", Requisite, Role::Object),
            ("http://h/c/c", Requisite, Role::Object),
        ],
    );
    check(
        Format::Html,
        "<script href=x></script><div srcset='x 1x'>",
        &[],
    );
}

#[test]
fn rels_of_links() {
    for (rel, kind, role) in [
        ("apple-touch-icon", Requisite, Role::Icon),
        ("mask-icon", Requisite, Role::Icon),
        ("manifest", Requisite, Role::Manifest),
        ("preload", Requisite, Role::Preload),
        ("modulepreload", Requisite, Role::ModulePreload),
        ("alternate stylesheet", Requisite, Role::Stylesheet),
        ("prefetch", Requisite, Role::Prefetch),
        ("pingback", Hint, Role::Ping),
        ("prev", Navigation, Role::Related),
        ("canonical", Navigation, Role::Canonical),
        ("alternate", Navigation, Role::Alternate),
    ] {
        one(&format!("<link rel='{rel}' href=x>"), kind, role);
    }
    one(
        "<link rel=alternate type='application/atom+xml' href=x>",
        Navigation,
        Role::Feed,
    );
    one(
        "<link itemprop=image href=x>",
        Requisite,
        Role::StructuredData,
    );
}

#[test]
fn metas() {
    for name in ["property=og:image", "name=twitter:image", "name=thumbnail"] {
        one(
            &format!("<meta {name} content=x>"),
            Requisite,
            Role::Preview,
        );
    }
    one(
        "<meta name=msapplication-TileImage content=x>",
        Requisite,
        Role::Icon,
    );
    one("<meta property=og:url content=x>", Hint, Role::Canonical);
    check(
        Format::Html,
        "<meta name=msapplication-TileColor content=x><meta name=a content=x>",
        &[],
    );
}

#[test]
fn what_scripts_will_show() {
    one("<img data-src='/d/x'>", Requisite, Role::Lazy);
    one("<iframe data-src='/d/x'></iframe>", Embedded, Role::Lazy);
    one("<div data-bg='url(x)'>", Requisite, Role::Lazy);
    one("<img data-srcset='x 2x'>", Requisite, Role::Lazy);
    check(
        Format::Html,
        "<img data-src=true><div data-original='{\"a\":1}'>",
        &[],
    );
}

#[test]
fn svg_within_html_and_alone() {
    let svg = "<svg><image href=a /><use xlink:href='b#c'/><g filter='url(d#e)' mask=\"url(f#g)\" clip-path='url(#h)'/>\
               <style>@import 'i';</style><script href='j'/><a href=k /><feImage href=l /></svg>";
    for format in [Format::Html, Format::Xml] {
        check(
            format,
            svg,
            &[
                ("http://h/d/a", Requisite, Role::Image),
                ("http://h/d/b#c", Requisite, Role::Use),
                ("http://h/d/d#e", Requisite, Role::Paint),
                ("http://h/d/f#g", Requisite, Role::Mask),
                ("http://h/d/i", Requisite, Role::StyleImport),
                ("http://h/d/j", Requisite, Role::Script),
                ("http://h/d/k", Navigation, Role::Anchor),
                ("http://h/d/l", Requisite, Role::Image),
            ],
        );
    }
    check(
        Format::Xml,
        "<?xml version='1.0'?><?xml-stylesheet type='text/css' href='a'?><!DOCTYPE svg [<!ENTITY x '<a href=\"no\">'>]>\
         <svg><style><![CDATA[b{c:url(d)}]]></style><style>e{f:url(&quot;g&quot;)}</style></svg>",
        &[
            ("http://h/d/a", Requisite, Role::Stylesheet),
            ("http://h/d/d", Requisite, Role::Image),
            ("http://h/d/g", Requisite, Role::Image),
        ],
    );
}

#[test]
fn html_is_html_again_where_foreign_content_ends() {
    for page in [
        "<svg><p><title><a href=no></title><a href=x>",
        "<svg><foreignObject><title><a href=no></title></foreignObject><a href=x></svg>",
        "<svg></svg><style><a href=no></style><a href=x>",
        "<math><mi><title><a href=no></title></mi><a href=x></math>",
        "<svg><g></svg><title><a href=no></title><a href=x>",
        "<svg><style><a href=x></style>",
        "<svg><font color=red><title><a href=no></title><a href=x>",
    ] {
        one(page, Navigation, Role::Anchor);
    }
}

#[test]
fn documents_within_documents() {
    let page = "<base href=/b/><iframe srcdoc='<img src=&quot;x&quot;><base href=c/><a href=y>\
                <iframe srcdoc=\"&lt;a href=&amp;#39;z&amp;#39;>\"></iframe>'></iframe>";
    check(
        Format::Html,
        page,
        &[
            ("http://h/b/", Base, Role::Base),
            ("http://h/b/c/x", Requisite, Role::Image),
            ("http://h/b/c/", Base, Role::Base),
            ("http://h/b/c/y", Navigation, Role::Anchor),
            ("http://h/b/c/z", Navigation, Role::Anchor),
        ],
    );
    assert_eq!(
        moved(
            Format::Html,
            "<iframe srcdoc='<img src=\"x\"><iframe srcdoc=\"&lt;a href=&amp;quot;y&amp;quot;>\">'></iframe>",
            "k'\"&"
        ),
        "<iframe srcdoc='<img src=\"k&#39;&amp;quot;&amp;amp;\"><iframe srcdoc=\"&lt;a href=&amp;quot;\
         k&#39;&amp;amp;quot;&amp;amp;amp;&amp;quot;>\">'></iframe>"
    );
    // An element in it is escaped as it is.
    let page = "<iframe srcdoc=\"<script type=module src=a></script>b\"></iframe>";
    let document = Document::new(page.as_bytes(), Format::Html, None, &url());
    let new = document.rewrite("", |_| {
        Some(Edit::Element("<script>\"&\"</script>".to_owned()))
    });
    assert_eq!(
        String::from_utf8_lossy(&new),
        "<iframe srcdoc=\"<script>&quot;&amp;&quot;</script>b\"></iframe>"
    );
}

#[test]
fn scripts_within_documents() {
    check(
        Format::Html,
        "<script type=importmap>{\"imports\":{\"m\":\"./a\"}}</script><script type=module>import './b'; import 'm'</script>\
         <script>import('./c')</script><script type=text/x-template>import './no'</script>\
         <script type='application/ld+json'>{\"image\":\"d\"}</script>",
        &[
            ("http://h/d/a", Requisite, Role::ImportMap),
            ("http://h/d/b", Requisite, Role::ModuleImport),
            ("http://h/d/c", Requisite, Role::ModuleImport),
            ("http://h/d/d", Requisite, Role::StructuredData),
        ],
    );
    // A module's name must not become a bare one.
    assert_eq!(
        moved(Format::Script, "import './a'", "k/b.js"),
        "import './k/b.js'"
    );
    assert_eq!(
        moved(Format::Script, "import '/a'", "../b.js"),
        "import '../b.js'"
    );
    assert_eq!(
        moved(Format::Script, "import '/a'", "b'c"),
        "import './b\\u0027c'"
    );
    let page = "<script type=module>\nimport './b' </script >";
    let links = extract(page.as_bytes(), Format::Html, None, &url());
    assert_eq!(&page[links[0].tag.clone()], "<script type=module>");
    assert_eq!(&page[links[0].element.clone()], page);
}

#[test]
fn sitemaps() {
    check(
        Format::Xml,
        "<?xml version='1.0'?><urlset><url><loc>\n http://h/a?b&amp;c </loc><lastmod>http://h/no</lastmod>\
         <image:image><image:loc>http://h/i</image:loc></image:image><xhtml:link href='http://h/de'/></url>\
         <url><loc><![CDATA[http://h/e]]></loc></url></urlset>",
        &[
            ("http://h/a?b&c", Navigation, Role::Entry),
            ("http://h/i", Requisite, Role::Image),
            ("http://h/de", Navigation, Role::Alternate),
            ("http://h/e", Navigation, Role::Entry),
        ],
    );
    check(
        Format::Xml,
        "<sitemapindex><sitemap><loc>http://h/a</loc></sitemap></sitemapindex>",
        &[("http://h/a", Navigation, Role::Sitemap)],
    );
    check(
        Format::List,
        "\u{feff}http://h/a\r\n\nnot a url\n  https://h/b  \nftp://h/c",
        &[
            ("http://h/a", Navigation, Role::Entry),
            ("https://h/b", Navigation, Role::Entry),
        ],
    );
}

#[test]
fn feeds() {
    check(
        Format::Xml,
        "<rss><channel><link>http://h/</link><image><url>a</url></image><item><link>b</link><enclosure url='c'/>\
         <media:thumbnail url='d'/><description>&lt;img src='e'&gt;</description>\
         <content:encoded><![CDATA[<a href=\"f\">]]></content:encoded></item></channel></rss>",
        &[
            ("http://h/", Navigation, Role::Entry),
            ("http://h/d/a", Requisite, Role::Image),
            ("http://h/d/b", Navigation, Role::Entry),
            ("http://h/d/c", Requisite, Role::Media),
            ("http://h/d/d", Requisite, Role::Image),
            ("http://h/d/e", Requisite, Role::Image),
            ("http://h/d/f", Navigation, Role::Anchor),
        ],
    );
    check(
        Format::Xml,
        "<feed xml:base='/f/'><link rel='self' href='a'/><entry xml:base='g/'><link href='b'/><content type='html'>\
         &lt;a href=c></content></entry><link rel='enclosure' href='e'/><logo>l</logo></feed>",
        &[
            ("http://h/f/a", Navigation, Role::Feed),
            ("http://h/f/g/b", Navigation, Role::Entry),
            ("http://h/f/g/c", Navigation, Role::Anchor),
            ("http://h/f/e", Requisite, Role::Media),
            ("http://h/f/l", Requisite, Role::Image),
        ],
    );
    check(
        Format::Xml,
        "<rss><item><comments>a</comments><slash:comments>5</slash:comments></item></rss>",
        &[("http://h/d/a", Navigation, Role::Entry)],
    );
    check(
        Format::Xml,
        "<opml><outline xmlUrl='a' htmlUrl='b'/></opml>",
        &[
            ("http://h/d/a", Navigation, Role::Feed),
            ("http://h/d/b", Navigation, Role::Entry),
        ],
    );
    assert_eq!(
        moved(
            Format::Xml,
            "<rss><link>a</link><description>&lt;a href=\"b\"></description></rss>",
            "k&"
        ),
        "<rss><link>k&amp;</link><description>&lt;a href=\"k&amp;amp;\"></description></rss>"
    );
}

#[test]
fn what_a_stylesheet_of_xslt_computes_is_not_known() {
    check(
        Format::Xml,
        "<xsl:stylesheet version='1.0'><a href='{loc}'/><a href='b?{c}'/><link rel='stylesheet' href='d'/>\
         <style>p { background: url(e) }</style></xsl:stylesheet>",
        &[
            ("http://h/d/d", Requisite, Role::Stylesheet),
            ("http://h/d/e", Requisite, Role::Image),
        ],
    );
}

#[test]
fn names_of_files_in_data_for_scripts_are_guesses() {
    let document = "<script type=application/json>{\"a.js\": \"b.js\", \"c\": [\"d/e.json\", \"f g.js\"]}</script>\
                    <script type=text/x-template>'h.js'</script>";
    let mut found = Vec::new();
    let each =
        |target: &dragline_links::Target, kind| found.push((target.as_str().to_owned(), kind));
    let url = Url::parse("http://h/").unwrap();
    each_target_and_spans(document.as_bytes(), Format::Html, None, &url, each);
    let expected = ["http://h/b.js", "http://h/d/e.json"].map(|url| (url.to_owned(), Kind::Guess));
    assert_eq!(found, expected);
    assert!(extract(document.as_bytes(), Format::Html, None, &url).is_empty());
}

/// The cases of the web platform tests' `parse-a-srcset-attribute`, as far as they are about where
/// URLs begin and end.
#[test]
fn where_a_script_goes_is_a_link() {
    for script in [
        "window.location.href = '/d/x'",
        "location='/d/x';",
        "top.location = \"/d/x\" }",
        "window.top.location = '/d/x'\nfoo()",
        "location.href = 'x'",
        "document.location.replace(`/d/x`)",
        "location.assign('/d/x')",
        "window.open('/d/x', 'w', 'width=300')",
    ] {
        let page = format!("<script>{script}</script>");
        one(&page, Navigation, Role::Refresh);
        let new = page.replace("/d/x", "y.html").replace("'x'", "'y.html'");
        assert_eq!(moved(Format::Html, &page, "y.html"), new);
        let script = script.replace(['"', '`'], "'");
        one(
            &format!("<b onclick=\"if (a) {script}\">"),
            Navigation,
            Role::Refresh,
        );
        let asks = format!("<b onclick=\"if (confirm('?')) {script}\">");
        check(Format::Html, &asks, &[]);
        let link = format!("<a href=\"JavaScript: {}\">", script.replace('\'', "%27"));
        assert_eq!(guesses(Format::Html, &link), ["x"], "{link}");
        check(Format::Html, &link, &[]);
        assert_eq!(extract(script.as_bytes(), Format::Script, None, &url()), []);
    }
    for script in [
        "location == '/x'",
        "location.href = '/x' + y",
        "location.href = '/x?y=' /* y */ + y",
        "location = '/x' // y\n + y",
        "location = '/x'\n + y",
        "location.href = y + '/x'",
        "location = y ? '/x' : '/z'",
        "location.hash = '/x'",
        "location.href.replace('/x', '')",
        "location.replace('http:', 'https:')",
        "location.pathname.replace('/x', '')",
        "db.open('/x')",
        "document.open('text/html')",
        "window.open('', 'x')",
        "user.location = '/x'",
        "this.location = '/x'",
        "var location = '/x'",
        "let location='/x'",
        "location = 'Berlin'",
        "function f({location='home'}) {}",
        "window.location = 'Paris, France'",
        "class A { static location = '/x' }",
    ] {
        check(Format::Html, &format!("<script>{script}</script>"), &[]);
    }
    let quoted = "<a onclick='location=\"/x\"'>";
    assert_eq!(
        moved(Format::Html, quoted, "a'b"),
        "<a onclick='location=\"a\\u0027b\"'>"
    );
}

fn guesses(format: Format, content: &str) -> Vec<String> {
    let mut guesses = Vec::new();
    each_target(content.as_bytes(), format, None, &url(), |target, kind| {
        if kind == Kind::Guess {
            guesses.push(target.as_str().replace("http://h/d/", ""));
        }
    });
    guesses
}

#[test]
fn what_scripts_write_and_handlers_name_are_guesses() {
    let written = r#"document.write('<a href="a.php?b=1">c</a><img src=d.png alt="e.gif">' + "<a href='/f/'>");
        x.innerHTML = "<a href=\"g?h=" + i + "\"><b class='j.k'>"; write('"l.html"')"#;
    let expected = ["a.php?b=1", "d.png", "e.gif", "http://h/f/", "l.html"];
    assert_eq!(guesses(Format::Script, written), expected);
    let page = format!("<script>{written}</script>");
    assert_eq!(guesses(Format::Html, &page), expected);
    for (page, expected) in [
        ("<img onmouseover=\"this.src='a.png'\">", &["a.png"][..]),
        (
            "<body onload=\"preload('a.png', 'b.png')\">",
            &["a.png", "b.png"],
        ),
        ("<a href=\"javascript:popup('a.html')\">", &["a.html"]),
        (
            "<option value=a.html><option value=b><option value=/c/>",
            &["a.html", "http://h/c/"],
        ),
        (
            "<b data-cast=a.json hx-get=/b><redoc spec-url=c.yaml>",
            &["a.json", "http://h/b", "c.yaml"],
        ),
        (
            "<script>$(`<div><a href=\"a.html\"><img src='b/c.png'></div>`)</script>",
            &["a.html", "b/c.png"],
        ),
        (
            "<script>document.write('<IMG SRC=\"a/b.gif\"><b c=\"d.png\">')</script>",
            &["a/b.gif", "d.png"],
        ),
        (
            "<script>x.innerHTML = \"<A HREF='/b/'><td Background='e/f.gif'>\"</script>",
            &["http://h/b/", "e/f.gif"],
        ),
        ("<script>x('node_modules/a.js')</script>", &[]),
    ] {
        assert_eq!(guesses(Format::Html, page), expected, "{page}");
        assert_eq!(
            extract(page.as_bytes(), Format::Html, None, &url()),
            [],
            "{page}"
        );
    }
}

#[test]
fn the_pictures_of_leaflets_markers_are_guesses() {
    let style = ".leaflet-default-icon-path { background-image: url(images/marker-icon.png) }";
    let expected = ["images/marker-icon-2x.png", "images/marker-shadow.png"];
    assert_eq!(guesses(Format::Css, style), expected);
    assert_eq!(
        guesses(Format::Css, "a { b: url(my-marker-icon.png) }"),
        [""; 0]
    );
}

#[test]
fn attributes_of_elements_that_scripts_make() {
    one("<tr data-href=/d/x>", Navigation, Role::Anchor);
    one("<amp-img src=/d/x>", Requisite, Role::Lazy);
    one(
        "<section data-background-iframe=/d/x>",
        Embedded,
        Role::Lazy,
    );
    one("<a data-pswp-src=/d/x>", Requisite, Role::Lazy);
    one("<amp-img srcset='/d/x 2x'>", Requisite, Role::Image);
    for name in ["component", "renderer", "before-hydration"] {
        let island = format!("<astro-island {name}-url=/d/x>");
        one(&island, Requisite, Role::ModuleImport);
    }
}

#[test]
fn srcset_as_in_the_web_platform_tests() {
    for (srcset, expected) in [
        ("", &[][..]),
        (",", &[]),
        (",,,", &[]),
        ("  data:,a  1x  ", &[]),
        ("/a", &["/a"]),
        ("/a 1x", &["/a"]),
        (",,/a", &["/a"]),
        (", , /a ,", &["/a"]),
        ("/a, /b", &["/a", "/b"]),
        ("/a ,/b", &["/a", "/b"]),
        ("/a 1x,/b 2x", &["/a", "/b"]),
        ("/a,/b", &["/a,/b"]),
        ("/a,,/b", &["/a,,/b"]),
        ("/a,, /b", &["/a", "/b"]),
        ("/a 1x,,,/b", &["/a", "/b"]),
        ("/a \u{b} 1x", &["/a"]),
        ("\t\n\u{c}\r/a\t1x", &["/a"]),
        ("\u{a0}/a 1x", &["%C2%A0/a"]),
        ("/a (,)x, /b", &["/a", "/b"]),
        ("/a ( , /b", &["/a"]),
        ("/a (), /b", &["/a", "/b"]),
        ("/a x(, /no), /b", &["/a", "/b"]),
        ("/a 50w 1x, /b 1h", &["/a", "/b"]),
        ("/a\n\n1x\n,\n/b", &["/a", "/b"]),
    ] {
        let page = format!("<img srcset='{srcset}'>");
        let links = extract(page.as_bytes(), Format::Html, Some("utf-8"), &url());
        let found: Vec<_> = links.iter().map(|link| link.url.as_str()).collect();
        let base = url();
        let expected: Vec<_> = expected
            .iter()
            .filter_map(|url| base.join(url).ok())
            .collect();
        let expected: Vec<_> = expected.iter().map(Url::as_str).collect();
        assert_eq!(found, expected, "{srcset:?}");
    }
}

#[test]
fn policies_are_left_out_where_that_is_wanted() {
    let page = "<meta http-equiv=' content-Security-policy ' content=\"default-src 'none'\"><a href=x>\
                <meta http-equiv=refresh content=1>\
                <iframe srcdoc='<meta http-equiv=Content-Security-Policy content=&quot;&amp;quot;&quot;>x'></iframe>";
    let rewritten = |page: &[u8], drops: bool| {
        let url = url();
        let mut document = Document::new(page, Format::Html, None, &url);
        assert_eq!(if drops { document.drop_policies() } else { 2 }, 2);
        document.rewrite("", |_| None).into_owned()
    };
    assert_eq!(rewritten(page.as_bytes(), false), page.as_bytes());
    let without = "<a href=x><meta http-equiv=refresh content=1><iframe srcdoc='x'></iframe>";
    assert_eq!(
        String::from_utf8_lossy(&rewritten(page.as_bytes(), true)),
        without
    );
    let wide = |text: &str| -> Vec<u8> {
        let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    };
    assert_eq!(rewritten(&wide(page), true), wide(without));
}

#[test]
fn a_link_in_a_nested_document_is_told_apart() {
    let page = b"<a href=x></a><iframe srcdoc='<a href=y>'></iframe>";
    let links = extract(page, Format::Html, None, &url());
    let nested: Vec<_> = links.iter().map(Link::is_nested).collect();
    assert_eq!(nested, [false, true]);
}

/// What is said again and again is told once, and counts once.
#[test]
fn targets_are_told_once_however_often_they_are_named() {
    let page = "<a href=/t>t</a><img src=/t><a href=' /t#x '>t</a>".repeat(150_000);
    let mut found = Vec::new();
    let searched = each_target(
        page.as_bytes(),
        Format::Html,
        None,
        &url(),
        |target, kind| {
            found.push((target.to_url().path().to_owned(), kind));
        },
    );
    let (t, [page, need]) = ("/t".to_owned(), [Kind::Navigation, Kind::Requisite]);
    assert_eq!(found, [(t.clone(), page), (t, need)]);
    assert!(searched.is_whole);
}

#[test]
fn targets_beyond_the_most_that_are_looked_for_are_said_to_be() {
    let page: String = (0..100_001).map(|n| format!("<a href={n}>")).collect();
    let mut found = 0;
    let searched = each_target(page.as_bytes(), Format::Html, None, &url(), |_, _| {
        found += 1;
    });
    assert_eq!((found, searched.is_whole), (100_000, false));
}

#[test]
fn a_page_may_ask_crawlers_to_follow_no_link() {
    let asked =
        |page: &str| each_target(page.as_bytes(), Format::Html, None, &url(), |_, _| {}).nofollow;
    assert_eq!(
        asked("<meta name=Robots content='noindex, NoFollow'>"),
        ["robots"]
    );
    assert_eq!(
        asked("<meta name=googlebot content=none><meta name=a content=nofollow>"),
        ["googlebot", "a"]
    );
    assert!(
        asked(
            "<meta name=robots content='index,follow'><meta name=description content='a nofollow'>"
        )
        .is_empty()
    );
}

#[test]
fn a_page_may_be_a_version_of_another() {
    let of = |page: &str| {
        let url = url().join("list?a").unwrap();
        let searched = each_target(page.as_bytes(), Format::Html, None, &url, |_, _| {});
        searched.canonical.map(|target| target.as_str().to_owned())
    };
    let there = url().join("list").unwrap();
    let named = "<link rel=Canonical href=list><link rel=canonical href=b>";
    let linked = format!("<a href=list>a</a>{named}<a href='/d/list#b'>");
    assert_eq!(
        of(&linked),
        Some(there.into()),
        "though it is linked to before"
    );
    assert_eq!(
        of(&format!("{named}<a href=a>")),
        None,
        "no link leads there"
    );
    let link = "<a href=list>a</a>";
    for other in ["list?a", "list2", "/list"] {
        assert_eq!(
            of(&format!(
                "{link}<a href={other}><link rel=canonical href={other}>"
            )),
            None
        );
    }
    let others = "<meta property=og:url content=list><link rel=next href=list>";
    assert_eq!(of(&format!("{link}{others}")), None);
}

#[test]
fn a_name_that_an_import_map_gives_a_meaning_is_a_link() {
    let page = "<script type=importmap>{\"imports\": {\"lib/\": \"./js/\", \"lib/a/\": \"/a/\", \"x\": \"./x.js\"}}</script>\
                <script type=module>import 'lib/n.js'; import 'lib/a/b.js'; import 'x'; import 'y'; import('lib/d.js')</script>";
    let found = extract(page.as_bytes(), Format::Html, None, &url());
    let imports = found.iter().filter(|link| link.role == Role::ModuleImport);
    let imports: Vec<_> = imports.map(|link| link.url.as_str()).collect();
    assert_eq!(
        imports,
        [
            "http://h/d/js/n.js",
            "http://h/a/b.js",
            "http://h/d/js/d.js"
        ]
    );
}

#[test]
fn a_form_that_is_sent_by_get_leads_somewhere_and_any_other_does_not() {
    let check = |page: &str, kind| one(page, kind, Role::Form);
    check("<form action=x>", Navigation);
    check("<form method=' Get ' action=x>", Navigation);
    check("<form method=post action=x>", Hint);
    check("<form action=x method=dialog>", Hint);
    check("<form><button formaction=x>", Navigation);
    check("<form method=post></form><input formaction=x>", Hint);
    check(
        "<form method=post><button formmethod=get formaction=x>",
        Navigation,
    );
    check("<form><button formmethod=post formaction=x>", Hint);
}

#[test]
fn of_what_is_said_very_often_no_spans_are_kept() {
    let url = Url::parse("http://h/").unwrap();
    let found = |format, page: &str| {
        let mut found = 0;
        let each = |_: &_, _| found += 1;
        let spans = each_target_and_spans(page.as_bytes(), format, Some("utf-8"), &url, each).1;
        (found, spans.is_some())
    };
    let page = |times| "<a href=a>".repeat(times) + "<a href=b>";
    assert_eq!(found(Format::Html, &page(9_000)), (2, true));
    assert_eq!(found(Format::Html, &page(11_000)), (2, false));
    let feed =
        "<rss><link>http://h/</link><item><description>&lt;a href=a></description></item></rss>";
    assert_eq!(found(Format::Xml, feed), (2, true));
    assert_eq!(found(Format::Css, "a{b:url(c)}"), (1, true));
}

/// They are told to a crawl, and are no links.
#[test]
fn of_guesses_no_spans_are_kept_but_of_what_a_script_fetches() {
    let script = "fetch('a.json'); s = 'b.html'; import './c.js'; new Worker('d.js')";
    let (content, format) = (script.as_bytes(), Format::Script);
    let mut told = 0;
    let each = |_: &_, _| told += 1;
    let (_, spans) = each_target_and_spans(content, format, None, &url(), each);
    let known = Document::with_spans(content, format, None, &url(), &spans.unwrap()).unwrap();
    let links: Vec<_> = known.links().collect();
    assert_eq!((told, links.len()), (4, 3));
    let sought = Document::new(content, format, None, &url());
    assert_eq!(links, sought.links().collect::<Vec<_>>());
}

/// A page whose links are cut off has none: they might be cut off elsewhere when it is searched again.
#[test]
fn of_what_is_cut_off_no_spans_are_kept() {
    let spans = |page: &str| {
        let (searched, spans) = each_target_and_spans(
            page.as_bytes(),
            Format::Html,
            Some("utf-8"),
            &url(),
            |_, _| {},
        );
        (searched.is_whole, spans.is_some())
    };
    let distinct = |count: usize| {
        (0..count)
            .map(|n| format!("<a href=b{n}>"))
            .collect::<String>()
    };
    let many = "<a href=a>".repeat(9_000) + &distinct(96_000);
    assert_eq!(spans(&many), (true, false));
    assert_eq!(spans(&distinct(99_999)), (true, true));
    let guesses: String = (0..256).map(|n| format!("s=\"d{n}.html\";")).collect();
    let names = guesses + &"import \"x\";".repeat(99_900) + "import \"./y.js\";";
    let script = each_target_and_spans(names.as_bytes(), Format::Script, None, &url(), |_, _| {});
    assert!(!script.0.is_whole && script.1.is_none());
    assert_eq!(
        spans(&format!("<script type=module>{names}</script>")),
        (false, false)
    );
}

#[test]
fn no_small_page_has_a_large_heap_by_long_names() {
    let address = "a".repeat(40_000);
    let map = format!("<script type=importmap>{{\"imports\":{{\"x/\":\"/{address}/\"}}}}</script>");
    let found = |page: String| {
        let mut found = 0;
        let each = |_: &_, _| found += 1;
        let spans = each_target_and_spans(page.as_bytes(), Format::Html, None, &url(), each).1;
        let links = extract(page.as_bytes(), Format::Html, None, &url()).len();
        (
            found,
            links,
            spans.map_or(0, |spans| spans.as_bytes().len()),
        )
    };
    let module = |name: &str| format!("<script type=module>import'x/{name}'</script>");
    let (one, links, spans) = found(map.clone() + &module("a").repeat(3_000));
    assert_eq!((one, spans), (2, 0));
    assert!(links < 400, "{links}");
    let distinct: String = (0..3_000).map(|n| module(&n.to_string())).collect();
    let (many, links, spans) = found(map.clone() + &distinct);
    assert!(many < 400 && links < 400, "{many} {links}");
    assert_eq!(spans, 0);
}
