//! The part of the crawl that is done for many URLs at once: fetch, and search for links.

use std::collections::HashSet;

use archive::{Capture, Entry};
use fetch::Fetcher;
use frontier::CanonicalUrl;
use http::StatusCode;
use links::{Format, Kind};
use url::Url;

use crate::event::{Reason, RedirectError};

/// What came back for a URL.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) capture: Capture,
    pub(crate) leads: Leads,
}

/// Where it leads.
#[derive(Debug)]
pub(crate) enum Leads {
    /// To what the document refers to, each once.
    Links(Vec<CanonicalUrl>),
    /// To one other URL.
    Redirect(CanonicalUrl),
    /// Nowhere: it is of no use.
    Nowhere(Reason),
}

/// Fetches `url` and looks where it leads.
///
/// # Errors
///
/// There is nothing to archive.
pub(crate) async fn visit(
    fetcher: Fetcher,
    url: CanonicalUrl,
    max_content: u64,
) -> Result<Page, Reason> {
    let address = url.to_url();
    let response = fetcher.fetch(&address).await?;
    let capture = Capture {
        url: url.as_str().to_owned(),
        via: None,
        date: response.date,
        request: response.request,
        status: response.status,
        headers: response.headers,
        body: response.body.into(),
    };
    let leads = match capture.status {
        status if FOLLOWED.contains(&status) => {
            match redirect(status, capture.location(), &address) {
                Ok(target) => Leads::Redirect(target),
                Err(error) => Leads::Nowhere(error.into()),
            }
        }
        // A part that was not asked for is no document.
        StatusCode::PARTIAL_CONTENT => Leads::Nowhere(Reason::Status(capture.status)),
        status if status.is_success() => Leads::Links(links_in(&capture, &address, max_content)?),
        status => Leads::Nowhere(Reason::Status(status)),
    };
    Ok(Page { capture, leads })
}

fn links_in(
    capture: &Capture,
    address: &Url,
    max_content: u64,
) -> Result<Vec<CanonicalUrl>, Reason> {
    // Also of what holds no links: what cannot be read is not good.
    let content = capture.content(max_content)?;
    let content_type = capture.content_type();
    let Some(format) = Format::of(content_type, &content, address) else {
        return Ok(Vec::new());
    };
    let charset = content_type.and_then(links::charset);
    let mut seen = HashSet::new();
    Ok(links::extract(&content, format, charset, address)
        .iter()
        .filter(|link| is_followed(link.kind))
        .filter_map(|link| CanonicalUrl::new(&link.url))
        .filter(|url| seen.insert(url.clone()))
        .collect())
}

/// Whether what is named is fetched: because a person may go there, or because the page needs it.
fn is_followed(kind: Kind) -> bool {
    matches!(kind, Kind::Navigation | Kind::Requisite | Kind::Embedded)
}

/// Returns where what was fetched from `url` leads, if it is a redirect that is followed.
pub(crate) fn leads_to(entry: &Entry, url: &CanonicalUrl) -> Option<CanonicalUrl> {
    let is_redirect = FOLLOWED.contains(&entry.status);
    is_redirect.then(|| redirect(entry.status, entry.location.as_deref(), &url.to_url()).ok())?
}

fn redirect(
    status: StatusCode,
    location: Option<&str>,
    address: &Url,
) -> Result<CanonicalUrl, RedirectError> {
    let target = location.and_then(|location| address.join(location).ok());
    let target = target.ok_or(RedirectError::NoLocation(status))?;
    CanonicalUrl::new(&target).ok_or_else(|| RedirectError::Scheme(target.scheme().to_owned()))
}

/// RFC 9110 §15.4: those that say where to go instead.
const FOLLOWED: [StatusCode; 5] = [
    StatusCode::MOVED_PERMANENTLY,
    StatusCode::FOUND,
    StatusCode::SEE_OTHER,
    StatusCode::TEMPORARY_REDIRECT,
    StatusCode::PERMANENT_REDIRECT,
];
