//! The browsable copy of a site: a view of the archive, a pure function of it.
//!
//! Files are named after their URLs, links are rewritten to lead from file to file, and what was
//! not kept stays linked to where it is online. Take it to turn an [`Archive`](archive::Archive)
//! into a folder that opens in a browser.
//!
//! ```
//! use dragline_mirror::{Site, Turns, build};
//! # let folder = tempfile::tempdir()?;
//! # use cap_std::{ambient_authority, fs::Dir};
//! # let dir = Dir::open_ambient_dir(&folder, ambient_authority())?;
//! # dir.create_dir("archive")?;
//! # let mut archive = archive::Archive::create(dir.open_dir("archive")?, archive::Config::default())?;
//! # let mut entries = Vec::new();
//! # for (url, body) in [("http://h/", "<a href='/docs/a?x=1#top'>"), ("http://h/docs/a?x=1", "")] {
//! #     entries.push(archive.append(&archive::Capture {
//! #         url: url.into(), via: None, date: std::time::SystemTime::now(), request: "".into(),
//! #         status: http::StatusCode::OK, body: body.into(), truncated: None,
//! #         headers: [(http::header::CONTENT_TYPE, "text/html".parse().unwrap())].into_iter().collect(),
//! #     })?);
//! # }
//! let site = Site {
//!     seeds: vec!["http://h/".to_owned()],
//!     key: |url| url.split('#').next().map(Into::into),
//!     max_content: 1 << 20,
//!     fsync: false,
//!     turns: Turns::default(),
//! };
//! let built = build(&archive.reader(), &entries, &Vec::new(), &site, &dir)?;
//! assert_eq!((built.files, built.failures.len()), (2, 0));
//! assert_eq!(dir.read_to_string("index.html")?, "<a href='docs/a@x=1.html#top'>");
//! # std::io::Result::Ok(())
//! ```
//!
//! # Guarantees
//!
//! - A file's name is a function of the *set* of captures, never of their order: two URLs never
//!   share a file, also where a file system folds case; a name is safe on Linux, macOS and Windows.
//! - `index.html` leads to the first seed.
//! - Each link to something kept is relative and keeps its fragment; a redirect counts as its
//!   target; each link to something not kept is absolute. Sitemaps and feeds stay as they are.
//! - What keeps a page from working from disk is left out: `integrity` and `crossorigin` of what is
//!   kept, and policies for its content. An encoding that only a header named is named in the file.
//! - What browsers let no page from disk load is brought along within it, as a data URL: at most
//!   2 MiB of a file, and 8 MiB in one. Elements of other SVG documents are in the page that uses
//!   them, and modules of up to 8 MiB also in scripts in the folder `_dragline`, by which it loads them.
//!   [`Built::only_served`] tells what works only when it is served. Nothing else in a file is changed.
//! - A document of more than 32 MiB ([`LONGEST_DOCUMENT`]) is kept with its links as they are.
//! - A file appears under its name whole (written aside, then renamed) or not at all.
//! - Nothing is written outside the folder, not even through a symbolic link planted there.
#![forbid(unsafe_code)]

mod build;
mod captures;
mod layout;
mod settle;

mod charset;
mod document;
mod inline;
mod module;
mod symbol;

mod media;
mod name;
mod print;
mod threads;
mod tree;

pub use build::{Built, Failure, LONGEST_DOCUMENT, Shown, Site, Turns, build, check};
pub use captures::{Came, Captures};
pub use document::{Obstacle, OnlyServed};
