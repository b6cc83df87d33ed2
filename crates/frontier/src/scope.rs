use std::collections::BTreeSet;

use crate::{CanonicalUrl, Host};

/// Which URLs belong to the crawl: those on the hosts of its seeds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    hosts: BTreeSet<Host>,
}

impl Scope {
    /// Makes the scope of a crawl that starts from `seeds`.
    pub fn of<'a>(seeds: impl IntoIterator<Item = &'a CanonicalUrl>) -> Self {
        Scope {
            hosts: seeds.into_iter().map(CanonicalUrl::host).collect(),
        }
    }

    /// Takes in one more host; returns whether it is a new one.
    pub fn include(&mut self, host: Host) -> bool {
        self.hosts.insert(host)
    }

    /// Tells whether `url` belongs to the crawl.
    pub fn admits(&self, url: &CanonicalUrl) -> bool {
        self.hosts.contains(&url.host())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_the_hosts_of_the_seeds_and_no_other() {
        let url = |text| CanonicalUrl::parse(text).unwrap();
        let mut scope = Scope::of(&[url("http://example.org/docs/")]);
        assert!(scope.admits(&url("http://example.org/")));
        assert!(scope.admits(&url("https://example.org/a")));
        assert!(!scope.admits(&url("http://example.org:8080/")));
        assert!(!scope.admits(&url("http://www.example.org/")));
        assert!(!scope.admits(&url("http://example.org.evil.test/")));
        assert!(scope.include(url("http://www.example.org/").host()));
        assert!(scope.admits(&url("http://www.example.org/")));
    }
}
