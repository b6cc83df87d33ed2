//! The part of the crawl that is done for many URLs at once: fetch, and search for links.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::Duration;

use archive::{Body, Capture, ContentError, Entry, Reader};
use fetch::{FetchError, Response, Resumed, Validator};
use frontier::{CanonicalUrl, Role};
use http::header::{ACCEPT, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use crate::event::Reason;
use crate::receive::{Intake, Received, truncated};
use crate::redirect;
use crate::search::{
    Links, MOST_SEARCHED, Manner, Named, is_packed, is_searched, search, search_head,
};
use crate::wall::Walls;

/// What was answered, as far as it came. It is not searched yet.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) capture: Capture,
    /// Why its body broke off, if it did.
    pub(crate) broke_off: Option<FetchError>,
    /// If it is that there is nothing new since: the earlier capture.
    unchanged: Option<(Capture, Entry)>,
    address: Url,
    named: Named,
    /// How long the head took to come.
    pub(crate) latency: Duration,
    /// How long the host wants to be left alone between requests.
    pub(crate) crawl_delay: Option<Duration>,
}

/// What came back for a URL.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) capture: Capture,
    /// If the answer is that there is nothing new since: the earlier capture.
    pub(crate) unchanged: Option<Entry>,
    pub(crate) leads: Leads,
}

/// Where it leads.
#[derive(Debug)]
pub(crate) enum Leads {
    /// To what the document refers to, each once.
    Links(Links),
    /// To one other URL.
    Redirect(CanonicalUrl),
    /// Nobody knows: it is a document too long to be searched.
    Unsearched,
    /// Nowhere: it is of no use.
    Nowhere(Reason),
}

/// What pages are fetched with.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) walls: Walls,
    pub(crate) intake: Intake,
    /// Reads earlier captures.
    pub(crate) reader: Reader,
    /// The longest content, in bytes.
    pub(crate) max_content: u64,
    /// Held by who has a long document in memory.
    pub(crate) long: Arc<Semaphore>,
    /// What is followed.
    pub(crate) manner: Manner,
}

impl Visitor {
    /// Fetches `url`, if its host's robots.txt allows it or it is `asked_for`, and if there is
    /// something new since `earlier`; or goes on with what broke off (`begun`).
    ///
    /// # Errors
    ///
    /// There is nothing to archive.
    pub(crate) async fn fetch(
        self: Arc<Self>,
        url: CanonicalUrl,
        role: Role,
        asked_for: bool,
        earlier: Option<Entry>,
        begun: Option<Capture>,
    ) -> Result<Answer, Reason> {
        let address = url.to_url();
        let mut crawl_delay = None;
        let mut named = Named::default();
        if let Some(gate) = &self.walls.gate {
            let said = gate.rules(&address).await?;
            if !asked_for && !said.allows(&address) {
                return Err(Reason::Excluded);
            }
            crawl_delay = said.rules.crawl_delay();
            named.is_sitemap = said.sitemaps.contains(&url);
            if asked_for && self.manner.sitemaps {
                named.sitemaps.clone_from(&said.sitemaps);
            }
        }
        if asked_for && self.manner.sitemaps && self.manner.guesses {
            named.perhaps = self.manner.perhaps(&url);
        }
        // What cannot be read is fetched again.
        let earlier = earlier.and_then(|entry| Some((self.reader.read(&entry).ok()?, entry)));
        let conditions = earlier.as_ref().map(|(capture, _)| conditions(capture));
        let conditions = conditions.unwrap_or_default();
        let is_conditional = !conditions.is_empty();
        let wanted = wanted(role);
        let asked = Instant::now();
        let (mut capture, rest) = if let Some(begun) = begun {
            self.go_on(begun, &address, wanted, conditions).await?
        } else {
            let response = self.ask(&address, wanted, conditions).await?;
            answer(url.as_str(), response)
        };
        let latency = asked.elapsed();
        let broke_off = match rest {
            Ok(rest) => {
                let begun = std::mem::take(&mut capture.body);
                let Received { body, broke_off } = self.intake.receive(begun, rest).await?;
                capture.body = body;
                capture.truncated = broke_off.as_ref().and_then(truncated);
                broke_off
            }
            Err(error) => Some(error),
        };
        let is_unchanged = is_conditional && capture.status == StatusCode::NOT_MODIFIED;
        Ok(Answer {
            capture,
            broke_off,
            unchanged: earlier.filter(|_| is_unchanged),
            address,
            named,
            latency,
            crawl_delay,
        })
    }

    /// Looks where an answer leads.
    ///
    /// # Errors
    ///
    /// There is nothing to archive.
    pub(crate) async fn search(self: Arc<Self>, answer: Answer) -> Result<Page, Reason> {
        let Answer {
            capture,
            broke_off,
            mut unchanged,
            address,
            named,
            ..
        } = answer;
        let leads = match (broke_off, &mut unchanged) {
            (Some(error), _) => Leads::Nowhere(error.into()),
            (None, Some((before, _))) => {
                // RFC 9111 §4.3.4: it may lead elsewhere.
                if let Some(location) = capture.headers.get(LOCATION) {
                    before.headers.insert(LOCATION, location.clone());
                }
                self.leads(before, &address, named).await?
            }
            (None, None) => self.leads(&capture, &address, named).await?,
        };
        Ok(Page {
            capture,
            unchanged: unchanged.map(|(_, entry)| entry),
            leads,
        })
    }

    async fn leads(&self, capture: &Capture, address: &Url, named: Named) -> Result<Leads, Reason> {
        Ok(match capture.status {
            status if redirect::is_followed(status) => {
                match redirect::target(status, capture.location().as_deref(), address) {
                    Ok(target) => Leads::Redirect(target),
                    Err(error) => Leads::Nowhere(error.into()),
                }
            }
            // A part that was not asked for is no document.
            StatusCode::PARTIAL_CONTENT => Leads::Nowhere(Reason::Status(capture.status)),
            status if status.is_success() => self.links_in(capture, address, named).await?,
            status => Leads::Nowhere(Reason::Status(status)),
        })
    }

    /// Asks on these conditions; and without, where they are answered by an error.
    async fn ask(
        &self,
        address: &Url,
        wanted: HeaderMap,
        conditions: HeaderMap,
    ) -> Result<Response<fetch::Body>, FetchError> {
        let is_conditional = !conditions.is_empty();
        let asked = both(wanted.clone(), conditions);
        let response = self.walls.open(address, asked).await?;
        if is_conditional && FAILS.contains(&response.status) {
            return self.walls.open(address, wanted).await;
        }
        Ok(response)
    }

    /// Asks for what is missing of a body that broke off; or, if that cannot be had, for all of it.
    /// Returns what is to come, or why it stays as it is for now.
    async fn go_on(
        &self,
        begun: Capture,
        address: &Url,
        wanted: HeaderMap,
        conditions: HeaderMap,
    ) -> Result<(Capture, Result<fetch::Body, FetchError>), Reason> {
        if let Some(validator) = Validator::of(begun.status, &begun.headers) {
            let (received, fetcher) = (begun.body.len(), &self.walls.fetcher);
            let resumed = fetcher.resume(address, &validator, received, wanted.clone());
            match resumed.await {
                Ok(Resumed::Rest(response)) => return Ok((begun, Ok(response.body))),
                Ok(Resumed::Whole(response)) => return Ok(answer(&begun.url, response)),
                Err(FetchError::Resume(_)) => {}
                Err(error) if error.is_transient() => return Ok((begun, Err(error))),
                Err(error) => return Err(error.into()),
            }
        }
        match self.ask(address, wanted, conditions).await {
            Err(error) if error.is_transient() => Ok((begun, Err(error))),
            response => Ok(answer(&begun.url, response?)),
        }
    }

    /// Searches a document. Most are short; long ones are searched one at a time, and what is longer
    /// still is not searched.
    async fn links_in(
        &self,
        capture: &Capture,
        address: &Url,
        named: Named,
    ) -> Result<Leads, Reason> {
        let searched = |content: &[u8], named| {
            Leads::Links(search(capture, content, address, named, &self.manner))
        };
        // Also of what holds no links: what cannot be read is not good.
        let is_in_file = capture.body.bytes().is_none();
        if is_in_file && !self.is_document(capture, address, &named)? {
            self.read_through(capture)?;
            let links = search_head(capture, address, named, &self.manner);
            return Ok(Leads::Links(links));
        }
        match capture.content(SHORT.min(self.max_content)) {
            Err(ContentError::TooLong { .. }) if self.max_content > SHORT => {}
            content => {
                let content = content?;
                let _alone = if content.len() > SMALL || is_packed(&content) {
                    Some(self.long.acquire().await)
                } else {
                    None
                };
                return Ok(searched(&content, named));
            }
        }
        if is_in_file || self.is_document(capture, address, &named)? {
            let _alone = self.long.acquire().await;
            match capture.content(MOST_SEARCHED.min(self.max_content)) {
                Err(ContentError::TooLong { .. }) if self.max_content > MOST_SEARCHED => {}
                content => return Ok(searched(&content?, named)),
            }
            self.read_through(capture)?;
            return Ok(Leads::Unsearched);
        }
        self.read_through(capture)?;
        let links = search_head(capture, address, named, &self.manner);
        Ok(Leads::Links(links))
    }

    fn is_document(
        &self,
        capture: &Capture,
        address: &Url,
        named: &Named,
    ) -> Result<bool, ContentError> {
        let mut start = Vec::new();
        let content = capture.content_reader(self.max_content)?;
        content.take(SNIFFED).read_to_end(&mut start)?;
        Ok(is_searched(capture, &start, address, named))
    }

    fn read_through(&self, capture: &Capture) -> Result<(), ContentError> {
        let mut content = capture.content_reader(self.max_content)?;
        io::copy(&mut content, &mut io::sink())?;
        Ok(())
    }
}

/// A response before its body is received, and that.
fn answer(
    url: &str,
    response: Response<fetch::Body>,
) -> (Capture, Result<fetch::Body, FetchError>) {
    let capture = Capture {
        url: url.to_owned(),
        via: None,
        date: response.date,
        request: response.request,
        status: response.status,
        headers: response.headers,
        body: Body::default(),
        truncated: None,
    };
    (capture, Ok(response.body))
}

/// Asks for a page as browsers do: there are servers that send others HTML instead of XHTML.
fn wanted(role: Role) -> HeaderMap {
    let page = HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8");
    let is_page = role == Role::Page;
    is_page.then_some((ACCEPT, page)).into_iter().collect()
}

fn both(mut one: HeaderMap, other: HeaderMap) -> HeaderMap {
    one.extend(other);
    one
}

/// Asks for what is new since a capture (RFC 9110 §13.1.2, §13.1.3).
fn conditions(capture: &Capture) -> HeaderMap {
    let validators = [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)];
    let conditions = validators.into_iter().filter_map(|(validator, condition)| {
        let value = capture.headers.get(validator)?.clone();
        Some((condition, value))
    });
    conditions.collect()
}

/// So many bytes of content each job may have in memory.
const SHORT: u64 = archive::Body::MOST_IN_MEMORY;
/// What is longer may hold so many links that only one such is searched at a time.
const SMALL: usize = 256 * 1024;
/// So many bytes tell what a document is.
const SNIFFED: u64 = 4096;
/// What some servers answer to a condition. (RFC 9110 §13.2.2: with those that are made here, a GET never
/// fails.)
const FAILS: [StatusCode; 2] = [StatusCode::BAD_REQUEST, StatusCode::PRECONDITION_FAILED];
