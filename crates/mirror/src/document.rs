//! A document as it is in the copy: its links lead to files, and what browsers refuse a page that is
//! opened from disk is in the page itself, or beside it.
//!
//! What they refuse was tried in Chromium: modules, workers, what scripts fetch, subtitles, masks,
//! clip paths and filters, `use` of another file, what has `integrity` or `crossorigin`. Data URLs
//! they take, for all but modules that import one another ([`module`](crate::module)) and `use`
//! ([`symbol`](crate::symbol)).

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::Range;

use links::{Document, Edit, Edited, Format, Kind, Link, Role, Spans, Target};
use url::Url;

use crate::charset::Naming;
use crate::inline::{Form, Inliner};
use crate::layout::{File, Finder, Layout, relative};
use crate::module::{self, ImportMap, Loader, Module};
use crate::symbol::Symbols;

/// What was captured, and where it is in the copy.
pub(crate) struct Source<'c> {
    pub(crate) url: &'c Url,
    pub(crate) path: &'c str,
    pub(crate) content_type: Option<&'c str>,
    /// The `Refresh` header.
    pub(crate) refresh: Option<&'c str>,
    pub(crate) content: Cow<'c, [u8]>,
    /// Where its links stand, if that is known.
    pub(crate) spans: Option<Spans>,
}

/// What the copy has beside a document.
#[derive(Default)]
pub(crate) struct Beside {
    /// The modules that must be there.
    pub(crate) modules: Vec<Module>,
    /// What works only when it is served.
    pub(crate) only_served: Vec<OnlyServed>,
}

/// What the copy has of a document; it need not be in memory.
pub(crate) struct Made<'m> {
    content: Content<'m>,
    naming: Naming,
}

enum Content<'m> {
    AsItIs(&'m [u8]),
    Edited(Edited<'m, 'm>),
}

impl Made<'_> {
    /// Writes it.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(mark) = self.naming.ahead() else {
            return out.write_all(&self.whole());
        };
        out.write_all(&mark)?;
        match &self.content {
            Content::AsItIs(content) => out.write_all(content),
            Content::Edited(edited) => edited.pieces().try_for_each(|piece| out.write_all(piece)),
        }
    }

    /// Returns it whole.
    pub(crate) fn whole(&self) -> Cow<'_, [u8]> {
        self.naming.apply(match &self.content {
            Content::AsItIs(content) => Cow::Borrowed(content),
            Content::Edited(edited) => edited.content(),
        })
    }
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
    /// Modules of a document that is XML, or that stands in another.
    #[error("a module of a document without a head")]
    Headless,
    /// A module of an application that shows what the page's address says: of a file's, that there is
    /// nothing. The page stays as the server made it.
    #[error("an application that goes by the page's address")]
    Routed,
    /// An element of another SVG document that could not be taken out of it.
    #[error("an element of another document")]
    Element,
}

/// Makes of documents what the copy has of them, one at a time.
pub(crate) struct Editor<'a> {
    pub(crate) finder: Finder<'a>,
    pub(crate) inliner: Inliner<'a>,
    /// The modules that classic scripts import, by the places of these.
    imports: HashMap<u32, Vec<Module>>,
}

impl<'a> Editor<'a> {
    pub(crate) fn new(layout: &'a Layout<'a>, inliner: Inliner<'a>) -> Self {
        Editor {
            finder: Finder::new(layout),
            inliner,
            imports: HashMap::new(),
        }
    }

    /// Edits what was captured, and shows what the copy has of it.
    ///
    /// # Errors
    ///
    /// The captures cannot be read; or those of `put`.
    pub(crate) fn edit(
        &mut self,
        source: Source<'_>,
        put: &mut dyn FnMut(&Made<'_>) -> io::Result<()>,
    ) -> io::Result<Beside> {
        let Source {
            url,
            path,
            content_type,
            refresh,
            content,
            spans,
        } = source;
        let Some(format) = Format::of(content_type, &content, url) else {
            put(&Made {
                naming: Naming::of_text(content_type, &content),
                content: Content::AsItIs(&content),
            })?;
            return Ok(Beside::default());
        };
        let charset = content_type.and_then(links::charset);
        let known = spans.as_ref();
        let known = known.and_then(|it| Document::with_spans(&content, format, charset, url, it));
        let mut document = known.unwrap_or_else(|| Document::new(&content, format, charset, url));
        document.drop_policies();
        let naming = Naming::of(document.charset(), &content, format);
        self.inliner.begin();
        let mut page = Page {
            editor: self,
            document: &document,
            content: &content,
            is_routed: None,
            format,
            url,
            path,
            imports: Imports::ByFile,
            loader: Loader::default(),
            symbols: Symbols::default(),
            only_served: Vec::new(),
        };
        let is_data = format == Format::List || document.is_data();
        let edits = document.edits(|link| {
            if is_data {
                page.edit_data(link)
            } else {
                page.edit(link)
            }
        });
        let head = match format {
            Format::Html => {
                let refresh = refresh.map(|header| page.refresh(header));
                let loader = page.loader.markup(path);
                let naming = naming.ahead_of(&loader, document.charset());
                naming.head() + &refresh.unwrap_or_default() + &loader
            }
            _ => String::new(),
        };
        let (modules, only_served) = (page.loader.into_modules(), page.only_served);
        std::mem::replace(&mut self.finder.failed, Ok(()))?;
        put(&Made {
            content: Content::Edited(edits.with_head(&head)),
            naming,
        })?;
        Ok(Beside {
            modules,
            only_served,
        })
    }

    /// Returns a module as a script that brings it to the pages that import it, and what it imports
    /// itself; nothing if it cannot be read.
    ///
    /// # Errors
    ///
    /// The captures cannot be read.
    pub(crate) fn carrier(&mut self, module: &Module) -> io::Result<Option<(String, Vec<Module>)>> {
        let Some((url, content)) = self.inliner.module(self.finder.layout, module.place) else {
            return Ok(None);
        };
        let (imports, text) = if module.is_script() {
            self.alone(&content, &url, &module.path, Imports::ByKey)
        } else {
            (Vec::new(), String::from_utf8_lossy(&content).into_owned())
        };
        std::mem::replace(&mut self.finder.failed, Ok(()))?;
        Ok(Some((module::carrier(module, &imports, &text), imports)))
    }

    /// Edits a script for another place than its own.
    fn alone(
        &mut self,
        content: &[u8],
        url: &Url,
        path: &str,
        imports: Imports,
    ) -> (Vec<Module>, String) {
        let document = Document::new(content, Format::Script, None, url);
        self.inliner.begin();
        let mut page = Page {
            editor: self,
            document: &document,
            content,
            is_routed: None,
            format: Format::Script,
            url,
            path,
            imports,
            loader: Loader::default(),
            symbols: Symbols::default(),
            only_served: Vec::new(),
        };
        let edits = document.edits(|link| page.edit(link));
        let modules = page.loader.into_modules();
        let edited = edits.apply("");
        (modules, String::from_utf8_lossy(&edited).into_owned())
    }

    /// The modules that a classic script imports when it runs.
    fn imported_by(&mut self, file: &File) -> Vec<Module> {
        if let Some(known) = self.imports.get(&file.place) {
            return known.clone();
        }
        let mut modules = Vec::new();
        if file.media_type == Some(module::SCRIPT)
            && let Some((url, content)) = self.inliner.read(self.finder.layout, file.place)
        {
            for link in Document::new(&content, Format::Script, None, &url).links() {
                if link.role == Role::ModuleImport {
                    modules.extend(self.finder.find(&link.url).map(Module::from));
                }
            }
        }
        if self.imports.len() >= MOST_KNOWN {
            self.imports.clear();
        }
        self.imports.insert(file.place, modules.clone());
        modules
    }
}

/// By what name a script imports modules.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Imports {
    /// By the way to their files.
    ByFile,
    /// By a key of the import map: the script is brought to the page.
    ByKey,
}

/// A document that is edited.
struct Page<'p, 'a, 'c> {
    editor: &'p mut Editor<'a>,
    document: &'p Document<'c>,
    content: &'p [u8],
    /// Whether its modules show what its address says, once that matters.
    is_routed: Option<bool>,
    format: Format,
    url: &'p Url,
    path: &'p str,
    imports: Imports,
    loader: Loader,
    symbols: Symbols,
    only_served: Vec<OnlyServed>,
}

impl Page<'_, '_, '_> {
    fn edit(&mut self, link: &Link) -> Option<Edit> {
        if link.kind == Kind::Base {
            return Some(Edit::Url(relative(self.path, self.path, None)));
        }
        if matches!(link.role, Role::ImportMap | Role::ImportMapKey) {
            let url = link.url.to_url();
            if url.path().ends_with('/') {
                return Some(Edit::Url(self.prefix(&url)));
            }
        }
        let Some(file) = self.editor.finder.find(&link.url) else {
            return self.elsewhere(link);
        };
        match self.role(link) {
            Role::ModuleScript => self.module_script(link, file),
            Role::ModulePreload => Some(self.module_preload(link, file)),
            Role::ModuleImport => Some(self.module_import(link, file)),
            Role::ImportMap | Role::ImportMapKey => {
                self.import_map(link);
                if link.role == Role::ImportMap {
                    self.load(link, file.clone());
                }
                Some(Edit::Url(self.way(link, &file)))
            }
            Role::Script => {
                for module in self.editor.imported_by(&file) {
                    self.load_module(link, module);
                }
                Some(Edit::Unguarded(self.way(link, &file)))
            }
            Role::Use if self.is_use(link) => Some(self.element_of(link, &file)),
            Role::Mask | Role::ClipPath | Role::Paint | Role::Track => {
                Some(Edit::Unguarded(self.data(link, &file, Form::AsItIs)))
            }
            Role::Fetch => Some(Edit::Url(self.data(link, &file, Form::AsItIs))),
            Role::Worker | Role::WorkerImport => {
                Some(Edit::Url(self.data(link, &file, Form::Worker)))
            }
            Role::Manifest if self.format == Format::Html && !link.is_nested() => {
                Some(self.manifest(link, &file))
            }
            Role::ServiceWorker => {
                self.note(link, Obstacle::ServiceWorker);
                None
            }
            _ => Some(Edit::Unguarded(self.way(link, &file))),
        }
    }

    /// A sitemap or a feed is data, made to be taken elsewhere; only how it looks is of here.
    fn edit_data(&mut self, link: &Link) -> Option<Edit> {
        let file = self.editor.finder.find(&link.url)?;
        let is_style = link.role == Role::Stylesheet && !link.is_nested();
        is_style.then(|| Edit::Url(self.way(link, &file)))
    }

    /// The tag that says what a `Refresh` header says (HTML §7.4.6).
    fn refresh(&mut self, header: &str) -> String {
        let link = links::header_links("Refresh", header, self.url).pop();
        let edited = link.and_then(|link| Some((self.edit(&link)?, link.span)));
        let content = match edited {
            Some((Edit::Url(url) | Edit::Unguarded(url), Range { start, end })) => {
                format!("{}{url}{}", &header[..start], &header[end..])
            }
            _ => header.to_owned(),
        };
        let content = content.replace('&', "&amp;").replace('"', "&quot;");
        format!("<meta http-equiv=\"refresh\" content=\"{content}\">")
    }

    /// A link to what is not kept: there it is, online. Nothing that was asked for and not had is
    /// asked for again whenever the page is opened: it fails at once, as it did.
    fn elsewhere(&mut self, link: &Link) -> Option<Edit> {
        let is_loaded = match link.role {
            // What scripts ask for by themselves is resolved against the page that has them.
            Role::Fetch
            | Role::Worker
            | Role::WorkerImport
            | Role::ServiceWorker
            | Role::ModuleUrl => return None,
            Role::Preview
            | Role::StructuredData
            | Role::Feed
            | Role::Alternate
            | Role::ManifestUrl
            | Role::ImportMap
            | Role::ImportMapKey => false,
            _ => matches!(link.kind, Kind::Requisite | Kind::Embedded),
        };
        if is_loaded && self.editor.finder.is_lost(&link.url) {
            let nothing = match link.role {
                Role::Frame => "about:blank",
                // Browsers prefer a data URL to what they would have to ask for.
                _ if link.is_candidate() => "about:blank",
                // It shows what is in it instead.
                Role::Object => "data:x/x,",
                // A broken picture, an empty script or style sheet: nothing is asked for.
                _ => "data:,",
            };
            return Some(Edit::Url(format!("{nothing}#{}", link.url)));
        }
        Some(Edit::Url(link.url.to_string()))
    }

    fn way(&self, link: &Link, file: &File) -> String {
        relative(self.path, &file.path, file.fragment(&link.url))
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
        if *file.path == *self.path {
            return self.way(link, file);
        }
        let Editor {
            inliner, finder, ..
        } = &mut *self.editor;
        let Some(data) = inliner.data(finder, file, form) else {
            self.note(link, Obstacle::TooLong);
            return self.way(link, file);
        };
        match file.fragment(&link.url) {
            Some(fragment) => format!("{data}#{fragment}"),
            None => data,
        }
    }

    /// Browsers ask for a manifest, and refuse it from disk: there, it is one no more, before they do.
    fn manifest(&self, link: &Link, file: &File) -> Edit {
        let before = self.text_without(link.tag.start..link.span.start, &link.guards);
        let after = self.text_without(link.span.end..link.tag.end, &link.guards);
        let way = self.way(link, file).replace('=', "&#61;");
        Edit::Element(format!("{before}{way}{after}{NO_MANIFEST}"))
    }

    fn module_script(&mut self, link: &Link, file: File) -> Option<Edit> {
        let way = module::dotted(relative(self.path, &file.path, None));
        if !self.load(link, file) {
            return Some(Edit::Unguarded(way));
        }
        let tag = self.tag_without(link)?;
        Some(Edit::Element(format!("{tag}import \"{way}\"</script>")))
    }

    fn module_preload(&mut self, link: &Link, file: File) -> Edit {
        let way = self.way(link, &file);
        if self.load(link, file) {
            Edit::Element(String::new())
        } else {
            Edit::Unguarded(way)
        }
    }

    fn module_import(&mut self, link: &Link, file: File) -> Edit {
        let url = match self.imports {
            Imports::ByFile => relative(self.path, &file.path, None),
            Imports::ByKey => module::key(&file.path),
        };
        // A file's own imports are followed when it is brought along.
        if self.format != Format::Script || self.imports == Imports::ByKey {
            self.load(link, file);
        }
        Edit::Url(url)
    }

    /// Takes the import map that a link is in.
    fn import_map(&mut self, link: &Link) {
        if link.is_nested() || self.loader.has_map() {
            return;
        }
        let element = self.document.text(link.element.clone());
        let base = self.document.base().unwrap_or(self.url).clone();
        let map = ImportMap::parse(&element, |address| {
            let url = module::is_url_like(address).then(|| base.join(address).ok())??;
            if url.path().ends_with('/') {
                return Some(self.prefix(&url));
            }
            let target = Target::of(url.clone());
            let file = target.and_then(|target| self.editor.finder.find(&target));
            Some(match file {
                Some(file) => relative(self.path, &file.path, None),
                None => url.into(),
            })
        });
        self.loader.set_map(map);
    }

    /// Where the files are of URLs that begin so.
    fn prefix(&self, url: &Url) -> String {
        let is_near = url.origin() == self.url.origin();
        let folder = is_near
            .then(|| self.editor.finder.layout.folder(url))
            .flatten();
        folder.map_or_else(
            || url.to_string(),
            |folder| {
                let way = relative(self.path, &folder, None);
                if way.is_empty() { "./".to_owned() } else { way }
            },
        )
    }

    /// Has the page load a module, if it can.
    fn load(&mut self, link: &Link, file: File) -> bool {
        self.load_module(link, Module::from(file))
    }

    fn load_module(&mut self, link: &Link, module: Module) -> bool {
        let can = !link.is_nested() && matches!(self.format, Format::Html | Format::Script);
        if can && self.is_routed(link) {
            return false;
        }
        if can {
            self.loader.add(module);
        } else {
            self.note(link, Obstacle::Headless);
        }
        can
    }

    /// Tells whether the page's modules show what its address says, and notes the first of them.
    fn is_routed(&mut self, link: &Link) -> bool {
        if let Some(is_routed) = self.is_routed {
            return is_routed;
        }
        let is_routed = module::is_routed(self.content);
        self.is_routed = Some(is_routed);
        if is_routed {
            self.note(link, Obstacle::Routed);
        }
        is_routed
    }

    /// The start tag that a link is in, without the attribute that it is, and without its guards.
    fn tag_without(&self, link: &Link) -> Option<String> {
        const QUOTES: [char; 2] = ['"', '\''];
        let before = self.text_without(link.tag.start..link.span.start, &link.guards);
        let after = self.text_without(link.span.end..link.tag.end, &link.guards);
        let before = before.trim_end();
        let quoted = before.strip_suffix(QUOTES);
        let after = after.trim_start();
        let after = match quoted {
            Some(_) => after.strip_prefix(QUOTES)?,
            None => after,
        };
        let before = quoted
            .unwrap_or(before)
            .trim_end()
            .strip_suffix('=')?
            .trim_end();
        let before = before
            .get(..before.len().checked_sub("src".len())?)?
            .trim_end();
        let after = after
            .trim_end()
            .strip_suffix('>')?
            .trim_end_matches('/')
            .trim();
        let blank = if after.is_empty() { "" } else { " " };
        Some(format!("{before}{blank}{after}>"))
    }

    /// The text of a span, but for what stands in some others.
    fn text_without(&self, span: Range<usize>, others: &[Range<usize>]) -> String {
        let mut text = String::new();
        let mut at = span.start;
        for other in others
            .iter()
            .filter(|other| span.start <= other.start && other.end <= span.end)
        {
            text += &self.document.text(at..other.start);
            at = other.end;
        }
        text + &self.document.text(at..span.end)
    }

    fn is_use(&self, link: &Link) -> bool {
        let tag = self.document.text(link.tag.clone());
        let name = tag
            .split(|char: char| char.is_ascii_whitespace() || char == '/')
            .next();
        name.is_some_and(|name| name.eq_ignore_ascii_case("<use"))
    }

    /// An element of another document comes into this one.
    fn element_of(&mut self, link: &Link, file: &File) -> Edit {
        let found = file.fragment(&link.url).filter(|_| !link.is_nested());
        let found = found.and_then(|id| {
            let editor = &mut *self.editor;
            self.symbols.take(&file.path, id, || {
                editor
                    .inliner
                    .read(editor.finder.layout, file.place)
                    .map(|(_, content)| content)
            })
        });
        let Some((definition, id)) = found else {
            self.note(link, Obstacle::Element);
            return Edit::Unguarded(self.way(link, file));
        };
        if definition.is_empty() {
            return Edit::Url(format!("#{id}"));
        }
        let text = |from, to| self.document.text(from..to);
        let before = text(link.tag.start, link.span.start);
        let after = text(link.span.end, link.tag.end);
        Edit::Element(format!("{definition}{before}#{id}{after}"))
    }

    fn note(&mut self, link: &Link, reason: Obstacle) {
        self.only_served.push(OnlyServed {
            path: self.path.to_owned(),
            url: link.url.to_string(),
            reason,
        });
    }
}

const NO_MANIFEST: &str = "<script>if(location.protocol==='file:')\
    document.currentScript.previousSibling.rel='x-manifest'</script>";
/// Of so many classic scripts it is remembered what they import.
const MOST_KNOWN: usize = 1024;
/// In bytes: `new SharedWorker(new URL("`, and blanks.
const LONGEST_CALL: usize = 64;
