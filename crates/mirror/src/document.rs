//! A document as it is in the copy: its links lead to files, and what browsers refuse a page that is
//! opened from disk is in the page itself, or beside it.
//!
//! What they refuse was tried in Chromium: modules, workers, what scripts fetch, subtitles, masks,
//! clip paths and filters, what has `integrity` or `crossorigin`. Data URLs they take, but for modules.

use std::borrow::Cow;
use std::io;

use links::{Document, Edit, Format, Kind, Link, Role};
use url::Url;

use crate::charset::Naming;
use crate::inline::{Form, Inliner};
use crate::layout::{File, Finder, Layout, relative};

/// What was captured, and where it is in the copy.
pub(crate) struct Source<'c> {
    pub(crate) url: &'c Url,
    pub(crate) path: &'c str,
    pub(crate) content_type: Option<&'c str>,
    pub(crate) content: Cow<'c, [u8]>,
}

/// What the copy has of it.
pub(crate) struct Edited<'c> {
    pub(crate) content: Cow<'c, [u8]>,
    /// What works only when it is served.
    pub(crate) only_served: Vec<OnlyServed>,
}

/// Something that does not work in a page that is opened from disk, but when it is served.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct OnlyServed {
    /// The file that refers to it: its path in the copy.
    pub path: String,
    /// What it refers to.
    pub url: String,
    /// Why it does not work.
    pub reason: Obstacle,
}

/// Why something works only when it is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// There are no service workers but over HTTP.
    #[error("a service worker")]
    ServiceWorker,
    /// It would have to be in the file that refers to it, and is too long for that, or that file has
    /// too many.
    #[error("too long to be brought along")]
    TooLong,
}

/// Makes of documents what the copy has of them, one at a time.
pub(crate) struct Editor<'a> {
    pub(crate) finder: Finder<'a>,
    pub(crate) inliner: Inliner<'a>,
}

impl<'a> Editor<'a> {
    pub(crate) fn new(layout: &'a Layout<'a>, inliner: Inliner<'a>) -> Self {
        Editor {
            finder: Finder::new(layout),
            inliner,
        }
    }

    /// Edits what was captured.
    ///
    /// # Errors
    ///
    /// The captures cannot be read.
    pub(crate) fn edit<'c>(&mut self, source: Source<'c>) -> io::Result<Edited<'c>> {
        let Source {
            url,
            path,
            content_type,
            content,
        } = source;
        let whole = |content| Edited {
            content,
            only_served: Vec::new(),
        };
        let Some(format) = Format::of(content_type, &content, url) else {
            let naming = Naming::of_text(content_type, &content);
            return Ok(whole(naming.apply(content)));
        };
        let charset = content_type.and_then(links::charset);
        let mut document = Document::new(&content, format, charset, url);
        document.drop_policies();
        let naming = Naming::of(document.charset(), &content, format);
        self.inliner.begin();
        let mut page = Page {
            editor: self,
            document: &document,
            path,
            only_served: Vec::new(),
        };
        let edits: Vec<_> = if format == Format::List || is_data(&document) {
            let edit = |link: &Link| page.edit_data(link);
            document.links().iter().map(edit).collect()
        } else {
            document
                .links()
                .iter()
                .map(|link| page.edit(link))
                .collect()
        };
        let only_served = page.only_served;
        let mut edits = edits.into_iter();
        let edited = document.rewrite(&naming.head(), |_| edits.next().flatten());
        let edited = match edited {
            Cow::Owned(edited) => Some(edited),
            Cow::Borrowed(_) => None,
        };
        std::mem::replace(&mut self.finder.failed, Ok(()))?;
        Ok(Edited {
            content: naming.apply(edited.map_or(content, Cow::Owned)),
            only_served,
        })
    }
}

/// A document that is edited.
struct Page<'p, 'a, 'c> {
    editor: &'p mut Editor<'a>,
    document: &'p Document<'c>,
    path: &'p str,
    only_served: Vec<OnlyServed>,
}

impl Page<'_, '_, '_> {
    fn edit(&mut self, link: &Link) -> Option<Edit> {
        if link.kind == Kind::Base {
            return Some(Edit::Url(relative(self.path, self.path, None)));
        }
        let Some(file) = self.editor.finder.find(&link.url) else {
            return elsewhere(link);
        };
        match self.role(link) {
            Role::Mask | Role::ClipPath | Role::Paint | Role::Track => {
                Some(Edit::Unguarded(self.data(link, &file, Form::AsItIs)))
            }
            Role::Fetch => Some(Edit::Url(self.data(link, &file, Form::AsItIs))),
            Role::Worker | Role::WorkerImport => {
                Some(Edit::Url(self.data(link, &file, Form::Worker)))
            }
            Role::ServiceWorker => {
                self.note(link, Obstacle::ServiceWorker);
                None
            }
            _ => Some(Edit::Unguarded(self.way(&file))),
        }
    }

    /// A sitemap or a feed is data, made to be taken elsewhere; only how it looks is of here.
    fn edit_data(&mut self, link: &Link) -> Option<Edit> {
        let file = self.editor.finder.find(&link.url)?;
        let is_style = link.role == Role::Stylesheet && !link.is_nested();
        is_style.then(|| Edit::Url(self.way(&file)))
    }

    fn way(&self, file: &File) -> String {
        relative(self.path, &file.path, file.fragment.as_deref())
    }

    /// The role of a link, or that of what it is given to.
    fn role(&self, link: &Link) -> Role {
        if link.role != Role::ModuleUrl {
            return link.role;
        }
        let start = link.span.start.saturating_sub(LONGEST_CALL);
        let before = self.document.text(start..link.span.start);
        let before: String = before
            .chars()
            .filter(|char| !char.is_whitespace())
            .collect();
        let call = before.trim_end_matches(['"', '\'', '`']);
        let is_worker = call.ends_with("Worker(newURL(") || call.ends_with(".addModule(newURL(");
        if is_worker { Role::Worker } else { link.role }
    }

    /// What is fetched where it stands: a data URL of it, if that is not too long.
    fn data(&mut self, link: &Link, file: &File, form: Form) -> String {
        if file.path == self.path {
            return self.way(file);
        }
        let Editor {
            inliner, finder, ..
        } = &mut *self.editor;
        let Some(data) = inliner.data(finder, file, form) else {
            self.note(link, Obstacle::TooLong);
            return self.way(file);
        };
        match &file.fragment {
            Some(fragment) => format!("{data}#{fragment}"),
            None => data,
        }
    }

    fn note(&mut self, link: &Link, reason: Obstacle) {
        self.only_served.push(OnlyServed {
            path: self.path.to_owned(),
            url: link.url.to_string(),
            reason,
        });
    }
}

/// A link to what is not kept: there it is, online.
fn elsewhere(link: &Link) -> Option<Edit> {
    match link.role {
        // What scripts ask for by themselves is resolved against the page that has them.
        Role::Fetch | Role::Worker | Role::WorkerImport | Role::ServiceWorker | Role::ModuleUrl => {
            None
        }
        _ => Some(Edit::Url(link.url.to_string())),
    }
}

/// Whether it is a list or a feed, which others read than browsers.
fn is_data(document: &Document<'_>) -> bool {
    let is_entry = |link: &Link| matches!(link.role, Role::Entry | Role::Sitemap);
    document.links().iter().any(is_entry)
}

/// In bytes: `new SharedWorker(new URL("`, and blanks.
const LONGEST_CALL: usize = 64;
