use std::collections::BTreeSet;
use std::io;

use crate::merge::{Iter, Source};
use crate::run::Run;
use crate::{Scratch, merge};

/// A set of rows of `N` bytes, in the order of their bytes.
#[derive(Debug)]
pub struct Rows<const N: usize> {
    scratch: Scratch,
    /// What came last, and is in no run.
    recent: BTreeSet<[u8; N]>,
    /// So many are in memory before they are written.
    most: usize,
    /// The longest first. A row may be in several.
    runs: Vec<Run<N>>,
}

impl<const N: usize> Rows<N> {
    /// No rows yet. Files are made when there are more than memory shall hold.
    pub fn new(scratch: Scratch) -> Self {
        Rows {
            most: scratch.most_in_memory().max(1),
            scratch,
            recent: BTreeSet::new(),
            runs: Vec::new(),
        }
    }

    /// Takes in a row; or none, if it is there.
    pub fn insert(&mut self, row: [u8; N]) {
        if self.recent.len() >= self.most && self.write_recent().is_err() {
            // Lest it be tried again for each that follows.
            self.most = self.recent.len().saturating_mul(2);
        }
        self.recent.insert(row);
    }

    /// Returns the first row that begins with these bytes.
    ///
    /// # Errors
    ///
    /// Those that are in files cannot be read.
    pub fn find(&self, prefix: &[u8]) -> io::Result<Option<[u8; N]>> {
        let mut least = [0; N];
        let (begin, _) = least.split_at_mut(prefix.len().min(N));
        begin.copy_from_slice(&prefix[..begin.len()]);
        let mut found = self.recent.range(least..).next().copied();
        for run in &self.runs {
            let row = run.at_least(&least)?;
            found = found.into_iter().chain(row).min();
        }
        Ok(found.filter(|row| row.starts_with(prefix)))
    }

    /// Tells whether a row begins with these bytes.
    ///
    /// # Errors
    ///
    /// Those that are in files cannot be read.
    pub fn contains(&self, prefix: &[u8]) -> io::Result<bool> {
        self.find(prefix).map(|row| row.is_some())
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.runs.is_empty()
    }

    /// Returns all rows, each once, in order. Each run takes 64 KiB of memory meanwhile.
    pub fn iter(&self) -> Iter<'_, N> {
        let runs = self.runs.iter().map(|run| Source::Run(run.read()));
        let recent = Source::Memory(self.recent.iter());
        Iter::new(runs.chain([recent]).collect())
    }

    /// Makes questions as quick as they can be: one run, if there is one at all; in memory, if it is no
    /// longer than four times the bound of memory, for packed they take less room there.
    pub fn pack(&mut self) {
        let rows = self.recent.len() + self.runs.iter().map(Run::rows).sum::<usize>();
        let is_short = rows <= self.scratch.most_in_memory().saturating_mul(PACKED);
        match self.runs.as_slice() {
            [] => return,
            [run] if self.recent.is_empty() && run.is_in_memory() == is_short => return,
            _ => {}
        }
        let packed = if is_short {
            merge::keep(self.iter())
        } else {
            merge::write(&self.scratch, self.iter())
        };
        // If it cannot be written, they are as they were.
        if let Ok(run) = packed {
            self.runs = vec![run];
            self.recent.clear();
        }
    }

    /// Makes a run of what is in memory, or leaves it there.
    fn write_recent(&mut self) -> io::Result<()> {
        let recent = Source::Memory(self.recent.iter());
        let run = merge::write(&self.scratch, Iter::new(vec![recent]))?;
        self.runs.push(run);
        self.recent.clear();
        while let [.., long, short] = self.runs.as_slice()
            && long.rows() <= short.rows().saturating_mul(2)
        {
            let both = [long, short].map(|run| Source::Run(run.read()));
            // If it cannot be written, there is a run more.
            let Ok(merged) = merge::write(&self.scratch, Iter::new(both.into())) else {
                break;
            };
            self.runs.truncate(self.runs.len() - 2);
            self.runs.push(merged);
        }
        Ok(())
    }
}

/// Packed, so many times as many are in memory.
const PACKED: usize = 4;

impl<const N: usize> Extend<[u8; N]> for Rows<N> {
    fn extend<T: IntoIterator<Item = [u8; N]>>(&mut self, rows: T) {
        for row in rows {
            self.insert(row);
        }
    }
}

impl<'a, const N: usize> IntoIterator for &'a Rows<N> {
    type Item = io::Result<[u8; N]>;
    type IntoIter = Iter<'a, N>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
