use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{self, Read as _};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use archive::{ContentError, Entry, Reader};
use cap_std::fs::Dir;
use links::{Format, Kind};
use url::Url;

use crate::layout::{Layout, is_kept, relative};
use crate::name::FRONT_DOOR;
use crate::tree::{self, Tree};

/// What of the site is not in the archive.
#[derive(Clone, Debug)]
pub struct Site {
    /// Where the crawl began. The first one's host, redirects followed, has its files at the top
    /// of the copy; other hosts have a folder each.
    pub seeds: Vec<String>,
    /// Tells which URLs are the same: those with the same key. Of `None` nothing is kept.
    pub key: fn(&Url) -> Option<String>,
    /// The longest file, in bytes after its content coding is undone.
    pub max_content: u64,
    /// Whether to wait until each file is on the disk before it gets its name.
    pub fsync: bool,
}

/// What was built.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Built {
    /// How many files were written.
    pub files: usize,
    /// Their length in all, in bytes.
    pub bytes: u64,
    /// What could not be written.
    pub failures: Vec<Failure>,
}

/// A file that could not be written. The others were.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{path}`, the copy of {url}")]
pub struct Failure {
    /// What it is the copy of.
    pub url: String,
    /// The path in the copy.
    pub path: String,
    /// Why.
    pub source: io::Error,
}

/// Builds the copy in `dir`, of what is in `entries`, on as many threads as there are processors.
///
/// Only what differs is written: building it again changes nothing. Of `before`, which the copy was
/// made of, the files are removed first that belong to nothing any more; others are left alone.
///
/// # Errors
///
/// `dir` cannot be written at all. Single files that cannot be written are in
/// [`Built::failures`].
pub fn build(
    archive: &Reader,
    entries: &[Entry],
    before: &[Entry],
    site: &Site,
    dir: &Dir,
) -> io::Result<Built> {
    let layout = lay_out(archive, entries, site);
    let stale = remove_stale(archive, before, &layout, site, dir);
    let tree = Tree::new(dir, site.fsync)?;
    let builder = Builder {
        archive,
        site,
        layout: &layout,
        tree: &tree,
    };
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut built = thread::scope(|scope| {
        let work = || {
            let mut built = Built::default();
            while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                builder.file(entry, &mut built);
            }
            built
        };
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        others.into_iter().fold(work(), |mut all, other| {
            let part = other
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            all.files += part.files;
            all.bytes += part.bytes;
            all.failures.extend(part.failures);
            all
        })
    });
    builder.front_door(&mut built);
    built.failures.extend(stale);
    built.failures.sort_by(|a, b| a.path.cmp(&b.path));
    tree.finish()?;
    Ok(built)
}

/// Removes the files of what was in the copy and is no more, or has another name; returns what could
/// not be removed.
fn remove_stale(
    archive: &Reader,
    before: &[Entry],
    now: &Layout,
    site: &Site,
    dir: &Dir,
) -> Vec<Failure> {
    if before.is_empty() {
        return Vec::new();
    }
    // By a name that a file system that folds case takes for the same.
    let mut there: HashSet<_> = now.paths().map(str::to_lowercase).collect();
    if now.way_in(&site.seeds).is_some() {
        there.insert(FRONT_DOOR.to_owned());
    }
    let before = lay_out(archive, before, site);
    let stale = before
        .paths()
        .filter(|path| !there.contains(&path.to_lowercase()));
    let failures = stale.filter_map(|path| {
        let source = tree::remove(dir, path).err()?;
        Some(Failure {
            url: "what was there before".to_owned(),
            path: path.to_owned(),
            source,
        })
    });
    failures.collect()
}

fn lay_out(archive: &Reader, entries: &[Entry], site: &Site) -> Layout {
    Layout::new(entries, &site.seeds, site.key, |entry, url| {
        let capture = archive.read(entry).ok()?;
        let content = capture.content_reader(site.max_content).ok()?;
        let mut start = Vec::new();
        content.take(SNIFFED).read_to_end(&mut start).ok()?;
        match Format::of(None, &start, url)? {
            Format::Css => Some("text/css"),
            _ => Some("text/html"),
        }
    })
}

struct Builder<'a> {
    archive: &'a Reader,
    site: &'a Site,
    layout: &'a Layout,
    tree: &'a Tree<'a>,
}

impl Builder<'_> {
    /// Writes the file of one capture, if it is one that has a file.
    fn file(&self, entry: &Entry, built: &mut Built) {
        let Some((url, path)) = self.place(entry) else {
            return;
        };
        let written = self.archive.read(entry).and_then(|capture| {
            match capture.content(LONGEST_DOCUMENT.min(self.site.max_content)) {
                Err(ContentError::TooLong { .. }) => self.tree.write_from(path, || {
                    let content = capture.content_reader(self.site.max_content);
                    content.map_err(unreadable)
                }),
                content => {
                    let content = content.map_err(unreadable)?;
                    let content = self.rewritten(capture.content_type(), content, &url, path);
                    self.tree.write(path, &content)?;
                    Ok(content.len() as u64)
                }
            }
        });
        built.count(&entry.url, path, written);
    }

    fn place(&self, entry: &Entry) -> Option<(Url, &str)> {
        if !is_kept(entry) {
            return None;
        }
        let url = Url::parse(&entry.url).ok()?;
        let (path, _) = self.layout.find(&url)?;
        Some((url, path))
    }

    fn rewritten<'a>(
        &self,
        content_type: Option<&str>,
        content: Cow<'a, [u8]>,
        url: &Url,
        path: &str,
    ) -> Cow<'a, [u8]> {
        let Some(format) = Format::of(content_type, &content, url) else {
            return content;
        };
        let charset = content_type.and_then(links::charset);
        let rewritten = links::rewrite(&content, format, charset, url, |link| {
            if link.kind == Kind::Base {
                return Some(relative(path, path, None));
            }
            Some(match self.layout.find(&link.url) {
                Some((target, fragment)) => relative(path, target, fragment.as_deref()),
                None => link.url.to_string(),
            })
        });
        match rewritten {
            Cow::Borrowed(_) => content,
            Cow::Owned(rewritten) => Cow::Owned(rewritten),
        }
    }

    /// Sees to it that `index.html` is there, if anything is, and leads to the first seed.
    fn front_door(&self, built: &mut Built) {
        let Some((path, fragment)) = self.layout.way_in(&self.site.seeds) else {
            return;
        };
        if self.layout.paths().any(|path| path == FRONT_DOOR) {
            return;
        }
        let link = relative(FRONT_DOOR, path, fragment.as_deref());
        let link = link.replace('&', "&amp;").replace('"', "&quot;");
        let page = format!(
            "<!doctype html>\n<meta charset=\"utf-8\">\n<title>{FRONT_DOOR}</title>\n\
             <meta http-equiv=\"refresh\" content=\"0; url={link}\">\n<a href=\"{link}\">{link}</a>\n"
        );
        let written = self.tree.write(FRONT_DOOR, page.as_bytes());
        built.count(path, FRONT_DOOR, written.map(|()| page.len() as u64));
    }
}

impl Built {
    fn count(&mut self, url: &str, path: &str, written: io::Result<u64>) {
        match written {
            Ok(length) => {
                self.files += 1;
                self.bytes += length;
            }
            Err(source) => self.failures.push(Failure {
                url: url.to_owned(),
                path: path.to_owned(),
                source,
            }),
        }
    }
}

/// A document of more bytes, its content coding undone, is kept as it is: 32 MiB.
pub const LONGEST_DOCUMENT: u64 = 32 << 20;
/// So many bytes tell what a document is.
const SNIFFED: u64 = 4096;

fn unreadable(error: ContentError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
