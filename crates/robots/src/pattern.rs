use std::fmt::Write as _;

use memchr::memmem;

/// The path of a rule: `*` stands for anything, a `$` at the end for the end (RFC 9309 §2.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    text: String,
    is_to_the_end: bool,
}

impl Pattern {
    /// Makes one of what stands in a file.
    pub(crate) fn new(written: &[u8]) -> Self {
        let (written, is_to_the_end) = match written.strip_suffix(b"$") {
            Some(before) => (before, true),
            None => (written, false),
        };
        let text = normal(written, |byte| byte == b'*');
        Pattern {
            text,
            is_to_the_end,
        }
    }

    /// How specific it is: how many octets it has.
    pub(crate) fn len(&self) -> usize {
        self.text.len() + usize::from(self.is_to_the_end)
    }

    /// Tells whether it matches a path in its [`normal`] form. In linear time: what stands between
    /// two wildcards is looked for where it is first, and that is no loss.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut parts = self.text.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = path.strip_prefix(first) else {
            return false;
        };
        let mut last = None;
        for part in parts {
            if let Some(part) = last.replace(part) {
                match memmem::find(rest.as_bytes(), str::as_bytes(part)) {
                    Some(at) => rest = &rest[at + part.len()..],
                    None => return false,
                }
            }
        }
        match (last, self.is_to_the_end) {
            (Some(last), true) => rest.ends_with(last),
            (Some(last), false) => memmem::find(rest.as_bytes(), last.as_bytes()).is_some(),
            (None, true) => rest.is_empty(),
            (None, false) => true,
        }
    }
}

/// The form in which paths are compared (RFC 9309 §2.2.2): percent-encoded is what is neither
/// reserved nor unreserved (RFC 3986 §2), and `*` and `$` where they are meant literally; what is
/// unreserved is not.
pub(crate) fn normal(written: &[u8], is_special: impl Fn(u8) -> bool) -> String {
    let mut text = String::with_capacity(written.len());
    let mut at = 0;
    while let Some(&byte) = written.get(at) {
        let encoded = match written.get(at..at + 3) {
            Some([b'%', high, low]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        let (byte, was_encoded) = match encoded {
            Some((high, low)) => (high << 4 | low, true),
            None => (byte, false),
        };
        at += if was_encoded { 3 } else { 1 };
        let is_plain = if was_encoded {
            byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
        } else {
            is_special(byte) || (byte.is_ascii_graphic() && !b"*$".contains(&byte))
        };
        if is_plain {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str, expected: bool) {
        let path = normal(path.as_bytes(), |_| false);
        let matches = Pattern::new(pattern.as_bytes()).matches(&path);
        assert_eq!(matches, expected, "{pattern} {path}");
    }

    #[test]
    fn wildcards_stand_for_anything() {
        check("/fish", "/fish.html", true);
        check("/fish", "/Fish.asp", false);
        check("/fish*", "/fish", true);
        check("/*.php", "/folder/a.php?x", true);
        check("/*.php$", "/a.php", true);
        check("/*.php$", "/a.php?x", false);
        check("/*.php$", "/a.php.php", true);
        check("/fish*.php", "/fishheads/catfish.php?p", true);
        check("/fish*.php", "/Fish.PHP", false);
        check("*", "/", true);
        check("$", "/", false);
        check("/$", "/", true);
        check("/a**b", "/ab", true);
        check("/*$", "/x", true);
        check("/a$b", "/a$bc", true);
        check("/a*b*", "/a", false);
    }

    #[test]
    fn percent_encoding_makes_no_difference_where_nothing_is_reserved() {
        check("/a/%7ejoe", "/a/~joe/x", true);
        check("/a/~joe", "/a/%7Ejoe", true);
        check("/ツ", "/%E3%83%84", true);
        check("/%e3%83%84", "/ツ", true);
        check("/a%2Fb", "/a/b", false);
        check("/a%2fb", "/a%2Fb", true);
        check("/a%2A", "/a*", true);
        check("/a%2A", "/ab", false);
        check("/a%zz", "/a%zz", true);
    }

    #[test]
    fn many_wildcards_take_no_more_than_linear_time() {
        let pattern = Pattern::new("/*a".repeat(150_000).as_bytes());
        let path = "/a".repeat(149_999);
        for _ in 0..10 {
            assert!(!pattern.matches(&path));
        }
    }
}
