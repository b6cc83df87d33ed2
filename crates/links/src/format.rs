use url::Url;

use crate::html::is_javascript;

/// What a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// HTML.
    Html,
    /// XML: XHTML and SVG; sitemaps, RSS, Atom and OPML, told by their first element. No text is
    /// raw, any element may be empty (`<script/>`), and well-formedness is not asked for.
    Xml,
    /// CSS.
    Css,
    /// JavaScript: what modules import, and workers.
    Script,
    /// The manifest of a web application.
    Manifest,
    /// A URL a line, as a sitemap may be.
    List,
    /// A playlist of HTTP Live Streaming (RFC 8216): the parts of a video.
    Playlist,
}

impl Format {
    /// Tells the format by the `Content-Type`; where there is none, by the first bytes (MIME Sniffing
    /// standard §7.1, as far as HTML goes) or the ending of the URL. `None`: nothing that holds
    /// links, or plain text, of which one must know by other means that it is a [`List`](Self::List).
    pub fn of(content_type: Option<&str>, content: &[u8], url: &Url) -> Option<Self> {
        let media_type = content_type.unwrap_or_default().split([';', ',']).next();
        let media_type = media_type.unwrap_or_default().trim().to_ascii_lowercase();
        let ends = |ending: &str| url.path().ends_with(ending);
        match media_type.as_str() {
            "text/html" => Some(Format::Html),
            "text/css" => Some(Format::Css),
            "application/manifest+json" => Some(Format::Manifest),
            "application/json" | "text/json" if ends(".webmanifest") || ends("manifest.json") => {
                Some(Format::Manifest)
            }
            name if is_javascript(name) => Some(Format::Script),
            "application/vnd.apple.mpegurl" => Some(Format::Playlist),
            name if ends(".m3u8") && may_be_playlist(name) => Some(Format::Playlist),
            "text/xml" | "application/xml" | "text/x-opml" | "text/xsl" => Some(Format::Xml),
            "application/octet-stream" if ends(".xsl") || ends(".xslt") => Some(Format::Xml),
            name if name.ends_with("+xml") => Some(Format::Xml),
            "" if looks_like_html(content) => Some(Format::Html),
            "" if ends(".css") => Some(Format::Css),
            "" if ends(".js") || ends(".mjs") => Some(Format::Script),
            "" if ends(".webmanifest") => Some(Format::Manifest),
            "" if content.starts_with(b"<?xml") => Some(Format::Xml),
            _ => None,
        }
    }
}

/// What `.m3u8` is sent as.
fn may_be_playlist(media_type: &str) -> bool {
    let is_unknown = matches!(media_type, "" | "text/plain" | "application/octet-stream");
    is_unknown || media_type.ends_with("mpegurl")
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
        check(Some("text/xsl"), b"", "http://h/", Some(Format::Xml));
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
        check(
            Some("text/javascript"),
            b"",
            "http://h/",
            Some(Format::Script),
        );
        check(
            Some("application/x-javascript"),
            b"",
            "http://h/",
            Some(Format::Script),
        );
        check(
            Some("application/rss+xml"),
            b"",
            "http://h/",
            Some(Format::Xml),
        );
        check(
            Some("text/xml; charset=utf-8"),
            b"",
            "http://h/",
            Some(Format::Xml),
        );
        check(
            Some("application/json"),
            b"",
            "http://h/manifest.json",
            Some(Format::Manifest),
        );
        check(Some("application/json"), b"", "http://h/data.json", None);
        check(None, b"", "http://h/a.mjs", Some(Format::Script));
        check(
            None,
            b"<?xml version='1.0'?>",
            "http://h/",
            Some(Format::Xml),
        );
        check(None, b"\x89PNG", "http://h/a.png", None);
        for (media_type, url, format) in [
            (
                "application/vnd.apple.mpegurl",
                "http://h/a",
                Some(Format::Playlist),
            ),
            ("audio/x-mpegurl", "http://h/a.m3u8", Some(Format::Playlist)),
            (
                "application/octet-stream",
                "http://h/a.m3u8?b",
                Some(Format::Playlist),
            ),
            // Of a station that sends without end.
            ("audio/x-mpegurl", "http://h/a.m3u", None),
        ] {
            check(Some(media_type), b"", url, format);
        }
    }
}
