//! What lies in the folder of a crawl's state, by name, and the end of it.

use std::fs;
use std::io;
use std::path::Path;

use cap_std::fs::Dir;

use crate::index::aside;
use crate::session;

/// Removes all that a crawl left, the journal first: without it the rest is not gone on from.
pub(crate) fn remove(folder: &Dir) -> io::Result<()> {
    remove_journal(folder, JOURNAL)?;
    remove_journal(folder, PREVIOUS)?;
    if_there(folder.remove_file(KEPT))?;
    if_there(folder.remove_file(aside(KEPT)))?;
    if_there(folder.remove_file(PAST))?;
    if_there(folder.remove_file(ENDED))?;
    session::forget(folder)?;
    if_there(folder.remove_dir_all(SEGMENTS))
}

/// Removes a journal, what belongs to its file first, lest it be taken for another's.
pub(crate) fn remove_journal(folder: &Dir, name: &str) -> io::Result<()> {
    for suffix in ["-wal", "-shm", ""] {
        if_there(folder.remove_file(format!("{name}{suffix}")))?;
    }
    Ok(())
}

pub(crate) fn if_there(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Tells whether a folder for state has something that a crawl left.
pub fn is_begun(state: &Path) -> bool {
    let mut segments = fs::read_dir(state.join(SEGMENTS)).into_iter().flatten();
    has_journal(state) || segments.next().is_some()
}

pub(crate) fn has_journal(state: &Path) -> bool {
    let names = [JOURNAL, PREVIOUS];
    names.iter().any(|name| state.join(name).exists())
}

/// Where the state of a crawl is, in the folder of its copy, if it has no other place.
pub const STATE_FOLDER: &str = ".dragline";
pub(crate) const SEGMENTS: &str = "archive";
pub(crate) const JOURNAL: &str = "journal.db";
/// That of the crawl before, as long as an update goes on.
pub(crate) const PREVIOUS: &str = "previous.db";
/// Is there if nothing is left of the last crawl but what lies on hosts that never answered.
pub(crate) const ENDED: &str = "ended";
/// The index of what the last update kept of earlier crawls.
pub(crate) const KEPT: &str = "kept.cdxj";
/// The index of all that earlier crawls archived, but for the last.
pub(crate) const PAST: &str = "past.cdxj";
/// Under what a journal says where its crawl began.
pub(crate) const SEEDS: &str = "seeds";
