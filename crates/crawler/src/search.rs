//! Where an answer leads: by its headers, by its document, by the entries of a sitemap.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read as _;
use std::sync::Arc;

use archive::Capture;
use flate2::read::MultiGzDecoder;
use foldhash::quality::RandomState;
use frontier::{CanonicalUrl, Content, Found, Role, Rules, Scope};
use http::HeaderMap;
use http::header::{LINK, REFRESH};
use indexmap::IndexMap;
use links::{Format, Kind, Spans, Target};
use memchr::memmem;
use url::{Origin, Position, Url};

/// What was found in a document.
#[derive(Debug)]
pub(crate) struct Links {
    /// Each once, in the order in which they stand there; as a requisite if it is one anywhere.
    pub(crate) found: Vec<Found>,
    /// Whether that is all.
    pub(crate) is_whole: bool,
    /// What it says.
    pub(crate) content: Content,
    /// Where they stand.
    pub(crate) spans: Option<Spans>,
}

/// What is followed beside the links of documents, and what is not.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    /// Whether the sitemaps are followed that a seed's robots.txt names.
    pub(crate) sitemaps: bool,
    /// Whether what only may be there is asked for.
    pub(crate) guesses: bool,
    /// Where a crawl goes by its links: whether to look for a sitemap where it mostly is.
    pub(crate) rules: Arc<Rules>,
    /// The pages that it starts from: where a script may run that lies elsewhere.
    pub(crate) pages: Arc<Pages>,
    /// If pages are heeded that ask to follow no link: by what name they may ask, in lower case.
    pub(crate) nofollow: Option<Arc<str>>,
}

/// The folders of pages where a crawl begins, a few of each origin.
#[derive(Debug, Default)]
pub(crate) struct Pages(HashMap<Origin, Vec<Url>>);

/// What an answer's robots.txt says of sitemaps.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// That the answer is one.
    pub(crate) is_sitemap: bool,
    /// Where others are; told on seeds alone.
    pub(crate) sitemaps: Vec<CanonicalUrl>,
    /// Where one would be, as it mostly is, whether others are named or not; on seeds alone.
    pub(crate) perhaps: Vec<CanonicalUrl>,
}

impl Manner {
    /// Where the sitemap of an origin would be, or one of a page's own folder, if links to it are followed
    /// from that page.
    pub(crate) fn perhaps(&self, page: &CanonicalUrl) -> Vec<CanonicalUrl> {
        let scope = Scope::with(Rules::clone(&self.rules), [page]);
        let page = page.to_url();
        let top = page.join("/").ok();
        let own = page.join(".").ok().filter(|folder| {
            let known = self.pages.0.get(&folder.origin());
            known.is_some_and(|known| known.contains(folder)) && Some(folder) != top.as_ref()
        });
        let folders = [top, own].into_iter().flatten();
        let places = folders.filter_map(|folder| folder.join("sitemap.xml").ok());
        let places = places.filter_map(|place| CanonicalUrl::new(&place));
        places
            .filter(|place| scope.judge(&Found::link(place.clone()), 1).is_admitted())
            .collect()
    }
}

/// Searches an answer whose body is not looked at.
pub(crate) fn search_head(
    capture: &Capture,
    address: &Url,
    named: Named,
    manner: &Manner,
) -> Links {
    let found = Gathered::default();
    found.finish(capture, address, named, manner, true)
}

/// Searches an answer of that content.
pub(crate) fn search(
    capture: &Capture,
    content: &[u8],
    address: &Url,
    named: Named,
    manner: &Manner,
) -> Links {
    let Some(document) = Document::of(capture, content, address, named.is_sitemap) else {
        return search_head(capture, address, named, manner);
    };
    let mut gathered = Gathered::of(content.len());
    let Document { text, format } = &document;
    let charset = match text {
        Cow::Borrowed(_) => capture.content_type().and_then(links::charset),
        // All sitemaps are.
        Cow::Owned(_) => Some("utf-8"),
    };
    let is_script = *format == Format::Script;
    let each = |target: &Target, kind| match kind {
        Kind::Guess if !manner.guesses => {}
        Kind::Guess => {
            let within = is_script.then(|| within(&target.to_url(), address));
            match within.flatten().and_then(Target::of) {
                Some(within) => gathered.guess(&within, address),
                None => gathered.guess(target, address),
            }
            if is_script {
                for elsewhere in from_pages(&target.to_url(), address, &manner.pages) {
                    if let Some(elsewhere) = Target::of(elsewhere) {
                        gathered.guess(&elsewhere, address);
                    }
                }
            }
        }
        kind => {
            gathered.add(target, kind);
            // VitePress loads the first as one comes, the other as one goes there by a link.
            if manner.guesses
                && let Some(start) = target.as_str().strip_suffix(".lean.js")
                && let Some(whole) = Url::parse(&format!("{start}.js")).ok().and_then(Target::of)
            {
                gathered.guess(&whole, address);
            }
        }
    };
    let (searched, spans) = links::each_target_and_spans(text, *format, charset, address, each);
    if manner.guesses
        && *format == Format::Html
        && gathered.is_of_sveltekit()
        && let Some(data) = data_of_sveltekit(text, address)
    {
        gathered.guess(&data, address);
    }
    if let Some(agent) = &manner.nofollow {
        let mut asked = searched.nofollow.iter();
        gathered.is_asked_not_to = asked.any(|name| name == "robots" || **name == **agent);
    }
    let is_whole = searched.is_whole && (text.len() as u64) < MOST_SEARCHED;
    let mut links = gathered.finish(capture, address, named, manner, is_whole);
    if matches!(text, Cow::Borrowed(_))
        && let Some(url) = CanonicalUrl::new(address)
    {
        let digest = capture.body.digest().prefix();
        let canonical = searched.canonical.as_ref();
        let canonical = canonical.and_then(|it| CanonicalUrl::of_written(it.as_str()));
        let version = canonical.and_then(|it| Content::of_version(digest, &url, &it));
        links.content = version.unwrap_or_else(|| Content::of(content, digest, &url));
        links.spans = spans;
    }
    links
}

/// What a page of `SvelteKit` that shows data asks for when one comes to it by a link.
fn data_of_sveltekit(page: &[u8], address: &Url) -> Option<Target> {
    memmem::find(page, b"{type:\"data\"")?;
    let mut data = address.clone();
    let path = address.path();
    data.set_path(&if path.ends_with(".html") {
        format!("{path}__data.json")
    } else {
        format!("{}/__data.json", path.trim_end_matches('/'))
    });
    data.set_query(None);
    Target::of(data)
}

/// Whether an answer holds links, by its first bytes.
pub(crate) fn is_searched(capture: &Capture, start: &[u8], address: &Url, named: &Named) -> bool {
    Format::of(capture.content_type(), start, address).is_some()
        || is_packed(start) && may_be_sitemap(address, named.is_sitemap)
}

pub(crate) fn is_packed(content: &[u8]) -> bool {
    content.starts_with(b"\x1f\x8b")
}

/// What can be searched.
struct Document<'a> {
    text: Cow<'a, [u8]>,
    format: Format,
}

impl<'a> Document<'a> {
    /// Sitemaps (sitemaps.org) are also packed as files, and lists of URLs in plain text: that it is
    /// one says robots.txt, or its name.
    fn of(
        capture: &Capture,
        content: &'a [u8],
        address: &Url,
        is_sitemap: bool,
    ) -> Option<Document<'a>> {
        let content_type = capture.content_type();
        let may_be_sitemap = may_be_sitemap(address, is_sitemap);
        if may_be_sitemap && is_packed(content) {
            let text = Cow::Owned(unpacked(content));
            let format = if is_markup(&text) {
                Format::Xml
            } else {
                Format::List
            };
            return Some(Document { text, format });
        }
        let is_plain = || {
            let media_type = content_type.unwrap_or_default().split(';').next();
            let media_type = media_type.unwrap_or_default().trim();
            media_type.is_empty() || media_type.eq_ignore_ascii_case("text/plain")
        };
        let format = Format::of(content_type, content, address);
        let format = format.or_else(|| match () {
            () if !may_be_sitemap => None,
            () if is_markup(content) => Some(Format::Xml),
            () => is_plain().then_some(Format::List),
        });
        let text = Cow::Borrowed(content);
        format.map(|format| Document { text, format })
    }
}

fn may_be_sitemap(address: &Url, is_sitemap: bool) -> bool {
    let path = address.path().to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    is_sitemap || name.contains("sitemap") || name.ends_with(".xml.gz")
}

fn is_markup(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.trim_ascii_start().starts_with(b"<")
}

/// As much of it as is searched; what came before it broke counts.
fn unpacked(content: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let unpacking = MultiGzDecoder::new(content);
    let _ = unpacking.take(MOST_SEARCHED).read_to_end(&mut text);
    text
}

/// What was found in one answer.
#[derive(Debug, Default)]
struct Gathered {
    found: IndexMap<CanonicalUrl, Role, RandomState>,
    /// How many of them are guesses.
    guesses: usize,
    /// Its links are not to be followed.
    is_asked_not_to: bool,
}

impl Gathered {
    /// Nothing yet, of a document of this length.
    fn of(length: usize) -> Self {
        let about = (length / 256).min(1024);
        Gathered {
            found: IndexMap::with_capacity_and_hasher(about, RandomState::default()),
            ..Gathered::default()
        }
    }

    /// Such a page begins with where its scripts are.
    fn is_of_sveltekit(&self) -> bool {
        let mut first = self.found.keys().take(16);
        first.any(|url| {
            let url = url.as_str();
            url.ends_with(".js") && url.contains("/_app/immutable/")
        })
    }

    fn add(&mut self, target: &Target, kind: Kind) {
        if let Some(role) = role(kind)
            && let Some(url) = CanonicalUrl::of_written(target.as_str())
        {
            self.add_as(url, role);
        }
    }

    /// Adds what a script may ask for, if it is where the document is.
    fn guess(&mut self, target: &Target, address: &Url) {
        // Of canonical URLs, neither names a user.
        let origin = &address[..Position::BeforePath];
        let is_there = |url: &CanonicalUrl| {
            let path = url.as_str().strip_prefix(origin);
            path.is_some_and(|path| path.starts_with('/'))
        };
        if self.guesses < MOST_GUESSES
            && let Some(url) = CanonicalUrl::of_written(target.as_str()).filter(is_there)
        {
            let before = self.found.len();
            self.add_as(url, Role::Guess);
            self.guesses += self.found.len() - before;
        }
    }

    fn add_as(&mut self, url: CanonicalUrl, role: Role) {
        let known = self.found.entry(url).or_insert(role);
        if role == Role::Requisite || *known == Role::Guess {
            *known = role;
        }
    }

    /// Adds what the head of an answer leads to (RFC 8288), and sitemaps.
    fn finish(
        mut self,
        capture: &Capture,
        address: &Url,
        named: Named,
        manner: &Manner,
        is_whole: bool,
    ) -> Links {
        for header in [LINK, REFRESH] {
            for value in capture.headers.get_all(&header) {
                let value = String::from_utf8_lossy(value.as_bytes());
                for link in links::header_links(header.as_str(), &value, address) {
                    self.add(&link.url, link.kind);
                }
            }
        }
        if let Some(agent) = &manner.nofollow
            && (self.is_asked_not_to || asks_not_to(&capture.headers, agent))
        {
            self.found.retain(|_, role| *role != Role::Page);
        }
        for sitemap in named.sitemaps {
            self.add_as(sitemap, Role::Page);
        }
        for sitemap in named.perhaps {
            self.add_as(sitemap, Role::Guess);
        }
        let found = self.found.into_iter();
        let found = found.map(|(url, role)| Found {
            role,
            ..Found::link(url)
        });
        Links {
            found: found.collect(),
            is_whole,
            content: Content::of_bytes(capture.body.digest().prefix()),
            spans: None,
        }
    }
}

/// What is named is fetched because a person may go there, or because the page needs or shows it.
fn role(kind: Kind) -> Option<Role> {
    match kind {
        Kind::Navigation => Some(Role::Page),
        Kind::Requisite | Kind::Embedded => Some(Role::Requisite),
        _ => None,
    }
}

/// What a script that lies elsewhere asks for by a name is looked for where its page is: here, where
/// the pages of its origin are that the crawl starts from. A name that begins at the top, or above the
/// script, is the same everywhere or made for one place.
fn from_pages<'a>(
    guess: &Url,
    script: &'a Url,
    pages: &'a Pages,
) -> impl Iterator<Item = Url> + use<'a> {
    let folder = script
        .path()
        .rfind('/')
        .map_or("", |end| &script.path()[..=end]);
    let name = guess.path().strip_prefix(folder).map(|name| {
        let query = guess.query().map(|query| format!("?{query}"));
        format!("./{name}{}", query.unwrap_or_default())
    });
    let here = pages.0.get(&script.origin());
    name.into_iter().flat_map(move |name| {
        let here = here.into_iter().flatten();
        here.filter_map(move |page| page.join(&name).ok())
    })
}

impl FromIterator<Url> for Pages {
    fn from_iter<I: IntoIterator<Item = Url>>(pages: I) -> Self {
        let mut folders: HashMap<Origin, Vec<Url>> = HashMap::new();
        for folder in pages.into_iter().filter_map(|page| page.join(".").ok()) {
            let here = folders.entry(folder.origin()).or_default();
            if here.len() < MOST_PAGES && !here.contains(&folder) {
                here.push(folder);
            }
        }
        Pages(folders)
    }
}

/// A name that begins with a folder which its script is in, as those of chunks do, is meant from there.
fn within(guess: &Url, script: &Url) -> Option<Url> {
    let path = script.path();
    let folder = &path[..=path.rfind('/')?];
    let (first, _) = guess.path().strip_prefix(folder)?.split_once('/')?;
    let start = folder.rfind(&format!("/{first}/"))?;
    let mut within = guess.clone();
    within.set_path(&[&folder[..=start], &guess.path()[folder.len()..]].concat());
    Some(within)
}

/// So many bytes of content are searched, and no more.
pub(crate) const MOST_SEARCHED: u64 = mirror::LONGEST_DOCUMENT;
/// So many guesses are followed of one document.
const MOST_GUESSES: usize = 4096;
/// So many pages are taken to be where a script may run.
const MOST_PAGES: usize = 4;

/// `X-Robots-Tag: nofollow`, also for some crawlers alone: `X-Robots-Tag: dragline: nofollow`.
fn asks_not_to(headers: &HeaderMap, agent: &str) -> bool {
    headers.get_all("x-robots-tag").iter().any(|value| {
        let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        let mut is_for_us = true;
        value.split(',').any(|words| {
            let word = match words.split_once(':') {
                Some((name, word)) if !VALUED.contains(&name.trim()) => {
                    is_for_us = name.trim() == agent;
                    word
                }
                _ => words,
            };
            is_for_us && matches!(word.trim(), "nofollow" | "none")
        })
    })
}

/// Those of a robots tag that have a value behind a colon.
const VALUED: [&str; 4] = [
    "unavailable_after",
    "max-snippet",
    "max-image-preview",
    "max-video-preview",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_script_is_looked_for_where_its_page_may_be() {
        let url = |text: &str| Url::parse(text).unwrap();
        let pages = [
            "http://h/a/",
            "http://h/b/c.html",
            "http://h/b/",
            "http://other/",
        ];
        let pages = pages.map(url).into_iter().collect();
        let found = |guess: &str| {
            let script = url("http://h/js/x.js");
            let found = from_pages(&url(guess), &script, &pages);
            found.map(String::from).collect::<Vec<_>>()
        };
        assert_eq!(
            found("http://h/js/d/e.json?f"),
            ["http://h/a/d/e.json?f", "http://h/b/d/e.json?f"]
        );
        assert_eq!(found("http://h/top.json"), [""; 0]);
    }

    #[test]
    fn a_name_from_a_folder_around_the_script_is_meant_from_there() {
        let url = |text: &str| Url::parse(text).unwrap();
        let within = |guess: &str, script: &str| {
            let script = url(script);
            let within = super::within(&script.join(guess).unwrap(), &script);
            within.map_or(String::new(), String::from)
        };
        let next = "http://h/_next/static/chunks/webpack.js";
        let expected = "http://h/_next/static/chunks/4.js?v";
        assert_eq!(within("static/chunks/4.js?v", next), expected);
        assert_eq!(
            within("static/css/4.css", next),
            "http://h/_next/static/css/4.css"
        );
        assert_eq!(
            within("js/a.js", "http://h/x/js/js/b.js"),
            "http://h/x/js/js/a.js"
        );
        for other in ["a.js", "/static/a.js", "tatic/a.js", "../static/a.js"] {
            assert_eq!(within(other, next), "", "{other}");
        }
    }

    #[test]
    fn a_guess_is_made_where_the_document_is_whatever_user_is_named() {
        let url = |text: &str| Url::parse(text).unwrap();
        let mut gathered = Gathered::default();
        for text in [
            "http://h/a",
            "http://u:p@h/b",
            "http://h:81/c",
            "http://h.x/d",
        ] {
            let target = Target::of(url(text)).unwrap();
            gathered.guess(&target, &url("http://h/e"));
        }
        let found = gathered.found.keys().map(CanonicalUrl::as_str);
        assert!(found.eq(["http://h/a", "http://h/b"]));
    }

    #[test]
    fn a_header_may_ask_all_crawlers_or_some_not_to_follow() {
        let asks = |value: &str| {
            let headers = [("x-robots-tag", value)];
            let headers = headers.into_iter();
            let headers =
                headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            asks_not_to(&headers.collect(), "dragline")
        };
        assert!(asks("nofollow") && asks("noindex, NoFollow") && asks("none"));
        assert!(asks("Dragline: noindex, nofollow") && asks("other: none, dragline: nofollow"));
        assert!(asks(
            "unavailable_after: 25 Jun 2030 15:00:00 PST, nofollow"
        ));
        assert!(
            !asks("noindex") && !asks("other: noindex, nofollow") && !asks("max-snippet: none")
        );
    }
}
