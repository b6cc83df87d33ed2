/// A line that says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    UserAgent(&'a [u8]),
    Allow(&'a [u8]),
    Disallow(&'a [u8]),
    CrawlDelay(&'a [u8]),
    Sitemap(&'a [u8]),
}

/// Returns the lines of a file that say something. Lines end in LF, CR or both; what is behind a
/// `#` is a comment. A key is known in any case, and also in the misspellings that Google's parser
/// knows; the colon may be a blank, as there.
pub(crate) fn lines(file: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    file.split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter_map(line)
}

fn line(line: &[u8]) -> Option<Line<'_>> {
    let line = line.split(|byte| *byte == b'#').next()?.trim_ascii();
    let (key, value) = if let Some(at) = memchr::memchr(b':', line) {
        (&line[..at], &line[at + 1..])
    } else {
        let at = line.iter().position(u8::is_ascii_whitespace)?;
        let value = line[at..].trim_ascii();
        // Three words are prose.
        if value.iter().any(u8::is_ascii_whitespace) {
            return None;
        }
        (&line[..at], value)
    };
    let (key, value) = (key.trim_ascii(), value.trim_ascii());
    let is = |names: &[&str]| {
        let mut names = names.iter();
        names.any(|name| key.eq_ignore_ascii_case(name.as_bytes()))
    };
    if is(&["user-agent", "useragent", "user agent"]) {
        Some(Line::UserAgent(value))
    } else if is(&["allow"]) {
        Some(Line::Allow(value))
    } else if is(DISALLOW) {
        Some(Line::Disallow(value))
    } else if is(&["crawl-delay", "crawldelay"]) {
        Some(Line::CrawlDelay(value))
    } else if is(&["sitemap", "site-map"]) {
        Some(Line::Sitemap(value))
    } else {
        None
    }
}

const DISALLOW: &[&str] = &[
    "disallow",
    "dissallow",
    "dissalow",
    "disalow",
    "diasllow",
    "disallaw",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, expected: &[Line<'_>]) {
        let lines: Vec<_> = lines(file.as_bytes()).collect();
        assert_eq!(lines, expected, "{file:?}");
    }

    #[test]
    fn keys_are_known_in_any_case_and_some_misspellings() {
        let all = [
            Line::UserAgent(b"a"),
            Line::Disallow(b"/x"),
            Line::Allow(b"/"),
        ];
        check("user-agent: a\nDISALLOW:/x\nallow : /", &all);
        check("USERAGENT a\rdisalow /x\r\nAllow\t/", &all);
        check(
            "\u{feff}user agent: a # all\n#\n Dissallow: /x#y\nallow:/",
            &all,
        );
        check("Noindex: /\nallow of course /\n\0\n:\n", &[]);
        check("Sitemap: http://h/a:b", &[Line::Sitemap(b"http://h/a:b")]);
        check("crawl-delay:", &[Line::CrawlDelay(b"")]);
    }
}
