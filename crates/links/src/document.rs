use std::borrow::Cow;
use std::iter::FusedIterator;
use std::ops::Range;
use std::slice;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};
use url::Url;

use crate::charset::{self, Charset};
use crate::link::{
    Found, Kind, MOST_BYTES, MOST_LINKS, Origin, Place, Reference, Role, Span, Within,
};
use crate::resolve::{InForce, Resolver, Target, trimmed};
use crate::spans::Spans;
use crate::text::{Escapes, Source};
use crate::{Format, Link, css, html, json, playlist, script};

/// Returns what a document refers to by `http` and `https`, in order.
///
/// This is [`Document::new`] and [`Document::links`] in one. They take some hundred bytes of memory
/// each; who can do with one at a time takes these.
pub fn extract(content: &[u8], format: Format, charset: Option<&str>, url: &Url) -> Vec<Link> {
    Document::new(content, format, charset, url)
        .links()
        .collect()
}

/// Gives what a document refers to by `http` and `https`: each URL once for each [`Kind`] and each
/// spelling, without its place.
///
/// For a crawl, which needs no more: a page that says the same a million times takes no more memory
/// than one that says it ten thousand times. Of all that differ, the first 100,000 are given. Beside links it gives
/// the guesses of scripts ([`Kind::Guess`]).
///
/// ```
/// use dragline_links::{Format, Kind, each_target};
/// let page = b"<a href=a>1</a> <a href=a#2>2</a> <img src=b.png> <img src=b.png>";
/// let mut found = Vec::new();
/// let url = "http://example.org/".parse()?;
/// let searched = each_target(page, Format::Html, None, &url, |target, kind| {
///     found.push((target.without_fragment().to_owned(), kind));
/// });
/// let [a, b] = ["http://example.org/a", "http://example.org/b.png"].map(str::to_owned);
/// assert_eq!(found, [(a, Kind::Navigation), (b, Kind::Requisite)]);
/// assert!(searched.is_whole);
/// # Ok::<(), url::ParseError>(())
/// ```
pub fn each_target(
    content: &[u8],
    format: Format,
    charset: Option<&str>,
    url: &Url,
    each: impl FnMut(&Target, Kind),
) -> Searched {
    search(content, format, charset, url, each).0
}

/// Does what [`each_target`] does, and returns also where all links stand, for
/// [`Document::with_spans`]. It returns none of what is in an encoding without ASCII in it; nor where that
/// would not be all, or take more than some times the document's bytes.
pub fn each_target_and_spans(
    content: &[u8],
    format: Format,
    charset: Option<&str>,
    url: &Url,
    each: impl FnMut(&Target, Kind),
) -> (Searched, Option<Spans>) {
    let (searched, placed) = search(content, format, charset, url, each);
    let spans = placed.and_then(|(found, encoding)| Spans::of(found, content, format, encoding));
    (searched, spans)
}

/// Gives the targets, and returns what was found, and read in what, if its places are those of the content.
fn search(
    content: &[u8],
    format: Format,
    charset: Option<&str>,
    url: &Url,
    mut each: impl FnMut(&Target, Kind),
) -> (Searched, Option<(Found, &'static Encoding)>) {
    let (encoding, _) = charset::encoding(content, format, charset, None);
    let decoded;
    let is_as_it_is = encoding.is_ascii_compatible();
    let (bytes, encoding) = if is_as_it_is {
        (content, encoding)
    } else if encoding == REPLACEMENT {
        (&content[..0], encoding)
    } else {
        decoded = encoding.decode_with_bom_removal(content).0;
        (decoded.as_bytes(), UTF_8)
    };
    let (bytes, is_too_long) = start(bytes);
    let source = Source::new(bytes, encoding);
    let mut found = match format {
        Format::Html | Format::Xml => html::targets(source, format),
        _ => flat(source, format, html::MOST_GUESSES),
    };
    let mut resolver = Resolver::new(encoding, format, bytes.len());
    let bases = resolver.bases(url, &found.bases);
    resolver.renew();
    let mut target = Target::nothing();
    for reference in found.references.iter().filter(|it| it.is_news) {
        if resolver.resolve(&bases, reference, reference.text(source), &mut target) {
            each(&target, reference.kind);
        }
    }
    let mut named = found.references.iter();
    let canonical = named.find(|it| it.role == Role::Canonical && it.kind == Kind::Navigation);
    let canonical = canonical
        .filter(|it| resolver.resolve(&bases, it, it.text(source), &mut target))
        .map(|_| target);
    let canonical = canonical.filter(|canonical| is_of_another_query(url, canonical));
    let mut target = Target::nothing();
    // Whoever looks at a version may go to the original.
    let canonical = canonical.filter(|canonical| {
        let mut anchors = found.references.iter().filter(|it| it.role == Role::Anchor);
        anchors.any(|it| {
            resolver.resolve(&bases, it, it.text(source), &mut target)
                && target.without_fragment() == canonical.without_fragment()
        })
    });
    let searched = Searched {
        canonical,
        is_whole: !found.is_cut && !is_too_long && !resolver.is_spent,
        nofollow: std::mem::take(&mut found.nofollow),
    };
    let is_placed = is_as_it_is && !is_too_long;
    (searched, is_placed.then_some((found, encoding)))
}

fn is_of_another_query(url: &Url, other: &Target) -> bool {
    let other = other.to_url();
    url.query().is_some() && url.path() == other.path() && url.query() != other.query()
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
    /// Of which document a page says to be a version (`<link rel=canonical>`, RFC 6596), if that has the
    /// same path and another query, and there is a link to it.
    pub canonical: Option<Target>,
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
    /// What the spans refer to.
    pub(crate) bytes: Cow<'a, [u8]>,
    format: Format,
    pub(crate) encoding: &'static Encoding,
    charset: Charset,
    pub(crate) head: Option<usize>,
    policies: Vec<Range<usize>>,
    /// What is left out when it is rewritten.
    pub(crate) dropped: Vec<Range<usize>>,
    references: Vec<Reference>,
    bases: Vec<InForce>,
}

impl<'a> Document<'a> {
    /// Finds the links of a document.
    ///
    /// `charset` is the one its `Content-Type` names, if it names one; `url` is where it is from.
    /// What is empty or no URL is left out, and so is a mere fragment where no `<base>` is in
    /// force. Of a document, the first 100,000 links are found, and no more than make 64 bytes of
    /// URLs of a byte; documents within it are searched two deep. It takes 64 bytes of memory for a
    /// link, and somewhat more for one that is written with escapes.
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
        let mut document = Self::unsearched(content, format, charset, environment);
        let encoding = document.encoding;
        if encoding.is_ascii_compatible() {
            document.find(url);
        } else if encoding != REPLACEMENT {
            let (text, _) = encoding.decode_with_bom_removal(content);
            document.bytes = Cow::Owned(text.into_owned().into_bytes());
            document.encoding = UTF_8;
            document.find(url);
            if encoding == UTF_16LE || encoding == UTF_16BE {
                document.encoding = encoding;
                document.place_in_utf_16();
            }
        }
        document
    }

    /// Makes what [`new`](Self::new) makes, without looking for the links: `spans` are what
    /// [`each_target_and_spans`] returned of it. `None` if they are of something else, as far as that can
    /// be told.
    pub fn with_spans(
        content: &'a [u8],
        format: Format,
        charset: Option<&str>,
        url: &Url,
        spans: &Spans,
    ) -> Option<Self> {
        let mut document = Self::unsearched(content, format, charset, None);
        let found = spans.found(content, format, document.encoding)?;
        document.take_in(found, url);
        Some(document)
    }

    fn unsearched(
        content: &'a [u8],
        format: Format,
        charset: Option<&str>,
        environment: Option<&str>,
    ) -> Self {
        let (encoding, charset) = charset::encoding(content, format, charset, environment);
        Document {
            content,
            bytes: Cow::Borrowed(content),
            format,
            encoding,
            charset,
            head: None,
            policies: Vec::new(),
            dropped: Vec::new(),
            references: Vec::new(),
            bases: Vec::new(),
        }
    }

    /// Returns its links, in order: each is made when it is asked for.
    ///
    /// Their spans refer to the content; or, where that is in ISO-2022-JP, to its text in UTF-8.
    pub fn links(&self) -> Links<'_> {
        let encoding = self.encoding_of_queries();
        Links {
            document: self,
            references: self.references.iter(),
            resolver: Resolver::new(encoding, self.format, self.bytes.len()),
        }
    }

    /// Returns what URLs in it are resolved against: the one of its `<base>`, or where it is from.
    pub fn base(&self) -> Option<&Url> {
        // That of the document itself stands before those that are written in it.
        let base = self.bases.get(1)?;
        Some(&base.url)
    }

    /// Returns whether it is a sitemap, a feed or a list: something that others read than browsers.
    pub fn is_data(&self) -> bool {
        let mut roles = self.references.iter().map(|reference| reference.role);
        roles.any(|role| matches!(role, Role::Entry | Role::Sitemap))
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
        let bytes = self.bytes.get(span).unwrap_or_default();
        if self.encoding == UTF_8
            && let Ok(text) = str::from_utf8(bytes)
        {
            return Cow::Borrowed(text);
        }
        self.encoding.decode_without_bom_handling(bytes).0
    }

    /// Whether it is rewritten in UTF-8.
    pub(crate) fn is_transcoded(&self) -> bool {
        matches!(self.bytes, Cow::Owned(_))
    }

    /// Turns places in the text into those in the content, where each character of the text has two
    /// bytes or four.
    fn place_in_utf_16(&mut self) {
        // A character of up to three bytes has one unit there, one of four has two.
        let units = |bytes: &[u8]| -> usize {
            let begins = bytes.iter().filter(|byte| **byte & 0xc0 != 0x80);
            begins.map(|byte| 1 + usize::from(*byte >= 0xf0)).sum()
        };
        let mut before = Vec::with_capacity(self.bytes.len() / STEP + 2);
        before.push(0);
        for part in self.bytes.chunks(STEP) {
            before.push(before[before.len() - 1] + units(part));
        }
        let marked = Encoding::for_bom(self.content).map_or(0, |(_, length)| length);
        let place = |at: usize| {
            let behind = &self.bytes[at - at % STEP..at];
            let place = marked + 2 * (before[at / STEP] + units(behind));
            place.min(self.content.len())
        };
        let span = |span: Range<usize>| place(span.start)..place(span.end);
        self.head = self.head.map(place);
        for policy in &mut self.policies {
            *policy = span(policy.clone());
        }
        for reference in &mut self.references {
            reference.map(span);
        }
        self.bytes = Cow::Borrowed(self.content);
    }

    fn find(&mut self, url: &Url) {
        let (bytes, _) = start(&self.bytes);
        let source = Source::new(bytes, self.encoding);
        let found = match self.format {
            Format::Html | Format::Xml => html::references(source, self.format),
            _ => flat(source, self.format, 0),
        };
        self.take_in(found, url);
    }

    fn take_in(&mut self, found: Found, url: &Url) {
        self.head = found.head;
        self.policies = found.policies;
        self.references = found.references;
        let mut resolver = Resolver::new(self.encoding, self.format, self.bytes.len());
        self.bases = resolver.bases(url, &found.bases);
    }

    /// URL standard §4.4, query state: those of UTF-16 are in UTF-8.
    fn encoding_of_queries(&self) -> &'static Encoding {
        self.encoding.output_encoding()
    }
}

/// As much of a document as is searched, and whether there is more.
fn start(bytes: &[u8]) -> (&[u8], bool) {
    match bytes.get(..MOST_BYTES) {
        Some(start) if start.len() < bytes.len() => (start, true),
        _ => (bytes, false),
    }
}

/// The links of a [`Document`], made one at a time.
#[derive(Debug)]
pub struct Links<'d> {
    document: &'d Document<'d>,
    references: slice::Iter<'d, Reference>,
    resolver: Resolver,
}

impl Links<'_> {
    /// Makes the next one of another, whose memory it takes; `false` if there is none.
    pub(crate) fn next_into(&mut self, link: &mut Link) -> bool {
        let Links {
            document,
            references,
            resolver,
        } = self;
        let found = references.find(|reference| {
            let text = match &reference.text {
                Some(text) => Cow::Borrowed(&**text),
                None => document.text(reference.span.range()),
            };
            link.text.clear();
            link.text.push_str(trimmed(&text));
            resolver.resolve(&document.bases, reference, &link.text, &mut link.url)
        });
        let Some(reference) = found else { return false };
        let origin = &reference.origin;
        let guards = origin.guards.iter().flat_map(|guards| guards.iter());
        link.kind = reference.kind;
        link.role = reference.role;
        link.span = reference.span.range();
        link.tag = origin.tag.range();
        link.element = origin.element();
        link.guards.clear();
        link.guards.extend(guards.map(|guard| guard.range()));
        link.place = reference.place;
        true
    }
}

impl Iterator for Links<'_> {
    type Item = Link;

    fn next(&mut self) -> Option<Link> {
        let mut link = Link::nothing();
        self.next_into(&mut link).then_some(link)
    }
}

impl FusedIterator for Links<'_> {}

/// Finds what the bytes of a document that is no markup refer to.
fn flat(source: Source<'_>, format: Format, guesses: usize) -> Found {
    let bytes = source.bytes;
    let text = source.decode(0..bytes.len(), Escapes::None);
    let mut found = Found::new(bytes.len());
    let mut push = |words: &str, span: Range<usize>, kind: Kind, role: Role, within: Within| {
        let mut reference = Reference {
            text: None,
            span: Span::new(text.span(span)),
            origin: Origin::default(),
            kind: in_a_file(kind, role),
            role,
            place: Place::new(within, None),
            is_news: true,
            is_guess: kind == Kind::Guess,
        };
        reference.say(words, bytes);
        found.push(reference);
    };
    let decoded = &*text.decoded;
    let mut is_cut = false;
    match format {
        Format::Script => {
            let urls;
            (urls, is_cut) = html::scripts(decoded, None, guesses);
            let made = (guesses > 0).then(|| script::made_names(decoded));
            let urls = urls.into_iter().filter_map(|url| match url.role {
                // Where it goes, it goes from a page.
                Role::Refresh => script::guess(url).filter(|_| guesses > 0),
                _ => Some(url),
            });
            for url in urls.chain(made.into_iter().flatten()) {
                let (kind, within) = (url.kind(), url.within());
                push(&url.text, url.span, kind, url.role, within);
            }
        }
        Format::Manifest => {
            for url in json::urls(decoded, json::Dialect::Manifest) {
                push(&url.text, url.span, url.kind, url.role, Within::Script);
            }
        }
        Format::List => {
            for line in lines(decoded).take(MOST_LINKS) {
                let (kind, role) = (Kind::Navigation, Role::Entry);
                push(&decoded[line.clone()], line, kind, role, Within::Nothing);
            }
        }
        Format::Playlist => {
            for uri in playlist::uris(decoded).take(MOST_LINKS) {
                let text = &decoded[uri.clone()];
                push(text, uri, Kind::Requisite, Role::Media, Within::Playlist);
            }
        }
        _ => {
            for url in css::urls(decoded) {
                for beside in css::beside(&url.text).take(guesses) {
                    let (kind, role) = (Kind::Guess, Role::Fetch);
                    push(&beside, url.span.clone(), kind, role, Within::Css);
                }
                push(&url.text, url.span, Kind::Requisite, url.role, Within::Css);
            }
        }
    }
    found.is_cut |= is_cut || found.news >= MOST_LINKS;
    found
}

/// What a script asks for by itself is where its page is, which nobody knows here.
fn in_a_file(kind: Kind, role: Role) -> Kind {
    match role {
        Role::Fetch | Role::Worker => Kind::Guess,
        _ => kind,
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

/// Of each so many bytes of a text it is remembered where they are.
const STEP: usize = 256;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_link_takes_little_memory() {
        assert!(size_of::<Reference>() <= 64);
        let url = Url::parse("http://h/").unwrap();
        let page = "<a href=/some/where>".repeat(100);
        let document = Document::new(page.as_bytes(), Format::Html, None, &url);
        let is_small = |reference: &Reference| reference.text.is_none();
        assert!(document.references.iter().all(is_small));
    }

    #[test]
    fn many_bases_do_not_become_a_large_heap() {
        let long = "a".repeat(256 << 10);
        let objects = "<object codebase=b archive=c>".repeat(10_000);
        let page = format!("<base href=/{long}/>{objects}");
        let url = Url::parse("http://h/").unwrap();
        let document = Document::new(page.as_bytes(), Format::Html, None, &url);
        let bases = document.bases.iter();
        let bases: HashMap<_, _> = bases
            .map(|base| (Arc::as_ptr(&base.url), base.url.as_str().len()))
            .collect();
        let bytes: usize = bases.values().sum();
        assert!(bytes <= page.len() * 65 + (2 << 20), "{bytes}");
    }
}
