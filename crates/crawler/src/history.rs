use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use archive::{Entry, Position};
use frontier::{CanonicalUrl, Host, Past, Rules, Scope};

use crate::event::Summary;
use crate::record::{Outcome, Record};
use crate::records::{Records, RestoreError, each_record};
use crate::redirect::{self, MOST_REDIRECTS};

/// What came of a crawl so far: a function of the records of the URLs that are done. It does not
/// grow with them, but with hosts and redirects.
#[derive(Debug)]
pub(crate) struct History {
    /// The hosts of the seeds, and those that they lead to.
    pub(crate) scope: Scope,
    pub(crate) summary: Summary,
    /// How many URLs of each host are fetched.
    pub(crate) fetched: HashMap<Host, usize>,
    /// Where the archive ends.
    pub(crate) end: Position,
    /// What is archived last.
    pub(crate) last: Option<Entry>,
    redirects: Redirects,
}

impl History {
    /// A history in which nothing is done.
    pub(crate) fn new(seeds: &[CanonicalUrl], rules: Rules, start: Position) -> Self {
        History {
            scope: Scope::with(rules, seeds),
            summary: Summary::default(),
            fetched: HashMap::new(),
            end: start,
            last: None,
            redirects: Redirects::default(),
        }
    }

    /// Takes in what a frontier has kept, and gives what is archived of it.
    pub(crate) fn restore(
        &mut self,
        records: &dyn Records,
        mut archived: impl FnMut(&Entry),
    ) -> Result<(), RestoreError> {
        each_record(records, |past, record| {
            let Past { url, via, .. } = past;
            self.take_in(&record, &url, via.is_none());
            if let Some(kept) = record.kept {
                archived(&kept.entry);
                let last = self.last.as_ref().map(Entry::position);
                if last.is_none_or(|last| last < kept.entry.position()) {
                    self.last = Some(kept.entry);
                }
            }
        })
    }

    /// Takes in what came of a URL. A guess in vain is not counted.
    pub(crate) fn take_in(&mut self, record: &Record, url: &CanonicalUrl, is_seed: bool) {
        match &record.outcome {
            Outcome::Fetched | Outcome::Passed | Outcome::Unsearched => {
                self.summary.fetched += 1;
                *self.fetched.entry(url.host()).or_default() += 1;
            }
            Outcome::InVain(..) => {}
            Outcome::Failed(failing, _) => self.summary.count(*failing),
        }
        let Some(kept) = &record.kept else {
            return;
        };
        self.end = self.end.max(kept.end);
        if let Some(target) = redirect::of(&kept.entry, url) {
            if is_seed && record.outcome == Outcome::Fetched {
                self.scope.include(&target);
            }
            self.redirects.insert(url, &target);
        }
    }

    /// Tells whether the redirects that were met lead from `to` back to `from`.
    pub(crate) fn closes_a_loop(&mut self, from: &CanonicalUrl, to: &CanonicalUrl) -> bool {
        self.redirects.insert(from, to);
        self.redirects.lead(to, from)
    }
}

/// Where each redirect leads that was met: by fingerprints, keyed anew in each process.
#[derive(Debug, Default)]
struct Redirects {
    key: RandomState,
    targets: HashMap<u64, u64>,
}

impl Redirects {
    fn insert(&mut self, from: &CanonicalUrl, to: &CanonicalUrl) {
        let [from, to] = [from, to].map(|url| self.key.hash_one(url.as_str()));
        self.targets.insert(from, to);
    }

    fn lead(&self, from: &CanonicalUrl, to: &CanonicalUrl) -> bool {
        let [from, to] = [from, to].map(|url| self.key.hash_one(url.as_str()));
        let chain = std::iter::successors(Some(from), |at| self.targets.get(at).copied());
        chain
            .take(usize::from(MOST_REDIRECTS) + 1)
            .any(|at| at == to)
    }
}
