use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;

use crate::Config;
use crate::error::{FetchError, Phase};

/// A body that is being received: transfer coding removed, content coding kept.
///
/// Dropped before its end, its connection is closed.
pub struct Body {
    incoming: Incoming,
    idle_timeout: Duration,
    limit: u64,
    announced: Option<u64>,
    received: u64,
}

impl Body {
    pub(crate) fn new(incoming: Incoming, config: &Config) -> Result<Self, FetchError> {
        let limit = config.max_body;
        let announced = incoming.size_hint().exact();
        if announced.is_some_and(|bytes| bytes > limit) {
            return Err(FetchError::TooLarge { limit });
        }
        Ok(Body {
            incoming,
            idle_timeout: config.idle_timeout,
            limit,
            announced,
            received: 0,
        })
    }

    /// Waits for more of it; `None` at its end.
    ///
    /// # Errors
    ///
    /// It is cut short or too long, or nothing more arrives in time. What came before is then not
    /// to be taken for the whole.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping the future.
    pub async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        loop {
            let frame = timeout(self.idle_timeout, self.incoming.frame()).await;
            let frame = frame.map_err(|_| FetchError::Timeout {
                phase: Phase::Body,
                limit: self.idle_timeout,
            })?;
            let Some(frame) = frame else {
                return Ok(None);
            };
            let frame = frame.map_err(|source| FetchError::Incomplete {
                received: self.received,
                announced: self.announced,
                source,
            })?;
            // Anything else is a trailer, which nobody asked for.
            if let Ok(data) = frame.into_data() {
                self.received += data.len() as u64;
                if self.received > self.limit {
                    return Err(FetchError::TooLarge { limit: self.limit });
                }
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
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("received", &self.received)
            .field("announced", &self.announced)
            .finish_non_exhaustive()
    }
}
