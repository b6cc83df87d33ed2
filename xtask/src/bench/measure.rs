//! What one command took: wall time, CPU time and peak memory.
//!
//! The kernel adds up what *all* the children of a process took (`getrusage`), and for the memory gives the largest.
//! For the numbers of one command alone, it runs as the only child of a small process that does nothing else: this
//! program again, as the hidden `bench measure`. Reading `/proc` while the command runs would miss its peak, and
//! `wait4` for one child has no safe wrapper.
//!
//! The peak is never below that of the small process itself (about 3 MiB), since Linux counts what the child's memory
//! was before it became the command.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{self, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde_json::{Value, json};
use tokio::process::Command;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// What a command took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) wall: Duration,
    /// In user and kernel mode, all threads together.
    pub(crate) cpu: Duration,
    pub(crate) peak_kib: u32,
    /// What it exited with: some say so that a page was missing.
    pub(crate) code: u32,
}

/// Runs the command, and prints what it took on standard output. What the command itself prints goes to standard error.
///
/// # Errors
///
/// Fails when the command cannot be started, or is ended by a signal.
pub(crate) fn run(args: &Args) -> Result<()> {
    let (program, rest) = args.command.split_first().context("no command")?;
    let start = Instant::now();
    let status = process::Command::new(program)
        .args(rest)
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status()
        .with_context(|| format!("{} does not start", program.display()))?;
    let wall = start.elapsed();
    let code = status.code();
    let code = code.with_context(|| format!("{} was ended: {status}", program.display()))?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let taken = json!({
        "wall_us": microseconds(wall)?,
        "cpu_us": microseconds(duration(usage.user_time())? + duration(usage.system_time())?)?,
        // In KiB on Linux.
        "peak_kib": usage.max_rss(),
        "code": code,
    });
    println!("{taken}");
    Ok(())
}

/// Runs a command in a process of its own that measures it, and returns what it took.
///
/// # Errors
///
/// Fails when the command cannot be started, or is ended by a signal.
///
/// # Cancel safety
///
/// Dropped, it ends the process that measures; the command runs on.
pub(crate) async fn measure(command: &[OsString]) -> Result<Taken> {
    let output = Command::new(env::current_exe()?)
        .args(["bench", "measure", "--"])
        .args(command)
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await?;
    if !output.status.success() {
        bail!("the command measured failed");
    }
    let taken: Value = serde_json::from_slice(&output.stdout)?;
    let number = |name: &str| taken[name].as_u64().with_context(|| format!("no {name}"));
    Ok(Taken {
        wall: Duration::from_micros(number("wall_us")?),
        cpu: Duration::from_micros(number("cpu_us")?),
        peak_kib: u32::try_from(number("peak_kib")?)?,
        code: u32::try_from(number("code")?)?,
    })
}

/// Returns the CPU time that this process took so far.
///
/// # Errors
///
/// Fails when the kernel does.
pub(crate) fn own_cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    Ok(duration(usage.user_time())? + duration(usage.system_time())?)
}

fn duration(time: TimeVal) -> Result<Duration> {
    let seconds = u64::try_from(time.tv_sec())?;
    let microseconds = u64::try_from(time.tv_usec())?;
    Ok(Duration::from_secs(seconds) + Duration::from_micros(microseconds))
}

fn microseconds(duration: Duration) -> Result<u64> {
    Ok(u64::try_from(duration.as_micros())?)
}
