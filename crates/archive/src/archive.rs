use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::time::SystemTime;

use cap_std::fs::{Dir, OpenOptions};
use flate2::Compression;

use crate::entry::{self, Kind};
use crate::known::Known;
use crate::parse::Head;
use crate::segment::Segment;
use crate::sync::{Syncer, Unsynced};
use crate::warc::{self, Record};
use crate::{Capture, Digest, Entry, Position, Reader};

/// How an archive is written.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether each record is packed, as a gzip member of its own: at a fast level, or as it is
    /// where that would save nothing. Default: true.
    pub compression: bool,
    /// A new segment begins when one is at least so long, in bytes. Default: 1 GiB.
    pub segment_size: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            compression: true,
            segment_size: 1 << 30,
        }
    }
}

/// The one writer of a folder of WARC segments.
#[derive(Debug)]
pub struct Archive {
    dir: Dir,
    config: Config,
    segment: Segment,
    file: Arc<File>,
    /// The end of the last whole record.
    end: u64,
    /// The segment has no capture yet.
    is_empty: bool,
    /// A part of a record may lie behind `end`.
    is_torn: bool,
    unsynced: Arc<Unsynced>,
    known: Known,
    reader: Reader,
    /// The records to be written; kept for its room.
    buffer: Vec<u8>,
}

impl Archive {
    /// Begins a segment of its own in `dir`, after those that are there.
    ///
    /// # Errors
    ///
    /// The folder cannot be read or written.
    pub fn create(dir: Dir, config: Config) -> io::Result<Self> {
        let last = Segment::list(&dir)?.last().copied();
        let (segment, file) = create_segment(&dir, last, config.compression)?;
        Archive::with(dir, config, segment, file, 0)?.informed()
    }

    /// Returns where an archive begins that is begun in `dir` now.
    ///
    /// # Errors
    ///
    /// The folder cannot be read, or it has a segment of the last number there is.
    pub fn next_segment(dir: &Dir) -> io::Result<Position> {
        let last = Segment::list(dir)?.last().copied();
        let number = last.map_or(Some(0), |last| last.number.checked_add(1));
        let segment = number.ok_or_else(no_number)?;
        Ok(Position { segment, offset: 0 })
    }

    /// Goes on where an archive was: at `end`, what it [said](Self::end) after an append, or where
    /// it [begins](Self::next_segment). What lies behind, as part of a record or later segments, is
    /// cut off.
    ///
    /// `known` are the entries of the index, so that payloads are found which are there already.
    /// If `config` packs otherwise than the last segment did, a new segment is begun.
    ///
    /// # Errors
    ///
    /// The folder cannot be read or written; or, of kind `InvalidData`, the segment is missing or
    /// shorter than `end`, and the archive is left as it is.
    pub fn open<'a>(
        dir: Dir,
        config: Config,
        end: Position,
        known: impl IntoIterator<Item = &'a Entry>,
    ) -> io::Result<Self> {
        let segments = Segment::list(&dir)?;
        if end.offset == 0 {
            remove(&dir, &segments, end.segment)?;
            let mut archive = Archive::create(dir, config)?;
            archive.know(known);
            return Ok(archive);
        }
        let segment = segments
            .iter()
            .find(|segment| segment.number == end.segment);
        let segment = *segment.ok_or_else(|| missing(end))?;
        let file = dir.open_with(segment.to_string(), OpenOptions::new().write(true));
        let mut file = file.map_err(|error| segment.error(&error))?.into_std();
        let length = file.metadata()?.len();
        if length < end.offset {
            let text = format!(
                "{segment} has {length} bytes, where {} were written",
                end.offset
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        remove(&dir, &segments, end.segment.saturating_add(1))?;
        let cut = file.set_len(end.offset);
        let cut = cut.and_then(|()| file.seek(SeekFrom::Start(end.offset)));
        cut.map_err(|error| segment.error(&error))?;
        let mut archive = Archive::with(dir, config, segment, file, end.offset)?;
        archive.know(known);
        if segment.compressed != archive.config.compression {
            archive.begin_segment()?;
        }
        Ok(archive)
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
        let digest = Digest::of(&capture.body);
        let original = self.original(digest);
        let kind = match &original {
            Some((body, _)) => Kind::Identical { body: *body },
            None => Kind::Response,
        };
        let entry = Entry {
            url: capture.url.clone(),
            date: entry::whole_micros(capture.date),
            status: capture.status,
            content_type: capture.content_type().map(str::to_owned),
            location: capture.location().map(str::to_owned),
            digest,
            segment: self.segment,
            offset: 0,
            length: 0,
            kind,
        };
        let refers_to = original.map(|(_, head)| (warc::IDENTICAL, head));
        let entry = self.append_as(capture, entry, refers_to.as_ref())?;
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
        let head = self.reader.head(earlier.head())?;
        let entry = Entry {
            url: capture.url.clone(),
            date: entry::whole_micros(capture.date),
            status: earlier.status,
            content_type: earlier.content_type.clone(),
            location: capture
                .location()
                .map_or(earlier.location.clone(), |location| {
                    Some(location.to_owned())
                }),
            digest: earlier.digest,
            segment: self.segment,
            offset: 0,
            length: 0,
            kind: Kind::NotModified {
                head: earlier.head(),
                body: earlier.body(),
            },
        };
        self.append_as(capture, entry, Some(&(warc::NOT_MODIFIED, head)))
    }

    /// Returns where the last whole record ends.
    pub fn end(&self) -> Position {
        Position {
            segment: self.segment.number,
            offset: self.end,
        }
    }

    /// Returns what waits until what was appended is on the disk.
    pub fn syncer(&self) -> Syncer {
        Syncer(Arc::clone(&self.unsynced))
    }

    /// Returns a reader of this archive.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    fn with(dir: Dir, config: Config, segment: Segment, file: File, end: u64) -> io::Result<Self> {
        let file = Arc::new(file);
        Ok(Archive {
            reader: Reader::new(dir.try_clone()?),
            config,
            segment,
            unsynced: Arc::new(Unsynced::new(&dir, segment, &file)?),
            dir,
            file,
            end,
            is_empty: false,
            is_torn: false,
            known: Known::default(),
            buffer: Vec::new(),
        })
    }

    fn know<'a>(&mut self, entries: impl IntoIterator<Item = &'a Entry>) {
        let known = &mut self.known;
        entries.into_iter().for_each(|entry| known.insert(entry));
    }

    /// Writes the record that a segment begins with.
    fn informed(mut self) -> io::Result<Self> {
        self.buffer.clear();
        let level = self.config.compression.then(Compression::fast);
        info(self.segment, level, &mut self.buffer)?;
        self.write()?;
        self.is_empty = true;
        Ok(self)
    }

    /// Finds a record that has this payload.
    fn original(&self, digest: Digest) -> Option<(Position, Head)> {
        let at = self.known.get(digest)?;
        // What cannot be read cannot be referred to: the payload is then kept again.
        let head = self.reader.head(at).ok()?;
        let is_same = head.kind == "response" && head.payload_digest == Some(digest);
        is_same.then_some((at, head))
    }

    /// Writes the records of a capture, and puts their place into its entry.
    fn append_as(
        &mut self,
        capture: &Capture,
        mut entry: Entry,
        refers_to: Option<&(&str, Head)>,
    ) -> io::Result<Entry> {
        for url in [Some(&capture.url), capture.via.as_ref()]
            .into_iter()
            .flatten()
        {
            if url.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
                let text = format!("URL has a blank or a control character: {url:?}");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
        }
        if self.end >= self.config.segment_size && !self.is_empty {
            self.begin_segment()?;
        }
        let mut out = std::mem::take(&mut self.buffer);
        out.clear();
        let at = records(
            capture,
            &entry,
            refers_to,
            self.config.compression,
            &mut out,
        );
        self.buffer = out;
        let (from, to) = at?;
        entry.segment = self.segment;
        entry.offset = self.end + from as u64;
        entry.length = (to - from) as u64;
        self.write()?;
        self.is_empty = false;
        self.buffer.shrink_to(KEPT);
        Ok(entry)
    }

    /// Writes the buffer, or nothing.
    fn write(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.take_back()
                .map_err(|error| self.segment.error(&error))?;
        }
        let written = (&*self.file).write_all(&self.buffer);
        self.unsynced.note();
        if let Err(error) = written {
            self.is_torn = true;
            // If this fails too, it is tried again before the next append.
            let _ = self.take_back();
            return Err(self.segment.error(&error));
        }
        self.end += self.buffer.len() as u64;
        Ok(())
    }

    fn take_back(&mut self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        (&*self.file).seek(SeekFrom::Start(self.end))?;
        self.is_torn = false;
        Ok(())
    }

    /// Begins the next segment. The one before is synced, so that no more than one need be later.
    fn begin_segment(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.take_back()
                .map_err(|error| self.segment.error(&error))?;
        }
        self.unsynced.sync()?;
        let compressed = self.config.compression;
        let (segment, mut file) = create_segment(&self.dir, Some(self.segment), compressed)?;
        let mut record = Vec::new();
        info(segment, compressed.then(Compression::fast), &mut record)?;
        if let Err(error) = file.write_all(&record) {
            // The error to report is the one above. If it stays, it is passed over.
            let _ = self.dir.remove_file(segment.to_string());
            return Err(segment.error(&error));
        }
        self.segment = segment;
        self.file = Arc::new(file);
        self.end = record.len() as u64;
        self.is_empty = true;
        self.unsynced.turn_to(segment, &self.file);
        Ok(())
    }
}

/// Writes the `warcinfo` record of a segment.
fn info(segment: Segment, level: Option<Compression>, out: &mut Vec<u8>) -> io::Result<()> {
    let block: &[&[u8]] = &[warc::INFO.as_bytes()];
    Record::new(
        "warcinfo",
        &warc::id(),
        entry::whole_micros(SystemTime::now()),
        FIELDS,
    )
    .with("WARC-Filename", segment)
    .with_block_digest(block)
    .write(level, block, out)
}

/// Writes the records of a capture, and returns where the response's begins and ends.
fn records(
    capture: &Capture,
    entry: &Entry,
    refers_to: Option<&(&str, Head)>,
    compression: bool,
    out: &mut Vec<u8>,
) -> io::Result<(usize, usize)> {
    let (request_id, response_id) = (warc::id(), warc::id());
    let level = compression.then(Compression::fast);
    let block: &[&[u8]] = &[&capture.request];
    Record::new(
        "request",
        &request_id,
        entry.date,
        "application/http; msgtype=request",
    )
    .with("WARC-Target-URI", &entry.url)
    .with("WARC-Concurrent-To", &response_id)
    .with_block_digest(block)
    .write(level, block, out)?;
    let from = out.len();
    let kind = if refers_to.is_some() {
        "revisit"
    } else {
        "response"
    };
    let record = Record::new(
        kind,
        &response_id,
        entry.date,
        "application/http; msgtype=response",
    )
    .with("WARC-Target-URI", &entry.url)
    .with("WARC-Concurrent-To", &request_id)
    .with("WARC-Payload-Digest", entry.digest);
    let head = match entry.kind {
        Kind::NotModified { .. } => warc::response_head(capture.status, &capture.headers),
        _ => warc::response_head(entry.status, &capture.headers),
    };
    if let Some((profile, original)) = refers_to {
        let block: &[&[u8]] = &[&head];
        record
            .with("WARC-Profile", profile)
            .with("WARC-Refers-To", &original.id)
            .with("WARC-Refers-To-Target-URI", &original.url)
            .with("WARC-Refers-To-Date", &original.date)
            .with_block_digest(block)
            .write(level, block, out)?;
    } else {
        let block: &[&[u8]] = &[&head, &capture.body];
        let level = compression.then(|| warc::level(&capture.body));
        // Where gzip guards the head with a checksum, the digest of the payload is enough.
        match level {
            None => record.with_block_digest(block),
            Some(_) => record,
        }
        .write(level, block, out)?;
    }
    let to = out.len();
    if let Some(via) = &capture.via {
        let block = format!("via: {via}\r\n");
        let block: &[&[u8]] = &[block.as_bytes()];
        Record::new("metadata", &warc::id(), entry.date, FIELDS)
            .with("WARC-Target-URI", &entry.url)
            .with("WARC-Concurrent-To", &response_id)
            .with_block_digest(block)
            .write(level, block, out)?;
    }
    Ok((from, to))
}

/// Creates the file of the segment that follows `last`, or one after that.
fn create_segment(
    dir: &Dir,
    last: Option<Segment>,
    compressed: bool,
) -> io::Result<(Segment, File)> {
    let options = OpenOptions::new().write(true).create_new(true).clone();
    let mut number = last.map_or(Some(0), |last| last.number.checked_add(1));
    while let Some(next) = number {
        let segment = Segment {
            number: next,
            compressed,
        };
        match dir.open_with(segment.to_string(), &options) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                number = next.checked_add(1);
            }
            Err(error) => return Err(segment.error(&error)),
            Ok(file) => return Ok((segment, file.into_std())),
        }
    }
    Err(no_number())
}

fn no_number() -> io::Error {
    io::Error::other("no number is left for a segment")
}

fn missing(end: Position) -> io::Error {
    let segment = Segment {
        number: end.segment,
        compressed: true,
    };
    let text = format!("{segment} (or without .gz) is missing");
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// Removes the segments from a number on, the last one first: there is never a gap.
fn remove(dir: &Dir, segments: &[Segment], from: u32) -> io::Result<()> {
    for later in segments.iter().rev() {
        if later.number >= from {
            let removed = dir.remove_file(later.to_string());
            removed.map_err(|error| later.error(&error))?;
        }
    }
    Ok(())
}

/// Room that is kept between appends, in bytes.
const KEPT: usize = 1024 * 1024;
const FIELDS: &str = "application/warc-fields";
