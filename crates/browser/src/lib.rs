//! A headless Chromium that opens pages and says what they asked for and how they look.
//!
//! It is the judge of copies: whether a page that was kept looks and works like the page that is online can be told by a
//! browser only. It is started with an empty profile and driven over the pipe of its `DevTools` protocol: no port is opened.
//!
//! ```no_run
//! use dragline_browser::{Browser, Config, Network, Rules};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let browser = Browser::launch(Config::default()).await?;
//! let offline = Rules { network: Network::Off, ..Rules::default() };
//! let page = browser.page(offline).await?;
//! let visit = page.open("file:///copy/index.html").await?;
//! for request in visit.requests.iter().filter(|request| request.has_failed()) {
//!     println!("{} {:?}", request.url, request.outcome);
//! }
//! let picture = page.screenshot().await?;
//! assert_eq!(page.evaluate("1 + 1").await?, 2);
//! browser.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! - No host but `127.0.0.1` and `localhost` can be reached by any page, and under [`Network::Off`] not these either: a
//!   request that tries is in the list, as failed.
//! - Every wait ends: by what it waits for, by [`Config::timeout`], or because the browser has gone.
//! - A dropped [`Browser`] has no process and no profile left behind; a dropped [`Page`] is closed.
//! - Two pictures of one page are the same: animations are ended or cancelled, and what hangs on the machine (the
//!   screen's scale, hinting, scroll bars) is fixed.
//!
//! What a page's workers and frames ask for is the page's, whatever process they run in.
#![forbid(unsafe_code)]

mod browser;
mod config;
mod find;
mod look;
mod page;
mod picture;

mod pipe;
mod visit;

mod error;

pub use browser::Browser;
pub use config::{Config, Network, Rules};
pub use error::{LaunchError, PageError};
pub use find::find;
pub use look::{Difference, Look};
pub use page::Page;
pub use picture::Picture;
pub use visit::{Outcome, Request, Visit};
