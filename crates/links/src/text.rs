use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::{Encoding, UTF_8};

use crate::near;
use crate::reference::{self, Decoded};

/// The bytes of a document, and what they are in.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) encoding: &'static Encoding,
    /// They, if they are text as they stand: looked at once, and not for each part.
    text: Option<&'a str>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(bytes: &'a [u8], encoding: &'static Encoding) -> Self {
        Source {
            bytes,
            encoding,
            text: as_it_stands(bytes, encoding),
        }
    }

    /// Returns a part, if it is text as it stands.
    pub(crate) fn text(self, part: Range<usize>) -> Option<&'a str> {
        match self.text {
            Some(text) => text.get(part),
            None => as_it_stands(self.bytes.get(part)?, self.encoding),
        }
    }

    /// Decodes a part, and what is escaped in it.
    pub(crate) fn decode(self, part: Range<usize>, escapes: Escapes) -> Text<'a> {
        let raw = &self.bytes[part.clone()];
        let is_plain = escapes == Escapes::None || !near::has(ESCAPES, raw);
        match self.text(part.clone()).filter(|_| is_plain) {
            Some(text) => Text {
                decoded: Cow::Borrowed(text),
                parts: Vec::new(),
                bytes: part,
            },
            None => Text::decode_in_parts(raw, part, self.encoding, escapes),
        }
    }
}

impl<'a> From<&'a str> for Source<'a> {
    fn from(text: &'a str) -> Self {
        Source {
            bytes: text.as_bytes(),
            encoding: UTF_8,
            text: Some(text),
        }
    }
}

fn as_it_stands<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Option<&'a str> {
    let is_text = encoding == UTF_8 || bytes.is_ascii();
    is_text.then(|| str::from_utf8(bytes).ok())?
}

/// Text decoded from bytes, which knows where each part of it came from.
pub(crate) struct Text<'a> {
    pub(crate) decoded: Cow<'a, str>,
    /// Where the parts begin, in order; the first at 0. None if the text is the bytes.
    parts: Vec<Part>,
    /// Where the bytes begin and end in the document.
    bytes: Range<usize>,
}

/// What is written by something else in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// Nothing.
    None,
    /// Characters, by references.
    Html,
}

#[derive(Clone, Copy)]
struct Part {
    text: usize,
    bytes: usize,
    /// Whether it came through as it was, byte for byte.
    verbatim: bool,
}

impl Text<'_> {
    fn decode_in_parts(
        raw: &[u8],
        bytes: Range<usize>,
        encoding: &'static Encoding,
        escapes: Escapes,
    ) -> Self {
        let escapes = escapes == Escapes::Html;
        let mut text = String::with_capacity(raw.len());
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(byte) = raw.get(at).copied() {
            let rest = &raw[at..];
            let mut part = |verbatim: bool| {
                parts.push(Part {
                    text: text.len(),
                    bytes: bytes.start + at,
                    verbatim,
                });
            };
            let decoded = match byte {
                b'&' if escapes => reference::decode(rest),
                b'\r' if escapes => Some(Decoded {
                    first: '\n',
                    second: None,
                    length: if rest.starts_with(b"\r\n") { 2 } else { 1 },
                }),
                0 if escapes => Some(Decoded {
                    first: '\u{fffd}',
                    second: None,
                    length: 1,
                }),
                _ => None,
            };
            if let Some(decoded) = decoded {
                part(false);
                text.push(decoded.first);
                text.extend(decoded.second);
                at += decoded.length;
            } else if byte.is_ascii() {
                part(true);
                // A `&` that is no reference is text.
                let run = 1 + run(&rest[1..], |byte| {
                    byte.is_ascii() && !(escapes && is_escape(byte))
                });
                text.extend(rest[..run].iter().map(|byte| char::from(*byte)));
                at += run;
            } else if encoding == UTF_8 || encoding.is_single_byte() {
                let run = run(rest, |byte| !byte.is_ascii());
                let as_it_is = str::from_utf8(&rest[..run]).is_ok();
                part(encoding == UTF_8 && as_it_is);
                text.push_str(&encoding.decode_without_bom_handling(&rest[..run]).0);
                at += run;
            } else {
                part(false);
                let (char, length) = character(rest, encoding);
                text.push_str(&char);
                at += length;
            }
        }
        parts.push(Part {
            text: text.len(),
            bytes: bytes.end,
            verbatim: true,
        });
        Text {
            decoded: Cow::Owned(text),
            parts,
            bytes,
        }
    }

    /// Returns where a span of the text stands in the document.
    pub(crate) fn span(&self, of: Range<usize>) -> Range<usize> {
        self.place(of.start)..self.place(of.end)
    }

    fn place(&self, offset: usize) -> usize {
        if self.parts.is_empty() {
            return self.bytes.start + offset;
        }
        // Of parts that begin at the same place, all but the last are empty.
        let next = self.parts.partition_point(|part| part.text <= offset);
        let part = self.parts[next.saturating_sub(1)];
        match self.parts.get(next) {
            _ if part.verbatim => part.bytes + (offset - part.text),
            _ if part.text == offset => part.bytes,
            Some(after) => after.bytes,
            None => self.bytes.end,
        }
    }
}

/// Carriage returns and NULs, too, are others in the text of HTML. (CSS has its own rules for
/// these, and its parser knows them.)
fn is_escape(byte: u8) -> bool {
    ESCAPES.contains(&byte)
}

const ESCAPES: [u8; 3] = [b'&', b'\r', 0];

/// The first character, of those encodings where its further bytes may look like ASCII.
fn character<'r>(rest: &'r [u8], encoding: &'static Encoding) -> (Cow<'r, str>, usize) {
    let whole = (1..=rest.len().min(4)).find_map(|length| {
        let bytes = &rest[..length];
        let char = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
        Some((char, length))
    });
    whole.unwrap_or((Cow::Borrowed("\u{fffd}"), 1))
}

fn run(bytes: &[u8], of: impl Fn(u8) -> bool) -> usize {
    bytes
        .iter()
        .position(|byte| !of(*byte))
        .unwrap_or(bytes.len())
}
