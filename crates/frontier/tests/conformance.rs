//! What every frontier promises, asked of each of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::Future;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use dragline_frontier::{
    Added, CanonicalUrl, Clock, Content, Done, Found, Frontier, InMemory, Item, Journal,
    JournalOptions, Lease, Leases, Limits, Report, Reported, Role, Stats, Then, Trap, Want,
};
use futures::executor::block_on;
use proptest::prelude::*;
use tempfile::TempDir;

/// A frontier under test, with a clock of its own that stands still.
trait Backend: Frontier + Sized {
    fn make(limits: Limits, clock: Clock) -> (Self, Home);

    /// What is there after the process was killed, if anything is.
    fn reopen(home: &Home, clock: Clock) -> Option<Self>;

    fn reopen_with(home: &Home, limits: Limits) -> Option<Self>;
}

/// Where it lives.
type Home = Option<TempDir>;

impl Backend for InMemory {
    fn make(limits: Limits, clock: Clock) -> (Self, Home) {
        (InMemory::new(limits, clock), None)
    }

    fn reopen(_: &Home, _: Clock) -> Option<Self> {
        None
    }

    fn reopen_with(_: &Home, _: Limits) -> Option<Self> {
        None
    }
}

impl Backend for Journal {
    fn make(limits: Limits, clock: Clock) -> (Self, Home) {
        let folder = tempfile::tempdir().unwrap();
        let options = JournalOptions {
            limits,
            clock,
            ..JournalOptions::default()
        };
        let journal = Journal::open(&folder.path().join("journal.db"), options).unwrap();
        (journal, Some(folder))
    }

    fn reopen(home: &Home, clock: Clock) -> Option<Self> {
        let options = JournalOptions {
            clock,
            ..JournalOptions::default()
        };
        let path = home.as_ref()?.path().join("journal.db");
        Some(Journal::open(&path, options).unwrap())
    }

    fn reopen_with(home: &Home, limits: Limits) -> Option<Self> {
        let options = JournalOptions {
            limits,
            clock: Time::default().clock(),
            ..JournalOptions::default()
        };
        let path = home.as_ref()?.path().join("journal.db");
        Some(Journal::open(&path, options).unwrap())
    }
}

/// A test for each backend.
macro_rules! conform {
    ($($(#[$attribute:meta])* fn $name:ident<$backend:ident>() $body:block)*) => {$(
        mod $name {
            use super::*;

            fn check<$backend: Backend>() $body

            $(#[$attribute])*
            #[test]
            fn in_memory() {
                check::<InMemory>();
            }

            $(#[$attribute])*
            #[test]
            fn journal() {
                check::<Journal>();
            }
        }
    )*};
}

/// Tells milliseconds that a test sets.
#[derive(Clone, Default)]
struct Time(Arc<AtomicU64>);

impl Time {
    fn clock(&self) -> Clock {
        let millis = Arc::clone(&self.0);
        Clock::new(move || Duration::from_millis(millis.load(Ordering::SeqCst)))
    }

    fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }
}

fn new<B: Backend>() -> (B, Home) {
    B::make(Limits::default(), Time::default().clock())
}

fn url(host: usize, page: usize) -> CanonicalUrl {
    CanonicalUrl::parse(&format!("http://h{host}/{page}")).unwrap()
}

fn seed(host: usize, page: usize) -> Found {
    Found::seed(url(host, page))
}

fn add(frontier: &impl Frontier, found: impl IntoIterator<Item = Found>) -> Added {
    block_on(frontier.add(found.into_iter().collect())).unwrap()
}

fn lease(frontier: &impl Frontier, urls: usize) -> Leases {
    let ttl = Duration::from_millis(100);
    block_on(frontier.lease(Want { urls, ttl })).unwrap()
}

fn one(frontier: &impl Frontier, urls: usize) -> Lease {
    let mut leases = lease(frontier, urls).leases;
    assert_eq!(leases.len(), 1);
    leases.remove(0)
}

fn stats(frontier: &impl Frontier) -> Stats {
    block_on(frontier.stats()).unwrap()
}

/// A report that these are done, with nothing found on them.
fn done(lease: &Lease, items: &[Item], more: usize) -> Report {
    let done = items.iter().map(|item| Done {
        id: item.id,
        record: format!("kept {}", item.url),
        found: Vec::new(),
        if_needed: None,
        in_vain: false,
        content: None,
    });
    Report {
        host: lease.host.clone(),
        token: lease.token,
        done: done.collect(),
        delay: None,
        then: Then::Keep { more },
    }
}

fn report(frontier: &impl Frontier, report: Report) -> Reported {
    block_on(frontier.report(report)).unwrap()
}

fn accepted(frontier: &impl Frontier, of: Report) -> Vec<Item> {
    match report(frontier, of) {
        Reported::Accepted { more } => more,
        Reported::Stale => panic!("the lease is held"),
    }
}

fn urls(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.url.as_str()).collect()
}

conform! {
    fn a_url_enters_once<B>() {
        let (frontier, _home) = new::<B>();
        let added = add(&frontier, [seed(0, 1), seed(0, 2), seed(0, 1)]);
        assert_eq!(added, Added { new: 2, known: 1, capped: 0 });
        let held = one(&frontier, 9);
        assert_eq!(add(&frontier, [seed(0, 1)]).known, 1);
        accepted(&frontier, done(&held, &held.items, 9));
        assert_eq!(add(&frontier, [seed(0, 1)]).known, 1);
        assert!(stats(&frontier).is_finished());
    }

    fn what_is_not_done_is_left<B>() {
        let (mut frontier, home) = new::<B>();
        let left = |frontier: &B| {
            block_on(frontier.flush()).unwrap();
            let mut left = Vec::new();
            block_on(frontier.left(|url| left.push(url))).unwrap();
            left
        };
        assert_eq!(left(&frontier), []);
        add(&frontier, [seed(0, 1), seed(1, 2), seed(0, 3)]);
        let held = lease(&frontier, 1).leases.remove(0);
        assert_eq!(left(&frontier), [url(0, 1), url(1, 2), url(0, 3)]);
        let mut of = done(&held, &held.items, 0);
        of.done[0].found = vec![Found::link(url(1, 4))];
        of.then = Then::Park;
        accepted(&frontier, of);
        let expected = [url(1, 2), url(0, 3), url(1, 4)];
        assert_eq!(left(&frontier), expected);
        if home.is_some() {
            drop(frontier);
            frontier = B::reopen(&home, Clock::default()).unwrap();
            assert_eq!(left(&frontier), expected);
        }
    }

    fn urls_of_a_host_come_first_in_first_out<B>() {
        let (frontier, _home) = new::<B>();
        add(&frontier, (0..4).map(|page| seed(0, page)));
        let held = one(&frontier, 2);
        assert_eq!(urls(&held.items), ["http://h0/0", "http://h0/1"]);
        let more = accepted(&frontier, done(&held, &held.items, 9));
        assert_eq!(urls(&more), ["http://h0/2", "http://h0/3"]);
    }

    fn a_host_has_one_lease_at_a_time<B>() {
        let (frontier, _home) = new::<B>();
        add(&frontier, [seed(0, 0), seed(0, 1)]);
        let first = one(&frontier, 1);
        assert!(lease(&frontier, 9).leases.is_empty());
        accepted(&frontier, done(&first, &first.items, 0));
        let second = one(&frontier, 9);
        assert_eq!(urls(&second.items), ["http://h0/1"]);
        assert!(second.token > first.token);
    }

    fn a_stale_report_changes_nothing<B>() {
        let (frontier, _home) = new::<B>();
        add(&frontier, [seed(0, 0), seed(0, 1)]);
        let old = one(&frontier, 1);
        accepted(&frontier, done(&old, &old.items, 0));
        let held = one(&frontier, 1);
        let before = stats(&frontier);
        let mut stale = done(&old, &held.items, 9);
        stale.done[0].found = vec![Found::link(url(0, 7))];
        stale.delay = Some(Duration::from_secs(9));
        stale.then = Then::Release;
        assert_eq!(report(&frontier, stale), Reported::Stale);
        assert_eq!(stats(&frontier), before);
        assert_eq!(add(&frontier, [seed(0, 7)]).new, 1);
        assert_eq!(accepted(&frontier, done(&held, &held.items, 1)).len(), 1);
    }

    fn a_url_is_done_once<B>() {
        let (frontier, _home) = new::<B>();
        add(&frontier, [seed(0, 0), seed(0, 1)]);
        let held = one(&frontier, 2);
        accepted(&frontier, done(&held, &held.items[..1], 0));
        accepted(&frontier, done(&held, &held.items[..1], 0));
        assert_eq!((stats(&frontier).leased, stats(&frontier).done), (1, 1));
        block_on(frontier.flush()).unwrap();
        assert_eq!(block_on(frontier.done(0, 9)).unwrap().len(), 1);
    }

    fn hosts_share_what_is_wanted_and_take_turns<B>() {
        let (frontier, _home) = new::<B>();
        add(&frontier, (0..8).flat_map(|page| [seed(0, page), seed(1, page)]));
        let held = lease(&frontier, 4).leases;
        assert_eq!(held.iter().map(|held| held.items.len()).collect::<Vec<_>>(), [2, 2]);

        // With room for one only, a host that is not done makes way for the next.
        let (frontier, _home) = new::<B>();
        add(&frontier, (0..2).flat_map(|page| [seed(0, page), seed(1, page)]));
        let mut hosts = Vec::new();
        while let Some(held) = lease(&frontier, 1).leases.pop() {
            hosts.push(held.host.to_string());
            assert!(accepted(&frontier, done(&held, &held.items, 1)).is_empty());
        }
        assert_eq!(hosts, ["h0", "h1", "h0", "h1"]);
    }

    fn what_is_found_is_in_before_its_page_is_done<B>() {
        let (frontier, _home) = new::<B>();
        add(&frontier, [seed(0, 0)]);
        let held = one(&frontier, 1);
        let mut page = done(&held, &held.items, 0);
        page.done[0].found = vec![Found { redirects: 3, ..Found::link(url(1, 0)) }];
        accepted(&frontier, page);
        assert!(!stats(&frontier).is_finished());
        let held = one(&frontier, 1);
        assert_eq!(held.items[0].via, Some(url(0, 0)));
        assert_eq!(held.items[0].redirects, 3);
    }

    /// Of a page: its links one farther, what it needs and redirects to as far; as it was first found.
    fn what_is_found_is_as_far_from_a_seed_as_the_way_to_it<B>() {
        let (frontier, home) = new::<B>();
        add(&frontier, [seed(0, 0)]);
        for depth in 0..3 {
            let page = 10 * usize::try_from(depth).unwrap();
            let held = one(&frontier, 1);
            assert_eq!((held.items[0].depth, held.items[0].role), (depth, Role::Page));
            let redirect = Found { redirects: 1, ..Found::link(url(0, page + 2)) };
            let mut of = done(&held, &held.items, 9);
            of.done[0].found = vec![
                Found::requisite(url(0, page + 1)),
                redirect,
                Found::link(url(0, page + 10)),
                Found::requisite(url(0, page + 10)),
            ];
            let depths = of.done[0].found.iter().map(|found| held.items[0].depth_of(found));
            assert_eq!(depths.collect::<Vec<_>>(), [depth, depth, depth + 1, depth]);
            let more = accepted(&frontier, of);
            let found: Vec<_> = more.iter().map(|item| (item.depth, item.role)).collect();
            let (page, requisite) = (Role::Page, Role::Requisite);
            assert_eq!(found, [(depth, requisite), (depth, page), (depth + 1, page)]);
            accepted(&frontier, done(&held, &more[..2], 0));
            accepted(&frontier, Report { then: Then::Release, ..done(&held, &[], 0) });
        }
        block_on(frontier.flush()).unwrap();
        drop(frontier);
        if let Some(frontier) = B::reopen(&home, Clock::default()) {
            assert_eq!(one(&frontier, 9).items[0].depth, 3);
        }
    }

    /// A redirect that was found as a page leads where it does as what a page needs, if it is that
    /// too: whether that comes out before or after it is done, and also after a kill.
    fn a_redirect_that_is_needed_leads_on_whatever_comes_first<B>() {
        let onward = |page| Some(Found { redirects: 1, ..Found::requisite(url(0, page)) });
        for kill in [None, Some(1), Some(2), Some(3)] {
            for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
                let (mut frontier, home) = new::<B>();
                // 1 redirects to 2, and that to 4 if it is needed; 3 needs 1.
                add(&frontier, [seed(0, 1), seed(0, 2), seed(0, 3)]);
                let mut held = one(&frontier, 3);
                for (step, page) in order.iter().enumerate() {
                    if kill == Some(step) && home.is_some() {
                        drop(frontier);
                        frontier = B::reopen(&home, Clock::default()).unwrap();
                        held = one(&frontier, 3);
                    }
                    let item = held.items.iter().find(|item| item.url == url(0, *page)).unwrap();
                    let mut of = done(&held, std::slice::from_ref(item), 0);
                    let page_done = &mut of.done[0];
                    match page {
                        1 => {
                            page_done.found = vec![Found { redirects: 1, ..Found::link(url(0, 2)) }];
                            page_done.if_needed = onward(2);
                        }
                        2 => page_done.if_needed = onward(4),
                        _ => page_done.found = vec![Found::requisite(url(0, 1))],
                    }
                    accepted(&frontier, of);
                }
                if kill == Some(3) && home.is_some() {
                    drop(frontier);
                    frontier = B::reopen(&home, Clock::default()).unwrap();
                }
                let last = one(&frontier, 9);
                assert_eq!(urls(&last.items), ["http://h0/4"], "{order:?}, killed at {kill:?}");
                assert_eq!(last.items[0].role, Role::Requisite);
                assert_eq!(last.items[0].via, Some(url(0, 2)));
            }
        }
    }

    /// A guess in vain enters once more as what else it is found as, whichever came first, and also after
    /// a kill; one that is right does not.
    fn a_guess_in_vain_is_none_if_it_is_more_whatever_comes_first<B>() {
        let guess = || Found::guess(url(0, 9));
        let link = || Found::link(url(0, 9));
        let needed = || Found::requisite(url(0, 9));
        let cases: [&[Found]; 5] = [
            &[],
            &[guess()],
            &[link()],
            &[needed()],
            &[link(), needed(), guess()],
        ];
        for (more, in_vain) in cases.iter().flat_map(|it| [(it, true), (it, false)]) {
            // How many of the others are found before the guess is done, and when the process is killed.
            let last = more.len();
            for (early, kill) in (0..=last).flat_map(|n| (0..=last + 2).map(move |kill| (n, kill))) {
                let (mut frontier, home) = new::<B>();
                add(&frontier, (0..=last).map(|page| seed(0, page)));
                // The first page finds the guess, each other one of the rest.
                let mut steps: Vec<_> = (1..=last).map(|n| (n, Some(more[n - 1].clone()))).collect();
                steps.insert(early, (9, None));
                steps.insert(0, (0, Some(guess())));
                for (number, (page, found)) in steps.into_iter().enumerate() {
                    if kill == number && home.is_some() {
                        drop(frontier);
                        frontier = B::reopen(&home, Clock::default()).unwrap();
                    }
                    let held = one(&frontier, 99);
                    let items = held.items.iter().filter(|item| item.url == url(0, page));
                    let mut of = done(&held, &[items.clone().next().unwrap().clone()], 0);
                    of.done[0].in_vain = in_vain && page == 9;
                    of.done[0].found = found.into_iter().collect();
                    of.then = Then::Release;
                    accepted(&frontier, of);
                }
                if kill == last + 2 && home.is_some() {
                    drop(frontier);
                    frontier = B::reopen(&home, Clock::default()).unwrap();
                }
                let again = lease(&frontier, 99).leases.into_iter().flat_map(|held| held.items);
                let again: Vec<_> = again.map(|item| (item.url, item.role)).collect();
                // Once it has entered as a page, it is handed out as that.
                let known = if early == 0 { &more[..last.min(1)] } else { &more[..early] };
                let in_earnest = known.iter().map(|found| found.role).filter(|role| *role != Role::Guess);
                let wanted = in_earnest.max().filter(|_| in_vain).map(|role| (url(0, 9), role));
                assert_eq!(again, Vec::from_iter(wanted), "{more:?}, {early} early, killed at {kill}");
            }
        }
    }

    fn a_redirect_that_nothing_needs_leads_where_pages_lead<B>() {
        let (frontier, _home) = new::<B>();
        add(&frontier, [seed(0, 1)]);
        let held = one(&frontier, 1);
        let mut of = done(&held, &held.items, 9);
        of.done[0].if_needed = Some(Found::requisite(url(0, 2)));
        assert!(accepted(&frontier, of).is_empty());
        assert!(stats(&frontier).is_finished());
    }

    fn a_host_rests_between_two_leases<B>() {
        let time = Time::default();
        let (frontier, _home) = B::make(Limits::default(), time.clock());
        add(&frontier, (0..4).map(|page| seed(0, page)));
        let held = one(&frontier, 1);
        let delay = Some(Duration::from_millis(10));
        accepted(&frontier, Report { delay, ..done(&held, &held.items, 0) });
        let early = lease(&frontier, 9);
        assert_eq!((early.leases.len(), early.next), (0, Some(Duration::from_millis(10))));
        time.set(9);
        assert!(lease(&frontier, 9).leases.is_empty());
        time.set(10);
        let held = one(&frontier, 1);
        // Given back or expired, it is the same.
        accepted(&frontier, Report { then: Then::Release, ..done(&held, &[], 0) });
        assert!(lease(&frontier, 9).leases.is_empty());
        time.set(20);
        let _lost = one(&frontier, 1);
        time.set(120);
        assert!(lease(&frontier, 9).leases.is_empty());
        time.set(130);
        assert_eq!(urls(&one(&frontier, 9).items).len(), 3);
    }

    fn a_parked_host_is_not_handed_out_again_by_this_process<B>() {
        let (frontier, home) = new::<B>();
        add(&frontier, [seed(0, 0), seed(0, 1), seed(1, 0)]);
        let Leases { leases, .. } = lease(&frontier, 2);
        let [dead, other] = &leases[..] else { panic!("{leases:?}") };
        accepted(&frontier, Report { then: Then::Park, ..done(dead, &[], 0) });
        add(&frontier, [seed(0, 2)]);
        accepted(&frontier, done(other, &other.items, 0));
        assert!(lease(&frontier, 9).leases.is_empty());
        let parked = Stats { queued: 3, parked: 3, leased: 0, done: 1, held: 0 };
        assert_eq!(stats(&frontier), parked);
        block_on(frontier.close()).unwrap();
        drop(frontier);
        if let Some(again) = B::reopen(&home, Clock::default()) {
            assert_eq!(urls(&one(&again, 9).items), ["http://h0/0", "http://h0/1", "http://h0/2"]);
        }
    }

    fn a_lease_that_is_not_reported_on_expires<B>() {
        let time = Time::default();
        let (frontier, _home) = B::make(Limits::default(), time.clock());
        add(&frontier, (0..3).map(|page| seed(0, page)));
        let lost = one(&frontier, 2);
        time.set(60);
        accepted(&frontier, done(&lost, &lost.items[..1], 0));
        time.set(159);
        let early = lease(&frontier, 9);
        assert_eq!((early.leases.len(), early.next), (0, Some(Duration::from_millis(1))));
        time.set(160);
        assert_eq!(report(&frontier, done(&lost, &lost.items[1..], 0)), Reported::Stale);
        assert_eq!(urls(&one(&frontier, 9).items), ["http://h0/1", "http://h0/2"]);
    }

    fn what_is_given_back_is_the_next_again<B>() {
        let (frontier, _home) = new::<B>();
        add(&frontier, (0..4).map(|page| seed(0, page)));
        let held = one(&frontier, 3);
        let back = Report { then: Then::Release, ..done(&held, &held.items[1..2], 0) };
        assert!(accepted(&frontier, back).is_empty());
        assert_eq!(stats(&frontier), Stats { queued: 3, done: 1, ..Stats::default() });
        assert_eq!(urls(&one(&frontier, 9).items), ["http://h0/0", "http://h0/2", "http://h0/3"]);
    }

    fn a_clock_that_jumps_does_no_harm<B>() {
        let time = Time::default();
        time.set(1000);
        let (frontier, _home) = B::make(Limits::default(), time.clock());
        add(&frontier, (0..3).map(|page| seed(0, page)));
        let held = one(&frontier, 1);
        time.set(0);
        let delay = Some(Duration::from_millis(5));
        accepted(&frontier, Report { delay, ..done(&held, &held.items, 0) });
        assert_eq!(lease(&frontier, 9).next, Some(Duration::from_millis(5)));
        time.set(u64::MAX);
        let held = one(&frontier, 9);
        accepted(&frontier, done(&held, &held.items, 0));
        assert!(stats(&frontier).is_finished());
    }

    fn no_more_enter_than_the_limits_let<B>() {
        let limits = Limits { urls: 3, urls_per_host: 2, ..Limits::default() };
        let (frontier, _home) = B::make(limits, Clock::default());
        let added = add(&frontier, (0..3).flat_map(|page| [seed(0, page), seed(1, page)]));
        assert_eq!(added, Added { new: 3, known: 0, capped: 3 });
        assert_eq!(add(&frontier, [seed(0, 1)]), Added { new: 0, known: 1, capped: 0 });
        assert_eq!(stats(&frontier).queued, 3);
    }

    /// Each call, dropped at each of its polls: it took effect in full or not at all.
    fn a_call_that_is_dropped_takes_effect_in_full_or_not_at_all<B>() {
        let (frontier, _home) = new::<B>();
        add(&frontier, [seed(0, 0)]);
        let mut held = one(&frontier, 1);
        for page in 1..20 {
            let before = stats(&frontier);
            let mut next = done(&held, &held.items, 1);
            next.done[0].found = vec![Found::link(url(0, page)), Found::link(url(0, 99 + page))];
            let was_done = {
                let reporting = pin!(frontier.report(next.clone()));
                poll_for_a_while(reporting, page)
            };
            let after = stats(&frontier);
            match was_done {
                Some(Ok(Reported::Accepted { more })) => held.items = more,
                _ if after == before => held.items = accepted(&frontier, next),
                _ => panic!("neither in full nor not at all"),
            }
            assert_eq!(stats(&frontier), Stats { queued: page, leased: 1, done: page, parked: 0, held: 0 });
        }
    }

    fn what_is_done_is_kept_in_order<B>() {
        let (frontier, _home) = new::<B>();
        add(&frontier, (0..3).map(|page| seed(0, page)));
        let held = one(&frontier, 3);
        let mut second = done(&held, &held.items[1..2], 0);
        second.done[0].found = vec![Found::link(url(0, 9))];
        accepted(&frontier, second);
        let last = accepted(&frontier, done(&held, &held.items[..1], 1));
        accepted(&frontier, done(&held, &last, 0));
        block_on(frontier.flush()).unwrap();
        let past = block_on(frontier.done(1, 9)).unwrap();
        assert_eq!(past[0].url, url(0, 0));
        assert_eq!((&past[1].url, past[1].via.as_ref()), (&url(0, 9), Some(&url(0, 1))));
        assert_eq!(past[1].record, "kept http://h0/9");
        assert_eq!(block_on(frontier.done(0, 1)).unwrap()[0].url, url(0, 1));
    }

    /// Reopened equals before, but for what was out.
    fn reopened_it_goes_on<B>() {
        let time = Time::default();
        let (frontier, home) = B::make(Limits::default(), time.clock());
        add(&frontier, (0..6).flat_map(|page| [seed(0, page), seed(1, page)]));
        let held = lease(&frontier, 4).leases;
        let mut page = done(&held[0], &held[0].items[..1], 1);
        page.delay = Some(Duration::from_millis(50));
        page.done[0].found = vec![Found::link(url(2, 0))];
        accepted(&frontier, page);
        block_on(frontier.flush()).unwrap();
        let before = stats(&frontier);
        let past = block_on(frontier.done(0, 9)).unwrap();
        drop(frontier);
        let Some(frontier) = B::reopen(&home, time.clock()) else {
            return;
        };
        let Stats { queued, leased, done, .. } = before;
        assert_eq!(stats(&frontier), Stats { queued: queued + leased, done, ..Stats::default() });
        assert_eq!(block_on(frontier.done(0, 9)).unwrap(), past);
        assert_eq!(add(&frontier, [seed(0, 0), seed(2, 0)]).known, 2);
        // The delay is kept; other hosts go on in their order.
        let other: Vec<_> = lease(&frontier, 99).leases;
        assert_eq!(other.len(), 2);
        assert_eq!(urls(&other[0].items)[..2], ["http://h1/0", "http://h1/1"]);
        assert_eq!(other[1].items[0].via, Some(url(0, 0)));
        time.set(50);
        let rested = one(&frontier, 9);
        assert_eq!(urls(&rested.items)[..2], ["http://h0/1", "http://h0/2"]);
        drop(frontier);
        // Again, with nothing done in between.
        let frontier = B::reopen(&home, Clock::default()).unwrap();
        assert_eq!(stats(&frontier), Stats { queued: queued + leased, done, ..Stats::default() });
    }

    /// A site of 20 good pages, with a space that never ends beside it.
    fn a_trap_is_left_and_all_good_pages_are_fetched<B>() {
        for (name, space) in SPACES {
            let crawled = crawl_site::<B>(4, usize::MAX, |path| page_of_twenty(path, space));
            let good = crawled.paths.iter().filter(|path| path.starts_with("/good")).count();
            assert_eq!(good, 20, "{name}");
            assert!(crawled.paths.len() <= 42, "{name}: {} requests", crawled.paths.len());
            assert!(!crawled.traps.is_empty(), "{name}");
            assert_eq!(
                crawled.traps.iter().map(|trap| trap.held).sum::<u64>(),
                u64::try_from(crawled.stats.held).unwrap(),
                "{name}"
            );
        }
    }

    /// Killed anywhere, it holds back what it would have.
    fn a_trap_is_left_also_after_a_kill<B>() {
        let (_, calendar) = SPACES[0];
        for kill in [5, 15, 24] {
            let crawled = crawl_site::<B>(4, kill, |path| page_of_twenty(path, calendar));
            let good = crawled.paths.iter().filter(|path| path.starts_with("/good"));
            assert_eq!(good.collect::<HashSet<_>>().len(), 20);
            assert!(crawled.paths.len() <= 42, "{} requests", crawled.paths.len());
            assert_eq!(crawled.traps[0].shape, "/cal/N");
        }
    }

    /// Each page is in the index, and differs from the others by its number alone.
    fn a_big_flat_site_is_no_trap<B>() {
        for link in ["/p/", "/?id="] {
            let crawled = crawl_site::<B>(8, usize::MAX, |path| match path {
                "/" => ("index".to_owned(), (0..3000).map(|n| format!("{link}{n:06}")).collect()),
                path => (format!("page {path}"), vec!["/".to_owned()]),
            });
            assert_eq!(crawled.paths.len(), 3001);
            assert!(crawled.traps.is_empty());
        }
    }

    /// Each page leads to the next alone, and says something of its own.
    fn a_long_chain_of_pages_that_say_something_is_no_trap<B>() {
        let crawled = crawl_site::<B>(4, usize::MAX, |path| {
            let n: usize = path.trim_start_matches("/?page=").parse().unwrap_or(0);
            (format!("the story of {}", letters(n)), (n < 500).then(|| format!("/?page={}", n + 1)).into_iter().collect())
        });
        assert_eq!(crawled.paths.len(), 501);
    }

    /// Each page leads to the next alone, with the same words around another picture, or around
    /// links to other articles.
    fn a_gallery_and_a_list_are_no_traps<B>() {
        for kill in [usize::MAX, 100] {
            for items in ["/picture/", "/article/"] {
                let crawled = crawl_site::<B>(4, kill, |path| {
                    if path.starts_with(items) {
                        return (format!("the story of {}", letters(number(path))), Vec::new());
                    }
                    let n = number(path);
                    let next = (n < 200).then(|| format!("/?page={}", n + 1));
                    (format!("page {n}"), next.into_iter().chain([format!("{items}{n}")]).collect())
                });
                let all: HashSet<_> = crawled.paths.iter().collect();
                assert_eq!(all.len(), 402, "{items}");
            }
        }
    }

    /// As servers list folders: the tables say the same, and each can be sorted in four ways.
    fn the_files_of_folders_do_not_wait_for_tables_sorted_otherwise<B>() {
        for kill in [usize::MAX, 100] {
            let crawled = crawl_site::<B>(4, kill, |path| {
                let (folder, file) = path.rsplit_once('/').unwrap();
                let sorted = ["?C=N;O=D", "?C=M", "?C=S", "?C=D"].map(|it| format!("{folder}/{it}"));
                match (folder, file.split('?').next().unwrap()) {
                    ("", "") => ("index".to_owned(), (0..100).map(|n| format!("/{}/", letters(n))).collect()),
                    (folder, "") => (
                        format!("{folder} changelog copyright"),
                        sorted.into_iter().chain(["changelog", "copyright"].map(|it| format!("{folder}/{it}"))).collect(),
                    ),
                    (folder, file) => (format!("the {file} of {folder} by {folder}{file}"), Vec::new()),
                }
            });
            let files = crawled.paths.iter().filter(|path| path.ends_with('t') || path.ends_with('g'));
            assert_eq!(files.collect::<HashSet<_>>().len(), 200);
            assert!(crawled.paths.len() < 380, "{} requests", crawled.paths.len());
            let shapes = crawled.traps.iter().map(|trap| &*trap.shape);
            assert_eq!(shapes.collect::<HashSet<_>>(), HashSet::from(["/*?C", "/*?C&O"]));
        }
    }

    /// Nothing is held for which there is room, not when nothing else is left to do either.
    fn what_is_held_no_longer_is_fetched_also_after_a_kill<B>() {
        let page = |path: &str| match path {
            "/" => ("index".to_owned(), ["/a/", "/b/", "/good/0"].map(str::to_owned).to_vec()),
            "/b/" => ("the same".to_owned(), (0..40).map(|n| format!("/b/{n}/")).collect()),
            good if good.starts_with("/good/") => {
                // The last one is the thirtieth answer that says something new, and earns one more.
                let next = (number(good) < 27).then(|| format!("/good/{}", number(good) + 1));
                (format!("good {}", letters(number(good))), next.into_iter().collect())
            }
            _ => ("the same".to_owned(), Vec::new()),
        };
        let all = crawl_site::<B>(1, usize::MAX, page).paths.len();
        for kill in 1..all {
            let crawled = crawl_site::<B>(1, kill, page);
            assert_eq!(crawled.paths.iter().collect::<HashSet<_>>().len(), all, "killed at {kill}");
        }
    }

    /// A third of what one page leads to is the very same, and of the first all.
    fn what_one_page_leads_to_is_fetched_also_after_a_kill<B>() {
        for kill in [usize::MAX, 10, 20, 30, 45] {
            let crawled = crawl_site::<B>(4, kill, |path| match path {
                "/" => ("index".to_owned(), (0..1500).map(|n| format!("/x/{n}")).collect()),
                path if number(path) < 16 || number(path) % 3 == 1 => ("the same".to_owned(), Vec::new()),
                path => (format!("news of {}", letters(number(path))), Vec::new()),
            });
            assert_eq!(crawled.paths.iter().collect::<HashSet<_>>().len(), 1501, "killed at {kill}");
        }
    }

    /// And what is held is fetched once more may be.
    fn a_higher_limit_is_heeded_by_who_goes_on<B>() {
        let limits = |free| Limits { traps: Some(free), ..Limits::default() };
        let (frontier, home) = B::make(limits(0), Time::default().clock());
        add(&frontier, [seed(0, 0), seed(0, 1)]);
        let held = one(&frontier, 9);
        for item in &held.items {
            let mut page = done(&held, std::slice::from_ref(item), 9);
            page.done[0].content = Some(Content::of(b"the same", 1, &item.url));
            page.done[0].found = (0..5).map(|n| Found::link(url(0, 10 + n))).collect();
            if item.url == url(0, 0) {
                page.done[0].found.clear();
            }
            accepted(&frontier, page);
        }
        assert_eq!((stats(&frontier).held, stats(&frontier).is_finished()), (5, true));
        block_on(frontier.flush()).unwrap();
        drop(frontier);
        let Some(frontier) = B::reopen_with(&home, limits(4)) else {
            return;
        };
        assert_eq!((stats(&frontier).held, stats(&frontier).queued), (1, 4));
    }

    /// A gallery's pictures may all be the same, of addresses without end.
    fn pages_that_show_the_same_picture_are_a_trap<B>() {
        let crawled = crawl_site::<B>(4, usize::MAX, |path| {
            let n = number(path);
            if path.starts_with("/picture/") {
                return ("picture".to_owned(), Vec::new());
            }
            (format!("page {n}"), vec![format!("/?page={}", n + 1), format!("/picture/{n}")])
        });
        assert!(crawled.paths.len() <= 20, "{} requests", crawled.paths.len());
        assert!(!crawled.traps.is_empty());
    }

    fn closed_it_takes_nothing_more_and_all_is_kept<B>() {
        let (frontier, home) = new::<B>();
        add(&frontier, [seed(0, 0)]);
        block_on(frontier.close()).unwrap();
        if let Some(reopened) = B::reopen(&home, Clock::default()) {
            assert!(block_on(frontier.add(vec![seed(0, 1)])).is_err());
            assert_eq!(stats(&reopened).queued, 1);
        }
    }
}

/// What came of a crawl of one site.
struct Crawled {
    paths: Vec<String>,
    traps: Vec<Trap>,
    stats: Stats,
}

/// Crawls `http://h/`, of which `page` tells what is said there and where it leads; after `kill`
/// pages the process is killed.
fn crawl_site<B: Backend>(
    jobs: usize,
    kill: usize,
    page: impl Fn(&str) -> (String, Vec<String>),
) -> Crawled {
    let limits = Limits {
        traps: Some(8),
        ..Limits::default()
    };
    let (mut frontier, home) = B::make(limits, Time::default().clock());
    let at = |path: &str| CanonicalUrl::parse(&format!("http://h{path}")).unwrap();
    add(&frontier, [Found::seed(at("/"))]);
    let mut paths = Vec::new();
    let mut out: VecDeque<(Lease, Item)> = VecDeque::new();
    loop {
        if paths.len() == kill && home.is_some() {
            drop(frontier);
            frontier = B::reopen_with(&home, limits).unwrap();
            out.clear();
        }
        for held in lease(&frontier, jobs - out.len()).leases {
            out.extend(held.items.iter().map(|item| (held.clone(), item.clone())));
        }
        let Some((held, item)) = out.pop_front() else {
            break;
        };
        let path = item.url.as_str().trim_start_matches("http://h").to_owned();
        let (text, links) = page(&path);
        let mut of = done(&held, std::slice::from_ref(&item), jobs - out.len());
        let digest = BuildHasherDefault::<DefaultHasher>::new().hash_one(&text);
        of.done[0].content = Some(if path.starts_with("/picture/") {
            Content::of_bytes(digest)
        } else {
            Content::of(text.as_bytes(), digest, &item.url)
        });
        let found = |link: &String| match at(link) {
            url if link.starts_with("/picture/") => Found::requisite(url),
            url => Found::link(url),
        };
        of.done[0].found = links.iter().map(found).collect();
        paths.push(path);
        let more = accepted(&frontier, of);
        out.extend(more.into_iter().map(|item| (held.clone(), item)));
        assert!(paths.len() < 10_000, "it does not end");
    }
    assert!(stats(&frontier).is_finished());
    Crawled {
        paths,
        traps: block_on(frontier.traps()).unwrap(),
        stats: stats(&frontier),
    }
}

type Links = fn(&str) -> Vec<String>;

/// Where the pages of an endless space lead; its way in is what the name's first word is here.
const SPACES: [(&str, Links); 8] = [
    ("/cal/0 calendar", |path| {
        vec![
            format!("/cal/{}", number(path) + 1),
            format!("/cal/{}", number(path) + 2),
        ]
    }),
    ("/s?sid=0 sessions", |path| {
        (0..3)
            .map(|page| format!("/s?page={page}&sid={}", number(path) * 7 + 1 + page))
            .collect()
    }),
    ("/a/ repeated", |path| {
        vec![format!("{path}a/"), format!("{path}b/")]
    }),
    ("/f?a=1 filters", |path| {
        let more = ["b=1", "c=1", "d=1", "e=1", "f=1", "g=1"].iter();
        more.filter(|it| !path.contains(**it))
            .map(|it| format!("{path}&{it}"))
            .collect()
    }),
    ("/deep/ deeper", |path| {
        vec![
            format!("{path}{}/", path.len() % 7),
            format!("{path}{}x/", path.len() % 5),
        ]
    }),
    ("/soft/k words", |path| {
        (0..10)
            .map(|n| {
                format!(
                    "/soft/{}",
                    letters(path.len() * 131 + number(path) * 17 + n + hash(path) % 9973)
                )
            })
            .collect()
    }),
    ("/list?page=1 list", |path| {
        (1..4)
            .map(|n| format!("/list?page={}", number(path) + n))
            .collect()
    }),
    ("/many flood", |path| {
        if path == "/many" {
            (0..20_000).map(|n| format!("/x/{n}")).collect()
        } else {
            Vec::new()
        }
    }),
];

/// Twenty good pages in a row, the first of which leads into the space.
fn page_of_twenty(path: &str, space: Links) -> (String, Vec<String>) {
    let way_in = |(name, links): &(&str, Links)| {
        std::ptr::fn_addr_eq(*links, space).then(|| name.split(' ').next().unwrap().to_owned())
    };
    match path {
        "/" => {
            let good = (0..20).map(|n| format!("/good/{n}"));
            (
                "the index".to_owned(),
                good.chain(SPACES.iter().find_map(way_in)).collect(),
            )
        }
        path if path.starts_with("/good/") => {
            let n = number(path);
            (
                format!("a page on {}", letters(n)),
                vec![format!("/good/{}", (n + 1) % 20)],
            )
        }
        // One and the same, or what was asked for and nothing else.
        path if path.starts_with("/x/") => ("one of many".to_owned(), Vec::new()),
        path => (format!("<title>{path}</title><a href=x>x</a>"), space(path)),
    }
}

fn number(path: &str) -> usize {
    let digits = path.rsplit(|it: char| !it.is_ascii_digit()).next();
    digits.and_then(|it| it.parse::<usize>().ok()).unwrap_or(0) % 1_000_000
}

fn letters(mut n: usize) -> String {
    let mut word = String::from("q");
    while n > 0 {
        word.push(char::from(b'a' + u8::try_from(n % 16).unwrap()));
        n /= 16;
    }
    word
}

fn hash(path: &str) -> usize {
    path.bytes().fold(7, |hash: usize, byte| {
        hash.wrapping_mul(31).wrapping_add(usize::from(byte))
    })
}

/// Polls up to so many times; returns what came of it, if anything.
fn poll_for_a_while<F: Future>(
    mut future: std::pin::Pin<&mut F>,
    polls: usize,
) -> Option<F::Output> {
    let mut cx = Context::from_waker(Waker::noop());
    (0..polls).find_map(|_| match future.as_mut().poll(&mut cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

/// A web: the host of each page, and where it links to.
fn web() -> impl Strategy<Value = Vec<(usize, Vec<usize>)>> {
    prop::collection::vec((0_usize..4, prop::collection::vec(0_usize..40, 0..6)), 40)
}

/// Any web, any number of slots, any order of answers, killed now and then: each URL that can be
/// reached is handed out in its host's order, and the crawl is over when and only when all are done.
fn crawls_every_web<B: Backend>(
    links: &[(usize, Vec<usize>)],
    slots: usize,
    picks: &[prop::sample::Index],
    kills: &HashSet<usize>,
) {
    let pages: Vec<_> = links
        .iter()
        .enumerate()
        .map(|(n, (host, _))| url(*host, n))
        .collect();
    let number: HashMap<_, _> = pages
        .iter()
        .enumerate()
        .map(|(n, url)| (url.clone(), n))
        .collect();
    let (mut frontier, home) = new::<B>();
    // The model: each host's URLs in the order they were first found.
    let mut order: HashMap<_, VecDeque<usize>> = HashMap::new();
    let mut seen = HashSet::from([0]);
    add(&frontier, [Found::seed(pages[0].clone())]);
    order.entry(pages[0].host()).or_default().push_back(0);
    let mut out: Vec<(Lease, Item)> = Vec::new();
    let mut fetched = HashSet::new();
    let mut picks = picks.iter().cycle();
    let with = |lease: &Lease, item: &Item| (lease.clone(), item.clone());
    for step in 0.. {
        if kills.contains(&step) {
            drop(frontier);
            match B::reopen(&home, Clock::default()) {
                Some(reopened) => (frontier, out) = (reopened, Vec::new()),
                None => return,
            }
        }
        for held in lease(&frontier, slots - out.len()).leases {
            assert!(out.iter().all(|(other, _)| other.host != held.host));
            out.extend(held.items.iter().map(|item| with(&held, item)));
        }
        assert!(out.len() <= slots);
        assert_eq!(stats(&frontier).leased, out.len());
        assert_eq!(stats(&frontier).is_finished(), out.is_empty());
        if out.is_empty() {
            break;
        }
        let (held, page) = out.swap_remove(picks.next().unwrap().index(out.len()));
        let n = number[&page.url];
        assert!(fetched.insert(n), "page {n} twice");
        for link in &links[n].1 {
            if seen.insert(*link) {
                order
                    .entry(pages[*link].host())
                    .or_default()
                    .push_back(*link);
            }
        }
        let mut of = done(&held, &[page], slots - out.len());
        of.done[0].found = links[n]
            .1
            .iter()
            .map(|link| Found::link(pages[*link].clone()))
            .collect();
        let more = accepted(&frontier, of);
        out.extend(more.iter().map(|item| with(&held, item)));
        // What is out of a host is always the head of what is left of it.
        for (host, order) in &mut order {
            order.retain(|n| !fetched.contains(n));
            let of_host: HashSet<_> = out
                .iter()
                .filter(|(held, _)| held.host == *host)
                .map(|(_, item)| number[&item.url])
                .collect();
            assert!(
                order
                    .iter()
                    .take(of_host.len())
                    .all(|n| of_host.contains(n))
            );
        }
    }
    assert_eq!(fetched, seen);
}

/// Any web, any order of answers, killed now and then: each URL is handed out as far from the seed as
/// the shortest way to it is, and so what is within so many links is the same.
fn crawls_level_by_level<B: Backend>(
    links: &[(usize, Vec<usize>)],
    slots: usize,
    picks: &[prop::sample::Index],
    kills: &HashSet<usize>,
) {
    let found = |link: usize| {
        let (host, _) = links[link];
        // One in three is what a page needs.
        match link % 3 {
            0 => Found::requisite(url(host, link)),
            _ => Found::link(url(host, link)),
        }
    };
    let shortest = shortest_ways(links);
    let limits = Limits {
        levels: true,
        ..Limits::default()
    };
    let (mut frontier, home) = B::make(limits, Time::default().clock());
    add(&frontier, [Found::seed(found(0).url)]);
    let mut out: Vec<(Lease, Item)> = Vec::new();
    let mut fetched = HashMap::new();
    let mut picks = picks.iter().cycle();
    for step in 0.. {
        if kills.contains(&step) && home.is_some() {
            drop(frontier);
            (frontier, out) = (B::reopen_with(&home, limits).unwrap(), Vec::new());
        }
        for held in lease(&frontier, slots - out.len()).leases {
            out.extend(held.items.iter().map(|item| (held.clone(), item.clone())));
        }
        if out.is_empty() {
            break;
        }
        let (held, item) = out.swap_remove(picks.next().unwrap().index(out.len()));
        let page = number(item.url.as_str());
        assert_eq!(fetched.insert(page, item.depth), None, "page {page} twice");
        let mut of = done(&held, std::slice::from_ref(&item), slots - out.len());
        let all = links[page].1.iter().map(|link| found(*link));
        of.done[0].found = all
            .filter(|found| item.depth_of(found) <= FARTHEST)
            .collect();
        let more = accepted(&frontier, of);
        out.extend(more.iter().map(|item| (held.clone(), item.clone())));
    }
    assert!(stats(&frontier).is_finished());
    assert_eq!(fetched, shortest);
}

/// How far from the first page is what is within so many links.
fn shortest_ways(links: &[(usize, Vec<usize>)]) -> HashMap<usize, u32> {
    let mut ways = HashMap::from([(0, 0)]);
    let mut next = VecDeque::from([0]);
    while let Some(page) = next.pop_front() {
        for link in &links[page].1 {
            let depth = ways[&page] + u32::from(link % 3 != 0);
            if depth <= FARTHEST && ways.get(link).is_none_or(|known| depth < *known) {
                ways.insert(*link, depth);
                next.push_back(*link);
            }
        }
    }
    ways
}

const FARTHEST: u32 = 3;

proptest! {
    #[test]
    fn crawls_level_by_level_in_memory(
        links in web(),
        slots in 1_usize..6,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
    ) {
        crawls_level_by_level::<InMemory>(&links, slots, &picks, &HashSet::new());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn crawls_level_by_level_with_a_journal(
        links in web(),
        slots in 1_usize..6,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
        kills in prop::collection::hash_set(1_usize..40, 0..6),
    ) {
        crawls_level_by_level::<Journal>(&links, slots, &picks, &kills);
    }
}

proptest! {
    #[test]
    fn crawls_every_web_in_memory(
        links in web(),
        slots in 1_usize..6,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
    ) {
        crawls_every_web::<InMemory>(&links, slots, &picks, &HashSet::new());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn crawls_every_web_with_a_journal(
        links in web(),
        slots in 1_usize..6,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
        kills in prop::collection::hash_set(1_usize..40, 0..6),
    ) {
        crawls_every_web::<Journal>(&links, slots, &picks, &kills);
    }
}
