use std::time::Duration;

use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG,
    HeaderName, IF_RANGE, LAST_MODIFIED, RANGE, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::fetcher::Response;
use crate::{Body, escaped};

/// What tells whether a body is still the same, byte for byte, as one that broke off
/// (RFC 9110 §8.8), so that the rest of it is of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    /// `ETag` or `Last-Modified`.
    name: HeaderName,
    value: HeaderValue,
    content_coding: Vec<HeaderValue>,
    length: Option<u64>,
}

impl Validator {
    /// Takes what the head of a response says; `None` if a body that broke off cannot be gone on
    /// with. That needs a status 200, ranges not refused, a strong `ETag`, or, without any, a date of
    /// change a minute or more before that of the response (§8.8.2.2); and, if the body is content
    /// coded, its length, for one that is coded as it is sent may be other bytes each time.
    pub fn of(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        let refuses = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"none");
        if status != StatusCode::OK || headers.get_all(ACCEPT_RANGES).iter().any(refuses) {
            return None;
        }
        let name = match headers.get(ETAG) {
            Some(etag) => is_strong(etag).then_some(ETAG),
            None => is_settled(headers).then_some(LAST_MODIFIED),
        }?;
        let content_coding = content_coding(headers);
        let length = headers.get(CONTENT_LENGTH);
        let length = length.filter(|_| !headers.contains_key(TRANSFER_ENCODING));
        let length = length.and_then(|length| number(length.to_str().ok()?));
        if length.is_none() && !content_coding.is_empty() {
            return None;
        }
        Some(Validator {
            value: headers.get(&name)?.clone(),
            name,
            content_coding,
            length,
        })
    }

    /// Makes a request one for all that is behind the first `received` bytes (§13.1.5, §14.2).
    pub(crate) fn ask(&self, received: u64, request: &mut HeaderMap) {
        let range = format!("bytes={received}-");
        let range = HeaderValue::from_str(&range).expect("letters, digits and signs only");
        request.insert(RANGE, range);
        request.insert(IF_RANGE, self.value.clone());
    }

    /// Returns the length of the whole, if a response with status 206 has what is behind the first
    /// `received` bytes, and all of that (§14.4, §15.3.7).
    pub(crate) fn length(&self, received: u64, headers: &HeaderMap) -> Result<u64, ResumeError> {
        if headers.get(&self.name) != Some(&self.value)
            || content_coding(headers) != self.content_coding
        {
            return Err(ResumeError::Changed);
        }
        let of_type = headers.get_all(CONTENT_TYPE).iter();
        let mut essences = of_type.map(|value| value.as_bytes().trim_ascii().to_ascii_lowercase());
        if essences.any(|essence| essence.starts_with(b"multipart/byteranges")) {
            return Err(ResumeError::Multipart);
        }
        let mut ranges = headers.get_all(CONTENT_RANGE).iter();
        let (Some(range), None) = (ranges.next(), ranges.next()) else {
            return Err(ResumeError::Range(String::new()));
        };
        let wrong = || {
            let text = String::from_utf8_lossy(range.as_bytes());
            ResumeError::Range(text.chars().take(MOST_NAMED).collect())
        };
        let (first, last, length) = content_range(range).ok_or_else(wrong)?;
        let is_rest = first == received && first <= last && last.checked_add(1) == Some(length);
        if !is_rest || self.length.is_some_and(|known| known != length) {
            return Err(wrong());
        }
        Ok(length)
    }
}

/// The answer to a request to go on with a body.
#[derive(Debug)]
pub enum Resumed {
    /// The rest, to be put behind what there is. Its body counts on from there. The head to keep is
    /// that of the first response.
    Rest(Response<Body>),
    /// The server gives all of it, for it has changed, or it knows no ranges; or it gives something
    /// else: any response but 206 and 416. What there is must be thrown away if this is kept.
    Whole(Response<Body>),
}

/// Why a part cannot be put behind what there is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// The part is not of the same bytes, or does not say so.
    #[error("it has changed")]
    Changed,
    /// There are several parts, of which none was asked for.
    #[error("several parts came")]
    Multipart,
    /// It is not the part that was asked for.
    #[error("another part came: `{}`", escaped(.0))]
    Range(String),
    /// Its length is not that of the part it says it is.
    #[error("the part is not as long as it says")]
    Length,
    /// The server says that there is nothing behind what there is (416).
    #[error("there is no such part")]
    NotSatisfiable,
}

/// §8.8.3: `W/` marks those that stay though bytes change.
fn is_strong(etag: &HeaderValue) -> bool {
    let etag = etag.as_bytes();
    etag.len() >= 2 && etag.starts_with(b"\"") && etag.ends_with(b"\"")
}

/// §8.8.2.2: the date of what changed so lately might stay though it changes again.
fn is_settled(headers: &HeaderMap) -> bool {
    let date = |name| httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok();
    let (Some(modified), Some(sent)) = (date(LAST_MODIFIED), date(DATE)) else {
        return false;
    };
    sent.duration_since(modified)
        .is_ok_and(|since| since >= SETTLED)
}

fn content_coding(headers: &HeaderMap) -> Vec<HeaderValue> {
    headers.get_all(CONTENT_ENCODING).iter().cloned().collect()
}

/// The first and the last position, and the length of the whole.
fn content_range(value: &HeaderValue) -> Option<(u64, u64, u64)> {
    let (unit, range) = value.to_str().ok()?.trim().split_once(' ')?;
    let (positions, length) = range.trim_start().split_once('/')?;
    let (first, last) = positions.split_once('-')?;
    let range = (number(first)?, number(last)?, number(length)?);
    unit.eq_ignore_ascii_case("bytes").then_some(range)
}

/// Digits alone, which `parse` does not require.
fn number(digits: &str) -> Option<u64> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

const SETTLED: Duration = Duration::from_secs(60);
/// So many characters of what a server sent stand in an error.
const MOST_NAMED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(fields: &[(&'static str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), value.parse().unwrap())
        };
        fields.iter().map(field).collect()
    }

    fn validator(fields: &[(&'static str, &str)]) -> Option<Validator> {
        Validator::of(StatusCode::OK, &head(fields))
    }

    #[test]
    fn only_what_proves_the_same_bytes_is_a_validator() {
        let sent = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let settled = ("last-modified", "Sun, 06 Nov 1994 08:48:37 GMT");
        let fresh = ("last-modified", "Sun, 06 Nov 1994 08:48:38 GMT");
        let later = ("last-modified", "Mon, 07 Nov 1994 08:48:38 GMT");
        assert!(validator(&[("etag", "\"1\"")]).is_some());
        assert!(validator(&[("etag", "\"1\""), fresh]).is_some());
        assert!(validator(&[sent, settled]).is_some());
        assert!(validator(&[("etag", "\"1\""), ("accept-ranges", "bytes")]).is_some());
        assert_eq!(validator(&[]), None);
        assert_eq!(validator(&[("etag", "W/\"1\"")]), None);
        assert_eq!(validator(&[("etag", "W/\"1\""), sent, settled]), None);
        assert_eq!(validator(&[("etag", "1")]), None);
        assert_eq!(validator(&[("etag", "\"")]), None);
        assert_eq!(validator(&[settled]), None);
        assert_eq!(validator(&[sent, fresh]), None);
        assert_eq!(validator(&[sent, later]), None);
        assert_eq!(
            validator(&[("etag", "\"1\""), ("accept-ranges", "none")]),
            None
        );
        assert_eq!(
            validator(&[("etag", "\"1\""), ("content-encoding", "gzip")]),
            None
        );
        let known = [
            ("etag", "\"1\""),
            ("content-encoding", "gzip"),
            ("content-length", "9"),
        ];
        assert!(validator(&known).is_some());
        assert_eq!(
            Validator::of(StatusCode::NOT_FOUND, &head(&[("etag", "\"1\"")])),
            None
        );
    }

    #[test]
    fn a_part_is_taken_only_if_it_is_the_rest() {
        let validator = validator(&[("etag", "\"1\""), ("content-length", "10")]).unwrap();
        let check = |range: &str| {
            validator.length(4, &head(&[("etag", "\"1\""), ("content-range", range)]))
        };
        assert_eq!(check("bytes 4-9/10"), Ok(10));
        assert_eq!(check("Bytes 4-9/10"), Ok(10));
        for other in [
            "bytes 3-9/10",
            "bytes 5-9/10",
            "bytes 4-8/10",
            "bytes 4-9/11",
            "bytes 4-10/11",
            "bytes 4-3/10",
            "bytes 4-9/*",
            "bytes */10",
            "bytes 4-/10",
            "bytes=4-9/10",
            "4-9/10",
            "items 4-9/10",
            "",
            "bytes +4-9/10",
            "bytes 4--9/10",
            "bytes -4-9/10",
            "bytes 4-9/10, 4-9/10",
            "bytes 4-18446744073709551615/18446744073709551616",
            "bytes 18446744073709551620-9/10",
            "bytes 4-18446744073709551615/0",
        ] {
            assert_eq!(check(other), Err(ResumeError::Range(other.to_owned())));
        }
        let part = |fields: &[(&'static str, &str)]| validator.length(4, &head(fields));
        let range = ("content-range", "bytes 4-9/10");
        assert_eq!(part(&[("etag", "\"2\""), range]), Err(ResumeError::Changed));
        assert_eq!(
            part(&[("etag", "W/\"1\""), range]),
            Err(ResumeError::Changed)
        );
        assert_eq!(part(&[range]), Err(ResumeError::Changed));
        assert_eq!(
            part(&[("etag", "\"1\""), range, ("content-encoding", "br")]),
            Err(ResumeError::Changed)
        );
        let multipart = ("content-type", "Multipart/Byteranges; boundary=x");
        assert_eq!(
            part(&[("etag", "\"1\""), range, multipart]),
            Err(ResumeError::Multipart)
        );
        assert!(part(&[("etag", "\"1\"")]).is_err());
        assert!(part(&[("etag", "\"1\""), range, range]).is_err());
    }

    #[test]
    fn what_a_server_sends_is_escaped_and_cut() {
        let validator = validator(&[("etag", "\"1\"")]).unwrap();
        let mut headers = head(&[("etag", "\"1\"")]);
        let hostile = [b"\xc2\x9b2J\t".as_slice(), &[b'x'; 1000]].concat();
        headers.insert(CONTENT_RANGE, HeaderValue::from_bytes(&hostile).unwrap());
        let error = validator.length(1, &headers).unwrap_err().to_string();
        assert!(
            error.starts_with(r"another part came: `\u{9b}2J\txxx"),
            "{error}"
        );
        assert!(error.len() < 120);
    }

    proptest! {
        /// Whatever is said: what is taken is the rest, without any overflow.
        #[test]
        fn no_arithmetic_goes_wrong(
            range in prop_oneof![
                "bytes [0-9]{0,21}-[0-9]{0,21}/([0-9]{0,21}|\\*)",
                "[ -~]{0,30}",
                (any::<u64>(), 0_u64..3, 0_u64..3).prop_map(|(first, more, less)| {
                    let last = first.wrapping_add(more);
                    format!("bytes {first}-{last}/{}", last.wrapping_add(less))
                }),
            ],
            received: u64,
            take_first: bool,
        ) {
            let validator = Validator::of(StatusCode::OK, &head(&[("etag", "\"1\"")])).unwrap();
            let headers = head(&[("etag", "\"1\""), ("content-range", &range)]);
            let parts = content_range(&headers[CONTENT_RANGE]);
            let received = parts.filter(|_| take_first).map_or(received, |(first, ..)| first);
            if let Ok(length) = validator.length(received, &headers) {
                let (first, last, _) = parts.unwrap();
                prop_assert!(first == received && first <= last);
                prop_assert_eq!(u128::from(last) + 1, u128::from(length));
            }
        }
    }
}
