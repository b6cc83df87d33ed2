//! Redirects: which answers are followed elsewhere, and where to.

use archive::Entry;
use frontier::CanonicalUrl;
use http::StatusCode;
use url::Url;

use crate::event::RedirectError;

/// Tells whether an answer with this status is a redirect that is followed.
pub(crate) fn is_followed(status: StatusCode) -> bool {
    FOLLOWED.contains(&status)
}

/// Returns where an answer from `address` leads that says so in its `Location`.
pub(crate) fn target(
    status: StatusCode,
    location: Option<&str>,
    address: &Url,
) -> Result<CanonicalUrl, RedirectError> {
    let target = location.and_then(|location| address.join(location).ok());
    let target = target.ok_or(RedirectError::NoLocation(status))?;
    CanonicalUrl::new(&target).ok_or_else(|| RedirectError::Scheme(target.scheme().to_owned()))
}

/// Returns where what was fetched from `url` leads, if it is a redirect that is followed.
pub(crate) fn of(entry: &Entry, url: &CanonicalUrl) -> Option<CanonicalUrl> {
    let is_redirect = is_followed(entry.status);
    is_redirect.then(|| target(entry.status, entry.location.as_deref(), &url.to_url()).ok())?
}

/// RFC 9110 §15.4: those that say where to go instead.
const FOLLOWED: [StatusCode; 5] = [
    StatusCode::MOVED_PERMANENTLY,
    StatusCode::FOUND,
    StatusCode::SEE_OTHER,
    StatusCode::TEMPORARY_REDIRECT,
    StatusCode::PERMANENT_REDIRECT,
];

/// As many as browsers follow (Fetch standard, HTTP-redirect fetch, step 8).
pub(crate) const MOST_REDIRECTS: u8 = 20;
