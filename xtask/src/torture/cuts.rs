//! The power is cut, and the crawl goes on from what the disk holds.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use super::disk::Disk;
use super::outcome::{Difference, Outcome};
use super::place::{Crawl, Place, Undisturbed, scratch};
use super::program::{Fate, output};
use super::random::Random;
use super::tally::Point;
use super::trace::{CALLS, Trace};

/// What the cuts are made in, and measured against.
#[derive(Debug)]
pub(crate) struct Cuts {
    crawl: Crawl,
    /// Where it was recorded. The site has to stay where it is: its address is in the journal.
    place: Place,
    disk: Disk,
    undisturbed: Undisturbed,
    seed: u64,
}

impl Cuts {
    /// Records what a crawl does to its folder; one that is killed, if so wanted, and gone on.
    ///
    /// # Errors
    ///
    /// The crawl fails, or what strace wrote is not understood.
    pub(crate) async fn prepare(crawl: Crawl, seed: u64, is_killed: bool) -> Result<Self> {
        let undisturbed = crawl.undisturbed().await?;
        let place = crawl.place().await?;
        let folder = place.folder.path().to_owned();
        let log = folder.join("calls");
        let mut logs = Vec::new();
        if is_killed {
            let ended = place.run(&record(&log, Some(KILLED_AT))).await?;
            ensure!(ended.is_killed(), "it was not killed");
            logs.push(fs::read_to_string(&log)?);
        }
        place.run(&record(&log, None)).await?.exit()?;
        logs.push(fs::read_to_string(&log)?);
        let root = output(&folder);
        let root = root.to_str().context("the folder's path is no UTF-8")?;
        let disk = Disk::new(Trace::parse(&logs, root, crawl.before().to_vec())?);
        disk.check(&output(&folder))
            .context("the recording is not what is there")?;
        println!(
            "power: {}; {} records, {} files",
            disk.describe(),
            undisturbed.outcome().records(),
            undisturbed.outcome().files()
        );
        Ok(Cuts {
            crawl,
            place,
            disk,
            undisturbed,
            seed,
        })
    }

    /// Cuts the power once, lets the crawl go on, and looks what came of it.
    ///
    /// # Errors
    ///
    /// It does not end as it has to.
    pub(crate) async fn point(self: Arc<Self>, index: u64) -> Result<Point> {
        let mut random = Random::of(self.seed, index);
        let folder = scratch()?;
        let copy = output(folder.path());
        fs::create_dir(&copy)?;
        let kind = self.disk.cut(&mut random, &copy)?;
        let url = self.place.server.url();
        let program = &self.crawl.program;
        let ended = program.run(&url, folder.path(), &Fate::Undisturbed).await?;
        let exit = ended.exit()?;
        let difference = if exit == self.undisturbed.outcome().exit {
            let outcome = Outcome::read(&copy, &url, exit)?;
            outcome.differs_from_all(&self.undisturbed.outcomes)
        } else {
            Difference {
                text: format!("exit code {exit}: {}", ended.last_words()),
                ..Difference::default()
            }
        };
        Ok(Point {
            kind,
            kills: 0,
            repeated: 0,
            difference,
        })
    }
}

fn record(log: &Path, killed_at: Option<usize>) -> Fate {
    let mut arguments: Vec<OsString> = ["-y", "-xx", "-s", "100000000", "-o"]
        .map(Into::into)
        .into();
    arguments.extend([log.into(), "-e".into(), format!("trace={CALLS}").into()]);
    if let Some(call) = killed_at {
        let kill = format!("inject=write:signal=KILL:when={call}");
        arguments.extend(["-e".into(), kill.into()]);
    }
    Fate::Traced(arguments)
}

/// At which write of a thread: somewhere in the middle.
const KILLED_AT: usize = 20;
