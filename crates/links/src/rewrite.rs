use std::borrow::Cow;
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::ops::Range;

use url::Url;

use crate::document::Document;
use crate::link::{Place, Quotes, Within};
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
        let mut splices = Splices::new(&self.bytes);
        if let Some(at) = self.head {
            splices.put(at..at, self.encoding.encode(head).0.into_owned());
        }
        for link in self.links() {
            let (url, guards) = match edit(link) {
                None => continue,
                Some(Edit::Url(url)) => (url, &[][..]),
                Some(Edit::Unguarded(url)) => (url, &link.guards[..]),
                Some(Edit::Element(markup)) => {
                    let span = link.element.clone();
                    splices.put(span, self.encoding.encode(&markup).0.into_owned());
                    continue;
                }
            };
            for guard in guards {
                splices.put(guard.clone(), Vec::new());
            }
            if url != link.text {
                splices.put(link.span.clone(), escape(&url, link.place).into_bytes());
            }
        }
        match splices.apply() {
            None => Cow::Borrowed(self.content),
            Some(bytes) => {
                // What was no superset of ASCII is now UTF-8, and says so.
                let mark = matches!(self.bytes, Cow::Owned(_)).then_some(UTF_8_MARK);
                Cow::Owned([mark.unwrap_or_default(), &bytes].concat())
            }
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
/// then, by character references, for the attribute around that.
fn escape(url: &str, place: Place) -> String {
    match (url, place.attribute, place.within) {
        // Nothing would be something else here: the next attribute, or the next candidate.
        ("", _, Within::Srcset) => return "#".to_owned(),
        ("", Some(Quotes::None), _) => return "\"\"".to_owned(),
        _ => {}
    }
    let mut text = String::with_capacity(url.len());
    for (at, char) in url.char_indices() {
        let ends_candidate = char == ',' && (at == 0 || at + 1 == url.len());
        let encoded = match place.within {
            // The document's encoding may not have it.
            _ if char <= ' ' || char >= '\x7f' => true,
            Within::Nothing => false,
            Within::Srcset => ends_candidate,
            Within::Refresh => matches!(char, '"' | '\''),
            Within::Css => matches!(char, '"' | '\'' | '(' | ')' | '\\' | '<'),
        };
        match char {
            char if encoded => {
                for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(text, "%{byte:02X}");
                }
            }
            '&' if place.attribute.is_some() => text.push_str("&amp;"),
            '"' if place.attribute == Some(Quotes::Double) => text.push_str("&quot;"),
            '\'' if place.attribute == Some(Quotes::Single) => text.push_str("&#39;"),
            '"' | '\'' | '<' | '>' | '=' | '`' if place.attribute == Some(Quotes::None) => {
                let _ = write!(text, "&#{};", u32::from(char));
            }
            char => text.push(char),
        }
    }
    text
}

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
