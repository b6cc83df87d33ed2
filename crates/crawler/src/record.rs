//! What the journal keeps of a URL that is done, as text: what came of it, and where it is archived.
//!
//! ```text
//! fetched
//! 0:1523 - 20261122180000 {"url":"http://example.com/", ...}
//! ```
//!
//! The first line is `fetched`, or `passed` for a page that is no part of the copy, or `unsearched` for a document too long to be searched, or `refused`, `unreached`, `internal` or `excluded` and why, or the same behind `in-vain` for a guess. The second, if
//! the answer is archived, is the place where the archive ended with it, and its line of the index, unkeyed.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use archive::{Entry, Position};
use http::StatusCode;

use crate::event::Failing;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) outcome: Outcome,
    pub(crate) kept: Option<Kept>,
}

/// What came of a URL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Fetched,
    /// Fetched for where it leads, and no part of the copy.
    Passed,
    /// Fetched, but nobody knows where it leads.
    Unsearched,
    Failed(Failing, String),
    /// It was asked for as a guess, and this came of it: nothing, unless more than a guess leads there.
    /// Then it is asked for anew.
    InVain(Failing, String),
}

/// Where the answer is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    /// The end of the archive with it.
    pub(crate) end: Position,
    pub(crate) entry: Entry,
}

impl Record {
    /// Returns it as text.
    pub(crate) fn written(&self) -> String {
        let mut text = String::with_capacity(USUAL_LENGTH);
        let _ = write!(text, "{self}");
        text
    }

    /// Returns what is archived, if it is good.
    pub(crate) fn good(self) -> Option<Entry> {
        let is_good = matches!(self.outcome, Outcome::Fetched | Outcome::Unsearched);
        self.kept.filter(|_| is_good).map(|kept| kept.entry)
    }

    /// Whether it was asked for and not had.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Failed(Failing::Refused | Failing::Unreached, _)
        )
    }

    /// Returns the status of the answer, if there was a whole one.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        let is_whole = !matches!(
            self.outcome,
            Outcome::Failed(Failing::Unreached, _) | Outcome::InVain(Failing::Unreached, _)
        );
        let kept = self.kept.as_ref().filter(|_| is_whole);
        kept.map(|kept| kept.entry.status)
    }

    /// Whether nobody could look behind it.
    pub(crate) fn is_blind(&self) -> bool {
        !matches!(self.outcome, Outcome::Fetched | Outcome::Passed) && !self.is_gone()
    }

    /// Whether the answer says that there is nothing.
    pub(crate) fn is_gone(&self) -> bool {
        let gone = [StatusCode::NOT_FOUND, StatusCode::GONE];
        self.status().is_some_and(|status| gone.contains(&status))
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Fetched => f.write_str(FETCHED)?,
            Outcome::Passed => f.write_str(PASSED)?,
            Outcome::Unsearched => f.write_str(UNSEARCHED)?,
            Outcome::Failed(failing, why) | Outcome::InVain(failing, why) => {
                if matches!(self.outcome, Outcome::InVain(..)) {
                    f.write_str(IN_VAIN)?;
                }
                write!(f, "{} {}", name(*failing), why.replace(['\n', '\r'], " "))?;
            }
        }
        match &self.kept {
            Some(Kept { end, entry }) => write!(f, "\n{end} {}", entry.unkeyed()),
            None => Ok(()),
        }
    }
}

/// Most are shorter, in bytes.
const USUAL_LENGTH: usize = 512;

/// The text is not one that was written here.
#[derive(Debug)]
pub(crate) struct NoRecord;

impl FromStr for Record {
    type Err = NoRecord;

    fn from_str(text: &str) -> Result<Self, NoRecord> {
        let (outcome, kept) = match text.split_once('\n') {
            Some((outcome, kept)) => (outcome, Some(kept)),
            None => (text, None),
        };
        let outcome = match outcome {
            FETCHED => Outcome::Fetched,
            PASSED => Outcome::Passed,
            UNSEARCHED => Outcome::Unsearched,
            failed => {
                let guess = failed.strip_prefix(IN_VAIN);
                let (kind, why) = guess.unwrap_or(failed).split_once(' ').ok_or(NoRecord)?;
                let failing = ALL.into_iter().find(|failing| name(*failing) == kind);
                let (failing, why) = (failing.ok_or(NoRecord)?, why.to_owned());
                match guess {
                    Some(_) => Outcome::InVain(failing, why),
                    None => Outcome::Failed(failing, why),
                }
            }
        };
        let kept = kept.map(|kept| {
            let (end, entry) = kept.split_once(' ').ok_or(NoRecord)?;
            Ok(Kept {
                end: end.parse().map_err(|_| NoRecord)?,
                entry: entry.parse().map_err(|_| NoRecord)?,
            })
        });
        Ok(Record {
            outcome,
            kept: kept.transpose()?,
        })
    }
}

fn name(failing: Failing) -> &'static str {
    match failing {
        Failing::Refused => "refused",
        Failing::Unreached => "unreached",
        Failing::Internal => "internal",
        Failing::Excluded => "excluded",
    }
}

const FETCHED: &str = "fetched";
const PASSED: &str = "passed";
const UNSEARCHED: &str = "unsearched";
const IN_VAIN: &str = "in-vain ";
const ALL: [Failing; 4] = [
    Failing::Refused,
    Failing::Unreached,
    Failing::Internal,
    Failing::Excluded,
];
