use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, PoisonError};

use archive::{Capture, ContentError, Entry, Reader};
use cap_std::fs::Dir;
use links::Format;
use url::Url;

use crate::captures::{self, Captures};
use crate::document::{Editor, OnlyServed, Source};
use crate::inline::Inliner;
use crate::layout::{Layout, relative};
use crate::media;
use crate::module::{self, Module};
use crate::name::{BESIDE, FRONT_DOOR, fold};
use crate::settle::Given;
use crate::threads;
use crate::tree::{self, Tree};

/// What of the site is not in the archive.
#[derive(Clone, Debug)]
pub struct Site {
    /// Where the crawl began. The first one's host, redirects followed, has its files at the top
    /// of the copy; other hosts have a folder each.
    pub seeds: Vec<String>,
    /// Tells which URLs are the same, as the URL standard writes them (§4.5): those with the same key.
    /// Of `None` nothing is kept.
    pub key: fn(&str) -> Option<Cow<'_, str>>,
    /// The longest file, in bytes after its content coding is undone.
    pub max_content: u64,
    /// Whether to wait until each file is on the disk before it gets its name.
    pub fsync: bool,
    /// Whose turn it is to have a long document in memory.
    pub turns: Turns,
}

/// How they take turns who have a document of more than 1 MiB in memory: one at a time.
#[derive(Clone)]
pub struct Turns(Arc<Wait>);

type Wait = dyn Fn(&mut dyn FnMut()) + Send + Sync;

impl Turns {
    /// Takes a function that waits until it is its caller's turn, and does then what it is given.
    pub fn new(wait: impl Fn(&mut dyn FnMut()) + Send + Sync + 'static) -> Self {
        Turns(Arc::new(wait))
    }

    /// Does something when it is its turn.
    fn take<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let (mut work, mut done) = (Some(work), None);
        (self.0)(&mut || done = work.take().map(|work| work()));
        done.unwrap_or_else(|| Err(io::Error::other("it was never its turn")))
    }
}

/// Those who build a copy, among each other.
impl Default for Turns {
    fn default() -> Self {
        let turn = Mutex::new(());
        Turns::new(move |work| {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            work();
        })
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Turns")
    }
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
    /// What works only when it is served: the first thousand, by path.
    pub only_served: Vec<OnlyServed>,
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

/// Builds the copy in `dir`, of these captures, on as many threads as there are processors.
///
/// Only what differs is written: building it again changes nothing. Of `before`, which the copy was
/// made of, the files are removed first that belong to nothing any more; others are left alone.
///
/// What is kept of each capture is in memory as far as that is bounded, and else in files without
/// names, beside the segments; and of each thread a document at a time.
///
/// # Errors
///
/// The captures cannot be read, or `dir` cannot be written at all. Single files that cannot be
/// written are in [`Built::failures`].
pub fn build(
    archive: &Reader,
    captures: &dyn Captures,
    before: &dyn Captures,
    site: &Site,
    dir: &Dir,
) -> io::Result<Built> {
    let (layout, given) = lay_out(archive, captures, site)?;
    let stale = remove_stale(archive, before, (&layout, &given), site, dir)?;
    drop(given);
    let tree = Tree::new(dir, site.fsync)?;
    let mut built = files((archive, captures, &layout), site, &tree, None)?;
    built.failures.extend(stale);
    built.failures.sort_by(|a, b| a.path.cmp(&b.path));
    tree.finish()?;
    Ok(built)
}

/// Compares the copy in `dir` with what [`build`] would write, and writes nothing.
///
/// A file that is not there, or not as it would be written, is among [`Built::failures`]. Each
/// document is shown to `each` as it would be, in any order, on several threads.
///
/// # Errors
///
/// The captures cannot be read.
pub fn check(
    archive: &Reader,
    captures: &dyn Captures,
    site: &Site,
    dir: &Dir,
    each: &(dyn Fn(&Shown<'_>) + Sync),
) -> io::Result<Built> {
    let (layout, given) = lay_out(archive, captures, site)?;
    drop(given);
    let tree = Tree::to_check(dir);
    let mut built = files((archive, captures, &layout), site, &tree, Some(each))?;
    built.failures.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(built)
}

/// A document of the copy that fits into memory, or another file of at most 1 MiB.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Shown<'a> {
    /// What it is the copy of.
    pub url: &'a Url,
    /// The path in the copy.
    pub path: &'a str,
    /// The `Content-Type` that it was sent with.
    pub content_type: Option<&'a str>,
    /// What is in it, or should be.
    pub content: &'a [u8],
}

/// Is shown documents.
type Each<'a> = dyn Fn(&Shown<'_>) + Sync + 'a;

/// Writes all files.
fn files(
    (archive, captures, layout): (&Reader, &dyn Captures, &Layout<'_>),
    site: &Site,
    tree: &Tree<'_>,
    each: Option<&Each<'_>>,
) -> io::Result<Built> {
    let carried = Mutex::default();
    let builder = || Builder {
        archive,
        captures,
        site,
        layout,
        editor: Editor::new(layout, Inliner::new(archive, site.max_content)),
        tree,
        carried: &carried,
        each,
        built: Built::default(),
    };
    let builders = threads::each_with(captures::batches(captures), builder, |builder, batch| {
        for (_, entry) in captures::read(captures, captures::places(batch))? {
            builder.file(&entry)?;
        }
        Ok(())
    })?;
    let mut builders = builders.into_iter().map(|builder| builder.built);
    let mut built = builders.next().unwrap_or_default();
    builders.for_each(|part| built.append(part));
    front_door(layout, site, tree, &mut built)?;
    let carried = carried.into_inner().unwrap_or_else(PoisonError::into_inner);
    beside(&carried, tree, &mut built);
    built.bound();
    Ok(built)
}

/// Removes the files of what was in the copy and is no more, or has another name; returns what could
/// not be removed.
fn remove_stale(
    archive: &Reader,
    before: &dyn Captures,
    (now, given): (&Layout<'_>, &Given),
    site: &Site,
    dir: &Dir,
) -> io::Result<Vec<Failure>> {
    let mut failures = Vec::new();
    if before.places() == 0 {
        return Ok(failures);
    }
    let failed = |path: &str, removed: io::Result<()>| {
        removed.err().map(|source| Failure {
            url: "what was there before".to_owned(),
            path: path.to_owned(),
            source,
        })
    };
    let has_front_door = now.way_in(&site.seeds)?.is_some();
    let (layout, _) = lay_out(archive, before, site)?;
    captures::each(before, |_, entry| {
        let Some(path) = layout.place(&entry)? else {
            return Ok(());
        };
        // By a name that a file system that folds case takes for the same.
        let is_there = given.is_file(&path)? || has_front_door && fold(&path) == FRONT_DOOR;
        if !is_there {
            failures.extend(failed(&path, tree::remove(dir, &path)));
        }
        Ok(())
    })?;
    if !has_front_door && layout.way_in(&site.seeds)?.is_some() {
        // It was one of ours.
        failures.extend(failed(FRONT_DOOR, tree::remove(dir, FRONT_DOOR)));
    }
    Ok(failures)
}

fn lay_out<'a>(
    archive: &Reader,
    captures: &'a dyn Captures,
    site: &Site,
) -> io::Result<(Layout<'a>, Given)> {
    let scratch = archive.scratch();
    Layout::new(captures, &scratch, &site.seeds, site.key, &|entry| {
        let capture = archive.read(entry).ok()?;
        let named = || {
            let field = capture.headers.get("content-disposition")?;
            media::named(&String::from_utf8_lossy(field.as_bytes()))
        };
        if capture.content_type().is_some_and(|sent| !sent.is_empty()) {
            return named();
        }
        let content = capture.content_reader(site.max_content).ok()?;
        let start = start_of(content, SNIFFED).ok()?;
        let url = Url::parse(&entry.url).ok()?;
        match Format::of(None, &start, &url) {
            Some(Format::Html) => Some("text/html"),
            Some(Format::Css) => Some("text/css"),
            Some(Format::Script) => Some("text/javascript"),
            Some(Format::Manifest) => Some("application/manifest+json"),
            Some(Format::Xml) if url.path().ends_with(".svg") => Some("image/svg+xml"),
            Some(Format::Xml) => Some("application/xml"),
            _ => named().or_else(|| media::sniff(&start)),
        }
    })
}

/// Writes files, one at a time.
struct Builder<'a> {
    archive: &'a Reader,
    captures: &'a dyn Captures,
    site: &'a Site,
    layout: &'a Layout<'a>,
    editor: Editor<'a>,
    tree: &'a Tree<'a>,
    /// The carriers of modules that are written.
    carried: &'a Mutex<HashSet<String>>,
    each: Option<&'a Each<'a>>,
    built: Built,
}

impl Builder<'_> {
    /// Writes the file of one capture, if it is one that has a file.
    fn file(&mut self, entry: &Entry) -> io::Result<()> {
        if let Some(path) = self.layout.place(entry)? {
            let url = Url::parse(&entry.url).map_err(io::Error::other);
            let written = url.and_then(|url| self.write(entry, &url, &path));
            self.built.count(&entry.url, &path, written);
        }
        Ok(())
    }

    fn write(&mut self, entry: &Entry, url: &Url, path: &str) -> io::Result<u64> {
        let capture = self.archive.read(entry)?;
        if is_packed(&capture, path) {
            // Packed twice, it was packed on the way too.
            let start = start_of(self.as_it_is(&capture)?, GZIP.len() as u64);
            if !start.is_ok_and(|start| start == GZIP) {
                return self.tree.write_from(path, || capture.body.reader());
            }
        }
        // What is long and no document does not come into memory; of long documents, one at a time.
        let is_long = capture.body.bytes().is_none();
        if is_long {
            let start = start_of(self.as_it_is(&capture)?, SNIFFED)?;
            if Format::of(capture.content_type(), &start, url).is_none() {
                return self.tree.write_from(path, || self.as_it_is(&capture));
            }
            let turns = &self.site.turns;
            return turns.take(|| self.write_document(&capture, entry, (url, path), is_long));
        }
        self.write_document(&capture, entry, (url, path), is_long)
    }

    /// Reads it, its content coding undone.
    fn as_it_is(&self, capture: &Capture) -> io::Result<impl io::Read + use<>> {
        let content = capture.content_reader(self.site.max_content);
        content.map_err(unreadable)
    }

    /// Writes the file of what may be a document.
    fn write_document(
        &mut self,
        capture: &Capture,
        entry: &Entry,
        (url, path): (&Url, &str),
        is_long: bool,
    ) -> io::Result<u64> {
        match capture.content(LONGEST_DOCUMENT.min(self.site.max_content)) {
            Err(ContentError::TooLong { .. }) => {
                self.tree.write_from(path, || self.as_it_is(capture))
            }
            content => {
                let content_type = capture.content_type();
                let source = Source {
                    url,
                    path,
                    content_type,
                    refresh: refresh(capture),
                    content: content.map_err(unreadable)?,
                    spans: self.captures.spans(entry),
                };
                let (tree, each, mut length) = (self.tree, self.each, 0);
                let beside = self.editor.edit(source, &mut |made| {
                    // A long one is not in memory a second time, unless it is asked for.
                    if is_long && each.is_none() {
                        length = tree.write_by(path, &|out| made.write(out))?;
                        return Ok(());
                    }
                    let content = &*made.whole();
                    length = content.len() as u64;
                    if let Some(each) = each {
                        each(&Shown {
                            url,
                            path,
                            content_type,
                            content,
                        });
                    }
                    tree.write(path, content)
                })?;
                self.built.only_served.extend(beside.only_served);
                self.built.bound_at(2 * MOST_ONLY_SERVED);
                self.carry(beside.modules);
                Ok(length)
            }
        }
    }

    /// Writes the carriers of these modules and of all that they import.
    fn carry(&mut self, mut modules: Vec<Module>) {
        while let Some(module) = modules.pop() {
            let path = module.carrier_path();
            let carried = || self.carried.lock().unwrap_or_else(PoisonError::into_inner);
            if !carried().insert(path.clone()) {
                continue;
            }
            let written = self.editor.carrier(&module).and_then(|carrier| {
                let Some((text, imports)) = carrier else {
                    // It cannot be read, which is told of its file.
                    return Ok(None);
                };
                modules.extend(imports);
                self.tree.write(&path, text.as_bytes())?;
                Ok(Some(text.len() as u64))
            });
            match written {
                Ok(None) => {
                    carried().remove(&path);
                }
                Ok(Some(length)) => self.built.count(&module.path, &path, Ok(length)),
                Err(error) => self.built.count(&module.path, &path, Err(error)),
            }
        }
    }
}

/// Whether a file is packed, by its name, and would be by this name what it is no more: some servers say
/// of what they have packed that they packed it on the way.
fn is_packed(capture: &Capture, path: &str) -> bool {
    let coding = capture.headers.get("content-encoding");
    let is_coded = coding.is_some_and(|coding| {
        let mut names = ["gzip", "x-gzip"].iter();
        names.any(|name| coding.as_bytes().eq_ignore_ascii_case(name.as_bytes()))
    });
    let ending = path.rsplit('.').next().unwrap_or_default();
    let mut endings = ["gz", "tgz"].iter();
    is_coded && endings.any(|packed| ending.eq_ignore_ascii_case(packed))
}

/// Reads so many bytes, if there are.
fn start_of(content: impl io::Read, length: u64) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    content.take(length).read_to_end(&mut start)?;
    Ok(start)
}

/// RFC 1952 §2.3.1: with these, what is packed begins.
const GZIP: &[u8] = b"\x1f\x8b";

/// The `Refresh` header, if it is text.
fn refresh(capture: &Capture) -> Option<&str> {
    capture.headers.get("refresh")?.to_str().ok()
}

/// Sees to it that what pages need beside the site's files is there, and no more.
fn beside(carried: &HashSet<String>, tree: &Tree<'_>, built: &mut Built) {
    if !carried.is_empty() {
        let written = tree.write(module::LOADER_PATH, module::LOADER.as_bytes());
        let length = module::LOADER.len() as u64;
        built.count("modules", module::LOADER_PATH, written.map(|()| length));
    }
    let is_needed =
        |path: &str| carried.contains(path) || !carried.is_empty() && path == module::LOADER_PATH;
    if let Err(source) = tree.clear(BESIDE, is_needed) {
        built.failures.push(Failure {
            url: "what was there before".to_owned(),
            path: BESIDE.to_owned(),
            source,
        });
    }
}

/// Sees to it that `index.html` is there, if anything is, and leads to the first seed.
fn front_door(
    layout: &Layout<'_>,
    site: &Site,
    tree: &Tree<'_>,
    built: &mut Built,
) -> io::Result<()> {
    if layout.has_front_door {
        return Ok(());
    }
    let Some(way_in) = layout.way_in(&site.seeds)? else {
        return Ok(());
    };
    let link = relative(FRONT_DOOR, &way_in.path, way_in.fragment.as_deref());
    let link = link.replace('&', "&amp;").replace('"', "&quot;");
    let page = format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>{FRONT_DOOR}</title>\n\
         <meta http-equiv=\"refresh\" content=\"0; url={link}\">\n<a href=\"{link}\">{link}</a>\n"
    );
    let written = tree.write(FRONT_DOOR, page.as_bytes());
    built.count(
        &way_in.path,
        FRONT_DOOR,
        written.map(|()| page.len() as u64),
    );
    Ok(())
}

impl Built {
    fn append(&mut self, other: Built) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.failures.extend(other.failures);
        self.only_served.extend(other.only_served);
        self.bound_at(2 * MOST_ONLY_SERVED);
    }

    fn bound_at(&mut self, most: usize) {
        if self.only_served.len() > most {
            self.bound();
        }
    }

    fn bound(&mut self) {
        self.only_served.sort_unstable();
        self.only_served.dedup();
        self.only_served.truncate(MOST_ONLY_SERVED);
    }

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
/// So much is told that works only when it is served.
const MOST_ONLY_SERVED: usize = 1000;
/// So many bytes tell what a document is.
const SNIFFED: u64 = 4096;

fn unreadable(error: ContentError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
