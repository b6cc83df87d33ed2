//! `cargo xtask doc`: the documentation, warnings denied.

use anyhow::Result;

use crate::cargo;

pub(crate) fn run() -> Result<()> {
    let mut doc = cargo::command("doc --workspace --no-deps --locked");
    cargo::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}
