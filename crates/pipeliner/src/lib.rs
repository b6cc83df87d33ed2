//! At most N jobs at a time; every job's result finds its caller.
//!
//! Take it where many callers hand in work, no more than N pieces of it may run at once, and each
//! caller wants its own result (or error, or panic) back. It has three doors:
//!
//! - [`schedule`](Pipeliner::schedule): workers do the work, wherever the caller is;
//! - [`run`](Pipeliner::run): the caller's own task does it, under a fair permit, and nothing is
//!   allocated or need be `'static` or `Send`;
//! - [`pipelined`](Pipelining::pipelined): a stream of futures becomes a stream of their outputs.
//!
//! [`Keyed`] adds a limit for each key, such as a host. Where only a number is to be limited, a semaphore does.
//!
//! It is runtime-agnostic: [`Pipeliner::unbounded`] and [`Pipeliner::bounded`] return N [`Worker`]
//! futures beside the pipeliner, and the caller spawns them on any executor. N workers are N jobs
//! in flight, each polled by its own worker.
//!
//! ```
//! use dragline_pipeliner::{JobError, Pipeliner};
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let (pipeliner, workers) = Pipeliner::unbounded(2.try_into().unwrap());
//! workers.into_iter().for_each(|worker| drop(tokio::spawn(worker)));
//!
//! let good = pipeliner.schedule(async { Ok::<_, String>(6 * 7) }).await.unwrap();
//! let bad = pipeliner.schedule(async { Err::<(), _>("no such page") }).await.unwrap();
//! let ugly = pipeliner.schedule::<_, (), ()>(async { panic!("a bug") }).await.unwrap();
//!
//! assert_eq!(good.await.unwrap(), 42);
//! assert!(matches!(bad.await, Err(JobError::Failed("no such page"))));
//! assert!(matches!(ugly.await, Err(JobError::Panicked(panic)) if panic.message() == Some("a bug")));
//! pipeliner.close().await;
//! # }
//! ```
//!
//! # Guarantees
//!
//! - Never more than N jobs are in flight, and jobs start first in, first out.
//! - Every job that was taken resolves its [`Scheduled`] exactly once: with its value, its error,
//!   its panic, or [`JobError::Cancelled`] if it was dropped before its end.
//! - A panic in a job reaches its caller and kills no worker (unless panics abort).
//! - A worker lets other tasks have their turn after 32 jobs in a row.
//! - Dropping a [`Scheduled`] before its job starts cancels the job; [`Scheduled::detach`] lets it
//!   run. A job that has started goes on either way.
//! - A refused [`schedule`](Pipeliner::schedule) gives the work back.
//! - With a bound, `schedule` waits for room: back-pressure. From inside a job of the same
//!   pipeliner it does not wait, for the room might never come, but says
//!   [`Refused::Full`]; an unbounded pipeliner takes all that its jobs schedule. Callers that wait
//!   for room are not kept out by others.
//! - [`close`](Pipeliner::close) waits until all that was taken is done. Dropping the last
//!   [`Pipeliner`] also closes, without waiting.
//! - Wakers are called under a lock: one that polls its task at once, instead of noting that it is to be
//!   polled, as executors do, may hang.
//! - Once every [`Worker`] is dropped, nothing hangs: what was queued is cancelled, and what is
//!   scheduled after is refused.
//!
//! # How it works
//!
//! Jobs lie in a `dragline-queue`, boxed; a worker takes one, polls it to its end and takes the
//! next. A job completes a `dragline-promise`, whose reading end is in the [`Scheduled`]; a job that
//! has not started is wanted as long as that end is there.
//!
//! The limit is a number of permits behind one lock, and a line of those who wait for one. A worker
//! keeps its permit from job to job; it gives it back before it waits for a job, and between two
//! jobs when someone waits in line or the limit was lowered, which it sees without the lock.
#![forbid(unsafe_code)]

mod keyed;
mod pipelined;
mod pipeliner;
mod run;
mod scheduled;
mod worker;

mod error;
mod inside;
mod job;
mod line;
mod permits;
mod slots;
mod sync;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use error::{JobError, Panic, Refused};
pub use keyed::Keyed;
pub use permits::Fairness;
pub use pipelined::{Pipelined, PipelinedInOrder, Pipelining};
pub use pipeliner::Pipeliner;
pub use run::Run;
pub use scheduled::Scheduled;
pub use worker::Worker;
