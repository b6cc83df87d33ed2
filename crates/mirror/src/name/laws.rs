//! What is true of the names of any URLs. The fuzz target asks it too.

use std::collections::HashMap;

use url::Url;

use crate::media;
use crate::name::{BESIDE, FRONT_DOOR, Name, fold};

/// Checks it of some URLs, one a line, behind a line with their content type.
pub(crate) fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.lines();
    let content_type = media::number(lines.next());
    let mut besides = HashMap::new();
    for url in lines.filter_map(|line| Url::parse(line).ok()) {
        let key = &url[..url::Position::AfterQuery];
        for own_host in ["h", "another"] {
            let name = Name::of(url.as_str(), content_type, own_host);
            let path = name.path();
            is_safe(path);
            assert!(
                is_of_the_site(path),
                "{path} is where the copy has its own files"
            );
            for n in [0, 1] {
                let beside = name.beside(key, n);
                is_safe(&beside);
                assert_ne!(fold(&beside), fold(path), "nothing is beside {url}");
                let other = besides.insert((fold(&beside), own_host, n), key.to_owned());
                assert!(
                    other.is_none_or(|other| other == key),
                    "{url} shares {beside}"
                );
            }
        }
    }
}

fn is_safe(path: &str) {
    assert!(path.len() < 1024, "{path} is too long");
    for part in path.split('/') {
        assert!(!part.is_empty() && part.len() < 255, "{part} of {path}");
        assert!(
            !part.starts_with(['.', ' ']) && !part.ends_with(['.', ' ']),
            "{path}"
        );
        let is_plain = |char: char| match char {
            '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{feff}' => false,
            '\u{80}'.. => !char.is_control() && !char.is_whitespace(),
            _ => char.is_alphanumeric() || " !#$%&'()+,-.;=@[]^_{}~".contains(char),
        };
        assert!(part.chars().all(is_plain), "{path}");
        let device = part.split('.').next().unwrap_or_default().trim_end();
        let is_device = ["con", "prn", "aux", "nul", "com1", "lpt9"].contains(&&*fold(device));
        assert!(!is_device, "{path}");
    }
}

fn is_of_the_site(path: &str) -> bool {
    let top = path.split('/').next().unwrap_or_default();
    let is_folder = top.len() < path.len();
    fold(top) != BESIDE && !(is_folder && fold(top) == FRONT_DOOR)
}
