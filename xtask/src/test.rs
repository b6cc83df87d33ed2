//! `cargo xtask test`: unit, integration and documentation tests, the loom models, the examples.

use anyhow::Result;

use crate::cargo::{self, cargo};

/// The programs in `examples/`, climbing the layers. Each ends by itself and needs no network beyond loopback.
const EXAMPLES: [&str; 4] = ["promise", "queue", "pipeliner", "crawler"];

pub(crate) fn run() -> Result<()> {
    cargo("test --workspace --locked")?;
    loom()?;
    for example in EXAMPLES {
        cargo(&format!("run --locked --example {example}"))?;
    }
    Ok(())
}

/// Tries the interleavings of the promise's threads, with loom's types in place of the standard library's.
fn loom() -> Result<()> {
    let mut models = cargo::command("test -p dragline-promise --test loom --release --locked");
    models
        .env("RUSTFLAGS", "--cfg loom")
        // Three preemptions find nearly every bug, as loom's documentation has it; without a bound the larger models
        // do not end.
        .env("LOOM_MAX_PREEMPTIONS", "3")
        // Other flags rebuild every dependency: in a folder of their own, neither build throws the other's away.
        .env("CARGO_TARGET_DIR", cargo::target_directory()?.join("loom"));
    cargo::run(&mut models)
}
