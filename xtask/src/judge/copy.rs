//! Crawls, and serves what was crawled.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time;

use crate::cargo::{self, cargo};

/// How long a crawl may take.
const LONGEST_CRAWL: Duration = Duration::from_secs(900);
/// How long it may take until a copy is served.
const LONGEST_START: Duration = Duration::from_secs(60);

/// Which program crawls and serves.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Program {
    /// Uses the release build
    #[arg(long)]
    release: bool,

    /// More arguments for the crawl
    #[arg(last = true, value_name = "DRAGLINE ARGUMENTS")]
    more: Vec<String>,
}

impl Program {
    /// Builds the program and returns its path.
    ///
    /// # Errors
    ///
    /// It cannot be built.
    pub(crate) fn build(&self) -> Result<PathBuf> {
        let (profile, folder) = if self.release {
            ("--release ", "release")
        } else {
            ("", "debug")
        };
        cargo(&format!("build --quiet {profile}--package dragline"))?;
        Ok(cargo::target_directory()?.join(folder).join("dragline"))
    }

    /// Crawls into a folder. That some of its URLs fail is as it should be.
    ///
    /// # Errors
    ///
    /// The crawl does not end by itself, or with an error of its own.
    pub(crate) async fn crawl(&self, program: &Path, urls: &[String], folder: &Path) -> Result<()> {
        let mut command = Command::new(program);
        command
            .args(urls)
            .arg("--output")
            .arg(folder)
            .args(["--quiet", "--jobs", "4"])
            .args(&self.more);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let ended = time::timeout(LONGEST_CRAWL, command.output()).await;
        let output = ended
            .context("the crawl does not end")?
            .with_context(|| format!("{} does not start", program.display()))?;
        if !folder.join("index.html").exists() {
            bail!(
                "the crawl left no copy: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(())
    }
}

/// A running `dragline serve`. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Served {
    _child: Child,
    /// The address that it says it serves at.
    pub(crate) url: String,
}

impl Served {
    /// Serves a copy; `None` if the program has no such command.
    ///
    /// # Errors
    ///
    /// It does not say where.
    pub(crate) async fn start(program: &Path, folder: &Path) -> Result<Option<Self>> {
        let help = Command::new(program)
            .args(["serve", "--help"])
            .output()
            .await?;
        // One without the command takes its name for a URL, and shows its own help.
        if !String::from_utf8_lossy(&help.stdout).contains("dragline serve") {
            return Ok(None);
        }
        let mut child = Command::new(program)
            .arg("serve")
            .arg(folder)
            .args(["--port", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let said = time::timeout(LONGEST_START, lines.next_line())
            .await
            .context("it serves nothing")??;
        let said = said.context("it has ended at once")?;
        let url = said
            .split_whitespace()
            .find(|word| word.starts_with("http://"));
        let url = url
            .with_context(|| format!("it says no address, but: {said}"))?
            .to_owned();
        Ok(Some(Self { _child: child, url }))
    }
}
