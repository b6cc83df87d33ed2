//! What a journal adds: it survives, or says why not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

use dragline_frontier::{
    CanonicalUrl, Done, Found, Frontier, FrontierError, Item, Journal, JournalOptions,
    JournalReader, Report, Reported, Then, Want,
};
use futures::executor::block_on;

fn url(page: usize) -> CanonicalUrl {
    CanonicalUrl::parse(&format!("http://h{}/{page}", page % 3)).unwrap()
}

/// What page `n` of the test's web links to.
fn links(page: usize) -> impl Iterator<Item = usize> {
    [page * 2, page * 3 + 1, page + 7]
        .into_iter()
        .filter(|link| *link < PAGES)
}

fn open(path: &Path) -> Result<Journal, FrontierError> {
    Journal::open(path, JournalOptions::default())
}

/// Crawls up to `most` pages of the test's web, from where the frontier is.
fn crawl(frontier: &Journal, most: usize) {
    try_crawl(frontier, most).unwrap();
}

fn try_crawl(frontier: &Journal, most: usize) -> Result<(), FrontierError> {
    block_on(async {
        frontier.add(vec![Found::seed(url(1))]).await?;
        let want = Want {
            urls: 1,
            ttl: Duration::MAX,
        };
        for _ in 0..most {
            let Some(lease) = frontier.lease(want).await?.leases.pop() else {
                break;
            };
            let report = Report {
                done: lease.items.iter().map(kept).collect(),
                host: lease.host,
                token: lease.token,
                delay: None,
                then: Then::Release,
            };
            assert_ne!(frontier.report(report).await?, Reported::Stale);
        }
        Ok(())
    })
}

fn kept(item: &Item) -> Done {
    let page = item
        .url
        .as_str()
        .rsplit_once('/')
        .unwrap()
        .1
        .parse()
        .unwrap();
    Done {
        id: item.id,
        record: record(page),
        found: links(page).map(url).map(Found::link).collect(),
        if_needed: None,
        in_vain: false,
        content: None,
    }
}

fn record(page: usize) -> String {
    format!(
        "page {page}, which links to {:?}",
        links(page).collect::<Vec<_>>()
    )
}

/// What is done, each once.
fn done(frontier: &Journal) -> BTreeMap<String, String> {
    try_done(frontier).unwrap()
}

fn try_done(frontier: &Journal) -> Result<BTreeMap<String, String>, FrontierError> {
    block_on(frontier.flush())?;
    let past = block_on(frontier.done(0, usize::MAX))?;
    let done: BTreeMap<_, _> = past
        .iter()
        .map(|past| (past.url.to_string(), past.record.clone()))
        .collect();
    assert_eq!(done.len(), past.len());
    Ok(done)
}

/// All that can be reached from the seed.
fn whole() -> BTreeMap<String, String> {
    let mut reached = BTreeSet::from([1]);
    let mut next = vec![1];
    while let Some(page) = next.pop() {
        next.extend(links(page).filter(|link| reached.insert(*link)));
    }
    reached
        .into_iter()
        .map(|page| (url(page).to_string(), record(page)))
        .collect()
}

#[test]
fn each_commit_waits_for_what_it_refers_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (reader, counter, states) = (path.clone(), Arc::clone(&calls), Arc::clone(&seen));
    let options = JournalOptions {
        before_commit: Some(Box::new(move || {
            counter.fetch_add(1, Ordering::SeqCst);
            // What is committed is what was committed before.
            let db = rusqlite::Connection::open(&reader).unwrap();
            let urls = db.query_row("SELECT count(*) FROM url", [], |row| row.get::<_, u32>(0));
            states.lock().unwrap().push(urls.unwrap());
            Ok(())
        })),
        ..JournalOptions::default()
    };
    let journal = Journal::open(&path, options).unwrap();
    block_on(async {
        for page in 0..3 {
            journal.add(vec![Found::seed(url(page))]).await.unwrap();
            journal.flush().await.unwrap();
        }
        journal.close().await.unwrap();
    });
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    assert_eq!(*seen.lock().unwrap(), [0, 1, 2]);
}

#[test]
fn what_cannot_be_written_ends_it_and_leaves_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let fails = Arc::new(AtomicBool::new(false));
    let when = Arc::clone(&fails);
    let options = JournalOptions {
        before_commit: Some(Box::new(move || {
            let full = when.load(Ordering::SeqCst);
            let error = io::Error::from(io::ErrorKind::StorageFull);
            if full { Err(error) } else { Ok(()) }
        })),
        ..JournalOptions::default()
    };
    let journal = Journal::open(&path, options).unwrap();
    crawl(&journal, 5);
    let before = done(&journal);
    fails.store(true, Ordering::SeqCst);
    block_on(async {
        journal.add(vec![Found::seed(url(90))]).await.unwrap();
        let error = journal.flush().await.unwrap_err();
        assert!(error.to_string().contains("journal.db"), "{error}");
        let full = std::error::Error::source(&error).unwrap().to_string();
        assert!(full.contains("space") || full.contains("full"), "{full}");
        assert!(journal.add(vec![Found::seed(url(91))]).await.is_err());
        assert!(journal.close().await.is_err());
    });
    drop(journal);
    let journal = open(&path).unwrap();
    assert_eq!(done(&journal), before);
    crawl(&journal, usize::MAX);
    assert!(done(&journal) == whole());
}

#[test]
fn who_is_ahead_of_the_disk_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (go, gone) = mpsc::channel();
    let options = JournalOptions {
        before_commit: Some(Box::new(move || gone.recv().map_err(io::Error::other))),
        ..JournalOptions::default()
    };
    let journal = Journal::open(&folder.path().join("journal.db"), options).unwrap();
    let many = |from| {
        (from..from + 70_000)
            .map(|n| Found::seed(url(n)))
            .collect::<Vec<_>>()
    };
    block_on(journal.add(many(0))).unwrap();
    // Now there may be one batch on its way and one that waits.
    block_on(journal.add(many(100_000))).unwrap_or_default();
    let mut cx = Context::from_waker(Waker::noop());
    let before = block_on(journal.stats()).unwrap().queued;
    {
        let mut late = std::pin::pin!(journal.add(many(200_000)));
        while late.as_mut().poll(&mut cx).is_ready() {
            late.set(journal.add(many(300_000)));
        }
        assert_eq!(block_on(journal.stats()).unwrap().queued, before);
    }
    // It was dropped: nothing of it was taken in.
    assert_eq!(block_on(journal.stats()).unwrap().queued, before);
    for _ in 0..9 {
        go.send(()).unwrap();
    }
    block_on(journal.add(many(400_000))).unwrap();
    block_on(journal.close()).unwrap();
    assert_eq!(block_on(journal.stats()).unwrap().queued, before + 70_000);
}

#[test]
fn texts_that_left_memory_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal.db")).unwrap();
    let pages = 70_000;
    block_on(async {
        journal
            .add((0..pages).map(|n| Found::seed(url(3 * n))).collect())
            .await
            .unwrap();
        journal.flush().await.unwrap();
        let want = Want {
            urls: pages,
            ttl: Duration::MAX,
        };
        let lease = journal.lease(want).await.unwrap().leases.remove(0);
        let is_right = |(n, item): (usize, &Item)| item.url == url(3 * n) && item.via.is_none();
        assert!(lease.items.iter().enumerate().all(is_right));
        assert_eq!(lease.items.len(), pages);
    });
}

/// What was found may push the texts of what is out from memory.
#[test]
fn a_page_that_is_out_is_reported_also_when_many_were_found_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder.path().join("journal.db")).unwrap();
    block_on(async {
        // Those first committed are those that leave.
        journal
            .add((0..66_000).map(|n| Found::seed(url(3 * n))).collect())
            .await
            .unwrap();
        let want = Want {
            urls: 66_000,
            ttl: Duration::MAX,
        };
        let lease = journal.lease(want).await.unwrap().leases.remove(0);
        journal.flush().await.unwrap();
        let done = |item: &Item| Done {
            id: item.id,
            record: String::new(),
            found: vec![Found::link(
                url(1_000_000 + usize::from(item.via.is_none())),
            )],
            if_needed: None,
            in_vain: false,
            content: None,
        };
        let report = Report {
            done: lease.items.iter().map(done).collect(),
            host: lease.host,
            token: lease.token,
            delay: None,
            then: Then::Release,
        };
        journal.report(report).await.unwrap();
        let stats = journal.stats().await.unwrap();
        assert_eq!((stats.done, stats.leased), (66_000, 0));
        journal.flush().await.unwrap();
        assert_eq!(journal.done(65_999, 9).await.unwrap().len(), 1);
    });
}

#[test]
fn a_panic_before_a_commit_leaves_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let options = JournalOptions {
        before_commit: Some(Box::new(|| panic!("for the test"))),
        ..JournalOptions::default()
    };
    let journal = Journal::open(&folder.path().join("journal.db"), options).unwrap();
    block_on(async {
        journal.add(vec![Found::seed(url(0))]).await.unwrap();
        assert!(journal.flush().await.is_err());
        assert!(journal.close().await.is_err());
    });
}

#[test]
fn a_journal_that_is_to_be_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let existing = || JournalOptions {
        existing: true,
        ..JournalOptions::default()
    };
    assert!(Journal::open(&path, existing()).is_err());
    assert!(!path.exists());
    fs::write(&path, "").unwrap();
    let error = Journal::open(&path, existing()).unwrap_err();
    assert!(matches!(error, FrontierError::Empty { .. }), "{error}");
    assert!(fs::read(&path).unwrap().is_empty());
    drop(open(&path).unwrap());
    drop(Journal::open(&path, existing()).unwrap());
}

#[test]
fn a_journal_of_another_crawl_is_refused_and_what_differs_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let about = |seed: &str| JournalOptions {
        about: vec![("seeds".to_owned(), seed.to_owned())],
        ..JournalOptions::default()
    };
    drop(Journal::open(&path, about("http://a/")).unwrap());
    drop(Journal::open(&path, about("http://a/")).unwrap());
    let error = Journal::open(&path, about("http://b/"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("with seeds `http://a/`, not `http://b/`"),
        "{error}"
    );
}

#[test]
fn what_is_no_journal_or_a_later_one_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    fs::write(
        &path,
        "not a database, but long enough to be looked at as one would be".repeat(9),
    )
    .unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(
        open(&path).unwrap_err(),
        FrontierError::Damaged { .. }
    ));
    assert_eq!(fs::read(&path).unwrap(), before);

    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE a (b)")
        .unwrap();
    assert!(matches!(
        open(&other).unwrap_err(),
        FrontierError::Foreign { .. }
    ));

    let later = folder.path().join("later.db");
    drop(open(&later).unwrap());
    rusqlite::Connection::open(&later)
        .unwrap()
        .execute_batch("PRAGMA user_version = 9")
        .unwrap();
    let error = open(&later).unwrap_err();
    assert!(
        matches!(error, FrontierError::Newer { version: 9, .. }),
        "{error}"
    );

    let earlier = folder.path().join("earlier.db");
    drop(open(&earlier).unwrap());
    rusqlite::Connection::open(&earlier)
        .unwrap()
        .execute_batch("PRAGMA user_version = 1")
        .unwrap();
    let error = open(&earlier).unwrap_err();
    assert!(
        matches!(error, FrontierError::Older { version: 1, .. }),
        "{error}"
    );

    let folder_there = folder.path().join("folder");
    fs::create_dir(&folder_there).unwrap();
    assert!(matches!(
        open(&folder_there).unwrap_err(),
        FrontierError::Journal { .. }
    ));
}

/// Killed at any moment, the files are what was written so far.
#[test]
fn whatever_is_left_of_it_after_a_kill_is_an_earlier_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).unwrap();
    for n in 0..40 {
        crawl(&journal, 1);
        let now = done(&journal);
        let copy = folder.path().join(format!("killed{n}.db"));
        for suffix in ["", "-wal"] {
            let of = |path: &Path| format!("{}{suffix}", path.display());
            fs::copy(of(&path), of(&copy)).unwrap();
        }
        let killed = open(&copy).unwrap();
        assert!(done(&killed) == now);
        if n % 8 == 0 {
            crawl(&killed, usize::MAX);
            assert!(done(&killed) == whole());
        }
    }
}

/// Bytes that flip, files that are cut: it is an earlier state, from which the crawl goes on to its
/// end, or it is refused. Never a panic, never something lost in silence.
#[test]
fn a_damaged_journal_is_refused_or_is_an_earlier_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).unwrap();
    crawl(&journal, 20);
    done(&journal);
    drop(journal);
    let journal = open(&path).unwrap();
    crawl(&journal, 30);
    let before = done(&journal);
    // As a kill leaves it: some in the file, some in its log.
    let files = ["", "-wal"].map(|suffix| fs::read(format!("{}{suffix}", path.display())).unwrap());
    drop(journal);
    let whole = whole();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random).unwrap_or(usize::MAX) % below
    };
    let (mut opened, mut refused) = (0, 0);
    let copy = folder.path().join("copy.db");
    for seed in 0..seeds() {
        let mut files = files.clone();
        let file = &mut files[next(2)];
        let at = next(file.len());
        if next(4) == 0 {
            file.truncate(at);
        } else {
            file[at] ^= 1 << next(8);
        }
        let _ = fs::remove_file(format!("{}-shm", copy.display()));
        for (suffix, bytes) in ["", "-wal"].iter().zip(&files) {
            fs::write(format!("{}{suffix}", copy.display()), bytes).unwrap();
        }
        // What is damaged may also be met later on.
        let go_on = || {
            let journal = open(&copy)?;
            let left = try_done(&journal)?;
            try_crawl(&journal, usize::MAX)?;
            Ok::<_, FrontierError>((left, try_done(&journal)?))
        };
        match go_on() {
            Ok((left, all)) => {
                let is_earlier = left.iter().all(|(url, kept)| before.get(url) == Some(kept));
                assert!(is_earlier && all == whole, "seed {seed}");
                opened += 1;
            }
            Err(error) => {
                assert!(
                    error.to_string().contains("copy.db"),
                    "seed {seed}: {error}"
                );
                refused += 1;
            }
        }
    }
    assert!(
        opened > 0 && refused > 0,
        "{opened} opened, {refused} refused"
    );
}

/// How many damages are tried: as many as `DRAGLINE_SEEDS` says.
fn seeds() -> u64 {
    let seeds = std::env::var("DRAGLINE_SEEDS").ok();
    seeds.and_then(|seeds| seeds.parse().ok()).unwrap_or(200)
}

const PAGES: usize = 200;

/// As one of an earlier version, which knew of fewer things that tell crawls apart.
#[test]
fn what_a_journal_says_nothing_of_is_as_it_is_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let open = |about: &[(&str, &str)]| {
        let about = about.iter();
        Journal::open(
            &path,
            JournalOptions {
                about: about
                    .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                    .collect(),
                ..JournalOptions::default()
            },
        )
    };
    open(&[("seeds", "a")]).unwrap();
    open(&[("seeds", "a"), ("scope", "")]).unwrap();
    let refused = open(&[("seeds", "a"), ("scope", "b")]).unwrap_err();
    assert!(matches!(refused, FrontierError::OtherCrawl { .. }));
}

#[test]
fn what_is_committed_is_read_beside_who_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    assert!(JournalReader::open(&path).is_err());
    let options = JournalOptions {
        notes: vec![("about".to_owned(), "it".to_owned())],
        ..JournalOptions::default()
    };
    let journal = Journal::open(&path, options).unwrap();
    let reader = JournalReader::open(&path).unwrap();
    assert_eq!(reader.note("about").unwrap().as_deref(), Some("it"));
    assert!(reader.done(0, 9).unwrap().is_empty());
    crawl(&journal, 3);
    block_on(journal.flush()).unwrap();
    let done = reader.done(1, 9).unwrap();
    let all = block_on(journal.done(0, 9)).unwrap();
    assert_eq!(all.len(), 3);
    let records = |done: &[dragline_frontier::Past]| {
        let records = done.iter().map(|past| past.record.clone());
        records.collect::<Vec<_>>()
    };
    assert_eq!(records(&done), records(&all[1..]));
}
