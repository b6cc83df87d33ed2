//! How fast one host is asked, by how it answers: plain code, without a clock.
//!
//! Two bounds hold at once. The first is how many requests are in flight: it grows by one with every
//! three answers (a slow start, more careful than that of RFC 5681 §3.1) until the host shows that it
//! is too many, and from then on each time that so many were answered (AIMD, after Chiu and Jain,
//! 1989). When all of the last few answers come late, requests wait for each other at the host, and it
//! shrinks to as many as need not (latency as a signal as in TCP Vegas); it is halved when answers do
//! not come. The second is how many are sent in a second: there is none until the host refuses one
//! (429, 503). Then it rests for as long as it asks to, and is asked ever more often, fast at first and
//! after the next refusal slowly, until it is known how often it bears; from then on it is asked a
//! little less often than that, and what was taken off comes back slowly near to where it refused, and
//! faster far from there (the curve of CUBIC, RFC 9438 §4.2).

use std::collections::VecDeque;
use std::time::Duration;

/// What a pace must keep to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Manner {
    /// The most requests in flight.
    pub(crate) concurrency: usize,
    /// The least time from one request to the next.
    pub(crate) delay: Duration,
    /// Whether that time is varied, from half to one and a half of it.
    pub(crate) random: bool,
    /// Whether it goes by how the host answers; otherwise only what it asks for is heard.
    pub(crate) adaptive: bool,
}

/// When the next request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Now,
    /// Not before then.
    At(Duration),
    /// When one of those in flight has ended.
    AfterAnother,
}

/// How fast one host is asked.
#[derive(Debug)]
pub(crate) struct Pace {
    manner: Manner,
    /// There was no answer yet.
    is_new: bool,
    /// How many requests may be in flight, as far as the host's answers go.
    limit: f64,
    /// So many were never too many so far: no request was refused, none failed, and never were all of
    /// the last few answers late.
    is_untried: bool,
    latency: Latency,
    rate: Option<Rate>,
    run: Run,
    recent: Recent,
    /// No request before.
    next: Duration,
    /// The last one was sent then.
    last: Option<Duration>,
    /// How many times it refused with hardly an answer in between.
    refusals: u32,
    /// Its limit was halved then.
    halved: Duration,
}

/// What the host bore since it last rested.
#[derive(Clone, Copy, Debug)]
struct Run {
    begun: Duration,
    accepted: u32,
}

/// How many requests a second, at the most.
#[derive(Clone, Copy, Debug)]
struct Rate {
    /// At so many the host refused.
    most: f64,
    /// Since then it is asked less often.
    since: Duration,
    known: Known,
}

/// How well it is known how many a host bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// That it bears this, and not how much more.
    Least,
    /// About how many.
    About,
    /// How many.
    Well,
}

impl Pace {
    pub(crate) fn new(manner: Manner, now: Duration) -> Self {
        Pace {
            manner,
            is_new: true,
            limit: FIRST_LIMIT,
            is_untried: true,
            latency: Latency::default(),
            rate: None,
            run: Run {
                begun: now,
                accepted: 0,
            },
            recent: Recent::default(),
            next: now,
            last: None,
            refusals: 0,
            halved: Duration::ZERO,
        }
    }

    /// Keeps at least so long a delay between requests, and one in flight: the host asks for it.
    pub(crate) fn obey(&mut self, delay: Duration) {
        if delay > self.manner.delay {
            self.manner.delay = delay.min(LONGEST_DELAY);
            self.manner.concurrency = 1;
            // What it asks for comes with the answer to a request: it counts from that one.
            if let Some(last) = self.last {
                self.next = self.next.max(last + self.manner.delay);
            }
        }
    }

    /// Tells when the next request may be sent, with so many in flight.
    pub(crate) fn start(&self, in_flight: usize, now: Duration) -> Start {
        if in_flight >= self.limit() {
            Start::AfterAnother
        } else if self.next > now {
            Start::At(self.next)
        } else {
            Start::Now
        }
    }

    /// Returns how many requests may be in flight: one at first, since the answer may be to go slowly.
    pub(crate) fn limit(&self) -> usize {
        if self.is_new {
            return 1;
        }
        if !self.manner.adaptive {
            return self.manner.concurrency;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 1 to what fits"
        )]
        let limit = self.limit as usize;
        limit.clamp(1, self.manner.concurrency)
    }

    /// Tells whether nothing of it need be remembered: another would be asked alike.
    pub(crate) fn is_idle(&self, now: Duration) -> bool {
        self.next <= now && self.rate.is_none() && self.manner.delay.is_zero()
    }

    /// A request is sent. `chance` is from 0 to 1.
    pub(crate) fn sent(&mut self, now: Duration, chance: f64) {
        self.last = Some(now);
        let delay = if self.manner.random {
            self.manner.delay.mul_f64(0.5 + chance.clamp(0.0, 1.0))
        } else {
            self.manner.delay
        };
        if let Some(rate) = self.rate
            && rate.is_over(now)
        {
            self.rate = None;
        }
        let spacing = self.rate.map_or(Duration::ZERO, |rate| {
            Duration::try_from_secs_f64(1.0 / rate.now(now)).unwrap_or(LONGEST_DELAY)
        });
        if !spacing.is_zero() && spacing > delay {
            // From where it was due, so that what is late is made up for; but not much at once.
            self.next = self.next.max(now.saturating_sub(LATE)) + spacing;
        } else {
            self.next = self.next.max(now + delay);
        }
    }

    /// There was an answer.
    pub(crate) fn heard(&mut self) {
        self.is_new = false;
    }

    /// The head of an answer is here, so long after the request was sent.
    pub(crate) fn answered(&mut self, latency: Duration, now: Duration) {
        self.heard();
        // What comes while it rests was sent before.
        if now >= self.run.begun {
            self.run.accepted = self.run.accepted.saturating_add(1);
            self.recent.add(now);
        }
        if self.run.accepted >= A_FEW {
            self.refusals = 0;
        }
        if let Some(share) = self.latency.add(latency, now) {
            self.is_untried = false;
            if now >= self.halved + latency {
                self.limit = (self.limit * share.max(0.5)).max(1.0);
                self.halved = now;
            }
        } else {
            #[expect(clippy::cast_precision_loss, reason = "it is small")]
            let most = self.manner.concurrency as f64;
            let more = if self.is_untried {
                1.0 / 3.0
            } else {
                1.0 / self.limit
            };
            self.limit = (self.limit + more).min(most.max(1.0));
        }
    }

    /// It answered that it is asked too often, or has too much to do (RFC 6585 §4, RFC 9110
    /// §15.6.4); `rest` is for how long it wants to be left alone, if it says so.
    pub(crate) fn refused(&mut self, rest: Option<Duration>, now: Duration) {
        self.heard();
        self.is_untried = false;
        let asked = rest.map(|rest| rest.min(LONGEST_REST));
        if now < self.run.begun {
            // It was in flight as the first was refused.
            if let Some(rest) = asked {
                self.next = self.next.max(now + rest);
            }
            return;
        }
        self.refusals += 1;
        let first = if self.rate.is_some() {
            PAUSE
        } else {
            2 * PAUSE
        };
        let doubled = first * 2_u32.saturating_pow((self.refusals - 1).min(16));
        let rest = asked
            .unwrap_or(Duration::ZERO)
            .max(if self.refusals > 1 || asked.is_none() {
                doubled.min(LONGEST_PAUSE)
            } else {
                Duration::ZERO
            });
        let resumes = now + rest;
        if self.manner.adaptive {
            self.rate = self.borne(now, resumes);
        }
        self.run = Run {
            begun: resumes,
            accepted: 0,
        };
        self.next = self.next.max(resumes);
    }

    /// The rate to go on with after a refusal: what the host bore, as far as it is known.
    fn borne(&self, now: Duration, resumes: Duration) -> Option<Rate> {
        let ran = now.saturating_sub(self.run.begun);
        let over = |time: Duration| f64::from(self.run.accepted) / time.as_secs_f64().max(0.001);
        let (most, known) = match self.rate {
            None if self.run.accepted == 0 => return None,
            // The rest counts: this is too little rather than too much.
            None => (over(resumes.saturating_sub(self.run.begun)), Known::Least),
            // A run that hardly began says little.
            Some(rate) if self.run.accepted < A_FEW => (rate.now(now) / 1.2, Known::About),
            Some(rate) => {
                let recent = self.recent.count(now);
                // Of a long run, what it could save up before is a small part.
                let borne = if ran >= LONG_RUN && rate.known == Known::Well {
                    over(ran)
                } else if recent >= A_FEW {
                    f64::from(recent)
                } else {
                    f64::MAX
                };
                let known = if rate.is_growing_fast(now) {
                    Known::About
                } else {
                    Known::Well
                };
                (rate.now(now).min(borne), known)
            }
        };
        Some(Rate {
            most: most.max(SLOWEST),
            since: resumes,
            known,
        })
    }

    /// No answer came, or not a whole one.
    pub(crate) fn failed(&mut self, now: Duration) {
        self.is_untried = false;
        if now >= self.halved + PAUSE {
            self.limit = (self.limit / 2.0).max(1.0);
            self.halved = now;
        }
    }
}

impl Rate {
    /// In requests a second.
    fn now(&self, now: Duration) -> f64 {
        let passed = now.saturating_sub(self.since).as_secs_f64();
        let grown = |a_second: f64, seconds: f64| a_second.powf(seconds.clamp(0.0, 20.0));
        // Of a host that bears few, each second tells little.
        let seconds = |passed: f64| passed / (25.0 / self.most).max(1.0);
        match self.known {
            Known::Least => self.most * grown(2.0, passed),
            Known::About => self.most * grown(1.15, seconds(passed)),
            Known::Well => {
                let regained = self.regained().as_secs_f64();
                let from_most = passed.min(1.5 * regained) / regained - 1.0;
                // It bears that and more: how much, a search tells.
                let more = seconds(passed - 1.5 * regained);
                self.most * (1.0 + TAKEN_OFF * from_most.powi(3)) * grown(1.26, more)
            }
        }
    }

    /// Whether it is much more than a second ago, so that a refusal tells only about how many it bears.
    fn is_growing_fast(&self, now: Duration) -> bool {
        match self.known {
            Known::Least => true,
            Known::About => false,
            Known::Well => {
                let before = now.saturating_sub(Duration::from_secs(1));
                self.now(now) > 1.1 * self.now(before)
            }
        }
    }

    /// In how long what was taken off is there again: at the least after so many requests that one
    /// refused is less than one in a hundred.
    fn regained(&self) -> Duration {
        REGAINED.max(Duration::from_secs_f64(250.0 / self.most))
    }

    /// Whether it has been so long since the host refused that it may be asked as at first.
    fn is_over(&self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.since);
        passed > 3 * self.regained() || (self.known != Known::Well && passed > REGAINED)
    }
}

/// How many answers came in the last second, by tenths.
#[derive(Debug, Default)]
struct Recent {
    tenth: u128,
    counts: [u32; 10],
}

impl Recent {
    fn add(&mut self, now: Duration) {
        let tenth = now.as_millis() / 100;
        let gone = (tenth - self.tenth.min(tenth)).min(10);
        for it in 1..=gone {
            self.counts[Self::place(self.tenth + it)] = 0;
        }
        self.tenth = self.tenth.max(tenth);
        self.counts[Self::place(tenth)] += 1;
    }

    fn count(&self, now: Duration) -> u32 {
        let first = (now.as_millis() / 100).saturating_sub(9);
        let tenths = first..=self.tenth;
        tenths.take(10).map(|it| self.counts[Self::place(it)]).sum()
    }

    fn place(tenth: u128) -> usize {
        (tenth % 10) as usize
    }
}

/// How soon the host answers: at its best of late, and now.
#[derive(Debug, Default)]
struct Latency {
    /// The best of this period, and of the one before.
    best: [Option<Duration>; 2],
    period: Duration,
    /// The last few. When all wait, the best of them does too; one that takes long of itself, or that
    /// this machine was slow to take in, says nothing.
    last: VecDeque<Duration>,
}

impl Latency {
    /// Takes one in. If requests wait for each other there, tells what share of them need not.
    fn add(&mut self, latency: Duration, now: Duration) -> Option<f64> {
        if now >= self.period + PERIOD {
            self.best = [None, self.best[0]];
            self.period = now;
        }
        let best = self.best[0].map_or(latency, |best| best.min(latency));
        self.best[0] = Some(best);
        let best = self.best[1].map_or(best, |before| before.min(best));
        if self.last.len() >= LAST {
            self.last.pop_front();
        }
        self.last.push_back(latency);
        let of_last = self.last.iter().min().copied().unwrap_or(latency);
        (of_last > best + (best / 2).max(UNFELT)).then(|| best.div_duration_f64(of_last))
    }
}

/// What is asked of a host at once, when it has answered.
const FIRST_LIMIT: f64 = 4.0;
/// The longest time between two requests that a host may ask for.
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// The longest time for which a host may ask to be left alone.
pub(crate) const LONGEST_REST: Duration = Duration::from_secs(300);
/// The longest time it is left alone without asking.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The shortest.
const PAUSE: Duration = Duration::from_millis(500);
/// What is taken off the rate at which it refused.
const TAKEN_OFF: f64 = 0.05;
/// In so long that is there again.
const REGAINED: Duration = Duration::from_secs(20);
/// So many answers in a row are no accident.
const A_FEW: u32 = 8;
/// So long a run tells how many a host bears.
const LONG_RUN: Duration = Duration::from_secs(5);
/// In requests a second.
const SLOWEST: f64 = 0.05;
/// What is sent late by as much is made up for.
const LATE: Duration = Duration::from_millis(20);
/// So many of the last answers are looked at.
const LAST: usize = 8;
/// How long a best latency counts, at the least.
const PERIOD: Duration = Duration::from_secs(10);
/// What nobody minds: machines that do other things besides are late by as much.
const UNFELT: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    const MANNER: Manner = Manner {
        concurrency: 8,
        delay: Duration::ZERO,
        random: false,
        adaptive: true,
    };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A host: tells how long it takes to answer a request that comes now, with so many in work, and
    /// whether it refuses it, with `Retry-After`.
    #[expect(clippy::option_option, reason = "whether, and for how long")]
    trait Server {
        fn take(&mut self, now: Duration, in_work: usize) -> (Duration, Option<Option<Duration>>);
    }

    #[derive(Debug, Default)]
    struct Outcome {
        sent: u32,
        /// After the first seconds.
        late: u32,
        late_refused: u32,
        accepted_a_second: f64,
    }

    /// Asks for `urls` URLs, in simulated time.
    fn crawl(server: &mut impl Server, urls: u32, manner: Manner) -> Outcome {
        crawl_from(server, urls, manner, Duration::from_secs(15))
    }

    /// The same; it is late from so long on.
    fn crawl_from(server: &mut impl Server, urls: u32, manner: Manner, late: Duration) -> Outcome {
        let mut pace = Pace::new(manner, Duration::ZERO);
        let mut now = Duration::ZERO;
        let mut left = urls;
        let mut in_flight = BinaryHeap::new();
        let mut outcome = Outcome::default();
        let mut accepted_late = 0;
        while left > 0 || !in_flight.is_empty() {
            let start = if left > 0 {
                pace.start(in_flight.len(), now)
            } else {
                Start::AfterAnother
            };
            let ends: Option<Duration> = in_flight.peek().map(|Reverse((end, _, _))| *end);
            match start {
                Start::Now => {
                    pace.sent(now, 0.5);
                    let (latency, refused) = server.take(now, in_flight.len());
                    let refused = refused.map(|rest| rest.unwrap_or(Duration::MAX));
                    in_flight.push(Reverse((now + latency, latency, refused)));
                    left -= 1;
                    outcome.sent += 1;
                    outcome.late += u32::from(now >= late);
                }
                Start::At(at) if ends.is_none_or(|end| at < end) => now = at,
                Start::At(_) | Start::AfterAnother => {
                    let Reverse((end, latency, refused)) = in_flight.pop().unwrap();
                    now = end;
                    match refused {
                        None => {
                            pace.answered(latency, now);
                            accepted_late += u32::from(now >= late);
                        }
                        Some(rest) => {
                            pace.refused((rest != Duration::MAX).then_some(rest), now);
                            left += 1;
                            outcome.late_refused += u32::from(now >= late);
                        }
                    }
                }
            }
        }
        let lasted = now.saturating_sub(late).as_secs_f64();
        outcome.accepted_a_second = f64::from(accepted_late) / lasted.max(0.001);
        outcome
    }

    /// Lets through so many a second, a burst at once; refuses the rest.
    struct Bucket {
        rate: f64,
        burst: f64,
        tokens: f64,
        then: Duration,
        rest: Option<Duration>,
        latency: Duration,
    }

    impl Server for Bucket {
        fn take(&mut self, now: Duration, _: usize) -> (Duration, Option<Option<Duration>>) {
            self.tokens = (self.tokens + now.saturating_sub(self.then).as_secs_f64() * self.rate)
                .min(self.burst);
            self.then = now;
            if self.tokens < 1.0 {
                return (self.latency, Some(self.rest));
            }
            self.tokens -= 1.0;
            (self.latency, None)
        }
    }

    /// Counts anew each second.
    struct Window {
        rate: u32,
        second: u64,
        count: u32,
        rest: Option<Duration>,
    }

    impl Server for Window {
        fn take(&mut self, now: Duration, _: usize) -> (Duration, Option<Option<Duration>>) {
            if now.as_secs() != self.second {
                (self.second, self.count) = (now.as_secs(), 0);
            }
            self.count += 1;
            let refused = self.count > self.rate;
            (ms(2), refused.then_some(self.rest))
        }
    }

    /// Works at three at a time, 50 ms each; the others wait.
    #[derive(Default)]
    struct Busy([Duration; 3]);

    impl Server for Busy {
        fn take(&mut self, now: Duration, _: usize) -> (Duration, Option<Option<Duration>>) {
            let free = self.0.iter_mut().min().unwrap();
            *free = now.max(*free) + ms(50);
            (free.saturating_sub(now), None)
        }
    }

    /// Works at four at a time; what waits makes each take longer, and too many are refused.
    struct Crowded {
        rate: f64,
        busy: Vec<Duration>,
        most: usize,
    }

    impl Server for Crowded {
        fn take(&mut self, now: Duration, _: usize) -> (Duration, Option<Option<Duration>>) {
            self.busy.retain(|done| *done > now);
            let waiting = self.busy.len();
            if waiting >= self.most {
                return (ms(1), Some(None));
            }
            let crowd = f64::from(u32::try_from(waiting).unwrap()) / 64.0;
            let takes = Duration::from_secs_f64(4.0 / self.rate * (1.0 + crowd.min(0.5)));
            self.busy.sort_unstable();
            let turn = waiting.checked_sub(4).map_or(now, |it| self.busy[it]);
            self.busy.push(turn + takes);
            ((turn + takes).saturating_sub(now), None)
        }
    }

    /// Lets through half as many in the first seconds.
    struct Waking(Bucket);

    impl Server for Waking {
        fn take(&mut self, now: Duration, in_work: usize) -> (Duration, Option<Option<Duration>>) {
            let rate = self.0.rate;
            if now < Duration::from_secs(6) {
                self.0.rate = rate / 2.0;
            }
            let taken = self.0.take(now, in_work);
            self.0.rate = rate;
            taken
        }
    }

    fn check(server: &mut impl Server, rate: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small"
        )]
        let urls = (rate * 200.0) as u32;
        let outcome = crawl(server, urls, MANNER);
        let refused = f64::from(outcome.late_refused) / f64::from(outcome.late);
        let few = if rate < 10.0 { 0.015 } else { 0.01 };
        assert!(refused < few, "{rate}/s: {refused:.4} refused, {outcome:?}");
        let share = outcome.accepted_a_second / rate;
        assert!(
            share >= 0.9,
            "{rate}/s: {share:.3} of the rate, {outcome:?}"
        );
    }

    #[test]
    fn a_host_that_limits_its_rate_is_asked_as_often_as_it_allows_and_hardly_ever_refuses() {
        for rate in [5.0, 20.0, 100.0, 1000.0] {
            for rest in [None, Some(Duration::from_secs(1))] {
                for burst in [rate / 10.0, rate / 4.0, rate] {
                    check(
                        &mut Bucket {
                            rate,
                            burst: burst.max(1.0),
                            tokens: burst,
                            then: Duration::ZERO,
                            rest,
                            latency: ms(3),
                        },
                        rate,
                    );
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "small"
                )]
                check(
                    &mut Window {
                        rate: rate as u32,
                        second: 0,
                        count: 0,
                        rest,
                    },
                    rate,
                );
            }
        }
    }

    /// On a busy machine a server was taken to bear 36 requests a second of its 50, and for half a
    /// minute was asked no more.
    #[test]
    fn a_host_that_bore_less_at_first_is_soon_asked_more() {
        for rate in [50.0, 100.0, 500.0] {
            let bucket = Bucket {
                rate,
                burst: rate / 5.0,
                tokens: rate / 5.0,
                then: Duration::ZERO,
                rest: None,
                latency: ms(20),
            };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "small"
            )]
            let outcome = crawl(&mut Waking(bucket), (rate * 30.0) as u32, MANNER);
            let share = outcome.accepted_a_second / rate;
            assert!(share >= 0.7, "{rate}/s: {share:.3}, {outcome:?}");
            let refused = f64::from(outcome.late_refused) / f64::from(outcome.late);
            assert!(refused < 0.01, "{rate}/s: {refused:.4} refused");
        }
    }

    /// Of half a minute, after the first seconds.
    #[test]
    fn how_much_a_host_bears_is_soon_known() {
        for rate in [20.0, 50.0, 100.0, 200.0, 1000.0] {
            for burst in [rate / 10.0, rate / 5.0] {
                let mut bucket = Bucket {
                    rate,
                    burst,
                    tokens: burst,
                    then: Duration::ZERO,
                    rest: None,
                    latency: ms(22),
                };
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "small"
                )]
                let urls = (rate * 30.0) as u32;
                let manner = Manner {
                    concurrency: 64,
                    ..MANNER
                };
                let outcome = crawl_from(&mut bucket, urls, manner, Duration::from_secs(5));
                let share = outcome.accepted_a_second / rate;
                assert!(share >= 0.9, "{rate}/s: {share:.3}, {outcome:?}");
                let refused = f64::from(outcome.late_refused) / f64::from(outcome.late);
                assert!(refused < 0.01, "{rate}/s: {refused:.4} refused");
            }
        }
    }

    #[test]
    fn a_host_that_is_slow_under_load_gets_less() {
        let manner = Manner {
            concurrency: 100,
            ..MANNER
        };
        let outcome = crawl(&mut Busy::default(), 2000, manner);
        assert!(outcome.accepted_a_second >= 0.9 * 60.0, "{outcome:?}");
        for (rate, most) in [
            (50.0, usize::MAX),
            (50.0, 32),
            (20.0, 32),
            (200.0, usize::MAX),
            (200.0, 32),
        ] {
            let busy = Vec::new();
            let outcome = crawl(&mut Crowded { rate, busy, most }, 4000, manner);
            assert!(
                outcome.accepted_a_second >= 0.9 * rate,
                "{rate}/s, {most}: {outcome:?}"
            );
            assert_eq!(outcome.late_refused, 0);
        }
        let mut pace = Pace::new(MANNER, Duration::ZERO);
        for n in 0..200 {
            pace.answered(ms(if n < 100 { 10 } else { 400 }), ms(n * 50));
        }
        assert!(pace.limit() <= 2, "{}", pace.limit());
    }

    /// Some pages take long of themselves, and now and then this machine is late.
    #[test]
    fn that_some_answers_take_long_is_no_sign_that_they_wait_for_each_other() {
        let mut pace = Pace::new(MANNER, Duration::ZERO);
        for n in 0..200 {
            pace.answered(ms(if n % 4 == 0 { 10 } else { 400 }), ms(n * 50));
        }
        assert_eq!(pace.limit(), 8);
    }

    #[test]
    fn a_host_that_answers_soon_gets_as_much_as_there_is() {
        let mut pace = Pace::new(MANNER, Duration::ZERO);
        assert_eq!(pace.limit(), 1);
        pace.answered(ms(1), ms(0));
        assert_eq!(pace.limit(), 4);
        for n in 0..100 {
            pace.answered(ms(n % 7), ms(n));
        }
        assert_eq!(pace.limit(), 8);
        pace.failed(ms(5000));
        pace.failed(ms(5001));
        assert_eq!(pace.limit(), 4, "what fails at once is one failure");
    }

    #[test]
    fn a_host_of_which_no_answer_is_late_soon_gets_many_at_once() {
        let manner = Manner {
            concurrency: 32,
            ..MANNER
        };
        let mut pace = Pace::new(manner, Duration::ZERO);
        for n in 0..3 * (32 - 4) + 3 {
            pace.answered(ms(20), ms(n));
        }
        assert_eq!(pace.limit(), 32);
        pace.failed(ms(5000));
        for n in 0..16 {
            pace.answered(ms(20), ms(5001 + n));
        }
        let limit = pace.limit();
        assert!(limit <= 17, "it grows slowly from now on: {limit}");
    }

    #[test]
    fn a_delay_is_kept_between_requests() {
        let mut pace = Pace::new(
            Manner {
                delay: ms(1000),
                ..MANNER
            },
            Duration::ZERO,
        );
        assert_eq!(pace.start(0, ms(0)), Start::Now);
        pace.sent(ms(0), 0.5);
        assert_eq!(pace.start(0, ms(10)), Start::At(ms(1000)));
        assert_eq!(pace.start(0, ms(1000)), Start::Now);
        pace.sent(ms(1000), 0.5);
        pace.obey(ms(3000));
        assert_eq!(
            pace.start(0, ms(2000)),
            Start::At(ms(4000)),
            "from the request on whose answer it was asked for"
        );
        assert_eq!(
            pace.start(1, ms(5000)),
            Start::AfterAnother,
            "one at a time"
        );
        pace.obey(Duration::MAX);
        pace.sent(ms(5000), 0.5);
        assert_eq!(pace.start(0, ms(5000)), Start::At(ms(5000) + LONGEST_DELAY));
    }

    #[test]
    fn a_random_delay_is_from_half_to_one_and_a_half_of_it() {
        for (chance, due) in [(0.0, 500), (0.5, 1000), (1.0, 1500)] {
            let manner = Manner {
                delay: ms(1000),
                random: true,
                ..MANNER
            };
            let mut pace = Pace::new(manner, Duration::ZERO);
            pace.sent(ms(0), chance);
            assert_eq!(pace.start(0, ms(0)), Start::At(ms(due)));
        }
    }

    #[test]
    fn what_a_host_asks_for_is_kept_and_bounded() {
        let manner = Manner {
            adaptive: false,
            ..MANNER
        };
        for manner in [MANNER, manner] {
            let mut pace = Pace::new(manner, Duration::ZERO);
            pace.refused(Some(ms(7000)), ms(100));
            assert_eq!(pace.start(0, ms(100)), Start::At(ms(7100)));
            pace.refused(Some(Duration::MAX), ms(200));
            assert_eq!(pace.start(0, ms(200)), Start::At(ms(200) + LONGEST_REST));
        }
    }

    #[test]
    fn one_that_only_refuses_is_asked_less_and_less() {
        let mut pace = Pace::new(MANNER, Duration::ZERO);
        let mut now = Duration::ZERO;
        let mut rests = Vec::new();
        for _ in 0..9 {
            pace.sent(now, 0.5);
            pace.refused(None, now);
            let Start::At(at) = pace.start(0, now) else {
                panic!("it rests");
            };
            rests.push(at.saturating_sub(now).as_secs());
            now = at;
        }
        assert!(rests.is_sorted(), "{rests:?}");
        assert_eq!(rests[8], 60);
    }
}
