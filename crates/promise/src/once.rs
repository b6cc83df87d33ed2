//! The one place with unsafe code: a lock over those who wait, which makes way for the result.
//!
//! # How it works
//!
//! One byte says whether what lies beside it is open, locked or set. Whoever changes it from open
//! to locked has it alone, and opens it again; whoever sets it does so from locked, and nobody
//! writes from then on, so that it may be lent to all. In safe code, a `OnceLock` beside a `Mutex`
//! do the same (the tests compare them); this takes half their read-modify-writes, which is a third
//! of the time of a wait.
//!
//! The lock spins: nothing is done under it that waits.

use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::sync::{AtomicU8, Ordering, UnsafeCell, relax};

/// `W`, behind a lock, until it is set; `V` from then on.
pub(crate) struct Once<W, V> {
    state: AtomicU8,
    content: UnsafeCell<Content<W, V>>,
}

enum Content<W, V> {
    Open(W),
    Set(V),
}

// SAFETY: shared, it gives out `&V` from many threads, moves a `V` in, and moves and lends `&mut W`
// to one thread at a time (`lock`, `set`).
unsafe impl<W: Send, V: Send + Sync> Sync for Once<W, V> {}

// As `OnceLock` and `Mutex` have it: a panic leaves the lock open, and `V` whole.
impl<W, V: RefUnwindSafe + UnwindSafe> RefUnwindSafe for Once<W, V> {}

impl<W, V> Once<W, V> {
    pub(crate) fn new(waiting: W) -> Self {
        Once {
            state: AtomicU8::new(OPEN),
            content: UnsafeCell::new(Content::Open(waiting)),
        }
    }

    /// Lends the value, if it is set. Takes no lock.
    pub(crate) fn get(&self) -> Option<&V> {
        // Acquires what `set` released.
        if self.state.load(Ordering::Acquire) != SET {
            return None;
        }
        // SAFETY: nobody writes once it is set, and it stays so as long as `self` is there.
        self.content.with(|content| match unsafe { &*content } {
            Content::Set(value) => Some(value),
            Content::Open(_) => None,
        })
    }

    /// Calls `change` under the lock; lends the value instead if it is set.
    ///
    /// `change` is to be short: others spin meanwhile.
    pub(crate) fn lock<R>(&self, change: impl FnOnce(&mut W) -> R) -> Result<R, &V> {
        let Some(_locked) = self.acquire() else {
            return Err(self.get().expect("what cannot be locked is set"));
        };
        // SAFETY: who locked it has it alone until `_locked` is dropped, after this.
        self.content
            .with_mut(|content| match unsafe { &mut *content } {
                Content::Open(waiting) => Ok(change(waiting)),
                Content::Set(_) => unreachable!("what is set cannot be locked"),
            })
    }

    /// Sets the value and returns what was behind the lock; gives the value back if one is set.
    pub(crate) fn set(&self, value: V) -> Result<W, V> {
        let Some(mut locked) = self.acquire() else {
            return Err(value);
        };
        // SAFETY: who locked it has it alone until `locked` is dropped, after this.
        let before = self
            .content
            .with_mut(|content| std::mem::replace(unsafe { &mut *content }, Content::Set(value)));
        locked.then = SET;
        drop(locked);
        match before {
            Content::Open(waiting) => Ok(waiting),
            Content::Set(_) => unreachable!("what is set cannot be locked"),
        }
    }

    /// Locks; `None` if it is set.
    fn acquire(&self) -> Option<Locked<'_>> {
        let mut tries = 0;
        loop {
            let (success, failure) = (Ordering::Acquire, Ordering::Acquire);
            match self
                .state
                .compare_exchange_weak(OPEN, LOCKED, success, failure)
            {
                Ok(_) => {
                    return Some(Locked {
                        state: &self.state,
                        then: OPEN,
                    });
                }
                Err(SET) => return None,
                Err(_) => relax(&mut tries),
            }
        }
    }
}

/// The lock, held; also a panic gives it back.
struct Locked<'a> {
    state: &'a AtomicU8,
    /// What it is then.
    then: u8,
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.state.store(self.then, Ordering::Release);
    }
}

const OPEN: u8 = 0;
const LOCKED: u8 = 1;
const SET: u8 = 2;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::{Arc, Mutex, OnceLock};

    /// The same in safe code.
    struct Safe<W, V> {
        value: OnceLock<V>,
        waiting: Mutex<W>,
    }

    impl<W: Default, V> Safe<W, V> {
        fn get(&self) -> Option<&V> {
            self.value.get()
        }

        fn lock<R>(&self, change: impl FnOnce(&mut W) -> R) -> Result<R, &V> {
            let mut waiting = self.waiting.lock().expect("nothing panics");
            self.get().map_or_else(|| Ok(change(&mut waiting)), Err)
        }

        fn set(&self, value: V) -> Result<W, V> {
            let mut waiting = self.waiting.lock().expect("nothing panics");
            self.value.set(value)?;
            Ok(std::mem::take(&mut waiting))
        }
    }

    proptest! {
        #[test]
        fn it_does_what_the_safe_form_does(steps in prop::collection::vec((0_u8..8, 0_u32..9), 0..20)) {
            let once = Once::new(Vec::new());
            let safe = Safe { value: OnceLock::new(), waiting: Mutex::new(Vec::new()) };
            // Boxed, so that a wrong drop is seen by those who look for it.
            for (step, number) in steps {
                let number = Box::new(number);
                match step {
                    0 => prop_assert_eq!(once.set(number.clone()), safe.set(number)),
                    1 => prop_assert_eq!(once.get(), safe.get()),
                    2 => prop_assert_eq!(once.lock(Vec::pop), safe.lock(Vec::pop)),
                    _ => {
                        let push = |waiting: &mut Vec<_>| waiting.push(number.clone());
                        prop_assert_eq!(once.lock(push), safe.lock(push));
                    }
                }
            }
        }
    }

    #[test]
    fn a_panic_under_the_lock_opens_it() {
        let once = Once::<u8, u8>::new(1);
        let panic = AssertUnwindSafe(|| once.lock(|_| panic!("a bug")).is_ok());
        assert!(catch_unwind(panic).is_err());
        assert_eq!(once.lock(|waiting| *waiting), Ok(1));
    }

    #[test]
    fn threads_take_turns_until_it_is_set_and_all_see_the_value() {
        let once = Arc::new(Once::<usize, Box<usize>>::new(0));
        let threads: Vec<_> = (0..TURNS)
            .map(|turn| {
                let once = Arc::clone(&once);
                std::thread::spawn(move || {
                    for _ in 0..TURNS {
                        // Read and written in two steps, which nobody may come between.
                        let _ = once.lock(|count| *count = std::hint::black_box(*count) + 1);
                    }
                    (turn == 0).then(|| once.set(Box::new(7)).unwrap())
                })
            })
            .collect();
        let before: usize = threads
            .into_iter()
            .filter_map(|it| it.join().unwrap())
            .sum();
        assert!((TURNS..=TURNS * TURNS).contains(&before));
        assert_eq!(once.get().map(|value| **value), Some(7));
        assert_eq!(once.set(Box::new(8)), Err(Box::new(8)));
        assert_eq!(once.lock(|_| ()), Err(&Box::new(7)));
    }

    /// Few enough for an interpreter.
    const TURNS: usize = 8;
}
