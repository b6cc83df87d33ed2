use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The work was not taken; here it is back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Refused<W> {
    /// The queue is full: no room now, or, from inside a job, no waiting for room.
    Full(W),
    /// The pipeliner is closed, or has no worker left.
    Closed(W),
}

impl<W> Refused<W> {
    /// Returns the work.
    pub fn into_inner(self) -> W {
        match self {
            Refused::Full(work) | Refused::Closed(work) => work,
        }
    }
}

impl<W> fmt::Debug for Refused<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Full(_) => "Full(..)",
            Refused::Closed(_) => "Closed(..)",
        })
    }
}

impl<W> fmt::Display for Refused<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Full(_) => "pipeliner is full",
            Refused::Closed(_) => "pipeliner is closed, or has no worker left",
        })
    }
}

impl<W> Error for Refused<W> {}

/// Why a job has no value.
#[derive(Debug)]
pub enum JobError<E> {
    /// It returned this error.
    Failed(E),
    /// It panicked.
    Panicked(Panic),
    /// It was dropped before its end, with the worker that ran it or because none was left.
    Cancelled,
}

impl<E: fmt::Display> fmt::Display for JobError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobError::Failed(error) => error.fmt(f),
            JobError::Panicked(panic) => panic.fmt(f),
            JobError::Cancelled => f.write_str("job cancelled before its end"),
        }
    }
}

/// Transparent for [`JobError::Failed`]: the text and the source are those of the error within.
impl<E: Error> Error for JobError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            JobError::Failed(error) => error.source(),
            JobError::Panicked(_) | JobError::Cancelled => None,
        }
    }
}

/// What a job panicked with.
pub struct Panic {
    message: Option<Box<str>>,
    /// Behind a lock only to be `Sync`, so that errors with it go where errors go.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl Panic {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        let message = match payload.downcast_ref::<&'static str>() {
            Some(message) => Some(*message),
            None => payload.downcast_ref::<String>().map(String::as_str),
        };
        Panic {
            message: message.map(Box::from),
            payload: Mutex::new(payload),
        }
    }

    /// Returns the message, if it panicked with one.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Returns the payload, for [`std::panic::resume_unwind`].
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panic").field(&self.message()).finish()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => write!(f, "job panicked: {message}"),
            None => f.write_str("job panicked"),
        }
    }
}
