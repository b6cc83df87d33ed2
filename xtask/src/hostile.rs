//! `cargo xtask hostile`: no server can hang it, fill it, fool it or be hurt by it.

mod behaviour;
mod behaviours;
mod classes;
mod good;
mod judge;
mod pace;
mod report;
mod run;
mod script;
mod seen;
mod server;
mod stage;

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::cargo::{self, cargo};
use crate::torture::program::look_for_strace;
use behaviour::{Behaviour, Trouble};
use behaviours::Group;
use report::Row;
use run::Program;

/// What `cargo xtask hostile --help` says.
pub(crate) const LONG_ABOUT: &str = "\
Serves every kind of broken and hostile answer, and looks what dragline makes of it

Builds dragline and serves, in this process and on loopback, one behaviour after the other, a few at a time: over connection,
TLS, framing, heads, bodies, redirects, infinite spaces, documents, robots, names and the machine. Beside each are 20 good
pages. Both are crawled by the real program, with short limits, and then the same command is given again.

Of each is asked: a documented exit code, the right one; one line for each URL that failed, saying why; at most 64 MiB more
memory than the good pages alone take; an end in the time that the flags allow; all 20 good pages in the copy, byte for byte;
no part of a file; nothing outside of the folder; no good page asked for twice; requests that are well-formed; for what has
no end at most twice as many requests as the good pages need; and output without anything that steers a terminal.

The table is printed: behaviour, time, memory, requests, what came of it.";

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[expect(clippy::struct_excessive_bools, reason = "a command line has flags")]
pub(crate) struct Args {
    #[command(subcommand)]
    pace: Option<Pace>,

    /// Runs only what has this in its name, or is of this group
    #[arg(long, value_name = "NAME")]
    only: Option<String>,

    /// Prints the table as JSON
    #[arg(long)]
    json: bool,

    /// Lists the behaviours, and runs none
    #[arg(long)]
    list: bool,

    /// Writes the table to HOSTILE.md
    #[arg(long, conflicts_with_all = ["only", "light"])]
    write: bool,

    /// Leaves out what takes an unoptimised build many seconds of work, as CI does
    #[arg(long)]
    light: bool,

    /// How many go on at a time
    #[arg(long, value_name = "N", default_value_t = 4)]
    lanes: usize,

    /// Takes the release build of dragline
    #[arg(long)]
    release: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Pace {
    /// Crawls servers that enforce how fast they may be asked
    #[command(long_about = pace::LONG_ABOUT)]
    Pace(pace::Args),
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    if let Some(Pace::Pace(args)) = &args.pace {
        return runtime.block_on(pace::run(args, build(args.release)?));
    }
    let mut chosen = choose(args.only.as_deref());
    chosen.retain(|(_, it)| !args.light || !HEAVY.contains(&it.name));
    ensure!(
        !chosen.is_empty(),
        "no behaviour is called so; --list names them"
    );
    if args.list {
        for (group, behaviour) in chosen {
            println!(
                "{:<11} {:<28} {}",
                group.name(),
                behaviour.name,
                behaviour.says
            );
        }
        return Ok(());
    }
    runtime.block_on(perform(args, chosen, build(args.release)?))
}

/// Builds dragline.
fn build(release: bool) -> Result<Program> {
    // A build that is not optimised takes some ten times as long for what is work alone.
    let (profile, flag, patience) = if release {
        ("release", " --release", 1)
    } else {
        ("debug", "", 4)
    };
    cargo(&format!("build --locked -p dragline{flag}"))?;
    let path = cargo::target_directory()?.join(profile).join("dragline");
    Ok(Program { path, patience })
}

/// What CI runs of it: all but the heaviest, with the debug build, which is there.
pub(crate) fn light_portion() -> Result<()> {
    run(&Args {
        pace: None,
        only: None,
        json: false,
        list: false,
        write: false,
        light: true,
        lanes: 8,
        release: false,
    })
}

async fn perform(args: &Args, chosen: Vec<(Group, Behaviour)>, program: Program) -> Result<()> {
    let begun = Instant::now();
    let traces = look_for_strace().await.is_ok();
    let flags = flags(&program)?;
    let base = base(&program, &flags).await?;
    let mut rows = Vec::new();
    let mut skipped = 0;
    let mut running = JoinSet::new();
    let (program, flags) = (Arc::new(program), Arc::new(flags));
    let mut left = chosen.into_iter().enumerate();
    loop {
        while running.len() < args.lanes.max(1)
            && let Some((index, (group, behaviour))) = left.next()
        {
            // A machine that lets no process be watched has the others.
            if matches!(behaviour.trouble, Trouble::Strace(..)) && !traces {
                skipped += 1;
                continue;
            }
            let (program, flags) = (Arc::clone(&program), Arc::clone(&flags));
            running.spawn(async move {
                let verdict = stage::perform(&behaviour, &program, &flags, base).await;
                let verdict = verdict.map_err(|error| format!("{error:#}"));
                (index, Row::new(group, &behaviour, verdict))
            });
        }
        let Some(done) = running.join_next().await else {
            break;
        };
        let (index, row) = done?;
        if !args.json {
            println!("{}", row.text());
        }
        rows.push((index, row));
    }
    rows.sort_by_key(|(index, _)| *index);
    let rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
    let wrong = rows.iter().filter(|row| !row.is_right()).count();
    let seconds = begun.elapsed().as_secs_f64();
    if args.json {
        let rows: Vec<Value> = rows.iter().map(Row::json).collect();
        let all =
            json!({"base_kib": base, "seconds": seconds, "skipped": skipped, "behaviours": rows});
        println!("{all:#}");
    } else {
        println!(
            "hostile: {} of {} behaviours as they have to be, {skipped} skipped; {seconds:.1} s",
            rows.len() - wrong,
            rows.len(),
        );
    }
    if args.write {
        let file = cargo::root().join("HOSTILE.md");
        fs::write(&file, report::markdown(&rows)).context("cannot write HOSTILE.md")?;
    }
    if wrong > 0 {
        let names: Vec<_> = rows
            .iter()
            .filter(|row| !row.is_right())
            .map(|row| row.name)
            .collect();
        bail!("{wrong} behaviours ended wrong: {}", names.join(", "));
    }
    Ok(())
}

/// Returns the behaviours that are meant, with their groups.
fn choose(only: Option<&str>) -> Vec<(Group, Behaviour)> {
    let mut all = behaviours::all();
    if let Some(only) = only {
        // A name that is whole means this one alone.
        if all.iter().any(|(_, it)| it.name == only) {
            all.retain(|(_, it)| it.name == only);
        } else {
            all.retain(|(group, it)| group.name() == only || it.name.contains(only));
        }
    }
    all
}

/// Measures the memory that the good pages alone take, in KiB.
async fn base(program: &Program, flags: &[String]) -> Result<u64> {
    let alone = Behaviour::new("alone", "the good pages, and nothing else");
    let verdict = stage::perform(&alone, program, flags, u64::MAX >> 16).await?;
    ensure!(
        verdict.wrong.is_empty(),
        "not even the good pages alone are crawled: {}",
        verdict.wrong.join("; ")
    );
    Ok(verdict.peak)
}

/// Returns the flags that each crawl is given: short limits.
fn flags(program: &Program) -> Result<Vec<String>> {
    let help = std::process::Command::new(&program.path)
        .arg("--help")
        .output()
        .context("dragline --help")?;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let mut flags = Vec::new();
    for (flag, value) in FLAGS {
        if help.contains(flag) {
            flags.push(format!("{flag}={value}"));
        }
    }
    Ok(flags)
}

/// What takes an unoptimised build many seconds of work. It is of what many small tests ask too: linear time.
const HEAVY: [&str; 16] = [
    "almost-tags",
    "ampersands-in-a-link",
    "attribute-without-end",
    "comment-without-end",
    "data-url",
    "hundreds-of-thousands-of-links",
    "long-srcset",
    "many-attributes",
    "many-links-to-one",
    "nested-css",
    "nested-formats",
    "nested-functions",
    "script-without-end",
    "sitemap-many",
    "tiny-chunks",
    "url-without-end",
];

const FLAGS: [(&str, &str); 7] = [
    ("--jobs", "8"),
    ("--timeout", "2"),
    ("--connect-timeout", "1"),
    ("--tries", "2"),
    ("--waitretry", "0.2"),
    ("--max-filesize", "8m"),
    ("--max-alike", "8"),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn there_are_at_least_96_and_each_has_a_name_of_its_own() {
        let all = choose(None);
        let names: HashSet<_> = all.iter().map(|(_, behaviour)| behaviour.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.len() >= 96, "{}", all.len());
    }

    #[test]
    fn what_is_heavy_is_a_behaviour_and_each_group_has_lighter_ones() {
        let mut all = choose(None);
        let before = all.len();
        let groups = |all: &[(Group, Behaviour)]| {
            let mut groups: Vec<_> = all.iter().map(|(group, _)| group.name()).collect();
            groups.dedup();
            groups
        };
        let all_groups = groups(&all);
        all.retain(|(_, it)| !HEAVY.contains(&it.name));
        assert_eq!(all.len(), before - HEAVY.len());
        assert_eq!(groups(&all), all_groups);
    }

    #[test]
    fn a_whole_name_means_this_one() {
        assert_eq!(choose(Some("short-body")).len(), 1);
        assert!(choose(Some("tls")).len() > 5);
    }
}
