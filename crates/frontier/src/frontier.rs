use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use crate::{CanonicalUrl, Host};

/// The state of a crawl: what is queued, what is out, what was ever seen.
#[derive(Debug, Default)]
pub struct Frontier {
    /// Every URL that ever entered.
    seen: HashSet<CanonicalUrl>,
    /// Hosts with something queued or leased, and no others.
    hosts: HashMap<Host, HostQueue>,
    /// Hosts with something queued and no lease, in the order of their turns.
    ready: VecDeque<Host>,
    /// Tokens grow over all hosts, so that none is ever given twice.
    last_token: u64,
    stats: Stats,
}

/// A URL that was found, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What was found.
    pub url: CanonicalUrl,
    /// Where it was found first; `None` for a seed.
    pub via: Option<CanonicalUrl>,
    /// How many redirects in a row led to it: 0 for a seed or a link.
    pub redirects: u8,
}

impl Found {
    /// A URL the crawl starts from.
    pub fn seed(url: CanonicalUrl) -> Self {
        Found {
            url,
            via: None,
            redirects: 0,
        }
    }

    /// A URL that the document at `page` refers to.
    pub fn on(page: &CanonicalUrl, url: CanonicalUrl) -> Self {
        Found {
            url,
            via: Some(page.clone()),
            redirects: 0,
        }
    }
}

/// Proof of holding a host. It grows: a later lease has a greater token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(u64);

/// A host, held by one holder until every URL taken is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "what is leased must be reported, or the crawl never finishes"]
pub struct Lease {
    /// The host.
    pub host: Host,
    /// To be shown with each report.
    pub token: Token,
    /// What to fetch, in this order; at least one.
    pub urls: Vec<Found>,
}

/// What became of leased URLs, and what more is wanted from their host.
#[derive(Clone, Debug)]
pub struct Report {
    /// The host of the lease.
    pub host: Host,
    /// The token of the lease.
    pub token: Token,
    /// Those that need no further work, whatever came of them.
    pub done: Vec<CanonicalUrl>,
    /// What was found on them. It is in the frontier before they count as done.
    pub found: Vec<Found>,
    /// How many more URLs the holder could take.
    pub want: usize,
}

/// The answer to a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reported {
    /// Taken in. Here are up to as many more URLs as were wanted, fewer if other hosts wait for
    /// their turn. The lease ends when all its URLs are reported and none are here.
    Accepted {
        /// More of the same lease.
        more: Vec<Found>,
    },
    /// The lease is no longer held; nothing was changed.
    Stale,
}

/// How many of the URLs that were added were new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Entered now.
    pub new: usize,
    /// Seen before.
    pub known: usize,
}

/// Counts of URLs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Waiting for their turn.
    pub queued: usize,
    /// Handed out and not reported yet.
    pub leased: usize,
    /// Reported.
    pub done: usize,
}

impl Stats {
    /// Tells whether the crawl is over: nothing queued, nothing leased.
    pub fn is_finished(&self) -> bool {
        self.queued == 0 && self.leased == 0
    }
}

impl Frontier {
    /// Makes an empty frontier.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what was found and not seen before, in this order.
    pub fn add(&mut self, found: impl IntoIterator<Item = Found>) -> Added {
        let mut added = Added::default();
        for found in found {
            if self.seen.insert(found.url.clone()) {
                added.new += 1;
                self.enqueue(found);
            } else {
                added.known += 1;
            }
        }
        added
    }

    /// Hands out up to `want` URLs, of as many hosts as are ready.
    pub fn lease(&mut self, want: usize) -> Vec<Lease> {
        let mut leases = Vec::new();
        let mut left = want;
        while left > 0
            && let Some(host) = self.ready.pop_front()
        {
            let share = (left / (self.ready.len() + 1)).max(1);
            self.last_token += 1;
            let token = Token(self.last_token);
            let Some(queue) = self.hosts.get_mut(&host) else {
                continue;
            };
            queue.lease = Some(Held {
                token,
                out: HashSet::new(),
            });
            let urls = queue.take(share, &mut self.stats);
            left -= urls.len();
            leases.push(Lease { host, token, urls });
        }
        leases
    }

    /// Takes in what became of leased URLs, and hands out more of the same host.
    pub fn report(&mut self, report: Report) -> Reported {
        let held = self.hosts.get(&report.host).and_then(|q| q.lease.as_ref());
        if held.is_none_or(|held| held.token != report.token) {
            return Reported::Stale;
        }
        self.add(report.found);
        let share = report.want / (self.ready.len() + 1);
        let Entry::Occupied(mut entry) = self.hosts.entry(report.host) else {
            return Reported::Stale;
        };
        let queue = entry.get_mut();
        if let Some(held) = &mut queue.lease {
            let done = report.done.iter().filter(|url| held.out.remove(*url));
            let done = done.count();
            self.stats.leased -= done;
            self.stats.done += done;
        }
        let more = queue.take(share, &mut self.stats);
        if queue.lease.as_ref().is_some_and(|held| held.out.is_empty()) {
            queue.lease = None;
            if queue.urls.is_empty() {
                entry.remove();
            } else {
                self.ready.push_back(entry.key().clone());
            }
        }
        Reported::Accepted { more }
    }

    /// Counts.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    fn enqueue(&mut self, found: Found) {
        self.stats.queued += 1;
        match self.hosts.entry(found.url.host()) {
            Entry::Occupied(mut entry) => entry.get_mut().urls.push_back(found),
            Entry::Vacant(entry) => {
                self.ready.push_back(entry.key().clone());
                entry.insert(HostQueue {
                    urls: VecDeque::from([found]),
                    lease: None,
                });
            }
        }
    }
}

/// What is known of one host.
#[derive(Debug)]
struct HostQueue {
    urls: VecDeque<Found>,
    lease: Option<Held>,
}

/// A lease as the frontier sees it.
#[derive(Debug)]
struct Held {
    token: Token,
    /// Handed out, not reported.
    out: HashSet<CanonicalUrl>,
}

impl HostQueue {
    /// Moves up to `most` URLs from the queue to the lease.
    fn take(&mut self, most: usize, stats: &mut Stats) -> Vec<Found> {
        let urls: Vec<_> = self.urls.drain(..most.min(self.urls.len())).collect();
        if let Some(held) = &mut self.lease {
            held.out.extend(urls.iter().map(|found| found.url.clone()));
        }
        stats.queued -= urls.len();
        stats.leased += urls.len();
        urls
    }
}
