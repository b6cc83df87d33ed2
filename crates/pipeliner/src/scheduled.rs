use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use futures_core::FusedFuture;
use promise::Promise;

use crate::JobError;
use crate::job::Slot;
use crate::sync::Mutex;

/// A job that was taken: awaiting it gives the job's result.
///
/// Dropping it before the job has started cancels the job: it will not be polled. What it holds,
/// and its place in the queue, is free when a worker comes by.
///
/// **A job that awaits another holds its worker while it waits.** When as many jobs do so as there
/// are workers, they wait for ever. Await outside: let a job return what is to be done next, and
/// its caller schedule it.
///
/// To let several tasks await it, map its result to something that is `Clone` and share that
/// (`futures::FutureExt::shared`).
///
/// # Panics
///
/// When polled again after it was ready.
#[must_use = "dropping a scheduled job cancels it unless it has started; `detach` lets it run"]
pub struct Scheduled<T, E> {
    /// A job that has not started is wanted as long as this is there. Taken with the result.
    promise: Option<Promise<Slot<T, E>, Infallible>>,
}

impl<T, E> Scheduled<T, E> {
    pub(crate) fn new(promise: Promise<Slot<T, E>, Infallible>) -> Self {
        Scheduled {
            promise: Some(promise),
        }
    }

    /// Lets the job run without anyone waiting for it; its result is dropped.
    pub fn detach(self)
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        if let Some(promise) = self.promise {
            Detached::wait(promise);
        }
    }

    /// Tells whether the job has ended.
    pub fn is_finished(&self) -> bool {
        self.promise.as_ref().is_none_or(Promise::is_complete)
    }
}

impl<T, E> Future for Scheduled<T, E> {
    type Output = Result<T, JobError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let promise = self.promise.as_mut();
        let promise = promise.expect("a scheduled job is not polled after it was ready");
        let result = match ready!(promise.poll_wait(cx)) {
            Ok(slot) => {
                let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
                slot.take().expect("nobody else takes it")
            }
            Err(_abandoned) => Err(JobError::Cancelled),
        };
        self.promise = None;
        Poll::Ready(result)
    }
}

impl<T, E> FusedFuture for Scheduled<T, E> {
    fn is_terminated(&self) -> bool {
        self.promise.is_none()
    }
}

impl<T, E> fmt::Debug for Scheduled<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduled")
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

/// Nobody but the promise itself waits for the job: what is woken holds it until then.
struct Detached<T, E>(Mutex<Promise<Slot<T, E>, Infallible>>);

impl<T: Send + 'static, E: Send + 'static> Detached<T, E> {
    fn wait(promise: Promise<Slot<T, E>, Infallible>) {
        let detached = Arc::new(Detached(Mutex::new(promise)));
        let waker = Waker::from(Arc::clone(&detached));
        let mut promise = detached.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = promise.poll_wait(&mut Context::from_waker(&waker));
    }
}

impl<T: Send + 'static, E: Send + 'static> Wake for Detached<T, E> {
    fn wake(self: Arc<Self>) {}
}
