//! Values as typed: times, sizes, and files to be read.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::WrongUsage;

pub(crate) fn seconds(typed: &str) -> Result<Duration, String> {
    let seconds: f64 = typed
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("must be more than 0".to_owned()),
    }
}

pub(crate) fn bytes(typed: &str) -> Result<u64, String> {
    let (number, unit) = match typed.to_ascii_lowercase().chars().last() {
        Some('k') => (&typed[..typed.len() - 1], 1 << 10),
        Some('m') => (&typed[..typed.len() - 1], 1 << 20),
        Some('g') => (&typed[..typed.len() - 1], 1 << 30),
        _ => (typed, 1),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "not a number of bytes".to_owned())?;
    number
        .checked_mul(unit)
        .ok_or_else(|| "too large".to_owned())
}

/// Reads a file, or standard input if it is `-`.
pub(crate) fn read(file: &Path) -> anyhow::Result<String> {
    let unreadable = || WrongUsage(format!("cannot read `{}`", file.display()));
    let bytes = if file == Path::new("-") {
        io::read_to_string(io::stdin()).map(String::into_bytes)
    } else {
        fs::read(file)
    };
    let bytes = bytes.with_context(unreadable)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
