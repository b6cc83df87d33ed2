//! File name endings by media type: a browser that opens a file from disk goes by its ending.

/// Tells how a file of this media type may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Endings {
    /// Those by which files of this type are known, the usual one first.
    own: &'static [&'static str],
    /// Whether any other will do that makes no document of it.
    takes_others: bool,
    /// Whether a file without an ending gets the usual one.
    has_usual: bool,
}

impl Endings {
    /// Returns those of a file with a `Content-Type` of this [`number`].
    pub(crate) fn of(number: u8) -> Self {
        let Some((name, own)) = row(number) else {
            return Endings {
                own: &[],
                takes_others: true,
                has_usual: false,
            };
        };
        Endings {
            own,
            takes_others: OPEN.contains(name),
            has_usual: *name != OTHER,
        }
    }

    /// Returns the ending that a file must have instead of the one that it has.
    pub(crate) fn instead_of(self, ending: &str) -> Option<&'static str> {
        let is = |known: &&str| known.eq_ignore_ascii_case(ending);
        let others = self.takes_others && !DOCUMENTS.iter().any(is);
        if self.own.iter().any(is) || others && !(ending.is_empty() && self.has_usual) {
            return None;
        }
        self.own.first().copied()
    }
}

/// Returns a number that stands for all content types with the same endings; 0 where none is told.
pub(crate) fn number(content_type: Option<&str>) -> u8 {
    let media_type = content_type.unwrap_or_default().split([';', ',']).next();
    let media_type = media_type.unwrap_or_default().trim().to_ascii_lowercase();
    let name = match media_type.split_once('/') {
        None => return 0,
        Some(("text" | "application", name)) if is_javascript(name) => "text/javascript",
        Some(_) => ALIASES
            .iter()
            .find(|(alias, _)| *alias == media_type)
            .map_or(&*media_type, |(_, name)| name),
    };
    let place = |name: &str| ENDINGS.iter().position(|(known, _)| *known == name);
    let known = place(name).or_else(|| match name.rsplit_once('+') {
        Some((_, "json")) => place("application/json"),
        Some((_, "xml")) => place("application/xml"),
        Some((_, "zip")) => place("application/zip"),
        _ if name.starts_with("text/") => place("text/plain"),
        _ => place(OTHER),
    });
    known.map_or(0, |at| u8::try_from(at + 1).unwrap_or(0))
}

/// Returns the media type that a [`number`] stands for.
pub(crate) fn of_number(number: u8) -> Option<&'static str> {
    row(number).map(|(name, _)| *name)
}

fn row(number: u8) -> Option<&'static (&'static str, &'static [&'static str])> {
    let at = usize::from(number).checked_sub(1)?;
    ENDINGS.get(at)
}

/// Tells the type of what was sent without one by its first bytes (MIME Sniffing standard §6), as
/// far as its name must tell it.
pub(crate) fn sniff(content: &[u8]) -> Option<&'static str> {
    let begins = |pattern: &&(&[u8], &str)| content.starts_with(pattern.0);
    if content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    PATTERNS.iter().find(begins).map(|(_, name)| *name)
}

/// MIME Sniffing standard §4.6, JavaScript MIME types; without what stands before the `/`.
fn is_javascript(name: &str) -> bool {
    let name = name.strip_prefix("x-").unwrap_or(name);
    matches!(
        name,
        "javascript" | "ecmascript" | "jscript" | "livescript" | "js"
    ) || name.starts_with("javascript1.")
}

const ENDINGS: &[(&str, &[&str])] = &[
    ("text/html", &["html", "htm"]),
    ("application/xhtml+xml", &["xhtml", "xht"]),
    ("text/css", &["css"]),
    ("text/javascript", &["js", "mjs"]),
    ("application/json", &["json", "map", "webmanifest"]),
    ("application/manifest+json", &["webmanifest", "json"]),
    ("application/wasm", &["wasm"]),
    ("application/pdf", &["pdf"]),
    ("application/rss+xml", &["rss", "xml"]),
    ("application/atom+xml", &["atom", "xml"]),
    (
        "application/xml",
        &["xml", "rss", "atom", "xsl", "xslt", "rdf", "opml"],
    ),
    ("application/zip", &["zip", "jar", "epub", "xpi", "apk"]),
    ("application/gzip", &["gz", "tgz", "svgz"]),
    ("application/vnd.ms-fontobject", &["eot"]),
    ("text/plain", &["txt"]),
    ("text/vtt", &["vtt"]),
    ("image/apng", &["apng", "png"]),
    ("image/avif", &["avif"]),
    ("image/bmp", &["bmp"]),
    ("image/gif", &["gif"]),
    ("image/jpeg", &["jpg", "jpeg", "jpe", "jfif"]),
    ("image/jxl", &["jxl"]),
    ("image/png", &["png"]),
    ("image/svg+xml", &["svg"]),
    ("image/tiff", &["tif", "tiff"]),
    ("image/webp", &["webp"]),
    ("image/x-icon", &["ico", "cur"]),
    ("audio/aac", &["aac"]),
    ("audio/flac", &["flac"]),
    ("audio/mp4", &["m4a", "mp4"]),
    ("audio/mpeg", &["mp3"]),
    ("audio/ogg", &["ogg", "oga", "opus"]),
    ("audio/wav", &["wav"]),
    ("audio/webm", &["weba", "webm"]),
    ("video/mp4", &["mp4", "m4v"]),
    ("video/ogg", &["ogv", "ogg"]),
    ("video/quicktime", &["mov", "qt"]),
    ("video/webm", &["webm"]),
    ("font/otf", &["otf"]),
    ("font/ttf", &["ttf"]),
    ("font/woff", &["woff"]),
    ("font/woff2", &["woff2"]),
    (OTHER, &["bin"]),
];

/// Any other type, and none in particular.
const OTHER: &str = "application/octet-stream";

/// Those that stand for many: what is `text/plain` may well be a style sheet's source.
const OPEN: &[&str] = &["text/plain", OTHER];

/// Endings that have a browser show a document, with scripts or with a meaning of its own.
const DOCUMENTS: &[&str] = &[
    "html", "htm", "shtml", "shtm", "ehtml", "xhtml", "xht", "xhtm", "mht", "mhtml", "svg", "svgz",
    "xml", "xsl", "xslt", "xbl", "rss", "atom", "rdf", "pdf",
];

const ALIASES: &[(&str, &str)] = &[
    ("text/json", "application/json"),
    (
        "application/x-web-app-manifest+json",
        "application/manifest+json",
    ),
    ("text/xml", "application/xml"),
    ("text/xsl", "application/xml"),
    ("application/rdf+xml", "application/xml"),
    ("text/rdf", "application/xml"),
    ("text/x-opml", "application/xml"),
    ("application/x-pdf", "application/pdf"),
    ("application/x-zip-compressed", "application/zip"),
    ("application/java-archive", "application/zip"),
    ("application/x-gzip", "application/gzip"),
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/x-png", "image/png"),
    ("image/x-ms-bmp", "image/bmp"),
    ("image/x-bmp", "image/bmp"),
    ("image/svg", "image/svg+xml"),
    ("image/vnd.microsoft.icon", "image/x-icon"),
    ("image/ico", "image/x-icon"),
    ("audio/mp3", "audio/mpeg"),
    ("audio/x-mp3", "audio/mpeg"),
    ("audio/x-m4a", "audio/mp4"),
    ("audio/x-flac", "audio/flac"),
    ("audio/opus", "audio/ogg"),
    ("application/ogg", "audio/ogg"),
    ("audio/wave", "audio/wav"),
    ("audio/x-wav", "audio/wav"),
    ("audio/vnd.wave", "audio/wav"),
    ("video/x-m4v", "video/mp4"),
    ("application/font-woff", "font/woff"),
    ("application/x-font-woff", "font/woff"),
    ("application/font-woff2", "font/woff2"),
    ("application/x-font-woff2", "font/woff2"),
    ("font/sfnt", "font/ttf"),
    ("application/font-sfnt", "font/ttf"),
    ("application/x-font-ttf", "font/ttf"),
    ("application/x-font-truetype", "font/ttf"),
    ("application/x-font-otf", "font/otf"),
    ("application/x-font-opentype", "font/otf"),
    ("font/opentype", "font/otf"),
];

const PATTERNS: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"\0\0\x01\0", "image/x-icon"),
    (b"%PDF-", "application/pdf"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\0\x01\0\0", "font/ttf"),
    (b"OTTO", "font/otf"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"OggS\0", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\0asm", "application/wasm"),
];

// A number has 7 bits.
const _: () = assert!(ENDINGS.len() < 128);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_a_media_type() {
        for (name, own) in ENDINGS {
            let number = number(Some(&format!("{}; x=y", name.to_uppercase())));
            assert_eq!(of_number(number), Some(*name));
            assert_eq!(Endings::of(number).own, *own);
        }
        for (alias, name) in ALIASES {
            assert_eq!(of_number(number(Some(alias))), Some(*name), "{alias}");
        }
        let check = |content_type, name| {
            assert_eq!(of_number(number(content_type)), name, "{content_type:?}");
        };
        check(None, None);
        check(Some(""), None);
        check(Some("html"), None);
        check(Some("text/html, text/html"), Some("text/html"));
        check(Some("application/x-javascript"), Some("text/javascript"));
        check(Some("text/JavaScript1.5"), Some("text/javascript"));
        check(Some("application/ld+json"), Some("application/json"));
        check(Some("application/vnd.x+xml"), Some("application/xml"));
        check(Some("text/markdown"), Some("text/plain"));
        check(Some("a/b"), Some(OTHER));
    }

    #[test]
    fn an_ending_is_another_where_it_would_make_something_else_of_the_file() {
        let check = |content_type, ending, expected| {
            let endings = Endings::of(number(content_type));
            assert_eq!(
                endings.instead_of(ending),
                expected,
                "{content_type:?} {ending}"
            );
        };
        check(Some("text/html"), "HTM", None);
        check(Some("text/html"), "php", Some("html"));
        check(Some("text/html"), "", Some("html"));
        check(Some("image/png"), "html", Some("png"));
        check(Some("text/plain"), "", Some("txt"));
        check(Some("text/plain"), "js", None);
        check(Some("text/plain"), "Html", Some("txt"));
        check(Some("application/octet-stream"), "deb", None);
        check(Some("application/octet-stream"), "", None);
        check(Some("application/octet-stream"), "svg", Some("bin"));
        check(Some("application/x-own"), "own", None);
        check(None, "html", None);
        check(None, "", None);
    }

    #[test]
    fn what_has_no_type_is_told_by_its_first_bytes() {
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n..."), Some("image/png"));
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(sniff(b"RIFF"), None);
        assert_eq!(sniff(b""), None);
    }
}
