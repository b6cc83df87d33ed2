use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::{Encoding, UTF_8};
use url::Url;

use crate::charset::{self, Charset};
use crate::link::{Kind, Place, Quotes, Reference, Role, Within};
use crate::text::Text;
use crate::{Format, Link, css, html};

/// Returns what a document refers to by `http` and `https`, in order.
///
/// This is [`Document::new`] and [`Document::links`] in one.
pub fn extract(content: &[u8], format: Format, charset: Option<&str>, url: &Url) -> Vec<Link> {
    Document::new(content, format, charset, url).links
}

/// A document whose links were found.
///
/// ```
/// use dragline_links::{Document, Edit, Format};
/// let url = "http://example.org/docs/".parse()?;
/// let page = b"<html><head><title>\xe9</title></head><script src=a.js integrity=x></script>";
/// let document = Document::new(page, Format::Html, Some("latin1"), &url);
/// let head = format!("<meta charset=\"{}\">", document.charset().name);
///
/// let kept = document.rewrite(&head, |_| Some(Edit::Unguarded("kept/a.js".to_owned())));
/// assert_eq!(&kept[..], b"<html><head><meta charset=\"windows-1252\"><title>\xe9</title></head>\
///                         <script src=kept/a.js></script>");
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Debug)]
pub struct Document<'a> {
    pub(crate) content: &'a [u8],
    /// What the spans refer to: a superset of ASCII.
    pub(crate) bytes: Cow<'a, [u8]>,
    pub(crate) encoding: &'static Encoding,
    charset: Charset,
    pub(crate) head: Option<usize>,
    links: Vec<Link>,
}

impl<'a> Document<'a> {
    /// Finds the links of a document.
    ///
    /// `charset` is the one its `Content-Type` names, if it names one; `url` is where it is from.
    /// What is empty or no URL is left out, and so is a mere fragment where no `<base>` is in
    /// force. Of a document, the first 100,000 links are found.
    pub fn new(content: &'a [u8], format: Format, charset: Option<&str>, url: &Url) -> Self {
        let (encoding, charset) = charset::encoding(content, format, charset);
        let (bytes, encoding) = if encoding.is_ascii_compatible() {
            (Cow::Borrowed(content), encoding)
        } else {
            let (text, _) = encoding.decode_with_bom_removal(content);
            (Cow::Owned(text.into_owned().into_bytes()), UTF_8)
        };
        let mut document = Document {
            content,
            bytes,
            encoding,
            charset,
            head: None,
            links: Vec::new(),
        };
        document.find(format, url);
        document
    }

    /// Returns its links, in order.
    ///
    /// Their spans refer to the content; or, where that is in an encoding that is no superset of
    /// ASCII, to its text in UTF-8.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Returns the encoding it was read in.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// Returns where the content of `<head>` begins, in bytes: behind `<head>` if that is written,
    /// else where it is implied. `None` if the document is not HTML.
    pub fn head(&self) -> Option<usize> {
        self.head
    }

    /// Returns the text that stands in a span, decoded from the document's encoding, no escapes
    /// undone. What is out of bounds is empty.
    pub fn text(&self, span: Range<usize>) -> Cow<'_, str> {
        let bytes = self.bytes.get(span).unwrap_or_default();
        self.encoding.decode_without_bom_handling(bytes).0
    }

    fn find(&mut self, format: Format, url: &Url) {
        let references = match format {
            Format::Html | Format::Xml => {
                let (references, head) = html::references(&self.bytes, format, self.encoding);
                self.head = (format == Format::Html || head.is_some())
                    .then(|| head.unwrap_or_else(|| implied_head(&self.bytes)));
                references
            }
            Format::Css => self.css(),
        };
        // HTML §2.4.3, the document base URL: the first `<base>` with an `href` counts, for all.
        let first = references
            .iter()
            .find(|reference| reference.kind == Kind::Base);
        let first = first.map(|base| (base.span.start, base.text.clone()));
        let parse = |base: &Url, text: &str| {
            let encode = query_encoder(self.encoding);
            let options = Url::options().encoding_override(match format {
                Format::Html | Format::Xml => Some(&encode),
                Format::Css => None,
            });
            options.base_url(Some(base)).parse(text).ok()
        };
        let base = first.as_ref().and_then(|(_, text)| parse(url, text));
        let base = base.filter(|base| !matches!(base.scheme(), "data" | "javascript"));
        let mut budget = self.bytes.len() * BYTES_OF_URL_A_BYTE + (1 << 20);
        let resolve = |reference: Reference| {
            let text = reference.text.trim_matches(|char: char| char <= ' ');
            let is_base = reference.kind == Kind::Base;
            let is_first = first
                .as_ref()
                .is_some_and(|(start, _)| *start == reference.span.start);
            // Empty, a link that a person follows leads to the base; all else leads nowhere.
            let is_empty = text.is_empty()
                && (base.is_none()
                    || reference.kind != Kind::Navigation
                    || reference.place.attribute == Some(Quotes::None));
            if is_empty || (is_base && !is_first) || (text.starts_with('#') && base.is_none()) {
                return None;
            }
            // What it is resolved against is copied for each link: a small document must not become
            // a large heap.
            let from = if is_base {
                url
            } else {
                base.as_ref().unwrap_or(url)
            };
            budget = budget.checked_sub(from.as_str().len() + text.len())?;
            let url = parse(from, text).filter(|url| matches!(url.scheme(), "http" | "https"))?;
            Some(Link {
                url,
                kind: reference.kind,
                role: reference.role,
                span: reference.span,
                text: text.to_owned(),
                tag: reference.tag,
                element: reference.element,
                guards: reference.guards,
                place: reference.place,
            })
        };
        self.links = references.into_iter().filter_map(resolve).collect();
    }

    fn css(&self) -> Vec<Reference> {
        let text = Text::decode(&self.bytes, 0..self.bytes.len(), self.encoding, None);
        let reference = |url: css::Found| Reference {
            span: text.span(url.span),
            text: url.text,
            kind: Kind::Requisite,
            role: Role::Image,
            place: Place {
                attribute: None,
                within: Within::Css,
            },
            tag: 0..0,
            element: 0..0,
            guards: Vec::new(),
        };
        css::urls(&text.decoded)
            .into_iter()
            .map(reference)
            .collect()
    }
}

/// Behind the byte order mark and the document type.
fn implied_head(content: &[u8]) -> usize {
    let start = content.len()
        - content
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(content)
            .len();
    let text = content[start..].trim_ascii_start();
    let is_doctype = text
        .get(..9)
        .is_some_and(|begin| begin.eq_ignore_ascii_case(b"<!doctype"));
    let end = text.iter().position(|byte| *byte == b'>');
    match end.filter(|_| is_doctype) {
        Some(end) => content.len() - text.len() + end + 1,
        None => start,
    }
}

/// How many bytes of URLs may come of a byte of a document.
const BYTES_OF_URL_A_BYTE: usize = 64;

/// URL standard §4.4, query state: a query is percent-encoded from the document's encoding.
fn query_encoder(encoding: &'static Encoding) -> impl Fn(&str) -> Cow<'_, [u8]> {
    move |query| encoding.encode(query).0
}
