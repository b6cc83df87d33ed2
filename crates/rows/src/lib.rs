//! A set of short rows in order, of which memory holds a bounded number and files the others.
//!
//! For an index of what grows with the input (a digest and a place, a fingerprint and a number) in a
//! program whose memory should not. Not for what must last: the files have no names, and go with the
//! set.
//!
//! ```
//! use dragline_rows::{Rows, Scratch};
//!
//! // A row of ten bytes: eight of a digest, two of a place.
//! let mut places = Rows::<10>::new(Scratch::new(tempfile::tempfile));
//! places.insert(*b"digest-a\0\x07");
//! places.insert(*b"digest-b\0\x09");
//! assert_eq!(places.find(b"digest-b")?, Some(*b"digest-b\0\x09"));
//! assert_eq!(places.find(b"digest-c")?, None);
//! # std::io::Result::Ok(())
//! ```
//!
//! # Guarantees
//!
//! - Some 32,768 rows are in memory ([`Scratch::with_bound`] for another number), beside four times as
//!   many that are [packed](Rows::pack), and of those in files one of each 512 bytes.
//! - No insert fails: where no file can be made or written, the rows stay in memory.
//! - Of n rows, a question reads at most log₂(n / 32,768) times 512 bytes; once they are packed, 512
//!   bytes.
//!
//! How it works: a log-structured merge tree (O'Neil et al., 1996). When memory is full, its rows are
//! written in order to a file of their own, a run; a run that is not twice as long as the next is
//! merged with it. Beside each run, the first row of each 512 bytes of it is in memory.
#![forbid(unsafe_code)]

mod merge;
mod rows;
mod run;
mod scratch;

pub use merge::Iter;
pub use rows::Rows;
pub use scratch::Scratch;
