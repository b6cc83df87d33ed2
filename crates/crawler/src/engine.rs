//! The loop in which all crates meet.

use std::fs::File;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use archive::{Archive, Entry};
use async_channel::{Receiver, Sender};
use cap_std::fs::Dir;
use frontier::{
    CanonicalUrl, Done, Found, Frontier, Host, Item, Report, Reported, Then, Token, Want,
};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use pipeliner::{JobError, Pipeliner, Scheduled};
use tokio::task::JoinSet;

use crate::copy::Copy;
use crate::event::{Event, Failure, Progress, Reason, RedirectError, Summary};
use crate::history::History;
use crate::page::{Leads, Page, Visitor};
use crate::record::{Kept, Outcome, Record};
use crate::records::{Captured, Records};
use crate::state::end_update;
use crate::update::{Changes, Findings};
use crate::{Again, Config, CrawlError};

/// A crawl: what it knows and what it works with, beside its frontier.
pub(crate) struct Engine {
    pub(crate) config: Config,
    #[expect(dead_code, reason = "it is held until the end")]
    pub(crate) lock: Arc<File>,
    pub(crate) copy: Copy,
    /// The folder of its state.
    pub(crate) folder: Dir,
    /// If this is an update: what earlier crawls found.
    pub(crate) earlier: Option<Arc<Findings>>,
    /// The good captures of earlier crawls that are part of the copy.
    pub(crate) kept: Vec<Entry>,
    pub(crate) archive: Archive,
    /// What came of the crawl so far, also before this process began.
    pub(crate) history: History,
    pub(crate) visitor: Visitor,
    /// Written here, read by the [`Crawl`](crate::Crawl).
    pub(crate) progress: Arc<Mutex<Progress>>,
    pub(crate) events: Sender<Event>,
    /// Closed when the crawl is to stop.
    pub(crate) stop: Receiver<()>,
}

/// A leased URL.
struct Work {
    host: Host,
    token: Token,
    item: Item,
}

impl Engine {
    pub(crate) async fn run(mut self, frontier: impl Frontier) -> Result<Summary, CrawlError> {
        let begun = Instant::now();
        let frontier = Arc::new(frontier);
        let seeds = self.config.seeds.iter().cloned().map(Found::seed);
        frontier.add(seeds.collect()).await?;
        let stats = frontier.stats().await?;
        let is_ending = self.earlier.is_some() && stats.is_finished();
        if stats.done > 0 && !is_ending {
            let (done, queued) = (stats.done, stats.queued);
            self.tell(Event::Resumed { done, queued }).await;
        }
        self.crawl(&frontier).await?;
        frontier.close().await?;
        let is_stopped = self.stop.is_closed();
        let was_there = self.compare(&*frontier, is_stopped).await?;
        self.tell(Event::Building).await;
        let mut summary = self.history.summary;
        summary.stopped = is_stopped;
        let done = frontier.stats().await?.done;
        let captured = Captured::new(frontier, done, self.kept.clone());
        let built = self.copy.finish(captured, was_there).await;
        let built = built.map_err(CrawlError::Copy)?;
        if self.earlier.is_some() && !is_stopped {
            end_update(&self.config, &self.folder, &self.kept).map_err(CrawlError::Update)?;
        }
        summary.files = built.files;
        summary.not_written = built.failures.len();
        for failure in built.failures {
            // Nobody listening is no reason to fail.
            let _ = self.events.send(Event::NotWritten(failure)).await;
        }
        summary.elapsed = begun.elapsed();
        Ok(summary)
    }

    /// In an update, tells what is different from before, and settles what of it stays. Returns
    /// what was part of the copy and is no more.
    async fn compare(
        &mut self,
        records: &dyn Records,
        is_stopped: bool,
    ) -> Result<Vec<Entry>, CrawlError> {
        let Some(earlier) = &self.earlier else {
            return Ok(Vec::new());
        };
        let mut now = Findings::default();
        now.read(records)
            .map_err(|error| CrawlError::Update(error.in_folder(&self.config.output)))?;
        let purge = self.config.again == Again::Update { purge: true };
        let changes = Changes::between(earlier, &now, &self.config.seeds, is_stopped);
        self.kept = changes.kept(earlier, &now, purge);
        if purge && !changes.is_complete {
            self.tell(Event::NotPurged).await;
        }
        for (url, change) in changes.all {
            self.tell(Event::Changed { url, change }).await;
        }
        Ok(earlier.good.values().cloned().collect())
    }

    /// Fetches until nothing is queued and nothing is in flight, or until it is stopped.
    async fn crawl(&mut self, frontier: &Arc<impl Frontier>) -> Result<(), CrawlError> {
        let (pipeliner, workers) = Pipeliner::unbounded(self.config.jobs);
        let mut crew = JoinSet::new();
        for worker in workers {
            crew.spawn(worker);
        }
        let stop = self.stop.clone();
        let mut stop = pin!(stop.recv());
        let mut in_flight = FuturesUnordered::new();
        let mut next = lease(&**frontier, self.config.jobs.get()).await?;
        loop {
            for work in next.drain(..) {
                let url = work.item.url.clone();
                let earlier = self
                    .earlier
                    .as_ref()
                    .and_then(|it| it.good.get(url.as_str()));
                let visit = self.visitor.clone().visit(url, earlier.cloned());
                let scheduled = pipeliner
                    .schedule(visit)
                    .await
                    .map_err(|_| CrawlError::Workers)?;
                in_flight.push(finish(work, scheduled));
            }
            let queued = frontier.stats().await?.queued;
            self.show(queued, in_flight.len());
            tokio::select! {
                biased;
                _closed = &mut stop => return Ok(()),
                done = in_flight.next() => match done {
                    Some((work, page)) => next = self.absorb(frontier, work, page, in_flight.len()).await?,
                    // What could be in flight but is not is queued, or there is nothing.
                    None => next = lease(&**frontier, self.config.jobs.get()).await?,
                },
            }
            if next.is_empty() && in_flight.is_empty() {
                break;
            }
        }
        debug_assert!(frontier.stats().await?.is_finished());
        pipeliner.close().await;
        Ok(())
    }

    /// Takes in what came back for a URL: archives it, and gives what it leads to and what is in
    /// scope to the frontier. This is the crawl's one feedback edge. Returns what to fetch next.
    async fn absorb(
        &mut self,
        frontier: &Arc<impl Frontier>,
        work: Work,
        page: Result<Page, JobError<Reason>>,
        in_flight: usize,
    ) -> Result<Vec<Work>, CrawlError> {
        let Work { host, token, item } = work;
        let (record, found) = match page {
            Ok(page) => self.keep(&item, page).await?,
            Err(JobError::Failed(Reason::Disk(error))) => return Err(CrawlError::Archive(error)),
            Err(error) => {
                let reason = match error {
                    JobError::Failed(reason) => reason,
                    lost => Reason::Internal(lost.to_string()),
                };
                let outcome = self.fail(&item, reason).await;
                let kept = None;
                (Record { outcome, kept }, Vec::new())
            }
        };
        self.history.take_in(&record, &item.url, item.via.is_none());
        let free = self.config.jobs.get() - in_flight;
        let done = Done {
            id: item.id,
            record: record.to_string(),
            found,
            content: None,
        };
        let report = Report {
            host: host.clone(),
            token,
            done: vec![done],
            delay: None,
            then: Then::Keep { more: free },
        };
        let mut next = match frontier.report(report).await? {
            Reported::Accepted { more } => works(&host, token, more),
            Reported::Stale => Vec::new(),
        };
        next.extend(lease(&**frontier, free - next.len()).await?);
        if self.copy.is_due() {
            let done = frontier.stats().await?.done;
            self.build_so_far(frontier.clone(), done);
        }
        Ok(next)
    }

    /// Archives a page and returns what is to be remembered of it, and what it leads to, as far as
    /// it is in scope.
    async fn keep(&mut self, item: &Item, page: Page) -> Result<(Record, Vec<Found>), CrawlError> {
        let Page {
            mut capture,
            unchanged,
            leads,
        } = page;
        capture.via = item.via.as_ref().map(|via| via.as_str().to_owned());
        let entry = match &unchanged {
            Some(earlier) => self.archive.append_not_modified(&capture, earlier),
            None => self.archive.append(&capture),
        };
        let entry = entry.map_err(CrawlError::Archive)?;
        let end = self.archive.end();
        let kept = Some(Kept { end, entry });
        let bytes = capture.body.len();
        self.history.summary.bytes += bytes;
        let useless = match &leads {
            Leads::Redirect(target) if self.history.closes_a_loop(&item.url, target) => {
                Some(RedirectError::Loop.into())
            }
            Leads::Redirect(_) if item.redirects == MOST_REDIRECTS => {
                Some(RedirectError::TooMany(MOST_REDIRECTS).into())
            }
            _ => None,
        };
        let mut outcome = Outcome::Fetched;
        let leads_to = match (useless, leads) {
            (Some(reason), _) | (None, Leads::Nowhere(reason)) => {
                let outcome = self.fail(item, reason).await;
                return Ok((Record { outcome, kept }, Vec::new()));
            }
            (None, Leads::Redirect(target)) => vec![self.redirected(item, target).await],
            (None, Leads::Links(links)) => links.into_iter().map(Found::link).collect(),
            (None, Leads::Unsearched) => {
                outcome = Outcome::Unsearched;
                let url = item.url.clone();
                self.tell(Event::NotSearched { url }).await;
                Vec::new()
            }
        };
        self.tell(Event::Fetched {
            url: item.url.clone(),
            status: capture.status,
            bytes,
        })
        .await;
        let found = leads_to
            .into_iter()
            .filter(|found| {
                let depth = item.depth_of(found);
                self.history.scope.judge(found, depth).is_admitted()
            })
            .collect();
        Ok((Record { outcome, kept }, found))
    }

    /// A redirect is found like a link; but where a seed leads is a seed.
    async fn redirected(&mut self, from: &Item, to: CanonicalUrl) -> Found {
        let is_seed = from.via.is_none();
        if is_seed && self.history.scope.include(&to) {
            let (from, to) = (from.url.clone(), to.clone());
            self.tell(Event::ScopeExtended { from, to }).await;
        }
        Found {
            url: to,
            role: from.role,
            redirects: from.redirects + 1,
            is_seed,
        }
    }

    async fn fail(&mut self, item: &Item, reason: Reason) -> Outcome {
        let outcome = Outcome::failed(&reason);
        self.tell(Event::Failed(Failure {
            url: item.url.clone(),
            via: item.via.clone(),
            reason,
        }))
        .await;
        outcome
    }

    /// Builds the copy as far as the crawl has come.
    fn build_so_far(&mut self, records: Arc<dyn Records>, done: usize) {
        let (earlier, kept) = (self.earlier.clone(), self.kept.clone());
        self.copy.build_so_far(move || {
            records.flush().ok()?;
            let beside = match earlier {
                Some(earlier) => {
                    let mut now = Findings::default();
                    now.read(&*records).ok()?;
                    earlier.beside(&now)
                }
                None => kept,
            };
            Some(Captured::new(records, done, beside))
        });
    }

    async fn tell(&self, event: Event) {
        // Nobody listening is no reason to fail.
        let _ = self.events.send(event).await;
    }

    fn show(&self, queued: usize, in_flight: usize) {
        let summary = &self.history.summary;
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        *progress = Progress {
            fetched: summary.fetched,
            failed: summary.failed(),
            queued,
            in_flight,
            bytes: summary.bytes,
        };
    }
}

async fn finish(
    work: Work,
    scheduled: Scheduled<Page, Reason>,
) -> (Work, Result<Page, JobError<Reason>>) {
    (work, scheduled.await)
}

async fn lease(frontier: &impl Frontier, urls: usize) -> Result<Vec<Work>, CrawlError> {
    // It ends with this process, and with it all that could hold it.
    let ttl = Duration::MAX;
    let leases = frontier.lease(Want { urls, ttl }).await?.leases;
    let works = leases
        .into_iter()
        .flat_map(|lease| works(&lease.host, lease.token, lease.items));
    Ok(works.collect())
}

fn works(host: &Host, token: Token, items: Vec<Item>) -> Vec<Work> {
    let work = |item| Work {
        host: host.clone(),
        token,
        item,
    };
    items.into_iter().map(work).collect()
}

/// As many as browsers follow (Fetch standard, HTTP-redirect fetch, step 8).
pub(crate) const MOST_REDIRECTS: u8 = 20;
