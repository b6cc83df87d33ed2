//! The name a URL asks for, before others that ask for the same are known.

use std::fmt::Write as _;

use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use url::Url;

use crate::media;

/// A relative path with `/` between its parts, safe on every system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// Folders, each followed by `/`; then the file's name without its ending.
    pub(crate) stem: String,
    /// The ending with its dot, or nothing.
    pub(crate) ending: String,
}

impl Name {
    /// Returns the name of what was fetched from `url`, below a folder for its host unless it is
    /// the site's own.
    pub(crate) fn of(url: &Url, content_type: Option<&str>, own_host: &str) -> Self {
        let mut stem = String::new();
        let host = host(url);
        if host != own_host {
            stem.push_str(&part(&host));
            stem.push('/');
        }
        let mut parts = url.path().split('/').skip(1).peekable();
        let mut last = "";
        while let Some(text) = parts.next() {
            if parts.peek().is_none() {
                last = text;
            } else {
                let part = part(text);
                // The name of the copy's front door is no folder's.
                let is_door = stem.is_empty() && part.eq_ignore_ascii_case(FRONT_DOOR);
                stem.push_str(if is_door { "%69ndex.html" } else { &part });
                stem.push('/');
            }
        }
        let (file, mut ending) = match last.rsplit_once('.') {
            Some((file, ending)) if !file.is_empty() && is_ending(ending) => (file, ending),
            _ => (last, ""),
        };
        let endings = media::endings(content_type);
        let known = endings
            .iter()
            .any(|known| known.eq_ignore_ascii_case(ending));
        let mut file = if last.is_empty() {
            "index".to_owned()
        } else {
            file.to_owned()
        };
        if !known && let Some(usual) = endings.first() {
            // Not the ending of this type: a part of the name, and the right one behind it.
            if !ending.is_empty() {
                last.clone_into(&mut file);
            }
            ending = usual;
        }
        if let Some(query) = url.query() {
            file.push('@');
            file.push_str(query);
        }
        stem.push_str(&part(&file));
        let ending = if ending.is_empty() {
            String::new()
        } else {
            format!(".{ending}")
        };
        Name { stem, ending }.shortened()
    }

    /// Returns the path.
    pub(crate) fn path(&self) -> String {
        format!("{}{}", self.stem, self.ending)
    }

    /// Returns the path of the n-th name like this one that is taken by no other URL.
    pub(crate) fn beside(&self, url: &str, n: usize) -> String {
        let again = if n == 0 {
            String::new()
        } else {
            format!("-{n}")
        };
        format!("{}~{}{again}{}", self.stem, digest(url), self.ending)
    }

    fn shortened(self) -> Self {
        if self.stem.len() <= LONGEST_PATH {
            return self;
        }
        Name {
            stem: format!("long~{}", digest(&self.stem)),
            ending: self.ending,
        }
    }
}

/// The host of a URL, and its port if it is not the scheme's own.
pub(crate) fn host(url: &Url) -> String {
    url[url::Position::BeforeHost..url::Position::AfterPort].to_owned()
}

/// One part of a path: percent-decoded as far as that is text, then whatever some system might
/// take amiss percent-encoded, so that different parts stay different.
fn part(text: &str) -> String {
    let decoded = percent_decode_str(text).decode_utf8();
    let text = decoded.as_deref().unwrap_or(text);
    if text.is_empty() {
        return "%".to_owned();
    }
    let mut part = String::with_capacity(text.len());
    let last = text.chars().count() - 1;
    let reserved = is_reserved(text);
    for (at, char) in text.chars().enumerate() {
        let dot_at_an_end = char == '.' && (at == 0 || at == last);
        if is_plain(char) && !dot_at_an_end && !(at == 0 && reserved) {
            part.push(char);
        } else {
            for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(part, "%{byte:02X}");
            }
        }
    }
    if part.len() > LONGEST_PART {
        let cut = (0..=LONGEST_PART - 24)
            .rev()
            .find(|at| part.is_char_boundary(*at));
        part.truncate(cut.unwrap_or(0));
        part.push('~');
        part.push_str(&digest(text));
    }
    part
}

fn is_plain(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '-' | '_' | '.' | '~' | '=' | '+' | ',' | '@')
}

/// Names of devices on Windows, with any ending.
fn is_reserved(text: &str) -> bool {
    let name = text
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    let numbered = |prefix: &str| {
        let number = name.strip_prefix(prefix);
        number.is_some_and(|n| n.len() == 1 && n.bytes().all(|digit| digit.is_ascii_digit()))
    };
    matches!(name.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

fn is_ending(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// 64 bits of the SHA-256, in hexadecimal.
fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The file that one opens first.
pub(crate) const FRONT_DOOR: &str = "index.html";
/// In bytes. Most file systems allow 255; an ending and a mark come behind it.
const LONGEST_PART: usize = 180;
/// In bytes. Linux allows 4,096 for a whole path, Windows less; where the folder lies is not known.
const LONGEST_PATH: usize = 800;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(url: &str, content_type: &str, path: &str) {
        let url = Url::parse(url).unwrap();
        assert_eq!(Name::of(&url, Some(content_type), "h").path(), path);
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
    fn the_ending_is_that_of_the_type() {
        check("http://h/logo", "image/png", "logo.png");
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
            "text/plain",
            "a/%2E.%2F..%2Fetc/passwd",
        );
        check("http://h/..%5c..%5cx", "text/plain", "%2E.%5C..%5Cx");
        check("http://h//etc/passwd", "text/plain", "%/etc/passwd");
        check("http://h/C:/x", "text/plain", "C%3A/x");
        check("http://h/a%00b", "text/plain", "a%00b");
        check("http://h/.dragline/x", "text/plain", "%2Edragline/x");
        check("http://h/.htaccess", "text/plain", "%2Ehtaccess");
        check("http://h/index.html/a", "text/plain", "%69ndex.html/a");
        check("http://h/b/index.html/a", "text/plain", "b/index.html/a");
    }

    #[test]
    fn names_that_some_system_takes_amiss_are_escaped() {
        check("http://h/con", "text/plain", "%63on");
        check("http://h/NUL.txt", "text/plain", "%4EUL.txt");
        check("http://h/com1.html", "text/html", "%63om1.html");
        check("http://h/console", "text/plain", "console");
        check("http://h/a./b%20/c:d*", "text/plain", "a%2E/b%20/c%3Ad%2A");
        check("http://h/%C3%BCber/%FF", "text/plain", "über/%25FF");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let name = |url: &str| Name::of(&Url::parse(url).unwrap(), Some("text/html"), "h").path();
        let a = name(&format!("http://h/{}1", "é".repeat(4096)));
        let b = name(&format!("http://h/{}2", "é".repeat(4096)));
        assert!(a.len() < 200 && a != b && a.starts_with("éé"), "{a} {b}");
        let deep = name(&format!("http://h/{}", "deep/".repeat(4096)));
        assert!(deep.starts_with("long~") && deep.len() < 50);
    }

    proptest! {
        #[test]
        fn every_name_is_safe(path in "\\PC{0,60}", query in prop::option::of("\\PC{0,60}")) {
            let mut url = Url::parse("http://h/").unwrap();
            url.set_path(&path);
            url.set_query(query.as_deref());
            let name = Name::of(&url, Some("text/html"), "h").path();
            for part in name.split('/') {
                prop_assert!(!part.is_empty() && part.len() < 255);
                prop_assert!(!part.starts_with('.') && !part.ends_with('.'));
                prop_assert!(part.chars().all(|c| is_plain(c) || c == '%'), "{}", name);
            }
        }
    }
}
