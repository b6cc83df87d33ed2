//! `cargo xtask ci`: all that must hold before a change is kept.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::{deny, doc, hostile, layers, lint, test, torture};

type Step = fn() -> Result<()>;

/// What CI runs, the quick before the slow.
const STEPS: [(&str, Step); 7] = [
    ("lint", lint::run),
    ("deny", deny::run),
    ("layers", layers::run),
    ("doc", doc::run),
    ("test", test::run),
    ("hostile", hostile::light_portion),
    ("torture", torture::small_portion),
];

pub(crate) fn run() -> Result<()> {
    let mut times = Vec::new();
    let outcome = STEPS
        .into_iter()
        .try_for_each(|(name, step)| timed(name, step, &mut times));
    for (name, time) in times {
        println!("ci: {name:<8} {:>7.1} s", time.as_secs_f64());
    }
    outcome
}

fn timed(name: &'static str, step: Step, times: &mut Vec<(&'static str, Duration)>) -> Result<()> {
    println!("ci: {name}");
    let start = Instant::now();
    let outcome = step();
    times.push((name, start.elapsed()));
    outcome.with_context(|| format!("ci stops at {name}"))
}
