//! What is shared between threads, from `std` or, under `--cfg loom`, from the model checker.

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
#[cfg(not(loom))]
pub(crate) use std::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
pub(crate) use std::thread_local;

#[cfg(not(loom))]
pub(crate) use atomic_waker::AtomicWaker;

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard};

#[cfg(loom)]
pub(crate) use model::{AtomicWaker, thread_local};

#[cfg(loom)]
mod model {
    use std::task::Waker;

    use loom::sync::{Mutex, MutexGuard};

    /// The model's threads are all run by one, and what is local to it would be theirs together.
    /// (loom's own does not know `const`.)
    macro_rules! local {
        ($(#[$attr:meta])* static $name:ident: $type:ty = const $init:block;) => {
            loom::thread_local! { $(#[$attr])* static $name: $type = $init; }
        };
    }
    pub(crate) use local as thread_local;

    /// The `AtomicWaker` used knows nothing of loom, and loom's own wakes at once whoever
    /// registers during a wake. This one is what both promise, behind a lock.
    pub(crate) struct AtomicWaker(Mutex<Option<Waker>>);

    impl AtomicWaker {
        pub(crate) fn new() -> Self {
            AtomicWaker(Mutex::new(None))
        }

        pub(crate) fn register(&self, waker: &Waker) {
            let replaced = self.lock().replace(waker.clone());
            drop(replaced);
        }

        pub(crate) fn wake(&self) {
            if let Some(waker) = self.take() {
                waker.wake();
            }
        }

        pub(crate) fn take(&self) -> Option<Waker> {
            self.lock().take()
        }

        fn lock(&self) -> MutexGuard<'_, Option<Waker>> {
            self.0.lock().expect("no foreign code runs under the lock")
        }
    }
}
