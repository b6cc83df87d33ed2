use std::io::{self, Read, Seek, SeekFrom, Write};

use bytes::Bytes;
use cap_std::fs::{Dir, File, OpenOptions};
use http::StatusCode;

use crate::{Capture, warc};

/// A folder of WARC segments: appends captures, and reads them back by their index entry.
#[derive(Debug)]
pub struct Archive {
    dir: Dir,
    segment: String,
    file: File,
    /// The end of the last whole record.
    end: u64,
    entries: Vec<Entry>,
}

/// What the index knows of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What was fetched.
    pub url: String,
    /// The response's status.
    pub status: StatusCode,
    /// The response's `Content-Type`, if it had one that is text.
    pub content_type: Option<String>,
    /// The response's `Location`, if it had one that is text; not resolved.
    pub location: Option<String>,
    /// Where its `response` record begins in the segment, in bytes.
    offset: u64,
    /// How long that record is, in bytes.
    length: u64,
}

impl Archive {
    /// Begins a segment of its own in `dir`, after those that are there.
    ///
    /// # Errors
    ///
    /// The folder cannot be read or written.
    pub fn create(dir: Dir) -> io::Result<Self> {
        let (segment, file) = create_segment(&dir)?;
        let mut archive = Archive {
            dir,
            segment,
            file,
            end: 0,
            entries: Vec::new(),
        };
        archive.write(&[&warc::info(std::time::SystemTime::now())])?;
        Ok(archive)
    }

    /// Appends a capture and returns its index entry.
    ///
    /// # Errors
    ///
    /// The segment cannot be written; it is then as it was before.
    pub fn append(&mut self, capture: &Capture) -> io::Result<&Entry> {
        let records = warc::records(capture);
        let offset = self.end + records.request.len() as u64;
        self.write(&[
            &records.request,
            &records.response,
            &capture.body,
            warc::END,
        ])?;
        let entry = Entry {
            url: capture.url.clone(),
            status: capture.status,
            content_type: capture.content_type().map(str::to_owned),
            location: capture.location().map(str::to_owned),
            offset,
            length: self.end - offset,
        };
        self.entries.push(entry);
        Ok(&self.entries[self.entries.len() - 1])
    }

    /// Returns the index: an entry a capture, in the order in which they were appended.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Reads a capture back, all but its request, which is left empty.
    ///
    /// # Errors
    ///
    /// The segment cannot be read, or was damaged since.
    pub fn read(&self, entry: &Entry) -> io::Result<Capture> {
        let mut file = self.dir.open(&self.segment)?;
        file.seek(SeekFrom::Start(entry.offset))?;
        let mut record = Vec::new();
        file.take(entry.length).read_to_end(&mut record)?;
        let parsed = warc::parse_response(&Bytes::from(record))?;
        Ok(Capture {
            url: entry.url.clone(),
            date: parsed.date,
            request: Bytes::new(),
            status: parsed.status,
            headers: parsed.headers,
            body: parsed.body,
        })
    }

    /// Writes all parts or none.
    fn write(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let written = if length <= GATHERED {
            self.file.write_all(&parts.concat())
        } else {
            parts.iter().try_for_each(|part| self.file.write_all(part))
        };
        if written.is_err() {
            // The error to report is the one above: if this fails too, the disk is at fault.
            let _ = self.file.set_len(self.end);
            let _ = self.file.seek(SeekFrom::Start(self.end));
        } else {
            self.end += length as u64;
        }
        written
    }
}

fn create_segment(dir: &Dir) -> io::Result<(String, File)> {
    let options = OpenOptions::new().write(true).create_new(true).clone();
    let mut number = 0_u32;
    loop {
        let name = format!("dragline-{number:05}.warc");
        match dir.open_with(&name, &options) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < u32::MAX => {
                number += 1;
            }
            opened => return opened.map(|file| (name, file)),
        }
    }
}

/// Up to so many bytes a capture is written by one call; beyond, copying costs more than calls.
const GATHERED: usize = 256 * 1024;
