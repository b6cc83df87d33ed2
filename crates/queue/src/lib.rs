//! A queue that tasks wait on: put, get, close, join.
//!
//! Take it for work that breeds work: [`join`](Queue::join) returns when all that was put has been
//! *finished*, not merely taken, so a recursive crawl ends by a count and never by a timeout. If
//! what is taken needs no finishing, an [`async-channel`](async_channel), on which this is built,
//! is the smaller thing.
//!
//! ```
//! use dragline_queue::Queue;
//! # futures::executor::block_on(async {
//! let queue = Queue::unbounded();
//! queue.put("index.html").await.unwrap();
//! queue.close();
//! assert_eq!(queue.put("late.html").await.unwrap_err().0, "late.html");
//!
//! let page = queue.get().await.unwrap();
//! assert_eq!(*page, "index.html");
//! drop(page); // Finished.
//! assert!(queue.get().await.is_none()); // Closed and drained.
//! queue.join().await;
//! # });
//! ```
//!
//! # Guarantees
//!
//! - Each item is delivered exactly once, first in, first out.
//! - Bounded means bounded: never more than the capacity lies in the queue, and
//!   [`put`](Queue::put) waits until there is room, and is not kept out by others who put. A capacity
//!   of zero cannot be written down.
//! - Nothing refused is lost: an item that is not taken in comes back in the error.
//! - After [`close`](Queue::close) what is queued can still be got, then every
//!   [`get`](Queue::get) returns `None`; everyone who waits is woken.
//! - An [`Item`] is finished when it is dropped, however that comes about: also by a panic.
//! - All futures are cancel-safe in the way that each states.
//!
//! Wakers are called under a lock: one must not poll its task at once, only note that it is to be
//! polled, as executors do.
//!
//! A [`Queue`] is a handle; clones are handles of the same queue. It knows of no runtime.
//! `dragline-pipeliner` keeps its jobs in one.
//!
//! # How it works
//!
//! Beside the channel there is a count of unfinished items. It goes up before an item is offered
//! to the channel, and down when the offer is refused or cancelled or when the item's guard is
//! dropped; so it is never lower than the truth, and whoever brings it to zero wakes the joiners.
//! Before it there is a line of those who wait for room, of whom the first waits at the channel.
#![forbid(unsafe_code)]

mod item;
mod line;
mod queue;
mod stream;

mod error;
mod sync;
mod unfinished;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use error::{Closed, TryGetError, TryPutError};
pub use item::Item;
pub use queue::Queue;
pub use stream::{Items, Putting};
