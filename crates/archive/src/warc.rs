//! WARC 1.1 records (ISO 28500:2017), as they are written.

use std::fmt::{Display, Write as _};
use std::io::{self, Write};
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::TRANSFER_ENCODING;
use http::{HeaderMap, StatusCode};
use uuid::Uuid;

use crate::digest::Hasher;

/// What follows the block of every record.
pub(crate) const END: &[u8] = b"\r\n\r\n";

/// Prefix of a header that is true of what was received, but not of what is kept.
pub(crate) const MOVED: &str = "x-archive-orig-";

/// A record's head in the making.
pub(crate) struct Record {
    head: String,
}

impl Record {
    /// Begins a record.
    pub(crate) fn new(kind: &str, id: &str, date: SystemTime, content_type: &str) -> Self {
        let date = humantime::format_rfc3339_micros(date);
        let head = format!(
            "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: {id}\r\nWARC-Date: {date}\r\n\
             Content-Type: {content_type}\r\n"
        );
        Record { head }
    }

    /// Adds a field. Its value holds no line break.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Display) -> Self {
        let _ = write!(self.head, "{name}: {value}\r\n");
        self
    }

    /// Adds the digest of the block, of which these are the parts.
    #[must_use]
    pub(crate) fn with_block_digest(self, block: &[&[u8]]) -> Self {
        let digest = block
            .iter()
            .fold(Hasher::new(), |hasher, part| hasher.with(part));
        self.with("WARC-Block-Digest", digest.finish())
    }

    /// Writes the whole record: as a gzip member, if there is a `level`.
    pub(crate) fn write(
        self,
        level: Option<Compression>,
        block: &[&[u8]],
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        let length: usize = block.iter().map(|part| part.len()).sum();
        let head = self.with("Content-Length", length).head;
        let head: &[&[u8]] = &[head.as_bytes(), b"\r\n"];
        let parts = head.iter().chain(block).chain([&END]);
        match level {
            None => parts.for_each(|part| out.extend_from_slice(part)),
            Some(level) => {
                let mut member = GzEncoder::new(out, level);
                for part in parts {
                    member.write_all(part)?;
                }
                member.finish()?;
            }
        }
        Ok(())
    }
}

/// Returns a new record's id.
pub(crate) fn id() -> String {
    format!("<urn:uuid:{}>", Uuid::new_v4())
}

/// Writes an HTTP response's head. Since bodies are kept without their transfer coding, the field
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

pub(crate) const IDENTICAL: &str =
    "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest";
pub(crate) const NOT_MODIFIED: &str = "http://netpreserve.org/warc/1.1/revisit/server-not-modified";

/// How well a payload packs is told by so many of its bytes.
const SAMPLE: usize = 8 * 1024;

/// Returns the level for a record with this payload: fast, or none if it is packed already.
pub(crate) fn level(payload: &[u8]) -> Compression {
    let sample = &payload[..payload.len().min(SAMPLE)];
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let is_written = packed.write_all(sample).and_then(|()| packed.finish());
    match is_written {
        // Short ones are mostly the heads around them.
        Ok(packed) if sample.len() > 1024 && packed.len() >= sample.len() / 20 * 19 => {
            Compression::none()
        }
        _ => Compression::fast(),
    }
}

/// What a `warcinfo` record says.
pub(crate) const INFO: &str = concat!(
    "software: dragline/",
    env!("CARGO_PKG_VERSION"),
    "\r\nformat: WARC File Format 1.1\r\n\
     conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n"
);
