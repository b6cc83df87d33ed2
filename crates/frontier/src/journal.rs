use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use event_listener::Event;

use crate::clock::Clock;
use crate::core::Leased;
use crate::error::FrontierError;
use crate::frontier::{
    Added, Found, Frontier, Item, Lease, Leases, Limits, Past, Report, Reported, Stats, Token,
    Trap, TrapKind, Want,
};
use crate::restore::restore;
use crate::schema::{Batch, DoneRow, File};
use crate::state::{Log, State, Text};
use crate::traps::{Evidence, Traps};
use crate::{CanonicalUrl, Host};

/// A frontier that a crawl goes on from after its process was killed, kept by `SQLite`.
///
/// What was taken in is seen at once and committed soon after, by a thread of its own, many reports
/// together. A process that is killed in between leaves an earlier state: all that was taken in up
/// to some moment, and nothing after it. A page that is done and what was found on it are never
/// apart.
///
/// The index of URLs is in memory (about 23 bytes a URL, and 4 while it is queued), their text on
/// disk (about 50 bytes a URL and its length).
pub struct Journal {
    clock: Clock,
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// How a [`Journal`] is kept.
#[derive(Default)]
pub struct JournalOptions {
    /// Which crawl it is: what these keys have as their values. It is written when the journal is
    /// made and has to be the same when it is opened again. A key that is not there has an empty
    /// value.
    pub about: Vec<(String, String)>,
    /// What else to write when the journal is made, for [`Journal::note`].
    pub notes: Vec<(String, String)>,
    /// Whether the journal has to be there: it is an error if nothing was ever written.
    pub existing: bool,
    /// Whether each commit survives a power cut too. If not, the last ones before it may be lost:
    /// what is left is an earlier state.
    pub fsync: bool,
    /// How many URLs are taken in.
    pub limits: Limits,
    /// What tells the time.
    pub clock: Clock,
    /// Called, on the journal's thread, before each commit: has what was reported is to refer to
    /// where it survives. If it fails, so does the frontier.
    pub before_commit: Option<Box<dyn FnMut() -> io::Result<()> + Send>>,
}

/// What the frontier's callers and its thread share.
struct Shared {
    inner: Mutex<Inner>,
    /// Reads what is done and committed, and keeps nobody else waiting.
    past: Mutex<File>,
    /// There is something to write, or to end.
    work: Condvar,
    /// Something was written, or nothing more will be.
    written: Event,
}

struct Inner {
    state: State,
    pending: Pending,
    /// Reads what is committed.
    reader: File,
    /// How many rows were taken in, and how many of these are committed.
    accepted: u64,
    committed: u64,
    /// Someone waits for all that was taken in.
    is_urgent: bool,
    is_closing: bool,
    /// Why nothing more is written.
    ended: Option<FrontierError>,
}

#[derive(Debug, Default)]
struct Pending(Batch);

impl Journal {
    /// Opens the journal at `path`, making it if it is not there, and goes on from what it says.
    ///
    /// Blocks while the journal is read: about a second for three million URLs.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, is damaged, of a later format, or of another crawl.
    pub fn open(path: &Path, options: JournalOptions) -> Result<Self, FrontierError> {
        let JournalOptions {
            about,
            notes,
            existing,
            fsync,
            limits,
            clock,
            before_commit,
        } = options;
        let file = File::open(path, &about, &notes, existing)?;
        if fsync {
            file.sync_commits()?;
        }
        let state = restore(&file, path, limits, clock.now())?;
        let shared = Arc::new(Shared {
            inner: Mutex::new(Inner {
                state,
                pending: Pending::default(),
                reader: File::open_to_read(path)?,
                accepted: 0,
                committed: 0,
                is_urgent: false,
                is_closing: false,
                ended: None,
            }),
            past: Mutex::new(File::open_to_read(path)?),
            work: Condvar::new(),
            written: Event::new(),
        });
        let writer = Writer {
            shared: Arc::clone(&shared),
            file,
            before_commit: before_commit.unwrap_or_else(|| Box::new(|| Ok(()))),
            path: path.into(),
        };
        let thread = thread::Builder::new().name("dragline-journal".to_owned());
        let thread = thread.spawn(move || writer.run());
        let thread = thread.map_err(|source| FrontierError::Before {
            path: path.to_path_buf(),
            source: Arc::new(source),
        })?;
        Ok(Journal {
            clock,
            shared,
            writer: Mutex::new(Some(thread)),
        })
    }

    /// Returns what was noted under `key` when the journal was made.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn note(&self, key: &str) -> Result<Option<String>, FrontierError> {
        self.shared.lock().reader.about(key)
    }

    /// Has `change` take effect, once there is room for what it makes to be written.
    async fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> Result<T, FrontierError> {
        loop {
            let written = {
                let mut inner = self.shared.lock();
                inner.is_open()?;
                let before = inner.pending.0.len();
                if before < MOST_PENDING {
                    let changed = change(&mut inner);
                    let pending = inner.pending.0.len();
                    // Else the writer is awake, or waits for what comes soon after: let it.
                    if pending > 0 && (before == 0 || pending >= MOST_TOGETHER) {
                        self.shared.work.notify_one();
                    }
                    return Ok(changed);
                }
                self.shared.written.listen()
            };
            written.await;
        }
    }

    fn end(&self) {
        self.shared.lock().is_closing = true;
        self.shared.work.notify_one();
    }
}

impl Frontier for Journal {
    async fn add(&self, found: Vec<Found>) -> Result<Added, FrontierError> {
        self.change(|inner| inner.state.add(found, &mut inner.pending))
            .await
    }

    async fn lease(&self, want: Want) -> Result<Leases, FrontierError> {
        let now = self.clock.now();
        let mut inner = self.shared.lock();
        inner.is_open()?;
        let mut leases = Vec::new();
        while leases.is_empty() {
            let leased = inner.state.lease(want.urls, want.ttl, now);
            if leased.is_empty() {
                break;
            }
            for Leased { host, token, urls } in leased {
                let items = inner.hand_out(&host, token, urls)?;
                if !items.is_empty() {
                    leases.push(Lease { host, token, items });
                }
            }
        }
        // What is held is written.
        self.shared.work.notify_one();
        let next = if leases.is_empty() {
            inner.state.core.next(now)
        } else {
            None
        };
        Ok(Leases { leases, next })
    }

    async fn report(&self, report: Report) -> Result<Reported, FrontierError> {
        let now = self.clock.now();
        self.change(|inner| {
            let (host, token) = (report.host.clone(), report.token);
            // They may have left memory while they were out.
            for done in &report.done {
                let id = done.id.0;
                if inner.state.core.is_out(&host, report.token, id) {
                    inner.fetch([id].into_iter())?;
                }
            }
            let Some(more) = inner.state.report(report, now, &mut inner.pending) else {
                return Ok(Reported::Stale);
            };
            Ok(Reported::Accepted {
                more: inner.hand_out(&host, token, more)?,
            })
        })
        .await?
    }

    async fn traps(&self) -> Result<Vec<Trap>, FrontierError> {
        let traps = self.shared.lock().state.traps.as_ref().map(Traps::named);
        Ok(traps.unwrap_or_default())
    }

    async fn stats(&self) -> Result<Stats, FrontierError> {
        Ok(self.shared.lock().state.core.stats())
    }

    /// Blocks while it is read, and reads only what is committed: [`flush`](Frontier::flush) first.
    async fn done(&self, skip: u64, most: usize) -> Result<Vec<Past>, FrontierError> {
        self.shared.past().done(skip, most)
    }

    /// Blocks while it is read, and reads only what is committed: [`flush`](Frontier::flush) first.
    async fn left(&self, each: impl FnMut(CanonicalUrl) + Send) -> Result<(), FrontierError> {
        self.shared.past().left(each)
    }

    async fn flush(&self) -> Result<(), FrontierError> {
        let accepted = self.shared.lock().accepted();
        loop {
            let written = {
                let mut inner = self.shared.lock();
                if inner.committed >= accepted {
                    return Ok(());
                }
                if let Some(error) = &inner.ended {
                    return Err(error.clone());
                }
                inner.is_urgent = true;
                self.shared.work.notify_one();
                self.shared.written.listen()
            };
            written.await;
        }
    }

    async fn close(&self) -> Result<(), FrontierError> {
        self.end();
        loop {
            let written = {
                let inner = self.shared.lock();
                match &inner.ended {
                    Some(FrontierError::Closed) => return Ok(()),
                    Some(error) => return Err(error.clone()),
                    None => self.shared.written.listen(),
                }
            };
            written.await;
        }
    }
}

/// Commits what was taken in. Blocks for as long.
impl Drop for Journal {
    fn drop(&mut self) {
        self.end();
        let writer = self
            .writer
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = writer.take() {
            // A panic there was reported by the panic hook, and there is no one to tell it to.
            let _ = writer.join();
        }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("stats", &self.shared.lock().state.core.stats())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for JournalOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalOptions")
            .field("about", &self.about)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn past(&self) -> MutexGuard<'_, File> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn is_open(&self) -> Result<(), FrontierError> {
        match &self.ended {
            Some(error) => Err(error.clone()),
            None if self.is_closing => Err(FrontierError::Closed),
            None => Ok(()),
        }
    }

    fn accepted(&self) -> u64 {
        self.accepted + self.pending.0.len() as u64
    }

    /// Hands out what was taken from its queue, and in place of what is held what comes after.
    fn hand_out(
        &mut self,
        host: &Host,
        token: Token,
        mut urls: Vec<u32>,
    ) -> Result<Vec<Item>, FrontierError> {
        let mut items = Vec::new();
        while !urls.is_empty() {
            self.fetch_texts(host, &urls)?;
            let lease = (host, token);
            let held = self
                .state
                .hand_out(lease, &urls, &mut items, &mut self.pending);
            urls = self.state.instead(lease, held);
        }
        Ok(items)
    }

    /// Sees to it that the texts of these URLs are at hand, and those of the host's next.
    fn fetch_texts(&mut self, host: &Host, urls: &[u32]) -> Result<(), FrontierError> {
        if urls.iter().all(|url| self.state.has(*url)) {
            return Ok(());
        }
        let next: Vec<_> = self.state.core.upcoming(host, READ_AHEAD).collect();
        self.fetch(urls.iter().copied().chain(next))
    }

    fn fetch(&mut self, urls: impl Iterator<Item = u32>) -> Result<(), FrontierError> {
        let missing: Vec<_> = urls.filter(|url| !self.state.has(*url)).collect();
        let Inner { reader, state, .. } = self;
        reader.texts(&missing, |url, text| state.put(url, text))
    }
}

impl Log for Pending {
    fn entered(&mut self, id: u32, text: &Text) {
        self.0.urls.push((id, text.into()));
    }

    fn done(&mut self, url: u32, _: Text, record: String, urls: u32, evidence: Evidence) {
        self.0.done.push(DoneRow {
            url,
            urls,
            record,
            evidence,
        });
    }

    fn held(&mut self, url: u32, why: TrapKind) {
        self.0.held.push((url, why));
    }

    fn delayed(&mut self, host: &Host, delay: Duration) {
        self.0.delays.push((host.clone(), delay));
    }

    fn needed(&mut self, url: &CanonicalUrl) {
        self.0.needed.push(url.clone());
    }

    fn wanted(&mut self, text: &Text) {
        self.0.wanted.push(text.into());
    }

    fn in_vain(&mut self, url: u32) {
        self.0.in_vain.push(url);
    }

    fn nearer(&mut self, url: u32, depth: u32) {
        self.0.nearer.push((url, depth));
    }

    fn onward(&mut self, url: u32, target: &Found) {
        self.0
            .onward
            .push((url, target.url.clone(), target.redirects));
    }
}

/// What the journal's thread works with.
struct Writer {
    shared: Arc<Shared>,
    file: File,
    before_commit: Box<dyn FnMut() -> io::Result<()> + Send>,
    path: Box<Path>,
}

impl Writer {
    fn run(mut self) {
        // A panic, which is reported by the panic hook, must not leave those waiting who wait.
        let written = catch_unwind(AssertUnwindSafe(|| self.write_all()));
        let ended = match written {
            Ok(Ok(())) => FrontierError::Closed,
            Ok(Err(error)) => error,
            Err(_panic) => FrontierError::Before {
                path: self.path.to_path_buf(),
                source: Arc::new(io::Error::other("the journal's thread panicked")),
            },
        };
        self.shared.lock().ended = Some(ended);
        self.shared.written.notify(usize::MAX);
    }

    fn write_all(&mut self) -> Result<(), FrontierError> {
        while let Some(batch) = self.next() {
            (self.before_commit)().map_err(|source| FrontierError::Before {
                path: self.path.to_path_buf(),
                source: Arc::new(source),
            })?;
            self.file.write(&batch)?;
            let mut inner = self.shared.lock();
            inner.committed += batch.len() as u64;
            for (id, _) in &batch.urls {
                inner.state.evict(*id, MOST_TEXTS);
            }
            drop(inner);
            self.shared.written.notify(usize::MAX);
        }
        self.file.settle()
    }

    /// Waits for rows to write, and then for those that come soon after; `None` at the end.
    fn next(&self) -> Option<Batch> {
        let shared = &*self.shared;
        let idle = |inner: &mut Inner| inner.pending.0.len() == 0 && !inner.is_closing;
        let inner = shared.work.wait_while(shared.lock(), idle);
        let early = |inner: &mut Inner| {
            inner.pending.0.len() < MOST_TOGETHER && !inner.is_closing && !inner.is_urgent
        };
        let waited = shared.work.wait_timeout_while(
            inner.unwrap_or_else(PoisonError::into_inner),
            TOGETHER,
            early,
        );
        let (mut inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        inner.is_urgent = false;
        let batch = std::mem::take(&mut inner.pending.0);
        inner.accepted += batch.len() as u64;
        (batch.len() > 0).then_some(batch)
    }
}

/// What comes within so long of a report is committed with it.
const TOGETHER: Duration = Duration::from_millis(30);
/// So many rows are committed at once, also if they came within less.
const MOST_TOGETHER: usize = 4 * 1024;
/// With so many rows to be written, callers wait.
const MOST_PENDING: usize = 4 * MOST_TOGETHER;
/// So many texts of URLs are kept in memory once they are committed.
const MOST_TEXTS: usize = 8 * 1024;
/// How many texts of URLs are read at once.
const READ_AHEAD: usize = 64;
