//! The site that is crawled: small, the same each time, with a bit of everything.

use std::io::Write;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::random::Random;
use crate::site::{Fixed, Resource};

/// Makes a site of about so many URLs: four in ten are pages, the others what pages refer to.
///
/// Of the URLs about one in twenty is a redirect, and one in thirty is not found. A third of the pages come packed by
/// gzip. There are three times as many images as contents of images, each too long to be archived again.
///
/// # Errors
///
/// A page cannot be packed.
pub(crate) fn web(urls: usize) -> Result<Fixed> {
    let mut site = Fixed::default();
    let pages = (urls * 2 / 5).max(2);
    for page in 0..pages {
        site.insert(address(page), html(page, pages)?);
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
        let content = Random::of(7, (image % (pages / 3 + 1)) as u64).bytes(3_000);
        site.insert(
            format!("/image/{image}.png"),
            document("image/png", content),
        );
    }
    for text in 0..pages / 4 {
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

fn html(page: usize, pages: usize) -> Result<Resource> {
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
        return Ok(Resource::Document {
            content_type: "text/html; charset=utf-8",
            coding: Some("gzip"),
            body: packed.finish()?.into(),
        });
    }
    Ok(document("text/html; charset=utf-8", html.into_bytes()))
}

fn document(content_type: &'static str, body: Vec<u8>) -> Resource {
    Resource::Document {
        content_type,
        coding: None,
        body: body.into(),
    }
}

/// How many style sheets there are.
const STYLES: usize = 7;
