use std::borrow::Cow;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{AsHeaderName, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use crate::coding::{self, ContentError};

/// One HTTP exchange: what was asked and what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// What was fetched.
    pub url: String,
    /// When the response began to arrive.
    pub date: SystemTime,
    /// The request's head as sent, up to and with the empty line.
    pub request: Bytes,
    /// The response's status.
    pub status: StatusCode,
    /// The response's header fields. `Transfer-Encoding` is archived as
    /// `X-Archive-Orig-Transfer-Encoding`, since the body has it no more.
    pub headers: HeaderMap,
    /// The response's body: content coding kept, transfer coding removed.
    pub body: Bytes,
}

impl Capture {
    /// Returns the value of the `Content-Type` field, if there is one and it is text.
    pub fn content_type(&self) -> Option<&str> {
        self.field(CONTENT_TYPE)
    }

    /// Returns the body with its content codings undone (RFC 9110 §8.4): `gzip`, `deflate`, `br`,
    /// at most five of them.
    ///
    /// # Errors
    ///
    /// A coding is unknown, the body is not whole or not what it says, or it would be longer than
    /// `limit` bytes.
    pub fn content(&self, limit: u64) -> Result<Cow<'_, [u8]>, ContentError> {
        coding::decode(&self.headers, &self.body, limit)
    }

    pub(crate) fn field(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
