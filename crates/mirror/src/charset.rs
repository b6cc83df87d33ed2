//! What a browser must be told that reads a file from disk, where no header names its encoding.

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};
use links::{Charset, Format, Teller};

/// How the copy of a document says what its encoding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// As the document does, or not at all.
    AsItIs,
    /// By a tag in its head.
    Meta(&'static str),
    /// By a rule at its beginning.
    Rule(&'static str),
    /// By a byte order mark.
    Mark(&'static [u8]),
    /// It is in UTF-8 with a mark, and was in this.
    InUtf8(&'static Encoding),
}

impl Naming {
    /// Returns how to name what only the `Content-Type` names.
    ///
    /// A style sheet or a script in UTF-8 stays as it is: on the web, most are of a page that is in
    /// UTF-8 too, whose encoding is theirs where nothing else is said.
    pub(crate) fn of(document: Charset, content: &[u8], format: Format) -> Self {
        if document.told_by != Teller::Transport {
            return Naming::AsItIs;
        }
        let alone = Charset::of(content, format, None);
        let says_so = match alone.told_by {
            Teller::Mark | Teller::Document => true,
            Teller::Format => format != Format::Html,
            _ => false,
        };
        let Some(encoding) = Encoding::for_label(document.name.as_bytes()) else {
            return Naming::AsItIs;
        };
        match format {
            _ if says_so && alone.name == document.name => Naming::AsItIs,
            _ if encoding == UTF_16LE => Naming::Mark(b"\xff\xfe"),
            _ if encoding == UTF_16BE => Naming::Mark(b"\xfe\xff"),
            _ if encoding == ISO_2022_JP => Naming::InUtf8(encoding),
            Format::Html => Naming::Meta(document.name),
            _ if content.is_ascii() => Naming::AsItIs,
            Format::Css if encoding == UTF_8 => Naming::AsItIs,
            Format::Css => Naming::Rule(document.name),
            _ => Naming::InUtf8(encoding),
        }
    }

    /// Returns how to name the encoding of text that is no document, if it is text.
    pub(crate) fn of_text(content_type: Option<&str>, content: &[u8]) -> Self {
        let is_text = content_type.is_some_and(|sent| {
            sent.get(..5)
                .is_some_and(|begin| begin.eq_ignore_ascii_case("text/"))
        });
        let label = content_type.and_then(links::charset).filter(|_| is_text);
        let encoding = label.and_then(|label| Encoding::for_label(label.as_bytes()));
        match encoding {
            Some(_) if Encoding::for_bom(content).is_some() => Naming::AsItIs,
            Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => {
                Naming::InUtf8(encoding)
            }
            Some(encoding) if encoding == UTF_8 => Naming::AsItIs,
            Some(encoding) if encoding != ISO_2022_JP && content.is_ascii() => Naming::AsItIs,
            Some(encoding) => Naming::InUtf8(encoding),
            None => Naming::AsItIs,
        }
    }

    /// Returns how to name it in a head into which this comes first: what the document says itself may
    /// then be too late (HTML §13.2.3.2: in the first 1024 bytes).
    pub(crate) fn ahead_of(self, markup: &str, document: Charset) -> Self {
        match (self, document.told_by) {
            (Naming::AsItIs, Teller::Document) if !markup.is_empty() => Naming::Meta(document.name),
            _ => self,
        }
    }

    /// Returns what to put into the head.
    pub(crate) fn head(self) -> String {
        match self {
            Naming::Meta(name) => format!("<meta charset=\"{name}\">"),
            _ => String::new(),
        }
    }

    /// Returns what to put ahead of the content, if no more is to be done.
    pub(crate) fn ahead(self) -> Option<Cow<'static, [u8]>> {
        match self {
            Naming::AsItIs | Naming::Meta(_) => Some(Cow::Borrowed(b"")),
            Naming::Rule(name) => {
                let rule = format!("@charset \"{name}\";");
                Some(Cow::Owned(rule.into_bytes()))
            }
            Naming::Mark(mark) => Some(Cow::Borrowed(mark)),
            Naming::InUtf8(_) => None,
        }
    }

    /// Names it in the content, which may have been rewritten.
    pub(crate) fn apply(self, content: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
        if let Some(ahead) = self.ahead() {
            return if ahead.is_empty() {
                content
            } else {
                Cow::Owned([&*ahead, &*content].concat())
            };
        }
        match self {
            Naming::InUtf8(encoding) if !content.starts_with(UTF_8_MARK) => {
                let (text, _) = encoding.decode_without_bom_handling(&content);
                Cow::Owned([UTF_8_MARK, text.as_bytes()].concat())
            }
            // Rewriting does so where it must.
            _ => content,
        }
    }
}

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
