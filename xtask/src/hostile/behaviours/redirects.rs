//! Redirects: in circles, too far, to where nobody may go.

use crate::hostile::behaviour::{Behaviour, Expect, breaks, kept, refused};
use crate::hostile::script::{FOR_EVER, Script};
use crate::hostile::server::{Asked, Door};

pub(super) fn all() -> Vec<Behaviour> {
    vec![
        Behaviour::new("to-itself", "a redirect to itself").link(
            "/self",
            Script::redirect("/self"),
            refused("loop"),
        ),
        Behaviour::new("to-and-fro", "two redirects to each other")
            .link("/to", Script::redirect("/fro"), Expect::Silent)
            .hidden("/fro", Script::redirect("/to"), refused("loop")),
        Behaviour::new(
            "growing-query",
            "a redirect to itself with a longer query, for ever",
        )
        .markup("<a href=/grow?>x</a>")
        .hidden(
            "/grow**",
            |asked: &Asked<'_>| Script::redirect(&format!("{}x", asked.target)),
            Expect::Any,
        )
        .exits(&[8])
        .check(one_failure("redirects")),
        Behaviour::new("chain-of-100", "a hundred redirects in a row")
            .link("/chain/0", chained(), Expect::Silent)
            .hidden("/chain/**", chained(), Expect::Any)
            .exits(&[8])
            .check(one_failure("redirects")),
        Behaviour::new("chain-of-10", "ten redirects in a row, to a page")
            .link("/chain/90", chained(), Expect::Silent)
            .hidden("/chain/100", Script::page("arrived"), kept("arrived"))
            .hidden("/chain/**", chained(), Expect::Silent),
        to(
            "to-file",
            "a redirect to a file of this machine",
            "file:///etc/passwd",
        ),
        to("to-ftp", "a redirect to FTP", "ftp://127.0.0.1/x"),
        to(
            "to-data",
            "a redirect to a data: URL",
            "data:text/html,<p>data",
        ),
        to(
            "to-javascript",
            "a redirect to a script",
            "javascript:alert(1)",
        ),
        Behaviour::new(
            "to-schemes-by-links",
            "links, frames, refreshes and styles to file:, ftp:, data:, javascript:",
        )
        .link("/schemes", Script::page(SCHEMES), Expect::Holds("schemes")),
        private(),
        Behaviour::new(
            "private-address",
            "private addresses are refused, and all servers are on loopback",
        )
        .flags("--no-private-addresses")
        .refuses("is a private address")
        .exits(&[4])
        .check(|seen| match seen.asked("good", |log| log.requests) {
            0 => Ok(()),
            _ => Err("it was asked all the same".to_owned()),
        }),
        Behaviour::new("without-location", "a redirect without a location").link(
            "/where",
            Script::status("302 Found", "", "where?"),
            refused("location"),
        ),
        Behaviour::new("empty-location", "a redirect to nothing, which is itself").link(
            "/where",
            Script::redirect(""),
            refused(""),
        ),
        Behaviour::new("two-locations", "a redirect to two places")
            .link(
                "/where",
                Script::status("302 Found", "location: /here\r\nlocation: /there\r\n", ""),
                Expect::Any,
            )
            .hidden("/here", Script::page("here"), Expect::Any)
            .hidden("/there", Script::page("there"), Expect::Any),
        Behaviour::new("location-no-url", "a redirect to what is no URL").link(
            "/where",
            Script::redirect("http://[::1"),
            refused("location"),
        ),
        Behaviour::new("location-giant", "a redirect to a URL of 200 KiB")
            .link(
                "/where",
                Script::redirect(&format!("/{}", "x".repeat(200 << 10))),
                Expect::Any,
            )
            .hidden("/xx**", Script::page("giant"), Expect::Any),
        Behaviour::new("location-endless", "a redirect to a URL without end").link(
            "/where",
            Script::send("HTTP/1.1 302 Found\r\nlocation: /").repeat("x", FOR_EVER),
            breaks(""),
        ),
        Behaviour::new(
            "location-odd",
            "redirects to URLs with blanks, UTF-8, fragments, controls",
        )
        .link("/a", Script::redirect("/b c"), Expect::Silent)
        .hidden("/b%20c", Script::page("blank"), kept("blank"))
        .link("/d", Script::redirect("/\u{fc}"), Expect::Silent)
        .hidden("/%C3%BC", Script::page("umlaut"), kept("umlaut"))
        .link("/e", Script::redirect("/f#g"), Expect::Silent)
        .hidden("/f", Script::page("fragment"), kept("fragment"))
        .link(
            "/h",
            Script::send("HTTP/1.1 302 Found\r\nlocation: /i\x1b[2J\r\ncontent-length: 0\r\n\r\n"),
            Expect::Any,
        ),
        Behaviour::new(
            "location-splits",
            "a redirect whose location would be two lines of a request",
        )
        .link(
            "/a",
            Script::redirect("/b%0d%0aX-Injected:%201"),
            Expect::Silent,
        )
        .link("/c", Script::redirect("/d\tX-Injected: 1"), Expect::Silent)
        .hidden("/b**", Script::page("not split"), kept("not split"))
        .hidden("/d**", Script::page("neither"), kept("neither")),
        Behaviour::new(
            "cookie-wall",
            "a redirect to itself until a cookie is brought",
        )
        .link(
            "/wall",
            |asked: &Asked<'_>| match asked.field("cookie") {
                Some(cookie) if cookie.contains("seen=1") => Script::page("behind the wall"),
                _ => Script::status(
                    "302 Found",
                    "location: /wall\r\nset-cookie: seen=1; path=/\r\n",
                    "",
                ),
            },
            kept("behind the wall"),
        ),
        Behaviour::new(
            "cookie-wall-for-ever",
            "a redirect to itself that sets another cookie each time",
        )
        .link(
            "/wall",
            |asked: &Asked<'_>| {
                Script::status(
                    "302 Found",
                    &format!("location: /wall\r\nset-cookie: n={}\r\n", asked.before),
                    "",
                )
            },
            refused("loop"),
        ),
        Behaviour::new("refresh-to-itself", "a page that refreshes itself at once").link(
            "/refresh",
            Script::page("<meta http-equiv=refresh content=0><p>again"),
            kept("<meta http-equiv=refresh content=0><p>again"),
        ),
        Behaviour::new(
            "redirect-with-endless-body",
            "a redirect whose body has no end",
        )
        .link(
            "/where",
            Script::send("HTTP/1.1 302 Found\r\nlocation: /here\r\n\r\n").repeat("x", FOR_EVER),
            Expect::Any,
        )
        .hidden("/here", Script::page("here"), Expect::Any),
        Behaviour::new(
            "userinfo",
            "redirects with a user's name that looks like a host",
        )
        .link(
            "/a",
            |asked: &Asked<'_>| {
                let (good, other) = (asked.urls.at("good", ""), asked.urls.at("other", ""));
                Script::redirect(&format!("{good}@{}/", other.trim_start_matches("http://")))
            },
            Expect::Any,
        )
        .link(
            "/b",
            |asked: &Asked<'_>| {
                let (good, other) = (asked.urls.at("good", ""), asked.urls.at("other", ""));
                Script::redirect(&format!(
                    "{good}\\@{}/",
                    other.trim_start_matches("http://")
                ))
            },
            Expect::Any,
        )
        .hidden("/@**", Script::page("a path"), Expect::Any)
        .server("other", Door::Plain)
        .hidden("/**", Script::page("confused"), Expect::Silent)
        .check(|seen| match seen.asked("other", |log| log.requests) {
            0 => Ok(()),
            _ => Err("another host than the one that is in scope was asked".to_owned()),
        }),
        Behaviour::new(
            "credentials",
            "secrets for one port, and a redirect to another that is crawled too",
        )
        .plant(|_, outside| std::fs::write(outside.join("password"), "PASSWORD"))
        .flags("--span-hosts --user me --password-file outside/password")
        .link(
            "/away",
            |asked: &Asked<'_>| Script::redirect(&asked.urls.at("other", "/here")),
            Expect::Silent,
        )
        .server("other", Door::Plain)
        .hidden("/here", Script::page("here"), kept("here"))
        .check(|seen| {
            let secret = |head: &String| head.to_ascii_lowercase().contains("authorization:");
            if seen.asked("other", |log| log.heads.iter().any(secret)) {
                return Err("the secret was told to another".to_owned());
            }
            Ok(())
        }),
    ]
}

/// What leads from one link of the chain to the next.
fn chained() -> impl Fn(&Asked<'_>) -> Script + Send + Sync + 'static {
    |asked| {
        let link = asked
            .target
            .rsplit('/')
            .next()
            .and_then(|it| it.parse().ok());
        Script::redirect(&format!("/chain/{}", link.unwrap_or(0) + 1))
    }
}

fn to(name: &'static str, says: &'static str, location: &str) -> Behaviour {
    Behaviour::new(name, says)
        .link("/where", Script::redirect(location), refused("refused"))
        .check(|seen| seen.nowhere("root:"))
}

/// Redirects to another server at addresses of this machine.
fn private() -> Behaviour {
    let hosts = [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "0",
    ];
    let behaviour = hosts.into_iter().enumerate().fold(
        Behaviour::new(
            "to-private-address",
            "redirects to another server of this machine, written in six ways",
        ),
        |behaviour, (index, host)| {
            let location = move |asked: &Asked<'_>| {
                let url = asked.urls.at("secret", "/");
                Script::redirect(&url.replace("127.0.0.1", host))
            };
            behaviour.link(&format!("/to/{index}"), location, Expect::Silent)
        },
    );
    behaviour
        .server("secret", Door::Plain)
        .hidden("/**", Script::page("secret"), Expect::Silent)
        .check(|seen| match seen.asked("secret", |log| log.requests) {
            0 => Ok(()),
            _ => Err("the other server was asked".to_owned()),
        })
}

/// That one URL failed, in this way.
fn one_failure(
    words: &'static str,
) -> impl Fn(&crate::hostile::seen::Seen<'_>) -> Result<(), String> + Send + Sync {
    move |seen| {
        let failed: Vec<_> = seen
            .said
            .lines()
            .filter(|it| it.starts_with("failed: "))
            .collect();
        match failed[..] {
            [one] if one.contains(words) => Ok(()),
            _ => Err(format!(
                "{} URLs failed, and one with `{words}` should have",
                failed.len()
            )),
        }
    }
}

const SCHEMES: &str = "<!-- schemes --><meta http-equiv=refresh content='99; url=file:///etc/passwd'>\
    <link rel=stylesheet href='file:///etc/passwd'><a href='ftp://127.0.0.1/x'>x</a><a href='javascript:alert(1)'>x</a>\
    <iframe src='data:text/html,<p>x'></iframe><img src='file:///etc/hostname'><style>@import 'file:///etc/passwd';</style>\
    <a href='gopher://127.0.0.1/'>x</a><a href='view-source:http://127.0.0.1/'>x</a><a href='jar:http://127.0.0.1/!/x'>x</a>\
    <a href='mailto:a@b'>x</a><form action='file:///etc/passwd'></form><base target=x>";
