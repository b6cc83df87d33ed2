use std::ops::Range;

/// Finds the URL of a meta refresh, by the HTML standard's "shared declarative refresh steps"
/// (§4.2.5.3).
pub(crate) fn url(content: &str) -> Option<Range<usize>> {
    let blank = |char: char| char.is_ascii_whitespace();
    let rest = content.trim_start_matches(blank);
    let digits = rest.trim_start_matches(|char: char| char.is_ascii_digit());
    if digits.len() == rest.len() && !rest.starts_with('.') {
        return None;
    }
    let rest = digits.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
    if !rest.starts_with(|char: char| matches!(char, ';' | ',') || blank(char)) {
        return None;
    }
    let rest = rest.trim_start_matches(blank);
    let rest = rest
        .strip_prefix([';', ','])
        .unwrap_or(rest)
        .trim_start_matches(blank);
    let rest = after_name(rest).unwrap_or(rest);
    let (rest, quote) = match rest.chars().next()? {
        quote @ ('"' | '\'') => (&rest[1..], Some(quote)),
        _ => (rest, None),
    };
    let start = content.len() - rest.len();
    let end = quote
        .and_then(|quote| rest.find(quote))
        .unwrap_or(rest.len());
    let url = rest[..end].trim_end_matches(blank);
    Some(start..start + url.len())
}

/// What follows `url` and `=`.
fn after_name(rest: &str) -> Option<&str> {
    let blank = |char: char| char.is_ascii_whitespace();
    let name = rest.get(..3)?;
    let after = rest[3..].trim_start_matches(blank).strip_prefix('=')?;
    name.eq_ignore_ascii_case("url")
        .then(|| after.trim_start_matches(blank))
}

#[cfg(test)]
mod tests {
    fn check(content: &str, expected: Option<&str>) {
        assert_eq!(
            super::url(content).map(|url| &content[url]),
            expected,
            "{content}"
        );
    }

    #[test]
    fn urls_are_found_as_the_standard_finds_them() {
        check("0; url=a", Some("a"));
        check(" 5 ; URL = 'a b' junk", Some("a b"));
        check("0;url=\"a", Some("a"));
        check("0,a", Some("a"));
        check("0 a", Some("a"));
        check("1.5; url=a ", Some("a"));
        check(".5; url=a", Some("a"));
        check("0; urla=b", Some("urla=b"));
        check("5", None);
        check("5;", None);
        check("url=a", None);
        check("0x; url=a", None);
        check("", None);
    }
}
