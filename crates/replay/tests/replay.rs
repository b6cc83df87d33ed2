//! What is answered to whom, from archives made by hand.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::io::{self, Read as _, Write as _};
use std::ops::Deref;
use std::time::{Duration, SystemTime};

use archive::{Archive, Capture, Config, Entry, Truncated};
use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use dragline_replay::{Content, Replay, Site};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use tempfile::TempDir;
use url::Url;

/// An archive in the making.
struct Made {
    folder: TempDir,
    archive: Archive,
    entries: Vec<Entry>,
}

fn made() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let dir = Dir::open_ambient_dir(&folder, ambient_authority()).unwrap();
    let archive = Archive::create(dir, Config::default()).unwrap();
    Made {
        folder,
        archive,
        entries: Vec::new(),
    }
}

fn capture(status: u16, url: &str, fields: &[(&'static str, &str)], body: &[u8]) -> Capture {
    let fields = fields.iter().map(|(name, value)| {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        (HeaderName::from_static(name), value)
    });
    Capture {
        url: url.to_owned(),
        date: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        via: None,
        request: Bytes::new(),
        status: StatusCode::from_u16(status).unwrap(),
        headers: fields.collect(),
        body: Bytes::copy_from_slice(body).into(),
        truncated: None,
    }
}

impl Made {
    fn with(self, url: &str, fields: &[(&'static str, &str)], body: impl AsRef<[u8]>) -> Self {
        self.status(200, url, fields, body)
    }

    fn html(self, url: &str, body: &str) -> Self {
        self.with(url, &[("content-type", "text/html")], body)
    }

    fn moved(self, url: &str, to: &str) -> Self {
        self.status(301, url, &[("location", to)], "")
    }

    fn status(
        mut self,
        status: u16,
        url: &str,
        fields: &[(&'static str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Self {
        let capture = capture(status, url, fields, body.as_ref());
        self.entries.push(self.archive.append(&capture).unwrap());
        self
    }

    fn replay(self) -> Replaying {
        let site = Site {
            seeds: vec!["http://h/".to_owned()],
            key: |url| url.split('#').next().map(Into::into),
            max_content: u64::MAX,
        };
        Replaying {
            replay: Replay::new(self.archive.reader(), self.entries, site),
            folder: self.folder,
        }
    }
}

/// A replay, and the folder of its archive.
struct Replaying {
    replay: Replay,
    folder: TempDir,
}

impl Deref for Replaying {
    type Target = Replay;

    fn deref(&self) -> &Replay {
        &self.replay
    }
}

fn ask(
    replay: &Replay,
    method: Method,
    target: &str,
    fields: &[(&str, &str)],
) -> Response<Content> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    replay.answer(&request.body(()).unwrap().into_parts().0)
}

fn get(replay: &Replay, target: &str) -> Response<Content> {
    ask(replay, Method::GET, target, &[])
}

fn body(response: Response<Content>) -> Vec<u8> {
    let mut body = Vec::new();
    response
        .into_body()
        .into_reader()
        .read_to_end(&mut body)
        .unwrap();
    body
}

fn text(response: Response<Content>) -> String {
    String::from_utf8(body(response)).unwrap()
}

fn field<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn status_fields_and_body_are_as_received() {
    let fields = [
        ("content-type", "text/HTML; Charset=x"),
        ("x-own", "caf\u{e9}"),
        ("x-twice", "1"),
        ("x-twice", "2"),
        ("access-control-allow-origin", "*"),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ];
    let page = "<a href=/a?x#y><a href=b.html><a href=http://elsewhere/><img src=no.png>";
    let replay = made().status(203, "http://h/d/?q", &fields, page).replay();
    let response = get(&replay, "/d/?q");
    assert_eq!(response.status(), 203);
    let headers = response.headers();
    for (name, value) in fields {
        let mut all = headers.get_all(name).iter();
        assert!(all.any(|it| it.as_bytes() == value.as_bytes()), "{name}");
    }
    assert_eq!(field(headers, "content-length"), Some("72"));
    assert_eq!(
        field(headers, "memento-datetime"),
        Some("Tue, 14 Nov 2023 22:13:20 GMT")
    );
    assert_eq!(text(response), page);
}

#[test]
fn what_would_act_otherwise_here_is_put_aside() {
    let fields = [
        ("set-cookie", "a=b"),
        ("cache-control", "max-age=9"),
        ("strict-transport-security", "max-age=9"),
        ("content-security-policy", "default-src https://h"),
        ("clear-site-data", "\"*\""),
        ("etag", "\"1\""),
        ("www-authenticate", "Basic"),
    ];
    let replay = made().with("http://h/", &fields, "x").replay();
    let response = get(&replay, "/");
    let headers = response.headers();
    for (name, value) in fields {
        let aside = format!("x-archive-orig-{name}");
        assert_eq!(field(headers, &aside), Some(value), "{name}");
        assert_ne!(field(headers, name), Some(value), "{name}");
    }
    assert_eq!(field(headers, "cache-control"), Some("no-cache"));
    let policy = field(headers, "content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'self' "), "{policy}");
}

#[test]
fn links_lead_to_what_was_captured_whatever_its_host() {
    let replay = made()
        .html("http://h/a", "")
        .html("https://o/x", "")
        .html(
            "http://h/",
            "<a href='http://h/a?b#c'><a href=//h/a><a href=http://h//a><a href=https://o/x#y>\
             <a href=https://o/no><a href=http://away/><a href=/a><form method=post action=https://o/find>",
        )
        .replay();
    assert_eq!(
        text(get(&replay, "/")),
        "<a href='/a?b#c'><a href=/a><a href=/.//a><a href=/https://o/x#y>\
         <a href=https://o/no><a href=http://away/><a href=/a><form method=post action=/https://o/find>",
    );
}

#[test]
fn pages_of_other_hosts_stay_in_their_place() {
    let replay = made()
        .html(
            "http://o/d/p",
            "<a href=/x><a href=../x><a href=x><a href=//h/x><base href=/>",
        )
        .with(
            "http://o/s.css",
            &[("content-type", "text/css")],
            "a{b:url(/i.png)}",
        )
        .replay();
    assert_eq!(
        text(get(&replay, "/http://o/d/p")),
        "<a href=/http://o/x><a href=/http://o/x><a href=x><a href=/x><base href=/http://o/>",
    );
    assert_eq!(
        text(get(&replay, "/http://o/s.css")),
        "a{b:url(/http://o/i.png)}"
    );
}

#[test]
fn a_base_on_a_host_of_which_nothing_was_captured_leads_nowhere_else() {
    let page = "<base href=https://cdn/d/><img src=i.png><img src=/i.png><img src=http://h/i.png>";
    let replay = made()
        .html("http://h/", page)
        .html("http://h/i.png", "")
        .replay();
    assert_eq!(
        text(get(&replay, "/")),
        "<base href=/https://cdn/d/><img src=i.png><img src=/https://cdn/i.png><img src=/i.png>"
    );
}

#[test]
fn redirects_never_leave() {
    let replay = made()
        .moved("http://h/", "http://www.h/start#f")
        .html("http://www.h/start", "start")
        .moved("http://www.h/away", "https://elsewhere/x?y")
        .moved("http://www.h/rel", "./b#c")
        .moved("http://www.h/bad", "http://[")
        .replay();
    let leads = |target: &str| {
        let response = get(&replay, target);
        assert_eq!(response.status(), 301);
        field(response.headers(), "location").unwrap().to_owned()
    };
    // What the seed leads to is at the top.
    assert_eq!(text(get(&replay, "/start")), "start");
    assert_eq!(leads("/http://h/"), "/start#f");
    assert_eq!(leads("/away"), "/https://elsewhere/x?y");
    assert_eq!(leads("/rel"), "/b#c");
    assert_eq!(leads("/bad"), "http://[");
    // Where there is no first page, the way in is.
    let response = get(&replay, "/");
    assert_eq!(response.status(), 307);
    assert_eq!(field(response.headers(), "location"), Some("/http://h/"));
}

#[test]
fn from_one_scheme_to_the_other_is_no_redirect() {
    let replay = made()
        .moved("http://h/", "https://h/")
        .html("https://h/", "secure")
        .html("http://h/only", "plain")
        .moved("https://h/back", "http://h/back")
        .html("http://h/back", "back")
        .moved("https://h/loop", "https://h/loop")
        .replay();
    assert_eq!(text(get(&replay, "/")), "secure");
    assert_eq!(text(get(&replay, "/only")), "plain");
    assert_eq!(text(get(&replay, "/back")), "back");
    assert_eq!(get(&replay, "/loop").status(), 301);
}

#[test]
fn header_fields_lead_to_what_was_captured() {
    let fields = [
        (
            "link",
            "<http://h/a.css>; rel=preload, <http://away/>; rel=next, <https://o/x>; rel=next",
        ),
        ("refresh", "3; url=http://h/next"),
        ("service-worker-allowed", "/d/"),
    ];
    let made = made()
        .html("https://o/x", "")
        .with("http://h/", &fields, "");
    let replay = made.with("https://o/w.js", &fields[2..], "").replay();
    let response = get(&replay, "/");
    let headers = response.headers();
    assert_eq!(
        field(headers, "link"),
        Some("</a.css>; rel=preload, <http://away/>; rel=next, </https://o/x>; rel=next")
    );
    assert_eq!(field(headers, "refresh"), Some("3; url=/next"));
    assert_eq!(field(headers, "service-worker-allowed"), Some("/d/"));
    let response = get(&replay, "/https://o/w.js");
    assert_eq!(
        field(response.headers(), "service-worker-allowed"),
        Some("/https://o/d/")
    );
}

/// As of a search that is a script on a page, and of what is asked for with the time of day.
#[test]
fn a_query_that_the_server_did_not_heed_is_not_heeded() {
    let script = [("content-type", "text/javascript")];
    let replay = made()
        .html("http://h/search.html", "search")
        .with("http://h/a.js?v=1", &script, "a")
        .with("http://h/b.js?v=1", &script, "b")
        .with("http://h/b.js?v=2", &script, "bb")
        .html("http://h/list", "page 1")
        .html("http://h/list?page=2", "page 2")
        .html("http://h/item?id=5", "item 5")
        .with(
            "http://h/feed?a=1",
            &[("content-type", "application/json")],
            "{}",
        )
        .with("http://o/c.js", &script, "c of o")
        .with("http://h/c.js?v=1", &script, "c")
        .moved("http://h/moved?from=a", "/search.html")
        .replay();
    for (path, expected) in [
        ("/search.html?q=word", Some("search")),
        ("/a.js?v=3", Some("a")),
        ("/a.js", Some("a")),
        ("/b.js?v=3", None),
        ("/list?page=3", None),
        ("/item?id=6", None),
        ("/feed?a=2", None),
        ("/moved?from=b", None),
    ] {
        let answer = get(&replay, path);
        assert_eq!(
            answer.status().as_u16() == 200,
            expected.is_some(),
            "{path}"
        );
        assert!(
            expected.is_none_or(|text| body(answer) == text.as_bytes()),
            "{path}"
        );
    }
    // It is on its page's host.
    let from_o = [("referer", "http://127.0.0.1/http://o/")];
    let answer = ask(&replay, Method::GET, "/c.js", &from_o);
    assert_eq!(field(answer.headers(), "location"), Some("/http://o/c.js"));
}

#[test]
fn what_was_not_captured_is_a_page_that_says_so() {
    let replay = made().html("http://h/", "").replay();
    let check = |target: &str, url: &str| {
        let response = get(&replay, target);
        assert_eq!(response.status(), 404);
        let page = text(response);
        assert!(page.contains(&format!("href=\"{url}\"")), "{page}");
        assert!(page.contains("<a href=\"/\">http://h/</a>"), "{page}");
    };
    check("/no?a=1&b='", "http://h/no?a=1&amp;b=%27");
    check("/https://o/%22%3Cscript%3E", "https://o/%22%3Cscript%3E");
    assert_eq!(get(&replay, "/https://").status(), 404);
    assert_eq!(get(&replay, "/http://[").status(), 404);
}

#[test]
fn an_error_that_was_received_is_answered_as_one() {
    let replay = made()
        .status(404, "http://h/gone", &[], "Gone fishing")
        .replay();
    let response = get(&replay, "/gone");
    assert_eq!(
        (response.status().as_u16(), text(response).as_str()),
        (404, "Gone fishing")
    );
}

#[test]
fn of_several_captures_the_first_counts() {
    let replay = made()
        .html("http://h/", "first")
        .html("http://h/", "second")
        .replay();
    assert_eq!(text(get(&replay, "/")), "first");
    assert_eq!((replay.captures(), replay.hosts()), (1, 1));
}

#[test]
fn what_a_script_of_another_host_puts_together_is_found_there() {
    let replay = made()
        .html("http://o/p", "")
        .html("http://o/api?x", "")
        .html("http://h/own", "")
        .replay();
    let from = |target, page| ask(&replay, Method::GET, target, &[("referer", page)]);
    let response = from("/api?x", "http://127.0.0.1:1/http://o/p");
    assert_eq!(response.status(), 307);
    assert_eq!(
        field(response.headers(), "location"),
        Some("/http://o/api?x")
    );
    assert_eq!(from("/own", "http://127.0.0.1:1/http://o/p").status(), 200);
    assert_eq!(from("/no", "http://127.0.0.1:1/http://o/p").status(), 404);
    assert_eq!(from("/api?x", "http://127.0.0.1:1/own").status(), 404);
    assert_eq!(from("/api?x", "no url").status(), 404);
}

#[test]
fn a_content_coding_is_kept_for_who_takes_it() {
    let page = b"<p>no link</p>";
    let packed = gzip(page);
    let fields = [("content-type", "text/html"), ("content-encoding", "gzip")];
    let linked = gzip(b"<a href=http://h/>");
    let replay = made()
        .with("http://h/", &fields, &packed)
        .with("http://h/linked", &fields, linked)
        .with("http://h/odd", &[("content-encoding", "odd")], "odd")
        .replay();
    let taking = |target, codings| {
        ask(
            &replay,
            Method::GET,
            target,
            &[("accept-encoding", codings)],
        )
    };
    let response = taking("/", "gzip");
    assert_eq!(field(response.headers(), "content-encoding"), Some("gzip"));
    assert_eq!(field(response.headers(), "vary"), Some("accept-encoding"));
    let tag = response.headers()["etag"].clone();
    assert_eq!(body(response), packed);
    let response = taking("/", "identity");
    assert_eq!(field(response.headers(), "content-encoding"), None);
    assert_eq!(
        field(response.headers(), "x-archive-orig-content-encoding"),
        Some("gzip")
    );
    assert_ne!(response.headers()["etag"], tag);
    assert_eq!(body(response), page);
    let response = taking("/linked", "gzip");
    assert_eq!(field(response.headers(), "content-encoding"), None);
    assert_eq!(text(response), "<a href=/>");
    // Nobody can undo it, so that it is at least said.
    let response = taking("/odd", "gzip");
    assert_eq!(field(response.headers(), "content-encoding"), Some("odd"));
}

#[test]
fn a_body_that_is_not_as_its_coding_says_is_sent_as_it_was_received() {
    let fields = [("content-type", "text/html"), ("content-encoding", "gzip")];
    let replay = made()
        .with("http://h/", &fields, "<a href=http://h/>")
        .replay();
    let response = ask(&replay, Method::GET, "/", &[("accept-encoding", "gzip")]);
    assert_eq!(text(response), "<a href=http://h/>");
    assert_eq!(get(&replay, "/").status(), 500);
}

#[test]
fn parts_are_sent_that_are_asked_for() {
    let replay = made().with("http://h/v", &[], "0123456789").replay();
    let part = |range, condition: &str| {
        let mut fields = vec![("range", range)];
        if !condition.is_empty() {
            fields.push(("if-range", condition));
        }
        let response = ask(&replay, Method::GET, "/v", &fields);
        let range = field(response.headers(), "content-range").map(str::to_owned);
        (response.status().as_u16(), range, text(response))
    };
    let range = |text: &str| Some(text.to_owned());
    assert_eq!(
        part("bytes=2-4", ""),
        (206, range("bytes 2-4/10"), "234".to_owned())
    );
    assert_eq!(
        part("bytes=-2", ""),
        (206, range("bytes 8-9/10"), "89".to_owned())
    );
    assert_eq!(
        part("bytes=10-", ""),
        (416, range("bytes */10"), String::new())
    );
    let whole = (200, None, "0123456789".to_owned());
    assert_eq!(part("bytes=0-1,3-4", ""), whole);
    assert_eq!(part("bytes=2-4", "\"other\""), whole);
    let response = get(&replay, "/v");
    assert_eq!(field(response.headers(), "accept-ranges"), Some("bytes"));
    let tag = field(response.headers(), "etag").unwrap();
    assert_eq!(part("bytes=2-4", tag).0, 206);
}

#[test]
fn who_has_it_already_is_not_sent_it_again() {
    let replay = made().html("http://h/", "<a href=http://h/>").replay();
    let response = get(&replay, "/");
    let tag = field(response.headers(), "etag").unwrap();
    let has = |tags: &str| {
        let response = ask(&replay, Method::GET, "/", &[("if-none-match", tags)]);
        (response.status().as_u16(), text(response).is_empty())
    };
    assert_eq!(has(&format!("\"x\", W/{tag}")), (304, true));
    assert_eq!(has("*"), (304, true));
    assert_eq!(has("\"x\""), (200, false));
}

#[test]
fn head_says_what_get_would_and_nothing_else_is_answered() {
    let replay = made().html("http://h/", "<a href=http://h/>").replay();
    let response = ask(&replay, Method::HEAD, "/", &[]);
    assert_eq!(field(response.headers(), "content-length"), Some("10"));
    assert!(body(response).is_empty());
    let response = ask(&replay, Method::POST, "/", &[]);
    assert_eq!(response.status(), 405);
    assert_eq!(field(response.headers(), "allow"), Some("GET, HEAD"));
}

#[test]
fn what_has_no_body_is_sent_without() {
    let replay = made().status(204, "http://h/", &[], "").replay();
    let response = get(&replay, "/");
    assert_eq!(response.status(), 204);
    assert_eq!(field(response.headers(), "content-length"), None);
}

#[test]
fn integrity_is_dropped_only_where_what_is_meant_is_changed() {
    let css = [("content-type", "text/css")];
    let page = "<link rel=stylesheet integrity=sha256-x href=/same.css>\
                <link rel=stylesheet integrity=sha256-x href=/moved.css>";
    let replay = made()
        .html("http://h/", page)
        .with("http://h/same.css", &css, "a{b:url(/i.png)}")
        .moved("http://h/moved.css", "/new.css")
        .with("http://h/new.css", &css, "a{b:url(http://h/i.png)}")
        .replay();
    for _ in 0..2 {
        let page = text(get(&replay, "/"));
        assert!(page.contains("integrity=sha256-x href=/same.css"), "{page}");
        assert!(
            !page.contains("integrity=sha256-x href=/moved.css"),
            "{page}"
        );
    }
}

#[test]
fn policies_that_were_made_for_elsewhere_are_left_out_of_a_page() {
    let page = "<meta http-equiv=content-security-policy content=\"default-src https://h\"><p>x";
    let replay = made().html("http://h/", page).replay();
    assert_eq!(text(get(&replay, "/")), "<p>x");
}

#[test]
fn a_large_body_is_read_as_it_is_sent() {
    let large = vec![7; 9 << 20];
    let fields = [("content-type", "video/mp4"), ("content-encoding", "gzip")];
    let replay = made()
        .with("http://h/v", &[("content-type", "video/mp4")], &large)
        .with("http://h/packed", &fields, gzip(&large))
        .replay();
    let response = get(&replay, "/v");
    assert!(response.body().bytes().is_none());
    assert_eq!(response.body().length(), Some(9 << 20));
    assert_eq!(body(response).len(), 9 << 20);
    let range = [("range", "bytes=9437000-")];
    let response = ask(&replay, Method::GET, "/v", &range);
    assert_eq!(response.status(), 206);
    assert_eq!(body(response), [7; 184]);
    let response = get(&replay, "/packed");
    assert_eq!(response.body().length(), None);
    assert_eq!(
        io::copy(&mut response.into_body().into_reader(), &mut io::sink()).unwrap(),
        9 << 20
    );
}

#[test]
fn a_body_that_broke_off_does_so_again() {
    let mut made = made();
    let capture = Capture {
        truncated: Some(Truncated::Disconnect),
        ..capture(
            200,
            "http://h/",
            &[("content-type", "text/html")],
            b"<a href=http://h/>",
        )
    };
    made.entries.push(made.archive.append(&capture).unwrap());
    let replay = made.replay();
    let response = get(&replay, "/");
    assert_eq!(field(response.headers(), "content-length"), None);
    let mut body = Vec::new();
    let read = response.into_body().into_reader().read_to_end(&mut body);
    assert_eq!(read.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(body, b"<a href=http://h/>");
}

#[test]
fn damage_is_told() {
    let replay = made().html("http://h/", "x").replay();
    for file in std::fs::read_dir(&replay.folder).unwrap() {
        let path = file.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..].fill(0);
        std::fs::write(&path, bytes).unwrap();
    }
    let response = get(&replay, "/");
    assert_eq!(response.status(), 500);
    assert!(text(response).contains("dragline-00000.warc.gz"));
}

#[test]
fn an_address_is_told_of_a_url() {
    let replay = made().html("http://h/", "x").replay();
    let address = |url| replay.address(&Url::parse(url).unwrap());
    assert_eq!(address("http://h/a"), "/a");
    assert_eq!(address("http://o/a"), "/http://o/a");
    assert_eq!(replay.seeds().collect::<Vec<_>>(), ["/"]);
}
