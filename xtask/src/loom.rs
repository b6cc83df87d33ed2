//! `cargo xtask loom`: every interleaving of the threads in the small crates' models, and whether the models notice the
//! bugs planted for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::cargo;

/// The folders of the crates with models, in `tests/loom.rs` each, and how many preemptions are tried. Two or three find
/// nearly every bug, as loom's documentation has it; the queue's models have much below them and take minutes with three.
const CRATES: [(&str, &str); 3] = [("promise", "3"), ("queue", "2"), ("pipeliner", "3")];

/// Where the bugs lie, a folder a crate: patches whose lines `fails: NAME` say which models must fail under them.
const PLANTED: &str = "xtask/planted";

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Plants each bug of xtask/planted in a copy of the workspace and demands that its models fail
    #[arg(long)]
    pub(crate) planted: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.planted { planted() } else { models() }
}

/// Tries the models, with loom's types in place of the standard library's.
pub(crate) fn models() -> Result<()> {
    for (name, preemptions) in CRATES {
        let models = format!("-p dragline-{name} --test loom");
        cargo::run(&mut command(&models, preemptions, "loom")?)?;
    }
    Ok(())
}

/// Plants each bug in turn and demands that every model named in it fails.
pub(crate) fn planted() -> Result<()> {
    let copy = tempfile::tempdir().context("no temporary folder")?;
    copy_workspace(copy.path())?;
    let mut missed = 0;
    println!("{:<66} {:>4}  model", "planted bug", "s");
    for (name, preemptions) in CRATES {
        for patch in patches(name)? {
            missed += plant(name, preemptions, &patch, copy.path())?;
        }
    }
    ensure!(
        missed == 0,
        "{missed} of the models miss the bug planted for them"
    );
    Ok(())
}

/// Plants one bug and takes it out again; returns how many of its models do not fail.
fn plant(name: &str, preemptions: &str, patch: &Path, copy: &Path) -> Result<usize> {
    let text =
        fs::read_to_string(patch).with_context(|| format!("cannot read {}", patch.display()))?;
    let models: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("fails: "))
        .collect();
    ensure!(!models.is_empty(), "{} names no model", patch.display());
    apply(patch, copy, &[])?;
    let start = Instant::now();
    // Built first, by itself: a bug that does not compile must not pass for one that is noticed.
    let arguments = format!("-p dragline-{name} --test loom");
    let mut built = command(&format!("{arguments} --no-run"), preemptions, "planted")?;
    let built = output(built.current_dir(copy))?;
    if !built.status.success() {
        println!(
            "{}: DOES NOT COMPILE\n{}",
            patch.display(),
            String::from_utf8_lossy(&built.stderr)
        );
        apply(patch, copy, &["--reverse"])?;
        return Ok(1);
    }
    let mut missed = 0;
    let bug = patch
        .strip_prefix(cargo::root().join(PLANTED))
        .unwrap_or(patch)
        .with_extension("");
    for model in models {
        let arguments = format!("{arguments} -- --exact {model}");
        let tried = output(command(&arguments, preemptions, "planted")?.current_dir(copy))?;
        let printed = String::from_utf8_lossy(&tried.stdout);
        let outcome = if tried.status.success() {
            missed += 1;
            // Also so when there is no model of that name.
            " MISSES IT"
        } else if printed.contains(&format!("test {model} ... FAILED"))
            || !printed.contains("test result:")
        {
            // Without a result the test's process was killed: a panic inside a panic aborts.
            ""
        } else {
            bail!(
                "cargo fails under {}: {}",
                bug.display(),
                String::from_utf8_lossy(&tried.stderr)
            );
        };
        println!(
            "{:<66} {:>4.1}  {model}{outcome}",
            bug.display().to_string(),
            start.elapsed().as_secs_f64()
        );
    }
    apply(patch, copy, &["--reverse"])?;
    Ok(missed)
}

/// Returns `cargo test` with these arguments and loom's types, built into a folder of its own.
fn command(arguments: &str, preemptions: &str, folder: &str) -> Result<Command> {
    let mut command = cargo::command(&format!("test --release --locked {arguments}"));
    command
        .env("RUSTFLAGS", "--cfg loom")
        .env("LOOM_MAX_PREEMPTIONS", preemptions)
        // Built often and run briefly: what linking would optimise costs more than it saves.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_INCREMENTAL", "1")
        // Other flags rebuild every dependency: in a folder of their own, neither build throws the other's away.
        .env("CARGO_TARGET_DIR", cargo::target_directory()?.join(folder));
    Ok(command)
}

fn output(command: &mut Command) -> Result<Output> {
    command
        .stdin(Stdio::null())
        .output()
        .context("cargo does not start")
}

/// Copies what git knows of the workspace, as it is on the disk.
fn copy_workspace(to: &Path) -> Result<()> {
    let files = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(cargo::root())
        .output()
        .context("git does not start")?;
    ensure!(files.status.success(), "`git ls-files` failed");
    for file in String::from_utf8(files.stdout)?.split_terminator('\0') {
        let (from, to) = (cargo::root().join(file), to.join(file));
        if from.is_file() {
            let folder = to.parent().context("a file lies in a folder")?;
            fs::create_dir_all(folder)?;
            fs::copy(&from, &to).with_context(|| format!("cannot copy {file}"))?;
        }
    }
    Ok(())
}

fn patches(name: &str) -> Result<Vec<PathBuf>> {
    let folder = cargo::root().join(PLANTED).join(name);
    let mut patches = Vec::new();
    for entry in
        fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry?.path();
        patches.extend(
            path.extension()
                .is_some_and(|end| end == "patch")
                .then_some(path),
        );
    }
    patches.sort();
    Ok(patches)
}

fn apply(patch: &Path, copy: &Path, more: &[&str]) -> Result<()> {
    let applied = Command::new("git")
        .arg("apply")
        .args(more)
        .arg(patch)
        .current_dir(copy)
        .output()
        .context("git does not start")?;
    ensure!(
        applied.status.success(),
        "{} does not apply: {}",
        patch.display(),
        String::from_utf8_lossy(&applied.stderr)
    );
    Ok(())
}
