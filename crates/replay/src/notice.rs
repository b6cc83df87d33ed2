//! Pages of our own: why there is nothing to show.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};

use crate::Content;
use crate::guard::Refusal;

/// A URL that was not captured; `None` if the address is of none.
pub(crate) fn not_captured(url: Option<&str>, seeds: &[(String, String)]) -> Response<Content> {
    let mut text = String::from("<p>The archive does not have ");
    match url {
        Some(url) => {
            let url = escaped(url);
            text.push_str(&format!(
                "<a href=\"{url}\" rel=\"noreferrer\">{url}</a>. That link leads to the web."
            ));
        }
        None => text.push_str("this address."),
    }
    text.push_str("</p>\n<p>It begins at:</p>\n<ul>\n");
    for (address, url) in seeds {
        let (address, url) = (escaped(address), escaped(url));
        text.push_str(&format!("<li><a href=\"{address}\">{url}</a></li>\n"));
    }
    text.push_str("</ul>\n");
    page(StatusCode::NOT_FOUND, "Not captured", &text)
}

/// A capture that is there, and cannot be read.
pub(crate) fn damaged(url: &str, error: &std::io::Error) -> Response<Content> {
    let (url, error) = (escaped(url), escaped(&error.to_string()));
    let text = format!("<p>The archive has {url}, and cannot read it:</p>\n<pre>{error}</pre>\n");
    page(StatusCode::INTERNAL_SERVER_ERROR, "Damaged", &text)
}

/// Another method than those that ask for what there is.
pub(crate) fn not_asked_for(method: &str) -> Response<Content> {
    let method = escaped(method);
    let text = format!(
        "<p>An archive answers what it was asked before, by <code>GET</code>; \
         nothing can be sent to it by <code>{method}</code>.</p>\n"
    );
    let mut response = page(StatusCode::METHOD_NOT_ALLOWED, "Not in an archive", &text);
    let allowed = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(ALLOW, allowed);
    response
}

pub(crate) fn refused(refusal: Refusal) -> Response<Content> {
    match refusal {
        Refusal::OtherHost => page(
            StatusCode::MISDIRECTED_REQUEST,
            "Another host",
            "<p>This is asked for by its address or as <code>localhost</code>, by no other name.</p>\n",
        ),
        Refusal::OtherOrigin => page(
            StatusCode::FORBIDDEN,
            "Another origin",
            "<p>Pages of other sites may not read what is archived here.</p>\n",
        ),
    }
}

fn page(status: StatusCode, title: &str, text: &str) -> Response<Content> {
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>body {{ font: 16px/1.5 system-ui, sans-serif; margin: 3em auto; max-width: 40em; \
         padding: 0 1em; overflow-wrap: anywhere }}</style>\n<h1>{title}</h1>\n{text}"
    );
    let mut response = Response::new(Content::from(page));
    *response.status_mut() = status;
    let fields = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'",
        ),
        (CACHE_CONTROL, "no-store"),
    ] {
        fields.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            char => escaped.push(char),
        }
    }
    escaped
}
