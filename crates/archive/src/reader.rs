use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cap_std::fs::Dir;
use flate2::bufread::GzDecoder;
use http::HeaderMap;
use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

use crate::entry::Kind;
use crate::parse::{Damage, Head, Response};
use crate::segment::Segment;
use crate::{Capture, Digest, Entry, Position};

/// Reads captures back by their index entries.
///
/// Clones share their open files; all of them can read at the same time, also while an
/// [`Archive`](crate::Archive) appends.
#[derive(Clone, Debug)]
pub struct Reader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    dir: Dir,
    /// Segments that were read, by number.
    files: Mutex<BTreeMap<u32, (Segment, Arc<File>)>>,
}

impl Reader {
    /// Reads the segments in `dir`, which are opened when they are needed.
    pub fn new(dir: Dir) -> Self {
        let files = Mutex::default();
        Reader {
            shared: Arc::new(Shared { dir, files }),
        }
    }

    /// Reads a capture back, all but its request and where it was found, which are left empty.
    /// Its body is what its digest says.
    ///
    /// # Errors
    ///
    /// A segment cannot be read, or a record is not as it was written; the text names the file.
    pub fn read(&self, entry: &Entry) -> io::Result<Capture> {
        let kind = if entry.is_revisit() {
            "revisit"
        } else {
            "response"
        };
        let own = self.load(entry.position(), Some(entry.length), kind)?;
        let (status, headers, body) = match entry.kind {
            Kind::Response => (own.status, own.headers, own.body),
            Kind::Identical { body } => {
                let original = self.load(body, None, "response")?;
                (own.status, own.headers, original.body)
            }
            Kind::NotModified { head, body } => {
                let kind = if head == body { "response" } else { "revisit" };
                let earlier = self.load(head, None, kind)?;
                let body = match kind {
                    "response" => earlier.body,
                    _ => self.load(body, None, "response")?.body,
                };
                (earlier.status, updated(earlier.headers, &own.headers), body)
            }
        };
        if Digest::of(&body) != entry.digest {
            let Position { segment, offset } = entry.body();
            let what = "its body is not what the index says";
            return Err(self.open(segment)?.0.damaged(offset, what));
        }
        Ok(Capture {
            url: entry.url.clone(),
            date: entry.date,
            via: None,
            request: Bytes::new(),
            status,
            headers,
            body,
        })
    }

    /// Checks that a capture's records are there and whole: their length, gzip's checksum and the
    /// digests.
    ///
    /// # Errors
    ///
    /// As of [`read`](Self::read).
    pub fn check(&self, entry: &Entry) -> io::Result<()> {
        self.read(entry).map(drop)
    }

    /// Reads the head of the record that begins there.
    pub(crate) fn head(&self, at: Position) -> io::Result<Head> {
        let (segment, file) = self.open(at.segment)?;
        let section = BufReader::new(Section::new(file, at.offset, None));
        let head = match segment.compressed {
            true => Head::read(BufReader::new(GzDecoder::new(section))),
            false => Head::read(section),
        };
        head.map_err(|damage| told(segment, at.offset, damage))
    }

    /// Reads the response in the record of this kind that begins there.
    fn load(&self, at: Position, length: Option<u64>, kind: &str) -> io::Result<Response> {
        let (segment, file) = self.open(at.segment)?;
        let mut section = BufReader::new(Section::new(file, at.offset, length));
        let block = match segment.compressed {
            true => {
                let mut member = BufReader::new(GzDecoder::new(&mut section));
                // At the member's end its checksum is looked at.
                block(&mut member, kind, true).and_then(|block| match member.read(&mut [0])? {
                    0 => Ok(block),
                    _ => Err(Damage::Shape("it is longer than it says")),
                })
            }
            false => block(&mut section, kind, false),
        };
        let block = block.and_then(|block| {
            // An entry's record ends where the entry says.
            match length.is_some() && !section.fill_buf()?.is_empty() {
                true => Err(Damage::Shape("it is shorter than the index says")),
                false => Ok(block),
            }
        });
        block
            .and_then(|block| Response::parse(&block))
            .map_err(|damage| told(segment, at.offset, damage))
    }

    fn open(&self, number: u32) -> io::Result<(Segment, Arc<File>)> {
        let mut files = self
            .shared
            .files
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((segment, file)) = files.get(&number) {
            return Ok((*segment, Arc::clone(file)));
        }
        let open = |compressed| {
            let segment = Segment { number, compressed };
            let file = self.shared.dir.open(segment.to_string());
            let file = file.map_err(|error| segment.error(&error))?;
            io::Result::Ok((segment, Arc::new(file.into_std())))
        };
        let opened = match open(true) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => open(false)?,
            opened => opened?,
        };
        if files.len() >= MOST_FILES {
            files.clear();
        }
        files.insert(number, opened.clone());
        Ok(opened)
    }
}

/// Reads the block of a record of this kind, which gzip checks or does not.
fn block(mut input: impl BufRead, kind: &str, is_checked: bool) -> Result<Bytes, Damage> {
    let head = Head::read(&mut input)?;
    head.expect(kind, is_checked)?;
    head.read_block(input)
}

fn told(segment: Segment, offset: u64, damage: Damage) -> io::Error {
    match damage {
        Damage::Shape(what) => segment.damaged(offset, what),
        Damage::Read(error) => match error.kind() {
            io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidData
            | io::ErrorKind::UnexpectedEof => segment.damaged(offset, &error.to_string()),
            _ => segment.error(&error),
        },
    }
}

/// The headers of an earlier response as a `304` updates them (RFC 9111 §3.2 and §4.3.4): but for
/// what tells of the connection, or of the bytes of a body which is the earlier one's.
fn updated(mut headers: HeaderMap, new: &HeaderMap) -> HeaderMap {
    for name in new.keys().filter(|name| !NOT_UPDATED.contains(name)) {
        headers.remove(name);
        for value in new.get_all(name) {
            headers.append(name, value.clone());
        }
    }
    headers
}

const NOT_UPDATED: [HeaderName; 11] = [
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    CONTENT_TYPE,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// A part of a file that keeps its own place, so that threads can share the file.
struct Section {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Section {
    fn new(file: Arc<File>, at: u64, length: Option<u64>) -> Self {
        let end = at.saturating_add(length.unwrap_or(u64::MAX));
        Section { file, at, end }
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
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

/// Open files that are kept, far below what systems allow a process.
const MOST_FILES: usize = 64;
