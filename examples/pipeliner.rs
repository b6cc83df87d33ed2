//! The program it all goes back to (Andy Friesen's `imvu.task` posts, 2008): an unbounded recursive
//! downloader, cured by a pipeliner. Get, write, extract, recurse; never more than three at once.
//!
//! `cargo run --example pipeliner`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod site;

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use dragline_pipeliner::Pipeliner;
use futures::future::{BoxFuture, FutureExt as _, try_join_all};

fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let executor = smol::Executor::new();
    let (pipeliner, workers) = Pipeliner::unbounded(3.try_into()?);
    for worker in workers {
        executor.spawn(worker).detach();
    }
    let downloader = Downloader {
        pipeliner,
        folder: folder.path(),
        seen: Mutex::default(),
    };
    smol::block_on(executor.run(downloader.download("/")))?;

    let files = std::fs::read_dir(folder.path())?.count();
    println!("{files} files written to a temporary folder");
    Ok(())
}

struct Downloader<'a> {
    pipeliner: Pipeliner,
    folder: &'a Path,
    seen: Mutex<HashSet<String>>,
}

impl Downloader<'_> {
    fn download<'a>(&'a self, path: &'a str) -> BoxFuture<'a, anyhow::Result<()>> {
        async move {
            let get = site::get(path.to_owned());
            let page = self
                .pipeliner
                .schedule(get)
                .await?
                .await
                .context("cannot get a page")?;
            println!("got {path}");
            let name = if path == "/" {
                "index.html"
            } else {
                &path[1..]
            };
            std::fs::write(self.folder.join(name), page.body)?;

            let links = extract(page.body);
            let new = links.filter(|link| {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                *link != path && seen.insert((*link).to_owned())
            });
            try_join_all(new.map(|link| self.download(link))).await?;
            Ok(())
        }
        .boxed()
    }
}

/// The links of a page, as far as this example needs to see them.
fn extract(body: &str) -> impl Iterator<Item = &str> {
    body.split("href=\"")
        .chain(body.split("src=\""))
        .filter_map(|rest| {
            let (link, _) = rest.split_once('"')?;
            link.starts_with('/').then_some(link)
        })
}
