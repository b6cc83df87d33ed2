//! A crawl that is ended before its end, and what becomes of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod site;

use std::collections::BTreeMap;
use std::fs;

use dragline::{Again, Config, Crawl, Event, FrontierError, StartError, Summary};
use site::{Answer, Site, tree};
use tempfile::TempDir;

fn config(site: &Site, folder: &TempDir) -> Config {
    Config {
        output: folder.path().join("copy"),
        tries: site::once(),
        jobs: 4.try_into().unwrap(),
        ..Config::new(&site.url).unwrap()
    }
}

async fn run(config: Config) -> Summary {
    start(config).await.finish().await.unwrap()
}

/// Starts a crawl, once the one before has ended.
async fn start(config: Config) -> Crawl {
    loop {
        match Crawl::start(config.clone()) {
            Err(StartError::InUse { .. }) => tokio::task::yield_now().await,
            started => return started.unwrap(),
        }
    }
}

/// Pages that link to each other, one that is redirected to, one that is missing.
async fn web() -> Site {
    Site::start_with(|_| {
        let page = |n: usize| {
            let link = |k| format!("<a href=/{}>.</a>", (n * 3 + k) % PAGES);
            (
                format!("/{n}"),
                Answer::html(&(1..=3).map(link).collect::<String>()),
            )
        };
        let mut pages: std::collections::HashMap<_, _> = (0..PAGES).map(page).collect();
        pages.insert(
            "/".into(),
            Answer::html("<a href=1>.</a><a href=gone>.</a>"),
        );
        pages.insert("/5".into(), Answer::redirect("/far/away"));
        pages.insert("/far/away".into(), Answer::html("<a href=/7>.</a>"));
        pages
    })
    .await
}

#[tokio::test]
async fn without_its_archive_a_crawl_leaves_the_copy_alone() {
    let (site, folder) = (web().await, TempDir::new().unwrap());
    let config = |pages| {
        let mut config = config(&site, &folder);
        config.keep_archive = false;
        config.limits.pages = pages;
        config
    };
    let state = folder.path().join("copy/.dragline");
    let first = run(config(Some(4))).await;
    assert!(first.left > 0 && dragline::is_begun(&state), "{first:?}");
    run(config(None)).await;
    assert!(!dragline::is_begun(&state));
    assert!(!state.join("archive").exists());

    let kept = TempDir::new().unwrap();
    run(self::config(&site, &kept)).await;
    assert_eq!(
        tree(&folder.path().join("copy")),
        tree(&kept.path().join("copy"))
    );
}

/// How often each URL is archived.
fn archived(folder: &TempDir) -> BTreeMap<String, usize> {
    let segments = folder.path().join("copy/.dragline/archive");
    let mut urls = BTreeMap::new();
    for segment in fs::read_dir(segments).unwrap() {
        let bytes = fs::read(segment.unwrap().path()).unwrap();
        let mut text = String::new();
        let mut unpacked = flate2::read::MultiGzDecoder::new(&*bytes);
        std::io::Read::read_to_string(&mut unpacked, &mut text).unwrap();
        for record in text
            .split("WARC/1.1\r\n")
            .filter(|it| it.contains("WARC-Type: re"))
        {
            let uri = record
                .lines()
                .find_map(|line| line.strip_prefix("WARC-Target-URI: "));
            *urls.entry(uri.unwrap().to_owned()).or_default() += 1;
        }
    }
    urls
}

#[tokio::test]
async fn ended_at_any_moment_it_goes_on_and_ends_as_if_it_had_not_been() {
    let site = web().await;
    let whole = tempfile::tempdir().unwrap();
    let undisturbed = run(config(&site, &whole)).await;
    let pages = site.requests().len();
    for every in [1, 2, 3, 7, 20] {
        let folder = tempfile::tempdir().unwrap();
        let config = |site: &Site, folder: &TempDir| Config {
            fsync: every == 7,
            ..config(site, folder)
        };
        let before: usize = site.requests().values().sum();
        let mut ends = 0;
        let summary = loop {
            let mut crawl = start(config(&site, &folder)).await;
            let mut fetched = 0;
            while let Some(event) = crawl.next().await {
                fetched += usize::from(matches!(event, Event::Fetched { .. }));
                if fetched == every {
                    break;
                }
            }
            if fetched < every {
                break crawl.finish().await.unwrap();
            }
            ends += 1;
        };
        assert!(ends > 0);
        assert_eq!(
            (summary.fetched, summary.refused, summary.files),
            (undisturbed.fetched, undisturbed.refused, undisturbed.files)
        );
        assert!(tree(&folder.path().join("copy")) == tree(&whole.path().join("copy")));
        assert_eq!(archived(&folder), archived(&whole));
        // No more is fetched again than was in flight.
        let requests: usize = site.requests().values().sum::<usize>() - before;
        assert!(
            requests <= pages + ends * 4,
            "{requests} requests, {ends} ends"
        );
    }
}

#[tokio::test]
async fn a_finished_crawl_fetches_nothing_and_mends_its_copy() {
    let site = web().await;
    let folder = tempfile::tempdir().unwrap();
    let first = run(config(&site, &folder)).await;
    let before = site.requests();
    let copy = tree(&folder.path().join("copy"));
    fs::remove_file(folder.path().join("copy/7.html")).unwrap();
    let mut crawl = start(config(&site, &folder)).await;
    let event = crawl.next().await;
    assert!(
        matches!(event, Some(Event::Resumed { done, queued: 0 }) if done == before.len()),
        "{event:?}"
    );
    let second = crawl.finish().await.unwrap();
    assert_eq!(site.requests(), before);
    assert_eq!(
        (second.fetched, second.refused),
        (first.fetched, first.refused)
    );
    assert!(tree(&folder.path().join("copy")) == copy);
}

#[tokio::test]
async fn the_state_may_lie_elsewhere() {
    let site = web().await;
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = folder.path().join("a/state");
    let config = Config {
        state: Some(elsewhere.clone()),
        ..config(&site, &folder)
    };
    let first = run(config.clone()).await;
    let before = site.requests();
    assert_eq!(run(config).await.fetched, first.fetched);
    assert_eq!(site.requests(), before);
    assert!(elsewhere.join("archive/dragline-00000.warc.gz").exists());
    assert!(!folder.path().join("copy/.dragline/journal.db").exists());
}

#[tokio::test]
async fn two_in_one_folder_are_one_too_many() {
    let site = Site::start(|_| [("/", Answer::silent())]).await;
    let folder = tempfile::tempdir().unwrap();
    let first = Crawl::start(config(&site, &folder)).unwrap();
    let error = Crawl::start(config(&site, &folder)).unwrap_err();
    let expected = format!("(process {}, since 2", std::process::id());
    assert!(error.to_string().contains(&expected), "{error}");
    drop(first);
    drop(start(config(&site, &folder)).await);
}

#[tokio::test]
async fn another_crawl_is_refused_unless_it_starts_over() {
    let site = web().await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    let mut other = config(&site, &folder);
    other.seeds = Config::new(&format!("{}far/away", site.url)).unwrap().seeds;
    let error = Crawl::start(other.clone()).unwrap_err();
    let StartError::State { source, .. } = error else {
        panic!("{error}");
    };
    assert!(matches!(&source, FrontierError::OtherCrawl { what, .. } if what == "seeds"));
    other.again = Again::StartOver;
    let before: usize = site.requests().values().sum();
    let fetched = run(other).await.fetched;
    let requests: usize = site.requests().values().sum();
    assert!(fetched > 1 && requests - before >= fetched);
    assert_eq!(
        archived(&folder).values().max(),
        Some(&2),
        "request and response"
    );
}

#[tokio::test]
async fn starting_over_leaves_nothing_of_the_copy_but_what_others_put_there() {
    let site = web().await;
    let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let copy = folder.path().join("copy");
    run(config(&site, &folder)).await;
    fs::write(copy.join("mine.txt"), "mine").unwrap();
    let far = |folder| Config {
        seeds: Config::new(&format!("{}far/away", site.url)).unwrap().seeds,
        limits: dragline::Limits {
            pages: Some(1),
            ..dragline::Limits::default()
        },
        again: Again::StartOver,
        ..config(&site, folder)
    };
    run(far(&folder)).await;
    fs::remove_file(copy.join("mine.txt")).unwrap();
    run(far(&other)).await;
    assert_eq!(tree(&copy), tree(&other.path().join("copy")));
}

#[tokio::test]
async fn without_state_each_crawl_is_a_new_one() {
    let site = web().await;
    let folder = tempfile::tempdir().unwrap();
    for times in 1..3 {
        let config = Config {
            resumable: false,
            ..config(&site, &folder)
        };
        run(config).await;
        assert_eq!(site.requests()["/"], times);
        assert_eq!(archived(&folder)[&site.url], 2 * times);
    }
    assert!(!folder.path().join("copy/.dragline/journal.db").exists());
    // Beside a crawl that can be gone on with, its archive would be lost.
    run(config(&site, &folder)).await;
    let unkept = Config {
        resumable: false,
        ..config(&site, &folder)
    };
    let refused = loop {
        match Crawl::start(unkept.clone()) {
            Err(StartError::InUse { .. }) => tokio::task::yield_now().await,
            refused => break refused,
        }
    };
    assert!(
        matches!(refused, Err(StartError::Resumable { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_host_that_a_seed_leads_to_is_still_in_scope() {
    let far = web().await;
    let target = far.url.clone();
    let near = Site::start(|_| [("/", Answer::redirect(&target))]).await;
    let folder = tempfile::tempdir().unwrap();
    let mut crawl = start(config(&near, &folder)).await;
    while !matches!(crawl.next().await, Some(Event::Fetched { url, .. }) if url.as_str() == far.url)
    {
    }
    drop(crawl);
    let summary = run(config(&near, &folder)).await;
    // The redirect is one more, and a sitemap that is not there counts as nothing.
    assert_eq!(summary.fetched + summary.refused, far.requests().len());
    assert!(far.requests().len() > 10);
}

#[tokio::test]
async fn what_cannot_be_gone_on_from_is_said_by_name() {
    let site = web().await;
    let folder = tempfile::tempdir().unwrap();
    run(config(&site, &folder)).await;
    let state = folder.path().join("copy/.dragline");
    let said = |part: &str| {
        let error = anyhow::Error::new(Crawl::start(config(&site, &folder)).unwrap_err());
        assert!(format!("{error:#}").contains(part), "{error:#}");
    };
    let segment = state.join("archive/dragline-00000.warc.gz");
    let whole = fs::read(&segment).unwrap();
    fs::write(&segment, &whole[..whole.len() - 1]).unwrap();
    said("dragline-00000.warc.gz has");
    fs::remove_file(&segment).unwrap();
    said("dragline-00000.warc.gz (or without .gz) is missing");
    fs::write(&segment, &whole).unwrap();
    fs::write(
        state.join("journal.db"),
        "this was a journal once".repeat(100),
    )
    .unwrap();
    said("journal.db");
}

const PAGES: usize = 40;
