use std::fs::File;
use std::io;

/// Rows in order.
#[derive(Debug)]
pub(crate) struct Run<const N: usize> {
    place: Place,
    /// How many rows it has.
    rows: usize,
    /// The first row of each block.
    firsts: Vec<[u8; N]>,
}

/// Where they are, one behind the other.
#[derive(Debug)]
pub(crate) enum Place {
    File(File),
    Memory(Vec<u8>),
}

impl<const N: usize> Run<N> {
    /// So many rows are in a block.
    pub(crate) const BLOCK: usize = if N < BLOCK_BYTES { BLOCK_BYTES / N } else { 1 };

    pub(crate) fn new(place: Place, rows: usize, firsts: Vec<[u8; N]>) -> Self {
        Run {
            place,
            rows,
            firsts,
        }
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        matches!(self.place, Place::Memory(_))
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the least row that is not less than this one.
    pub(crate) fn at_least(&self, least: &[u8; N]) -> io::Result<Option<[u8; N]>> {
        let next = self.firsts.partition_point(|first| first < least);
        // It is in the block before, or the first of the next.
        let Some(block) = next.checked_sub(1) else {
            return Ok(self.firsts.first().copied());
        };
        let from = block * Self::BLOCK;
        let mut buffer = [0; BLOCK_BYTES];
        let mut long;
        let bytes = Self::BLOCK.min(self.rows - from) * N;
        let bytes = if bytes <= BLOCK_BYTES {
            &mut buffer[..bytes]
        } else {
            long = vec![0; bytes];
            &mut long[..]
        };
        self.read_at(bytes, from)?;
        let (rows, _) = bytes.as_chunks::<N>();
        let row = rows.get(rows.partition_point(|row| row < least));
        Ok(row.or(self.firsts.get(next)).copied())
    }

    /// Reads it from its begin.
    pub(crate) fn read(&self) -> Reading<'_, N> {
        Reading {
            run: self,
            next: 0,
            buffer: Vec::new(),
            at: 0,
        }
    }

    /// Fills the buffer with the rows from the n-th on.
    fn read_at(&self, buffer: &mut [u8], row: usize) -> io::Result<()> {
        let at = row * N;
        match &self.place {
            Place::File(file) => read_exact_at(file, buffer, at as u64)?,
            // No more is asked for than there is.
            Place::Memory(bytes) => buffer.copy_from_slice(&bytes[at..at + buffer.len()]),
        }
        Ok(())
    }
}

/// Reads a run from its begin to its end.
#[derive(Debug)]
pub(crate) struct Reading<'a, const N: usize> {
    run: &'a Run<N>,
    /// The row behind the buffer.
    next: usize,
    buffer: Vec<u8>,
    /// In the buffer, in bytes.
    at: usize,
}

impl<const N: usize> Reading<'_, N> {
    /// Returns the next row.
    pub(crate) fn row(&mut self) -> io::Result<Option<[u8; N]>> {
        if self.at == self.buffer.len() {
            let rows = (READ_BYTES / N).max(1).min(self.run.rows - self.next);
            self.buffer.resize(rows * N, 0);
            self.at = 0;
            self.run.read_at(&mut self.buffer, self.next)?;
            self.next += rows;
        }
        let row = self.buffer[self.at..].first_chunk().copied();
        self.at += row.map_or(0, |_: [u8; N]| N);
        Ok(row)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut at: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, buffer, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        (buffer, at) = (&mut buffer[read..], at + read as u64);
    }
    Ok(())
}

/// What one question reads.
const BLOCK_BYTES: usize = 512;
/// What is read at a time of all rows.
const READ_BYTES: usize = 1 << 16;
