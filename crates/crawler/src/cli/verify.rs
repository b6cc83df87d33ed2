//! `dragline verify`.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context as _;
use dragline::{Finding, Looks, THRESHOLD, Verified};
use indicatif::HumanCount;
use serde_json::{Value, json};

use crate::cli::{Exit, Unwritten};
use crate::show;

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The folder of the copy
    dir: PathBuf,

    /// Folder of the archive and the crawl's state [default: DIR/.dragline]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,

    /// Also open pages in headless Chromium: from disk with the network off, and as they are served
    #[arg(long)]
    browser: bool,

    /// Open at most so many pages, evenly spread over the copy
    #[arg(long, value_name = "N", default_value = "60", requires = "browser")]
    pages: NonZeroUsize,

    /// Print what falls short as JSON, an object a line, and last what was looked at
    #[arg(long)]
    json: bool,
}

impl Verify {
    #[tokio::main]
    pub(crate) async fn run(&self) -> anyhow::Result<Exit> {
        let default = || self.dir.join(dragline::STATE_FOLDER);
        let state = self.state_dir.clone().unwrap_or_else(default);
        let mut verified = dragline::verify(&self.dir, &state)?;
        let looks = if self.browser {
            Some(verified.browse(self.pages).await?)
        } else {
            None
        };
        let mut out = io::stdout().lock();
        let printed = if self.json {
            print_json(&mut out, &verified, looks)
        } else {
            print(&mut out, &verified, looks)
        };
        match printed {
            // Where it goes may be closed; then nobody reads it.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                return Err(error).context(Unwritten("-".into()));
            }
            _ => {}
        }
        Ok(if verified.findings.is_empty() {
            Exit::Complete
        } else {
            Exit::Short
        })
    }
}

fn print(out: &mut impl Write, verified: &Verified, looks: Option<Looks>) -> io::Result<()> {
    let count = |count: usize| HumanCount(count as u64).to_string();
    let found = |kinds: &[&str]| {
        let first = verified.findings.first().iter();
        first.filter(|it| kinds.contains(&it.kind())).count()
    };
    let outward = verified.outward.counts.iter();
    let outward: Vec<_> = outward
        .map(|(why, number)| format!("{} {}", count(*number), why.as_str()))
        .collect();
    let mut rows = vec![
        ("files", verified.files, found(&["file"]), String::new()),
        (
            "references",
            verified.references,
            found(&["dangling"]),
            String::new(),
        ),
        (
            "leading out",
            verified.outward.all(),
            found(&["leads out", "not asked for"]),
            outward.join(", "),
        ),
        (
            "records",
            verified.records,
            found(&["record"]),
            String::new(),
        ),
    ];
    if let Some(looks) = looks {
        let short = found(&["page", "looks", "failed request", "network"]);
        let said = format!(
            "of {}; {} look as served, up to {} % of pixels; {} never look the same twice",
            count(looks.pages),
            count(looks.same),
            THRESHOLD * 100.0,
            count(looks.restless),
        );
        rows.push(("pages", looks.opened, short, said));
    }
    writeln!(out, "{:<12} {:>12} {:>8}", "", "looked at", "short")?;
    for (name, number, short, said) in rows {
        let row = format!(
            "{name:<12} {:>12} {:>8}  {said}",
            count(number),
            count(short)
        );
        writeln!(out, "{}", row.trim_end())?;
    }
    let only_served = verified.only_served.len();
    if only_served > 0 {
        writeln!(
            out,
            "{} references work only when it is served",
            count(only_served)
        )?;
    }
    for (url, why) in verified.outward.failed.iter().take(MOST_SHOWN) {
        writeln!(out, "{}", show::plain(&format!("failed: {url}: {why}")))?;
    }
    for finding in verified.findings.first().iter().take(MOST_SHOWN) {
        let line = format!("{}: {finding}", finding.kind());
        writeln!(out, "{}", show::plain(&line))?;
    }
    let more = verified.findings.len().saturating_sub(MOST_SHOWN);
    if more > 0 {
        writeln!(out, "and {} more", count(more))?;
    }
    Ok(())
}

fn print_json(out: &mut impl Write, verified: &Verified, looks: Option<Looks>) -> io::Result<()> {
    for (url, why) in &verified.outward.failed {
        writeln!(out, "{}", json!({ "failed": url, "why": why }))?;
    }
    for only in &verified.only_served {
        let why = only.reason.to_string();
        let line = json!({ "only_served": only.path, "refers_to": only.url, "why": why });
        writeln!(out, "{line}")?;
    }
    for finding in verified.findings.first() {
        writeln!(out, "{}", object(finding))?;
    }
    let outward: serde_json::Map<_, _> = verified
        .outward
        .counts
        .iter()
        .map(|(why, count)| (why.as_str().to_owned(), json!(count)))
        .collect();
    let looks = looks.map(|looks| {
        json!({
            "in_copy": looks.pages,
            "opened": looks.opened,
            "same": looks.same,
            "restless": looks.restless,
            "threshold": THRESHOLD,
        })
    });
    let looked_at = json!({
        "files": verified.files,
        "references": verified.references,
        "outward": outward,
        "records": verified.records,
        "pages": looks,
        "findings": verified.findings.len(),
    });
    writeln!(out, "{looked_at}")
}

fn object(finding: &Finding) -> Value {
    let mut object = match finding {
        Finding::File { path, url, why } => json!({ "path": path, "url": url, "why": why }),
        Finding::Dangling { from, to }
        | Finding::LeadsOut { from, to }
        | Finding::NotAskedFor { from, to } => json!({ "from": from, "to": to }),
        Finding::Record { url, why } => json!({ "url": url, "why": why }),
        Finding::Page { page, why } => json!({ "page": page, "why": why }),
        Finding::Request { page, url, why } => json!({ "page": page, "url": url, "why": why }),
        Finding::Network { page, url } => json!({ "page": page, "url": url }),
        Finding::Looks { page, difference } => json!({ "page": page, "difference": difference }),
        other => json!({ "what": other.to_string() }),
    };
    object["finding"] = json!(finding.kind());
    object
}

/// So many lines of each kind are shown; all are in the JSON.
const MOST_SHOWN: usize = 100;
