use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::Encoding;

/// Text decoded from bytes, which knows where each part of it came from.
pub(crate) struct Text<'a> {
    pub(crate) decoded: Cow<'a, str>,
    /// Where the parts begin, in order; the first at 0. None if the text is the bytes.
    parts: Vec<Part>,
    /// Where the bytes begin and end in the document.
    bytes: Range<usize>,
}

#[derive(Clone, Copy)]
struct Part {
    text: usize,
    bytes: usize,
    /// Whether it came through as it was, byte for byte.
    verbatim: bool,
}

impl<'a> Text<'a> {
    /// Decodes `document[bytes]`. `reference` decodes a piece that begins with a character
    /// reference of HTML; without it there are none.
    pub(crate) fn decode(
        document: &'a [u8],
        bytes: Range<usize>,
        encoding: &'static Encoding,
        reference: Option<&dyn Fn(&str) -> String>,
    ) -> Self {
        let raw = &document[bytes.clone()];
        // CSS has its own rules for these, and its parser knows them.
        let plain = |byte: u8| reference.is_none() || !matches!(byte, 0 | b'\r' | b'&');
        match str::from_utf8(raw) {
            Ok(text)
                if (encoding == encoding_rs::UTF_8 || raw.is_ascii())
                    && raw.iter().all(|byte| plain(*byte)) =>
            {
                Text {
                    decoded: Cow::Borrowed(text),
                    parts: Vec::new(),
                    bytes,
                }
            }
            _ => Self::decode_in_parts(raw, bytes, encoding, reference),
        }
    }

    fn decode_in_parts(
        raw: &[u8],
        bytes: Range<usize>,
        encoding: &'static Encoding,
        reference: Option<&dyn Fn(&str) -> String>,
    ) -> Self {
        let mut text = String::with_capacity(raw.len());
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(byte) = raw.get(at).copied() {
            let rest = &raw[at..];
            let mut part = |text: &String, at: usize, verbatim: bool| {
                parts.push(Part {
                    text: text.len(),
                    bytes: bytes.start + at,
                    verbatim,
                });
            };
            match (byte, reference) {
                (b'&', Some(reference)) => {
                    // A reference reaches to the next `&` at most; what it leaves stands as it is.
                    let piece = piece(rest);
                    let decoded = reference(piece);
                    let kept = kept(piece, &decoded);
                    part(&text, at, false);
                    text.push_str(&decoded[..decoded.len() - kept]);
                    part(&text, at + piece.len() - kept, true);
                    text.push_str(&decoded[decoded.len() - kept..]);
                    at += piece.len();
                }
                (b'\r', Some(_)) => {
                    part(&text, at, false);
                    text.push('\n');
                    at += if rest.starts_with(b"\r\n") { 2 } else { 1 };
                }
                (0, Some(_)) => {
                    part(&text, at, false);
                    text.push('\u{fffd}');
                    at += 1;
                }
                _ if byte.is_ascii() => {
                    part(&text, at, true);
                    let run = run(rest, |byte| {
                        byte.is_ascii() && !matches!(byte, 0 | b'\r' | b'&')
                    });
                    // A `&` that is none of ours is text.
                    let run = run.max(1);
                    text.extend(rest[..run].iter().map(|byte| char::from(*byte)));
                    at += run;
                }
                _ => {
                    // The second byte of a character may be in the upper part of ASCII.
                    let run = run(rest, |byte| !matches!(byte, 0..0x30 | 0x3a..0x40));
                    part(&text, at, false);
                    text.push_str(&encoding.decode_without_bom_handling(&rest[..run]).0);
                    at += run;
                }
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

/// From a `&` up to the next, as far as it is ASCII.
fn piece(rest: &[u8]) -> &str {
    let end = 1 + run(&rest[1..], |byte| {
        byte.is_ascii() && !matches!(byte, b'&' | 0 | b'\r')
    });
    str::from_utf8(&rest[..end]).unwrap_or("&")
}

/// How many bytes behind its reference a piece `a`, decoded to `b`, has kept.
fn kept(a: &str, b: &str) -> usize {
    // The `;` of a reference is no part of what follows it, also where it stands for a `;`.
    let most = a.find(';').map_or(a.len() - 1, |at| a.len() - at - 1);
    let shared = a
        .bytes()
        .rev()
        .zip(b.bytes().rev())
        .take_while(|(a, b)| a == b);
    shared.count().min(most)
}

fn run(bytes: &[u8], of: impl Fn(u8) -> bool) -> usize {
    bytes
        .iter()
        .position(|byte| !of(*byte))
        .unwrap_or(bytes.len())
}
