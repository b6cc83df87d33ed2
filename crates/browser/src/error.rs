use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why there is no browser.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// There is none on this machine, as far as [`find`](crate::find()) looks.
    #[error(
        "no Chromium found: install it (Debian: `apt-get install chromium`), or set CHROME to the path of Chromium or Chrome"
    )]
    NotFound,
    /// It could not be started.
    #[error("`{}` does not start", .0.display())]
    Start(PathBuf, #[source] io::Error),
    /// It was started, and does not do what a browser does.
    #[error("the browser does not answer")]
    NoAnswer(#[source] PageError),
}

/// Why a page does not do what it was told.
///
/// That a page cannot be loaded is no error: it is in the [`Visit`](crate::Visit).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PageError {
    /// The browser has ended or was closed.
    #[error("the browser has gone")]
    Gone,
    /// The browser did not answer within [`Config::timeout`](crate::Config::timeout).
    #[error("no answer to {0} in time")]
    TimedOut(&'static str),
    /// The browser answered with an error.
    #[error("{method}: {message}")]
    Refused {
        /// The method of the protocol.
        method: &'static str,
        /// What the browser says.
        message: String,
    },
    /// A script that was to be evaluated has thrown.
    #[error("the script has thrown {0}")]
    Thrown(String),
    /// The browser's picture is none.
    #[error("the picture cannot be read")]
    Picture(#[source] png::DecodingError),
}
