//! Elements of other SVG documents, which `use` may not refer to from disk: they come into the page.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::ops::Range;

use archive::Digest;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, Writer};

/// The elements that came into a page, by the file and the id.
#[derive(Debug)]
pub(crate) struct Symbols {
    taken: HashMap<(String, String), Option<String>>,
    /// The documents that they came from, by the file.
    documents: HashMap<String, Option<Svg>>,
    /// How many more bytes of these may be looked through.
    left: usize,
}

/// A document and its elements with ids.
#[derive(Debug)]
struct Svg {
    text: String,
    elements: BTreeMap<String, Range<usize>>,
    /// Where those are that came into the page: their ends, by where they begin.
    moved: BTreeMap<usize, usize>,
}

impl Default for Symbols {
    fn default() -> Self {
        Symbols {
            taken: HashMap::new(),
            documents: HashMap::new(),
            left: MOST_SEARCHED,
        }
    }
}

impl Symbols {
    /// Returns the markup that defines an element where it is to be used, and the id that it has there;
    /// nothing of one that is defined before. `None`: there is none, or it cannot be taken out.
    pub(crate) fn take(
        &mut self,
        path: &str,
        id: &str,
        read: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Option<(String, String)> {
        let wanted = (path.to_owned(), id.to_owned());
        if let Some(known) = self.taken.get(&wanted) {
            return known.clone().map(|id| (String::new(), id));
        }
        if self.documents.len() >= MOST_DOCUMENTS && !self.documents.contains_key(path) {
            return None;
        }
        let parse = || Svg::parse(String::from_utf8(read()?).ok()?);
        let document = self.documents.entry(path.to_owned()).or_insert_with(parse);
        let prefix = prefix(path);
        let markup = document
            .as_mut()
            .and_then(|svg| svg.take(id, &prefix, &mut self.left));
        let new_id = markup.as_ref().map(|_| format!("{prefix}{id}"));
        self.taken.insert(wanted, new_id.clone());
        let defined = markup.filter(|markup| !markup.is_empty());
        let defined = defined.map(|markup| format!("<defs>{markup}</defs>"));
        Some((defined.unwrap_or_default(), new_id?))
    }
}

impl Svg {
    /// Finds the elements that have ids; nothing if it is not well-formed, or has names with prefixes,
    /// which HTML does not know.
    fn parse(text: String) -> Option<Self> {
        let mut elements = BTreeMap::new();
        let mut open = Vec::new();
        let mut reader = Reader::from_str(&text);
        loop {
            let start = position(&reader)?;
            match reader.read_event().ok()? {
                Event::Start(tag) => open.push((is_plain(&tag)?, start)),
                Event::Empty(tag) => {
                    if let Some(id) = is_plain(&tag)? {
                        elements.entry(id).or_insert(start..position(&reader)?);
                    }
                }
                Event::End(_) => {
                    let (id, start) = open.pop()?;
                    if let Some(id) = id {
                        elements.entry(id).or_insert(start..position(&reader)?);
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        open.is_empty().then_some(Svg {
            text,
            elements,
            moved: BTreeMap::new(),
        })
    }

    /// Takes an element out with all that it refers to, but for what was taken before.
    fn take(&mut self, id: &str, prefix: &str, left: &mut usize) -> Option<String> {
        let mut markup = String::new();
        for range in self.with_all_it_needs(id, left)? {
            if !self.is_moved(&range) {
                markup += &self.moved(range.clone(), prefix)?;
                self.moved.insert(range.start, range.end);
            }
        }
        Some(markup)
    }

    fn is_moved(&self, range: &Range<usize>) -> bool {
        let before = self.moved.range(..=range.start).next_back();
        before.is_some_and(|(_, end)| range.end <= *end)
    }

    /// Returns where an element is and what it refers to, and so on; without those that stand in
    /// others of them.
    fn with_all_it_needs(&self, id: &str, left: &mut usize) -> Option<Vec<Range<usize>>> {
        self.elements.get(id)?;
        let mut wanted = vec![id];
        let mut all = BTreeMap::new();
        while let Some(id) = wanted.pop() {
            let Some(range) = self.elements.get(id) else {
                continue;
            };
            if all.insert(id, range).is_none() {
                *left = left.checked_sub(range.len())?;
                wanted.extend(references(&self.text[range.clone()]));
            }
        }
        let mut ranges: Vec<_> = all.into_values().cloned().collect();
        ranges.sort_by_key(|range| (range.start, usize::MAX - range.end));
        let mut end = 0;
        ranges.retain(|range| {
            let is_outside = range.start >= end;
            end = end.max(range.end);
            is_outside
        });
        Some(ranges)
    }

    /// Returns an element with other ids, and without scripts.
    fn moved(&self, range: Range<usize>, prefix: &str) -> Option<String> {
        let mut reader = Reader::from_str(&self.text[range]);
        let mut writer = Writer::new(Vec::new());
        let mut in_script = 0;
        loop {
            let event = reader.read_event().ok()?;
            match &event {
                Event::Start(tag) if tag.name().as_ref() == "script" => in_script += 1,
                Event::End(tag) if tag.name().as_ref() == "script" => in_script -= 1,
                Event::Empty(tag) if tag.name().as_ref() == "script" => {}
                Event::Eof => break,
                _ if in_script > 0 => {}
                Event::Start(tag) => writer
                    .write_event(Event::Start(renamed(tag, prefix)?))
                    .ok()?,
                Event::Empty(tag) => writer
                    .write_event(Event::Empty(renamed(tag, prefix)?))
                    .ok()?,
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) => {}
                _ => writer.write_event(event.borrow()).ok()?,
            }
        }
        String::from_utf8(writer.into_inner()).ok()
    }
}

/// The tag, with other ids and references to these.
fn renamed(tag: &BytesStart<'_>, prefix: &str) -> Option<BytesStart<'static>> {
    let name = tag.name();
    let mut new = BytesStart::new(name.as_ref().to_owned());
    for attribute in tag.attributes() {
        let Attribute { key, value } = attribute.ok()?;
        let value = match key.as_ref() {
            "id" => format!("{prefix}{value}"),
            "href" | "xlink:href" if value.starts_with('#') => {
                format!("#{prefix}{}", &value[1..])
            }
            key if key.starts_with("on") => continue,
            key if key.starts_with("xmlns") => continue,
            _ => renamed_in_urls(&value, prefix),
        };
        new.push_attribute(Attribute {
            key,
            value: value.into(),
        });
    }
    Some(new)
}

/// `url(#x)`, as presentation attributes and styles have it.
fn renamed_in_urls(value: &str, prefix: &str) -> String {
    let mut new = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find("url(") {
        let inside = &rest[at + 4..];
        let quotes = inside.len() - inside.trim_start_matches(['"', '\'', ' ']).len();
        let (before, after) = rest.split_at(at + 4 + quotes);
        new.push_str(before);
        rest = after;
        if let Some(name) = rest.strip_prefix('#') {
            let _ = write!(new, "#{prefix}");
            rest = name;
        }
    }
    new + rest
}

/// The ids that attributes in some markup refer to.
fn references(markup: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = markup;
    while let Some(at) = rest.find('#') {
        let before = rest[..at].trim_end_matches(['"', '\'', ' ']);
        let is_one = before.ends_with("url(") || before.ends_with("href=");
        rest = &rest[at + 1..];
        if is_one {
            let end = rest.find(['"', '\'', ')', ' ', '<']).unwrap_or(rest.len());
            found.push(&rest[..end]);
        }
    }
    found
}

/// The id of a tag whose name has no prefix.
#[expect(
    clippy::option_option,
    reason = "a tag that will not do is none without an id"
)]
fn is_plain(tag: &BytesStart<'_>) -> Option<Option<String>> {
    if tag.name().as_ref().contains(':') {
        return None;
    }
    let id = tag.try_get_attribute("id").ok()?;
    let id = id.map(|id| id.value.into_owned());
    Some(id.filter(|id| id.bytes().all(is_of_id)))
}

/// What needs no escape anywhere.
fn is_of_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':')
}

fn position(reader: &Reader<&[u8]>) -> Option<usize> {
    usize::try_from(reader.buffer_position()).ok()
}

/// What ids of a document begin with in others.
fn prefix(path: &str) -> String {
    let digest = Digest::of(path.as_bytes()).prefix();
    format!("dragline-{:08x}-", digest >> 32)
}

/// A page has elements of so many documents.
const MOST_DOCUMENTS: usize = 16;
/// So many bytes of them are looked through for what their elements refer to.
const MOST_SEARCHED: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const SPRITE: &str = "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'>\
        <linearGradient id='g'><stop stop-color='red'/></linearGradient>\
        <symbol id='a' viewBox='0 0 9 9'><!-- x --><rect fill='url(#g)' onclick='x()'/><use href='#b'/>\
        <script>no()</script></symbol><g id='b'><path id='c' d='M0 0'/></g></svg>";

    fn take(symbols: &mut Symbols, id: &str) -> Option<(String, String)> {
        symbols.take("s.svg", id, || Some(SPRITE.as_bytes().to_vec()))
    }

    #[test]
    fn an_element_comes_with_all_that_it_refers_to_and_once() {
        let mut symbols = Symbols::default();
        let p = prefix("s.svg");
        let (markup, id) = take(&mut symbols, "a").unwrap();
        assert_eq!(id, format!("{p}a"));
        assert_eq!(
            markup,
            format!(
                "<defs><linearGradient id=\"{p}g\"><stop stop-color=\"red\"/></linearGradient>\
                 <symbol id=\"{p}a\" viewBox=\"0 0 9 9\"><rect fill=\"url(#{p}g)\"/><use href=\"#{p}b\"/></symbol>\
                 <g id=\"{p}b\"><path id=\"{p}c\" d=\"M0 0\"/></g></defs>"
            )
        );
        assert_eq!(
            take(&mut symbols, "a").unwrap(),
            (String::new(), format!("{p}a"))
        );
        assert_eq!(
            take(&mut symbols, "b").unwrap(),
            (String::new(), format!("{p}b"))
        );
        assert_eq!(take(&mut symbols, "nothing"), None);
    }

    #[test]
    fn what_html_would_not_understand_is_left() {
        for text in [
            "<s:svg><s:g id='a'/></s:svg>",
            "<svg><g id='a'>",
            "<svg><g id='&#97;'/></svg>",
            "\u{0}",
        ] {
            let mut symbols = Symbols::default();
            let taken = symbols.take("s.svg", "a", || Some(text.as_bytes().to_vec()));
            assert_eq!(taken, None, "{text}");
        }
    }

    #[test]
    fn what_would_be_looked_through_again_and_again_is_left() {
        let nested = |depth: usize| {
            let open: String = (1..=depth)
                .map(|n| format!("<g id='g{n}'><use href='#g{}'/>", n + 1))
                .collect();
            format!(
                "<svg>{open}{}{}</svg>",
                " ".repeat(1 << 20),
                "</g>".repeat(depth)
            )
        };
        let take = |depth| {
            let text = nested(depth);
            Symbols::default().take("s.svg", "g1", || Some(text.into_bytes()))
        };
        assert!(take(8).is_some());
        assert_eq!(take(32), None);
    }
}
