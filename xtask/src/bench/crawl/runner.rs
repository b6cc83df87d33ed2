//! The programs, and how each is asked for the same: all of a site, in a folder.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::site::Site;
use crate::cargo;

/// After so many seconds, and one more for so many URLs, a program is ended: a crawler that is caught
/// somewhere is not waited for.
const LONGEST: usize = 600;
const SLOWEST: usize = 500;

/// A program that crawls.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) name: &'static str,
    program: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Floor,
    Dragline(Vec<OsString>),
    Wget2(&'static [&'static str]),
    Wget,
    Httrack,
}

/// The name of what is measured, in the table.
pub(super) const DRAGLINE: &str = "dragline";
pub(super) const TREE_ONLY: &str = "dragline --no-archive";
pub(super) const FLOOR: &str = "floor";
pub(super) const WGET2: &str = "wget2";
pub(super) const WGET2_K: &str = "wget2 -k";
pub(super) const WGET: &str = "wget --warc-file";

impl Runner {
    /// Returns what there is here: dragline and the floor, and the peers that are installed.
    pub(super) fn all(more: &[OsString]) -> Result<Vec<Self>> {
        let this = env::current_exe()?;
        let dragline = this.with_file_name("dragline");
        let tree_only = [more, &["--no-archive".into()]].concat();
        let mut all = vec![
            Self::new(FLOOR, this, Kind::Floor),
            Self::new(TREE_ONLY, dragline.clone(), Kind::Dragline(tree_only)),
            Self::new(DRAGLINE, dragline, Kind::Dragline(more.to_vec())),
        ];
        let peers = [
            (WGET2_K, "wget2", Kind::Wget2(&["-k"])),
            (WGET2, "wget2", Kind::Wget2(&[])),
            (WGET, "wget", Kind::Wget),
            ("httrack", "httrack", Kind::Httrack),
        ];
        let there = peers
            .into_iter()
            .filter(|(_, program, _)| is_there(program));
        all.extend(there.map(|(name, program, kind)| Self::new(name, program.into(), kind)));
        Ok(all)
    }

    fn new(name: &'static str, program: PathBuf, kind: Kind) -> Self {
        Self {
            name,
            program,
            kind,
        }
    }

    /// Returns the command that crawls the site at `url` into `folder`.
    pub(super) fn command(
        &self,
        site: &Site,
        url: &str,
        jobs: usize,
        folder: &Path,
    ) -> Result<Vec<OsString>> {
        let seed = format!("{}{}", url.trim_end_matches('/'), site.seed);
        let (jobs, copy) = (jobs.to_string(), folder.join("copy"));
        let copy = copy.to_string_lossy();
        let words: Vec<&str> = match &self.kind {
            Kind::Floor => {
                let list = folder.join("list");
                let addresses: Vec<_> = site.reachable.iter().map(String::as_str).collect();
                fs::write(&list, addresses.join("\n"))?;
                let mut command = self.begin(site, &["bench", "floor", url, &jobs, &copy]);
                command.push(list.into());
                return Ok(command);
            }
            Kind::Dragline(more) => {
                let words = [&*seed, "--jobs", &jobs, "--output", &copy, "--quiet"];
                let mut command = self.begin(site, &words);
                command.extend(more.iter().cloned());
                return Ok(command);
            }
            Kind::Wget2(more) => {
                let threads = format!("--max-threads={jobs}");
                let words = ["-q", "-r", "-l", "inf", "-p", "-P", &copy, &threads, &seed];
                return Ok(self.begin(site, &[&words[..], more].concat()));
            }
            Kind::Wget => {
                let warc = format!("--warc-file={copy}/archive");
                fs::create_dir_all(&*copy)?;
                let words = ["-q", "-r", "-l", "inf", "-p", "-P", &copy, &warc, &seed];
                return Ok(self.begin(site, &words));
            }
            Kind::Httrack => vec![
                &seed,
                "-O",
                &copy,
                "-q",
                "-%v0",
                "-s0",
                "-r9999",
                "-%c1000",
                "-A100000000000",
                "--disable-security-limits",
            ],
        };
        let sockets = format!("-c{jobs}");
        Ok(self.begin(site, &[&words[..], &[&sockets]].concat()))
    }

    fn begin(&self, site: &Site, words: &[&str]) -> Vec<OsString> {
        let longest = (LONGEST + site.urls() / SLOWEST).to_string();
        let limit = ["timeout", &longest].map(OsString::from);
        let program = self.program.clone().into_os_string();
        let words = words.iter().map(OsString::from);
        limit.into_iter().chain([program]).chain(words).collect()
    }
}

/// Installs the peers that are missing.
pub(super) fn install() -> Result<()> {
    let peers = ["wget2", "wget", "httrack"];
    let missing: Vec<_> = peers.into_iter().filter(|peer| !is_there(peer)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    cargo::run(Command::new("apt-get").arg("update"))?;
    cargo::run(
        Command::new("apt-get")
            .args(["install", "--yes"])
            .args(missing),
    )
}

fn is_there(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
