//! Files that are brought along within others, as data URLs.

use std::collections::HashMap;

use archive::Reader;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use links::{Document, Edit, Format, Link, Role};
use url::Url;

use crate::layout::{File, Finder, Layout};
use crate::module;

/// Reads files and makes data URLs of them.
pub(crate) struct Inliner<'a> {
    archive: &'a Reader,
    max_content: u64,
    /// That in the document at hand.
    room: Room,
    /// Some that were made, and some that cannot be; they depend on nothing else.
    recent: HashMap<(u32, Form), Option<String>>,
    /// Their length.
    remembered: usize,
}

/// What is brought along of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    AsItIs,
    /// The script of a worker, with all in it that it loads.
    Worker,
}

impl<'a> Inliner<'a> {
    pub(crate) fn new(archive: &'a Reader, max_content: u64) -> Self {
        Inliner {
            archive,
            max_content,
            room: Room(MOST_IN_ONE),
            recent: HashMap::new(),
            remembered: 0,
        }
    }

    /// Begins with another document.
    pub(crate) fn begin(&mut self) {
        self.room = Room(MOST_IN_ONE);
    }

    /// Returns the URL and the content of what was captured, unless it cannot be read or is too long
    /// to be in another file.
    pub(crate) fn read(&self, layout: &Layout<'_>, place: u32) -> Option<(Url, Vec<u8>)> {
        self.read_up_to(LONGEST, layout, place)
    }

    /// The same of a module, which has a file of its own.
    pub(crate) fn module(&self, layout: &Layout<'_>, place: u32) -> Option<(Url, Vec<u8>)> {
        self.read_up_to(LONGEST_MODULE, layout, place)
    }

    fn read_up_to(&self, most: u64, layout: &Layout<'_>, place: u32) -> Option<(Url, Vec<u8>)> {
        let entry = layout.entry(place).ok()?;
        let url = Url::parse(&entry.url).ok()?;
        let capture = self.archive.read(&entry).ok()?;
        let limit = most.min(self.max_content);
        let content = capture.content(limit).ok()?;
        // Of what has no coding, the limit is not looked at.
        let is_short = content.len() as u64 <= limit;
        is_short.then(|| (url, content.into_owned()))
    }

    /// Returns a data URL of a file; nothing if it cannot be read, is too long, or there is no more
    /// room for it.
    pub(crate) fn data(
        &mut self,
        finder: &mut Finder<'_>,
        file: &File,
        form: Form,
    ) -> Option<String> {
        if self.room.is_full() {
            return None;
        }
        let known = (file.place, form);
        let data = if let Some(data) = self.recent.get(&known) {
            data.clone()
        } else {
            // What is in it does not depend on where it comes: it has room of its own.
            let data = self.make(finder, file, form, &mut Room(MOST_IN_ONE), DEEPEST);
            self.remember(known, data.as_deref());
            data
        };
        self.room.put(data)
    }

    fn make(
        &self,
        finder: &mut Finder<'_>,
        file: &File,
        form: Form,
        room: &mut Room,
        deeper: usize,
    ) -> Option<String> {
        let (url, content) = self.read(finder.layout, file.place)?;
        let (media_type, content) = match form {
            Form::AsItIs => {
                let media_type = file.media_type.unwrap_or("application/octet-stream");
                (media_type, content)
            }
            Form::Worker => {
                let document = Document::new(&content, Format::Script, None, &url);
                let edit = |link: &Link| self.within_worker(finder, link, room, deeper);
                (module::SCRIPT, document.rewrite("", edit).into_owned())
            }
        };
        Some(format!(
            "data:{media_type};base64,{}",
            STANDARD.encode(content)
        ))
    }

    fn within_worker(
        &self,
        finder: &mut Finder<'_>,
        link: &Link,
        room: &mut Room,
        deeper: usize,
    ) -> Option<Edit> {
        if room.is_full() || deeper == 0 {
            return None;
        }
        let file = finder.find(&link.url)?;
        let form = match link.role {
            Role::ModuleImport | Role::Worker | Role::WorkerImport => Form::Worker,
            _ => Form::AsItIs,
        };
        let data = self.make(finder, &file, form, room, deeper - 1);
        room.put(data).map(Edit::Url)
    }

    fn remember(&mut self, known: (u32, Form), data: Option<&str>) {
        let length = data.map_or(0, str::len) + LEAST;
        if self.remembered + length > MOST_REMEMBERED {
            self.recent.clear();
            self.remembered = 0;
        }
        self.remembered += length;
        self.recent.insert(known, data.map(str::to_owned));
    }
}

/// How many more bytes may come into a file. It bounds the work, too: what is short, or cannot be
/// brought along, counts as more than it is.
struct Room(usize);

impl Room {
    fn is_full(&self) -> bool {
        self.0 == 0
    }

    /// Puts it in; nothing does fit any more once something did not.
    fn put(&mut self, data: Option<String>) -> Option<String> {
        let cost = data.as_ref().map_or(FAILED, |data| data.len().max(LEAST));
        let left = self.0.checked_sub(cost);
        self.0 = left.unwrap_or(0);
        left.and(data)
    }
}

/// A longer file is not brought along within another, in bytes.
const LONGEST: u64 = 2 << 20;
/// A longer module has no carrier, in bytes.
const LONGEST_MODULE: u64 = 8 << 20;
/// So many bytes come into one file at the most.
const MOST_IN_ONE: usize = 8 << 20;
/// What one counts for at least, in bytes.
const LEAST: usize = 1 << 10;
/// What one counts for that is read in vain.
const FAILED: usize = 64 << 10;
/// Scripts of workers stand so deep in others at the most.
const DEEPEST: usize = 4;
/// In bytes.
const MOST_REMEMBERED: usize = 8 << 20;
