use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::CanonicalUrl;
use crate::error::FrontierError;
use crate::frontier::Past;
use crate::schema::File;

/// A [`Journal`](crate::Journal) that is looked at while another process may be writing it.
///
/// It tells what is committed. Nothing is written, and nobody is kept waiting; that what it tells is
/// undamaged is looked at only when the journal itself is opened.
pub struct JournalReader(Mutex<File>);

impl JournalReader {
    /// Opens the journal at `path`, which has to be there.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Self, FrontierError> {
        File::open_to_read(path).map(Mutex::new).map(JournalReader)
    }

    /// Returns what was noted under `key` when the journal was made.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is no journal.
    pub fn note(&self, key: &str) -> Result<Option<String>, FrontierError> {
        self.file().about(key)
    }

    /// Returns up to `most` URLs that are done, in the order in which they were reported, after the
    /// first `skip`.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is no journal.
    pub fn done(&self, skip: u64, most: usize) -> Result<Vec<Past>, FrontierError> {
        self.file().done(skip, most)
    }

    /// Gives the URLs that are not done, in the order of entry.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is no journal.
    pub fn left(&self, each: impl FnMut(CanonicalUrl)) -> Result<(), FrontierError> {
        self.file().left(each)
    }

    fn file(&self) -> MutexGuard<'_, File> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for JournalReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalReader").finish_non_exhaustive()
    }
}
