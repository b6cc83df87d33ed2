//! The behaviour of a frontier, through its public API.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::{HashMap, HashSet, VecDeque};

use dragline_frontier::{Added, CanonicalUrl, Found, Frontier, Lease, Report, Reported};
use proptest::prelude::*;

fn url(host: usize, page: usize) -> CanonicalUrl {
    CanonicalUrl::parse(&format!("http://h{host}/{page}")).unwrap()
}

fn seed(host: usize, page: usize) -> Found {
    Found::seed(url(host, page))
}

fn done(lease: &Lease, urls: &[Found], want: usize) -> Report {
    Report {
        host: lease.host.clone(),
        token: lease.token,
        done: urls.iter().map(|found| found.url.clone()).collect(),
        found: Vec::new(),
        want,
    }
}

fn accepted(reported: Reported) -> Vec<Found> {
    match reported {
        Reported::Accepted { more } => more,
        Reported::Stale => panic!("the lease is held"),
    }
}

#[test]
fn a_url_enters_once() {
    let mut frontier = Frontier::new();
    assert_eq!(
        frontier.add([seed(0, 1), seed(0, 2), seed(0, 1)]),
        Added { new: 2, known: 1 }
    );
    let lease = frontier.lease(9).pop().unwrap();
    assert_eq!(frontier.add([seed(0, 1)]), Added { new: 0, known: 1 });
    accepted(frontier.report(done(&lease, &lease.urls, 9)));
    assert_eq!(frontier.add([seed(0, 1)]), Added { new: 0, known: 1 });
    assert!(frontier.stats().is_finished());
}

#[test]
fn urls_of_a_host_come_first_in_first_out() {
    let mut frontier = Frontier::new();
    frontier.add((0..4).map(|page| seed(0, page)));
    let lease = frontier.lease(2).pop().unwrap();
    assert_eq!(lease.urls, [seed(0, 0), seed(0, 1)]);
    assert_eq!(
        accepted(frontier.report(done(&lease, &lease.urls, 9))),
        [seed(0, 2), seed(0, 3)]
    );
}

#[test]
fn a_host_has_one_lease_at_a_time() {
    let mut frontier = Frontier::new();
    frontier.add([seed(0, 0), seed(0, 1)]);
    let lease = frontier.lease(1).pop().unwrap();
    assert!(frontier.lease(9).is_empty());
    accepted(frontier.report(done(&lease, &lease.urls, 0)));
    let next = frontier.lease(9).pop().unwrap();
    assert_eq!(next.urls, [seed(0, 1)]);
    assert!(next.token > lease.token);
}

#[test]
fn a_stale_report_changes_nothing() {
    let mut frontier = Frontier::new();
    frontier.add([seed(0, 0), seed(0, 1)]);
    let old = frontier.lease(1).pop().unwrap();
    accepted(frontier.report(done(&old, &old.urls, 0)));
    let _held = frontier.lease(1).pop().unwrap();
    let before = frontier.stats();
    let stale = Report {
        found: vec![seed(0, 7)],
        done: vec![url(0, 1)],
        ..done(&old, &[], 9)
    };
    assert_eq!(frontier.report(stale), Reported::Stale);
    assert_eq!(frontier.stats(), before);
}

#[test]
fn a_url_is_done_once() {
    let mut frontier = Frontier::new();
    frontier.add([seed(0, 0), seed(0, 1)]);
    let lease = frontier.lease(2).pop().unwrap();
    let first = &lease.urls[..1];
    accepted(frontier.report(done(&lease, first, 0)));
    accepted(frontier.report(done(&lease, first, 0)));
    assert_eq!((frontier.stats().leased, frontier.stats().done), (1, 1));
}

#[test]
fn hosts_share_what_is_wanted_and_take_turns() {
    let mut frontier = Frontier::new();
    frontier.add((0..8).flat_map(|page| [seed(0, page), seed(1, page)]));
    let leases = frontier.lease(4);
    assert_eq!(
        leases.iter().map(|l| l.urls.len()).collect::<Vec<_>>(),
        [2, 2]
    );

    // With room for one only, a host that is not done makes way for the next.
    let mut frontier = Frontier::new();
    frontier.add((0..2).flat_map(|page| [seed(0, page), seed(1, page)]));
    let mut hosts = Vec::new();
    while let Some(lease) = frontier.lease(1).pop() {
        hosts.push(lease.host.to_string());
        assert!(accepted(frontier.report(done(&lease, &lease.urls, 1))).is_empty());
    }
    assert_eq!(hosts, ["h0", "h1", "h0", "h1"]);
}

#[test]
fn what_is_found_is_in_before_its_page_is_done() {
    let mut frontier = Frontier::new();
    frontier.add([seed(0, 0)]);
    let lease = frontier.lease(1).pop().unwrap();
    let report = Report {
        found: vec![Found::on(&url(0, 0), url(1, 0))],
        ..done(&lease, &lease.urls, 0)
    };
    accepted(frontier.report(report));
    assert!(!frontier.stats().is_finished());
    let lease = frontier.lease(1).pop().unwrap();
    assert_eq!(lease.urls[0].via, Some(url(0, 0)));
}

proptest! {
    /// Any web, any number of slots, any order of answers: each URL that can be reached is handed
    /// out once, in its host's order, and the crawl is over when and only when all are done.
    #[test]
    fn crawls_every_web(
        links in prop::collection::vec((0_usize..4, prop::collection::vec(0_usize..40, 0..6)), 40),
        slots in 1_usize..6,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
    ) {
        let pages: Vec<_> = links.iter().enumerate().map(|(n, (host, _))| url(*host, n)).collect();
        let number: HashMap<_, _> = pages.iter().enumerate().map(|(n, url)| (url.clone(), n)).collect();
        let mut frontier = Frontier::new();
        // The model: each host's URLs in the order they were first found.
        let mut order: HashMap<_, VecDeque<usize>> = HashMap::new();
        let mut seen = HashSet::from([0]);
        frontier.add([Found::seed(pages[0].clone())]);
        order.entry(pages[0].host()).or_default().push_back(0);
        let mut out: Vec<(Lease, Found)> = Vec::new();
        let mut fetched = HashSet::new();
        let mut picks = picks.iter().cycle();
        loop {
            for lease in frontier.lease(slots - out.len()) {
                prop_assert!(out.iter().all(|(held, _)| held.host != lease.host));
                out.extend(lease.urls.iter().map(|found| (lease.clone(), found.clone())));
            }
            prop_assert!(out.len() <= slots);
            prop_assert_eq!(frontier.stats().leased, out.len());
            prop_assert_eq!(frontier.stats().is_finished(), out.is_empty());
            if out.is_empty() {
                break;
            }
            let (lease, page) = out.swap_remove(picks.next().unwrap().index(out.len()));
            let n = number[&page.url];
            prop_assert!(fetched.insert(n), "page {} twice", n);
            for link in &links[n].1 {
                if seen.insert(*link) {
                    order.entry(pages[*link].host()).or_default().push_back(*link);
                }
            }
            let report = Report {
                found: links[n].1.iter().map(|link| Found::on(&page.url, pages[*link].clone())).collect(),
                ..done(&lease, &[page], slots - out.len())
            };
            let more = accepted(frontier.report(report));
            out.extend(more.into_iter().map(|found| (lease.clone(), found)));
            // What is out of a host is always a part of the head of its order.
            for (host, order) in &mut order {
                while order.front().is_some_and(|n| fetched.contains(n)) {
                    order.pop_front();
                }
                let of_host: HashSet<_> = out.iter()
                    .filter(|(lease, _)| lease.host == *host)
                    .map(|(_, found)| number[&found.url])
                    .collect();
                let begun = order.iter().filter(|n| of_host.contains(n) || fetched.contains(n)).count();
                prop_assert!(order.iter().take(begun).all(|n| of_host.contains(n) || fetched.contains(n)));
            }
        }
        prop_assert_eq!(fetched, seen);
    }
}
