use std::collections::btree_set;
use std::io::{self, BufWriter, Write};

use crate::Scratch;
use crate::run::{Place, Reading, Run};

/// All rows in order.
#[derive(Debug)]
pub struct Iter<'a, const N: usize> {
    /// Each with its next row, if that was read.
    sources: Vec<(Option<[u8; N]>, Source<'a, N>)>,
}

/// What is merged.
#[derive(Debug)]
pub(crate) enum Source<'a, const N: usize> {
    Run(Reading<'a, N>),
    Memory(btree_set::Iter<'a, [u8; N]>),
}

impl<'a, const N: usize> Iter<'a, N> {
    pub(crate) fn new(sources: Vec<Source<'a, N>>) -> Self {
        let sources = sources.into_iter().map(|source| (None, source)).collect();
        Iter { sources }
    }

    fn least(&mut self) -> io::Result<Option<[u8; N]>> {
        for (next, source) in &mut self.sources {
            if next.is_none() {
                *next = source.row()?;
            }
        }
        // They are few: of a million rows, five or six.
        let least = self.sources.iter().filter_map(|(next, _)| *next).min();
        for (next, _) in &mut self.sources {
            if *next == least {
                *next = None;
            }
        }
        Ok(least)
    }
}

impl<const N: usize> Iterator for Iter<'_, N> {
    type Item = io::Result<[u8; N]>;

    fn next(&mut self) -> Option<Self::Item> {
        let least = self.least();
        if least.is_err() {
            // It is told once.
            self.sources.clear();
        }
        least.transpose()
    }
}

impl<const N: usize> Source<'_, N> {
    fn row(&mut self) -> io::Result<Option<[u8; N]>> {
        match self {
            Source::Run(run) => run.row(),
            Source::Memory(rows) => Ok(rows.next().copied()),
        }
    }
}

/// Makes a run of rows in order, in a file.
pub(crate) fn write<const N: usize>(scratch: &Scratch, rows: Iter<'_, N>) -> io::Result<Run<N>> {
    let mut file = BufWriter::with_capacity(1 << 16, scratch.file()?);
    let (count, firsts) = put(rows, &mut file)?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(Run::new(Place::File(file), count, firsts))
}

/// Makes a run of rows in order, in memory.
pub(crate) fn keep<const N: usize>(rows: Iter<'_, N>) -> io::Result<Run<N>> {
    let mut bytes = Vec::new();
    let (count, firsts) = put(rows, &mut bytes)?;
    bytes.shrink_to_fit();
    Ok(Run::new(Place::Memory(bytes), count, firsts))
}

/// Puts rows one behind the other; returns how many, and the first of each block.
fn put<const N: usize>(
    rows: Iter<'_, N>,
    out: &mut impl Write,
) -> io::Result<(usize, Vec<[u8; N]>)> {
    let mut firsts = Vec::new();
    let mut count = 0;
    for row in rows {
        let row = row?;
        if count % Run::<N>::BLOCK == 0 {
            firsts.push(row);
        }
        out.write_all(&row)?;
        count += 1;
    }
    Ok((count, firsts))
}
