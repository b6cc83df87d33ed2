//! Framing: where an answer ends.

use std::time::Duration;

use crate::hostile::behaviour::{Behaviour, Expect, breaks, kept, refused};
use crate::hostile::script::{FOR_EVER, Script};

pub(super) fn all() -> Vec<Behaviour> {
    let mut all = lengths();
    all.extend(chunks());
    all.extend(statuses());
    all.extend(lines());
    all
}

fn lengths() -> Vec<Behaviour> {
    vec![
        Behaviour::new(
            "length-and-chunks",
            "both a length and chunks: an old way to smuggle",
        )
        .link("/a", smuggled(), kept("chunk"))
        .link("/b", smuggled(), kept("chunk"))
        .check(|seen| seen.nowhere("POISON")),
        fails(
            "two-lengths",
            "two lengths that differ",
            "content-length: 4\r\ncontent-length: 8\r\n",
            "12345678",
        ),
        Behaviour::new("the-same-length-twice", "two lengths that are the same").link(
            "/same",
            answer("content-length: 4\r\ncontent-length: 4\r\n", "same").keep(),
            kept("same"),
        ),
        fails(
            "length-with-plus",
            "a length of +5",
            "content-length: +5\r\n",
            "12345",
        ),
        fails(
            "length-below-zero",
            "a length of -1",
            "content-length: -1\r\n",
            "12345",
        ),
        fails(
            "length-in-hex",
            "a length of 0x5",
            "content-length: 0x5\r\n",
            "12345",
        ),
        Behaviour::new("length-list", "a length of 5, 5").link(
            "/list",
            answer("content-length: 5, 5\r\n", "12345"),
            Expect::Any,
        ),
        Behaviour::new("length-with-blanks", "a length with blanks around").link(
            "/blanks",
            answer("content-length:   5  \r\n", "12345").keep(),
            kept("12345"),
        ),
        fails(
            "length-2-63",
            "a length of 2^63",
            "content-length: 9223372036854775808\r\n",
            "12345",
        ),
        fails(
            "length-2-64",
            "a length of 2^64",
            "content-length: 18446744073709551616\r\n",
            "12345",
        ),
        fails(
            "length-1e23",
            "a length of 23 digits",
            "content-length: 99999999999999999999999\r\n",
            "12345",
        ),
        fails(
            "short-body",
            "a body shorter than its length",
            "content-length: 1000\r\n",
            "short",
        ),
        Behaviour::new("long-body", "a body longer than its length")
            .link(
                "/long",
                answer(
                    "content-length: 4\r\n",
                    "longHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nPOISON",
                )
                .keep(),
                kept("long"),
            )
            .link(
                "/longer",
                answer("content-length: 6\r\n", "longerPOISONPOISONPOISON").keep(),
                kept("longer"),
            )
            .check(|seen| seen.nowhere("POISON")),
    ]
}

fn chunks() -> Vec<Behaviour> {
    let chunked = |body: &str| answer("transfer-encoding: chunked\r\n", body);
    let broken = |name, says, body: &str| {
        Behaviour::new(name, says).link("/chunks", chunked(body), breaks(""))
    };
    let many = Script::send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    vec![
        broken("cut-between-chunks", "closed between two chunks, before the last", "4\r\npart\r\n"),
        broken("cut-in-a-chunk", "closed in the middle of a chunk", "40\r\npart"),
        broken("cut-in-a-chunk-size", "closed in the middle of a chunk's size", "4\r\npart\r\n4"),
        broken("chunk-not-hex", "a chunk's size that is no number", "4\r\npart\r\nxyz\r\nmore\r\n0\r\n\r\n"),
        broken("chunk-below-zero", "a chunk's size of -4", "-4\r\npart\r\n0\r\n\r\n"),
        broken("chunk-overflow", "a chunk's size of 17 digits", "fffffffffffffffff\r\npart\r\n0\r\n\r\n"),
        broken("chunk-2-63", "a chunk's size of 2^63", "8000000000000000\r\npart"),
        broken("chunk-without-its-end", "no line's end after a chunk", "4\r\npart4\r\nmore\r\n0\r\n\r\n"),
        Behaviour::new("chunk-line-feeds", "line feeds alone in chunks").link("/chunks", chunked("4\npart\n0\n\n"), Expect::Any),
        Behaviour::new("tiny-chunks", "300 000 chunks of a byte").link(
            "/chunks",
            many.clone().repeat("1\r\nx\r\n", 300_000).and("0\r\n\r\n").keep(),
            kept("x".repeat(300_000)),
        ),
        Behaviour::new("chunk-extensions", "extensions of chunks without end").link(
            "/chunks",
            many.clone().and("1").repeat(";a=b", FOR_EVER),
            breaks(""),
        ),
        Behaviour::new("trailers", "trailers without end").link(
            "/chunks",
            many.clone().and("1\r\nx\r\n0\r\n").repeat("a: b\r\n", FOR_EVER),
            breaks(""),
        ),
        Behaviour::new("trailers-that-mean-something", "trailers with a length, a cookie and a location").link(
            "/chunks",
            many.clone()
                .and("4\r\npart\r\n0\r\ncontent-length: 2\r\nset-cookie: a=b\r\nlocation: /never\r\n\r\n")
                .keep(),
            kept("part"),
        ),
        Behaviour::new("chunks-for-ever", "a chunk a moment, for ever").link(
            "/chunks",
            many.drip("1\r\nx\r\n", FOR_EVER, Duration::from_millis(50)),
            breaks(""),
        ).within(40),
        fails("coding-gzip-alone", "a transfer coding of gzip and nothing else", "transfer-encoding: gzip\r\n", "not packed"),
        fails("coding-unknown", "a transfer coding of xchunked", "transfer-encoding: xchunked\r\n", "what is this"),
        // A line that a proxy repeated. Browsers and curl undo it once, and so does it; but where such an answer ends is
        // in doubt, and nothing that comes behind it is believed.
        Behaviour::new("chunked-twice", "a transfer coding of chunked, chunked")
            .link("/a", twice("a"), kept("a"))
            .link("/b", twice("b"), kept("b"))
            .check(|seen| seen.nowhere("POISON")),
    ]
}

fn statuses() -> Vec<Behaviour> {
    let status = |line: &str, rest: &str| Script::send(format!("HTTP/1.1 {line}\r\n{rest}"));
    let unusable = |name, says, line: &str, rest: &str, words| {
        Behaviour::new(name, says).link("/status", status(line, rest), refused(words))
    };
    vec![
        Behaviour::new(
            "no-content-with-body",
            "204 and 205 with bodies, as poison for what comes next",
        )
        .link(
            "/204",
            status("204 No Content", "content-length: 6\r\n\r\nPOISON").keep(),
            Expect::Any,
        )
        .link(
            "/205",
            status("205 Reset Content", "content-length: 6\r\n\r\nPOISON").keep(),
            Expect::Any,
        ),
        Behaviour::new("unasked-206", "206 to a request for the whole").link(
            "/status",
            status(
                "206 Partial Content",
                "content-range: bytes 0-3/1000\r\ncontent-length: 4\r\n\r\npart",
            ),
            breaks("did not ask"),
        ),
        Behaviour::new("unasked-304", "304 to a request without conditions").link(
            "/status",
            status("304 Not Modified", "\r\n"),
            breaks("did not ask"),
        ),
        unusable(
            "unasked-416",
            "416 to a request for the whole",
            "416 Range Not Satisfiable",
            "content-length: 3\r\n\r\n416",
            "416",
        ),
        Behaviour::new("unasked-101", "101 to a request that is no upgrade")
            .link(
                "/status",
                status(
                    "101 Switching Protocols",
                    "upgrade: x\r\nconnection: upgrade\r\n\r\nPOISON",
                ),
                Expect::Any,
            )
            .check(|seen| seen.nowhere("POISON")),
        Behaviour::new("http-0.9", "content without a head").link(
            "/status",
            Script::send("<p>HTTP/0.9</p>"),
            breaks(""),
        ),
        Behaviour::new("http-3.7", "a version that there is not").link(
            "/status",
            Script::send("HTTP/3.7 200 OK\r\ncontent-length: 1\r\n\r\nx"),
            breaks(""),
        ),
        Behaviour::new("garbage", "64 KiB of noise").link(
            "/status",
            Script::default().repeat([0, 0xff, 0x80, 7, 27], 13_000),
            breaks(""),
        ),
        Behaviour::new("status-099", "a status of 099").link(
            "/status",
            status("099 Low", "content-length: 1\r\n\r\nx"),
            breaks(""),
        ),
        unusable(
            "status-999",
            "a status of 999",
            "999 High",
            "content-length: 1\r\n\r\nx",
            "999",
        ),
        Behaviour::new("no-reason", "a status without its reason").link(
            "/status",
            status("200", "content-length: 4\r\n\r\nfine").keep(),
            kept("fine"),
        ),
        Behaviour::new("endless-1xx", "100 Continue without end").link(
            "/status",
            Script::default().repeat("HTTP/1.1 100 Continue\r\n\r\n", FOR_EVER),
            breaks(""),
        ),
        Behaviour::new(
            "endless-slow-1xx",
            "102 Processing, ten a second, without end",
        )
        .link(
            "/status",
            Script::default().drip(
                "HTTP/1.1 102 Processing\r\n\r\n",
                FOR_EVER,
                Duration::from_millis(100),
            ),
            breaks(""),
        ),
        Behaviour::new("some-1xx", "five early hints, then the answer").link(
            "/status",
            Script::default()
                .repeat("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", 5)
                .and("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine")
                .keep(),
            kept("fine"),
        ),
    ]
}

fn lines() -> Vec<Behaviour> {
    let line = |name, says, line: &str| {
        let script = answer(&format!("{line}content-length: 4\r\n"), "fine").keep();
        Behaviour::new(name, says).link("/line", script, kept("fine"))
    };
    let odd = |name, says, field: &[u8]| {
        let mut bytes = b"HTTP/1.1 200 OK\r\n".to_vec();
        bytes.extend(field);
        bytes.extend(b"content-length: 4\r\n\r\nfine");
        Behaviour::new(name, says).link("/line", Script::send(bytes), Expect::Any)
    };
    vec![
        line(
            "folded-line",
            "a field that goes on in the next line",
            "x-a: b\r\n c\r\n",
        ),
        line(
            "blank-before-colon",
            "a blank before a field's colon",
            "x-a : b\r\n",
        ),
        line("no-colon", "a line without a colon", "what is this\r\n"),
        line(
            "latin-1-name",
            "a field's name that is not ASCII",
            "x-\u{e4}: b\r\n",
        ),
        line("no-name", "a field without a name", ": b\r\n"),
        odd("nul-in-head", "a NUL in a field", b"x-a: b\0c\r\n"),
        odd(
            "cr-in-head",
            "a carriage return alone in a field",
            b"x-a: b\rset-cookie: c=d\r\n",
        ),
        odd(
            "line-feeds",
            "line feeds alone in the head",
            b"x-a: b\nx-c: d\n",
        ),
        odd(
            "escape-in-head",
            "what steers a terminal, in a field and the reason",
            b"x-a: \x1b]0;owned\x07\r\n",
        ),
        Behaviour::new(
            "escape-in-reason",
            "what steers a terminal, in the reason of a 500",
        )
        .link(
            "/line",
            Script::send(
                "HTTP/1.1 500 \u{1b}[2J\u{1b}]52;c;b3duZWQ=\u{7}\r\ncontent-length: 0\r\n\r\n",
            ),
            Expect::Any,
        ),
    ]
}

/// A page whose answer cannot be told to be whole, by these fields.
fn fails(name: &'static str, says: &'static str, fields: &str, body: &str) -> Behaviour {
    Behaviour::new(name, says).link("/framed", answer(fields, body), breaks(""))
}

fn answer(fields: &str, body: &str) -> Script {
    Script::send(format!("HTTP/1.1 200 OK\r\n{fields}\r\n{body}"))
}

/// Chunks that are said to be in chunks.
fn twice(text: &str) -> Script {
    answer(
        "transfer-encoding: chunked, chunked\r\n",
        &format!("1\r\n{text}\r\n0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nPOISON"),
    )
    .keep()
}

fn smuggled() -> Script {
    answer(
        "content-length: 15\r\ntransfer-encoding: chunked\r\n",
        "5\r\nchunk\r\n0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nPOISON",
    )
    .keep()
}
