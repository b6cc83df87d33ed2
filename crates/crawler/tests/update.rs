//! Crawling again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod site;

use std::fs;
use std::io::Write as _;

use dragline::{Again, Archived, Change, Config, Crawl, Event, Limits, StartError, Summary};
use site::{Answer, Site, tree};
use tempfile::TempDir;

fn config(site: &Site, folder: &TempDir) -> Config {
    Config {
        output: folder.path().join("copy"),
        tries: site::once(),
        ..Config::new(&site.url).unwrap()
    }
}

fn update(site: &Site, folder: &TempDir) -> Config {
    Config {
        again: Again::Update { purge: false },
        ..config(site, folder)
    }
}

async fn start(config: Config) -> Crawl {
    loop {
        match Crawl::start(config.clone()) {
            Err(StartError::InUse { .. }) => tokio::task::yield_now().await,
            started => return started.unwrap(),
        }
    }
}

/// Crawls to the end; returns the changes, by path.
async fn run(config: Config) -> (Summary, Vec<(String, Change)>) {
    let root = config.seeds[0].to_string();
    let mut crawl = start(config).await;
    let mut changes = Vec::new();
    while let Some(event) = crawl.next().await {
        if let Event::Changed { url, change } = event {
            changes.push((url.strip_prefix(&root).unwrap().to_owned(), change));
        }
    }
    (crawl.finish().await.unwrap(), changes)
}

fn copy(folder: &TempDir) -> Vec<String> {
    tree(&folder.path().join("copy")).into_keys().collect()
}

fn read(folder: &TempDir, path: &str) -> String {
    fs::read_to_string(folder.path().join("copy").join(path)).unwrap()
}

/// `/` links to `a`, which links to `b`, which links to `c`.
async fn chain() -> Site {
    Site::start(|_| {
        [
            ("/", Answer::html("<a href=a>").tagged("1")),
            ("/a", Answer::html("<a href=b>").tagged("1")),
            ("/b", Answer::html("<a href=c>").tagged("1")),
            ("/c", Answer::html("end")),
        ]
    })
    .await
}

#[tokio::test]
async fn what_is_as_it_was_is_not_sent_again_and_the_crawl_goes_on_below_it() {
    let site = chain().await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    let before = tree(&folder.path().join("copy"));
    for times in 2..4 {
        let (summary, changes) = run(update(&site, &folder)).await;
        assert_eq!((summary.fetched, summary.files), (4, 4));
        assert_eq!(changes, []);
        assert_eq!(
            site.requests()["/c"],
            times,
            "it is found below three that are as they were"
        );
        assert!(tree(&folder.path().join("copy")) == before);
    }
    assert!(!folder.path().join("copy/.dragline/previous.db").exists());
    // Nor is it if the archive is not kept, whose digests would be others.
    let last = Config {
        keep_archive: false,
        ..update(&site, &folder)
    };
    assert_eq!(run(last).await.1, []);
}

#[tokio::test]
async fn what_is_new_or_changed_or_gone_is_told_and_only_what_changed_is_written() {
    let site = chain().await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    site.set("/b", Some(Answer::html("<a href=d>").tagged("2")));
    site.set("/d", Some(Answer::html("new")));
    site.set("/c", None);
    let (_, changes) = run(update(&site, &folder)).await;
    let [b, c, d] = ["b", "c", "d"].map(str::to_owned);
    assert_eq!(
        changes,
        [(b, Change::Changed), (c, Change::Gone), (d, Change::New)]
    );
    // What is gone stays in the copy.
    assert_eq!(
        copy(&folder),
        ["a.html", "b.html", "c.html", "d.html", "index.html"]
    );
    assert_eq!(read(&folder, "b.html"), "<a href=d.html>");
    // Also over the next update; and it is gone only once.
    let (_, changes) = run(update(&site, &folder)).await;
    assert_eq!(changes, [("c".to_owned(), Change::Gone)]);
    assert_eq!(read(&folder, "c.html"), "end");
    // Until it is purged.
    let purge = Config {
        again: Again::Update { purge: true },
        ..update(&site, &folder)
    };
    run(purge).await;
    assert_eq!(copy(&folder), ["a.html", "b.html", "d.html", "index.html"]);
    let (_, changes) = run(update(&site, &folder)).await;
    assert_eq!(changes, []);
}

#[tokio::test]
async fn a_bad_answer_destroys_no_good_file_and_nothing_is_purged() {
    let site = chain().await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    let before = tree(&folder.path().join("copy"));
    let error = Answer::new(
        "500 Internal Server Error",
        &[("Content-Type", "text/html")],
        "oops",
    );
    site.set("/a", Some(error));
    let purge = Config {
        again: Again::Update { purge: true },
        ..update(&site, &folder)
    };
    let mut crawl = start(purge).await;
    let mut was_said = false;
    while let Some(event) = crawl.next().await {
        assert!(!matches!(event, Event::Changed { .. }), "{event:?}");
        was_said |= matches!(event, Event::NotPurged);
    }
    assert!(was_said);
    assert_eq!(crawl.finish().await.unwrap().refused, 1);
    assert!(tree(&folder.path().join("copy")) == before);
}

#[tokio::test]
async fn nothing_is_purged_when_nobody_could_look() {
    let html = [("Content-Type", "text/html")];
    let coded = [("Content-Type", "text/html"), ("Content-Encoding", "gzip")];
    for answer in [
        Some(Answer::new("403 Forbidden", &html, "no")),
        Some(Answer::new("206 Partial Content", &html, "<a href=a>")),
        Some(Answer::new("304 Not Modified", &html, "")),
        Some(Answer::new("200 OK", &coded, "not gzip")),
        Some(Answer::html(&" ".repeat(33 << 20))),
        Some(Answer::redirect("/")),
        None,
    ] {
        let site = chain().await;
        let folder = tempfile::tempdir().unwrap();
        run(config(&site, &folder)).await;
        site.set("/", answer);
        let purge = Config {
            again: Again::Update { purge: true },
            ..config(&site, &folder)
        };
        run(purge).await;
        assert_eq!(copy(&folder), ["a.html", "b.html", "c.html", "index.html"]);
    }
}

#[tokio::test]
async fn what_could_not_be_looked_at_before_either_is_no_hindrance() {
    let site = chain().await;
    let forbidden = Answer::new("403 Forbidden", &[], "no");
    site.set("/a", Some(Answer::html("<a href=b><a href=forbidden>")));
    site.set("/forbidden", Some(forbidden));
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    site.set("/b", Some(Answer::html("no link any more")));
    let purge = Config {
        again: Again::Update { purge: true },
        ..config(&site, &folder)
    };
    let (_, changes) = run(purge).await;
    assert_eq!(changes[1], ("c".to_owned(), Change::Gone));
    assert_eq!(copy(&folder), ["a.html", "b.html", "index.html"]);
}

#[tokio::test]
async fn a_file_that_becomes_a_folder_and_back_is_written() {
    let feed = || Answer::of_type("application/octet-stream", "feed");
    let site = Site::start(|_| [("/", Answer::html("<a href=feed>")), ("/feed", feed())]).await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    assert_eq!(copy(&folder), ["feed", "index.html"]);
    site.set("/feed", Some(Answer::redirect("/feed/")));
    site.set("/feed/", Some(Answer::html("folder")));
    assert_eq!(run(update(&site, &folder)).await.0.not_written, 0);
    assert_eq!(copy(&folder), ["feed/index.html", "index.html"]);
    site.set("/feed", Some(feed()));
    site.set("/feed/", None);
    let purge = Config {
        again: Again::Update { purge: true },
        ..config(&site, &folder)
    };
    assert_eq!(run(purge).await.0.not_written, 0);
    assert_eq!(copy(&folder), ["feed", "index.html"]);
}

#[tokio::test]
async fn a_redirect_that_is_not_modified_may_lead_elsewhere() {
    let page = |text: &str| Answer::html(text);
    let site = Site::start(|_| {
        [
            ("/", page("<a href=r>")),
            ("/r", Answer::redirect("/b").tagged("1")),
            ("/b", page("b")),
            ("/c", page("c")),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    site.set("/r", Some(Answer::redirect("/c").tagged("1")));
    run(update(&site, &folder)).await;
    assert_eq!(read(&folder, "index.html"), "<a href=c.html>");
}

#[tokio::test]
async fn an_index_that_is_damaged_is_refused_by_name() {
    let site = chain().await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    site.set("/c", None);
    run(update(&site, &folder)).await;
    let kept = folder.path().join("copy/.dragline/kept.cdxj");
    let whole = fs::read(&kept).unwrap();
    assert!(whole.len() > 100);
    for damaged in [
        &whole[..0],
        &whole[..50],
        &whole[..whole.len() - 2],
        &whole.to_ascii_uppercase(),
    ] {
        fs::write(&kept, damaged).unwrap();
        let error = Crawl::start(config(&site, &folder)).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("kept.cdxj is damaged"), "{source}");
    }
}

#[tokio::test]
async fn what_an_ended_update_keeps_is_taken_over_by_the_next() {
    let site = chain().await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    site.set("/c", None);
    run(update(&site, &folder)).await;
    // As a kill leaves it just before the update's last step.
    let state = folder.path().join("copy/.dragline");
    fs::rename(state.join("kept.cdxj"), state.join("kept.cdxj.new")).unwrap();
    fs::remove_file(folder.path().join("copy/c.html")).unwrap();
    run(update(&site, &folder)).await;
    assert_eq!(read(&folder, "c.html"), "end");
    assert!(!state.join("kept.cdxj.new").exists());
}

#[tokio::test]
async fn an_update_that_is_ended_goes_on() {
    let site = chain().await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    site.set("/b", Some(Answer::html("<a href=d>").tagged("2")));
    site.set("/d", Some(Answer::html("new")));
    let before = site.requests();
    for _ in 0..10 {
        // With or without the flag, it is the update that goes on.
        let mut crawl = start(config(&site, &folder)).await;
        crawl.next().await;
        drop(crawl);
    }
    assert_eq!(site.requests(), before, "without the flag none begins");
    let mut crawl = start(update(&site, &folder)).await;
    while !matches!(crawl.next().await, Some(Event::Fetched { .. })) {}
    drop(crawl);
    let (_, changes) = run(config(&site, &folder)).await;
    let [b, c, d] = ["b", "c", "d"].map(str::to_owned);
    assert_eq!(
        changes,
        [(b, Change::Changed), (c, Change::Gone), (d, Change::New)]
    );
    let (_, changes) = run(config(&site, &folder)).await;
    assert_eq!(changes, []);
}

#[tokio::test]
async fn a_crawl_that_is_not_finished_is_not_updated_but_gone_on_with() {
    let site = chain().await;
    let folder = tempfile::tempdir().unwrap();
    let mut crawl = start(config(&site, &folder)).await;
    while !matches!(crawl.next().await, Some(Event::Fetched { .. })) {}
    drop(crawl);
    let (summary, changes) = run(update(&site, &folder)).await;
    assert_eq!((summary.fetched, changes.len()), (4, 0));
}

/// Its digests are by what it began with.
#[tokio::test]
async fn what_began_without_an_archive_and_ended_with_one_is_updated() {
    let site = chain().await;
    let folder = tempfile::tempdir().unwrap();
    let begin = Config {
        keep_archive: false,
        limits: Limits {
            pages: Some(2),
            ..Limits::default()
        },
        ..config(&site, &folder)
    };
    assert_eq!(run(begin).await.0.fetched, 2);
    assert_eq!(run(config(&site, &folder)).await.0.fetched, 4);
    site.set("/", Some(Answer::html("<a href=a>")));
    site.set("/a", Some(Answer::html("<a href=b>")));
    let (summary, changes) = run(update(&site, &folder)).await;
    assert_eq!((summary.fetched, changes), (4, Vec::new()));
}

#[tokio::test]
async fn all_that_was_ever_archived_can_be_exported() {
    let site = chain().await;
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("copy/.dragline");
    assert!(matches!(
        Archived::open(&output),
        Err(StartError::NoCrawl { .. })
    ));
    run(config(&site, &folder)).await;
    for version in ["2", "3"] {
        site.set("/c", Some(Answer::html(version)));
        run(update(&site, &folder)).await;
    }
    let archived = Archived::open(&output).unwrap();
    let mut index = Vec::new();
    archived.cdxj(&mut index).unwrap();
    let index = String::from_utf8(index).unwrap();
    let of = |path: &str| {
        let url = format!("{}{path}\"", site.url);
        index.lines().filter(|line| line.contains(&url)).count()
    };
    assert_eq!(of("c"), 3, "{index}");
    // What was answered with a 304 is there once.
    assert_eq!(of("a"), 1, "{index}");
    assert!(index.lines().is_sorted());
    let mut wacz = std::io::Cursor::new(Vec::new());
    archived.wacz(&mut wacz).unwrap();
    assert!(wacz.get_ref().starts_with(b"PK"));
    assert!(matches!(
        Crawl::start(config(&site, &folder)),
        Err(StartError::InUse { .. })
    ));
}

#[tokio::test]
async fn a_host_that_does_not_answer_holds_up_no_update() {
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let picture = format!("<img src=http://{}/x.png>", dead.local_addr().unwrap());
    drop(dead);
    let page = Answer::html(&format!("{picture}<a href=a>1"));
    let site = Site::start(|_| [("/", page), ("/a", Answer::html("a"))]).await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    for version in ["2", "3"] {
        site.set("/", Some(Answer::html(&format!("{picture}{version}"))));
        if version == "3" {
            // Gone on with, it asks that host alone.
            let (summary, _) = run(config(&site, &folder)).await;
            assert_eq!(summary.unreached, 1);
        }
        let (summary, changes) = run(update(&site, &folder)).await;
        // Nothing leads to `a` any more, and that host had nothing to hide.
        let [page, a] = ["", "a"].map(str::to_owned);
        assert_eq!(changes, [(page, Change::Changed), (a, Change::Gone)]);
        assert_eq!((summary.fetched, summary.unreached), (1, 1));
        assert!(read(&folder, "index.html").ends_with(version));
    }
    assert_eq!(site.requests()["/"], 3);
    let archived = Archived::open(&folder.path().join("copy/.dragline")).unwrap();
    let mut index = Vec::new();
    archived.cdxj(&mut index).unwrap();
    let index = String::from_utf8(index).unwrap();
    assert_eq!(index.matches("\"status\":\"200\"").count(), 4);
    drop(archived);
    // What is purged stays so, for all who look at it.
    let purge = Config {
        again: Again::Update { purge: true },
        ..config(&site, &folder)
    };
    run(purge).await;
    assert_eq!(copy(&folder), ["index.html"]);
    let output = folder.path().join("copy");
    let verified = dragline::verify(&output, &output.join(".dragline")).unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
    drop(verified);
    run(config(&site, &folder)).await;
    assert_eq!(copy(&folder), ["index.html"]);
    // Who is refused changes nothing of it.
    let other = Config {
        seeds: Config::new("http://127.0.0.1:9/").unwrap().seeds,
        ..config(&site, &folder)
    };
    assert!(Crawl::start(other).is_err());
    site.set("/", Some(Answer::html("4")));
    let (_, changes) = run(update(&site, &folder)).await;
    assert_eq!(changes, [(String::new(), Change::Changed)]);
}

#[tokio::test]
async fn a_host_that_answered_before_is_not_given_up_for_good() {
    let site = chain().await;
    let other = chain().await;
    let folder = tempfile::tempdir().unwrap();
    let both = |again| {
        let seeds = [&site.url, &other.url].map(|url| Config::new(url).unwrap().seeds);
        Config {
            seeds: seeds.concat(),
            again,
            ..config(&site, &folder)
        }
    };
    run(both(Again::GoOn)).await;
    // What is behind it, nobody knows now.
    let fails = Answer::new("500 Internal Server Error", &[], "");
    other.set("/robots.txt", Some(fails));
    let (summary, changes) = run(both(Again::Update { purge: true })).await;
    assert!(summary.left > 0, "{summary:?}");
    assert_eq!(changes, []);
    assert_eq!(copy(&folder).len(), 8);
}

#[tokio::test]
async fn what_is_packed_otherwise_each_time_has_not_changed() {
    let packed = |text: &str, at: u32| {
        let writer = flate2::GzBuilder::new().mtime(at);
        let mut packing = writer.write(Vec::new(), flate2::Compression::fast());
        packing.write_all(text.as_bytes()).unwrap();
        let fields = [("content-type", "text/html"), ("content-encoding", "gzip")];
        Answer::new("200 OK", &fields, packing.finish().unwrap())
    };
    let site = Site::start(|_| [("/", packed("a", 1))]).await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    site.set("/", Some(packed("a", 2)));
    assert_eq!(run(update(&site, &folder)).await.1, []);
    site.set("/", Some(packed("b", 3)));
    let changes = run(update(&site, &folder)).await.1;
    assert_eq!(changes, [(String::new(), Change::Changed)]);
}

#[tokio::test]
async fn who_answers_a_condition_by_an_error_is_asked_without() {
    let answer = |text: &str| {
        let fields = [("content-type", "text/html"), ("etag", "\"1\"")];
        let fails = Answer::new("412 Precondition Failed", &[], "");
        Answer::new("200 OK", &fields, text).unless_shown("if-none-match", fails)
    };
    let site = Site::start(|_| [("/", answer("1"))]).await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    site.set("/", Some(answer("2")));
    let (summary, changes) = run(update(&site, &folder)).await;
    assert_eq!((summary.fetched, summary.failed()), (1, 0));
    assert_eq!(changes, [(String::new(), Change::Changed)]);
    assert_eq!(read(&folder, "index.html"), "2");
}
