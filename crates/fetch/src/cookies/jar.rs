use std::collections::BTreeMap;

use url::{Host, Url};

use super::set_cookie::{LONGEST, SetCookie};

/// How many cookies a domain may have, and all together.
const MOST_OF_DOMAIN: usize = 180;
const MOST: usize = 10_000;

/// How many cookies go with a request, and how many bytes of them.
const MOST_SENT: usize = 150;
const LONGEST_SENT: usize = 8 << 10;

/// How long a cookie is kept: 400 days.
const LONGEST_LIFETIME: i64 = 400 * 24 * 60 * 60;

/// The cookies. What is found, replaced or dropped depends on what was done with it alone.
#[derive(Debug, Default)]
pub(super) struct Jar {
    /// By domain: no list is empty.
    domains: BTreeMap<String, Vec<Cookie>>,
    /// How many there are.
    len: usize,
    /// How many there have been.
    made: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cookie {
    pub(super) name: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) path: Vec<u8>,
    /// Whether it is for the domain as a host only, not for those beneath.
    pub(super) host_only: bool,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    /// In seconds since 1970; `None` is the end of the session.
    pub(super) expires: Option<i64>,
    /// Which one it is in the order of their making.
    pub(super) made: u64,
}

impl Cookie {
    fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    fn is_same(&self, other: &Cookie) -> bool {
        self.name == other.name && self.path == other.path && self.host_only == other.host_only
    }
}

impl Jar {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All of them that have not expired, by domain and in the order of their making.
    pub(super) fn all(&self, now: i64) -> impl Iterator<Item = (&str, &Cookie)> {
        self.domains.iter().flat_map(move |(domain, cookies)| {
            let valid = cookies.iter().filter(move |cookie| !cookie.is_expired(now));
            valid.map(|cookie| (domain.as_str(), cookie))
        })
    }

    /// Does what a `Set-Cookie` field of a response from `url` says (RFC 6265bis §5.7). Returns
    /// whether a cookie came, went or changed.
    pub(super) fn set(&mut self, url: &Url, field: &[u8], now: i64) -> bool {
        let Some(host) = url.host() else { return false };
        let Some(set) = SetCookie::read(field, now) else {
            return false;
        };
        let name = host.to_string();
        let Some((domain, host_only)) = scope(&host, &name, set.domain.as_deref()) else {
            return false;
        };
        let is_secure = url.scheme() == "https";
        let has_root = set.path == Some(b"/");
        let path = set.path.unwrap_or_else(|| default_path(url));
        let cookie = Cookie {
            name: set.name.to_owned(),
            value: set.value.to_owned(),
            path: path.to_owned(),
            host_only,
            secure: set.secure,
            http_only: set.http_only,
            expires: set
                .lifetime
                .map(|seconds| now.saturating_add(seconds.min(LONGEST_LIFETIME))),
            made: 0,
        };
        if (cookie.secure && !is_secure)
            || !keeps_prefix(&cookie, host_only && has_root)
            || (!is_secure && self.has_secure(domain, &cookie))
        {
            return false;
        }
        let domain = domain.to_owned();
        self.insert(&domain, cookie, now)
    }

    /// Adds or replaces a cookie of a domain; removes it if the new one has expired. Returns whether
    /// anything is different now.
    pub(super) fn insert(&mut self, domain: &str, mut cookie: Cookie, now: i64) -> bool {
        let cookies = self.domains.entry(domain.to_owned()).or_default();
        let before = cookies.len();
        let known = cookies.iter().position(|known| known.is_same(&cookie));
        let replaced = known.map(|at| cookies.remove(at));
        let mut changed = replaced.is_some();
        if !cookie.is_expired(now) {
            // One that is replaced keeps its age (§5.7 step 23).
            cookie.made = replaced.as_ref().map_or(self.made, |known| known.made);
            self.made += 1;
            changed = replaced.is_none_or(|known| known != cookie);
            cookies.push(cookie);
        }
        if cookies.len() > MOST_OF_DOMAIN {
            cookies.retain(|cookie| !cookie.is_expired(now));
            cookies.sort_by_key(|cookie| cookie.made);
            cookies.drain(..cookies.len().saturating_sub(MOST_OF_DOMAIN));
        }
        self.len = self.len - before + cookies.len();
        if cookies.is_empty() {
            self.domains.remove(domain);
        }
        if self.len > MOST {
            self.shrink(now);
        }
        changed
    }

    /// Drops what has expired; and if that is not enough, the oldest, some at a time, so that it need
    /// not be done again for the next.
    fn shrink(&mut self, now: i64) {
        let mut made: Vec<u64> = self.all(now).map(|(_, cookie)| cookie.made).collect();
        made.sort_unstable();
        let dropped = made.len().saturating_sub(MOST - MOST / 10);
        let oldest = made.get(dropped).copied().unwrap_or(u64::MAX);
        self.domains.retain(|_, cookies| {
            cookies.retain(|cookie| !cookie.is_expired(now) && cookie.made >= oldest);
            !cookies.is_empty()
        });
        self.len = self.domains.values().map(Vec::len).sum();
    }

    /// Returns the cookies for a request of `url`, as the field's value (§5.8.3); `None` if there
    /// are none.
    pub(super) fn get(&self, url: &Url, now: i64) -> Option<Vec<u8>> {
        if self.domains.is_empty() {
            return None;
        }
        let host = url.host()?;
        let name = host.to_string();
        let is_secure = url.scheme() == "https";
        let mut found: Vec<&Cookie> = domains_of(&host, &name)
            .filter_map(|domain| Some((domain, self.domains.get(domain)?)))
            .flat_map(|(domain, cookies)| {
                let is_host = domain == name;
                cookies
                    .iter()
                    .filter(move |cookie| is_host || !cookie.host_only)
            })
            .filter(|cookie| {
                !cookie.is_expired(now)
                    && (is_secure || !cookie.secure)
                    && is_path_within(url.path().as_bytes(), &cookie.path)
            })
            .collect();
        found.sort_by_key(|cookie| (std::cmp::Reverse(cookie.path.len()), cookie.made));
        let mut field = Vec::new();
        for cookie in found.into_iter().take(MOST_SENT) {
            let length = cookie.name.len() + cookie.value.len() + b"; =".len();
            if field.len() + length > LONGEST_SENT {
                break;
            }
            if !field.is_empty() {
                field.extend_from_slice(b"; ");
            }
            if !cookie.name.is_empty() {
                field.extend_from_slice(&cookie.name);
                field.push(b'=');
            }
            field.extend_from_slice(&cookie.value);
        }
        (!field.is_empty()).then_some(field)
    }

    /// Tells whether there is a secure cookie that one from an insecure page would hide
    /// (§5.7 step 13).
    fn has_secure(&self, domain: &str, cookie: &Cookie) -> bool {
        let is_hidden = |known: &Cookie| {
            known.secure && known.name == cookie.name && is_path_within(&cookie.path, &known.path)
        };
        let below = format!(".{domain}");
        let related = |known: &str| {
            let above = domain.strip_suffix(known);
            above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
                || known.ends_with(&below)
        };
        let all = self.domains.iter().filter(|(known, _)| related(known));
        all.flat_map(|(_, cookies)| cookies).any(is_hidden)
    }
}

/// Which domain a cookie is for, and whether for it as a host only; `None` if the host may not set
/// such a cookie.
fn scope<'a>(host: &Host<&str>, name: &'a str, asked: Option<&'a str>) -> Option<(&'a str, bool)> {
    let Some(domain) = asked else {
        return Some((name, true));
    };
    if domain == name {
        let alone = !matches!(host, Host::Domain(_)) || is_public_suffix(domain);
        return Some((domain, alone));
    }
    let is_above = domains_of(host, name).any(|above| above == domain);
    (is_above && may_be_shared(domain)).then_some((domain, false))
}

/// Tells whether two URLs' hosts are one, or in one domain whose cookies both may set.
pub(super) fn are_shared(one: &Url, other: &Url) -> bool {
    let (Some(host), Some(name), Some(other_host), Some(other_name)) =
        (one.host(), one.host_str(), other.host(), other.host_str())
    else {
        return false;
    };
    let in_common = domains_of(&host, name)
        .find(|domain| domains_of(&other_host, other_name).any(|above| above == *domain));
    name == other_name || in_common.is_some_and(may_be_shared)
}

/// Tells whether all hosts beneath a domain are one's own, so that they may share cookies.
pub(super) fn may_be_shared(domain: &str) -> bool {
    // With a dot at its end it is another name, of which the list knows nothing (CVE-2022-27779).
    !domain.is_empty() && !domain.ends_with('.') && !is_public_suffix(domain)
}

fn is_public_suffix(domain: &str) -> bool {
    let suffix = psl::suffix(domain.as_bytes());
    suffix.is_none_or(|suffix| suffix == domain.as_bytes())
}

/// The host and the domains above it (§5.1.3). An address has none.
fn domains_of<'a>(host: &Host<&str>, name: &'a str) -> impl Iterator<Item = &'a str> {
    let has_domains = matches!(host, Host::Domain(_));
    std::iter::successors(Some(name), move |domain| {
        let (_, above) = domain.split_once('.')?;
        has_domains.then_some(above)
    })
}

/// The path of the request up to its last slash (§5.1.4).
fn default_path(url: &Url) -> &[u8] {
    match url.path().rfind('/') {
        None | Some(0) => b"/",
        Some(end) => &url.path().as_bytes()[..end],
    }
}

/// Tells whether a cookie's path is a path or above it (§5.1.4).
fn is_path_within(path: &[u8], of_cookie: &[u8]) -> bool {
    let rest = path.strip_prefix(of_cookie);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || of_cookie.ends_with(b"/"))
}

/// Tells whether a cookie is what its name promises (§4.1.3, §5.7 steps 20 to 22).
fn keeps_prefix(cookie: &Cookie, is_of_host: bool) -> bool {
    let has = |text: &[u8], prefix: &[u8]| {
        let start = text.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let (host, secure) = (b"__host-", b"__secure-");
    if cookie.name.is_empty() {
        return !has(&cookie.value, host) && !has(&cookie.value, secure);
    }
    (!has(&cookie.name, secure) || cookie.secure)
        && (!has(&cookie.name, host) || (cookie.secure && is_of_host))
}

/// Tells whether a cookie from a file could have been set by a server.
pub(super) fn could_be_set(domain: &str, cookie: &Cookie) -> bool {
    let is_text = |text: &[u8]| !text.iter().any(|byte| matches!(byte, 0..=31 | 127 | b';'));
    let length = cookie.name.len() + cookie.value.len();
    !domain.is_empty()
        && (cookie.host_only || may_be_shared(domain))
        && is_text(&cookie.name)
        && is_text(&cookie.value)
        && cookie.path.starts_with(b"/")
        && (1..=LONGEST).contains(&length)
        && keeps_prefix(cookie, cookie.host_only && cookie.path == b"/")
}
