use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::Url;

/// The proxies to go through, and for which hosts not to.
///
/// `http://`, `https://` (TLS to the proxy itself), `socks5://` and `socks5h://`, with a name and
/// a password if need be: `http://me:secret@proxy.example:3128`. Through an HTTP proxy, what is at
/// `http://` is asked for by its whole URL, what is at `https://` through a tunnel (`CONNECT`). With
/// `socks5`, names are resolved here, with `socks5h` and all others by the proxy.
#[derive(Clone, Default)]
pub struct Proxies(Option<Arc<Matcher>>);

/// Which proxy to use for what: as written, empty for none.
#[derive(Clone, Default)]
pub struct ProxyRules {
    /// For URLs at `http://`.
    pub http: String,
    /// For URLs at `https://`.
    pub https: String,
    /// For both, where they have none of their own.
    pub all: String,
    /// The hosts that are connected to directly, with commas between: names (with all that ends in
    /// them), addresses, networks (`10.0.0.0/8`); `*` for all.
    pub none: String,
}

/// A text that names no proxy.
///
/// It does not show the text: there may be a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the URL of a proxy (http, https, socks5, socks5h)")]
pub struct ProxyError;

impl Proxies {
    /// Takes rules.
    ///
    /// # Errors
    ///
    /// One of them names a proxy that cannot be used. It is not passed over: whoever names a proxy
    /// does not want to be seen without.
    pub fn new(rules: &ProxyRules) -> Result<Self, ProxyError> {
        let [http, https, all] = [&rules.http, &rules.https, &rules.all].map(|text| checked(text));
        let (http, https, all) = (http?, https?, all?);
        if http.is_empty() && https.is_empty() && all.is_empty() {
            return Ok(Proxies(None));
        }
        let matcher = Matcher::builder()
            .http(http)
            .https(https)
            .all(all)
            .no(rules.none.as_str())
            .build();
        Ok(Proxies(Some(Arc::new(matcher))))
    }

    /// Takes what an environment says, as curl reads it: `http_proxy`, `https_proxy`, `all_proxy`
    /// and `no_proxy`, or the same in upper case. But not `HTTP_PROXY` where there is a
    /// `REQUEST_METHOD`: in a CGI program it is a field of the request, set by whoever sends it
    /// (CVE-2016-5388).
    ///
    /// What is on this machine (`localhost`, `127.0.0.0/8`, `::1`) is connected to directly, as
    /// browsers do: an environment is made for what is elsewhere.
    ///
    /// # Errors
    ///
    /// As of [`new`](Self::new).
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ProxyError> {
        let first = |names: &[&str]| {
            let mut values = names.iter().filter_map(|name| variable(name));
            values.find(|value| !value.is_empty()).unwrap_or_default()
        };
        let http = match variable("REQUEST_METHOD") {
            Some(_) => first(&["http_proxy"]),
            None => first(&["http_proxy", "HTTP_PROXY"]),
        };
        Proxies::new(&ProxyRules {
            http,
            https: first(&["https_proxy", "HTTPS_PROXY"]),
            all: first(&["all_proxy", "ALL_PROXY"]),
            none: first(&["no_proxy", "NO_PROXY"]) + "," + THIS_MACHINE,
        })
    }

    /// Tells whether a proxy would be used for a URL.
    pub fn intercept(&self, url: &Url) -> bool {
        let uri = url[..url::Position::AfterPath].parse();
        uri.is_ok_and(|uri| self.route(&uri).is_some())
    }

    pub(crate) fn route(&self, to: &Uri) -> Option<Proxy> {
        let chosen = self.0.as_ref()?.intercept(to)?;
        let kind = match chosen.uri().scheme_str() {
            Some("socks5") => Kind::Socks { resolve: true },
            Some("socks5h") => Kind::Socks { resolve: false },
            _ => Kind::Http,
        };
        Some(Proxy { chosen, kind })
    }
}

/// What no proxy of the environment is for.
const THIS_MACHINE: &str = "localhost,127.0.0.0/8,::1";

/// Says nothing of names and passwords.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxies").field(&self.0).finish()
    }
}

/// Says nothing of names and passwords.
impl fmt::Debug for ProxyRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyRules").finish_non_exhaustive()
    }
}

/// A proxy to be used for a request.
#[derive(Debug)]
pub(crate) struct Proxy {
    chosen: Intercept,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Http,
    /// Whether names are to be resolved here.
    Socks {
        resolve: bool,
    },
}

impl Proxy {
    pub(crate) fn uri(&self) -> &Uri {
        self.chosen.uri()
    }

    /// Its `Proxy-Authorization`.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.chosen.basic_auth()
    }

    /// The name and the password for SOCKS.
    pub(crate) fn login(&self) -> Option<(&str, &str)> {
        self.chosen.raw_auth()
    }

    pub(crate) fn port(&self) -> u16 {
        self.uri()
            .port_u16()
            .unwrap_or(match self.uri().scheme_str() {
                Some("https") => 443,
                Some("socks5" | "socks5h") => 1080,
                _ => 80,
            })
    }
}

/// The rule, if it is a proxy's or empty. A host alone is meant as `http://`.
fn checked(rule: &str) -> Result<String, ProxyError> {
    let rule = rule.trim();
    if rule.is_empty() {
        return Ok(String::new());
    }
    let rule = if rule.contains("://") {
        rule.to_owned()
    } else {
        format!("http://{rule}")
    };
    let uri: Uri = rule.parse().map_err(|_| ProxyError)?;
    let known = matches!(
        uri.scheme_str(),
        Some("http" | "https" | "socks5" | "socks5h")
    );
    // What follows the port has no meaning; `user:pass/word@host` is a host `user`.
    let alone = matches!(
        uri.path_and_query().map(http::uri::PathAndQuery::as_str),
        None | Some("/" | "")
    );
    // `Uri` lets pass a port that is none.
    let hosted = Url::parse(&rule).is_ok_and(|url| url.has_host());
    if known && alone && hosted {
        Ok(rule)
    } else {
        Err(ProxyError)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn env(variables: &[(&str, &str)]) -> Result<Proxies, ProxyError> {
        let variable = |name: &str| {
            let mut found = variables.iter().filter(|(known, _)| *known == name);
            found.next().map(|(_, value)| (*value).to_owned())
        };
        Proxies::from_env(variable)
    }

    /// The proxy for `url`, as `scheme://host:port`; empty for none.
    fn used(variables: &[(&str, &str)], url: &str) -> String {
        let proxies = env(variables).unwrap();
        let proxy = proxies.route(&url.parse().unwrap());
        proxy.map_or(String::new(), |proxy| {
            let uri = proxy.uri();
            let scheme = uri.scheme_str().unwrap();
            format!("{scheme}://{}:{}", uri.host().unwrap(), proxy.port())
        })
    }

    #[test]
    fn the_environment_is_read_as_curl_reads_it() {
        let both = &[("http_proxy", "a:1"), ("https_proxy", "https://b")];
        assert_eq!(used(both, "http://x.test/"), "http://a:1");
        assert_eq!(used(both, "https://x.test/"), "https://b:443");
        let all = &[("ALL_PROXY", "socks5h://s"), ("http_proxy", "")];
        assert_eq!(used(all, "http://x.test/"), "socks5h://s:1080");
        assert_eq!(used(all, "https://x.test/"), "socks5h://s:1080");
        let cased = &[("http_proxy", "lower:1"), ("HTTP_PROXY", "upper:1")];
        assert_eq!(used(cased, "http://x.test/"), "http://lower:1");
        assert_eq!(used(&cased[1..], "http://x.test/"), "http://upper:1");
        assert_eq!(used(&[], "http://x.test/"), "");
        assert_eq!(used(&[("http_proxy", "")], "http://x.test/"), "");
        assert_eq!(used(&[("http_proxy", "a:1")], "https://x.test/"), "");
    }

    #[test]
    fn a_request_to_a_cgi_program_chooses_no_proxy() {
        let cgi = &[
            ("REQUEST_METHOD", "GET"),
            ("HTTP_PROXY", "evil:1"),
            ("HTTPS_PROXY", "ours:1"),
        ];
        assert_eq!(used(cgi, "http://x.test/"), "");
        assert_eq!(used(cgi, "https://x.test/"), "http://ours:1");
    }

    #[test]
    fn some_hosts_need_no_proxy() {
        let proxied = |none: &str, url: &str| {
            !used(&[("all_proxy", "a:1"), ("no_proxy", none)], url).is_empty()
        };
        for (none, url) in [
            ("x.test", "http://x.test/"),
            ("x.test", "http://a.x.test:8080/"),
            (".x.test", "http://x.test/"),
            ("X.Test", "https://x.test/"),
            ("y.test, x.test", "https://x.test/"),
            ("*", "http://x.test/"),
            ("127.0.0.1", "http://127.0.0.1:80/"),
            ("10.0.0.0/8", "http://10.9.8.7/"),
            ("::1", "http://[::1]/"),
            ("", "http://localhost:8080/"),
            ("y.test", "http://127.1.2.3/"),
            ("", "http://[::1]/"),
        ] {
            assert!(!proxied(none, url), "{none} {url}");
        }
        for (none, url) in [
            ("", "http://x.test/"),
            ("x.test", "http://notx.test/"),
            ("x.test", "http://x.test.evil/"),
            ("10.0.0.0/8", "http://11.0.0.1/"),
        ] {
            assert!(proxied(none, url), "{none} {url}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_not_passed_over() {
        for wrong in [
            "ftp://a",
            "socks4://a",
            "http://",
            "http://a b",
            "http://a/path",
            "http://user:pass/word@a",
            "http://a:99999",
        ] {
            assert_eq!(
                env(&[("all_proxy", wrong)]).unwrap_err(),
                ProxyError,
                "{wrong}"
            );
        }
    }

    proptest! {
        /// Whatever is written: it is refused, or what it is for goes through a proxy. Never is it
        /// passed over, but where it says so of all hosts.
        #[test]
        fn no_rule_is_passed_over(
            rule in "(http|https|socks5h?|ftp|://|:|@|/|\\[|\\]|::1|%|[a-z.]|[0-9]{1,6}| |\\PC){0,10}",
            none in "(x|y|\\.|test|,|/|[0-9]{1,3}|\\PC){0,10}",
        ) {
            let variables = [("http_proxy", rule.as_str()), ("no_proxy", none.as_str())];
            if let Ok(proxies) = env(&variables) {
                let route = proxies.route(&"http://proxied.invalid/".parse().unwrap());
                let is_for_none = none.split(',').any(|name| name.trim() == "*");
                prop_assert_eq!(route.is_some(), !rule.trim().is_empty() && !is_for_none);
            }
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let proxies = env(&[("all_proxy", "http://me:s%65cret@a")]).unwrap();
        let route = proxies.route(&"http://x.test/".parse().unwrap()).unwrap();
        assert_eq!(route.authorization().unwrap(), "Basic bWU6c2VjcmV0");
        let shown = format!("{proxies:?} {route:?}");
        assert!(
            !shown.contains("cret") && !shown.contains("bWU6"),
            "{shown}"
        );
    }
}
