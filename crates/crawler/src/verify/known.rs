//! What is known of the URLs that documents refer to.

use std::collections::{BTreeMap, HashMap};

use archive::{Entry, Position};
use frontier::{CanonicalUrl, Found, Scope};
use url::Url;

use crate::StartError;
use crate::history::History;
use crate::record::Outcome;
use crate::records::{RestoreError, each_record};
use crate::redirect::{self, MOST_REDIRECTS};
use crate::state::Left;

/// Why a reference leads out of the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Why {
    /// It leads to what does not belong to the crawl.
    OutOfScope,
    /// It leads to what could not be had.
    Failed,
    /// It leads to what was fetched for where it leads alone.
    Passed,
    /// It leads to what was not fetched before the crawl was ended.
    NotYet,
    /// It leads to what belongs to the crawl, and was not taken in: a page asked for no link to be
    /// followed, a limit was reached, or it seemed to be without end.
    LeftOut,
}

/// The references that lead out of a copy.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Outward {
    /// How many there are, by what they lead to.
    pub counts: BTreeMap<Why, usize>,
    /// URLs that could not be had, and why not: the first thousand that were met.
    pub failed: BTreeMap<String, String>,
}

impl Why {
    /// Returns it in a few words.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::OutOfScope => "out of scope",
            Why::Failed => "failed",
            Why::Passed => "not kept",
            Why::NotYet => "not fetched yet",
            Why::LeftOut => "left out",
        }
    }
}

impl Outward {
    /// Returns how many there are.
    pub fn all(&self) -> usize {
        self.counts.values().sum()
    }

    pub(crate) fn count(&mut self, why: Why) {
        *self.counts.entry(why).or_default() += 1;
    }

    pub(crate) fn failed(&mut self, url: &str, why: &str) {
        self.count(Why::Failed);
        if self.failed.len() < MOST_FAILED && !self.failed.contains_key(url) {
            self.failed.insert(url.to_owned(), why.to_owned());
        }
    }
}

/// What came of each URL.
#[derive(Debug)]
pub(crate) struct Known {
    came: HashMap<CanonicalUrl, Came>,
    /// What belongs to the crawl, if that can be told.
    scope: Option<Scope>,
    is_finished: bool,
}

#[derive(Debug)]
enum Came {
    /// A file.
    File,
    Redirect(CanonicalUrl),
    /// An answer that is no document.
    Nothing,
    Passed,
    Failed(String),
}

/// Where a reference leads.
pub(crate) enum Leads<'a> {
    /// To a file of the copy.
    In,
    Failed(&'a str),
    Out(Why),
    /// Nobody asked for it, though a page needs it.
    Unasked,
}

impl Known {
    pub(crate) fn new(left: &Left, copy: &[Entry]) -> Result<Self, StartError> {
        let in_state = |error: RestoreError| error.in_folder(left.path());
        let mut came = HashMap::with_capacity(copy.len());
        for journal in &left.journals {
            each_record(journal, |past, record| {
                let is = match record.outcome {
                    Outcome::Failed(_, why) | Outcome::InVain(_, why) => Came::Failed(why),
                    Outcome::Passed => Came::Passed,
                    _ => Came::Nothing,
                };
                came.insert(past.url, is);
            })
            .map_err(in_state)?;
        }
        for entry in copy {
            let Ok(url) = CanonicalUrl::parse(&entry.url) else {
                continue;
            };
            let is = if let Some(target) = redirect::of(entry, &url) {
                Came::Redirect(target)
            } else if is_file(entry) {
                Came::File
            } else {
                Came::Nothing
            };
            came.insert(url, is);
        }
        let mut known = Known {
            came,
            scope: None,
            is_finished: true,
        };
        if let Some(last) = left.journals.last() {
            let is_finished = last.is_finished();
            known.is_finished = is_finished.map_err(|error| in_state(error.into()))?;
            if let Some(rules) = left.rules()? {
                let seeds = left.seeds()?;
                let seeds: Vec<_> = seeds
                    .iter()
                    .filter_map(|seed| CanonicalUrl::parse(seed).ok())
                    .collect();
                let mut history = History::new(&seeds, rules, Position::default());
                history.restore(last, |_| {}).map_err(in_state)?;
                known.scope = Some(history.scope);
            }
        }
        Ok(known)
    }

    /// What a finished crawl knows that has these files.
    #[cfg(test)]
    pub(crate) fn of_files(urls: &[&str]) -> Self {
        let urls: Vec<_> = urls
            .iter()
            .filter_map(|url| CanonicalUrl::parse(url).ok())
            .collect();
        Known {
            scope: Some(Scope::of(&urls)),
            came: urls.into_iter().map(|url| (url, Came::File)).collect(),
            is_finished: true,
        }
    }

    /// Tells where a reference leads: to this URL, which a page needs, or links to.
    pub(crate) fn leads(&self, url: &Url, is_needed: bool) -> Leads<'_> {
        let Some(mut url) = CanonicalUrl::new(url) else {
            return Leads::Out(Why::OutOfScope);
        };
        for _ in 0..MOST_REDIRECTS {
            url = match self.came.get(&url) {
                Some(Came::Redirect(target)) => target.clone(),
                Some(Came::File) => return Leads::In,
                Some(Came::Nothing) => return Leads::Failed("an answer without a document"),
                Some(Came::Passed) => return Leads::Out(Why::Passed),
                Some(Came::Failed(why)) => return Leads::Failed(why),
                None => return self.unknown(url, is_needed),
            };
        }
        Leads::Failed("too many redirects")
    }

    fn unknown(&self, url: CanonicalUrl, is_needed: bool) -> Leads<'_> {
        let (found, depth) = match (is_needed, self.is_finished) {
            (true, _) => (Found::requisite(url), 0),
            (false, false) => (Found::link(url), 0),
            // If there is a bound to how far away links lead, it is beyond.
            (false, true) => (Found::link(url), u32::MAX),
        };
        let scope = self.scope.as_ref();
        if !scope.is_some_and(|scope| scope.judge(&found, depth).is_admitted()) {
            Leads::Out(Why::OutOfScope)
        } else if !self.is_finished {
            Leads::Out(Why::NotYet)
        } else if is_needed {
            Leads::Unasked
        } else {
            Leads::Out(Why::LeftOut)
        }
    }
}

/// Whether there is a file for it: a whole document was received.
fn is_file(entry: &Entry) -> bool {
    entry.status.is_success() && !matches!(entry.status.as_u16(), 204..=206)
}

const MOST_FAILED: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reference_leads_to_tells_why_it_leads_out() {
        let url = |text: &str| CanonicalUrl::parse(text).unwrap();
        let came = [
            ("http://h/", Came::File),
            ("http://h/moved", Came::Redirect(url("http://h/"))),
            ("http://h/away", Came::Redirect(url("http://elsewhere/"))),
            ("http://h/loop", Came::Redirect(url("http://h/loop"))),
            ("http://h/no", Came::Failed("404 Not Found".to_owned())),
            ("http://h/empty", Came::Nothing),
            ("http://h/passed", Came::Passed),
        ];
        let came = came.map(|(text, came)| (url(text), came)).into();
        let mut known = Known {
            came,
            scope: Some(Scope::of(&[url("http://h/")])),
            is_finished: true,
        };
        let leads = |known: &Known, text: &str, is_needed| {
            match known.leads(&Url::parse(text).unwrap(), is_needed) {
                Leads::In => "in",
                Leads::Unasked => "unasked",
                Leads::Failed(why) => why,
                Leads::Out(why) => why.as_str(),
            }
            .to_owned()
        };
        for (text, expected) in [
            ("http://h/#x", "in"),
            ("http://h/moved", "in"),
            ("http://h/away", "out of scope"),
            ("http://h/loop", "too many redirects"),
            ("http://h/no", "404 Not Found"),
            ("http://h/empty", "an answer without a document"),
            ("http://h/passed", "not kept"),
            ("http://h/unknown", "left out"),
            ("http://elsewhere/", "out of scope"),
        ] {
            assert_eq!(leads(&known, text, false), expected, "{text}");
        }
        assert_eq!(leads(&known, "http://elsewhere/", true), "unasked");
        let rules = "--level=2 --exclude-domains=elsewhere".parse().unwrap();
        known.scope = Some(Scope::with(rules, &[url("http://h/")]));
        assert_eq!(leads(&known, "http://h/unknown", false), "out of scope");
        assert_eq!(leads(&known, "http://h/unknown", true), "unasked");
        assert_eq!(leads(&known, "http://elsewhere/", true), "out of scope");
        known.is_finished = false;
        assert_eq!(leads(&known, "http://h/unknown", false), "not fetched yet");
        assert_eq!(leads(&known, "http://elsewhere/", false), "out of scope");
        known.scope = None;
        assert_eq!(leads(&known, "http://h/unknown", false), "out of scope");
    }
}
