//! What promise, queue and pipeliner cost, beside their peers, in one run: `cargo xtask bench
//! primitives`. Each shape is measured in rounds, forwards and backwards through its contenders;
//! the table has the medians. On one thread, time is the thread's own CPU time; else (and for jobs that
//! sleep), the wall's. Allocations come from a round that is not timed.
#![expect(clippy::print_stdout, reason = "it prints a table")]

mod core;
mod counted;
mod measure;
mod oneshot;
mod queue;
mod schedule;
mod stream;

use measure::{Plan, Verdict};

#[global_allocator]
static COUNTED: counted::Counted = counted::Counted;

fn main() {
    let plan = plan(std::env::args().skip(1));
    let mut verdicts = Vec::new();
    verdicts.extend(oneshot::measure(&plan));
    verdicts.extend(queue::measure(&plan));
    verdicts.extend(schedule::measure(&plan));
    verdicts.extend(stream::measure(&plan));

    let missed: Vec<&Verdict> = verdicts.iter().filter(|verdict| !verdict.met).collect();
    println!("\n{} bars, {} missed", verdicts.len(), missed.len());
    for verdict in missed {
        println!("  {}: {verdict}", verdict.shape);
    }
}

/// Reads `[--rounds N] [NAME]`.
fn plan(mut arguments: impl Iterator<Item = String>) -> Plan {
    let mut plan = Plan {
        rounds: 15,
        filter: None,
    };
    while let Some(argument) = arguments.next() {
        if argument == "--rounds" {
            let rounds = arguments.next().and_then(|rounds| rounds.parse().ok());
            plan.rounds = rounds.expect("--rounds takes a number");
            assert!(plan.rounds > 0, "--rounds takes a number above 0");
        } else {
            plan.filter = Some(argument);
        }
    }
    plan
}
