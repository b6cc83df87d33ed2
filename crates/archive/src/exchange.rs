use std::io;

use crate::digest::Summing;
use crate::entry::Kind;
use crate::pack::Packer;
use crate::parse::Head;
use crate::warc::{self, Block, Id, Packing, Record};
use crate::writer::Out;
use crate::{Algorithm, Capture, Entry};

/// The records of a capture, to be written.
pub(crate) struct Exchange<'a> {
    pub(crate) capture: &'a Capture,
    pub(crate) entry: &'a Entry,
    /// The record that has what is not written again.
    pub(crate) original: Option<&'a Head>,
    /// If they are packed.
    pub(crate) packer: Option<&'a mut Packer>,
    /// If they are to be kept.
    pub(crate) is_lasting: bool,
}

impl Exchange<'_> {
    /// Writes them, and returns where the `response` or `revisit` begins and ends.
    pub(crate) fn write(mut self, out: &mut Out<'_>) -> io::Result<(u64, u64)> {
        let (request, response) = (Id::new(), Id::new());
        self.write_request(request, response, out)?;
        let from = out.position();
        self.write_response(request, response, out)?;
        let to = out.position();
        self.write_metadata(response, out)?;
        Ok((from, to))
    }

    fn write_request(&mut self, id: Id, response: Id, out: &mut Out<'_>) -> io::Result<()> {
        let block = Block::of(&self.capture.request);
        self.record("request", id, "application/http; msgtype=request")
            .with("WARC-Concurrent-To", response)
            .with_block_digest(&block)?
            .write(self.packing(), &block, out)
    }

    fn write_response(&mut self, request: Id, id: Id, out: &mut Out<'_>) -> io::Result<()> {
        let (kind, profile) = match self.entry.kind {
            Kind::Response => ("response", ""),
            Kind::Identical { .. } => ("revisit", warc::IDENTICAL),
            Kind::NotModified { .. } => ("revisit", warc::NOT_MODIFIED),
        };
        let mut record = self
            .record(kind, id, "application/http; msgtype=response")
            .with("WARC-Concurrent-To", request)
            .with("WARC-Payload-Digest", self.entry.digest);
        if let Some(why) = self.capture.truncated {
            record = record.with("WARC-Truncated", why);
        }
        let head = warc::response_head(self.capture.status, &self.capture.headers);
        if let Some(original) = self.original {
            let block = Block::of(&head);
            return record
                .with("WARC-Profile", profile)
                .with("WARC-Refers-To", &original.id)
                .with("WARC-Refers-To-Target-URI", &original.url)
                .with("WARC-Refers-To-Date", &original.date)
                .with_block_digest(&block)?
                .write(self.packing(), &block, out);
        }
        let body = &self.capture.body;
        let block = Block {
            head: &head,
            body: Some(body),
        };
        // Where gzip guards the head with a checksum, the digest of the payload is enough.
        let Some(packer) = self.packer.as_deref_mut() else {
            let summing = if self.is_lasting {
                Summing::digest(Algorithm::Sha256)
            } else {
                Summing::crc32()
            };
            return record
                .with_block_sum(summing, &block)?
                .write(Packing::No, &block, out);
        };
        let packing = if warc::is_packed(&self.capture.headers, body, packer)? {
            Packing::AsItIs
        } else {
            Packing::Member(packer)
        };
        record.write(packing, &block, out)
    }

    fn write_metadata(&mut self, response: Id, out: &mut Out<'_>) -> io::Result<()> {
        let Some(via) = &self.capture.via else {
            return Ok(());
        };
        let fields = format!("via: {via}\r\n");
        let block = Block::of(fields.as_bytes());
        self.record("metadata", Id::new(), warc::FIELDS)
            .with("WARC-Concurrent-To", response)
            .with_block_digest(&block)?
            .write(self.packing(), &block, out)
    }

    fn record(&self, kind: &str, id: Id, content_type: &str) -> Record {
        Record::new(kind, id, self.entry.date, content_type)
            .with("WARC-Target-URI", &self.entry.url)
    }

    fn packing(&mut self) -> Packing<'_> {
        match self.packer.as_deref_mut() {
            Some(packer) => Packing::Member(packer),
            None => Packing::No,
        }
    }
}
