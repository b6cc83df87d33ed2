use std::borrow::Cow;
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::ops::Range;

use encoding_rs::{UTF_16BE, UTF_16LE};
use url::Url;

use crate::document::Document;
use crate::link::{Layer, Place, Quotes, Within};
use crate::reference;
use crate::script::is_url_like;
use crate::{Edit, Format, Link};

/// Replaces URLs in a document: `replace` is asked for each link, and returns what to put in its
/// place, or `None` to leave it as it is. What it returns is escaped as its place demands.
///
/// The other arguments are those of [`Document::new`]; [`Document::rewrite`] can do more. Borrowed
/// means: nothing changed.
pub fn rewrite<'a>(
    content: &'a [u8],
    format: Format,
    charset: Option<&str>,
    url: &Url,
    mut replace: impl FnMut(&Link) -> Option<String>,
) -> Cow<'a, [u8]> {
    let document = Document::new(content, format, charset, url);
    document.rewrite("", |link| replace(link).map(Edit::Url))
}

impl<'a> Document<'a> {
    /// Puts `head` at the beginning of the document's head, if it has a [head](Document::head), and
    /// edits its links: `edit` is asked for each; `None` leaves it as it is.
    ///
    /// All else stays as it is. Borrowed means: nothing changed.
    pub fn rewrite(
        &self,
        head: &str,
        mut edit: impl FnMut(&Link) -> Option<Edit>,
    ) -> Cow<'a, [u8]> {
        let mut splices = Splices::new(self.placed());
        if let Some(at) = self.head {
            splices.put(at..at, self.encode(head));
        }
        for policy in &self.dropped {
            splices.put(policy.clone(), Vec::new());
        }
        for link in self.links() {
            let (url, guards) = match edit(link) {
                None => continue,
                Some(Edit::Url(url)) => (url, &[][..]),
                Some(Edit::Unguarded(url)) => (url, &link.guards[..]),
                Some(Edit::Element(markup)) => {
                    let markup = surround(markup, &link.place.around);
                    splices.put(link.element.clone(), self.encode(&markup));
                    continue;
                }
            };
            for guard in guards {
                splices.put(guard.clone(), Vec::new());
            }
            if url != link.text {
                let mut new = escape(&url, link.place);
                if self.is_behind_open_reference(link) {
                    new.insert(0, ';');
                }
                splices.put(link.span.clone(), self.encode(&new));
            }
        }
        match splices.apply() {
            None => Cow::Borrowed(self.content),
            Some(bytes) if self.is_transcoded() => Cow::Owned([UTF_8_MARK, &bytes].concat()),
            Some(bytes) => Cow::Owned(bytes),
        }
    }

    /// Whether a character reference that lacks its `;` stands before a URL: what is put there might
    /// make another of it.
    fn is_behind_open_reference(&self, link: &Link) -> bool {
        if link.place.layer.is_none() && link.place.around[0].is_none() {
            return false;
        }
        let mut before = &self.placed()[..link.span.start];
        let name = before.iter().rev().take(LONGEST_REFERENCE);
        let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'#';
        let length = name.take_while(is_part).count();
        let (rest, name) = before.split_at(before.len() - length);
        // In documents within documents, its `&` is escaped itself.
        before = rest;
        while let Some(shorter) = before.strip_suffix(b"amp;") {
            before = shorter;
        }
        let reference = [b"&", name].concat();
        before.ends_with(b"&")
            && reference::decode(&reference).is_some_and(|found| found.length == reference.len())
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        if self.encoding == UTF_16LE {
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        } else if self.encoding == UTF_16BE {
            text.encode_utf16().flat_map(u16::to_be_bytes).collect()
        } else {
            self.encoding.encode(text).0.into_owned()
        }
    }
}

/// Pieces to replace, in any order.
struct Splices<'d> {
    bytes: &'d [u8],
    pieces: Vec<(Range<usize>, Vec<u8>)>,
}

impl<'d> Splices<'d> {
    fn new(bytes: &'d [u8]) -> Self {
        let pieces = Vec::new();
        Splices { bytes, pieces }
    }

    fn put(&mut self, span: Range<usize>, new: Vec<u8>) {
        if self.bytes[span.clone()] != new[..] {
            self.pieces.push((span, new));
        }
    }

    /// What overlaps one that begins before it, or is longer, is left out.
    fn apply(mut self) -> Option<Vec<u8>> {
        let by_place = |(span, _): &(Range<usize>, _)| {
            let insertion = span.is_empty();
            (span.start, !insertion, Reverse(span.end))
        };
        self.pieces.sort_by_key(by_place);
        let mut spliced = Vec::with_capacity(self.bytes.len());
        let mut copied = 0;
        for (span, new) in &self.pieces {
            if span.start < copied {
                continue;
            }
            spliced.extend_from_slice(&self.bytes[copied..span.start]);
            spliced.extend_from_slice(new);
            copied = span.end;
        }
        spliced.extend_from_slice(&self.bytes[copied..]);
        (!self.pieces.is_empty()).then_some(spliced)
    }
}

/// Escapes a URL for where it is to stand: first, by percent-encoding, for what it stands within,
/// then, by character references, for what that stands in.
fn escape(url: &str, place: Place) -> String {
    let unquoted = place.layer == Some(Layer::Attribute(Quotes::None));
    let text = match (url, place.within) {
        // Nothing would be something else here: the next attribute, the next candidate, another
        // module.
        ("", Within::List | Within::Commas) => "#".to_owned(),
        ("", _) if unquoted => return surround("\"\"".to_owned(), &place.around),
        (url, Within::Module) if !is_url_like(url) => format!("./{}", encode(url, place.within)),
        (url, within) => encode(url, within),
    };
    surround(text, [&place.layer].into_iter().chain(&place.around))
}

fn encode(url: &str, within: Within) -> String {
    let mut text = String::with_capacity(url.len());
    for (at, char) in url.char_indices() {
        let ends_candidate = char == ',' && (at == 0 || at + 1 == url.len());
        let encoded = match within {
            // The document's encoding may not have it.
            _ if char <= ' ' || char >= '\x7f' => true,
            Within::Nothing => false,
            Within::List => ends_candidate,
            Within::Commas => char == ',',
            Within::Refresh => matches!(char, '"' | '\''),
            Within::Css => matches!(char, '"' | '\\' | '<'),
            Within::Script | Within::Module => matches!(char, '"' | '`' | '\\' | '<' | '{'),
            Within::Header => matches!(char, '<' | '>'),
        };
        if encoded {
            for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(text, "%{byte:02X}");
            }
            continue;
        }
        // These would be others in a URL if they were percent-encoded.
        match (char, within) {
            ('\'' | '(' | ')', Within::Css) => text.extend(['\\', char]),
            ('\'', Within::Script | Within::Module) => text.push_str("\\u0027"),
            (char, _) => text.push(char),
        }
    }
    text
}

/// Escapes what stands in all of these, innermost first.
fn surround<'l>(text: String, layers: impl IntoIterator<Item = &'l Option<Layer>>) -> String {
    let layers = layers.into_iter().flatten();
    layers.fold(text, |text, layer| {
        let mut escaped = String::with_capacity(text.len());
        for char in text.chars() {
            match (char, layer) {
                (char, Layer::Cdata) => escaped.push(char),
                ('&', _) => escaped.push_str("&amp;"),
                ('<', Layer::Text) => escaped.push_str("&lt;"),
                ('>', Layer::Text) => escaped.push_str("&gt;"),
                ('"', Layer::Attribute(Quotes::Double)) => escaped.push_str("&quot;"),
                ('\'', Layer::Attribute(Quotes::Single)) => escaped.push_str("&#39;"),
                (
                    '"' | '\'' | '<' | '>' | '=' | '`' | ' ' | '\t' | '\n' | '\r' | '\x0c',
                    Layer::Attribute(Quotes::None),
                ) => {
                    let _ = write!(escaped, "&#{};", u32::from(char));
                }
                (char, _) => escaped.push(char),
            }
        }
        match layer {
            Layer::Cdata => escaped.replace("]]>", "]]%3E"),
            _ => escaped,
        }
    })
}

/// No name is longer; a number may be, by its zeros, which nobody writes.
const LONGEST_REFERENCE: usize = 40;

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
