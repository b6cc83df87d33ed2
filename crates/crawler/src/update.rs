//! Crawling again: what was there before, what became of it, and what of it stays.

use std::collections::{BTreeMap, HashMap, HashSet};

use archive::Entry;
use http::StatusCode;

use crate::event::Change;
use crate::history::History;

/// The good captures of earlier crawls, by URL.
pub(crate) type Earlier = HashMap<String, Entry>;

/// What a crawl found different from the one before.
pub(crate) struct Changes {
    /// By URL.
    pub(crate) all: BTreeMap<String, Change>,
    /// Whether the whole site could be looked at: then what was not met again is gone. Otherwise
    /// nobody knows.
    pub(crate) is_complete: bool,
}

impl Changes {
    pub(crate) fn between(earlier: &Earlier, now: &History, is_stopped: bool) -> Self {
        let is_complete = !is_stopped
            && now.summary.unreached == 0
            && now.summary.internal == 0
            && now.others.iter().all(|entry| is_an_answer(entry.status));
        let mut all = BTreeMap::new();
        for entry in &now.entries {
            let change = match earlier.get(&entry.url) {
                None => Change::New,
                Some(before) if !is_same(before, entry) => Change::Changed,
                Some(_) => continue,
            };
            all.insert(entry.url.clone(), change);
        }
        let good: HashSet<_> = now.entries.iter().map(|entry| &entry.url).collect();
        let gone = now.others.iter().filter(|entry| is_gone(entry.status));
        let gone: HashSet<_> = gone.map(|entry| &entry.url).collect();
        for url in earlier.keys() {
            if !good.contains(url) && (is_complete || gone.contains(url)) {
                all.insert(url.clone(), Change::Gone);
            }
        }
        Changes { all, is_complete }
    }

    /// Returns what of earlier crawls stays beside what was captured now: of a page that is good no
    /// more, or was not looked at, the last good capture; with `purge`, not of one that is gone.
    pub(crate) fn kept(&self, earlier: &Earlier, now: &History, purge: bool) -> Vec<Entry> {
        let good: HashSet<_> = now.entries.iter().map(|entry| &entry.url).collect();
        let purges = purge && self.is_complete;
        let stays = |entry: &&Entry| {
            let is_gone = self.all.get(&entry.url) == Some(&Change::Gone);
            !(good.contains(&entry.url) || purges && is_gone)
        };
        let mut kept: Vec<_> = earlier.values().filter(stays).cloned().collect();
        kept.sort_by(|a, b| a.url.cmp(&b.url));
        kept
    }
}

fn is_same(before: &Entry, now: &Entry) -> bool {
    (before.status, before.digest, &before.location) == (now.status, now.digest, &now.location)
}

fn is_gone(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
}

/// Whether it says how it is with the URL, and not that the server is in trouble.
fn is_an_answer(status: StatusCode) -> bool {
    !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS
}
