//! Give it a URL and it keeps the site: an archive, and a copy that opens offline.
//!
//! A crawl begins at its seeds, fetches every page it can reach on their hosts and everything those
//! pages need, keeps what it received as WARC files, and builds from them a folder that opens in a
//! browser. This is the library; the `dragline` binary and the `crawler` example are programs on it.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use dragline::{Config, Crawl, Event};
//!
//! let config = Config::new("https://example.org/")?;
//! let mut crawl = Crawl::start(config)?;
//! while let Some(event) = crawl.next().await {
//!     if let Event::Failed(failure) = event {
//!         eprintln!("{failure}");
//!     }
//! }
//! let summary = crawl.finish().await?;
//! println!("{} fetched, {} files in the copy", summary.fetched, summary.files);
//! # Ok(()) }
//! ```
//!
//! # Guarantees
//!
//! - At most [`Config::jobs`] requests are in flight.
//! - Each URL is requested once (and once more if its connection died before an answer).
//! - The crawl ends by a count, when nothing is queued and nothing in flight, never by a timeout.
//! - A URL that fails is an [`Event::Failed`], and nothing else is lost by it.
//! - The copy is a function of what was received: it does not depend on the order of arrival.
//! - Nothing is written outside [`Config::output`].
//! - Dropping the [`Crawl`] stops it. The library prints nothing.
//!
//! # How it works
//!
//! ```text
//! seeds -> frontier -> fetch -> archive -> links -> scope -> frontier     one feedback edge
//!                                  |
//!                                mirror: a view of the archive
//! ```
//!
//! One task owns the frontier and the archive and runs the loop; requests and the search for links
//! are jobs of a pipeliner.
#![forbid(unsafe_code)]

mod archived;
mod config;
mod crawl;
mod event;

mod copy;
mod engine;
mod folder;
mod fresh;
mod history;
mod index;
mod lock;
mod pace;
mod page;
mod receive;
mod record;
mod records;
mod redirect;
mod robots;
mod schedule;
mod search;
mod serve;
mod session;
mod spans;
mod state;
mod throttle;
mod update;
mod verify;
mod wall;

pub use archived::Archived;
pub use config::{Again, Config, Follow, Limits, Politeness, Tries};
pub use crawl::{Crawl, CrawlError, StartError};
pub use event::{Change, Event, Failing, Failure, Limit, Progress, Reason, RedirectError, Summary};

pub use folder::{STATE_FOLDER, is_begun};
pub use serve::replay;

pub use archive::{Config as ArchiveConfig, ContentError};
pub use fetch::{
    Backoff, CertificateDer, Config as FetchConfig, Cookies, Credentials, Family, FetchError,
    Field, Login, Netrc, Override, PemObject, PrivateAddresses, Proxies, ProxyRules, escaped,
    is_private_host,
};
pub use frontier::{
    CanonicalUrl, Case, FilePattern, FolderPattern, FrontierError, Host, InvalidPattern,
    InvalidUrl, Regex, RequisiteHosts, Rules, Trap, TrapKind,
};
pub use verify::{
    BrowseError, Finding, Findings, Looks, Outward, THRESHOLD, Verified, Why, verify,
};

pub use browser::LaunchError;
pub use http::StatusCode;
pub use mirror::{Obstacle, OnlyServed};
pub use replay::{Replay, Server};
