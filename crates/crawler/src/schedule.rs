//! What is asked for next, and when: plain code, without I/O and without a clock.
//!
//! Each host that is leased has a lane, with the URLs that were handed out and the pace at which they
//! are asked for. Lanes take turns; in a lane it is first in, first out. A URL that is to be tried
//! again waits for its time, and goes first then.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use archive::Capture;
use frontier::{Host, Item, Token};

use crate::pace::{Manner, Pace, Start};

/// All that was handed out and is not reported yet, but for what is out: asked for, and not done with.
#[derive(Debug)]
pub(crate) struct Schedule {
    jobs: usize,
    manner: Manner,
    lanes: HashMap<Host, Lane>,
    /// The hosts with a lane, in the order of their turns.
    turns: VecDeque<Host>,
    /// The paces of hosts without a lane that another would not keep.
    paces: HashMap<Host, Pace>,
    in_flight: usize,
    /// Those in flight and those being searched.
    out: usize,
}

#[derive(Debug)]
struct Lane {
    token: Token,
    waiting: VecDeque<Work>,
    /// What is to be tried again, and when.
    again: Vec<(Duration, Work)>,
    in_flight: usize,
    /// Those in flight and those being searched.
    out: usize,
    pace: Pace,
    /// When the host answered last.
    answered: Option<Duration>,
    /// Nothing more is asked of it.
    is_given_up: bool,
    /// How many more may be fetched of it, those that are out included.
    allowance: usize,
}

/// A URL that was handed out.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) host: Host,
    pub(crate) token: Token,
    pub(crate) item: Item,
    /// How often it was asked for.
    pub(crate) tries: u32,
    /// What came of it and broke off, to be gone on with.
    pub(crate) partial: Option<Box<Partial>>,
    /// When it was asked for first.
    first: Option<Duration>,
}

/// A part of an answer. Few are kept at a time.
#[derive(Clone, Debug)]
pub(crate) struct Partial {
    pub(crate) capture: Capture,
    #[expect(dead_code, reason = "its clones are counted")]
    pub(crate) counted: Arc<()>,
}

/// What is to be done next.
#[derive(Debug)]
pub(crate) enum Next {
    /// To ask for this.
    Visit(Work),
    /// To wait until then, or until something that is in flight ends.
    At(Duration),
    /// To wait until something that is in flight ends, or for more to be handed out.
    Wait,
}

impl Schedule {
    pub(crate) fn new(jobs: usize, manner: Manner) -> Self {
        Schedule {
            jobs,
            manner,
            lanes: HashMap::new(),
            turns: VecDeque::new(),
            paces: HashMap::new(),
            in_flight: 0,
            out: 0,
        }
    }

    /// How many URLs were asked for and are not done with.
    pub(crate) fn out(&self) -> usize {
        self.out
    }

    /// Takes in what was handed out of a host.
    pub(crate) fn add(&mut self, host: &Host, token: Token, items: Vec<Item>, now: Duration) {
        if items.is_empty() {
            return;
        }
        let lane = self.lanes.entry(host.clone()).or_insert_with(|| {
            let pace = self.paces.remove(host);
            self.turns.push_back(host.clone());
            Lane {
                token,
                waiting: VecDeque::new(),
                again: Vec::new(),
                in_flight: 0,
                out: 0,
                pace: pace.unwrap_or_else(|| Pace::new(self.manner, now)),
                answered: None,
                is_given_up: false,
                allowance: usize::MAX,
            }
        });
        lane.token = token;
        lane.waiting.extend(items.into_iter().map(|item| Work {
            host: host.clone(),
            token,
            item,
            tries: 0,
            partial: None,
            first: None,
        }));
    }

    /// How many URLs of other hosts could be put to work.
    pub(crate) fn wants(&self, now: Duration) -> usize {
        if self.lanes.len() >= self.jobs.saturating_mul(LANES_A_JOB) {
            return 0;
        }
        let ready = self.lanes.values().map(|lane| lane.ready(now)).sum();
        self.free().saturating_sub(ready)
    }

    /// How many more may be asked for now.
    fn free(&self) -> usize {
        let most = self.jobs.saturating_mul(OUT_A_JOB);
        let free = self.jobs.saturating_sub(self.in_flight);
        free.min(most.saturating_sub(self.out))
    }

    /// How many more URLs of a host could be put to work, one of its requests having ended.
    pub(crate) fn wants_of(&self, host: &Host, now: Duration) -> usize {
        let Some(lane) = self.lanes.get(host).filter(|lane| !lane.is_over()) else {
            return 0;
        };
        let held = lane.waiting.len() + lane.again.len();
        let room = match lane.pace.start(lane.in_flight, now) {
            Start::At(_) => 0,
            _ => lane.room().saturating_sub(held),
        };
        // One at the least, or the lease ends: the others' turn comes all the same.
        let least = usize::from(held + lane.out == 0);
        room.min(self.free()).max(least)
    }

    /// Returns what is to be asked for now. `chance` is from 0 to 1.
    pub(crate) fn next(&mut self, now: Duration, chance: f64) -> Next {
        let mut soonest: Option<Duration> = None;
        if self.free() == 0 {
            return Next::Wait;
        }
        for _ in 0..self.turns.len() {
            let Some(host) = self.turns.pop_front() else {
                break;
            };
            let Some(lane) = self.lanes.get_mut(&host) else {
                continue;
            };
            self.turns.push_back(host);
            match lane.next(now, chance) {
                Next::Visit(work) => {
                    self.in_flight += 1;
                    self.out += 1;
                    return Next::Visit(work);
                }
                Next::At(at) => soonest = Some(soonest.map_or(at, |it| it.min(at))),
                Next::Wait => {}
            }
        }
        soonest.map_or(Next::Wait, Next::At)
    }

    /// A host wants at least so much time between requests.
    pub(crate) fn obey(&mut self, host: &Host, delay: Duration) {
        if let Some(lane) = self.lanes.get_mut(host) {
            lane.pace.obey(delay);
        }
    }

    /// A request has ended, in one of these ways. What came of it is still out.
    pub(crate) fn ended(&mut self, work: &Work, how: Ended, now: Duration) {
        self.in_flight -= 1;
        let Some(lane) = self.lanes.get_mut(&work.host) else {
            return;
        };
        lane.in_flight -= 1;
        match how {
            Ended::Answered(latency) => {
                lane.answered = Some(now);
                lane.pace.answered(latency, now);
            }
            Ended::Refused(rest) => {
                lane.answered = Some(now);
                lane.pace.refused(rest, now);
            }
            Ended::Heard => {
                lane.answered = Some(now);
                lane.pace.heard();
            }
            Ended::Broken => {
                lane.answered = Some(now);
                lane.pace.heard();
                lane.pace.failed(now);
            }
            Ended::Silent => lane.pace.failed(now),
            Ended::Nothing => {}
        }
    }

    /// What was asked for of a host is done with.
    pub(crate) fn done(&mut self, host: &Host) {
        self.out -= 1;
        if let Some(lane) = self.lanes.get_mut(host) {
            lane.out -= 1;
        }
    }

    /// A URL is to be tried again, after so long.
    pub(crate) fn again(&mut self, work: Work, after: Duration, now: Duration) {
        self.done(&work.host);
        if let Some(lane) = self.lanes.get_mut(&work.host) {
            lane.again.push((now + after, work));
        }
    }

    /// Tells whether the host has not answered since a URL was asked for first.
    pub(crate) fn is_silent(&self, work: &Work) -> bool {
        let lane = self.lanes.get(&work.host);
        lane.is_some_and(|lane| lane.answered < work.first)
    }

    /// Asks nothing more of a host.
    pub(crate) fn give_up(&mut self, host: &Host) {
        if let Some(lane) = self.lanes.get_mut(host) {
            lane.is_given_up = true;
        }
    }

    /// So many more of a host may be fetched, those that are out included; with none, the host is done
    /// with as if it were given up.
    pub(crate) fn allow(&mut self, host: &Host, more: usize) {
        if let Some(lane) = self.lanes.get_mut(host) {
            lane.allowance = more;
        }
    }

    pub(crate) fn is_given_up(&self, host: &Host) -> bool {
        self.lanes.get(host).is_some_and(|lane| lane.is_given_up)
    }

    /// Forgets a host of which nothing is out any more, if it was given up or nothing else
    /// of it is here. Returns the lease to end if it was given up or no more may be fetched.
    pub(crate) fn clear(&mut self, host: &Host, now: Duration) -> Option<Token> {
        let lane = self.lanes.get(host)?;
        let is_empty = lane.waiting.is_empty() && lane.again.is_empty();
        if lane.out > 0 || !(is_empty || lane.is_over()) {
            return None;
        }
        let lane = self.lanes.remove(host)?;
        self.turns.retain(|other| other != host);
        if lane.is_over() {
            return Some(lane.token);
        }
        if self.paces.len() >= MOST_PACES {
            self.paces.retain(|_, pace| !pace.is_idle(now));
        }
        if !lane.pace.is_idle(now) && self.paces.len() < MOST_PACES {
            self.paces.insert(host.clone(), lane.pace);
        }
        None
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ended {
    /// The head of an answer came, after so long.
    Answered(Duration),
    /// The host wants to be asked less; and to be left alone for so long, if it says so.
    Refused(Option<Duration>),
    /// There was an answer of which nothing can be learned.
    Heard,
    /// An answer broke off.
    Broken,
    /// No answer came.
    Silent,
    /// Nothing was asked of the host, or nothing can be.
    Nothing,
}

impl Lane {
    fn next(&mut self, now: Duration, chance: f64) -> Next {
        if self.is_over() || self.out >= self.allowance {
            return Next::Wait;
        }
        let due = self.again.iter().map(|(due, _)| *due).min();
        let is_due = due.is_some_and(|due| due <= now);
        if self.waiting.is_empty() && !is_due {
            return due.map_or(Next::Wait, Next::At);
        }
        match self.pace.start(self.in_flight, now) {
            Start::Now => {}
            Start::At(at) => return Next::At(at),
            Start::AfterAnother => return Next::Wait,
        }
        let first = self
            .again
            .iter()
            .position(|(it, _)| is_due && Some(*it) == due);
        let work = match first {
            Some(first) => Some(self.again.remove(first).1),
            None => self.waiting.pop_front(),
        };
        let Some(mut work) = work else {
            return Next::Wait;
        };
        work.tries += 1;
        work.first.get_or_insert(now);
        self.in_flight += 1;
        self.out += 1;
        self.pace.sent(now, chance);
        Next::Visit(work)
    }

    /// How many of its URLs could be asked for now.
    fn ready(&self, now: Duration) -> usize {
        if self.is_over() || matches!(self.pace.start(self.in_flight, now), Start::At(_)) {
            return 0;
        }
        self.room().min(self.waiting.len())
    }

    /// How many more of it may be asked for, but for the time.
    fn room(&self) -> usize {
        let room = self.pace.limit().saturating_sub(self.in_flight);
        room.min(self.allowance.saturating_sub(self.out))
    }

    /// Whether nothing more is asked of it.
    fn is_over(&self) -> bool {
        self.is_given_up || self.allowance == 0
    }
}

/// So many hosts are leased for each request that may be in flight: most may have to wait.
const LANES_A_JOB: usize = 8;
/// So many URLs are out for each request that may be in flight: a request does not wait for what came
/// before to be searched, until as much waits for that.
const OUT_A_JOB: usize = 2;
/// So many paces are remembered beside those of lanes.
const MOST_PACES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use frontier::{Clock, Found, Frontier, InMemory, Limits, Want};
    use futures::executor::block_on;

    const MANNER: Manner = Manner {
        concurrency: 2,
        delay: Duration::ZERO,
        random: false,
        adaptive: false,
    };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A schedule with so many URLs of each of some hosts.
    fn schedule(jobs: usize, manner: Manner, hosts: &[usize]) -> Schedule {
        let frontier = InMemory::new(Limits::default(), Clock::default());
        let mut schedule = Schedule::new(jobs, manner);
        for (host, urls) in hosts.iter().enumerate() {
            let found = (0..*urls).map(|url| {
                let url = format!("http://h{host}/{url}");
                Found::seed(frontier::CanonicalUrl::parse(&url).unwrap())
            });
            block_on(frontier.add(found.collect())).unwrap();
        }
        let ttl = Duration::MAX;
        let want = Want { urls: 1000, ttl };
        for lease in block_on(frontier.lease(want)).unwrap().leases {
            schedule.add(&lease.host, lease.token, lease.items, ms(0));
        }
        for lane in schedule.lanes.values_mut() {
            lane.pace.heard();
        }
        schedule
    }

    fn started(schedule: &mut Schedule, now: Duration) -> Vec<Work> {
        std::iter::from_fn(|| match schedule.next(now, 0.5) {
            Next::Visit(work) => Some(work),
            _ => None,
        })
        .collect()
    }

    fn urls(works: &[Work]) -> Vec<&str> {
        works.iter().map(|work| work.item.url.as_str()).collect()
    }

    #[test]
    fn hosts_take_turns_and_none_has_more_than_its_share() {
        let mut schedule = schedule(5, MANNER, &[4, 1, 4]);
        let works = started(&mut schedule, ms(0));
        assert_eq!(
            urls(&works),
            [
                "http://h0/0",
                "http://h1/0",
                "http://h2/0",
                "http://h0/1",
                "http://h2/1"
            ]
        );
        assert!(matches!(schedule.next(ms(0), 0.5), Next::Wait));
        schedule.ended(&works[0], Ended::Answered(ms(1)), ms(1));
        assert_eq!(urls(&started(&mut schedule, ms(1))), ["http://h0/2"]);
    }

    #[test]
    fn a_request_does_not_wait_for_what_came_before_to_be_searched() {
        let mut schedule = schedule(2, MANNER, &[9]);
        let works = started(&mut schedule, ms(0));
        let host = works[0].host.clone();
        assert_eq!(works.len(), 2);
        for work in &works {
            schedule.ended(work, Ended::Answered(ms(1)), ms(1));
        }
        let more = started(&mut schedule, ms(1));
        assert_eq!((more.len(), schedule.out()), (2, 4));
        for work in &more {
            schedule.ended(work, Ended::Answered(ms(1)), ms(2));
        }
        assert_eq!(started(&mut schedule, ms(2)).len(), 0, "so many are out");
        assert_eq!(schedule.wants_of(&host, ms(2)), 0);
        schedule.done(&host);
        assert_eq!(started(&mut schedule, ms(2)).len(), 1);
    }

    #[test]
    fn no_more_of_a_host_is_out_than_may_be_fetched() {
        let mut schedule = schedule(4, MANNER, &[9]);
        let works = started(&mut schedule, ms(0));
        let host = works[0].host.clone();
        schedule.allow(&host, 3);
        for work in &works {
            schedule.ended(work, Ended::Answered(ms(1)), ms(1));
        }
        assert_eq!(started(&mut schedule, ms(1)).len(), 1);
        assert_eq!(schedule.wants_of(&host, ms(1)), 0);
    }

    #[test]
    fn what_is_tried_again_waits_for_its_time_and_goes_first_then() {
        let mut schedule = schedule(1, MANNER, &[3]);
        let works = started(&mut schedule, ms(0));
        schedule.ended(&works[0], Ended::Silent, ms(10));
        assert!(schedule.is_silent(&works[0]));
        schedule.again(works[0].clone(), ms(100), ms(10));
        let second = started(&mut schedule, ms(10));
        assert_eq!(urls(&second), ["http://h0/1"]);
        schedule.ended(&second[0], Ended::Answered(ms(1)), ms(110));
        let again = started(&mut schedule, ms(110));
        assert_eq!((urls(&again), again[0].tries), (vec!["http://h0/0"], 2));
        assert!(!schedule.is_silent(&again[0]));
    }

    #[test]
    fn it_tells_when_something_may_be_asked_for() {
        let manner = Manner {
            delay: ms(1000),
            ..MANNER
        };
        let mut schedule = schedule(4, manner, &[2, 1]);
        let works = started(&mut schedule, ms(0));
        assert_eq!(urls(&works), ["http://h0/0", "http://h1/0"]);
        assert!(matches!(schedule.next(ms(1), 0.5), Next::At(at) if at == ms(1000)));
        assert_eq!(schedule.wants(ms(1)), 2, "other hosts need not wait");
        assert_eq!(urls(&started(&mut schedule, ms(1000))), ["http://h0/1"]);
    }

    #[test]
    fn a_lane_is_forgotten_with_its_last_url_and_its_pace_is_not() {
        let mut schedule = schedule(2, MANNER, &[1]);
        let works = started(&mut schedule, ms(0));
        let host = &works[0].host;
        assert_eq!(schedule.clear(host, ms(0)), None);
        schedule.ended(&works[0], Ended::Refused(Some(ms(5000))), ms(1));
        assert_eq!(schedule.wants_of(host, ms(1)), 0);
        schedule.done(host);
        assert_eq!(schedule.wants_of(host, ms(1)), 1);
        assert_eq!(schedule.clear(host, ms(1)), None);
        assert_eq!(schedule.wants_of(host, ms(1)), 0);
        schedule.add(host, works[0].token, vec![works[0].item.clone()], ms(2));
        assert!(matches!(schedule.next(ms(2), 0.5), Next::At(at) if at == ms(5001)));
    }

    #[test]
    fn of_a_host_that_is_given_up_nothing_more_is_asked() {
        let mut schedule = schedule(2, MANNER, &[5]);
        let works = started(&mut schedule, ms(0));
        let host = &works[0].host;
        schedule.ended(&works[0], Ended::Silent, ms(1));
        schedule.give_up(host);
        schedule.done(host);
        assert!(started(&mut schedule, ms(1)).is_empty());
        assert_eq!(schedule.clear(host, ms(1)), None, "one is in flight");
        schedule.ended(&works[1], Ended::Silent, ms(2));
        assert_eq!(schedule.clear(host, ms(2)), None, "it is still out");
        schedule.done(host);
        assert_eq!(schedule.clear(host, ms(2)), Some(works[0].token));
    }
}
