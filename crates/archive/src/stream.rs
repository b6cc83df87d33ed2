use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::GzDecoder;
use http::{HeaderMap, StatusCode};

use crate::digest::{Sum, Summing};
use crate::parse::{self, Damage, Head};
use crate::section::Section;
use crate::segment::Segment;
use crate::warc::END;
use crate::{Digest, Position, Reader, Truncated};

/// A record that is being read: first its heads, then the body, and at the body's end it is looked
/// at whether all was as it was written.
pub(crate) struct Stream {
    segment: Segment,
    offset: u64,
    input: Input,
    /// The length is known, so that nothing may follow.
    is_bounded: bool,
    /// No checksum is enough, a digest must guard the body.
    is_strict: bool,
    /// Of the block, in bytes.
    left: u64,
    /// Of the block: it so far, and what it must be.
    block: Option<(Summing, Sum)>,
    /// Of the body: it so far, and what it must be.
    payload: Option<(Summing, Sum)>,
    is_ended: bool,
    /// If the body is only the first part of one.
    truncated: Option<Truncated>,
}

/// A body in a record, to be read when it is needed.
pub(crate) struct Stored {
    pub(crate) reader: Reader,
    pub(crate) at: Position,
    pub(crate) length: u64,
    pub(crate) digest: Digest,
}

impl Stored {
    pub(crate) fn open(&self) -> io::Result<Stream> {
        let (_, _, stream) = self.reader.response(self.at, None, self.digest)?;
        Ok(stream)
    }
}

impl Stream {
    /// Begins to read the record there.
    pub(crate) fn new(segment: Segment, file: Arc<File>, offset: u64, length: Option<u64>) -> Self {
        let section = BufReader::with_capacity(BUFFER, Section::new(file, offset, length));
        Stream {
            segment,
            offset,
            input: if segment.compressed {
                let member = GzDecoder::new(section);
                Input::Packed(Box::new(BufReader::with_capacity(BUFFER, member)))
            } else {
                Input::Plain(section)
            },
            is_bounded: length.is_some(),
            is_strict: false,
            left: 0,
            block: None,
            payload: None,
            is_ended: false,
            truncated: None,
        }
    }

    /// Whether to compute the digest of the body also where a checksum guards it.
    pub(crate) fn strict(self, is_strict: bool) -> Self {
        Stream { is_strict, ..self }
    }

    /// Reads the WARC head.
    pub(crate) fn head(&mut self) -> io::Result<Head> {
        Head::read(&mut self.input).map_err(|damage| self.told(damage))
    }

    /// Reads both heads of a record of this kind. What follows has this digest, if one is given.
    pub(crate) fn response(
        &mut self,
        kind: &str,
        digest: Option<Digest>,
    ) -> io::Result<(StatusCode, HeaderMap)> {
        self.heads(kind, digest).map_err(|damage| self.told(damage))
    }

    /// Why the body is only the first part of one, if so: known when the heads were read.
    pub(crate) fn truncated(&self) -> Option<Truncated> {
        self.truncated
    }

    /// How many bytes of the body are left.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    fn heads(
        &mut self,
        kind: &str,
        digest: Option<Digest>,
    ) -> Result<(StatusCode, HeaderMap), Damage> {
        let head = Head::read(&mut self.input)?;
        head.expect(kind, self.segment.compressed)?;
        self.truncated = head.truncated;
        let http = parse::http_head(self.input.by_ref().take(head.length))?;
        self.left = head.length - http.len() as u64;
        let of_block = head.block_sum.map(|sum| {
            let mut summing = sum.again();
            summing.update(&http);
            (summing, sum)
        });
        // A block that is as it was written has the payload that its head names.
        let is_guarded = match head.block_sum {
            Some(Sum::Digest(_)) => true,
            Some(Sum::Crc32(_)) => !self.is_strict,
            None => self.segment.compressed && !self.is_strict,
        };
        let is_known = |digest| is_guarded && head.payload_digest == Some(digest);
        let of_payload = digest.filter(|digest| !is_known(*digest));
        let of_payload = of_payload.map(Sum::Digest);
        self.payload = of_payload.map(|sum| (sum.again(), sum));
        self.block = of_block;
        parse::response(&http)
    }

    fn next(&mut self, buffer: &mut [u8]) -> Result<usize, Damage> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let most = buffer.len().min(most);
        let read = self.input.read(&mut buffer[..most])?;
        if read == 0 && most > 0 {
            return Err(Damage::Shape("it is not whole"));
        }
        for (summing, _) in self.block.iter_mut().chain(&mut self.payload) {
            summing.update(&buffer[..read]);
        }
        self.left -= read as u64;
        if self.left == 0 && !self.is_ended {
            self.end()?;
            self.is_ended = true;
        }
        Ok(read)
    }

    /// Looks at the end of the record, gzip's checksum and the digests.
    fn end(&mut self) -> Result<(), Damage> {
        let mut end = [0; END.len()];
        if self.input.read_exact(&mut end).is_err() || end != END {
            return Err(Damage::Shape("it is not whole"));
        }
        let section = match &mut self.input {
            Input::Plain(section) => section,
            Input::Packed(member) => {
                // At the member's end its checksum is looked at.
                if !member.fill_buf()?.is_empty() {
                    return Err(Damage::Shape("it is longer than it says"));
                }
                member.get_mut().get_mut()
            }
        };
        let left = section.get_ref().left() + section.buffer().len() as u64;
        if self.is_bounded && left > 0 {
            return Err(Damage::Shape("it is shorter than the index says"));
        }
        let is_as_said =
            |sum: Option<(Summing, Sum)>| sum.is_none_or(|(summing, sum)| summing.finish() == sum);
        if !is_as_said(self.block.take()) || !is_as_said(self.payload.take()) {
            return Err(Damage::Shape("it is not what its digest says"));
        }
        Ok(())
    }

    /// Says where the damage is.
    fn told(&self, damage: Damage) -> io::Error {
        match damage {
            Damage::Shape(what) => self.segment.damaged(self.offset, what),
            Damage::Read(error) => match error.kind() {
                // What the gzip decoder says.
                io::ErrorKind::InvalidInput
                | io::ErrorKind::InvalidData
                | io::ErrorKind::UnexpectedEof => {
                    self.segment.damaged(self.offset, &error.to_string())
                }
                _ => self.segment.error(&error),
            },
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.next(buffer).map_err(|damage| self.told(damage))
    }
}

/// The bytes of a record.
enum Input {
    Plain(BufReader<Section>),
    Packed(Box<BufReader<GzDecoder<BufReader<Section>>>>),
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Input::Plain(input) => input.read(buffer),
            Input::Packed(input) => input.read(buffer),
        }
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Input::Plain(input) => input.fill_buf(),
            Input::Packed(input) => input.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match self {
            Input::Plain(input) => input.consume(amount),
            Input::Packed(input) => input.consume(amount),
        }
    }
}

const BUFFER: usize = 16 * 1024;
