use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use url::Url;

use self::jar::Jar;

mod date;
mod jar;
mod netscape;
mod set_cookie;

/// The cookies that servers have set. Clones share them.
///
/// By RFC 6265bis, with the list of public suffixes (compiled in): no server sets a cookie for
/// `co.uk`. What is there to protect one page from another in a browser (`HttpOnly`, `SameSite`) has
/// no meaning here.
///
/// # Bounds
///
/// A cookie has at most 4,096 bytes; 50 are taken of a response, 180 kept of a domain and 10,000
/// altogether, the newest; 150 with 8 KiB are sent with a request. A cookie is kept for at most 400
/// days (RFC 6265bis §5.5).
#[derive(Clone, Default)]
pub struct Cookies(Arc<Mutex<Jar>>);

/// How many cookies of one response are taken.
const MOST_OF_RESPONSE: usize = 50;

impl Cookies {
    /// Takes what a response from `url` sets. Returns whether anything is different now.
    pub fn store(&self, url: &Url, headers: &HeaderMap, now: SystemTime) -> bool {
        let now = seconds(now);
        let fields = headers.get_all(SET_COOKIE).iter().take(MOST_OF_RESPONSE);
        let mut jar = self.jar();
        let mut changed = false;
        for field in fields {
            changed |= jar.set(url, field.as_bytes(), now);
        }
        changed
    }

    /// Returns the `Cookie` field for a request of `url`, marked as sensitive.
    pub fn field(&self, url: &Url, now: SystemTime) -> Option<HeaderValue> {
        let cookies = self.jar().get(url, seconds(now))?;
        let mut value = HeaderValue::from_bytes(&cookies).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Tells whether the hosts of two URLs can set cookies for each other: they are one, or in one
    /// domain that is no public suffix.
    pub fn are_shared(one: &Url, other: &Url) -> bool {
        jar::are_shared(one, other)
    }

    /// Adds the cookies of a file in Netscape's format, as browsers' extensions, curl and wget write
    /// it. Returns how many lines say no cookie that could be kept; those are passed over.
    pub fn load(&self, file: &[u8], now: SystemTime) -> usize {
        netscape::read(&mut self.jar(), file, seconds(now))
    }

    /// Returns the cookies in Netscape's format, in an order of their own; `session`: also those
    /// that end with a session.
    pub fn save(&self, now: SystemTime, session: bool) -> Vec<u8> {
        netscape::write(&self.jar(), seconds(now), session)
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.jar().len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says nothing of what is secret.
impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookies")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// Seconds since 1970; 0 before.
fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests;
