//! WARC 1.1 records, as they are read back.

use std::io::{self, BufRead, Read};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::Digest;
use crate::digest::Hasher;
use crate::warc::{self, END};

/// A record's head.
pub(crate) struct Head {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) date: String,
    pub(crate) payload_digest: Option<Digest>,
    block_digest: Option<Digest>,
    /// Of the block, in bytes.
    pub(crate) length: u64,
}

impl Head {
    /// Reads a head up to and with the empty line.
    pub(crate) fn read(mut input: impl BufRead) -> Result<Self, Damage> {
        let mut head = Vec::new();
        let mut input = input.by_ref().take(LONGEST_HEAD);
        while !head.ends_with(END) {
            if input.read_until(b'\n', &mut head)? == 0 {
                return Err(Damage::Shape("its head does not end"));
            }
        }
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
        Ok(Head {
            kind: field("WARC-Type")?.to_owned(),
            id: field("WARC-Record-ID")?.to_owned(),
            url: field("WARC-Target-URI")?.to_owned(),
            date: field("WARC-Date")?.to_owned(),
            payload_digest: digest("WARC-Payload-Digest")?,
            block_digest: digest("WARC-Block-Digest")?,
            length: field("Content-Length")?
                .parse()
                .map_err(|_| Damage::Shape("its length is no number"))?,
        })
    }

    /// Reads the block that belongs to this head, and what ends the record.
    pub(crate) fn read_block(&self, mut input: impl Read) -> Result<Bytes, Damage> {
        let mut block = Vec::new();
        input.by_ref().take(self.length).read_to_end(&mut block)?;
        let mut end = [0; END.len()];
        let is_whole = block.len() as u64 == self.length;
        if !is_whole || input.read_exact(&mut end).is_err() || end != END {
            return Err(Damage::Shape("it is not whole"));
        }
        if self
            .block_digest
            .is_some_and(|digest| Hasher::new().with(&block).finish() != digest)
        {
            return Err(Damage::Shape("its block is not what its digest says"));
        }
        Ok(block.into())
    }

    /// Says that the record's kind is this, and that it guards its block with a digest if nothing
    /// else does.
    pub(crate) fn expect(&self, kind: &str, is_checked: bool) -> Result<(), Damage> {
        match self.kind == kind {
            true if is_checked || self.block_digest.is_some() => Ok(()),
            true => Err(Damage::Shape("its block has no digest")),
            false => Err(Damage::Shape("it is of another kind")),
        }
    }
}

/// An HTTP response.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Response {
    /// Parses the block of a `response` or `revisit` record.
    pub(crate) fn parse(block: &Bytes) -> Result<Self, Damage> {
        let broken = Damage::Shape("its HTTP head is broken");
        let Some(end) = memchr::memmem::find(block, END) else {
            return Err(broken);
        };
        let body_at = end + END.len();
        let lines = memchr::memchr_iter(b'\n', &block[..body_at]).count();
        let mut fields = vec![httparse::EMPTY_HEADER; lines];
        let mut response = httparse::Response::new(&mut fields);
        let Ok(httparse::Status::Complete(_)) = response.parse(&block[..body_at]) else {
            return Err(broken);
        };
        let status = response.code.map(StatusCode::from_u16);
        let mut headers = HeaderMap::new();
        for field in response.headers.iter() {
            let moved = field.name.strip_prefix(warc::MOVED);
            let name = moved
                .filter(|name| warc::is_moved(name))
                .unwrap_or(field.name);
            let name = HeaderName::from_bytes(name.as_bytes());
            let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(field.value)) else {
                return Err(broken);
            };
            headers.append(name, value);
        }
        let Some(Ok(status)) = status else {
            return Err(broken);
        };
        Ok(Response {
            status,
            headers,
            body: block.slice(body_at..),
        })
    }
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
