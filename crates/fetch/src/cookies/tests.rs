use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

const NOW: u64 = 1_700_000_000;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn headers(fields: &[&str]) -> HeaderMap {
    let fields = fields.iter().map(|field| {
        let value = HeaderValue::from_bytes(field.as_bytes()).unwrap();
        (SET_COOKIE, value)
    });
    fields.collect()
}

fn sent(cookies: &Cookies, to: &str, now: u64) -> String {
    let field = cookies.field(&url(to), at(now));
    field.map_or(String::new(), |field| {
        String::from_utf8(field.as_bytes().to_vec()).unwrap()
    })
}

/// What is sent to `to` after `from` has set `fields`.
#[track_caller]
fn check(from: &str, fields: &[&str], to: &str, expected: &str) {
    let cookies = Cookies::default();
    cookies.store(&url(from), &headers(fields), at(NOW));
    assert_eq!(sent(&cookies, to, NOW), expected, "{from} {fields:?} {to}");
}

/// As [`check`], to where it came from.
#[track_caller]
fn same(fields: &[&str], expected: &str) {
    check(
        "http://home.example.org/cookie",
        fields,
        "http://home.example.org/cookie",
        expected,
    );
}

/// After the cases of abarth/http-state (those of `0xxx`, `attribute`, `comma`, `name`, `value`).
#[test]
fn names_and_values_are_what_stands_before_the_first_semicolon() {
    same(&["foo=bar"], "foo=bar");
    same(&["foo=bar; baz=qux"], "foo=bar");
    same(&["foo=bar;"], "foo=bar");
    same(&["  foo = bar baz ; x"], "foo=bar baz");
    same(&["foo=\"bar;baz\""], "foo=\"bar");
    same(&["foo=bar=baz"], "foo=bar=baz");
    same(&["foo=a, b=c"], "foo=a, b=c");
    same(&["foo"], "foo");
    same(&["=foo"], "foo");
    same(&["foo="], "foo=");
    same(&["=a=b"], "a=b");
    same(&["", ";", "=", "; foo=bar"], "");
    same(&["foo=bar", "foo=baz"], "foo=baz");
    same(&["a=1", "b=2", "a=3"], "a=3; b=2");
    same(&["FOO=bar", "foo=baz"], "FOO=bar; foo=baz");
    same(&["foo=b\u{e4}r"], "foo=b\u{e4}r");
    same(
        &["foo=bar; HttpOnly; SameSite=Strict; Unknown=x"],
        "foo=bar",
    );
}

/// CVE-2018-0494, CVE-2022-35252: what could break a later request is not kept.
#[test]
fn control_characters_are_refused() {
    let mut jar = jar::Jar::default();
    for field in [
        &b"a=b\rc"[..],
        b"a=b\0",
        b"a=b\nc: d",
        b"a\x7f=b",
        b"a=b;path=/\x01",
        b"a=b\tc",
    ] {
        assert!(!jar.set(&url("http://a.org/"), field, 0), "{field:?}");
    }
    assert!(jar.set(&url("http://a.org/"), b"a=b\t;\tpath=/", 0));
}

#[test]
fn domains_are_those_of_the_host() {
    let host = "http://home.example.org/";
    for (domain, to, expected) in [
        ("home.example.org", host, "a=b"),
        ("home.example.org", "http://sub.home.example.org/", "a=b"),
        ("home.example.org", "http://example.org/", ""),
        ("example.org", "http://other.example.org/", "a=b"),
        (".example.org", "http://example.org/", "a=b"),
        ("EXAMPLE.Org", "http://example.org/", "a=b"),
        ("..example.org", host, ""),
        ("sub.home.example.org", host, ""),
        ("other.example.org", host, ""),
        ("ample.org", host, ""),
        ("e.example.org", host, ""),
        ("", host, "a=b"),
        ("", "http://sub.home.example.org/", ""),
        (" example.org ", "http://example.org/", "a=b"),
        ("\"example.org\"", host, ""),
    ] {
        check(host, &[&format!("a=b; Domain={domain}")], to, expected);
    }
    check(host, &["a=b"], "http://sub.home.example.org/", "");
    check(
        host,
        &["a=b; domain=example.org; domain="],
        "http://example.org/",
        "",
    );
    check(
        host,
        &["a=b; domain=x.org; domain=example.org"],
        "http://example.org/",
        "a=b",
    );
    // A port is no part of it, and neither is the scheme.
    check("https://a.org:1/", &["a=b"], "http://a.org:2/", "a=b");
}

/// CVE-2014-3620, CVE-2023-46218, CVE-2022-27779, GHSA-mfjm-vh54-3f96: super-cookies.
#[test]
fn nobody_sets_a_cookie_for_a_public_suffix() {
    for (from, domain) in [
        ("http://a.co.uk/", "co.uk"),
        ("http://a.co.uk/", "CO.UK"),
        ("http://a.co.uk/", ".co.uk."),
        ("http://a.co.uk./", "co.uk."),
        ("http://a.org/", "org"),
        ("http://a.com./", "com."),
        ("http://a.com./", "com"),
        ("http://a.com/", "a.com."),
        ("http://me.github.io/", "github.io"),
        ("http://a.unlisted/", "unlisted"),
        ("http://x.y.kobe.jp/", "y.kobe.jp"),
        ("http://127.0.0.1/", "0.0.1"),
        ("http://127.0.0.1/", "1"),
        ("http://[::1]/", "1]"),
        ("http://a.org/", "."),
    ] {
        let cookies = Cookies::default();
        let field = format!("a=b; Domain={domain}");
        cookies.store(&url(from), &headers(&[&field]), at(NOW));
        assert!(cookies.is_empty(), "{from} {domain}");
    }
    // But itself, as a host.
    check(
        "http://github.io/",
        &["a=b; Domain=github.io"],
        "http://github.io/",
        "a=b",
    );
    check(
        "http://github.io/",
        &["a=b; Domain=github.io"],
        "http://me.github.io/",
        "",
    );
    check(
        "http://127.0.0.1/",
        &["a=b; Domain=127.0.0.1"],
        "http://127.0.0.1:8/",
        "a=b",
    );
    check("http://localhost/", &["a=b"], "http://localhost/", "a=b");
    check(
        "http://a.city.kobe.jp/",
        &["a=b; Domain=city.kobe.jp"],
        "http://city.kobe.jp/",
        "a=b",
    );
}

#[test]
fn a_name_with_a_dot_at_its_end_is_another() {
    check("http://a.org/", &["a=b"], "http://a.org./", "");
    check("http://a.org./", &["a=b"], "http://a.org/", "");
    check("http://a.org./", &["a=b"], "http://a.org./", "a=b");
}

#[test]
fn paths_are_those_above() {
    for (path, to, expected) in [
        ("/foo", "/foo", "a=b"),
        ("/foo", "/foo/bar", "a=b"),
        ("/foo", "/foobar", ""),
        ("/foo/", "/foo", ""),
        ("/foo/", "/foo/bar", "a=b"),
        ("/", "/anything", "a=b"),
        ("foo", "/dir/other", "a=b"),
        ("", "/dir/other", "a=b"),
        ("", "/", ""),
        ("/FOO", "/foo", ""),
        ("/f%6Fo", "/foo", ""),
        ("/foo?x", "/foo", ""),
    ] {
        let field = format!("a=b; Path={path}");
        check(
            "http://a.org/dir/page",
            &[&field],
            &format!("http://a.org{to}"),
            expected,
        );
    }
    check("http://a.org/dir", &["a=b"], "http://a.org/", "a=b");
    check("http://a.org/dir/", &["a=b"], "http://a.org/dir", "a=b");
    // The longest path first, then the oldest.
    let many = &["a=1; path=/", "b=2; path=/x", "c=3; path=/"];
    check("http://a.org/x/", many, "http://a.org/x", "b=2; a=1; c=3");
}

#[test]
fn cookies_expire() {
    let past = "Thu, 01 Jan 1970 00:00:10 GMT";
    let future = "Fri, 01 Jan 2027 00:00:00 GMT";
    same(&[&format!("a=b; Expires={past}")], "");
    same(&[&format!("a=b; Expires={future}")], "a=b");
    same(&["a=b", &format!("a=c; Expires={past}")], "");
    same(&["a=b; Expires=nonsense"], "a=b");
    same(&[&format!("a=b; Max-Age=10; Expires={past}")], "a=b");
    same(&[&format!("a=b; Expires={future}; Max-Age=0")], "");
    same(&["a=b; Max-Age=-1"], "");
    same(&["a=b; Max-Age=-99999999999999999999"], "");
    same(&["a=b; Max-Age=1x"], "a=b");
    same(&["a=b; Max-Age="], "a=b");
    same(&["a=b; Max-Age=-"], "a=b");
    // RUSTSEC-2017-0005: beyond all measure.
    same(&["a=b; Max-Age=99999999999999999999999"], "a=b");

    let cookies = Cookies::default();
    let from = url("http://a.org/");
    cookies.store(
        &from,
        &headers(&["a=b; Max-Age=10", "c=d; Max-Age=99999999999"]),
        at(NOW),
    );
    assert_eq!(sent(&cookies, "http://a.org/", NOW + 9), "a=b; c=d");
    assert_eq!(sent(&cookies, "http://a.org/", NOW + 10), "c=d");
    let limit = 400 * 24 * 60 * 60;
    assert_eq!(sent(&cookies, "http://a.org/", NOW + limit - 1), "c=d");
    assert_eq!(sent(&cookies, "http://a.org/", NOW + limit), "");
}

#[test]
fn secure_cookies_are_for_tls_only() {
    let (http, https) = ("http://a.org/", "https://a.org/");
    check(https, &["a=b; Secure"], https, "a=b");
    check(https, &["a=b; Secure"], http, "");
    check(http, &["a=b; Secure"], https, "");
    check(https, &["a=b"], http, "a=b");
    // An insecure page does not change what a secure one has set (§5.7 step 13).
    let cookies = Cookies::default();
    cookies.store(
        &url("https://x.a.org/d/"),
        &headers(&["a=b; Secure; Domain=a.org"]),
        at(NOW),
    );
    assert!(!cookies.store(
        &url("http://x.a.org/d/"),
        &headers(&["a=evil; Domain=a.org"]),
        at(NOW)
    ));
    assert!(!cookies.store(&url("http://x.a.org/d/e"), &headers(&["a=evil"]), at(NOW)));
    assert!(cookies.store(
        &url("http://x.a.org/d/"),
        &headers(&["a=other; Path=/"]),
        at(NOW)
    ));
    assert_eq!(sent(&cookies, "https://x.a.org/d/", NOW), "a=b; a=other");
}

#[test]
fn names_keep_what_their_prefixes_promise() {
    let https = "https://a.org/";
    for (field, kept) in [
        ("__Secure-a=b; Secure", true),
        ("__Secure-a=b", false),
        ("__SECURE-a=b", false),
        ("__Host-a=b; Secure; Path=/", true),
        ("__Host-a=b; Secure", false),
        ("__Host-a=b; Path=/", false),
        ("__Host-a=b; Secure; Path=/x", false),
        ("__Host-a=b; Secure; Path=/; Domain=a.org", false),
        ("__Host-a", false),
        ("=__Secure-a=b", false),
    ] {
        let expected = if kept {
            field.split(';').next().unwrap()
        } else {
            ""
        };
        check(https, &[field], https, expected);
        check("http://a.org/", &[field], https, "");
    }
}

/// CVE-2022-32205: a server sets so many cookies that no request is accepted any longer.
#[test]
fn a_flood_is_bounded() {
    let cookies = Cookies::default();
    let from = url("http://a.example.org/");
    for n in 0..300 {
        let fields: Vec<String> = (0..60)
            .map(|m| format!("{n}-{m}={}; Domain=example.org", "x".repeat(10)))
            .collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        cookies.store(&from, &headers(&fields), at(NOW));
        assert!(cookies.len() <= 180);
    }
    let all = sent(&cookies, "http://a.example.org/", NOW);
    assert_eq!(all.split("; ").count(), 150);
    // The newest are kept, and of each response the first fifty; of these, the oldest are sent.
    assert!(all.starts_with("296-20=") && !all.contains("-50="), "{all}");

    let large = format!("{}={}", "n".repeat(2000), "v".repeat(2096));
    for n in 0..4 {
        let path = format!("{large}; Path=/{}", "x/".repeat(n));
        cookies.store(&url("http://b.org/"), &headers(&[&path]), at(NOW));
    }
    assert!(sent(&cookies, "http://b.org/x/x/x/x", NOW).len() <= 8 << 10);
    let larger = format!("{large}v");
    assert!(!cookies.store(&url("http://c.org/"), &headers(&[&larger]), at(NOW)));

    for n in 0..11_000 {
        let from = url(&format!("http://host{n}.org/"));
        cookies.store(&from, &headers(&["a=b"]), at(NOW));
        assert!(cookies.len() <= 10_000);
    }
    assert_eq!(sent(&cookies, "http://host10999.org/", NOW), "a=b");
    assert_eq!(sent(&cookies, "http://host0.org/", NOW), "");
}

#[test]
fn a_change_is_told() {
    let cookies = Cookies::default();
    let from = url("http://a.org/");
    let store = |field| cookies.store(&from, &headers(&[field]), at(NOW));
    assert!(store("a=b"));
    assert!(!store("a=b"));
    assert!(store("a=c"));
    assert!(store("a=; Max-Age=0"));
    assert!(!store("a=; Max-Age=0"));
    assert!(!store("nonsense=; Domain=b.org"));
}

#[test]
fn files_are_read() {
    let file = b"# Netscape HTTP Cookie File\r\n\r\n\
        .example.org\tTRUE\t/\tFALSE\t0\tshared\t1\r\n\
        #HttpOnly_home.example.org\tFALSE\t/x\tTRUE\t1800000000.5\talone\t2=\n\
        example.org\tFALSE\t/\tFALSE\t100\texpired\t3\n\
        example.org\tFALSE\t/\tFALSE\t0\tempty\n\
        org\tTRUE\t/\tFALSE\t0\tsuper\t5\n\
        nonsense\n\
        example.org\tFALSE\t/\tFALSE\tnever\tx\ty\n\
        example.org\tFALSE\t/\tFALSE\t0\tx\ty\x01\n";
    let cookies = Cookies::default();
    assert_eq!(cookies.load(file, at(NOW)), 4);
    assert_eq!(sent(&cookies, "http://sub.example.org/", NOW), "shared=1");
    assert_eq!(
        sent(&cookies, "http://example.org/", NOW),
        "shared=1; empty="
    );
    assert_eq!(
        sent(&cookies, "https://home.example.org/x", NOW),
        "alone=2=; shared=1"
    );
}

#[test]
fn what_is_saved_is_what_is_loaded() {
    let cookies = Cookies::default();
    let from = url("https://a.example.org/d/");
    let fields = headers(&[
        "z=1; Max-Age=100; HttpOnly",
        "a=2; Max-Age=100; Domain=example.org; Secure; Path=/",
        "session=3",
        "nameless",
    ]);
    cookies.store(&from, &fields, at(NOW));
    let saved = cookies.save(at(NOW), false);
    assert_eq!(
        String::from_utf8(saved.clone()).unwrap(),
        "# Netscape HTTP Cookie File\n\
         #HttpOnly_a.example.org\tFALSE\t/d\tFALSE\t1700000100\tz\t1\n\
         .example.org\tTRUE\t/\tTRUE\t1700000100\ta\t2\n"
    );
    let loaded = Cookies::default();
    assert_eq!(loaded.load(&saved, at(NOW)), 0);
    assert_eq!(loaded.save(at(NOW), true), saved);
    let all = cookies.save(at(NOW), true);
    assert!(all.ends_with(b"a.example.org\tFALSE\t/d\tFALSE\t0\tsession\t3\n"));
    assert_eq!(
        cookies.save(at(NOW + 100), false),
        b"# Netscape HTTP Cookie File\n"
    );
}

#[test]
fn nothing_secret_is_shown() {
    let cookies = Cookies::default();
    cookies.store(&url("http://a.org/"), &headers(&["a=secret"]), at(NOW));
    let field = cookies.field(&url("http://a.org/"), at(NOW)).unwrap();
    let shown = format!("{cookies:?} {field:?}");
    assert_eq!(shown, "Cookies { len: 1, .. } Sensitive");
}

proptest! {
    /// Whatever a server sets: what is sent is one field that can be sent, within its bounds, and
    /// survives a file.
    #[test]
    fn any_field_is_harmless(
        fields in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..60),
                "(__Host-|a|=|;|\t| |Domain=|Path=/|\\.|org|a\\.org|Max-Age=|-?[0-9]{1,25}|Expires=|Jan|:|Secure){0,12}"
                    .prop_map(String::into_bytes),
            ],
            0..8,
        ),
    ) {
        let mut jar = jar::Jar::default();
        let from = url("https://x.a.org/d/");
        for field in &fields {
            jar.set(&from, field, 1_700_000_000);
        }
        if let Some(sent) = jar.get(&from, 1_700_000_000) {
            prop_assert!(sent.len() <= 8 << 10);
            prop_assert!(HeaderValue::from_bytes(&sent).is_ok());
            prop_assert!(!sent.iter().any(u8::is_ascii_control));
        }
        let saved = netscape::write(&jar, 1_700_000_000, true);
        let mut loaded = jar::Jar::default();
        prop_assert_eq!(netscape::read(&mut loaded, &saved, 1_700_000_000), 0);
        prop_assert_eq!(netscape::write(&loaded, 1_700_000_000, true), saved);
    }

    #[test]
    fn any_file_is_read(file in prop::collection::vec(any::<u8>(), 0..200)) {
        let cookies = Cookies::default();
        let lines = file.split(|byte| *byte == b'\n').count();
        prop_assert!(cookies.load(&file, at(NOW)) + cookies.len() <= lines);
    }
}

#[test]
fn cookies_are_shared_within_a_domain_that_is_no_public_suffix() {
    let are = |one: &str, other: &str| Cookies::are_shared(&url(one), &url(other));
    assert!(are("http://h/a", "https://h:81/b") && are("http://1.2.3.4/", "http://1.2.3.4/a"));
    assert!(are("http://www.example.com/", "http://id.example.com/"));
    assert!(are("http://example.co.uk/", "http://a.b.example.co.uk/"));
    assert!(!are("http://a.co.uk/", "http://b.co.uk/") && !are("http://a.com/", "http://b.com/"));
    assert!(!are("http://1.2.3.4/", "http://5.2.3.4/"));
}
