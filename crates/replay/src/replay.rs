use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Read as _};
use std::sync::{Mutex, PoisonError};

use archive::{Body, Capture, ContentError, Digest, Entry, Position, Reader};
use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, LOCATION, RANGE, REFERER,
    VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use links::Format;
use url::Url;

use crate::Content;
use crate::address::{self, Addresses};
use crate::document::Guide;
use crate::index::{self, Index, Key};
use crate::range::Part;
use crate::{accept, fields, notice, validator};

/// What of the site is not in the archive.
#[derive(Clone, Debug)]
pub struct Site {
    /// Where the crawl began. What the first one leads to is at the top.
    pub seeds: Vec<String>,
    /// Tells which URLs are the same, as the URL standard writes them (§4.5): those with the same key.
    /// `None` is one that is not fetched.
    pub key: fn(&str) -> Option<Cow<'_, str>>,
    /// The longest body, in bytes after its content coding is undone, if that has to be done.
    pub max_content: u64,
}

/// Answers from an archive.
#[derive(Debug)]
pub struct Replay {
    reader: Reader,
    site: Site,
    index: Index,
    addresses: Addresses,
    /// Of some captures: whether their bodies are rewritten.
    changed: Mutex<HashMap<Position, bool>>,
}

impl Replay {
    /// Takes captures that `reader` has; of several of one URL, the first counts.
    pub fn new(reader: Reader, entries: impl IntoIterator<Item = Entry>, site: Site) -> Self {
        let key: Key = site.key;
        let index = Index::new(entries, key);
        let seed = site.seeds.first().and_then(|seed| Url::parse(seed).ok());
        Replay {
            reader,
            addresses: Addresses::new(seed.map(|seed| index.landing(seed))),
            site,
            index,
            changed: Mutex::default(),
        }
    }

    /// Returns how many URLs there are captures of.
    pub fn captures(&self) -> usize {
        self.index.captures()
    }

    /// Returns from how many hosts they are.
    pub fn hosts(&self) -> usize {
        self.index.hosts()
    }

    /// Returns where a URL is: its path, with its query and fragment. There may be nothing.
    pub fn address(&self, url: &Url) -> String {
        self.addresses.of(url)
    }

    /// Returns which URL is at an address, most likely: the reverse of [`address`](Replay::address).
    pub fn url(&self, address: &str) -> Option<Url> {
        self.addresses.url(address)
    }

    /// Returns where the crawl began: an address for each seed.
    pub fn seeds(&self) -> impl Iterator<Item = String> {
        let seeds = self.site.seeds.iter();
        seeds.filter_map(|seed| Some(self.address(&Url::parse(seed).ok()?)))
    }

    /// Returns where the crawl began, as it was there.
    pub fn seed_urls(&self) -> impl Iterator<Item = &str> {
        self.site.seeds.iter().map(String::as_str)
    }

    /// Answers a request. Blocks while the archive is read.
    ///
    /// That something is not there, or cannot be read, is an answer too. Whom a request comes from is
    /// not asked here; a [`Server`](crate::Server) does.
    pub fn answer(&self, request: &Parts) -> Response<Content> {
        if request.method != Method::GET && request.method != Method::HEAD {
            return notice::not_asked_for(request.method.as_str());
        }
        let target = request.uri.path_and_query();
        let target = target.map_or("/", |target| target.as_str());
        let found = self.find(target);
        let found = found.or_else(|| match self.meant(target, request) {
            Some(_) => None,
            None => self.find_by_path(target),
        });
        let mut response = found.map_or_else(
            || self.absent(target, request),
            |(entry, url)| {
                let replayed = self.replay(entry, &url, request);
                replayed.unwrap_or_else(|error| notice::damaged(url.as_str(), &error))
            },
        );
        if let Some(length) = response.body().length() {
            let has_body = !matches!(response.status().as_u16(), 204 | 304);
            if has_body {
                response.headers_mut().insert(CONTENT_LENGTH, length.into());
            }
        }
        if request.method == Method::HEAD {
            *response.body_mut() = Content::empty();
        }
        response
    }

    /// Finds what is at an address, and its URL.
    fn find(&self, target: &str) -> Option<(&Entry, Url)> {
        let urls = self.addresses.urls(target);
        let captured = urls
            .into_iter()
            .filter_map(|url| Some((self.index.find(&url)?, url)));
        let mut first = None;
        for (entry, url) in captured {
            // From one scheme to the other, both of which are here: it would lead to itself.
            let leads = index::redirect(entry, &url).map(|to| self.addresses.of(&to));
            if leads.is_none_or(|leads| leads != self.addresses.of(&url)) {
                return Some((entry, url));
            }
            first = first.or(Some((entry, url)));
        }
        first
    }

    /// Finds the same at an address with another query.
    fn find_by_path(&self, target: &str) -> Option<(&Entry, Url)> {
        let mut urls = self.addresses.urls(target).into_iter();
        urls.find_map(|url| Some((self.index.find_by_path(&url)?, url)))
    }

    /// What is said where nothing was captured.
    fn absent(&self, target: &str, request: &Parts) -> Response<Content> {
        let elsewhere = if target == "/" {
            self.seeds().find(|seed| seed != "/")
        } else {
            self.meant(target, request)
        };
        if let Some(location) = elsewhere.and_then(|it| HeaderValue::try_from(it).ok()) {
            let mut response = Response::new(Content::empty());
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            let fields = response.headers_mut();
            fields.insert(LOCATION, location);
            fields.insert(VARY, HeaderValue::from_name(REFERER));
            return response;
        }
        let seeds: Vec<_> = self.seeds().zip(self.site.seeds.iter().cloned()).collect();
        let url = address::other(target);
        let url = url.or_else(|| self.addresses.urls(target).into_iter().next());
        notice::not_captured(url.as_ref().map(Url::as_str), &seeds)
    }

    /// Where a path is that a page of another host means: one that its script has put together, which
    /// knows no other host than its own.
    fn meant(&self, target: &str, request: &Parts) -> Option<String> {
        let from = request.headers.get(REFERER)?.to_str().ok()?;
        let from = Url::parse(from).ok()?;
        let page = address::other(from.path())?;
        let url = page.join(target).ok()?;
        self.index.find(&url)?;
        Some(self.addresses.of(&url))
    }

    fn replay(&self, entry: &Entry, url: &Url, request: &Parts) -> io::Result<Response<Content>> {
        let capture = self.reader.read(entry)?;
        let mut response = Response::new(Content::empty());
        if capture.status.is_informational() {
            let what = "a status that is none of a whole answer";
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        *response.status_mut() = capture.status;
        *response.headers_mut() = fields::replayed(&capture.headers, url, self.guide());
        fields::describe(entry, response.headers_mut());
        if matches!(capture.status.as_u16(), 204 | 205 | 304) {
            return Ok(response);
        }
        let sent = self.sent(&capture, entry, url, &request.headers)?;
        let fields = response.headers_mut();
        for coding in capture.headers.get_all(CONTENT_ENCODING) {
            if sent.is_as_received {
                fields.append(CONTENT_ENCODING, coding.clone());
            } else {
                fields::put_aside(fields, &CONTENT_ENCODING, coding);
            }
        }
        if capture.headers.contains_key(CONTENT_ENCODING) {
            fields.append(VARY, HeaderValue::from_static("accept-encoding"));
        }
        fields.insert(ETAG, sent.tag.clone());
        let is_ok = capture.status == StatusCode::OK;
        if is_ok && validator::has(&request.headers, &sent.tag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        *response.body_mut() = match sent.body {
            Whole::Unmeasured(content) => content,
            Whole::Body(body) => {
                if is_ok {
                    fields.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
                }
                let length = body.len();
                let part = match request.headers.get(RANGE).and_then(|it| it.to_str().ok()) {
                    Some(range) if is_ok && validator::is_of(&request.headers, &sent.tag) => {
                        Part::of(range, length)
                    }
                    _ => Part::All,
                };
                let (status, range, part) = match part {
                    Part::All => (capture.status, None, 0..length),
                    Part::Bytes(part) => {
                        let range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
                        (StatusCode::PARTIAL_CONTENT, Some(range), part)
                    }
                    Part::Nothing => {
                        let range = format!("bytes */{length}");
                        (StatusCode::RANGE_NOT_SATISFIABLE, Some(range), 0..0)
                    }
                };
                if let Some(range) = range.and_then(|range| HeaderValue::try_from(range).ok()) {
                    fields.insert(CONTENT_RANGE, range);
                }
                *response.status_mut() = status;
                Content::part(&body, part)?
            }
        };
        Ok(response)
    }

    /// Decides what is sent of a capture's body: what was received, unless links in it have to be
    /// changed, or the client does not take its coding.
    fn sent(
        &self,
        capture: &Capture,
        entry: &Entry,
        url: &Url,
        request: &HeaderMap,
    ) -> io::Result<Sent> {
        if capture.truncated.is_some() {
            return Ok(Sent {
                tag: validator::entity_tag(entry.digest, "-truncated"),
                body: Whole::Unmeasured(Content::broken_off(&capture.body)?),
                is_as_received: true,
            });
        }
        if let Some(rewritten) = self.rewritten(capture, url, true) {
            return Ok(Sent::changed(rewritten));
        }
        let codings = accept::codings(&capture.headers);
        let is_undone = |coding: &String| UNDONE.contains(&coding.as_str());
        if accept::takes(request, &codings) || !codings.iter().all(is_undone) {
            return Ok(Sent {
                tag: validator::entity_tag(entry.digest, ""),
                body: Whole::Body(capture.body.clone()),
                is_as_received: true,
            });
        }
        match capture.content(Body::MOST_IN_MEMORY) {
            Ok(content) => Ok(Sent::changed(content.into_owned())),
            Err(ContentError::TooLong { .. }) => {
                let content = capture.content_reader(self.site.max_content);
                Ok(Sent {
                    tag: validator::entity_tag(entry.digest, "-decoded"),
                    body: Whole::Unmeasured(Content::read(content.map_err(unreadable)?)),
                    is_as_received: false,
                })
            }
            Err(error) => Err(unreadable(error)),
        }
    }

    /// Rewrites the body, if it is of a kind that has links and any of them has to be changed. What
    /// cannot be decoded, or is too long, is left as it is.
    fn rewritten(&self, capture: &Capture, url: &Url, drops_guards: bool) -> Option<Vec<u8>> {
        let content_type = capture.content_type().filter(|sent| !sent.is_empty());
        let format = match content_type {
            Some(_) => Format::of(content_type, b"", url),
            None => Format::of(None, &start(capture, self.site.max_content), url),
        }?;
        let content = capture.content(LONGEST_DOCUMENT).ok()?;
        let charset = content_type.and_then(links::charset);
        let rewritten = self
            .guide()
            .rewrite(&content, format, charset, url, |target| {
                drops_guards && self.is_changed(target)
            });
        match rewritten {
            Cow::Borrowed(_) => None,
            Cow::Owned(rewritten) => Some(rewritten),
        }
    }

    /// Whether the body of what a URL leads to is not sent as it was received.
    fn is_changed(&self, url: &Url) -> bool {
        let url = self.index.landing(url.clone());
        let Some(entry) = self.index.find(&url) else {
            return false;
        };
        let changed = || self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(is_changed) = changed().get(&entry.position()) {
            return *is_changed;
        }
        let capture = self.reader.read(entry);
        // What has guards itself is a page, and no page is guarded: that ends here.
        let is_changed =
            capture.is_ok_and(|capture| self.rewritten(&capture, &url, false).is_some());
        changed().insert(entry.position(), is_changed);
        is_changed
    }

    fn guide(&self) -> Guide<'_> {
        Guide {
            addresses: &self.addresses,
            index: &self.index,
        }
    }
}

/// A body to be sent, or parts of it.
struct Sent {
    /// Of what is sent.
    tag: HeaderValue,
    body: Whole,
    is_as_received: bool,
}

enum Whole {
    Body(Body),
    /// How long it is shows when it has been read.
    Unmeasured(Content),
}

impl Sent {
    fn changed(content: Vec<u8>) -> Self {
        Sent {
            tag: validator::entity_tag(Digest::of(&content), ""),
            body: Whole::Body(content.into()),
            is_as_received: false,
        }
    }
}

/// The first bytes of what was sent without a type.
fn start(capture: &Capture, limit: u64) -> Vec<u8> {
    let mut start = Vec::new();
    if let Ok(content) = capture.content_reader(limit) {
        // What cannot be read is no document.
        let _ = content.take(SNIFFED).read_to_end(&mut start);
    }
    start
}

fn unreadable(error: ContentError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// The codings that the archive undoes.
const UNDONE: [&str; 5] = ["gzip", "x-gzip", "deflate", "br", "zstd"];
/// A document of more bytes is sent as it is: 32 MiB.
const LONGEST_DOCUMENT: u64 = 32 << 20;
/// So many bytes tell what a document is.
const SNIFFED: u64 = 4096;
