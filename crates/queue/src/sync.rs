//! What threads share, from `std` or, under `--cfg loom`, from the model checker.
//!
//! `async-channel`'s queue and events use the model checker's types there too (`Cargo.toml`).

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::AtomicUsize;
#[cfg(not(loom))]
pub(crate) use std::sync::{Mutex, MutexGuard};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::AtomicUsize;
#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard};
