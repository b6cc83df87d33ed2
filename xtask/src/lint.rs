//! `cargo xtask lint`: formatting and clippy.

use anyhow::Result;

use crate::cargo::cargo;

pub(crate) fn run() -> Result<()> {
    cargo("fmt --all --check")?;
    cargo("clippy --workspace --all-targets --locked -- -D warnings")
}
