//! `cargo xtask bench crawl`: the binary beside its peers, on a site made by formula or on real ones.

pub(super) mod floor;
mod reach;
mod runner;
mod site;
mod table;

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::statvfs::statvfs;
use tempfile::TempDir;

use self::runner::Runner;
pub(super) use self::site::documentation;
use self::site::{NAMES, Site};
use self::table::{Crawled, Table};
use super::measure;
use crate::cargo::{self, cargo};
use crate::site::PagesArgs;

/// What `cargo xtask bench crawl --help` says.
pub(crate) const LONG_ABOUT: &str = "\
Crawls a site, some rounds over, with dragline and with those of its peers that are installed, and prints what each took

Builds dragline for release and starts the site in this process: one made by formula (see `cargo xtask site --help`), or
documentation that Debian packages, downloaded if it is not there. In each round each program crawls it once, one after
the other, into a fresh temporary folder: on /dev/shm where that exists and has room, so that no disk is measured. The
figures are medians.

The floor is no crawler: it is told all URLs, fetches them with hyper, looks through each for `href` and `src`, and writes
a file. What can be reached is found by html5ever's tokenizer, apart from all that dragline is made of.

It fails when dragline did not ask for all that can be reached, or asked for something twice.";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The sites: `pages` is the one made by formula
    #[arg(long = "site", value_name = "NAME", default_value = "pages", value_parser = NAMES)]
    sites: Vec<String>,

    #[command(flatten)]
    pages: PagesArgs,

    /// The time that the site waits before each answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,

    /// The number of pages fetched at a time
    #[arg(long, value_name = "N", default_value_t = 8)]
    jobs: usize,

    /// The number of crawls by each program
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Runs these programs only, as the table names them
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,

    /// Installs the peers that are missing, with apt-get
    #[arg(long)]
    install: bool,

    /// Prints the figures as JSON
    #[arg(long)]
    json: bool,

    /// Says that this is the release build, and dragline's lies beside it
    #[arg(long, hide = true)]
    built: bool,

    /// More arguments for dragline
    #[arg(last = true, value_name = "DRAGLINE ARGUMENTS")]
    more: Vec<OsString>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if !args.built {
        if args.install {
            runner::install()?;
        }
        return Err(build_and_become()?);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let tables: Vec<Table> = runtime.block_on(async {
        let mut tables = Vec::new();
        for name in &args.sites {
            tables.push(crawl(args, name).await.with_context(|| name.clone())?);
        }
        anyhow::Ok(tables)
    })?;
    if args.json {
        let tables: Vec<_> = tables.iter().map(Table::json).collect();
        serde_json::to_writer_pretty(io::stdout(), &tables)?;
        println!();
    }
    tables.iter().try_for_each(Table::check_coverage)
}

/// Builds both ends for release, and turns this process into the built one; returns only if that fails.
///
/// `cargo xtask` is a debug build. As such the site took 38 to 85 us of CPU a page and not 6 to 15, from a crawl that
/// shares the machine with it.
fn build_and_become() -> Result<anyhow::Error> {
    cargo("build --release --locked -p dragline -p xtask")?;
    let built = cargo::target_directory()?.join("release/xtask");
    let mut same = Command::new(built);
    // After `bench crawl`, and before a `--` that there may be.
    same.args(["bench", "crawl", "--built"])
        .args(env::args_os().skip(3));
    Ok(same.exec().into())
}

/// Has one site crawled by all, and prints the table.
async fn crawl(args: &Args, name: &str) -> Result<Table> {
    // From here on Ctrl-C ends the child only, and then this function, which takes the child's folder away.
    let interrupted = tokio::spawn(tokio::signal::ctrl_c());
    let site = Site::of(name, args.pages)?;
    let runners: Vec<_> = Runner::all(&args.more)?
        .into_iter()
        .filter(|runner| args.only.is_empty() || args.only.iter().any(|it| it == runner.name))
        .collect();
    let ideal = Duration::from_millis(args.latency) * u32::try_from(site.urls())?
        / u32::try_from(args.jobs.max(1))?;
    let mut table = Table::new(&site, args.jobs, args.rounds, ideal);
    for _ in 0..args.rounds {
        for runner in &runners {
            let crawled = crawl_once(args, &site, runner).await;
            if interrupted.is_finished() {
                bail!("interrupted");
            }
            table.add(runner.name, crawled.with_context(|| runner.name)?);
        }
    }
    if !args.json {
        println!("{table}");
    }
    Ok(table)
}

/// Crawls the site once, from start to end.
async fn crawl_once(args: &Args, site: &Site, runner: &Runner) -> Result<Crawled> {
    let folder = scratch(site.bytes())?;
    let server = site.serve(Duration::from_millis(args.latency)).await?;
    let before = measure::own_cpu()?;
    let command = runner.command(site, &server.url(), args.jobs, folder.path())?;
    let taken = measure::measure(&command).await?;
    let site_cpu = measure::own_cpu()?.saturating_sub(before);
    Ok(Crawled {
        taken,
        site_cpu,
        missing: site.never_asked_for(&server),
        report: server.report(),
    })
}

/// Makes a temporary folder for a copy of so many bytes, in memory if it has room.
fn scratch(bytes: u64) -> Result<TempDir> {
    // The archive, the copy of the pages, and as much again: memory that fills up takes the machine down with it.
    let needed = bytes * 4;
    let memory = Path::new("/dev/shm");
    let free = statvfs(memory).map_or(0, |fs| fs.blocks_available() * fs.fragment_size());
    let folder = if free >= needed {
        TempDir::with_prefix_in("dragline-bench-", memory)
    } else {
        TempDir::with_prefix("dragline-bench-")
    };
    folder.context("cannot make a temporary folder")
}
