//! `cargo xtask bench primitives`: the small crates beside their peers.

use anyhow::Result;

use crate::cargo;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// `--rounds N`, and part of a shape's title to measure only such shapes
    #[arg(last = true, value_name = "ARGUMENTS")]
    more: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let mut primitives = cargo::command("run --release --locked --package primitives --");
    cargo::run(primitives.args(&args.more))
}
