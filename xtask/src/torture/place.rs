//! Where a crawl happens: a site that is served, a folder, and the program.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::outcome::Outcome;
use super::program::{Ended, Fate, Program, output};
use crate::site::{Content, Fixed, Server};

/// What is crawled, and how.
#[derive(Debug)]
pub(crate) struct Crawl {
    pub(crate) web: Arc<Fixed>,
    pub(crate) latency: Duration,
    pub(crate) program: Program,
}

/// A site of its own and an empty folder, for one point.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) server: Server,
    pub(crate) folder: TempDir,
    program: Program,
}

/// What a crawl does if it is let.
#[derive(Debug)]
pub(crate) struct Undisturbed {
    pub(crate) outcome: Arc<Outcome>,
    pub(crate) time: Duration,
    /// Requests that it made.
    pub(crate) requests: u64,
}

impl Crawl {
    /// Serves the site, and makes a folder: in memory, if there is such a place.
    ///
    /// # Errors
    ///
    /// There is no port, or no room.
    pub(crate) async fn place(&self) -> Result<Place> {
        let content = Content::Fixed(Arc::clone(&self.web));
        Ok(Place {
            server: Server::start(content, self.latency, 0).await?,
            folder: scratch()?,
            program: self.program.clone(),
        })
    }

    /// Crawls twice, and sees to it that both are alike.
    ///
    /// # Errors
    ///
    /// They are not, or the crawl makes a request twice: nothing can be learned from it then.
    pub(crate) async fn undisturbed(&self) -> Result<Undisturbed> {
        let mut before: Option<Undisturbed> = None;
        for _ in 0..2 {
            let place = self.place().await?;
            let ended = place.run(&Fate::Undisturbed).await?;
            let outcome = place.outcome(&ended)?;
            outcome.check()?;
            let report = place.server.report();
            anyhow::ensure!(
                report.repeated.is_empty(),
                "the undisturbed crawl repeats requests:\n{report}"
            );
            if let Some(before) = &before {
                let difference = outcome.differs(&before.outcome);
                anyhow::ensure!(
                    difference.text.is_empty(),
                    "two undisturbed crawls differ: {}",
                    difference.text
                );
            }
            before = Some(Undisturbed {
                outcome,
                time: ended.time,
                requests: report.requests,
            });
        }
        before.context("there were two")
    }
}

impl Place {
    /// Runs the program once.
    ///
    /// # Errors
    ///
    /// It cannot be started, or does not end.
    pub(crate) async fn run(&self, fate: &Fate) -> Result<Ended> {
        let url = self.server.url();
        self.program.run(&url, self.folder.path(), fate).await
    }

    /// Reads what is there after a run that ended by itself.
    ///
    /// # Errors
    ///
    /// It did not, or what is there cannot be read.
    pub(crate) fn outcome(&self, ended: &Ended) -> Result<Arc<Outcome>> {
        let exit = ended.exit()?;
        let output = output(self.folder.path());
        // Here and not on another thread: the folders are small, and lie in memory.
        let outcome = Outcome::read(&output, &self.server.url(), exit);
        outcome
            .with_context(|| format!("after exit code {exit}, having said {}", ended.last_words()))
    }
}

/// Makes a temporary folder: in memory, if there is such a place.
///
/// # Errors
///
/// There is no room.
pub(crate) fn scratch() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        TempDir::with_prefix_in("dragline-torture-", memory)
    } else {
        TempDir::with_prefix("dragline-torture-")
    };
    folder.context("cannot make a temporary folder")
}
