//! What becomes of the program: its exit status, and what can be done about an error.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use dragline::{BrowseError, CrawlError, FrontierError, LaunchError, StartError, Summary};

/// The exit statuses, those of wget where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Complete = 0,
    Internal = 1,
    Usage = 2,
    File = 3,
    Network = 4,
    Server = 8,
    Limit = 10,
    Interrupted = 11,
    /// The copy is not what it should be.
    Short = 12,
}

impl Exit {
    pub(crate) fn of(summary: &Summary) -> Self {
        let causes = [
            (summary.internal > 0, Exit::Internal),
            (summary.not_written > 0, Exit::File),
            (summary.stopped, Exit::Interrupted),
            (summary.unreached > 0, Exit::Network),
            (summary.limit.is_some(), Exit::Limit),
            (summary.left > 0, Exit::Network),
            (summary.refused > 0, Exit::Server),
        ];
        let cause = causes.iter().find(|(applies, _)| *applies);
        cause.map_or(Exit::Complete, |(_, exit)| *exit)
    }

    pub(crate) fn of_error(error: &anyhow::Error) -> Self {
        if error.is::<WrongUsage>() {
            return Exit::Usage;
        }
        if error.is::<Unwritten>() {
            return Exit::File;
        }
        if error.is::<NotServed>() {
            return Exit::Network;
        }
        if let Some(error) = error.downcast_ref() {
            return match error {
                // Without one, `--browser` asks for too much.
                BrowseError::Launch(LaunchError::NotFound) => Exit::Usage,
                BrowseError::State(_) => Exit::File,
                _ => Exit::Internal,
            };
        }
        match error.downcast_ref() {
            Some(
                StartError::NoSeed
                | StartError::Resumable { .. }
                | StartError::State {
                    source: FrontierError::OtherCrawl { .. },
                    ..
                },
            ) => return Exit::Usage,
            Some(_) => return Exit::File,
            None => {}
        }
        match error.downcast_ref() {
            Some(
                CrawlError::Archive(_)
                | CrawlError::State(_)
                | CrawlError::Copy(_)
                | CrawlError::Session(_)
                | CrawlError::Update(_),
            ) => Exit::File,
            _ => Exit::Internal,
        }
    }

    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Says what can be done about an error, where that is not plain.
pub(crate) fn hint(error: &anyhow::Error) -> Option<&'static str> {
    match error.downcast_ref()? {
        StartError::State {
            source: FrontierError::OtherCrawl { .. },
            ..
        } => Some("another --output keeps both; --fresh removes that crawl and starts over"),
        StartError::Resumable { .. } => {
            Some("another --output keeps both; without --no-state it is gone on with")
        }
        StartError::State { .. } | StartError::Record { .. } | StartError::Archive { .. } => Some(
            "what was fetched is in the archive, and is left alone; another --output begins anew",
        ),
        _ => None,
    }
}

/// Marks an error of the one who typed the command.
#[derive(Clone, Debug)]
pub(crate) struct WrongUsage(pub(crate) String);

impl std::fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUsage {}

/// Marks a file that could not be written.
#[derive(Clone, Debug)]
pub(crate) struct Unwritten(pub(crate) PathBuf);

impl std::fmt::Display for Unwritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot write `{}`", self.0.display())
    }
}

/// Marks an address that cannot be listened at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotServed(pub(crate) SocketAddr);

impl std::fmt::Display for NotServed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot serve at {}", self.0)
    }
}

pub(crate) const EXIT_CODES: &str = "\
Exit status (of several, the first in this order: 1 3 11 4 10 8):
  0  all was fetched and written    4  a server was not reached, or broke off
  1  a bug                          8  a server answered with an error
  2  wrong usage                   10  a limit was reached
  3  a file could not be written   11  interrupted (Ctrl-C, SIGTERM, SIGHUP)";

pub(crate) const VERIFY_CODES: &str = "\
Exit status:
  0  nothing falls short                2  wrong usage, or no Chromium
  3  what is there could not be read   12  something falls short";

#[cfg(test)]
mod tests {
    use super::*;
    use dragline::Limit;

    #[test]
    fn of_several_causes_the_gravest_decides() {
        let exit = |change: fn(&mut Summary)| {
            let mut summary = Summary::default();
            change(&mut summary);
            Exit::of(&summary).code()
        };
        assert_eq!(exit(|_| ()), 0);
        assert_eq!(exit(|s| s.refused = 1), 8);
        assert_eq!(exit(|s| (s.refused, s.left) = (1, 1)), 4);
        assert_eq!(exit(|s| (s.limit, s.left) = (Some(Limit::Pages), 1)), 10);
        assert_eq!(exit(|s| (s.refused, s.unreached) = (1, 1)), 4);
        assert_eq!(exit(|s| (s.unreached, s.stopped) = (1, true)), 11);
        assert_eq!(exit(|s| (s.unreached, s.not_written) = (1, 1)), 3);
        assert_eq!(exit(|s| (s.not_written, s.internal) = (1, 1)), 1);
    }
}
