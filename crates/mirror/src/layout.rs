//! Which file holds what: a function of the set of captures.

use std::collections::{BTreeMap, HashMap, HashSet};

use archive::Entry;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::name::{self, FRONT_DOOR, Name};

/// Tells which URLs are the same: those with the same key. `None`: not one of the site.
pub(crate) type Key = fn(&Url) -> Option<String>;

#[derive(Debug)]
pub(crate) struct Layout {
    key: Key,
    /// By key: the path of each kept capture.
    paths: HashMap<String, String>,
    /// By key: where it redirects to.
    redirects: HashMap<String, Url>,
}

impl Layout {
    /// `sniff` tells the content type of an entry that was sent without one.
    pub(crate) fn new(
        entries: &[Entry],
        seeds: &[String],
        key: Key,
        sniff: impl Fn(&Entry, &Url) -> Option<&'static str>,
    ) -> Self {
        let mut layout = Layout {
            key,
            paths: HashMap::new(),
            redirects: HashMap::new(),
        };
        let mut kept = BTreeMap::new();
        for entry in entries {
            let url = Url::parse(&entry.url).ok();
            let Some((key, url)) = url.and_then(|url| Some((key(&url)?, url))) else {
                continue;
            };
            if is_kept(entry) {
                kept.insert(key, (url, entry));
            } else if let Some(target) = redirect(entry, &url) {
                layout.redirects.insert(key, target);
            }
        }
        let landing = seeds.first().and_then(|seed| Url::parse(seed).ok());
        let landing = landing.map(|seed| layout.landing(seed).0);
        let own_host = landing.map(|url| name::host(&url)).unwrap_or_default();
        let name = |(key, (url, entry)): (String, (Url, &Entry))| {
            let sent = entry
                .content_type
                .as_deref()
                .filter(|sent| !sent.is_empty());
            let content_type = sent.or_else(|| sniff(entry, &url));
            (key, Name::of(&url, content_type, &own_host))
        };
        layout.paths = settle(kept.into_iter().map(name).collect());
        layout
    }

    /// Returns the path of what `url` leads to and the fragment that goes with it, if it is kept.
    pub(crate) fn find(&self, url: &Url) -> Option<(&str, Option<String>)> {
        let (landing, key) = self.landing(url.clone());
        let path = self.paths.get(&key?)?;
        Some((path, landing.fragment().map(str::to_owned)))
    }

    /// Returns what the front door leads to: the first seed that is kept, or else anything.
    pub(crate) fn way_in(&self, seeds: &[String]) -> Option<(&str, Option<String>)> {
        let mut seeds = seeds.iter().filter_map(|seed| Url::parse(seed).ok());
        let seed = seeds.find_map(|seed| self.find(&seed));
        seed.or_else(|| Some((self.paths.values().min()?, None)))
    }

    /// Returns the paths of all files.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.values().map(String::as_str)
    }

    /// Follows redirects to where they end, or as far as a browser would go.
    fn landing(&self, mut url: Url) -> (Url, Option<String>) {
        for _ in 0..MOST_REDIRECTS {
            let key = (self.key)(&url);
            let Some(target) = key.as_ref().and_then(|key| self.redirects.get(key)) else {
                return (url, key);
            };
            // RFC 9110 §10.2.2: a target without a fragment inherits the one before.
            let mut target = target.clone();
            if target.fragment().is_none() {
                target.set_fragment(url.fragment());
            }
            url = target;
        }
        (url, None)
    }
}

/// Writes a link from one file to another as a relative URL. Both are paths in the tree.
pub(crate) fn relative(from: &str, to: &str, fragment: Option<&str>) -> String {
    let mut link = String::new();
    if from != to || fragment.is_none() {
        let folder = from.rfind('/').map_or("", |at| &from[..=at]);
        let shared = folder
            .split_inclusive('/')
            .zip(to.split_inclusive('/'))
            .take_while(|(a, b)| a == b)
            .map(|(part, _)| part.len())
            .sum();
        let up = folder[shared..].matches('/').count();
        link.push_str(&"../".repeat(up));
        link.extend(utf8_percent_encode(&to[shared..], ESCAPED));
    }
    if let Some(fragment) = fragment {
        link.push('#');
        link.push_str(fragment);
    }
    link
}

/// Whether there is a file for it: a whole document was received.
pub(crate) fn is_kept(entry: &Entry) -> bool {
    entry.status.is_success() && !matches!(entry.status.as_u16(), 204..=206)
}

fn redirect(entry: &Entry, url: &Url) -> Option<Url> {
    let location = entry.location.as_deref()?;
    let redirects = matches!(entry.status.as_u16(), 301 | 302 | 303 | 307 | 308);
    redirects.then(|| url.join(location).ok()).flatten()
}

/// Gives each URL a path of its own. The least URL of those that ask for a path gets it, unless it
/// is a folder's; the others get one beside it.
fn settle(names: BTreeMap<String, Name>) -> HashMap<String, String> {
    let mut folders = HashSet::new();
    for name in names.values() {
        for (at, _) in name.stem.match_indices('/') {
            folders.insert(fold(&name.stem[..at]));
        }
    }
    let mut taken = folders;
    let mut paths = HashMap::with_capacity(names.len());
    let mut beside = Vec::new();
    for (url, name) in names {
        let path = name.path();
        // The front door's name is its own to the letter: `Index.html` would be there on one system
        // and not on another.
        let is_door = fold(&path) == FRONT_DOOR && path != FRONT_DOOR;
        if !is_door && taken.insert(fold(&path)) {
            paths.insert(url, path);
        } else {
            beside.push((url, name));
        }
    }
    for (url, name) in beside {
        let mut n = 0;
        let path = loop {
            let path = name.beside(&url, n);
            if taken.insert(fold(&path)) {
                break path;
            }
            n += 1;
        };
        paths.insert(url, path);
    }
    paths
}

/// What a file system that does not tell upper from lower case would compare.
fn fold(path: &str) -> String {
    path.to_lowercase()
}

const MOST_REDIRECTS: usize = 20;

/// All but what needs no escape in a URL, in HTML and in CSS.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'=')
    .remove(b'+')
    .remove(b',')
    .remove(b'@')
    .remove(b'/');

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn relative_links_lead_from_file_to_file() {
        assert_eq!(relative("index.html", "a.html", None), "a.html");
        assert_eq!(relative("a/b/c.html", "a/d.html", None), "../d.html");
        assert_eq!(relative("a/b.html", "a/c/d.html", Some("x")), "c/d.html#x");
        assert_eq!(relative("ab/c.html", "abc/d.html", None), "../abc/d.html");
        assert_eq!(relative("a.html", "a.html", Some("x")), "#x");
        assert_eq!(relative("d/a.html", "d/a.html", None), "a.html");
        assert_eq!(
            relative("a.html", "%63on/é b&(.png", None),
            "%2563on/%C3%A9%20b%26%28.png"
        );
    }

    fn names(urls: &[&str]) -> HashMap<String, String> {
        let named = urls.iter().map(|url| {
            let parsed = Url::parse(url).unwrap();
            ((*url).to_owned(), Name::of(&parsed, None, "h"))
        });
        settle(named.collect())
    }

    #[test]
    fn urls_that_ask_for_one_path_get_several() {
        let names = names(&[
            "http://h/a",
            "http://h/A",
            "http://h/a/b",
            "https://h/a/b",
            "http://h/c",
        ]);
        assert_eq!(names["http://h/c"], "c");
        assert_eq!(names["http://h/a/b"], "a/b", "the least URL gets it");
        assert!(names["https://h/a/b"].starts_with("a/b~"));
        assert!(names["http://h/a"].starts_with("a~"), "`a` is a folder");
        assert!(
            names["http://h/A"].starts_with("A~"),
            "and so is `A` where case is folded"
        );
    }

    proptest! {
        #[test]
        fn no_two_urls_share_a_path(paths in prop::collection::hash_set("[aAbB./?%2]{0,6}", 0..12)) {
            let urls: HashSet<_> = paths
                .iter()
                .filter_map(|path| Url::parse(&format!("http://h/{path}")).ok())
                .map(String::from)
                .collect();
            let names = names(&urls.iter().map(String::as_str).collect::<Vec<_>>());
            let files: HashSet<_> = names.values().map(|path| fold(path)).collect();
            prop_assert_eq!(files.len(), urls.len());
            for file in &files {
                for (at, _) in file.match_indices('/') {
                    prop_assert!(!files.contains(&file[..at]), "{} is a file and a folder", &file[..at]);
                }
            }
        }
    }
}
