//! The `dragline` program: reads the command line, runs a crawl, shows how it goes.
#![forbid(unsafe_code)]

mod cli;
mod show;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use dragline::{Crawl, CrawlError, Event, StartError, Summary};

use crate::cli::{Arguments, Exit};
use crate::show::Show;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let exit = match run(arguments) {
        Ok(summary) => Exit::of(&summary),
        Err(error) => {
            show::line(&format!("dragline: {error:#}"));
            Exit::of_error(&error)
        }
    };
    exit.into()
}

#[tokio::main]
async fn run(arguments: Arguments) -> anyhow::Result<Summary> {
    let quiet = arguments.quiet;
    let config = arguments.into_config()?;
    let output = config.output.clone();
    let mut crawl = Crawl::start(config)?;
    let mut show = Show::new(quiet);
    let mut stopping = false;
    loop {
        tokio::select! {
            event = crawl.next() => match event {
                Some(event) => {
                    stopping |= matches!(event, Event::Building);
                    show.event(&event);
                }
                None => break,
            },
            signal = tokio::signal::ctrl_c() => {
                signal.context("cannot listen for Ctrl-C")?;
                if stopping {
                    std::process::exit(Exit::Interrupted.code().into());
                }
                stopping = true;
                show.stopping();
                crawl.stop();
            }
            () = show.tick() => show.progress(crawl.progress()),
        }
    }
    let summary = crawl.finish().await?;
    show.summary(&summary, &output);
    Ok(summary)
}
