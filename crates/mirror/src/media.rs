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
        let (name, own) = row(number).unwrap_or((OTHER, &[]));
        Endings {
            own,
            takes_others: is_open(number),
            has_usual: name != OTHER,
        }
    }

    /// Returns the ending that a file must have instead of the one in its URL.
    pub(crate) fn instead_of(self, ending: &str, has_query: bool) -> Option<&'static str> {
        let ending = if has_query && is_of_script(ending) {
            ""
        } else {
            ending
        };
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
    let place = |name: &str| rows().position(|(known, _)| known == name);
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
    row(number).map(|(name, _)| name)
}

/// Whether a file with a `Content-Type` of this [`number`] may end in any way that makes no document of
/// it.
pub(crate) fn is_open(number: u8) -> bool {
    row(number).is_none_or(|(name, _)| name == "text/plain") || usize::from(number) > SHOWN.len()
}

/// Returns the media type of files that usually end so, if they are not shown as documents.
pub(crate) fn of_ending(ending: &str) -> Option<&'static str> {
    let is = |known: &&str| known.eq_ignore_ascii_case(ending);
    let mut usual = rows().filter_map(|(name, own)| Some((name, own.first()?)));
    let (name, _) = usual.find(|(_, usual)| is(usual))?;
    (name != OTHER && !DOCUMENTS.iter().any(is)).then_some(name)
}

/// Returns the media type of what a `Content-Disposition` field names (RFC 6266 §4.3), as
/// [`of_ending`] does.
pub(crate) fn named(field: &str) -> Option<&'static str> {
    let mut is_quoted = false;
    let mut was_escape = false;
    let mut parameters = field.split(|char| {
        let ends = char == ';' && !is_quoted;
        is_quoted ^= char == '"' && !was_escape;
        was_escape = char == '\\' && is_quoted && !was_escape;
        ends
    });
    parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let name = name.trim().trim_end_matches('*');
        let (_, ending) = value.trim().trim_matches('"').rsplit_once('.')?;
        let is_file = name.eq_ignore_ascii_case("filename");
        is_file.then(|| of_ending(ending)).flatten()
    })
}

/// Whether it is what scripts end in: in front of a query, that tells nothing of what they send.
pub(crate) fn is_of_script(ending: &str) -> bool {
    let mut scripts = SCRIPTS.iter();
    scripts.any(|known| known.eq_ignore_ascii_case(ending))
}

fn row(number: u8) -> Option<Row> {
    rows().nth(usize::from(number).checked_sub(1)?)
}

fn rows() -> impl Iterator<Item = Row> {
    SHOWN.iter().chain(DOWNLOADS).copied()
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

/// A media type, and the endings by which files of it are known, the usual one first.
type Row = (&'static str, &'static [&'static str]);

/// What browsers show or use: a file ends as its type says.
const SHOWN: &[Row] = &[
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
];

/// What they do not: a file may well have another ending that says more.
const DOWNLOADS: &[Row] = &[
    (OTHER, &["bin"]),
    ("application/zip", &["zip"]),
    ("application/java-archive", &["jar"]),
    ("application/gzip", &["gz", "svgz"]),
    ("application/x-compressed-tar", &["tgz"]),
    ("application/x-tar", &["tar"]),
    ("application/x-bzip2", &["bz2"]),
    ("application/x-xz", &["xz"]),
    ("application/zstd", &["zst"]),
    ("application/x-7z-compressed", &["7z"]),
    ("application/vnd.rar", &["rar"]),
    ("application/epub+zip", &["epub"]),
    ("application/msword", &["doc"]),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        &["docx"],
    ),
    ("application/vnd.ms-excel", &["xls"]),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        &["xlsx"],
    ),
    ("application/vnd.ms-powerpoint", &["ppt"]),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        &["pptx"],
    ),
    ("application/vnd.oasis.opendocument.text", &["odt"]),
    ("application/vnd.oasis.opendocument.spreadsheet", &["ods"]),
    ("application/vnd.oasis.opendocument.presentation", &["odp"]),
    ("application/rtf", &["rtf"]),
    ("application/postscript", &["ps"]),
    ("image/vnd.djvu", &["djvu"]),
    ("text/csv", &["csv"]),
    ("text/calendar", &["ics"]),
    ("text/vcard", &["vcf"]),
    ("text/x-diff", &["patch"]),
    ("application/sql", &["sql"]),
    ("application/x-bittorrent", &["torrent"]),
    ("application/vnd.android.package-archive", &["apk"]),
    ("application/vnd.debian.binary-package", &["deb"]),
    ("application/x-rpm", &["rpm"]),
    ("application/vnd.microsoft.portable-executable", &["exe"]),
    ("application/x-msi", &["msi"]),
    ("application/x-apple-diskimage", &["dmg"]),
    ("application/x-iso9660-image", &["iso"]),
];

/// Any other type, and none in particular.
const OTHER: &str = "application/octet-stream";

/// Endings that have a browser show a document, with scripts or with a meaning of its own.
const DOCUMENTS: &[&str] = &[
    "html", "htm", "shtml", "shtm", "ehtml", "xhtml", "xht", "xhtm", "mht", "mhtml", "svg", "svgz",
    "xml", "xsl", "xslt", "xbl", "rss", "atom", "rdf",
];

const SCRIPTS: &[&str] = &[
    "php", "php3", "php5", "phtml", "asp", "aspx", "ashx", "axd", "jsp", "jspx", "do", "action",
    "cgi", "fcgi", "pl", "cfm",
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
    ("application/x-gzip", "application/gzip"),
    ("application/x-bzip", "application/x-bzip2"),
    ("application/x-rar-compressed", "application/vnd.rar"),
    ("application/x-rar", "application/vnd.rar"),
    ("application/msexcel", "application/vnd.ms-excel"),
    ("application/mspowerpoint", "application/vnd.ms-powerpoint"),
    ("text/rtf", "application/rtf"),
    ("text/comma-separated-values", "text/csv"),
    ("text/x-vcard", "text/vcard"),
    ("text/x-patch", "text/x-diff"),
    ("image/x-djvu", "image/vnd.djvu"),
    (
        "application/x-debian-package",
        "application/vnd.debian.binary-package",
    ),
    (
        "application/x-msdownload",
        "application/vnd.microsoft.portable-executable",
    ),
    (
        "application/x-dosexec",
        "application/vnd.microsoft.portable-executable",
    ),
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
const _: () = assert!(SHOWN.len() + DOWNLOADS.len() < 128);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_a_media_type() {
        for (name, own) in rows() {
            let number = number(Some(&format!("{}; x=y", name.to_uppercase())));
            assert_eq!(of_number(number), Some(name));
            assert_eq!(Endings::of(number).own, own);
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
                endings.instead_of(ending, false),
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
        check(Some("application/octet-stream"), "pdf", None);
        check(Some("application/zip"), "docx", None);
        check(Some("application/gzip"), "html", Some("gz"));
        check(Some("text/csv"), "", Some("csv"));
        check(None, "html", None);
        check(None, "", None);
        let of_script = |content_type| {
            let endings = Endings::of(number(Some(content_type)));
            (
                endings.instead_of("PHP", true),
                endings.instead_of("php", false),
            )
        };
        assert_eq!(of_script("text/plain"), (Some("txt"), None));
        assert_eq!(of_script("application/rtf"), (Some("rtf"), None));
        assert_eq!(of_script("application/octet-stream"), (None, None));
    }

    #[test]
    fn a_file_is_named_by_its_header() {
        let check = |field, expected| assert_eq!(named(field), expected, "{field}");
        let word = of_ending("docx");
        assert!(word.is_some());
        check("attachment; filename=report.docx", word);
        check("attachment; filename=\"a; b=c.docx\"", word);
        check("attachment;FileName = \"a \\\"b\\\".DOCX\" ; size=3", word);
        check("inline; filename*=UTF-8''%c3%a9.docx", word);
        check(
            "attachment; filename=a.bin; filename*=utf-8'de'b.docx",
            word,
        );
        check("filename=\"../../report.docx", word);
        check("attachment; name=report.docx", None);
        check("attachment; filename=report", None);
        check("attachment; filename=\"page.html\"", None);
        check("attachment; filename=\"drawing.svg\"", None);
        check("attachment; filename", None);
        check("", None);
    }

    #[test]
    fn what_has_no_type_is_told_by_its_first_bytes() {
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n..."), Some("image/png"));
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(sniff(b"RIFF"), None);
        assert_eq!(sniff(b""), None);
    }
}
