//! The URLs of JSON: manifests of applications, import maps, structured data, speculation rules.

use std::ops::Range;

use crate::link::MOST_LINKS;
use crate::script::{is_url_like, unescape};
use crate::{Kind, Role};

/// A URL as it stands in JSON.
pub(crate) struct Found {
    /// Escapes undone.
    pub(crate) text: String,
    /// Where it stands, without quotes.
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
    pub(crate) role: Role,
    /// In an import map: the beginning of names that it stands for, if these are no URLs.
    pub(crate) names: Option<String>,
}

/// What is written in JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// W3C Web Application Manifest.
    Manifest,
    /// HTML §8.1.5.2.
    ImportMap,
    /// JSON-LD, with names of schema.org.
    StructuredData,
    /// HTML §7.6.1.1.
    SpeculationRules,
}

/// Finds what is referred to. What is no JSON is read as far as it looks like it.
pub(crate) fn urls(json: &str, dialect: Dialect) -> Vec<Found> {
    let mut found = Vec::new();
    // The keys that lead here, those of arrays as empty.
    let mut path: Vec<&str> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while let Some(byte) = json.as_bytes().get(at).copied() {
        at += 1;
        match byte {
            b'{' => {
                open.push(Open::Key);
                path.push("");
            }
            b'[' => {
                open.push(Open::Array);
                path.push("");
            }
            b'}' | b']' => {
                open.pop();
                path.pop();
            }
            b':' => {
                if let Some(open) = open.last_mut().filter(|open| **open == Open::Key) {
                    *open = Open::Value;
                }
            }
            b',' => {
                if let Some(open) = open.last_mut().filter(|open| **open == Open::Value) {
                    *open = Open::Key;
                }
            }
            b'"' => {
                let span = at..end_of_string(json, at);
                at = (span.end + 1).min(json.len());
                let written = &json[span.clone()];
                let is_key = open.last() == Some(&Open::Key);
                if let Some(key) = path.last_mut().filter(|_| is_key) {
                    *key = written;
                }
                let part = if is_key { Part::Key } else { Part::Value };
                let text = unescape(written);
                if let Some((kind, role)) = dialect.role(&path, part, &text) {
                    found.push(Found {
                        names: names(&path, role),
                        text,
                        span,
                        kind,
                        role,
                    });
                }
                if found.len() >= MOST_LINKS {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Array,
    /// An object, before a colon.
    Key,
    /// An object, behind a colon.
    Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Value,
}

impl Dialect {
    fn role(self, path: &[&str], part: Part, text: &str) -> Option<(Kind, Role)> {
        // Arrays are of no account.
        let mut keys = path.iter().rev().filter(|key| !key.is_empty());
        let key = *keys.next()?;
        let parent = keys.next().copied().unwrap_or_default();
        let is_value = part == Part::Value;
        match self {
            Dialect::Manifest if is_value => manifest(key, parent),
            Dialect::StructuredData if is_value => structured(key, parent),
            Dialect::SpeculationRules if is_value => {
                (key == "urls").then_some((Kind::Hint, Role::Prefetch))
            }
            Dialect::ImportMap if is_url_like(text) => {
                let is_map = parent == "imports" && path.len() == 2;
                let is_scope = path.len() == 3 && path[0] == "scopes";
                let names_a_url = is_map
                    || is_scope
                    || (path.len() == 2 && matches!(parent, "scopes" | "integrity"));
                match part {
                    Part::Key => names_a_url.then_some((Kind::Hint, Role::ImportMapKey)),
                    Part::Value if !(is_map || is_scope) => None,
                    Part::Value if text.ends_with('/') => Some((Kind::Hint, Role::ImportMap)),
                    Part::Value => Some((Kind::Requisite, Role::ImportMap)),
                }
            }
            _ => None,
        }
    }
}

/// HTML §8.1.5.2: in `imports`, a key that ends in `/` stands for all names that begin so.
fn names(path: &[&str], role: Role) -> Option<String> {
    let &["imports", key] = path else {
        return None;
    };
    let names = unescape(key);
    let stands_for_names = role == Role::ImportMap && names.ends_with('/') && !is_url_like(&names);
    stands_for_names.then_some(names)
}

fn manifest(key: &str, parent: &str) -> Option<(Kind, Role)> {
    Some(match (parent, key) {
        ("icons" | "screenshots", "src") => (Kind::Requisite, Role::Icon),
        ("", "start_url") | ("shortcuts", "url") => (Kind::Navigation, Role::ManifestUrl),
        ("", "scope" | "id")
        | ("related_applications" | "protocol_handlers", "url")
        | ("share_target" | "file_handlers", "action") => (Kind::Hint, Role::ManifestUrl),
        _ => return None,
    })
}

/// Pictures are shown; other URLs lead somewhere.
fn structured(key: &str, parent: &str) -> Option<(Kind, Role)> {
    const PICTURES: [&str; 6] = [
        "image",
        "logo",
        "photo",
        "thumbnail",
        "thumbnailUrl",
        "primaryImageOfPage",
    ];
    let is_picture = PICTURES.contains(&key)
        || (PICTURES.contains(&parent) && matches!(key, "url" | "contentUrl"));
    match key {
        _ if is_picture => Some((Kind::Requisite, Role::StructuredData)),
        "url" | "mainEntityOfPage" => Some((Kind::Navigation, Role::StructuredData)),
        "contentUrl" | "embedUrl" | "sameAs" | "@id" | "target" => {
            Some((Kind::Hint, Role::StructuredData))
        }
        _ => None,
    }
}

/// Up to the quote that ends the string, or the end.
fn end_of_string(json: &str, start: usize) -> usize {
    let bytes = json.as_bytes();
    let mut at = start;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        if bytes[at] == b'"' {
            return at;
        }
        at += 2;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::Dialect::{self, ImportMap, Manifest, SpeculationRules, StructuredData};
    use crate::Kind::{self, Hint, Navigation, Requisite};

    fn check(dialect: Dialect, json: &str, expected: &[(&str, Kind, &str)]) {
        let found = super::urls(json, dialect);
        let found: Vec<_> = found
            .iter()
            .map(|url| (url.text.as_str(), url.kind, &json[url.span.clone()]))
            .collect();
        assert_eq!(found, expected, "{json}");
    }

    #[test]
    fn a_manifest_has_icons_and_pages() {
        check(
            Manifest,
            r#"{"name": "x", "start_url": "/a", "scope": "/", "icons": [{"sizes": "any", "src": "b\/c\u002epng"}],
                "shortcuts": [{"name": "src", "url": "/d", "icons": [{"src": "e"}]}], "screenshots": [{"src": "f"}]}"#,
            &[
                ("/a", Navigation, "/a"),
                ("/", Hint, "/"),
                ("b/c.png", Requisite, r"b\/c\u002epng"),
                ("/d", Navigation, "/d"),
                ("e", Requisite, "e"),
                ("f", Requisite, "f"),
            ],
        );
    }

    #[test]
    fn an_import_map_has_addresses_and_urls_it_maps_from() {
        check(
            ImportMap,
            r#"{"imports": {"bare": "./a.js", "p/": "/b/", "/c.js": "http://h/d.js", "x": "bare", "y": null},
                "scopes": {"/e/": {"bare": "../f.js"}}, "integrity": {"./a.js": "sha256-x"}}"#,
            &[
                ("./a.js", Requisite, "./a.js"),
                ("/b/", Hint, "/b/"),
                ("/c.js", Hint, "/c.js"),
                ("http://h/d.js", Requisite, "http://h/d.js"),
                ("/e/", Hint, "/e/"),
                ("../f.js", Requisite, "../f.js"),
                ("./a.js", Hint, "./a.js"),
            ],
        );
    }

    #[test]
    fn structured_data_has_pictures_and_pages() {
        check(
            StructuredData,
            r#"[{"@type": "A", "image": ["/a", {"url": "/b", "width": 1}], "logo": {"@type": "url", "url": "/c"}, "url": "/d"},
                {"author": {"name": "x", "url": "/e"}, "thumbnailUrl": "/f", "sameAs": "/g"}]"#,
            &[
                ("/a", Requisite, "/a"),
                ("/b", Requisite, "/b"),
                ("/c", Requisite, "/c"),
                ("/d", Navigation, "/d"),
                ("/e", Navigation, "/e"),
                ("/f", Requisite, "/f"),
                ("/g", Hint, "/g"),
            ],
        );
        check(
            SpeculationRules,
            r#"{"prefetch": [{"urls": ["a", "b"]}]}"#,
            &[("a", Hint, "a"), ("b", Hint, "b")],
        );
    }

    #[test]
    fn what_is_no_json_is_read_as_far_as_it_looks_like_it() {
        check(
            Manifest,
            r#"}]"icons" {"icons":[{"src":"a"#,
            &[("a", Requisite, "a")],
        );
        check(Manifest, r#"{"start_url":"a\"#, &[("a", Navigation, "a\\")]);
        check(Manifest, &"[{\"icons\":".repeat(100_000), &[]);
    }
}
