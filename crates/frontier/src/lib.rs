//! Which URL is next, and never the same one twice.
//!
//! The frontier of a crawl: URLs that were found go in, each is handed out once, host by host, and
//! the crawl is over when nothing is queued and nothing is out. Take it for a crawler; for a plain
//! set of strings it is too much.
//!
//! It fetches nothing: whoever drives it fetches what it hands out and reports what was found
//! there. [`InMemory`] forgets all at its end; a [`Journal`] goes on where it was, also after its
//! process was killed. Both are a [`Frontier`].
//!
//! ```
//! use std::time::Duration;
//! use dragline_frontier::{
//!     CanonicalUrl, Done, Found, Frontier, InMemory, Report, Reported, Then, Want,
//! };
//! # futures::executor::block_on(async {
//! # let url = |text| CanonicalUrl::parse(text).unwrap();
//! let frontier = InMemory::default();
//! frontier.add(vec![Found::seed(url("http://example.org/"))]).await?;
//!
//! let want = Want { urls: 8, ttl: Duration::from_secs(60) };
//! let lease = frontier.lease(want).await?.leases.pop().unwrap();
//! assert_eq!(lease.items[0].url.as_str(), "http://example.org/");
//!
//! // Fetched; it links to itself and to one other page.
//! let page = Done {
//!     id: lease.items[0].id,
//!     record: "200".to_owned(),
//!     found: ["http://example.org/#top", "http://example.org/a"].map(url).map(Found::link).into(),
//!     if_needed: None,
//!     in_vain: false,
//!     content: None,
//! };
//! let report = Report {
//!     host: lease.host,
//!     token: lease.token,
//!     done: vec![page],
//!     delay: None,
//!     then: Then::Keep { more: 8 },
//! };
//! let Reported::Accepted { more } = frontier.report(report).await? else {
//!     unreachable!("the lease is held");
//! };
//! assert_eq!(more[0].url.as_str(), "http://example.org/a");
//! assert!(!frontier.stats().await?.is_finished());
//! # Ok::<_, dragline_frontier::FrontierError>(()) }).unwrap();
//! ```
//!
//! What it guarantees stands at [`Frontier`]; that URLs of one meaning are one, at [`CanonicalUrl`].
//! Scope is a value too ([`Scope`]): the crawler asks it before it adds.
#![forbid(unsafe_code)]

mod canonical;
mod content;
mod frontier;
mod journal;
mod memory;
mod pattern;
mod reading;
mod rules;
mod scope;

mod clock;
mod core;
mod error;
mod restore;
mod schema;
mod seen;
mod state;
mod traps;

pub use canonical::{CanonicalUrl, Host, InvalidUrl};
pub use clock::Clock;
pub use content::Content;
pub use error::FrontierError;
pub use frontier::{
    Added, Done, Found, Frontier, Item, Lease, Leases, Limits, Past, Report, Reported, Role, Stats,
    Then, Token, Trap, TrapKind, UrlId, Want,
};
pub use journal::{Journal, JournalOptions};
pub use memory::InMemory;
pub use pattern::{Case, FilePattern, FolderPattern, InvalidPattern};
pub use reading::JournalReader;
/// What [`Rules`] take as expressions.
pub use regex::Regex;
pub use rules::{InvalidRules, RequisiteHosts, Rules};
pub use scope::{Rule, Scope, Verdict};
