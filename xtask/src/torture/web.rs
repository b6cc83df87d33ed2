//! The site that is crawled: small, the same each time, with a bit of everything.

use std::io::Write;

use anyhow::Result;
use flate2::write::GzEncoder;
use flate2::{Compression, Crc};

use super::random::Random;
use crate::site::{Fixed, Resource};

/// How the site is: from one version to the next some of it changes, something is new and something gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    First,
    Second,
}

/// Makes a site of about so many URLs: four in ten are pages, the others what pages refer to.
///
/// Of the URLs about one in twenty is a redirect, and one in thirty is not found. A third of the pages come packed by
/// gzip. Half of the documents have an `ETag`. There are three times as many images as contents of images, each too long to be archived again.
///
/// # Errors
///
/// A page cannot be packed.
pub(crate) fn web(urls: usize, version: Version) -> Result<Fixed> {
    let mut site = Fixed::default();
    let pages = (urls * 2 / 5).max(2);
    for page in 0..pages {
        site.insert(address(page), html(page, pages, version)?);
        if page % 8 == 1 {
            site.insert(format!("/old/{page}"), Resource::Moved(address(page)));
        }
    }
    for style in 0..STYLES {
        let next = (style + 1) % STYLES;
        let css = format!(
            "@import \"{next}.css\";\nbody {{ background: url(/image/{style}.png) }}\n\
             p::before {{ content: \"style {style}\" }}\n"
        );
        site.insert(
            format!("/style/{style}.css"),
            document("text/css", css.into_bytes()),
        );
    }
    for image in 0..pages {
        let is_other = version == Version::Second && image % 9 == 4;
        let content = (image % (pages / 3 + 1)) as u64;
        let content = Random::of(7 + u64::from(is_other), content).bytes(3_000);
        site.insert(
            format!("/image/{image}.png"),
            document("image/png", content),
        );
    }
    if version == Version::Second {
        let page = b"<p>New, and <a href=\"/\">back</a>".to_vec();
        site.insert(
            "/new.html".to_owned(),
            document("text/html; charset=utf-8", page),
        );
    }
    let gone = usize::from(version == Version::Second);
    for text in gone..pages / 4 {
        let content = format!("text {text}\n").repeat(text * 37 % 200 + 1);
        site.insert(
            format!("/text/{text}.txt"),
            document("text/plain; charset=utf-8", content.into_bytes()),
        );
        let json = format!("{{\"number\": {text}, \"page\": \"/page/{text}.html\"}}\n");
        site.insert(
            format!("/data?of={text}"),
            document("application/json", json.into_bytes()),
        );
    }
    Ok(site)
}

fn address(page: usize) -> String {
    match page {
        0 => "/".to_owned(),
        page => format!("/page/{page}.html"),
    }
}

fn html(page: usize, pages: usize, version: Version) -> Result<Resource> {
    let mut html = format!(
        "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>Page {page}</title>\n\
         <link rel=\"stylesheet\" href=\"/style/{}.css\"></head><body>\n\
         <img src=\"/image/{page}.png\" srcset=\"/image/{}.png 2x\">\n",
        page % STYLES,
        page * 5 % pages,
    );
    for link in page * 3 + 1..=page * 3 + 3 {
        let link = link % pages;
        // A page is reached by its old address first, if it has one.
        let href = if link % 8 == 1 {
            format!("/old/{link}")
        } else {
            address(link)
        };
        html.push_str(&format!("<a href=\"{href}\">page {link}</a>\n"));
    }
    let is_second = version == Version::Second;
    if is_second && page % 7 == 3 {
        html.push_str("<p>It has changed.</p>\n");
    }
    if is_second && page == 0 {
        html.push_str("<a href=\"/new.html\">new</a>\n");
    }
    if page % 12 == 5 {
        html.push_str(&format!("<a href=\"/gone/{page}.html\">gone</a>\n"));
    }
    let text = page % (pages / 4).max(1);
    html.push_str(&format!(
        "<a href=\"/text/{text}.txt\">text</a> <a href=\"/data?of={text}\">data</a>\n"
    ));
    html.push_str(&format!("<p>What page {page} says.</p>\n").repeat(page * 13 % 60));
    html.push_str("</body></html>\n");
    if page.is_multiple_of(3) {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(html.as_bytes())?;
        return Ok(with_coding(
            "text/html; charset=utf-8",
            Some("gzip"),
            packed.finish()?,
        ));
    }
    Ok(document("text/html; charset=utf-8", html.into_bytes()))
}

fn document(content_type: &'static str, body: Vec<u8>) -> Resource {
    with_coding(content_type, None, body)
}

fn with_coding(
    content_type: &'static str,
    coding: Option<&'static str>,
    body: Vec<u8>,
) -> Resource {
    let mut sum = Crc::new();
    sum.update(&body);
    Resource::Document {
        content_type,
        coding,
        etag: sum
            .sum()
            .is_multiple_of(2)
            .then(|| format!("\"{:08x}\"", sum.sum())),
        body: body.into(),
    }
}

/// How many style sheets there are.
const STYLES: usize = 7;
