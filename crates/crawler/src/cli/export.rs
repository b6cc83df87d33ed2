//! `dragline export`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dragline::Archived;

use crate::cli::{Unwritten, WrongUsage};

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The folder of the copy
    dir: PathBuf,

    /// Folder of the archive and the crawl's state [default: DIR/.dragline]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,

    /// Write the index of all captures, sorted (CDXJ); `-` is standard output
    #[arg(long, value_name = "FILE", required_unless_present = "wacz")]
    cdxj: Option<PathBuf>,

    /// Write the archive and its index as one file (WACZ)
    #[arg(long, value_name = "FILE")]
    wacz: Option<PathBuf>,
}

impl Export {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        if self.wacz.as_deref() == Some(Path::new("-")) {
            let needed = "a WACZ is not written to standard output: name a file";
            return Err(WrongUsage(needed.to_owned()).into());
        }
        let default = || self.dir.join(dragline::STATE_FOLDER);
        let archived = Archived::open(&self.state_dir.clone().unwrap_or_else(default))?;
        let unwritten = |path: &Path| Unwritten(path.to_owned());
        match self.cdxj.as_deref() {
            Some(path) if path == Path::new("-") => archived
                .cdxj(&mut io::stdout().lock())
                .with_context(|| unwritten(path))?,
            Some(path) => {
                write(path, |file| archived.cdxj(file)).with_context(|| unwritten(path))?;
            }
            None => {}
        }
        match self.wacz.as_deref() {
            Some(path) => write(path, |file| archived.wacz(file)).with_context(|| unwritten(path)),
            None => Ok(()),
        }
    }
}

/// Writes a file whole or not at all.
fn write(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".part");
    let written = File::create(&aside).and_then(|mut file| write(&mut file));
    let written = written.and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        // The error to report is the one above.
        let _ = fs::remove_file(&aside);
    }
    written
}
