//! The behaviour of a crawl, against sites on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod site;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use std::time::Duration;

use dragline::{
    ArchiveConfig, Backoff, Config, Crawl, Event, FetchError, Limit, Limits, Reason, RedirectError,
    StartError, Summary, Tries,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use site::{Answer, Site, tree};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

fn config(seed: &str, folder: &TempDir) -> Config {
    Config {
        output: folder.path().join("copy"),
        tries: site::once(),
        ..Config::new(seed).unwrap()
    }
}

/// Crawls to the end; returns what failed beside the summary.
async fn run(config: Config) -> (Summary, BTreeMap<String, Reason>) {
    let mut crawl = Crawl::start(config).unwrap();
    let mut failures = BTreeMap::new();
    while let Some(event) = crawl.next().await {
        if let Event::Failed(failure) = event {
            failures.insert(failure.url.to_string(), failure.reason);
        }
    }
    (crawl.finish().await.unwrap(), failures)
}

async fn keep(site: &Site) -> (TempDir, Summary, BTreeMap<String, Reason>) {
    let folder = tempfile::tempdir().unwrap();
    let (summary, failures) = run(config(&site.url, &folder)).await;
    (folder, summary, failures)
}

fn read(folder: &TempDir, path: &str) -> String {
    let path = folder.path().join("copy").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[tokio::test]
async fn a_site_is_kept_with_all_that_its_pages_need() {
    let site = Site::start(|root| {
        [
            (
                "/",
                Answer::html(&format!(
                    "<link rel=stylesheet href=/css/main.css><script src='js/app.js'></script>\
                     <a href=\"{root}/docs/?page=2#end\">docs</a><a href=http://elsewhere.test/>far</a>\
                     <img srcset='a.png 1x, b.png 2x'><video poster=p.jpg src=v.mp4></video>\
                     <style>h1 {{ background: url(bg.png) }}</style><p style='background: url(bg.png)'>\
                     <a href=mailto:me@h>me</a>"
                )),
            ),
            ("/css/main.css", Answer::of_type("text/css", "@import 'more.css'; @font-face { src: url(../f.woff2) }")),
            ("/css/more.css", Answer::of_type("text/css", "body { color: red }")),
            ("/js/app.js", Answer::of_type("text/javascript", "1")),
            ("/docs/?page=2", Answer::html("<base href=/deep/er/><a href=../../>home</a><img src=c.png>")),
            ("/deep/er/c.png", Answer::of_type("image/png", "c")),
            ("/a.png", Answer::of_type("image/png", "a")),
            ("/b.png", Answer::of_type("image/png", "b")),
            ("/bg.png", Answer::of_type("image/png", "bg")),
            ("/p.jpg", Answer::of_type("image/jpeg", "p")),
            ("/v.mp4", Answer::of_type("video/mp4", "v")),
            ("/f.woff2", Answer::of_type("font/woff2", "f")),
        ]
    })
    .await;
    let (folder, summary, failures) = keep(&site).await;
    assert!(failures.is_empty(), "{failures:?}");
    assert!(summary.is_complete());
    assert_eq!((summary.fetched, summary.files), (12, 12));
    assert_eq!(
        read(&folder, "index.html"),
        "<link rel=stylesheet href=css/main.css><script src='js/app.js'></script>\
         <a href=\"docs/index@page=2.html#end\">docs</a><a href=http://elsewhere.test/>far</a>\
         <img srcset='a.png 1x, b.png 2x'><video poster=p.jpg src=v.mp4></video>\
         <style>h1 { background: url(bg.png) }</style><p style='background: url(bg.png)'>\
         <a href=mailto:me@h>me</a>"
    );
    assert_eq!(
        read(&folder, "docs/index@page=2.html"),
        "<base href=index@page&#61;2.html><a href=../index.html>home</a><img src=../deep/er/c.png>"
    );
    assert_eq!(
        read(&folder, "css/main.css"),
        "@import 'more.css'; @font-face { src: url(../f.woff2) }"
    );
}

#[tokio::test]
async fn each_url_is_requested_once_and_the_copy_does_not_depend_on_timing() {
    let site = Site::start_with(|_| {
        (0..60)
            .map(|n| {
                let links: String = (1..=5)
                    .map(|k| {
                        format!(
                            "<a href=/{}?from={n}#x>.</a><a href=/{}>.</a>",
                            (n * 5 + k) % 60,
                            (n * 5 + k) % 60
                        )
                    })
                    .collect();
                let path = if n == 0 {
                    "/".to_owned()
                } else {
                    format!("/{n}")
                };
                (path, Answer::html(&links))
            })
            .collect()
    })
    .await;
    let mut trees = Vec::new();
    for jobs in [1, 4, 32] {
        let folder = tempfile::tempdir().unwrap();
        let before = site.requests();
        let config = Config {
            jobs: jobs.try_into().unwrap(),
            ..config(&site.url, &folder)
        };
        let (summary, _) = run(config).await;
        assert_eq!(summary.fetched, 60);
        for (path, count) in site.requests() {
            assert_eq!(
                count - before.get(&path).copied().unwrap_or(0),
                1,
                "{path} with {jobs} jobs"
            );
        }
        assert!(
            site.most_in_flight() <= jobs,
            "{} in flight",
            site.most_in_flight()
        );
        trees.push(tree(&folder.path().join("copy")));
    }
    assert_eq!(trees[0].len(), 60);
    assert!(trees.iter().all(|tree| *tree == trees[0]));
}

/// As one goes there by a link, a script asks for what the page shows.
#[tokio::test]
async fn the_data_of_pages_of_sveltekit_is_asked_for() {
    let head = "<link rel=modulepreload href=/_app/immutable/start.js>";
    let page = |rest: &str| Answer::html(&format!("{head}{rest}"));
    let data = "<script>start({data: [{type:\"data\",data:{}}]})</script>";
    let site = Site::start(|_| {
        [
            (
                "/",
                page("<a href=/a/>a</a><a href=/b>b</a><a href=/c.html>c</a>"),
            ),
            ("/a/", page(data)),
            ("/b", page(data)),
            ("/c.html", page(data)),
            ("/b/__data.json", Answer::of_type("application/json", "{}")),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site.url, &folder)).await;
    let requests = site.requests();
    let data = requests.keys().filter(|path| path.contains("__data"));
    assert!(
        data.eq(["/a/__data.json", "/b/__data.json", "/c.html__data.json"]),
        "{requests:?}"
    );
}

/// Names of files that scripts have in strings are asked for on their own host, beside the script and
/// beside the page that the crawl starts from; what is not there is no failure, unless something else
/// leads there.
#[tokio::test]
async fn what_only_scripts_name_is_asked_for_and_need_not_be_there() {
    let other = Site::start(|_| [("/far.js", Answer::html(""))]).await;
    let far = format!("<script>load('{}far.js')</script>", other.url);
    let site = Site::start(|_| {
        [
            (
                "/docs/",
                Answer::html(&format!("<script src=/js/a.js></script>{far}<a href=b>b</a>")),
            ),
            ("/docs/b", Answer::html("<script>load('in-b.json')</script><img src=/js/no.png>")),
            (
                "/js/a.js",
                Answer::of_type(
                    "text/javascript",
                    "load(root + 'index.js'); load('no.png'); x = {'key.js': 1}; fetch('data.json')",
                ),
            ),
            ("/js/index.js", Answer::of_type("text/javascript", "load('more.css')")),
            ("/js/more.css", Answer::of_type("text/css", "a { background: url(i.png) }")),
            ("/js/i.png", Answer::of_type("image/png", "i")),
            ("/docs/data.json", Answer::of_type("application/json", "{}")),
            ("/docs/in-b.json", Answer::of_type("application/json", "{}")),
            ("/sitemap.xml", Answer::redirect("/sitemap.xml/")),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let seed = site.url.clone() + "docs/";
    let (summary, failures) = run(config(&seed, &folder)).await;
    let failures: Vec<_> = failures.keys().map(|url| &url[site.url.len()..]).collect();
    assert_eq!(failures, ["js/no.png"]);
    assert_eq!(
        (summary.fetched, summary.refused, summary.unreached),
        (8, 1, 0)
    );
    assert_eq!(
        read(&folder, "js/a.js"),
        "load(root + 'index.js'); load('no.png'); x = {'key.js': 1}; fetch('data.json')"
    );
    let asked: Vec<_> = site.requests().into_keys().collect();
    assert_eq!(
        asked,
        [
            "/docs/",
            "/docs/b",
            "/docs/data.json",
            "/docs/in-b.json",
            "/docs/index.js",
            "/docs/more.css",
            "/docs/no.png",
            "/docs/sitemap.xml",
            "/js/a.js",
            "/js/data.json",
            "/js/i.png",
            "/js/index.js",
            "/js/more.css",
            "/js/no.png",
            "/sitemap.xml"
        ]
    );
    assert!(other.requests().is_empty());
    // It is counted once, also when all is read back.
    let (again, failures) = run(config(&seed, &folder)).await;
    assert_eq!((again.fetched, again.refused), (8, 1));
    assert!(failures.is_empty());
}

#[tokio::test]
async fn a_redirect_counts_as_its_target() {
    let site = Site::start(|_| {
        [
            (
                "/",
                Answer::html("<a href=/old#part>a</a><a href=/older>b</a>"),
            ),
            ("/older", Answer::redirect("/old")),
            ("/old", Answer::redirect("/new/#top")),
            ("/new/", Answer::html("new")),
        ]
    })
    .await;
    let (folder, summary, _) = keep(&site).await;
    assert!(summary.is_complete());
    assert_eq!(
        read(&folder, "index.html"),
        "<a href=new/index.html#top>a</a><a href=new/index.html#top>b</a>"
    );
    assert_eq!(summary.files, 2);
}

#[tokio::test]
async fn redirects_that_lead_nowhere_fail_and_end() {
    let site = Site::start_with(|_| {
        let links = "<a href=/loop><a href=/far/0><a href=/file><a href=/none><a href=/good>";
        let mut answers: std::collections::HashMap<_, _> = [
            ("/".to_owned(), Answer::html(links)),
            ("/loop".to_owned(), Answer::redirect("/loop")),
            ("/file".to_owned(), Answer::redirect("file:///etc/passwd")),
            (
                "/none".to_owned(),
                Answer::new("301 Moved Permanently", &[], ""),
            ),
            ("/good".to_owned(), Answer::html("good")),
        ]
        .into();
        answers.extend((0..100).map(|n| {
            (
                format!("/far/{n}"),
                Answer::redirect(&format!("/far/{}", n + 1)),
            )
        }));
        answers
    })
    .await;
    let (folder, summary, failures) = keep(&site).await;
    let reason = |path: &str| match &failures[&format!("{}{path}", site.url)] {
        Reason::Redirect(error) => error.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(reason("loop"), RedirectError::Loop);
    assert_eq!(reason("file"), RedirectError::Scheme("file".to_owned()));
    assert_eq!(
        reason("none").to_string(),
        "301 Moved Permanently without a usable location"
    );
    assert_eq!(reason("far/20"), RedirectError::TooMany(20));
    assert_eq!((summary.refused, failures.len()), (4, 4));
    assert!(read(&folder, "index.html").contains(&format!("<a href={}loop>", site.url)));
    assert_eq!(read(&folder, "good.html"), "good");
}

#[tokio::test]
async fn a_loop_of_redirects_is_no_success() {
    for (first, second) in [("/", "/"), ("/a", "/"), ("", ""), ("#x", "")] {
        let site = Site::start(|_| {
            [
                ("/", Answer::redirect(first)),
                ("/a", Answer::redirect(second)),
            ]
        })
        .await;
        let (_folder, summary, failures) = keep(&site).await;
        let reasons: Vec<_> = failures.values().collect();
        assert!(
            matches!(reasons[..], [Reason::Redirect(RedirectError::Loop)]),
            "{reasons:?}"
        );
        assert!(!summary.is_complete());
    }
}

#[tokio::test]
async fn a_redirect_in_utf_8_is_followed_and_linked() {
    let site = Site::start(|_| {
        [
            ("/", Answer::html("<a href=go>")),
            ("/go", Answer::redirect("/é")),
            ("/%C3%A9", Answer::html("é")),
        ]
    })
    .await;
    let (folder, summary, _) = keep(&site).await;
    assert!(summary.is_complete());
    assert_eq!(read(&folder, "index.html"), "<a href=%C3%A9.html>");
}

#[tokio::test]
async fn a_url_that_fails_costs_itself_alone() {
    let site = Site::start(|_| {
        [
            (
                "/",
                Answer::html("<a href=gone><img src=cut.png><a href=bad.gz><a href=good>"),
            ),
            (
                "/cut.png",
                Answer::of_type("image/png", [7; 1000]).cut_after(300),
            ),
            (
                "/bad.gz",
                Answer::new(
                    "200 OK",
                    &[("Content-Encoding", "gzip"), ("Content-Type", "text/html")],
                    "no gzip",
                ),
            ),
            ("/good", Answer::html("good")),
        ]
    })
    .await;
    let (folder, summary, failures) = keep(&site).await;
    let reason = |path: &str| &failures[&format!("{}{path}", site.url)];
    assert!(matches!(reason("gone"), Reason::Status(status) if *status == 404));
    assert!(matches!(
        reason("cut.png"),
        Reason::Fetch(FetchError::Incomplete {
            received: 300,
            announced: Some(1000),
            ..
        })
    ));
    assert!(matches!(reason("bad.gz"), Reason::Content(_)));
    assert_eq!(
        (summary.fetched, summary.refused, summary.unreached),
        (2, 2, 1)
    );
    assert!(!summary.is_complete());
    let files = tree(&folder.path().join("copy"));
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        ["good.html", "index.html"]
    );
    assert_eq!(
        read(&folder, "index.html"),
        format!(
            "<a href={0}gone><img src=data:,#{0}cut.png><a href={0}bad.gz><a href=good.html>",
            site.url
        )
    );
    assert!(
        !site.requests().contains_key("/never"),
        "links of error pages are not followed"
    );
}

/// Tries a second time, at once.
fn twice(site: &Site, folder: &TempDir) -> Config {
    Config {
        tries: Tries {
            most: 2,
            backoff: Backoff {
                base: Duration::ZERO,
                cap: Duration::ZERO,
            },
            ..Tries::default()
        },
        archive: ArchiveConfig {
            compression: false,
            ..ArchiveConfig::default()
        },
        ..config(&site.url, folder)
    }
}

fn archived(folder: &TempDir) -> String {
    let warc = folder
        .path()
        .join("copy/.dragline/archive/dragline-00000.warc");
    String::from_utf8_lossy(&fs::read(warc).unwrap()).into_owned()
}

/// The second try asks for the rest alone: what is kept is as if it had come at once, whether it was
/// in memory or in a file.
#[tokio::test]
async fn a_body_that_broke_off_is_gone_on_with() {
    let body: Vec<u8> = (0..3_000_000_u32)
        .flat_map(u32::to_be_bytes)
        .take(3_000_000)
        .collect();
    let picture = |cut| {
        Answer::of_type("image/png", &body)
            .tagged("1")
            .cut_after(cut)
    };
    let site = Site::start(|_| {
        [
            ("/", Answer::html("<img src=long><img src=short>")),
            ("/long", picture(2_000_000)),
            ("/short", picture(300)),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (summary, failures) = run(twice(&site, &folder)).await;
    assert!(summary.is_complete(), "{failures:?}");
    let requests = site.requests();
    assert_eq!((requests["/long"], requests["/short"]), (2, 2));
    for name in ["long.png", "short.png"] {
        assert!(fs::read(folder.path().join("copy").join(name)).unwrap() == body);
    }
    let archived = archived(&folder);
    assert!(archived.contains("HTTP/1.1 200 OK\r\n") && !archived.contains("HTTP/1.1 206"));
    assert!(!archived.contains("WARC-Truncated"));
}

/// It does not say what it is, and so it is fetched anew; and breaks off again.
#[tokio::test]
async fn what_stays_incomplete_is_archived_as_such_and_is_no_file() {
    let site = Site::start(|_| {
        let cut = Answer::of_type("image/png", [7; 1000]).cut_after(300);
        [("/", Answer::html("<img src=cut>")), ("/cut", cut)]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (summary, failures) = run(twice(&site, &folder)).await;
    assert_eq!(
        (summary.fetched, summary.unreached, summary.left),
        (1, 1, 0)
    );
    assert_eq!(
        failures[&format!("{}cut", site.url)].to_string(),
        "response body cut short after 300 bytes of 1000"
    );
    assert_eq!(site.requests()["/cut"], 2);
    let files = tree(&folder.path().join("copy"));
    assert_eq!(files.keys().collect::<Vec<_>>(), ["index.html"]);
    let archived = archived(&folder);
    assert_eq!(
        archived.matches("WARC-Truncated: disconnect\r\n").count(),
        1
    );
    assert!(archived.contains(&"\x07".repeat(300)));
}

/// The server may not know that it ended too soon; but what is corrupt stays so.
#[tokio::test]
async fn a_packed_page_that_is_cut_short_is_tried_again() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(b"<a href=/a>").unwrap();
    let gzip = gzip.finish().unwrap();
    let packed = |body: &[u8]| Answer::new("200 OK", &[("Content-Encoding", "gzip")], body);
    let site = Site::start(|_| {
        [
            ("/", Answer::html("<a href=cut><a href=corrupt>")),
            ("/cut", packed(&gzip[..gzip.len() - 9])),
            ("/corrupt", packed(b"no gzip at all")),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (summary, _) = run(twice(&site, &folder)).await;
    assert_eq!((summary.fetched, summary.refused), (1, 2));
    let requests = site.requests();
    assert_eq!((requests["/cut"], requests["/corrupt"]), (2, 1));
}

#[tokio::test]
async fn a_compressed_page_is_searched_and_kept_readable() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(b"<a href=/a>").unwrap();
    let gzip = gzip.finish().unwrap();
    let site = Site::start(|_| {
        [
            (
                "/",
                Answer::new(
                    "200 OK",
                    &[("Content-Type", "text/html"), ("Content-Encoding", "gzip")],
                    gzip,
                ),
            ),
            ("/a", Answer::html("a")),
        ]
    })
    .await;
    let (folder, summary, _) = keep(&site).await;
    assert_eq!(summary.fetched, 2);
    assert_eq!(read(&folder, "index.html"), "<a href=a.html>");
}

#[tokio::test]
async fn what_is_too_large_for_memory_is_kept_and_copied() {
    let random = |n: u32| (n.wrapping_mul(0x9E37_79B9) >> 11).to_le_bytes();
    let large: Vec<u8> = (0..3 << 20).flat_map(random).collect();
    let link = "<a href=/linked>";
    let long = link.to_owned() + &" ".repeat(10 << 20) + link;
    let longest = link.to_owned() + &" ".repeat(33 << 20);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(longest.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let coded = [("Content-Type", "text/html"), ("Content-Encoding", "gzip")];
    let site = Site::start(|_| {
        [
            (
                "/",
                Answer::html("<a href=large.bin><a href=long><a href=longest>"),
            ),
            (
                "/large.bin",
                Answer::of_type("application/octet-stream", &large),
            ),
            ("/long", Answer::html(&long)),
            ("/longest", Answer::new("200 OK", &coded, packed)),
            ("/linked", Answer::html("found")),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut crawl = Crawl::start(config(&site.url, &folder)).unwrap();
    let mut unsearched = Vec::new();
    while let Some(event) = crawl.next().await {
        if let Event::NotSearched { url } = event {
            unsearched.push(url.to_string());
        }
    }
    let summary = crawl.finish().await.unwrap();
    assert!(summary.is_complete());
    assert_eq!(unsearched, [format!("{}longest", site.url)]);
    assert_eq!(site.requests()["/linked"], 1);
    let copy = folder.path().join("copy");
    assert!(fs::read(copy.join("large.bin")).unwrap() == large);
    assert!(read(&folder, "long.html").starts_with("<a href=linked.html> "));
    assert!(read(&folder, "longest.html") == longest);
    assert!(!copy.join(".dragline/archive/spool").exists());
    // Again, from the archive alone.
    fs::write(copy.join("large.bin"), "damaged").unwrap();
    run(config(&site.url, &folder)).await;
    assert!(fs::read(copy.join("large.bin")).unwrap() == large);
}

#[tokio::test]
async fn a_seed_below_the_root_has_a_front_door() {
    let site = Site::start(|_| [("/docs/a?x=1", Answer::html("a"))]).await;
    let folder = tempfile::tempdir().unwrap();
    let (summary, _) = run(config(&format!("{}docs/a?x=1", site.url), &folder)).await;
    assert_eq!((summary.fetched, summary.files), (1, 2));
    assert!(read(&folder, "index.html").contains("url=docs/a@x=1.html"));
}

#[tokio::test]
async fn where_a_seed_leads_belongs_to_the_crawl() {
    let new = Site::start(|_| {
        [
            ("/home", Answer::html("<a href=/a>")),
            ("/a", Answer::html("a")),
        ]
    })
    .await;
    let old = Site::start(|_| [("/", Answer::redirect(&format!("{}home", new.url)))]).await;
    let (folder, summary, _) = keep(&old).await;
    assert_eq!((summary.fetched, summary.files), (3, 3));
    assert!(read(&folder, "index.html").contains("url=home.html"));
    assert_eq!(read(&folder, "home.html"), "<a href=a.html>");
}

#[tokio::test]
async fn a_link_to_another_host_is_not_followed() {
    let other = Site::start(|_| [("/", Answer::html(""))]).await;
    let site = Site::start(|_| {
        [
            (
                "/",
                Answer::html(&format!("<a href={}>", other.url)).clone(),
            ),
            ("/moved", Answer::redirect(&other.url)),
        ]
    })
    .await;
    let (_folder, summary, _) = keep(&site).await;
    assert!(summary.is_complete());
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn nothing_is_written_outside_the_folder() {
    let names = [
        "/..%2F..%2Fescape1".to_owned(),
        "/a/..%5C..%5Cescape2".to_owned(),
        "/..%2Fescape3".to_owned(),
        "/nul%00l".to_owned(),
        "//etc/passwd".to_owned(),
        "/.dragline/archive/x".to_owned(),
        format!("/{}", "long".repeat(1024)),
        format!("/{}", "deep/".repeat(800)),
    ];
    let site = Site::start_with(|_| {
        let links: String = names
            .iter()
            .map(|name| format!("<a href=\".{name}\">"))
            .collect();
        let mut answers: std::collections::HashMap<_, _> = names
            .iter()
            .map(|name| (name.clone(), Answer::html(name)))
            .collect();
        answers.insert("/".to_owned(), Answer::html(&links));
        answers
    })
    .await;
    let (folder, summary, failures) = keep(&site).await;
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(summary.files, names.len() + 1);
    let outside: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(outside, ["copy"]);
    let kept = tree(&folder.path().join("copy"));
    for name in &names {
        assert!(
            kept.values().any(|body| body == name.as_bytes()),
            "{name} is lost"
        );
    }
}

#[tokio::test]
#[cfg(unix)]
async fn planted_links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let site = Site::start(|_| {
        [
            ("/", Answer::html("<a href=dir/page><a href=good>")),
            ("/dir/page", Answer::html("page")),
            ("/good", Answer::html("good")),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside");
    let copy = folder.path().join("copy");
    fs::create_dir_all(&outside).unwrap();
    fs::create_dir_all(&copy).unwrap();
    fs::write(outside.join("victim"), "untouched").unwrap();
    symlink(outside.join("victim"), copy.join("good.html")).unwrap();
    symlink(&outside, copy.join("dir")).unwrap();

    let mut crawl = Crawl::start(config(&site.url, &folder)).unwrap();
    let mut not_written = Vec::new();
    while let Some(event) = crawl.next().await {
        if let Event::NotWritten(failure) = event {
            not_written.push(failure.path);
        }
    }
    let summary = crawl.finish().await.unwrap();
    assert_eq!(not_written, ["dir/page.html"]);
    assert_eq!((summary.not_written, summary.files), (1, 2));
    assert_eq!(
        tree(&outside),
        BTreeMap::from([("victim".to_owned(), b"untouched".to_vec())])
    );
    assert_eq!(read(&folder, "good.html"), "good");
}

/// One of its pages is never answered.
async fn site_without_end() -> Site {
    Site::start(|_| {
        [
            ("/", Answer::html("<a href=a><a href=never>")),
            ("/a", Answer::html("a")),
            ("/never", Answer::silent()),
        ]
    })
    .await
}

#[tokio::test]
async fn a_crawl_that_is_stopped_keeps_what_it_has() {
    let site = site_without_end().await;
    let folder = tempfile::tempdir().unwrap();
    let mut crawl = Crawl::start(config(&site.url, &folder)).unwrap();
    let mut fetched = 0;
    while fetched < 2 {
        if let Event::Fetched { .. } = crawl.next().await.unwrap() {
            fetched += 1;
        }
    }
    crawl.stop();
    let summary = crawl.finish().await.unwrap();
    assert!(summary.stopped && !summary.is_complete());
    assert_eq!(summary.files, 2);
    assert_eq!(
        read(&folder, "index.html"),
        format!("<a href=a.html><a href={}never>", site.url)
    );
}

#[tokio::test]
async fn pages_can_be_opened_while_the_crawl_goes_on() {
    let site = site_without_end().await;
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        first_copy: std::time::Duration::ZERO,
        ..config(&site.url, &folder)
    };
    let crawl = Crawl::start(config).unwrap();
    let copy = folder.path().join("copy");
    while fs::read(copy.join("index.html")).is_err() {
        tokio::task::yield_now().await;
    }
    drop(crawl);
}

#[tokio::test]
async fn dropping_a_crawl_drops_its_requests() {
    let site = Site::start(|_| [("/", Answer::silent())]).await;
    let folder = tempfile::tempdir().unwrap();
    let crawl = Crawl::start(config(&site.url, &folder)).unwrap();
    while site.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(crawl);
    site.hung_up().await;
}

#[tokio::test]
async fn the_archive_holds_what_was_received() {
    let site = Site::start(|_| [("/", Answer::html("<a href=gone>"))]).await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&site.url, &folder);
    config.archive.compression = false;
    run(config).await;
    let archive = folder
        .path()
        .join("copy/.dragline/archive/dragline-00000.warc");
    let text = fs::read_to_string(archive).unwrap();
    assert!(text.contains(&format!("WARC-Target-URI: {}\r\n", site.url)));
    assert!(text.contains("\r\n\r\n<a href=gone>\r\n\r\n"));
    assert!(
        text.contains("HTTP/1.1 404 Not Found\r\n"),
        "also what is of no use"
    );
}

#[tokio::test]
async fn an_output_that_is_no_folder_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("copy"), "a file").unwrap();
    let error = Crawl::start(config("http://127.0.0.1:1/", &folder)).unwrap_err();
    assert!(matches!(&error, StartError::Output { path, .. } if path.ends_with(Path::new("copy"))));
    assert!(
        error
            .to_string()
            .starts_with("cannot write to output folder `")
    );
    let nowhere = Config {
        seeds: Vec::new(),
        ..config("http://h/", &folder)
    };
    assert!(matches!(Crawl::start(nowhere), Err(StartError::NoSeed)));
}

#[tokio::test]
async fn what_robots_txt_does_not_allow_is_not_asked_for() {
    let site = Site::start(|_| {
        [
            ("/", Answer::html("<a href=a>a</a><a href=private/b>b</a>")),
            ("/a", Answer::html("")),
            ("/private/b", Answer::html("")),
            (
                "/robots.txt",
                Answer::of_type("text/plain", "User-agent: Dragline\nDisallow: /private/\n"),
            ),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (summary, failures) = run(config(&site.url, &folder)).await;
    assert_eq!((summary.fetched, summary.excluded), (2, 1));
    assert!(failures.is_empty() && summary.is_complete(), "{failures:?}");
    let requests = site.requests();
    assert_eq!(requests.get("/robots.txt"), Some(&1));
    assert!(!requests.contains_key("/private/b"), "{requests:?}");

    let folder = tempfile::tempdir().unwrap();
    let mut heedless = config(&site.url, &folder);
    heedless.politeness.robots = false;
    let (summary, _) = run(heedless).await;
    assert_eq!((summary.fetched, summary.excluded), (3, 0));
}

#[tokio::test]
async fn a_seed_is_fetched_whatever_robots_txt_says() {
    let site = Site::start(|_| {
        [
            ("/", Answer::html("<a href=a>a</a>")),
            (
                "/robots.txt",
                Answer::of_type("text/plain", "User-agent: *\nDisallow: /\n"),
            ),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (summary, _) = run(config(&site.url, &folder)).await;
    assert_eq!((summary.fetched, summary.excluded), (1, 1));
}

#[tokio::test]
async fn a_host_whose_robots_txt_fails_is_left_for_later() {
    let site = Site::start(|_| {
        [
            ("/", Answer::html("<a href=a>a</a>")),
            ("/a", Answer::html("")),
            (
                "/robots.txt",
                Answer::new("500 Internal Server Error", &[], ""),
            ),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (summary, failures) = run(config(&site.url, &folder)).await;
    assert_eq!(
        (summary.fetched, summary.unreached, summary.left),
        (0, 1, 1)
    );
    assert!(matches!(failures[&site.url], Reason::Robots(_)));
    assert!(!site.requests().contains_key("/"));
    site.set("/robots.txt", None);
    let (summary, _) = run(config(&site.url, &folder)).await;
    assert_eq!(
        (summary.fetched, summary.unreached, summary.left),
        (2, 0, 0)
    );
}

/// Whichever step fails on the way to it. Each run asks it once more, and no other host waits for that.
#[tokio::test]
async fn a_host_that_cannot_be_had_is_left_for_later() {
    type Step = fn(&FetchError) -> bool;
    let site = Site::start(|_| [("/", Answer::html(""))]).await;
    let listen = || async { TcpListener::bind("127.0.0.1:0").await.unwrap() };
    let nobody = listen().await.local_addr().unwrap();
    let listener = listen().await;
    let plain = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 4096];
            while stream.read(&mut hello).await.is_ok_and(|read| read > 0) {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            }
        }
    });
    let fails: [(String, Step); 3] = [
        ("http://nobody.invalid/".to_owned(), |it| {
            matches!(it, FetchError::Resolve { .. })
        }),
        (format!("http://{nobody}/"), |it| {
            matches!(it, FetchError::Connect { .. })
        }),
        (format!("https://{plain}/"), |it| {
            matches!(it, FetchError::Tls { .. })
        }),
    ];
    for (seed, is_expected) in fails {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let mut config = config(&site.url, &folder);
            config.politeness.robots = false;
            config.seeds.extend(Config::new(&seed).unwrap().seeds);
            let (summary, failures) = run(config).await;
            assert_eq!(
                (summary.fetched, summary.unreached, summary.left),
                (1, 1, 1),
                "{seed}"
            );
            let reason = &failures[&seed];
            assert!(
                matches!(reason, Reason::Fetch(error) if is_expected(error)),
                "{reason:?}"
            );
        }
        assert_eq!(read(&folder, "index.html"), "");
    }
    assert_eq!(site.requests()["/"], 3);
}

#[tokio::test]
async fn what_may_come_out_otherwise_is_tried_again() {
    let busy = || Answer::new("503 Service Unavailable", &[("Retry-After", "0")], "");
    let site = Site::start(|_| {
        [
            ("/", Answer::html("<a href=a>a</a><a href=gone>b</a>")),
            ("/a", busy()),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&site.url, &folder);
    config.tries.most = 3;
    config.tries.backoff.base = Duration::from_millis(1);
    config.politeness.adaptive = false;
    let (summary, _) = run(config).await;
    assert_eq!((summary.fetched, summary.refused), (1, 2));
    let requests = site.requests();
    assert_eq!((requests["/a"], requests["/gone"]), (3, 1));
}

#[tokio::test]
async fn a_crawl_ends_at_a_limit_and_is_gone_on_with() {
    let site = Site::start(|_| {
        [
            (
                "/",
                Answer::html("<a href=a>a</a><a href=b>b</a><a href=c>c</a>"),
            ),
            ("/a", Answer::html("a")),
            ("/b", Answer::html("b")),
            ("/c", Answer::html("c")),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        pages: Some(2),
        ..Limits::default()
    };
    let limited = Config {
        limits,
        ..config(&site.url, &folder)
    };
    let (summary, _) = run(limited).await;
    // A page, and what may be a sitemap.
    assert_eq!((summary.fetched, summary.left), (2, 3));
    assert_eq!(summary.limit, Some(Limit::Pages));
    let (summary, _) = run(config(&site.url, &folder)).await;
    assert_eq!((summary.fetched, summary.left, summary.limit), (4, 0, None));
    assert!(site.requests().values().all(|times| *times == 1));
}
