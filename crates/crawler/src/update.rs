//! Crawling again: what was there before, what became of it, and what of it stays.

use std::collections::{BTreeMap, HashMap, HashSet};

use archive::Entry;
use frontier::CanonicalUrl;
use http::StatusCode;

use crate::event::Change;
use crate::history::{History, is_gone};

/// What earlier crawls found.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// The last good capture of each URL.
    pub(crate) good: HashMap<String, Entry>,
    /// URLs behind which the last crawl could not look, with the status if there was an answer.
    pub(crate) blind: HashMap<String, Option<StatusCode>>,
}

/// What a crawl found different from the one before.
pub(crate) struct Changes {
    /// By URL.
    pub(crate) all: BTreeMap<String, Change>,
    /// Whether the whole site could be looked at: then what was not met again is gone. Otherwise
    /// nobody knows.
    pub(crate) is_complete: bool,
}

impl Changes {
    pub(crate) fn between(
        earlier: &Earlier,
        now: &History,
        seeds: &[CanonicalUrl],
        is_stopped: bool,
    ) -> Self {
        let good: HashSet<_> = now.entries.iter().map(|entry| &*entry.url).collect();
        // What could not be looked behind before, in the same way, can hide nothing now.
        let was_blind = |(url, status): (&String, &Option<StatusCode>)| {
            status.is_some() && earlier.blind.get(url) == Some(status)
        };
        let is_complete = !is_stopped
            && seeds.iter().all(|seed| good.contains(seed.as_str()))
            && now.blind.iter().all(was_blind);
        let mut all = BTreeMap::new();
        for entry in &now.entries {
            let change = match earlier.good.get(&entry.url) {
                None => Change::New,
                Some(before) if !is_same(before, entry) => Change::Changed,
                Some(_) => continue,
            };
            all.insert(entry.url.clone(), change);
        }
        let gone = now.others.iter().filter(|entry| is_gone(entry.status));
        let gone: HashSet<_> = gone.map(|entry| &*entry.url).collect();
        for url in earlier.good.keys() {
            let is_gone = gone.contains(&**url) || is_complete && !now.blind.contains_key(url);
            if is_gone && !good.contains(&**url) {
                all.insert(url.clone(), Change::Gone);
            }
        }
        Changes { all, is_complete }
    }

    /// Returns what of earlier crawls stays beside what was captured now; with `purge`, not what is
    /// gone.
    pub(crate) fn kept(&self, earlier: &Earlier, now: &History, purge: bool) -> Vec<Entry> {
        let mut kept = earlier.beside(now);
        if purge && self.is_complete {
            kept.retain(|entry| self.all.get(&entry.url) != Some(&Change::Gone));
        }
        kept
    }
}

impl Earlier {
    /// Returns the last good capture of each page that is good no more, or was not looked at; by URL.
    pub(crate) fn beside(&self, now: &History) -> Vec<Entry> {
        let good: HashSet<_> = now.entries.iter().map(|entry| &entry.url).collect();
        let others = self
            .good
            .values()
            .filter(|entry| !good.contains(&entry.url));
        let mut others: Vec<_> = others.cloned().collect();
        others.sort_by(|a, b| a.url.cmp(&b.url));
        others
    }
}

fn is_same(before: &Entry, now: &Entry) -> bool {
    (before.status, before.digest, &before.location) == (now.status, now.digest, &now.location)
}
