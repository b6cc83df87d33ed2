//! What every frontier decides alike: plain code, without I/O and without a clock.
//!
//! It knows URLs by number and fingerprint alone; their text is with whoever drives it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use crate::canonical::host_of;
use crate::frontier::{Limits, Role, Stats, Then, Token};
use crate::seen::{Print, Seen, Standing, Taken};
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
    /// URLs that wait until all that are nearer to the seeds are done.
    later: Later,
}

/// What is not handed out before its level.
#[derive(Debug, Default)]
struct Later {
    /// How far from the seeds is what is handed out.
    level: u32,
    /// By how far away it is, in the order of entry. What moved nearer is passed over where it was.
    levels: BTreeMap<u32, Vec<Print>>,
    waiting: HashMap<Print, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    depth: u32,
    host: usize,
    url: u32,
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
    Known(Again),
    Capped,
}

/// What is learned of a URL that is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Again {
    /// It is known to be needed from now on.
    pub(crate) is_needed_now: bool,
    /// It is a guess that nobody has followed, and known to be more from now on.
    pub(crate) is_wanted_now: bool,
    /// It is nearer than it was: this one.
    pub(crate) nearer: Option<u32>,
}

/// Where a URL that entered is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Queued,
    Done,
    /// It was a guess, and wrong.
    DoneInVain,
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
            later: Later::default(),
        }
    }

    /// Takes in a URL that was not seen before, or was a guess in vain, if the limits let it.
    pub(crate) fn add(&mut self, url: &CanonicalUrl, role: Role, depth: u32) -> Entry {
        let print = self.seen.print(url.as_str(), role);
        let taken = self.seen.insert(print);
        if taken != Taken::New {
            return Entry::Known(Again {
                is_needed_now: taken == Taken::NeededToo,
                is_wanted_now: taken == Taken::WantedToo,
                nearer: self.move_nearer(print, depth),
            });
        }
        let host = self.host(host_of(url.as_str()));
        let of_host = self.hosts[host].urls;
        if self.urls >= self.limits.urls || of_host >= self.limits.urls_per_host {
            self.seen.remove(print);
            return Entry::Capped;
        }
        self.enter(host);
        self.queue(print, host, self.urls, depth);
        Entry::New(self.urls)
    }

    /// Takes in a URL that entered before this process began, in the order in which it did, and
    /// returns its host's place. [`restored`](Self::restored) follows on the last.
    pub(crate) fn restore(&mut self, url: &str, role: Role, depth: u32, place: Place) -> usize {
        let standing = match (role, place) {
            (Role::Guess, Place::Done) => Standing::Page,
            (Role::Guess, Place::DoneInVain) => Standing::Vain,
            (role, _) => role.into(),
        };
        let print = self.seen.stand(url, standing);
        self.seen.insert_later(print);
        let host = self.host(host_of(url));
        self.enter(host);
        if place == Place::Queued {
            self.queue(print, host, self.urls, depth);
        }
        self.stats.done += usize::from(matches!(place, Place::Done | Place::DoneInVain));
        self.stats.held += usize::from(place == Place::Held);
        host
    }

    pub(crate) fn restored(&mut self) {
        self.seen.settle();
    }

    /// Takes in that a URL is needed, after the last [`restore`](Self::restore).
    pub(crate) fn restore_needed(&mut self, url: &str) {
        self.seen.insert(self.seen.print(url, Role::Requisite));
    }

    /// Takes in what else a guess is, after the last [`restore`](Self::restore); tells whether nobody
    /// has followed it.
    pub(crate) fn restore_wanted(&mut self, url: &CanonicalUrl, role: Role) -> bool {
        let print = self.seen.print(url.as_str(), role);
        self.seen.insert(print) == Taken::WantedToo
    }

    /// Takes in what came of a guess.
    pub(crate) fn settle_guess(&mut self, url: &CanonicalUrl, in_vain: bool) {
        if in_vain {
            self.seen.set(url.as_str(), Standing::Vain);
        } else if self.seen.standing(url.as_str()) == Some(Standing::Guess) {
            self.seen.set(url.as_str(), Standing::Page);
        }
    }

    /// Tells whether a URL is needed by a document, as far as is known.
    pub(crate) fn is_needed(&self, url: &CanonicalUrl) -> bool {
        self.seen.standing(url.as_str()) == Some(Standing::Needed)
    }

    fn enter(&mut self, host: usize) {
        self.urls += 1;
        self.hosts[host].urls += 1;
    }

    /// Queues a URL, or has it wait for its level.
    fn queue(&mut self, print: Print, host: usize, url: u32, depth: u32) {
        self.stats.queued += 1;
        if self.limits.levels && depth > self.later.level {
            let waiting = Waiting { depth, host, url };
            self.later.waiting.insert(print, waiting);
            self.later.levels.entry(depth).or_default().push(print);
        } else {
            self.line_up_behind(host, url);
        }
    }

    fn line_up_behind(&mut self, host: usize, url: u32) {
        let state = &mut self.hosts[host];
        state.queue.push_back(url);
        self.stats.parked += usize::from(state.is_parked);
        if state.queue.len() == 1 && state.held.is_none() {
            self.line_up(host);
        }
    }

    /// Takes in that what waits for its level was found nearer; returns which it is.
    fn move_nearer(&mut self, print: Print, depth: u32) -> Option<u32> {
        let waiting = self.later.waiting.get(&print)?;
        let (host, url) = (waiting.host, waiting.url);
        if depth >= waiting.depth {
            return None;
        }
        self.later.waiting.remove(&print);
        self.stats.queued -= 1;
        self.queue(print, host, url, depth);
        Some(url)
    }

    /// Goes on to the next level for which there is something to do, once this one is done.
    fn advance(&mut self) {
        while self.stats.leased == 0
            && self.stats.queued == self.stats.parked + self.later.waiting.len()
            && let Some((depth, level)) = self.later.levels.pop_first()
        {
            self.later.level = depth;
            for print in level {
                if self
                    .later
                    .waiting
                    .get(&print)
                    .is_some_and(|it| it.depth == depth)
                    && let Some(Waiting { host, url, .. }) = self.later.waiting.remove(&print)
                {
                    self.line_up_behind(host, url);
                }
            }
        }
    }

    /// Hands out up to `want` URLs.
    pub(crate) fn lease(&mut self, want: usize, ttl: Duration, now: Duration) -> Vec<Leased> {
        self.tick(now);
        self.advance();
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
        self.advance();
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
        self.advance();
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
