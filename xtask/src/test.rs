//! `cargo xtask test`: unit, integration and documentation tests, the loom models and the bugs planted for them, the
//! examples.

use anyhow::Result;

use crate::cargo::cargo;
use crate::loom;

/// The programs in `examples/`, climbing the layers. Each ends by itself and needs no network beyond loopback.
const EXAMPLES: [&str; 4] = ["promise", "queue", "pipeliner", "crawler"];

pub(crate) fn run() -> Result<()> {
    cargo("test --workspace --locked")?;
    loom::models()?;
    loom::planted()?;
    for example in EXAMPLES {
        cargo(&format!("run --locked --example {example}"))?;
    }
    Ok(())
}
