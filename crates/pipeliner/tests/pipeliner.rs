//! The behaviour of a pipeliner, through its public API, on three executors.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::future::{Future, pending, ready};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use dragline_pipeliner::{JobError, Pipeliner, Refused, Scheduled, Worker};
use futures::FutureExt;
use futures::channel::oneshot;
use futures::executor::block_on;
use futures::future::{FusedFuture, join_all};

type Never = std::convert::Infallible;

fn limit(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A pipeliner whose workers are polled by hand.
fn by_hand(workers: usize) -> (Pipeliner, Vec<Worker>) {
    Pipeliner::unbounded(limit(workers))
}

fn turn(workers: &mut [Worker]) {
    for worker in workers {
        let _ = poll(Pin::new(worker));
    }
}

fn schedule<T: Send + 'static, E: Send + 'static>(
    pipeliner: &Pipeliner,
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Scheduled<T, E> {
    pipeliner.try_schedule(work).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_on_tokio() {
    let (pipeliner, workers) = Pipeliner::unbounded(limit(4));
    let workers: Vec<_> = workers.into_iter().map(tokio::spawn).collect();
    assert_eq!(sum_of_squares(&pipeliner).await, 328_350);
    pipeliner.close().await;
    for worker in workers {
        worker.await.unwrap();
    }
}

#[test]
fn runs_on_smol() {
    let executor = smol::Executor::new();
    let (pipeliner, workers) = Pipeliner::bounded(limit(4), limit(2));
    let workers: Vec<_> = workers.into_iter().map(|w| executor.spawn(w)).collect();
    smol::block_on(executor.run(async {
        assert_eq!(sum_of_squares(&pipeliner).await, 328_350);
        pipeliner.close().await;
        join_all(workers).await;
    }));
}

#[test]
fn runs_on_a_thread_pool_and_on_one_thread() {
    let pool = futures::executor::ThreadPool::new().unwrap();
    let (pipeliner, workers) = Pipeliner::unbounded(limit(2));
    for worker in workers {
        pool.spawn_ok(worker);
    }
    assert_eq!(block_on(sum_of_squares(&pipeliner)), 328_350);

    let (pipeliner, workers) = Pipeliner::unbounded(limit(2));
    block_on(async {
        let work = async {
            assert_eq!(sum_of_squares(&pipeliner).await, 328_350);
            pipeliner.close().await;
        };
        futures::future::join(work, join_all(workers)).await;
    });
}

async fn sum_of_squares(pipeliner: &Pipeliner) -> u64 {
    let mut jobs = Vec::new();
    for n in 0..100_u64 {
        jobs.push(
            pipeliner
                .schedule(async move { Ok::<_, Never>(n * n) })
                .await
                .unwrap(),
        );
    }
    join_all(jobs)
        .await
        .into_iter()
        .map(|result| result.unwrap())
        .sum()
}

#[test]
fn an_error_reaches_its_caller() {
    let (pipeliner, mut workers) = by_hand(1);
    let job = schedule::<(), _>(&pipeliner, ready(Err("no such page")));
    turn(&mut workers);
    assert!(matches!(
        block_on(job),
        Err(JobError::Failed("no such page"))
    ));
}

#[test]
fn a_result_need_not_be_clone_or_sync() {
    let (pipeliner, mut workers) = by_hand(1);
    let job = schedule::<_, Never>(&pipeliner, ready(Ok(std::cell::Cell::new(5))));
    turn(&mut workers);
    assert_eq!(block_on(job).unwrap().get(), 5);
}

#[test]
fn a_panic_reaches_its_caller_and_kills_no_worker() {
    let (pipeliner, mut workers) = by_hand(1);
    let page = std::hint::black_box(7);
    let bad = schedule::<(), ()>(&pipeliner, async move { panic!("page {page}") });
    let good = schedule::<_, Never>(&pipeliner, ready(Ok(1)));
    turn(&mut workers);
    let Err(JobError::Panicked(panic)) = block_on(bad) else {
        panic!("the panic is lost");
    };
    assert_eq!(panic.message(), Some("page 7"));
    assert_eq!(panic.to_string(), "job panicked: page 7");
    assert!(panic.into_payload().is::<String>());
    assert_eq!(block_on(good).unwrap(), 1);
}

#[test]
fn a_drop_that_panics_kills_no_worker() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("dropped badly");
        }
    }
    struct Work(Bad);
    impl Future for Work {
        type Output = Result<u8, Never>;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok(1))
        }
    }
    let (pipeliner, mut workers) = by_hand(1);
    let bad = schedule(&pipeliner, Work(Bad));
    let good = schedule::<_, Never>(&pipeliner, ready(Ok(2)));
    turn(&mut workers);
    assert_eq!(block_on(bad).unwrap(), 1);
    assert_eq!(block_on(good).unwrap(), 2);
}

#[test]
fn never_more_than_the_limit_in_flight() {
    let (pipeliner, mut workers) = by_hand(3);
    let in_flight = Arc::new(AtomicUsize::new(0));
    let mut ends = Vec::new();
    let jobs: Vec<_> = (0..10)
        .map(|_| {
            let (end, ended) = oneshot::channel::<()>();
            ends.push(end);
            let in_flight = Arc::clone(&in_flight);
            schedule::<_, Never>(&pipeliner, async move {
                in_flight.fetch_add(1, Ordering::SeqCst);
                let _ = ended.await;
                in_flight.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            })
        })
        .collect();
    turn(&mut workers);
    assert_eq!(in_flight.load(Ordering::SeqCst), 3);
    for end in ends {
        end.send(()).unwrap();
        turn(&mut workers);
        assert!(in_flight.load(Ordering::SeqCst) <= 3);
    }
    assert!(jobs.iter().all(Scheduled::is_finished));
}

/// A job that ends at its second poll, and counts that it has started.
fn two_polls(started: &Arc<AtomicUsize>) -> impl Future<Output = Result<(), Never>> + use<> {
    let started = Arc::clone(started);
    async move {
        started.fetch_add(1, Ordering::SeqCst);
        let mut polled = false;
        futures::future::poll_fn(|_| {
            if std::mem::replace(&mut polled, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        Ok(())
    }
}

#[test]
fn a_worker_with_more_jobs_makes_way_for_who_waits_to_run() {
    let (pipeliner, mut workers) = by_hand(1);
    let started = Arc::new(AtomicUsize::new(0));
    let jobs = [(); 2].map(|()| schedule(&pipeliner, two_polls(&started)));
    turn(&mut workers);
    let mut run = pin!(pipeliner.run(ready(7)));
    assert!(poll(run.as_mut()).is_pending(), "the worker is at work");
    turn(&mut workers);
    assert_eq!(started.load(Ordering::SeqCst), 1, "it has made way");
    assert_eq!(poll(run), Poll::Ready(7));
    turn(&mut workers);
    turn(&mut workers);
    assert!(jobs.into_iter().all(|job| job.now_or_never().is_some()));
}

#[test]
fn a_worker_with_more_jobs_heeds_a_lower_limit() {
    let (pipeliner, mut workers) = by_hand(2);
    let started = Arc::new(AtomicUsize::new(0));
    let jobs = [(); 4].map(|()| schedule(&pipeliner, two_polls(&started)));
    turn(&mut workers);
    assert_eq!(started.load(Ordering::SeqCst), 2);
    assert!(pipeliner.resize(limit(1)).is_empty());
    turn(&mut workers);
    assert_eq!(started.load(Ordering::SeqCst), 2, "both ended and made way");
    turn(&mut workers);
    assert_eq!(started.load(Ordering::SeqCst), 3, "one goes on");
    turn(&mut workers);
    turn(&mut workers);
    turn(&mut workers);
    assert!(jobs.into_iter().all(|job| job.now_or_never().is_some()));
}

#[test]
fn a_detached_job_runs_and_what_it_leaves_is_dropped() {
    let (pipeliner, mut workers) = by_hand(1);
    let kept = Arc::new(());
    let left = Arc::clone(&kept);
    schedule(&pipeliner, async { Ok::<_, Never>(left) }).detach();
    assert_eq!(Arc::strong_count(&kept), 2);
    turn(&mut workers);
    assert_eq!(Arc::strong_count(&kept), 1);

    let left = Arc::clone(&kept);
    schedule(&pipeliner, async { Ok::<_, Never>(left) }).detach();
    drop(workers);
    assert_eq!(Arc::strong_count(&kept), 1, "also without workers");
}

#[test]
fn a_slow_job_holds_up_no_other() {
    let (pipeliner, mut workers) = by_hand(2);
    let slow = schedule::<(), Never>(&pipeliner, pending());
    let jobs: Vec<_> = (0..5)
        .map(|n| schedule::<_, Never>(&pipeliner, ready(Ok(n))))
        .collect();
    turn(&mut workers);
    assert!(jobs.iter().all(Scheduled::is_finished));
    assert!(!slow.is_finished());
}

#[test]
fn dropping_the_handle_before_the_start_cancels_the_job() {
    let (pipeliner, mut workers) = by_hand(1);
    let runs = Arc::new(AtomicUsize::new(0));
    let work = |runs: &Arc<AtomicUsize>| {
        let runs = Arc::clone(runs);
        async move { Ok::<_, Never>(runs.fetch_add(1, Ordering::SeqCst)) }
    };
    drop(schedule(&pipeliner, work(&runs)));
    turn(&mut workers);
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    schedule(&pipeliner, work(&runs)).detach();
    turn(&mut workers);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn dropping_the_handle_after_the_start_lets_the_job_go_on() {
    let (pipeliner, mut workers) = by_hand(1);
    let (go, gone) = oneshot::channel::<()>();
    let (done, mut is_done) = oneshot::channel::<()>();
    let job = schedule::<_, Never>(&pipeliner, async move {
        let _ = gone.await;
        let _ = done.send(());
        Ok(())
    });
    turn(&mut workers);
    drop(job);
    go.send(()).unwrap();
    turn(&mut workers);
    assert_eq!(is_done.try_recv(), Ok(Some(())));
}

#[test]
fn a_bounded_pipeliner_waits_for_room_and_gives_refused_work_back() {
    let (pipeliner, mut workers) = Pipeliner::bounded(limit(1), limit(1));
    let first = schedule::<_, Never>(&pipeliner, ready(Ok(1)));
    let refused = pipeliner.try_schedule(ready(Ok::<_, Never>(2)));
    let Err(Refused::Full(work)) = refused else {
        panic!("there is room for one only");
    };
    let mut waiting = pin!(pipeliner.schedule(work));
    assert!(poll(waiting.as_mut()).is_pending());
    turn(&mut workers);
    let Poll::Ready(Ok(second)) = poll(waiting) else {
        panic!("there is room now");
    };
    turn(&mut workers);
    assert_eq!(block_on(first).unwrap() + block_on(second).unwrap(), 3);
}

#[test]
fn a_closed_pipeliner_gives_the_work_back() {
    let (pipeliner, _workers) = by_hand(1);
    block_on(pipeliner.close());
    let Err(Refused::Closed(work)) = block_on(pipeliner.schedule(ready(Ok::<_, Never>(4)))) else {
        panic!("it is closed");
    };
    assert_eq!(block_on(work.clone()), Ok(4));
    assert!(matches!(
        pipeliner.try_schedule(work),
        Err(Refused::Closed(_))
    ));
}

#[test]
fn close_drains_and_may_be_repeated() {
    let (pipeliner, mut workers) = by_hand(1);
    let (end, ended) = oneshot::channel::<()>();
    let slow = schedule::<_, Never>(&pipeliner, async move { Ok(ended.await.is_ok()) });
    let queued = schedule::<_, Never>(&pipeliner, ready(Ok(true)));
    let mut close = pin!(pipeliner.close());
    turn(&mut workers);
    assert!(poll(close.as_mut()).is_pending());
    end.send(()).unwrap();
    turn(&mut workers);
    assert!(poll(close.as_mut()).is_ready());
    assert!(poll(pin!(pipeliner.close())).is_ready());
    assert!(block_on(slow).unwrap() && block_on(queued).unwrap());
}

#[test]
fn dropping_the_last_handle_lets_the_workers_drain_and_end() {
    let (pipeliner, mut workers) = by_hand(1);
    let job = schedule::<_, Never>(&pipeliner, ready(Ok(1)));
    drop(pipeliner.clone());
    let extra = schedule::<_, Never>(&pipeliner, ready(Ok(2)));
    drop(pipeliner);
    assert!(poll(Pin::new(&mut workers[0])).is_ready());
    assert_eq!(block_on(job).unwrap() + block_on(extra).unwrap(), 3);
}

#[test]
fn a_worker_that_is_dropped_tells_the_caller_of_its_job() {
    let (pipeliner, mut workers) = by_hand(2);
    let running = schedule::<(), Never>(&pipeliner, pending());
    turn(&mut workers[..1]);
    drop(workers.remove(0));
    assert!(matches!(block_on(running), Err(JobError::Cancelled)));
    let job = schedule::<_, Never>(&pipeliner, ready(Ok(1)));
    turn(&mut workers);
    assert_eq!(block_on(job).unwrap(), 1, "the other worker works on");
}

#[test]
fn without_workers_nothing_hangs() {
    let (pipeliner, workers) = by_hand(2);
    let queued = schedule::<_, Never>(&pipeliner, ready(Ok(1)));
    drop(workers);
    assert!(matches!(block_on(queued), Err(JobError::Cancelled)));
    assert!(matches!(
        block_on(pipeliner.schedule(ready(Ok::<_, Never>(1)))),
        Err(Refused::Closed(_))
    ));
    block_on(pipeliner.close());
}

#[test]
fn a_job_may_schedule_jobs_and_wait_for_them() {
    let (pipeliner, mut workers) = by_hand(2);
    let inner = pipeliner.clone();
    let outer = schedule::<_, Never>(&pipeliner, async move {
        let job = inner.schedule(ready(Ok::<_, Never>(20))).await.unwrap();
        Ok(job.await.unwrap() + 1)
    });
    while !outer.is_finished() {
        turn(&mut workers);
    }
    assert_eq!(block_on(outer).unwrap(), 21);
}

#[test]
fn inside_a_job_a_full_queue_is_an_error_not_a_deadlock() {
    let (pipeliner, mut workers) = Pipeliner::bounded(limit(1), limit(1));
    let inner = pipeliner.clone();
    let outer = schedule::<_, Never>(&pipeliner, async move {
        inner
            .schedule(ready(Ok::<_, Never>(1)))
            .await
            .unwrap()
            .detach();
        let second = inner.schedule(ready(Ok::<_, Never>(2))).await;
        Ok(matches!(second, Err(Refused::Full(_))))
    });
    turn(&mut workers);
    assert!(block_on(outer).unwrap());
}

#[test]
fn a_job_waits_for_room_in_another_pipeliner_but_not_through_it_in_its_own() {
    let (outer, mut outer_workers) = Pipeliner::bounded(limit(1), limit(1));
    let (inner, inner_workers) = Pipeliner::bounded(limit(1), limit(1));
    schedule::<(), Never>(&inner, ready(Ok(()))).detach();
    let (other, own) = (inner.clone(), outer.clone());
    let job = schedule::<_, Never>(&outer, async move {
        // The other is full, and waits.
        let mut waiting = Box::pin(other.schedule(ready(Ok::<_, Never>(()))));
        assert!(poll(waiting.as_mut()).is_pending());
        for worker in inner_workers {
            let _ = poll(pin!(worker));
        }
        drop(waiting);
        // A job of the other, polled from in here, fills this one up.
        let (other, mut workers) = Pipeliner::unbounded(limit(1));
        let job = schedule::<_, Never>(&other, async move {
            own.schedule(ready(Ok::<_, Never>(())))
                .await
                .unwrap()
                .detach();
            Ok(matches!(
                own.schedule(ready(Ok::<_, Never>(()))).await,
                Err(Refused::Full(_))
            ))
        });
        turn(&mut workers);
        Ok(job.is_finished() && job.await.unwrap())
    });
    turn(&mut outer_workers);
    assert!(block_on(job).unwrap());
}

#[test]
fn jobs_start_first_in_first_out() {
    let (pipeliner, mut workers) = by_hand(1);
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    for n in 0..5 {
        let order = Arc::clone(&order);
        let job = async move {
            order.lock().unwrap().push(n);
            Ok(())
        };
        schedule::<_, Never>(&pipeliner, job).detach();
    }
    turn(&mut workers);
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[test]
fn a_worker_lets_others_have_their_turn() {
    fn again(pipeliner: &Pipeliner, runs: Arc<AtomicUsize>) {
        let next = pipeliner.clone();
        let job = pipeliner.try_schedule(async move {
            runs.fetch_add(1, Ordering::SeqCst);
            again(&next, runs);
            Ok::<_, Never>(())
        });
        if let Ok(job) = job {
            job.detach();
        }
    }
    let (pipeliner, mut workers) = by_hand(1);
    let runs = Arc::new(AtomicUsize::new(0));
    again(&pipeliner, Arc::clone(&runs));
    turn(&mut workers);
    assert_eq!(runs.load(Ordering::SeqCst), 32);
    block_on(async { drop(workers) });
}

#[test]
fn dropping_workers_drops_jobs_that_panic_at_it() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("dropped badly");
        }
    }
    let (pipeliner, mut workers) = by_hand(2);
    let job = || {
        let bad = Bad;
        async move {
            let _bad = bad;
            pending::<Result<(), Never>>().await
        }
    };
    let jobs: Vec<_> = (0..4).map(|_| schedule(&pipeliner, job())).collect();
    turn(&mut workers);
    drop(workers); // Two are running and two are queued.
    for job in jobs {
        assert!(matches!(block_on(job), Err(JobError::Cancelled)));
    }
}

#[test]
fn a_schedule_that_waits_is_refused_when_the_last_worker_goes() {
    let (pipeliner, workers) = Pipeliner::bounded(limit(1), limit(1));
    schedule::<(), Never>(&pipeliner, ready(Ok(()))).detach();
    let mut waiting = pin!(pipeliner.schedule(ready(Ok::<_, Never>(7))));
    assert!(poll(waiting.as_mut()).is_pending());
    drop(workers);
    assert!(matches!(
        poll(waiting),
        Poll::Ready(Err(Refused::Closed(_)))
    ));
    assert!(pipeliner.is_closed() && !by_hand(1).0.is_closed());
}

#[test]
fn a_job_may_close_its_own_pipeliner() {
    let (pipeliner, mut workers) = by_hand(1);
    let inner = pipeliner.clone();
    let job = schedule::<_, Never>(&pipeliner, async move {
        inner.close().await;
        Ok(())
    });
    turn(&mut workers);
    assert!(block_on(job).is_ok());
    block_on(pipeliner.close());
}

/// An error with a cause.
#[derive(Debug)]
struct Caused;

impl std::fmt::Display for Caused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("caused")
    }
}

impl std::error::Error for Caused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&std::fmt::Error)
    }
}

#[test]
fn debug_and_errors_say_what_is_known() {
    let (pipeliner, workers) = by_hand(1);
    let job = schedule::<(), Never>(&pipeliner, pending());
    assert_eq!(
        format!("{pipeliner:?}"),
        "Pipeliner { waiting: 1, closed: false, .. }"
    );
    assert_eq!(
        format!("{:?} {job:?}", workers[0]),
        "Worker { .. } Scheduled { finished: false, .. }"
    );
    assert_eq!(
        format!("{:?}", pipeliner.run(pending::<()>())),
        "Run { claim: None, .. }"
    );
    assert_eq!(
        format!("{:?} {}", Refused::Full(1), Refused::Full(1)),
        "Full(..) pipeliner is full"
    );
    assert_eq!(
        format!("{:?} {}", Refused::Closed(1), Refused::Closed(1)),
        "Closed(..) pipeliner is closed, or has no worker left"
    );
    assert_eq!(
        Refused::Full(1).into_inner() + Refused::Closed(2).into_inner(),
        3
    );
    drop(workers);
    assert!(job.is_finished());
    let cancelled = block_on(job).unwrap_err();
    assert_eq!(
        JobError::<std::io::Error>::Cancelled.to_string(),
        "job cancelled before its end"
    );
    assert!(matches!(cancelled, JobError::Cancelled));
    let failed = JobError::Failed(std::io::Error::other(std::fmt::Error));
    assert_eq!(failed.to_string(), std::fmt::Error.to_string());
    let (pipeliner, mut workers) = by_hand(1);
    let panics = [
        schedule::<(), std::io::Error>(&pipeliner, async { panic!("a bug") }),
        schedule::<(), std::io::Error>(&pipeliner, async { std::panic::panic_any(7) }),
    ];
    turn(&mut workers);
    let [named, nameless] = panics.map(|job| block_on(job).unwrap_err());
    assert_eq!(
        (named.to_string().as_str(), nameless.to_string().as_str()),
        ("job panicked: a bug", "job panicked")
    );
    assert_eq!(
        format!("{named:?} {nameless:?}"),
        "Panicked(Panic(Some(\"a bug\"))) Panicked(Panic(None))"
    );
    assert!(std::error::Error::source(&named).is_none());
    assert!(std::error::Error::source(&JobError::Failed(JobError::Failed(Caused))).is_some());
}

#[test]
fn a_shared_job_is_awaited_by_several() {
    let (pipeliner, mut workers) = by_hand(1);
    let job = schedule::<_, Never>(&pipeliner, ready(Ok(1)));
    let shared = job.map(Result::ok).shared();
    turn(&mut workers);
    assert_eq!(block_on(shared.clone()), Some(1));
    assert_eq!(block_on(shared), Some(1));
}

#[test]
fn everything_is_send_and_errors_go_where_errors_go() {
    fn check<T: Send>(_: &T) {}
    fn check_error<E: std::error::Error + Send + Sync + 'static>() {}
    check_error::<JobError<std::io::Error>>();
    check_error::<Refused<std::future::Ready<()>>>();
    let (pipeliner, workers) = by_hand(1);
    check(&workers);
    check(&pipeliner);
    check(&schedule::<_, Never>(&pipeliner, ready(Ok(1))));
    check(&pipeliner.schedule(ready(Ok::<_, Never>(1))));
    check(&pipeliner.close());
}

#[test]
fn workers_that_were_dropped_are_replaced() {
    let (pipeliner, mut workers) = by_hand(3);
    workers.truncate(1);
    workers.extend(pipeliner.resize(limit(3)));
    assert_eq!(workers.len(), 3);
    // Where there cannot be so many, nothing is changed.
    let too_many = AssertUnwindSafe(|| pipeliner.resize(NonZeroUsize::MAX).len());
    assert!(catch_unwind(too_many).is_err());
    let busy = [1, 2, 3].map(|_| schedule::<(), ()>(&pipeliner, pending()));
    turn(&mut workers);
    workers.extend(pipeliner.resize(limit(4)));
    assert_eq!(workers.len(), 4);
    let next = schedule::<_, ()>(&pipeliner, ready(Ok(4)));
    turn(&mut workers);
    assert!(next.is_finished() && !busy[2].is_finished());
}

#[test]
fn what_has_ended_says_so_to_select() {
    let (pipeliner, mut workers) = by_hand(1);
    let mut job = schedule::<_, ()>(&pipeliner, ready(Ok(1)));
    turn(&mut workers);
    assert!(!job.is_terminated());
    assert_eq!(block_on(&mut job).unwrap(), 1);
    assert!(job.is_terminated() && job.is_finished());
    let mut run = Box::pin(pipeliner.run(ready(2)));
    assert_eq!(block_on(&mut run), 2);
    assert!(run.is_terminated());
    // Polled once more it panics, and keeps no permit.
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(&mut run))).is_err());
    assert_eq!(block_on(pipeliner.run(ready(3))), 3);
}
