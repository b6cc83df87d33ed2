//! What the fuzz targets are given to begin with, and what they found: a short run of them, the same
//! each time, without nightly.

#[path = "laws/input.rs"]
mod input;
mod laws;

use std::path::Path;
use std::{fs, io};

use dragline_links::Format;

/// The laws over each seed, whole and cut off, and with bytes of it in other places.
fn run(target: &str, law: fn(&[u8])) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut paths: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    paths.sort_by_key(fs::DirEntry::path);
    assert!(!paths.is_empty());
    for path in paths {
        let seed = fs::read(path.path())?;
        law(&seed);
        for charset in (b'0'..).take(input::CHARSETS.len()) {
            law(&[&[charset], &seed[1..]].concat());
        }
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..300 {
            let mut place = || {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                usize::try_from(random % (seed.len() as u64 + 1)).unwrap_or(0)
            };
            let mut mutant = seed[..place()].to_vec();
            let (from, to) = (place(), place());
            mutant.extend_from_slice(&seed[from.min(to)..from.max(to)]);
            mutant.extend_from_slice(&seed[place()..]);
            law(&mutant);
        }
    }
    Ok(())
}

fn check(input: &[u8], format: Format) {
    let (charset, content) = input::charset(input);
    laws::check(content, format, charset);
}

#[test]
fn html() -> io::Result<()> {
    run("html", |input| check(input, Format::Html))
}

#[test]
fn xml() -> io::Result<()> {
    run("xml", |input| check(input, Format::Xml))
}

#[test]
fn sitemap() -> io::Result<()> {
    run("sitemap", |input| {
        check(input, Format::Xml);
        check(input, Format::List);
        check(input, Format::Playlist);
    })
}

#[test]
fn css() -> io::Result<()> {
    run("css", |input| check(input, Format::Css))
}

#[test]
fn srcset() -> io::Result<()> {
    run("srcset", |input| {
        let (charset, content) = input::charset(input);
        laws::check(&input::in_srcset(content), Format::Html, charset);
    })
}

#[test]
fn script() -> io::Result<()> {
    run("script", |input| check(input, Format::Script))
}

#[test]
fn json() -> io::Result<()> {
    run("json", |input| check(input, Format::Manifest))
}
