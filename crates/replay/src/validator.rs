//! Whether a client has what it asks for (RFC 9110 §13).

use archive::Digest;
use http::header::{IF_NONE_MATCH, IF_RANGE};
use http::{HeaderMap, HeaderValue};

/// The entity tag of a body: of what is sent, whatever archive it is from.
pub(crate) fn entity_tag(digest: Digest, variant: &str) -> HeaderValue {
    let digest = digest.to_string();
    let digits = digest.rsplit(':').next().unwrap_or_default();
    let tag = format!("\"{}{variant}\"", &digits[..digits.len().min(32)]);
    // It is of hexadecimal digits and a word of ours.
    HeaderValue::try_from(tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Returns whether the client has what this tag is of.
pub(crate) fn has(request: &HeaderMap, tag: &HeaderValue) -> bool {
    let tags = request.get_all(IF_NONE_MATCH).iter();
    let mut tags = tags.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    tags.any(|other| {
        let other = other.trim_ascii();
        other == b"*" || other.strip_prefix(b"W/").unwrap_or(other) == tag.as_bytes()
    })
}

/// Returns whether a part is asked for of what this tag is of, or of whatever there is.
pub(crate) fn is_of(request: &HeaderMap, tag: &HeaderValue) -> bool {
    request
        .get(IF_RANGE)
        .is_none_or(|condition| condition == tag)
}
