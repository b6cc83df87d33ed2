//! Header fields: which are sent as they were received, which are not, and why.

use archive::{Entry, field_url};
use http::header::{
    AGE, ALT_SVC, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY, ETAG, EXPIRES, HeaderName, LINK,
    LOCATION, PRAGMA, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, REFRESH, SET_COOKIE,
    STRICT_TRANSPORT_SECURITY, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderValue};
use url::Url;

use crate::document::Guide;

/// Returns the fields to send of those that were received with `url`. What tells of the body is left
/// to who sends it.
pub(crate) fn replayed(received: &HeaderMap, url: &Url, guide: Guide<'_>) -> HeaderMap {
    let mut fields = HeaderMap::with_capacity(received.keys_len());
    for (name, value) in received {
        if DROPPED.contains(name) {
            continue;
        }
        if ASIDE.contains(name) || ASIDE_BY_NAME.contains(&name.as_str()) {
            put_aside(&mut fields, name, value);
        } else if *name == LOCATION {
            fields.append(name, location(value, url, guide));
        } else if *name == LINK || *name == REFRESH {
            fields.append(name, linking(name, value, url, guide));
        } else if name.as_str() == "service-worker-allowed" {
            fields.append(name, place(value, url, guide));
        } else {
            fields.append(name, value.clone());
        }
    }
    fields.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // What was captured stays, but another copy may be served at this address next.
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    fields
}

/// Says of what and when this is a capture (RFC 7089 §2).
pub(crate) fn describe(entry: &Entry, fields: &mut HeaderMap) {
    let date = httpdate::fmt_http_date(entry.date);
    if let Ok(date) = HeaderValue::try_from(date) {
        fields.insert(MEMENTO, date);
    }
    let original = format!("<{}>; rel=\"original\"", entry.url);
    if let Ok(original) = HeaderValue::try_from(original) {
        fields.append(LINK, original);
    }
}

/// Sends a field under a name by which it does nothing.
pub(crate) fn put_aside(fields: &mut HeaderMap, name: &HeaderName, value: &HeaderValue) {
    let aside = format!("x-archive-orig-{name}");
    if let Ok(aside) = HeaderName::from_bytes(aside.as_bytes()) {
        fields.append(aside, value.clone());
    }
}

/// A redirect always leads to what is served, if only to a page that says it is not there: else one
/// would leave without knowing.
fn location(value: &HeaderValue, url: &Url, guide: Guide<'_>) -> HeaderValue {
    let target = url.join(&field_url(value)).ok();
    let target = target.filter(|target| matches!(target.scheme(), "http" | "https"));
    let address = target.map(|target| guide.addresses.of(&target));
    address
        .and_then(|address| address.parse().ok())
        .unwrap_or_else(|| value.clone())
}

/// Rewrites the URLs in a `Link` or a `Refresh`.
fn linking(name: &HeaderName, value: &HeaderValue, url: &Url, guide: Guide<'_>) -> HeaderValue {
    let Ok(text) = str::from_utf8(value.as_bytes()) else {
        return value.clone();
    };
    let mut new = text.to_owned();
    for link in links::header_links(name.as_str(), text, url).iter().rev() {
        if let Some(address) = guide.replacement(link) {
            new.replace_range(link.span.clone(), &address);
        }
    }
    HeaderValue::from_maybe_shared(new.into_bytes()).unwrap_or_else(|_| value.clone())
}

/// The path that a service worker may have as its scope.
fn place(value: &HeaderValue, url: &Url, guide: Guide<'_>) -> HeaderValue {
    let scope = value.to_str().ok().and_then(|scope| url.join(scope).ok());
    let scope = scope.and_then(|scope| guide.addresses.of(&scope).parse().ok());
    scope.unwrap_or_else(|| value.clone())
}

/// A page may do all, but with what is served here only.
const POLICY: &str =
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval'";

const MEMENTO: HeaderName = HeaderName::from_static("memento-datetime");

/// What is between two hops, or depends on how the body is sent.
const DROPPED: [HeaderName; 10] = [
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("proxy-connection"),
];

/// What would do something else here.
const ASIDE: [HeaderName; 14] = [
    // Caches know no archive: what they keep would be shown for another copy at this address.
    AGE,
    CACHE_CONTROL,
    ETAG,
    EXPIRES,
    PRAGMA,
    // They name hosts that are not here, or lead to them.
    ALT_SVC,
    CONTENT_LOCATION,
    CONTENT_SECURITY_POLICY,
    CONTENT_SECURITY_POLICY_REPORT_ONLY,
    STRICT_TRANSPORT_SECURITY,
    // Loopback has one jar for all ports and all hosts.
    SET_COOKIE,
    // Nobody checks a password here.
    PROXY_AUTHENTICATE,
    WWW_AUTHENTICATE,
    // It is made anew.
    MEMENTO,
];

const ASIDE_BY_NAME: [&str; 11] = [
    "clear-site-data",
    "expect-ct",
    "nel",
    "public-key-pins",
    "public-key-pins-report-only",
    "report-to",
    "reporting-endpoints",
    "set-cookie2",
    "speculation-rules",
    "x-content-security-policy",
    "x-webkit-csp",
];
