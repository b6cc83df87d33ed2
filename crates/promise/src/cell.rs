use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::PoisonError;
use std::task::{Context, Poll};

use crate::WaitError;
use crate::sync::{Mutex, MutexGuard, OnceLock};
use crate::waiters::{Place, Waiters};

/// What completer and promises share: the result, and who waits for it.
pub(crate) struct Cell<T, E> {
    /// Written once by the completer, before it takes the wakers.
    outcome: OnceLock<Result<T, WaitError<E>>>,
    /// Holds wakers only while there is no outcome.
    waiters: Mutex<Waiters>,
}

impl<T, E> Cell<T, E> {
    pub(crate) fn new() -> Self {
        Cell {
            outcome: OnceLock::new(),
            waiters: Mutex::new(Waiters::default()),
        }
    }

    pub(crate) fn outcome(&self) -> Option<&Result<T, WaitError<E>>> {
        self.outcome.get()
    }

    /// Called once, by the completer.
    pub(crate) fn complete(&self, outcome: Result<T, WaitError<E>>) {
        let first = self.outcome.set(outcome).is_ok();
        debug_assert!(first, "there is one completer, and it completes once");
        let waiters = std::mem::take(&mut *self.lock());
        wake_all(waiters);
    }

    /// Looks for the outcome; leaves the task's waker at `place` if there is none yet.
    pub(crate) fn poll(
        &self,
        place: &mut Option<Place>,
        cx: &mut Context<'_>,
    ) -> Poll<&Result<T, WaitError<E>>> {
        if let Some(outcome) = self.outcome() {
            // The completer takes all wakers: the place need not be given back.
            *place = None;
            return Poll::Ready(outcome);
        }
        if place.is_some_and(|place| self.lock().would_wake(place, cx)) {
            return Poll::Pending;
        }
        // Cloned before the lock is taken, and the old one dropped after: both are foreign code.
        let waker = cx.waker().clone();
        let replaced;
        {
            let mut waiters = self.lock();
            if let Some(outcome) = self.outcome() {
                return Poll::Ready(outcome);
            }
            replaced = place.take().and_then(|place| waiters.leave(place));
            *place = Some(waiters.enter(waker));
        }
        drop(replaced);
        Poll::Pending
    }

    /// Takes the waker out again, if one was left and is still there.
    pub(crate) fn leave(&self, place: &mut Option<Place>) {
        if let Some(place) = place.take() {
            let waker = self.lock().leave(place);
            drop(waker);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiters> {
        // No foreign code runs under the lock, so what a panic leaves there is whole.
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls every waker, also when one of them panics; the first panic goes on when all are called.
fn wake_all(waiters: Waiters) {
    let mut panic = None;
    waiters.drain(|waker| {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            panic.get_or_insert(payload);
        }
    });
    if let Some(payload) = panic
        && !std::thread::panicking()
    {
        resume_unwind(payload);
    }
}
