use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::time::SystemTime;

use cap_std::fs::{Dir, OpenOptions};

use crate::Position;
use crate::entry;
use crate::pack::Packer;
use crate::segment::Segment;
use crate::sync::Unsynced;
use crate::warc::{self, Block, Id, Packing, Record};

/// Writes at the end of the last segment: all of something, or nothing.
#[derive(Debug)]
pub(crate) struct Writer {
    dir: Dir,
    segment: Segment,
    file: Arc<File>,
    /// The end of what was written whole.
    end: u64,
    /// Where the first capture may begin.
    begin: u64,
    /// A part of something may lie behind `end`.
    is_torn: bool,
    unsynced: Arc<Unsynced>,
    /// What is to be written; kept for its room.
    buffer: Vec<u8>,
}

impl Writer {
    /// Begins a segment that comes after `last`.
    pub(crate) fn create(dir: Dir, last: Option<Segment>, compressed: bool) -> io::Result<Self> {
        let (segment, mut file) = create_file(&dir, last, compressed)?;
        let mut record = Vec::new();
        info(segment, &mut record)?;
        if let Err(error) = file.write_all(&record) {
            // The error to report is the one above. If the file stays, it is passed over.
            let _ = dir.remove_file(segment.to_string());
            return Err(segment.error(&error));
        }
        let end = record.len() as u64;
        Writer::at(dir, segment, file, end, end)
    }

    /// Goes on at `end`; cuts off what lies behind. A segment that is begun here is packed or not as
    /// said.
    pub(crate) fn open(dir: Dir, end: Position, compressed: bool) -> io::Result<Self> {
        let segments = Segment::list(&dir)?;
        if end.offset == 0 {
            remove(&dir, &segments, end.segment)?;
            let last = segments.into_iter().rfind(|one| one.number < end.segment);
            return Writer::create(dir, last, compressed);
        }
        let mut here = segments.iter().filter(|one| one.number == end.segment);
        let segment = *here.next().ok_or_else(|| missing(end))?;
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
        Writer::at(dir, segment, file, 0, end.offset)
    }

    /// Goes on in a file, which is at its end.
    fn at(dir: Dir, segment: Segment, file: File, begin: u64, end: u64) -> io::Result<Self> {
        let file = Arc::new(file);
        Ok(Writer {
            unsynced: Arc::new(Unsynced::new(&dir, segment, &file)?),
            dir,
            segment,
            file,
            end,
            begin,
            is_torn: false,
            buffer: Vec::new(),
        })
    }

    /// Returns the segment that is written to.
    pub(crate) fn segment(&self) -> Segment {
        self.segment
    }

    /// Returns the end of what was written whole.
    pub(crate) fn end(&self) -> Position {
        Position {
            segment: self.segment.number,
            offset: self.end,
        }
    }

    /// Begins the next segment. The one before is synced, so that later only one need be.
    pub(crate) fn roll(&mut self, compressed: bool) -> io::Result<()> {
        self.mend()?;
        self.unsynced.sync()?;
        let next = Writer::create(self.dir.try_clone()?, Some(self.segment), compressed)?;
        let unsynced = Arc::clone(&self.unsynced);
        unsynced.turn_to(next.segment, &next.file);
        *self = Writer { unsynced, ..next };
        Ok(())
    }

    /// Begins the next segment if this one is as long as allowed, and has more than its head.
    pub(crate) fn roll_if_full(&mut self, segment_size: u64) -> io::Result<()> {
        if self.end < segment_size || self.end == self.begin {
            return Ok(());
        }
        self.roll(self.segment.compressed)
    }

    /// Writes all that `write` writes, or nothing: by one call, if it is to be gathered.
    pub(crate) fn write<T>(
        &mut self,
        is_gathered: bool,
        write: impl FnOnce(&mut Out<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        self.mend()?;
        let mut out = Out {
            start: self.end,
            buffer: std::mem::take(&mut self.buffer),
            most: if is_gathered { usize::MAX } else { KEPT },
            file: &self.file,
        };
        let written = write(&mut out).and_then(|value| {
            out.flush()?;
            Ok((value, out.position()))
        });
        self.buffer = out.buffer;
        // After it was written, lest it be synced before.
        self.unsynced.note();
        self.buffer.clear();
        self.buffer.shrink_to(KEPT);
        let (value, end) = written.map_err(|error| self.taken_back(&error))?;
        self.end = end;
        Ok(value)
    }

    /// Returns what knows how much of it is not on the disk.
    pub(crate) fn unsynced(&self) -> Arc<Unsynced> {
        Arc::clone(&self.unsynced)
    }

    /// Takes a write that failed back, and says in which file it was.
    fn taken_back(&mut self, error: &io::Error) -> io::Error {
        self.is_torn = true;
        // If this fails too, it is tried again before the next write.
        let _ = self.mend();
        self.segment.error(error)
    }

    /// Cuts off what lies behind the end.
    fn mend(&mut self) -> io::Result<()> {
        if !self.is_torn {
            return Ok(());
        }
        let cut = self.file.set_len(self.end);
        let cut = cut.and_then(|()| (&*self.file).seek(SeekFrom::Start(self.end)));
        cut.map_err(|error| self.segment.error(&error))?;
        self.is_torn = false;
        Ok(())
    }
}

/// What is written to a segment, gathered as far as allowed.
pub(crate) struct Out<'a> {
    file: &'a File,
    buffer: Vec<u8>,
    most: usize,
    /// Where the buffer begins, in bytes from the segment's start.
    start: u64,
}

impl Out<'_> {
    /// Returns where the next byte goes, in bytes from the segment's start.
    pub(crate) fn position(&self) -> u64 {
        self.start + self.buffer.len() as u64
    }
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= self.most {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.start = self.position();
        self.buffer.clear();
        Ok(())
    }
}

/// Writes the record that a segment begins with.
fn info(segment: Segment, out: &mut Vec<u8>) -> io::Result<()> {
    let block = Block::of(warc::INFO.as_bytes());
    let date = entry::whole_micros(SystemTime::now());
    let mut packer = segment.compressed.then(Packer::default);
    let packing = packer.as_mut().map_or(Packing::No, Packing::Member);
    Record::new("warcinfo", Id::new(), date, warc::FIELDS)
        .with("WARC-Filename", segment)
        .with_block_digest(&block)?
        .write(packing, &block, out)
}

/// Creates the file of the segment that follows `last`, or one after that.
fn create_file(dir: &Dir, last: Option<Segment>, compressed: bool) -> io::Result<(Segment, File)> {
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

/// Returns where the next segment begins.
pub(crate) fn next_segment(dir: &Dir) -> io::Result<Position> {
    let last = Segment::list(dir)?.last().copied();
    let number = last.map_or(Some(0), |last| last.number.checked_add(1));
    let segment = number.ok_or_else(no_number)?;
    Ok(Position { segment, offset: 0 })
}

/// Removes the segments from a number on, the last one first: there is never a gap.
fn remove(dir: &Dir, segments: &[Segment], from: u32) -> io::Result<()> {
    for later in segments.iter().rev().filter(|one| one.number >= from) {
        let removed = dir.remove_file(later.to_string());
        removed.map_err(|error| later.error(&error))?;
    }
    Ok(())
}

fn missing(end: Position) -> io::Error {
    let segment = Segment {
        number: end.segment,
        compressed: true,
    };
    let text = format!("{segment} (or without .gz) is missing");
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn no_number() -> io::Error {
    io::Error::other("no number is left for a segment")
}

/// Room that is kept between writes, and what is gathered of those that are not by one call: in
/// bytes.
const KEPT: usize = 1024 * 1024;
