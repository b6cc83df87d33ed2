//! The disk is full, or fails.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail, ensure};

use super::calls::{self, Target};
use super::outcome::Difference;
use super::place::{Crawl, Place, Undisturbed};
use super::program::{Ended, Fate, output};
use super::random::Random;
use super::tally::Point;

/// What the errors are made in, and measured against.
#[derive(Debug)]
pub(crate) struct Errors {
    crawl: Crawl,
    undisturbed: Undisturbed,
    /// The calls that fail, each by its number in a thread.
    calls: Vec<(Target, usize)>,
    seed: u64,
}

impl Errors {
    /// Crawls undisturbed, to know what has to come of it, and looks which calls there are. Takes so many of the first
    /// [`FIRST`], or more if so many are asked for.
    ///
    /// # Errors
    ///
    /// The crawl fails, or strace does.
    pub(crate) async fn prepare(crawl: Crawl, seed: u64, most: usize) -> Result<Self> {
        let undisturbed = crawl.undisturbed().await?;
        let made = calls::count(&crawl).await?;
        let calls = made.into_iter();
        let calls = calls.flat_map(|(target, made)| (1..=made).map(move |call| (call, target)));
        let mut calls: Vec<_> = calls.collect();
        calls.sort_by_key(|(call, _)| *call);
        calls.truncate(most.max(FIRST));
        let taken = most.min(calls.len());
        let spread = (0..taken).map(|one| calls[one * calls.len() / taken]);
        let calls = spread.map(|(call, target)| (target, call)).collect();
        Ok(Errors {
            crawl,
            undisturbed,
            calls,
            seed,
        })
    }

    /// Has a call fail, looks whether it is said clearly, and lets the crawl go on.
    ///
    /// # Errors
    ///
    /// It does not end as it has to.
    pub(crate) async fn point(self: Arc<Self>, index: u64) -> Result<Point> {
        let mut random = Random::of(self.seed, index);
        let (target, mut call) = self.calls[usize::try_from(index / 2)?];
        let error = ["ENOSPC", "EIO"][usize::try_from(index % 2)?];
        // Once, or from then on.
        let lasting = if random.percent(50) { "+" } else { "" };
        loop {
            let place = self.crawl.place().await?;
            let log = place.folder.path().join("calls");
            let fault = format!("error={error}:when={call}{lasting}");
            let fate = target.inject(place.folder.path(), &log, &fault);
            let ended = place.run(&fate).await?;
            if !fs::read_to_string(&log)?.contains("(INJECTED)") {
                // This time no thread made so many calls.
                ensure!(call > 1, "no call failed");
                call = call.div_ceil(2);
                continue;
            }
            let exit = self.check(&place, &ended);
            let exit = exit.map_err(|error| error.context(format!("{target:?}, {fault}")))?;
            let kind = match (exit == FILE, index.is_multiple_of(2)) {
                (true, true) => "no space: exit code 3",
                (true, false) => "input/output error: exit code 3",
                (false, true) => "no space: as undisturbed",
                (false, false) => "input/output error: as undisturbed",
            };
            return self.go_on(&place, kind).await;
        }
    }

    /// Checks that an error was told, or did no harm.
    fn check(&self, place: &Place, ended: &Ended) -> Result<i32> {
        let exit = ended.exit()?;
        if exit == self.undisturbed.outcome().exit {
            let difference = place.outcome(ended)?.differs(self.undisturbed.outcome());
            ensure!(
                difference.text.is_empty(),
                "exit code {exit}, but {}",
                difference.text
            );
        } else if exit != FILE {
            bail!("exit code {exit}: {}", ended.last_words());
        } else if !names_a_file(&ended.stderr, place.folder.path()) {
            bail!("no file is named: {}", ended.last_words());
        }
        Ok(exit)
    }

    async fn go_on(&self, place: &Place, kind: &'static str) -> Result<Point> {
        let ended = place.run(&Fate::Undisturbed).await?;
        let difference = if ended.exit()? == FILE {
            Difference {
                text: format!("it does not go on: {}", ended.last_words()),
                ..Difference::default()
            }
        } else {
            let outcome = place.outcome(&ended)?;
            outcome.differs(self.undisturbed.outcome())
        };
        let report = place.server.report();
        Ok(Point {
            kind,
            kills: 0,
            repeated: report.requests - report.distinct,
            difference,
        })
    }

    /// How many points there are.
    pub(crate) fn points(&self) -> u64 {
        self.calls.len() as u64 * 2
    }
}

/// Whether a line says what could not be written: the folder, a segment, the journal or a file of the copy.
pub(crate) fn names_a_file(said: &str, folder: &Path) -> bool {
    let output = output(folder);
    let names = [
        &*output.to_string_lossy(),
        ".dragline/",
        ".warc.gz",
        "cannot write `",
    ];
    let mut lines = said
        .lines()
        .filter(|line| !line.starts_with("failed: http"));
    lines.any(|line| names.iter().any(|name| line.contains(name)))
}

/// The exit code that says that a file could not be written.
pub(crate) const FILE: i32 = 3;
/// Of so many calls some are taken, if fewer are asked for.
const FIRST: usize = 500;
