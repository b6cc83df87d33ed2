//! Contenders of one shape, measured in turns.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use nix::time::{ClockId, clock_gettime};
use tokio::runtime::{Builder, Runtime};

use crate::counted::counted;

/// How much is measured.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// Only the shapes whose title has this in it.
    pub(crate) filter: Option<String>,
}

/// What one design takes for an operation.
#[derive(Debug)]
struct Taken {
    nanos: f64,
    allocations: f64,
    bytes: f64,
}

/// One design at work: calling it does the shape's number of operations.
struct Contender {
    name: &'static str,
    run: Box<dyn FnMut()>,
}

/// What the contenders do, and what is asked of ours.
pub(crate) struct Shape {
    title: String,
    /// Operations a call.
    operations: u32,
    pub(crate) clock: Clock,
    contenders: Vec<Contender>,
    bars: Vec<Bar>,
}

/// What is asked of one of ours.
struct Bar {
    ours: &'static str,
    at_most: f64,
    of: Of,
}

/// What a bar limits.
enum Of {
    /// The time, as a multiple of a peer's.
    Time(&'static str),
    /// The allocations an operation, without those of the row that does without any of this.
    Allocations,
    /// The bytes an operation.
    Bytes,
}

/// The row of the harness alone, whose allocations are nobody's.
pub(crate) const FLOOR: &str = "(no limit: the floor)";

impl Shape {
    pub(crate) fn new(title: impl Into<String>, operations: u32) -> Self {
        Shape {
            title: title.into(),
            operations,
            clock: Clock::Thread,
            contenders: Vec::new(),
            bars: Vec::new(),
        }
    }

    /// Adds a contender. The first is the one that the others are compared to.
    pub(crate) fn add(&mut self, name: &'static str, run: impl FnMut() + 'static) {
        let run = Box::new(run);
        self.contenders.push(Contender { name, run });
    }

    /// Asks that `ours` takes at most so many times as long as `peer`.
    pub(crate) fn at_most(&mut self, ours: &'static str, at_most: f64, peer: &'static str) {
        let of = Of::Time(peer);
        self.bars.push(Bar { ours, at_most, of });
    }

    /// Asks that `ours` makes at most so many allocations an operation.
    pub(crate) fn allocations(&mut self, ours: &'static str, at_most: f64) {
        let of = Of::Allocations;
        self.bars.push(Bar { ours, at_most, of });
    }

    /// Asks that `ours` allocates at most so many bytes an operation.
    pub(crate) fn bytes(&mut self, ours: &'static str, at_most: f64) {
        let of = Of::Bytes;
        self.bars.push(Bar { ours, at_most, of });
    }

    fn measure(&mut self, rounds: usize) -> Vec<Taken> {
        let operations = f64::from(self.operations);
        for contender in &mut self.contenders {
            (contender.run)(); // Warm.
        }
        let mut nanos = vec![Vec::new(); self.contenders.len()];
        for round in 0..rounds {
            let mut order: Vec<usize> = (0..self.contenders.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for index in order {
                let begun = self.clock.now();
                (self.contenders[index].run)();
                nanos[index].push((self.clock.now() - begun) / operations);
            }
        }
        let count = |contender: &mut Contender| {
            let (allocations, bytes) = counted(|| (contender.run)());
            (per(allocations, operations), per(bytes, operations))
        };
        let counts = self.contenders.iter_mut().map(count);
        counts
            .zip(nanos)
            .map(|((allocations, bytes), nanos)| Taken {
                nanos: median(nanos),
                allocations,
                bytes,
            })
            .collect()
    }
}

impl Plan {
    /// Tells whether a shape is to be measured.
    pub(crate) fn has(&self, title: &str) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|filter| title.contains(filter.as_str()))
    }

    /// Measures a shape, prints it, and returns what came of each bar.
    pub(crate) fn measure(&self, mut shape: Shape) -> Vec<Verdict> {
        if !self.has(&shape.title) {
            return Vec::new();
        }
        let taken = shape.measure(self.rounds);
        let line = format!("{:<46}", shape.title);
        println!("\n{line}      ns  allocs   bytes  ours / it");
        for (contender, took) in shape.contenders.iter().zip(&taken) {
            println!(
                "  {:<44}{:>8.1}{:>8.2}{:>8.0}{:>11.2}",
                contender.name,
                took.nanos,
                took.allocations,
                took.bytes,
                taken[0].nanos / took.nanos,
            );
        }
        let verdicts = shape.verdicts(&taken);
        for verdict in &verdicts {
            println!("  {verdict}");
        }
        verdicts
    }
}

impl Shape {
    fn verdicts(&self, taken: &[Taken]) -> Vec<Verdict> {
        let of = |name: &str| {
            let at = self.contenders.iter().position(|it| it.name == name);
            &taken[at.expect("bars name contenders")]
        };
        let floor = self.contenders.iter().position(|it| it.name == FLOOR);
        let floor = floor.map_or(0.0, |at| taken[at].allocations);
        let verdict = |bar: &Bar| {
            let (is, what) = match bar.of {
                Of::Time(peer) => (of(bar.ours).nanos / of(peer).nanos, format!("x {peer}")),
                Of::Allocations => (of(bar.ours).allocations - floor, "allocations".to_owned()),
                Of::Bytes => (of(bar.ours).bytes, "bytes".to_owned()),
            };
            // As many places as are printed.
            let met = (is * 100.0).round() / 100.0 <= bar.at_most;
            Verdict {
                text: format!("{}: {is:.2} {what}, bar {:.2}", bar.ours, bar.at_most),
                shape: self.title.clone(),
                met,
            }
        };
        self.bars.iter().map(verdict).collect()
    }
}

/// What came of a bar.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) shape: String,
    text: String,
    pub(crate) met: bool,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let met = if self.met { "met   " } else { "MISSED" };
        write!(f, "{met} {}", self.text)
    }
}

/// What a shape's time is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// The thread's own CPU time: what others do on the machine does not count.
    Thread,
    /// The wall's, where more threads than this one work, or none does.
    Wall,
}

impl Clock {
    /// Nanoseconds since some point.
    #[expect(
        clippy::cast_precision_loss,
        reason = "uptimes in nanoseconds are below 2^52 for fifty days"
    )]
    fn now(self) -> f64 {
        let clock = match self {
            Clock::Thread => ClockId::CLOCK_THREAD_CPUTIME_ID,
            Clock::Wall => ClockId::CLOCK_MONOTONIC,
        };
        let now = clock_gettime(clock).expect("Linux has this clock");
        now.tv_sec() as f64 * 1e9 + now.tv_nsec() as f64
    }
}

/// A runtime of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    One,
    Two,
}

impl Threads {
    pub(crate) fn runtime(self) -> Arc<Runtime> {
        let mut builder = match self {
            Threads::One => Builder::new_current_thread(),
            Threads::Two => Builder::new_multi_thread(),
        };
        if self == Threads::Two {
            builder.worker_threads(2);
        }
        let runtime = builder.enable_time().build();
        Arc::new(runtime.expect("a runtime can be started"))
    }
}

impl Threads {
    pub(crate) fn clock(self) -> Clock {
        match self {
            Threads::One => Clock::Thread,
            Threads::Two => Clock::Wall,
        }
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Threads::One => "one thread",
            Threads::Two => "two workers",
        })
    }
}

/// A waker as an executor's: counted references, and little behind them.
pub(crate) fn waker() -> Waker {
    struct Nothing;
    impl Wake for Nothing {
        fn wake(self: Arc<Self>) {}
    }
    Waker::from(Arc::new(Nothing))
}

/// Gives way once, as a job that waits for something short.
pub(crate) async fn give_way() {
    let mut gave = false;
    std::future::poll_fn(|cx: &mut Context<'_>| {
        if std::mem::replace(&mut gave, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a round are far below 2^52"
)]
fn per(count: u64, operations: f64) -> f64 {
    count as f64 / operations
}
