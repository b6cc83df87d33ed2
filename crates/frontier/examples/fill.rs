//! Fills a journalled frontier with URLs made by formula, and opens it again: what a URL costs.
//!
//! `cargo xtask bench frontier` runs it; arguments: how many URLs, on how many hosts, and a folder. A
//! journal that is in it is only opened; else it is made there, and stays.
#![expect(clippy::print_stdout, reason = "it is what it is for")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use dragline_frontier::{CanonicalUrl, Found, Frontier, Journal, JournalOptions};
use futures::executor::block_on;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Args {
    urls: u32,
    hosts: u32,
}

fn main() -> Result<()> {
    let mut args_left = std::env::args().skip(1);
    let mut number = |default: u32| args_left.next().map_or(Ok(default), |typed| typed.parse());
    let args = Args {
        urls: number(1_000_000)?,
        hosts: number(1_000)?.max(1),
    };
    let Some(folder) = args_left.next() else {
        let folder = tempfile::tempdir()?;
        return run(&args, folder.path());
    };
    let folder = Path::new(&folder);
    if folder.join("journal.db").exists() {
        args.open_again(folder).map(drop)
    } else {
        run(&args, folder)
    }
}

fn run(args: &Args, folder: &Path) -> Result<()> {
    let path = folder.join("journal.db");
    let before = memory()?;
    let length = (0..args.urls)
        .map(|n| args.url(n).len() as u64)
        .sum::<u64>();
    println!(
        "{} URLs on {} hosts, {} bytes each",
        args.urls,
        args.hosts,
        length / u64::from(args.urls.max(1))
    );

    let journal = Journal::open(&path, JournalOptions::default())?;
    let took = block_on(args.fill(&journal))?;
    let rate = f64::from(args.urls) / took.as_secs_f64();
    println!(
        "taken in, and on disk:   {:8.2} s, {rate:.0} new URLs a second",
        took.as_secs_f64()
    );
    println!(
        "memory, while filled:    {:8.1} bytes a URL",
        args.each(memory()?.saturating_sub(before))
    );
    drop(journal);
    println!(
        "disk:                    {:8.1} bytes a URL",
        args.each(disk(folder)?)
    );

    let journal = args.open_again(folder)?;
    let took = block_on(args.fill(&journal))?;
    println!(
        "all found once more:     {:8.0} known URLs a second",
        f64::from(args.urls) / took.as_secs_f64()
    );
    Ok(())
}

impl Args {
    fn url(&self, n: u32) -> String {
        format!(
            "http://host{}.example/a/folder/page-{n}.html",
            n % self.hosts
        )
    }

    /// Adds all URLs, as many at once as a page may have.
    async fn fill(&self, journal: &Journal) -> Result<Duration> {
        let begun = Instant::now();
        for first in (0..self.urls).step_by(BATCH as usize) {
            let batch = first..self.urls.min(first.saturating_add(BATCH));
            let found = batch.map(|n| CanonicalUrl::parse(&self.url(n)).map(Found::link));
            journal
                .add(found.collect::<std::result::Result<_, _>>()?)
                .await?;
        }
        journal.flush().await?;
        Ok(begun.elapsed())
    }

    fn open_again(&self, folder: &Path) -> Result<Journal> {
        let before = memory()?;
        let begun = Instant::now();
        let journal = Journal::open(&folder.join("journal.db"), JournalOptions::default())?;
        println!(
            "opened again:            {:8.2} s",
            begun.elapsed().as_secs_f64()
        );
        println!(
            "memory, opened again:    {:8.1} bytes a URL beyond what was not given back",
            self.each(memory()?.saturating_sub(before))
        );
        println!(
            "memory of the process:   {:8.1} MiB at most",
            peak()? / f64::from(1 << 20)
        );
        Ok(journal)
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure, to be read")]
    fn each(&self, bytes: u64) -> f64 {
        bytes as f64 / f64::from(self.urls.max(1))
    }
}

/// What the process has in memory, in bytes.
fn memory() -> Result<u64> {
    status("VmRSS:")
}

#[expect(clippy::cast_precision_loss, reason = "a figure, to be read")]
fn peak() -> Result<f64> {
    status("VmHWM:").map(|bytes| bytes as f64)
}

fn status(field: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kilobytes.ok_or("no such field")? * 1024)
}

fn disk(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for file in fs::read_dir(folder)? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes)
}

const BATCH: u32 = 100;
