//! Connections: refused, reset, silent, stale.

use std::time::Duration;

use crate::hostile::behaviour::{Behaviour, Expect, breaks, kept};
use crate::hostile::script::{FOR_EVER, HTML, Script};
use crate::hostile::server::{Asked, Door};

pub(super) fn all() -> Vec<Behaviour> {
    vec![
        Behaviour::new("refused", "nobody listens at the port").door(Door::Shut, breaks("connect")),
        Behaviour::new("reset-at-accept", "connections are reset as they come")
            .door(Door::Raw(Script::default().reset()), breaks("")),
        Behaviour::new("closed-at-accept", "connections are closed as they come")
            .door(Door::Raw(Script::default().close()), breaks("")),
        Behaviour::new("silent", "a connection is taken, and nothing ever said")
            .door(Door::Raw(Script::default().stall()), breaks("longer than")),
        Behaviour::new(
            "black-hole",
            "no answer to a connection's first packet: the queue is full",
        )
        .door(Door::Full, breaks("")),
        Behaviour::new("reset-in-head", "reset in the middle of a head").link(
            "/reset",
            Script::send("HTTP/1.1 200 OK\r\ncontent-ty").reset(),
            breaks(""),
        ),
        Behaviour::new("reset-in-body", "reset in the middle of a body").link(
            "/reset",
            Script::send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\npart")
                .wait(Duration::from_millis(100))
                .reset(),
            breaks(""),
        ),
        Behaviour::new("closed-in-head", "closed in the middle of a head").link(
            "/closed",
            Script::send("HTTP/1.1 200 OK\r\ncontent-ty"),
            breaks(""),
        ),
        Behaviour::new(
            "closed-in-body-once",
            "the body is cut the first time and whole the second",
        )
        .link(
            "/once",
            |asked: &Asked<'_>| match asked.before {
                0 => Script::send("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nwhole"),
                _ => Script::ok(HTML, "whole again"),
            },
            kept("whole again"),
        ),
        Behaviour::new(
            "refused-once",
            "the first two requests of all are cut, then all is well",
        )
        .server("other", Door::Plain)
        .seed(
            "/",
            |asked: &Asked<'_>| match asked.before {
                0 => Script::default().reset(),
                _ => Script::page("well at last"),
            },
            kept("well at last"),
        ),
        stale_keep_alive(),
        Behaviour::new(
            "says-keeps-and-closes",
            "keep-alive is promised, and the connection closed",
        )
        .link("/a", closing("a"), kept("a"))
        .link("/b", closing("b"), kept("b"))
        .link("/c", closing("c"), kept("c")),
        Behaviour::new(
            "says-close-and-keeps",
            "close is said, and the connection kept open",
        )
        .link(
            "/open",
            Script::ok("connection: close\r\n", "said close").stall(),
            kept("said close"),
        ),
        Behaviour::new(
            "answers-unasked",
            "an answer comes before there is a request",
        )
        .door(
            Door::Raw(Script::send("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nunasked").stall()),
            Expect::Any,
        )
        // What comes just after the request was sent may have been sent before it came.
        .race([0, 4])
        .check(|seen| {
            let mut lines = seen.said.lines().filter(|it| it.starts_with("failed: "));
            match lines.find(|it| !UNASKED.iter().any(|words| it.contains(words))) {
                Some(line) => Err(format!("it failed for another reason: {line}")),
                None => Ok(()),
            }
        }),
        Behaviour::new(
            "two-answers",
            "two answers to one request: the other is for nobody",
        )
        .link("/one", twice("one"), kept("one"))
        .link("/two", twice("two"), kept("two"))
        .link("/three", twice("three"), kept("three"))
        .check(|seen| seen.nowhere("POISON")),
        Behaviour::new("half-closed", "the server closes its half after the answer").link(
            "/half",
            Script::ok("", "half").half_close().stall(),
            kept("half"),
        ),
        Behaviour::new(
            "half-closed-in-body",
            "the server closes its half in the middle of a body",
        )
        .link(
            "/half",
            Script::send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf")
                .half_close()
                .stall(),
            breaks(""),
        ),
        Behaviour::new(
            "reset-after-body",
            "the body is whole, then the connection is reset",
        )
        .link(
            "/whole",
            Script::ok("", "whole")
                .wait(Duration::from_millis(50))
                .reset(),
            kept("whole"),
        ),
        Behaviour::new("no-such-name", "the host's name has no address")
            .server("other", Door::Plain)
            .called("no-such-name.invalid")
            .seed("/", Script::page("never"), breaks("resolve")),
        Behaviour::new(
            "one-address-dead",
            "of a name's two addresses nobody listens at the first",
        )
        .server("other", Door::Plain)
        .called("two.test")
        .flags("--resolve two.test:PORT(other):127.0.0.9,127.0.0.1")
        .seed("/", Script::page("the second"), kept("the second")),
        Behaviour::new(
            "a-hundred-addresses",
            "of a name's hundred addresses only the last is alive",
        )
        .server("other", Door::Plain)
        .called("hundred.test")
        .flags(&format!(
            "--resolve hundred.test:PORT(other):{}127.0.0.1",
            dead()
        ))
        .seed("/", Script::page("the last"), kept("the last")),
        Behaviour::new(
            "trickles-for-ever",
            "a connection that sends a byte now and then, and no line",
        )
        .door(
            Door::Raw(Script::default().drip("H", FOR_EVER, Duration::from_millis(100))),
            breaks(""),
        ),
    ]
}

/// Connections are closed as the second request comes, as a server does that closes what is idle.
fn stale_keep_alive() -> Behaviour {
    let page = |text: &'static str| {
        move |asked: &Asked<'_>| match asked.on_connection {
            0 => Script::page(text),
            _ => Script::default().close(),
        }
    };
    ["a", "b", "c", "d", "e", "f"].into_iter().fold(
        Behaviour::new(
            "stale-keep-alive",
            "an idle connection is closed just as it is used again",
        )
        .server("other", Door::Plain)
        .seed("/", page("first"), kept("first")),
        |behaviour, name| behaviour.link(&format!("/{name}"), page(name), kept(name)),
    )
}

fn closing(text: &str) -> Script {
    Script::ok(
        "connection: keep-alive\r\nkeep-alive: timeout=100\r\n",
        text,
    )
    .close()
}

fn twice(text: &str) -> Script {
    Script::page(text)
        .and("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nPOISON")
        .keep()
}

/// What is said of an answer that came before its request, by whoever saw it first: hyper, in several
/// ways, or what looks before a request is sent; and of what follows where it was taken for that of
/// robots.txt, so that the next request on the connection has no answer.
const UNASKED: [&str; 4] = [
    "no valid HTTP response",
    "before the request",
    "lost before a response",
    "longer than",
];

/// Addresses of loopback where nobody listens.
fn dead() -> String {
    (10..109).map(|it| format!("127.0.1.{it},")).collect()
}
