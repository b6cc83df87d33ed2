use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};

/// Returns whether a response with this status may well be another one a little later: 408, 429,
/// 500, 502, 503, 504, and 522 and 524 of Cloudflare's (the list of curl's `--retry`).
pub fn is_transient_status(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        408 | 429 | 500 | 502 | 503 | 504 | 522 | 524
    )
}

/// Returns how long a server asks to be left alone (RFC 9110 §10.2.3), in seconds or until a date;
/// `None` if it asks nothing that makes sense.
///
/// Of several fields, the longest counts. It is at most [`MOST_RETRY_AFTER`]; a date that has passed
/// is zero.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let asked = headers.get_all(RETRY_AFTER).iter().filter_map(|value| {
        let value = value.to_str().ok()?.trim();
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            // What is too long for a number is too long anyway.
            return Some(value.parse().map_or(Duration::MAX, Duration::from_secs));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        Some(date.duration_since(now).unwrap_or_default())
    });
    asked.max().map(|asked| asked.min(MOST_RETRY_AFTER))
}

/// The longest that [`retry_after`] returns: a day.
pub const MOST_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How long to wait before trying again: exponential, with full jitter, so that those who failed
/// together do not come back together.
///
/// ```
/// use std::time::Duration;
/// use dragline_fetch::Backoff;
///
/// let backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(60) };
/// let random = u64::MAX / 2; // Of a source of randomness.
/// assert_eq!(backoff.delay(0, random).as_millis(), 499);
/// assert_eq!(backoff.delay(3, random).as_millis(), 3_999);
/// assert_eq!(backoff.delay(1000, random).as_millis(), 29_999);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait after the first failure. Default: 1 s.
    pub base: Duration,
    /// The longest wait of all. Default: 60 s.
    pub cap: Duration,
}

impl Backoff {
    /// Returns a wait after the failure with the number `attempt`, counted from 0: as `random` is,
    /// which should be uniformly distributed, between nothing and `base` doubled `attempt` times,
    /// or `cap` if that is less.
    pub fn delay(&self, attempt: u32, random: u64) -> Duration {
        let factor = 2_u32.saturating_pow(attempt);
        let most = self.base.saturating_mul(factor).min(self.cap);
        // Below 2^64 ns, which is 584 years.
        let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        let part = (u128::from(nanos) * u128::from(random)) >> u64::BITS;
        Duration::from_nanos(u64::try_from(part).unwrap_or(nanos))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff {
            base: Duration::from_secs(1),
            cap: Duration::from_secs(60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 1994-11-06, 08:49:37: the example of RFC 9110 §5.6.7.
    const NOW: u64 = 784_111_777;

    fn asked(values: &[&str]) -> Option<u64> {
        let value = |value: &&str| (RETRY_AFTER, value.parse().unwrap());
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
        retry_after(&values.iter().map(value).collect(), now).map(|asked| asked.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        assert_eq!(asked(&["120"]), Some(120));
        assert_eq!(asked(&["0"]), Some(0));
        assert_eq!(asked(&["Sun, 06 Nov 1994 08:51:37 GMT"]), Some(120));
        assert_eq!(asked(&["Sunday, 06-Nov-94 08:51:37 GMT"]), Some(120));
        assert_eq!(asked(&["Sun Nov  6 08:51:37 1994"]), Some(120));
        assert_eq!(asked(&["5", "x", "7", "6"]), Some(7));
    }

    #[test]
    fn hostile_values_are_bounded_or_passed_over() {
        let day = MOST_RETRY_AFTER.as_secs();
        assert_eq!(asked(&["1000000000000000000"]), Some(day));
        assert_eq!(asked(&["9".repeat(10_000).as_str()]), Some(day));
        assert_eq!(asked(&["Fri, 31 Dec 9999 23:59:59 GMT"]), Some(day));
        assert_eq!(asked(&["Sun, 06 Nov 1994 08:49:36 GMT"]), Some(0));
        for nonsense in [
            "",
            " ",
            "-5",
            "+5",
            "1e18",
            "1.5",
            "soon",
            "0x10",
            "Sun, 99 Nov 1994 99:99:99 GMT",
        ] {
            assert_eq!(asked(&[nonsense]), None, "{nonsense}");
        }
        assert_eq!(asked(&[]), None);
    }

    #[test]
    fn a_status_that_may_pass_is_told_from_one_that_stays() {
        let transient = (100..=999)
            .filter(|status| is_transient_status(StatusCode::from_u16(*status).unwrap()));
        assert!(transient.eq([408, 429, 500, 502, 503, 504, 522, 524]));
    }

    proptest! {
        #[test]
        fn a_delay_is_within_its_bounds(base: u64, cap: u64, attempt: u32, random: u64) {
            let backoff = Backoff { base: Duration::from_nanos(base), cap: Duration::from_nanos(cap) };
            let most = backoff.base.saturating_mul(2_u32.saturating_pow(attempt)).min(backoff.cap);
            prop_assert!(backoff.delay(attempt, random) <= most);
            prop_assert_eq!(backoff.delay(attempt, 0), Duration::ZERO);
        }

        #[test]
        fn any_field_is_understood_or_not(value in "[ -~]{0,40}|[0-9]{1,30}", now in 0..u64::MAX >> 2) {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
            prop_assert!(retry_after(&headers, now).is_none_or(|asked| asked <= MOST_RETRY_AFTER));
        }
    }
}
