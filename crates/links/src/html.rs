//! The URLs of HTML and XML.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::ops::Range;

use foldhash::quality::RandomState;
use percent_encoding::percent_decode_str;

use crate::attribute::Name;
use crate::holds::{self, Dialect, Holds};
use crate::json;
use crate::link::{
    Base, DEEPEST, Found, Kind, Layer, MOST_LINKS, Origin, Place, Reference, Role, Span, Within,
    about,
};
use crate::near;
use crate::resolve::trimmed;
use crate::scan::{self, Attribute, LONGEST_NAME, Run, Scan, Tag, is_space, text_of};
use crate::text::{Escapes, Source, Text};
use crate::{Format, css, refresh, script, srcset};

/// Finds what a document refers to, in order.
pub(crate) fn references(source: Source<'_>, format: Format) -> Found {
    find(source, format, 0, None)
}

/// Finds what a document refers to, guesses too, and tells what is new; of what is not, not all if that
/// is very much.
pub(crate) fn targets(source: Source<'_>, format: Format) -> Found {
    find(source, format, 0, Some(Told::new(source.bytes.len())))
}

fn find(source: Source<'_>, format: Format, depth: usize, told: Option<Told>) -> Found {
    let document = source.bytes;
    let mut html = Html {
        source,
        format,
        depth,
        found: Found::new(document.len()),
        origin: Origin::default(),
        head: Head::default(),
        dialect: None,
        open: Vec::new(),
        told,
        is_posted: false,
        names: Vec::new(),
    };
    let mut scan = Scan::new(document, format);
    let mut tag = Tag::default();
    while html.found.news < MOST_LINKS && scan.next(&mut tag) {
        let before = html.found.references.len();
        html.tag(&tag);
        // Within a tag, order is that of the looking.
        html.found.references[before..].sort_by_key(|reference| reference.span.range().start);
    }
    html.found.is_cut |= html.found.news >= MOST_LINKS;
    html.found.cut();
    html.found.head = html.head.place(document, format);
    html.found
}

struct Html<'a> {
    source: Source<'a>,
    format: Format,
    /// In how many other documents this one stands.
    depth: usize,
    found: Found,
    /// What is found now is found in this.
    origin: Origin,
    head: Head,
    /// Of XML; none before its first element.
    dialect: Option<Dialect>,
    /// The elements of XML that are open, as far as they matter.
    open: Vec<Open>,
    /// If each is to be told once: what was.
    told: Option<Told>,
    /// The form that was met last is not sent by GET.
    is_posted: bool,
    /// What names of modules stand for that begin so.
    names: Vec<(String, String)>,
}

/// Which references were found before: by fingerprints, keyed anew for each document.
struct Told {
    key: RandomState,
    prints: HashSet<u64, RandomState>,
}

/// An open element of XML.
struct Open {
    name: Range<usize>,
    /// What URLs were resolved against outside of it.
    base: u32,
}

impl Html<'_> {
    fn tag(&mut self, tag: &Tag) {
        let mut lower = [0; LONGEST_NAME];
        let name = scan::lower_case(&self.source.bytes[tag.name.clone()], &mut lower);
        let name = name
            .and_then(|name| str::from_utf8(name).ok())
            .unwrap_or_default();
        let is_xml = self.format == Format::Xml;
        let name = if is_xml { local(name) } else { name };
        if tag.is_end {
            return self.leave(tag);
        }
        self.head.tag(name, tag);
        self.origin.enter(tag.span.clone(), tag.end);
        let dialect = match self.dialect {
            Some(dialect) => dialect,
            None if is_xml && !name.starts_with('?') => {
                let dialect = Dialect::of(name);
                self.dialect = Some(dialect);
                dialect
            }
            None => Dialect::Document,
        };
        if is_xml {
            self.enter(tag);
        }
        if !tag.attributes.is_empty() {
            self.policy(name, tag);
            self.guards(tag);
            self.attributes(name, tag, dialect);
        }
        if matches!(dialect, Dialect::Sitemap | Dialect::Feed) && !tag.self_closing {
            self.text(name, tag, dialect);
        } else if matches!(name, "script" | "style") && (tag.raw.is_some() || tag.is_foreign) {
            self.content(name == "style", tag);
        }
        if is_xml && tag.self_closing {
            self.leave(tag);
        }
    }

    fn attributes(&mut self, element: &str, tag: &Tag, dialect: Dialect) {
        let source = self.source;
        let value = |name: &str| value(source, tag, name);
        // Archives and classes are looked for there.
        let codebase = match element {
            "applet" | "object" if value("codebase").is_some() => Some(self.new_base(None)),
            _ => None,
        };
        let is_get = |method: Cow<'_, str>| method.trim().eq_ignore_ascii_case("get");
        if element == "form" {
            self.is_posted = value("method").is_some_and(|method| !is_get(method));
        }
        for attribute in &tag.attributes {
            let name = attribute.name.as_str();
            // A script of HTML has no other.
            if element == "script" && !tag.is_foreign && name.ends_with("href") {
                continue;
            }
            let Some(holds) = dialect.attribute(element, name, &value) else {
                continue;
            };
            let holds = match holds {
                // HTML §4.10.21.3: it leads somewhere as a link does.
                Holds::Url(_, Role::Form)
                    if value("formmethod").map_or(!self.is_posted, is_get) =>
                {
                    Holds::Url(Kind::Navigation, Role::Form)
                }
                holds => holds,
            };
            let outside = self.origin.base;
            if matches!(name, "archive" | "code" | "classid" | "codebase" | "object") {
                self.origin.base = codebase.unwrap_or(outside);
            }
            self.attribute(attribute, holds);
            self.origin.base = outside;
        }
    }

    fn attribute(&mut self, attribute: &Attribute, holds: Holds) {
        let text = self.source.decode(attribute.value.clone(), Escapes::Html);
        let layer = Some(Layer::Attribute(attribute.quotes));
        match holds {
            // Whoever is asked whether to do it has not said yes.
            Holds::Script if asks_first(&text.decoded) => {}
            Holds::Script => self.javascript(&text, layer),
            Holds::Url(_, Role::Anchor) if is_script(&text.decoded) => self.script_url(&text),
            Holds::Url(kind, role) => {
                // Blanks around it stay where they are not part of it.
                let whole = attribute.value.clone();
                self.whole(&text.decoded, whole, kind, role, layer);
            }
            // Of what is only asked for, nothing is ever rewritten.
            Holds::Perhaps(Kind::Guess, _) if self.told.is_none() => {}
            Holds::Perhaps(kind, role) if holds::is_plainly_url(&text.decoded) => {
                self.whole(&text.decoded, attribute.value.clone(), kind, role, layer);
            }
            // `data-bg` may be either.
            Holds::Perhaps(..) if text.decoded.contains("url(") => {
                self.style(&text, layer, Some(Role::Lazy));
            }
            Holds::Perhaps(..) => {}
            Holds::List(separators, kind, role) => {
                let mut at = 0;
                for piece in text.decoded.split(separators) {
                    let blanks = piece.len() - piece.trim_ascii_start().len();
                    let start = at + blanks;
                    let end = start + piece.trim_ascii().len();
                    at += piece.len() + 1;
                    if start < end {
                        let within = if separators == [','] {
                            Within::Commas
                        } else {
                            Within::List
                        };
                        let place = Place::new(within, layer);
                        self.part(&text, start..end, kind, role, place);
                    }
                }
            }
            Holds::Srcset(role) => {
                for url in srcset::urls(&text.decoded) {
                    let place = Place::new(Within::List, layer);
                    self.part(&text, url, Kind::Requisite, role, place);
                }
            }
            Holds::Style => self.style(&text, layer, None),
            Holds::Property(role) => self.style(&text, layer, Some(role)),
            Holds::Refresh => {
                if let Some(url) = refresh::url(&text.decoded) {
                    let place = Place::new(Within::Refresh, layer);
                    self.part(&text, url, Kind::Navigation, Role::Refresh, place);
                }
            }
            Holds::Html => self.nested(&text, Layer::Attribute(attribute.quotes)),
        }
    }

    /// The text of an element in a sitemap or a feed.
    fn text(&mut self, element: &str, tag: &Tag, dialect: Dialect) {
        let source = self.source;
        let document = source.bytes;
        let parent = self
            .open
            .iter()
            .rev()
            .nth(1)
            .map(|open| &document[open.name.clone()]);
        let mut lower = [0; LONGEST_NAME];
        let parent = parent.and_then(|name| scan::lower_case(name, &mut lower));
        let parent = parent
            .and_then(|name| str::from_utf8(name).ok())
            .unwrap_or_default();
        let is = |name: &str, expected: &str| {
            value(source, tag, name)
                .is_some_and(|value| value.trim().eq_ignore_ascii_case(expected))
        };
        let Some(holds) = dialect.text(element, local(parent), &is) else {
            return;
        };
        // `<slash:comments>` says how many there are.
        if element == "comments" && document[tag.name.clone()].contains(&b':') {
            return;
        }
        let (runs, _) = text_of(document, tag.span.end);
        for Run { span, is_cdata } in runs {
            let (escapes, layer) = if is_cdata {
                (Escapes::None, Layer::Cdata)
            } else {
                (Escapes::Html, Layer::Text)
            };
            let text = source.decode(span, escapes);
            match holds {
                Holds::Html => self.nested(&text, layer),
                Holds::Url(kind, role) => {
                    let start = text.decoded.len() - text.decoded.trim_ascii_start().len();
                    let end = start + text.decoded.trim_ascii().len();
                    if start < end {
                        let place = Place::new(Within::Nothing, Some(layer));
                        self.part(&text, start..end, kind, role, place);
                    }
                }
                _ => {}
            }
        }
    }

    /// The content of a script or a style.
    fn content(&mut self, is_style: bool, tag: &Tag) {
        let runs = match &tag.raw {
            // XHTML that is served as HTML hides its sections in comments; nobody minds.
            Some(raw) => vec![Run {
                span: raw.clone(),
                is_cdata: true,
            }],
            None if tag.self_closing => return,
            None => text_of(self.source.bytes, tag.span.end).0,
        };
        for Run { span, is_cdata } in runs {
            let escapes = if is_cdata {
                Escapes::None
            } else {
                Escapes::Html
            };
            let text = self.source.decode(span, escapes);
            let layer = (!is_cdata).then_some(Layer::Text);
            if is_style {
                self.style(&text, layer, None);
            } else {
                self.script(&text, tag, layer);
            }
        }
    }

    /// HTML §4.12.1: the type says what a script is.
    fn script(&mut self, text: &Text<'_>, tag: &Tag, layer: Option<Layer>) {
        let value = |name| value(self.source, tag, name);
        // What it would run is in the other place.
        if value("src").is_some() {
            return;
        }
        let of = value("type")
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let dialect = match of.as_str() {
            "importmap" => json::Dialect::ImportMap,
            "application/ld+json" => json::Dialect::StructuredData,
            "speculationrules" => json::Dialect::SpeculationRules,
            "application/json" => return self.data(text, layer),
            "" | "module" => return self.javascript(text, layer),
            name if is_javascript(name) => return self.javascript(text, layer),
            _ => return,
        };
        for url in json::urls(&text.decoded, dialect) {
            let within = match url.role {
                Role::ImportMap | Role::ImportMapKey => Within::Module,
                _ => Within::Script,
            };
            let place = Place::new(within, layer);
            let span = text.span(url.span);
            if self.may_bound_a_script(&span) {
                continue;
            }
            if let Some(names) = url.names.filter(|_| self.names.len() < MOST_PREFIXES) {
                self.names.push((names, url.text.clone()));
            }
            self.push(&url.text, url.kind, url.role, span, place);
        }
    }

    /// What scripts are given, among which names of files may be.
    fn data(&mut self, text: &Text<'_>, layer: Option<Layer>) {
        if self.told.is_none() {
            return;
        }
        let mut found = script::urls_and_guesses(&text.decoded, MOST_GUESSES);
        found.retain(|url| url.is_guess);
        self.push_all(found, text, layer);
    }

    fn javascript(&mut self, text: &Text<'_>, layer: Option<Layer>) {
        let guesses = if self.told.is_some() { MOST_GUESSES } else { 0 };
        let (urls, is_cut) = scripts(&text.decoded, Some(&self.names), guesses);
        self.found.is_cut |= is_cut;
        self.push_all(urls, text, layer);
    }

    /// A URL that is a script. It is decoded before it is run, so that in it nothing is rewritten: what it
    /// leads to is only asked for.
    fn script_url(&mut self, text: &Text<'_>) {
        let script = percent_decode_str(&text.decoded).decode_utf8_lossy();
        if self.told.is_none() || asks_first(&script) {
            return;
        }
        for url in script::urls_and_guesses(&script, MOST_GUESSES) {
            let place = Place::new(Within::Script, None);
            if url.is_guess || url.role == Role::Refresh {
                self.push(&url.text, Kind::Guess, Role::Fetch, text.span(0..0), place);
            }
        }
    }

    /// Takes in what was found in a script.
    fn push_all(&mut self, urls: Vec<script::Found>, text: &Text<'_>, layer: Option<Layer>) {
        for url in urls {
            let place = Place::new(url.within(), layer);
            let span = text.span(url.span.clone());
            if url.is_guess || !self.may_bound_a_script(&span) {
                self.push(&url.text, url.kind(), url.role, span, place);
            }
        }
    }

    /// Whether the script might end elsewhere if this were another text: with `<!--<script` or `-->`
    /// (HTML §13.2.5.15 to §13.2.5.31). Neither `<` nor `>` is a URL code point.
    fn may_bound_a_script(&self, span: &Range<usize>) -> bool {
        memchr::memchr2(b'<', b'>', &self.source.bytes[span.clone()]).is_some()
    }

    fn style(&mut self, text: &Text<'_>, layer: Option<Layer>, role: Option<Role>) {
        for url in css::urls(&text.decoded) {
            let span = text.span(url.span);
            let place = Place::new(Within::Css, layer);
            let role = role.unwrap_or(url.role);
            self.push(&url.text, Kind::Requisite, role, span, place);
        }
    }

    /// A document within this one.
    fn nested(&mut self, text: &Text<'_>, layer: Layer) {
        if self.depth >= DEEPEST {
            return;
        }
        let told = self.told.as_ref().map(|_| Told::new(text.decoded.len()));
        let bytes = text.decoded.as_bytes();
        let source = Source::from(&*text.decoded);
        let found = find(source, Format::Html, self.depth + 1, told);
        let first = self.next_base();
        let around = self.origin.base;
        let shifted = found.bases.into_iter().map(|base| Base {
            around: Some(base.around.map_or(around, |around| first + around)),
            ..base
        });
        self.found.bases.extend(shifted);
        let span = |span: Range<usize>| text.span(span);
        self.found
            .policies
            .extend(found.policies.into_iter().map(span));
        for mut reference in found.references {
            let words = reference.span.of(bytes);
            reference.map(span);
            // What it says must not be looked for in other bytes.
            if let (None, Ok(words)) = (&reference.text, str::from_utf8(words)) {
                reference.say(words, self.source.bytes);
            }
            reference.place.surround(layer);
            reference.origin.base += first;
            self.found.push(reference);
        }
        self.found.has_passed_over |= found.has_passed_over;
        self.found.is_cut |= found.is_cut;
    }

    /// All of an attribute.
    fn whole(
        &mut self,
        text: &str,
        span: Range<usize>,
        kind: Kind,
        role: Role,
        layer: Option<Layer>,
    ) {
        if kind == Kind::Base {
            // The first counts (HTML §4.2.3).
            let base = &mut self.found.bases[self.origin.base as usize];
            if base.url.is_some() {
                return;
            }
            base.url = Some(text.to_owned());
        }
        let within = match role {
            // A script imports it by what stands there.
            Role::ModuleImport => Within::Module,
            _ => Within::Nothing,
        };
        self.push(text, kind, role, span, Place::new(within, layer));
    }

    /// A part of a text.
    fn part(&mut self, text: &Text<'_>, part: Range<usize>, kind: Kind, role: Role, place: Place) {
        let span = text.span(part.clone());
        self.push(&text.decoded[part], kind, role, span, place);
    }

    fn push(&mut self, text: &str, kind: Kind, role: Role, span: Range<usize>, place: Place) {
        let told = self.told.as_mut();
        let is_news = told.is_none_or(|it| it.is_news(text, kind, self.origin.base, place.layer));
        let mut reference = Reference {
            text: None,
            span: Span::new(span),
            origin: self.origin.clone(),
            kind,
            role,
            place,
            is_news,
            // In a page, what it asks for by itself is none.
            is_guess: kind == Kind::Guess,
        };
        reference.say(text, self.source.bytes);
        self.found.push(reference);
    }

    /// HTML §4.2.5.3, a `meta` that says by whom the document wants to be given what.
    fn policy(&mut self, element: &str, tag: &Tag) {
        let header = |name| value(self.source, tag, name);
        let names_one = |header: Cow<'_, str>| {
            header
                .trim()
                .eq_ignore_ascii_case("content-security-policy")
        };
        if element == "meta" && header("http-equiv").is_some_and(names_one) {
            self.found.policies.push(tag.span.clone());
        }
        if element == "meta" && self.depth == 0 && self.found.nofollow.len() < MOST_NAMES {
            let asks = |content: Cow<'_, str>| {
                let mut words = content.split(',').map(str::trim);
                words.any(|word| {
                    ["nofollow", "none"]
                        .iter()
                        .any(|it| word.eq_ignore_ascii_case(it))
                })
            };
            if let Some(name) = header("name").filter(|_| header("content").is_some_and(asks)) {
                self.found.nofollow.push(name.trim().to_ascii_lowercase());
            }
        }
    }

    /// The attributes that forbid what is not as it was. The blank before one goes with it where
    /// another, or the end, follows.
    fn guards(&mut self, tag: &Tag) {
        let guards = tag
            .attributes
            .iter()
            .filter(|attribute| attribute.name.is_guard())
            .map(|attribute| {
                let Range { start, end } = attribute.span;
                let (before, after) = (self.source.bytes[start - 1], self.source.bytes[end]);
                let spare = is_space(before) && (is_space(after) || after == b'>');
                Span::new(start - usize::from(spare)..end)
            });
        let mut guards = guards.peekable();
        if guards.peek().is_some() {
            self.origin.guards = Some(guards.collect());
        }
    }

    /// Takes a start tag of XML. (XML Base: what is in the element is resolved against it. Browsers
    /// have given it up; feeds have not.)
    fn enter(&mut self, tag: &Tag) {
        if self.open.len() >= DEEPEST_XML {
            return;
        }
        self.open.push(Open {
            name: tag.name.clone(),
            base: self.origin.base,
        });
        let base = value(self.source, tag, "xml:base");
        if let Some(base) = base.filter(|_| self.dialect == Some(Dialect::Feed)) {
            let base = base.into_owned();
            self.origin.base = self.new_base(Some(base));
        }
    }

    /// Takes an end tag of XML: of the innermost, or of one around it.
    fn leave(&mut self, tag: &Tag) {
        let name = &self.source.bytes[tag.name.clone()];
        let near = self.open.iter().rev().take(NEAR);
        let is_it = |open: &Open| self.source.bytes[open.name.clone()] == *name;
        if let Some(at) = near.into_iter().position(is_it) {
            let at = self.open.len() - 1 - at;
            self.origin.base = self.open[at].base;
            self.open.truncate(at);
        }
    }

    fn new_base(&mut self, url: Option<String>) -> u32 {
        let new = self.next_base();
        self.found.bases.push(Base {
            around: Some(self.origin.base),
            url,
        });
        new
    }

    fn next_base(&self) -> u32 {
        // There are no more than tags.
        u32::try_from(self.found.bases.len()).unwrap_or(u32::MAX)
    }
}

impl Told {
    /// Nothing yet, of a document of this length.
    fn new(length: usize) -> Self {
        let key = RandomState::default();
        Told {
            prints: HashSet::with_capacity_and_hasher(about(length), key.clone()),
            key,
        }
    }

    fn is_news(&mut self, text: &str, kind: Kind, base: u32, layer: Option<Layer>) -> bool {
        // What is the same up to its fragment leads to the same.
        let text = trimmed(text);
        let main = near::find(b'#', text.as_bytes(), 0).map(|end| &text[..end]);
        let main = main.filter(|main| !main.is_empty());
        // What is empty may lead nowhere, by its quotes.
        let layer = layer.filter(|_| text.is_empty());
        let print = self.key.hash_one((main.unwrap_or(text), kind, base, layer));
        self.prints.insert(print)
    }
}

fn asks_first(script: &str) -> bool {
    script.contains("confirm(")
}

/// Whether a URL is a script (HTML §7.4.2.3, `javascript:` URLs).
fn is_script(url: &str) -> bool {
    let scheme = trimmed(url).get(.."javascript:".len());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("javascript:"))
}

/// What a script refers to; in a page, where names of modules that begin so stand for what begins so.
/// Other names stand for addresses of the import map, which are links themselves. And so many guesses.
/// Tells also whether there may be more.
pub(crate) fn scripts(
    text: &str,
    in_page: Option<&[(String, String)]>,
    guesses: usize,
) -> (Vec<script::Found>, bool) {
    let meant = |mut url: script::Found| {
        if url.is_name {
            // HTML §8.1.6.2, resolve an imports match: the longest counts.
            let begins = in_page.into_iter().flatten();
            let begins = begins.filter(|(name, _)| url.text.starts_with(name));
            let (name, address) = begins.max_by_key(|(name, _)| name.len())?;
            url.text.replace_range(..name.len(), address);
        }
        Some(url)
    };
    let found = match guesses {
        0 => script::urls(text, in_page.is_some()),
        most => script::urls_and_guesses(text, most),
    };
    // Names that mean nothing are among them, and guesses.
    let is_cut = found.len() >= MOST_LINKS;
    (found.into_iter().filter_map(meant).collect(), is_cut)
}

/// Where the head is.
#[derive(Default)]
struct Head {
    /// Behind `<html>` or `<head>`.
    at: Option<usize>,
    /// A tag came that can only stand in it or behind it.
    is_over: bool,
}

impl Head {
    fn tag(&mut self, name: &str, tag: &Tag) {
        match name {
            _ if self.is_over => {}
            "head" => {
                self.at = Some(tag.span.end);
                self.is_over = true;
            }
            "html" if self.at.is_none() => self.at = Some(tag.span.end),
            _ => self.is_over = true,
        }
    }

    fn place(&self, document: &[u8], format: Format) -> Option<usize> {
        self.at
            .or_else(|| (format == Format::Html).then(|| behind_doctype(document)))
    }
}

/// Behind the byte order mark, and comments and blanks up to the document type.
fn behind_doctype(document: &[u8]) -> usize {
    let start = if document.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let mut at = start;
    loop {
        let rest = &document[at..];
        let text = rest.trim_ascii_start();
        let is_comment = text.starts_with(b"<!--") || text.starts_with(b"<?");
        let is_doctype = text
            .get(..9)
            .is_some_and(|begin| begin.eq_ignore_ascii_case(b"<!doctype"));
        let closing = if text.starts_with(b"<!--") {
            &b"-->"[..]
        } else {
            b">"
        };
        match memchr::memmem::find(text, closing) {
            Some(end) if is_comment || is_doctype => {
                at = document.len() - text.len() + end + closing.len();
                if is_doctype {
                    return at;
                }
            }
            _ => return start,
        }
    }
}

/// The value of an attribute, references decoded.
fn value<'d>(source: Source<'d>, tag: &Tag, name: &str) -> Option<Cow<'d, str>> {
    let is_it = |attribute: &&Attribute| -> bool {
        let known: Name = attribute.name;
        known.as_str() == name
    };
    let attribute = tag.attributes.iter().find(is_it)?;
    let text = source.decode(attribute.value.clone(), Escapes::Html);
    Some(text.decoded)
}

/// MIME Sniffing §4.6, JavaScript MIME types.
pub(crate) fn is_javascript(media_type: &str) -> bool {
    let Some((kind, name)) = media_type.split_once('/') else {
        return false;
    };
    let name = name.strip_prefix("x-").unwrap_or(name);
    matches!(kind, "text" | "application")
        && (matches!(name, "javascript" | "ecmascript" | "jscript" | "livescript")
            || name.starts_with("javascript1."))
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Elements of XML that are open and kept in mind; deeper ones count as in the deepest.
const DEEPEST_XML: usize = 1000;

/// So many names of crawlers are looked at.
const MOST_NAMES: usize = 16;

/// So many guesses are made in one script.
pub(crate) const MOST_GUESSES: usize = 256;

/// So many beginnings of names are kept in mind.
const MOST_PREFIXES: usize = 64;

/// So many elements may be left open by an end tag.
const NEAR: usize = 16;
