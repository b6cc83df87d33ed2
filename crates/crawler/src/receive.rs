//! Receives bodies: into memory, or, what is long, into a file; from their start or from where they
//! broke off.

use std::io::Write as _;

use archive::{Body, Spool, Spooler, Truncated};
use bytes::{Bytes, BytesMut};
use fetch::{FetchError, Phase};

use crate::event::Reason;
use crate::throttle::Throttle;

/// Where bodies go.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    pub(crate) spooler: Spooler,
    pub(crate) throttle: Throttle,
}

/// A body, as far as it came.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) body: Body,
    /// Why there is no more of it, if it broke off.
    pub(crate) broke_off: Option<FetchError>,
}

impl Intake {
    /// Receives the rest of a body, and puts it behind what is `begun`.
    ///
    /// # Errors
    ///
    /// It cannot be written, or no part of it is of use.
    pub(crate) async fn receive(
        &self,
        begun: Body,
        mut rest: fetch::Body,
    ) -> Result<Received, Reason> {
        let mut so_far = SoFar::new(begun);
        let broke_off = loop {
            let more = match rest.next().await {
                Ok(Some(more)) => more,
                Ok(None) => break None,
                Err(error) if truncated(&error).is_some() => break Some(error),
                Err(error) => return Err(error.into()),
            };
            self.throttle.pass(more.len()).await;
            so_far.push(more, rest.announced(), &self.spooler)?;
        };
        Ok(Received {
            body: so_far.finish(&self.spooler),
            broke_off,
        })
    }
}

/// Tells how a body is truncated that ends with this error, if what came of it may be kept.
pub(crate) fn truncated(error: &FetchError) -> Option<Truncated> {
    match error {
        FetchError::Incomplete { .. } => Some(Truncated::Disconnect),
        FetchError::TooSlow { .. }
        | FetchError::Timeout {
            phase: Phase::Body | Phase::Whole,
            ..
        } => Some(Truncated::Time),
        _ => None,
    }
}

/// What there is of a body.
enum SoFar {
    /// As it was, or came: it is not copied if it is all.
    One(Body),
    Memory(BytesMut),
    File(Spool),
}

impl SoFar {
    fn new(begun: Body) -> Self {
        SoFar::One(begun)
    }

    fn push(
        &mut self,
        more: Bytes,
        announced: Option<u64>,
        spooler: &Spooler,
    ) -> Result<(), Reason> {
        let before = std::mem::replace(self, SoFar::One(Body::default()));
        *self = match before {
            SoFar::One(body) if body.is_empty() => SoFar::One(spooler.in_memory(more)),
            SoFar::One(body) => match body.bytes() {
                Some(first) if fits(first.len(), &more) => {
                    let announced = announced.unwrap_or(0).min(Body::MOST_IN_MEMORY);
                    let room = usize::try_from(announced).unwrap_or(0);
                    let mut memory = BytesMut::with_capacity(room.max(first.len() + more.len()));
                    memory.extend_from_slice(first);
                    memory.extend_from_slice(&more);
                    SoFar::Memory(memory)
                }
                _ => SoFar::File(write(spooler.go_on(body), &more)?),
            },
            SoFar::Memory(mut memory) if fits(memory.len(), &more) => {
                memory.extend_from_slice(&more);
                SoFar::Memory(memory)
            }
            SoFar::Memory(memory) => {
                let memory = spooler.in_memory(memory.freeze());
                SoFar::File(write(spooler.go_on(memory), &more)?)
            }
            SoFar::File(spool) => SoFar::File(write(Ok(spool), &more)?),
        };
        Ok(())
    }

    fn finish(self, spooler: &Spooler) -> Body {
        match self {
            SoFar::One(body) => body,
            SoFar::Memory(memory) => spooler.in_memory(memory.freeze()),
            SoFar::File(spool) => spool.finish(),
        }
    }
}

/// Whether so many bytes and more may be in memory.
fn fits(length: usize, more: &Bytes) -> bool {
    (length + more.len()) as u64 <= Body::MOST_IN_MEMORY
}

fn write(spool: std::io::Result<Spool>, more: &[u8]) -> Result<Spool, Reason> {
    let mut spool = spool.map_err(Reason::Disk)?;
    spool.write_all(more).map_err(Reason::Disk)?;
    Ok(spool)
}
