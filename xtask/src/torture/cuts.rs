//! The power is cut, and the crawl goes on from what the disk holds.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::disk::Disk;
use super::outcome::{Difference, Outcome};
use super::place::{Crawl, Place, scratch};
use super::program::{Fate, output};
use super::random::Random;
use super::tally::{Point, Tally};
use super::trace::{CALLS, Trace};

/// What the cuts are made in, and measured against.
#[derive(Debug)]
pub(crate) struct Cuts {
    crawl: Crawl,
    /// Where it was recorded. The site has to stay where it is: its address is in the journal.
    place: Place,
    disk: Disk,
    undisturbed: Arc<Outcome>,
    seed: u64,
}

impl Cuts {
    /// Records what a crawl does to its folder.
    ///
    /// # Errors
    ///
    /// The crawl fails, or what strace wrote is not understood.
    pub(crate) async fn prepare(crawl: Crawl, seed: u64) -> Result<Self> {
        let undisturbed = crawl.undisturbed().await?.outcome;
        let place = crawl.place().await?;
        let folder = place.folder.path().to_owned();
        let log = folder.join("calls");
        // It is there from the start.
        fs::create_dir(output(&folder))?;
        place.run(&record(&log)).await?.exit()?;
        let text = fs::read_to_string(&log)?;
        let root = output(&folder);
        let root = root.to_str().context("the folder's path is no UTF-8")?;
        let disk = Disk::new(Trace::parse(&text, root)?);
        disk.check(&output(&folder))
            .context("the recording is not what is there")?;
        println!(
            "power: {}; {} records, {} files",
            disk.describe(),
            undisturbed.records(),
            undisturbed.files()
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
        let difference = if exit == self.undisturbed.exit {
            let outcome = Outcome::read(&copy, &url, exit)?;
            outcome.differs(&self.undisturbed)
        } else {
            Difference {
                text: format!("exit code {exit}: {}", ended.last_words()),
                ..Difference::default()
            }
        };
        Ok(Point {
            kind,
            kills: 1,
            repeated: 0,
            difference,
        })
    }

    /// Runs points, and prints what came of them.
    ///
    /// # Errors
    ///
    /// One did not end as it has to.
    pub(crate) async fn run(self: Arc<Self>, points: Vec<u64>, lanes: usize) -> Result<()> {
        let cuts = |index| Arc::clone(&self).point(index);
        Tally::of("power-cuts", points, lanes, cuts).await
    }
}

fn record(log: &Path) -> Fate {
    let arguments: [OsString; 8] = [
        "-y".into(),
        "-xx".into(),
        "-s".into(),
        "100000000".into(),
        "-o".into(),
        log.into(),
        "-e".into(),
        format!("trace={CALLS}").into(),
    ];
    Fate::Traced(arguments.into())
}
