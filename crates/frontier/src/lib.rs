//! Which URL is next, and never the same one twice.
//!
//! The frontier of a crawl: URLs that were found go in, each is handed out once, host by host, and
//! the crawl is over when nothing is queued and nothing is out. Take it for a crawler; for a plain
//! set of strings it is too much.
//!
//! It is plain code that decides and does nothing: no I/O, no clock, no task. Whoever drives it
//! fetches what it hands out and reports what was found there.
//!
//! ```
//! use dragline_frontier::{CanonicalUrl, Found, Frontier, Report, Reported};
//! # let url = |text| CanonicalUrl::parse(text).unwrap();
//! let mut frontier = Frontier::new();
//! frontier.add([Found::seed(url("http://example.org/"))]);
//!
//! let lease = frontier.lease(8).pop().unwrap();
//! assert_eq!(lease.urls[0].url.as_str(), "http://example.org/");
//!
//! // Fetched; it links to itself and to one other page.
//! let page = &lease.urls[0].url;
//! let Reported::Accepted { more } = frontier.report(Report {
//!     host: lease.host,
//!     token: lease.token,
//!     done: vec![page.clone()],
//!     found: vec![
//!         Found::on(page, url("http://example.org/#top")),
//!         Found::on(page, url("http://example.org/a")),
//!     ],
//!     want: 8,
//! }) else { unreachable!("the lease is held") };
//! assert_eq!(more.len(), 1);
//! assert!(!frontier.stats().is_finished());
//! ```
//!
//! # Guarantees
//!
//! - A URL enters once, whatever the spelling it is found in ([`CanonicalUrl`]). The set of those
//!   seen is exact.
//! - URLs of a host are handed out first in, first out, and hosts take turns.
//! - The host is the unit of politeness: at most one [`Lease`] of a host is held at a time.
//! - A report with a token that is no longer held changes nothing.
//! - It is finished when and only when nothing is queued and nothing is leased: a count.
//!
//! Scope is a value too ([`Scope`]): the crawler asks it before it adds.
#![forbid(unsafe_code)]

mod canonical;
mod frontier;
mod scope;

pub use canonical::{CanonicalUrl, Host, InvalidUrl};
pub use frontier::{Added, Found, Frontier, Lease, Report, Reported, Stats, Token};
pub use scope::Scope;
