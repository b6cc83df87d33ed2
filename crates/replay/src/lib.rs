//! The archive on loopback: what was received, answered again.
//!
//! Take it to open a kept site in a browser as if it were online, so that what needs HTTP works too:
//! modules, workers, `fetch()`, seeking in media. It answers from captures alone and asks no one.
//!
//! ```
//! use dragline_replay::{Replay, Site};
//! # let folder = tempfile::tempdir()?;
//! # use cap_std::{ambient_authority, fs::Dir};
//! # let dir = Dir::open_ambient_dir(&folder, ambient_authority())?;
//! # let mut archive = archive::Archive::create(dir, archive::Config::default())?;
//! # let entry = archive.append(&archive::Capture {
//! #     url: "http://h/a?x".into(), via: None, date: std::time::SystemTime::now(), request: "".into(),
//! #     status: http::StatusCode::OK, body: "<a href='http://h/b'>".into(),
//! #     truncated: None,
//! #     headers: [(http::header::CONTENT_TYPE, "text/html".parse().unwrap())].into_iter().collect(),
//! # })?;
//! let site = Site {
//!     seeds: vec!["http://h/".to_owned()],
//!     key: |url| url.split('#').next().map(Into::into),
//!     max_content: 1 << 20,
//! };
//! let replay = Replay::new(archive.reader(), [entry], site);
//! let request = http::Request::get("/a?x").body(())?.into_parts().0;
//! let response = replay.answer(&request);
//! assert_eq!(response.status(), 200);
//! assert_eq!(response.body().bytes().unwrap(), "<a href='/b'>");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Many hosts under one origin
//!
//! The host of the first seed, redirects followed, is at the top: what was at `https://example.org/a?b`
//! is at `/a?b`, so that what its scripts put together works. Of any other host it is at its whole
//! URL: `/https://cdn.example.net/c.js`.
//!
//! # Guarantees
//!
//! - Status, header fields and body are as received, but for what is said here. A field that would
//!   do something else here than there (`Set-Cookie`, `Cache-Control`, policies and reports) is
//!   sent on as `X-Archive-Orig-NAME`; hop-by-hop fields are dropped.
//! - Of a body only those URLs are changed that would lead out of the origin, or to another place in
//!   it, and lead to what was captured. A body without any is as received to the byte, in its content
//!   coding if the client takes that.
//! - A page loads nothing from elsewhere: what was not captured is a 404 that says so, and a policy
//!   keeps the browser from asking others. A person who follows a link to what was not kept leaves.
//! - Only who names loopback or an address is answered, no name that could be made to lead here
//!   (DNS rebinding), and no page of another origin.
//! - Bodies beyond 1 MiB are streamed; documents of up to 32 MiB, a few at a time, are in memory. The
//!   index is in memory too, some 500 bytes a capture.
//! - Nothing is written.
#![forbid(unsafe_code)]

mod replay;
mod server;

mod address;
mod index;

mod document;
mod fields;

mod accept;
mod range;
mod validator;

mod content;
mod guard;
mod notice;

pub use content::Content;
pub use replay::{Replay, Site};
pub use server::Server;
