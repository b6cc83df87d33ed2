use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::resolve::Target;
use crate::text::Source;

/// A URL that a document refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// What it refers to, with its fragment.
    pub url: Target,
    /// Whether it is fetched, and by whose rules.
    pub kind: Kind,
    /// What it is used as.
    pub role: Role,
    /// Where the URL stands in the document, in bytes.
    pub span: Range<usize>,
    /// The URL as it stands there, escapes undone and blanks around it removed.
    pub text: String,
    /// The start tag whose attribute or content the URL is in; empty where there is none (in a
    /// style sheet, in a script file). Within a nested document, a `srcdoc`, it is the tag there.
    pub tag: Range<usize>,
    /// The element of that tag, as far as it is text with an end tag (`script`, `style`, `iframe`);
    /// of other elements, the tag. This is what [`Edit::Element`] replaces.
    pub element: Range<usize>,
    /// The `integrity` and `crossorigin` attributes of that tag. [`Edit::Unguarded`] drops them.
    pub guards: Vec<Range<usize>>,
    pub(crate) place: Place,
}

impl Link {
    /// Which is yet to be told of.
    pub(crate) fn nothing() -> Self {
        Link {
            url: Target::nothing(),
            kind: Kind::Hint,
            role: Role::Anchor,
            span: 0..0,
            text: String::new(),
            tag: 0..0,
            element: 0..0,
            guards: Vec::new(),
            place: Place::new(Within::Nothing, None),
        }
    }

    /// Returns whether it stands in a document within the document: in a `srcdoc`, or in an item of
    /// a feed.
    pub fn is_nested(&self) -> bool {
        self.place.around[0].is_some()
    }

    /// Returns whether it is one of several pictures of which a browser takes one: in a `srcset`.
    pub fn is_candidate(&self) -> bool {
        self.place.within == Within::List
    }
}

/// Whether and why what is named is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// A person may go there: `a`, `area`, meta refresh, `link rel=next`.
    Navigation,
    /// The document needs it to look and work as it should: images, styles, scripts, fonts.
    Requisite,
    /// A document shown inside it: `iframe`, `frame`, `object`, `embed`.
    Embedded,
    /// Named, but loaded by nobody until a person or a script acts: form actions, connections to
    /// prepare. A URL to rewrite when it is kept, no reason to fetch it.
    Hint,
    /// The `<base>` that the others were resolved against.
    Base,
    /// A script has the name of a file in a string, and may ask for it: from here, from where the
    /// page is that runs the script, or from nowhere. What is not there is no loss. No guess is
    /// among [`Document::links`](crate::Document::links), for nothing of it is ever rewritten, but
    /// for what a script file is seen to fetch.
    Guess,
}

/// What exactly a URL is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Role {
    /// `a` and `area`, of HTML and SVG.
    Anchor,
    /// Meta refresh, the `Refresh` header, or a script of a page that goes there: `location = "…"`,
    /// `window.open("…")`.
    Refresh,
    /// `base`.
    Base,
    /// `form action`, `formaction`.
    Form,
    /// `a ping`.
    Ping,
    /// `cite`, `longdesc`.
    Citation,
    /// `iframe` and `frame`.
    Frame,
    /// `object`, `embed`, `applet` and what belongs to them.
    Object,
    /// Pictures: `img`, `srcset`, `poster`, `background`, `image` and `feImage` of SVG, `url()` in
    /// most properties of CSS.
    Image,
    /// `audio`, `video`, their `source`s, and enclosures of feeds.
    Media,
    /// `track`.
    Track,
    /// `link rel=icon` and its like; icons of a manifest.
    Icon,
    /// `link rel=stylesheet`, `<?xml-stylesheet?>`.
    Stylesheet,
    /// `@import` of CSS.
    StyleImport,
    /// `src` in an `@font-face`, `font-face-uri`.
    Font,
    /// An element of an SVG document that is drawn here: `use`, and what patterns, gradients,
    /// `mpath` and `textPath` refer to. Browsers refuse it across origins.
    Use,
    /// An image that browsers load with CORS: `mask`, `mask-image`, `shape-outside` and their like.
    Mask,
    /// An element of an SVG document that paints: `filter`, `fill`, `stroke`, `marker`.
    Paint,
    /// An element of an SVG document that `clip-path` refers to.
    ClipPath,
    /// A classic script.
    Script,
    /// `script type=module`.
    ModuleScript,
    /// What a module imports: `import`, `export … from`, `import()`; a rewritten one begins with
    /// `./`, `../`, `/` or a scheme.
    ModuleImport,
    /// An address of an import map. Ending in `/` it is a prefix, and a [`Kind::Hint`].
    ImportMap,
    /// A URL that an import map maps away from, or the scope of one.
    ImportMapKey,
    /// `new URL("…", import.meta.url)`, or against `document.currentScript.src`.
    ModuleUrl,
    /// `fetch("…")`, and `open("GET", "…")` of an `XMLHttpRequest`. In a script file it is resolved
    /// as if the document stood beside the script, which is a [guess](Kind::Guess).
    Fetch,
    /// `new Worker("…")`, `new SharedWorker("…")`, worklets. In a script file it is resolved as if
    /// the document stood beside the script.
    Worker,
    /// `importScripts("…")`, in a worker.
    WorkerImport,
    /// `serviceWorker.register("…")`.
    ServiceWorker,
    /// `link rel=preload`.
    Preload,
    /// `link rel=modulepreload`.
    ModulePreload,
    /// `prefetch`, `prerender`, `preconnect`, `dns-prefetch`.
    Prefetch,
    /// `link rel=manifest`.
    Manifest,
    /// Pages that a manifest names: `start_url`, `scope`, shortcuts.
    ManifestUrl,
    /// `link rel=alternate` of a feed's type.
    Feed,
    /// `link rel=alternate` else.
    Alternate,
    /// `link rel=canonical`.
    Canonical,
    /// `link` of any other `rel`: `next`, `prev`, `help`.
    Related,
    /// Pictures for others who show the page: `og:image`, `twitter:image`.
    Preview,
    /// What structured data (JSON-LD) names.
    StructuredData,
    /// What scripts will show later: `data-src`, `data-srcset` and their like.
    Lazy,
    /// A page that a sitemap, a feed or a list names.
    Entry,
    /// A sitemap that a sitemap index names.
    Sitemap,
}

/// What to do with a link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Edit {
    /// Put this URL in its place, escaped as the place demands.
    Url(String),
    /// The same, and drop the [guards](Link::guards), which what is kept might not pass.
    Unguarded(String),
    /// Put this markup in the place of the whole [element](Link::element). What the document's
    /// encoding lacks is written as character references. Of several for one element the first
    /// counts, and other edits inside it do not.
    Element(String),
}

/// What a URL stands in: how it must be escaped there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) within: Within,
    /// What that stands in, if it escapes.
    pub(crate) layer: Option<Layer>,
    /// What the document that it stands in stands in itself, innermost first.
    pub(crate) around: [Option<Layer>; DEEPEST],
}

impl Place {
    pub(crate) fn new(within: Within, layer: Option<Layer>) -> Self {
        Place {
            within,
            layer,
            around: [None; DEEPEST],
        }
    }

    pub(crate) fn surround(&mut self, layer: Layer) {
        let free = self.around.iter_mut().find(|around| around.is_none());
        if let Some(free) = free {
            *free = Some(layer);
        }
    }
}

/// How deep documents are searched that stand in others (`srcdoc`, the content of a feed's items).
pub(crate) const DEEPEST: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Quotes {
    Double,
    Single,
    None,
}

/// What escapes a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Layer {
    Attribute(Quotes),
    /// The text of an element.
    Text,
    Cdata,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Within {
    /// It is all there is.
    Nothing,
    /// One of several, with commas and blanks between.
    List,
    /// One of several, with nothing but commas between.
    Commas,
    /// Behind the seconds of a meta refresh.
    Refresh,
    /// A string or a `url()` of CSS.
    Css,
    /// A string of JavaScript or JSON.
    Script,
    /// The same, but one that begins with a name is no URL.
    Module,
    /// Between the angle brackets of a header.
    Header,
    /// A line of a playlist, or in quotes in one.
    Playlist,
}

/// A URL that was found and not resolved yet: small, since there may be very many.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    /// What it says, if that is not what stands there byte for byte.
    pub(crate) text: Option<Box<str>>,
    pub(crate) span: Span,
    pub(crate) origin: Origin,
    pub(crate) kind: Kind,
    pub(crate) role: Role,
    pub(crate) place: Place,
    /// Whether the document did not say the same before.
    pub(crate) is_news: bool,
    /// Whether nothing says what it is for, so that it is none of the links of a document.
    pub(crate) is_guess: bool,
}

impl Reference {
    /// What it says; `source` is what its span refers to.
    pub(crate) fn text<'t>(&'t self, source: Source<'t>) -> &'t str {
        match &self.text {
            Some(text) => text,
            None => source.text(self.span.range()).unwrap_or_default(),
        }
    }

    /// Has it say `text`; `bytes` is what its span refers to.
    pub(crate) fn say(&mut self, text: &str, bytes: &[u8]) {
        let is_there = self.span.of(bytes) == text.as_bytes();
        self.text = (!is_there).then(|| text.into());
    }

    /// Changes all places.
    pub(crate) fn map(&mut self, span: impl Fn(Range<usize>) -> Range<usize>) {
        let map = |old: &mut Span| *old = Span::new(span(old.range()));
        map(&mut self.span);
        let element = self.origin.element();
        map(&mut self.origin.tag);
        self.origin.element_end = Span::new(span(element)).end;
        if let Some(guards) = &self.origin.guards {
            let guards = guards.iter().map(|guard| Span::new(span(guard.range())));
            self.origin.guards = Some(guards.collect());
        }
    }
}

/// The tag that a URL is found in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) tag: Span,
    pub(crate) element_end: u32,
    /// None has none mostly.
    pub(crate) guards: Option<Arc<[Span]>>,
    /// Which of the [bases](Found::bases) is in force.
    pub(crate) base: u32,
}

impl Origin {
    /// Goes on to another tag; the element begins there.
    pub(crate) fn enter(&mut self, tag: Range<usize>, element_end: usize) {
        self.element_end = Span::new(tag.start..element_end).end;
        self.tag = Span::new(tag);
        self.guards = None;
    }

    pub(crate) fn element(&self) -> Range<usize> {
        self.tag.range().start..self.element_end as usize
    }
}

/// A place in a document, of which no more than [`MOST_BYTES`] are searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn new(range: Range<usize>) -> Self {
        // They do fit.
        let [start, end] = [range.start, range.end].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        Span { start, end }
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.range()).unwrap_or_default()
    }
}

/// What was found in a document.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) references: Vec<Reference>,
    /// The first is that of the document.
    pub(crate) bases: Vec<Base>,
    /// Where the head begins.
    pub(crate) head: Option<usize>,
    /// The tags that name a policy of what may be loaded.
    pub(crate) policies: Vec<Range<usize>>,
    /// The crawlers that are asked to follow no link.
    pub(crate) nofollow: Vec<String>,
    /// In bytes, for what they say where that is not what stands there.
    room: usize,
    /// In bytes, for those that are no news.
    room_of_repeated: usize,
    /// How many of the references are news.
    pub(crate) news: usize,
    /// Some that are no news are not among them.
    pub(crate) has_passed_over: bool,
    /// There is more than was found.
    pub(crate) is_cut: bool,
}

/// What URLs are resolved against, within a part of a document.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Base {
    /// The part around this one, which stands before it; none of the whole document.
    pub(crate) around: Option<u32>,
    /// The URL, to be resolved against that of the part around.
    pub(crate) url: Option<String>,
}

impl Found {
    /// Takes in a reference, if there is room for it and what it says: a small document must not become
    /// a large heap.
    pub(crate) fn push(&mut self, reference: Reference) {
        let words = reference.text.as_ref().map_or(0, |text| text.len());
        if reference.is_news {
            let Some(left) = self.room.checked_sub(words) else {
                self.is_cut = true;
                return;
            };
            self.room = left;
            self.news += 1;
        } else {
            let Some(left) = self.room_of_repeated.checked_sub(REFERENCE + words) else {
                self.has_passed_over = true;
                return;
            };
            self.room_of_repeated = left;
        }
        self.references.push(reference);
    }

    /// Drops what is more than the most news.
    pub(crate) fn cut(&mut self) {
        let mut news = 0;
        self.references.retain(|reference| {
            news += usize::from(reference.is_news);
            news <= MOST_LINKS
        });
    }

    /// Nothing yet, of a document of this length.
    pub(crate) fn new(length: usize) -> Self {
        Found {
            room: length * BYTES_OF_URL_A_BYTE + (1 << 20),
            room_of_repeated: MOST_REPEATED * REFERENCE,
            references: Vec::with_capacity(about(length)),
            bases: vec![Base::default()],
            head: None,
            policies: Vec::new(),
            nofollow: Vec::new(),
            news: 0,
            has_passed_over: false,
            is_cut: false,
        }
    }
}

/// More than any page has that a person reads; each costs 64 bytes of memory.
pub(crate) const MOST_LINKS: usize = 100_000;

/// Of what a document says again and again, about so much is kept in mind, where that is of no account.
const MOST_REPEATED: usize = 10_000;

/// About how many references a document of this length has, or more: to make room for them at once.
pub(crate) fn about(length: usize) -> usize {
    (length / 128).min(1024)
}

/// What a reference takes, in bytes.
const REFERENCE: usize = size_of::<Reference>();

/// A document has no more than so many bytes of URLs for each byte that it has.
pub(crate) const BYTES_OF_URL_A_BYTE: usize = 64;

/// So many bytes of a document are searched: places fit into 32 bits, also where each byte becomes two.
pub(crate) const MOST_BYTES: usize = (u32::MAX / 2) as usize;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_as_small_as_is_said() {
        assert_eq!(REFERENCE, 64);
    }
}
