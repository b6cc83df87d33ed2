//! Heads: too long, too many, and values to choke on.

use crate::hostile::behaviour::{Behaviour, Expect, LIMIT_REACHED, breaks, kept, refused};
use crate::hostile::script::{FOR_EVER, HTML, Script};
use crate::hostile::server::{Asked, Door};

pub(super) fn all() -> Vec<Behaviour> {
    let head = || Script::send("HTTP/1.1 200 OK\r\n");
    vec![
        Behaviour::new("endless-fields", "fields without end").link("/head", head().repeat("a: b\r\n", FOR_EVER), breaks("")),
        Behaviour::new("two-million-fields", "two million fields").link(
            "/head", head().repeat("x: y\r\n", 2_000_000).and("content-length: 1\r\n\r\nx"), breaks("")),
        Behaviour::new("endless-field", "one field without end").link(
            "/head", head().and("x: ").repeat("y", FOR_EVER), breaks("")),
        Behaviour::new("endless-status", "a status line without end").link(
            "/head", Script::send("HTTP/1.1 200 ").repeat("O", FOR_EVER), breaks("")),
        many("many-fields", "150 fields", 150),
        many("very-many-fields", "3 900 fields", 3_900),
        Behaviour::new("long-head", "a field of 200 KiB").link(
            "/head", Script::ok(&format!("x: {}\r\n", "y".repeat(200 << 10)), "long head"), kept("long head")),
        Behaviour::new("cookie-flood", "3 000 cookies, and pages that are asked for after")
            .link("/flood", Script::ok(&cookies(3_000), "flood"), kept("flood"))
            .link("/after", Script::page("<a href=after2>"), Expect::Holds("after2"))
            .hidden("/after2", Script::page("after the flood"), kept("after the flood")),
        Behaviour::new("cookie-giant", "a cookie of 100 KiB").link(
            "/giant", Script::ok(&format!("set-cookie: a={}\r\n", "b".repeat(100 << 10)), "giant"), kept("giant")),
        Behaviour::new("cookie-odd", "cookies with controls, for all the world, till the end of time")
            .link("/odd", Script::ok("set-cookie: a=b; domain=com\r\nset-cookie: c=d; domain=127.0.0.1; path=/\r\n\
                set-cookie: e=f; max-age=99999999999999999999999\r\nset-cookie: g=\t;h\r\nset-cookie: =\r\nset-cookie:\r\n\
                set-cookie: i=\u{1b}[2J\r\n", "odd"), kept("odd")),
        Behaviour::new("link-giant", "a Link field of 30 000 entries").link(
            "/links", Script::ok(&format!("link: {}</z>\r\n", "</a>,".repeat(30_000)), "links"), Expect::Any)
            .hidden("/a", Script::page("a"), Expect::Any)
            .hidden("/z", Script::page("z"), Expect::Any),
        Behaviour::new("type-giant", "a Content-Type of 100 KiB").link(
            "/type", Script::ok(&format!("content-type: text/{}\r\n", "x".repeat(100 << 10)), "type"), kept("type")),
        Behaviour::new("type-odd", "a Content-Type that is none, and two of them").link(
            "/type", Script::ok("content-type: ;;;/\"\\\r\ncontent-type: text/html; charset=\"\u{1b}\"\r\n", "<p>type"), kept("<p>type")),
        rests("retry-after-1e18", "503, to be tried again in 10^18 s: the other hosts go on", "1000000000000000000"),
        retry_after("retry-after-below-zero", "503, to be tried again in -5 s", "-5"),
        retry_after("retry-after-past", "503, to be tried again in 1994", "Sun, 06 Nov 1994 08:49:37 GMT"),
        rests("retry-after-9999", "503, to be tried again in the year 9999: the other hosts go on", "Fri, 31 Dec 9999 23:59:59 GMT"),
        retry_after("retry-after-nonsense", "503, to be tried again at \u{201c}soon\u{201d}", "soon"),
        Behaviour::new("retry-after-1", "503, to be tried again in 1 s, and then well").link(
            "/later",
            |asked: &Asked<'_>| match asked.before {
                0 => Script::status("503 Busy", "retry-after: 1\r\n", "busy"),
                _ => Script::ok(HTML, "later"),
            },
            kept("later"),
        ),
        Behaviour::new("always-429", "429 to every request for one page").link(
            "/later", Script::status("429 Too Many Requests", "retry-after: 1\r\n", "no"), refused("429")),
        Behaviour::new("date-odd", "dates of the year 9999, of 1601, and none")
            .link("/a", Script::ok("date: Fri, 31 Dec 9999 23:59:59 GMT\r\nlast-modified: Fri, 31 Dec 9999 23:59:59 GMT\r\n", "a"), kept("a"))
            .link("/b", Script::ok("date: Mon, 01 Jan 1601 00:00:00 GMT\r\nlast-modified: Thu, 01 Jan 1600 00:00:00 GMT\r\n", "b"), kept("b"))
            .link("/c", Script::ok("date: \r\nlast-modified: never\r\netag: \r\n", "c"), kept("c")),
    ]
}

fn many(name: &'static str, says: &'static str, fields: usize) -> Behaviour {
    let fields: String = (0..fields)
        .map(|it| format!("x-field-{it}: value {it}\r\n"))
        .collect();
    Behaviour::new(name, says).link("/head", Script::ok(&fields, "many"), kept("many"))
}

fn cookies(count: usize) -> String {
    (0..count)
        .map(|it| format!("set-cookie: cookie{it}=value{it}; path=/\r\n"))
        .collect()
}

/// A host that wants to be left alone for longer than anyone waits: what is left is for the next time.
fn rests(name: &'static str, says: &'static str, value: &str) -> Behaviour {
    let busy = Script::status("503 Busy", &format!("retry-after: {value}\r\n"), "busy");
    Behaviour::new(name, says)
        .flags("--max-time 6")
        .server("other", Door::Plain)
        .seed("/busy", busy, Expect::Silent)
        .exits(&[LIMIT_REACHED])
}

fn retry_after(name: &'static str, says: &'static str, value: &str) -> Behaviour {
    let busy = Script::status("503 Busy", &format!("retry-after: {value}\r\n"), "busy");
    Behaviour::new(name, says).link("/busy", busy, refused("503"))
}
