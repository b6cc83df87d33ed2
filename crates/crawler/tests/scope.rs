//! What a crawl follows, against sites on loopback. Another port is another host.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod site;

use std::collections::BTreeMap;

use dragline::{
    Config, Crawl, FilePattern, FrontierError, Limit, Limits, RequisiteHosts, Rules, StartError,
    Summary,
};
use site::{Answer, Site, tree};
use tempfile::TempDir;

/// Crawls a site by these rules.
async fn keep(site: &Site, scope: Rules) -> (TempDir, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let summary = crawl(config(site, &folder, scope)).await;
    (folder, summary)
}

async fn crawl(config: Config) -> Summary {
    Crawl::start(config).unwrap().finish().await.unwrap()
}

fn config(site: &Site, folder: &TempDir, scope: Rules) -> Config {
    Config {
        output: folder.path().join("copy"),
        tries: site::once(),
        scope,
        ..Config::new(&site.url).unwrap()
    }
}

/// What was asked for, each once.
fn asked(site: &Site) -> Vec<String> {
    let requests = site.requests();
    assert!(requests.values().all(|times| *times == 1), "{requests:?}");
    requests.into_keys().collect()
}

fn files(folder: &TempDir) -> BTreeMap<String, Vec<u8>> {
    tree(&folder.path().join("copy"))
}

/// A site, and another one that has what its pages need.
async fn two_sites() -> (Site, Site) {
    let other = Site::start(|_| {
        [
            (
                "/style.css",
                Answer::of_type("text/css", "p { background: url(deep.png) }"),
            ),
            ("/deep.png", Answer::of_type("image/png", "deep")),
            ("/a.png", Answer::of_type("image/png", "a")),
            (
                "/frame",
                Answer::html("<img src=f.png><a href=far>far</a><iframe src=inner></iframe>"),
            ),
            ("/f.png", Answer::of_type("image/png", "f")),
            ("/inner", Answer::html("<a href=far>far</a>")),
        ]
    })
    .await;
    let root = other.url.clone();
    let site = Site::start(|_| {
        [(
            "/",
            Answer::html(&format!(
                "<link rel=stylesheet href={root}style.css><img src={root}a.png>\
                 <iframe src={root}frame></iframe><a href={root}page>page</a>\
                 <a href={root}a.png>large</a>"
            )),
        )]
    })
    .await;
    (site, other)
}

#[tokio::test]
async fn what_pages_need_is_fetched_from_other_hosts_and_links_there_are_not_followed() {
    let (site, other) = two_sites().await;
    let (folder, summary) = keep(&site, Rules::default()).await;
    assert_eq!(
        asked(&other),
        [
            "/a.png",
            "/deep.png",
            "/f.png",
            "/frame",
            "/inner",
            "/style.css"
        ]
    );
    assert!(summary.is_complete());
    assert_eq!(files(&folder).len(), 7);
}

#[tokio::test]
async fn what_pages_need_may_be_confined_to_the_hosts_that_links_lead_to() {
    let (site, other) = two_sites().await;
    let rules = Rules {
        requisites: RequisiteHosts::Same,
        ..Rules::default()
    };
    let (folder, summary) = keep(&site, rules).await;
    assert!(asked(&other).is_empty());
    assert!(summary.is_complete());
    assert_eq!(files(&folder).len(), 1);
}

#[tokio::test]
async fn other_hosts_are_asked_for_their_robots_txt_too() {
    let (site, other) = two_sites().await;
    let robots = "User-agent: *\nDisallow: /frame\n";
    other.set("/robots.txt", Some(Answer::of_type("text/plain", robots)));
    let (_, summary) = keep(&site, Rules::default()).await;
    assert_eq!(
        asked(&other),
        ["/a.png", "/deep.png", "/robots.txt", "/style.css"]
    );
    assert_eq!(summary.excluded, 1);
}

#[tokio::test]
async fn what_is_not_accepted_is_searched_for_links_and_not_kept() {
    let site = Site::start(|_| {
        [
            (
                "/",
                Answer::html("<a href=list/>list</a><a href=x.gif>x</a>"),
            ),
            (
                "/list/",
                Answer::html("<a href=a.pdf>a</a><a href=b.html>b</a>"),
            ),
            ("/list/a.pdf", Answer::of_type("application/pdf", "a")),
            ("/list/b.html", Answer::html("<a href=c.pdf>c</a>")),
            ("/list/c.pdf", Answer::of_type("application/pdf", "c")),
        ]
    })
    .await;
    let rules = Rules {
        accept: vec![FilePattern::new("pdf").unwrap()],
        ..Rules::default()
    };
    let (folder, summary) = keep(&site, rules).await;
    assert_eq!(
        asked(&site),
        ["/", "/list/", "/list/a.pdf", "/list/b.html", "/list/c.pdf"]
    );
    assert!(summary.is_complete());
    let names: Vec<_> = files(&folder).into_keys().collect();
    assert_eq!(names, ["index.html", "list/a.pdf", "list/c.pdf"]);
}

#[tokio::test]
async fn a_crawl_is_not_gone_on_with_by_other_rules() {
    let site = Site::start(|_| [("/", Answer::html(""))]).await;
    let folder = tempfile::tempdir().unwrap();
    crawl(config(&site, &folder, Rules::default())).await;
    crawl(config(&site, &folder, Rules::default())).await;
    let rules = Rules {
        depth: Some(3),
        ..Rules::default()
    };
    let refused = Crawl::start(config(&site, &folder, rules)).unwrap_err();
    let StartError::State { source, .. } = refused else {
        panic!("{refused}");
    };
    assert!(matches!(&source, FrontierError::OtherCrawl { what, .. } if what == "scope"));
    let told = source.to_string();
    assert!(
        told.ends_with("of another crawl, with scope as by default, not `--level=3`"),
        "{told}"
    );
    assert_eq!(asked(&site), ["/", "/sitemap.xml"]);
}

/// A page `a.html` that links to `to`, and `b.html` that needs it, with a way to each that is so long.
fn ways(to: &str, [a, b]: [usize; 2]) -> Vec<(String, Answer)> {
    let mut answers = vec![
        (
            "/".to_owned(),
            Answer::html("<a href=a0>a</a><a href=b0>b</a>"),
        ),
        (
            format!("/a{a}"),
            Answer::html(&format!("<a href={to}>a</a>")),
        ),
        (format!("/b{b}"), Answer::html(&format!("<img src={to}>"))),
    ];
    let on = |way: &str, steps: usize| -> Vec<_> {
        let step = |n| Answer::html(&format!("<a href={way}{}>on</a>", n + 1));
        (0..steps)
            .map(|n| (format!("/{way}{n}"), step(n)))
            .collect()
    };
    answers.extend(on("a", a));
    answers.extend(on("b", b));
    answers
}

/// `/to` redirects to another host, and is both linked to and needed.
#[tokio::test]
async fn a_redirect_to_another_host_is_followed_if_any_page_needs_it() {
    for steps in [[0, 6], [3, 3], [6, 0]] {
        let other = Site::start(|_| [("/i.png", Answer::of_type("image/png", "i"))]).await;
        let mut answers = ways("to", steps);
        answers.push(("/to".to_owned(), Answer::redirect("/to2")));
        answers.push((
            "/to2".to_owned(),
            Answer::redirect(&format!("{}i.png", other.url)),
        ));
        let site = Site::start_with(|_| answers.into_iter().collect()).await;
        let (_, summary) = keep(&site, Rules::default()).await;
        assert!(summary.is_complete());
        assert_eq!(asked(&other), ["/i.png"], "{steps:?}");
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_that_is_linked_to_alone_is_not_followed() {
    let other = Site::start(|_| [("/", Answer::html("other"))]).await;
    let to = other.url.clone();
    let site = Site::start(|_| {
        [
            ("/", Answer::html("<a href=to>")),
            ("/to", Answer::redirect(&to)),
        ]
    })
    .await;
    let (_, summary) = keep(&site, Rules::default()).await;
    assert!(summary.is_complete());
    assert!(asked(&other).is_empty());
}

/// `/to` is two links from the first page, if its host is fast; on the way by which it is found
/// first, it may be more.
#[tokio::test]
async fn how_far_away_a_page_is_does_not_depend_on_who_answers_first() {
    for jobs in [1, 8] {
        let site = Site::start_with(|_| {
            let mut answers = ways("to", [1, 4]);
            answers.push(("/to".to_owned(), Answer::html("<a href=c>c</a>")));
            answers.push(("/c".to_owned(), Answer::html("<a href=d>d</a>")));
            answers.into_iter().collect()
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let rules = Rules {
            depth: Some(4),
            ..Rules::default()
        };
        let config = Config {
            jobs: jobs.try_into().unwrap(),
            ..config(&site, &folder, rules)
        };
        assert!(crawl(config).await.is_complete());
        assert_eq!(
            asked(&site),
            ["/", "/a0", "/a1", "/b0", "/b1", "/b2", "/b3", "/c", "/to"],
        );
    }
}

#[tokio::test]
async fn a_page_alone_is_kept_with_what_it_needs() {
    let (site, other) = two_sites().await;
    let page = Answer::html(&format!("<a href=b>b</a><img src={}a.png>", other.url));
    site.set("/", Some(page));
    let rules = Rules {
        depth: Some(0),
        ..Rules::default()
    };
    keep(&site, rules).await;
    assert_eq!(asked(&site), ["/"]);
    assert_eq!(asked(&other), ["/a.png"]);
}

#[tokio::test]
async fn so_many_urls_of_a_host_are_fetched_and_the_others_are_left() {
    let other = Site::start_with(|_| {
        let pictures = (0..3).map(|n| (format!("/{n}.png"), Answer::of_type("image/png", "i")));
        pictures.collect()
    })
    .await;
    let root = other.url.clone();
    let site = Site::start_with(|_| {
        let page = |n: usize| {
            let pictures: String = (0..3).map(|n| format!("<img src={root}{n}.png>")).collect();
            Answer::html(&format!(
                "{pictures}<a href=/{}>on</a><a href=/x{n}>x</a>",
                n + 1
            ))
        };
        let pages = (1..9).map(|n| (format!("/{n}"), page(n)));
        let others = (0..9).map(|n| (format!("/x{n}"), Answer::html("x")));
        pages
            .chain(others)
            .chain([
                ("/".to_owned(), page(0)),
                ("/9".to_owned(), Answer::html("")),
            ])
            .collect()
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let limited = |most| Config {
        limits: Limits {
            pages_per_host: most,
            ..Limits::default()
        },
        ..config(&site, &folder, Rules::default())
    };
    for most in [4, 7] {
        let summary = crawl(limited(Some(most))).await;
        assert_eq!(
            (summary.limit, summary.left > 0),
            (Some(Limit::PagesPerHost), true)
        );
        // A sitemap that is not there is not counted.
        assert_eq!((asked(&site).len(), asked(&other).len()), (most + 1, 3));
    }
    let summary = crawl(limited(None)).await;
    assert!(summary.is_complete());
    assert_eq!((asked(&site).len(), summary.fetched), (20, 22));
}

/// A list that can be filtered by eight features, each of which some things have: 256 versions of it.
async fn shop(canonical: &str) -> Site {
    let thing = |n: usize| String::from_utf8(vec![b'a' + u8::try_from(n).unwrap(); 3]).unwrap();
    let path = |filter: usize| match filter {
        0 => "/list".to_owned(),
        _ => format!("/list?f={filter:08b}"),
    };
    let list = |filter: usize| {
        let things = (0..16).filter(|n| (n * 17) & filter == 0).map(thing);
        let things = things.map(|thing| format!("<a href=/{thing}>{thing}</a>"));
        let others = (0..8).map(|bit| format!("<a href='{}'>*</a>", path(filter ^ 1 << bit)));
        let links: String = things.chain(others).collect();
        // Its own words.
        let says = format!("{filter:08b}").replace('0', "o").replace('1', "x");
        Answer::html(&format!("{canonical}{says}{links}<a href=/list>all</a>"))
    };
    Site::start_with(|_| {
        let lists = (0..256).map(|filter| (path(filter), list(filter)));
        let things = (0..16).map(thing);
        let things = things.map(|thing| (format!("/{thing}"), Answer::html(&thing)));
        let home = ("/".to_owned(), Answer::html("<a href=list>list</a>"));
        lists.chain(things).chain([home]).collect()
    })
    .await
}

#[tokio::test]
async fn versions_of_one_list_are_a_trap() {
    for (canonical, most) in [("", 256), ("<link rel=canonical href=/list>", 40)] {
        let site = shop(canonical).await;
        let folder = tempfile::tempdir().unwrap();
        crawl(Config {
            max_alike: Some(5),
            ..config(&site, &folder, Rules::default())
        })
        .await;
        let asked = asked(&site);
        let lists = asked.iter().filter(|path| path.starts_with("/list"));
        let lists = lists.count();
        assert!(lists <= most && lists >= 8, "{lists}");
        let things = asked.iter().filter(|path| path.len() == 4);
        assert_eq!(things.count(), 16, "{asked:?}");
        assert_eq!(lists == 256, canonical.is_empty(), "{lists}");
    }
}
