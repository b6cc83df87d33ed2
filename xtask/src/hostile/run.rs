//! One run of dragline, bounded and measured.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::process::Command;
use tokio::time;

use super::behaviour::Trouble;

/// The program, and what it understands.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// How many times as long as a limit says a run may take.
    pub(crate) patience: u32,
}

/// What a run was like.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; of a run that a signal ended, 128 and the signal's number, as shells have it.
    pub(crate) exit: i32,
    pub(crate) is_over_time: bool,
    pub(crate) time: Duration,
    /// The most memory that it had at once, in KiB.
    pub(crate) peak: u64,
    /// What it wrote on both outputs.
    pub(crate) said: Vec<u8>,
}

impl Program {
    /// Runs the program with these arguments in `folder`, for at most `limit` times its patience. When
    /// `now` is done, the signal of the trouble is sent.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub(crate) async fn run(
        &self,
        arguments: &[String],
        folder: &Path,
        limit: Duration,
        trouble: Trouble,
        now: impl Future<Output = ()>,
    ) -> Result<Ran> {
        let said = folder.join("said");
        let out = File::create(&said)?;
        let mut command = self.command(trouble, folder);
        command
            .args(arguments)
            .current_dir(folder)
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stderr(out.try_clone()?)
            .stdout(out)
            .process_group(0)
            .kill_on_drop(true);
        let begun = Instant::now();
        let child = command.spawn();
        let mut child = child.with_context(|| format!("{} does not start", self.path.display()))?;
        let id = child.id().context("it has just begun")?;
        let pid = Pid::from_raw(id.try_into()?);
        let mut peak = 0;
        let signalling = async {
            now.await;
            if let Trouble::Signal(signal, _) = trouble {
                // It may be over already.
                let _ = kill(pid, signal);
            }
            std::future::pending::<()>().await;
        };
        let ended = tokio::select! {
            status = child.wait() => Some(status),
            () = watch(id, &mut peak) => None,
            () = signalling => None,
            () = time::sleep(limit * self.patience) => None,
        };
        let time = begun.elapsed();
        let is_over_time = ended.is_none();
        let status = if let Some(status) = ended {
            status?
        } else {
            // It may end in this moment.
            let _ = killpg(pid, Signal::SIGKILL);
            child.wait().await?
        };
        let exit = status.code().or(status.signal().map(|it| 128 + it));
        Ok(Ran {
            exit: exit.unwrap_or(-1),
            is_over_time,
            time,
            peak,
            said: fs::read(&said)?,
        })
    }

    fn command(&self, trouble: Trouble, folder: &Path) -> Command {
        match trouble {
            Trouble::Shell(before, _) => {
                let mut command = Command::new("sh");
                command
                    .args(["-c", &format!("{before}; exec \"$0\" \"$@\"")])
                    .arg(&self.path);
                command
            }
            Trouble::Strace(inject, _) => {
                let mut command = Command::new("strace");
                command.args(["-f", "-qq", "-o", "/dev/null"]);
                let copy = folder.join("copy");
                for argument in inject.split(' ') {
                    command.arg(argument.replace("COPY", &copy.to_string_lossy()));
                }
                command.arg(&self.path);
                command
            }
            Trouble::None | Trouble::Signal(..) => Command::new(&self.path),
        }
    }
}

/// Keeps in `peak` the most memory that a process had, in KiB, as the kernel counts it; never ends. What a process takes
/// in its last moments before it ends may be missed.
async fn watch(id: u32, peak: &mut u64) {
    let status = PathBuf::from(format!("/proc/{id}/status"));
    loop {
        // Where there is no such file nothing is measured.
        if let Ok(status) = fs::read_to_string(&status) {
            *peak = high_water(&status).unwrap_or(0).max(*peak);
        }
        time::sleep(OFTEN).await;
    }
}

/// Finds the most memory a process had in what the kernel says of it.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// How often memory is looked at.
const OFTEN: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::high_water;

    #[test]
    fn the_most_memory_is_read() {
        let status = "Name:\tdragline\nVmPeak:\t  99 kB\nVmHWM:\t   12345 kB\nVmRSS:\t 7 kB\n";
        assert_eq!(high_water(status), Some(12345));
        assert_eq!(high_water("Name:\tx\n"), None);
    }
}
