//! `cargo xtask sanitize`: the small crates' tests under `ThreadSanitizer`, and the one crate with unsafe code under Miri.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo;

/// The tests that run threads against each other, and all others beside them.
const TESTS: &str = "test --locked -Zbuild-std -p dragline-promise -p dragline-queue -p dragline-pipeliner --lib --tests";

/// Without the examples in the documentation: they say nothing that the tests do not.
const UNSAFE: &str = "miri test --locked -p dragline-promise --lib --test promise";

pub(crate) fn run() -> Result<()> {
    let target = cargo::target_directory()?;
    let host = host()?;
    // The standard library is built with it too, or its locks would be unknown to it.
    let mut threads = nightly(&format!("cargo {TESTS} --target {host}"));
    threads
        .env("RUSTFLAGS", "-Zsanitizer=thread")
        .env("CARGO_TARGET_DIR", target.join("sanitize"));
    cargo::run(&mut threads)?;
    let mut interpreted = nightly(&format!("cargo {UNSAFE}"));
    interpreted
        // Proptest looks where it is; an interpreter is slow.
        .env("MIRIFLAGS", "-Zmiri-disable-isolation")
        .env("PROPTEST_CASES", "16")
        .env("CARGO_TARGET_DIR", target.join("sanitize"));
    cargo::run(&mut interpreted)
}

/// Returns the triple of this machine, for which alone a sanitizer can be run.
fn host() -> Result<String> {
    let version = nightly("rustc -vV")
        .output()
        .context("rustup does not start")?;
    ensure!(
        version.status.success(),
        "there is no nightly toolchain: `rustup toolchain install nightly --component rust-src,miri`"
    );
    let version = String::from_utf8(version.stdout)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// Returns a command of the nightly toolchain, to run in the workspace's root: both tools need one.
fn nightly(command: &str) -> Command {
    let mut rustup = Command::new("rustup");
    rustup
        .args(["run", "nightly"])
        .args(command.split_whitespace())
        .current_dir(cargo::root())
        // Set by the cargo that runs this, for its own toolchain.
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env_remove("LD_LIBRARY_PATH");
    rustup
}
