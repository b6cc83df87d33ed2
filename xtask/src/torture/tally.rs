//! What came of many points, summed up.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Instant;

use anyhow::{Result, bail};
use tokio::task::JoinSet;

use super::outcome::Difference;

/// What came of one point.
#[derive(Debug)]
pub(crate) struct Point {
    /// How it was disturbed.
    pub(crate) kind: &'static str,
    pub(crate) kills: u64,
    /// Requests beyond the first for each URL.
    pub(crate) repeated: u64,
    /// From the undisturbed crawl.
    pub(crate) difference: Difference,
}

/// The sums.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    points: usize,
    good: usize,
    kinds: BTreeMap<&'static str, usize>,
    kills: u64,
    repeated: u64,
    most_repeated: u64,
    lost: usize,
    double: usize,
}

impl Tally {
    /// Runs points, so many at a time, and prints a line for each that is wrong and then the sums.
    ///
    /// # Errors
    ///
    /// There was one that is wrong.
    pub(crate) async fn of<F>(
        name: &str,
        points: Vec<u64>,
        lanes: usize,
        run: impl Fn(u64) -> F,
    ) -> Result<()>
    where
        F: Future<Output = Result<Point>> + Send + 'static,
    {
        let begun = Instant::now();
        let mut tally = Tally::default();
        let mut running = JoinSet::new();
        let mut left = points.into_iter();
        loop {
            while running.len() < lanes
                && let Some(index) = left.next()
            {
                let point = run(index);
                running.spawn(async move { (index, point.await) });
            }
            let Some(ended) = running.join_next().await else {
                break;
            };
            let (index, point) = ended?;
            if let Err(wrong) = tally.add(point) {
                match tally.wrong() {
                    ..=MOST_TOLD => println!("wrong: --only {name}:{index}: {wrong}"),
                    _ if tally.wrong() == MOST_TOLD + 1 => println!("wrong: and more"),
                    _ => {}
                }
            }
            if tally.points % 500 == 0 {
                println!("{name}: {} so far, {} wrong", tally.points, tally.wrong());
            }
        }
        tally.print(name, begun);
        if tally.wrong() > 0 {
            bail!("{} of the {name} ended wrong", tally.wrong());
        }
        Ok(())
    }

    fn add(&mut self, point: Result<Point>) -> Result<(), String> {
        self.points += 1;
        let point = point.map_err(|error| format!("{error:#}"))?;
        *self.kinds.entry(point.kind).or_default() += 1;
        self.kills += point.kills;
        self.repeated += point.repeated;
        self.most_repeated = self.most_repeated.max(point.repeated);
        self.lost += point.difference.lost;
        self.double += point.difference.double;
        if !point.difference.text.is_empty() {
            return Err(format!("{}: {}", point.kind, point.difference.text));
        }
        self.good += 1;
        Ok(())
    }

    fn wrong(&self) -> usize {
        self.points - self.good
    }

    fn print(&self, name: &str, begun: Instant) {
        for (kind, points) in &self.kinds {
            println!("{name}: {points:>6} {kind}");
        }
        println!(
            "{name}: {} of {} points ended as the undisturbed run; {} kills, {} requests repeated, at most {} at a \
             point; {} lost, {} double; {:.1} s",
            self.good,
            self.points,
            self.kills,
            self.repeated,
            self.most_repeated,
            self.lost,
            self.double,
            begun.elapsed().as_secs_f64(),
        );
    }
}

/// So many that are wrong are told one by one.
const MOST_TOLD: usize = 30;
