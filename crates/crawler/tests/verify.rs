//! `dragline verify`: what falls short is found, by the program and by the library.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod site;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Stdio;

use dragline::{
    BrowseError, Config, Crawl, Finding, LaunchError, STATE_FOLDER, StartError, Verified, Why,
};
use serde_json::Value;
use site::{Answer, Site};
use tempfile::TempDir;
use tokio::process::Command;

/// Crawls a site; returns the folder, and the folder of its copy.
async fn crawled(site: &Site) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new(&site.url).unwrap();
    config.output = folder.path().to_owned();
    config.tries = site::once();
    Crawl::start(config).unwrap().finish().await.unwrap();
    folder
}

fn verified(folder: &TempDir) -> Verified {
    dragline::verify(folder.path(), &folder.path().join(STATE_FOLDER)).unwrap()
}

/// What falls short, a line each.
fn findings(verified: &Verified) -> Vec<String> {
    let first = verified.findings.first().iter();
    first.map(|it| format!("{}: {it}", it.kind())).collect()
}

async fn small_site() -> Site {
    Site::start(|_| {
        [
            (
                "/",
                Answer::html(
                    "<link rel=stylesheet href=s.css><a href=a#x>a</a><a href=http://elsewhere.invalid/>e</a>\
                     <a href=no>no</a><a href=moved>moved</a><p style='height: 400px'>",
                ),
            ),
            ("/a", Answer::html("<a href='/'>back</a>")),
            ("/moved", Answer::redirect("/a")),
            ("/s.css", Answer::of_type("text/css", "p { background: green }")),
        ]
    })
    .await
}

#[tokio::test]
async fn a_copy_that_is_as_it_should_be_is_so() {
    let site = small_site().await;
    let folder = crawled(&site).await;
    let verified = verified(&folder);
    assert_eq!(findings(&verified), [""; 0]);
    assert_eq!(
        // A record is that of a sitemap that is not there.
        (verified.files, verified.references, verified.records),
        (3, 4, 6)
    );
    let outward: Vec<_> = verified.outward.counts.iter().collect();
    assert_eq!(outward, [(&Why::OutOfScope, &1), (&Why::Failed, &1)]);
    let failed: Vec<_> = verified.outward.failed.into_iter().collect();
    assert_eq!(
        failed,
        [(format!("{}no", site.url), "404 Not Found".to_owned())]
    );
}

/// Why a link leads out is judged by the rules of the crawl, not by those that are usual.
#[tokio::test]
async fn a_copy_by_other_rules_is_judged_by_them() {
    let body = "<img src=/x/a.png><img src=/b.png><a href=/docs/no>no</a><a href=/up>up</a>\
                <a href=/docs/a>a</a>";
    let site = Site::start(|_| {
        [
            ("/docs/", Answer::html(body)),
            ("/docs/a", Answer::html("<a href=b>b</a>")),
            ("/docs/b", Answer::html("")),
            ("/b.png", Answer::of_type("image/png", "b")),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new(&format!("{}docs/", site.url)).unwrap();
    config.output = folder.path().to_owned();
    config.tries = site::once();
    config.follow.sitemaps = false;
    let rules = "--level=1 --exclude-directories=/x --no-parent";
    config.scope = rules.parse().unwrap();
    Crawl::start(config).unwrap().finish().await.unwrap();
    let verified = verified(&folder);
    assert_eq!(findings(&verified), [""; 0]);
    let outward: Vec<_> = verified.outward.counts.iter().collect();
    // By the usual rules /x/a.png were missing, and /up and /docs/b were left out.
    assert_eq!(outward, [(&Why::OutOfScope, &3), (&Why::Failed, &1)]);
}

#[tokio::test]
async fn what_a_page_needs_and_did_not_get_is_nothing_that_falls_short() {
    let site = Site::start(|_| {
        let script = Answer::of_type("text/javascript", "fetch('rest'); fetch('data.json')");
        [
            (
                "/",
                Answer::html("<script src=gone.js></script><script src=a.js></script>"),
            ),
            ("/a.js", script),
        ]
    });
    let folder = crawled(&site.await).await;
    assert_eq!(findings(&verified(&folder)), [""; 0]);
}

/// Its host is left for later: until then the copy asks for nothing there.
#[tokio::test]
async fn what_a_page_needs_of_a_host_that_is_given_up_is_not_asked_for_by_the_copy() {
    let robots = "/robots.txt";
    let other = Site::start(|_| {
        [
            ("/a.png", Answer::of_type("image/png", "a")),
            (robots, Answer::new("500 Internal Server Error", &[], "")),
        ]
    })
    .await;
    let (picture, page) = (format!("{}a.png", other.url), format!("{}b", other.url));
    let site = Site::start(|_| {
        let body = format!("<img src={picture}><a href={page}>b</a><a href=c>c</a>");
        [("/", Answer::html(&body)), ("/c", Answer::html(""))]
    })
    .await;
    let folder = crawled(&site).await;
    let read = |folder: &TempDir| fs::read_to_string(folder.path().join("index.html")).unwrap();
    let link = format!("<a href={page}>b</a><a href=c.html>c</a>");
    assert_eq!(read(&folder), format!("<img src=data:,#{picture}>{link}"));
    assert_eq!(findings(&verified(&folder)), [""; 0]);

    other.set(robots, None);
    let mut config = Config::new(&site.url).unwrap();
    config.output = folder.path().to_owned();
    let summary = Crawl::start(config).unwrap().finish().await.unwrap();
    assert!(summary.is_complete());
    let undisturbed = crawled(&site).await;
    assert_eq!(read(&folder), read(&undisturbed));
    assert!(!read(&folder).contains("data:"));
    assert_eq!(findings(&verified(&folder)), [""; 0]);
}

/// Wherever it ends, what is left is not asked for, and what is gone on with is the same.
#[tokio::test]
async fn a_crawl_that_ends_at_a_limit_leaves_a_copy_that_holds_and_goes_on_to_the_whole() {
    let site = small_site().await;
    let whole = site::tree(crawled(&site).await.path());
    let go_on = async |folder: &TempDir, pages| {
        let mut config = Config::new(&site.url).unwrap();
        config.output = folder.path().to_owned();
        config.tries = site::once();
        config.limits.pages = pages;
        Crawl::start(config).unwrap().finish().await.unwrap();
        assert_eq!(findings(&verified(folder)), [""; 0], "{pages:?}");
    };
    for pages in 1..4 {
        let folder = tempfile::tempdir().unwrap();
        go_on(&folder, Some(pages)).await;
        assert_ne!(site::tree(folder.path()), whole, "{pages}");
        go_on(&folder, None).await;
        assert_eq!(site::tree(folder.path()), whole, "{pages}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_or_another_is_found_and_who_refers_to_it() {
    let site = small_site().await;
    let folder = crawled(&site).await;
    fs::write(folder.path().join("s.css"), "p { background: red }").unwrap();
    fs::remove_file(folder.path().join("a.html")).unwrap();
    let before = site::tree(folder.path());
    let url = &site.url;
    assert_eq!(
        findings(&verified(&folder)),
        [
            format!("file: a.html, the copy of {url}a: it is not there"),
            format!("file: s.css, the copy of {url}s.css: it is not what the archive gives"),
            "dangling: index.html refers to a.html, which is not there".to_owned(),
            "dangling: index.html refers to a.html, which is not there".to_owned(),
        ]
    );
    assert_eq!(site::tree(folder.path()), before);
}

#[tokio::test]
async fn a_record_that_is_damaged_is_found_whatever_it_is_of() {
    let site = small_site().await;
    let folder = crawled(&site).await;
    let segments = folder.path().join(STATE_FOLDER).join("archive");
    let segment = fs::read_dir(segments).unwrap().next().unwrap().unwrap();
    let mut bytes = fs::read(segment.path()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0);
    fs::write(segment.path(), bytes).unwrap();
    let verified = verified(&folder);
    let first = verified.findings.first().iter();
    let records = first.filter(|it| matches!(it, Finding::Record { .. }));
    assert!(records.count() >= 1, "{:?}", verified.findings);
}

#[tokio::test]
async fn while_it_is_looked_at_no_crawl_goes_on() {
    let site = small_site().await;
    let folder = crawled(&site).await;
    let state = folder.path().join(STATE_FOLDER);
    let kept = verified(&folder);
    let again = dragline::verify(folder.path(), &state);
    assert!(matches!(again, Err(StartError::InUse { .. })));
    drop(kept);
    verified(&folder);
}

/// Runs the program; returns its exit status, standard output and error.
async fn run(folder: &Path, arguments: &[&str], has_browser: bool) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dragline"));
    command.arg("verify").arg(folder).args(arguments);
    if !has_browser {
        command.env_remove("CHROME").env("PATH", "");
    }
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn the_program_says_it_in_a_table_and_as_json_and_by_its_exit_status() {
    let site = small_site().await;
    let folder = crawled(&site).await;
    let (code, stdout, _) = run(folder.path(), &[], true).await;
    assert_eq!(code, 0, "{stdout}");
    assert!(
        stdout.contains("\nleading out             2        0  1 out of scope, 1 failed\n"),
        "{stdout}"
    );
    fs::remove_file(folder.path().join("s.css")).unwrap();
    let (code, stdout, _) = run(folder.path(), &["--json"], true).await;
    assert_eq!(code, 12, "{stdout}");
    let lines: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<_> = lines
        .iter()
        .filter_map(|line| line["finding"].as_str())
        .collect();
    assert_eq!(kinds, ["file", "dangling"]);
    let last = lines.last().unwrap();
    assert_eq!((&last["findings"], &last["files"]), (&2.into(), &3.into()));
    let (code, stdout, _) = run(folder.path(), &[], true).await;
    assert_eq!(code, 12);
    assert!(stdout.contains("\nfile: s.css, the copy of "), "{stdout}");
}

#[tokio::test]
async fn where_there_is_nothing_to_look_at_or_with_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, stderr) = run(folder.path(), &[], true).await;
    assert_eq!(code, 3);
    assert!(stderr.starts_with("dragline: no crawl in `"), "{stderr}");
    let site = small_site().await;
    let folder = crawled(&site).await;
    let (code, _, stderr) = run(folder.path(), &["--browser"], false).await;
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("no Chromium found: install it"), "{stderr}");
    let (code, _, _) = run(folder.path(), &["--pages", "2"], true).await;
    assert_eq!(code, 2);
}

#[tokio::test]
async fn a_page_that_never_looks_the_same_twice_is_not_held_against_the_copy() {
    let page = "<canvas id=c width=900 height=600></canvas><script>\
                let all = c.getContext('2d'); \
                for (let y = 0; y < 600; y += 9) for (let x = 0; x < 900; x += 9) { \
                  all.fillStyle = Math.random() < .5 ? 'red' : 'blue'; all.fillRect(x, y, 9, 9) }</script>";
    let site = Site::start(|_| [("/", Answer::html(page))]).await;
    let folder = crawled(&site).await;
    let mut verified = verified(&folder);
    match verified.browse(NonZeroUsize::MIN).await {
        Err(BrowseError::Launch(LaunchError::NotFound)) => {
            eprintln!("skipped: {}", LaunchError::NotFound);
        }
        looks => {
            let looks = looks.unwrap();
            assert_eq!(findings(&verified), [""; 0]);
            assert_eq!((looks.opened, looks.same, looks.restless), (1, 0, 1));
        }
    }
}

/// Opens all pages; nothing if there is no browser.
async fn browsed(folder: &TempDir) -> Option<(Vec<String>, usize)> {
    let mut verified = verified(folder);
    let before = verified.findings.len();
    match verified.browse(NonZeroUsize::new(10).unwrap()).await {
        Err(BrowseError::Launch(LaunchError::NotFound)) => {
            eprintln!("skipped: {}", LaunchError::NotFound);
            None
        }
        looks => {
            let looks = looks.unwrap();
            assert_eq!((looks.pages, looks.opened), (2, 2));
            Some((findings(&verified).split_off(before), looks.same))
        }
    }
}

#[tokio::test]
async fn a_page_that_looks_other_than_served_or_lacks_something_is_found() {
    let site = small_site().await;
    let folder = crawled(&site).await;
    let Some((found, same)) = browsed(&folder).await else {
        return;
    };
    assert_eq!((found, same), (Vec::new(), 2));
    fs::remove_file(folder.path().join("s.css")).unwrap();
    let page = folder.path().join("a.html");
    fs::write(
        page,
        "<body style='background: red'><img src='http://127.0.0.1:9/i.png'>",
    )
    .unwrap();
    let (found, same) = browsed(&folder).await.unwrap();
    assert_eq!(same, 0);
    let kinds = [
        "looks: a.html",
        "network: a.html",
        "looks: index.html",
        "failed request: index.html",
    ];
    assert_eq!(found.len(), 4, "{found:?}");
    for (found, kind) in found.iter().zip(kinds) {
        assert!(found.starts_with(kind), "{found}");
    }
}

#[tokio::test]
async fn what_neither_copy_nor_archive_has_is_found() {
    let made = "<a href=a>a</a><script>new Image().src = 'x' + 1;\
        new Image().src = 'y?' + Math.random()</script>";
    let site = Site::start(|_| [("/", Answer::html(made)), ("/a", Answer::html("a"))]).await;
    let folder = crawled(&site).await;
    let Some((found, same)) = browsed(&folder).await else {
        return;
    };
    let expected = format!(
        "not asked for: index.html needs {}x1, which was never asked for",
        site.url
    );
    assert_eq!((found, same), (vec![expected], 2));
}

#[tokio::test]
async fn what_is_told_to_work_only_when_served_is_no_finding() {
    let page = "<script>window.__remixContext = {}</script><script type=module src=m.js></script><a href=a>a</a>";
    let site = Site::start(|_| {
        [
            ("/", Answer::html(page)),
            ("/a", Answer::html("a")),
            (
                "/m.js",
                Answer::of_type("text/javascript", "import './n.js'"),
            ),
            ("/n.js", Answer::of_type("text/javascript", "1")),
        ]
    })
    .await;
    let folder = crawled(&site).await;
    let Some((found, same)) = browsed(&folder).await else {
        return;
    };
    assert_eq!((found, same), (Vec::new(), 2));
}
