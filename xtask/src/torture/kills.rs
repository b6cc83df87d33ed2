//! Killed at any moment, and gone on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use nix::sys::signal::Signal;

use super::calls::{self, Target};
use super::place::{Crawl, Place, Undisturbed};
use super::program::Fate;
use super::random::Random;
use super::tally::Point;

/// What the kills are measured against.
#[derive(Debug)]
pub(crate) struct Kills {
    crawl: Crawl,
    undisturbed: Undisturbed,
    /// How many calls of each kind an undisturbed crawl makes in one thread.
    calls: Vec<(Target, usize)>,
    seed: u64,
}

impl Kills {
    /// Crawls undisturbed, to know what has to come of it and how long it takes; and, if `traces`, how
    /// many calls it makes: else it is killed at random times only.
    ///
    /// # Errors
    ///
    /// The crawl fails, or strace does.
    pub(crate) async fn prepare(crawl: Crawl, seed: u64, traces: bool) -> Result<Self> {
        let undisturbed = crawl.undisturbed().await?;
        let calls = if traces {
            calls::count(&crawl).await?
        } else {
            Vec::new()
        };
        println!(
            "undisturbed: {} requests, {} records, {} files, exit code {}, {} ms; calls in one thread: {calls:?}",
            undisturbed.requests,
            undisturbed.outcome().records(),
            undisturbed.outcome().files(),
            undisturbed.outcome().exit,
            undisturbed.time.as_millis(),
        );
        Ok(Kills {
            crawl,
            undisturbed,
            calls,
            seed,
        })
    }

    /// Kills a crawl, lets it go on, and looks what came of it.
    ///
    /// # Errors
    ///
    /// It cannot be killed, or does not end as it has to.
    pub(crate) async fn point(self: Arc<Self>, index: u64) -> Result<Point> {
        let mut random = Random::of(self.seed, index);
        // Of each ten, three at a call.
        let first = Kill::random(&mut random, &self.calls, index % 10 < 3);
        let more = if random.percent(34) {
            1 + random.below(5)
        } else {
            0
        };
        let (place, mut kills) = (self.first_kill(first).await?, 1);
        let mut ended = None;
        for _ in 0..more {
            let is_at_call = random.percent(30);
            let kill = Kill::random(&mut random, &self.calls, is_at_call);
            let fate = kill.fate(&place, self.undisturbed.time);
            let run = place.run(&fate).await?;
            if !run.is_killed() {
                ended = Some(run);
                break;
            }
            kills += 1;
        }
        let ended = match ended {
            Some(ended) if self.crawl.is_update() => ended,
            // A crawl that was done before it was to be killed is run once more, which must change nothing.
            _ => place.run(&Fate::Undisturbed).await?,
        };
        let outcome = place.outcome(&ended)?;
        let repeated = if self.crawl.is_update() {
            // The site counts the requests of all points together.
            0
        } else {
            let report = place.server.report();
            report.requests - report.distinct
        };
        let mut difference = outcome.differs_from_all(&self.undisturbed.outcomes);
        let second = self.undisturbed.requests.saturating_mul(1_000)
            / u64::try_from(self.undisturbed.time.as_millis())?.max(1);
        let allowed = kills * (self.crawl.program.jobs as u64 + second);
        if difference.text.is_empty() && repeated > allowed {
            difference.text = format!("{repeated} requests were repeated, more than {allowed}");
        }
        Ok(Point {
            kills,
            repeated,
            kind: first.name(),
            difference,
        })
    }

    /// Starts a crawl, and kills it. One that ends before is not counted: the next is killed earlier.
    async fn first_kill(&self, mut kill: Kill) -> Result<Place> {
        for _ in 0..20 {
            let place = self.crawl.place().await?;
            let fate = kill.fate(&place, self.undisturbed.time);
            let ended = place.run(&fate).await?;
            if ended.is_killed() {
                return Ok(place);
            }
            let exit = ended.exit()?;
            ensure!(
                exit == self.undisturbed.outcome().exit,
                "exit code {exit} before it was killed: {}",
                ended.stderr
            );
            kill = kill.earlier();
        }
        bail!("it ended before it was killed, each time");
    }
}

/// When a crawl is killed.
#[derive(Debug, Clone, Copy)]
enum Kill {
    /// By this signal, after this part of the time that it takes undisturbed.
    After(Signal, f64),
    /// At this call of a thread.
    At(Target, usize),
}

impl Kill {
    fn random(random: &mut Random, calls: &[(Target, usize)], is_at_call: bool) -> Self {
        if !is_at_call || calls.is_empty() {
            #[expect(clippy::cast_precision_loss, reason = "it is far below 2^53")]
            let part = random.below(10_000) as f64 / 10_000.0;
            let signal = match random.below(10) {
                0 => Signal::SIGINT,
                1 => Signal::SIGTERM,
                _ => Signal::SIGKILL,
            };
            return Kill::After(signal, part);
        }
        let (target, most) = calls[random.below(calls.len())];
        Kill::At(target, 1 + random.below(most))
    }

    fn earlier(self) -> Self {
        match self {
            // Begun in the background it may have SIGINT ignored, until it says what that does.
            Kill::After(Signal::SIGINT, part) => Kill::After(Signal::SIGTERM, part * 0.8),
            Kill::After(signal, part) => Kill::After(signal, part * 0.8),
            Kill::At(target, call) => Kill::At(target, call.div_ceil(2)),
        }
    }

    fn fate(self, place: &Place, time: Duration) -> Fate {
        match self {
            Kill::After(signal, part) => Fate::Signalled(signal, time.mul_f64(part)),
            Kill::At(target, call) => {
                let what = format!("signal=KILL:when={call}");
                target.inject(place.folder.path(), Path::new("/dev/null"), &what)
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kill::After(Signal::SIGKILL, _) => "at a random time",
            Kill::After(..) => "at a random time, by SIGINT or SIGTERM",
            Kill::At(Target::Archive, _) => "at a call on the archive",
            Kill::At(Target::Journal, _) => "at a call on the journal",
            Kill::At(Target::Copy, _) => "at a call on a file of the copy",
            Kill::At(Target::Names, _) => "at a rename, unlink or the like",
        }
    }
}
