use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use archive::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::task;

/// The body of an answer: in memory, or to be read.
pub struct Content(Kind);

enum Kind {
    Bytes(Bytes),
    Reader {
        reader: Box<dyn Read + Send>,
        /// In bytes, if it is known.
        length: Option<u64>,
    },
}

impl Content {
    /// Returns its bytes, if they are in memory.
    pub fn bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Reader { .. } => None,
        }
    }

    /// Returns how long it is in bytes, if that is known.
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes.len() as u64),
            Kind::Reader { length, .. } => *length,
        }
    }

    /// Reads it. Blocks.
    ///
    /// What is archived is checked against its digest by the last read of the whole.
    pub fn into_reader(self) -> Box<dyn Read + Send> {
        match self.0 {
            Kind::Bytes(bytes) => Box::new(io::Cursor::new(bytes)),
            Kind::Reader { reader, .. } => reader,
        }
    }

    pub(crate) fn empty() -> Self {
        Content(Kind::Bytes(Bytes::new()))
    }

    /// All that is read, its length unknown.
    pub(crate) fn read(reader: impl Read + Send + 'static) -> Self {
        let reader = Box::new(reader);
        Content(Kind::Reader {
            reader,
            length: None,
        })
    }

    /// A body that broke off when it was received, and does so again.
    pub(crate) fn broken_off(body: &Body) -> io::Result<Self> {
        Ok(Content::read(body.reader()?.chain(BrokenOff)))
    }

    /// These bytes of a body.
    pub(crate) fn part(body: &Body, part: Range<u64>) -> io::Result<Self> {
        if let Some(bytes) = body.bytes() {
            let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            let part = index(part.start)..index(part.end);
            return Ok(Content(Kind::Bytes(bytes.slice(part))));
        }
        let length = part.end - part.start;
        let skipped = Skipped {
            left: part.start,
            reader: body.reader()?,
        };
        Ok(Content(Kind::Reader {
            reader: Box::new(skipped.take(length)),
            length: Some(length),
        }))
    }

    /// Sends it. What is not in memory is read on a thread that waits for the client.
    pub(crate) fn send(self) -> Sending {
        match self.0 {
            Kind::Bytes(bytes) => Sending::Whole(bytes),
            Kind::Reader { reader, .. } => {
                let (out, chunks) = mpsc::channel(WAITING);
                task::spawn_blocking(move || read_on(reader, &out));
                Sending::Chunks(chunks)
            }
        }
    }
}

impl<T: Into<Bytes>> From<T> for Content {
    fn from(bytes: T) -> Self {
        Content(Kind::Bytes(bytes.into()))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.length();
        f.debug_struct("Content")
            .field("length", &length)
            .finish_non_exhaustive()
    }
}

struct BrokenOff;

impl Read for BrokenOff {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        let what = "the body broke off when it was received";
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, what))
    }
}

/// What is behind the first bytes. They are read: a packed record has no other way.
struct Skipped {
    left: u64,
    reader: Box<dyn Read + Send>,
}

impl Read for Skipped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = std::mem::take(&mut self.left);
        if left > 0 {
            io::copy(&mut (&mut self.reader).take(left), &mut io::sink())?;
        }
        self.reader.read(buffer)
    }
}

/// Reads until the end, or until nobody waits.
fn read_on(mut reader: Box<dyn Read + Send>, out: &mpsc::Sender<io::Result<Bytes>>) {
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        let read = (&mut reader).take(CHUNK as u64).read_to_end(&mut chunk);
        // What was read before an error is sent before it.
        if !chunk.is_empty() && out.blocking_send(Ok(chunk.into())).is_err() {
            return;
        }
        match read {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                // Who does not wait for it has gone.
                let _ = out.blocking_send(Err(error));
                return;
            }
        }
    }
}

/// A body on its way.
pub(crate) enum Sending {
    Whole(Bytes),
    Chunks(mpsc::Receiver<io::Result<Bytes>>),
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Sending::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Sending::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Sending::Chunks(chunks) => {
                let next = chunks.poll_recv(context);
                next.map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Sending::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Sending::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            // If its length is known, a field says it.
            Sending::Chunks(_) => SizeHint::default(),
        }
    }
}

/// In bytes.
const CHUNK: usize = 64 * 1024;
/// So many chunks of a body wait to be sent.
const WAITING: usize = 2;
