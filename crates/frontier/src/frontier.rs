use std::future::Future;
use std::time::Duration;

use crate::{CanonicalUrl, Content, FrontierError, Host};

/// What keeps a crawl's state: the URLs that are queued, those that are out, what became of each.
///
/// The unit of work is the host. A holder leases one, fetches what it was given, and reports;
/// with each report it may ask for more. A lease that is not reported on in time expires, and what
/// was out is handed to another.
///
/// # Guarantees
///
/// - A URL enters once. The set of those seen is exact.
/// - At most one [`Lease`] of a host is held at a time, and a host rests for its delay between
///   two, also when a lease expires or the process is killed in between.
/// - URLs of a host are handed out first in, first out, and hosts take turns.
/// - A report with a token that is no longer held changes nothing.
/// - A report is taken in as a whole: when a URL counts as done, what was found there is queued.
/// - It is finished when and only when nothing is queued and nothing is leased: a count. What is
///   held back as a [`Trap`] is neither.
///
/// # Cancel safety
///
/// Arguments are owned, and each call takes effect in full or not at all, also when its future is
/// dropped.
pub trait Frontier: Send + Sync + 'static {
    /// Takes in what was found and not seen before, in this order.
    fn add(&self, found: Vec<Found>) -> impl Future<Output = Result<Added, FrontierError>> + Send;

    /// Hands out URLs of as many hosts as are ready.
    fn lease(&self, want: Want) -> impl Future<Output = Result<Leases, FrontierError>> + Send;

    /// Takes in what became of leased URLs, and extends the lease or gives it back.
    fn report(
        &self,
        report: Report,
    ) -> impl Future<Output = Result<Reported, FrontierError>> + Send;

    /// Counts.
    fn stats(&self) -> impl Future<Output = Result<Stats, FrontierError>> + Send;

    /// Returns up to `most` of the URLs that are done, with what is kept of them, in the order in
    /// which they were reported, after the first `skip`.
    fn done(
        &self,
        skip: u64,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Past>, FrontierError>> + Send;

    /// Gives each URL that entered and is not done, in the order of entry: queued, held back or handed
    /// out.
    fn left(
        &self,
        each: impl FnMut(CanonicalUrl) + Send,
    ) -> impl Future<Output = Result<(), FrontierError>> + Send;

    /// Returns the traps that were met: what is held back, until the site has earned it or for ever.
    fn traps(&self) -> impl Future<Output = Result<Vec<Trap>, FrontierError>> + Send;

    /// Waits until all that was taken in so far is where it survives the end of the process.
    fn flush(&self) -> impl Future<Output = Result<(), FrontierError>> + Send;

    /// Takes nothing more, and waits until all is where it survives.
    fn close(&self) -> impl Future<Output = Result<(), FrontierError>> + Send;
}

/// A URL that was found, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What was found.
    pub url: CanonicalUrl,
    /// What it was found as.
    pub role: Role,
    /// How many redirects in a row led to it: 0 for a seed or a link.
    pub redirects: u8,
    /// Whether the crawl starts from it: it was asked for, or is where a seed leads.
    pub is_seed: bool,
}

impl Found {
    /// A URL the crawl starts from.
    pub fn seed(url: CanonicalUrl) -> Self {
        Found {
            url,
            role: Role::Page,
            redirects: 0,
            is_seed: true,
        }
    }

    /// A URL that a person may go to from a document.
    pub fn link(url: CanonicalUrl) -> Self {
        Found {
            url,
            role: Role::Page,
            redirects: 0,
            is_seed: false,
        }
    }

    /// A URL that may be there, and that a document needs if it is.
    pub fn guess(url: CanonicalUrl) -> Self {
        Found {
            role: Role::Guess,
            ..Found::link(url)
        }
    }

    pub(crate) fn depth_from(&self, depth: u32) -> u32 {
        let is_link = match self.role {
            Role::Page => true,
            Role::Guess => self.url.may_be_page(),
            Role::Requisite => false,
        };
        depth.saturating_add((is_link && self.redirects == 0).into())
    }

    /// A URL that a document needs, or shows within itself.
    pub fn requisite(url: CanonicalUrl) -> Self {
        Found {
            role: Role::Requisite,
            ..Found::link(url)
        }
    }
}

/// What a URL was found as. If it was as several, it is a requisite rather than a page, whenever that
/// came out; and a guess that is wrong ([`Done::in_vain`]) is none if it is anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A person may go there.
    #[default]
    Page,
    /// A document needs it, or shows it within itself.
    Requisite,
    /// A document may need it, if it is there at all: that it is not is no failure.
    Guess,
}

/// The number of a URL in its crawl: in the order of entry, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UrlId(pub(crate) u32);

/// A URL that is handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its number, for the report.
    pub id: UrlId,
    /// What to fetch.
    pub url: CanonicalUrl,
    /// Where it was found first; `None` for a seed.
    pub via: Option<CanonicalUrl>,
    /// How many redirects in a row led to it.
    pub redirects: u8,
    /// What it was found as first.
    pub role: Role,
    /// How many links away from a seed it is, on the way by which it was found first; with
    /// [`Limits::levels`], on the shortest. Requisites and redirects are as far away as what led to
    /// them.
    pub depth: u32,
}

impl Item {
    /// How many links away from a seed `found` is, if it was found here.
    pub fn depth_of(&self, found: &Found) -> u32 {
        found.depth_from(self.depth)
    }
}

/// Proof of holding a host. It grows: a later lease has a greater token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub(crate) u64);

/// What a holder could take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// How many URLs, over all hosts.
    pub urls: usize,
    /// How long each lease is good for, from now and from each report.
    pub ttl: Duration,
}

/// What is handed out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "what is leased must be reported, or waits for its lease to expire"]
pub struct Leases {
    /// Hosts, each with at least one URL.
    pub leases: Vec<Lease>,
    /// If there are none: in how long to ask again, if something is sure to be ready or to expire
    /// then.
    pub next: Option<Duration>,
}

/// A host, held by one holder until every URL taken is reported, or it is given back, or expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The host.
    pub host: Host,
    /// To be shown with each report.
    pub token: Token,
    /// What to fetch, in this order; at least one.
    pub items: Vec<Item>,
}

/// What became of leased URLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The host of the lease.
    pub host: Host,
    /// The token of the lease.
    pub token: Token,
    /// Those that need no further work, whatever came of them. One that is not out on this lease
    /// is passed over.
    pub done: Vec<Done>,
    /// How long the host rests after its lease, from now on; `None`: as before (at first 0).
    pub delay: Option<Duration>,
    /// What becomes of the lease.
    pub then: Then,
}

/// A URL that needs no further work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Which.
    pub id: UrlId,
    /// What is to be kept of it; the frontier does not look into it.
    pub record: String,
    /// What was found there.
    pub found: Vec<Found>,
    /// If it redirects, and was found as a page: where it leads if it is needed by a document too,
    /// as comes out sooner or later. Then this is found in place of the others.
    pub if_needed: Option<Found>,
    /// Whether it was a [guess](Role::Guess), and wrong: then it enters anew if it is found as anything
    /// else, sooner or later. Of no effect if it was no guess.
    pub in_vain: bool,
    /// What it says: without it, no trap is seen in what it leads to.
    pub content: Option<Content>,
}

/// What becomes of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is good for as long again, and takes up to so many more URLs. It ends when none are out.
    Keep {
        /// How many; fewer are given if other hosts wait for their turn.
        more: usize,
    },
    /// It ends; what is still out is queued again, at the head.
    Release,
    /// It ends so too, and this process gets no lease of the host again: it cannot be reached, say.
    /// A later process does.
    Park,
}

/// The answer to a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reported {
    /// Taken in.
    Accepted {
        /// More of the same lease.
        more: Vec<Item>,
    },
    /// The lease is no longer held; nothing was changed.
    Stale,
}

/// A URL that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Which.
    pub url: CanonicalUrl,
    /// Where it was found first; `None` for a seed.
    pub via: Option<CanonicalUrl>,
    /// What was to be kept of it.
    pub record: String,
}

/// What became of the URLs that were added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Entered now.
    pub new: usize,
    /// Seen before.
    pub known: usize,
    /// Not taken in, by [`Limits`].
    pub capped: usize,
}

/// How many URLs are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// In all; at most 4,294,967,295.
    pub urls: u32,
    /// Of one host.
    pub urls_per_host: u32,
    /// How many pages of a site may lead on without end, as it seems, and say and show nothing new,
    /// before what they lead to is held back: so many, or one for each three answers that say something, if
    /// that is more; and as many of those that differ by their query alone from the page they were found on.
    /// `None`: all. Default: `None`.
    pub traps: Option<usize>,
    /// Whether URLs are handed out in the order of how far they are from the seeds: none before all
    /// that are nearer are done (but for parked hosts). Then [`Item::depth`] is the least there is,
    /// whatever the order of reports. Default: `false`.
    pub levels: bool,
}

/// A space without end, as it seems, and what of it is not fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What gave it away.
    pub kind: TrapKind,
    /// Its domain, or host.
    pub site: String,
    /// What its URLs have in common: `/calendar/N/N`, `/s/*?page&session`; `*` stands for all that are
    /// not among the dozen that hold most.
    pub shape: String,
    /// How many URLs of this shape are held back.
    pub held: u64,
}

/// What gives a trap away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TrapKind {
    /// Its pages say nothing that others did not, and only they lead to more of them.
    NothingNew,
    /// Its paths repeat a segment, and say nothing new.
    Repeats,
    /// One page leads to more than a thousand that are one and the same.
    Flood,
}

impl std::fmt::Display for TrapKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TrapKind::NothingNew => "pages that say nothing new lead on and on",
            TrapKind::Repeats => "paths that repeat themselves",
            TrapKind::Flood => "one page with very many links to the same",
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            urls: u32::MAX,
            urls_per_host: u32::MAX,
            traps: None,
            levels: false,
        }
    }
}

/// Counts of URLs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Waiting for their turn.
    pub queued: usize,
    /// Those among them whose host is parked: this process does not hand them out.
    pub parked: usize,
    /// Handed out and not reported yet.
    pub leased: usize,
    /// Reported.
    pub done: usize,
    /// Held back, as part of a trap.
    pub held: usize,
}

impl Stats {
    /// Tells whether the crawl is over: nothing queued, nothing leased.
    pub fn is_finished(&self) -> bool {
        self.queued == 0 && self.leased == 0
    }
}
