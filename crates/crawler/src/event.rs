use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use archive::ContentError;
use fetch::FetchError;
use frontier::{CanonicalUrl, Host, Trap};
use http::StatusCode;

/// What happens in a crawl, told as it happens.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The crawl goes on from where it was when an earlier process ended.
    Resumed {
        /// URLs that are done.
        done: usize,
        /// URLs that are not.
        queued: usize,
    },
    /// A URL was fetched and archived.
    Fetched {
        /// The URL.
        url: CanonicalUrl,
        /// The status: of success, or a redirect.
        status: StatusCode,
        /// The length of the body as received.
        bytes: u64,
    },
    /// A URL was not fetched, or what came back is of no use.
    Failed(Failure),
    /// A URL was not asked for: its host's robots.txt does not allow it.
    Excluded {
        /// The URL.
        url: CanonicalUrl,
    },
    /// A host does not answer, and nothing more is asked of it. What is known of it is not lost:
    /// when the crawl is started again, it goes on there.
    GivenUp {
        /// The host.
        host: Host,
    },
    /// As many URLs of a host are fetched as may be. What else is known of it is not lost.
    Full {
        /// The host.
        host: Host,
    },
    /// A document was fetched and archived, but is too long to be searched for links: they are not
    /// followed, and stay as they are in the copy.
    NotSearched {
        /// The URL.
        url: CanonicalUrl,
    },
    /// A document was fetched and archived, but has more links than are taken in of one: those beyond
    /// the first 100,000 that differ are not followed.
    NotAllFollowed {
        /// The URL.
        url: CanonicalUrl,
    },
    /// A seed redirects to another host, which belongs to the crawl from now on.
    ScopeExtended {
        /// The seed, or a redirect it led to.
        from: CanonicalUrl,
        /// Where it leads.
        to: CanonicalUrl,
    },
    /// In an update: a URL is not as it was when it was crawled before. These come together, by URL,
    /// when all is fetched.
    Changed {
        /// The URL.
        url: String,
        /// What is different.
        change: Change,
    },
    /// In an update that was to remove from the copy what is gone: nothing is removed, since not all
    /// of the site could be looked at.
    NotPurged,
    /// URLs without end, as it seems, that say nothing new: these are not fetched.
    HeldBack(Trap),
    /// All is fetched that will be; the copy is being built.
    Building,
    /// A file of the copy could not be written.
    NotWritten(mirror::Failure),
    /// Something in the copy works only when it is served.
    OnlyServed(mirror::OnlyServed),
}

/// How a URL differs from what it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    New,
    /// It has another content, status or target.
    Changed,
    /// It is not there any more. Its last good capture stays in the copy, unless it is purged.
    Gone,
}

/// A URL that failed.
#[derive(Debug)]
pub struct Failure {
    /// The URL.
    pub url: CanonicalUrl,
    /// Where it was found first; `None` for a seed.
    pub via: Option<CanonicalUrl>,
    /// Why it failed.
    pub reason: Reason,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Short(&self.url), self.reason)?;
        let mut cause = self.reason.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        match &self.via {
            Some(page) => write!(f, " (found on {})", Short(page)),
            None => Ok(()),
        }
    }
}

/// Why a URL failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The server answered with a status of failure. The answer is archived.
    #[error("{}", Words(*.0))]
    Status(StatusCode),
    /// There was no whole answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It is not known what the host's robots.txt allows, and so it allows nothing (RFC 9309
    /// §2.3.1.4).
    #[error("its host's robots.txt cannot be had: {0}")]
    Robots(Arc<str>),
    /// The host's robots.txt does not allow it.
    #[error("robots.txt does not allow it")]
    Excluded,
    /// The answer's content could not be read.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The answer is a redirect that leads nowhere. It is archived.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
    /// A page came where a guess was that there is another kind of file: many servers answer so to all
    /// that they do not have.
    #[error("there is a page in place of the file")]
    InPlace,
    /// The answer cannot be written to the disk. This ends the crawl.
    #[error("cannot write what was received")]
    Disk(#[source] io::Error),
    /// A bug in this program.
    #[error("internal error: {0}")]
    Internal(String),
}

/// At whose side a URL failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// A server answered, and it is of no use.
    Refused,
    /// No server gave a whole answer.
    Unreached,
    /// It was lost to a bug.
    Internal,
    /// It was not asked for. That is no failure.
    Excluded,
}

impl Failing {
    /// Whether it is no loss where there was but a guess.
    pub(crate) fn may_be_passed_over(self) -> bool {
        self != Failing::Internal
    }
}

impl Reason {
    pub(crate) fn failing(&self) -> Failing {
        match self {
            Reason::Status(_)
            | Reason::Content(_)
            | Reason::Redirect(_)
            | Reason::InPlace
            | Reason::Fetch(FetchError::Url(_)) => Failing::Refused,
            Reason::Fetch(_) | Reason::Robots(_) => Failing::Unreached,
            Reason::Excluded => Failing::Excluded,
            Reason::Disk(_) | Reason::Internal(_) => Failing::Internal,
        }
    }
}

impl Reason {
    /// Tells whether it is as true of the host's other URLs.
    pub(crate) fn concerns_host(&self) -> bool {
        matches!(
            self,
            Reason::Robots(_)
                | Reason::Fetch(
                    FetchError::Resolve { .. }
                        | FetchError::Connect { .. }
                        | FetchError::Tls { .. }
                )
        )
    }
}

/// Why a redirect is not followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// It says nowhere to go, or nothing that is a URL.
    #[error("{} without a usable location", Words(*.0))]
    NoLocation(StatusCode),
    /// It leads back to where it came from.
    #[error("redirect loop")]
    Loop,
    /// It leads to something that is not fetched by HTTP.
    #[error("redirect to `{0}` refused: neither http nor https")]
    Scheme(String),
    /// It is one too many in a row.
    #[error("more than {0} redirects in a row")]
    TooMany(u8),
}

/// Counts, while a crawl goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// URLs fetched.
    pub fetched: usize,
    /// URLs that failed.
    pub failed: usize,
    /// URLs waiting for their turn.
    pub queued: usize,
    /// URLs asked for, of which the answer is not here or not searched yet.
    pub in_flight: usize,
    /// Bytes of bodies received.
    pub bytes: u64,
}

/// Counts, at the end of a crawl, of what was done before it was resumed too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// URLs fetched.
    pub fetched: usize,
    /// Bytes of bodies received, since it was resumed.
    pub bytes: u64,
    /// Files in the copy.
    pub files: usize,
    /// URLs that are of no use: answered by a status of failure, with broken content, by a redirect
    /// to nowhere, or too long to ask for.
    pub refused: usize,
    /// URLs to which no server gave a whole answer.
    pub unreached: usize,
    /// Files of the copy that could not be written.
    pub not_written: usize,
    /// URLs lost to a bug.
    pub internal: usize,
    /// URLs that were not asked for, as robots.txt does not allow it.
    pub excluded: usize,
    /// URLs that are known and left for later, since their hosts did not answer or a limit was
    /// reached: when the crawl is started again, it goes on with them.
    pub left: usize,
    /// The limit that was reached, if there is something left beyond it.
    pub limit: Option<Limit>,
    /// Whether it was stopped before its end.
    pub stopped: bool,
    /// How long it took, since it was resumed.
    pub elapsed: Duration,
}

impl Summary {
    pub(crate) fn count(&mut self, failing: Failing) {
        match failing {
            Failing::Refused => self.refused += 1,
            Failing::Unreached => self.unreached += 1,
            Failing::Internal => self.internal += 1,
            Failing::Excluded => self.excluded += 1,
        }
    }

    /// Tells whether everything in scope was fetched and written.
    pub fn is_complete(&self) -> bool {
        self.failed() == 0 && self.not_written == 0 && self.left == 0 && !self.stopped
    }

    /// Returns how many URLs failed.
    pub fn failed(&self) -> usize {
        self.refused + self.unreached + self.internal
    }
}

/// A bound of a crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Of the URLs fetched.
    Pages,
    /// Of the URLs fetched of one host.
    PagesPerHost,
    /// Of the bytes received.
    Bytes,
    /// Of the time it takes.
    Time,
}

/// A status with its words, if it is one that has any.
struct Words(StatusCode);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.canonical_reason() {
            Some(reason) => write!(f, "{} {reason}", self.0.as_u16()),
            None => write!(f, "status {}", self.0.as_u16()),
        }
    }
}

/// A URL cut to what a line has room for. It is ASCII, as all canonical ones are.
struct Short<'a>(&'a CanonicalUrl);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_str().get(..LONGEST_SHOWN) {
            Some(start) => write!(f, "{start}…"),
            None => write!(f, "{}", self.0),
        }
    }
}

/// In bytes.
const LONGEST_SHOWN: usize = 500;
