use std::io;
use std::ops::Range;

use archive::Entry;
use links::Spans;

/// What a copy is made of: captures, no two of one URL, read a few at a time and as often as need
/// be. So they need not be in memory.
pub trait Captures: Sync {
    /// How many places there are, each for one URL.
    fn places(&self) -> u32;

    /// Reads what is at these places, in their order. There may be nothing at some; what is there
    /// is the same each time.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    fn read(&self, places: Range<u32>) -> io::Result<Vec<(u32, Came)>>;

    /// Returns where the links of the document stand that an entry is of, if that was found before. By
    /// default nobody knows.
    fn spans(&self, entry: &Entry) -> Option<Spans> {
        let _ = entry;
        None
    }

    /// Gives URLs of which nothing came yet, and that are not waited for: to a copy they are as good
    /// as lost. By default there are none.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    fn left(&self, each: &mut (dyn FnMut(&str) + Send)) -> io::Result<()> {
        let _ = each;
        Ok(())
    }
}

/// What came of a URL.
#[derive(Clone, Debug)]
pub enum Came {
    /// It was captured.
    Captured(Entry),
    /// It was asked for and not had. What a page would load from there, a copy of it does not ask
    /// for again.
    Lost(String),
}

impl Captures for Vec<Entry> {
    fn places(&self) -> u32 {
        u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    fn read(&self, places: Range<u32>) -> io::Result<Vec<(u32, Came)>> {
        let (from, most) = (places.start as usize, places.len());
        let entries = self.iter().skip(from).take(most).cloned();
        Ok(places.zip(entries.map(Came::Captured)).collect())
    }
}

/// Reads the captures at these places.
pub(crate) fn read(
    captures: &dyn Captures,
    places: Range<u32>,
) -> io::Result<impl Iterator<Item = (u32, Entry)> + use<>> {
    let read = captures.read(places)?.into_iter();
    Ok(read.filter_map(|(place, came)| match came {
        Came::Captured(entry) => Some((place, entry)),
        Came::Lost(_) => None,
    }))
}

/// Reads all captures, some at a time.
pub(crate) fn each(
    captures: &dyn Captures,
    mut each: impl FnMut(u32, Entry) -> io::Result<()>,
) -> io::Result<()> {
    for batch in 0..batches(captures) {
        for (place, entry) in read(captures, places(batch))? {
            each(place, entry)?;
        }
    }
    Ok(())
}

/// How many times to read for all of them.
pub(crate) fn batches(captures: &dyn Captures) -> u32 {
    captures.places().div_ceil(AT_ONCE)
}

/// What to read the n-th time.
pub(crate) fn places(batch: u32) -> Range<u32> {
    let from = batch.saturating_mul(AT_ONCE);
    from..from.saturating_add(AT_ONCE)
}

/// So many are in memory at a time, for each thread.
const AT_ONCE: u32 = 128;
