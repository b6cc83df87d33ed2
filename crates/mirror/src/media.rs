//! File name endings by media type: a browser that opens a file from disk goes by its ending.

/// Returns the endings by which a file of this `Content-Type` is known, the usual one first;
/// none if there are none that matter.
pub(crate) fn endings(content_type: Option<&str>) -> &'static [&'static str] {
    let known = number(content_type).checked_sub(1);
    known.map_or(&[], |at| ENDINGS[usize::from(at)].1)
}

/// Returns a number that stands for all content types with the same endings and the same place in
/// the list; 0 for those that are not in it.
pub(crate) fn number(content_type: Option<&str>) -> u8 {
    let media_type = content_type.unwrap_or_default().split(';').next();
    let media_type = media_type.unwrap_or_default().trim();
    let known = ENDINGS
        .iter()
        .position(|(name, _)| name.eq_ignore_ascii_case(media_type));
    known.map_or(0, |at| u8::try_from(at + 1).unwrap_or(0))
}

/// Returns the media type that a [`number`] stands for.
pub(crate) fn of_number(number: u8) -> Option<&'static str> {
    let at = usize::from(number).checked_sub(1)?;
    ENDINGS.get(at).map(|(name, _)| *name)
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

// A number has 7 bits.
const _: () = assert!(ENDINGS.len() < 128);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_a_media_type() {
        for (name, endings) in ENDINGS {
            let number = number(Some(&format!("{}; x=y", name.to_uppercase())));
            assert_eq!(of_number(number), Some(*name));
            assert_eq!(super::endings(of_number(number)), *endings);
        }
        for unknown in [None, Some(""), Some("a/b")] {
            assert_eq!(of_number(number(unknown)), None);
        }
    }
}
