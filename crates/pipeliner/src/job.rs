use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project::pin_project;
use promise::{Completer, promise};

use crate::inside::{Id, Inside};
use crate::sync::Mutex;
use crate::{JobError, Panic, Scheduled};

/// What the queue holds: a [`Task`], its types forgotten.
pub(crate) trait Job: Future<Output = ()> + Any + Send {}

impl<J: Future<Output = ()> + Any + Send> Job for J {}

/// Where a job's result waits for its one taker.
pub(crate) type Slot<T, E> = Mutex<Option<Result<T, JobError<E>>>>;

/// Work and where its result goes.
#[pin_project]
pub(crate) struct Task<W, T, E> {
    #[pin]
    work: W,
    /// Taken when the work is done. Dropped with the task, it tells the caller `Cancelled`.
    completer: Option<Completer<Slot<T, E>, Infallible>>,
    started: bool,
    home: Id,
}

impl<W, T, E> Task<W, T, E> {
    pub(crate) fn new(work: W, home: Id) -> (Self, Scheduled<T, E>) {
        let (completer, promise) = promise();
        let task = Task {
            work,
            completer: Some(completer),
            started: false,
            home,
        };
        (task, Scheduled::new(promise))
    }

    pub(crate) fn into_work(self) -> W {
        self.work
    }
}

impl<W, T, E> Future for Task<W, T, E>
where
    W: Future<Output = Result<T, E>>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let task = self.project();
        if !*task.started {
            *task.started = true;
            // Its caller has dropped the promise.
            if !task.completer.as_ref().is_some_and(Completer::is_wanted) {
                return Poll::Ready(());
            }
        }
        let inside = Inside::enter(*task.home);
        let polled = catch_unwind(AssertUnwindSafe(|| task.work.poll(cx)));
        drop(inside);
        let result = match polled {
            Ok(poll) => ready!(poll).map_err(JobError::Failed),
            Err(payload) => Err(JobError::Panicked(Panic::new(payload))),
        };
        if let Some(completer) = task.completer.take() {
            completer.complete(Ok(Mutex::new(Some(result))));
        }
        Poll::Ready(())
    }
}
