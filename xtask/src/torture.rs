//! `cargo xtask torture`: whatever befalls a crawl, nothing is lost.

mod calls;
mod cuts;
mod disk;
mod errors;
mod kills;
mod outcome;
mod place;
mod program;
mod random;
mod tally;
mod trace;
mod warc;
mod web;

use std::env;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cargo::{self, cargo};
use cuts::Cuts;
use errors::Errors;
use kills::Kills;
use place::Crawl;
use program::Program;

/// What `cargo xtask torture --help` says.
pub(crate) const LONG_ABOUT: &str = "\
Kills dragline, cuts its power and fills its disk, and looks whether anything is lost

Builds dragline for release, serves a small site in this process and crawls it: with redirects, pages that are not
found, style sheets, images, payloads that are the same, packed pages. First undisturbed. Then over and over, each
time with a site and a folder of its own, and each time something befalls it:

  kills       SIGKILL: 70 of 100 at a random time, 30 at a random write, fsync, rename or unlink, which strace sees to.
              Then the same command again; in a third of the cases that is killed too, up to five times in a row.
  power-cuts  A crawl of 60 URLs is recorded by strace: what it wrote, cut, renamed and removed, and when it synced
              what. Of that the disk keeps at a random moment all that was synced, and of the rest what it likes:
              each write whole, in part or not, each name or not. Then the same command goes on from there.
  errors      One of the first 500 calls by which files are written, synced, renamed or removed fails: as the disk is
              full, and then as it is broken; once, or from then on. The crawl has to end by itself with exit code 3
              and name a file, or take no harm. Then the same command again.

At the end the copy, the records of the archive (URL, status and digest of the payload; read from the WARC files by a
reader of its own) and the exit code have to be those of the undisturbed run, and no more requests may have been
repeated than were in flight, and a second's work.

What is wrong is printed with what runs that point alone: `--only kills:17`, with the same --seed. Chance decides where
a point lies, not what the machine's threads do there.";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often a crawl is killed, and gone on
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    kills: u64,

    /// How often the power of a crawl is cut
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    power_cuts: u64,

    /// How many calls of a crawl fail, each in two ways
    #[arg(long, value_name = "N", default_value_t = 500)]
    errors: u64,

    /// The number from which chance begins
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,

    /// Runs one point only
    #[arg(long, value_name = "KIND:POINT")]
    only: Option<Only>,

    /// About how many URLs the site has that is killed
    #[arg(long, value_name = "N", default_value_t = 300)]
    urls: usize,

    /// The time that the site waits before each answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 5)]
    latency: u64,

    /// The number of pages fetched at a time
    #[arg(long, value_name = "N", default_value_t = 8)]
    jobs: usize,

    /// The number of crawls that go on at a time [default: one a processor]
    #[arg(long, value_name = "N")]
    lanes: Option<usize>,

    /// Takes the debug builds
    #[arg(long)]
    debug: bool,

    /// Says that this is the release build, and dragline's lies beside it
    #[arg(long, hide = true)]
    built: bool,
}

/// One point, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Only {
    kind: String,
    point: u64,
}

impl FromStr for Only {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(kind, point)| {
            let kind = KINDS.contains(&kind).then(|| kind.to_owned())?;
            let point = point.parse().ok()?;
            Some(Only { kind, point })
        });
        parsed.ok_or_else(|| format!("not one of {} with `:POINT`", KINDS.join(", ")))
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.debug {
        cargo("build --locked -p dragline")?;
    } else if !args.built {
        return Err(build_and_become()?);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(torture(args))
}

/// The small portion that CI runs, with debug builds: those are there.
pub(crate) fn small_portion() -> Result<()> {
    run(&Args {
        kills: 50,
        power_cuts: 200,
        errors: 20,
        seed: 1,
        only: None,
        urls: 300,
        latency: 5,
        jobs: 8,
        lanes: None,
        debug: true,
        built: false,
    })
}

/// Builds both ends for release, and turns this process into the built one; returns only if that fails.
fn build_and_become() -> Result<anyhow::Error> {
    cargo("build --release --locked -p dragline -p xtask")?;
    let built = cargo::target_directory()?.join("release/xtask");
    let mut same = Command::new(built);
    // After `torture`.
    same.args(["torture", "--built"])
        .args(env::args_os().skip(2));
    Ok(same.exec().into())
}

async fn torture(args: &Args) -> Result<()> {
    program::look_for_strace().await?;
    let lanes = args
        .lanes
        .unwrap_or_else(|| thread::available_parallelism().map_or(1, Into::into));
    println!("seed {}, {lanes} at a time", args.seed);
    let program = Program {
        path: dragline(args)?,
        jobs: args.jobs,
    };
    let points = args.points("kills", args.kills);
    if !points.is_empty() {
        let crawl = Crawl {
            web: Arc::new(web::web(args.urls)?),
            latency: Duration::from_millis(args.latency),
            program: program.clone(),
        };
        let kills = Kills::prepare(crawl, args.seed).await?;
        Arc::new(kills).run(points, lanes).await?;
    }
    let points = args.points("power-cuts", args.power_cuts);
    if !points.is_empty() {
        let cuts = Cuts::prepare(small(program.clone())?, args.seed).await?;
        Arc::new(cuts).run(points, lanes).await?;
    }
    let points = args.points("errors", args.errors * 2);
    if !points.is_empty() {
        let crawl = Crawl {
            web: Arc::new(web::web(args.urls)?),
            latency: Duration::ZERO,
            program,
        };
        let errors = Errors::prepare(crawl, args.seed, args.errors.try_into()?).await?;
        Arc::new(errors).run(points, lanes).await?;
    }
    Ok(())
}

impl Args {
    fn points(&self, kind: &str, all: u64) -> Vec<u64> {
        match &self.only {
            Some(only) if only.kind == kind => vec![only.point],
            Some(_) => Vec::new(),
            None => (0..all).collect(),
        }
    }
}

/// A crawl that is over soon.
fn small(program: Program) -> Result<Crawl> {
    Ok(Crawl {
        web: Arc::new(web::web(SMALL)?),
        latency: Duration::ZERO,
        program,
    })
}

/// Returns the path of the built program.
fn dragline(args: &Args) -> Result<PathBuf> {
    if args.debug {
        return Ok(cargo::target_directory()?.join("debug/dragline"));
    }
    let own = env::current_exe().context("cannot tell where this program lies")?;
    Ok(own.with_file_name("dragline"))
}

const KINDS: [&str; 3] = ["kills", "power-cuts", "errors"];
/// About how many URLs the site has of a crawl that is over soon.
const SMALL: usize = 60;
