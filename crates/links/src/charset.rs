use encoding_rs::{Encoding, UTF_8, WINDOWS_1252, X_USER_DEFINED};

use crate::Format;
use crate::attribute::Name;
use crate::scan::{Scan, Tag};

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

impl Charset {
    /// Returns the encoding of a document, if its `Content-Type` names this one, without a search for
    /// its links.
    ///
    /// ```
    /// use dragline_links::{Charset, Format, Teller};
    /// let page = b"<meta charset=utf-8>";
    /// let told = Charset::of(page, Format::Html, Some("koi8-r"));
    /// assert_eq!((told.name, told.told_by), ("KOI8-R", Teller::Transport));
    /// assert_eq!(Charset::of(page, Format::Html, None).name, "UTF-8");
    /// ```
    pub fn of(content: &[u8], format: Format, charset: Option<&str>) -> Self {
        encoding(content, format, charset, None).1
    }
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
    /// The document that refers to it.
    Environment,
    /// The format: XML, JSON and scripts are UTF-8 where nothing else is said.
    Format,
    /// Nothing; it was guessed.
    Guess,
}

/// Returns the encoding of a document, by the order of the HTML (§13.2.3.2), XML and CSS (§3.2)
/// standards.
pub(crate) fn encoding(
    content: &[u8],
    format: Format,
    charset: Option<&str>,
    environment: Option<&str>,
) -> (&'static Encoding, Charset) {
    if format == Format::Playlist {
        // RFC 8216 §4: in no other.
        let (name, told_by) = (UTF_8.name(), Teller::Format);
        return (UTF_8, Charset { name, told_by });
    }
    let named = |label: Option<&str>| label.and_then(|label| Encoding::for_label(label.as_bytes()));
    let (encoding, told_by) = None
        .or_else(|| Some((Encoding::for_bom(content)?.0, Teller::Mark)))
        .or_else(|| Some((named(charset)?, Teller::Transport)))
        .or_else(|| Some((declared(content, format)?, Teller::Document)))
        .or_else(|| Some((named(environment)?, Teller::Environment)))
        .unwrap_or_else(|| match format {
            Format::Html | Format::Css => (guess(content, format), Teller::Guess),
            _ => (UTF_8, Teller::Format),
        });
    let name = encoding.name();
    (encoding, Charset { name, told_by })
}

fn declared(content: &[u8], format: Format) -> Option<&'static Encoding> {
    match format {
        Format::Html => declared_in_xml(content).or_else(|| declared_in_html(content)),
        Format::Xml => declared_in_xml(content),
        Format::Css => declared_in_css(content),
        _ => None,
    }
}

/// What a browser in the west would take it for, if it does not look like UTF-8.
fn guess(content: &[u8], format: Format) -> &'static Encoding {
    if str::from_utf8(content).is_ok() {
        return UTF_8;
    }
    if format != Format::Html {
        return WINDOWS_1252;
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(&content[..content.len().min(MOST_GUESSED)], true);
    detector.guess(None, chardetng::Utf8Detection::Allow)
}

/// The standard's "prescan a byte stream to determine its encoding", which knows no raw text; and
/// behind its 1024 bytes, what the parser would find, for which browsers start again.
fn declared_in_html(content: &[u8]) -> Option<&'static Encoding> {
    let prescanned = &content[..content.len().min(1024)];
    let head = &content[..content.len().min(MOST_SCANNED)];
    declared_in_tags(prescanned, Scan::flat(prescanned))
        .or_else(|| declared_in_tags(head, Scan::new(head, Format::Html)))
}

fn declared_in_tags(head: &[u8], mut scan: Scan<'_>) -> Option<&'static Encoding> {
    let mut tag = Tag::default();
    while scan.next(&mut tag) {
        if head[tag.name.clone()].eq_ignore_ascii_case(b"meta")
            && let Some(encoding) = declared_in_meta(head, &tag)
        {
            return Some(readable_as_ascii(encoding));
        }
    }
    None
}

fn declared_in_meta(head: &[u8], tag: &Tag) -> Option<&'static Encoding> {
    let value = |name: &str| {
        let is_it = |of: Name| of.as_str() == name;
        let attribute = tag
            .attributes
            .iter()
            .find(|attribute| is_it(attribute.name));
        attribute.map(|attribute| &head[attribute.value.clone()])
    };
    if let Some(label) = value("charset") {
        return Encoding::for_label(label);
    }
    let names_it = value("http-equiv")?.eq_ignore_ascii_case(b"content-type");
    let label = names_it.then(|| label_in(value("content")?)).flatten()?;
    Encoding::for_label(label)
}

/// HTML §2.4.3.3, extracting a character encoding from a meta element.
fn label_in(content: &[u8]) -> Option<&[u8]> {
    let mut rest = content;
    loop {
        let at = rest
            .windows(7)
            .position(|window| window.eq_ignore_ascii_case(b"charset"))?;
        rest = rest[at + 7..].trim_ascii_start();
        if let Some(value) = rest.strip_prefix(b"=") {
            let value = value.trim_ascii_start();
            let quote = value
                .first()
                .copied()
                .filter(|byte| matches!(byte, b'"' | b'\''));
            let value = &value[usize::from(quote.is_some())..];
            let ends = |byte: &u8| match quote {
                Some(quote) => *byte == quote,
                None => byte.is_ascii_whitespace() || *byte == b';',
            };
            let end = value.iter().position(ends);
            // One that is not closed says nothing.
            return match (end, quote) {
                (None, Some(_)) => None,
                (end, _) => Some(&value[..end.unwrap_or(value.len())]),
            };
        }
    }
}

/// XML 1.0 §4.3.3; HTML takes it, too (§13.2.3.2, get an XML encoding).
fn declared_in_xml(content: &[u8]) -> Option<&'static Encoding> {
    // One that looks like UTF-16 without a mark.
    let wide: [(&[u8], _); 2] = [
        (b"<\0?\0x\0", encoding_rs::UTF_16LE),
        (b"\0<\0?\0x", encoding_rs::UTF_16BE),
    ];
    if let Some((_, encoding)) = wide.iter().find(|(begin, _)| content.starts_with(begin)) {
        return Some(encoding);
    }
    let rest = content.strip_prefix(b"<?xml")?;
    let declaration = &rest[..rest.iter().take(1024).position(|byte| *byte == b'>')?];
    let at = declaration
        .windows(8)
        .position(|window| window == b"encoding")?;
    let value = declaration[at + 8..]
        .trim_ascii_start()
        .strip_prefix(b"=")?
        .trim_ascii_start();
    let quote = value
        .first()
        .copied()
        .filter(|byte| matches!(byte, b'"' | b'\''))?;
    let end = value[1..].iter().position(|byte| *byte == quote)?;
    Encoding::for_label(&value[1..=end]).map(readable_as_ascii)
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

/// In bytes.
const MOST_SCANNED: usize = 8 << 10;

/// More tell no better.
const MOST_GUESSED: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content: &[u8], format: Format, charset: Option<&str>, name: &str) {
        let (_, told) = encoding(content, format, charset, None);
        assert_eq!(told.name, name, "{:?}", String::from_utf8_lossy(content));
    }

    #[test]
    fn the_order_is_mark_transport_declaration_guess() {
        let check = |content, charset, name| check(content, Format::Html, charset, name);
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
        check(
            b"<meta content='charset x; charset = \"gbk\"' http-equiv=content-type>",
            None,
            "GBK",
        );
        check(
            b"<meta content='charset=\"gbk' http-equiv=content-type>",
            None,
            "UTF-8",
        );
        check(b"<meta charset=utf-16>", None, "UTF-8");
        check(b"<meta charset=x-user-defined>", None, "windows-1252");
        check(
            b"<!-- <meta charset=koi8-r> -->caf\xe9",
            None,
            "windows-1252",
        );
        check("é".as_bytes(), None, "UTF-8");
        check(
            b"<?xml version='1.0' encoding='koi8-r'?><meta charset=gbk>",
            None,
            "KOI8-R",
        );
        let late = format!("{}<meta charset=gbk>", " ".repeat(4000));
        check(late.as_bytes(), None, "GBK");
    }

    #[test]
    fn each_format_has_its_own_declaration() {
        check(b"@charset \"koi8-r\";", Format::Css, None, "KOI8-R");
        check(b"@charset 'koi8-r';\xff", Format::Css, None, "windows-1252");
        check(b"<?xml encoding=\"gbk\"?>", Format::Xml, None, "GBK");
        check(b"<\0?\0x\0m\0l\0", Format::Xml, None, "UTF-16LE");
        check(b"<meta charset=gbk>\xff", Format::Xml, None, "UTF-8");
        check(b"\xff", Format::Script, None, "UTF-8");
    }

    #[test]
    fn without_any_the_text_tells_or_who_refers_to_it() {
        let russian = encoding_rs::WINDOWS_1251
            .encode("Это страница о пауках и их паутине")
            .0;
        check(&russian, Format::Html, None, "windows-1251");
        let japanese = encoding_rs::SHIFT_JIS
            .encode("これは蜘蛛の巣についてのページです")
            .0;
        check(&japanese, Format::Html, None, "Shift_JIS");
        let (_, told) = encoding(b"p {}", Format::Css, None, Some("KOI8-R"));
        assert_eq!((told.name, told.told_by), ("KOI8-R", Teller::Environment));
        let (_, told) = encoding(b"p {}", Format::Css, Some("gbk"), Some("KOI8-R"));
        assert_eq!((told.name, told.told_by), ("GBK", Teller::Transport));
    }
}
