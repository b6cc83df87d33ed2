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
//! Those who wait and the result share one place behind one lock, of one byte: first it holds the
//! wakers (the first in place, further ones in a slab, so that a promise with one waiter is one
//! allocation), then the result, which from then on is lent without the lock.
//! A waiter that finds no result leaves its waker under the lock, or learns there that the result
//! has come meanwhile. The completer puts the result in the place of the wakers and then calls them:
//! whoever took the lock before it is woken, whoever comes after it sees the result.
//!
//! That one place is all the unsafe code there is: a private module of a hundred lines, whose every
//! interleaving is model-checked, and which is tested against the same in safe code.
#![deny(unsafe_code)]

mod completer;
mod promise;

mod cell;
mod error;
#[expect(
    unsafe_code,
    reason = "a lock that makes way for the result: see there"
)]
mod once;
mod sync;
mod waiters;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use completer::Completer;
pub use error::WaitError;
pub use promise::{Promise, Wait, promise};
