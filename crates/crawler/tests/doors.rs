//! What leads on beside the links of documents: headers, sitemaps, feeds.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod site;

use std::collections::HashMap;
use std::io::Write as _;
use std::num::NonZeroUsize;

use dragline::{Config, Crawl, Event, Rules, Summary};
use flate2::Compression;
use flate2::write::GzEncoder;
use site::{Answer, Site};

/// Crawls a site; returns what of it was asked for, but for what this is about.
async fn asked(site: &Site, change: impl FnOnce(&mut Config)) -> Vec<String> {
    let (summary, _) = crawl(site, change).await;
    assert!(summary.is_complete(), "{summary:?}");
    let requests = site.requests().into_keys();
    requests
        .filter(|path| path != "/" && path != "/robots.txt")
        .collect()
}

async fn crawl(site: &Site, change: impl FnOnce(&mut Config)) -> (Summary, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config {
        output: folder.path().join("copy"),
        tries: site::once(),
        ..Config::new(&site.url).unwrap()
    };
    change(&mut config);
    let mut crawl = Crawl::start(config).unwrap();
    let mut cut = Vec::new();
    while let Some(event) = crawl.next().await {
        if let Event::NotAllFollowed { url } = event {
            cut.push(url.to_string());
        }
    }
    (crawl.finish().await.unwrap(), cut)
}

const NONE: [&str; 0] = [];

fn as_is(_: &mut Config) {}

fn page() -> Answer {
    Answer::html("a page")
}

fn urlset(urls: &[String]) -> String {
    let urls: String = urls
        .iter()
        .map(|url| format!("<url><loc>{url}</loc></url>"))
        .collect();
    format!(
        "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{urls}</urlset>"
    )
}

fn packed(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

#[tokio::test]
async fn headers_lead_on() {
    let site = Site::start(|_| {
        let fields = [
            ("Content-Type", "text/html"),
            ("Link", "</next>; rel=next, </s.css>; rel=preload; as=style"),
            ("Link", "<mailto:a@b>"),
            ("Refresh", "5; url=/refreshed"),
        ];
        let picture = [
            ("Content-Type", "image/png"),
            ("Link", "</license>; rel=license"),
        ];
        [
            ("/", Answer::new("200 OK", &fields, "<img src=i.png>")),
            ("/i.png", Answer::new("200 OK", &picture, "i")),
            ("/next", page()),
            ("/s.css", Answer::of_type("text/css", "")),
            ("/refreshed", page()),
            ("/license", page()),
        ]
    })
    .await;
    assert_eq!(
        asked(&site, as_is).await,
        [
            "/i.png",
            "/license",
            "/next",
            "/refreshed",
            "/s.css",
            "/sitemap.xml"
        ]
    );
}

/// Sitemaps of each form that robots.txt names, with a page each.
async fn mapped() -> Site {
    Site::start(|root| {
        let robots =
            "sitemap: /map.xml\nSitemap: /index\nUser-agent: *\nSitemap: /packed\nSitemap: /list";
        let index =
            format!("<sitemapindex><sitemap><loc>{root}/child.xml</loc></sitemap></sitemapindex>");
        let map =
            |page: &str| urlset(&[format!("{root}{page}"), "http://elsewhere.test/".to_owned()]);
        let list = format!("{root}/d\r\n\n{root}/e\nno URL\n");
        [
            ("/robots.txt", Answer::of_type("text/plain", robots)),
            ("/", page()),
            ("/map.xml", Answer::of_type("text/xml", map("/a"))),
            ("/index", Answer::of_type("application/xml", index)),
            ("/child.xml", Answer::of_type("application/xml", map("/b"))),
            (
                "/packed",
                Answer::of_type("application/gzip", packed(&map("/c"))),
            ),
            ("/list", Answer::of_type("text/plain", list)),
            ("/a", page()),
            ("/b", page()),
            ("/c", page()),
            ("/d", page()),
            ("/e", page()),
        ]
    })
    .await
}

#[tokio::test]
async fn sitemaps_that_robots_txt_names_are_followed() {
    assert_eq!(
        asked(&mapped().await, as_is).await,
        [
            "/a",
            "/b",
            "/c",
            "/child.xml",
            "/d",
            "/e",
            "/index",
            "/list",
            "/map.xml",
            "/packed",
            "/sitemap.xml"
        ]
    );
}

#[tokio::test]
async fn sitemaps_are_not_followed_if_that_is_not_wanted() {
    let no_sitemaps = |config: &mut Config| config.follow.sitemaps = false;
    assert_eq!(asked(&mapped().await, no_sitemaps).await, NONE);
    // It says nothing of how far away a page is.
    let so_far = |config: &mut Config| {
        config.scope = Rules {
            depth: Some(5),
            ..Rules::default()
        };
    };
    assert_eq!(asked(&mapped().await, so_far).await, NONE);
    let no_robots = |config: &mut Config| config.politeness.robots = false;
    let perhaps = asked(&mapped().await, no_robots).await;
    assert_eq!(perhaps, ["/sitemap.xml"]);
}

#[tokio::test]
async fn a_sitemap_is_looked_for_where_it_mostly_is() {
    let make = || {
        Site::start(|root| {
            let map = |path: &str| Answer::of_type("text/xml", urlset(&[format!("{root}{path}")]));
            [
                ("/docs/", page()),
                ("/sitemap.xml", map("/a")),
                ("/docs/sitemap.xml", map("/docs/b")),
                ("/a", page()),
                ("/docs/b", page()),
            ]
        })
    };
    let from_docs = |site: &Site, no_parent: bool| {
        let seed = site.url.clone() + "docs/";
        move |config: &mut Config| {
            config.seeds = Config::new(&seed).unwrap().seeds;
            config.scope.no_parent = no_parent;
        }
    };
    let site = make().await;
    let change = from_docs(&site, false);
    let all = [
        "/a",
        "/docs/",
        "/docs/b",
        "/docs/sitemap.xml",
        "/sitemap.xml",
    ];
    assert_eq!(asked(&site, change).await, all);
    // Where no link leads, none is looked for.
    let site = make().await;
    let change = from_docs(&site, true);
    assert_eq!(
        asked(&site, change).await,
        ["/docs/", "/docs/b", "/docs/sitemap.xml"]
    );
}

#[tokio::test]
async fn nothing_is_guessed_if_that_is_not_wanted() {
    let page = Answer::html("<a href=b>b</a><script>load('a.json')</script>");
    let site = Site::start(|_| [("/", page), ("/b", Answer::html(""))]).await;
    let change = |config: &mut Config| config.follow.guesses = false;
    assert_eq!(asked(&site, change).await, ["/b"]);
}

/// Many servers answer with a page to all that they do not have.
#[tokio::test]
async fn a_page_in_place_of_what_was_guessed_at_is_no_part_of_the_copy() {
    let site = Site::start(|_| {
        [
            ("/", Answer::html("<script>load('a.js')</script>")),
            ("/sitemap.xml", Answer::html("<a href=no>not found</a>")),
            ("/a.js", Answer::html("not found")),
        ]
    })
    .await;
    let (summary, _) = crawl(&site, as_is).await;
    let found = (summary.fetched, summary.failed(), summary.files);
    assert_eq!(found, (1, 0, 1));
    assert_eq!(site.requests().len(), 3);
}

/// What is guessed at and linked to is what a link leads to, whichever came first.
#[tokio::test]
async fn a_guess_in_vain_that_is_linked_to_is_asked_for_as_any_link() {
    let script = "<script>load('/a.json')</script>";
    let link = "<a href=/a.json>a</a>";
    for (is_there, found) in [(true, (5, 0)), (false, (3, 1))] {
        for (first, last, asked) in [(script, link, 2), (link, script, 1)] {
            let site = Site::start(|_| {
                let there = Answer::html("<a href=d>d</a>");
                [
                    ("/", Answer::html(&format!("{first}<a href=b>b</a>"))),
                    ("/b", Answer::html("<a href=c>c</a>")),
                    ("/c", Answer::html(last)),
                    (if is_there { "/a.json" } else { "/no" }, there),
                    ("/d", page()),
                ]
            })
            .await;
            let one_by_one = |config: &mut Config| {
                config.jobs = NonZeroUsize::MIN;
                as_is(config);
            };
            let (summary, _) = crawl(&site, one_by_one).await;
            assert_eq!((summary.fetched, summary.failed()), found, "{first}");
            assert_eq!(site.requests()["/a.json"], asked, "{first}");
        }
    }
}

/// What is not there is no failure, unless a link leads there.
#[tokio::test]
async fn a_sitemap_that_is_not_there_is_no_loss() {
    for (body, refused) in [("", 0), ("<a href=/sitemap.xml>.</a>", 1)] {
        let site = Site::start(|_| [("/", Answer::html(body))]).await;
        let (summary, _) = crawl(&site, as_is).await;
        assert_eq!((summary.fetched, summary.failed()), (1, refused));
        assert_eq!(site.requests()["/sitemap.xml"], 1);
    }
}

#[tokio::test]
async fn sitemaps_and_feeds_that_are_linked_to_are_followed() {
    let site = Site::start(|root| {
        let rss = format!("<rss version='2.0'><channel><item><link>{root}/a</link></item></channel></rss>");
        let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='/b'/></entry></feed>";
        [
            (
                "/",
                Answer::html(
                    "<link rel=alternate type=application/rss+xml href=rss><a href=atom.xml>.</a>\
                     <a href=sitemap.txt>.</a><a href=Sitemap-1.xml.gz>.</a><a href=notes.txt>.</a>",
                ),
            ),
            ("/rss", Answer::of_type("application/rss+xml", rss)),
            ("/atom.xml", Answer::of_type("text/xml", atom)),
            ("/sitemap.txt", Answer::of_type("text/plain", format!("{root}/c"))),
            (
                "/Sitemap-1.xml.gz",
                Answer::of_type("application/x-gzip", packed(&urlset(&[format!("{root}/d")]))),
            ),
            // A text is no list for its having URLs in it.
            ("/notes.txt", Answer::of_type("text/plain", format!("{root}/no"))),
            ("/a", page()),
            ("/b", page()),
            ("/c", page()),
            ("/d", page()),
        ]
    })
    .await;
    assert_eq!(
        asked(&site, as_is).await,
        [
            "/Sitemap-1.xml.gz",
            "/a",
            "/atom.xml",
            "/b",
            "/c",
            "/d",
            "/notes.txt",
            "/rss",
            "/sitemap.txt",
            "/sitemap.xml"
        ]
    );
}

/// CVE class: decompression bomb. More than is searched, in 33 KiB.
#[tokio::test]
async fn a_sitemap_that_is_a_bomb_is_unpacked_as_far_as_it_is_searched() {
    let site = Site::start(|root| {
        let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
        bomb.write_all(format!("{root}/a\n").as_bytes()).unwrap();
        let more = vec![b'x'; 1 << 20];
        for _ in 0..33 {
            bomb.write_all(&more).unwrap();
        }
        bomb.write_all(format!("\n{root}/never\n").as_bytes())
            .unwrap();
        [
            ("/", Answer::html("<a href=sitemap.gz>.</a>")),
            (
                "/sitemap.gz",
                Answer::of_type("application/gzip", bomb.finish().unwrap()),
            ),
            ("/a", page()),
        ]
    })
    .await;
    let (summary, cut) = crawl(&site, as_is).await;
    assert!(summary.is_complete());
    assert_eq!(cut, [format!("{}sitemap.gz", site.url)]);
    assert!(site.requests().contains_key("/a"));
}

#[tokio::test]
async fn pages_may_ask_to_follow_no_link_and_are_heeded_if_that_is_wanted() {
    let make = || {
        Site::start(|_| {
            let tag = [
                ("Content-Type", "text/html"),
                ("X-Robots-Tag", "noindex, nofollow"),
            ];
            [
                ("/", Answer::html("<a href=meta>.</a><a href=header>.</a>")),
                (
                    "/meta",
                    Answer::html(
                        "<meta name=robots content=nofollow><a href=a>.</a><img src=i.png>",
                    ),
                ),
                ("/header", Answer::new("200 OK", &tag, "<a href=b>.</a>")),
                ("/a", page()),
                ("/b", page()),
                ("/i.png", Answer::of_type("image/png", "i")),
            ]
        })
    };
    let heed = |config: &mut Config| config.follow.nofollow = true;
    assert_eq!(
        asked(&make().await, heed).await,
        ["/header", "/i.png", "/meta", "/sitemap.xml"]
    );
    assert_eq!(
        asked(&make().await, as_is).await,
        ["/a", "/b", "/header", "/i.png", "/meta", "/sitemap.xml"]
    );
}

#[tokio::test]
async fn a_document_with_too_many_links_is_told() {
    let links: HashMap<_, _> = HashMap::from([(
        "/".to_owned(),
        Answer::html(
            &(0..100_001)
                .map(|n| format!("<a href=http://h{n}.test/>"))
                .collect::<String>(),
        ),
    )]);
    let site = Site::start_with(|_| links).await;
    let (summary, cut) = crawl(&site, as_is).await;
    assert!(summary.is_complete());
    assert_eq!(cut, [&*site.url]);
}
