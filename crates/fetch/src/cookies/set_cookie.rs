use super::date;

/// The longest name and value together, and the longest value of an attribute that counts.
pub(super) const LONGEST: usize = 4096;
const LONGEST_ATTRIBUTE: usize = 1024;

/// What a `Set-Cookie` field says (RFC 6265bis §5.6), before anyone asks whether it may.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SetCookie<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    /// In lower case, without a dot at its beginning; `None` is the host alone.
    pub(super) domain: Option<String>,
    /// `None` is that of the request.
    pub(super) path: Option<&'a [u8]>,
    /// How many seconds it is kept from now on; `None` is until the session ends.
    pub(super) lifetime: Option<i64>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
}

impl<'a> SetCookie<'a> {
    /// Reads a field; `None` if it says no cookie, or one that could not be sent back.
    pub(super) fn read(field: &'a [u8], now: i64) -> Option<Self> {
        let mut parts = field.split(|byte| *byte == b';');
        let (name, value) = pair(parts.next()?);
        // `=value` and `value` alone both have an empty name (§5.6 step 3).
        let (name, value) = value.map_or((&b""[..], name), |value| (name, value));
        // A tab could not be kept in a file; curl refuses it too.
        let is_text = !field
            .iter()
            .any(|byte| matches!(byte, 0..=8 | 10..=31 | 127))
            && !name.contains(&b'\t')
            && !value.contains(&b'\t');
        let length = name.len() + value.len();
        if !is_text || length == 0 || length > LONGEST {
            return None;
        }
        let mut cookie = SetCookie {
            name,
            value,
            ..SetCookie::default()
        };
        let (mut expires, mut max_age) = (None, None);
        for part in parts {
            let (name, value) = pair(part);
            let value = value.unwrap_or_default();
            if value.len() > LONGEST_ATTRIBUTE {
                continue;
            }
            match name.to_ascii_lowercase().as_slice() {
                b"expires" => expires = date::read(value).or(expires),
                b"max-age" => max_age = seconds(value).or(max_age),
                b"domain" => cookie.domain = domain(value),
                b"path" => cookie.path = path(value),
                b"secure" => cookie.secure = true,
                b"httponly" => cookie.http_only = true,
                _ => {}
            }
        }
        // `Max-Age` counts for more, wherever it stands.
        cookie.lifetime = max_age.or(expires.map(|at| at.saturating_sub(now)));
        Some(cookie)
    }
}

/// The text before and behind the first `=`, without blanks around.
fn pair(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == b'=') {
        Some(at) => (trim(&text[..at]), Some(trim(&text[at + 1..]))),
        None => (trim(text), None),
    }
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// A `Max-Age`; of one beyond all measure, as much as there is.
fn seconds(value: &[u8]) -> Option<i64> {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if digits.len() < value.len() {
        return Some(0);
    }
    let add = |sum: i64, digit: &u8| sum.saturating_mul(10).saturating_add((digit - b'0').into());
    Some(digits.iter().fold(0, add))
}

/// One that does not begin with a slash counts as none; neither does one that no file could keep.
fn path(value: &[u8]) -> Option<&[u8]> {
    (value.starts_with(b"/") && !value.contains(&b'\t')).then_some(value)
}

/// An empty one counts as none. What is no text matches no host.
fn domain(value: &[u8]) -> Option<String> {
    let bare = value.strip_prefix(b".").unwrap_or(value);
    let text = String::from_utf8_lossy(bare).to_ascii_lowercase();
    (!value.is_empty()).then_some(text)
}
