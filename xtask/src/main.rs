//! The workspace's chores, as `cargo xtask COMMAND`: what CI runs, the loopback test site, the benchmarks, the torture.
//!
//! There is no other tool beside cargo. Each command is the module of its name; [`cargo`] starts cargo for them.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "a command-line tool speaks on standard output"
)]

mod cargo;

mod ci;

mod deny;
mod doc;
mod layers;
mod lint;
mod loom;
mod sanitize;
mod test;

mod bench;
mod hostile;
mod judge;
mod refer;
mod site;
mod source;
mod torture;

use std::process::ExitCode;

use clap::Parser;

/// The workspace's chores: what CI runs, the loopback test site, the benchmarks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Runs what CI runs: lint, layers, doc, test, hostile, torture; stops at the first that fails
    Ci,
    /// Checks the formatting and runs clippy over everything, warnings denied
    Lint,
    /// Checks that the arrows between the crates are those written in ARCHITECTURE.md
    ///
    /// The arrows built are the normal dependencies in each Cargo.toml (not those of tests and build scripts). Those
    /// written are the lines of the fenced block with the info string `layers`, one line a crate, by the name of its
    /// folder: `pipeliner -> promise, queue`, and `promise ->` for none.
    Layers,
    /// Builds the documentation, warnings denied
    Doc,
    /// Runs every test, the loom models, the bugs planted for them, and then the examples
    Test,
    /// Tries every interleaving of the threads in the models of promise, queue and pipeliner
    Loom(loom::Args),
    /// Runs the tests of promise, queue and pipeliner under a race detector, those of promise also under Miri
    ///
    /// The detector is `ThreadSanitizer`. Not in CI: it needs a nightly toolchain with the components rust-src and miri.
    Sanitize,
    /// Serves a test site on 127.0.0.1 and counts what is asked of it
    #[command(long_about = site::LONG_ABOUT)]
    Site(site::Args),
    /// Measures what the documentation claims
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Serves every kind of hostile answer, and looks what dragline makes of it
    #[command(long_about = hostile::LONG_ABOUT)]
    Hostile(hostile::Args),
    /// Kills dragline, cuts its power and fills its disk, and looks whether anything is lost
    #[command(long_about = torture::LONG_ABOUT)]
    Torture(torture::Args),
    /// Asks a browser whether a copy is the site
    #[command(subcommand, long_about = judge::LONG_ABOUT)]
    Judge(judge::Judge),
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Ci => ci::run(),
        Command::Lint => lint::run(),
        Command::Layers => layers::run(),
        Command::Doc => doc::run(),
        Command::Test => test::run(),
        Command::Loom(args) => loom::run(&args),
        Command::Sanitize => sanitize::run(),
        Command::Site(args) => site::run(&args),
        Command::Bench(bench) => bench::run(bench),
        Command::Hostile(args) => hostile::run(&args),
        Command::Torture(args) => torture::run(&args),
        Command::Judge(judge) => judge::run(judge),
    };
    // In one line, never with the backtrace that `main` would print of an error it returns where RUST_BACKTRACE is set:
    // what failed has said why already.
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Command;

    #[test]
    fn command_line_is_well_formed() {
        Command::command().debug_assert();
    }
}
