//! Every URL a document refers to, with its place in the bytes, and the rewriting of them.
//!
//! Takes HTML, XHTML and SVG, CSS, scripts, manifests, sitemaps and feeds. Take it to crawl, to check links, or to move a site:
//! [`extract`] tells what a document refers to, [`rewrite`] replaces the URLs and leaves every
//! other byte as it is. It knows nothing of HTTP; to know a document's structure, take a parser
//! that builds a tree.
//!
//! ```
//! use dragline_links::{Format, Kind, extract, rewrite};
//! let url = "http://example.org/docs/".parse()?;
//! let page = br#"<a href="../a?x&amp;y">A</a> <style>p { background: url(b.png) }</style>"#;
//!
//! let links = extract(page, Format::Html, None, &url);
//! assert_eq!(links[0].url.as_str(), "http://example.org/a?x&y");
//! assert_eq!((links[0].kind, &page[links[0].span.clone()]), (Kind::Navigation, &b"../a?x&amp;y"[..]));
//! assert_eq!(links[1].url.as_str(), "http://example.org/docs/b.png");
//!
//! let moved = rewrite(page, Format::Html, None, &url, |link| {
//!     (link.kind == Kind::Requisite).then(|| "kept/b.png".to_owned())
//! });
//! assert_eq!(&moved[..], br#"<a href="../a?x&amp;y">A</a> <style>p { background: url(kept/b.png) }</style>"#);
//! # Ok::<(), url::ParseError>(())
//! ```
//!
//! # Guarantees
//!
//! - Only the bytes of URLs change. A document of which no URL is replaced comes back borrowed.
//!   (One in ISO-2022-JP, which is no superset of ASCII, comes back in UTF-8 with a byte order mark.)
//! - Time is linear in the input, memory in the number of links, at 64 bytes each; there is no
//!   recursion on input but for documents within documents, which are searched two deep.
//! - No input makes it panic.
//!
//! # How it works
//!
//! A coarse scan over the bytes finds tags and the places of those attributes that can hold a link,
//! and skips comments and raw text as the HTML standard's tokenizer does; tests compare it with
//! html5ever's, over which it has the places, and a fifth of the time. CSS goes through cssparser's
//! tokenizer as one flat row of tokens.
#![forbid(unsafe_code)]

mod format;
mod link;
mod near;

mod attribute;
mod foreign;
mod holds;
mod html;
mod scan;

mod css;
mod header;
mod json;
mod playlist;
mod refresh;
mod script;
mod srcset;

mod charset;
mod chunks;
mod document;
mod doxygen;
mod reference;
mod resolve;
mod rewrite;
mod spans;
mod text;

pub use charset::{Charset, Teller, charset};
pub use document::{Document, Links, Searched, each_target, each_target_and_spans, extract};
pub use format::Format;
pub use header::header_links;
pub use link::{Edit, Kind, Link, Role};
pub use resolve::Target;
pub use rewrite::{Edited, Edits, rewrite};
pub use spans::Spans;
