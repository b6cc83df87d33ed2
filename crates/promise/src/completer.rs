use std::fmt;

use crate::WaitError;
use crate::cell::Cell;
use crate::sync::Arc;

/// The writing end: completes the promise, once.
///
/// Dropped uncompleted, it completes the promise with [`WaitError::Abandoned`]; as in
/// [`complete`](Completer::complete), a panic of a waiter's waker goes on from there, unless
/// another is on its way.
#[must_use = "dropping the completer abandons the promise"]
pub struct Completer<T, E> {
    cell: Arc<Cell<T, E>>,
}

impl<T, E> Completer<T, E> {
    pub(crate) fn new(cell: Arc<Cell<T, E>>) -> Self {
        Completer { cell }
    }

    /// Sets the result and wakes everyone who waits for it.
    ///
    /// The result is dropped with the last [`Promise`](crate::Promise); if none is left, at once.
    ///
    /// # Panics
    ///
    /// If a waiter's waker panics; the result is set and the other waiters are woken all the same.
    pub fn complete(self, result: Result<T, E>) {
        self.cell.complete(result.map_err(WaitError::Failed));
    }

    /// Tells whether a promise is left to read the result. Once it says no, it always does.
    pub fn is_wanted(&self) -> bool {
        Arc::strong_count(&self.cell) > 1
    }
}

impl<T, E> Drop for Completer<T, E> {
    fn drop(&mut self) {
        if self.cell.outcome().is_none() {
            self.cell.complete(Err(WaitError::Abandoned));
        }
    }
}

impl<T, E> fmt::Debug for Completer<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completer").finish_non_exhaustive()
    }
}
