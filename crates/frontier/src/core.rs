//! What every frontier decides alike: plain code, without I/O and without a clock.
//!
//! It knows URLs by number and fingerprint alone; their text is with whoever drives it.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use crate::canonical::host_of;
use crate::frontier::{Limits, Stats, Then, Token};
use crate::seen::Seen;
use crate::{CanonicalUrl, Host};

/// The state of a crawl: what is queued, what is out, what was ever seen.
#[derive(Debug)]
pub(crate) struct Core {
    limits: Limits,
    seen: Seen,
    by_name: HashMap<Host, usize>,
    hosts: Vec<HostState>,
    /// Hosts that may be leased, in the order of their turns.
    ready: VecDeque<usize>,
    /// Hosts that rest, by when they have rested.
    resting: BinaryHeap<Reverse<(Duration, usize)>>,
    /// Hosts that are leased.
    leased: BTreeSet<usize>,
    /// No lease expires before.
    no_expiry_before: Duration,
    /// The latest time that was heard of: a clock that goes back stands still.
    now: Duration,
    /// Tokens grow over all hosts, so that none is ever given twice.
    last_token: u64,
    /// How many URLs ever entered.
    urls: u32,
    stats: Stats,
}

/// What is known of one host. It is in `ready` or in `resting` if it has a queue and no lease.
#[derive(Debug)]
struct HostState {
    name: Host,
    queue: VecDeque<u32>,
    held: Option<Held>,
    /// How many of its URLs ever entered.
    urls: u32,
    delay: Duration,
    /// Not to be leased before.
    due: Duration,
    /// Not to be leased at all, by this process.
    is_parked: bool,
}

/// A lease as the frontier sees it.
#[derive(Debug)]
struct Held {
    token: Token,
    ttl: Duration,
    expires: Duration,
    /// Handed out, not reported.
    out: BTreeSet<u32>,
}

/// Whether a URL entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    New(u32),
    Known,
    Capped,
}

/// Where a URL that entered is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Queued,
    Done,
    Held,
}

/// A lease, its URLs by number.
#[derive(Debug)]
pub(crate) struct Leased {
    pub(crate) host: Host,
    pub(crate) token: Token,
    pub(crate) urls: Vec<u32>,
}

impl Core {
    pub(crate) fn new(limits: Limits) -> Self {
        Core {
            limits,
            seen: Seen::default(),
            by_name: HashMap::new(),
            hosts: Vec::new(),
            ready: VecDeque::new(),
            resting: BinaryHeap::new(),
            leased: BTreeSet::new(),
            no_expiry_before: Duration::MAX,
            now: Duration::ZERO,
            last_token: 0,
            urls: 0,
            stats: Stats::default(),
        }
    }

    /// Takes in a URL that was not seen before, if the limits let it.
    pub(crate) fn add(&mut self, url: &CanonicalUrl) -> Entry {
        if !self.seen.insert(url.as_str()) {
            return Entry::Known;
        }
        let host = self.host(host_of(url.as_str()));
        let of_host = self.hosts[host].urls;
        if self.urls >= self.limits.urls || of_host >= self.limits.urls_per_host {
            self.seen.remove(url.as_str());
            return Entry::Capped;
        }
        Entry::New(self.enter(host, true))
    }

    /// Takes in a URL that entered before this process began, in the order in which it did, and
    /// returns its host's place. [`restored`](Self::restored) follows on the last.
    pub(crate) fn restore(&mut self, url: &str, place: Place) -> usize {
        self.seen.insert_later(url);
        let host = self.host(host_of(url));
        self.enter(host, place == Place::Queued);
        self.stats.done += usize::from(place == Place::Done);
        self.stats.held += usize::from(place == Place::Held);
        host
    }

    pub(crate) fn restored(&mut self) {
        self.seen.settle();
    }

    pub(crate) fn reserve(&mut self, urls: usize) {
        self.seen.reserve(urls);
    }

    fn enter(&mut self, host: usize, is_queued: bool) -> u32 {
        self.urls += 1;
        let state = &mut self.hosts[host];
        state.urls += 1;
        if is_queued {
            state.queue.push_back(self.urls);
            self.stats.queued += 1;
            self.stats.parked += usize::from(state.is_parked);
            if state.queue.len() == 1 && state.held.is_none() {
                self.line_up(host);
            }
        }
        self.urls
    }

    /// Hands out up to `want` URLs.
    pub(crate) fn lease(&mut self, want: usize, ttl: Duration, now: Duration) -> Vec<Leased> {
        self.tick(now);
        let mut leases = Vec::new();
        let mut left = want;
        while left > 0
            && let Some(host) = self.ready.pop_front()
        {
            let share = (left / (self.ready.len() + 1)).max(1);
            self.last_token += 1;
            let token = Token(self.last_token);
            let expires = self.now.saturating_add(ttl);
            self.leased.insert(host);
            self.no_expiry_before = self.no_expiry_before.min(expires);
            let state = &mut self.hosts[host];
            state.held = Some(Held {
                token,
                ttl,
                expires,
                out: BTreeSet::new(),
            });
            let urls = state.take(share, &mut self.stats);
            left -= urls.len();
            leases.push(Leased {
                host: state.name.clone(),
                token,
                urls,
            });
        }
        leases
    }

    /// In how long a host is ready or a lease ends, if any is.
    pub(crate) fn next(&mut self, now: Duration) -> Option<Duration> {
        self.tick(now);
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let rested = self.resting.peek().map(|Reverse((due, _))| *due);
        let expired = (!self.leased.is_empty()).then_some(self.no_expiry_before);
        let next = rested.into_iter().chain(expired).min()?;
        Some(next.saturating_sub(self.now))
    }

    /// Tells whether a token is held.
    pub(crate) fn holds(&mut self, host: &Host, token: Token, now: Duration) -> bool {
        self.tick(now);
        self.held(host, token).is_some()
    }

    /// Tells whether a URL is out on a lease that is held.
    pub(crate) fn is_out(&self, host: &Host, token: Token, url: u32) -> bool {
        let held = self
            .held(host, token)
            .and_then(|host| self.hosts[host].held.as_ref());
        held.is_some_and(|held| held.out.contains(&url))
    }

    /// Takes a URL that is out as done; tells whether it was out.
    pub(crate) fn finish(&mut self, host: &Host, token: Token, url: u32) -> bool {
        let Some(host) = self.held(host, token) else {
            return false;
        };
        let held = self.hosts[host].held.as_mut();
        let was_out = held.is_some_and(|held| held.out.remove(&url));
        self.stats.leased -= usize::from(was_out);
        self.stats.done += usize::from(was_out);
        was_out
    }

    /// Sets how long a host rests; tells whether that is something new.
    pub(crate) fn set_delay(&mut self, host: &Host, delay: Duration) -> bool {
        let host = self.host(host.as_str());
        std::mem::replace(&mut self.hosts[host].delay, delay) != delay
    }

    /// Has a host, of which no URL has entered yet, rest from now on as after a lease.
    pub(crate) fn restore_delay(&mut self, host: &Host, delay: Duration, now: Duration) {
        self.tick(now);
        let host = self.host(host.as_str());
        let state = &mut self.hosts[host];
        (state.delay, state.due) = (delay, self.now.saturating_add(delay));
    }

    /// Extends a lease, or ends it; returns more of its URLs.
    pub(crate) fn go_on(&mut self, host: &Host, token: Token, then: Then) -> Vec<u32> {
        let Some(host) = self.held(host, token) else {
            return Vec::new();
        };
        let more = match then {
            Then::Keep { more } => more,
            Then::Release => {
                self.end_lease(host);
                return Vec::new();
            }
            Then::Park => {
                self.hosts[host].is_parked = true;
                self.end_lease(host);
                self.stats.parked += self.hosts[host].queue.len();
                return Vec::new();
            }
        };
        let share = more / (self.ready.len() + 1);
        let state = &mut self.hosts[host];
        let more = state.take(share, &mut self.stats);
        if let Some(held) = &mut state.held {
            held.expires = self.now.saturating_add(held.ttl);
            if held.out.is_empty() {
                self.end_lease(host);
            }
        }
        more
    }

    /// Takes a URL that is out from its lease, to be held; returns its host's place if it was out.
    pub(crate) fn hold(&mut self, host: &Host, token: Token, url: u32) -> Option<usize> {
        let host = self.held(host, token)?;
        let held = self.hosts[host].held.as_mut()?;
        if !held.out.remove(&url) {
            return None;
        }
        self.stats.leased -= 1;
        self.stats.held += 1;
        Some(host)
    }

    /// Queues what was held, as the next.
    pub(crate) fn release(&mut self, held: &[(usize, u32)]) {
        for (host, url) in held.iter().rev() {
            self.stats.held -= 1;
            self.stats.queued += 1;
            let state = &mut self.hosts[*host];
            state.queue.push_front(*url);
            self.stats.parked += usize::from(state.is_parked);
            if state.queue.len() == 1 && state.held.is_none() {
                self.line_up(*host);
            }
        }
    }

    /// The next of a host's URLs to be handed out.
    pub(crate) fn upcoming(&self, host: &Host, most: usize) -> impl Iterator<Item = u32> {
        let host = self.by_name.get(host).map(|host| &self.hosts[*host]);
        let queue = host.into_iter().flat_map(|host| &host.queue);
        queue.copied().take(most)
    }

    /// How many URLs ever entered.
    pub(crate) fn urls(&self) -> u32 {
        self.urls
    }

    pub(crate) fn stats(&self) -> Stats {
        self.stats
    }

    /// The host's place, if the token is held.
    fn held(&self, host: &Host, token: Token) -> Option<usize> {
        let host = *self.by_name.get(host)?;
        let held = self.hosts[host].held.as_ref()?;
        (held.token == token).then_some(host)
    }

    fn host(&mut self, name: &str) -> usize {
        if let Some(host) = self.by_name.get(name) {
            return *host;
        }
        let name = Host::named(name);
        self.by_name.insert(name.clone(), self.hosts.len());
        self.hosts.push(HostState {
            name,
            queue: VecDeque::new(),
            held: None,
            urls: 0,
            delay: Duration::ZERO,
            due: Duration::ZERO,
            is_parked: false,
        });
        self.hosts.len() - 1
    }

    /// Puts a host that has a queue and no lease where it waits for its turn.
    fn line_up(&mut self, host: usize) {
        if self.hosts[host].is_parked {
            return;
        }
        let due = self.hosts[host].due;
        if due <= self.now {
            self.ready.push_back(host);
        } else {
            self.resting.push(Reverse((due, host)));
        }
    }

    /// Ends a lease; what is out goes back to the head of the queue.
    fn end_lease(&mut self, host: usize) {
        let state = &mut self.hosts[host];
        let Some(held) = state.held.take() else {
            return;
        };
        self.leased.remove(&host);
        self.stats.leased -= held.out.len();
        self.stats.queued += held.out.len();
        for url in held.out.into_iter().rev() {
            state.queue.push_front(url);
        }
        state.due = self.now.saturating_add(state.delay);
        if !state.queue.is_empty() {
            self.line_up(host);
        }
    }

    /// Lets the time pass: hosts have rested, leases end.
    fn tick(&mut self, now: Duration) {
        self.now = self.now.max(now);
        if self.no_expiry_before <= self.now {
            self.no_expiry_before = Duration::MAX;
            for host in self.leased.clone() {
                let expires = self.hosts[host].held.as_ref().map(|held| held.expires);
                match expires {
                    Some(expires) if expires > self.now => {
                        self.no_expiry_before = self.no_expiry_before.min(expires);
                    }
                    _ => self.end_lease(host),
                }
            }
        }
        while let Some(Reverse((due, host))) = self.resting.peek().copied()
            && due <= self.now
        {
            self.resting.pop();
            self.ready.push_back(host);
        }
    }
}

impl HostState {
    /// Moves up to `most` URLs from the queue to the lease.
    fn take(&mut self, most: usize, stats: &mut Stats) -> Vec<u32> {
        let urls: Vec<_> = self.queue.drain(..most.min(self.queue.len())).collect();
        if let Some(held) = &mut self.held {
            held.out.extend(&urls);
        }
        stats.queued -= urls.len();
        stats.leased += urls.len();
        urls
    }
}
