//! Which content codings a client takes.

use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};

/// Returns the content codings of a response, in lower case, as far as they change anything.
pub(crate) fn codings(received: &HeaderMap) -> Vec<String> {
    let values = received.get_all(CONTENT_ENCODING).iter();
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|coding| String::from_utf8_lossy(coding).trim().to_ascii_lowercase())
        .filter(|coding| !matches!(coding.as_str(), "" | "identity"))
        .collect()
}

/// Returns whether a client takes all of these (RFC 9110 §12.5.3). One that does not say takes none
/// here: it would have to undo them.
pub(crate) fn takes(request: &HeaderMap, codings: &[String]) -> bool {
    codings.iter().all(|coding| takes_one(request, coding))
}

fn takes_one(request: &HeaderMap, coding: &str) -> bool {
    let mut any = false;
    for value in request.get_all(ACCEPT_ENCODING) {
        for choice in value.to_str().unwrap_or_default().split(',') {
            let (name, weight) = choice.split_once(';').unwrap_or((choice, ""));
            let name = name.trim().to_ascii_lowercase();
            let is_taken = !is_zero(weight);
            if bare(&name) == bare(coding) {
                return is_taken;
            }
            any |= name == "*" && is_taken;
        }
    }
    any
}

/// RFC 9110 §8.4.1.3: the same.
fn bare(coding: &str) -> &str {
    coding.strip_prefix("x-").unwrap_or(coding)
}

fn is_zero(weight: &str) -> bool {
    let weight = weight.trim().to_ascii_lowercase();
    let weight = weight.strip_prefix("q").map(str::trim_start);
    let weight = weight.and_then(|weight| weight.strip_prefix('='));
    weight.is_some_and(|weight| {
        weight
            .trim()
            .parse::<f32>()
            .is_ok_and(|weight| weight <= 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_taken_if_the_client_says_so() {
        let takes = |accepted: Option<&str>, coding: &str| {
            let accepted = accepted.map(|text| (ACCEPT_ENCODING, text.parse().unwrap()));
            takes(&accepted.into_iter().collect(), &[coding.to_owned()])
        };
        assert!(takes(Some("gzip, deflate, br"), "br"));
        assert!(takes(Some("GZip;q=0.5"), "x-gzip"));
        assert!(takes(Some("*"), "zstd"));
        assert!(!takes(Some("identity;q=1, *;q=0"), "gzip"));
        assert!(!takes(Some("*, gzip; Q = 0.0"), "gzip"));
        assert!(!takes(Some("gzip"), "br"));
        assert!(!takes(None, "gzip"));
    }
}
