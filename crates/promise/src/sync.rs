//! What is shared between threads, from `std` or, under `--cfg loom`, from the model checker.

#[cfg(not(loom))]
pub(crate) use std::sync::Arc;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(not(loom))]
pub(crate) use real::{UnsafeCell, relax};

#[cfg(loom)]
pub(crate) use loom::cell::UnsafeCell;
#[cfg(loom)]
pub(crate) use loom::sync::Arc;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU8, Ordering};

#[cfg(loom)]
pub(crate) use model::relax;

#[cfg(not(loom))]
mod real {
    /// As loom has it: who reads and who writes is told apart.
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) fn new(content: T) -> Self {
            UnsafeCell(std::cell::UnsafeCell::new(content))
        }

        pub(crate) fn with<R>(&self, look: impl FnOnce(*const T) -> R) -> R {
            look(self.0.get())
        }

        pub(crate) fn with_mut<R>(&self, change: impl FnOnce(*mut T) -> R) -> R {
            change(self.0.get())
        }
    }

    /// Passes the time until another try: who has the lock has it for a moment, unless the system
    /// has put its thread aside.
    pub(crate) fn relax(tries: &mut u32) {
        *tries += 1;
        if tries.is_multiple_of(SPINS) {
            std::thread::yield_now();
        } else {
            std::hint::spin_loop();
        }
    }

    /// A few times what is done under the lock.
    const SPINS: u32 = 64;
}

#[cfg(loom)]
mod model {
    /// Lets the model's other threads go on. Trying in vain changes nothing: what can follow is what
    /// follows when the try comes later, and is tried there.
    pub(crate) fn relax(_tries: &mut u32) {
        loom::skip_branch();
        loom::thread::yield_now();
    }
}
