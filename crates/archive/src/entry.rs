use std::time::{Duration, SystemTime};

use http::StatusCode;

use crate::segment::Segment;
use crate::{Digest, Position};

/// What the index knows of a capture, and where its records are.
///
/// Its text is one line of CDXJ (without the line's end), of which
/// [`FromStr`](std::str::FromStr) makes the same entry again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What was fetched, as the URL standard writes it (§4.5).
    pub url: String,
    /// When the response began to arrive, in whole microseconds.
    pub date: SystemTime,
    /// The response's status; of a [not modified](crate::Archive::append_not_modified) one, that
    /// of the earlier response.
    pub status: StatusCode,
    /// The response's `Content-Type`, if it had one that is text.
    pub content_type: Option<String>,
    /// The response's `Location`, if it had one that is text; not resolved.
    pub location: Option<String>,
    /// The digest of the response's body as received.
    pub digest: Digest,
    /// Where its `response` or `revisit` record is.
    pub(crate) segment: Segment,
    /// Where that record begins, in bytes.
    pub(crate) offset: u64,
    /// How long that record is in the segment, in bytes.
    pub(crate) length: u64,
    pub(crate) kind: Kind,
}

/// What an entry's record holds of the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All of it.
    Response,
    /// All but the body, which the record at `body` has.
    Identical { body: Position },
    /// What changed of the headers that the record at `head` has.
    NotModified { head: Position, body: Position },
}

impl Entry {
    /// Returns where its `response` or `revisit` record begins.
    pub fn position(&self) -> Position {
        Position {
            segment: self.segment.number,
            offset: self.offset,
        }
    }

    /// Returns whether the body is kept elsewhere, with an earlier capture.
    pub fn is_revisit(&self) -> bool {
        self.kind != Kind::Response
    }

    /// Where the record is that has the body.
    pub(crate) fn body(&self) -> Position {
        match self.kind {
            Kind::Response => self.position(),
            Kind::Identical { body } | Kind::NotModified { body, .. } => body,
        }
    }

    /// Where the record is that has all headers.
    pub(crate) fn head(&self) -> Position {
        match self.kind {
            Kind::Response | Kind::Identical { .. } => self.position(),
            Kind::NotModified { head, .. } => head,
        }
    }
}

/// The date that an archive can write: from 1970 to 9999, in whole microseconds.
pub(crate) fn whole_micros(date: SystemTime) -> SystemTime {
    let since = date
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let since = since.min(LATEST);
    let whole = Duration::new(since.as_secs(), since.subsec_micros() * 1000);
    SystemTime::UNIX_EPOCH + whole
}

/// 9999-12-31T23:59:59.999999Z.
const LATEST: Duration = Duration::new(253_402_300_799, 999_999_000);
