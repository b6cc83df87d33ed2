use std::time::Duration;

use tokio::time::Instant;

use crate::Config;
use crate::error::{FetchError, Phase};

/// Decides whether a body comes fast enough: in plain code, told what the time is.
///
/// Only time spent waiting for the server counts for its rate, not what the receiver does with what
/// it has.
#[derive(Debug)]
pub(crate) struct Pace {
    idle_timeout: Duration,
    min_rate: u64,
    window: Duration,
    whole_timeout: Duration,
    /// When the whole request has to be done.
    deadline: Option<Instant>,
    /// How long this window's bytes were waited for.
    waited: Duration,
    bytes: u64,
}

/// One wait for more of the body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    since: Instant,
    /// Up to here it is counted.
    counted: Instant,
}

impl Pace {
    /// Of a request that was begun at `begin`.
    pub(crate) fn new(config: &Config, begin: Instant) -> Self {
        Pace {
            idle_timeout: config.idle_timeout,
            min_rate: config.min_rate,
            window: config.rate_window,
            whole_timeout: config.whole_timeout.unwrap_or_default(),
            deadline: deadline(config, begin),
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    pub(crate) fn begin(now: Instant) -> Wait {
        Wait {
            since: now,
            counted: now,
        }
    }

    /// Returns when to [`check`](Self::check) at the latest.
    pub(crate) fn next_check(&self, wait: &Wait) -> Instant {
        let window = wait.counted + self.window.saturating_sub(self.waited);
        let idle = wait.since + self.idle_timeout;
        let at = if self.min_rate > 0 {
            idle.min(window)
        } else {
            idle
        };
        self.deadline.map_or(at, |deadline| at.min(deadline))
    }

    /// Counts `bytes` that came, or none.
    pub(crate) fn check(
        &mut self,
        wait: &mut Wait,
        now: Instant,
        bytes: u64,
    ) -> Result<(), FetchError> {
        self.waited += now - wait.counted;
        self.bytes += bytes;
        wait.counted = now;
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            return Err(FetchError::Timeout {
                phase: Phase::Whole,
                limit: self.whole_timeout,
            });
        }
        if bytes == 0 && now - wait.since >= self.idle_timeout {
            return Err(FetchError::Timeout {
                phase: Phase::Body,
                limit: self.idle_timeout,
            });
        }
        if self.min_rate > 0 && self.waited >= self.window {
            let least = u128::from(self.min_rate) * self.window.as_millis() / 1000;
            if u128::from(self.bytes) < least {
                return Err(FetchError::TooSlow {
                    rate: self.min_rate,
                    window: self.window,
                });
            }
            (self.waited, self.bytes) = (Duration::ZERO, 0);
        }
        Ok(())
    }
}

/// Returns when a request that was begun at `begin` has to be done.
pub(crate) fn deadline(config: &Config, begin: Instant) -> Option<Instant> {
    config
        .whole_timeout
        .and_then(|limit| begin.checked_add(limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pace(change: impl FnOnce(&mut Config)) -> (Pace, Instant) {
        let mut config = Config {
            idle_timeout: 30 * SECOND,
            min_rate: 10,
            rate_window: 20 * SECOND,
            whole_timeout: None,
            ..Config::default()
        };
        change(&mut config);
        let begin = Instant::now();
        (Pace::new(&config, begin), begin)
    }

    /// One byte a second, for so many seconds.
    fn trickle(
        pace: &mut Pace,
        begin: Instant,
        bytes: u64,
        seconds: u32,
    ) -> Result<(), FetchError> {
        (0..seconds).try_for_each(|second| {
            let now = begin + second * SECOND;
            let mut wait = Pace::begin(now);
            pace.check(&mut wait, now + SECOND, bytes)
        })
    }

    #[test]
    fn what_never_stops_but_is_too_slow_is_seen_at_the_end_of_a_window() {
        let (mut slow, begin) = pace(|_| {});
        assert!(trickle(&mut slow, begin, 9, 19).is_ok());
        let error = trickle(&mut slow, begin + 19 * SECOND, 9, 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "response body came slower than 10 bytes/s over 20 s"
        );
        let (mut enough, begin) = pace(|_| {});
        assert!(trickle(&mut enough, begin, 10, 1000).is_ok());
        let (mut any, begin) = pace(|config| config.min_rate = 0);
        assert!(trickle(&mut any, begin, 1, 1000).is_ok());
    }

    #[test]
    fn a_fast_start_does_not_pay_for_a_slow_end() {
        let (mut pace, begin) = pace(|_| {});
        assert!(trickle(&mut pace, begin, 1 << 40, 20).is_ok());
        assert!(trickle(&mut pace, begin + 20 * SECOND, 1, 20).is_err());
    }

    #[test]
    fn time_in_which_nobody_waited_does_not_count() {
        let (mut pace, begin) = pace(|_| {});
        for hour in 0..100 {
            let now = begin + hour * 3600 * SECOND;
            let mut wait = Pace::begin(now);
            assert!(pace.check(&mut wait, now + SECOND / 10, 1).is_ok());
        }
    }

    #[test]
    fn nothing_at_all_ends_at_the_first_limit() {
        let (mut idle, begin) = pace(|config| config.min_rate = 0);
        let mut wait = Pace::begin(begin);
        assert_eq!(idle.next_check(&wait), begin + 30 * SECOND);
        let error = idle.check(&mut wait, begin + 30 * SECOND, 0).unwrap_err();
        assert!(matches!(
            error,
            FetchError::Timeout {
                phase: Phase::Body,
                ..
            }
        ));

        let (mut slow, begin) = pace(|_| {});
        let mut wait = Pace::begin(begin);
        assert_eq!(slow.next_check(&wait), begin + 20 * SECOND);
        assert!(slow.check(&mut wait, begin + 20 * SECOND, 0).is_err());

        let (mut whole, begin) = pace(|config| config.whole_timeout = Some(5 * SECOND));
        let mut wait = Pace::begin(begin);
        assert_eq!(whole.next_check(&wait), begin + 5 * SECOND);
        let error = whole.check(&mut wait, begin + 5 * SECOND, 9).unwrap_err();
        assert_eq!(error.to_string(), "the whole request took longer than 5 s");
    }

    #[test]
    fn after_a_window_that_was_fast_enough_the_wait_goes_on() {
        let (mut pace, begin) = pace(|_| {});
        let mut first = Pace::begin(begin);
        pace.check(&mut first, begin + SECOND, 1000).unwrap();
        let mut wait = Pace::begin(begin + SECOND);
        let check = pace.next_check(&wait);
        assert_eq!(check, begin + 20 * SECOND);
        pace.check(&mut wait, check, 0).unwrap();
        // What is left of the idle limit is shorter than another window.
        assert_eq!(pace.next_check(&wait), begin + 31 * SECOND);
    }
}
