//! `cargo xtask hostile pace`: a server that says how fast it may be asked, and whether that is kept to.

use std::collections::VecDeque;
use std::fs;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use super::behaviour::Trouble;
use super::run::Program;
use super::script::{HTML, Script};
use super::seen;
use super::server::{Answer, Asked, Bound, Door, Urls};
use super::stage::STATE;
use crate::torture::place::scratch;

/// What `cargo xtask hostile pace --help` says.
pub(crate) const LONG_ABOUT: &str = "\
Crawls servers that enforce how fast they may be asked, and measures how well that is kept to

Each server has some hundred pages and lets so many requests a second through, each in its way; the crawl is not told. Asked
is that it comes to the end, without a page missing or failed; that after the first seconds fewer than 1 % of the requests
are refused; and that it is asked at 90 % or more of what it allows.";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many requests a second each server allows
    #[arg(long, value_name = "R", default_value_t = 50)]
    rate: u32,

    /// For how long a crawl lasts that is asked as fast as may be, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    seconds: u32,

    /// Runs only this one
    #[arg(long, value_name = "NAME")]
    only: Option<String>,

    /// Prints what each server saw, second by second
    #[arg(long)]
    seconds_each: bool,

    /// How many crawls go on at a time
    #[arg(long, value_name = "N", default_value_t = 3)]
    lanes: usize,

    /// Takes the release build of dragline
    #[arg(long)]
    pub(crate) release: bool,
}

/// In which way a server keeps itself from being asked too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A bucket that so many tokens a second drop into, and a fifth of a second's fit; 429 when there is none.
    Bucket,
    /// The same, and each refusal says to wait for 1 s.
    BucketWithRetryAfter,
    /// So many in each second of the clock; 503 to the rest.
    Window,
    /// Requests are worked on four at a time and wait for their turn; when many wait, each takes longer.
    Slows,
    /// The same, and more than 32 that wait are refused by 503.
    SlowsAndRefuses,
}

const WAYS: [(&str, Way); 5] = [
    ("bucket", Way::Bucket),
    ("bucket-retry-after", Way::BucketWithRetryAfter),
    ("window", Way::Window),
    ("slows", Way::Slows),
    ("slows-and-refuses", Way::SlowsAndRefuses),
];

/// What a server makes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is answered after so long.
    After(Duration),
    Refused,
}

/// How many a server lets through, and what it has let through.
#[derive(Debug)]
struct Gate {
    way: Way,
    rate: f64,
    tokens: f64,
    filled: Duration,
    /// The second of the clock that is now, and what came in it.
    window: (u64, u32),
    /// When each of those in work or waiting will be done.
    busy: VecDeque<Duration>,
    /// When each request came, and whether it was let through.
    seen: Vec<(Duration, bool)>,
}

impl Gate {
    fn new(way: Way, rate: u32) -> Self {
        let rate = f64::from(rate);
        Gate {
            way,
            rate,
            tokens: rate * BURST,
            filled: Duration::ZERO,
            window: (0, 0),
            busy: VecDeque::new(),
            seen: Vec::new(),
        }
    }

    fn ask(&mut self, now: Duration) -> Verdict {
        let verdict = match self.way {
            Way::Bucket | Way::BucketWithRetryAfter => self.bucket(now),
            Way::Window => self.window(now),
            Way::Slows => self.work(now, usize::MAX),
            Way::SlowsAndRefuses => self.work(now, MOST_WAITING),
        };
        self.seen.push((now, verdict != Verdict::Refused));
        verdict
    }

    fn bucket(&mut self, now: Duration) -> Verdict {
        let since = now.saturating_sub(self.filled).as_secs_f64();
        self.tokens = (self.tokens + since * self.rate).min((self.rate * BURST).max(1.0));
        self.filled = now;
        if self.tokens < 1.0 {
            return Verdict::Refused;
        }
        self.tokens -= 1.0;
        Verdict::After(LATENCY)
    }

    fn window(&mut self, now: Duration) -> Verdict {
        if self.window.0 != now.as_secs() {
            self.window = (now.as_secs(), 0);
        }
        if f64::from(self.window.1) >= self.rate {
            return Verdict::Refused;
        }
        self.window.1 += 1;
        Verdict::After(LATENCY)
    }

    fn work(&mut self, now: Duration, most: usize) -> Verdict {
        self.busy.retain(|done| *done > now);
        if self.busy.len() >= most {
            return Verdict::Refused;
        }
        // What is crowded takes longer: up to half as long again.
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let (waiting, at_once) = (self.busy.len() as f64, AT_ONCE as f64);
        let crowd = (waiting / CROWD).min(1.0);
        let takes = Duration::from_secs_f64(at_once / self.rate * (1.0 + crowd / 2.0));
        // The one before which it has to wait is the fourth from the end.
        let turn = self.busy.len().checked_sub(AT_ONCE).map(|it| self.busy[it]);
        let done = turn.unwrap_or(now) + takes;
        let place = self.busy.partition_point(|other| *other <= done);
        self.busy.insert(place, done);
        Verdict::After(done.saturating_sub(now))
    }

    /// Sums up what came after the first seconds.
    fn measured(&self) -> Measured {
        let later = self.seen.iter().filter(|(when, _)| *when >= FIRST);
        let (through, refused): (Vec<_>, Vec<_>) = later.partition(|(_, through)| *through);
        let last = through.last().map_or(FIRST, |(when, _)| *when);
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let (through, refused) = (through.len() as f64, refused.len() as f64);
        let at_first = |(when, through): &&(Duration, bool)| *when < FIRST && !through;
        let refused_at_first = self.seen.iter().filter(at_first).count();
        Measured {
            share: through / last.saturating_sub(FIRST).as_secs_f64().max(0.001) / self.rate,
            refused: refused / (through + refused).max(1.0),
            refused_at_first,
        }
    }

    /// Returns how many were let through and how many refused in each second.
    fn by_seconds(&self) -> Vec<(usize, usize)> {
        let mut seconds = Vec::new();
        for (when, through) in &self.seen {
            let second = usize::try_from(when.as_secs()).unwrap_or(0);
            seconds.resize(seconds.len().max(second + 1), (0, 0));
            match through {
                true => seconds[second].0 += 1,
                false => seconds[second].1 += 1,
            }
        }
        seconds
    }
}

/// What came of it, after the first seconds.
#[derive(Debug, Clone, Copy)]
struct Measured {
    /// Of what the server allows.
    share: f64,
    /// Of what was asked for.
    refused: f64,
    /// How many in the first seconds.
    refused_at_first: usize,
}

pub(crate) async fn run(args: &Args, program: Program) -> Result<()> {
    let program = Arc::new(program);
    let mut wrong = 0;
    let mut running = JoinSet::new();
    let chosen = WAYS
        .iter()
        .filter(|(name, _)| args.only.as_ref().is_none_or(|only| only == name));
    let mut left = chosen.copied();
    println!(
        "{:<20} {:>9} {:>9} {:>9} {:>9}",
        "", "of rate", "refused", "at first", "seconds"
    );
    loop {
        while running.len() < args.lanes.max(1)
            && let Some((name, way)) = left.next()
        {
            let (program, rate, seconds) = (Arc::clone(&program), args.rate, args.seconds);
            running.spawn(async move { (name, crawl(&program, way, rate, seconds).await) });
        }
        let Some(done) = running.join_next().await else {
            break;
        };
        let (name, crawled) = done?;
        let crawled = crawled.with_context(|| name.to_owned())?;
        let measured = crawled.measured;
        let is_well = measured.share >= 0.9 && measured.refused < 0.01 && crawled.wrong.is_empty();
        wrong += usize::from(!is_well);
        println!(
            "{name:<20} {:>7.1} % {:>7.2} % {:>9} {:>9.1}  {}",
            measured.share * 100.0,
            measured.refused * 100.0,
            measured.refused_at_first,
            crawled.time.as_secs_f64(),
            if is_well { "ok" } else { "WRONG" },
        );
        for why in crawled.wrong {
            println!("  {why}");
        }
        if args.seconds_each {
            for (second, (through, refused)) in crawled.seconds.iter().enumerate() {
                println!("  {second:>4} s {through:>5} {refused:>5}");
            }
        }
    }
    ensure!(
        wrong == 0,
        "{wrong} servers were asked too fast or too slowly"
    );
    Ok(())
}

struct Crawled {
    measured: Measured,
    seconds: Vec<(usize, usize)>,
    time: Duration,
    wrong: Vec<String>,
}

async fn crawl(program: &Program, way: Way, rate: u32, seconds: u32) -> Result<Crawled> {
    let pages = rate * seconds;
    let gate = Arc::new(Mutex::new(Gate::new(way, rate)));
    let begun = Instant::now();
    let answer: Answer = {
        let gate = Arc::clone(&gate);
        Arc::new(move |asked: &Asked<'_>| {
            if asked.target == "/robots.txt" {
                return Script::status("404 Not Found", "", "");
            }
            let mut gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
            match gate.ask(begun.elapsed()) {
                Verdict::After(time) => Script::default()
                    .wait(time)
                    .followed_by(page(asked.target, pages)),
                Verdict::Refused => refusal(way),
            }
        })
    };
    let bound = Bound::new(Ipv4Addr::LOCALHOST, &Door::Plain).await?;
    let url = format!("http://127.0.0.1:{}/", bound.port);
    let server = bound.serve(Door::Plain, Duration::ZERO, Urls::default(), answer);
    let folder = scratch()?;
    let arguments: Vec<String> = [&url, "--output", "copy", "--quiet", "--jobs=64"]
        .map(str::to_owned)
        .into();
    let limit = Duration::from_secs((seconds * 3 + 30).into());
    let none = std::future::ready(());
    let ran = program
        .run(&arguments, folder.path(), limit, Trouble::None, none)
        .await?;
    drop(server);
    let copy = folder.path().join("copy");
    let files = if copy.is_dir() {
        seen::files(&copy, STATE)?.len()
    } else {
        0
    };
    let mut wrong = Vec::new();
    if ran.is_over_time || ran.exit != 0 {
        let said = String::from_utf8_lossy(&ran.said);
        let failed = said.lines().filter(|it| it.starts_with("failed: ")).count();
        wrong.push(format!(
            "exit code {}, {failed} URLs failed: {}",
            ran.exit,
            said.lines().next().unwrap_or("")
        ));
    }
    if files != usize::try_from(pages)? + 1 {
        wrong.push(format!("{files} files in the copy, and not {}", pages + 1));
    }
    fs::remove_dir_all(&copy).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    let gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Crawled {
        measured: gate.measured(),
        seconds: gate.by_seconds(),
        time: ran.time,
        wrong,
    })
}

fn page(target: &str, pages: u32) -> Script {
    if target == "/" {
        let links: String = (0..pages)
            .map(|it| format!("<a href=/{it}.html>{it}</a>\n"))
            .collect();
        return Script::page(links);
    }
    Script::ok(HTML, format!("<p>{target}"))
}

fn refusal(way: Way) -> Script {
    match way {
        Way::Bucket => Script::status("429 Too Many Requests", "", ""),
        Way::BucketWithRetryAfter => {
            Script::status("429 Too Many Requests", "retry-after: 1\r\n", "")
        }
        _ => Script::status("503 Service Unavailable", "", ""),
    }
}

/// What is not counted: by then it has to be found out how fast is too fast.
const FIRST: Duration = Duration::from_secs(5);
/// How long an answer takes that need not wait.
const LATENCY: Duration = Duration::from_millis(20);
/// So many seconds' worth may come at once.
const BURST: f64 = 0.2;
/// So many are worked on at a time.
const AT_ONCE: usize = 4;
/// With so many it takes half as long again.
const CROWD: f64 = 32.0;
/// With so many the next is refused.
const MOST_WAITING: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks at a steady rate for ten seconds; returns how many were let through and refused.
    fn ask(way: Way, each: Duration) -> (usize, usize) {
        let mut gate = Gate::new(way, 50);
        let mut now = Duration::ZERO;
        while now < Duration::from_secs(10) {
            gate.ask(now);
            now += each;
        }
        let through = gate.seen.iter().filter(|(_, through)| *through).count();
        (through, gate.seen.len() - through)
    }

    #[test]
    fn who_asks_as_fast_as_is_allowed_is_not_refused() {
        for (name, way) in WAYS {
            let (through, refused) = ask(way, Duration::from_millis(21));
            assert_eq!((through, refused), (477, 0), "{name}");
        }
    }

    #[test]
    fn who_asks_twice_as_fast_is_refused_half() {
        for way in [Way::Bucket, Way::Window] {
            let (through, refused) = ask(way, Duration::from_millis(10));
            assert!((500..=511).contains(&through), "{through}");
            assert_eq!(through + refused, 1000);
        }
    }

    #[test]
    fn who_waits_in_a_crowd_waits_longer() {
        let mut gate = Gate::new(Way::Slows, 50);
        let Verdict::After(first) = gate.ask(Duration::ZERO) else {
            panic!("it is never refused");
        };
        let mut last = first;
        for _ in 0..40 {
            if let Verdict::After(time) = gate.ask(Duration::ZERO) {
                last = time;
            }
        }
        assert_eq!(first, Duration::from_millis(80));
        assert!(last > first * 10, "{last:?}");
    }
}
