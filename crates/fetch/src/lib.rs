//! One request in, one bounded response out.
//!
//! An HTTP client for a crawler: over `hyper`, with the bounds that `hyper` leaves to its user.
//! Take it to fetch from servers that nobody vouches for. It follows no redirect and undoes no
//! content coding: a redirect is data for the one who asked. Cookies it keeps if it is asked to.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use dragline_fetch::{Config, Fetcher};
//!
//! let fetcher = Fetcher::new(&Config::default());
//! let response = fetcher.fetch(&"https://example.org/".parse()?).await?;
//! println!("{} with {} bytes", response.status, response.body.len());
//! # Ok(()) }
//! ```
//!
//! # Guarantees
//!
//! - HTTP/1.1 over TCP or TLS (rustls, certificates verified unless told otherwise), connections kept for further
//!   requests to the same server.
//! - Every request ends: connecting, waiting for the head and waiting for more of the body each
//!   have a limit of time, the body has a least rate and a most length, interim responses are
//!   counted, and the whole may have a limit of time ([`Config`]).
//! - Which address is connected to is decided at the moment of connecting ([`PrivateAddresses`]).
//! - Nothing secret goes to another origin, nor into an error or what `Debug` shows ([`Credentials`]).
//! - A body that is shorter than announced, ends in the middle of a chunk, or is ended by TLS that
//!   does not say so, is an error ([`FetchError::Incomplete`]), never a response. It may be gone on
//!   with ([`Fetcher::resume`]), and is then the same as one that came whole, or an error.
//! - Heads that browsers accept are accepted: up to 4,000 fields and 300 KiB, folded lines, blanks
//!   before the colon, junk lines (ignored).
//! - What was not asked for (101, 206, 304, an unknown transfer coding) is an error. Where two sides
//!   may disagree on where a response ends, its connection is not used again.
//! - An error says whether to try again ([`FetchError::is_transient`]); nothing that a server sent
//!   stands in one [unescaped](escaped).
//! - A connection that was kept and dies before the head arrives is passed over, until a new one was
//!   asked; what dies on a new one is tried once more (RFC 9110 §9.2.2: GET is idempotent).
//! - What came before a request is not its answer: such a connection is not used.
//! - All futures are `Send` and cancel-safe in this sense: dropped, the request is given up and its
//!   connection closed.
//!
//! It needs a tokio runtime with I/O and time enabled.
#![forbid(unsafe_code)]

mod body;
mod config;
mod fetcher;
mod resume;
mod retry;

mod address;
mod answer;
mod connect;
mod cookies;
mod credentials;
mod error;
mod escaped;
mod identity;
mod netrc;
mod pace;
mod proxy;
mod referer;
mod resolver;
mod tls;

pub use address::{
    Addresses, Family, Override, OverrideError, PrivateAddresses, is_private, is_private_host,
};
pub use body::Body;
pub use config::Config;
pub use cookies::Cookies;
pub use credentials::{Credentials, Field, FieldError, Login};
pub use error::{FetchError, Phase};
pub use escaped::{Escaped, escaped};
pub use fetcher::{Fetcher, Response};
pub use netrc::Netrc;
pub use proxy::{Proxies, ProxyError, ProxyRules};
pub use referer::referer;
pub use resume::{ResumeError, Resumed, Validator};
pub use retry::{Backoff, MOST_RETRY_AFTER, is_transient_status, retry_after};
pub use rustls::pki_types::CertificateDer;
pub use rustls::pki_types::pem::PemObject;
pub use tls::{Tls, TlsError};
