use std::collections::HashMap;
use std::path::Path;

use archive::{Entry, Position};
use frontier::{CanonicalUrl, Frontier, FrontierError, Scope};
use futures::executor::block_on;
use http::StatusCode;

use crate::StartError;
use crate::engine::MOST_REDIRECTS;
use crate::event::Summary;
use crate::page;
use crate::record::{NoRecord, Outcome, Record};

/// What came of a crawl so far: a function of the records of the URLs that are done.
#[derive(Debug)]
pub(crate) struct History {
    /// What is archived, and good.
    pub(crate) entries: Vec<Entry>,
    /// What is archived, and of no use.
    pub(crate) others: Vec<Entry>,
    /// The hosts of the seeds, and those that they lead to.
    pub(crate) scope: Scope,
    /// URLs behind which nobody could look, with the status if there was an answer.
    pub(crate) blind: HashMap<String, Option<StatusCode>>,
    pub(crate) summary: Summary,
    /// Where the archive ends.
    pub(crate) end: Position,
    /// Where each redirect leads that was met.
    redirects: HashMap<CanonicalUrl, CanonicalUrl>,
}

impl History {
    /// A history in which nothing is done.
    pub(crate) fn new(seeds: &[CanonicalUrl], start: Position) -> Self {
        History {
            entries: Vec::new(),
            others: Vec::new(),
            blind: HashMap::new(),
            scope: Scope::of(seeds),
            summary: Summary::default(),
            end: start,
            redirects: HashMap::new(),
        }
    }

    /// Takes in what a frontier has kept. Blocks while it is read.
    pub(crate) fn restore(&mut self, frontier: &impl Frontier) -> Result<(), RestoreError> {
        let mut read = 0;
        loop {
            let past = block_on(frontier.done(read, AT_ONCE))?;
            if past.is_empty() {
                return Ok(());
            }
            read += past.len() as u64;
            for past in past {
                let record: Record = past
                    .record
                    .parse()
                    .map_err(|NoRecord| RestoreError::Record(past.url.clone()))?;
                self.take_in(&record, &past.url, past.via.is_none());
            }
        }
    }

    /// Returns what is archived.
    pub(crate) fn archived(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().chain(&self.others)
    }

    /// Takes in what came of a URL.
    pub(crate) fn take_in(&mut self, record: &Record, url: &CanonicalUrl, is_seed: bool) {
        match &record.outcome {
            Outcome::Fetched | Outcome::Unsearched => self.summary.fetched += 1,
            Outcome::Failed(failing, _) => self.summary.count(*failing),
        }
        let status = record.kept.as_ref().map(|kept| kept.entry.status);
        if record.outcome != Outcome::Fetched && !status.is_some_and(is_gone) {
            self.blind.insert(url.to_string(), status);
        }
        let Some(kept) = &record.kept else {
            return;
        };
        self.end = self.end.max(kept.end);
        if let Some(target) = page::leads_to(&kept.entry, url) {
            if is_seed && record.outcome == Outcome::Fetched {
                self.scope.include(target.host());
            }
            self.redirects.insert(url.clone(), target);
        }
        let entries = match record.outcome {
            Outcome::Fetched | Outcome::Unsearched => &mut self.entries,
            Outcome::Failed(..) => &mut self.others,
        };
        entries.push(kept.entry.clone());
    }

    /// Tells whether the redirects that were met lead from `to` back to `from`.
    pub(crate) fn closes_a_loop(&mut self, from: &CanonicalUrl, to: &CanonicalUrl) -> bool {
        self.redirects.insert(from.clone(), to.clone());
        let chain = std::iter::successors(Some(to), |at| self.redirects.get(at));
        chain
            .take(usize::from(MOST_REDIRECTS) + 1)
            .any(|at| at == from)
    }
}

/// Whether it says that there is nothing.
pub(crate) fn is_gone(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
}

/// Why what was kept cannot be gone on from.
#[derive(Debug)]
pub(crate) enum RestoreError {
    Frontier(FrontierError),
    /// What is kept of this URL is not what this program writes.
    Record(CanonicalUrl),
}

impl RestoreError {
    pub(crate) fn in_folder(self, path: &Path) -> StartError {
        let path = path.to_owned();
        match self {
            RestoreError::Frontier(source) => StartError::State { path, source },
            RestoreError::Record(url) => StartError::Record { path, url },
        }
    }
}

impl From<FrontierError> for RestoreError {
    fn from(error: FrontierError) -> Self {
        RestoreError::Frontier(error)
    }
}

const AT_ONCE: usize = 4096;
