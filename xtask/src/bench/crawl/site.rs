//! What is crawled.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::{Context, Result};

use super::reach;
use crate::cargo;
use crate::site::{Content, Fixed, Pages, PagesArgs, Resource, Server, content_type};
use crate::source::{From, Source, encoded};

/// What `--site` takes.
pub(super) const NAMES: [&str; 4] = ["pages", "python3.11-doc", "libstdc++-12-doc", "rust-doc"];

const SOURCES: [Source; 3] = [
    Source {
        name: "python3.11-doc",
        from: From::Debian(&["python3.11-doc"]),
        root: "usr/share/doc/python3.11/html",
        parts: &[],
        seeds: &["index.html"],
    },
    Source {
        name: "libstdc++-12-doc",
        from: From::Debian(&["libstdc++-12-doc"]),
        root: "usr/share/doc/gcc-12-base/libstdc++",
        parts: &[],
        seeds: &["user/index.html"],
    },
    Source {
        name: "rust-doc",
        from: From::Debian(&["rust-doc"]),
        root: "usr/share/doc/rust-doc/html",
        parts: &[],
        seeds: &["index.html"],
    },
];

/// A site, and what of it can be reached.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) name: String,
    /// The address where a crawl begins.
    pub(super) seed: String,
    /// The addresses of all that is there and can be reached.
    pub(super) reachable: BTreeSet<String>,
    bytes: u64,
    served: Served,
}

#[derive(Debug)]
enum Served {
    Pages(PagesArgs),
    /// All files, in memory: no disk is measured.
    Files(Arc<RwLock<Fixed>>),
}

impl Site {
    /// Makes a site, or gets it.
    pub(super) fn of(name: &str, pages: PagesArgs) -> Result<Self> {
        let Some(source) = SOURCES.iter().find(|source| source.name == name) else {
            let made = pages.build();
            return Ok(Self {
                name: name.to_owned(),
                seed: "/".to_owned(),
                reachable: (0..made.count()).map(Pages::address).collect(),
                bytes: u64::from(made.count()) * made.bytes() as u64,
                served: Served::Pages(pages),
            });
        };
        let folder = folder(source)?;
        let mut fixed = Fixed::default();
        read(&folder, &mut fixed).with_context(|| format!("cannot read {}", folder.display()))?;
        let seed = format!("/{}", source.seeds[0]);
        let reachable = reach::from(&seed, &fixed);
        let length = |address: &String| match fixed.find(address) {
            Some(Resource::Document { body, .. }) => body.len() as u64,
            _ => 0,
        };
        Ok(Self {
            name: name.to_owned(),
            seed,
            bytes: reachable.iter().map(length).sum(),
            reachable,
            served: Served::Files(Arc::new(RwLock::new(fixed))),
        })
    }

    /// How many URLs can be reached.
    pub(super) fn urls(&self) -> usize {
        self.reachable.len()
    }

    /// How long all is that can be reached.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) async fn serve(&self, latency: Duration) -> io::Result<Server> {
        let content = match &self.served {
            Served::Pages(pages) => Content::Pages(pages.build()),
            Served::Files(files) => Content::Fixed(Arc::clone(files)),
        };
        Server::start(content, latency, 0).await
    }

    /// How much that can be reached nobody asked a server for.
    pub(super) fn never_asked_for(&self, server: &Server) -> usize {
        let asked_for = |address: &&String| !server.was_asked_for(address);
        self.reachable.iter().filter(asked_for).count()
    }
}

/// Returns the folder of documentation that Debian packages, downloaded if it is not there.
pub(crate) fn documentation(name: &str) -> Result<PathBuf> {
    let source = SOURCES.iter().find(|source| source.name == name);
    folder(source.context("no such documentation is known")?)
}

fn folder(source: &Source) -> Result<PathBuf> {
    source.folder(&cargo::target_directory()?.join("bench-sites"))
}

/// Reads a folder: its files, `index.html` for a folder, and from a folder's name to that.
fn read(root: &Path, fixed: &mut Fixed) -> io::Result<()> {
    let mut folders = vec![(root.to_owned(), "/".to_owned())];
    while let Some((folder, address)) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let here = format!("{address}{}", encoded(&name));
            if path.is_dir() {
                let within = format!("{here}/");
                fixed.insert(here, Resource::Moved(within.clone()));
                folders.push((path, within));
                continue;
            }
            let document = Resource::Document {
                content_type: content_type(&path),
                coding: None,
                etag: None,
                body: fs::read(&path)?.into(),
            };
            if name == "index.html" {
                fixed.insert(address.clone(), document.clone());
            }
            fixed.insert(here, document);
        }
    }
    Ok(())
}
