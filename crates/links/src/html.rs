//! The URLs of HTML.

use std::cell::RefCell;
use std::ops::Range;

use encoding_rs::Encoding;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use crate::link::{Kind, Place, Quotes, Reference, Role, Within};
use crate::scan::{Attribute, Piece, Tag, is_space, scan};
use crate::text::Text;
use crate::{Format, css, refresh, srcset};

/// Finds what a document refers to, in order.
pub(crate) fn references(
    document: &[u8],
    format: Format,
    encoding: &'static Encoding,
) -> (Vec<Reference>, Option<usize>) {
    let mut html = Html {
        document,
        encoding,
        tokenizer: Tokenizer::new(Sink::default(), TokenizerOpts::default()),
        found: Vec::new(),
        from: From::default(),
    };
    let mut head = None;
    let mut in_head = true;
    for piece in scan(document, format) {
        if html.found.len() >= MOST_LINKS {
            break;
        }
        match piece {
            Piece::Tag(tag) => {
                let name = &document[tag.name.clone()];
                if in_head && name.eq_ignore_ascii_case(b"head") {
                    head = Some(tag.span.end);
                } else if in_head && name.eq_ignore_ascii_case(b"html") {
                    head = head.or(Some(tag.span.end));
                }
                in_head &= head == Some(tag.span.end);
                html.from = From {
                    guards: html.guards(&tag),
                    tag: tag.span.clone(),
                    element: tag.span.start..tag.end,
                };
                html.tag(&tag);
            }
            Piece::Style(bytes) => {
                let style = Text::decode(document, bytes, encoding, None);
                html.style(&style, None);
            }
        }
    }
    // Attributes are looked at in the tokenizer's order, which is theirs, but for the doubled.
    html.found.sort_by_key(|reference| reference.span.start);
    (html.found, head)
}

struct Html<'a> {
    document: &'a [u8],
    encoding: &'static Encoding,
    tokenizer: Tokenizer<Sink>,
    found: Vec<Reference>,
    from: From,
}

/// The tag that is looked at.
#[derive(Default)]
struct From {
    tag: Range<usize>,
    element: Range<usize>,
    guards: Vec<Range<usize>>,
}

/// What an attribute holds.
#[derive(Clone, Copy)]
enum Holds {
    Url(Kind, Role),
    Srcset,
    Style,
    Refresh,
}

impl Html<'_> {
    fn tag(&mut self, tag: &Tag) {
        let interesting = |attribute: &Attribute| {
            let name = &self.document[attribute.name.clone()];
            ATTRIBUTES
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        };
        if !tag.attributes.iter().any(interesting) {
            return;
        }
        let Some(token) = self.tokenize(tag) else {
            return;
        };
        let element: &str = &token.name;
        let value = |name: &str| {
            let attribute = token
                .attrs
                .iter()
                .find(|attribute| &*attribute.name.local == name);
            attribute.map(|attribute| &*attribute.value)
        };
        for attribute in &token.attrs {
            let name: &str = &attribute.name.local;
            let Some(holds) = holds(element, name, &value) else {
                continue;
            };
            // Of the doubled, the first counts, for the tokenizer too.
            let written = tag.attributes.iter().find(|written| {
                self.document[written.name.clone()].eq_ignore_ascii_case(name.as_bytes())
            });
            if let Some(written) = written {
                self.attribute(&attribute.value, written, holds);
            }
        }
    }

    /// Its attributes that forbid what is not as it was. The blank before one goes with it where
    /// another, or the end, follows.
    fn guards(&self, tag: &Tag) -> Vec<Range<usize>> {
        let guards = tag.attributes.iter().filter(|attribute| {
            let name = &self.document[attribute.name.clone()];
            name.eq_ignore_ascii_case(b"integrity") || name.eq_ignore_ascii_case(b"crossorigin")
        });
        let span = |attribute: &Attribute| {
            let Range { start, .. } = attribute.name;
            let blank_before = is_space(self.document[start - 1]);
            let after = self.document[attribute.end];
            let spare = blank_before && (is_space(after) || after == b'>');
            start - usize::from(spare)..attribute.end
        };
        guards.map(span).collect()
    }

    fn attribute(&mut self, value: &str, written: &Attribute, holds: Holds) {
        let quotes = Some(written.quotes);
        let bytes = written.value.clone();
        if let Holds::Url(kind, role) = holds {
            return self.find(value, kind, role, bytes, quotes, Within::Nothing);
        }
        if bytes.len() > LONGEST_LIST {
            return;
        }
        let references = |piece: &str| self.decode(piece);
        let text = Text::decode(self.document, bytes, self.encoding, Some(&references));
        match holds {
            Holds::Url(..) => {}
            Holds::Style => self.style(&text, quotes),
            Holds::Srcset => {
                for url in srcset::urls(&text.decoded) {
                    let span = text.span(url.clone());
                    self.find(
                        &text.decoded[url],
                        Kind::Requisite,
                        Role::Image,
                        span,
                        quotes,
                        Within::Srcset,
                    );
                }
            }
            Holds::Refresh => {
                if let Some(url) = refresh::url(&text.decoded) {
                    let span = text.span(url.clone());
                    self.find(
                        &text.decoded[url],
                        Kind::Navigation,
                        Role::Refresh,
                        span,
                        quotes,
                        Within::Refresh,
                    );
                }
            }
        }
    }

    fn style(&mut self, text: &Text<'_>, attribute: Option<Quotes>) {
        for url in css::urls(&text.decoded) {
            let span = text.span(url.span);
            self.find(
                &url.text,
                Kind::Requisite,
                Role::Image,
                span,
                attribute,
                Within::Css,
            );
        }
    }

    fn find(
        &mut self,
        text: &str,
        kind: Kind,
        role: Role,
        span: Range<usize>,
        attribute: Option<Quotes>,
        within: Within,
    ) {
        self.found.push(Reference {
            text: text.to_owned(),
            kind,
            role,
            span,
            place: Place { attribute, within },
            tag: self.from.tag.clone(),
            element: self.from.element.clone(),
            guards: self.from.guards.clone(),
        });
    }

    /// Gives one tag to the tokenizer.
    fn tokenize(&self, tag: &Tag) -> Option<html5ever::tokenizer::Tag> {
        // What is behind the last attribute looked at is left out.
        let end = tag.attributes.last().map_or(tag.span.end, |last| last.end);
        let text = self
            .encoding
            .decode_without_bom_handling(&self.document[tag.span.start..end])
            .0;
        self.feed(&[&text, ">"])
    }

    /// Decodes a piece of an attribute's value.
    fn decode(&self, piece: &str) -> String {
        let quote = if piece.contains('"') { "'" } else { "\"" };
        let tag = self.feed(&["<a b=", quote, piece, quote, ">"]);
        let value = tag.and_then(|tag| tag.attrs.into_iter().next());
        value.map_or_else(|| piece.to_owned(), |attribute| attribute.value.to_string())
    }

    fn feed(&self, parts: &[&str]) -> Option<html5ever::tokenizer::Tag> {
        let input = BufferQueue::default();
        for part in parts {
            input.push_back(StrTendril::from_slice(part));
        }
        let _ = self.tokenizer.feed(&input);
        self.tokenizer.sink.tag.take()
    }
}

/// Keeps the last start tag. It asks for no change of state, so that the next tag finds the
/// tokenizer as the last one did.
#[derive(Default)]
struct Sink {
    tag: RefCell<Option<html5ever::tokenizer::Tag>>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(tag) = token {
            self.tag.replace(Some(tag));
        }
        TokenSinkResult::Continue
    }
}

/// The attributes that may hold a link; what each holds depends on its element, see [`holds`].
const ATTRIBUTES: [&str; 14] = [
    "href",
    "src",
    "srcset",
    "imagesrcset",
    "style",
    "content",
    "poster",
    "data",
    "background",
    "action",
    "formaction",
    "longdesc",
    "cite",
    "xlink:href",
];

fn holds<'v>(
    element: &str,
    attribute: &str,
    value: &impl Fn(&str) -> Option<&'v str>,
) -> Option<Holds> {
    let is_module = || value("type").is_some_and(|of| of.trim().eq_ignore_ascii_case("module"));
    let (kind, role) = match (attribute, element) {
        ("style", _) => return Some(Holds::Style),
        ("srcset", "img" | "source") | ("imagesrcset", "link") => return Some(Holds::Srcset),
        ("content", "meta") => {
            let refresh =
                value("http-equiv").is_some_and(|name| name.eq_ignore_ascii_case("refresh"));
            return refresh.then_some(Holds::Refresh);
        }
        ("href", "base") => (Kind::Base, Role::Base),
        ("href", "link") => link(value("rel").unwrap_or_default()),
        ("href" | "xlink:href", "a" | "area") => (Kind::Navigation, Role::Anchor),
        ("src" | "href" | "xlink:href", "script") if is_module() => {
            (Kind::Requisite, Role::ModuleScript)
        }
        ("src" | "href" | "xlink:href", "script") => (Kind::Requisite, Role::Script),
        (
            "href" | "xlink:href",
            "use" | "pattern" | "lineargradient" | "radialgradient" | "mpath" | "textpath"
            | "filter",
        ) => (Kind::Requisite, Role::Use),
        ("href" | "xlink:href", "image" | "feimage" | "cursor") => (Kind::Requisite, Role::Image),
        ("href" | "xlink:href", "font-face-uri") => (Kind::Requisite, Role::Font),
        ("src", "iframe" | "frame") => (Kind::Embedded, Role::Frame),
        ("src", "embed") | ("data", "object") => (Kind::Embedded, Role::Object),
        ("src", "audio" | "video" | "source") => (Kind::Requisite, Role::Media),
        ("src", "track") => (Kind::Requisite, Role::Track),
        ("src", "img" | "input")
        | ("poster", "video")
        | ("background", "body" | "table" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th") => {
            (Kind::Requisite, Role::Image)
        }
        ("longdesc", "img" | "iframe" | "frame") | ("cite", "blockquote" | "q" | "del" | "ins") => {
            (Kind::Navigation, Role::Citation)
        }
        ("action", "form") | ("formaction", "button" | "input") => (Kind::Hint, Role::Form),
        _ => return None,
    };
    Some(Holds::Url(kind, role))
}

/// HTML §4.6.7. Of several, the first here decides: one that is needed before one that is not.
fn link(rel: &str) -> (Kind, Role) {
    let is = |name: &str| {
        let mut words = rel.split_ascii_whitespace();
        words.any(|word| word.eq_ignore_ascii_case(name))
    };
    let of = |(name, _, _): &&(&str, Kind, Role)| is(name);
    let known = RELS.iter().find(of);
    known.map_or((Kind::Navigation, Role::Related), |(_, kind, role)| {
        (*kind, *role)
    })
}

const RELS: [(&str, Kind, Role); 14] = [
    ("stylesheet", Kind::Requisite, Role::Stylesheet),
    ("icon", Kind::Requisite, Role::Icon),
    ("apple-touch-icon", Kind::Requisite, Role::Icon),
    ("apple-touch-icon-precomposed", Kind::Requisite, Role::Icon),
    ("mask-icon", Kind::Requisite, Role::Icon),
    ("manifest", Kind::Requisite, Role::Manifest),
    ("modulepreload", Kind::Requisite, Role::ModulePreload),
    ("preload", Kind::Requisite, Role::Preload),
    ("canonical", Kind::Navigation, Role::Canonical),
    ("alternate", Kind::Navigation, Role::Alternate),
    ("preconnect", Kind::Hint, Role::Prefetch),
    ("dns-prefetch", Kind::Hint, Role::Prefetch),
    ("prefetch", Kind::Hint, Role::Prefetch),
    ("prerender", Kind::Hint, Role::Prefetch),
];

/// More than any page has that a person reads; each costs some hundred bytes of memory.
pub(crate) const MOST_LINKS: usize = 100_000;

/// In bytes: of attributes that hold several links, longer ones are left as they are.
const LONGEST_LIST: usize = 1 << 20;
