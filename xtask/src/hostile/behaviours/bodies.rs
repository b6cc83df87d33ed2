//! Bodies: endless, slow, packed to burst.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::hostile::behaviour::{Behaviour, Expect, breaks, kept, refused};
use crate::hostile::script::{FOR_EVER, HTML, Script};
use crate::hostile::server::Asked;

pub(super) fn all() -> Vec<Behaviour> {
    let mut all = lengths();
    all.extend(bombs());
    all.extend(codings());
    all
}

fn lengths() -> Vec<Behaviour> {
    let open = || Script::send("HTTP/1.1 200 OK\r\n\r\n");
    let second = Duration::from_secs(1);
    let moment = Duration::from_millis(50);
    vec![
        Behaviour::new("endless-fast", "a body without end, as fast as it goes").link(
            "/body", open().repeat("endless ", FOR_EVER), breaks("exceeds")),
        Behaviour::new("endless-slow", "a body without end, twenty bytes a second")
            .link("/body", open().drip("x", FOR_EVER, moment), breaks(""))
            .within(40),
        Behaviour::new("byte-a-second", "a body of 1 000 bytes, one a second")
            .link("/body", Script::send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").drip("x", 1000, second), breaks(""))
            .within(40),
        Behaviour::new("head-by-drips", "a head of 1 000 bytes, ten a second").link(
            "/body", Script::send("HTTP/1.1 200 OK\r\nx: ").drip("y", 1000, Duration::from_millis(100)), breaks("")),
        Behaviour::new("stalls-in-body", "half of a body, then nothing").link(
            "/body", Script::send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf").stall(), breaks("")),
        Behaviour::new("slow-but-well", "a body of 30 pieces over 1.5 s").link(
            "/body",
            Script::send("HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n").drip([b'x'; 2000], 30, moment).keep(),
            kept("x".repeat(60_000))),
        Behaviour::new("ten-gigabytes", "a length of 10 GiB, and more than is asked for").link(
            "/body",
            Script::send("HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n").repeat("x", 10 << 30),
            breaks("exceeds")),
        many_large(),
        Behaviour::new("grows-between", "the first try is cut; then it has another tag and content").link(
            "/body",
            |asked: &Asked<'_>| match asked.before {
                0 => Script::send("HTTP/1.1 200 OK\r\netag: \"1\"\r\naccept-ranges: bytes\r\ncontent-length: 10\r\n\r\n01234"),
                _ if asked.field("range").is_some() && asked.field("if-range").is_none() =>
                    Script::status("206 Partial Content", "etag: \"2\"\r\ncontent-range: bytes 5-9/10\r\n", "fghij"),
                _ => Script::ok("etag: \"2\"\r\n", "abcdefghij"),
            },
            kept("abcdefghij")),
        Behaviour::new("range-lies", "the first try is cut; what then comes for the rest is another part").link(
            "/body",
            |asked: &Asked<'_>| match (asked.before, asked.field("range")) {
                (0, _) => Script::send("HTTP/1.1 200 OK\r\netag: \"1\"\r\naccept-ranges: bytes\r\ncontent-length: 10\r\n\r\n01234"),
                (_, Some(_)) => Script::status("206 Partial Content", "etag: \"1\"\r\ncontent-range: bytes 0-4/99999999999999999999\r\n", "WRONG"),
                (_, None) => Script::ok("etag: \"1\"\r\n", "0123456789"),
            },
            Expect::Any).check(|seen| seen.nowhere("WRONG")),
        Behaviour::new("range-goes-on", "the first try is cut, and the rest is given as asked for").link(
            "/body",
            |asked: &Asked<'_>| match (asked.before, asked.field("range")) {
                (0, _) => Script::send("HTTP/1.1 200 OK\r\netag: \"1\"\r\naccept-ranges: bytes\r\ncontent-length: 10\r\n\r\n01234"),
                (_, Some("bytes=5-")) => Script::status("206 Partial Content", "etag: \"1\"\r\ncontent-range: bytes 5-9/10\r\n", "56789"),
                _ => Script::ok("etag: \"1\"\r\n", "0123456789"),
            },
            kept("0123456789")),
    ]
}

fn bombs() -> Vec<Behaviour> {
    let bomb = |name, says, coding: &str, script: Script| {
        let head = format!("HTTP/1.1 200 OK\r\n{HTML}content-encoding: {coding}\r\n\r\n");
        Behaviour::new(name, says).link("/bomb", script.after(head), refused(""))
    };
    let layers = (0..30).fold(b"how deep?".to_vec(), |inner, _| gzip(&inner));
    let codings = ["gzip"; 30].join(", ");
    vec![
        bomb(
            "gzip-bomb",
            "5 GiB packed by gzip to 5 MiB",
            "gzip",
            Script::send(GZIP_HEAD).repeat(packed_zeros(), 5 << 10),
        ),
        bomb(
            "deflate-bomb",
            "5 GiB packed by deflate to 5 MiB",
            "deflate",
            Script::send([0x78, 0x9c]).repeat(packed_zeros(), 5 << 10),
        ),
        bomb(
            "brotli-bomb",
            "256 MiB packed by brotli to 211 bytes",
            "br",
            Script::send(BROTLI_BOMB),
        ),
        bomb(
            "zstd-bomb",
            "10 GiB packed by zstd",
            "zstd",
            Script::send(zstd_head(23)).repeat(ZSTD_BLOCK, 10 << 13),
        ),
        bomb(
            "zstd-window",
            "a window of 2 GiB",
            "zstd",
            Script::send(zstd_head(31)).repeat(ZSTD_BLOCK, 10 << 13),
        ),
        Behaviour::new("gzip-members", "300 000 empty gzip members").link(
            "/bomb",
            Script::default().repeat(gzip(b""), 300_000).after(format!(
                "HTTP/1.1 200 OK\r\n{HTML}content-encoding: gzip\r\n\r\n"
            )),
            kept(""),
        ),
        bomb(
            "thirty-layers",
            "packed by gzip thirty times",
            &codings,
            Script::send(layers),
        ),
    ]
}

fn codings() -> Vec<Behaviour> {
    let coded =
        |coding: &str, body: &[u8]| Script::ok(&format!("content-encoding: {coding}\r\n"), body);
    let page = b"<p>a page that is packed</p>".repeat(100);
    let packed = gzip(&page);
    let mut corrupt = packed.clone();
    let middle = corrupt.len() / 2;
    corrupt[middle] ^= 0x55;
    let mut members = gzip(b"one and ");
    members.extend(gzip(b"the other"));
    let mut followed = packed.clone();
    followed.extend(b"\0\0\0\0what follows");
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&page).expect("a vector takes all");
    deflate.write_all(&page).expect("a vector takes all");
    let (zlib, deflate) = (
        zlib.finish().expect("as above"),
        deflate.finish().expect("as above"),
    );
    vec![
        Behaviour::new(
            "gzip-cut",
            "a page packed by gzip, cut short, with its length",
        )
        .link(
            "/coded",
            coded("gzip", &packed[..packed.len() - 12]),
            refused(""),
        ),
        Behaviour::new("gzip-corrupt", "a page packed by gzip, with a byte changed").link(
            "/coded",
            coded("gzip", &corrupt),
            refused(""),
        ),
        Behaviour::new(
            "gzip-that-is-none",
            "a plain page that is said to be packed by gzip",
        )
        .link("/coded", coded("gzip", &page), Expect::Any),
        Behaviour::new("gzip-two-members", "two gzip members in one").link(
            "/coded",
            coded("gzip", &members),
            kept("one and the other"),
        ),
        Behaviour::new("gzip-and-more", "a page packed by gzip, and more behind it").link(
            "/coded",
            coded("gzip", &followed),
            Expect::Any,
        ),
        Behaviour::new(
            "deflate-both",
            "deflate as the RFC has it, and as some servers have it",
        )
        .link("/zlib", coded("deflate", &zlib), kept(page.clone()))
        .link("/raw", coded("deflate", &deflate), kept(page.clone())),
        Behaviour::new("coding-of-nobody", "a content coding of x-unheard-of").link(
            "/coded",
            coded("x-unheard-of", b"what is this"),
            Expect::Any,
        ),
        Behaviour::new("gzip-of-gz", "a file that is gzip itself, packed once more").link(
            "/file.gz",
            Script::ok(
                "content-type: application/gzip\r\ncontent-encoding: gzip\r\n",
                gzip(&packed),
            ),
            kept(packed.clone()),
        ),
        Behaviour::new("empty-gzip", "no body at all, said to be packed").link(
            "/coded",
            coded("gzip", b""),
            Expect::Any,
        ),
    ]
}

/// Bodies that are all within the limit, and asked for at the same time.
fn many_large() -> Behaviour {
    let large = |it: u8| [b'a' + it].repeat(7 << 20);
    let alone = Behaviour::new(
        "many-large",
        "eight bodies of 7 MiB at once: within the limit",
    );
    (0..8).fold(alone, |behaviour, it| {
        let fields = "content-type: application/octet-stream\r\n";
        behaviour.link(
            &format!("/large/{it}"),
            Script::ok(fields, large(it)),
            kept(large(it)),
        )
    })
}

pub(super) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packing = GzEncoder::new(Vec::new(), Compression::best());
    packing.write_all(content).expect("a vector takes all");
    packing.finish().expect("a vector takes all")
}

/// A mebibyte of zeros as blocks of deflate that can be repeated, and are never the last.
fn packed_zeros() -> Vec<u8> {
    let mut packing = DeflateEncoder::new(Vec::new(), Compression::best());
    packing
        .write_all(&vec![0; 1 << 20])
        .expect("a vector takes all");
    packing.flush().expect("a vector takes all");
    packing.get_ref().clone()
}

/// The head of a zstd frame with this logarithm of its window (RFC 8878 §3.1.1.1).
fn zstd_head(window: u8) -> [u8; 6] {
    [0x28, 0xb5, 0x2f, 0xfd, 0, (window - 10) << 3]
}

/// 128 KiB of zeros as a block of zstd that is not the last (RFC 8878 §3.1.1.2).
const ZSTD_BLOCK: [u8; 4] = [0b010, 0, 0b1_0000, 0];
/// The head of a gzip member (RFC 1952 §2.3).
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
/// 256 MiB of zeros, as Google's encoder packs them at its best (quality 11, a window of 2^24).
const BROTLI_BOMB: [u8; 211] = [
    0xcf, 0xff, 0xff, 0x7f, 0xf8, 0x27, 0x00, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x9f, 0xff, 0xff,
    0xff, 0xf0, 0x4f, 0x00, 0xc4, 0x61, 0x01, 0x80, 0xee, 0xfd, 0x3f, 0xff, 0xff, 0xff, 0xe1, 0x9f,
    0x00, 0x88, 0xc3, 0x22, 0x00, 0xdd, 0xfb, 0x7f, 0xfe, 0xff, 0xff, 0xc3, 0x3f, 0x01, 0x10, 0x87,
    0x05, 0x00, 0xba, 0xf7, 0xff, 0xfc, 0xff, 0xff, 0x87, 0x7f, 0x02, 0x20, 0x0e, 0x0b, 0x00, 0x74,
    0xef, 0xff, 0xf9, 0xff, 0xff, 0x0f, 0xff, 0x04, 0x40, 0x1c, 0x16, 0x00, 0xe8, 0xde, 0xff, 0xf3,
    0xff, 0xff, 0x1f, 0xfe, 0x09, 0x80, 0x38, 0x2c, 0x00, 0xd0, 0xbd, 0xff, 0xe7, 0xff, 0xff, 0x3f,
    0xfc, 0x13, 0x00, 0x71, 0x58, 0x00, 0xa0, 0x7b, 0xff, 0xcf, 0xff, 0xff, 0x7f, 0xf8, 0x27, 0x00,
    0xe2, 0xb0, 0x00, 0x40, 0xf7, 0xfe, 0x9f, 0xff, 0xff, 0xff, 0xf0, 0x4f, 0x00, 0xc4, 0x61, 0x01,
    0x80, 0xee, 0xfd, 0x3f, 0xff, 0xff, 0xff, 0xe1, 0x9f, 0x00, 0x88, 0xc3, 0x02, 0x00, 0xdd, 0xfb,
    0x7f, 0xfe, 0xff, 0xff, 0xc3, 0x3f, 0x01, 0x10, 0x87, 0x05, 0x00, 0xba, 0xf7, 0xff, 0xfc, 0xff,
    0xff, 0x87, 0x7f, 0x02, 0x20, 0x0e, 0x0b, 0x00, 0x74, 0xef, 0xff, 0xf9, 0xff, 0xff, 0x0f, 0xff,
    0x04, 0x40, 0x1c, 0x16, 0x00, 0xe8, 0xde, 0xff, 0xf3, 0xff, 0xff, 0x1f, 0xfe, 0x09, 0x80, 0x38,
    0x2c, 0x00, 0xd0, 0xbd, 0xff, 0xe7, 0xff, 0xff, 0x3f, 0xfc, 0x13, 0x00, 0x71, 0x58, 0x00, 0xa0,
    0x7b, 0xff, 0x3f,
];
