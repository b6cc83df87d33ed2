use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use slab::Slab;

use crate::WaitError;
use crate::sync::{Mutex, MutexGuard};

/// What completer and promises share: the result, and who waits for it.
pub(crate) struct Cell<T, E> {
    /// Written once by the completer, before it takes the wakers.
    outcome: OnceLock<Result<T, WaitError<E>>>,
    /// Holds wakers only while there is no outcome.
    waiters: Mutex<Slab<Waker>>,
}

/// A waiter's place among the waiters. Its holder gives it back with [`Cell::leave`].
#[derive(Debug, Default)]
pub(crate) struct Place(Option<usize>);

impl<T, E> Cell<T, E> {
    pub(crate) fn new() -> Self {
        Cell {
            outcome: OnceLock::new(),
            waiters: Mutex::new(Slab::new()),
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
        wake_all(waiters.into_iter().map(|(_, waker)| waker));
    }

    /// Looks for the outcome; leaves the task's waker in `place` if there is none yet.
    pub(crate) fn poll(
        &self,
        place: &mut Place,
        cx: &mut Context<'_>,
    ) -> Poll<&Result<T, WaitError<E>>> {
        if let Some(outcome) = self.outcome() {
            return Poll::Ready(outcome);
        }
        // Cloned before, and the old one dropped after the lock: both are foreign code.
        let waker = cx.waker().clone();
        let replaced;
        {
            let mut waiters = self.lock();
            if let Some(outcome) = self.outcome() {
                return Poll::Ready(outcome);
            }
            replaced = if let Some(key) = place.0 {
                Some(std::mem::replace(&mut waiters[key], waker))
            } else {
                place.0 = Some(waiters.insert(waker));
                None
            };
        }
        drop(replaced);
        Poll::Pending
    }

    /// Takes the waker out again, if one was left and is still there.
    pub(crate) fn leave(&self, place: &mut Place) {
        if let Some(key) = place.0.take() {
            // After completion the slab is empty and stays so: the key finds nothing.
            let waker = self.lock().try_remove(key);
            drop(waker);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slab<Waker>> {
        // No foreign code runs under the lock, so a poisoned slab is a whole one.
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls every waker, also when one of them panics; the first panic goes on when all are called.
fn wake_all(wakers: impl Iterator<Item = Waker>) {
    let mut panic = None;
    for waker in wakers {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            panic.get_or_insert(payload);
        }
    }
    if let Some(payload) = panic
        && !std::thread::panicking()
    {
        resume_unwind(payload);
    }
}
