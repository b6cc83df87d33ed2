//! What was received, written once: WARC segments and their index.
//!
//! The archive is the truth of a crawl; the browsable copy, reports and replays are views of it.
//! Take it to keep HTTP exchanges in files that other tools of web archiving read.
//!
//! ```
//! use std::time::SystemTime;
//! use dragline_archive::{Archive, Capture, Config, Entry};
//! # let folder = tempfile::tempdir()?;
//! # use cap_std::{ambient_authority, fs::Dir};
//! let dir = Dir::open_ambient_dir(&folder, ambient_authority())?;
//! let mut archive = Archive::create(dir, Config::default())?;
//! let entry = archive.append(&Capture {
//!     url: "http://example.org/".into(),
//!     date: SystemTime::now(),
//!     via: None,
//!     request: "GET / HTTP/1.1\r\nhost: example.org\r\n\r\n".into(),
//!     status: http::StatusCode::OK,
//!     headers: http::HeaderMap::new(),
//!     body: "<h1>Hello</h1>".into(),
//!     truncated: None,
//! })?;
//! archive.syncer().sync()?;
//! let line = entry.to_string(); // For the index, which is the caller's.
//! let entry: Entry = line.parse()?;
//! assert_eq!(archive.reader().read(&entry)?.body, "<h1>Hello</h1>");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//!
//! - Segments are WARC 1.1 (ISO 28500:2017), a gzip member a record if so [configured](Config):
//!   a `warcinfo` record, then for each capture a `request`, a `response` or `revisit`, and a
//!   `metadata` record that says where it was found. The body is kept as received: the content
//!   coding kept, the transfer coding removed (its header is renamed, see [`Capture::headers`]).
//! - Records are only appended. An append that fails is taken back, so that a segment holds whole
//!   records only. After a crash, [`Archive::open`] cuts off what was not yet known to be there.
//! - What is read is what was written, by checksum or digest, or an error that names the file.
//! - Nothing that is there is overwritten: an archive that is created begins a segment of its own.
//! - Nothing is written outside the folder, not even through a symbolic link planted there.
//! - The index is the caller's: an [`Entry`] a capture, which is one line of CDXJ. Here no more is
//!   kept of a payload than [16 bytes](Known), by which the same one is found again.
#![forbid(unsafe_code)]

mod archive;
mod body;
mod capture;
mod entry;
pub mod export;
mod reader;
mod spool;

mod cdxj;
mod coding;
mod digest;
mod exchange;
mod known;
mod pack;
mod parse;
mod section;
mod segment;
mod stream;
mod surt;
mod sync;
mod warc;
mod writer;
mod zstd;

pub use archive::{Archive, Config};
pub use body::Body;
pub use capture::{Capture, Truncated, field_url};
pub use cdxj::{ParseEntryError, Unkeyed};
pub use coding::ContentError;
pub use digest::{Algorithm, Digest, ParseDigestError};
pub use entry::Entry;
pub use known::Known;
pub use reader::Reader;
pub use segment::{ParsePositionError, Position};
pub use spool::{Spool, Spooler};
pub use sync::Syncer;
