use std::borrow::Cow;
use std::fmt::Write as _;

use url::Url;

use crate::document::Document;
use crate::link::{Place, Quotes, Within};
use crate::{Format, Link};

/// Replaces URLs in a document: `replace` is asked for each link, and returns what to put in its
/// place, or `None` to leave it as it is. What it returns is escaped as its place demands.
///
/// The other arguments are those of [`extract`](crate::extract). Borrowed means: nothing changed.
pub fn rewrite<'a>(
    content: &'a [u8],
    format: Format,
    charset: Option<&str>,
    url: &Url,
    mut replace: impl FnMut(&Link) -> Option<String>,
) -> Cow<'a, [u8]> {
    let document = Document::new(content, format, charset);
    let mut rewritten = Vec::new();
    let mut copied = 0;
    for link in document.links(format, url) {
        // Two attributes never overlap; nested documents might.
        if link.span.start < copied {
            continue;
        }
        let Some(replacement) = replace(&link).filter(|replacement| *replacement != link.text)
        else {
            continue;
        };
        if rewritten.is_empty() && matches!(document.bytes, Cow::Owned(_)) {
            rewritten.extend_from_slice(UTF_8_MARK);
        }
        rewritten.extend_from_slice(&document.bytes[copied..link.span.start]);
        rewritten.extend_from_slice(escape(&replacement, link.place).as_bytes());
        copied = link.span.end;
    }
    if copied == 0 {
        return Cow::Borrowed(content);
    }
    rewritten.extend_from_slice(&document.bytes[copied..]);
    Cow::Owned(rewritten)
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
