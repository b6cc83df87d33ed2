//! The files of a crawl's state are damaged: a byte is another, or the end is missing.

use std::fs;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};

use super::errors::{FILE, names_a_file};
use super::outcome::{Difference, STATE};
use super::place::{Crawl, Undisturbed};
use super::program::{Fate, output};
use super::random::Random;
use super::tally::Point;

/// What is damaged, and what it is measured against.
#[derive(Debug)]
pub(crate) struct Flips {
    /// One that was killed, and one that is finished.
    crawls: [(Crawl, Undisturbed); 2],
    seed: u64,
}

impl Flips {
    /// Makes the states that are damaged later.
    ///
    /// # Errors
    ///
    /// A crawl fails.
    pub(crate) async fn prepare(killed: Crawl, finished: Crawl, seed: u64) -> Result<Self> {
        let (first, second) = (killed.undisturbed().await?, finished.undisturbed().await?);
        Ok(Flips {
            crawls: [(killed, first), (finished, second)],
            seed,
        })
    }

    /// Damages a file, runs the crawl, and looks whether it goes on well or says what is damaged.
    ///
    /// # Errors
    ///
    /// It does neither.
    pub(crate) async fn point(self: Arc<Self>, index: u64) -> Result<Point> {
        let mut random = Random::of(self.seed, index);
        let (crawl, undisturbed) = &self.crawls[random.below(2)];
        let files = crawl.before().iter().filter_map(|(path, content)| {
            let is_state = path.starts_with(STATE) && !path.ends_with("/lock");
            let length = content.as_ref()?.len();
            (is_state && length > 0).then_some(path)
        });
        let files: Vec<_> = files.collect();
        let path = files[random.below(files.len())];
        let place = crawl.place().await?;
        let file = output(place.folder.path()).join(path);
        let mut bytes = fs::read(&file)?;
        let at = random.below(bytes.len());
        if random.percent(70) {
            bytes[at] ^= 1 << random.below(8);
        } else {
            bytes.truncate(at);
        }
        fs::write(&file, &bytes)?;
        let ended = place.run(&Fate::Undisturbed).await?;
        let told = format!("{path} at {at} of {}", bytes.len());
        let exit = ended.exit().with_context(|| told.clone())?;
        let is_archive = path.contains("/archive/");
        if [FILE, USAGE].contains(&exit) {
            ensure!(
                names_a_file(&ended.stderr, place.folder.path()),
                "{told}: no file is named: {}",
                ended.last_words()
            );
            return Ok(point(if is_archive {
                "archive: refused"
            } else {
                "journal: refused"
            }));
        }
        if exit != undisturbed.outcome().exit {
            bail!("{told}: exit code {exit}: {}", ended.last_words());
        }
        let difference = match place.outcome(&ended) {
            Ok(outcome) => outcome.differs_from_all(&undisturbed.outcomes),
            // What is in the archive and not in the copy is not looked at when a crawl goes on.
            Err(_) if is_archive => return Ok(point("archive: not noticed, the copy is good")),
            Err(error) => return Err(error.context(told)),
        };
        ensure!(difference.text.is_empty(), "{told}: {}", difference.text);
        Ok(point(if is_archive {
            "archive: gone on"
        } else {
            "journal: gone on"
        }))
    }
}

fn point(kind: &'static str) -> Point {
    Point {
        kind,
        kills: 0,
        repeated: 0,
        difference: Difference::default(),
    }
}

/// The exit code of wrong usage: a damaged name of a crawl is that of another one.
const USAGE: i32 = 2;
