//! Where a crawl happens: a site that is served, a folder, and the program.

use std::fs;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::calls::Target;
use super::outcome::{Outcome, STATE, read_all};
use super::program::{Ended, Fate, Program, output};
use super::web::{Version, web};
use crate::site::{Content, Fixed, Server};

/// What is crawled, and how.
#[derive(Debug)]
pub(crate) struct Crawl {
    web: Arc<RwLock<Fixed>>,
    latency: Duration,
    pub(crate) program: Program,
    /// What there is before.
    before: Option<Before>,
}

/// A crawl that is finished, and the site that it was of: its address is in the journal.
#[derive(Debug)]
struct Before {
    server: Arc<Server>,
    /// All that is there, by path.
    files: Vec<(String, Option<Vec<u8>>)>,
}

/// A site and a folder, for one point.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) server: Arc<Server>,
    pub(crate) folder: TempDir,
    program: Program,
}

/// What a crawl does if it is let.
#[derive(Debug)]
pub(crate) struct Undisturbed {
    /// What comes of it; for an update, then also what comes of the next ones, which find nothing new: who is killed
    /// when an update is just over begins another.
    pub(crate) outcomes: Vec<Arc<Outcome>>,
    pub(crate) time: Duration,
    /// Requests that it made.
    pub(crate) requests: u64,
}

impl Crawl {
    /// Crawls a site of about so many URLs, which waits so long before each answer.
    ///
    /// # Errors
    ///
    /// The site cannot be made.
    pub(crate) fn new(urls: usize, latency: Duration, program: Program) -> Result<Self> {
        Ok(Crawl {
            web: Arc::new(RwLock::new(web(urls, Version::First)?)),
            latency,
            program,
            before: None,
        })
    }

    /// Crawls the site, changes it, and is then about the update.
    ///
    /// # Errors
    ///
    /// The crawl fails.
    pub(crate) async fn into_update(mut self, urls: usize) -> Result<Self> {
        let place = self.place().await?;
        place.run(&Fate::Undisturbed).await?.exit()?;
        let second = web(urls, Version::Second)?;
        *self.web.write().unwrap_or_else(PoisonError::into_inner) = second;
        self.program.updates = true;
        self.before = Some(Before {
            files: read_all(&output(place.folder.path()), "")?,
            server: place.server,
        });
        Ok(self)
    }

    /// Crawls the site until it is done, or is killed in the middle; is then about going on from there.
    ///
    /// # Errors
    ///
    /// The crawl fails.
    pub(crate) async fn into_begun(mut self, is_killed: bool) -> Result<Self> {
        loop {
            let place = self.place().await?;
            let fate = if is_killed {
                let what = format!("signal=KILL:when={MIDDLE}");
                Target::Archive.inject(place.folder.path(), Path::new("/dev/null"), &what)
            } else {
                Fate::Undisturbed
            };
            let ended = place.run(&fate).await?;
            ensure!(ended.is_killed() == is_killed, "it was not killed");
            let copy = output(place.folder.path());
            // That something is committed is up to the clock.
            if is_killed && fs::metadata(copy.join(STATE).join("journal.db-wal"))?.len() == 0 {
                continue;
            }
            let mut files = read_all(&copy, "")?;
            // SQLite makes it anew.
            files.retain(|(path, _)| !path.ends_with("-shm"));
            let server = place.server;
            self.before = Some(Before { server, files });
            return Ok(self);
        }
    }

    /// Returns what is there before the crawl begins.
    pub(crate) fn before(&self) -> &[(String, Option<Vec<u8>>)] {
        self.before.as_ref().map_or(&[], |before| &before.files)
    }

    pub(crate) fn is_update(&self) -> bool {
        self.program.updates
    }

    /// Serves the site, and makes a folder: in memory, if there is such a place.
    ///
    /// # Errors
    ///
    /// There is no port, or no room.
    pub(crate) async fn place(&self) -> Result<Place> {
        let folder = scratch()?;
        let copy = output(folder.path());
        fs::create_dir(&copy)?;
        for (path, content) in self.before() {
            match content {
                None => fs::create_dir(copy.join(path))?,
                Some(content) => fs::write(copy.join(path), content)?,
            }
        }
        let server = if let Some(before) = &self.before {
            Arc::clone(&before.server)
        } else {
            let content = Content::Fixed(Arc::clone(&self.web));
            Arc::new(Server::start(content, self.latency, 0).await?)
        };
        Ok(Place {
            server,
            folder,
            program: self.program.clone(),
        })
    }

    /// Crawls twice, and sees to it that both are alike.
    ///
    /// # Errors
    ///
    /// They are not, or the crawl makes a request twice: nothing can be learned from it then.
    pub(crate) async fn undisturbed(&self) -> Result<Undisturbed> {
        let first = self.undisturbed_once().await?;
        let second = self.undisturbed_once().await?;
        for (first, second) in first.outcomes.iter().zip(&second.outcomes) {
            let difference = second.differs(first);
            ensure!(
                difference.text.is_empty(),
                "two undisturbed crawls differ: {}",
                difference.text
            );
        }
        // The files that it reads are at hand by now.
        Ok(second)
    }

    async fn undisturbed_once(&self) -> Result<Undisturbed> {
        let place = self.place().await?;
        let earlier = place.server.report().requests;
        let ended = place.run(&Fate::Undisturbed).await?;
        let report = place.server.report();
        let mut outcomes = vec![place.outcome(&ended)?];
        if self.is_update() {
            for _ in 0..MOST_UPDATES {
                let ended = place.run(&Fate::Undisturbed).await?;
                outcomes.push(place.outcome(&ended)?);
            }
        } else {
            outcomes[0].check()?;
            ensure!(
                self.before.is_some() || report.repeated.is_empty(),
                "the undisturbed crawl repeats requests:\n{report}"
            );
        }
        Ok(Undisturbed {
            outcomes,
            time: ended.time,
            requests: report.requests - earlier,
        })
    }
}

impl Undisturbed {
    pub(crate) fn outcome(&self) -> &Outcome {
        &self.outcomes[0]
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

/// Which call on the archive is in the middle of a small crawl: each of two threads makes about 40.
const MIDDLE: usize = 25;
/// So many updates may follow on one that was killed.
const MOST_UPDATES: usize = 3;
