//! WARC 1.1 records, as they are read back.

use std::io::{self, BufRead};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::digest::Sum;
use crate::warc::{self, END};
use crate::{Digest, Truncated};

/// A record's head.
pub(crate) struct Head {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) date: String,
    pub(crate) payload_digest: Option<Digest>,
    pub(crate) block_sum: Option<Sum>,
    pub(crate) truncated: Option<Truncated>,
    /// Of the block, in bytes.
    pub(crate) length: u64,
}

impl Head {
    /// Reads a head up to and with the empty line.
    pub(crate) fn read(input: impl BufRead) -> Result<Self, Damage> {
        let head = up_to_empty_line(input)?;
        let fields = head.strip_prefix(b"WARC/1.1\r\n");
        let fields = fields.ok_or(Damage::Shape("it does not begin with WARC/1.1"))?;
        let mut space = [httparse::EMPTY_HEADER; 16];
        let Ok(httparse::Status::Complete((_, fields))) =
            httparse::parse_headers(fields, &mut space)
        else {
            return Err(Damage::Shape("its head is broken"));
        };
        let optional = |name: &str| {
            let mut fields = fields.iter();
            let field = fields.find(|field| field.name.eq_ignore_ascii_case(name));
            field.and_then(|field| str::from_utf8(field.value).ok())
        };
        let field = |name| optional(name).ok_or(Damage::Shape("its head lacks a field"));
        let digest = |name| optional(name).map(str::parse).transpose();
        let digest = |name| digest(name).map_err(|_| Damage::Shape("its digest is none"));
        let crc = optional(warc::BLOCK_CRC).map(|sum| u32::from_str_radix(sum, 16));
        let crc = crc.transpose();
        let crc = crc.map_err(|_| Damage::Shape("its checksum is none"))?;
        Ok(Head {
            kind: field("WARC-Type")?.to_owned(),
            id: field("WARC-Record-ID")?.to_owned(),
            url: field("WARC-Target-URI")?.to_owned(),
            date: field("WARC-Date")?.to_owned(),
            payload_digest: digest("WARC-Payload-Digest")?,
            block_sum: match digest(warc::BLOCK_DIGEST)? {
                Some(digest) => Some(Sum::Digest(digest)),
                None => crc.map(Sum::Crc32),
            },
            truncated: optional("WARC-Truncated").and_then(|why| {
                let mut all = Truncated::ALL.into_iter();
                all.find(|known| known.to_string() == why)
            }),
            length: field("Content-Length")?
                .parse()
                .map_err(|_| Damage::Shape("its length is no number"))?,
        })
    }

    /// Says that the record's kind is this, and that it guards its block if nothing else does.
    pub(crate) fn expect(&self, kind: &str, is_checked: bool) -> Result<(), Damage> {
        match self.kind == kind {
            true if is_checked || self.block_sum.is_some() => Ok(()),
            true => Err(Damage::Shape("its block has no digest")),
            false => Err(Damage::Shape("it is of another kind")),
        }
    }
}

/// Reads the HTTP head that a block begins with.
pub(crate) fn http_head(block: impl BufRead) -> Result<Vec<u8>, Damage> {
    up_to_empty_line(block)
}

/// Parses an HTTP response's head.
pub(crate) fn response(head: &[u8]) -> Result<(StatusCode, HeaderMap), Damage> {
    let broken = Damage::Shape("its HTTP head is broken");
    let lines = head.split(|byte| *byte == b'\n').count();
    let mut fields = vec![httparse::EMPTY_HEADER; lines];
    let mut response = httparse::Response::new(&mut fields);
    let Ok(httparse::Status::Complete(_)) = response.parse(head) else {
        return Err(broken);
    };
    let mut headers = HeaderMap::new();
    for field in response.headers.iter() {
        let moved = field.name.strip_prefix(warc::MOVED);
        let moved = moved.filter(|name| warc::is_moved(name));
        let name = HeaderName::from_bytes(moved.unwrap_or(field.name).as_bytes());
        let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(field.value)) else {
            return Err(broken);
        };
        // There is a most, far beyond what any server sends.
        if headers.try_append(name, value).is_err() {
            return Err(broken);
        }
    }
    match response.code.map(StatusCode::from_u16) {
        Some(Ok(status)) => Ok((status, headers)),
        _ => Err(broken),
    }
}

fn up_to_empty_line(input: impl BufRead) -> Result<Vec<u8>, Damage> {
    let mut head = Vec::with_capacity(warc::USUAL_HEAD);
    let mut input = input.take(LONGEST_HEAD);
    while !head.ends_with(END) {
        if input.read_until(b'\n', &mut head)? == 0 {
            return Err(Damage::Shape("its head does not end"));
        }
    }
    Ok(head)
}

/// What is wrong with a record.
#[derive(Debug)]
pub(crate) enum Damage {
    /// It is not as it was written.
    Shape(&'static str),
    /// It cannot be read or unpacked.
    Read(io::Error),
}

impl From<io::Error> for Damage {
    fn from(error: io::Error) -> Self {
        Damage::Read(error)
    }
}

/// Far beyond any URL that a server takes: bounds what a damaged record makes us hold, in bytes.
const LONGEST_HEAD: u64 = 4 * 1024 * 1024;
