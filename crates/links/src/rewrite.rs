use std::borrow::Cow;
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::ops::Range;

use encoding_rs::{UTF_16BE, UTF_16LE};
use url::Url;

use crate::document::Document;
use crate::link::{Layer, Place, Quotes, Span, Within};
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
    /// Edits its links, and puts `head` at the beginning of its head: this is
    /// [`edits`](Document::edits) and [`apply`](Edits::apply) in one.
    pub fn rewrite(&self, head: &str, edit: impl FnMut(&Link) -> Option<Edit>) -> Cow<'a, [u8]> {
        self.edits(edit).apply(head)
    }

    /// Edits its links: `edit` is asked for each, in order; `None` leaves it as it is.
    pub fn edits(&self, mut edit: impl FnMut(&Link) -> Option<Edit>) -> Edits<'_, 'a> {
        let mut splices = Splices::new(&self.bytes);
        for policy in &self.dropped {
            splices.put(policy.clone(), b"");
        }
        let mut links = self.links();
        let mut link = Link::nothing();
        while links.next_into(&mut link) {
            let (url, guards) = match edit(&link) {
                None => continue,
                Some(Edit::Url(url)) => (url, &[][..]),
                Some(Edit::Unguarded(url)) => (url, &link.guards[..]),
                Some(Edit::Element(markup)) => {
                    let markup = surround(Cow::Owned(markup), &link.place.around);
                    splices.put(link.element.clone(), &self.encode(&markup));
                    continue;
                }
            };
            for guard in guards {
                splices.put(guard.clone(), b"");
            }
            if url != link.text {
                let mut new = escape(&url, link.place);
                if self.is_behind_open_reference(&link) {
                    new.to_mut().insert(0, ';');
                }
                splices.put(link.span.clone(), &self.encode(&new));
            }
        }
        Edits {
            document: self,
            splices,
        }
    }

    /// Whether a character reference that lacks its `;` stands before a URL: what is put there might
    /// make another of it.
    fn is_behind_open_reference(&self, link: &Link) -> bool {
        if link.place.layer.is_none() && link.place.around[0].is_none() {
            return false;
        }
        let mut before = &self.bytes[..link.span.start];
        let name = before.iter().rev().take(LONGEST_REFERENCE);
        let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'#';
        let length = name.take_while(is_part).count();
        let (rest, name) = before.split_at(before.len() - length);
        // In documents within documents, its `&` is escaped itself.
        before = rest;
        while let Some(shorter) = before.strip_suffix(b"amp;") {
            before = shorter;
        }
        before.ends_with(b"&") && {
            let reference = [b"&", name].concat();
            reference::decode(&reference).is_some_and(|found| found.length == reference.len())
        }
    }

    fn encode<'t>(&self, text: &'t str) -> Cow<'t, [u8]> {
        if self.encoding == UTF_16LE {
            Cow::Owned(text.encode_utf16().flat_map(u16::to_le_bytes).collect())
        } else if self.encoding == UTF_16BE {
            Cow::Owned(text.encode_utf16().flat_map(u16::to_be_bytes).collect())
        } else {
            self.encoding.encode(text).0
        }
    }
}

/// What is to be changed in a document: much smaller than what comes of it.
#[derive(Debug)]
#[must_use = "nothing is changed until they are applied"]
pub struct Edits<'d, 'a> {
    document: &'d Document<'a>,
    splices: Splices<'d>,
}

impl<'d, 'a> Edits<'d, 'a> {
    /// Returns the edited document, `head` put at the beginning of its head, if it has a
    /// [head](Document::head).
    ///
    /// All else stays as it is. Borrowed means: nothing changed.
    pub fn apply(self, head: &str) -> Cow<'a, [u8]> {
        self.with_head(head).content()
    }

    /// Puts `head` at the beginning of the document's head, if it has a [head](Document::head), as the
    /// last of the edits.
    pub fn with_head(self, head: &str) -> Edited<'d, 'a> {
        let Edits {
            document,
            mut splices,
        } = self;
        if let Some(at) = document.head {
            splices.put(at..at, &document.encode(head));
        }
        splices.settle();
        Edited { document, splices }
    }
}

/// An edited document, which need not be in memory beside the one that it was.
#[derive(Debug)]
pub struct Edited<'d, 'a> {
    document: &'d Document<'a>,
    splices: Splices<'d>,
}

impl<'a> Edited<'_, 'a> {
    /// Returns it piece by piece.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let is_marked = self.document.is_transcoded() && !self.splices.pieces.is_empty();
        let mark: &[u8] = if is_marked { UTF_8_MARK } else { b"" };
        let bytes = if self.splices.pieces.is_empty() {
            self.document.content
        } else {
            self.splices.bytes
        };
        [mark].into_iter().chain(self.splices.pieces(bytes))
    }

    /// Returns it whole. Borrowed means: nothing changed.
    pub fn content(&self) -> Cow<'a, [u8]> {
        if self.splices.pieces.is_empty() {
            return Cow::Borrowed(self.document.content);
        }
        let mut content = Vec::with_capacity(self.pieces().map(<[u8]>::len).sum());
        self.pieces()
            .for_each(|piece| content.extend_from_slice(piece));
        Cow::Owned(content)
    }
}

/// Pieces to replace, in any order.
#[derive(Debug)]
struct Splices<'d> {
    bytes: &'d [u8],
    pieces: Vec<Piece>,
    /// What comes into their places, one behind the other.
    new: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    span: Span,
    /// Where what comes into its place begins in that.
    new: usize,
    length: usize,
}

impl<'d> Splices<'d> {
    fn new(bytes: &'d [u8]) -> Self {
        Splices {
            bytes,
            pieces: Vec::new(),
            new: Vec::new(),
        }
    }

    fn put(&mut self, span: Range<usize>, new: &[u8]) {
        if self.bytes[span.clone()] != *new {
            self.pieces.push(Piece {
                span: Span::new(span),
                new: self.new.len(),
                length: new.len(),
            });
            self.new.extend_from_slice(new);
        }
    }

    /// Puts them in order. What overlaps one that begins before it, or is longer, is left out.
    fn settle(&mut self) {
        let place = |piece: &Piece| {
            let Range { start, end } = piece.span.range();
            let insertion = start == end;
            (start, !insertion, Reverse(end))
        };
        if !self.pieces.is_sorted_by_key(place) {
            self.pieces.sort_by_key(place);
        }
        let mut copied = 0;
        self.pieces.retain(|piece| {
            let Range { start, end } = piece.span.range();
            let is_free = start >= copied;
            if is_free {
                copied = end;
            }
            is_free
        });
    }

    /// Returns what comes of `bytes`, once they are in order.
    fn pieces<'s>(&'s self, bytes: &'s [u8]) -> impl Iterator<Item = &'s [u8]> {
        let ends = self.pieces.iter().map(|piece| piece.span.range().end);
        let kept_from = [0].into_iter().chain(ends);
        let starts = self.pieces.iter().map(|piece| piece.span.range().start);
        let kept_to = starts.chain([bytes.len()]);
        let put = self.pieces.iter();
        let put = put.map(|piece| &self.new[piece.new..piece.new + piece.length]);
        let put = put.chain([&[][..]]);
        let kept = kept_from.zip(kept_to).map(|(from, to)| &bytes[from..to]);
        kept.zip(put).flat_map(|(kept, put)| [kept, put])
    }
}

/// Escapes a URL for where it is to stand: first, by percent-encoding, for what it stands within,
/// then, by character references, for what that stands in.
fn escape(url: &str, place: Place) -> Cow<'_, str> {
    let unquoted = place.layer == Some(Layer::Attribute(Quotes::None));
    let text = match (url, place.within) {
        // Nothing would be something else here: the next attribute, the next candidate, another
        // module.
        ("", Within::List | Within::Commas) => Cow::Borrowed("#"),
        ("", Within::Playlist) => Cow::Borrowed("?"),
        ("", _) if unquoted => return surround(Cow::Borrowed("\"\""), &place.around),
        (url, Within::Module) if !is_url_like(url) => {
            Cow::Owned(format!("./{}", encode(url, place.within)))
        }
        (url, within) => encode(url, within),
    };
    surround(text, [&place.layer].into_iter().chain(&place.around))
}

fn encode(url: &str, within: Within) -> Cow<'_, str> {
    let is_encoded = |at: usize, char: char| match within {
        // The document's encoding may not have it.
        _ if char <= ' ' || char >= '\x7f' => true,
        Within::Nothing => false,
        // At its beginning it would be a comment.
        Within::Playlist => char == '"' || char == '#' && at == 0,
        Within::List => char == ',' && (at == 0 || at + 1 == url.len()),
        Within::Commas => char == ',',
        Within::Refresh => matches!(char, '"' | '\''),
        Within::Css => matches!(char, '"' | '\\' | '<'),
        Within::Script | Within::Module => matches!(char, '"' | '`' | '\\' | '<' | '{'),
        Within::Header => matches!(char, '<' | '>'),
    };
    // These would be others in a URL if they were percent-encoded.
    let escaped = |char| match (char, within) {
        ('(', Within::Css) => Some("\\("),
        (')', Within::Css) => Some("\\)"),
        ('\'', Within::Css) => Some("\\'"),
        ('\'', Within::Script | Within::Module) => Some("\\u0027"),
        _ => None,
    };
    let is_plain = |(at, byte): (usize, u8)| {
        let char = char::from(byte);
        !is_encoded(at, char) && escaped(char).is_none()
    };
    if url.bytes().enumerate().all(is_plain) {
        return Cow::Borrowed(url);
    }
    let mut text = String::with_capacity(url.len() + 16);
    for (at, char) in url.char_indices() {
        if is_encoded(at, char) {
            for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(text, "%{byte:02X}");
            }
        } else if let Some(escape) = escaped(char) {
            text.push_str(escape);
        } else {
            text.push(char);
        }
    }
    Cow::Owned(text)
}

/// Escapes what stands in all of these, innermost first.
fn surround<'t, 'l>(
    text: Cow<'t, str>,
    layers: impl IntoIterator<Item = &'l Option<Layer>>,
) -> Cow<'t, str> {
    let layers = layers.into_iter().flatten();
    layers.fold(text, |text, layer| {
        let escape = |char| match (char, layer) {
            (_, Layer::Cdata) => None,
            ('&', _) => Some("&amp;"),
            ('<', Layer::Text) => Some("&lt;"),
            ('>', Layer::Text) => Some("&gt;"),
            ('"', Layer::Attribute(Quotes::Double)) => Some("&quot;"),
            ('\'', Layer::Attribute(Quotes::Single)) => Some("&#39;"),
            (_, Layer::Attribute(Quotes::None)) => match char {
                '"' => Some("&#34;"),
                '\'' => Some("&#39;"),
                '<' => Some("&#60;"),
                '>' => Some("&#62;"),
                '=' => Some("&#61;"),
                '`' => Some("&#96;"),
                ' ' => Some("&#32;"),
                '\t' => Some("&#9;"),
                '\n' => Some("&#10;"),
                '\r' => Some("&#13;"),
                '\x0c' => Some("&#12;"),
                _ => None,
            },
            _ => None,
        };
        if *layer == Layer::Cdata && text.contains("]]>") {
            return Cow::Owned(text.replace("]]>", "]]%3E"));
        }
        if text.bytes().all(|byte| escape(char::from(byte)).is_none()) {
            return text;
        }
        let mut escaped = String::with_capacity(text.len() + 16);
        for char in text.chars() {
            match escape(char) {
                Some(escape) => escaped.push_str(escape),
                None => escaped.push(char),
            }
        }
        Cow::Owned(escaped)
    })
}

/// No name is longer; a number may be, by its zeros, which nobody writes.
const LONGEST_REFERENCE: usize = 40;

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
