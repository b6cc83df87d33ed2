//! What crawls left, answered again.

use std::path::Path;

use archive::Entry;
use frontier::CanonicalUrl;
use replay::{Replay, Site};

use crate::StartError;
use crate::records::each_record;
use crate::state::Left;

/// Opens what is archived in a folder for state, [`Config::state_folder`], to be answered from: of
/// each URL what the copy shows, or else the last answer that there is.
///
/// It is that of this moment. Crawls may go on there afterwards, but for one that starts over.
///
/// [`Config::state_folder`]: crate::Config::state_folder
///
/// # Errors
///
/// There is nothing, or it cannot be read, or a crawl is at work there.
pub fn replay(state: &Path) -> Result<Replay, StartError> {
    let left = Left::open(state)?;
    let site = Site {
        seeds: left.seeds()?,
        key: |url| CanonicalUrl::new(url).map(|url| url.as_str().to_owned()),
        // It is sent as it is read.
        max_content: u64::MAX,
    };
    Ok(Replay::new(left.reader()?, in_order(&left, state)?, site))
}

/// All captures: those that are in the copy first, and then the latest.
fn in_order(left: &Left, state: &Path) -> Result<Vec<Entry>, StartError> {
    let mut good = Vec::new();
    // Errors are answers too: they show where there is nothing better.
    let mut bad = Vec::new();
    for journal in left.journals.iter().rev() {
        let read = each_record(journal, |_, record| {
            let entry = record.kept.as_ref().map(|kept| kept.entry.clone());
            match record.good() {
                Some(entry) => good.push(entry),
                None => bad.extend(entry),
            }
        });
        read.map_err(|error| error.in_folder(state))?;
    }
    good.extend(left.kept()?);
    let mut past = left.past()?;
    past.sort_by_key(|entry| std::cmp::Reverse(entry.date));
    let (past_good, past_bad): (Vec<_>, Vec<_>) = past.into_iter().partition(|entry| {
        let status = entry.status;
        status.is_success() || status.is_redirection()
    });
    Ok([good, bad, past_good, past_bad].concat())
}
