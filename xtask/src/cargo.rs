//! Starting cargo in the workspace's root.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Runs cargo with these arguments, its output on ours.
///
/// # Errors
///
/// Fails when cargo cannot be started or exits with another code than 0.
pub(crate) fn cargo(args: &str) -> Result<()> {
    run(&mut command(args))
}

/// Returns cargo with these arguments (separated by spaces), to run in the workspace's root.
pub(crate) fn command(args: &str) -> Command {
    // Cargo tells its children which cargo it is, so that the same toolchain runs all the way down.
    let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.args(args.split_whitespace()).current_dir(root());
    command
}

/// Prints the command as one would type it, and runs it.
///
/// # Errors
///
/// Fails when it cannot be started or exits with another code than 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let typed = typed(command);
    eprintln!("$ {typed}");
    let status = command
        .status()
        .with_context(|| format!("`{typed}` does not start"))?;
    if !status.success() {
        bail!("`{typed}` failed: {status}");
    }
    Ok(())
}

/// Returns what `cargo metadata` says of the workspace's own packages.
///
/// # Errors
///
/// Fails when cargo does, as it does for a `Cargo.toml` that it cannot read.
pub(crate) fn metadata() -> Result<Value> {
    let output = command("metadata --format-version 1 --no-deps")
        .output()
        .context("`cargo metadata` does not start")?;
    if !output.status.success() {
        bail!(
            "`cargo metadata` failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    serde_json::from_slice(&output.stdout).context("`cargo metadata` printed no JSON")
}

/// Returns the folder that cargo builds into, wherever the environment or the configuration put it.
///
/// # Errors
///
/// Fails as [`metadata`] does.
pub(crate) fn target_directory() -> Result<PathBuf> {
    let metadata = metadata()?;
    let path = metadata["target_directory"]
        .as_str()
        .context("`cargo metadata` names no target directory")?;
    Ok(PathBuf::from(path))
}

/// Returns the workspace's root folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in a folder of the workspace's root")
}

/// Spells a command as one would type it: the variables it sets, the program's name, the arguments.
fn typed(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        let (name, value) = (name.to_string_lossy(), value?.to_string_lossy());
        let quote = if value.contains(' ') { "\"" } else { "" };
        Some(format!("{name}={quote}{value}{quote}"))
    });
    let program = Path::new(command.get_program()).file_name();
    let words = program.into_iter().chain(command.get_args());
    variables
        .chain(words.map(|word: &OsStr| word.to_string_lossy().into_owned()))
        .collect::<Vec<_>>()
        .join(" ")
}
