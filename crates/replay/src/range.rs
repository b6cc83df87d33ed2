//! Parts of a body (RFC 9110 §14).

use std::ops::Range;

/// What a `Range` asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All: it is none that is understood, or of several parts.
    All,
    /// These bytes.
    Bytes(Range<u64>),
    /// Nothing that is there.
    Nothing,
}

impl Part {
    /// Reads the field, for a body of this length in bytes.
    pub(crate) fn of(field: &str, length: u64) -> Self {
        let Some((unit, spec)) = field.split_once('=') else {
            return Part::All;
        };
        if !unit.trim().eq_ignore_ascii_case("bytes") || spec.contains(',') {
            return Part::All;
        }
        let Some((first, last)) = spec.trim().split_once('-') else {
            return Part::All;
        };
        let (first, last) = (first.trim(), last.trim());
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(first) || !is_number(last) || first.is_empty() && last.is_empty() {
            return Part::All;
        }
        // What is too large a number is beyond any body.
        let number = |text: &str| text.parse().unwrap_or(u64::MAX);
        let bytes = match (first, last) {
            ("", last) => length.saturating_sub(number(last))..length,
            (first, "") => number(first)..length,
            (first, last) if number(last) < number(first) => return Part::All,
            (first, last) => number(first)..number(last).saturating_add(1).min(length),
        };
        if bytes.start < bytes.end {
            Part::Bytes(bytes)
        } else {
            Part::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_what_the_rfc_says() {
        let check = |field: &str, part: Part| assert_eq!(Part::of(field, 10), part, "{field}");
        check("bytes=0-", Part::Bytes(0..10));
        check("Bytes = 2-4 ", Part::Bytes(2..5));
        check("bytes=2-99999999999999999999", Part::Bytes(2..10));
        check("bytes=-3", Part::Bytes(7..10));
        check("bytes=-30", Part::Bytes(0..10));
        check("bytes=9-9", Part::Bytes(9..10));
        check("bytes=10-", Part::Nothing);
        check("bytes=99999999999999999999-", Part::Nothing);
        check("bytes=-0", Part::Nothing);
        for all in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=4-2",
            "lines=0-",
            "bytes=0-1,3-4",
            "bytes=+1-",
        ] {
            check(all, Part::All);
        }
        assert_eq!(Part::of("bytes=0-", 0), Part::Nothing);
    }
}
