#![no_main]

use dragline_robots::Robots;
use libfuzzer_sys::fuzz_target;

// What stands before the first NUL is a path, the rest a file.
fuzz_target!(|input: &[u8]| {
    let (path, file) = match input.iter().position(|byte| *byte == 0) {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (&b"/"[..], input),
    };
    let path = String::from_utf8_lossy(path);
    let robots = Robots::parse(file);
    let rules = robots.rules("dragline");
    assert!(rules.allows("/robots.txt"));
    let allowed = rules.allows(&path);
    // What is said to others, and in comments, makes no difference.
    let more = [file, b"\n# a comment\nUser-agent: another\nDisallow: /\n"].concat();
    let named_before = Robots::parse(&more).rules("dragline");
    if !ends_with_names(file) {
        assert_eq!(named_before.allows(&path), allowed);
    }
    let _ = (robots.sitemaps(), rules.crawl_delay());
    // One rule alone does what it says.
    let Ok(pattern) = str::from_utf8(file) else {
        return;
    };
    let is_simple = |text: &str| {
        text.bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"/*$".contains(&it))
    };
    if is_simple(pattern) && is_simple(&path) && !path.contains(['*', '$']) && !pattern.is_empty() {
        let file = format!("user-agent: *\ndisallow: {pattern}");
        let disallowed = !Robots::parse(file.as_bytes())
            .rules("dragline")
            .allows(&path);
        assert_eq!(disallowed, matches(pattern, &path), "{pattern} {path}");
    }
});

/// Whether names stand last, so that others join them.
fn ends_with_names(file: &[u8]) -> bool {
    let text = String::from_utf8_lossy(file).to_ascii_lowercase();
    text.contains("user") || text.contains("agent")
}

/// RFC 9309 §2.2.3, as slow as can be: all places where a pattern may have come to.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, to_the_end) = match pattern.strip_suffix('$') {
        Some(before) => (before, true),
        None => (pattern, false),
    };
    let mut at: Vec<bool> = (0..=path.len()).map(|it| it == 0).collect();
    for byte in pattern.bytes() {
        if byte == b'*' {
            let first = at.iter().position(|it| *it).unwrap_or(at.len());
            at.iter_mut().skip(first).for_each(|it| *it = true);
        } else if byte == b'$' {
            // In the middle it stands for itself, which no path here has.
            return false;
        } else {
            let next = path.bytes().enumerate().map(|(n, it)| at[n] && it == byte);
            at = std::iter::once(false).chain(next).collect();
        }
    }
    if to_the_end {
        at[path.len()]
    } else {
        at.contains(&true)
    }
}
