//! `cargo xtask ci`, licences, sources and advisories: by `cargo deny` and `cargo audit`, where they are.

use std::process::Stdio;

use anyhow::Result;

use crate::cargo::{self, cargo};

pub(crate) fn run() -> Result<()> {
    if !succeeds("deny --version") {
        println!("deny: skipped, cargo-deny is not installed");
        return Ok(());
    }
    cargo("deny --all-features check licenses bans sources")?;
    // Its database comes by the network: without it nothing is known, which is no failure.
    if !succeeds("deny fetch db") {
        println!("deny: advisories skipped, their database is not reached");
        return Ok(());
    }
    cargo("deny --all-features check advisories")?;
    if !succeeds("audit --version") {
        println!("deny: audit skipped, cargo-audit is not installed");
        return Ok(());
    }
    cargo("audit")
}

/// Whether cargo does this, in silence.
fn succeeds(args: &str) -> bool {
    let mut command = cargo::command(args);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
