//! The loop in which all crates meet.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use archive::Archive;
use async_channel::{Receiver, Sender};
use cap_std::fs::Dir;
use fetch::Fetcher;
use frontier::{CanonicalUrl, Found, Frontier, Host, Report, Reported, Scope, Token};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use mirror::Site;
use pipeliner::{JobError, Pipeliner, Scheduled};
use tokio::task::JoinSet;

use crate::event::{Event, Failure, Progress, Reason, RedirectError, Summary};
use crate::page::{Leads, Page, visit};
use crate::{Config, CrawlError};

/// A crawl: what it knows and what it works with.
pub(crate) struct Engine {
    config: Config,
    output: Dir,
    frontier: Frontier,
    scope: Scope,
    archive: Archive,
    fetcher: Fetcher,
    summary: Summary,
    /// Where each redirect leads that was met.
    redirects: HashMap<CanonicalUrl, CanonicalUrl>,
    /// Written here, read by the [`Crawl`](crate::Crawl).
    progress: Arc<Mutex<Progress>>,
    events: Sender<Event>,
    /// Closed when the crawl is to stop.
    stop: Receiver<()>,
}

/// A leased URL.
struct Work {
    host: Host,
    token: Token,
    found: Found,
}

impl Engine {
    pub(crate) fn new(
        config: Config,
        output: Dir,
        archive: Archive,
        progress: Arc<Mutex<Progress>>,
        events: Sender<Event>,
        stop: Receiver<()>,
    ) -> Self {
        Engine {
            frontier: Frontier::new(),
            scope: Scope::of(&config.seeds),
            fetcher: Fetcher::new(&config.fetch),
            summary: Summary::default(),
            redirects: HashMap::new(),
            config,
            output,
            archive,
            progress,
            events,
            stop,
        }
    }

    pub(crate) async fn run(mut self) -> Result<Summary, CrawlError> {
        let begun = Instant::now();
        self.frontier
            .add(self.config.seeds.iter().cloned().map(Found::seed));
        self.crawl().await?;
        self.tell(Event::Building).await;
        let mut summary = self.summary;
        summary.stopped = self.stop.is_closed();
        let events = self.events.clone();
        let built = tokio::task::spawn_blocking(move || self.build()).await;
        let built = built.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        summary.files = built.files;
        summary.not_written = built.failures.len();
        for failure in built.failures {
            // Nobody listening is no reason to fail.
            let _ = events.send(Event::NotWritten(failure)).await;
        }
        summary.elapsed = begun.elapsed();
        Ok(summary)
    }

    /// Fetches until nothing is queued and nothing is in flight, or until it is stopped.
    async fn crawl(&mut self) -> Result<(), CrawlError> {
        let (pipeliner, workers) = Pipeliner::unbounded(self.config.jobs);
        let mut crew = JoinSet::new();
        for worker in workers {
            crew.spawn(worker);
        }
        let stop = self.stop.clone();
        let mut stop = pin!(stop.recv());
        let mut in_flight = FuturesUnordered::new();
        let mut next = self.lease(self.config.jobs.get());
        loop {
            for work in next.drain(..) {
                let max_content = self.config.fetch.max_body;
                let visit = visit(self.fetcher.clone(), work.found.url.clone(), max_content);
                let scheduled = pipeliner
                    .schedule(visit)
                    .await
                    .map_err(|_| CrawlError::Workers)?;
                in_flight.push(finish(work, scheduled));
            }
            self.show(in_flight.len());
            let (work, page) = tokio::select! {
                biased;
                _closed = &mut stop => return Ok(()),
                done = in_flight.next() => match done {
                    Some(done) => done,
                    None => break,
                },
            };
            next = self.absorb(work, page, in_flight.len()).await?;
        }
        debug_assert!(self.frontier.stats().is_finished());
        pipeliner.close().await;
        Ok(())
    }

    /// Takes in what came back for a URL: archives it, and gives what it leads to and what is in
    /// scope to the frontier. This is the crawl's one feedback edge. Returns what to fetch next.
    async fn absorb(
        &mut self,
        work: Work,
        page: Result<Page, JobError<Reason>>,
        in_flight: usize,
    ) -> Result<Vec<Work>, CrawlError> {
        let Work { host, token, found } = work;
        let led_to = match page {
            Ok(page) => self.keep(&found, page).await?,
            Err(error) => {
                let reason = match error {
                    JobError::Failed(reason) => reason,
                    lost => Reason::Internal(lost.to_string()),
                };
                self.fail(&found, reason).await;
                Vec::new()
            }
        };
        let free = self.config.jobs.get() - in_flight;
        let report = Report {
            host: host.clone(),
            token,
            done: vec![found.url],
            found: led_to,
            want: free,
        };
        let mut next = match self.frontier.report(report) {
            Reported::Accepted { more } => works(&host, token, more),
            Reported::Stale => Vec::new(),
        };
        next.extend(self.lease(free - next.len()));
        Ok(next)
    }

    /// Archives a page and returns what it leads to, as far as it is in scope.
    async fn keep(&mut self, found: &Found, page: Page) -> Result<Vec<Found>, CrawlError> {
        let Page { capture, leads } = page;
        self.archive.append(&capture).map_err(CrawlError::Archive)?;
        let bytes = capture.body.len() as u64;
        self.summary.bytes += bytes;
        let useless = match &leads {
            Leads::Redirect(target) if self.closes_a_loop(found, target) => {
                Some(RedirectError::Loop.into())
            }
            Leads::Redirect(_) if found.redirects == MOST_REDIRECTS => {
                Some(RedirectError::TooMany(MOST_REDIRECTS).into())
            }
            _ => None,
        };
        let leads_to = match (useless, leads) {
            (Some(reason), _) | (None, Leads::Nowhere(reason)) => {
                self.fail(found, reason).await;
                return Ok(Vec::new());
            }
            (None, Leads::Redirect(target)) => vec![self.redirected(found, target).await],
            (None, Leads::Links(links)) => links
                .into_iter()
                .map(|url| Found::on(&found.url, url))
                .collect(),
        };
        self.summary.fetched += 1;
        self.tell(Event::Fetched {
            url: found.url.clone(),
            status: capture.status,
            bytes,
        })
        .await;
        Ok(leads_to
            .into_iter()
            .filter(|found| self.scope.admits(&found.url))
            .collect())
    }

    /// Notes a redirect; tells whether those that were met lead from it back to it.
    fn closes_a_loop(&mut self, from: &Found, to: &CanonicalUrl) -> bool {
        self.redirects.insert(from.url.clone(), to.clone());
        let chain = std::iter::successors(Some(to), |at| self.redirects.get(at));
        chain
            .take(usize::from(MOST_REDIRECTS) + 1)
            .any(|at| *at == from.url)
    }

    /// A redirect is found like a link; but where a seed leads is a seed.
    async fn redirected(&mut self, from: &Found, to: CanonicalUrl) -> Found {
        if from.via.is_none() && self.scope.include(to.host()) {
            let (from, to) = (from.url.clone(), to.clone());
            self.tell(Event::ScopeExtended { from, to }).await;
        }
        Found {
            url: to,
            via: from.via.as_ref().map(|_| from.url.clone()),
            redirects: from.redirects + 1,
        }
    }

    async fn fail(&mut self, found: &Found, reason: Reason) {
        self.summary.count(&reason);
        self.tell(Event::Failed(Failure {
            url: found.url.clone(),
            via: found.via.clone(),
            reason,
        }))
        .await;
    }

    fn lease(&mut self, want: usize) -> Vec<Work> {
        let leases = self.frontier.lease(want);
        leases
            .into_iter()
            .flat_map(|lease| works(&lease.host, lease.token, lease.urls))
            .collect()
    }

    fn build(&self) -> Result<mirror::Built, CrawlError> {
        let site = Site {
            seeds: self
                .config
                .seeds
                .iter()
                .map(|seed| seed.as_str().to_owned())
                .collect(),
            key: |url| CanonicalUrl::new(url).map(|url| url.as_str().to_owned()),
            max_content: self.config.fetch.max_body,
        };
        mirror::build(&self.archive, &site, &self.output).map_err(CrawlError::Copy)
    }

    async fn tell(&self, event: Event) {
        // Nobody listening is no reason to fail.
        let _ = self.events.send(event).await;
    }

    fn show(&self, in_flight: usize) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        *progress = Progress {
            fetched: self.summary.fetched,
            failed: self.summary.failed(),
            queued: self.frontier.stats().queued,
            in_flight,
            bytes: self.summary.bytes,
        };
    }
}

async fn finish(
    work: Work,
    scheduled: Scheduled<Page, Reason>,
) -> (Work, Result<Page, JobError<Reason>>) {
    (work, scheduled.await)
}

fn works(host: &Host, token: Token, urls: Vec<Found>) -> Vec<Work> {
    let work = |found| Work {
        host: host.clone(),
        token,
        found,
    };
    urls.into_iter().map(work).collect()
}

/// As many as browsers follow (Fetch standard, HTTP-redirect fetch, step 8).
const MOST_REDIRECTS: u8 = 20;
