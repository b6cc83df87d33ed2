//! What each program took, beside the others.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::runner::{DRAGLINE, FLOOR, TREE_ONLY, WGET, WGET2, WGET2_K};
use super::site::Site;
use crate::bench::measure::Taken;
use crate::site::Report;

/// One crawl, as the child and the site saw it.
#[derive(Debug)]
pub(super) struct Crawled {
    pub(super) taken: Taken,
    pub(super) site_cpu: Duration,
    /// How much that can be reached was never asked for.
    pub(super) missing: usize,
    pub(super) report: Report,
}

/// All crawls of one site.
#[derive(Debug)]
pub(super) struct Table {
    site: String,
    urls: usize,
    bytes: u64,
    jobs: usize,
    rounds: u32,
    /// What waiting for the site's latency takes, if nothing else took time.
    ideal: Duration,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    crawls: Vec<Crawled>,
}

impl Table {
    pub(super) fn new(site: &Site, jobs: usize, rounds: u32, ideal: Duration) -> Self {
        Self {
            site: site.name.clone(),
            urls: site.urls(),
            bytes: site.bytes(),
            jobs,
            rounds,
            ideal,
            rows: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, name: &'static str, crawled: Crawled) {
        match self.rows.iter_mut().find(|row| row.name == name) {
            Some(row) => row.crawls.push(crawled),
            None => self.rows.push(Row {
                name,
                crawls: vec![crawled],
            }),
        }
    }

    /// Fails unless dragline asked for all that can be reached, and for nothing twice.
    pub(super) fn check_coverage(&self) -> Result<()> {
        for row in self
            .rows
            .iter()
            .filter(|row| [DRAGLINE, TREE_ONLY].contains(&row.name))
        {
            for Crawled {
                missing, report, ..
            } in &row.crawls
            {
                if *missing > 0 || !report.repeated.is_empty() {
                    bail!(
                        "{} of {}: {missing} URLs were not asked for\n{report}",
                        row.name,
                        self.site
                    );
                }
            }
        }
        Ok(())
    }

    pub(super) fn json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "program": row.name,
                "wall_s": row.wall(),
                "cpu_s": row.cpu(),
                "site_cpu_s": row.site_cpu(),
                "peak_mib": row.peak(),
                "coverage": self.coverage(row),
                "requests": row.most(|crawled| crawled.report.requests),
                "repeated": row.most(|crawled| crawled.report.repeated.len() as u64),
                "codes": row.crawls.iter().map(|it| it.taken.code).collect::<Vec<_>>(),
            })
        };
        json!({
            "site": self.site,
            "urls": self.urls,
            "bytes": self.bytes,
            "jobs": self.jobs,
            "rounds": self.rounds,
            "ideal_s": self.ideal.as_secs_f64(),
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }

    /// Of what can be reached, how much was asked for: the least of all rounds.
    #[expect(clippy::cast_precision_loss, reason = "a share to three digits")]
    fn coverage(&self, row: &Row) -> f64 {
        let missing = row.most(|crawled| crawled.missing as u64);
        1.0 - missing as f64 / self.urls.max(1) as f64
    }

    fn ratio(&self, of: &str, to: &str, figure: impl Fn(&Row) -> f64) -> Option<f64> {
        let row = |name| self.rows.iter().find(|row| row.name == name);
        Some(figure(row(of)?) / figure(row(to)?))
    }
}

impl Row {
    fn wall(&self) -> f64 {
        median(self.crawls.iter().map(|it| it.taken.wall.as_secs_f64()))
    }

    fn cpu(&self) -> f64 {
        median(self.crawls.iter().map(|it| it.taken.cpu.as_secs_f64()))
    }

    fn site_cpu(&self) -> f64 {
        median(self.crawls.iter().map(|it| it.site_cpu.as_secs_f64()))
    }

    fn peak(&self) -> f64 {
        median(
            self.crawls
                .iter()
                .map(|it| f64::from(it.taken.peak_kib) / 1024.0),
        )
    }

    fn most(&self, count: impl Fn(&Crawled) -> u64) -> u64 {
        self.crawls.iter().map(count).max().unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (urls, bytes) = (self.urls, self.bytes / 1_000_000);
        writeln!(
            f,
            "{}: {urls} URLs, {bytes} MB; {} jobs, medians of {}",
            self.site, self.jobs, self.rounds
        )?;
        writeln!(f, "{HEAD}")?;
        for row in &self.rows {
            writeln!(
                f,
                "{:<22}{:>9.3}{:>9.3}{:>12.3}{:>10.1}{:>10.1} %{:>10}{:>10}",
                row.name,
                row.wall(),
                row.cpu(),
                row.site_cpu(),
                row.peak(),
                self.coverage(row) * 100.0,
                row.most(|crawled| crawled.report.requests),
                row.most(|crawled| crawled.report.repeated.len() as u64),
            )?;
        }
        for row in &self.rows {
            if row.crawls.iter().any(|it| it.taken.code == ENDED) {
                writeln!(
                    f,
                    "{} was ended before it was done: it took too long",
                    row.name
                )?;
            }
        }
        if !self.ideal.is_zero() {
            let ideal = self.ideal.as_secs_f64();
            writeln!(f, "waiting alone takes {ideal:.3} s")?;
        }
        for (of, to) in COMPARED {
            let (wall, cpu) = (self.ratio(of, to, Row::wall), self.ratio(of, to, Row::cpu));
            if let (Some(wall), Some(cpu)) = (wall, cpu) {
                writeln!(f, "{of} / {to}: wall {wall:.2}, CPU {cpu:.2}")?;
            }
        }
        Ok(())
    }
}

/// What `timeout` exits with if it ends a program.
const ENDED: u32 = 124;

const HEAD: &str = "program                  wall s    CPU s  site CPU s  peak MiB    coverage  requests  repeated";

/// Which programs are compared with which.
const COMPARED: [(&str, &str); 5] = [
    (TREE_ONLY, WGET2_K),
    (TREE_ONLY, FLOOR),
    (DRAGLINE, WGET2_K),
    (DRAGLINE, WGET2),
    (DRAGLINE, WGET),
];

/// Returns the value in the middle, or what lies between the two in the middle; there is at least one.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_is_the_middle() {
        let check = |values: &[f64], expected: f64| {
            assert!((median(values.iter().copied()) - expected).abs() < 1e-9);
        };
        check(&[3.0], 3.0);
        check(&[9.0, 1.0, 2.0], 2.0);
        check(&[4.0, 1.0, 2.0, 9.0], 3.0);
    }

    #[test]
    fn coverage_is_all_of_it_once() {
        let check = |name, missing, repeated: &[(String, u32)]| {
            let mut table = Table {
                site: "site".to_owned(),
                urls: 10,
                bytes: 0,
                jobs: 1,
                rounds: 1,
                ideal: Duration::ZERO,
                rows: Vec::new(),
            };
            let crawled = Crawled {
                taken: Taken {
                    wall: Duration::from_secs(1),
                    cpu: Duration::ZERO,
                    peak_kib: 0,
                    code: 0,
                },
                site_cpu: Duration::ZERO,
                missing,
                report: Report {
                    repeated: repeated.to_vec(),
                    ..Report::default()
                },
            };
            table.add(name, crawled);
            table.check_coverage().is_ok()
        };
        assert!(check(DRAGLINE, 0, &[]));
        assert!(!check(DRAGLINE, 1, &[]));
        assert!(!check(TREE_ONLY, 0, &[("/".to_owned(), 2)]));
        assert!(check(WGET2, 1, &[]), "it is measured, not judged");
    }
}
