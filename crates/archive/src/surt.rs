//! The keys that an index is sorted by: URLs in a Sort-friendly URI Reordering Transform, with the
//! differences that seldom matter taken out, as the `surt` library has it, by whose keys `pywb`
//! looks a capture up.

/// Returns the key of a URL. It has no blank and no control character.
pub(crate) fn key(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return text(&escaped(url.as_bytes()));
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut key = host(scheme, authority);
    key.push(b')');
    let path = escaped(&normal_path(&unescaped(path))).to_ascii_lowercase();
    // But for the root, a slash at the end makes no difference.
    let is_root = path.len() == 1;
    key.extend_from_slice(
        path.strip_suffix(b"/")
            .filter(|_| !is_root)
            .unwrap_or(&path),
    );
    let query = normal_query(&escaped(&unescaped(query.unwrap_or_default())));
    if !query.is_empty() {
        key.push(b'?');
        key.extend(query);
    }
    text(&key)
}

/// `www.example.org:81` as `org,example:81`, without the scheme's own port.
fn host(scheme: &str, authority: &str) -> Vec<u8> {
    let host = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
        _ => (host, ""),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = text(&escaped(&unescaped(host))).to_ascii_lowercase();
    let host = host.replace("..", ".");
    let mut labels: Vec<_> = host.trim_matches('.').split('.').collect();
    let is_www = labels[0].strip_prefix("www");
    if labels.len() > 1 && is_www.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    {
        labels.remove(0);
    }
    labels.reverse();
    let mut key = labels.join(",");
    let default = match scheme {
        "http" => "80",
        "https" => "443",
        _ => "",
    };
    if !port.is_empty() && port != default {
        key.push(':');
        key.push_str(port);
    }
    key.into_bytes()
}

/// Without dot segments and empty ones.
fn normal_path(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| *byte == b'/').skip(1) {
        match segment {
            b"." => {}
            b".." if !kept.is_empty() => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let last = kept.pop().unwrap_or_default();
    let mut path = vec![b'/'];
    for segment in kept.into_iter().filter(|segment| !segment.is_empty()) {
        path.extend_from_slice(segment);
        path.push(b'/');
    }
    path.extend_from_slice(last);
    path
}

/// In lower case, its arguments sorted, without a session's number.
fn normal_query(query: &[u8]) -> Vec<u8> {
    let query = without_session(text(query).to_ascii_lowercase());
    let mut arguments: Vec<_> = query
        .split('&')
        .map(|argument| {
            argument
                .split_once('=')
                .map_or((argument, None), |(name, value)| (name, Some(value)))
        })
        .collect();
    arguments.sort_unstable();
    let arguments: Vec<_> = arguments
        .into_iter()
        .map(|(name, value)| value.map_or(name.to_owned(), |value| format!("{name}={value}")))
        .collect();
    arguments.join("&").into_bytes()
}

/// Takes out the arguments that the `surt` library knows to number sessions.
fn without_session(mut query: String) -> String {
    let alphanumeric = |byte: &u8| byte.is_ascii_alphanumeric();
    for name in ["jsessionid=", "phpsessid=", "sid="] {
        query = without(query, name, |rest| counted(rest, 32, alphanumeric));
    }
    query = without(query, "aspsessionid", |rest| {
        let named = counted(rest, 8, u8::is_ascii_alphabetic)?;
        let value = rest[named..].strip_prefix('=')?;
        Some(named + 1 + counted(value, 24, u8::is_ascii_alphabetic)?)
    });
    without(query, "cfid=", |rest| {
        let (id, token) = rest.split_once('&')?;
        let value = token.strip_prefix("cftoken=")?;
        let length = value.find('&').unwrap_or(value.len());
        (!id.is_empty() && length > 0).then_some(id.len() + 1 + 8 + length)
    })
}

/// Takes out the last `name` with the value that `value` measures, if an argument ends there.
fn without(query: String, name: &str, value: impl Fn(&str) -> Option<usize>) -> String {
    for (at, _) in query.rmatch_indices(name) {
        let rest = &query[at + name.len()..];
        let Some(rest) = value(rest).and_then(|length| rest.get(length..)) else {
            continue;
        };
        if rest.is_empty() || rest.starts_with('&') {
            return format!("{}{}", &query[..at], rest.strip_prefix('&').unwrap_or(rest));
        }
    }
    query
}

fn counted(text: &str, length: usize, is: impl Fn(&u8) -> bool) -> Option<usize> {
    let bytes = text.as_bytes().get(..length)?;
    bytes.iter().all(is).then_some(length)
}

/// Undoes percent-encoding until there is none: in one pass, for `%252525...` has many to undo.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        bytes.push(byte);
        while let [.., b'%', high, low] = bytes[..] {
            let (Some(high), Some(low)) = (digit(high), digit(low)) else {
                break;
            };
            bytes.truncate(bytes.len() - 3);
            bytes.push(high << 4 | low);
        }
    }
    bytes
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// Percent-encodes, in lower case, what is no visible ASCII, and `%` and `#`.
fn escaped(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'%' | b'#' | ..=b' ' | 0x7f.. => text.extend(format!("%{byte:02x}").bytes()),
            byte => text.push(*byte),
        }
    }
    text
}

/// What is escaped is ASCII.
fn text(escaped: &[u8]) -> String {
    String::from_utf8_lossy(escaped).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the `surt` library answers.
    #[test]
    fn keys_are_those_of_surt() {
        let session = "0123456789abcdef0123456789ABCDEF";
        for (url, expected) in [
            ("http://example.org/", "org,example)/"),
            (
                "https://www.Example.org:443/A/B/?b=2&a=1&A=0",
                "org,example)/a/b?a=0&a=1&b=2",
            ),
            ("http://127.0.0.1:8080/x", "1,0,0,127:8080)/x"),
            ("http://[::1]:8080/x", "::1:8080)/x"),
            ("http://[::1]/x", "::1)/x"),
            (
                "http://user:pw@www2.h.co.uk/a%20b/%E4%F6?x=%41%2520&&y",
                "uk,co,h)/a%20b/%e4%f6?&x=a%20&y",
            ),
            ("http://h/?", "h)/"),
            ("http://h/a//b/../c/./", "h)/a/c"),
            ("http://h//", "h)/"),
            ("http://h/(a)/", "h)/(a)"),
            ("http://h/a?b#c", "h)/a?b"),
            ("urn:some:id", "urn:some:id"),
            ("http://h/%2e%2e/x%2Fy", "h)/../x/y"),
            ("http://h/..", "h)/.."),
            ("http://h/%25", "h)/%25"),
            ("http://www.com/", "com)/"),
            ("http://www/", "www)/"),
            ("http://h/a?=", "h)/a?="),
            ("http://h/?b&a&a=", "h)/?a&a=&b"),
            ("http://h/%23%3F?%23%26=%3d", "h)/%23??==&%23"),
            ("ftp://h/a", "h)/a"),
            ("http://h./x", "h)/x"),
            ("http://h:81/", "h:81)/"),
            ("https://h:80/", "h:80)/"),
            ("http://h/?%00%7f{}|~^`\"<>\\", "h)/?%00%7f{}|~^`\"<>\\"),
            ("http://h/?cfid=1&cftoken=2&z", "h)/?z"),
            (
                &format!("http://h/?a=1&jsessionid={session}&b=2"),
                "h)/?a=1&b=2",
            ),
            (&format!("http://h/a?sid={session}"), "h)/a"),
        ] {
            assert_eq!(key(url), expected, "{url}");
        }
    }

    #[test]
    fn many_escapes_are_undone_at_once() {
        let url = format!("http://h/%{}41", "25".repeat(1_000_000));
        assert_eq!(key(&url), "h)/a");
    }
}
