//! How the URLs of many hosts live under one origin.

use std::borrow::Cow;

use url::{Position, Url};

/// Knows where each URL is, and which URL is where.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    /// What is at the top: only its scheme and host count.
    own: Option<Url>,
}

impl Addresses {
    pub(crate) fn new(own: Option<Url>) -> Self {
        Addresses { own }
    }

    /// Returns whether it is at the top: its host is the own one, whatever the scheme.
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        self.own.as_ref().is_some_and(|own| host(own) == host(url))
    }

    /// Returns where this URL is: a path with its query and fragment.
    pub(crate) fn of(&self, url: &Url) -> String {
        if !self.is_own(url) {
            let (scheme, host) = (url.scheme(), host(url));
            return format!("/{scheme}://{host}{}", &url[Position::BeforePath..]);
        }
        let path = &url[Position::BeforePath..];
        if path.starts_with("//") {
            // As it stands, it would name a host.
            format!("/.{path}")
        } else {
            path.to_owned()
        }
    }

    /// Returns the URL that is at this path with its query.
    pub(crate) fn url(&self, target: &str) -> Option<Url> {
        other(target).or_else(|| self.own(target))
    }

    fn own(&self, target: &str) -> Option<Url> {
        let own = self.own.as_ref()?;
        let origin = &own[..Position::BeforePath];
        Url::parse(&format!("{origin}{target}")).ok()
    }

    /// Returns the URLs that may be at this path with its query, the likeliest first.
    pub(crate) fn urls(&self, target: &str) -> Vec<Url> {
        let mut urls = Vec::new();
        for mut url in [self.own(target), other(target)].into_iter().flatten() {
            urls.push(url.clone());
            urls.extend(twin(&url));
            // A form without fields asks for nothing, by a `?`.
            if url.query() == Some("") {
                url.set_query(None);
                urls.push(url.clone());
                urls.extend(twin(&url));
            }
        }
        urls
    }
}

/// The URL of another host that is at this path.
pub(crate) fn other(target: &str) -> Option<Url> {
    let text = target.strip_prefix('/')?;
    let is_absolute = ["http:/", "https:/"].iter().any(|scheme| {
        let start = text.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    // The parser takes any number of slashes.
    is_absolute.then(|| Url::parse(text).ok()).flatten()
}

/// The same under the other scheme, where the port is the scheme's own.
fn twin(url: &Url) -> Option<Url> {
    let scheme = if url.scheme() == "https" {
        "http"
    } else {
        "https"
    };
    let mut twin = url.clone();
    let is_changed = url.port().is_none() && twin.set_scheme(scheme).is_ok();
    is_changed.then_some(twin)
}

/// The host, and the port where it is not the scheme's own.
pub(crate) fn host(url: &Url) -> Cow<'_, str> {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => Cow::Owned(format!("{host}:{port}")),
        None => Cow::Borrowed(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Addresses {
        Addresses::new(Url::parse("https://h/x").ok())
    }

    #[test]
    fn the_own_host_is_at_the_top_and_others_at_their_urls() {
        let check = |url: &str, address: &str| {
            assert_eq!(addresses().of(&Url::parse(url).unwrap()), address);
        };
        check("https://h/a/b?c#d", "/a/b?c#d");
        for address in ["/a/b?c", "/http://other/a?b=/c"] {
            let url = addresses().url(address).unwrap();
            assert_eq!(addresses().of(&url), address);
        }
        check("http://h/a", "/a");
        check("https://h//a", "/.//a");
        check("https://h:8080/a", "/https://h:8080/a");
        check("http://u:p@other/a?b=/c#d", "/http://other/a?b=/c#d");
        check("http://[::1]:9/", "/http://[::1]:9/");
    }

    #[test]
    fn what_is_at_an_address_is_found_again() {
        let check = |target: &str, expected: &[&str]| {
            let urls = addresses().urls(target);
            let urls: Vec<_> = urls.iter().map(Url::as_str).collect();
            assert_eq!(urls, expected);
        };
        check("/a?b", &["https://h/a?b", "http://h/a?b"]);
        check(
            "/a?",
            &["https://h/a?", "http://h/a?", "https://h/a", "http://h/a"],
        );
        check("//a", &["https://h//a", "http://h//a"]);
        check(
            "/http://o/a?b",
            &[
                "https://h/http://o/a?b",
                "http://h/http://o/a?b",
                "http://o/a?b",
                "https://o/a?b",
            ],
        );
        assert_eq!(
            other("/HTTPS:/o:9/a").map(String::from).as_deref(),
            Some("https://o:9/a")
        );
        assert_eq!(other("/https://"), None);
        assert_eq!(other("/ftp://o/"), None);
        assert_eq!(other("/http"), None);
    }
}
