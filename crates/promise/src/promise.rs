use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::cell::Cell;
use crate::sync::Arc;
use crate::waiters::Place;
use crate::{Completer, WaitError};

/// Makes a promise and the completer that will complete it.
pub fn promise<T, E>() -> (Completer<T, E>, Promise<T, E>) {
    let cell = Arc::new(Cell::new());
    (Completer::new(Arc::clone(&cell)), Promise::new(cell))
}

/// The reading end: a result that is there, or will be.
///
/// Clone it for each task that waits. Awaiting it gives a clone of the result; where that costs or
/// cannot be done, [`wait`](Promise::wait) lends it.
///
/// # Cancel safety
///
/// Dropping it, at any time, loses nothing for the others that hold a clone.
#[must_use = "a promise does nothing unless it is awaited or asked"]
pub struct Promise<T, E> {
    cell: Arc<Cell<T, E>>,
    place: Option<Place>,
}

impl<T, E> Promise<T, E> {
    fn new(cell: Arc<Cell<T, E>>) -> Self {
        Promise { cell, place: None }
    }

    /// Waits for the result and lends it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future only stops waiting; the next wait finds the same result.
    pub fn wait(&self) -> Wait<'_, T, E> {
        Wait {
            cell: &self.cell,
            place: None,
        }
    }

    /// Looks for the result, to be woken when it is there. For futures written by hand that hold a
    /// promise; elsewhere [`wait`](Promise::wait) is simpler.
    pub fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<&Result<T, WaitError<E>>> {
        self.cell.poll(&mut self.place, cx)
    }

    /// Blocks the thread until the result is there, and lends it.
    ///
    /// Not for async code: it blocks the executor's thread. If the completer is to be run by this
    /// very thread, it never returns.
    pub fn wait_blocking(&self) -> &Result<T, WaitError<E>> {
        loop {
            if let Some(result) = self.wait_blocking_timeout(Duration::MAX) {
                return result;
            }
        }
    }

    /// Blocks the thread until the result is there, and lends it; `None` if it is not there within
    /// `timeout`.
    ///
    /// As [`wait_blocking`](Promise::wait_blocking), not for async code.
    pub fn wait_blocking_timeout(&self, timeout: Duration) -> Option<&Result<T, WaitError<E>>> {
        let begun = Instant::now();
        let waker = Waker::from(std::sync::Arc::new(Unpark(thread::current())));
        let mut cx = Context::from_waker(&waker);
        let mut wait = self.wait();
        loop {
            if let Poll::Ready(result) = Pin::new(&mut wait).poll(&mut cx) {
                return Some(result);
            }
            thread::park_timeout(timeout.checked_sub(begun.elapsed())?);
        }
    }

    /// Returns the result if it is there. Never waits.
    pub fn try_get(&self) -> Option<&Result<T, WaitError<E>>> {
        self.cell.outcome()
    }

    /// Tells whether the result is there (a value, an error, or abandonment).
    pub fn is_complete(&self) -> bool {
        self.cell.outcome().is_some()
    }
}

impl<T: Clone, E: Clone> Future for Promise<T, E> {
    type Output = Result<T, WaitError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().poll_wait(cx).map(Clone::clone)
    }
}

impl<T, E> Clone for Promise<T, E> {
    fn clone(&self) -> Self {
        Promise::new(Arc::clone(&self.cell))
    }
}

impl<T, E> Drop for Promise<T, E> {
    fn drop(&mut self) {
        self.cell.leave(&mut self.place);
    }
}

impl<T: fmt::Debug, E: fmt::Debug> fmt::Debug for Promise<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Promise").field(&self.try_get()).finish()
    }
}

/// The future of [`Promise::wait`].
#[must_use = "futures do nothing unless polled"]
pub struct Wait<'a, T, E> {
    cell: &'a Cell<T, E>,
    place: Option<Place>,
}

impl<'a, T, E> Future for Wait<'a, T, E> {
    type Output = &'a Result<T, WaitError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.cell.poll(&mut this.place, cx)
    }
}

impl<T, E> Drop for Wait<'_, T, E> {
    fn drop(&mut self) {
        self.cell.leave(&mut self.place);
    }
}

impl<T, E> fmt::Debug for Wait<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}

/// Wakes a thread that is parked in [`Promise::wait_blocking_timeout`].
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}
