//! The `dragline` library in use: a config, a loop over events.
//!
//! `cargo run --release --example crawler -- URL` keeps the site of URL in a folder of its host's
//! name. Without a URL it serves a small site of its own on loopback and keeps that.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod site;

use dragline::{Config, Crawl, Event};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = match std::env::args().nth(1) {
        Some(url) => Config::new(&url)?,
        None => own_site().await?,
    };
    let way_in = config.output.join("index.html");

    let mut crawl = Crawl::start(config)?;
    while let Some(event) = crawl.next().await {
        match event {
            Event::Fetched { url, status, bytes } => println!("{status} {url} ({bytes} bytes)"),
            Event::Failed(failure) => println!("failed: {failure}"),
            _ => {}
        }
    }
    let summary = crawl.finish().await?;

    println!("{} fetched, {} failed", summary.fetched, summary.failed());
    println!(
        "the copy has {} files: open {}",
        summary.files,
        way_in.display()
    );
    anyhow::ensure!(summary.is_complete(), "the copy is not complete");
    Ok(())
}

/// Serves the built-in site for as long as the program runs.
async fn own_site() -> anyhow::Result<Config> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut config = Config::new(&format!("http://{}/", listener.local_addr()?))?;
    config.output = tempfile::Builder::new()
        .prefix("dragline-")
        .tempdir()?
        .keep();
    tokio::spawn(site::serve(listener));
    Ok(config)
}
