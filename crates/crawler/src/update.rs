//! Crawling again: what was there before, what became of it, and what of it stays.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufReader, Read as _};

use archive::{Capture, Entry, Reader};
use frontier::{CanonicalUrl, Past};
use http::StatusCode;
use http::header::CONTENT_ENCODING;

use crate::event::Change;
use crate::record::{Outcome, Record};
use crate::records::{Records, RestoreError, each_record};

/// What a crawl found. It is held in memory, some 400 bytes a page, in an update alone.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The last good capture of each URL.
    pub(crate) good: HashMap<String, Entry>,
    /// URLs behind which it could not look, with the status if there was an answer.
    pub(crate) blind: HashMap<String, Option<StatusCode>>,
    /// Guesses in vain.
    guesses: HashSet<String>,
    /// URLs that are said to be gone.
    gone: HashSet<String>,
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
    /// `are_alike` looks into what differs.
    pub(crate) fn between(
        earlier: &Findings,
        now: &Findings,
        seeds: &[CanonicalUrl],
        is_cut_short: bool,
        are_alike: &dyn Fn(&Entry, &Entry) -> bool,
    ) -> Self {
        // What could not be looked behind before, in the same way, can hide nothing now.
        let was_blind = |(url, status): (&String, &Option<StatusCode>)| {
            status.is_some() && earlier.blind.get(url) == Some(status)
                // Behind a guess that never was right there is nothing to be seen.
                || now.guesses.contains(url) && !earlier.good.contains_key(url)
        };
        let is_complete = !is_cut_short
            && seeds
                .iter()
                .all(|seed| now.good.contains_key(seed.as_str()))
            && now.blind.iter().all(was_blind);
        let mut all = BTreeMap::new();
        for (url, entry) in &now.good {
            let change = match earlier.good.get(url) {
                None => Change::New,
                Some(before) if !is_same(before, entry) && !are_alike(before, entry) => {
                    Change::Changed
                }
                Some(_) => continue,
            };
            all.insert(url.clone(), change);
        }
        for url in earlier.good.keys() {
            let is_gone = now.gone.contains(url) || is_complete && !now.blind.contains_key(url);
            if is_gone && !now.good.contains_key(url) {
                all.insert(url.clone(), Change::Gone);
            }
        }
        Changes { all, is_complete }
    }

    /// Returns what of earlier crawls stays beside what was captured now; with `purge`, not what is
    /// gone.
    pub(crate) fn kept(&self, earlier: &Findings, now: &Findings, purge: bool) -> Vec<Entry> {
        let mut kept = earlier.beside(now);
        if purge && self.is_complete {
            kept.retain(|entry| self.all.get(&entry.url) != Some(&Change::Gone));
        }
        kept
    }
}

impl Findings {
    /// Takes in what a crawl has kept.
    pub(crate) fn read(&mut self, records: &dyn Records) -> Result<(), RestoreError> {
        each_record(records, |Past { url, .. }, record| {
            self.take_in(url.as_str(), record);
        })
    }

    /// Takes in what came of a URL; of a guess in vain it may be the second.
    pub(crate) fn take_in(&mut self, url: &str, record: Record) {
        if self.guesses.remove(url) {
            self.blind.remove(url);
            self.gone.remove(url);
        }
        if matches!(record.outcome, Outcome::InVain(..)) {
            self.guesses.insert(url.to_owned());
        }
        if record.is_blind() {
            self.blind.insert(url.to_owned(), record.status());
        }
        let is_gone = record.is_gone();
        if let Some(entry) = record.good() {
            self.good.insert(url.to_owned(), entry);
        } else if is_gone {
            self.gone.insert(url.to_owned());
        }
    }

    /// Returns the last good capture of each page that is good no more, or was not looked at; by URL.
    pub(crate) fn beside(&self, now: &Findings) -> Vec<Entry> {
        let others = self.good.iter();
        let others = others.filter(|(url, _)| !now.good.contains_key(*url));
        let mut others: Vec<_> = others.map(|(_, entry)| entry.clone()).collect();
        others.sort_by(|a, b| a.url.cmp(&b.url));
        others
    }
}

/// Tells whether two captures differ but in how they were packed on the way: what is made for each
/// request is often packed with the time in it, or a name by chance.
pub(crate) fn are_alike(reader: &Reader, most: u64, before: &Entry, now: &Entry) -> bool {
    if (before.status, &before.location) != (now.status, &now.location) {
        return false;
    }
    let (Ok(before), Ok(now)) = (reader.read(before), reader.read(now)) else {
        return false;
    };
    let is_packed = |capture: &Capture| capture.headers.contains_key(CONTENT_ENCODING);
    if !is_packed(&before) && !is_packed(&now) {
        return false;
    }
    let content = |capture: &Capture| capture.content_reader(most).map(BufReader::new);
    let (Ok(one), Ok(other)) = (content(&before), content(&now)) else {
        return false;
    };
    let (mut one, mut other) = (one.bytes(), other.bytes());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(Ok(a)), Some(Ok(b))) if a == b => {}
            _ => return false,
        }
    }
}

fn is_same(before: &Entry, now: &Entry) -> bool {
    (before.status, before.digest, &before.location) == (now.status, now.digest, &now.location)
}
