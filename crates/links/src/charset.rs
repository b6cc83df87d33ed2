use encoding_rs::{Encoding, UTF_8, WINDOWS_1252, X_USER_DEFINED};

use crate::Format;
use crate::scan::{Piece, scan};

/// Returns the charset that a `Content-Type` names (RFC 9110 §8.3.2).
///
/// ```
/// assert_eq!(dragline_links::charset("text/html; Charset=\"utf-8\""), Some("utf-8"));
/// assert_eq!(dragline_links::charset("text/html"), None);
/// ```
pub fn charset(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';').skip(1);
    let value = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim())
    })?;
    let unquoted = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    Some(unquoted.unwrap_or(value))
}

/// The encoding of a document, and what told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Charset {
    /// Its name by the WHATWG Encoding standard: `UTF-8`, `windows-1252`.
    pub name: &'static str,
    /// What told it.
    pub told_by: Teller,
}

/// What told the encoding of a document; the first in this order counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Teller {
    /// A byte order mark.
    Mark,
    /// The `Content-Type`.
    Transport,
    /// The document itself: `<meta charset>`, `<?xml encoding?>`, `@charset`.
    Document,
    /// Nothing; it was guessed.
    Guess,
}

/// Returns the encoding of a document, by the order of the HTML and CSS standards: byte order mark,
/// transport, what the document says of itself, a guess.
pub(crate) fn encoding(
    content: &[u8],
    format: Format,
    charset: Option<&str>,
) -> (&'static Encoding, Charset) {
    let marked = || Encoding::for_bom(content).map(|(encoding, _)| encoding);
    let told = || charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    let declared = || match format {
        Format::Html | Format::Xml => declared_in_html(content),
        Format::Css => declared_in_css(content),
    };
    let guessed = || {
        if str::from_utf8(content).is_ok() {
            UTF_8
        } else {
            WINDOWS_1252
        }
    };
    let by = |told_by: Teller| move |encoding| (encoding, told_by);
    let (encoding, told_by) = marked()
        .map(by(Teller::Mark))
        .or_else(|| told().map(by(Teller::Transport)))
        .or_else(|| declared().map(by(Teller::Document)))
        .unwrap_or_else(|| (guessed(), Teller::Guess));
    let name = encoding.name();
    (encoding, Charset { name, told_by })
}

/// The standard's "prescan a byte stream to determine its encoding".
fn declared_in_html(content: &[u8]) -> Option<&'static Encoding> {
    let head = &content[..content.len().min(1024)];
    let encoding = scan(head, Format::Html).find_map(|piece| {
        let Piece::Tag(tag) = piece else { return None };
        if !head[tag.name.clone()].eq_ignore_ascii_case(b"meta") {
            return None;
        }
        let value = |name: &[u8]| {
            let attribute = tag
                .attributes
                .iter()
                .find(|a| head[a.name.clone()].eq_ignore_ascii_case(name));
            attribute.map(|attribute| &head[attribute.value.clone()])
        };
        if let Some(label) = value(b"charset") {
            return Encoding::for_label(label);
        }
        let pragma = value(b"http-equiv")?;
        let content = str::from_utf8(value(b"content")?).ok()?;
        let names_it = pragma.eq_ignore_ascii_case(b"content-type");
        let label = names_it.then(|| charset(content)).flatten()?;
        Encoding::for_label(label.as_bytes())
    })?;
    Some(readable_as_ascii(encoding))
}

/// CSS Syntax §3.2: nothing but these very bytes.
fn declared_in_css(content: &[u8]) -> Option<&'static Encoding> {
    let rest = content.strip_prefix(b"@charset \"")?;
    let end = rest.iter().take(100).position(|byte| *byte == b'"')?;
    rest[end..].starts_with(b"\";").then_some(())?;
    Encoding::for_label(&rest[..end]).map(readable_as_ascii)
}

/// A declaration that could be read as ASCII is not in UTF-16, whatever it says.
fn readable_as_ascii(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == X_USER_DEFINED {
        WINDOWS_1252
    } else {
        encoding.output_encoding()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content: &[u8], charset: Option<&str>, name: &str) {
        assert_eq!(encoding(content, Format::Html, charset).1.name, name);
    }

    #[test]
    fn the_order_is_mark_transport_declaration_guess() {
        check(b"\xef\xbb\xbf<meta charset=koi8-r>", Some("gbk"), "UTF-8");
        check(b"\xff\xfe<\0", None, "UTF-16LE");
        check(b"<meta charset=koi8-r>", Some("gbk"), "GBK");
        check(b"<meta charset=koi8-r>", Some("no such"), "KOI8-R");
        check(b"<META CHARSET='shift_jis'>", None, "Shift_JIS");
        check(
            b"<meta http-equiv=Content-Type content='text/html; charset=euc-kr'>",
            None,
            "EUC-KR",
        );
        check(b"<meta charset=utf-16>", None, "UTF-8");
        check(b"<!-- <meta charset=koi8-r> -->\xe9", None, "windows-1252");
        check("é".as_bytes(), None, "UTF-8");
        assert_eq!(
            encoding(b"@charset \"koi8-r\";", Format::Css, None).1.name,
            "KOI8-R"
        );
        assert_eq!(
            encoding(b"@charset 'koi8-r';\xff", Format::Css, None)
                .1
                .name,
            "windows-1252"
        );
    }
}
