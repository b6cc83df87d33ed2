//! Where the links of documents stand, as they were found when these came: kept so that the copy need
//! not look for them again. What is not there, as of what came before this process began, is looked for.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Mutex, PoisonError};

use archive::Entry;
use links::Spans;
use rows::{Rows, Scratch};

/// Keeps them one behind the other in a file that has no name.
#[derive(Debug)]
pub(crate) struct SpanFile(Mutex<Option<Inner>>);

#[derive(Debug)]
struct Inner {
    file: File,
    /// How long it is.
    length: u64,
    /// What is to be written behind it.
    recent: Vec<u8>,
    /// By where a capture is: where its spans begin, and how long they are.
    places: Rows<ROW>,
}

/// A segment's number and an offset there; an offset and a length here.
const ROW: usize = 4 + 8 + 8 + 4;

impl SpanFile {
    /// Keeps none, where no file can be had.
    pub(crate) fn new(scratch: &Scratch) -> Self {
        let inner = scratch.file().ok().map(|file| Inner {
            file,
            length: 0,
            recent: Vec::new(),
            places: Rows::new(scratch.clone()),
        });
        SpanFile(Mutex::new(inner))
    }

    /// Takes in those of the document that an entry is of.
    pub(crate) fn put(&self, entry: &Entry, spans: &Spans) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let put = inner.as_mut().map(|inner| inner.put(entry, spans));
        if put.is_some_and(|put| put.is_err()) {
            // No disk that is full is a reason to end a crawl here.
            *inner = None;
        }
    }

    /// Returns those of the document that an entry is of, if they are there and can be read.
    pub(crate) fn get(&self, entry: &Entry) -> Option<Spans> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.as_mut()?.get(entry).ok()?
    }
}

impl Inner {
    fn put(&mut self, entry: &Entry, spans: &Spans) -> io::Result<()> {
        let spans = spans.as_bytes();
        let Ok(length) = u32::try_from(spans.len()) else {
            return Ok(());
        };
        let at = self.length + self.recent.len() as u64;
        let mut row = [0; ROW];
        row[..12].copy_from_slice(&key(entry));
        row[12..20].copy_from_slice(&at.to_be_bytes());
        row[20..].copy_from_slice(&length.to_be_bytes());
        self.recent.extend_from_slice(spans);
        if self.recent.len() >= AT_ONCE {
            self.file.seek(SeekFrom::Start(self.length))?;
            self.file.write_all(&self.recent)?;
            self.length += self.recent.len() as u64;
            self.recent.clear();
        }
        self.places.insert(row);
        Ok(())
    }

    fn get(&mut self, entry: &Entry) -> io::Result<Option<Spans>> {
        let Some(row) = self.places.find(&key(entry))? else {
            return Ok(None);
        };
        let number = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |all, byte| all << 8 | u64::from(*byte))
        };
        let (at, length) = (number(&row[12..20]), number(&row[20..]));
        let mut spans = vec![0; usize::try_from(length).unwrap_or_default()];
        match at.checked_sub(self.length) {
            None => {
                self.file.seek(SeekFrom::Start(at))?;
                self.file.read_exact(&mut spans)?;
            }
            Some(at) => {
                let recent = usize::try_from(at)
                    .ok()
                    .and_then(|at| self.recent.get(at..));
                let recent = recent.and_then(|recent| recent.get(..spans.len()));
                spans.copy_from_slice(recent.ok_or(io::ErrorKind::UnexpectedEof)?);
            }
        }
        Ok(Some(Spans::from_bytes(spans)))
    }
}

fn key(entry: &Entry) -> [u8; 12] {
    let position = entry.position();
    let mut key = [0; 12];
    key[..4].copy_from_slice(&position.segment.to_be_bytes());
    key[4..].copy_from_slice(&position.offset.to_be_bytes());
    key
}

/// So many bytes are written at once.
const AT_ONCE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn entry(offset: usize) -> Entry {
        let line = format!(
            "k 20231114221320 {{\"url\":\"\",\"status\":\"200\",\"length\":\"1\",\"offset\":\"{offset}\",\
             \"filename\":\"dragline-00007.warc.gz\",\"digest\":\"sha256:{}\"}}",
            "0".repeat(64)
        );
        line.parse().unwrap()
    }

    fn spans(links: usize) -> Spans {
        let page = "<a href=a>".repeat(links);
        let url = Url::parse("http://h/").unwrap();
        let format = links::Format::Html;
        let (_, spans) =
            links::each_target_and_spans(page.as_bytes(), format, None, &url, |_, _| {});
        spans.unwrap()
    }

    #[test]
    fn what_was_put_comes_back_also_while_more_is_put() {
        let file = SpanFile::new(&Scratch::new(tempfile::tempfile).with_bound(10));
        for links in 0..300 {
            file.put(&entry(links), &spans(links));
            for before in [0, links / 2, links] {
                assert_eq!(file.get(&entry(before)), Some(spans(before)));
            }
        }
        assert_eq!(file.get(&entry(300)), None);
        let inner = file.0.lock().unwrap();
        let inner = inner.as_ref().unwrap();
        assert!(
            inner.length > 0 && !inner.recent.is_empty(),
            "both were read"
        );
    }

    #[test]
    fn where_no_file_can_be_had_nothing_is_known() {
        let file = SpanFile::new(&Scratch::none());
        file.put(&entry(1), &spans(1));
        assert_eq!(file.get(&entry(1)), None);
    }

    #[test]
    fn where_a_file_cannot_be_written_nothing_is_known() {
        let to_read_only = || File::open("Cargo.toml");
        let file = SpanFile::new(&Scratch::new(to_read_only));
        for offset in 0..20 {
            file.put(&entry(offset), &spans(1000));
        }
        assert_eq!(file.get(&entry(0)), None);
    }
}
