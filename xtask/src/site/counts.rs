//! What was requested, and how often.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::pages::Pages;

/// How many URLs of a kind the report names when it is printed.
const NAMED: usize = 10;

/// Counts the requests for each URL.
///
/// The pages of a site made by formula are counted by their number, without a lock: they are asked for by the tens of
/// thousands a second. All else (the files of a folder, what does not exist) is counted by name. That map grows with
/// every new name, without a bound: only a test asks, and the test ends.
#[derive(Debug)]
pub(crate) struct Counts {
    pages: Vec<AtomicU32>,
    others: Mutex<BTreeMap<String, Count>>,
}

#[derive(Debug, Default)]
struct Count {
    requests: u32,
    not_found: bool,
}

impl Counts {
    /// Counts from zero, with a place for this many pages known by number.
    pub(crate) fn new(pages: u32) -> Self {
        Self {
            pages: (0..pages).map(|_| AtomicU32::new(0)).collect(),
            others: Mutex::default(),
        }
    }

    /// Counts a request for a page known by its number, which is below the number of pages.
    pub(crate) fn page(&self, page: u32) {
        // Nothing is ordered by the counts; whoever reads them has the answers of the requests he wants counted.
        self.pages[page as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request for something that exists.
    pub(crate) fn found(&self, address: &str) {
        self.other(address, false);
    }

    /// Counts a request for something that does not exist.
    pub(crate) fn not_found(&self, address: &str) {
        self.other(address, true);
    }

    fn other(&self, address: &str, not_found: bool) {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let count = others.entry(address.to_owned()).or_default();
        count.requests += 1;
        count.not_found |= not_found;
    }

    /// Tells whether a page known by its number, or else what is at this address, was requested.
    pub(crate) fn has(&self, page: Option<u32>, address: &str) -> bool {
        if let Some(page) = page {
            return self.pages[page as usize].load(Ordering::Relaxed) > 0;
        }
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.contains_key(address)
    }

    /// Sums up what was requested so far.
    pub(crate) fn report(&self) -> Report {
        let mut report = Report {
            missing_pages: (!self.pages.is_empty()).then_some(0),
            ..Report::default()
        };
        for (page, count) in (0..).zip(&self.pages) {
            match count.load(Ordering::Relaxed) {
                0 => report.missing_pages = report.missing_pages.map(|missing| missing + 1),
                requests => report.add(requests, || Pages::address(page)),
            }
        }
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        for (address, count) in others.iter() {
            report.add(count.requests, || address.clone());
            if count.not_found {
                report.not_found.push(address.clone());
            }
        }
        drop(others);
        // Stable: those asked for equally often stay in the order they were added in.
        report
            .repeated
            .sort_by_key(|(_, requests)| std::cmp::Reverse(*requests));
        report
    }
}

/// What was requested of a site, summed up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// All requests.
    pub(crate) requests: u64,
    /// The URLs among them, each once.
    pub(crate) distinct: u64,
    /// The URLs requested more than once and how often, the most requested first.
    pub(crate) repeated: Vec<(String, u32)>,
    /// The number of pages never requested; `None` for a folder.
    pub(crate) missing_pages: Option<u64>,
    /// The URLs requested that do not exist, in alphabetical order.
    pub(crate) not_found: Vec<String>,
}

impl Report {
    fn add(&mut self, requests: u32, address: impl FnOnce() -> String) {
        self.requests += u64::from(requests);
        self.distinct += 1;
        if requests > 1 {
            self.repeated.push((address(), requests));
        }
    }

    /// Spells the report as JSON, in full.
    pub(crate) fn json(&self) -> Value {
        json!({
            "requests": self.requests,
            "distinct": self.distinct,
            "repeated": self.repeated,
            "missing_pages": self.missing_pages,
            "not_found": self.not_found,
        })
    }
}

impl fmt::Display for Report {
    /// Prints a line a number, and the first few URLs under those that are about some.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "requests:             {}", self.requests)?;
        writeln!(f, "distinct URLs:        {}", self.distinct)?;
        writeln!(f, "requested repeatedly: {}", self.repeated.len())?;
        for (address, requests) in self.repeated.iter().take(NAMED) {
            writeln!(f, "  {requests} x {address}")?;
        }
        if let Some(missing) = self.missing_pages {
            writeln!(f, "never requested:      {missing}")?;
        }
        writeln!(f, "not found:            {}", self.not_found.len())?;
        for address in self.not_found.iter().take(NAMED) {
            writeln!(f, "  {address}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Counts, Report};

    #[test]
    fn report_sums_up_pages_and_others() {
        let counts = Counts::new(4);
        counts.page(0);
        counts.page(2);
        counts.page(2);
        counts.found("/a.css");
        for _ in 0..3 {
            counts.not_found("/b?c=d");
        }
        let repeated = vec![("/b?c=d".to_owned(), 3), ("/page/2.html".to_owned(), 2)];
        let report = counts.report();
        assert_eq!(
            report,
            Report {
                requests: 7,
                distinct: 4,
                repeated,
                missing_pages: Some(2),
                not_found: vec!["/b?c=d".to_owned()],
            }
        );
        let expected = json!({
            "requests": 7,
            "distinct": 4,
            "repeated": [["/b?c=d", 3], ["/page/2.html", 2]],
            "missing_pages": 2,
            "not_found": ["/b?c=d"],
        });
        assert_eq!(report.json(), expected);
    }

    #[test]
    fn a_folder_has_no_missing_pages() {
        assert_eq!(Counts::new(0).report(), Report::default());
    }

    #[test]
    fn printed_report_names_only_the_first() {
        let counts = Counts::new(0);
        for number in 0..50 {
            counts.not_found(&format!("/{number}"));
            counts.not_found(&format!("/{number}"));
        }
        let printed = counts.report().to_string();
        assert!(printed.contains("requested repeatedly: 50\n"));
        assert_eq!(printed.lines().count(), 4 + 10 + 10);
    }
}
