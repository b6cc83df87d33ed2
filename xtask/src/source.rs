//! Real sites, from packages: documentation that Debian has, and the built demos of packages of npm.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::cargo;

/// A site that some packages have.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: &'static str,
    pub(crate) from: From,
    /// The site's folder in the first package.
    pub(crate) root: &'static str,
    /// What of it is taken: a folder with all in it (`a/`), the files in a folder (`a/*`); all, if nothing is named.
    pub(crate) parts: &'static [&'static str],
    /// Where the crawl begins.
    pub(crate) seeds: &'static [&'static str],
}

#[derive(Debug)]
pub(crate) enum From {
    /// Packages of Debian; the others have what the first one's links lead to.
    Debian(&'static [&'static str]),
    /// A package of npm, with its version.
    Npm(&'static str),
}

impl Source {
    /// Returns the folder of the site, downloaded and unpacked if it is not in the cache.
    pub(crate) fn folder(&self, cache: &Path) -> Result<PathBuf> {
        let folder = cache.join(self.name);
        if folder.exists() {
            return Ok(folder);
        }
        fs::create_dir_all(cache)?;
        let scratch = tempfile::tempdir_in(cache)?;
        match self.from {
            From::Debian(packages) => {
                run(
                    scratch.path(),
                    "apt-get",
                    [&["download"], packages].concat(),
                )?;
                for package in files(scratch.path(), ".deb")? {
                    run(scratch.path(), "dpkg", vec!["-x", &package, "."])?;
                }
            }
            From::Npm(package) => {
                run(scratch.path(), "npm", vec!["pack", "--silent", package])?;
                for package in files(scratch.path(), ".tgz")? {
                    run(scratch.path(), "tar", vec!["-xzf", &package])?;
                }
            }
        }
        let (root, made) = (scratch.path().join(self.root), scratch.path().join("made"));
        for part in if self.parts.is_empty() {
            &[""]
        } else {
            self.parts
        } {
            match part.strip_suffix('*') {
                Some(folder) => copy(&root.join(folder), &made.join(folder), Depth::Files)?,
                None => copy(&root.join(part), &made.join(part), Depth::All)?,
            }
        }
        fs::rename(made, &folder)?;
        Ok(folder)
    }
}

fn run(folder: &Path, program: &str, arguments: Vec<&str>) -> Result<()> {
    cargo::run(Command::new(program).args(arguments).current_dir(folder))
}

fn files(folder: &Path, ending: &str) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(ending) {
            files.push(name);
        }
    }
    Ok(files)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    Files,
    All,
}

/// Copies what is in a folder, links as what they lead to; one that leads nowhere, and a folder that is not there, not.
fn copy(from: &Path, to: &Path, depth: Depth) -> Result<()> {
    let mut folders = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = folders.pop() {
        let Ok(entries) = fs::read_dir(&from) else {
            continue;
        };
        fs::create_dir_all(&to)?;
        for entry in entries {
            let name = entry?.file_name();
            let (from, to) = (from.join(&name), to.join(&name));
            if from.is_file() {
                fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
            } else if from.is_dir() && depth == Depth::All {
                folders.push((from, to));
            }
        }
    }
    Ok(())
}

/// Returns the paths of a site's pages, in their order.
pub(crate) fn pages(folder: &Path) -> Result<BTreeSet<String>> {
    let mut pages = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(&inner)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension() == Some("html".as_ref()) {
                let page = path.strip_prefix(folder)?;
                pages.insert(page.to_string_lossy().into_owned());
            }
        }
    }
    Ok(pages)
}

/// Spells a path as that of a URL.
pub(crate) fn encoded(path: &str) -> String {
    const UNSAFE: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'`')
        .add(b'{')
        .add(b'}');
    utf8_percent_encode(path, UNSAFE).to_string()
}
