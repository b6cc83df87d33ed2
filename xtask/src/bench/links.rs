//! `cargo xtask bench links`: how fast links are found, over documentation that Debian packages.

use anyhow::Result;

use super::crawl;
use crate::cargo;

/// What `cargo xtask bench links --help` says.
pub(crate) const LONG_ABOUT: &str = "\
Finds the links of real documents, and of the worst that a megabyte can hold

The documents are those of Debian's python3.11-doc, downloaded if they are not there. Prints how many MB/s one core searches
of each format, by its own time, so that others may want the machine too; beside HTML, what html5ever's tokenizer takes for
every byte of the same; and how long the worst megabyte takes, and how many times as long two of them.

It fails when a bar is missed: of HTML 350 MB/s, of CSS 150, and nothing grows faster than its length.";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Prints the figures as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let mut bench = cargo::command("bench --locked -p dragline-links --bench speed --");
    if args.json {
        bench.arg("--json");
    }
    cargo::run(bench.arg(crawl::documentation("python3.11-doc")?))
}
