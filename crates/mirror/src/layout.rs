//! Which file holds what: a function of the set of captures.
//!
//! How it works: of each capture that has a file, its URL's fingerprint, the number of its content
//! type and its place among the captures are kept, in rows that memory holds a bounded number of. The
//! path is computed of these and the URL whenever it is asked for, as [`Name`] says; of a redirect,
//! the place of its capture is kept, which is read again when it is followed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::iter;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use archive::Entry;
use foldhash::quality::RandomState;
use links::Target;
use memchr::{memchr_iter, memrchr};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rows::{Rows, Scratch};
use url::Url;

use crate::captures::{self, Came, Captures};
use crate::media;
use crate::name::{self, Name};
use crate::print::{self, Print, Printer};
use crate::settle::{Asked, Given, Settled, Wish};
use crate::threads;

/// Tells which URLs are the same: those with the same key. `None`: not one of the site.
pub(crate) type Key = fn(&str) -> Option<Cow<'_, str>>;

/// Tells the content type of an entry that was sent without one, or with one that says nothing.
pub(crate) type Sniff<'a> = dyn Fn(&Entry) -> Option<&'static str> + Sync + 'a;

pub(crate) struct Layout<'a> {
    captures: &'a dyn Captures,
    key: Key,
    printer: Printer,
    /// Its files are at the top of the copy.
    own_host: String,
    /// What has a file, by key: the number of its content type, and the place of its capture.
    kept: Rows<16>,
    /// What gets a path beside the one it asks for, by key: which.
    beside: Rows<15>,
    /// By key: the place of what redirects.
    redirects: Rows<15>,
    /// What was asked for and not had, by key.
    lost: Rows<11>,
    pub(crate) has_front_door: bool,
}

/// Finds files by URL, and remembers some.
pub(crate) struct Finder<'a> {
    pub(crate) layout: &'a Layout<'a>,
    /// By the URL as it is spelled, without its fragment: pages of a site say the same.
    recent: HashMap<String, Option<File>, RandomState>,
    /// If something could not be found since the captures could not be read.
    pub(crate) failed: io::Result<()>,
}

/// A file that a URL leads to.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) path: Arc<str>,
    /// If redirects say one.
    pub(crate) fragment: Option<Arc<str>>,
    /// That of its capture.
    pub(crate) place: u32,
    /// As far as its name tells it.
    pub(crate) media_type: Option<&'static str>,
}

impl File {
    /// Returns the fragment of what a URL leads to that this was found by.
    pub(crate) fn fragment<'f>(&'f self, url: &'f Target) -> Option<&'f str> {
        self.fragment.as_deref().or(url.fragment())
    }
}

impl<'a> Layout<'a> {
    /// Lays out what is to be kept of these, and tells which paths are given.
    pub(crate) fn new(
        captures: &'a dyn Captures,
        scratch: &Scratch,
        seeds: &[String],
        key: Key,
        sniff: &Sniff<'_>,
    ) -> io::Result<(Self, Given)> {
        let mut layout = Layout {
            captures,
            key,
            printer: Printer::default(),
            own_host: String::new(),
            kept: Rows::new(scratch.clone()),
            beside: Rows::new(scratch.clone()),
            redirects: Rows::new(scratch.clone()),
            lost: Rows::new(scratch.clone()),
            has_front_door: false,
        };
        // Names depend on the own host, and that on redirects. Those of the seeds are among the
        // first captures nearly always; if not, it is done again.
        let mut first = Survey::new(scratch);
        first.append(Part::of(captures::places(0), &layout, sniff)?);
        layout.redirects = first.redirects;
        let asked = loop {
            layout.own_host = layout.own_host(seeds)?;
            let survey = Survey::of(&layout, scratch, sniff)?;
            layout.kept = survey.kept;
            layout.redirects = survey.redirects;
            layout.lost = survey.lost;
            if layout.own_host(seeds)? == layout.own_host {
                break survey.asked;
            }
        };
        layout.kept.pack();
        layout.redirects.pack();
        layout.lost.pack();
        let Settled {
            beside,
            has_front_door,
            given,
        } = asked.settle(&layout.printer, &|place| layout.asked_for(place, sniff))?;
        for (place, n) in beside {
            let (key, _) = layout.asked_for(place, sniff)?;
            let print = layout.printer.print(&key);
            layout.beside.insert(print::row(print, n));
        }
        layout.beside.pack();
        layout.has_front_door = has_front_door;
        Ok((layout, given))
    }

    /// Returns the path of a capture that has a file.
    pub(crate) fn place(&self, entry: &Entry) -> io::Result<Option<Arc<str>>> {
        let print = is_kept(entry).then(|| self.print(&entry.url)).flatten();
        let file = print
            .map(|print| self.file(&entry.url, print))
            .transpose()?;
        Ok(file.flatten().map(|file| file.path))
    }

    /// Returns what the front door leads to: the first seed that is kept, or else anything.
    pub(crate) fn way_in(&self, seeds: &[String]) -> io::Result<Option<File>> {
        let mut finder = Finder::new(self);
        let seeds = seeds.iter().filter_map(|seed| Url::parse(seed).ok());
        let seed = seeds.filter_map(Target::of).find_map(|seed| {
            let file = finder.find(&seed)?;
            let fragment = file.fragment(&seed).map(Arc::from);
            Some(File { fragment, ..file })
        });
        finder.failed?;
        if seed.is_some() || self.kept.is_empty() {
            return Ok(seed);
        }
        let mut least: Option<(Arc<str>, u32)> = None;
        captures::each(self.captures, |place, entry| {
            let path = self.place(&entry)?.map(|path| (path, place));
            least = path.into_iter().chain(least.take()).min();
            Ok(())
        })?;
        Ok(least.map(|(path, place)| File {
            path,
            fragment: None,
            place,
            media_type: None,
        }))
    }

    /// Returns what is at a place.
    pub(crate) fn entry(&self, place: u32) -> io::Result<Entry> {
        captures::read(self.captures, place..place.saturating_add(1))?
            .next()
            .map(|(_, entry)| entry)
            .ok_or_else(changed)
    }

    /// Returns the folder in which the files are of URLs that begin so and go on without a slash.
    pub(crate) fn folder(&self, prefix: &Url) -> Option<String> {
        let name = Name::of(prefix.join("x").ok()?.as_str(), 0, &self.own_host);
        let path = name.path();
        path.rfind('/').map(|end| path[..=end].to_owned())
    }

    /// The file of what is kept of a URL, and found by this.
    fn file(&self, url: &str, print: Print) -> io::Result<Option<File>> {
        let Some(kept) = self.kept.find(&print)? else {
            return Ok(None);
        };
        let [.., content_type, _, _, _, _] = kept;
        let name = Name::of(url, content_type, &self.own_host);
        let path = match self.beside.find(&print)? {
            None => name.path().into(),
            Some(beside) => {
                let key = (self.key)(url).unwrap_or_default();
                name.beside(&key, print::number(&beside)).into()
            }
        };
        Ok(Some(File {
            path,
            fragment: url.split_once('#').map(|(_, fragment)| fragment.into()),
            place: print::number(&kept),
            media_type: media::of_number(content_type),
        }))
    }

    /// The key of what is at a place, and the name it asks for.
    fn asked_for(&self, place: u32, sniff: &Sniff<'_>) -> io::Result<(String, Name)> {
        let entry = self.entry(place)?;
        let key = (self.key)(&entry.url).ok_or_else(changed)?;
        let name = Name::of(&entry.url, number(&entry, sniff), &self.own_host);
        Ok((key.into_owned(), name))
    }

    /// The host of what the first seed leads to.
    fn own_host(&self, seeds: &[String]) -> io::Result<String> {
        let Some(seed) = seeds.first().and_then(|seed| Url::parse(seed).ok()) else {
            return Ok(String::new());
        };
        Ok(name::host(&self.landing(seed.as_str())?.0).to_owned())
    }

    /// What a URL is found by, if it is one of the site.
    fn print(&self, url: &str) -> Option<Print> {
        Some(self.printer.print(&(self.key)(url)?))
    }

    /// Follows redirects to where they end, or as far as a browser would go. Returns what that is found
    /// by, too.
    fn landing<'u>(&self, url: &'u str) -> io::Result<(Cow<'u, str>, Option<Print>)> {
        let mut url = Cow::Borrowed(url);
        for _ in 0..MOST_REDIRECTS {
            let print = self.print(&url);
            let target = print.map(|print| self.target(&print)).transpose()?;
            let Some(mut target) = target.flatten() else {
                return Ok((url, print));
            };
            // RFC 9110 §10.2.2: a target without a fragment inherits the one before.
            if target.fragment().is_none() {
                target.set_fragment(url.split_once('#').map(|(_, fragment)| fragment));
            }
            url = Cow::Owned(target.into());
        }
        Ok((url, None))
    }

    fn target(&self, print: &Print) -> io::Result<Option<Url>> {
        if self.redirects.is_empty() {
            return Ok(None);
        }
        let Some(found) = self.redirects.find(print)? else {
            return Ok(None);
        };
        let entry = self.entry(print::number(&found))?;
        Ok(redirect(&entry))
    }
}

/// What a look at all captures finds.
struct Survey {
    kept: Rows<16>,
    redirects: Rows<15>,
    lost: Rows<11>,
    asked: Asked,
}

/// What a look at some captures finds.
#[derive(Default)]
struct Part {
    kept: Vec<[u8; 16]>,
    redirects: Vec<[u8; 15]>,
    lost: Vec<Print>,
    wishes: Vec<Wish>,
}

impl Survey {
    fn new(scratch: &Scratch) -> Self {
        Survey {
            kept: Rows::new(scratch.clone()),
            redirects: Rows::new(scratch.clone()),
            lost: Rows::new(scratch.clone()),
            asked: Asked::new(scratch),
        }
    }

    fn of(layout: &Layout<'_>, scratch: &Scratch, sniff: &Sniff<'_>) -> io::Result<Self> {
        let survey = Mutex::new(Survey::new(scratch));
        threads::each(captures::batches(layout.captures), |batch| {
            let part = Part::of(captures::places(batch), layout, sniff)?;
            let mut survey = survey.lock().unwrap_or_else(PoisonError::into_inner);
            survey.append(part);
            Ok(())
        })?;
        let mut survey = survey.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut lose = |url: &str| survey.lost.extend(layout.print(url));
        layout.captures.left(&mut lose)?;
        Ok(survey)
    }

    fn append(&mut self, part: Part) {
        self.kept.extend(part.kept);
        self.redirects.extend(part.redirects);
        self.lost.extend(part.lost);
        for wish in part.wishes {
            self.asked.take_in(wish);
        }
    }
}

impl Part {
    fn of(places: Range<u32>, layout: &Layout<'_>, sniff: &Sniff<'_>) -> io::Result<Self> {
        let mut part = Part::default();
        for (place, came) in layout.captures.read(places)? {
            match came {
                Came::Captured(entry) => part.take_in(place, &entry, layout, sniff),
                Came::Lost(url) => part.lost.extend(layout.print(&url)),
            }
        }
        Ok(part)
    }

    fn take_in(&mut self, place: u32, entry: &Entry, layout: &Layout<'_>, sniff: &Sniff<'_>) {
        let Some(print) = layout.print(&entry.url) else {
            return;
        };
        if is_kept(entry) {
            let number = number(entry, sniff);
            let mut found_by = [number; 12];
            found_by[..print.len()].copy_from_slice(&print);
            self.kept.push(print::row(found_by, place));
            let name = Name::of(&entry.url, number, &layout.own_host);
            self.wishes.push(Wish::new(place, &name, &layout.printer));
        } else if redirect(entry).is_some() {
            self.redirects.push(print::row(print, place));
        }
    }
}

impl<'a> Finder<'a> {
    pub(crate) fn new(layout: &'a Layout<'a>) -> Self {
        Finder {
            layout,
            recent: HashMap::default(),
            failed: Ok(()),
        }
    }

    /// Returns the file that `url` leads to, if there is one.
    pub(crate) fn find(&mut self, url: &Target) -> Option<File> {
        let spelled = url.without_fragment();
        if let Some(file) = self.recent.get(spelled) {
            return file.clone();
        }
        let looked = self.look(spelled);
        if let Ok(file) = &looked
            && spelled.len() <= LONGEST_REMEMBERED
        {
            if self.recent.len() >= RECENT {
                self.recent.clear();
            }
            self.recent.insert(spelled.to_owned(), file.clone());
        }
        looked.unwrap_or_else(|error| {
            self.failed = Err(error);
            None
        })
    }

    /// Tells whether what `url` leads to was asked for and not had.
    pub(crate) fn is_lost(&mut self, url: &Target) -> bool {
        let layout = self.layout;
        let is_lost = || match layout.landing(url.without_fragment())? {
            (_, Some(print)) => layout.lost.contains(&print),
            (_, None) => Ok(false),
        };
        !layout.lost.is_empty()
            && is_lost().unwrap_or_else(|error| {
                self.failed = Err(error);
                false
            })
    }

    /// Returns the file, and the fragment if redirects say one.
    fn look(&self, url: &str) -> io::Result<Option<File>> {
        match self.layout.landing(url)? {
            (landing, Some(print)) => self.layout.file(&landing, print),
            (_, None) => Ok(None),
        }
    }
}

/// The number of a content type: of that which was sent; or, where neither that nor the URL tells what
/// it is, of what else does.
fn number(entry: &Entry, sniff: &Sniff<'_>) -> u8 {
    let sent = entry.content_type.as_deref().filter(|it| !it.is_empty());
    let number = media::number(sent);
    if sent.is_some() && (!media::is_open(number) || name::tells_ending(&entry.url)) {
        return number;
    }
    match media::number(sniff(entry)) {
        0 => number,
        found => found,
    }
}

fn changed() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the index is not as it was read before",
    )
}

/// Writes a link from one file to another as a relative URL. Both are paths in the tree.
pub(crate) fn relative(from: &str, to: &str, fragment: Option<&str>) -> String {
    let mut link = String::new();
    if from != to || fragment.is_none() {
        let behind_slash = |text: &[u8]| memrchr(b'/', text).map_or(0, |at| at + 1);
        let folder = &from.as_bytes()[..behind_slash(from.as_bytes())];
        let alike = folder.iter().zip(to.as_bytes());
        let alike = alike.take_while(|(a, b)| a == b).count();
        let shared = behind_slash(&folder[..alike]);
        let up = memchr_iter(b'/', &folder[shared..]).count();
        // Mostly there is nothing to escape.
        let fragment = fragment.map_or(0, |it| 1 + it.len());
        link.reserve_exact(3 * up + to.len() - shared + fragment);
        link.extend(iter::repeat_n("../", up));
        link.extend(utf8_percent_encode(&to[shared..], ESCAPED));
    }
    if let Some(fragment) = fragment {
        link.push('#');
        link.push_str(fragment);
    }
    link
}

/// Whether there is a file for it: a whole document was received.
pub(crate) fn is_kept(entry: &Entry) -> bool {
    entry.status.is_success() && !matches!(entry.status.as_u16(), 204..=206)
}

fn redirect(entry: &Entry) -> Option<Url> {
    let location = entry.location.as_deref()?;
    let redirects = matches!(entry.status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let target = || Url::parse(&entry.url).ok()?.join(location).ok();
    redirects.then(target).flatten()
}

const MOST_REDIRECTS: usize = 20;
/// So many files are remembered by each that finds some.
const RECENT: usize = 4096;
/// And no longer URLs, in bytes.
const LONGEST_REMEMBERED: usize = 1024;

/// All but what needs no escape in a URL, in HTML and in CSS.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'=')
    .remove(b'+')
    .remove(b',')
    .remove(b'@')
    .remove(b'/');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_links_lead_from_file_to_file() {
        assert_eq!(relative("index.html", "a.html", None), "a.html");
        assert_eq!(relative("a/b/c.html", "a/d.html", None), "../d.html");
        assert_eq!(relative("a/b.html", "a/c/d.html", Some("x")), "c/d.html#x");
        assert_eq!(relative("ab/c.html", "abc/d.html", None), "../abc/d.html");
        assert_eq!(relative("a.html", "a.html", Some("x")), "#x");
        assert_eq!(relative("d/a.html", "d/a.html", None), "a.html");
        assert_eq!(
            relative("a.html", "%63on/é b&(.png", None),
            "%2563on/%C3%A9%20b%26%28.png"
        );
    }
}
