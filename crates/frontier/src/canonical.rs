use std::borrow::{Borrow, Cow};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use memchr::{memchr, memchr2};
use url::{Position, Url};

/// An `http` or `https` URL in the one spelling that the crawl knows it by.
///
/// Parsed by the WHATWG URL standard (case of scheme and host, default port, dot segments), then:
///
/// - the fragment is dropped (it never reaches a server), and so are user name and password;
/// - percent-encoded unreserved characters are decoded and other escapes written in upper case
///   (RFC 3986 §6.2.2.1-2): `%7e` is `~`, `%2f` is `%2F`.
///
/// Canonicalising again changes nothing. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalUrl(Arc<str>);

impl CanonicalUrl {
    /// Parses an absolute URL.
    ///
    /// # Errors
    ///
    /// It is not a URL, or one that is not fetched by HTTP, or is longer than [`LONGEST`](Self::LONGEST).
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let url = Url::parse(text).map_err(InvalidUrl::Syntax)?;
        Self::of(&url)
    }

    /// Returns the canonical form of `url`, or `None` if it is not fetched by HTTP, or too long.
    pub fn new(url: &Url) -> Option<Self> {
        Self::of(url).ok()
    }

    /// Does what [`new`](Self::new) does with a URL as the URL standard writes it (§4.5).
    pub fn of_written(url: &str) -> Option<Self> {
        Self::spelled(url).map(|text| CanonicalUrl(text.into()))
    }

    /// Returns the text of the canonical form of a URL as the URL standard writes it (§4.5), which borrows
    /// it if that is how it is spelled: most are known to be at a glance. `None` where [`new`](Self::new)
    /// does. A text that is written otherwise may be taken for a URL as it is.
    pub fn spelled(url: &str) -> Option<Cow<'_, str>> {
        let is_web = url.starts_with("http://") || url.starts_with("https://");
        let end = memchr(b'#', url.as_bytes());
        let text = &url[..end.unwrap_or(url.len())];
        let is_odd = memchr2(b'%', b'@', text.as_bytes()).is_some();
        if is_web && !is_odd && text.len() <= Self::LONGEST {
            return Some(Cow::Borrowed(text));
        }
        let url = Url::parse(url).ok()?;
        Some(Cow::Owned(Self::spell(&url).ok()?.into_owned()))
    }

    fn of(url: &Url) -> Result<Self, InvalidUrl> {
        Self::spell(url).map(|text| CanonicalUrl(text.into()))
    }

    fn spell(url: &Url) -> Result<Cow<'_, str>, InvalidUrl> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidUrl::Scheme(url.scheme().to_owned()));
        }
        let spelled = &url[..Position::AfterQuery];
        if spelled.len() > Self::LONGEST {
            return Err(InvalidUrl::TooLong);
        }
        // Each link of each page comes by here, and most are as they are to be.
        let has_user = !url[Position::BeforeUsername..Position::BeforeHost].is_empty();
        if !has_user && !spelled.contains('%') {
            return Ok(Cow::Borrowed(spelled));
        }
        let mut text = String::with_capacity(spelled.len());
        text.push_str(&url[..Position::BeforeUsername]);
        text.push_str(&url[Position::BeforeHost..Position::AfterPort]);
        normalise_escapes(url.path(), &mut text);
        if let Some(query) = url.query() {
            text.push('?');
            normalise_escapes(query, &mut text);
        }
        Ok(Cow::Owned(text))
    }

    /// How many bytes of a URL there may be before its fragment: no more is a URL to Chromium either.
    pub const LONGEST: usize = 2 << 20;

    /// Returns it as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns it as a parsed URL.
    #[expect(
        clippy::missing_panics_doc,
        reason = "it was written from a parsed URL"
    )]
    pub fn to_url(&self) -> Url {
        Url::parse(&self.0).expect("a canonical URL is a URL")
    }

    /// Returns the host that it is fetched from.
    pub fn host(&self) -> Host {
        Host::named(host_of(&self.0))
    }

    /// Tells whether it may be that of a page, by its name: it is not if that is a file's of another kind.
    pub fn may_be_page(&self) -> bool {
        let ending = file_of(&self.0).rsplit_once('.');
        let is =
            |known: &&str| ending.is_some_and(|(_, ending)| ending.eq_ignore_ascii_case(known));
        ending.is_none() || PAGES.iter().chain(&MAKERS).any(is)
    }

    /// Tells whether it has another query than that one, and all else is the same.
    pub(crate) fn is_variant_of(&self, other: &Self) -> bool {
        let (path, query) = self.0.split_once('?').unzip();
        let without = |url| str::split_once(url, '?').map_or(url, |(path, _)| path);
        query.is_some() && path == Some(without(&other.0)) && self != other
    }

    /// Takes a text that was one before.
    pub(crate) fn known(text: &str) -> Self {
        CanonicalUrl(text.into())
    }
}

impl fmt::Display for CanonicalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CanonicalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A host, and the port where it is not the scheme's own: what politeness and scope go by.
///
/// `http://example.org/` and `https://example.org/` have one host, `http://example.org:8080/`
/// another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(Box<str>);

impl Host {
    pub(crate) fn named(name: &str) -> Self {
        Host(name.into())
    }

    /// Returns it as text: `example.org` or `example.org:8080`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same name with `www.` before it, or without: mostly, that is the same site.
    pub(crate) fn twin(&self) -> Option<Self> {
        let name = self.0.split(':').next().unwrap_or_default();
        // No address, and no name of one label.
        let is_domain = |name: &str| {
            let (_, last) = name.rsplit_once('.').unwrap_or_default();
            last.starts_with(|it: char| it.is_ascii_alphabetic())
        };
        let twin = match name.strip_prefix("www.") {
            Some(name) => name.to_owned(),
            None => format!("www.{name}"),
        };
        let is_twin = is_domain(name) && is_domain(&twin);
        is_twin.then(|| Host::named(&self.0.replacen(name, &twin, 1)))
    }
}

impl Borrow<str> for Host {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no URL that can be crawled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidUrl {
    /// It is not an absolute URL.
    Syntax(url::ParseError),
    /// Its scheme is neither `http` nor `https`, but this.
    Scheme(String),
    /// It is longer than [`CanonicalUrl::LONGEST`].
    TooLong,
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidUrl::Syntax(_) => f.write_str("not an absolute URL"),
            InvalidUrl::Scheme(scheme) => {
                write!(f, "scheme `{scheme}` is neither http nor https")
            }
            InvalidUrl::TooLong => f.write_str("longer than 2 MiB"),
        }
    }
}

impl Error for InvalidUrl {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            InvalidUrl::Syntax(error) => Some(error),
            InvalidUrl::Scheme(_) | InvalidUrl::TooLong => None,
        }
    }
}

/// How the names of pages end.
pub(crate) const PAGES: [&str; 4] = ["html", "htm", "xhtml", "shtml"];
/// How those of what makes pages end.
const MAKERS: [&str; 12] = [
    "php", "php3", "php5", "phtml", "asp", "aspx", "jsp", "jspx", "do", "cgi", "pl", "cfm",
];

fn after_scheme(url: &str) -> &str {
    let after_scheme = url.strip_prefix("http://");
    let after_scheme = after_scheme.or_else(|| url.strip_prefix("https://"));
    after_scheme.unwrap_or_default()
}

/// The host of a canonical URL.
pub(crate) fn host_of(url: &str) -> &str {
    let after_scheme = after_scheme(url);
    let end = after_scheme.find('/').unwrap_or(after_scheme.len());
    &after_scheme[..end]
}

/// The path of a canonical URL, and its query if it has one.
pub(crate) fn path_and_query_of(url: &str) -> (&str, Option<&str>) {
    let after_scheme = after_scheme(url);
    let path = after_scheme.find('/').map_or("", |at| &after_scheme[at..]);
    match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    }
}

/// The path up to its last slash.
pub(crate) fn folder_of(url: &str) -> &str {
    let (path, _) = path_and_query_of(url);
    path.rfind('/').map_or("", |at| &path[..=at])
}

/// The path from its last slash on.
pub(crate) fn file_of(url: &str) -> &str {
    let (path, _) = path_and_query_of(url);
    path.rsplit_once('/').map_or("", |(_, file)| file)
}

fn normalise_escapes(text: &str, out: &mut String) {
    let start = out.len();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let escape = rest.get(at..at + 3);
        let byte = escape.and_then(|escape| u8::from_str_radix(&escape[1..], 16).ok());
        match (byte, escape) {
            // Decoding just behind a `%` could make a new escape: `%%36%31` must not become `%61`.
            (Some(byte), _) if is_unreserved(byte) && !ends_inside_escape(&out[start..]) => {
                out.push(char::from(byte));
                rest = &rest[at + 3..];
            }
            (Some(_), Some(escape)) if !escape.contains('+') => {
                out.push_str(&escape.to_ascii_uppercase());
                rest = &rest[at + 3..];
            }
            _ => {
                out.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
}

/// Whether what is written ends in a `%` that has fewer than two characters after it.
fn ends_inside_escape(written: &str) -> bool {
    let tail = written.as_bytes();
    tail.iter().rev().take(2).any(|byte| *byte == b'%')
}

/// RFC 3986 §2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, canonical: &str) {
        assert_eq!(CanonicalUrl::parse(text).unwrap().as_str(), canonical);
    }

    #[test]
    fn a_url_is_not_longer_than_a_browser_takes() {
        let of_length = |length| "http://h/".to_owned() + &"x".repeat(length - 9);
        let longest = of_length(CanonicalUrl::LONGEST);
        assert!(CanonicalUrl::parse(&longest).is_ok());
        assert!(CanonicalUrl::parse(&(longest + "#and-a-fragment")).is_ok());
        let longer = CanonicalUrl::parse(&of_length(CanonicalUrl::LONGEST + 1));
        assert_eq!(longer, Err(InvalidUrl::TooLong));
    }

    #[test]
    fn spellings_of_one_url_become_one() {
        check("HTTP://Example.ORG:80", "http://example.org/");
        check(
            "https://example.org:443/a/../b/./c#frag",
            "https://example.org/b/c",
        );
        check("http://user:secret@example.org/", "http://example.org/");
        check(
            "http://example.org/%7Euser/%78",
            "http://example.org/~user/x",
        );
        check(
            "http://example.org/a%2fb?q=%c3%a9",
            "http://example.org/a%2Fb?q=%C3%A9",
        );
        check(
            "http://example.org/é?x y",
            "http://example.org/%C3%A9?x%20y",
        );
        check("http://[::1]:8080/", "http://[::1]:8080/");
        check("http://example.org/?", "http://example.org/?");
    }

    #[test]
    fn what_is_no_escape_stays() {
        check("http://h/100%", "http://h/100%");
        check("http://h/%zz%4", "http://h/%zz%4");
        check("http://h/%+1", "http://h/%+1");
        check("http://h/%%36%31", "http://h/%%361");
        check("http://h/%é", "http://h/%%C3%A9");
    }

    #[test]
    fn only_http_is_crawled() {
        for text in [
            "ftp://h/",
            "file:///etc/passwd",
            "mailto:a@b",
            "javascript:x",
        ] {
            assert!(matches!(
                CanonicalUrl::parse(text),
                Err(InvalidUrl::Scheme(_))
            ));
        }
        for text in ["", "not a url", "//h/", "http://", "http://a b/"] {
            assert!(matches!(
                CanonicalUrl::parse(text),
                Err(InvalidUrl::Syntax(_))
            ));
        }
    }

    #[test]
    fn the_host_goes_with_its_port_but_not_with_its_scheme() {
        let host = |text| CanonicalUrl::parse(text).unwrap().host().to_string();
        assert_eq!(host("http://example.org/a"), "example.org");
        assert_eq!(host("https://example.org/b"), "example.org");
        assert_eq!(host("http://example.org:8080"), "example.org:8080");
        assert_eq!(host("http://[::1]:81/a:b"), "[::1]:81");
    }

    proptest! {
        #[test]
        fn canonicalising_again_changes_nothing(path in "[%0-9a-zA-Zé./?+# ]{0,30}") {
            if let Ok(once) = CanonicalUrl::parse(&format!("http://h/{path}")) {
                let twice = CanonicalUrl::parse(once.as_str()).unwrap();
                prop_assert_eq!(once, twice);
            }
        }

        #[test]
        fn a_written_url_is_spelled_as_a_parsed_one(
            scheme in "(https?|ftp|foo)", authority in "(a(:b)?@)?h(:8080)?", path in "[%@/?#a.é]{0,20}",
        ) {
            let url = Url::parse(&format!("{scheme}://{authority}/{path}")).unwrap();
            prop_assert_eq!(CanonicalUrl::of_written(url.as_str()), CanonicalUrl::new(&url));
        }
    }
}
