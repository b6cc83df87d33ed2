//! The copy of captures that are made up, through the public API.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod build;
mod check;
mod disk;
mod site;
