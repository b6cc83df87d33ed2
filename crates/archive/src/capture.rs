use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::io::Read;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::Body;
use crate::coding::{self, ContentError};

/// One HTTP exchange: what was asked and what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// What was fetched, as the URL standard writes it (§4.5).
    pub url: String,
    /// When the response began to arrive.
    pub date: SystemTime,
    /// The URL where this one was found first; none for a seed.
    pub via: Option<String>,
    /// The request's head as sent, up to and with the empty line.
    pub request: Bytes,
    /// The response's status.
    pub status: StatusCode,
    /// The response's header fields. `Transfer-Encoding` is archived as
    /// `X-Archive-Orig-Transfer-Encoding`, since the body has it no more.
    pub headers: HeaderMap,
    /// The response's body: content coding kept, transfer coding removed.
    pub body: Body,
    /// If the body is only the first part of one, why.
    pub truncated: Option<Truncated>,
}

/// Why no more of a body was received (WARC 1.1 §5.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Truncated {
    /// The connection broke.
    Disconnect,
    /// It took too long.
    Time,
}

impl Truncated {
    pub(crate) const ALL: [Truncated; 2] = [Truncated::Disconnect, Truncated::Time];
}

/// As it stands in `WARC-Truncated`.
impl fmt::Display for Truncated {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Truncated::Disconnect => "disconnect",
            Truncated::Time => "time",
        })
    }
}

impl Capture {
    /// Returns the value of the `Content-Type` field, as far as it is text; of several, the last
    /// (Fetch standard, "extract a MIME type").
    pub fn content_type(&self) -> Option<&str> {
        let field = self.headers.get_all(CONTENT_TYPE).iter().next_back()?;
        Some(text(field.as_bytes()))
    }

    /// Returns the value of the `Location` field, if there is one, as [`field_url`] reads it.
    pub fn location(&self) -> Option<Cow<'_, str>> {
        self.headers.get(LOCATION).map(field_url)
    }

    /// Returns the body with its content codings undone (RFC 9110 §8.4): `gzip`, `deflate`, `br` and
    /// `zstd`, at most five of them. One that is unknown is taken for none, as browsers do: it is a mistake
    /// of the server's, such as `utf-8`, or it was not asked for.
    ///
    /// # Errors
    ///
    /// The body is not whole or not what it says, or it would be longer than `limit` bytes.
    pub fn content(&self, limit: u64) -> Result<Cow<'_, [u8]>, ContentError> {
        match self.body.bytes() {
            Some(bytes) => coding::decode(&self.headers, bytes, limit),
            None => self.content_of_file(limit).map(Cow::Owned),
        }
    }

    /// The same, of a body that is not in memory.
    fn content_of_file(&self, limit: u64) -> Result<Vec<u8>, ContentError> {
        if self.headers.contains_key(CONTENT_ENCODING) {
            let mut content = Vec::with_capacity(MAPPED);
            self.content_reader(limit)?.read_to_end(&mut content)?;
            return Ok(content);
        }
        let length = usize::try_from(self.body.len());
        let length = length.ok().filter(|length| *length as u64 <= limit);
        let length = length.ok_or(ContentError::TooLong { limit })?;
        let mut content = vec![0; length.max(MAPPED)];
        let mut body = self.body.reader().map_err(ContentError::Unread)?;
        let read = body.read_exact(&mut content[..length]);
        read.map_err(ContentError::Unread)?;
        content.truncate(length);
        Ok(content)
    }

    /// Reads the body with its content codings undone, as [`content`](Self::content) does, but
    /// without holding it in memory.
    ///
    /// What would be an error there is one of a read, with a [`ContentError`] within; so what was
    /// read before is to be trusted only when the end was reached.
    ///
    /// # Errors
    ///
    /// The body cannot be opened, or is coded too many times.
    pub fn content_reader(&self, limit: u64) -> Result<impl Read + Send + use<>, ContentError> {
        let body = self.body.reader().map_err(ContentError::Unread)?;
        coding::reader(&self.headers, body, limit)
    }
}

/// Returns a URL that stands in a header field: in UTF-8, or, as browsers read it, with what is not
/// ASCII percent-encoded.
pub fn field_url(value: &HeaderValue) -> Cow<'_, str> {
    let bytes = value.as_bytes();
    if let Ok(text) = str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 16);
    for byte in bytes {
        if byte.is_ascii() {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    Cow::Owned(text)
}

/// Room for so many bytes is given back to the system when it is free: glibc keeps up to 32 MiB for
/// each thread (`M_MMAP_THRESHOLD` in mallopt(3), which grows with what is freed). What of it is not
/// written to takes no memory.
const MAPPED: usize = (32 << 20) + (1 << 16);

/// As much of it, from its start, as is UTF-8.
fn text(bytes: &[u8]) -> &str {
    match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_in_a_field_is_utf_8_or_escaped() {
        let check = |bytes: &[u8], expected| {
            let value = HeaderValue::from_bytes(bytes).unwrap();
            assert_eq!(field_url(&value), expected);
        };
        check("/café?a".as_bytes(), "/café?a");
        check(b"/caf\xe9?a", "/caf%E9?a");
        check(b"/%e9", "/%e9");
    }
}
