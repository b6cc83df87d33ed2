use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use archive::Entry;
use url::Url;

use crate::address::host;

/// Tells which URLs are the same: those with the same key. `None`: not one that is fetched.
pub(crate) type Key = fn(&str) -> Option<Cow<'_, str>>;

/// The captures, by URL.
#[derive(Debug)]
pub(crate) struct Index {
    key: Key,
    entries: HashMap<String, Entry>,
    /// The hosts that something was captured from.
    hosts: HashSet<String>,
    /// Once it is asked for.
    paths: OnceLock<HashMap<String, Option<String>>>,
}

impl Index {
    /// Of several captures of one URL, the first counts.
    pub(crate) fn new(entries: impl IntoIterator<Item = Entry>, key: Key) -> Self {
        let mut index = Index {
            key,
            entries: HashMap::new(),
            hosts: HashSet::new(),
            paths: OnceLock::new(),
        };
        for entry in entries {
            let Ok(url) = Url::parse(&entry.url) else {
                continue;
            };
            if let Some(key) = key(url.as_str()) {
                let host = host(&url);
                if !index.hosts.contains(&*host) {
                    index.hosts.insert(host.into_owned());
                }
                index.entries.entry(key.into_owned()).or_insert(entry);
            }
        }
        index
    }

    pub(crate) fn find(&self, url: &Url) -> Option<&Entry> {
        self.entries.get(&*(self.key)(url.as_str())?)
    }

    /// Finds what was captured with another query, or without, if it is one and the same, however often:
    /// its server seems not to heed queries. Where that was one answer alone, it must be to no query, or what
    /// pages are made of.
    pub(crate) fn find_by_path(&self, url: &Url) -> Option<&Entry> {
        let key = (self.key)(url.as_str())?;
        let path = without_query(&key);
        let key = self.paths.get_or_init(|| self.paths()).get(path)?;
        self.entries.get(key.as_ref()?)
    }

    /// Of each path, the URL whose capture stands for all, if one does.
    fn paths(&self) -> HashMap<String, Option<String>> {
        let mut paths: HashMap<&str, Vec<(&String, &Entry)>> = HashMap::new();
        for entry in &self.entries {
            paths.entry(without_query(entry.0)).or_default().push(entry);
        }
        let one = |path: &str, captured: Vec<(&String, &Entry)>| {
            // None depends on the order.
            let (key, first) = captured.iter().min_by_key(|(key, _)| *key)?;
            let mut all = captured.iter();
            let is_same = |entry: &Entry| entry.status.is_success() && entry.digest == first.digest;
            let is_known = captured.len() > 1 || *key == path || is_part(first);
            (is_known && all.all(|(_, entry)| is_same(entry))).then(|| (*key).clone())
        };
        let paths = paths.into_iter();
        paths
            .map(|(path, captured)| (path.to_owned(), one(path, captured)))
            .collect()
    }

    /// Returns whether anything was captured from this URL's host.
    pub(crate) fn knows_host(&self, url: &Url) -> bool {
        self.hosts.contains(&*host(url))
    }

    /// Follows redirects to where they end, or as far as a browser would go.
    pub(crate) fn landing(&self, mut url: Url) -> Url {
        for _ in 0..MOST_REDIRECTS {
            let Some(target) = self.find(&url).and_then(|entry| redirect(entry, &url)) else {
                break;
            };
            url = target;
        }
        url
    }

    pub(crate) fn captures(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn hosts(&self) -> usize {
        self.hosts.len()
    }
}

/// Whether it is what pages are made of: a script, a style sheet, a font, a picture.
fn is_part(entry: &Entry) -> bool {
    let content_type = entry.content_type.as_deref().unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let media_type = media_type.to_ascii_lowercase();
    let mut parts = ["javascript", "css", "font", "image/"].iter();
    parts.any(|part| media_type.contains(part))
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// Where this answer redirects to.
pub(crate) fn redirect(entry: &Entry, url: &Url) -> Option<Url> {
    let location = entry.location.as_deref()?;
    let redirects = matches!(entry.status.as_u16(), 301 | 302 | 303 | 307 | 308);
    redirects.then(|| url.join(location).ok()).flatten()
}

const MOST_REDIRECTS: usize = 20;
