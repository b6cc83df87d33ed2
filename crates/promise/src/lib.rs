//! One value, completed once, awaited by any number of tasks.
//!
//! Take it when several tasks want the same result, or when the one that waits must learn that the
//! result will never come. For one waiter and one value that always comes, a oneshot channel (for
//! example `tokio::sync::oneshot`) is smaller; for a value that changes, take a watch channel.
//!
//! The two ends: the **promise** is read, as in JavaScript; the **completer** writes, as in Dart.
//! (C++ and Scala call the writing end the promise, and what is read a future.)
//!
//! ```
//! use dragline_promise::{WaitError, promise};
//! # futures::executor::block_on(async {
//! let (completer, promise) = promise::<u32, String>();
//! let other = promise.clone();
//! completer.complete(Ok(7));
//! assert_eq!(promise.await, Ok(7)); // Each waiter gets a clone,
//! assert_eq!(other.wait().await, &Ok(7)); // or borrows the one result.
//!
//! let (completer, promise) = dragline_promise::promise::<u32, String>();
//! drop(completer);
//! assert_eq!(promise.await, Err(WaitError::Abandoned));
//! # });
//! ```
//!
//! # Guarantees
//!
//! - A result is set at most once: [`Completer::complete`] consumes the completer.
//! - Every waiter is told: of the result, or of [`WaitError::Abandoned`] when the completer was
//!   dropped without one (also by a panic).
//! - Waiting is cancel-safe: a waiter that is dropped takes its slot with it and disturbs no other.
//! - Wakers are called outside the lock, and one that panics keeps none of the others from being
//!   called.
//! - What happened before `complete` happens before any waiter's return.
//! - The ends are `Send` and `Sync` where value and error are both: waiters borrow the one result.
//!
//! It knows of no runtime, spawns nothing and has no neighbour among the Dragline crates below it;
//! `dragline-pipeliner` hands the results of its jobs back through it.
//!
//! # How it works
//!
//! The result lies in a `OnceLock`, the wakers of those who wait behind a `Mutex`: the first in
//! place, further ones in a slab, so that a promise with one waiter is one allocation.
//! A waiter that finds no result takes the lock, looks again, and only then leaves its waker. The
//! completer sets the result first and then takes all wakers under the lock: whoever took the lock
//! before it is woken, whoever takes it after sees the result.
#![forbid(unsafe_code)]

mod completer;
mod promise;

mod cell;
mod error;
mod sync;
mod waiters;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use completer::Completer;
pub use error::WaitError;
pub use promise::{Promise, Wait, promise};
