//! `cargo xtask site`: a test site on loopback that counts what is asked of it.
//!
//! What it serves is [`Pages`], a site of any size made by formula, or a [`Folder`], or answers that are [`Fixed`]. The
//! [`Server`] joins these with the [`Counts`](counts::Counts) and a listener; a benchmark starts the same one inside its
//! own process.

mod counts;
mod fixed;
mod folder;
mod pages;
mod server;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

pub(crate) use counts::Report;
pub(crate) use fixed::{Fixed, Resource};
pub(crate) use folder::{Folder, content_type};
pub(crate) use pages::Pages;
pub(crate) use server::{Content, Server};

/// What `cargo xtask site --help` says.
pub(crate) const LONG_ABOUT: &str = "\
Serves a test site on 127.0.0.1 and counts what is asked of it

Without --dir the site is made by formula, the same at each start: page 0 is `/`, page I is `/page/I.html`, and page I
links to the pages (I*LINKS + 1 ..= I*LINKS + LINKS) mod PAGES, so that every page is reachable from `/`. Nothing else
exists: `/index.html`, `/page/0.html` and a page's address with a query are 404.

With --dir it serves a folder: `index.html` for a folder, a redirect from `/dir` to `/dir/`, the content type by the
file's extension, nothing outside the folder (not through a symbolic link either) and never a list of files. A file is
read into memory to be served.

The first line printed is `serving http://127.0.0.1:PORT/`. GET `/-/report` answers with what was requested so far, as
JSON, without counting itself; Ctrl-C prints it as text and ends.

`cargo xtask` is a debug build. For tens of thousands of pages a second: cargo run --release --package xtask -- site";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pages: PagesArgs,

    /// Serves this folder and not a site made by formula
    #[arg(long, value_name = "DIR", conflicts_with_all = ["pages", "links", "bytes"])]
    dir: Option<PathBuf>,

    /// The time to wait before each answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,

    /// The port to listen at; 0 takes any that is free
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// The measures of a site made by formula, as typed.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct PagesArgs {
    /// The number of pages
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    pages: u32,

    /// The number of links on each page
    #[arg(long, value_name = "L", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    links: u32,

    /// The size of each page; one whose links alone take more is as long as they need
    #[arg(long, value_name = "B", default_value_t = 8_000)]
    bytes: usize,
}

impl PagesArgs {
    pub(crate) fn build(self) -> Pages {
        Pages::new(self.pages, self.links, self.bytes)
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let content = match &args.dir {
        Some(dir) => {
            let folder = Folder::open(dir);
            let folder = folder.with_context(|| format!("cannot serve {}", dir.display()))?;
            Content::Folder(Arc::new(folder))
        }
        None => Content::Pages(args.pages.build()),
    };
    let latency = Duration::from_millis(args.latency);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let server = Server::start(content, latency, args.port)
            .await
            .with_context(|| format!("cannot listen at 127.0.0.1:{}", args.port))?;
        println!("serving {}", server.url());
        io::stdout().flush()?;
        tokio::signal::ctrl_c().await?;
        print!("\n{}", server.report());
        Ok(())
    })
}
