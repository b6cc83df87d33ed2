//! The least that a crawl can cost here: hyper fetches URLs that are known before, `memchr` looks for links, and each body
//! is written to a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use memchr::memmem;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The site
    url: hyper::Uri,
    /// The number of connections
    jobs: usize,
    /// Where the files go
    folder: PathBuf,
    /// A file with the addresses, a line each
    list: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let list = fs::read_to_string(&args.list)?;
    let addresses: Arc<Vec<String>> = Arc::new(list.lines().map(str::to_owned).collect());
    let host = args.url.authority().context("no host")?.to_string();
    let (next, folder) = (Arc::new(AtomicUsize::new(0)), Arc::new(args.folder.clone()));
    fs::create_dir_all(&*folder)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut connections = JoinSet::new();
        for _ in 0..args.jobs {
            let (addresses, next) = (Arc::clone(&addresses), Arc::clone(&next));
            connections.spawn(fetch(host.clone(), addresses, next, Arc::clone(&folder)));
        }
        let mut links = 0;
        while let Some(found) = connections.join_next().await {
            links += found??;
        }
        println!("{links} links");
        Ok(())
    })
}

/// Fetches what is next, down one connection, until nothing is left; returns how many links there were.
async fn fetch(
    host: String,
    addresses: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
    folder: Arc<PathBuf>,
) -> Result<usize> {
    let stream = TcpStream::connect(&host).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let mut links = 0;
    while let Some(address) = addresses.get(next.fetch_add(1, Ordering::Relaxed)) {
        let request = Request::get(address).header("host", &host);
        let response = sender
            .send_request(request.body(Empty::<Bytes>::new())?)
            .await?;
        let body = response.into_body().collect().await?.to_bytes();
        links += memmem::find_iter(&body, "href=").count();
        links += memmem::find_iter(&body, "src=").count();
        let path = file(&folder, address);
        if let Err(error) = fs::write(&path, &body) {
            let parent = path.parent().with_context(|| error.to_string())?;
            fs::create_dir_all(parent)?;
            fs::write(&path, &body)?;
        }
    }
    drop(sender);
    connection.await??;
    Ok(links)
}

fn file(folder: &Path, address: &str) -> PathBuf {
    let path = folder.join(address.trim_start_matches('/'));
    if address.ends_with('/') {
        path.join("index")
    } else {
        path
    }
}
