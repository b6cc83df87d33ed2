//! WARC 1.1 records (ISO 28500:2017), as they are written.

use std::fmt::{self, Display, Write as _};
use std::io::{self, BufReader, Read, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, StatusCode};
use uuid::Uuid;

use crate::digest::{Sum, Summing};
use crate::pack::Packer;
use crate::{Algorithm, Body};

/// A record's head in the making.
pub(crate) struct Record {
    head: String,
}

/// How a record is written.
pub(crate) enum Packing<'a> {
    No,
    /// As a gzip member.
    Member(&'a mut Packer),
    /// As a gzip member that holds it as it is.
    AsItIs,
}

/// What a record holds.
pub(crate) struct Block<'a> {
    pub(crate) head: &'a [u8],
    pub(crate) body: Option<&'a Body>,
}

impl Record {
    /// Begins a record.
    pub(crate) fn new(kind: &str, id: Id, date: SystemTime, content_type: &str) -> Self {
        let date = humantime::format_rfc3339_micros(date);
        let mut head = String::with_capacity(USUAL_HEAD);
        let _ = write!(
            head,
            "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: {id}\r\nWARC-Date: {date}\r\n\
             Content-Type: {content_type}\r\n"
        );
        Record { head }
    }

    /// Adds a field. Its value holds no line break.
    pub(crate) fn with(mut self, name: &str, value: impl Display) -> Self {
        let _ = write!(self.head, "{name}: {value}\r\n");
        self
    }

    /// Adds the digest of the block.
    pub(crate) fn with_block_digest(self, block: &Block<'_>) -> io::Result<Self> {
        self.with_block_sum(Summing::digest(Algorithm::Sha256), block)
    }

    /// Adds a sum of the block, of this kind.
    pub(crate) fn with_block_sum(
        self,
        mut summing: Summing,
        block: &Block<'_>,
    ) -> io::Result<Self> {
        summing.write_all(block.head)?;
        block.copy_body(&mut summing)?;
        Ok(match summing.finish() {
            Sum::Digest(digest) => self.with(BLOCK_DIGEST, digest),
            Sum::Crc32(sum) => self.with(BLOCK_CRC, format_args!("{sum:08x}")),
        })
    }

    /// Writes the whole record.
    pub(crate) fn write(
        self,
        packing: Packing<'_>,
        block: &Block<'_>,
        mut out: impl Write,
    ) -> io::Result<()> {
        let length = block.head.len() as u64 + block.body.map_or(0, Body::len);
        let head = self.with("Content-Length", length).head;
        let parts = |mut out: &mut dyn Write| {
            out.write_all(head.as_bytes())?;
            out.write_all(b"\r\n")?;
            out.write_all(block.head)?;
            block.copy_body(&mut out)?;
            out.write_all(END)
        };
        match packing {
            Packing::No => parts(&mut out),
            Packing::Member(packer) => {
                let mut member = packer.begin(out)?;
                parts(&mut member)?;
                member.finish()
            }
            Packing::AsItIs => {
                let mut member = GzEncoder::new(out, Compression::none());
                parts(&mut member)?;
                member.finish().map(drop)
            }
        }
    }
}

impl<'a> Block<'a> {
    pub(crate) fn of(head: &'a [u8]) -> Self {
        Block { head, body: None }
    }

    fn copy_body(&self, mut out: impl Write) -> io::Result<()> {
        let Some(body) = self.body else {
            return Ok(());
        };
        if let Some(bytes) = body.bytes() {
            return out.write_all(bytes);
        }
        let mut reader = BufReader::with_capacity(CHUNK, body.reader()?);
        match io::copy(&mut reader, &mut out)? {
            copied if copied == body.len() => Ok(()),
            _ => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "spooled body was cut",
            )),
        }
    }
}

/// A record's id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id(Uuid);

impl Id {
    /// Returns a new one: random for this process, and counted from there. The system is asked once, and
    /// not three times a page.
    pub(crate) fn new() -> Self {
        static FIRST: LazyLock<u128> = LazyLock::new(|| Uuid::new_v4().as_u128());
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // What tells its version stays: the last 62 bits do not.
        Id(Uuid::from_u128(*FIRST ^ u128::from(count)))
    }
}

impl Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<{}>", self.0.urn())
    }
}

/// Returns an HTTP response's head. Since bodies are kept without their transfer coding, the field
/// that tells of it gets a prefix, as do fields that already look like that.
pub(crate) fn response_head(status: StatusCode, headers: &HeaderMap) -> Vec<u8> {
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    for (name, value) in headers {
        if is_moved(name.as_str()) {
            head.extend_from_slice(MOVED.as_bytes());
        }
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Returns whether a field gets one more prefix when it is written, one less when read.
pub(crate) fn is_moved(name: &str) -> bool {
    name.trim_start_matches(MOVED) == TRANSFER_ENCODING.as_str()
}

/// Tells whether packing would save nothing in a record with this response: its body is packed.
pub(crate) fn is_packed(headers: &HeaderMap, body: &Body, packer: &mut Packer) -> io::Result<bool> {
    if is_text(headers) {
        return Ok(false);
    }
    let mut sample = Vec::new();
    body.reader()?.take(SAMPLE).read_to_end(&mut sample)?;
    // Short ones are mostly the heads around them.
    if sample.len() <= SHORT {
        return Ok(false);
    }
    let mut packed = Vec::with_capacity(sample.len());
    let mut member = packer.begin(&mut packed)?;
    member.write_all(&sample)?;
    member.finish()?;
    Ok(packed.len() >= sample.len() / 20 * 19)
}

/// Whether a body is said to be text, which is sure to pack.
fn is_text(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    !headers.contains_key(CONTENT_ENCODING)
        && content_type.is_some_and(|it| it.starts_with(b"text/"))
}

pub(crate) const BLOCK_DIGEST: &str = "WARC-Block-Digest";

/// A field of our own, which others pass over: a CRC-32 of the block, in hexadecimal digits.
pub(crate) const BLOCK_CRC: &str = "X-Block-CRC32";

/// What follows the block of every record.
pub(crate) const END: &[u8] = b"\r\n\r\n";

/// Prefix of a header that is true of what was received, but not of what is kept.
pub(crate) const MOVED: &str = "x-archive-orig-";

pub(crate) const IDENTICAL: &str =
    "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest";
pub(crate) const NOT_MODIFIED: &str = "http://netpreserve.org/warc/1.1/revisit/server-not-modified";

/// The content type of records that hold named fields.
pub(crate) const FIELDS: &str = "application/warc-fields";

/// What a `warcinfo` record says.
pub(crate) const INFO: &str = concat!(
    "software: dragline/",
    env!("CARGO_PKG_VERSION"),
    "\r\nformat: WARC File Format 1.1\r\n\
     conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n"
);

/// Most are shorter, in bytes.
pub(crate) const USUAL_HEAD: usize = 1024;
/// How well a body packs is told by so many of its first bytes.
const SAMPLE: u64 = 8 * 1024;
const SHORT: usize = 1024;

/// So much of a body that is not in memory is in it at a time, in bytes.
const CHUNK: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Hasher;

    #[test]
    fn what_does_not_pack_is_not_packed() {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let noise: Vec<u8> = (0..200_u32)
            .flat_map(|number| {
                hasher.update(&number.to_be_bytes());
                hasher.clone().finish().to_string().into_bytes()
            })
            .collect();
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&noise).unwrap();
        let packed = packed.finish().unwrap();
        let mut packer = Packer::default();
        for (body, expected) in [
            (&packed[..], true),
            (&packed[..1000], false),
            (&noise, false),
            (b"", false),
        ] {
            assert_eq!(
                is_packed(&HeaderMap::new(), &body.to_vec().into(), &mut packer).unwrap(),
                expected
            );
        }
    }
}
