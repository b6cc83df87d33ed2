//! What a file means: RFC 9309's examples, and the cases of Google's parser (`robots_test.cc`).

use std::time::Duration;

use dragline_robots::{MOST_BYTES, Robots};
use proptest::prelude::*;

fn allows(file: &str, agent: &str, path: &str) -> bool {
    Robots::parse(file.as_bytes()).rules(agent).allows(path)
}

fn check(file: &str, agent: &str, allowed: &[&str], disallowed: &[&str]) {
    for path in allowed {
        assert!(allows(file, agent, path), "{agent} may {path}:\n{file}");
    }
    for path in disallowed {
        assert!(
            !allows(file, agent, path),
            "{agent} may not {path}:\n{file}"
        );
    }
}

/// RFC 9309 §5.1.
#[test]
fn the_simple_example() {
    let file = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
                User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\n\
                Allow:/example/allowed.gif\n\n\
                User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\n\
                User-Agent: quxbot\n";
    check(
        file,
        "other",
        &["/", "/publications/", "/a.gif?x"],
        &["/a.gif", "/example/"],
    );
    check(
        file,
        "foobot",
        &["/example/page.html", "/example/allowed.gif"],
        &["/", "/a"],
    );
    check(
        file,
        "barbot",
        &["/", "/example/", "/a.gif"],
        &["/example/page.html"],
    );
    check(file, "BazBot/2.0", &["/"], &["/example/page.html"]);
    check(file, "quxbot", &["/", "/example/"], &[]);
}

/// RFC 9309 §5.2.
#[test]
fn the_longest_match() {
    let file = "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif";
    check(
        file,
        "foobot",
        &["/example/page/x"],
        &["/example/page/disallowed.gif"],
    );
}

#[test]
fn groups_that_name_a_crawler_are_one() {
    let file = "User-agent: foobot\nDisallow: /a\n\nUser-agent: *\nDisallow: /b\n\n\
                User-agent: FooBot\nDisallow: /c\n";
    check(file, "foobot", &["/b"], &["/a", "/c"]);
    check(file, "other", &["/a", "/c"], &["/b"]);
}

/// Google: `ID_LineSyntax_Groups`.
#[test]
fn a_group_ends_when_something_was_said() {
    let file = "allow: /foo/bar/\n\nuser-agent: FooBot\ndisallow: /\nallow: /x/\n\
                user-agent: BarBot\ndisallow: /\nallow: /y/\n\n\nallow: /w/\nuser-agent: BazBot\n\n\
                user-agent: FooBot\nallow: /z/\ndisallow: /\n";
    check(file, "FooBot", &["/x/b", "/z/d"], &["/y/c", "/foo/bar/"]);
    check(file, "BarBot", &["/y/c", "/w/a"], &["/z/d", "/foo/bar/"]);
    check(file, "BazBot", &["/z/d"], &["/x/b", "/"]);
}

/// Google: `ID_LineSyntax_Groups_OtherRules`.
#[test]
fn other_lines_between_names_end_no_group() {
    for between in [
        "Sitemap: https://foo.bar/sitemap",
        "Invalid-Unknown-Line: unknown",
    ] {
        let file = format!("User-agent: BarBot\n{between}\nUser-agent: *\nDisallow: /\n");
        check(&file, "FooBot", &[], &["/"]);
        check(&file, "BarBot", &[], &["/"]);
    }
}

/// Google: `ID_UserAgentValueCase`, `ID_VerifyValidUserAgentsToObey`,
/// `GoogleOnly_AcceptUserAgentUpToFirstSpace`.
#[test]
fn a_crawler_is_known_by_its_product_token() {
    check(
        "User-Agent: FOO BAR\nAllow: /x/\nDisallow: /\n",
        "foo",
        &["/x/"],
        &["/a"],
    );
    check(
        "User-Agent: foo bar\nAllow: /x/\nDisallow: /\n",
        "FOO",
        &["/x/"],
        &["/a"],
    );
    check("User-agent: * baz\nDisallow: /\n", "foo", &[], &["/"]);
    check("User-agent: *baz\nDisallow: /\n", "foo", &["/"], &[]);
    check("User-agent: foobarbaz\nDisallow: /\n", "foo", &["/"], &[]);
    check("User-agent: foo/1.2\nDisallow: /\n", "foo", &[], &["/"]);
}

/// Google: `ID_GlobalGroups_Secondary`, `ID_AllowDisallow_Value_CaseSensitive`.
#[test]
fn without_a_group_all_is_allowed() {
    check("", "foo", &["/x"], &[]);
    check("user-agent: BarBot\ndisallow: /\n", "foo", &["/x"], &[]);
    check("disallow: /\n", "foo", &["/x"], &[]);
    check(
        "user-agent: FooBot\ndisallow: /X/\n",
        "foobot",
        &["/x/"],
        &["/X/"],
    );
}

/// Google: `ID_LongestMatch`.
#[test]
fn of_two_rules_the_longer_counts_and_of_equals_what_allows() {
    let check_rules = |rules: &str, allowed: &[&str], disallowed: &[&str]| {
        check(
            &format!("user-agent: FooBot\n{rules}"),
            "FooBot",
            allowed,
            disallowed,
        );
    };
    check_rules(
        "disallow: /x/page.html\nallow: /x/",
        &["/x/a"],
        &["/x/page.html"],
    );
    check_rules(
        "allow: /x/page.html\ndisallow: /x/",
        &["/x/page.html"],
        &["/x/", "/x/a"],
    );
    check_rules("disallow: \nallow: ", &["/x/page.html"], &[]);
    check_rules("disallow: /\nallow: /", &["/x/page.html"], &[]);
    check_rules("disallow: /x\nallow: /x/", &["/x/"], &["/x"]);
    check_rules(
        "disallow: /x/page.html\nallow: /x/page.html",
        &["/x/page.html"],
        &[],
    );
    check_rules(
        "allow: /page\ndisallow: /*.html",
        &["/page"],
        &["/page.html"],
    );
    check_rules(
        "allow: /x/page.\ndisallow: /*.html",
        &["/x/page.html"],
        &["/x/y.html"],
    );
    check_rules("allow: /p\ndisallow: /", &["/p", "/page"], &["/x"]);
    check_rules("allow: /$\ndisallow: /", &["/"], &["/page.html"]);
}

/// Google: `ID_Encoding`, `ID_SpecialCharacters`.
#[test]
fn encodings_and_wildcards() {
    let check_rules = |rules: &str, allowed: &[&str], disallowed: &[&str]| {
        let file = format!("User-agent: FooBot\n{rules}");
        check(&file, "FooBot", allowed, disallowed);
    };
    let query = "Disallow: /\nAllow: /foo/bar?qux=taz&baz=http://foo.bar?tar&par\n";
    check_rules(
        query,
        &["/foo/bar?qux=taz&baz=http://foo.bar?tar&par"],
        &["/foo"],
    );
    check_rules(
        "Disallow: /\nAllow: /foo/bar/ツ\n",
        &["/foo/bar/%E3%83%84", "/foo/bar/ツ"],
        &["/x"],
    );
    check_rules(
        "Disallow: /\nAllow: /foo/bar/%62%61%7A\n",
        &["/foo/bar/baz"],
        &["/x"],
    );
    check_rules(
        "Disallow: /foo/bar/quz\nAllow: /foo/*/qux\n",
        &["/foo/bar/qux", "/foo/"],
        &["/foo/bar/quz"],
    );
    check_rules(
        "Disallow: /foo/bar$\nAllow: /foo/bar/qux\n",
        &["/foo/bar/qux", "/foo/bar/"],
        &["/foo/bar"],
    );
    check_rules(
        "# Disallow: /\nDisallow: /foo/quz#qux\nAllow: /\n",
        &["/foo/bar"],
        &["/foo/quz"],
    );
}

/// Google: `ID_UTF8ByteOrderMarkIsSkipped`, `ID_NonStandardLineExample_Sitemap`,
/// `ID_LinesNumbersAreCountedCorrectly`.
#[test]
fn marks_line_ends_and_junk_are_no_obstacle() {
    let file = "User-Agent: foo\nAllow: /AnyValue\nDisallow: /\n";
    check(&format!("\u{feff}{file}"), "foo", &["/AnyValue"], &["/b"]);
    check(&file.replace('\n', "\r"), "foo", &["/AnyValue"], &["/b"]);
    check(&file.replace('\n', "\r\n"), "foo", &["/AnyValue"], &["/b"]);
    check(
        &format!("\0<html>\n{file}</html>"),
        "foo",
        &["/AnyValue"],
        &["/b"],
    );
    let sitemaps = Robots::parse(b"Sitemap: http://a/1\nUser-agent: foo\nsite-map: http://a/2\n");
    assert_eq!(sitemaps.sitemaps(), ["http://a/1", "http://a/2"]);
}

#[test]
fn robots_txt_itself_may_be_asked_for() {
    check(
        "User-agent: *\nDisallow: /\n",
        "foo",
        &["/robots.txt"],
        &["/robots.txt?", "/"],
    );
}

#[test]
fn a_delay_is_said_by_a_group() {
    let delay = |file: &str| Robots::parse(file.as_bytes()).rules("foo").crawl_delay();
    assert_eq!(
        delay("User-agent: *\nCrawl-delay: 1.5"),
        Some(Duration::from_millis(1500))
    );
    assert_eq!(delay("User-agent: bar\nCrawl-delay: 10"), None);
    for wrong in ["", "-1", "soon", "NaN", "inf", "1e400"] {
        assert_eq!(
            delay(&format!("User-agent: *\nCrawl-delay: {wrong}")),
            None,
            "{wrong}"
        );
    }
    assert_eq!(
        delay("User-agent: *\nCrawl-delay: 1e9"),
        Some(Duration::from_secs(1_000_000_000))
    );
}

/// `HTTrack` #1294: a rule that was cut at the limit disallowed all.
#[test]
fn a_line_cut_at_the_limit_does_not_count() {
    let start = "User-agent: *\nDisallow: /a\n";
    let comment = "#".repeat(MOST_BYTES - start.len() - "\nDisallow: /".len());
    let file = format!("{start}{comment}\nDisallow: /private/\n");
    assert_eq!(&file[..MOST_BYTES][MOST_BYTES - 11..], "Disallow: /");
    check(&file, "foo", &["/", "/private/"], &["/a"]);
    let one_line = format!("User-agent: *{}", " ".repeat(MOST_BYTES));
    check(&one_line, "foo", &["/"], &[]);
}

/// A match by trying all there is.
fn matches(pattern: &[char], path: &[char]) -> bool {
    match (pattern, path) {
        ([], _) | (['$'], []) => true,
        (['*', rest @ ..], _) => {
            matches(rest, path) || (!path.is_empty() && matches(pattern, &path[1..]))
        }
        ([a, pattern @ ..], [b, path @ ..]) => a == b && matches(pattern, path),
        _ => false,
    }
}

proptest! {
    #[test]
    fn patterns_match_what_they_should(pattern in "/[ab*]{0,8}[$]?", path in "/[ab]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let expected = matches(&chars(&pattern), &chars(&path));
        let file = format!("User-agent: *\nDisallow: {pattern}\n");
        prop_assert_eq!(!allows(&file, "foo", &path), expected);
    }

    #[test]
    fn anything_is_read(file in prop::collection::vec(any::<u8>(), 0..200), path in ".{0,20}") {
        let robots = Robots::parse(&file);
        let _ = robots.rules("foo").allows(&path);
        let twice = robots.rules("foo");
        prop_assert_eq!(robots.rules("FOO"), twice);
    }
}

#[test]
fn a_name_without_a_token_is_no_ones() {
    let rules = Robots::parse(b"User-agent: 1.0\nDisallow: /\n").rules("foo");
    assert!(rules.allows("/"));
    assert_eq!(rules.crawl_delay().unwrap_or_default(), Duration::ZERO);
}
