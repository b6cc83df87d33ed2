//! What a response's head says, before its body is believed.

use http::header::{CONTENT_LENGTH, IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderMap, StatusCode};

use crate::error::FetchError;

/// How a body is framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Framing {
    /// Its length, if it ends there although the connection does not.
    pub(crate) ends_at: Option<u64>,
    /// Whether sender and receiver may disagree on where it ends, so that nothing that comes later
    /// on the connection is to be believed.
    pub(crate) is_doubtful: bool,
}

/// What answers a request allows beside the usual ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    for_part: bool,
    for_news: bool,
}

impl Asked {
    /// By its fields.
    pub(crate) fn of(request: &HeaderMap) -> Self {
        let has = |name| request.contains_key(name);
        Asked {
            for_part: has(RANGE),
            for_news: has(IF_NONE_MATCH) || has(IF_MODIFIED_SINCE),
        }
    }

    fn allows(self, status: StatusCode) -> bool {
        match status {
            StatusCode::PARTIAL_CONTENT => self.for_part,
            StatusCode::NOT_MODIFIED => self.for_news,
            status => !status.is_informational(),
        }
    }
}

/// Looks at the response to a request.
pub(crate) fn check(asked: Asked, answer: &Parts) -> Result<Framing, FetchError> {
    // hyper bounds what it reads of a head only roughly.
    let length: usize = answer
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if length > LONGEST_HEAD {
        return Err(FetchError::HeadTooLarge);
    }
    if !asked.allows(answer.status) {
        return Err(FetchError::Unasked(answer.status));
    }
    let codings = transfer_codings(&answer.headers);
    let Some(first) = codings.first() else {
        return Ok(Framing::default());
    };
    // RFC 9112 §6.1: without `TE`, a server may apply `chunked`, once. `identity` is RFC 2616 §3.6.
    // Twice is a proxy's repeated line, not two codings.
    if codings.iter().any(|coding| coding != first) || !["chunked", "identity"].contains(&&**first)
    {
        let unknown = codings.into_iter().find(|coding| coding != "chunked");
        let named = unknown
            .unwrap_or_default()
            .chars()
            .take(MOST_NAMED)
            .collect();
        return Err(FetchError::TransferCoding(named));
    }
    let length = answer.headers.get(CONTENT_LENGTH);
    let is_chunked = first == "chunked";
    Ok(Framing {
        ends_at: length
            .filter(|_| !is_chunked)
            .and_then(|length| length.to_str().ok()?.parse().ok()),
        // RFC 9112 §6.3, rule 3: both lengths may be an attempt at smuggling.
        is_doubtful: length.is_some() || codings.len() > 1 || !is_chunked,
    })
}

fn transfer_codings(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(TRANSFER_ENCODING).iter();
    let codings = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    codings
        .map(|coding| String::from_utf8_lossy(coding.trim_ascii()).to_ascii_lowercase())
        .filter(|coding| !coding.is_empty())
        .collect()
}

/// The longest head, in bytes: 300 KiB, as of curl.
pub(crate) const LONGEST_HEAD: usize = 300 << 10;
/// The most header fields. More than any browser meets; hyper's default of 100 loses pages that
/// browsers show.
pub(crate) const MOST_FIELDS: usize = 4000;
/// The most interim responses (RFC 9110 §15.2). Honest servers send one or two; where work takes
/// long, some repeat `102` each few seconds.
pub(crate) const MOST_INTERIM: usize = 100;
/// So many characters of what a server sent stand in an error.
const MOST_NAMED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;

    fn judge(
        asked: &[&'static str],
        status: u16,
        fields: &[(&str, &str)],
    ) -> Result<Framing, String> {
        let mut response = Response::builder().status(status);
        for (name, value) in fields {
            response = response.header(*name, *value);
        }
        let (parts, ()) = response.body(()).unwrap().into_parts();
        let asked = asked
            .iter()
            .map(|name| (name.parse().unwrap(), "x".parse().unwrap()));
        check(Asked::of(&asked.collect()), &parts).map_err(|error| error.to_string())
    }

    #[test]
    fn what_was_not_asked_for_is_refused() {
        for (status, field) in [
            (206, "range"),
            (304, "if-none-match"),
            (304, "if-modified-since"),
        ] {
            let error = judge(&["accept"], status, &[]).unwrap_err();
            assert!(
                error.starts_with(&format!("response `{status} ")),
                "{error}"
            );
            assert!(
                error.ends_with("` to a request that did not ask for it"),
                "{error}"
            );
            assert!(judge(&[field], status, &[]).is_ok());
        }
        assert!(judge(&[], 101, &[]).is_err());
        for status in [200, 204, 299, 302, 404, 416, 500, 999] {
            assert!(judge(&[], status, &[]).is_ok());
        }
    }

    #[test]
    fn only_chunked_is_a_transfer_coding_and_doubt_ends_the_connection() {
        let sure = Framing::default();
        let doubtful = Framing {
            is_doubtful: true,
            ..sure
        };
        let coded = |coding| judge(&[], 200, &[("transfer-encoding", coding)]);
        assert_eq!(judge(&[], 200, &[("content-length", "3")]), Ok(sure));
        assert_eq!(coded(" Chunked "), Ok(sure));
        assert_eq!(coded("chunked, chunked"), Ok(doubtful));
        assert_eq!(coded("identity"), Ok(doubtful));
        let both = judge(
            &[],
            200,
            &[("content-length", "3"), ("transfer-encoding", "chunked")],
        );
        assert_eq!(both, Ok(doubtful));
        let both = judge(
            &[],
            200,
            &[("content-length", "3"), ("transfer-encoding", "identity")],
        );
        assert_eq!(
            both,
            Ok(Framing {
                ends_at: Some(3),
                ..doubtful
            })
        );
        for (coding, named) in [
            ("gzip", "gzip"),
            ("gzip, chunked", "gzip"),
            ("xchunked", "xchunked"),
            ("identity, chunked", "identity"),
        ] {
            assert_eq!(
                coded(coding),
                Err(format!("unknown transfer coding `{named}`"))
            );
        }
        let long = "a".repeat(100_000);
        assert!(coded(&long).unwrap_err().len() < 100);
    }
}
