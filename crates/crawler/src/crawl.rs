use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use archive::{Algorithm, Archive, Known, Reader};
use async_channel::{Receiver, Sender};
use frontier::{CanonicalUrl, Clock, FrontierError, InMemory};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::copy::Copy;
use crate::engine::Engine;
use crate::history::History;
use crate::page::Visitor;
use crate::receive::Intake;
use crate::schedule::Schedule;
use crate::state::State;
use crate::throttle::Throttle;
use crate::update::Findings;
use crate::wall::Walls;
use crate::{Config, Event, Progress, Summary, session};

/// A crawl that is going on. Dropping it stops it at once, with no copy built.
#[must_use = "dropping a crawl stops it"]
pub struct Crawl {
    task: JoinHandle<Result<Summary, CrawlError>>,
    events: Receiver<Event>,
    progress: Arc<Mutex<Progress>>,
    stop: Sender<()>,
}

/// Why a crawl does not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is nowhere to begin.
    #[error("no seed")]
    NoSeed,
    /// The output folder cannot be made or written.
    #[error("cannot write to output folder `{}`", path.display())]
    Output {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder has a crawl that can be gone on with, and this one is not to be kept.
    #[error("`{}` has a crawl that can be gone on with", path.display())]
    Resumable {
        /// The folder.
        path: PathBuf,
    },
    /// There is no crawl in the folder.
    #[error("no crawl in `{}`", path.display())]
    NoCrawl {
        /// The folder.
        path: PathBuf,
    },
    /// Another process crawls into the output folder.
    #[error("another dragline is at work in `{}` ({holder})", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Which, as far as it is known.
        holder: String,
    },
    /// What an earlier process left cannot be gone on from.
    #[error("cannot go on with the crawl in `{}`", path.display())]
    State {
        /// The output folder.
        path: PathBuf,
        /// Why.
        source: FrontierError,
    },
    /// What an earlier process left of a URL is not what this program writes.
    #[error("cannot go on with the crawl in `{}`: what it keeps of {url} is not understood", path.display())]
    Record {
        /// The output folder.
        path: PathBuf,
        /// The URL.
        url: CanonicalUrl,
    },
    /// What an earlier process left of the archive is not whole.
    #[error("cannot go on with the archive in `{}`", path.display())]
    Archive {
        /// The output folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Why a crawl ended without its copy. What was archived before is there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrawlError {
    /// The archive cannot be written.
    #[error("cannot write to the archive")]
    Archive(#[source] io::Error),
    /// The crawl's state cannot be written.
    #[error("cannot write the crawl's state")]
    State(#[from] FrontierError),
    /// The crawl's cookies cannot be kept.
    #[error("cannot keep the cookies")]
    Session(#[source] io::Error),
    /// The end of an update cannot be noted; it is gone on with when the crawl is started again.
    #[error("cannot end the update")]
    Update(#[source] StartError),
    /// The folder of the copy cannot be written.
    #[error("cannot write the copy")]
    Copy(#[source] io::Error),
    /// The workers are gone; the runtime is shutting down.
    #[error("the crawl's workers are gone")]
    Workers,
}

impl Crawl {
    /// Begins a crawl.
    ///
    /// # Errors
    ///
    /// There is no seed, or the output folder cannot be used.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time enabled.
    pub fn start(config: Config) -> Result<Self, StartError> {
        if config.seeds.is_empty() {
            return Err(StartError::NoSeed);
        }
        let state = State::open(&config)?;
        let output = config.output.clone();
        let archive_failed = |source| StartError::Archive {
            path: output.clone(),
            source,
        };
        if let Some(cookies) = &config.fetch.cookies {
            session::restore(&state.folder, cookies).map_err(|source| StartError::Output {
                path: config.state_folder(),
                source,
            })?;
        }
        let mut history = History::new(&config.seeds, config.scope.clone(), state.start);
        let segments = state.segments.try_clone().map_err(&archive_failed)?;
        let reader = Reader::new(segments);
        let mut known = Known::new(&reader);
        known.extend(state.earlier.iter().flat_map(|it| it.good.values()));
        known.extend(&state.kept);
        if let Some(journal) = &state.journal {
            let restored = history.restore(journal, |entry| known.insert(entry));
            restored.map_err(|error| error.in_folder(&config.output))?;
        }
        // What is behind it is cut off: it had better be that of this crawl.
        if let Some(last) = &history.last {
            match reader.check(last) {
                // That it is missing is said below.
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(archive_failed(error));
                }
                _ => {}
            }
        }
        let how = archive::Config {
            lasting: config.keep_archive,
            digests: digests(&config, &history, state.earlier.as_deref()),
            ..config.archive.clone()
        };
        let archive = Archive::open(state.segments, how, history.end, known);
        let archive = archive.and_then(|archive| Ok((archive.spooler()?, archive)));
        let (spooler, archive) = archive.map_err(&archive_failed)?;
        // It was not set before.
        let _ = state.syncer.set(archive.syncer());
        let (events_in, events) = async_channel::bounded(EVENTS);
        let (stop, stopped) = async_channel::bounded(1);
        let progress = Arc::default();
        let lock = Arc::new(state.lock);
        let long = Arc::new(Semaphore::new(1));
        let copy = Copy::new(
            archive.reader(),
            &config,
            state.output,
            Arc::clone(&lock),
            Arc::clone(&long),
        );
        let taken_in = config.taken_in();
        let engine = Engine {
            visitor: Arc::new(Visitor {
                walls: Walls::new(&config),
                intake: Intake {
                    spooler,
                    throttle: Throttle::new(config.politeness.bytes_a_second),
                },
                reader: archive.reader(),
                max_content: config.fetch.max_body,
                long,
                manner: config.follows(),
            }),
            schedule: Schedule::new(config.jobs.get(), config.manner()),
            begun: Instant::now(),
            partials: Arc::default(),
            unreached: 0,
            given_up: HashSet::new(),
            is_any_full: false,
            copy,
            lock,
            config,
            folder: state.folder,
            earlier: state.earlier,
            kept: state.kept,
            archive,
            history,
            progress: Arc::clone(&progress),
            events: events_in,
            stop: stopped,
        };
        let task = match state.journal {
            Some(journal) => tokio::spawn(engine.run(journal)),
            None => tokio::spawn(engine.run(InMemory::new(taken_in, Clock::default()))),
        };
        Ok(Crawl {
            task,
            events,
            progress,
            stop,
        })
    }

    /// Waits for the next event; `None` when there will be none.
    ///
    /// The crawl waits when 1,024 events are not taken: take them, or call
    /// [`finish`](Crawl::finish).
    ///
    /// # Cancel safety
    ///
    /// No event is lost by dropping it.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await.ok()
    }

    /// Returns the counts of this moment.
    pub fn progress(&self) -> Progress {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops fetching, gives up what is in flight, and builds the copy of what there is.
    pub fn stop(&self) {
        self.stop.close();
    }

    /// Waits for the end, letting pass the events that were not taken.
    ///
    /// # Errors
    ///
    /// The archive or the copy cannot be written.
    ///
    /// # Panics
    ///
    /// If the crawl did, by a bug.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the crawl.
    pub async fn finish(mut self) -> Result<Summary, CrawlError> {
        while self.next().await.is_some() {}
        match (&mut self.task).await {
            Ok(ended) => ended,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_cancelled) => Err(CrawlError::Workers),
        }
    }
}

impl Drop for Crawl {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Crawl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crawl")
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

/// By what digests are: as in what was archived before, for they are compared, also by an update. BLAKE3
/// takes less time, and SHA-256 is what other tools know.
fn digests(config: &Config, history: &History, earlier: Option<&Findings>) -> Algorithm {
    let mut earlier = earlier.iter().flat_map(|it| it.good.values());
    match history.last.as_ref().or_else(|| earlier.next()) {
        Some(entry) => entry.digest.algorithm(),
        None if config.keep_archive => Algorithm::Sha256,
        None => Algorithm::Blake3,
    }
}

/// How many events wait to be taken before the crawl waits.
const EVENTS: usize = 1024;
