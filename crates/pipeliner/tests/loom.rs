//! Every interleaving of those who share a limit. Run by `cargo xtask loom`.
//!
//! Modelled: permits, slots and jobs, and below them the real promise and queue (`tests/loom.rs` of
//! each says what of it). Not modelled: the `atomic-waker` crate, for which a stand-in of the same
//! promise is taken, and counts of references, which are of `std`: no model is about whether the
//! last handle or worker is the last.
#![cfg(loom)]

use std::future::{Future, poll_fn};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use dragline_pipeliner::{Fairness, JobError, Pipeliner, Pipelining};
use futures::stream::{self, StreamExt};
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{
    AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use loom::thread;
use promise::promise;

fn limit(limit: usize) -> NonZeroUsize {
    NonZeroUsize::new(limit).unwrap()
}

/// Polls once, as a task would; ready or not.
fn poll_once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    block_on(poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))))
}

/// Work that sees whether more than `most` are at it.
async fn counted(running: Arc<AtomicUsize>, most: usize) {
    assert!(running.fetch_add(1, SeqCst) < most, "more than the limit");
    thread::yield_now();
    running.fetch_sub(1, SeqCst);
}

/// `callers` threads (this among them) have work for `most` at a time.
fn all_run(fairness: Fairness, most: usize, callers: usize) {
    loom::model(move || {
        let pipeliner = Pipeliner::inline(limit(most), fairness);
        let running = Arc::new(AtomicUsize::new(0));
        let others: Vec<_> = (1..callers)
            .map(|_| {
                let (pipeliner, running) = (pipeliner.clone(), Arc::clone(&running));
                thread::spawn(move || block_on(pipeliner.run(counted(running, most))))
            })
            .collect();
        block_on(pipeliner.run(counted(running, most)));
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

#[test]
fn strict_runs_all_and_one_at_a_time() {
    all_run(Fairness::Strict, 1, 3);
}

#[test]
fn eventual_runs_all_and_one_at_a_time() {
    all_run(Fairness::Eventual, 1, 3);
}

#[test]
fn strict_runs_all_and_two_at_a_time() {
    all_run(Fairness::Strict, 2, 3);
}

#[test]
fn eventual_runs_all_and_two_at_a_time() {
    all_run(Fairness::Eventual, 2, 3);
}

/// One has the permit, one waits and is cancelled, one waits and must come to its turn.
fn a_cancelled_waiter_passes_on(fairness: Fairness) {
    loom::model(move || {
        let pipeliner = Pipeliner::inline(limit(1), fairness);
        let other = pipeliner.clone();
        let canceller = thread::spawn(move || {
            let mut run = Box::pin(other.run(async {}));
            let _ = poll_once(run.as_mut());
        });
        let other = pipeliner.clone();
        let holder = thread::spawn(move || block_on(other.run(async { thread::yield_now() })));
        block_on(pipeliner.run(async {}));
        canceller.join().unwrap();
        holder.join().unwrap();
    });
}

#[test]
fn strict_a_cancelled_waiter_passes_its_permit_on() {
    a_cancelled_waiter_passes_on(Fairness::Strict);
}

#[test]
fn eventual_a_cancelled_waiter_passes_its_wake_on() {
    a_cancelled_waiter_passes_on(Fairness::Eventual);
}

#[test]
fn eventual_who_was_overtaken_comes_to_its_turn() {
    loom::model(|| {
        let pipeliner = Pipeliner::inline(limit(1), Fairness::Eventual);
        let other = pipeliner.clone();
        let runner = thread::spawn(move || {
            block_on(other.run(async {}));
            block_on(other.run(async {}));
        });
        block_on(pipeliner.run(async {}));
        runner.join().unwrap();
    });
}

#[test]
fn who_is_dropped_at_work_gives_the_permit_back() {
    loom::model(|| {
        let pipeliner = Pipeliner::inline(limit(1), Fairness::Strict);
        let other = pipeliner.clone();
        let dropper = thread::spawn(move || {
            let mut run = Box::pin(other.run(std::future::pending::<()>()));
            let _ = poll_once(run.as_mut());
        });
        block_on(pipeliner.run(async {}));
        dropper.join().unwrap();
    });
}

#[test]
fn who_panics_gives_the_permit_back() {
    loom::model(|| {
        let pipeliner = Pipeliner::inline(limit(1), Fairness::Strict);
        let other = pipeliner.clone();
        let panicker = thread::spawn(move || {
            let work = async { resume_unwind(Box::new("a bug")) };
            let run = AssertUnwindSafe(|| {
                block_on(other.run::<Pin<Box<dyn Future<Output = ()>>>>(Box::pin(work)))
            });
            assert!(catch_unwind(run).is_err());
        });
        block_on(pipeliner.run(async {}));
        panicker.join().unwrap();
    });
}

#[test]
fn the_last_waker_given_is_woken() {
    loom::model(|| {
        let pipeliner = Pipeliner::inline(limit(1), Fairness::Strict);
        let other = pipeliner.clone();
        let holder = thread::spawn(move || block_on(other.run(async {})));
        let mut run = pin!(pipeliner.run(async {}));
        let early = run
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready();
        if !early {
            block_on(run);
        }
        holder.join().unwrap();
    });
}

#[test]
fn a_higher_limit_wakes_who_waits() {
    for fairness in [Fairness::Strict, Fairness::Eventual] {
        loom::model(move || {
            let pipeliner = Pipeliner::inline(limit(1), fairness);
            let mut holder = Box::pin(pipeliner.run(std::future::pending::<()>()));
            assert!(poll_once(holder.as_mut()).is_pending());
            let other = pipeliner.clone();
            let resizer = thread::spawn(move || assert!(other.resize(limit(2)).is_empty()));
            block_on(pipeliner.run(async {}));
            resizer.join().unwrap();
        });
    }
}

#[test]
fn a_higher_limit_wakes_as_many_as_it_has_room_for() {
    loom::model(|| {
        let pipeliner = Pipeliner::inline(limit(1), Fairness::Strict);
        let mut holder = Box::pin(pipeliner.run(std::future::pending::<()>()));
        assert!(poll_once(holder.as_mut()).is_pending());
        // Neither of the two who wait ends before the other has begun.
        let begun = Arc::new(AtomicUsize::new(0));
        let (done, both) = promise::<(), ()>();
        let done = Arc::new(std::sync::Mutex::new(Some(done)));
        let meet = move |begun: Arc<AtomicUsize>| {
            let (done, both) = (Arc::clone(&done), both.clone());
            async move {
                if begun.fetch_add(1, SeqCst) == 1 {
                    let done = done.lock().unwrap().take().unwrap();
                    done.complete(Ok(()));
                }
                both.await.unwrap();
            }
        };
        let (other, there) = (pipeliner.clone(), meet(Arc::clone(&begun)));
        let waiter = thread::spawn(move || block_on(other.run(there)));
        let other = pipeliner.clone();
        let resizer = thread::spawn(move || assert!(other.resize(limit(3)).is_empty()));
        block_on(pipeliner.run(meet(begun)));
        waiter.join().unwrap();
        resizer.join().unwrap();
    });
}

#[test]
fn a_lower_limit_loses_no_wake() {
    loom::model(|| {
        let pipeliner = Pipeliner::inline(limit(2), Fairness::Strict);
        let other = pipeliner.clone();
        let holder = thread::spawn(move || block_on(other.run(async {})));
        let other = pipeliner.clone();
        let resizer = thread::spawn(move || assert!(other.resize(limit(1)).is_empty()));
        block_on(pipeliner.run(async {}));
        holder.join().unwrap();
        resizer.join().unwrap();
        block_on(pipeliner.run(async {}));
    });
}

#[test]
fn what_was_written_under_a_permit_is_seen_under_the_next() {
    loom::model(|| {
        let pipeliner = Pipeliner::inline(limit(1), Fairness::Strict);
        let sum = Arc::new(AtomicUsize::new(0));
        let add = |sum: Arc<AtomicUsize>| async move { sum.store(sum.load(Relaxed) + 1, Relaxed) };
        let (other, there) = (pipeliner.clone(), add(Arc::clone(&sum)));
        let adder = thread::spawn(move || block_on(other.run(there)));
        block_on(pipeliner.run(add(Arc::clone(&sum))));
        adder.join().unwrap();
        assert_eq!(sum.load(Relaxed), 2);
    });
}

#[test]
fn a_slot_woken_from_another_thread_is_polled() {
    loom::model(|| {
        let (completer, promise) = promise::<u8, ()>();
        let writer = thread::spawn(move || completer.complete(Ok(1)));
        let mut all = pin!(stream::iter([promise]).pipelined(limit(1)));
        assert_eq!(block_on(all.next()), Some(Ok(1)));
        assert_eq!(block_on(all.next()), None);
        writer.join().unwrap();
    });
}

#[test]
fn two_slots_woken_by_two_threads_are_both_polled() {
    loom::model(|| {
        let (one, first) = promise::<u8, ()>();
        let (two, second) = promise::<u8, ()>();
        let writers = [one, two].map(|it| thread::spawn(move || it.complete(Ok(1))));
        let all = stream::iter([first, second]).pipelined(limit(2));
        assert_eq!(block_on(all.count()), 2);
        writers.into_iter().for_each(|it| it.join().unwrap());
    });
}

#[test]
fn two_slots_woken_come_in_order() {
    loom::model(|| {
        let (one, first) = promise::<u8, ()>();
        let (two, second) = promise::<u8, ()>();
        let first_writer = thread::spawn(move || one.complete(Ok(1)));
        let second_writer = thread::spawn(move || two.complete(Ok(2)));
        let all = stream::iter([first, second]).pipelined_in_order(limit(2));
        let all: Vec<_> = block_on(all.collect());
        assert_eq!(all, [Ok(1), Ok(2)]);
        first_writer.join().unwrap();
        second_writer.join().unwrap();
    });
}

#[test]
fn a_slot_woken_twice_is_polled_twice() {
    loom::model(|| {
        let (one, first) = promise::<u8, ()>();
        let (two, second) = promise::<u8, ()>();
        let writer = thread::spawn(move || {
            one.complete(Ok(1));
            two.complete(Ok(2));
        });
        let both = async move { (first.await, second.await) };
        let all = stream::iter([both]).pipelined(limit(1));
        let all: Vec<_> = block_on(all.collect());
        assert_eq!(all, [(Ok(1), Ok(2))]);
        writer.join().unwrap();
    });
}

#[test]
fn a_slot_used_again_is_woken_for_its_new_future() {
    loom::model(|| {
        let (one, first) = promise::<u8, ()>();
        let (two, second) = promise::<u8, ()>();
        let writers = [one, two].map(|it| thread::spawn(move || it.complete(Ok(1))));
        let all = stream::iter([first, second]).pipelined(limit(1));
        assert_eq!(block_on(all.count()), 2);
        writers.into_iter().for_each(|it| it.join().unwrap());
    });
}

#[test]
fn a_stream_that_moves_to_another_task_is_woken_there() {
    loom::model(|| {
        let (completer, promise) = promise::<u8, ()>();
        let writer = thread::spawn(move || completer.complete(Ok(1)));
        let mut all = Box::pin(stream::iter([promise]).pipelined(limit(1)));
        let early = poll_once(pin!(all.next()).as_mut());
        if early.is_pending() {
            let there = thread::spawn(move || assert_eq!(block_on(all.next()), Some(Ok(1))));
            there.join().unwrap();
        }
        writer.join().unwrap();
    });
}

#[test]
fn what_was_written_before_a_wake_is_seen_by_the_slot() {
    loom::model(|| {
        let flag = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&flag);
        let (give, mut take) = futures::channel::oneshot::channel::<Waker>();
        let mut give = Some(give);
        let work = poll_fn(move |cx| {
            if let Some(give) = give.take() {
                give.send(cx.waker().clone()).unwrap();
            } else if seen.load(Relaxed) == 1 {
                return Poll::Ready(());
            }
            Poll::Pending
        });
        let mut all = pin!(stream::iter([work]).pipelined(limit(1)));
        assert!(poll_once(pin!(all.next()).as_mut()).is_pending());
        let waker = take.try_recv().unwrap().unwrap();
        let writer = thread::spawn(move || {
            flag.store(1, Relaxed);
            waker.wake();
        });
        assert_eq!(block_on(all.next()), Some(()));
        writer.join().unwrap();
    });
}

#[test]
fn a_scheduled_job_tells_its_caller() {
    loom::model(|| {
        let (pipeliner, mut workers) = Pipeliner::unbounded(limit(1));
        let worker = workers.pop().unwrap();
        let there = thread::spawn(move || block_on(worker));
        let scheduled = pipeliner.try_schedule(async { Ok::<_, ()>(1) }).unwrap();
        assert!(matches!(block_on(scheduled), Ok(1)));
        block_on(pipeliner.close());
        there.join().unwrap();
    });
}

#[test]
fn a_job_that_panics_tells_its_caller() {
    loom::model(|| {
        let (pipeliner, mut workers) = Pipeliner::unbounded(limit(1));
        let worker = workers.pop().unwrap();
        let there = thread::spawn(move || block_on(worker));
        let bug = poll_fn(|_| -> Poll<Result<(), ()>> { resume_unwind(Box::new("a bug")) });
        let scheduled = pipeliner.try_schedule(bug).unwrap();
        assert!(matches!(block_on(scheduled), Err(JobError::Panicked(_))));
        block_on(pipeliner.close());
        there.join().unwrap();
    });
}

#[test]
fn a_worker_dropped_leaves_no_caller_waiting() {
    loom::model(|| {
        let (pipeliner, workers) = Pipeliner::unbounded(limit(1));
        let dropper = thread::spawn(move || drop(workers));
        if let Ok(scheduled) = pipeliner.try_schedule(async { Ok::<_, ()>(1) }) {
            assert!(matches!(block_on(scheduled), Err(JobError::Cancelled)));
        }
        dropper.join().unwrap();
    });
}

#[test]
fn close_waits_for_what_was_taken() {
    loom::model(|| {
        let (pipeliner, mut workers) = Pipeliner::unbounded(limit(1));
        let worker = workers.pop().unwrap();
        let there = thread::spawn(move || block_on(worker));
        let done = Arc::new(AtomicUsize::new(0));
        let its_done = Arc::clone(&done);
        let job = async move {
            its_done.store(1, Relaxed);
            Ok::<_, ()>(())
        };
        pipeliner.try_schedule(job).unwrap().detach();
        block_on(pipeliner.close());
        assert_eq!(done.load(Relaxed), 1);
        there.join().unwrap();
    });
}

#[test]
fn a_job_unwanted_is_run_whole_or_not_at_all_and_close_ends() {
    loom::model(|| {
        let (pipeliner, mut workers) = Pipeliner::unbounded(limit(1));
        let worker = workers.pop().unwrap();
        let there = thread::spawn(move || block_on(worker));
        let steps = Arc::new(AtomicUsize::new(0));
        let its_steps = Arc::clone(&steps);
        let job = async move {
            its_steps.fetch_add(1, SeqCst);
            thread::yield_now();
            its_steps.fetch_add(1, SeqCst);
            Ok::<_, ()>(())
        };
        drop(pipeliner.try_schedule(job).unwrap());
        block_on(pipeliner.close());
        assert_ne!(steps.load(SeqCst), 1);
        there.join().unwrap();
    });
}

#[test]
fn schedule_and_run_share_the_limit() {
    loom::model(|| {
        let (pipeliner, mut workers) = Pipeliner::unbounded(limit(1));
        let worker = workers.pop().unwrap();
        let there = thread::spawn(move || block_on(worker));
        let running = Arc::new(AtomicUsize::new(0));
        let job = counted(Arc::clone(&running), 1);
        let scheduled = pipeliner
            .try_schedule(async {
                job.await;
                Ok::<_, ()>(())
            })
            .unwrap();
        block_on(pipeliner.run(counted(running, 1)));
        assert!(block_on(scheduled).is_ok());
        block_on(pipeliner.close());
        there.join().unwrap();
    });
}
