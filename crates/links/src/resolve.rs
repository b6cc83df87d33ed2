use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8};
use url::{Position, Url};

use crate::Format;
use crate::link::{BYTES_OF_URL_A_BYTE, Base, Kind, Layer, Quotes, Reference};
use crate::near;

/// A URL that something leads to: absolute, `http` or `https`, as the URL standard writes it (§4.5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    text: String,
    /// How long it is without its fragment.
    without_fragment: usize,
}

impl Target {
    /// Takes a URL, if that is one of the web.
    pub fn of(url: Url) -> Option<Self> {
        matches!(url.scheme(), "http" | "https").then(|| Target {
            without_fragment: url[..Position::AfterQuery].len(),
            text: url.into(),
        })
    }

    /// Which is yet to be told of.
    pub(crate) fn nothing() -> Self {
        Target {
            text: String::new(),
            without_fragment: 0,
        }
    }

    /// Returns it as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns it up to its fragment: what a server is asked for.
    pub fn without_fragment(&self) -> &str {
        &self.text[..self.without_fragment]
    }

    /// Returns its fragment, percent-encoded as the standard demands.
    pub fn fragment(&self) -> Option<&str> {
        self.text[self.without_fragment..].strip_prefix('#')
    }

    /// Returns it as a parsed URL.
    #[expect(
        clippy::missing_panics_doc,
        reason = "it is written as a parsed URL would be"
    )]
    pub fn to_url(&self) -> Url {
        Url::parse(&self.text).expect("a URL as the standard writes it is one")
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// What is resolved against in a part of a document.
#[derive(Clone, Debug)]
pub(crate) struct InForce {
    pub(crate) url: Arc<Url>,
    /// Where a `<base>` says so, empty URLs and fragments lead there.
    is_written: bool,
    around: Option<u32>,
    /// How much of the URL stands before its path, if it is one of the web.
    root: Option<usize>,
    /// How much stands up to each slash of its path, from the last one on.
    folders: Arc<[usize]>,
    /// A folder may be a drive's letter, which the parser keeps from going up.
    may_have_drive: bool,
}

impl InForce {
    fn new(url: Url, is_written: bool, around: Option<u32>) -> Self {
        let is_web = matches!(url.scheme(), "http" | "https");
        let root = url[..Position::BeforePath].len();
        let slashes = memchr::memrchr_iter(b'/', url.path().as_bytes());
        let folders: Arc<[_]> = slashes.map(|at| root + at + 1).take(MOST_FOLDERS).collect();
        let last = folders.first().map_or(root, |end| *end);
        InForce {
            is_written,
            around,
            root: is_web.then_some(root),
            folders,
            may_have_drive: url.as_str()[root..last].contains([':', '|']),
            url: Arc::new(url),
        }
    }

    /// Writes what a reference leads to, where that is no more than one text behind another (URL standard
    /// §4.4): its bytes stay as they are wherever they stand. Most are so.
    fn join(&self, text: &str, target: &mut Target) -> bool {
        let Some(root) = self.root else { return false };
        let base = self.url.as_str();
        let end = near::find(b'#', text.as_bytes(), 0).unwrap_or(text.len());
        let (text, fragment) = text.split_at(end);
        let is_of_base = text.starts_with(&base[..root]) && text[root..].starts_with('/');
        let origin = is_of_base.then_some(root).or_else(|| plain_origin(text));
        let (folder, rest) = if let Some(end) = origin {
            text.split_at(end + 1)
        } else if let Some(rest) = text.strip_prefix('/') {
            (&base[..=root], rest)
        } else {
            let mut rest = text.strip_prefix("./").unwrap_or(text);
            let mut above = 0;
            while let Some(shorter) = rest.strip_prefix("../") {
                above += 1;
                rest = shorter;
            }
            if above > 0 && self.may_have_drive || above >= MOST_FOLDERS {
                return false;
            }
            // At the top, it goes no higher.
            let folder = self.folders.get(above).or(self.folders.last());
            let Some(folder) = folder else { return false };
            (&base[..*folder], rest)
        };
        let hangs_on_all = text.is_empty() || text.starts_with('?') || text.starts_with("//");
        if hangs_on_all || !is_plain(rest) || !fragment.bytes().all(stays_in_fragment) {
            return false;
        }
        target.text.clear();
        target.text.push_str(folder);
        target.text.push_str(rest);
        target.without_fragment = target.text.len();
        target.text.push_str(fragment);
        true
    }
}

/// Resolves references.
#[derive(Debug)]
pub(crate) struct Resolver {
    /// URL standard §4.4, query state: a query is percent-encoded from the document's encoding, if that
    /// is another than UTF-8.
    queries: Option<&'static Encoding>,
    /// How many bytes of URLs are made at the most: a small document must not become a large heap.
    most: usize,
    /// How many of them may still be made.
    budget: usize,
    /// Some were not resolved, since the budget was spent.
    pub(crate) is_spent: bool,
}

impl Resolver {
    pub(crate) fn new(encoding: &'static Encoding, format: Format, length: usize) -> Self {
        let is_markup = matches!(format, Format::Html | Format::Xml);
        let queries = Some(encoding).filter(|it| is_markup && *it != UTF_8);
        let most = length * BYTES_OF_URL_A_BYTE + (1 << 20);
        Resolver {
            queries,
            most,
            budget: most,
            is_spent: false,
        }
    }

    /// Returns what is resolved against in each part of a document from `url`: that of the document
    /// itself stands before those that are written in it.
    pub(crate) fn bases(&mut self, url: &Url, written: &[Base]) -> Vec<InForce> {
        let mut bases = Vec::with_capacity(written.len() + 1);
        bases.push(InForce::new(url.clone(), false, None));
        for base in written {
            let around = base.around.map_or(0, |around| around as usize + 1);
            let around = &bases[around];
            // HTML §2.4.3, the document base URL.
            let text = base.url.as_deref();
            let url = text.and_then(|text| {
                self.pay(&around.url, text)
                    .then(|| parse(&around.url, text, self.queries))
                    .flatten()
            });
            let url = url.filter(|url| !matches!(url.scheme(), "data" | "javascript"));
            bases.push(match url {
                Some(url) => InForce::new(url, true, base.around),
                None => InForce {
                    around: base.around,
                    ..around.clone()
                },
            });
        }
        bases
    }

    pub(crate) fn renew(&mut self) {
        self.budget = self.most;
    }

    /// Finds what a reference leads to, if that is on the web; else returns `false`.
    pub(crate) fn resolve(
        &mut self,
        bases: &[InForce],
        reference: &Reference,
        text: &str,
        target: &mut Target,
    ) -> bool {
        let text = trimmed(text);
        // That of the document itself stands before those that are written in it.
        let mut base = reference.origin.base as usize + 1;
        if reference.kind == Kind::Base {
            base = bases[base].around.map_or(0, |around| around as usize + 1);
        }
        let base = &bases[base];
        // Empty, a link that a person follows leads to the base; all else leads nowhere.
        let is_empty = text.is_empty()
            && (!base.is_written
                || reference.kind != Kind::Navigation
                || reference.place.layer == Some(Layer::Attribute(Quotes::None)));
        if is_empty || (text.starts_with('#') && !base.is_written) {
            return false;
        }
        self.url(base, text, target)
    }

    fn url(&mut self, base: &InForce, text: &str, target: &mut Target) -> bool {
        if !self.pay(&base.url, text) {
            return false;
        }
        if base.join(text, target) {
            return true;
        }
        let found = parse(&base.url, text, self.queries).and_then(Target::of);
        found.map(|found| *target = found).is_some()
    }

    /// Tells whether so much may still be made.
    fn pay(&mut self, base: &Url, text: &str) -> bool {
        let left = self.budget.checked_sub(base.as_str().len() + text.len());
        self.is_spent |= left.is_none();
        self.budget = left.unwrap_or(self.budget);
        left.is_some()
    }
}

/// No more folders of a URL are kept in mind; what goes further up is left to the parser.
const MOST_FOLDERS: usize = 32;

/// Parses it, queries encoded in that encoding.
fn parse(base: &Url, text: &str, encoding: Option<&'static Encoding>) -> Option<Url> {
    let options = Url::options().base_url(Some(base));
    let Some(encoding) = encoding else {
        return options.parse(text).ok();
    };
    let encode = query_encoder(encoding);
    options.encoding_override(Some(&encode)).parse(text).ok()
}

fn query_encoder(encoding: &'static Encoding) -> impl Fn(&str) -> Cow<'_, [u8]> {
    move |query| encoding.encode(query).0
}

/// A reference without the blanks around it.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|char: char| char <= ' ')
}

/// The length of a scheme and a host that are written as they are in a URL, if a path follows.
fn plain_origin(text: &str) -> Option<usize> {
    let is_web = text.starts_with("http://") || text.starts_with("https://");
    let start = is_web.then(|| text.find("//"))?? + 2;
    let host = &text[start..start + text[start..].find('/')?];
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    // Else it may be a number (IPv4), or in Punycode that must be looked at.
    let is_name = host
        .rsplit('.')
        .next()?
        .starts_with(|char: char| char.is_ascii_lowercase());
    let is_host = is_name && host.bytes().all(is_plain) && !host.contains("xn--");
    is_host.then_some(start + host.len())
}

/// Whether a path, and a query behind it, is written in a URL as it is, and has no dot segments, or
/// what looks like one: nearly.
fn is_plain(text: &str) -> bool {
    let mut seen = 0;
    let mut last = SLASH;
    for byte in text.bytes() {
        let class = CLASS[usize::from(byte)];
        seen |= class | (last << 1 & class & DOT) << 1;
        last = class;
    }
    seen & !(SLASH | DOT) == 0
}

/// Of each byte: 0 of those that the URL standard writes in paths and queries as they are, wherever they
/// stand.
static CLASS: [u8; 256] = {
    let mut class = [OTHER; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        if byte.is_ascii_alphanumeric() {
            class[byte as usize] = 0;
        }
        byte += 1;
    }
    let others = b"-_~?!$&()*+,;=@";
    let mut at = 0;
    while at < others.len() {
        class[others[at] as usize] = 0;
        at += 1;
    }
    class[b'/' as usize] = SLASH;
    class[b'.' as usize] = DOT;
    class
};
const SLASH: u8 = 1;
/// Behind a slash it is as bad as any other.
const DOT: u8 = 2;
const OTHER: u8 = 4;

/// Whether it stands in a fragment as it is (URL standard §1.3, fragment percent-encode set).
fn stays_in_fragment(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'`')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A base, beside others of its folder and of others.
    fn base() -> impl Strategy<Value = Url> {
        let bases = [
            "http://h/",
            "http://h/a/b",
            "http://h/a/p?x",
            "http://h/a/q?y",
            "http://h/a/b/c#d",
            "http://h/C:/a",
            "http://h/a/C|/b",
            "http://h/C:",
            "https://h/a/b",
            "http://h:8080/a/b",
            "http://u:p@h/a/b",
            "ftp://h/a/b",
            "file:///c:/a/b",
            "foo://h/a/b",
            "foo:bar",
            "data:,x",
        ];
        prop::sample::select(bases.map(|base| Url::parse(base).unwrap()).to_vec())
    }

    fn words() -> impl Strategy<Value = String> {
        let words = "a b .. . ../ ./ %2e / // h \\ : http: HTTP: https: http://h http://h/ http://w.x/ foo: \
                     c| ?q #f # ' \" ` ^ &;= \u{e9} @ 8080";
        let words = words.split(' ').chain(["\t", "\n", " ", ""]);
        let words = prop::sample::select(words.collect::<Vec<_>>());
        prop::collection::vec(words, 0..6).prop_map(|it| it.concat())
    }

    proptest! {
        /// Also where it is made without the parser.
        #[test]
        fn a_reference_leads_where_the_url_parser_says(
            base in base(), text in words(), is_latin in any::<bool>(),
        ) {
            let encoding = if is_latin { encoding_rs::WINDOWS_1252 } else { UTF_8 };
            let mut resolver = Resolver::new(encoding, Format::Html, 1 << 20);
            let text = trimmed(&text);
            let mut target = Target::nothing();
            let is_there = resolver.url(&InForce::new(base.clone(), true, None), text, &mut target);
            let url = parse(&base, text, resolver.queries);
            let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
            prop_assert_eq!(is_there, url.is_some());
            if let Some(url) = url {
                prop_assert_eq!(target.as_str(), url.as_str());
                prop_assert_eq!(target.without_fragment(), &url[..Position::AfterQuery]);
                prop_assert_eq!(target.fragment(), url.fragment());
                prop_assert_eq!(target.to_url(), url);
            }
        }
    }

    proptest! {
        #[test]
        fn a_plain_origin_is_what_the_url_parser_makes_of_it(
            host in "([a-c1-3.-]|xn--|0x|[a-z0-9]){0,9}", scheme in "https?",
        ) {
            let text = format!("{scheme}://{host}/a");
            if plain_origin(&text).is_some() {
                prop_assert_eq!(Url::parse(&text).map(String::from), Ok(text));
            }
        }
    }

    #[test]
    fn most_references_need_no_parser() {
        let base = Url::parse("http://h:8080/a/b/c.html?d#e").unwrap();
        let base = InForce::new(base, false, None);
        let mut target = Target::nothing();
        for text in [
            "d.html",
            "./d/",
            "../",
            "../../../d",
            "/",
            "/d?e=f&g=h/#i",
            "d#e[0]",
            "http://h:8080/d",
            "d//e.f;g",
            "https://www.h-2.org//d?e#f",
            "http://h/",
        ] {
            assert!(base.join(text, &mut target), "{text}");
            assert_eq!(target.to_url(), base.url.join(text).unwrap(), "{text}");
        }
        let deep = format!("http://h/{}", "a/".repeat(40));
        let deep = InForce::new(Url::parse(&deep).unwrap(), false, None);
        for above in [0, 1, 30, 31, 32, 39, 40, 41] {
            let text = "../".repeat(above) + "d";
            assert_eq!(deep.join(&text, &mut target), above < MOST_FOLDERS);
            let expected = deep.url.join(&text).unwrap();
            assert!(above >= MOST_FOLDERS || target.to_url() == expected);
        }
        for text in [
            "",
            ".",
            "..",
            "d/..",
            "d/.e",
            "d?e=/../f",
            "//h/d",
            "http:d",
            "?d",
            "#d",
            "d e",
            "d%2e",
            "d\\e",
            "d#e f",
            "/\td",
            "http://h:8080",
            "http://h:80801/",
            "http://xn--a/",
            "http://1.2/",
            "http://h.0x1/",
            "http://H/",
            "http://h_/",
            "http://u@h/",
            "http://h./",
            "https:///h",
            "\u{e9}",
        ] {
            assert!(!base.join(text, &mut target), "{text}");
        }
        let drive = InForce::new(Url::parse("http://h/C:/a").unwrap(), false, None);
        assert!(drive.join("b", &mut target) && !drive.join("../b", &mut target));
    }
}
