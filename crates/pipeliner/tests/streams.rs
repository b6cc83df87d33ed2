//! Streams of results, and work under a permit.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::cell::Cell;
use std::future::{Future, poll_fn, ready};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use dragline_pipeliner::{Fairness, Pipeliner, Pipelining};
use futures::channel::oneshot;
use futures::executor::block_on;
use futures::future::{Either, join_all};
use futures::stream::{self, Stream, StreamExt};
use proptest::prelude::*;

fn limit(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

fn next<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

/// Work that yields as often as it is told, each time waking itself.
async fn work(n: usize, yields: usize) -> usize {
    for _ in 0..yields {
        let mut yielded = false;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut yielded, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
    n
}

#[test]
fn outputs_come_as_they_are_ready_or_in_order() {
    let (ends, ended): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel()).unzip();
    let mut any = Box::pin(stream::iter(ended).pipelined(limit(3)));
    let mut ends: Vec<_> = ends.into_iter().map(Some).collect();
    assert!(next(&mut any).is_pending());
    for n in [2, 0, 1] {
        ends[n].take().unwrap().send(n).unwrap();
        assert_eq!(next(&mut any), Poll::Ready(Some(Ok(n))));
    }
    assert_eq!(next(&mut any), Poll::Ready(None));

    let (ends, ended): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel()).unzip();
    let mut in_order = Box::pin(stream::iter(ended).pipelined_in_order(limit(3)));
    for (n, end) in ends.into_iter().enumerate().rev() {
        assert!(next(&mut in_order).is_pending());
        end.send(n).unwrap();
    }
    for n in 0..3 {
        assert_eq!(next(&mut in_order), Poll::Ready(Some(Ok(n))));
    }
    assert_eq!(next(&mut in_order), Poll::Ready(None));
}

#[test]
fn one_that_waits_its_turn_counts_among_the_limit() {
    let started = Rc::new(Cell::new(0));
    let count = Rc::clone(&started);
    let (end, ended) = oneshot::channel::<usize>();
    let mut ended = Some(ended);
    let jobs = stream::iter(0..9).map(move |n| {
        count.set(count.get() + 1);
        match ended.take() {
            Some(ended) => Either::Left(async { ended.await.unwrap() }),
            None => Either::Right(ready(n)),
        }
    });
    let mut stream = Box::pin(jobs.pipelined_in_order(limit(3)));
    assert!(next(&mut stream).is_pending());
    assert_eq!(started.get(), 3);
    end.send(0).unwrap();
    assert_eq!(
        block_on(stream.collect::<Vec<_>>()),
        (0..9).collect::<Vec<_>>()
    );
}

#[test]
fn a_feed_that_pauses_is_asked_again() {
    let (feed_in, feed) = futures::channel::mpsc::unbounded();
    let mut stream = Box::pin(feed.pipelined(limit(2)));
    assert!(next(&mut stream).is_pending());
    feed_in.unbounded_send(ready(1)).unwrap();
    assert_eq!(next(&mut stream), Poll::Ready(Some(1)));
    assert!(next(&mut stream).is_pending());
    drop(feed_in);
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(format!("{stream:?}"), "Pipelined { limit: 2, .. }");
    let in_order = stream::iter([ready(1)]).pipelined_in_order(limit(3));
    assert_eq!(format!("{in_order:?}"), "PipelinedInOrder { limit: 3, .. }");
}

#[test]
fn a_panic_costs_its_own_job_alone() {
    fn outcomes(stream: impl Stream<Item = usize>) -> Vec<Option<usize>> {
        let mut stream = Box::pin(stream);
        let mut outcomes = Vec::new();
        loop {
            match catch_unwind(AssertUnwindSafe(|| block_on(stream.next()))) {
                Ok(Some(n)) => outcomes.push(Some(n)),
                Ok(None) => return outcomes,
                Err(_) => outcomes.push(None),
            }
        }
    }
    for yields in [0, 1, 3] {
        let jobs = || {
            stream::iter(0..5).map(move |n| async move {
                work(n, yields).await;
                assert!(n != 2, "job {n}");
                n
            })
        };
        let in_order = outcomes(jobs().pipelined_in_order(limit(2)));
        assert_eq!(in_order, [Some(0), Some(1), None, Some(3), Some(4)]);
        let mut any = outcomes(jobs().pipelined(limit(2)));
        any.sort_unstable();
        assert_eq!(any, [None, Some(0), Some(1), Some(3), Some(4)]);
    }
}

#[test]
fn a_drop_that_panics_costs_its_own_job_alone() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("a drop");
        }
    }
    let jobs = stream::iter(0..4).map(|n| {
        let bad = (n % 2 == 1).then(|| Bad);
        let mut polled = 0;
        poll_fn(move |cx| {
            let _held = &bad;
            polled += 1;
            cx.waker().wake_by_ref();
            if polled > n {
                Poll::Ready(n)
            } else {
                Poll::Pending
            }
        })
    });
    let mut jobs = Box::pin(jobs.pipelined(limit(2)));
    let mut outputs = Vec::new();
    let mut panics = 0;
    loop {
        match catch_unwind(AssertUnwindSafe(|| block_on(jobs.next()))) {
            Ok(Some(output)) => outputs.push(output),
            Ok(None) => break,
            Err(_) => panics += 1,
        }
    }
    assert_eq!((outputs, panics), (vec![0, 2], 2));
}

#[test]
fn what_ends_at_once_does_not_starve_what_is_in_work() {
    let jobs = stream::iter(0..1000).map(|n| work(n, usize::from(n == 0)));
    let outputs: Vec<_> = block_on(jobs.pipelined(limit(4)).collect());
    let first = outputs.iter().position(|n| *n == 0).unwrap();
    assert!(first < 4, "{first}");
}

#[test]
fn what_has_something_to_give_takes_no_more_in() {
    let taken = Cell::new(0);
    let jobs = stream::repeat_with(|| {
        taken.set(taken.get() + 1);
        ready(taken.get())
    });
    let mut jobs = Box::pin(jobs.pipelined_in_order(NonZeroUsize::MAX));
    for n in 1..=3 {
        assert_eq!(next(&mut jobs), Poll::Ready(Some(n)));
    }
    assert_eq!(taken.get(), 3);
}

#[test]
fn a_limit_that_is_not_reached_costs_nothing() {
    let jobs = || stream::iter(0..200).map(|n| work(n, n % 3));
    let any: Vec<_> = block_on(jobs().pipelined(NonZeroUsize::MAX).collect());
    assert_eq!(any.iter().sum::<usize>(), (0..200).sum());
    let in_order: Vec<_> = block_on(jobs().pipelined_in_order(NonZeroUsize::MAX).collect());
    assert!(in_order.into_iter().eq(0..200));
}

#[test]
fn a_waker_that_lives_on_does_not_keep_the_task() {
    struct Task;
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    let kept = Rc::new(Cell::new(None));
    let task = Arc::new(Task);
    let waker = Waker::from(Arc::clone(&task));
    let job = poll_fn(|cx| {
        kept.set(Some(cx.waker().clone()));
        Poll::<()>::Pending
    });
    let mut jobs = Box::pin(stream::iter([job]).pipelined(limit(1)));
    let polled = jobs.as_mut().poll_next(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    drop((jobs, waker));
    assert_eq!(Arc::strong_count(&task), 1);
    kept.take().unwrap().wake();
}

#[test]
fn one_wake_of_a_slot_is_one_wake_of_the_poller() {
    #[derive(Default)]
    struct Wakes(AtomicUsize);
    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let (ends, ended): (Vec<_>, Vec<_>) = (0..2).map(|_| oneshot::channel()).unzip();
    let mut stream = Box::pin(stream::iter(ended).pipelined(limit(2)));
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    assert!(
        stream
            .as_mut()
            .poll_next(&mut Context::from_waker(&waker))
            .is_pending()
    );
    for (n, end) in ends.into_iter().enumerate() {
        assert_eq!(wakes.0.load(Ordering::SeqCst), n);
        end.send(n).unwrap();
        assert_eq!(wakes.0.load(Ordering::SeqCst), n + 1);
        let output = stream.as_mut().poll_next(&mut Context::from_waker(&waker));
        assert_eq!(output, Poll::Ready(Some(Ok(n))));
        if n == 0 {
            assert!(
                stream
                    .as_mut()
                    .poll_next(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
    }
}

#[test]
fn wakes_from_other_threads_are_not_lost() {
    let jobs = stream::iter(0..2_000_u32).map(|n| {
        let (end, ended) = oneshot::channel();
        std::thread::spawn(move || end.send(n));
        async move { ended.await.unwrap() }
    });
    let mut outputs = block_on(jobs.pipelined(limit(100)).collect::<Vec<_>>());
    outputs.sort_unstable();
    assert_eq!(outputs, (0..2_000).collect::<Vec<_>>());
}

#[test]
fn run_needs_neither_static_nor_send_and_keeps_the_limit() {
    let pipeliner = Pipeliner::inline(limit(2), Fairness::Strict);
    let (now, most) = (Cell::new(0), Cell::new(0));
    let jobs = (0..20).map(|n| {
        let (now, most) = (&now, &most);
        pipeliner.run(async move {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            let n = work(n, 3).await;
            now.set(now.get() - 1);
            n
        })
    });
    assert_eq!(block_on(join_all(jobs)), (0..20).collect::<Vec<_>>());
    assert_eq!((now.get(), most.get()), (0, 2));
}

#[test]
fn a_run_that_is_dropped_or_panics_gives_its_permit_back() {
    for fairness in [Fairness::Strict, Fairness::Eventual] {
        let pipeliner = Pipeliner::inline(limit(1), fairness);
        let mut held = Box::pin(pipeliner.run(std::future::pending::<()>()));
        assert!(
            held.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        let mut next = pin!(pipeliner.run(ready(1)));
        assert!(
            next.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        drop(held);
        assert_eq!(block_on(next), 1);
        let panics = catch_unwind(AssertUnwindSafe(|| {
            block_on(pipeliner.run(async { panic!("a bug") }))
        }));
        assert!(panics.is_err());
        assert_eq!(block_on(pipeliner.run(ready(2))), 2);
    }
}

#[test]
fn both_doors_share_one_limit_that_can_be_changed() {
    let (pipeliner, mut workers) = Pipeliner::unbounded(limit(1));
    let turn = |workers: &mut Vec<dragline_pipeliner::Worker>| {
        for worker in workers {
            let _ = Pin::new(worker).poll(&mut Context::from_waker(Waker::noop()));
        }
    };
    let mut held = Box::pin(pipeliner.run(std::future::pending::<()>()));
    assert!(
        held.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    let jobs: Vec<_> = (0..3)
        .map(|_| {
            pipeliner
                .try_schedule(std::future::pending::<Result<(), ()>>())
                .unwrap()
        })
        .collect();
    let probe = pipeliner.try_schedule(ready(Ok::<_, ()>(1))).unwrap();
    turn(&mut workers);
    drop(held);
    // One pending job now has the only permit; three more make room for the probe.
    turn(&mut workers);
    assert!(!probe.is_finished());
    workers.extend(pipeliner.resize(limit(4)));
    assert_eq!(workers.len(), 4);
    turn(&mut workers);
    assert!(probe.is_finished());
    assert!(
        pipeliner.resize(limit(1)).is_empty(),
        "workers that are too many are idle"
    );
    let late = pipeliner.try_schedule(ready(Ok::<_, ()>(2))).unwrap();
    turn(&mut workers);
    assert!(!late.is_finished(), "three are in work, one may be");
    assert!(pipeliner.resize(limit(4)).is_empty());
    turn(&mut workers);
    assert!(late.is_finished());
    drop(jobs);
}

proptest! {
    /// All outputs, each once, in order where that is promised; never more than the limit in work.
    #[test]
    fn streams_lose_nothing(n in 1_usize..150, yields in prop::collection::vec(0_usize..5, 0..200)) {
        let in_work = Cell::new(0_usize);
        let jobs = || stream::iter(yields.iter().copied().enumerate()).map(|(job, yields)| {
            let in_work = &in_work;
            async move {
                in_work.set(in_work.get() + 1);
                assert!(in_work.get() <= n);
                let output = work(job, yields).await;
                in_work.set(in_work.get() - 1);
                output
            }
        });
        let all: Vec<_> = (0..yields.len()).collect();
        let mut any = block_on(jobs().pipelined(limit(n)).collect::<Vec<_>>());
        any.sort_unstable();
        prop_assert_eq!(&any, &all);
        let in_order = block_on(jobs().pipelined_in_order(limit(n)).collect::<Vec<_>>());
        prop_assert_eq!(&in_order, &all);
    }
}
