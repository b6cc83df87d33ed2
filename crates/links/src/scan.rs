//! The coarse scan: where the tags are, and where their attributes stand.
//!
//! It follows the tokenization states of the HTML standard (§13.2.5) as far as they decide where a
//! tag, a comment or raw text ends. State names in comments are the standard's.

use std::ops::Range;

use memchr::{memchr, memchr2};

use crate::Format;
use crate::link::Quotes;

/// Finds the tags and styles of a document.
pub(crate) fn scan(input: &[u8], format: Format) -> Scan<'_> {
    let outside = usize::from(format == Format::Xml);
    Scan {
        input,
        at: 0,
        outside,
        foreign: outside,
        style: None,
    }
}

pub(crate) enum Piece {
    Tag(Tag),
    /// The text of a `style` element.
    Style(Range<usize>),
}

/// A start tag.
#[derive(Debug)]
pub(crate) struct Tag {
    /// From `<` to behind `>`.
    pub(crate) span: Range<usize>,
    /// Where the element ends, if it is text up to an end tag; else where the tag does.
    pub(crate) end: usize,
    pub(crate) name: Range<usize>,
    /// The first ones, in order, duplicates included.
    pub(crate) attributes: Vec<Attribute>,
    self_closing: bool,
}

#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: Range<usize>,
    /// Without its quotes.
    pub(crate) value: Range<usize>,
    pub(crate) quotes: Quotes,
    /// Where the attribute ends, quotes included.
    pub(crate) end: usize,
}

pub(crate) struct Scan<'a> {
    input: &'a [u8],
    at: usize,
    /// How many `svg` and `math` elements are open: there, CDATA sections exist and some elements
    /// are no raw text.
    foreign: usize,
    /// What `foreign` is outside of them: in XML, one, for there it is so everywhere.
    outside: usize,
    /// Found behind the tag that was returned last.
    style: Option<Range<usize>>,
}

impl Iterator for Scan<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if let Some(style) = self.style.take() {
            return Some(Piece::Style(style));
        }
        loop {
            self.at += memchr(b'<', self.rest())?;
            // Tag open state.
            match self.peek(1) {
                Some(b'!') => self.skip_declaration(),
                Some(b'?') => self.skip_past(b'>'),
                Some(b'/') => self.skip_end_tag(),
                Some(byte) if byte.is_ascii_alphabetic() => {
                    let mut tag = self.tag(1)?;
                    self.enter(&tag);
                    tag.end = self.end_of_element(&tag);
                    return Some(Piece::Tag(tag));
                }
                _ => self.at += 1,
            }
        }
    }
}

impl Scan<'_> {
    fn rest(&self) -> &[u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.input.get(self.at + ahead).copied()
    }

    fn skip_past(&mut self, byte: u8) {
        self.at = memchr(byte, self.rest()).map_or(self.input.len(), |found| self.at + found + 1);
    }

    /// Markup declaration open state.
    fn skip_declaration(&mut self) {
        if self.rest().starts_with(b"<!--") {
            self.skip_comment();
        } else if self.foreign > 0 && self.rest().starts_with(b"<![CDATA[") {
            self.at = memchr::memmem::find(self.rest(), b"]]>")
                .map_or(self.input.len(), |found| self.at + found + 3);
        } else {
            self.skip_past(b'>');
        }
    }

    /// Comment start state and those that follow it.
    fn skip_comment(&mut self) {
        self.at += 4;
        let start = self.at;
        if self.rest().starts_with(b">") || self.rest().starts_with(b"->") {
            return self.skip_past(b'>');
        }
        while self.at < self.input.len() {
            self.skip_past(b'>');
            let comment = &self.input[start..self.at];
            if comment.ends_with(b"-->") || comment.ends_with(b"--!>") {
                return;
            }
        }
    }

    /// End tag open state.
    fn skip_end_tag(&mut self) {
        match self.peek(2) {
            Some(byte) if byte.is_ascii_alphabetic() => {
                let Some(tag) = self.tag(2) else {
                    self.at = self.input.len();
                    return;
                };
                if is_foreign_root(&self.input[tag.name]) {
                    self.foreign = self.foreign.saturating_sub(1).max(self.outside);
                }
            }
            _ => self.skip_past(b'>'),
        }
    }

    /// Tag name state and the attribute states. `None` when the input ends before the tag does:
    /// then there is no tag.
    fn tag(&mut self, name_at: usize) -> Option<Tag> {
        let start = self.at;
        let name_start = start + name_at;
        self.at = name_start;
        self.skip_until(|byte| is_space(byte) || matches!(byte, b'/' | b'>'));
        let name = name_start..self.at;
        let mut attributes = Vec::new();
        loop {
            // Before attribute name state.
            let behind = self.at;
            self.skip_until(|byte| !is_space(byte) && byte != b'/');
            let self_closing = self.at > behind && self.input[self.at - 1] == b'/';
            if self.peek(0)? == b'>' {
                self.at += 1;
                return Some(Tag {
                    span: start..self.at,
                    end: self.at,
                    name,
                    attributes,
                    self_closing,
                });
            }
            let attribute = self.attribute()?;
            if attributes.len() < MOST_ATTRIBUTES {
                attributes.push(attribute);
            }
        }
    }

    /// Attribute name state up to after attribute value state.
    fn attribute(&mut self) -> Option<Attribute> {
        let start = self.at;
        self.at += 1; // Whatever comes first belongs to the name, `=` too.
        self.skip_until(|byte| is_space(byte) || matches!(byte, b'/' | b'>' | b'='));
        let name = start..self.at;
        let end = self.at;
        // After attribute name state.
        self.skip_until(|byte| !is_space(byte));
        if self.peek(0)? != b'=' {
            // What follows is another attribute, or the end.
            return Some(Attribute {
                name,
                value: end..end,
                quotes: Quotes::None,
                end,
            });
        }
        self.at += 1;
        self.skip_until(|byte| !is_space(byte));
        let quotes = match self.peek(0)? {
            b'"' => Quotes::Double,
            b'\'' => Quotes::Single,
            _ => Quotes::None,
        };
        let value = match quotes {
            Quotes::None => {
                let start = self.at;
                self.skip_until(|byte| is_space(byte) || byte == b'>');
                start..self.at
            }
            Quotes::Double | Quotes::Single => {
                let quote = self.peek(0)?;
                self.at += 1;
                let length = memchr(quote, self.rest())?;
                let start = self.at;
                self.at += length + 1;
                start..start + length
            }
        };
        Some(Attribute {
            name,
            value,
            quotes,
            end: self.at,
        })
    }

    fn skip_until(&mut self, mut stop: impl FnMut(u8) -> bool) {
        let rest = self.input.get(self.at..).unwrap_or_default();
        self.at += rest
            .iter()
            .position(|byte| stop(*byte))
            .unwrap_or(rest.len());
    }

    /// Switches to the state that the tree construction stage would switch to, and skips what is
    /// text there.
    fn enter(&mut self, tag: &Tag) {
        let name = &self.input[tag.name.clone()];
        if is_foreign_root(name) {
            self.foreign += usize::from(!tag.self_closing);
            return;
        }
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        if self.foreign > 0 && (tag.self_closing || !(is(b"script") || is(b"style"))) {
            return;
        }
        if is(b"script") {
            self.skip_script();
        } else if is(b"plaintext") {
            self.at = self.input.len();
        } else if RAW_TEXT.iter().any(|raw| is(raw)) {
            let start = self.at;
            let end = self.end_of_raw_text(start, name);
            self.at = end;
            if is(b"style") {
                self.style = Some(start..end);
            }
        }
    }

    /// Behind the end tag, if the scan stands before the one that ends `tag`.
    fn end_of_element(&self, tag: &Tag) -> usize {
        let name = &self.input[tag.name.clone()];
        if self.at == self.input.len() || !self.is_tag(self.at, b"</", name) {
            return tag.span.end;
        }
        memchr(b'>', self.rest()).map_or(self.input.len(), |length| self.at + length + 1)
    }

    /// RAWTEXT and RCDATA states: up to the appropriate end tag.
    fn end_of_raw_text(&self, mut from: usize, name: &[u8]) -> usize {
        loop {
            let Some(found) = memchr(b'<', &self.input[from..]) else {
                return self.input.len();
            };
            from += found;
            if self.is_tag(from, b"</", name) {
                return from;
            }
            from += 1;
        }
    }

    /// Script data states. Within `<!--`, a `<script>` hides the next `</script>`.
    fn skip_script(&mut self) {
        let mut escaped = false;
        let mut double = false;
        while let Some(found) = memchr2(b'<', b'>', self.rest()) {
            self.at += found;
            let here = self.at;
            self.at += 1;
            if self.input[here] == b'>' {
                if self.input[..here].ends_with(b"--") {
                    (escaped, double) = (false, false);
                }
            } else if self.input[here..].starts_with(b"<!--") && !escaped {
                escaped = true;
            } else if self.is_tag(here, b"</", b"script") {
                if !double {
                    self.at = here;
                    return;
                }
                double = false;
            } else if escaped && !double && self.is_tag(here, b"<", b"script") {
                double = true;
            }
        }
        self.at = self.input.len();
    }

    fn is_tag(&self, at: usize, open: &[u8], name: &[u8]) -> bool {
        let Some(rest) = self.input[at..].strip_prefix(open) else {
            return false;
        };
        let Some((found, after)) = rest.split_at_checked(name.len()) else {
            return false;
        };
        let ends = after
            .first()
            .is_some_and(|byte| is_space(*byte) || matches!(byte, b'/' | b'>'));
        ends && found.eq_ignore_ascii_case(name)
    }
}

pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

fn is_foreign_root(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"svg") || name.eq_ignore_ascii_case(b"math")
}

/// Elements whose content is text. (`noscript` is not: scripts do not run here.)
const RAW_TEXT: [&[u8]; 7] = [
    b"style",
    b"title",
    b"textarea",
    b"xmp",
    b"iframe",
    b"noembed",
    b"noframes",
];

/// html5ever's tokenizer compares each attribute with all before it.
const MOST_ATTRIBUTES: usize = 1000;
