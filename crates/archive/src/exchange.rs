use std::io;

use flate2::Compression;

use crate::entry::Kind;
use crate::parse::Head;
use crate::warc::{self, Block, Record};
use crate::writer::Out;
use crate::{Capture, Entry};

/// The records of a capture, to be written.
pub(crate) struct Exchange<'a> {
    pub(crate) capture: &'a Capture,
    pub(crate) entry: &'a Entry,
    /// The record that has what is not written again.
    pub(crate) original: Option<&'a Head>,
    pub(crate) compressed: bool,
}

impl Exchange<'_> {
    /// Writes them, and returns where the `response` or `revisit` begins and ends.
    pub(crate) fn write(&self, out: &mut Out<'_>) -> io::Result<(u64, u64)> {
        let (request, response) = (warc::id(), warc::id());
        self.write_request(&request, &response, out)?;
        let from = out.position();
        self.write_response(&request, &response, out)?;
        let to = out.position();
        self.write_metadata(&response, out)?;
        Ok((from, to))
    }

    fn write_request(&self, id: &str, response: &str, out: &mut Out<'_>) -> io::Result<()> {
        let block = Block::of(&self.capture.request);
        self.record("request", id, "application/http; msgtype=request")
            .with("WARC-Concurrent-To", response)
            .with_block_digest(&block)?
            .write(self.level(), &block, out)
    }

    fn write_response(&self, request: &str, id: &str, out: &mut Out<'_>) -> io::Result<()> {
        let (kind, profile) = match self.entry.kind {
            Kind::Response => ("response", ""),
            Kind::Identical { .. } => ("revisit", warc::IDENTICAL),
            Kind::NotModified { .. } => ("revisit", warc::NOT_MODIFIED),
        };
        let record = self
            .record(kind, id, "application/http; msgtype=response")
            .with("WARC-Concurrent-To", request)
            .with("WARC-Payload-Digest", self.entry.digest);
        let head = warc::response_head(self.capture.status, &self.capture.headers);
        if let Some(original) = self.original {
            let block = Block::of(&head);
            return record
                .with("WARC-Profile", profile)
                .with("WARC-Refers-To", &original.id)
                .with("WARC-Refers-To-Target-URI", &original.url)
                .with("WARC-Refers-To-Date", &original.date)
                .with_block_digest(&block)?
                .write(self.level(), &block, out);
        }
        let body = &self.capture.body;
        let block = Block {
            head: &head,
            body: Some(body),
        };
        // Where gzip guards the head with a checksum, the digest of the payload is enough.
        if self.compressed {
            record.write(Some(warc::level(&self.capture.headers, body)?), &block, out)
        } else {
            record.with_block_digest(&block)?.write(None, &block, out)
        }
    }

    fn write_metadata(&self, response: &str, out: &mut Out<'_>) -> io::Result<()> {
        let Some(via) = &self.capture.via else {
            return Ok(());
        };
        let fields = format!("via: {via}\r\n");
        let block = Block::of(fields.as_bytes());
        self.record("metadata", &warc::id(), warc::FIELDS)
            .with("WARC-Concurrent-To", response)
            .with_block_digest(&block)?
            .write(self.level(), &block, out)
    }

    fn record(&self, kind: &str, id: &str, content_type: &str) -> Record {
        Record::new(kind, id, self.entry.date, content_type)
            .with("WARC-Target-URI", &self.entry.url)
    }

    fn level(&self) -> Option<Compression> {
        self.compressed.then(Compression::fast)
    }
}
