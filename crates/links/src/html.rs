//! The URLs of HTML.

use std::cell::RefCell;
use std::ops::Range;

use encoding_rs::Encoding;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use crate::link::{Kind, Place, Quotes, Reference, Within};
use crate::scan::{Attribute, Piece, Tag, scan};
use crate::text::Text;
use crate::{Format, css, refresh, srcset};

/// Finds what a document refers to, in order.
pub(crate) fn references(
    document: &[u8],
    format: Format,
    encoding: &'static Encoding,
) -> Vec<Reference> {
    let mut html = Html {
        document,
        encoding,
        tokenizer: Tokenizer::new(Sink::default(), TokenizerOpts::default()),
        found: Vec::new(),
    };
    for piece in scan(document, format) {
        if html.found.len() >= MOST_LINKS {
            break;
        }
        match piece {
            Piece::Tag(tag) => html.tag(&tag),
            Piece::Style(bytes) => {
                let style = Text::decode(document, bytes, encoding, None);
                html.style(&style, None);
            }
        }
    }
    // Attributes are looked at in the tokenizer's order, which is theirs, but for the doubled.
    html.found.sort_by_key(|reference| reference.span.start);
    html.found
}

struct Html<'a> {
    document: &'a [u8],
    encoding: &'static Encoding,
    tokenizer: Tokenizer<Sink>,
    found: Vec<Reference>,
}

/// What an attribute holds.
#[derive(Clone, Copy)]
enum Holds {
    Url(Kind),
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

    fn attribute(&mut self, value: &str, written: &Attribute, holds: Holds) {
        let quotes = Some(written.quotes);
        let bytes = written.value.clone();
        if let Holds::Url(kind) = holds {
            return self.find(value, kind, bytes, quotes, Within::Nothing);
        }
        if bytes.len() > LONGEST_LIST {
            return;
        }
        let references = |piece: &str| self.decode(piece);
        let text = Text::decode(self.document, bytes, self.encoding, Some(&references));
        match holds {
            Holds::Url(_) => {}
            Holds::Style => self.style(&text, quotes),
            Holds::Srcset => {
                for url in srcset::urls(&text.decoded) {
                    let span = text.span(url.clone());
                    self.find(
                        &text.decoded[url],
                        Kind::Requisite,
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
            self.find(&url.text, Kind::Requisite, span, attribute, Within::Css);
        }
    }

    fn find(
        &mut self,
        text: &str,
        kind: Kind,
        span: Range<usize>,
        attribute: Option<Quotes>,
        within: Within,
    ) {
        self.found.push(Reference {
            text: text.to_owned(),
            kind,
            span,
            place: Place { attribute, within },
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
    let kind = match (attribute, element) {
        ("style", _) => return Some(Holds::Style),
        ("srcset", "img" | "source") | ("imagesrcset", "link") => return Some(Holds::Srcset),
        ("content", "meta") => {
            let refresh =
                value("http-equiv").is_some_and(|name| name.eq_ignore_ascii_case("refresh"));
            return refresh.then_some(Holds::Refresh);
        }
        ("href", "base") => Kind::Base,
        ("href", "link") => link_kind(value("rel").unwrap_or_default()),
        ("href" | "xlink:href", "a" | "area") => Kind::Navigation,
        ("href" | "xlink:href", element) if SVG.contains(&element) => Kind::Requisite,
        ("src", "iframe" | "frame" | "embed") | ("data", "object") => Kind::Embedded,
        ("src", "img" | "script" | "audio" | "video" | "source" | "track" | "input")
        | ("poster", "video")
        | ("background", "body" | "table" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th") => {
            Kind::Requisite
        }
        ("longdesc", "img" | "iframe" | "frame") | ("cite", "blockquote" | "q" | "del" | "ins") => {
            Kind::Navigation
        }
        ("action", "form") | ("formaction", "button" | "input") => Kind::Hint,
        _ => return None,
    };
    Some(Holds::Url(kind))
}

/// HTML §4.6.7. Of several, one that is needed decides.
fn link_kind(rel: &str) -> Kind {
    let is = |names: &[&str]| {
        let mut words = rel.split_ascii_whitespace();
        words.any(|word| names.iter().any(|name| word.eq_ignore_ascii_case(name)))
    };
    if is(&[
        "stylesheet",
        "icon",
        "apple-touch-icon",
        "apple-touch-icon-precomposed",
        "mask-icon",
        "manifest",
        "preload",
        "modulepreload",
    ]) {
        Kind::Requisite
    } else if is(&["preconnect", "dns-prefetch", "prefetch", "prerender"]) {
        Kind::Hint
    } else {
        Kind::Navigation
    }
}

/// Elements of SVG whose reference is drawn or run. (The tokenizer writes names in lower case.)
const SVG: [&str; 12] = [
    "image",
    "use",
    "feimage",
    "script",
    "pattern",
    "lineargradient",
    "radialgradient",
    "mpath",
    "textpath",
    "filter",
    "cursor",
    "font-face-uri",
];

/// More than any page has that a person reads; each costs some hundred bytes of memory.
pub(crate) const MOST_LINKS: usize = 100_000;

/// In bytes: of attributes that hold several links, longer ones are left as they are.
const LONGEST_LIST: usize = 1 << 20;
