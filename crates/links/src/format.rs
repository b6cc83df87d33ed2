/// What a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// HTML, or what can be read like it: XHTML, SVG.
    Html,
    /// CSS.
    Css,
}

impl Format {
    /// Tells the format by the `Content-Type`, or, where there is none, by the first bytes.
    /// `None`: nothing that holds links.
    pub fn of(content_type: Option<&str>, content: &[u8]) -> Option<Self> {
        let Some(content_type) = content_type else {
            return looks_like_html(content).then_some(Format::Html);
        };
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        match media_type.to_ascii_lowercase().as_str() {
            "text/html" | "application/xhtml+xml" | "image/svg+xml" => Some(Format::Html),
            "text/css" => Some(Format::Css),
            "" => Self::of(None, content),
            _ => None,
        }
    }
}

fn looks_like_html(content: &[u8]) -> bool {
    let content = content
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(content)
        .trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"].iter().any(|start| {
        content
            .get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_tells_and_else_the_first_bytes() {
        assert_eq!(
            Format::of(Some("Text/HTML; charset=x"), b""),
            Some(Format::Html)
        );
        assert_eq!(Format::of(Some("image/svg+xml"), b""), Some(Format::Html));
        assert_eq!(Format::of(Some("text/css"), b""), Some(Format::Css));
        assert_eq!(Format::of(Some("text/plain"), b"<html>"), None);
        assert_eq!(
            Format::of(None, b"\xef\xbb\xbf\n<!DOCTYPE HTML>"),
            Some(Format::Html)
        );
        assert_eq!(Format::of(None, b"<html"), Some(Format::Html));
        assert_eq!(Format::of(None, b"\x89PNG"), None);
    }
}
