//! What crawls left, answered again.

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::path::Path;

use archive::Entry;
use frontier::CanonicalUrl;
use mirror::{Came, Captures};
use replay::{Replay, Site};

use crate::StartError;
use crate::records::{Records, each_record};
use crate::state::Left;

/// Opens what is archived in a folder for state, [`Config::state_folder`], to be answered from: of
/// each URL what the copy shows, or else the last answer that there is.
///
/// It is that of this moment: a crawl may be at work there, and crawls may go on there afterwards,
/// but for one that starts over.
///
/// [`Config::state_folder`]: crate::Config::state_folder
///
/// # Errors
///
/// There is nothing, or it cannot be read.
pub fn replay(state: &Path) -> Result<Replay, StartError> {
    of(&Left::look(state)?)
}

/// What was left, to be answered from.
pub(crate) fn of(left: &Left) -> Result<Replay, StartError> {
    let site = Site {
        seeds: left.seeds()?,
        key: CanonicalUrl::spelled,
        // It is sent as it is read.
        max_content: u64::MAX,
    };
    Ok(Replay::new(left.reader()?, all(left)?, site))
}

/// Reads what the copy is made of.
pub(crate) fn in_copy(left: &Left) -> Result<InCopy, StartError> {
    let Answers { good, .. } = answers(left)?;
    let mut seen = HashSet::new();
    let mut entries = good;
    entries.retain(|entry| seen.insert(entry.url.clone()));
    let mut lost = Vec::new();
    if let Some(journal) = left.journals.last() {
        let read = each_record(journal, |past, record| {
            if record.is_lost() {
                lost.push(past.url.as_str().to_owned());
            }
        });
        let left_over = |()| Ok(journal.left(&mut |url| lost.push(url.as_str().to_owned()))?);
        let read = read.and_then(left_over);
        read.map_err(|error| error.in_folder(left.path()))?;
    }
    Ok(InCopy { entries, lost })
}

/// What the copy is made of.
pub(crate) struct InCopy {
    /// One capture of each URL.
    pub(crate) entries: Vec<Entry>,
    /// URLs that the last crawl did not get, though it asked for them or meant to.
    lost: Vec<String>,
}

impl Captures for InCopy {
    fn places(&self) -> u32 {
        let lost = u32::try_from(self.lost.len()).unwrap_or(u32::MAX);
        self.entries.places().saturating_add(lost)
    }

    /// Captures first.
    fn read(&self, places: Range<u32>) -> io::Result<Vec<(u32, Came)>> {
        let entries = self.entries.iter().cloned().map(Came::Captured);
        let lost = self.lost.iter().cloned().map(Came::Lost);
        let came = entries.chain(lost).skip(places.start as usize);
        Ok(places.zip(came).collect())
    }
}

/// All captures: those that are in the copy first, and then the latest. Of one URL, the first counts.
pub(crate) fn all(left: &Left) -> Result<Vec<Entry>, StartError> {
    let Answers { good, bad } = answers(left)?;
    let mut past = left.past()?;
    past.sort_by_key(|entry| std::cmp::Reverse(entry.date));
    let (past_good, past_bad): (Vec<_>, Vec<_>) = past.into_iter().partition(|entry| {
        let status = entry.status;
        status.is_success() || status.is_redirection()
    });
    Ok([good, bad, past_good, past_bad].concat())
}

/// What the journals have, the last first, and what the last update kept.
struct Answers {
    good: Vec<Entry>,
    /// Errors are answers too, where there is nothing better; and what was fetched for where it leads.
    bad: Vec<Entry>,
}

fn answers(left: &Left) -> Result<Answers, StartError> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for journal in left.journals.iter().rev() {
        let read = each_record(journal, |_, record| {
            let entry = record.kept.as_ref().map(|kept| kept.entry.clone());
            match record.good() {
                Some(entry) => good.push(entry),
                None => bad.extend(entry),
            }
        });
        read.map_err(|error| error.in_folder(left.path()))?;
    }
    good.extend(left.kept()?);
    Ok(Answers { good, bad })
}
