//! The name a URL asks for, before others that ask for the same are known.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use archive::Digest;
use icu_normalizer::DecomposingNormalizerBorrowed;
use memchr::{memchr, memchr2, memmem, memrchr};
use percent_encoding::percent_decode_str;

use crate::media::{self, Endings};

/// A relative path with `/` between its parts, safe on every system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// Folders, each followed by `/`; then the file's name.
    path: String,
    /// Where its ending begins with a dot, or the path ends.
    stem: usize,
}

impl Name {
    /// Returns the name of what was fetched from `url`, as the URL standard writes it (§4.5): below a
    /// folder for its host unless it is the site's own. Of the content type, this is the
    /// [number](crate::media::number).
    pub(crate) fn of(url: &str, content_type: u8, own_host: &str) -> Self {
        let mut stem = String::with_capacity(url.len());
        let (host, path, query) = parts(url);
        if host != own_host {
            stem.push_str(&at_the_top(part(host)));
            stem.push('/');
        }
        let (folders, last) = path.rsplit_once('/').unwrap_or(("", path));
        for text in folders.split('/').skip(1) {
            let mut part = part(text);
            if stem.is_empty() {
                part = at_the_top(part);
            }
            stem.push_str(&part);
            stem.push('/');
        }
        let (mut file, mut ending) = at_ending(last);
        if last.is_empty() {
            file = "index";
        }
        if let Some(usual) = Endings::of(content_type).instead_of(ending, query.is_some()) {
            // Not the ending of this type: a part of the name, and the right one behind it.
            if !ending.is_empty() {
                file = last;
            }
            ending = usual;
        }
        let file = match query {
            Some(query) => Cow::Owned(format!("{file}@{query}")),
            None => Cow::Borrowed(file),
        };
        let mut file = part(&file);
        if stem.is_empty() && ending.is_empty() {
            file = at_the_top(file);
        }
        stem.push_str(&file);
        if stem.len() > LONGEST_PATH {
            stem = format!("long~{}", digest(&stem));
        }
        let end = stem.len();
        let mut path = stem;
        if !ending.is_empty() {
            path.push('.');
            path.push_str(ending);
        }
        Name { path, stem: end }
    }

    /// Returns the path.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Returns the path of the n-th name like this one that is taken by no other URL.
    pub(crate) fn beside(&self, url: &str, n: u32) -> String {
        let again = if n == 0 {
            String::new()
        } else {
            format!("-{n}")
        };
        let (stem, ending) = self.path.split_at(self.stem);
        format!("{stem}~{}{again}{ending}", digest(url))
    }
}

/// The host of a URL, and its port if it is not the scheme's own.
pub(crate) fn host(url: &str) -> &str {
    parts(url).0
}

/// The host of a URL with its port, its path, and its query.
fn parts(url: &str) -> (&str, &str, Option<&str>) {
    let end = memchr(b'#', url.as_bytes()).unwrap_or(url.len());
    let url = &url[..end];
    let scheme = memmem::find(url.as_bytes(), b"://");
    let rest = &url[scheme.map_or(0, |end| end + 3)..];
    let end = memchr2(b'/', b'?', rest.as_bytes());
    let (authority, path) = rest.split_at(end.unwrap_or(rest.len()));
    let user = memrchr(b'@', authority.as_bytes());
    let host = &authority[user.map_or(0, |end| end + 1)..];
    match memchr(b'?', path.as_bytes()) {
        Some(end) => (host, &path[..end], Some(&path[end + 1..])),
        None => (host, path, None),
    }
}

/// A folder at the top of the copy, or a file there without an ending: none has the name of what the
/// copy itself puts there.
fn at_the_top(part: Cow<'_, str>) -> Cow<'_, str> {
    let is_reserved = [FRONT_DOOR, BESIDE].iter().any(|reserved| {
        if part.is_ascii() {
            part.eq_ignore_ascii_case(reserved)
        } else {
            fold(&part) == *reserved
        }
    });
    let first = part.chars().next().filter(|_| is_reserved);
    let Some(first) = first else { return part };
    let mut escaped = String::new();
    escape(first, &mut escaped);
    escaped.push_str(&part[first.len_utf8()..]);
    Cow::Owned(escaped)
}

/// Writes a character percent-encoded.
fn escape(char: char, out: &mut String) {
    for byte in char.encode_utf8(&mut [0; 4]).bytes() {
        let _ = write!(out, "%{byte:02X}");
    }
}

/// What a file system would compare that tells neither upper from lower case nor one spelling of a
/// character from another, or passes over what chooses how it is drawn (NTFS, APFS, ext4): at least. More may be the same here.
pub(crate) fn fold(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    let decomposed = |text: &str| {
        DecomposingNormalizerBorrowed::new_nfd()
            .normalize(text)
            .into_owned()
    };
    // By way of upper case, `ſ` is `s`; there and back, `İ` is `i` with a dot.
    let seen = path.replace('\u{fe0f}', "");
    decomposed(&decomposed(&seen).to_uppercase().to_lowercase())
}

/// One part of a path: percent-decoded as far as that is text, then whatever some system might
/// take amiss percent-encoded, so that different parts stay different.
fn part(text: &str) -> Cow<'_, str> {
    let is_encoded = memchr(b'%', text.as_bytes()).is_some();
    let decoded = is_encoded.then(|| percent_decode_str(text).decode_utf8().ok());
    let text = decoded.flatten().unwrap_or(Cow::Borrowed(text));
    if text.is_empty() {
        return Cow::Borrowed("%");
    }
    let reserved = is_reserved(&text);
    let last = text.len() - 1;
    let is_kept = |at: usize, char: char| {
        // Some systems drop them there, or hide the file.
        let is_at_an_end = matches!(char, '.' | ' ') && (at == 0 || at == last);
        is_plain(char) && !is_at_an_end && !(at == 0 && reserved)
    };
    if text.len() <= LONGEST_PART && text.char_indices().all(|(at, char)| is_kept(at, char)) {
        return text;
    }
    let mut part = String::with_capacity(text.len());
    for (at, char) in text.char_indices() {
        if is_kept(at, char) {
            part.push(char);
        } else {
            escape(char, &mut part);
        }
    }
    if part.len() > LONGEST_PART {
        let cut = (0..=LONGEST_PART - 24)
            .rev()
            .find(|at| part.is_char_boundary(*at));
        part.truncate(cut.unwrap_or(0));
        part.push('~');
        part.push_str(&digest(&text));
    }
    Cow::Owned(part)
}

/// What names may have in them on every system, and URLs that scripts put together do have. What is
/// not seen, or changes the order of what is, is none of it.
fn is_plain(char: char) -> bool {
    char.is_alphanumeric()
        || matches!(
            char,
            ' ' | '!' | '#' | '$' | '&' | '\'' | '(' | ')' | '+' | ',' | '-' | '.' | ';' | '='
        )
        || matches!(char, '@' | '[' | ']' | '^' | '_' | '{' | '}' | '~')
        || SIGNS.iter().any(|signs| signs.contains(&char))
}

/// Blocks of The Unicode Standard with signs that are not letters: of Latin-1, punctuation, currencies,
/// arrows to miscellaneous symbols, CJK punctuation, wide forms, and what emoji are made of.
const SIGNS: [RangeInclusive<char>; 11] = [
    '\u{a1}'..='\u{ac}',
    '\u{ae}'..='\u{bf}',
    '\u{2010}'..='\u{2027}',
    '\u{2030}'..='\u{205e}',
    '\u{20a0}'..='\u{20cf}',
    '\u{2100}'..='\u{27ff}',
    '\u{2801}'..='\u{2bff}',
    '\u{3001}'..='\u{303f}',
    '\u{fe0f}'..='\u{fe0f}',
    '\u{ff01}'..='\u{ff65}',
    '\u{1f000}'..='\u{1faff}',
];

/// Names of devices on Windows, with any ending.
fn is_reserved(text: &str) -> bool {
    let end = memchr(b'.', text.as_bytes());
    let name = text[..end.unwrap_or(text.len())].trim_end();
    if !(3..=7).contains(&name.len()) {
        return false;
    }
    let is = |reserved: &[&str], name: &str| {
        let mut reserved = reserved.iter();
        reserved.any(|it| it.eq_ignore_ascii_case(name))
    };
    let is_numbered = |(port, number): (&str, &str)| {
        let mut numbers = number.chars();
        let is_number = matches!(numbers.next(), Some('0'..='9' | '¹' | '²' | '³'));
        is_number && numbers.next().is_none() && is(&["COM", "LPT"], port)
    };
    is(&["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"], name)
        || name.split_at_checked(3).is_some_and(is_numbered)
}

/// Whether a URL itself tells how a file ends: one that leads to a script does not.
pub(crate) fn tells_ending(url: &str) -> bool {
    let (_, path, query) = parts(url);
    let (_, ending) = at_ending(path.rsplit('/').next().unwrap_or(path));
    !ending.is_empty() && !media::is_of_script(ending) && query.is_none()
}

/// The last part of a path, and its ending.
fn at_ending(last: &str) -> (&str, &str) {
    match last.rsplit_once('.') {
        Some((file, ending)) if !file.is_empty() && is_ending(ending) => (file, ending),
        _ => (last, ""),
    }
}

fn is_ending(text: &str) -> bool {
    (1..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// 64 bits of the SHA-256, in hexadecimal.
fn digest(text: &str) -> String {
    format!("{:016x}", Digest::of(text.as_bytes()).prefix())
}

/// The folder of what pages that are opened from disk need beside the site's files.
pub(crate) const BESIDE: &str = "_dragline";
/// The file that one opens first.
pub(crate) const FRONT_DOOR: &str = "index.html";
/// In bytes. Most file systems allow 255; an ending and a mark come behind it.
const LONGEST_PART: usize = 180;
/// In bytes, without the ending. Windows allows 260 characters for a whole path, of which the folder
/// that the copy lies in needs some.
const LONGEST_PATH: usize = 200;

#[cfg(test)]
mod laws;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;
    use std::path::Path;
    use url::Url;

    fn check(url: &str, content_type: &str, path: &str) {
        let url = Url::parse(url).unwrap();
        let name = Name::of(url.as_str(), media::number(Some(content_type)), "h");
        assert_eq!(name.path(), path);
    }

    #[test]
    fn a_page_ends_in_html_and_a_folder_has_an_index() {
        check("http://h/", "text/html", "index.html");
        check(
            "http://h/docs/",
            "text/html; charset=utf-8",
            "docs/index.html",
        );
        check("http://h/docs", "text/html", "docs.html");
        check("http://h/a.HTM", "Text/HTML", "a.HTM");
        check("http://h/a.php", "text/html", "a.php.html");
        check("http://h/feed/", "application/rss+xml", "feed/index.rss");
    }

    #[test]
    fn what_can_be_seen_stays_in_a_name() {
        check("http://h/a%20%231%20%C3%BC.png", "image/png", "a #1 ü.png");
        check(
            "http://h/%E2%9D%A4%EF%B8%8F%F0%9F%98%80%20%E2%80%93%20x.png",
            "image/png",
            "❤\u{fe0f}😀 – x.png",
        );
        check(
            "http://h/%E2%80%AE%E2%80%8B%3F.png",
            "image/png",
            "%E2%80%AE%E2%80%8B%3F.png",
        );
    }

    #[test]
    fn the_ending_is_that_of_the_type() {
        check("http://h/logo", "image/png", "logo.png");
        check(
            "http://h/m.webmanifest",
            "application/manifest+json",
            "m.webmanifest",
        );
        check(
            "http://h/logo.php?size=2",
            "image/png",
            "logo.php@size=2.png",
        );
        check("http://h/style.css?v=1.2", "text/css", "style@v=1.2.css");
        check(
            "http://h/archive.tar.gz",
            "application/gzip",
            "archive.tar.gz",
        );
        check("http://h/data", "application/octet-stream", "data");
        check("http://h/v1.2", "text/html", "v1.2.html");
        check("http://h/get.php?id=7", "text/csv", "get.php@id=7.csv");
    }

    #[test]
    fn what_leads_to_a_script_tells_no_ending() {
        assert!(tells_ending("http://h/a/manual.pdf"));
        let untold = [
            "http://h/",
            "http://h/a",
            "http://h/a.php",
            "http://h/a.pdf?b",
        ];
        assert!(!untold.into_iter().any(tells_ending));
    }

    #[test]
    fn another_host_has_a_folder() {
        check("http://cdn:8080/a.js", "text/javascript", "cdn%3A8080/a.js");
        check("https://h/a.js", "text/javascript", "a.js");
    }

    #[test]
    fn nothing_leads_out_of_the_folder() {
        check(
            "http://h/a/..%2f..%2fetc/passwd",
            "a/b",
            "a/%2E.%2F..%2Fetc/passwd",
        );
        check("http://h/..%5c..%5cx", "a/b", "%2E.%5C..%5Cx");
        check("http://h//etc/passwd", "a/b", "%/etc/passwd");
        check("http://h/C:/x", "a/b", "C%3A/x");
        check("http://h/a%00b", "a/b", "a%00b");
        check("http://h/.dragline/x", "a/b", "%2Edragline/x");
        check("http://h/.htaccess", "a/b", "%2Ehtaccess");
        check("http://h/index.html/a", "a/b", "%69ndex.html/a");
        check("http://h/b/index.html/a", "a/b", "b/index.html/a");
        check(
            "http://h/_Dragline/a.js",
            "text/javascript",
            "%5FDragline/a.js",
        );
        check(
            "http://h/_dragl%C4%B1ne/",
            "text/html",
            "%5Fdraglıne/index.html",
        );
        check("http://h/_dragline", "a/b", "%5Fdragline");
        check(
            "http://_dragline/a.js",
            "text/javascript",
            "%5Fdragline/a.js",
        );
    }

    #[test]
    fn names_that_some_system_takes_amiss_are_escaped() {
        check("http://h/con", "a/b", "%63on");
        check("http://h/NUL.txt", "a/b", "%4EUL.txt");
        check("http://h/nul%20.txt", "a/b", "%6Eul%20.txt");
        check("http://h/conout$.txt", "a/b", "%63onout$.txt");
        check("http://h/com1.html", "text/html", "%63om1.html");
        check("http://h/console", "a/b", "console");
        check("http://h/a./b%20/c:d*", "a/b", "a%2E/b%20/c%3Ad%2A");
        check("http://h/%C3%BCber/%FF", "a/b", "über/%25FF");
        check(
            "http://h/My%20Photo%20(1)!.png?a=b&c",
            "image/png",
            "My Photo (1)!@a=b&c.png",
        );
        check("http://h/%20a%20/%20", "a/b", "%20a%20/%20");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let html = media::number(Some("text/html"));
        let name = |url: &str| {
            let url = Url::parse(url).unwrap();
            Name::of(url.as_str(), html, "h").path().to_owned()
        };
        let a = name(&format!("http://h/{}1", "é".repeat(4096)));
        let b = name(&format!("http://h/{}2", "é".repeat(4096)));
        assert!(a.len() < 200 && a != b && a.starts_with("éé"), "{a} {b}");
        let deep = name(&format!("http://h/{}", "deep/".repeat(4096)));
        assert!(deep.starts_with("long~") && deep.len() < 50);
    }

    /// What the fuzz target is given to begin with, whole and cut off, and with bytes of it in other
    /// places: a short run, the same each time, without nightly.
    #[test]
    fn the_laws_hold_of_the_seeds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/name");
        let mut paths: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|it| it.unwrap().path())
            .collect();
        paths.sort();
        assert!(!paths.is_empty());
        for path in paths {
            let seed = fs::read(path).unwrap();
            laws::check(&seed);
            let mut random = 0x2545_f491_4f6c_dd1d_u64;
            for _ in 0..300 {
                let mut place = || {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    usize::try_from(random % (seed.len() as u64 + 1)).unwrap()
                };
                let (from, to) = (place(), place());
                let moved = &seed[from.min(to)..from.max(to)];
                laws::check(&[&seed[..place()], moved, &seed[place()..]].concat());
            }
        }
    }

    proptest! {
        #[test]
        fn every_name_is_safe(path in "\\PC{0,60}", query in prop::option::of("\\PC{0,60}")) {
            let mut url = Url::parse("http://h/").unwrap();
            url.set_path(&path);
            url.set_query(query.as_deref());
            let name = Name::of(url.as_str(), media::number(Some("text/html")), "h");
            for part in name.path().split('/') {
                prop_assert!(!part.is_empty() && part.len() < 255);
                prop_assert!(!part.starts_with('.') && !part.ends_with('.'));
                prop_assert!(part.chars().all(|c| is_plain(c) || c == '%'), "{}", name.path());
            }
        }
    }
}
