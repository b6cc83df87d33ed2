use std::borrow::Cow;
use std::io;

use cap_std::fs::Dir;

use crate::entry::{self, Kind};
use crate::exchange::Exchange;
use crate::pack::Packer;
use crate::parse::Head;
use crate::segment::Segment;
use crate::sync::Syncer;
use crate::writer::{self, Writer};
use crate::{Algorithm, Capture, Digest, Entry, Known, Position, Reader, Spooler};

/// How an archive is written.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether each record is packed, as a gzip member of its own: at a fast level, or as it is
    /// where that would save nothing. Default: true.
    pub compression: bool,
    /// A new segment begins when one is at least so long, in bytes. Default: 1 GiB.
    pub segment_size: u64,
    /// Whether it is to be kept. If not, and it is not packed either, the blocks of responses have no
    /// `WARC-Block-Digest` but a CRC-32 (`X-Block-CRC32`), which tells what a disk does to them in a
    /// tenth of the time. Default: true.
    pub lasting: bool,
    /// By which the digests of payloads are, of bodies that the [`Spooler`] makes. Payloads are the
    /// same only by the same one. Default: SHA-256.
    pub digests: Algorithm,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            compression: true,
            segment_size: 1 << 30,
            lasting: true,
            digests: Algorithm::default(),
        }
    }
}

/// The one writer of a folder of WARC segments.
#[derive(Debug)]
pub struct Archive {
    dir: Dir,
    config: Config,
    writer: Writer,
    packer: Packer,
    known: Known,
    reader: Reader,
}

impl Archive {
    /// Begins a segment of its own in `dir`, after those that are there.
    ///
    /// # Errors
    ///
    /// The folder cannot be read or written.
    pub fn create(dir: Dir, config: Config) -> io::Result<Self> {
        Spooler::remove_left(&dir)?;
        let last = Segment::list(&dir)?.last().copied();
        let writer = Writer::create(dir.try_clone()?, last, config.compression)?;
        Archive::with(dir, config, writer)
    }

    /// Returns where an archive begins that is begun in `dir` now.
    ///
    /// # Errors
    ///
    /// The folder cannot be read, or it has a segment of the last number there is.
    pub fn next_segment(dir: &Dir) -> io::Result<Position> {
        writer::next_segment(dir)
    }

    /// Goes on where an archive was: at `end`, what it [said](Self::end) after an append, or where
    /// it [begins](Self::next_segment). What lies behind, as part of a record or later segments, is
    /// cut off.
    ///
    /// `known` is made of the entries of the index, so that payloads are found which are there
    /// already.
    /// If `config` packs otherwise than the last segment did, a new segment is begun.
    ///
    /// # Errors
    ///
    /// The folder cannot be read or written; or, of kind `InvalidData`, the segment is missing or
    /// shorter than `end`, and the archive is left as it is.
    pub fn open(dir: Dir, config: Config, end: Position, known: Known) -> io::Result<Self> {
        let mut writer = Writer::open(dir.try_clone()?, end, config.compression)?;
        Spooler::remove_left(&dir)?;
        if writer.segment().compressed != config.compression {
            writer.roll(config.compression)?;
        }
        Ok(Archive {
            known,
            ..Archive::with(dir, config, writer)?
        })
    }

    /// Appends a capture, and returns its index entry.
    ///
    /// If the same payload was archived before, under whatever URL, its bytes are not written
    /// again, but a `revisit` record that refers to it; unless that saves nothing, as with one
    /// whose record takes less than 1024 bytes.
    ///
    /// # Errors
    ///
    /// The segment cannot be written; it is then as it was before, and the text names it. Or a URL
    /// has a blank or a control character, of kind `InvalidInput`.
    pub fn append(&mut self, capture: &Capture) -> io::Result<Entry> {
        let digest = capture.body.digest();
        let original = self.original(digest);
        let kind = match &original {
            Some((body, _)) => Kind::Identical { body: *body },
            None => Kind::Response,
        };
        let entry = Entry {
            status: capture.status,
            content_type: capture.content_type().map(str::to_owned),
            location: capture.location().map(Cow::into_owned),
            ..self.entry(capture, digest, kind)
        };
        let original = original.map(|(_, head)| head);
        let entry = self.append_as(capture, entry, original.as_ref())?;
        self.known.insert(&entry);
        Ok(entry)
    }

    /// Appends the answer `304` to a request that was to be answered only if there is something
    /// new since `earlier`, and returns its index entry.
    ///
    /// What it reads back as is the earlier response, its headers updated by those of the `304`
    /// (RFC 9111 §4.3.4). If `earlier` is such an answer itself, the response that it stands for is
    /// taken.
    ///
    /// # Errors
    ///
    /// As of [`append`](Self::append); and if the earlier record cannot be read.
    pub fn append_not_modified(&mut self, capture: &Capture, earlier: &Entry) -> io::Result<Entry> {
        let original = self.reader.head(earlier.head())?;
        let kind = Kind::NotModified {
            head: earlier.head(),
            body: earlier.body(),
        };
        let location = capture.location().map(Cow::into_owned);
        let entry = Entry {
            status: earlier.status,
            content_type: earlier.content_type.clone(),
            location: location.or_else(|| earlier.location.clone()),
            ..self.entry(capture, earlier.digest, kind)
        };
        self.append_as(capture, entry, Some(&original))
    }

    /// Returns where the last whole record ends.
    pub fn end(&self) -> Position {
        self.writer.end()
    }

    /// Returns what waits until what was appended is on the disk.
    pub fn syncer(&self) -> Syncer {
        Syncer(self.writer.unsynced())
    }

    /// Returns what makes the bodies of captures, in files if they are too large for memory.
    ///
    /// # Errors
    ///
    /// The system has no handle left for the folder.
    pub fn spooler(&self) -> io::Result<Spooler> {
        let dir = self.dir.try_clone()?;
        Ok(Spooler::new(dir, self.config.digests))
    }

    /// Returns a reader of this archive.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    fn with(dir: Dir, config: Config, writer: Writer) -> io::Result<Self> {
        Ok(Archive {
            reader: Reader::new(dir.try_clone()?),
            dir,
            config,
            writer,
            packer: Packer::default(),
            known: Known::default(),
        })
    }

    /// Finds a record that has this payload.
    fn original(&self, digest: Digest) -> Option<(Position, Head)> {
        let at = self.known.get(digest)?;
        // What cannot be read cannot be referred to: the payload is then kept again.
        let head = self.reader.head(at).ok()?;
        let is_same = head.kind == "response" && head.payload_digest == Some(digest);
        is_same.then_some((at, head))
    }

    /// An entry that has yet to get its place.
    fn entry(&self, capture: &Capture, digest: Digest, kind: Kind) -> Entry {
        Entry {
            url: capture.url.clone(),
            date: entry::whole_micros(capture.date),
            status: capture.status,
            content_type: None,
            location: None,
            digest,
            segment: self.writer.segment(),
            offset: 0,
            length: 0,
            kind,
        }
    }

    /// Writes the records of a capture, and puts their place into its entry.
    fn append_as(
        &mut self,
        capture: &Capture,
        mut entry: Entry,
        original: Option<&Head>,
    ) -> io::Result<Entry> {
        check_url(&capture.url)?;
        capture.via.as_deref().map_or(Ok(()), check_url)?;
        self.writer.roll_if_full(self.config.segment_size)?;
        let exchange = Exchange {
            capture,
            entry: &entry,
            original,
            packer: self.config.compression.then_some(&mut self.packer),
            is_lasting: self.config.lasting,
        };
        // A body that is not in memory shall not come there now.
        let is_gathered = capture.body.bytes().is_some() || original.is_some();
        let (from, to) = self.writer.write(is_gathered, |out| exchange.write(out))?;
        entry.segment = self.writer.segment();
        entry.offset = from;
        entry.length = to - from;
        Ok(entry)
    }
}

/// A URL that has been parsed has none of these; a record's head could not hold them.
fn check_url(url: &str) -> io::Result<()> {
    if url.bytes().all(|byte| byte > b' ' && byte != 0x7f) {
        return Ok(());
    }
    let text = format!("URL has a blank or a control character: {url:?}");
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}
