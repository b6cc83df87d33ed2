use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use url::Url;

use crate::link::{Kind, Place, Quotes, Reference, Within};
use crate::text::Text;
use crate::{Format, Link, charset, css, html};

/// Returns what a document refers to by `http` and `https`, in order.
///
/// `charset` is the one its `Content-Type` names, if it names one; `url` is where it is from. What
/// is empty or no URL is left out, and so is a mere fragment where no `<base>` is in force. Of a
/// document, the first 100,000 links are found.
///
/// The spans refer to `content`; or, where that is in an encoding that is no superset of ASCII, to
/// its text in UTF-8.
pub fn extract(content: &[u8], format: Format, charset: Option<&str>, url: &Url) -> Vec<Link> {
    Document::new(content, format, charset).links(format, url)
}

/// The bytes to look at and what they are written in: a superset of ASCII.
pub(crate) struct Document<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    encoding: &'static Encoding,
}

impl<'a> Document<'a> {
    pub(crate) fn new(content: &'a [u8], format: Format, charset: Option<&str>) -> Self {
        let encoding = charset::encoding(content, format, charset);
        if encoding.is_ascii_compatible() {
            return Document {
                bytes: Cow::Borrowed(content),
                encoding,
            };
        }
        let (text, _) = encoding.decode_with_bom_removal(content);
        Document {
            bytes: Cow::Owned(text.into_owned().into_bytes()),
            encoding: UTF_8,
        }
    }

    pub(crate) fn links(&self, format: Format, url: &Url) -> Vec<Link> {
        let references = match format {
            Format::Html | Format::Xml => html::references(&self.bytes, format, self.encoding),
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
                span: reference.span,
                text: text.to_owned(),
                place: reference.place,
            })
        };
        references.into_iter().filter_map(resolve).collect()
    }

    fn css(&self) -> Vec<Reference> {
        let text = Text::decode(&self.bytes, 0..self.bytes.len(), self.encoding, None);
        let reference = |url: css::Found| Reference {
            span: text.span(url.span),
            text: url.text,
            kind: Kind::Requisite,
            place: Place {
                attribute: None,
                within: Within::Css,
            },
        };
        css::urls(&text.decoded)
            .into_iter()
            .map(reference)
            .collect()
    }
}

/// How many bytes of URLs may come of a byte of a document.
const BYTES_OF_URL_A_BYTE: usize = 64;

/// URL standard §4.4, query state: a query is percent-encoded from the document's encoding.
fn query_encoder(encoding: &'static Encoding) -> impl Fn(&str) -> Cow<'_, [u8]> {
    move |query| encoding.encode(query).0
}
