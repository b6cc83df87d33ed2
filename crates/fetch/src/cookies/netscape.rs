use url::Host;

use super::jar::{Cookie, Jar, could_be_set};

/// Before a line: the cookie is `HttpOnly`.
const HTTP_ONLY: &[u8] = b"#HttpOnly_";

/// Adds the cookies of a file to a jar. Returns how many lines could not be used.
///
/// A line has seven columns with tabs between: the domain, whether it is for hosts beneath, the path,
/// whether it is for TLS only, when it expires (seconds since 1970; 0 with the session), the name, the
/// value.
pub(super) fn read(jar: &mut Jar, file: &[u8], now: i64) -> usize {
    let mut unusable = 0;
    for line in file.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let bare = line.strip_prefix(HTTP_ONLY);
        let is_comment = bare.is_none() && line.starts_with(b"#");
        if is_comment || line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match read_line(bare.unwrap_or(line), bare.is_some()) {
            Some((domain, cookie)) if could_be_set(&domain, &cookie) => {
                jar.insert(&domain, cookie, now);
            }
            _ => unusable += 1,
        }
    }
    unusable
}

fn read_line(line: &[u8], http_only: bool) -> Option<(String, Cookie)> {
    let mut columns = line.splitn(7, |byte| *byte == b'\t');
    let domain = std::str::from_utf8(columns.next()?).ok()?;
    let domain = Host::parse(domain.trim_start_matches('.')).ok()?;
    let is_shared = columns.next()?.eq_ignore_ascii_case(b"TRUE");
    let path = columns.next()?.to_owned();
    let secure = columns.next()?.eq_ignore_ascii_case(b"TRUE");
    let expires = std::str::from_utf8(columns.next()?).ok()?;
    // Browsers' extensions write fractions.
    let expires: i64 = expires.split('.').next()?.parse().ok()?;
    let cookie = Cookie {
        name: columns.next()?.to_owned(),
        // Some leave out the tab before an empty value.
        value: columns.next().unwrap_or_default().to_owned(),
        path,
        host_only: !is_shared || !matches!(domain, Host::Domain(_)),
        secure,
        http_only,
        expires: (expires != 0).then_some(expires),
        made: 0,
    };
    Some((domain.to_string(), cookie))
}

/// Writes the cookies of a jar. Those without a name have no form there.
pub(super) fn write(jar: &Jar, now: i64, session: bool) -> Vec<u8> {
    let is_kept =
        |cookie: &Cookie| !cookie.name.is_empty() && (session || cookie.expires.is_some());
    let mut lines: Vec<Vec<u8>> = jar
        .all(now)
        .filter(|(_, cookie)| is_kept(cookie))
        .map(|(domain, cookie)| write_line(domain, cookie))
        .collect();
    lines.sort();
    let mut file = b"# Netscape HTTP Cookie File\n".to_vec();
    file.extend(lines.into_iter().flatten());
    file
}

fn write_line(domain: &str, cookie: &Cookie) -> Vec<u8> {
    let truth = |is: bool| if is { "TRUE" } else { "FALSE" };
    let dot = if cookie.host_only { "" } else { "." };
    let domain = format!("{dot}{domain}");
    let expires = cookie.expires.unwrap_or(0).to_string();
    let columns: [&[u8]; 7] = [
        domain.as_bytes(),
        truth(!cookie.host_only).as_bytes(),
        &cookie.path,
        truth(cookie.secure).as_bytes(),
        expires.as_bytes(),
        &cookie.name,
        &cookie.value,
    ];
    let mut line = if cookie.http_only { HTTP_ONLY } else { b"" }.to_vec();
    line.extend_from_slice(&columns.join(&b'\t'));
    line.push(b'\n');
    line
}
