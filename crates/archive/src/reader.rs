use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cap_std::fs::Dir;
use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, StatusCode};
use rows::Scratch;

use crate::entry::Kind;
use crate::parse::Head;
use crate::segment::Segment;
use crate::spool;
use crate::stream::{Stored, Stream};
use crate::{Body, Capture, Digest, Entry, Position, Truncated};

/// Reads captures back by their index entries.
///
/// Clones share their open files; all of them can read at the same time, also while an
/// [`Archive`](crate::Archive) appends.
#[derive(Clone, Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    /// It computes the digests of bodies also where checksums guard them.
    is_strict: bool,
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
            is_strict: false,
        }
    }

    /// Reads a capture back, all but its request and where it was found, which are left empty.
    ///
    /// Its body is what was written, by gzip's checksum or that of its block (see
    /// [`check`](Self::check)); if it is [large](Body::MOST_IN_MEMORY), it is read, and that is looked
    /// at, through [`Body::reader`].
    ///
    /// # Errors
    ///
    /// A segment cannot be read, or a record is not as it was written; the text names the file.
    pub fn read(&self, entry: &Entry) -> io::Result<Capture> {
        let (at, length) = (entry.position(), Some(entry.length));
        let (status, headers, stream, truncated) = match entry.kind {
            Kind::Response => {
                let (status, headers, stream) = self.response(at, length, entry.digest)?;
                let truncated = stream.truncated();
                (status, headers, stream, truncated)
            }
            Kind::Identical { body } => {
                let (status, headers, truncated) = self.revisit(at, length)?;
                let (_, _, stream) = self.response(body, None, entry.digest)?;
                (status, headers, stream, truncated)
            }
            Kind::NotModified { head, body } => {
                let (_, new, _) = self.revisit(at, length)?;
                let (mut status, mut headers, stream) = self.response(body, None, entry.digest)?;
                if head != body {
                    (status, headers, _) = self.revisit(head, None)?;
                }
                (status, updated(headers, &new), stream, None)
            }
        };
        Ok(Capture {
            url: entry.url.clone(),
            date: entry.date,
            via: None,
            request: Bytes::new(),
            status,
            headers,
            body: self.body(entry, stream)?,
            truncated,
        })
    }

    /// Checks that a capture's records are there and whole: their length, gzip's checksum and the
    /// digests.
    ///
    /// # Errors
    ///
    /// As of [`read`](Self::read).
    pub fn check(&self, entry: &Entry) -> io::Result<()> {
        let reader = Reader {
            is_strict: true,
            ..self.clone()
        };
        let capture = reader.read(entry)?;
        if capture.body.bytes().is_none() {
            io::copy(&mut capture.body.reader()?, &mut io::sink())?;
        }
        Ok(())
    }

    /// Returns what makes files beside the segments for what is too much for memory. They have no
    /// names, and go when they are closed.
    pub fn scratch(&self) -> Scratch {
        let shared = Arc::clone(&self.shared);
        Scratch::new(move || spool::unnamed(&shared.dir))
    }

    /// Reads the head of the record that begins there.
    pub(crate) fn head(&self, at: Position) -> io::Result<Head> {
        let (segment, file) = self.open(at.segment)?;
        Stream::new(segment, file, at.offset, None).head()
    }

    /// Reads up to the body of the `response` record with this digest that begins there.
    pub(crate) fn response(
        &self,
        at: Position,
        length: Option<u64>,
        digest: Digest,
    ) -> io::Result<(StatusCode, HeaderMap, Stream)> {
        let (segment, file) = self.open(at.segment)?;
        let stream = Stream::new(segment, file, at.offset, length);
        let mut stream = stream.strict(self.is_strict);
        let (status, headers) = stream.response("response", Some(digest))?;
        Ok((status, headers, stream))
    }

    /// Reads the `revisit` record that begins there.
    fn revisit(
        &self,
        at: Position,
        length: Option<u64>,
    ) -> io::Result<(StatusCode, HeaderMap, Option<Truncated>)> {
        let (segment, file) = self.open(at.segment)?;
        let mut stream = Stream::new(segment, file, at.offset, length);
        let (status, headers) = stream.response("revisit", None)?;
        io::copy(&mut stream, &mut io::sink())?;
        Ok((status, headers, stream.truncated()))
    }

    /// Reads a body that is not too large for memory.
    fn body(&self, entry: &Entry, mut stream: Stream) -> io::Result<Body> {
        let length = stream.left();
        if length > Body::MOST_IN_MEMORY {
            return Ok(Body::stored(Stored {
                reader: self.clone(),
                at: entry.body(),
                length,
                digest: entry.digest,
            }));
        }
        let mut body = vec![0; usize::try_from(length).unwrap_or_default()];
        stream.read_exact(&mut body)?;
        // What is empty has an end too.
        stream.read_to_end(&mut Vec::new())?;
        Ok(Body::in_memory(body.into(), entry.digest.algorithm()))
    }

    /// Returns the file of a segment and its name.
    pub(crate) fn open(&self, number: u32) -> io::Result<(Segment, Arc<File>)> {
        let files = self.shared.files.lock();
        let mut files = files.unwrap_or_else(PoisonError::into_inner);
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

/// Open files that are kept, far below what systems allow a process.
const MOST_FILES: usize = 64;
