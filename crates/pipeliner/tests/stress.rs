//! Many threads, many seeds: jobs that succeed, fail, panic and yield, handles and workers that are
//! dropped half-way.
//!
//! `STRESS_ROUNDS=100000 cargo test -p dragline-pipeliner --release --test stress` for longer.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

use dragline_pipeliner::{JobError, Pipeliner, Scheduled};
use futures::executor::block_on;
use futures::future::{Either, select};

/// xorshift64*, to be repeatable by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Succeeds,
    Fails,
    Panics,
}

/// Counts those that are in work at once, also when they are dropped half-way.
struct InWork(Arc<AtomicUsize>);

impl InWork {
    fn new(count: &Arc<AtomicUsize>, limit: usize) -> Self {
        assert!(count.fetch_add(1, Ordering::SeqCst) < limit);
        InWork(Arc::clone(count))
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn job(fate: Fate, yields: u64, count: Arc<AtomicUsize>, limit: usize) -> Result<u64, u64> {
    let _in_work = InWork::new(&count, limit);
    for _ in 0..yields {
        let mut yielded = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
    match fate {
        Fate::Succeeds => Ok(yields),
        Fate::Fails => Err(yields),
        Fate::Panics => panic::resume_unwind(Box::new(yields)),
    }
}

fn check(fate: Fate, yields: u64, scheduled: Scheduled<u64, u64>) {
    match (fate, block_on(scheduled)) {
        (Fate::Succeeds, Ok(n)) | (Fate::Fails, Err(JobError::Failed(n))) => assert_eq!(n, yields),
        (Fate::Panics, Err(JobError::Panicked(panic))) => {
            assert_eq!(panic.into_payload().downcast_ref(), Some(&yields));
        }
        // With the worker that ran it.
        (_, Err(JobError::Cancelled)) => {}
        (fate, ended) => panic!("{fate:?} ended as {ended:?}"),
    }
}

fn round(seed: u64) {
    let mut random = Random(seed | 1);
    let limit = 1 + usize::try_from(random.below(4)).unwrap();
    let limit = NonZeroUsize::new(limit).unwrap();
    let (pipeliner, workers) = match random.below(2) {
        0 => Pipeliner::unbounded(limit),
        _ => Pipeliner::bounded(limit, NonZeroUsize::MIN),
    };
    // All but one may go at any time; the last one stays, or goes with the rest.
    let deserted = random.below(8) == 0;
    let count = Arc::new(AtomicUsize::new(0));
    let (stop, stopped) = async_channel::bounded::<()>(1);
    thread::scope(|scope| {
        for (n, worker) in workers.into_iter().enumerate() {
            let leaves = deserted || (n > 0 && random.below(3) == 0);
            let stopped = stopped.clone();
            scope.spawn(move || {
                if leaves {
                    // Dropped when it is told to stop, in the middle of whatever it does.
                    let stopped = Box::pin(async move { stopped.recv().await.is_ok() });
                    if let Either::Right(_) = block_on(select(worker, stopped)) {}
                } else {
                    block_on(worker);
                }
            });
        }
        let schedulers = [(); 2].map(|()| {
            let mut random = Random(random.below(u64::MAX) | 1);
            let (pipeliner, count) = (pipeliner.clone(), Arc::clone(&count));
            scope.spawn(move || {
                for _ in 0..30 {
                    let yields = random.below(4);
                    let fate = [Fate::Succeeds, Fate::Fails, Fate::Panics]
                        [usize::try_from(random.below(3)).unwrap()];
                    let job = job(fate, yields, Arc::clone(&count), limit.get());
                    let Ok(scheduled) = block_on(pipeliner.schedule(job)) else {
                        assert!(deserted);
                        continue;
                    };
                    match random.below(6) {
                        0 => drop(scheduled),
                        1 => scheduled.detach(),
                        _ => check(fate, yields, scheduled),
                    }
                }
            })
        });
        if random.below(2) == 0 {
            thread::yield_now();
        }
        stop.close();
        // The schedulers' own handles keep it open; it closes with the last of them, or after them.
        if random.below(2) == 0 {
            drop(pipeliner);
        } else {
            scope.spawn(move || {
                for scheduler in schedulers {
                    scheduler.join().unwrap();
                }
                block_on(pipeliner.close());
            });
        }
    });
}

#[test]
fn every_job_ends_as_it_should_and_every_caller_is_told() {
    let rounds = std::env::var("STRESS_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok());
    for seed in 1..=rounds.unwrap_or(300) {
        round(seed);
    }
}
