//! The records of the URLs that are done, read back from the frontier a few at a time.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use archive::Entry;
use frontier::{CanonicalUrl, Frontier, FrontierError, Past};
use futures::executor::block_on;
use links::Spans;
use mirror::{Came, Captures};

use crate::StartError;
use crate::record::{NoRecord, Record};
use crate::spans::SpanFile;

/// Where they are read from, on any thread. Blocks while it does.
pub(crate) trait Records: Send + Sync {
    /// Waits until all that was reported can be read.
    fn flush(&self) -> Result<(), FrontierError>;
    /// Reads up to `most` in the order in which they were reported, after the first `skip`.
    fn read(&self, skip: u64, most: usize) -> Result<Vec<Past>, FrontierError>;
    /// Gives the URLs that are not done.
    fn left(&self, each: &mut (dyn FnMut(CanonicalUrl) + Send)) -> Result<(), FrontierError>;
}

impl<F: Frontier> Records for F {
    fn flush(&self) -> Result<(), FrontierError> {
        block_on(Frontier::flush(self))
    }

    fn read(&self, skip: u64, most: usize) -> Result<Vec<Past>, FrontierError> {
        block_on(self.done(skip, most))
    }

    fn left(&self, each: &mut (dyn FnMut(CanonicalUrl) + Send)) -> Result<(), FrontierError> {
        block_on(Frontier::left(self, each))
    }
}

/// Reads all.
pub(crate) fn each_record(
    records: &dyn Records,
    mut each: impl FnMut(Past, Record),
) -> Result<(), RestoreError> {
    let mut read = 0;
    loop {
        let past = records.read(read, AT_ONCE)?;
        if past.is_empty() {
            return Ok(());
        }
        read += past.len() as u64;
        for past in past {
            let record = parse(&past)?;
            each(past, record);
        }
    }
}

/// What is archived and good: what the copy is made of.
pub(crate) struct Captured {
    records: Arc<dyn Records>,
    /// So many URLs are done.
    done: u32,
    /// What earlier crawls captured that is part of it too.
    beside: Vec<Entry>,
    /// Whether there is more to come, and it is not waited for.
    is_cut_short: bool,
    /// Where links stand.
    spans: Option<Arc<SpanFile>>,
}

impl Captured {
    /// `done` URLs are, of those that were reported, and what is beside them.
    pub(crate) fn new(records: Arc<dyn Records>, done: usize, beside: Vec<Entry>) -> Self {
        Captured {
            records,
            // A frontier has no more.
            done: u32::try_from(done).unwrap_or(u32::MAX),
            beside,
            is_cut_short: false,
            spans: None,
        }
    }

    /// With what is known of where links stand.
    pub(crate) fn with_spans(self, spans: Arc<SpanFile>) -> Self {
        Captured {
            spans: Some(spans),
            ..self
        }
    }

    /// Whether something is left that the copy is to do without.
    pub(crate) fn cut_short(self, is_cut_short: bool) -> Self {
        Captured {
            is_cut_short,
            ..self
        }
    }
}

impl Captures for Captured {
    fn places(&self) -> u32 {
        self.done.saturating_add(self.beside.places())
    }

    fn read(&self, places: Range<u32>) -> io::Result<Vec<(u32, Came)>> {
        let mut all = Vec::with_capacity(places.len().min(AT_ONCE));
        let done = places.start..places.end.min(self.done);
        if !done.is_empty() {
            let read = self.records.read(done.start.into(), done.len());
            for (place, past) in done.zip(read.map_err(io::Error::other)?) {
                let record = parse(&past).map_err(io::Error::other)?;
                let came = if record.is_lost() {
                    Some(Came::Lost(past.url.as_str().to_owned()))
                } else {
                    record.good().map(Came::Captured)
                };
                all.extend(came.map(|came| (place, came)));
            }
        }
        let beside = places.start.saturating_sub(self.done)..places.end.saturating_sub(self.done);
        let beside = self.beside.read(beside)?.into_iter();
        all.extend(beside.map(|(place, came)| (place + self.done, came)));
        Ok(all)
    }

    fn spans(&self, entry: &Entry) -> Option<Spans> {
        self.spans.as_ref()?.get(entry)
    }

    fn left(&self, each: &mut (dyn FnMut(&str) + Send)) -> io::Result<()> {
        if !self.is_cut_short {
            return Ok(());
        }
        let left = self.records.left(&mut |url| each(url.as_str()));
        left.map_err(io::Error::other)
    }
}

fn parse(past: &Past) -> Result<Record, RestoreError> {
    let parsed = past.record.parse();
    parsed.map_err(|NoRecord| RestoreError::Record(past.url.clone()))
}

/// Why what was kept cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    #[error(transparent)]
    Frontier(#[from] FrontierError),
    /// What is kept of this URL is not what this program writes.
    #[error("what is kept of {0} is not understood")]
    Record(CanonicalUrl),
}

impl RestoreError {
    pub(crate) fn in_folder(self, path: &Path) -> StartError {
        let path = path.to_owned();
        match self {
            RestoreError::Frontier(source) => StartError::State { path, source },
            RestoreError::Record(url) => StartError::Record { path, url },
        }
    }
}

const AT_ONCE: usize = 512;
