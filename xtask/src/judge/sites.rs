//! `cargo xtask judge sites`.

use anyhow::{Result, bail};
use browser::Browser;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

#[expect(clippy::unused_async, reason = "a stub for the moment")]
pub(crate) async fn run(_args: &Args, _browser: &Browser) -> Result<()> {
    bail!("not yet")
}
