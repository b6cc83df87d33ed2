use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

/// A part of a file that keeps its own place, so that threads can share the file.
pub(crate) struct Section {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Section {
    /// From `at`, so many bytes or to the file's end.
    pub(crate) fn new(file: Arc<File>, at: u64, length: Option<u64>) -> Self {
        let end = at.saturating_add(length.unwrap_or(u64::MAX));
        Section { file, at, end }
    }

    /// How many bytes are left to read, if the file has them.
    pub(crate) fn left(&self) -> u64 {
        self.end - self.at
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.left()).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        if length == 0 {
            return Ok(0);
        }
        let read = read_at(&self.file, &mut buffer[..length], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}
