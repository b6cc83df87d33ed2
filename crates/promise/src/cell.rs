use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::{Context, Poll};

use crate::WaitError;
use crate::once::Once;
use crate::waiters::{Place, Waiters};

/// What completer and promises share: those who wait, then the result.
pub(crate) struct Cell<T, E>(Once<Waiters, Result<T, WaitError<E>>>);

impl<T, E> Cell<T, E> {
    pub(crate) fn new() -> Self {
        Cell(Once::new(Waiters::default()))
    }

    pub(crate) fn outcome(&self) -> Option<&Result<T, WaitError<E>>> {
        self.0.get()
    }

    /// Called once, by the completer.
    pub(crate) fn complete(&self, outcome: Result<T, WaitError<E>>) {
        let waiters = self.0.set(outcome);
        debug_assert!(
            waiters.is_ok(),
            "there is one completer, and it completes once"
        );
        waiters.into_iter().for_each(wake_all);
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
        if let Some(place) = *place
            && let Ok(true) = self.0.lock(|waiters| waiters.would_wake(place, cx))
        {
            return Poll::Pending;
        }
        // Cloned before the lock is taken, and the old one dropped after: both are foreign code.
        let waker = cx.waker().clone();
        let entered = self.0.lock(|waiters| {
            let replaced = place.take().and_then(|place| waiters.leave(place));
            *place = Some(waiters.enter(waker));
            replaced
        });
        match entered {
            Ok(_replaced) => Poll::Pending,
            Err(outcome) => Poll::Ready(outcome),
        }
    }

    /// Takes the waker out again, if one was left and is still there.
    pub(crate) fn leave(&self, place: &mut Option<Place>) {
        if let Some(place) = place.take() {
            // Dropped here, where the lock is open again.
            let _waker = self.0.lock(|waiters| waiters.leave(place));
        }
    }
}

/// Calls every waker, also when one of them panics; the last panic goes on when all are called.
fn wake_all(waiters: Waiters) {
    let mut panic = None;
    waiters.drain(|waker| {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            // To drop what one panicked with might panic too.
            mem::forget(panic.replace(payload));
        }
    });
    match panic {
        Some(payload) if !std::thread::panicking() => resume_unwind(payload),
        passed_over => mem::forget(passed_over),
    }
}
