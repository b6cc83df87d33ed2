use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use archive::Entry;
use links::Format;
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
}

impl Index {
    /// Of several captures of one URL, the first counts.
    pub(crate) fn new(entries: impl IntoIterator<Item = Entry>, key: Key) -> Self {
        let mut index = Index {
            key,
            entries: HashMap::new(),
            hosts: HashSet::new(),
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
    /// its server seems not to heed queries. A page must have been captured without one.
    pub(crate) fn find_by_path(&self, url: &Url) -> Option<&Entry> {
        let key = (self.key)(url.as_str())?;
        let path = without_query(&key);
        let entries = self.entries.iter();
        let mut found = entries.filter(|(key, _)| without_query(key) == path);
        let (_, first) = found.next()?;
        let is_same = |entry: &Entry| entry.status.is_success() && entry.digest == first.digest;
        let is_one = is_same(first) && found.all(|(_, entry)| is_same(entry));
        let is_page = || Format::of(first.content_type.as_deref(), b"", url) == Some(Format::Html);
        let is_meant = is_one && (self.entries.contains_key(path) || !is_page());
        is_meant.then_some(first)
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
