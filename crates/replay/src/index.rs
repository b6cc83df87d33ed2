use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

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

/// Where this answer redirects to.
pub(crate) fn redirect(entry: &Entry, url: &Url) -> Option<Url> {
    let location = entry.location.as_deref()?;
    let redirects = matches!(entry.status.as_u16(), 301 | 302 | 303 | 307 | 308);
    redirects.then(|| url.join(location).ok()).flatten()
}

const MOST_REDIRECTS: usize = 20;
