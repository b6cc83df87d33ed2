//! `cargo xtask bench frontier`: how many URLs a journalled frontier takes, and what each costs.

use anyhow::Result;

use crate::cargo::cargo;

/// What `cargo xtask bench frontier --help` says.
pub(crate) const LONG_ABOUT: &str = "\
Fills a journalled frontier with URLs made by formula, and opens it again

Prints what a URL costs in time, memory and disk, and how long it takes to go on from the journal, which lies in the
folder for temporary files.";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The number of URLs
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    urls: u32,

    /// The number of hosts they are on
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    hosts: u32,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let Args { urls, hosts } = args;
    cargo(&format!(
        "run --release --locked -p dragline-frontier --example fill -- {urls} {hosts}"
    ))
}
