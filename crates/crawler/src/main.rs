//! The `dragline` program: reads the command line, runs a crawl, shows how it goes.
#![forbid(unsafe_code)]

mod cli;
mod show;

use std::pin::pin;
use std::process::ExitCode;

use anyhow::Context as _;
use dragline::{Crawl, Summary};
use futures::FutureExt as _;
use futures::channel::oneshot;
use tokio::runtime::Runtime;

use crate::cli::{Arguments, Command, Exit};
use crate::show::Show;

fn main() -> ExitCode {
    let arguments = Arguments::typed();
    let done = match &arguments.command {
        Some(Command::Export(export)) => export.run().map(|()| Exit::Complete),
        Some(Command::Serve(serve)) => serve.run().map(|()| Exit::Complete),
        Some(Command::Verify(verify)) => verify.run(),
        None => crawl(arguments).map(|summary| Exit::of(&summary)),
    };
    let exit = match done {
        Ok(exit) => exit,
        Err(error) => {
            show::line(&format!("dragline: {error:#}"));
            if let Some(hint) = cli::hint(&error) {
                show::line(hint);
            }
            Exit::of_error(&error)
        }
    };
    exit.into()
}

/// Runs a crawl on the runtime's own threads: this one would have to be woken for each event.
fn crawl(arguments: Arguments) -> anyhow::Result<Summary> {
    let runtime = Runtime::new().context("cannot start")?;
    let ended = runtime.block_on(runtime.spawn(run(arguments)));
    ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

async fn run(arguments: Arguments) -> anyhow::Result<Summary> {
    let (quiet, changes) = (arguments.output.quiet, arguments.earlier.changes);
    let (config, saved) = arguments.into_config()?;
    let output = config.output.clone();
    let mut crawl = Crawl::start(config)?;
    let mut show = Show::new(quiet, changes);
    let (interrupt, interrupted) = oneshot::channel();
    tokio::spawn(listen(interrupt));
    let mut interrupted = pin!(interrupted.fuse());
    loop {
        tokio::select! {
            event = crawl.next() => match event {
                Some(event) => show.event(&event),
                None => break,
            },
            Ok(()) = &mut interrupted => {
                show.stopping();
                crawl.stop();
            }
            () = show.tick() => show.progress(crawl.progress()),
        }
    }
    let finished = crawl.finish().await;
    if let Some(saved) = saved {
        saved.write()?;
    }
    let summary = finished?;
    show.summary(&summary, &output);
    show.unwritten().context(cli::Unwritten("-".into()))?;
    Ok(summary)
}

/// Passes on the first Ctrl-C, SIGTERM or SIGHUP; the second ends the program, also while it is busy or blocked.
async fn listen(interrupt: oneshot::Sender<()>) {
    if interrupted().await.is_ok() && interrupt.send(()).is_ok() {
        let _ = interrupted().await;
        std::process::exit(Exit::Interrupted.code().into());
    }
}

#[cfg(unix)]
async fn interrupted() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminated.recv() => Ok(()),
        _ = hung_up.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interrupted() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
