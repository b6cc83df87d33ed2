//! File name endings by media type: a browser that opens a file from disk goes by its ending.

/// Returns the endings by which a file of this `Content-Type` is known, the usual one first;
/// none if there are none that matter.
pub(crate) fn endings(content_type: Option<&str>) -> &'static [&'static str] {
    let media_type = content_type.unwrap_or_default().split(';').next();
    let media_type = media_type.unwrap_or_default().trim().to_ascii_lowercase();
    let known = ENDINGS.iter().find(|(name, _)| *name == media_type);
    known.map_or(&[], |(_, endings)| endings)
}

const ENDINGS: &[(&str, &[&str])] = &[
    ("text/html", &["html", "htm"]),
    ("application/xhtml+xml", &["xhtml", "xht"]),
    ("text/css", &["css"]),
    ("text/javascript", &["js", "mjs"]),
    ("application/javascript", &["js", "mjs"]),
    ("application/x-javascript", &["js", "mjs"]),
    ("application/json", &["json", "map", "webmanifest"]),
    ("application/manifest+json", &["webmanifest", "json"]),
    ("application/wasm", &["wasm"]),
    ("application/pdf", &["pdf"]),
    ("application/rss+xml", &["rss", "xml"]),
    ("application/atom+xml", &["atom", "xml"]),
    ("application/xml", &["xml", "rss", "atom", "xsl"]),
    ("text/xml", &["xml", "rss", "atom", "xsl"]),
    ("text/vtt", &["vtt"]),
    ("image/apng", &["apng", "png"]),
    ("image/avif", &["avif"]),
    ("image/bmp", &["bmp"]),
    ("image/gif", &["gif"]),
    ("image/jpeg", &["jpg", "jpeg", "jpe", "jfif"]),
    ("image/png", &["png"]),
    ("image/svg+xml", &["svg"]),
    ("image/vnd.microsoft.icon", &["ico"]),
    ("image/webp", &["webp"]),
    ("image/x-icon", &["ico"]),
    ("audio/mpeg", &["mp3"]),
    ("audio/ogg", &["ogg", "oga", "opus"]),
    ("audio/wav", &["wav"]),
    ("video/mp4", &["mp4", "m4v"]),
    ("video/ogg", &["ogv", "ogg"]),
    ("video/webm", &["webm"]),
    ("font/otf", &["otf"]),
    ("font/ttf", &["ttf"]),
    ("font/woff", &["woff"]),
    ("font/woff2", &["woff2"]),
];
