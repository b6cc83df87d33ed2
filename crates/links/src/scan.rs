//! The coarse scan: where the tags are, and where those attributes stand that have to do with links.
//!
//! It follows the tokenization states of the HTML standard (§13.2.5) as far as they decide where a
//! tag, an attribute, a comment or raw text ends. State names in comments are the standard's. Which
//! elements are foreign is told by [`Foreign`].

use std::ops::Range;

use memchr::{memchr, memchr2, memmem};

use crate::Format;
use crate::attribute::{self, Name, Shapes};
use crate::foreign::Foreign;
use crate::link::Quotes;
use crate::near;

/// Goes over the tags of a document.
pub(crate) struct Scan<'a> {
    input: &'a [u8],
    at: usize,
    is_xml: bool,
    foreign: Foreign,
    /// No element is taken for raw text.
    is_flat: bool,
    /// No tag came that is not `<html>`: each may tell where the head is.
    is_before_head: bool,
}

/// A tag. One place for all, so that none costs an allocation.
#[derive(Debug, Default)]
pub(crate) struct Tag {
    /// From `<` to behind `>`.
    pub(crate) span: Range<usize>,
    pub(crate) name: Range<usize>,
    /// Those with a known [`Name`]; of the doubled, the first, but all that are [guards](Name::is_guard).
    pub(crate) attributes: Vec<Attribute>,
    /// The names of `attributes`, a bit each.
    seen: u128,
    pub(crate) self_closing: bool,
    /// `</name>`.
    pub(crate) is_end: bool,
    /// What is text up to the end tag, if the element is one of text.
    pub(crate) raw: Option<Range<usize>>,
    /// Whether it is an element of SVG, `MathML` or XML.
    pub(crate) is_foreign: bool,
    /// Where the element ends: behind its end tag, if that follows on nothing but text.
    pub(crate) end: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) name: Name,
    /// Without its quotes.
    pub(crate) value: Range<usize>,
    pub(crate) quotes: Quotes,
    /// From its name to behind its value, quotes included.
    pub(crate) span: Range<usize>,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(input: &'a [u8], format: Format) -> Self {
        let is_xml = format == Format::Xml;
        Scan {
            input,
            at: 0,
            is_xml,
            foreign: Foreign::default(),
            is_flat: false,
            is_before_head: true,
        }
    }

    /// Goes over what looks like tags, also within scripts and styles.
    pub(crate) fn flat(input: &'a [u8]) -> Self {
        Scan {
            is_flat: true,
            ..Scan::new(input, Format::Html)
        }
    }

    /// Goes to the next tag that may matter; `false` at the end. Of HTML, these are start tags with
    /// a known attribute, scripts, styles, and those that say where the head is; of XML, all.
    pub(crate) fn next(&mut self, tag: &mut Tag) -> bool {
        while let Some(found) = self.open() {
            self.at = found;
            // Tag open state.
            match self.peek(1) {
                Some(byte) if byte.is_ascii_alphabetic() => {
                    if !self.tag(tag, 1, false) {
                        break;
                    }
                    let was_before_head = self.is_before_head;
                    let matters = self.enter(tag) || self.is_xml || was_before_head;
                    if matters || !tag.attributes.is_empty() {
                        return true;
                    }
                }
                Some(b'/') => {
                    if self.end_tag(tag) {
                        return true;
                    }
                }
                Some(b'!') => self.skip_declaration(),
                Some(b'?') if self.is_xml => {
                    if self.instruction(tag) {
                        return true;
                    }
                }
                Some(b'?') => self.skip_past(b'>'),
                _ => self.at += 1,
            }
        }
        self.at = self.input.len();
        false
    }

    /// Where the next `<` is that does not begin an end tag which may be passed over: half of all tags are
    /// such, and nobody asks for their names.
    fn open(&self) -> Option<usize> {
        let mut at = near::find(b'<', self.input, self.at)?;
        while self.is_in_html()
            && self.input.get(at + 1) == Some(&b'/')
            && let Some(near) = near::places([b'<', b'>', b'/', b'='], self.input, at)
            && let Some(next) = behind_end_tags(near)
        {
            at = near::find(b'<', self.input, at + next)?;
        }
        Some(at)
    }

    /// Whether it is among elements of HTML, and of nothing foreign.
    fn is_in_html(&self) -> bool {
        !self.is_xml && !self.foreign.is_open()
    }

    fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.input.get(self.at + ahead).copied()
    }

    fn skip_past(&mut self, byte: u8) {
        self.at = memchr(byte, self.rest()).map_or(self.input.len(), |found| self.at + found + 1);
    }

    fn skip_past_all(&mut self, bytes: &[u8]) {
        let found = memmem::find(self.rest(), bytes);
        self.at = found.map_or(self.input.len(), |found| self.at + found + bytes.len());
    }

    /// Markup declaration open state.
    fn skip_declaration(&mut self) {
        let rest = self.rest();
        if rest.starts_with(b"<!--") {
            self.skip_comment();
        } else if (self.is_xml || self.foreign.is_inside()) && rest.starts_with(CDATA) {
            self.skip_past_all(b"]]>");
        } else {
            let start = self.at;
            self.skip_past(b'>');
            // XML 1.0 §2.8: a document type may have declarations in brackets.
            if self.is_xml && self.input[start..self.at].contains(&b'[') {
                self.at = start;
                self.skip_past(b']');
                self.skip_past(b'>');
            }
        }
    }

    fn skip_comment(&mut self) {
        self.at += length_of_comment(self.rest()).unwrap_or(self.rest().len());
    }

    /// A processing instruction of XML: taken for a tag if it is one for a style sheet.
    fn instruction(&mut self, tag: &mut Tag) -> bool {
        let end = memmem::find(self.rest(), b"?>").map_or(self.input.len(), |end| self.at + end);
        let is_style = self.rest().starts_with(b"<?xml-stylesheet");
        let start = self.at;
        if is_style && self.tag(tag, 1, false) && self.at <= end + 2 {
            tag.end = tag.span.end;
            tag.is_foreign = true;
            return true;
        }
        self.at = (end + 2).min(self.input.len()).max(start + 1);
        false
    }

    /// End tag open state. Tells whether it matters.
    fn end_tag(&mut self, tag: &mut Tag) -> bool {
        match self.peek(2) {
            Some(byte) if byte.is_ascii_alphabetic() && self.is_in_html() => {
                self.at = end_of_name(self.input, self.at + 2);
                // It may have attributes, with a `>` in them.
                if self.peek(0) == Some(b'>') {
                    self.at += 1;
                } else if !self.attributes(tag) {
                    self.at = self.input.len();
                }
                false
            }
            Some(byte) if byte.is_ascii_alphabetic() => {
                if !self.tag(tag, 2, true) {
                    self.at = self.input.len();
                    return false;
                }
                if self.foreign.is_open() {
                    self.foreign.leave(&self.input[tag.name.clone()]);
                }
                self.is_xml
            }
            _ => {
                self.skip_past(b'>');
                false
            }
        }
    }

    /// Tag name state and the attribute states. `false` when the input ends before the tag does:
    /// then there is no tag.
    fn tag(&mut self, tag: &mut Tag, name_at: usize, is_end: bool) -> bool {
        let start = self.at;
        let name_start = start + name_at;
        self.at = end_of_name(self.input, name_start);
        tag.name = name_start..self.at;
        tag.is_end = is_end;
        tag.raw = None;
        tag.is_foreign = self.is_xml;
        if !self.attributes(tag) {
            return false;
        }
        tag.span = start..self.at;
        tag.end = self.at;
        true
    }

    /// The attribute states, up to behind the tag's `>`.
    fn attributes(&mut self, tag: &mut Tag) -> bool {
        tag.attributes.clear();
        tag.seen = 0;
        let (input, mut at) = (self.input, self.at);
        loop {
            // Before attribute name state.
            let behind = at;
            let byte = loop {
                match input.get(at) {
                    None => return false,
                    Some(byte) if is_space(*byte) || *byte == b'/' => at += 1,
                    Some(byte) => break *byte,
                }
            };
            if byte == b'>' {
                tag.self_closing = at > behind && input[at - 1] == b'/';
                self.at = at + 1;
                return true;
            }
            let end = match input[at..].strip_prefix(CLASS) {
                // Most tags have it, and it is none of those that have to do with links.
                Some(_) => near::find(b'"', input, at + CLASS.len()).map(|close| close + 1),
                None => attribute(input, at, tag),
            };
            let Some(end) = end else {
                return false;
            };
            at = end;
        }
    }

    /// Switches to the state that the tree construction stage would switch to, and skips what is
    /// text there. Tells whether the tag matters for its name.
    fn enter(&mut self, tag: &mut Tag) -> bool {
        let is_plain = !self.is_before_head && self.is_in_html();
        if is_plain && !SWITCHING.may_have(&self.input[tag.name.clone()]) {
            return false;
        }
        let mut lower = [0; LONGEST_NAME];
        let name = lower_case(&self.input[tag.name.clone()], &mut lower);
        self.is_before_head &= matches!(name, Some(b"html"));
        let Some(name) = name else {
            // It is none of those below.
            if self.foreign.is_open() {
                let name = &self.input[tag.name.clone()];
                tag.is_foreign = self.foreign.enter(name, tag);
            }
            return false;
        };
        if self.is_xml {
            if matches!(local(name), b"script" | b"style") && !tag.self_closing {
                tag.end = self.end_of_element(tag);
            } else if !tag.self_closing {
                tag.end = self.end_if_empty(tag);
            }
            return true;
        }
        if self.foreign.is_open() || matches!(name, b"svg" | b"math") {
            tag.is_foreign = self.foreign.enter(name, tag);
            if tag.is_foreign {
                let is_text = matches!(name, b"script" | b"style") && !tag.self_closing;
                tag.end = match tag.self_closing {
                    true => tag.end,
                    false if is_text => self.end_of_element(tag),
                    false => self.end_if_empty(tag),
                };
                return is_text;
            }
        }
        match name {
            _ if self.is_flat => false,
            b"script" => {
                let start = self.at;
                self.skip_script();
                self.end_raw(tag, start);
                true
            }
            b"style" | b"title" | b"textarea" | b"xmp" | b"iframe" | b"noembed" | b"noframes" => {
                let start = self.at;
                self.at = self.end_of_raw_text(start, name);
                self.end_raw(tag, start);
                name == b"style"
            }
            b"plaintext" => {
                self.at = self.input.len();
                false
            }
            _ => false,
        }
    }

    fn end_raw(&self, tag: &mut Tag, start: usize) {
        tag.raw = Some(start..self.at);
        if self.at < self.input.len() {
            let length = memchr(b'>', self.rest());
            tag.end = length.map_or(self.input.len(), |length| self.at + length + 1);
        } else {
            tag.end = self.at;
        }
    }

    /// Of an element whose text is not raw: behind its end tag, if that follows on its text.
    fn end_of_element(&self, tag: &Tag) -> usize {
        let (_, at) = text_of(self.input, tag.span.end);
        self.behind_end_tag(at, tag).unwrap_or(tag.span.end)
    }

    fn end_if_empty(&self, tag: &Tag) -> usize {
        self.behind_end_tag(self.at, tag).unwrap_or(tag.span.end)
    }

    fn behind_end_tag(&self, at: usize, tag: &Tag) -> Option<usize> {
        let name = &self.input[tag.name.clone()];
        self.is_tag(at, b"</", name).then_some(())?;
        let length = memchr(b'>', &self.input[at..])?;
        Some(at + length + 1)
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
        // Outside `<!--`, a `>` means nothing.
        let next = |input: &[u8], escaped: bool| {
            if escaped {
                memchr2(b'<', b'>', input)
            } else {
                memchr(b'<', input)
            }
        };
        while let Some(found) = next(self.rest(), escaped) {
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
        let rest = self.input.get(at..).unwrap_or_default();
        let Some(rest) = rest.strip_prefix(open) else {
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

/// Of 64 bytes from an end tag on, it is given where `<`, `>`, `/` and `=` are: how far it is to the first
/// `<` that does not begin an end tag that ends in them; or `None`, where that is none of the first. An end
/// tag with a `=` may have a `>` in quotes.
fn behind_end_tags([open, close, slash, equals]: [u64; 4]) -> Option<usize> {
    let end_tags = open & slash >> 1;
    let others = open & !end_tags;
    let before = others.wrapping_sub(1) & !others;
    let (end_tags, close) = (end_tags & before, close & before);
    // From each 1 that is taken away up to the next that is added, there are ones.
    let inside = close.wrapping_sub(end_tags);
    let after = inside << 1;
    // A `>` of the text may be alone.
    let is_odd = inside & !after != end_tags || after & !inside != close;
    if is_odd || inside & (equals | others) != 0 {
        return None;
    }
    if inside >> 63 == 0 {
        return Some(others.trailing_zeros() as usize);
    }
    // The last one ends further on.
    let last = 63 - end_tags.leading_zeros() as usize;
    (last > 0).then_some(last)
}

/// Attribute name state up to after attribute value state. Returns where they end; `None` when the
/// input ends before.
fn attribute(input: &[u8], start: usize, tag: &mut Tag) -> Option<usize> {
    // Whatever comes first belongs to the name, `=` too.
    let is_end = |byte| ends_name(byte) || byte == b'=';
    let name_end = near::end([b'/', b'>', b'='], is_end, input, start + 1);
    // After attribute name state.
    let (mut at, byte) = behind_space(input, name_end)?;
    let mut quotes = Quotes::None;
    let mut value = name_end..name_end;
    let mut end = name_end;
    // Without a `=`, what follows is another attribute, or the end.
    if byte == b'=' {
        let (begin, byte) = behind_space(input, at + 1)?;
        if byte == b'"' || byte == b'\'' {
            quotes = if byte == b'"' {
                Quotes::Double
            } else {
                Quotes::Single
            };
            let close = near::find(byte, input, begin + 1)?;
            value = begin + 1..close;
            at = close + 1;
        } else {
            let is_end = |byte| is_space(byte) || byte == b'>';
            at = near::end([b'>'], is_end, input, begin);
            value = begin..at;
        }
        end = at;
    }
    if let Some(name) = attribute::known(&input[start..name_end]) {
        let is_new = tag.seen & name.bit() == 0;
        if is_new || (name.is_guard() && tag.attributes.len() < MOST_GUARDS) {
            tag.seen |= name.bit();
            tag.attributes.push(Attribute {
                name,
                value,
                quotes,
                span: start..end,
            });
        }
    }
    Some(at)
}

/// Where the next byte is that is no space, and which.
fn behind_space(input: &[u8], mut at: usize) -> Option<(usize, u8)> {
    loop {
        match input.get(at)? {
            byte if is_space(*byte) => at += 1,
            byte => return Some((at, *byte)),
        }
    }
}

fn end_of_name(input: &[u8], from: usize) -> usize {
    near::end([b'/', b'>'], ends_name, input, from)
}

/// A run of text, and whether it is a CDATA section: one without character references.
pub(crate) struct Run {
    pub(crate) span: Range<usize>,
    pub(crate) is_cdata: bool,
}

/// The text of an element of XML or foreign content: up to its first child or its end. Also says
/// where that is.
pub(crate) fn text_of(input: &[u8], mut at: usize) -> (Vec<Run>, usize) {
    let mut runs = Vec::new();
    while let Some(found) = memchr(b'<', input.get(at..).unwrap_or_default()) {
        let rest = &input[at + found..];
        let end = at + found;
        if end > at {
            let span = at..end;
            let is_cdata = false;
            runs.push(Run { span, is_cdata });
        }
        if rest.starts_with(b"<!--") {
            let Some(length) = length_of_comment(rest) else {
                break;
            };
            at = end + length;
        } else if rest.starts_with(CDATA) {
            let Some(length) = memmem::find(&rest[CDATA.len()..], b"]]>") else {
                break;
            };
            let begin = end + CDATA.len();
            let span = begin..begin + length;
            let is_cdata = true;
            runs.push(Run { span, is_cdata });
            at = begin + length + 3;
        } else {
            return (runs, end);
        }
    }
    (runs, input.len())
}

/// How long the comment is that begins here, if it ends: comment start state and those that follow it.
fn length_of_comment(input: &[u8]) -> Option<usize> {
    let comment = input.get(4..)?;
    let empty = [&b">"[..], b"->"];
    if let Some(end) = empty.into_iter().find(|end| comment.starts_with(end)) {
        return Some(4 + end.len());
    }
    let ends = memchr::memchr_iter(b'>', comment).map(|at| at + 1);
    let mut ends = ends.filter(|end| {
        [&b"-->"[..], b"--!>"]
            .iter()
            .any(|is| comment[..*end].ends_with(is))
    });
    ends.next().map(|end| 4 + end)
}

/// Writes a name in lower case, if it is not longer than those that matter.
pub(crate) fn lower_case<'l>(name: &[u8], lower: &'l mut [u8; LONGEST_NAME]) -> Option<&'l [u8]> {
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    Some(lower)
}

/// A name of XML without its prefix.
pub(crate) fn local(name: &[u8]) -> &[u8] {
    memchr(b':', name).map_or(name, |colon| &name[colon + 1..])
}

fn ends_name(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b'/' | b'>')
}

pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// The elements that switch the tokenizer's state.
static SWITCHING: Shapes = Shapes::of(&[
    "script",
    "style",
    "title",
    "textarea",
    "xmp",
    "iframe",
    "noembed",
    "noframes",
    "plaintext",
    "svg",
    "math",
]);

const CLASS: &[u8] = b"class=\"";
const CDATA: &[u8] = b"<![CDATA[";

/// `video:thumbnail_loc` is not much shorter.
pub(crate) const LONGEST_NAME: usize = 24;

/// Of `integrity` and `crossorigin`, also the doubled are kept in mind, which count when the first
/// is dropped; of a tag with more known attributes than this, not.
const MOST_GUARDS: usize = 8;
