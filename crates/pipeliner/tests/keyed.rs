//! The limit for each key.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::collections::HashMap;
use std::future::{Future, pending, poll_fn, ready};
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use dragline_pipeliner::{JobError, Keyed, Refused, Scheduled, Worker};
use futures::channel::oneshot;
use futures::executor::block_on;
use proptest::prelude::*;

type Never = std::convert::Infallible;

fn keyed(limit: usize, per_key: usize) -> (Keyed<u8>, Vec<Worker>) {
    let number = |n| NonZeroUsize::new(n).unwrap();
    Keyed::unbounded(number(limit), number(per_key))
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn turn(workers: &mut [Worker]) {
    for worker in workers {
        let _ = poll(Pin::new(worker));
    }
}

/// Lets the workers work until they have ended.
fn to_the_end(mut workers: Vec<Worker>) {
    for _ in 0..10 {
        workers.retain_mut(|worker| poll(Pin::new(worker)).is_pending());
    }
    assert!(workers.is_empty(), "they go on");
}

fn schedule<T: Send + 'static>(
    keyed: &Keyed<u8>,
    key: u8,
    work: impl Future<Output = Result<T, Never>> + Send + 'static,
) -> Scheduled<T, Never> {
    keyed.try_schedule(key, work).unwrap()
}

#[test]
fn jobs_of_a_key_keep_to_its_limit_and_hold_up_no_other() {
    let (keyed, mut workers) = keyed(4, 2);
    let busy: Vec<_> = (0..9)
        .map(|_| schedule::<()>(&keyed, 1, pending()))
        .collect();
    let others: Vec<_> = (2..7)
        .map(|key| schedule(&keyed, key, ready(Ok(key))))
        .collect();
    turn(&mut workers);
    assert!(
        others.iter().all(Scheduled::is_finished),
        "two workers are free for them"
    );
    assert!(!busy.iter().any(Scheduled::is_finished));
}

#[test]
fn jobs_of_a_key_start_first_in_first_out_and_keys_take_turns() {
    let (keyed, mut workers) = keyed(1, 1);
    let order = Arc::new(Mutex::new(Vec::new()));
    for n in 0..3 {
        for key in [1, 2] {
            let order = Arc::clone(&order);
            let job = async move {
                order.lock().unwrap().push((key, n));
                Ok(())
            };
            schedule(&keyed, key, job).detach();
        }
    }
    turn(&mut workers);
    assert_eq!(
        *order.lock().unwrap(),
        [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2), (2, 2)]
    );
}

#[test]
fn a_panic_and_a_cancelled_job_give_their_place_to_the_next() {
    let (keyed, mut workers) = keyed(2, 1);
    let panics = schedule::<()>(&keyed, 1, async { panic!("a bug") });
    drop(schedule(&keyed, 1, ready(Ok(0))));
    let last = schedule(&keyed, 1, ready(Ok(1)));
    turn(&mut workers);
    assert!(matches!(block_on(panics), Err(JobError::Panicked(_))));
    assert_eq!(block_on(last).unwrap(), 1);
}

#[test]
fn the_limit_over_all_keys_can_be_changed() {
    let (keyed, mut workers) = keyed(1, 1);
    let jobs: Vec<_> = (0..3)
        .map(|key| schedule::<()>(&keyed, key, pending()))
        .collect();
    let last = schedule(&keyed, 3, ready(Ok(())));
    turn(&mut workers);
    assert!(!last.is_finished());
    workers.extend(keyed.resize(NonZeroUsize::new(4).unwrap()));
    turn(&mut workers);
    assert!(last.is_finished() && !jobs.iter().any(Scheduled::is_finished));
    let debug = format!("{keyed:?}");
    assert!(
        debug.starts_with("Keyed { pipeliner: Pipeliner { waiting: 0")
            && debug.contains("per_key: 1")
    );
}

#[test]
fn close_drains_the_lanes_too() {
    let (keyed, mut workers) = keyed(2, 1);
    let (end, ended) = oneshot::channel::<()>();
    let first = schedule(&keyed, 1, async move { Ok(ended.await.is_ok()) });
    let second = schedule(&keyed, 1, ready(Ok(true)));
    let mut close = pin!(keyed.close());
    turn(&mut workers);
    assert!(poll(close.as_mut()).is_pending());
    let Err(Refused::Closed(work)) = keyed.try_schedule(2, ready(Ok::<_, Never>(7))) else {
        panic!("it is closed");
    };
    assert_eq!(block_on(work), Ok(7));
    end.send(()).unwrap();
    turn(&mut workers);
    assert!(poll(close.as_mut()).is_ready());
    assert!(block_on(first).unwrap() && block_on(second).unwrap());
}

#[test]
fn what_was_taken_is_done_also_when_no_handle_is_left() {
    let (keyed, workers) = keyed(2, 1);
    let jobs = [1, 2, 3].map(|n| schedule(&keyed, 1, ready(Ok(n))));
    drop(keyed);
    to_the_end(workers);
    assert_eq!(jobs.map(|job| block_on(job).unwrap()), [1, 2, 3]);
}

#[test]
fn closed_from_inside_a_job_it_does_what_was_taken() {
    let (keyed, workers) = keyed(1, 1);
    let handle = keyed.clone();
    let closing = schedule(&keyed, 1, async move {
        handle.close().await;
        Ok(())
    });
    let next = schedule(&keyed, 1, ready(Ok(2)));
    to_the_end(workers);
    block_on(closing).unwrap();
    assert_eq!(block_on(next).unwrap(), 2);
    assert!(keyed.is_closed());
}

#[test]
fn it_is_closed_at_the_first_poll() {
    let (keyed, workers) = keyed(1, 1);
    let jobs = [1, 2].map(|n| schedule(&keyed, 1, ready(Ok(n))));
    assert!(poll(pin!(keyed.close())).is_pending());
    assert!(keyed.try_schedule(2, ready(Ok::<_, Never>(3))).is_err());
    to_the_end(workers);
    assert_eq!(jobs.map(|job| block_on(job).unwrap()), [1, 2]);
}

#[test]
fn without_workers_those_who_wait_are_told_however_many() {
    let (keyed, mut workers) = keyed(1, 1);
    let jobs: Vec<_> = (0..100_000)
        .map(|_| schedule::<()>(&keyed, 1, pending()))
        .collect();
    turn(&mut workers);
    drop(workers);
    for job in jobs {
        assert!(matches!(block_on(job), Err(JobError::Cancelled)));
    }
    let Err(Refused::Closed(work)) = keyed.try_schedule(1, ready(Ok::<_, Never>(7))) else {
        panic!("there is no worker");
    };
    assert_eq!(block_on(work), Ok(7));
    block_on(keyed.close());
}

/// A job that yields, and tells the model when it starts and when it ends.
async fn job(key: u8, n: usize, yields: usize, model: Arc<Mutex<Model>>) -> Result<usize, Never> {
    model.lock().unwrap().start(key, n);
    for _ in 0..yields {
        let mut yielded = false;
        poll_fn(|_| {
            if std::mem::replace(&mut yielded, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
    model.lock().unwrap().end(key);
    Ok(n)
}

#[derive(Default)]
struct Model {
    in_work: HashMap<u8, usize>,
    last: HashMap<u8, usize>,
    most: usize,
    most_of_a_key: usize,
    in_order: bool,
}

impl Model {
    fn start(&mut self, key: u8, n: usize) {
        *self.in_work.entry(key).or_default() += 1;
        self.most = self.most.max(self.in_work.values().sum());
        self.most_of_a_key = self.most_of_a_key.max(self.in_work[&key]);
        self.in_order &= self.last.insert(key, n).is_none_or(|last| last < n);
    }

    fn end(&mut self, key: u8) {
        *self.in_work.entry(key).or_default() -= 1;
    }
}

proptest! {
    /// Whatever is scheduled, polled and dropped in whatever order: both limits hold, each key's
    /// jobs start in order, and all that is kept ends.
    #[test]
    fn limits_hold_and_nothing_is_lost(
        limit in 1_usize..5,
        per_key in 1_usize..4,
        steps in prop::collection::vec((0_u8..4, 0_usize..4, 0_u8..6), 0..80),
    ) {
        let (keyed, mut workers) = keyed(limit, per_key);
        let model = Arc::new(Mutex::new(Model { in_order: true, ..Model::default() }));
        let mut kept = Vec::new();
        for (n, (key, yields, what)) in steps.into_iter().enumerate() {
            match what {
                0 => turn(&mut workers[n % limit..=n % limit]),
                1 => drop(schedule(&keyed, key, job(key, n, yields, Arc::clone(&model)))),
                _ => kept.push((n, schedule(&keyed, key, job(key, n, yields, Arc::clone(&model))))),
            }
        }
        let mut close = pin!(keyed.close());
        while poll(close.as_mut()).is_pending() {
            turn(&mut workers);
        }
        let model = model.lock().unwrap();
        prop_assert!(model.most <= limit && model.most_of_a_key <= per_key && model.in_order);
        prop_assert!(model.in_work.values().all(|in_work| *in_work == 0));
        for (n, job) in kept {
            prop_assert!(job.is_finished());
            prop_assert_eq!(block_on(job).unwrap(), n);
        }
    }
}
