//! `cargo xtask judge`: whether a copy is the site, as a browser sees it.
//!
//! [`references`] asks it of a site made for that; [`sites`] of real ones; [`requests`] whether all that a page asks for is
//! found in it. The first two crawl with the `dragline` binary
//! ([`copy`]), and open the same pages live, from disk with the network off, and under `dragline serve`.

mod copy;
mod references;
mod requests;
mod sample;
mod sites;

use std::io;
use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};
use browser::{Browser, Config};
use serde_json::Value;

/// What `cargo xtask judge --help` says.
pub(crate) const LONG_ABOUT: &str = "\
Asks a browser whether a copy is the site

Crawls with the dragline of this workspace, built first, and opens pages in headless Chromium: live, from disk with the
network off, and under `dragline serve` with the site switched off.";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Judge {
    /// A site of references: every way in which one thing refers to another, a page each
    References(references::Args),
    /// Real sites: documentation that Debian packages, and the built demos of packages of npm
    Sites(sites::Args),
    /// Requests: what a browser asks for to show a page, with scripts off, beside what is found in it
    Requests(requests::Args),
}

pub(crate) fn run(judge: Judge) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut config = Config::default();
        if matches!(judge, Judge::References(_)) {
            // What is to be seen is waited for anyway.
            config.settle = Duration::from_millis(50);
        }
        let browser = Browser::launch(config).await?;
        match judge {
            Judge::References(args) => references::run(&args, &browser).await,
            Judge::Sites(args) => sites::run(&args, &browser).await,
            Judge::Requests(args) => requests::run(&args, &browser).await,
        }
    })
}

/// How many pages are open at a time.
const OPEN: usize = 4;

fn print_json(report: &Value) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, report)?;
    writeln!(out).context("cannot print")
}
