//! Many callers, few jobs at a time, each caller wants its result.

use std::future::Future;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use pipeliner::{Fairness, Pipeliner};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::{Service, ServiceExt};

use crate::core::Core;
use crate::measure::{Clock, FLOOR, Plan, Shape, Threads, Verdict, give_way};

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

const SCHEDULE: &str = "schedule";
const STRICT: &str = "run, strict FIFO";
const EVENTUAL: &str = "run, eventually fair";
const SPAWN: &str = "tokio spawn + Semaphore";
const PLAIN: &str = "plain: async-channel, futures oneshot";
const INLINE: &str = "inline tokio Semaphore";

pub(crate) fn measure(plan: &Plan) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for threads in [Threads::One, Threads::Two] {
        for limit in [2, 16, 256] {
            verdicts.extend(plan.measure(schedule(threads, limit)));
        }
        for limit in [2, 16, 256] {
            verdicts.extend(plan.measure(run(threads, limit)));
        }
    }
    verdicts.extend(plan.measure(sleep()));
    verdicts
}

/// The callers, each a task that has its jobs done one after the other.
macro_rules! callers {
    ($shape:expr, $name:expr, $runtime:expr, $each:expr, $shared:expr, |$it:pat_param| $call:expr) => {{
        let (runtime, shared) = (Arc::clone($runtime), $shared);
        $shape.add($name, move || {
            let callers: Vec<_> = (0..CALLERS)
                .map(|_| {
                    let $it = shared.clone();
                    runtime.spawn(async move {
                        for _ in 0..$each {
                            black_box($call);
                        }
                    })
                })
                .collect();
            runtime.block_on(async {
                for caller in callers {
                    caller.await.expect("no caller panics");
                }
            });
        });
    }};
}

async fn job() -> u64 {
    give_way().await;
    1
}

#[expect(clippy::too_many_lines, reason = "a list: a few lines a contender")]
fn schedule(threads: Threads, limit: usize) -> Shape {
    let title = format!("schedule: limit {limit}, {threads}");
    let mut shape = Shape::new(title, CALLERS * JOBS);
    shape.clock = threads.clock();
    let runtime = &threads.runtime();

    let (pipeliner, workers) = Pipeliner::unbounded(number(limit));
    for worker in workers {
        drop(runtime.spawn(worker));
    }
    callers!(shape, SCHEDULE, runtime, JOBS, pipeliner, |it| {
        let scheduled = it.schedule(async { Ok::<_, ()>(job().await) }).await;
        scheduled.expect("open").await.expect("it succeeds")
    });
    let permits = Arc::new(Semaphore::new(limit));
    callers!(shape, SPAWN, runtime, JOBS, permits, |it| {
        let permits = Arc::clone(&it);
        let job = tokio::spawn(async move {
            let _permit = permits.acquire().await.expect("open");
            job().await
        });
        job.await.expect("no job panics")
    });
    let permits = Arc::new(Semaphore::new(limit));
    callers!(
        shape,
        "JoinSet + Semaphore",
        runtime,
        JOBS,
        (permits, Own(JoinSet::new())),
        |mut it| {
            let permits = Arc::clone(&it.0);
            it.1.0.spawn(async move {
                let _permit = permits.acquire().await.expect("open");
                job().await
            });
            it.1.0
                .join_next()
                .await
                .expect("one was spawned")
                .expect("no job panics")
        }
    );
    callers!(shape, PLAIN, runtime, JOBS, plain(runtime, limit), |it| {
        let (sender, receiver) = futures::channel::oneshot::channel();
        let job: Boxed = Box::pin(async move {
            sender.send(job().await).expect("awaited");
        });
        it.send(job).await.expect("open");
        receiver.await.expect("every job runs")
    });
    callers!(
        shape,
        "safe core, boxed jobs, our promise",
        runtime,
        JOBS,
        over_core(runtime, limit),
        |it| {
            let (completer, promise) = promise::promise::<u64, ()>();
            let job: Boxed = Box::pin(async move { completer.complete(Ok(job().await)) });
            assert!(it.put(&mut Some(job)).await);
            promise.await.expect("every job runs")
        }
    );
    let service = {
        let _inside = runtime.enter();
        let service = tower::service_fn(|()| async { Ok::<_, tower::BoxError>(job().await) });
        let limited = tower::limit::ConcurrencyLimit::new(service, limit);
        tower::buffer::Buffer::new(limited, CALLERS as usize)
    };
    callers!(
        shape,
        "tower Buffer<ConcurrencyLimit>",
        runtime,
        JOBS,
        service,
        |mut it| {
            let ready = it.ready().await.expect("open");
            ready.call(()).await.expect("it succeeds")
        }
    );
    let executor = Arc::new(async_executor::Executor::<'static>::new());
    for _ in 0..if threads == Threads::One { 1 } else { 2 } {
        let executor = Arc::clone(&executor);
        drop(runtime.spawn(async move { executor.run(std::future::pending::<()>()).await }));
    }
    let permits = Arc::new(async_lock::Semaphore::new(limit));
    callers!(
        shape,
        "smol Executor + async-lock Semaphore",
        runtime,
        JOBS,
        (executor, permits),
        |it| {
            let permits = Arc::clone(&it.1);
            let job = it.0.spawn(async move {
                let _permit = permits.acquire().await;
                job().await
            });
            job.await
        }
    );
    callers!(shape, FLOOR, runtime, JOBS, 0_u8, |_it| job().await);

    match (threads, limit) {
        (Threads::One, 16) => {
            shape.at_most(SCHEDULE, 0.70, SPAWN);
            shape.at_most(SCHEDULE, 0.85, PLAIN);
            shape.allocations(SCHEDULE, 2.3);
        }
        (Threads::Two, 16) => shape.at_most(SCHEDULE, 0.90, SPAWN),
        _ => {}
    }
    shape
}

/// Each caller has a set of its own: it waits for its own jobs.
struct Own(JoinSet<u64>);

impl Clone for Own {
    fn clone(&self) -> Self {
        Own(JoinSet::new())
    }
}

/// The plain design: tasks that take boxed jobs from a channel.
fn plain(runtime: &Runtime, limit: usize) -> async_channel::Sender<Boxed> {
    let (sender, receiver) = async_channel::unbounded::<Boxed>();
    for _ in 0..limit {
        let receiver = receiver.clone();
        drop(runtime.spawn(async move {
            while let Ok(job) = receiver.recv().await {
                job.await;
            }
        }));
    }
    sender
}

/// The same over a queue of safe code.
fn over_core(runtime: &Runtime, limit: usize) -> Core<Boxed> {
    let core = Core::<Boxed>::new(None);
    for _ in 0..limit {
        let core = core.clone();
        drop(runtime.spawn(async move {
            while let Some(job) = core.get().await {
                job.await;
            }
        }));
    }
    core
}

fn run(threads: Threads, limit: usize) -> Shape {
    let title = format!("run: limit {limit}, {threads}");
    let mut shape = Shape::new(title, CALLERS * JOBS);
    shape.clock = threads.clock();
    let runtime = &threads.runtime();
    inline(&mut shape, runtime, limit);
    callers!(shape, FLOOR, runtime, JOBS, 0_u8, |_it| job().await);
    if threads == Threads::One {
        shape.at_most(STRICT, 0.85, INLINE);
        shape.at_most(EVENTUAL, 0.65, INLINE);
        shape.allocations(STRICT, 0.0);
        shape.allocations(EVENTUAL, 0.0);
    }
    shape
}

fn inline(shape: &mut Shape, runtime: &Arc<Runtime>, limit: usize) {
    let strict = Pipeliner::inline(number(limit), Fairness::Strict);
    callers!(shape, STRICT, runtime, JOBS, strict, |it| it
        .run(job())
        .await);
    let eventual = Pipeliner::inline(number(limit), Fairness::Eventual);
    callers!(shape, EVENTUAL, runtime, JOBS, eventual, |it| it
        .run(job())
        .await);
    let permits = Arc::new(Semaphore::new(limit));
    callers!(shape, INLINE, runtime, JOBS, permits, |it| {
        let _permit = it.acquire().await.expect("open");
        job().await
    });
}

/// Jobs that wait for a timer, as they would for a network.
fn sleep() -> Shape {
    let mut shape = Shape::new("sleep: 1 ms, limit 256, one thread", CALLERS * SLEEPS);
    shape.clock = Clock::Wall;
    let runtime = &Threads::One.runtime();
    // The timer starts with the work, not while it waits for its turn.
    let nap = || async { tokio::time::sleep(Duration::from_millis(1)).await };
    let strict = Pipeliner::inline(number(256), Fairness::Strict);
    callers!(shape, STRICT, runtime, SLEEPS, strict, |it| it
        .run(nap())
        .await);
    let eventual = Pipeliner::inline(number(256), Fairness::Eventual);
    callers!(shape, EVENTUAL, runtime, SLEEPS, eventual, |it| it
        .run(nap())
        .await);
    let permits = Arc::new(Semaphore::new(256));
    callers!(shape, INLINE, runtime, SLEEPS, permits, |it| {
        let _permit = it.acquire().await.expect("open");
        nap().await;
    });
    shape.at_most(STRICT, 1.03, INLINE);
    shape.at_most(EVENTUAL, 1.03, INLINE);
    shape
}

fn number(of: usize) -> NonZeroUsize {
    NonZeroUsize::new(of).expect("not zero")
}

const CALLERS: u32 = 512;
const JOBS: u32 = 64;
const SLEEPS: u32 = 16;
