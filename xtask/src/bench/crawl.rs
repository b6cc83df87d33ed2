//! `cargo xtask bench crawl`: the binary against a site made by formula.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::statvfs::statvfs;
use tempfile::TempDir;

use super::measure::{self, Taken};
use crate::cargo::{self, cargo};
use crate::site::{Content, Pages, PagesArgs, Report, Server};

/// What `cargo xtask bench crawl --help` says.
pub(crate) const LONG_ABOUT: &str = "\
Crawls a site made by formula, some rounds over, and prints what each took

Builds dragline for release and starts the site (see `cargo xtask site --help`) in this process. Each round crawls it
anew, into a fresh temporary folder: on /dev/shm where that exists and has room, so that no disk is measured.

It fails when a round did not ask for every page once and only once. The site runs on the same machine: the column `site
CPU` says how much of it the site took from the crawl.";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pages: PagesArgs,

    /// The time that the site waits before each answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,

    /// The number of pages fetched at a time
    #[arg(long, value_name = "N", default_value_t = 8)]
    jobs: usize,

    /// The number of crawls
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Says that this is the release build, and dragline's lies beside it
    #[arg(long, hide = true)]
    built: bool,

    /// More arguments for dragline
    #[arg(last = true, value_name = "DRAGLINE ARGUMENTS")]
    more: Vec<OsString>,
}

/// One crawl, as the child and the site saw it.
#[derive(Debug)]
struct Round {
    taken: Taken,
    site_cpu: Duration,
    report: Report,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if !args.built {
        return Err(build_and_become()?);
    }
    let program = env::current_exe()?.with_file_name("dragline");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(rounds(args, &program))
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

async fn rounds(args: &Args, program: &Path) -> Result<()> {
    // From here on Ctrl-C ends the child only, and then this function, which takes the child's folder away.
    let interrupted = tokio::spawn(tokio::signal::ctrl_c());
    let pages = args.pages.build();
    println!(
        "{} pages of {} bytes, latency {} ms, {} jobs",
        pages.count(),
        pages.bytes(),
        args.latency,
        args.jobs
    );
    println!("{HEAD}");
    let mut rounds = Vec::new();
    for number in 1..=args.rounds {
        let outcome = round(args, program).await;
        if interrupted.is_finished() {
            bail!("interrupted");
        }
        let round = outcome.with_context(|| format!("round {number}"))?;
        let figures = round.figures(pages.count());
        println!("{number:>6}{}{}", figures.columns(), round.counts());
        rounds.push((figures, round));
    }
    let figures = Figures::medians(rounds.iter().map(|(figures, _)| *figures));
    println!("{:>6}{}", "median", figures.columns());
    rounds
        .iter()
        .try_for_each(|(_, round)| round.check_coverage())
}

/// Crawls the site once, from start to end.
async fn round(args: &Args, program: &Path) -> Result<Round> {
    let pages = args.pages.build();
    let folder = scratch(&pages)?;
    let latency = Duration::from_millis(args.latency);
    let server = Server::start(Content::Pages(pages), latency, 0).await?;
    let before = measure::own_cpu()?;
    let taken = measure::measure(&command(args, program, &server.url(), folder.path())).await?;
    let site_cpu = measure::own_cpu()?.saturating_sub(before);
    Ok(Round {
        taken,
        site_cpu,
        report: server.report(),
    })
}

fn command(args: &Args, program: &Path, url: &str, folder: &Path) -> Vec<OsString> {
    let mut command = vec![
        program.into(),
        url.into(),
        "--jobs".into(),
        args.jobs.to_string().into(),
        "--output".into(),
        folder.join("copy").into(),
        "--quiet".into(),
    ];
    command.extend(args.more.iter().cloned());
    command
}

/// Makes a temporary folder for a copy of the pages, in memory if it has room for them.
fn scratch(pages: &Pages) -> Result<TempDir> {
    // The archive, the copy of the pages, and as much again: memory that fills up takes the machine down with it.
    let needed = u64::from(pages.count()) * pages.bytes() as u64 * 4;
    let memory = Path::new("/dev/shm");
    let free = statvfs(memory).map_or(0, |fs| fs.blocks_available() * fs.fragment_size());
    let folder = if free >= needed {
        TempDir::with_prefix_in("dragline-bench-", memory)
    } else {
        TempDir::with_prefix("dragline-bench-")
    };
    folder.context("cannot make a temporary folder")
}

const HEAD: &str =
    " round   wall s  pages/s    CPU s  site CPU s  peak RSS MiB  requests  distinct  repeated";

impl Round {
    fn figures(&self, pages: u32) -> Figures {
        let wall = self.taken.wall.as_secs_f64();
        Figures {
            wall,
            rate: f64::from(pages) / wall,
            cpu: self.taken.cpu.as_secs_f64(),
            site_cpu: self.site_cpu.as_secs_f64(),
            peak: f64::from(self.taken.peak_kib) / 1024.0,
        }
    }

    fn counts(&self) -> String {
        let report = &self.report;
        let repeated = report.repeated.len();
        format!(
            "{:>10}{:>10}{repeated:>10}",
            report.requests, report.distinct
        )
    }

    /// Fails unless every page was requested, and nothing twice.
    fn check_coverage(&self) -> Result<()> {
        if self.report.missing_pages != Some(0) || !self.report.repeated.is_empty() {
            bail!(
                "not every page was requested once and only once:\n{}",
                self.report
            );
        }
        Ok(())
    }
}

/// The columns that a median makes sense of.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Figures {
    wall: f64,
    rate: f64,
    cpu: f64,
    site_cpu: f64,
    peak: f64,
}

impl Figures {
    /// Returns the median of each column by itself.
    fn medians(all: impl Iterator<Item = Self> + Clone) -> Self {
        Self {
            wall: median(all.clone().map(|figures| figures.wall)),
            rate: median(all.clone().map(|figures| figures.rate)),
            cpu: median(all.clone().map(|figures| figures.cpu)),
            site_cpu: median(all.clone().map(|figures| figures.site_cpu)),
            peak: median(all.map(|figures| figures.peak)),
        }
    }

    fn columns(&self) -> String {
        format!(
            "{:>9.3}{:>9.0}{:>9.3}{:>12.3}{:>14.1}",
            self.wall, self.rate, self.cpu, self.site_cpu, self.peak
        )
    }
}

/// Returns the value in the middle, or what lies between the two in the middle; there is at least one.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Round, Taken, median};
    use crate::site::Report;

    #[test]
    fn median_is_the_middle() {
        let check = |values: &[f64], expected: f64| {
            assert!((median(values.iter().copied()) - expected).abs() < 1e-9);
        };
        check(&[3.0], 3.0);
        check(&[9.0, 1.0, 2.0], 2.0);
        check(&[4.0, 1.0, 2.0, 9.0], 3.0);
    }

    #[test]
    fn coverage_is_every_page_once() {
        let check = |missing, repeated: &[(String, u32)]| {
            let round = Round {
                taken: Taken {
                    wall: Duration::from_secs(1),
                    cpu: Duration::ZERO,
                    peak_kib: 0,
                },
                site_cpu: Duration::ZERO,
                report: Report {
                    missing_pages: Some(missing),
                    repeated: repeated.to_vec(),
                    ..Report::default()
                },
            };
            round.check_coverage().is_ok()
        };
        assert!(check(0, &[]));
        assert!(!check(1, &[]));
        assert!(!check(0, &[("/".to_owned(), 2)]));
    }
}
