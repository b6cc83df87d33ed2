//! Starting over: of what an earlier crawl left, its copy is removed first, while it is known which
//! files these are.

use std::io;
use std::path::Path;

use archive::{Entry, Reader};
use cap_std::fs::Dir;
use frontier::{FrontierError, Journal, JournalOptions};

use crate::Config;
use crate::copy::site;
use crate::folder::{JOURNAL, KEPT, PREVIOUS, SEEDS, SEGMENTS};
use crate::index::read_index;
use crate::records::RestoreError;
use crate::update::Findings;

/// Removes the files of the copy in `output` that the crawl made whose state is in `folder`, which
/// is at `path`. If that cannot be read the files stay: nobody knows which they are.
pub(crate) fn remove_copy(
    config: &Config,
    folder: &Dir,
    path: &Path,
    output: &Dir,
) -> io::Result<()> {
    let Some((seeds, captures)) = made_of(folder, path) else {
        return Ok(());
    };
    if captures.is_empty() {
        return Ok(());
    }
    let reader = Reader::new(folder.open_dir(SEGMENTS)?);
    let nothing = Vec::<Entry>::new();
    let removed = mirror::build(&reader, &nothing, &captures, &site(config, seeds), output)?;
    match removed.failures.into_iter().next() {
        Some(failure) => Err(failure.source),
        None => Ok(()),
    }
}

/// Reads where the crawl began, and what its copy was made of.
fn made_of(folder: &Dir, path: &Path) -> Option<(Vec<String>, Vec<Entry>)> {
    let mut found = Findings::default();
    let kept = read_index(folder, KEPT).ok()?;
    found
        .good
        .extend(kept.into_iter().map(|entry| (entry.url.clone(), entry)));
    let mut seeds = String::new();
    for name in [PREVIOUS, JOURNAL] {
        if !folder.exists(name) {
            continue;
        }
        let existing = JournalOptions {
            existing: true,
            ..JournalOptions::default()
        };
        let journal = match Journal::open(&path.join(name), existing) {
            Err(FrontierError::Empty { .. }) => continue,
            opened => opened.ok()?,
        };
        seeds = journal.note(SEEDS).ok()?.unwrap_or_default();
        let read: Result<(), RestoreError> = found.read(&journal);
        read.ok()?;
    }
    let seeds = seeds.split(' ').map(str::to_owned);
    Some((seeds.collect(), found.good.into_values().collect()))
}
