use std::error::Error;
use std::fmt;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tokio::time::{Instant, timeout_at};

use crate::answer::Framing;
use crate::error::{self, FetchError};
use crate::pace::Pace;
use crate::resume::ResumeError;

/// A body that is being received: transfer coding removed, content coding kept.
///
/// Dropped before its end, its connection is closed.
pub struct Body {
    incoming: Incoming,
    framing: Framing,
    pace: Pace,
    limit: u64,
    announced: Option<u64>,
    received: u64,
}

impl Body {
    /// Takes what is behind a head. `received` bytes of the whole were received before.
    ///
    /// # Errors
    ///
    /// It is announced to be too long.
    pub(crate) fn new(
        incoming: Incoming,
        framing: Framing,
        pace: Pace,
        limit: u64,
        received: u64,
    ) -> Result<Self, FetchError> {
        let rest = framing.ends_at.or(incoming.size_hint().exact());
        let announced = rest.map(|rest| rest.saturating_add(received));
        if announced.unwrap_or(received) > limit {
            return Err(FetchError::TooLarge { limit });
        }
        Ok(Body {
            incoming,
            framing,
            pace,
            limit,
            announced,
            received,
        })
    }

    /// Requires it to end at `length` bytes.
    ///
    /// # Errors
    ///
    /// That is too long, or its framing says something else.
    pub(crate) fn ending_at(self, length: u64) -> Result<Self, FetchError> {
        if self.announced.is_some_and(|announced| announced != length) {
            return Err(ResumeError::Length.into());
        }
        if length > self.limit {
            return Err(FetchError::TooLarge { limit: self.limit });
        }
        Ok(Body {
            announced: Some(length),
            ..self
        })
    }

    /// Returns how many bytes of it have arrived, with those that a resumed one had before.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Returns how many bytes it has, if the server said so.
    pub fn announced(&self) -> Option<u64> {
        self.announced
    }

    /// Waits for more of it; `None` at its end. Never returns an empty part.
    ///
    /// # Errors
    ///
    /// It is cut short, too long or too slow, or the request takes too long. What came before is
    /// then not to be taken for the whole.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping the future; only, what was waited does then not count for the
    /// limits of time.
    pub async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        if self.framing.ends_at.is_some() && self.announced == Some(self.received) {
            return Ok(None);
        }
        let mut wait = Pace::begin(Instant::now());
        loop {
            let frame = timeout_at(self.pace.next_check(&wait), self.incoming.frame()).await;
            let mut data = match frame {
                Ok(None) if self.announced.is_none_or(|length| length == self.received) => {
                    return Ok(None);
                }
                Ok(None) => return Err(self.incomplete(None)),
                Ok(Some(Err(source))) => return Err(self.incomplete(Some(&source))),
                // Anything but data is a trailer, which nobody asked for.
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
                Err(_) => Bytes::new(),
            };
            if let Some(end) = self.framing.ends_at {
                let left = end.saturating_sub(self.received);
                data.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            }
            let length = data.len() as u64;
            self.received += length;
            if self.received > self.limit {
                return Err(FetchError::TooLarge { limit: self.limit });
            }
            if self
                .announced
                .is_some_and(|announced| self.received > announced)
            {
                return Err(ResumeError::Length.into());
            }
            self.pace.check(&mut wait, Instant::now(), length)?;
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
    }

    /// Waits for all of it, and holds it in memory. A body that comes in one piece is not copied.
    ///
    /// # Errors
    ///
    /// As of [`next`](Body::next).
    pub async fn whole(mut self) -> Result<Bytes, FetchError> {
        let first = self.next().await?.unwrap_or_default();
        let Some(second) = self.next().await? else {
            return Ok(first);
        };
        let mut all = BytesMut::from(first);
        all.extend_from_slice(&second);
        while let Some(more) = self.next().await? {
            all.extend_from_slice(&more);
        }
        Ok(all.freeze())
    }

    fn incomplete(&self, source: Option<&(dyn Error + 'static)>) -> FetchError {
        FetchError::Incomplete {
            received: self.received,
            announced: self.announced,
            source: source.map(error::innermost),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("received", &self.received)
            .field("announced", &self.announced)
            .finish_non_exhaustive()
    }
}
