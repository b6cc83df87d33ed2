#![no_main]

use std::time::{Duration, SystemTime};

use dragline_fetch::Cookies;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use url::Url;

// Each line is a field that one of three hosts sets, by its first byte; or, as a whole, a file to load. What is sent is one
// field that can be sent, goes to no host that is not of the one who set it, and survives a file.
fuzz_target!(|input: &[u8]| {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let loaded = Cookies::default();
    let lines = input.split(|byte| *byte == b'\n').count();
    assert!(loaded.load(input, now) + loaded.len() <= lines);
    survives_a_file(&loaded, now);

    let hosts = ["https://x.a.org/d/e", "http://a.org/", "https://b.co.uk/d"];
    let hosts = hosts.map(|host| host.parse::<Url>().unwrap());
    let cookies = hosts.clone().map(|host| {
        let cookies = Cookies::default();
        let of = input.split(|byte| *byte == b'\n').filter_map(|line| {
            let (first, field) = line.split_first()?;
            let is_of = hosts.get(usize::from(*first) % 3) == Some(&host);
            HeaderValue::from_bytes(field).ok().filter(|_| is_of)
        });
        let fields: HeaderMap = of.map(|field| (SET_COOKIE, field)).collect();
        cookies.store(&host, &fields, now);
        cookies
    });
    for (cookies, from) in cookies.iter().zip(&hosts) {
        survives_a_file(cookies, now);
        for to in [
            "https://x.a.org/d/e/f",
            "http://x.a.org/",
            "https://a.org/d/",
            "https://b.co.uk/d",
            "https://c.co.uk/",
            "https://org/",
            "https://evil-a.org/",
        ] {
            let to: Url = to.parse().unwrap();
            let Some(sent) = cookies.field(&to, now) else {
                continue;
            };
            assert!(sent.is_sensitive() && sent.len() <= 8 << 10);
            assert!(!sent.as_bytes().iter().any(u8::is_ascii_control));
            assert_eq!(site(from), site(&to), "set by {from} and sent to {to}");
        }
    }
});

fn survives_a_file(cookies: &Cookies, now: SystemTime) {
    let saved = cookies.save(now, true);
    let again = Cookies::default();
    assert_eq!(again.load(&saved, now), 0);
    assert_eq!(again.save(now, true), saved);
}

fn site(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    ["a.org", "b.co.uk", "c.co.uk"]
        .into_iter()
        .find(|site| host == *site || host.strip_suffix(site).is_some_and(|it| it.ends_with('.')))
        .unwrap_or("another")
}
