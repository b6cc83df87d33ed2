//! The system calls by which a crawl changes its files, and how to have strace meddle with one of them.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::outcome::STATE;
use super::place::Crawl;
use super::program::{Fate, output};

/// What a call works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The archive's segments: one a crawl.
    Archive,
    /// The journal, with what `SQLite` keeps beside it.
    Journal,
    /// A file of the copy, before it has its name.
    Copy,
    /// The names of files and folders, of whichever.
    Names,
}

impl Target {
    pub(crate) const ALL: [Target; 4] = [
        Target::Archive,
        Target::Journal,
        Target::Copy,
        Target::Names,
    ];

    /// Returns the calls, as strace wants them.
    pub(crate) fn calls(self) -> &'static str {
        match self {
            Target::Archive | Target::Journal | Target::Copy => {
                "write,pwrite64,writev,fsync,fdatasync,ftruncate"
            }
            Target::Names => {
                "rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync"
            }
        }
    }

    fn paths(self, folder: &Path) -> Vec<PathBuf> {
        let state = output(folder).join(STATE);
        match self {
            Target::Archive => (0..MOST_SEGMENTS)
                .map(|segment| state.join(format!("archive/dragline-{segment:05}.warc.gz")))
                .collect(),
            Target::Journal => ["", "-wal", "-journal"]
                .map(|suffix| state.join(format!("journal.db{suffix}")))
                .into(),
            Target::Copy => (0..MOST_FILES)
                .map(|file| state.join(format!("aside/{file}")))
                .collect(),
            Target::Names => Vec::new(),
        }
    }

    /// Has strace do `what` at the calls, and write to a file that it did.
    pub(crate) fn inject(self, folder: &Path, log: &Path, what: &str) -> Fate {
        let mut arguments = self.watch(folder, log);
        arguments.extend([
            OsString::from("-e"),
            format!("inject={}:{what}", self.calls()).into(),
        ]);
        Fate::Traced(arguments)
    }

    /// Has strace write the calls to a file.
    pub(crate) fn count(self, folder: &Path, log: &Path) -> Fate {
        Fate::Traced(self.watch(folder, log))
    }

    fn watch(self, folder: &Path, log: &Path) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec!["-o".into(), log.into(), "-e".into()];
        arguments.push(format!("trace={}", self.calls()).into());
        for path in self.paths(folder) {
            arguments.extend(["-P".into(), path.into()]);
        }
        arguments
    }
}

/// Returns how many calls the busiest thread made, of those that strace wrote to a file: strace counts them by thread.
///
/// # Errors
///
/// The file cannot be read, or there are none.
fn busiest(log: &Path) -> Result<usize> {
    let log = fs::read_to_string(log)?;
    let mut calls: HashMap<&str, usize> = HashMap::new();
    for line in log.lines().filter(|line| !line.contains(" resumed>")) {
        if let Some((thread, _)) = line.split_once(' ') {
            *calls.entry(thread).or_default() += 1;
        }
    }
    let most = calls.into_values().max().unwrap_or(0);
    ensure!(most > 0, "strace saw no call");
    Ok(most)
}

/// Counts the calls of each kind that an undisturbed crawl makes in one thread.
///
/// # Errors
///
/// The crawl fails, or strace does.
pub(crate) async fn count(crawl: &Crawl) -> Result<Vec<(Target, usize)>> {
    let mut calls = Vec::new();
    for target in Target::ALL {
        let place = crawl.place().await?;
        let log = place.folder.path().join("calls");
        let fate = target.count(place.folder.path(), &log);
        place.run(&fate).await?.exit()?;
        calls.push((target, busiest(&log)?));
    }
    Ok(calls)
}

/// More than there are crawls of one site.
const MOST_SEGMENTS: usize = 4;
/// More than there are files in the copy.
const MOST_FILES: usize = 400;
