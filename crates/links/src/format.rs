use url::Url;

/// What a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// HTML.
    Html,
    /// XHTML and SVG: as HTML, but any element may be empty (`<script/>`), and no text is raw but
    /// that of scripts and styles.
    Xml,
    /// CSS.
    Css,
}

impl Format {
    /// Tells the format by the `Content-Type`; where there is none, by the first bytes (MIME Sniffing
    /// standard §7.1, as far as HTML goes) or the ending of the URL. `None`: nothing that holds
    /// links.
    pub fn of(content_type: Option<&str>, content: &[u8], url: &Url) -> Option<Self> {
        let media_type = content_type.unwrap_or_default().split([';', ',']).next();
        match media_type
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
            .as_str()
        {
            "text/html" => Some(Format::Html),
            "application/xhtml+xml" | "image/svg+xml" => Some(Format::Xml),
            "text/css" => Some(Format::Css),
            "" if looks_like_html(content) => Some(Format::Html),
            "" if url.path().ends_with(".css") => Some(Format::Css),
            _ => None,
        }
    }
}

fn looks_like_html(content: &[u8]) -> bool {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let content = content.trim_ascii_start();
    content.starts_with(b"<!--")
        || STARTS.iter().any(|start| {
            let (head, rest) = content.split_at_checked(start.len()).unwrap_or_default();
            head.eq_ignore_ascii_case(start.as_bytes()) && matches!(rest.first(), Some(b' ' | b'>'))
        })
}

const STARTS: [&str; 17] = [
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<body",
    "<br",
    "<p",
    "<meta",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content_type: Option<&str>, content: &[u8], url: &str, format: Option<Format>) {
        let url = Url::parse(url).unwrap();
        assert_eq!(Format::of(content_type, content, &url), format);
    }

    #[test]
    fn the_media_type_tells_and_else_the_first_bytes_or_the_ending() {
        check(
            Some("Text/HTML; charset=x"),
            b"",
            "http://h/",
            Some(Format::Html),
        );
        check(
            Some("text/html, text/html"),
            b"",
            "http://h/",
            Some(Format::Html),
        );
        check(Some("image/svg+xml"), b"", "http://h/", Some(Format::Xml));
        check(Some("text/css"), b"", "http://h/", Some(Format::Css));
        check(Some("text/plain"), b"<html>", "http://h/a.css", None);
        check(
            None,
            b"\xef\xbb\xbf\n<!DOCTYPE HTML>",
            "http://h/",
            Some(Format::Html),
        );
        check(Some(""), b"<P >", "http://h/", Some(Format::Html));
        check(None, b"<!-- -->", "http://h/", Some(Format::Html));
        check(None, b"<pre>", "http://h/", None);
        check(None, b"p {}", "http://h/a.css?v=1", Some(Format::Css));
        check(None, b"\x89PNG", "http://h/a.png", None);
    }
}
