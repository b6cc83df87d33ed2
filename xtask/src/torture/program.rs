//! One run of dragline, and what befalls it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time;

/// The program, and how it is called.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) jobs: usize,
    /// Whether it crawls again what is finished.
    pub(crate) updates: bool,
}

/// What befalls a run.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    Undisturbed,
    /// It gets a signal so long after its start.
    Signalled(Signal, Duration),
    /// strace watches it, with these arguments.
    Traced(Vec<OsString>),
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stderr: String,
    pub(crate) time: Duration,
}

impl Program {
    /// Crawls `url` into the folder `copy` of `folder`.
    ///
    /// # Errors
    ///
    /// It cannot be started, or does not end within [`LIMIT`].
    pub(crate) async fn run(&self, url: &str, folder: &Path, fate: &Fate) -> Result<Ended> {
        let said = folder.join("stderr");
        let mut command = match fate {
            Fate::Traced(arguments) => {
                let mut command = Command::new("strace");
                command.args(["-f", "-qq"]).args(arguments).arg(&self.path);
                command
            }
            _ => Command::new(&self.path),
        };
        command
            .args([url, "--quiet", "--jobs"])
            .arg(self.jobs.to_string())
            .arg("--output")
            .arg(output(folder))
            .args(self.updates.then_some("--update"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&said)?)
            // Of its own, so that strace and what it watches can be ended together.
            .process_group(0);
        let begun = Instant::now();
        let mut child = command
            .spawn()
            .with_context(|| format!("{} does not start", self.path.display()))?;
        let group = child.id();
        if let Fate::Signalled(signal, after) = fate
            && time::timeout(*after, child.wait()).await.is_err()
            && let Some(id) = child.id()
        {
            kill(Pid::from_raw(id.try_into()?), *signal)?;
        }
        let status = wait(&mut child, group).await?;
        Ok(Ended {
            status,
            stderr: String::from_utf8_lossy(&fs::read(&said)?).into_owned(),
            time: begun.elapsed(),
        })
    }
}

/// The folder of the copy.
pub(crate) fn output(folder: &Path) -> PathBuf {
    folder.join("copy")
}

impl Ended {
    /// Whether a signal ended it: at once, or as it let what was in flight come to its end.
    pub(crate) fn is_killed(&self) -> bool {
        let signals = [Signal::SIGKILL, Signal::SIGINT, Signal::SIGTERM];
        let ended_by = |signal| self.status.signal() == Some(signal as i32);
        signals.into_iter().any(ended_by) || self.status.code() == Some(INTERRUPTED)
    }

    /// Returns the last line that it wrote to standard error.
    pub(crate) fn last_words(&self) -> &str {
        self.stderr.trim_end().lines().last().unwrap_or("nothing")
    }

    /// Returns the exit code of a run that ended by itself.
    ///
    /// # Errors
    ///
    /// It did not, or it panicked.
    pub(crate) fn exit(&self) -> Result<i32> {
        if self.stderr.contains("panicked") {
            bail!("it panicked: {}", self.stderr.trim());
        }
        let code = self.status.code();
        code.with_context(|| format!("it ended by {}: {}", self.status, self.stderr.trim()))
    }
}

async fn wait(child: &mut Child, group: Option<u32>) -> Result<ExitStatus> {
    if let Ok(ended) = time::timeout(LIMIT, child.wait()).await {
        return Ok(ended?);
    }
    if let Some(group) = group {
        killpg(Pid::from_raw(group.try_into()?), Signal::SIGKILL)?;
    }
    child.wait().await?;
    bail!("it did not end within {} s", LIMIT.as_secs());
}

/// Says clearly that strace is missing, if it is.
///
/// # Errors
///
/// It is, or it may not watch a process here.
pub(crate) async fn look_for_strace() -> Result<()> {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "true"]);
    let output = command.output().await;
    let output = output.context("strace does not start; it is in the package `strace`")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("strace may not watch a process here: {}", said.trim());
    }
    Ok(())
}

/// The exit code of a crawl that was asked to end.
const INTERRUPTED: i32 = 11;
/// Far longer than any run takes, also on a machine with other things to do.
const LIMIT: Duration = Duration::from_secs(60);
