//! The loop in which all crates meet.

use std::collections::HashSet;
use std::future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use archive::{Archive, Capture, Entry};
use async_channel::{Receiver, Sender};
use cap_std::fs::Dir;
use fetch::FetchError;
use frontier::{
    CanonicalUrl, Done, Found, Frontier, Host, Item, Leases, Report, Reported, Role, Then, Token,
    Want,
};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use http::StatusCode;
use pipeliner::{JobError, Pipeliner, Refused, Scheduled};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::copy::Copy;
use crate::event::{Event, Failing, Failure, Limit, Progress, Reason, RedirectError, Summary};
use crate::folder::remove;
use crate::history::History;
use crate::lock::Lock;
use crate::page::{Answer, Leads, Page, Visitor};
use crate::record::{Kept, Outcome, Record};
use crate::records::{Captured, Records};
use crate::redirect::MOST_REDIRECTS;
use crate::schedule::{Ended, Next, Partial, Schedule, Work};
use crate::search::Links;
use crate::state::{end_update, note_ended};
use crate::update::{self, Changes, Findings};
use crate::{Again, Config, CrawlError, session};

/// A crawl: what it knows and what it works with, beside its frontier.
pub(crate) struct Engine {
    pub(crate) config: Config,
    #[expect(dead_code, reason = "it is held until the end")]
    pub(crate) lock: Arc<Lock>,
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
    pub(crate) visitor: Arc<Visitor>,
    pub(crate) schedule: Schedule,
    /// The times of the schedule are counted from it.
    pub(crate) begun: Instant,
    /// A clone for each part of an answer that is kept to be gone on with.
    pub(crate) partials: Arc<()>,
    /// URLs that were asked for in vain, and are left for later.
    pub(crate) unreached: usize,
    /// Hosts that did not answer.
    pub(crate) given_up: HashSet<Host>,
    /// Of some host no more was fetched than may be.
    pub(crate) is_any_full: bool,
    /// Written here, read by the [`Crawl`](crate::Crawl).
    pub(crate) progress: Arc<Mutex<Progress>>,
    pub(crate) events: Sender<Event>,
    /// Closed when the crawl is to stop.
    pub(crate) stop: Receiver<()>,
}

impl Engine {
    pub(crate) async fn run(mut self, frontier: impl Frontier) -> Result<Summary, CrawlError> {
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
        let stats = frontier.stats().await?;
        let left = stats.queued + stats.leased;
        for trap in frontier.traps().await? {
            self.tell(Event::HeldBack(trap)).await;
        }
        frontier.close().await?;
        let is_stopped = self.stop.is_closed();
        // What is left is gone on with; until then nothing is known of it.
        let is_ended = !is_stopped && left == 0;
        self.keep_session(!is_ended)?;
        let of_host = self.is_any_full.then_some(Limit::PagesPerHost);
        let limit = self.limit(0).or(of_host).filter(|_| left > 0);
        // What is left can hide nothing that is known.
        let is_over = !is_stopped && limit.is_none() && (left == 0 || self.gave_up_strangers());
        let was_there = self.compare(&*frontier, !is_over).await?;
        self.tell(Event::Building).await;
        let mut summary = self.history.summary;
        summary.stopped = is_stopped;
        summary.unreached += self.unreached;
        summary.left = if is_stopped { 0 } else { left };
        summary.limit = limit;
        let done = frontier.stats().await?.done;
        let captured = Captured::new(frontier, done, self.kept.clone());
        let captured = captured.cut_short(left + stats.held > 0);
        let built = self.copy.finish(captured, was_there).await;
        let built = built.map_err(CrawlError::Copy)?;
        if self.earlier.is_some() && is_over {
            end_update(&self.config, &self.folder, &self.kept).map_err(CrawlError::Update)?;
        }
        if self.config.resumable && is_over && left > 0 {
            note_ended(&self.folder).map_err(CrawlError::Archive)?;
        }
        if !self.config.keep_archive && is_ended {
            remove(&self.folder).map_err(CrawlError::Archive)?;
        }
        summary.files = built.files;
        summary.not_written = built.failures.len();
        for failure in built.failures {
            // Nobody listening is no reason to fail.
            let _ = self.events.send(Event::NotWritten(failure)).await;
        }
        for only in built.only_served {
            let _ = self.events.send(Event::OnlyServed(only)).await;
        }
        summary.elapsed = self.begun.elapsed();
        Ok(summary)
    }

    /// In an update, tells what is different from before, and settles what of it stays. Returns
    /// what was part of the copy and is no more.
    async fn compare(
        &mut self,
        records: &dyn Records,
        is_cut_short: bool,
    ) -> Result<Vec<Entry>, CrawlError> {
        let Some(earlier) = &self.earlier else {
            return Ok(Vec::new());
        };
        let mut now = Findings::default();
        now.read(records)
            .map_err(|error| CrawlError::Update(error.in_folder(&self.config.output)))?;
        let purge = self.config.again == Again::Update { purge: true };
        let Visitor {
            reader,
            max_content,
            ..
        } = &*self.visitor;
        let are_alike = |a: &Entry, b: &Entry| update::are_alike(reader, *max_content, a, b);
        let seeds = &self.config.seeds;
        let changes = Changes::between(earlier, &now, seeds, is_cut_short, &are_alike);
        self.kept = changes.kept(earlier, &now, purge);
        if purge && !changes.is_complete {
            self.tell(Event::NotPurged).await;
        }
        for (url, change) in changes.all {
            self.tell(Event::Changed { url, change }).await;
        }
        Ok(earlier.good.values().cloned().collect())
    }

    /// Tells whether the hosts that were given up never gave anything, neither now nor before.
    fn gave_up_strangers(&self) -> bool {
        let earlier = self.earlier.iter().flat_map(|it| it.good.keys());
        let earlier = earlier.filter_map(|url| CanonicalUrl::parse(url).ok());
        let mut hosts = self.history.fetched.keys().cloned();
        let mut earlier = earlier.map(|url| url.host());
        let is_given_up = |host| self.given_up.contains(&host);
        !hosts.any(is_given_up) && !earlier.any(is_given_up)
    }

    /// Fetches until nothing is queued and nothing is in flight, but for hosts that were given up; or
    /// until it is stopped, or comes to a limit.
    async fn crawl(&mut self, frontier: &Arc<impl Frontier>) -> Result<(), CrawlError> {
        // What is answered is searched while the next is asked for.
        let (requests, workers) = Pipeliner::unbounded(self.config.jobs);
        let (searches, searchers) = Pipeliner::unbounded(self.config.jobs);
        let mut crew = JoinSet::new();
        for worker in workers.into_iter().chain(searchers) {
            crew.spawn(worker);
        }
        let stop = self.stop.clone();
        let mut stop = pin!(stop.recv());
        let mut in_flight = FuturesUnordered::new();
        let mut in_search = FuturesUnordered::new();
        loop {
            let wait = loop {
                match self.next(&**frontier).await? {
                    Next::Visit(mut work) => {
                        let scheduled = self.begin(&requests, &mut work).await?;
                        in_flight.push(finish(work, scheduled));
                    }
                    Next::At(at) => {
                        let end = self.config.limits.time.unwrap_or(at);
                        break Some(self.begun + at.min(end));
                    }
                    Next::Wait => break None,
                }
            };
            if in_flight.is_empty() && in_search.is_empty() && wait.is_none() {
                break;
            }
            let stats = frontier.stats().await?;
            self.show(stats.queued - stats.parked);
            let due = async {
                match wait {
                    Some(at) => sleep_until(at).await,
                    None => future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _closed = &mut stop => return Ok(()),
                Some((work, answer)) = in_flight.next() => {
                    if let Some((work, answer)) = self.received(frontier, work, answer).await? {
                        let search = Box::pin(Arc::clone(&self.visitor).search(answer));
                        let scheduled = searches.schedule(search).await;
                        in_search.push(finish(work, scheduled.map_err(no_workers)?));
                    }
                }
                Some((work, page)) = in_search.next() => self.searched(frontier, work, page).await?,
                () = due => {}
            }
        }
        requests.close().await;
        searches.close().await;
        Ok(())
    }

    /// Returns what to do next, handing out more where there is room for it.
    async fn next(&mut self, frontier: &impl Frontier) -> Result<Next, CrawlError> {
        // It ends with this process, and with it all that could hold it.
        let ttl = Duration::MAX;
        loop {
            if self.limit(self.schedule.out()).is_some() {
                return Ok(Next::Wait);
            }
            let now = self.begun.elapsed();
            let next = self.schedule.next(now, fastrand::f64());
            let urls = self.schedule.wants(now);
            if matches!(next, Next::Visit(_)) || urls == 0 {
                return Ok(next);
            }
            let Leases {
                leases,
                next: rested,
            } = frontier.lease(Want { urls, ttl }).await?;
            if leases.is_empty() {
                // Leases end with this process: what is so far off is one of them.
                let rested = rested.filter(|it| *it < A_LONG_TIME).map(|it| now + it);
                return Ok(match (next, rested) {
                    (Next::At(at), Some(rested)) => Next::At(at.min(rested)),
                    (Next::Wait, Some(rested)) => Next::At(rested),
                    (next, _) => next,
                });
            }
            for lease in leases {
                self.schedule
                    .add(&lease.host, lease.token, lease.items, now);
                self.allow(&lease.host);
                self.clear(frontier, lease.host).await?;
            }
        }
    }

    /// Has a URL fetched.
    async fn begin(
        &self,
        requests: &Pipeliner,
        work: &mut Work,
    ) -> Result<Scheduled<Answer, Reason>, CrawlError> {
        let url = work.item.url.clone();
        let (role, asked_for) = (work.item.role, work.item.via.is_none());
        let earlier = self.earlier.as_ref();
        let earlier = earlier.and_then(|it| it.good.get(url.as_str()).cloned());
        let begun = work.partial.take().map(|partial| partial.capture);
        let visitor = Arc::clone(&self.visitor);
        // It is some kilobytes that would be moved from hand to hand.
        let request = Box::pin(visitor.fetch(url, role, asked_for, earlier, begun));
        requests.schedule(request).await.map_err(no_workers)
    }

    /// Takes in how a request ended, and hands out another of its host. Returns what is to be
    /// searched.
    async fn received(
        &mut self,
        frontier: &Arc<impl Frontier>,
        mut work: Work,
        answer: Result<Answer, JobError<Reason>>,
    ) -> Result<Option<(Work, Answer)>, CrawlError> {
        let answer = come_of(answer)?;
        let now = self.begun.elapsed();
        let is_silent = self.schedule.is_silent(&work);
        self.schedule.ended(&work, ended(&answer), now);
        let delay = answer.as_ref().ok().and_then(|answer| answer.crawl_delay);
        if let Some(delay) = delay {
            self.schedule.obey(&work.host, delay);
        }
        let is_worth_another = self.config.tries.is_worth_another(&answer);
        match answer {
            answer if is_worth_another && self.may_try_again(&work) => {
                work.partial = self.partial(answer);
                self.try_again(work, now);
            }
            Ok(answer) => {
                let Work { host, token, .. } = &work;
                self.report(&**frontier, host, *token, None, delay).await?;
                return Ok(Some((work, answer)));
            }
            Err(reason)
                if is_silent
                    && work.item.role != Role::Guess
                    && (is_worth_another || reason.concerns_host()) =>
            {
                // The URL stays out, and so the lease is held until it is parked.
                self.give_up(&work.host, work.item, reason).await;
                self.schedule.done(&work.host);
                self.clear(&**frontier, work.host).await?;
            }
            Err(reason) => self.absorb(frontier, work, Err(reason)).await?,
        }
        Ok(None)
    }

    /// Takes in what came of a search.
    async fn searched(
        &mut self,
        frontier: &Arc<impl Frontier>,
        work: Work,
        page: Result<Page, JobError<Reason>>,
    ) -> Result<(), CrawlError> {
        match come_of(page)? {
            Err(Reason::Content(error)) if error.is_cut_short() && self.may_try_again(&work) => {
                self.try_again(work, self.begun.elapsed());
                Ok(())
            }
            page => self.absorb(frontier, work, page).await,
        }
    }

    fn may_try_again(&self, work: &Work) -> bool {
        work.tries < self.config.tries.most && !self.schedule.is_given_up(&work.host)
    }

    fn try_again(&mut self, work: Work, now: Duration) {
        let backoff = &self.config.tries.backoff;
        let after = backoff.delay(work.tries - 1, fastrand::u64(..));
        self.schedule.again(work, after, now);
    }

    /// Takes in what came of a URL for good: archives it, and gives what it leads to and what is in
    /// scope to the frontier. This is the crawl's one feedback edge.
    async fn absorb(
        &mut self,
        frontier: &Arc<impl Frontier>,
        work: Work,
        page: Result<Page, Reason>,
    ) -> Result<(), CrawlError> {
        let Work {
            host, token, item, ..
        } = work;
        let done = self.take_in(item, page).await?;
        self.schedule.done(&host);
        self.report(&**frontier, &host, token, Some(done), None)
            .await?;
        self.allow(&host);
        self.clear(&**frontier, host).await?;
        if self.copy.is_due(self.history.summary.fetched) {
            self.keep_session(true)?;
            let done = frontier.stats().await?.done;
            self.build_so_far(frontier.clone(), done);
        }
        Ok(())
    }

    /// Reports what is done of a host, and takes in what is handed out next of it.
    async fn report(
        &mut self,
        frontier: &impl Frontier,
        host: &Host,
        token: Token,
        done: Option<Done>,
        delay: Option<Duration>,
    ) -> Result<(), CrawlError> {
        let now = self.begun.elapsed();
        let more = self.schedule.wants_of(host, now);
        if more == 0 && done.is_none() && delay.is_none() {
            return Ok(());
        }
        let report = Report {
            host: host.clone(),
            token,
            done: done.into_iter().collect(),
            delay,
            then: Then::Keep { more },
        };
        if let Reported::Accepted { more } = frontier.report(report).await? {
            self.schedule.add(host, token, more, now);
        }
        Ok(())
    }

    /// What of an answer is kept to be gone on with: of so few at a time as there are jobs, for each
    /// may have an open file.
    fn partial(&self, answer: Result<Answer, Reason>) -> Option<Box<Partial>> {
        let answer = answer.ok().filter(|answer| answer.broke_off.is_some())?;
        let counted = Arc::clone(&self.partials);
        let may_be_kept = Arc::strong_count(&counted) <= self.config.jobs.get() + 1;
        may_be_kept.then(|| {
            Box::new(Partial {
                capture: answer.capture,
                counted,
            })
        })
    }

    /// Has no more of a host be fetched than may be.
    fn allow(&mut self, host: &Host) {
        if let Some(most) = self.config.limits.pages_per_host {
            let fetched = self.history.fetched.get(host).copied().unwrap_or(0);
            self.schedule.allow(host, most.saturating_sub(fetched));
        }
    }

    /// Leaves a host alone of which nothing more is to be fetched now.
    async fn clear(&mut self, frontier: &impl Frontier, host: Host) -> Result<(), CrawlError> {
        let is_given_up = self.schedule.is_given_up(&host);
        let Some(token) = self.schedule.clear(&host, self.begun.elapsed()) else {
            return Ok(());
        };
        let park = Report {
            host: host.clone(),
            token,
            done: Vec::new(),
            delay: None,
            then: Then::Park,
        };
        frontier.report(park).await?;
        if !is_given_up {
            self.is_any_full = true;
            self.tell(Event::Full { host }).await;
        }
        Ok(())
    }

    /// Takes in what came of a URL for good.
    async fn take_in(
        &mut self,
        item: Item,
        page: Result<Page, Reason>,
    ) -> Result<Done, CrawlError> {
        let content = match &page {
            Ok(Page {
                leads: Leads::Links(links),
                ..
            }) => Some(links.content),
            _ => None,
        };
        let (record, found) = match page {
            Ok(page) => self.keep(&item, page).await?,
            Err(reason) => {
                let outcome = self.fail(&item, reason).await;
                let kept = None;
                (Record { outcome, kept }, Vec::new())
            }
        };
        let if_needed = self.if_needed(&item, &found);
        let found = found.into_iter().filter(|it| self.is_in_scope(&item, it));
        let found = found.collect();
        self.history.take_in(&record, &item.url, item.via.is_none());
        Ok(Done {
            id: item.id,
            in_vain: matches!(record.outcome, Outcome::InVain(..)),
            record: record.written(),
            found,
            if_needed,
            content,
        })
    }

    /// Asks nothing more of a host that does not answer. What is queued of it is left for later.
    async fn give_up(&mut self, host: &Host, item: Item, reason: Reason) {
        let is_news = !self.schedule.is_given_up(host);
        self.schedule.give_up(host);
        self.given_up.insert(host.clone());
        self.unreached += 1;
        self.tell(Event::Failed(Failure {
            url: item.url,
            via: item.via,
            reason,
        }))
        .await;
        if is_news {
            let host = host.clone();
            self.tell(Event::GivenUp { host }).await;
        }
    }

    /// Returns the limit that is reached, with so many URLs out.
    fn limit(&self, out: usize) -> Option<Limit> {
        let summary = &self.history.summary;
        let limits = &self.config.limits;
        let is_over = [
            (
                Limit::Pages,
                limits
                    .pages
                    .is_some_and(|most| summary.fetched + out >= most),
            ),
            (
                Limit::Bytes,
                limits.bytes.is_some_and(|most| summary.bytes >= most),
            ),
            (
                Limit::Time,
                limits.time.is_some_and(|most| self.begun.elapsed() >= most),
            ),
        ];
        is_over
            .into_iter()
            .find_map(|(limit, is_over)| is_over.then_some(limit))
    }

    /// Archives a page and returns what is to be remembered of it, and what it leads to.
    async fn keep(&mut self, item: &Item, page: Page) -> Result<(Record, Vec<Found>), CrawlError> {
        let Page {
            mut capture,
            unchanged,
            leads,
            ..
        } = page;
        capture.via = item.via.as_ref().map(|via| via.as_str().to_owned());
        let entry = match &unchanged {
            Some(earlier) => self.archive.append_not_modified(&capture, earlier),
            None => self.archive.append(&capture),
        };
        let entry = entry.map_err(CrawlError::Archive)?;
        let end = self.archive.end();
        if let Leads::Links(Links {
            spans: Some(spans), ..
        }) = &leads
        {
            self.copy.spans().put(&entry, spans);
        }
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
            Leads::Links(_) if item.role == Role::Guess && is_in_place(&capture, &item.url) => {
                Some(Reason::InPlace)
            }
            // From a file to a page, as one that says it is not there.
            Leads::Redirect(target)
                if item.role == Role::Guess && !item.url.may_be_page() && target.may_be_page() =>
            {
                Some(Reason::InPlace)
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
            (None, Leads::Links(links)) => {
                if !links.is_whole {
                    outcome = Outcome::Unsearched;
                    let url = item.url.clone();
                    self.tell(Event::NotAllFollowed { url }).await;
                } else if !self.history.scope.keeps(&item.url) {
                    outcome = Outcome::Passed;
                }
                links.found
            }
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
        Ok((Record { outcome, kept }, leads_to))
    }

    fn is_in_scope(&self, item: &Item, found: &Found) -> bool {
        let depth = item.depth_of(found);
        self.history.scope.judge(found, depth).is_admitted()
    }

    /// Where a redirect that a link led to leads if a document needs it, as may come out later.
    fn if_needed(&self, item: &Item, found: &[Found]) -> Option<Found> {
        let [redirect] = found else { return None };
        if redirect.redirects == 0 || redirect.is_seed || redirect.role == Role::Requisite {
            return None;
        }
        let needed = Found {
            role: Role::Requisite,
            ..redirect.clone()
        };
        self.is_in_scope(item, &needed).then_some(needed)
    }

    /// A redirect is found like a link; but where a seed leads is a seed.
    async fn redirected(&mut self, from: &Item, to: CanonicalUrl) -> Found {
        let is_seed = from.via.is_none();
        if is_seed && self.history.scope.include(&to) {
            let (from, to) = (from.url.clone(), to.clone());
            self.tell(Event::ScopeExtended { from, to }).await;
        }
        // Where a guess leads there is something, and it is found on whatever way comes first.
        let role = match from.role {
            Role::Guess => Role::Page,
            role => role,
        };
        Found {
            url: to,
            role,
            redirects: from.redirects + 1,
            is_seed,
        }
    }

    async fn fail(&mut self, item: &Item, reason: Reason) -> Outcome {
        let (failing, why) = (reason.failing(), reason.to_string());
        if item.role == Role::Guess && failing.may_be_passed_over() {
            return Outcome::InVain(failing, why);
        }
        let (url, via) = (item.url.clone(), item.via.clone());
        self.tell(match failing {
            Failing::Excluded => Event::Excluded { url },
            _ => Event::Failed(Failure { url, via, reason }),
        })
        .await;
        Outcome::Failed(failing, why)
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

    /// Keeps the cookies there are, if the crawl can be gone on with.
    fn keep_session(&self, is_going_on: bool) -> Result<(), CrawlError> {
        match &self.config.fetch.cookies {
            Some(cookies) if self.config.resumable => {
                session::keep(&self.folder, cookies, is_going_on).map_err(CrawlError::Session)
            }
            _ => Ok(()),
        }
    }

    async fn tell(&self, event: Event) {
        // Nobody listening is no reason to fail.
        let _ = self.events.send(event).await;
    }

    fn show(&self, queued: usize) {
        let summary = &self.history.summary;
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        *progress = Progress {
            fetched: summary.fetched,
            failed: summary.failed(),
            queued,
            in_flight: self.schedule.out(),
            bytes: summary.bytes,
        };
    }
}

async fn finish<T>(
    work: Work,
    scheduled: Scheduled<T, Reason>,
) -> (Work, Result<T, JobError<Reason>>) {
    (work, scheduled.await)
}

/// Returns what came of a job.
///
/// # Errors
///
/// The disk cannot be written, and so the crawl ends.
fn come_of<T>(done: Result<T, JobError<Reason>>) -> Result<Result<T, Reason>, CrawlError> {
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(JobError::Failed(Reason::Disk(error))) => Err(CrawlError::Archive(error)),
        Err(JobError::Failed(reason)) => Ok(Err(reason)),
        Err(lost) => Ok(Err(Reason::Internal(lost.to_string()))),
    }
}

fn no_workers<W>(_refused: Refused<W>) -> CrawlError {
    CrawlError::Workers
}

/// Whether an answer is a page, and its URL's name that of a file of another kind.
fn is_in_place(capture: &Capture, url: &CanonicalUrl) -> bool {
    let media_type = capture.content_type().unwrap_or_default();
    let is_page = media_type
        .get(..9)
        .is_some_and(|begin| begin.eq_ignore_ascii_case("text/html"));
    is_page && !url.may_be_page()
}

/// What a host's pace is to be told.
fn ended(answer: &Result<Answer, Reason>) -> Ended {
    let failed = match answer {
        Ok(answer) => answer.broke_off.as_ref(),
        Err(Reason::Fetch(error)) => Some(error),
        Err(_) => None,
    };
    match (failed, answer) {
        (Some(error), _) if !error.is_transient() => Ended::Nothing,
        (Some(FetchError::Incomplete { .. }), _) => Ended::Broken,
        (Some(_), _) | (None, Err(Reason::Robots(_))) => Ended::Silent,
        (None, Ok(answer)) if PRESSED.contains(&answer.capture.status) => {
            let Capture { headers, date, .. } = &answer.capture;
            Ended::Refused(fetch::retry_after(headers, *date))
        }
        (None, Ok(answer)) => Ended::Answered(answer.latency),
        (None, Err(Reason::Excluded)) => Ended::Nothing,
        (None, Err(_)) => Ended::Heard,
    }
}

/// What a host answers that is asked too much of: RFC 6585 §4, RFC 9110 §15.6.4.
const PRESSED: [StatusCode; 2] = [
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::SERVICE_UNAVAILABLE,
];
/// What is due later than this is not waited for.
const A_LONG_TIME: Duration = Duration::from_secs(100 * 365 * 86_400);
