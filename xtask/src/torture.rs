//! `cargo xtask torture`: whatever befalls a crawl, nothing is lost.

mod calls;
mod cuts;
mod disk;
mod errors;
mod flips;
mod kills;
mod outcome;
pub(crate) mod place;
pub(crate) mod program;
pub(crate) mod random;
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

use anyhow::{Context, Result, ensure};

use crate::cargo::{self, cargo};
use cuts::Cuts;
use errors::Errors;
use flips::Flips;
use kills::Kills;
use place::Crawl;
use program::Program;
use tally::Tally;

/// What `cargo xtask torture --help` says.
pub(crate) const LONG_ABOUT: &str = "\
Kills dragline, cuts its power and fills its disk, and looks whether anything is lost

Builds dragline for release, serves a small site in this process and crawls it: with redirects, pages that are not
found, style sheets, images, payloads that are the same, packed pages. First undisturbed. Then over and over, each
time with a site and a folder of its own, and each time something befalls it:

  kills       SIGKILL: 70 of 100 at a random time, 30 at a random write, fsync, rename or unlink, which strace sees to.
              At a random time it is SIGINT or SIGTERM in one of five cases, and the crawl may end as it likes.
              Then the same command again; in a third of the cases that is killed too, up to five times in a row.
  power-cuts  A crawl of 60 URLs is recorded by strace: what it wrote, cut, renamed and removed, and when it synced
              what. Of that the disk keeps at a random moment all that was synced, and of the rest what it likes:
              each write whole, in part or not, each name or not. Then the same command goes on from there.
  killed-cuts The same of a crawl that was killed, gone on, and then cut: neither the killed one's writes nor the
              other's are on the disk unless they were synced.
  errors      One of the first 500 calls by which files are written, synced, renamed or removed fails: as the disk is
              full, and then as it is broken; once, or from then on. The crawl has to end by itself with exit code 3
              and name a file, or take no harm. Then the same command again.
  flips       Of the state of a crawl that was killed, or of one that is finished, a bit of a byte is another or the
              end of a file is missing. The crawl has to go on well, or end with exit code 3 (or 2) and name a file; it may
              leave unnoticed what is damaged in the archive and is no part of the copy.
  update-kills, update-cuts
              The same with `--update` of a crawl that is finished, of a site that has changed since.

At the end the copy, the records of the archive (URL, status and digest of the payload; read from the WARC files by a
reader of its own) and the exit code have to be those of the undisturbed run, and no more requests may have been
repeated than were in flight, and a second's work.

What is wrong is printed with what runs that point alone: `--only kills:17`, with the same other
arguments. Chance decides where
a point lies, not what the machine's threads do there.";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often a crawl is killed, and gone on
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    kills: u64,

    /// How often the power of a crawl is cut
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    power_cuts: u64,

    /// How often the power is cut of a crawl that was killed before
    #[arg(long, value_name = "N", default_value_t = 3_000)]
    killed_cuts: u64,

    /// How many calls of a crawl fail, each in two ways
    #[arg(long, value_name = "N", default_value_t = 500)]
    errors: u64,

    /// How often a file of a crawl's state is damaged
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    flips: u64,

    /// How often an update is killed, and gone on
    #[arg(long, value_name = "N", default_value_t = 300)]
    update_kills: u64,

    /// How often the power of an update is cut
    #[arg(long, value_name = "N", default_value_t = 3_000)]
    update_cuts: u64,

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

    /// Go on without strace where there is none
    #[arg(long, hide = true)]
    without_strace: bool,
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
    if Command::new("strace").arg("-V").output().is_err() {
        // A fresh machine has it not. If it cannot be had, that is said below.
        for install in ["apt-get update", "apt-get install -y strace"] {
            let _ = Command::new("sh").args(["-c", install]).status();
        }
    }
    run(&Args {
        kills: 50,
        power_cuts: 200,
        killed_cuts: 50,
        errors: 20,
        flips: 100,
        update_kills: 10,
        update_cuts: 50,
        seed: 1,
        only: None,
        urls: 300,
        latency: 5,
        jobs: 8,
        lanes: None,
        debug: true,
        built: false,
        without_strace: true,
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
    let traces = match program::look_for_strace().await {
        Ok(()) => true,
        // A machine that lets no process be watched can at least be killed on.
        Err(error) if args.without_strace => {
            println!("torture: {error:#}; so crawls are killed at random times only");
            false
        }
        Err(error) => return Err(error),
    };
    let lanes = args
        .lanes
        .unwrap_or_else(|| thread::available_parallelism().map_or(1, Into::into));
    println!("seed {}, {lanes} at a time", args.seed);
    let program = Program {
        path: dragline(args)?,
        jobs: args.jobs,
        updates: false,
    };
    let mut wrong = Vec::new();
    for kind in KINDS {
        let points = args.points(kind);
        let is_possible = traces || matches!(kind, KILLS | UPDATE_KILLS);
        if points.is_empty() || !is_possible {
            continue;
        }
        // The other kinds have something to tell, too.
        if let Err(error) = befall(kind, points, args, &program, lanes, traces).await {
            eprintln!("{kind}: {error:#}");
            wrong.push(kind);
        }
    }
    ensure!(wrong.is_empty(), "wrong: {}", wrong.join(", "));
    Ok(())
}

/// Runs the points of one kind.
async fn befall(
    kind: &str,
    points: Vec<u64>,
    args: &Args,
    program: &Program,
    lanes: usize,
    traces: bool,
) -> Result<()> {
    let crawl = |urls, latency| Crawl::new(urls, latency, program.clone());
    let latency = Duration::from_millis(args.latency);
    let small = || crawl(SMALL, Duration::ZERO);
    match kind {
        KILLS | UPDATE_KILLS => {
            let mut crawl = crawl(args.urls, latency)?;
            if kind == UPDATE_KILLS {
                crawl = crawl.into_update(args.urls).await?;
            }
            let kills = Kills::prepare(crawl, args.seed, traces).await?;
            let kills = Arc::new(kills);
            Tally::of(kind, points, lanes, |index| Arc::clone(&kills).point(index)).await
        }
        ERRORS => {
            let crawl = crawl(args.urls, Duration::ZERO)?;
            let errors = Errors::prepare(crawl, args.seed, args.errors.try_into()?).await?;
            let last = errors.points();
            let points = points.into_iter().filter(|point| *point < last).collect();
            let errors = Arc::new(errors);
            Tally::of(kind, points, lanes, |index| {
                Arc::clone(&errors).point(index)
            })
            .await
        }
        FLIPS => {
            let killed = crawl(SMALL, Duration::from_millis(2))?;
            let killed = killed.into_begun(true).await?;
            let finished = small()?.into_begun(false).await?;
            let flips = Flips::prepare(killed, finished, args.seed).await?;
            let flips = Arc::new(flips);
            Tally::of(kind, points, lanes, |index| Arc::clone(&flips).point(index)).await
        }
        _ => {
            let mut crawl = small()?;
            if kind == UPDATE_CUTS {
                crawl = crawl.into_update(SMALL).await?;
            }
            let cuts = Cuts::prepare(crawl, args.seed, kind == KILLED_CUTS).await?;
            let cuts = Arc::new(cuts);
            Tally::of(kind, points, lanes, |index| Arc::clone(&cuts).point(index)).await
        }
    }
}

impl Args {
    /// The numbers of the points of a kind.
    fn points(&self, kind: &str) -> Vec<u64> {
        let all = match kind {
            KILLS => self.kills,
            POWER_CUTS => self.power_cuts,
            KILLED_CUTS => self.killed_cuts,
            // Each call fails in two ways.
            ERRORS => self.errors * 2,
            FLIPS => self.flips,
            UPDATE_KILLS => self.update_kills,
            _ => self.update_cuts,
        };
        match &self.only {
            Some(only) if only.kind == kind => vec![only.point],
            Some(_) => Vec::new(),
            None => (0..all).collect(),
        }
    }
}

/// Returns the path of the built program.
fn dragline(args: &Args) -> Result<PathBuf> {
    if args.debug {
        return Ok(cargo::target_directory()?.join("debug/dragline"));
    }
    let own = env::current_exe().context("cannot tell where this program lies")?;
    Ok(own.with_file_name("dragline"))
}

const KILLS: &str = "kills";
const POWER_CUTS: &str = "power-cuts";
const KILLED_CUTS: &str = "killed-cuts";
const ERRORS: &str = "errors";
const FLIPS: &str = "flips";
const UPDATE_KILLS: &str = "update-kills";
const UPDATE_CUTS: &str = "update-cuts";
const KINDS: [&str; 7] = [
    KILLS,
    POWER_CUTS,
    KILLED_CUTS,
    ERRORS,
    FLIPS,
    UPDATE_KILLS,
    UPDATE_CUTS,
];
/// About how many URLs the site has of a crawl that is over soon.
const SMALL: usize = 60;
