use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};
use url::Url;

use crate::charset::{self, Charset};
use crate::link::{
    Base, Found, Kind, Layer, MOST_LINKS, Origin, Place, Quotes, Reference, Role, Within,
};
use crate::text::{Escapes, Text};
use crate::{Format, Link, css, html, json};

/// Returns what a document refers to by `http` and `https`, in order.
///
/// This is [`Document::new`] and [`Document::links`] in one.
pub fn extract(content: &[u8], format: Format, charset: Option<&str>, url: &Url) -> Vec<Link> {
    Document::new(content, format, charset, url).links
}

/// Gives what a document refers to by `http` and `https`: each URL once for each [`Kind`] and each
/// spelling, without its place.
///
/// For a crawl, which needs no more: a page that says the same a million times takes no more memory
/// than one that says it once. Of all that differ, the first 100,000 are given.
///
/// ```
/// use dragline_links::{Format, Kind, each_target};
/// let page = b"<a href=a>1</a> <a href=a#2>2</a> <img src=b.png> <img src=b.png>";
/// let mut found = Vec::new();
/// let url = "http://example.org/".parse()?;
/// let searched = each_target(page, Format::Html, None, &url, |url, kind| {
///     found.push((url.path().to_owned(), kind));
/// });
/// assert_eq!(found, [("/a".to_owned(), Kind::Navigation), ("/b.png".to_owned(), Kind::Requisite)]);
/// assert!(searched.is_whole);
/// # Ok::<(), url::ParseError>(())
/// ```
pub fn each_target(
    content: &[u8],
    format: Format,
    charset: Option<&str>,
    url: &Url,
    mut each: impl FnMut(Url, Kind),
) -> Searched {
    let (encoding, _) = charset::encoding(content, format, charset, None);
    let decoded;
    let (bytes, encoding) = if encoding.is_ascii_compatible() {
        (content, encoding)
    } else if encoding == REPLACEMENT {
        (&content[..0], encoding)
    } else {
        decoded = encoding.decode_with_bom_removal(content).0;
        (decoded.as_bytes(), UTF_8)
    };
    let found = match format {
        Format::Html | Format::Xml => html::targets(bytes, format, encoding),
        _ => flat(bytes, format, encoding),
    };
    let mut resolver = Resolver::new(url, &found.bases, encoding, format, bytes.len());
    resolver.remembers = false;
    for reference in found.references {
        if let Some(url) = resolver.target(&reference) {
            each(url, reference.kind);
        }
    }
    Searched {
        is_whole: !found.is_cut && !resolver.is_spent,
        nofollow: found.nofollow,
    }
}

/// What is known of a document beside its links.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Searched {
    /// Whether all links were found: there are no more than are looked for.
    pub is_whole: bool,
    /// The crawlers that a page asks to follow no link (`<meta name=robots content=nofollow>`), in
    /// lower case: `robots` is all of them.
    pub nofollow: Vec<String>,
}

/// A document whose links were found.
///
/// ```
/// use dragline_links::{Document, Edit, Format};
/// let url = "http://example.org/docs/".parse()?;
/// let page = b"<html><head><title>\xe9</title></head><script src=a.js integrity=x></script>";
/// let document = Document::new(page, Format::Html, Some("latin1"), &url);
/// let head = format!("<meta charset=\"{}\">", document.charset().name);
///
/// let kept = document.rewrite(&head, |_| Some(Edit::Unguarded("kept/a.js".to_owned())));
/// assert_eq!(&kept[..], b"<html><head><meta charset=\"windows-1252\"><title>\xe9</title></head>\
///                         <script src=kept/a.js></script>");
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Debug)]
pub struct Document<'a> {
    pub(crate) content: &'a [u8],
    /// What it was read as: a superset of ASCII.
    bytes: Cow<'a, [u8]>,
    pub(crate) encoding: &'static Encoding,
    charset: Charset,
    pub(crate) head: Option<usize>,
    policies: Vec<Range<usize>>,
    /// What is left out when it is rewritten.
    pub(crate) dropped: Vec<Range<usize>>,
    links: Vec<Link>,
}

impl<'a> Document<'a> {
    /// Finds the links of a document.
    ///
    /// `charset` is the one its `Content-Type` names, if it names one; `url` is where it is from.
    /// What is empty or no URL is left out, and so is a mere fragment where no `<base>` is in
    /// force. Of a document, the first 100,000 links are found, and no more than make 64 bytes of
    /// URLs of a byte; documents within it are searched two deep.
    pub fn new(content: &'a [u8], format: Format, charset: Option<&str>, url: &Url) -> Self {
        Self::with_environment(content, format, charset, url, None)
    }

    /// Finds the links of a document that another referred to, and which is in the encoding of that
    /// (its [`Charset::name`]) if nothing else tells (CSS Syntax §3.2, HTML §8.1.4.2).
    pub fn with_environment(
        content: &'a [u8],
        format: Format,
        charset: Option<&str>,
        url: &Url,
        environment: Option<&str>,
    ) -> Self {
        let (encoding, charset) = charset::encoding(content, format, charset, environment);
        let mut document = Document {
            content,
            bytes: Cow::Borrowed(content),
            encoding,
            charset,
            head: None,
            policies: Vec::new(),
            dropped: Vec::new(),
            links: Vec::new(),
        };
        if encoding.is_ascii_compatible() {
            document.find(format, url);
        } else if encoding != REPLACEMENT {
            let (text, _) = encoding.decode_with_bom_removal(content);
            document.bytes = Cow::Owned(text.into_owned().into_bytes());
            document.encoding = UTF_8;
            document.find(format, url);
            if encoding == UTF_16LE || encoding == UTF_16BE {
                document.encoding = encoding;
                document.place_in_utf_16();
            }
        }
        document
    }

    /// Returns its links, in order.
    ///
    /// Their spans refer to the content; or, where that is in ISO-2022-JP, to its text in UTF-8.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Returns the encoding it was read in.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// Returns where the content of `<head>` begins, in bytes: behind `<head>` if that is written,
    /// else where it is implied. `None` if the document is not HTML.
    pub fn head(&self) -> Option<usize> {
        self.head
    }

    /// Has [`rewrite`](Document::rewrite) leave out the tags by which the document says from where
    /// something may be loaded (`<meta http-equiv=Content-Security-Policy>`), and what: they were
    /// made for what it was, and where. Returns how many there are.
    pub fn drop_policies(&mut self) -> usize {
        self.dropped.append(&mut self.policies);
        self.dropped.len()
    }

    /// Returns the text that stands in a span, decoded from the document's encoding, no escapes
    /// undone. What is out of bounds is empty.
    pub fn text(&self, span: Range<usize>) -> Cow<'_, str> {
        let bytes = self.placed().get(span).unwrap_or_default();
        self.encoding.decode_without_bom_handling(bytes).0
    }

    /// Returns what the spans refer to.
    pub(crate) fn placed(&self) -> &[u8] {
        if self.is_transcoded() {
            &self.bytes
        } else {
            self.content
        }
    }

    /// Whether it is rewritten in UTF-8.
    pub(crate) fn is_transcoded(&self) -> bool {
        self.encoding == UTF_8 && matches!(self.bytes, Cow::Owned(_))
    }

    /// Turns places in the text into those in the content, where each character of the text has two
    /// bytes or four.
    fn place_in_utf_16(&mut self) {
        let text = str::from_utf8(&self.bytes).unwrap_or_default();
        let mut places: Vec<&mut usize> = self.head.iter_mut().collect();
        for span in &mut self.policies {
            places.extend([&mut span.start, &mut span.end]);
        }
        for link in &mut self.links {
            let spans = [&mut link.span, &mut link.tag, &mut link.element];
            for span in spans.into_iter().chain(&mut link.guards) {
                places.extend([&mut span.start, &mut span.end]);
            }
        }
        places.sort_unstable_by_key(|place| **place);
        let marked = Encoding::for_bom(self.content).map_or(0, |(_, length)| length);
        let mut places = places.into_iter().peekable();
        let mut in_content = marked;
        let ends = text
            .char_indices()
            .map(|(at, char)| (at, char.len_utf16() * 2));
        for (in_text, length) in ends.chain([(text.len(), 0)]) {
            while let Some(place) = places.next_if(|place| **place <= in_text) {
                *place = in_content;
            }
            in_content = (in_content + length).min(self.content.len());
        }
    }

    fn find(&mut self, format: Format, url: &Url) {
        let found = match format {
            Format::Html | Format::Xml => html::references(&self.bytes, format, self.encoding),
            _ => flat(&self.bytes, format, self.encoding),
        };
        self.head = found.head;
        self.policies = found.policies;
        let mut resolver =
            Resolver::new(url, &found.bases, self.encoding, format, self.bytes.len());
        let references = found.references.into_iter();
        self.links = references
            .filter_map(|reference| resolver.resolve(reference))
            .collect();
    }
}

/// Finds what the bytes of a document that is no markup refer to.
fn flat(bytes: &[u8], format: Format, encoding: &'static Encoding) -> Found {
    let text = Text::decode(bytes, 0..bytes.len(), encoding, Escapes::None);
    let references = references(&text, format);
    Found {
        is_cut: references.len() >= MOST_LINKS,
        references,
        ..Found::new()
    }
}

/// Finds what a document that is no markup refers to.
fn references(text: &Text<'_>, format: Format) -> Vec<Reference> {
    let reference =
        |words: String, span: Range<usize>, (kind, role): (Kind, Role), within: Within| Reference {
            text: words,
            kind,
            role,
            span: text.span(span),
            place: Place::new(within, None),
            origin: Origin::default(),
        };
    match format {
        Format::Script => html::scripts(text, &[]),
        Format::Manifest => json::urls(&text.decoded, json::Dialect::Manifest)
            .into_iter()
            .map(|url| reference(url.text, url.span, (url.kind, url.role), Within::Script))
            .collect(),
        Format::List => lines(&text.decoded)
            .take(MOST_LINKS)
            .map(|span| {
                let words = text.decoded[span.clone()].to_owned();
                reference(
                    words,
                    span,
                    (Kind::Navigation, Role::Entry),
                    Within::Nothing,
                )
            })
            .collect(),
        _ => css::urls(&text.decoded)
            .into_iter()
            .map(|url| reference(url.text, url.span, (Kind::Requisite, url.role), Within::Css))
            .collect(),
    }
}

/// The lines that are one word, and a URL.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    text.split_inclusive(['\n', '\r']).filter_map(move |line| {
        let start = at + (line.len() - line.trim_start().len());
        at += line.len();
        let word = line.trim().trim_start_matches('\u{feff}');
        let start = start + (line.trim().len() - word.len());
        let is_url = word
            .get(..4)
            .is_some_and(|begin| begin.eq_ignore_ascii_case("http"));
        (is_url && !word.contains(char::is_whitespace)).then(|| start..start + word.len())
    })
}

/// Makes links of references.
struct Resolver {
    bases: Vec<InForce>,
    encoding: &'static Encoding,
    /// URL standard §4.4, query state: a query is percent-encoded from the document's encoding.
    encodes_queries: bool,
    /// How many bytes of URLs may still be made: a small document must not become a large heap.
    budget: usize,
    /// What was resolved, without fragments: pages say the same many times.
    known: HashMap<String, Url>,
    /// Against which of the bases.
    known_for: usize,
    /// Whether the same may come again.
    remembers: bool,
    /// Some were not resolved, since the budget was spent.
    is_spent: bool,
}

/// What is resolved against in a part of a document.
#[derive(Clone)]
struct InForce {
    url: Rc<Url>,
    /// Where a `<base>` says so, empty URLs and fragments lead there.
    is_written: bool,
    around: Option<usize>,
}

impl Resolver {
    fn new(
        url: &Url,
        bases: &[Base],
        encoding: &'static Encoding,
        format: Format,
        length: usize,
    ) -> Self {
        let is_markup = matches!(format, Format::Html | Format::Xml);
        let mut resolver = Resolver {
            bases: Vec::with_capacity(bases.len()),
            encoding,
            encodes_queries: is_markup && encoding != UTF_8,
            budget: length * BYTES_OF_URL_A_BYTE + (1 << 20),
            known: HashMap::new(),
            known_for: 0,
            remembers: true,
            is_spent: false,
        };
        let document = InForce {
            url: Rc::new(url.clone()),
            is_written: false,
            around: None,
        };
        for base in bases {
            let around = base.around.map(|around| resolver.bases[around].clone());
            let mut in_force = around.unwrap_or_else(|| document.clone());
            in_force.around = base.around;
            // HTML §2.4.3, the document base URL.
            let written = base
                .url
                .as_deref()
                .and_then(|text| resolver.parse(&in_force.url, text));
            let written = written.filter(|url| !matches!(url.scheme(), "data" | "javascript"));
            if let Some(url) = written {
                in_force.url = Rc::new(url);
                in_force.is_written = true;
            }
            resolver.bases.push(in_force);
        }
        resolver.bases.insert(0, document);
        resolver
    }

    fn resolve(&mut self, reference: Reference) -> Option<Link> {
        let url = self.target(&reference)?;
        let text = trimmed(&reference.text);
        // Mostly, nothing is around it.
        let text = if text.len() == reference.text.len() {
            reference.text
        } else {
            text.to_owned()
        };
        let origin = reference.origin;
        Some(Link {
            url,
            kind: reference.kind,
            role: reference.role,
            span: reference.span,
            text,
            tag: origin.tag,
            element: origin.element,
            guards: origin.guards,
            place: reference.place,
        })
    }

    fn target(&mut self, reference: &Reference) -> Option<Url> {
        let text = trimmed(&reference.text);
        // That of the document itself stands before those that are written in it.
        let mut base = reference.origin.base + 1;
        if reference.kind == Kind::Base {
            base = self.bases[base].around.map_or(0, |around| around + 1);
        }
        let is_written = self.bases[base].is_written;
        // Empty, a link that a person follows leads to the base; all else leads nowhere.
        let is_empty = text.is_empty()
            && (!is_written
                || reference.kind != Kind::Navigation
                || reference.place.layer == Some(Layer::Attribute(Quotes::None)));
        if is_empty || (text.starts_with('#') && !is_written) {
            return None;
        }
        let url = self.url(base, text)?;
        matches!(url.scheme(), "http" | "https").then_some(url)
    }

    fn url(&mut self, base: usize, text: &str) -> Option<Url> {
        let from = Rc::clone(&self.bases[base].url);
        let cost = from.as_str().len() + text.len();
        let Some(budget) = self.budget.checked_sub(cost) else {
            self.is_spent = true;
            return None;
        };
        self.budget = budget;
        let (main, fragment) = match text.split_once('#') {
            // By itself, it would lose its last blank.
            Some((main, fragment)) if !main.ends_with(|char| char <= ' ') => (main, Some(fragment)),
            _ => (text, None),
        };
        if self.known_for != base {
            self.known.clear();
            self.known_for = base;
        }
        let mut url = if let Some(url) = self.known.get(main) {
            url.clone()
        } else {
            let url = self.parse(&from, main)?;
            if self.remembers {
                self.known.insert(main.to_owned(), url.clone());
            }
            url
        };
        if fragment.is_some() {
            url.set_fragment(fragment);
        }
        Some(url)
    }

    fn parse(&self, base: &Url, text: &str) -> Option<Url> {
        let encode = query_encoder(self.encoding);
        let options = Url::options().base_url(Some(base));
        if self.encodes_queries {
            options.encoding_override(Some(&encode)).parse(text).ok()
        } else {
            options.parse(text).ok()
        }
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|char: char| char <= ' ')
}

fn query_encoder(encoding: &'static Encoding) -> impl Fn(&str) -> Cow<'_, [u8]> {
    move |query| encoding.encode(query).0
}

/// How many bytes of URLs may come of a byte of a document.
const BYTES_OF_URL_A_BYTE: usize = 64;
