//! A document as it is in the copy: its links lead to files, and it says itself what only the headers
//! of the answer said.

use std::borrow::Cow;
use std::io;

use links::{Document, Edit, Format, Kind, Link, Role};
use url::Url;

use crate::charset::Naming;
use crate::layout::{Finder, Layout, relative};

/// What was captured, and where it is in the copy.
pub(crate) struct Source<'c> {
    pub(crate) url: &'c Url,
    pub(crate) path: &'c str,
    pub(crate) content_type: Option<&'c str>,
    pub(crate) content: Cow<'c, [u8]>,
}

/// Makes of documents what the copy has of them, one at a time.
pub(crate) struct Editor<'a> {
    finder: Finder<'a>,
}

impl<'a> Editor<'a> {
    pub(crate) fn new(layout: &'a Layout<'a>) -> Self {
        Editor {
            finder: Finder::new(layout),
        }
    }

    /// Edits what was captured.
    ///
    /// # Errors
    ///
    /// The captures cannot be read.
    pub(crate) fn edit<'c>(&mut self, source: Source<'c>) -> io::Result<Cow<'c, [u8]>> {
        let Source {
            url,
            path,
            content_type,
            content,
        } = source;
        let Some(format) = Format::of(content_type, &content, url) else {
            let naming = Naming::of_text(content_type, &content);
            return Ok(naming.apply(content));
        };
        let charset = content_type.and_then(links::charset);
        let mut document = Document::new(&content, format, charset, url);
        document.drop_policies();
        let naming = Naming::of(document.charset(), &content, format);
        let mut page = Page {
            finder: &mut self.finder,
            path,
        };
        let is_data = format == Format::List || is_data(&document);
        let edit = |link: &Link| {
            if is_data {
                page.edit_data(link)
            } else {
                page.edit(link)
            }
        };
        let edited = match document.rewrite(&naming.head(), edit) {
            Cow::Owned(edited) => Some(edited),
            Cow::Borrowed(_) => None,
        };
        std::mem::replace(&mut self.finder.failed, Ok(()))?;
        Ok(naming.apply(edited.map_or(content, Cow::Owned)))
    }
}

/// A document that is edited.
struct Page<'p, 'a> {
    finder: &'p mut Finder<'a>,
    path: &'p str,
}

impl Page<'_, '_> {
    fn edit(&mut self, link: &Link) -> Option<Edit> {
        if link.kind == Kind::Base {
            return Some(Edit::Url(relative(self.path, self.path, None)));
        }
        match self.way(&link.url) {
            Some(way) => Some(Edit::Unguarded(way)),
            None => elsewhere(link),
        }
    }

    /// A sitemap or a feed is data, made to be taken elsewhere; only how it looks is of here.
    fn edit_data(&mut self, link: &Link) -> Option<Edit> {
        let is_style = link.role == Role::Stylesheet && !link.is_nested();
        let way = is_style.then(|| self.way(&link.url)).flatten();
        way.map(Edit::Url)
    }

    fn way(&mut self, url: &Url) -> Option<String> {
        let file = self.finder.find(url)?;
        Some(relative(self.path, &file.path, file.fragment.as_deref()))
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
