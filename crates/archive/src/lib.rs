//! What was received, written once: WARC segments and their index.
//!
//! The archive is the truth of a crawl; the browsable copy, reports and replays are views of it.
//! Take it to keep HTTP exchanges in files that other tools of web archiving read.
//!
//! ```
//! use std::time::SystemTime;
//! use dragline_archive::{Archive, Capture};
//! # let folder = tempfile::tempdir()?;
//! # use cap_std::{ambient_authority, fs::Dir};
//! let dir = Dir::open_ambient_dir(&folder, ambient_authority())?;
//! let mut archive = Archive::create(dir)?;
//! archive.append(&Capture {
//!     url: "http://example.org/".into(),
//!     date: SystemTime::now(),
//!     request: "GET / HTTP/1.1\r\nhost: example.org\r\n\r\n".into(),
//!     status: http::StatusCode::OK,
//!     headers: http::HeaderMap::new(),
//!     body: "<h1>Hello</h1>".into(),
//! })?;
//! let entry = &archive.entries()[0];
//! assert_eq!(archive.read(entry)?.body, "<h1>Hello</h1>");
//! # std::io::Result::Ok(())
//! ```
//!
//! # Guarantees
//!
//! - Segments are WARC 1.1 (ISO 28500:2017), uncompressed: a `warcinfo` record, then a `request`
//!   and a `response` record for each capture. The body is kept as received: the content coding
//!   kept, the transfer coding removed (its header is renamed, see [`Capture::headers`]).
//! - Records are only appended. An append that fails is taken back, so that a segment holds whole
//!   records only.
//! - Nothing that is there is overwritten: each archive begins a segment of its own.
//! - Nothing is written outside the folder, not even through a symbolic link planted there.
//!
//! The index lies in memory and is that of the captures appended through this [`Archive`].
#![forbid(unsafe_code)]

mod archive;
mod capture;

mod coding;
mod warc;

pub use archive::{Archive, Entry};
pub use capture::Capture;
pub use coding::ContentError;
