//! Pages and pictures that something else than a link or an element tells of.

use crate::refer::answer::Answer;
use crate::refer::case::Case;

/// A case of a page that only this file tells of. The file is named by robots.txt, or a page's head.
fn map(name: &'static str, address: &str, answer: Answer) -> Case {
    Case::new("discovery", name, "<p>Nothing leads on from here.</p>")
        .at(address, answer)
        .target("hidden.html")
        .hidden("hidden.html")
}

fn urlset(page: &str) -> String {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>{{here}}/{page}</loc></url></urlset>"
    )
}

/// What robots.txt says.
const ROBOTS: &str = "User-agent: *\nAllow: /\n
Sitemap: {here}/sitemap-of-robots/map.xml\nsitemap: {here}/sitemap-index/index.xml\nSitemap:{here}/sitemap-gz/map.xml.gz
Sitemap: {here}/sitemap-text/map.txt\n";

pub(super) fn cases() -> Vec<Case> {
    let xml = |text: &str| Answer::typed("application/xml", text);
    let head = |name, head: &str, address: &str, answer| {
        Case::new("discovery", name, head)
            .at(address, answer)
            .target("hidden.html")
            .hidden("hidden.html")
    };
    let picture = |name, head: &str, script: &str| {
        let script = format!("{head}<img><script>document.images[0].src = {script}</script>");
        Case::new("discovery", name, &script)
            .image("i.png")
            .loads("img")
    };
    vec![
        map("sitemap-at-its-place", "/sitemap.xml", xml(&urlset("sitemap-at-its-place/hidden.html"))),
        map("sitemap-of-robots", "map.xml", xml(&urlset("sitemap-of-robots/hidden.html"))).at("/robots.txt", Answer::typed("text/plain", ROBOTS)),
        map("sitemap-index", "index.xml", xml("<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc> {here}/sitemap-index/map.xml </loc></sitemap></sitemapindex>"))
            .at("map.xml", xml(&urlset("sitemap-index/hidden.html"))),
        map("sitemap-gz", "map.xml.gz", Answer::typed("application/gzip", urlset("sitemap-gz/hidden.html")).packed()),
        map("sitemap-text", "map.txt", Answer::typed("text/plain", "{here}/sitemap-text/hidden.html\n")),
        head("feed-rss", "<link rel=alternate type=application/rss+xml href=feed>", "feed",
            Answer::typed("application/rss+xml", "<rss version='2.0'><channel><item><link>{here}/feed-rss/hidden.html</link></item></channel></rss>")),
        head("feed-atom", "<link rel=alternate type=application/atom+xml href=feed>", "feed",
            Answer::typed("application/atom+xml", "<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='hidden.html'/></entry></feed>")),
        head("feed-linked-only", "<a href=feed.xml>feed</a>", "feed.xml",
            Answer::typed("text/xml", "<?xml version='1.0'?><rss version='2.0'><channel><item><link><![CDATA[{here}/feed-linked-only/hidden.html]]></link></item></channel></rss>")),
        Case::answered("discovery", "link-header", Answer::html("<title>x</title>").header("link", "<hidden.html>; rel=\"next\"; title=\"a, b\", <x>; rel=none"))
            .target("hidden.html").hidden("hidden.html"),
        Case::answered("discovery", "refresh-header", Answer::html("<title>x</title>").header("refresh", "0; url=t.html")).target("t.html").arrives(),
        picture("open-graph", "<meta property=og:image content=i.png>", "document.querySelector('meta[property]').content"),
        picture("open-graph-absolute", "<meta property=og:image content={here}/open-graph-absolute/i.png>", "document.querySelector('meta[property]').content"),
        picture("twitter-card", "<meta name=twitter:image content={here}/twitter-card/i.png>", "document.querySelector('meta[name]').content"),
        picture("json-ld", "<script type=application/ld+json>{\"@type\": \"Article\", \"image\": \"{here}\\/json-ld\\/i.png\"}</script>", "JSON.parse(document.querySelector('script').text).image"),
        picture("microdata", "<div itemscope><link itemprop=image href=i.png></div>", "document.querySelector('link').href"),
        head("alternate-language", "<link rel=alternate hreflang=de href=hidden.html>", "unused", Answer::html("")),
        head("canonical", "<link rel=canonical href=hidden.html>", "unused", Answer::html("")),
    ]
}
