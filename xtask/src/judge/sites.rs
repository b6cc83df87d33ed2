//! `cargo xtask judge sites`.

mod page;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use browser::{Browser, Network, Rules};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use self::page::Compared;
use super::copy::Program;
use super::sample::Sample;
use super::{OPEN, print_json};
use crate::site::{Content, Folder, Server};
use crate::source::{self, From, Source};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    program: Program,

    /// Takes this site only
    #[arg(long, value_name = "NAME")]
    only: Option<String>,

    #[command(flatten)]
    sample: Sample,

    /// Keeps the copies in this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,

    /// Prints the report as JSON
    #[arg(long)]
    json: bool,
}

/// What came of a site.
#[derive(Debug)]
struct Site {
    name: &'static str,
    /// How many pages it has, and how many of them the copy.
    pages: usize,
    kept: usize,
    compared: Vec<Compared>,
}

pub(crate) async fn run(args: &Args, browser: &Browser) -> Result<()> {
    let cache = args.sample.cache()?;
    let program = args.program.build()?;
    let scratch = tempfile::tempdir()?;
    let copies = args.keep.as_deref().unwrap_or(scratch.path());
    let mut sites = Vec::new();
    for source in SOURCES {
        if args.only.as_deref().is_some_and(|only| only != source.name) {
            continue;
        }
        let site = judge(
            args,
            browser,
            source,
            &cache,
            &program,
            &copies.join(source.name),
        )
        .await;
        let site = site.with_context(|| source.name)?;
        eprintln!("{}", site.row());
        sites.push(site);
    }
    if sites.is_empty() {
        let names: Vec<_> = SOURCES.iter().map(|source| source.name).collect();
        bail!("no such site; there are {}", names.join(", "));
    }
    if args.json {
        print_json(&report(&sites))?;
    } else {
        print!("{}", table(&sites));
    }
    let short = sites.iter().filter(|site| !site.is_kept()).count();
    if short > 0 {
        bail!("{short} of {} copies are not their sites", sites.len());
    }
    Ok(())
}

async fn judge(
    args: &Args,
    browser: &Browser,
    source: &Source,
    cache: &Path,
    program: &Path,
    copy: &Path,
) -> Result<Site> {
    let folder = source.folder(cache)?;
    let content = Content::Folder(Arc::new(Folder::open(&folder)?));
    let server = Server::start(content, Duration::ZERO, 0).await?;
    let seeds: Vec<_> = source
        .seeds
        .iter()
        .map(|seed| server.url() + seed)
        .collect();
    args.program.crawl(program, &seeds, copy).await?;
    let copy = copy.canonicalize()?;

    let pages = source::pages(&folder)?;
    let kept: Vec<_> = pages
        .iter()
        .filter(|page| copy.join(page).is_file())
        .collect();
    let chosen = args.sample.of(&kept).copied();
    // All pages live before any from disk: then there is no site any more.
    let live = Rules::default();
    let opened: Vec<_> = chosen
        .clone()
        .map(|page| {
            let url = server.url() + &source::encoded(page);
            async move { page::open_twice(browser, live, &url).await }
        })
        .collect();
    let opened: Vec<_> = stream::iter(opened).buffered(OPEN).collect().await;
    drop(server);
    let off = Rules {
        network: Network::Off,
        ..live
    };
    let compared: Vec<_> = chosen
        .zip(opened)
        .map(|(page, live)| {
            let url = format!(
                "file://{}/{}",
                source::encoded(&copy.to_string_lossy()),
                source::encoded(page)
            );
            async move {
                Ok(Compared::new(
                    page,
                    &live?,
                    &page::open(browser, off, &url).await?,
                ))
            }
        })
        .collect();
    let compared: Vec<Result<Compared>> = stream::iter(compared).buffered(OPEN).collect().await;
    Ok(Site {
        name: source.name,
        pages: pages.len(),
        kept: kept.len(),
        compared: compared.into_iter().collect::<Result<_>>()?,
    })
}

impl Site {
    fn is_kept(&self) -> bool {
        !self.compared.is_empty() && self.compared.iter().all(Compared::is_kept)
    }

    fn sum(&self, count: impl Fn(&Compared) -> usize) -> usize {
        self.compared.iter().map(count).sum()
    }

    fn row(&self) -> String {
        let widest = self
            .compared
            .iter()
            .filter(|page| !page.is_unstable())
            .map(|page| page.difference)
            .fold(0.0, f64::max);
        format!(
            "{:<16} {:>6} {:>6} {:>9} {:>6} {:>8} {:>9.3} % {:>8} {:>8} {:>9}",
            self.name,
            self.pages,
            self.kept,
            self.compared.len(),
            self.sum(|page| usize::from(page.looks_same())),
            self.sum(|page| usize::from(page.is_unstable())),
            widest * 100.0,
            self.sum(|page| page.failed.len()),
            self.sum(|page| page.network.len()),
            self.sum(|page| page.dangling.len()),
        )
    }
}

fn table(sites: &[Site]) -> String {
    let mut table = format!(
        "{:<16} {:>6} {:>6} {:>9} {:>6} {:>8} {:>11} {:>8} {:>8} {:>9}\n",
        "site",
        "pages",
        "kept",
        "compared",
        "same",
        "unstable",
        "furthest",
        "failed",
        "network",
        "dangling"
    );
    for site in sites {
        let _ = writeln!(table, "{}", site.row());
    }
    for site in sites {
        for page in site.compared.iter().filter(|page| !page.is_the_same()) {
            let _ = writeln!(table, "{}: {page}", site.name);
        }
    }
    table
}

fn report(sites: &[Site]) -> Value {
    let sites = sites.iter().map(|site| {
        json!({
            "site": site.name,
            "pages": site.pages,
            "kept": site.kept,
            "compared": site.compared.iter().map(Compared::json).collect::<Vec<_>>(),
        })
    });
    json!({ "threshold": page::THRESHOLD, "sites": sites.collect::<Vec<_>>() })
}

pub(super) const SOURCES: &[Source] = &[
    Source {
        name: "python",
        from: From::Debian(&[
            "python3.11-doc",
            "libjs-sphinxdoc",
            "libjs-jquery",
            "libjs-underscore",
        ]),
        root: "usr/share/doc/python3.11/html",
        parts: &[],
        seeds: &["index.html"],
    },
    Source {
        name: "postgresql",
        from: From::Debian(&["postgresql-doc-15"]),
        root: "usr/share/doc/postgresql-doc-15/html",
        parts: &[],
        seeds: &["index.html"],
    },
    Source {
        name: "rust",
        from: From::Debian(&["rust-doc"]),
        root: "usr/share/doc/rust-doc/html",
        parts: &["*", "alloc/"],
        seeds: &["alloc/index.html", "index.html"],
    },
    Source {
        // Apart: scripts of its pages ask another host for what may be run there, live as from disk.
        name: "rust-book",
        from: From::Debian(&["rust-doc"]),
        root: "usr/share/doc/rust-doc/html",
        parts: &["book/"],
        seeds: &["book/index.html"],
    },
    Source {
        name: "openjdk",
        // All of it: its style sheet marks links that are absolute, as a copy's are to what is not there.
        from: From::Debian(&["openjdk-17-doc", "libjs-jquery", "libjs-jquery-ui"]),
        root: "usr/share/doc/openjdk-17-jre-headless",
        parts: &[],
        seeds: &["api/index.html"],
    },
    Source {
        name: "gentelella",
        from: From::Npm("gentelella@4.2.0"),
        root: "package/dist",
        parts: &[],
        seeds: &["", "production/index.html", "stats.html"],
    },
    Source {
        name: "sb-admin-2",
        from: From::Npm("startbootstrap-sb-admin-2@4.1.4"),
        root: "package",
        parts: &[],
        seeds: &["", "404.html"],
    },
    Source {
        name: "reveal",
        from: From::Npm("reveal.js@6.0.2"),
        root: "package",
        parts: &[],
        seeds: &["", "demo.html"],
    },
];
