//! The behaviour of a queue, through its public API.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

use dragline_queue::{Closed, Item, Queue, TryGetError, TryPutError};
use futures::executor::block_on;
use futures::stream::{self, FusedStream};
use futures::{SinkExt, StreamExt};

fn bounded<T>(capacity: usize) -> Queue<T> {
    Queue::bounded(NonZeroUsize::new(capacity).unwrap())
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn drain<T>(queue: &Queue<T>) -> Vec<T> {
    std::iter::from_fn(|| queue.try_get().ok().map(Item::into_inner)).collect()
}

#[test]
fn first_in_is_first_out() {
    let queue = Queue::unbounded();
    (0..5).for_each(|n| queue.try_put(n).unwrap());
    assert_eq!(queue.len(), 5);
    assert!(!queue.is_empty());
    assert_eq!(drain(&queue), [0, 1, 2, 3, 4]);
    assert!(queue.is_empty());
}

#[test]
fn a_full_queue_gives_the_item_back() {
    let queue = bounded(2);
    queue.try_put("a").unwrap();
    queue.try_put("b").unwrap();
    assert_eq!(queue.try_put("c"), Err(TryPutError::Full("c")));
    assert_eq!(drain(&queue), ["a", "b"]);
}

#[test]
fn a_closed_queue_gives_the_item_back() {
    let queue = Queue::unbounded();
    queue.close();
    assert!(queue.is_closed());
    assert_eq!(queue.try_put("a").unwrap_err().into_inner(), "a");
    assert_eq!(block_on(queue.put("b")), Err(Closed("b")));
    assert_eq!(queue.try_get().unwrap_err(), TryGetError::Closed);
}

#[test]
fn put_waits_for_room() {
    let queue = bounded(1);
    queue.try_put(1).unwrap();
    let mut put = pin!(queue.put(2));
    assert!(poll(put.as_mut()).is_pending());
    assert_eq!(Item::into_inner(queue.try_get().unwrap()), 1);
    assert_eq!(poll(put.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(drain(&queue), [2]);
}

#[test]
fn who_waits_for_room_is_overtaken_so_often_and_no_more() {
    let queue = bounded(1);
    queue.try_put(0).unwrap();
    let (gone, mut first, mut second) = (queue.put(7), pin!(queue.put(1)), pin!(queue.put(2)));
    {
        // Who was told and leaves tells the next.
        let mut gone = pin!(gone);
        assert!(poll(gone.as_mut()).is_pending());
        assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    }
    let mut overtaken = 0;
    loop {
        drop(queue.try_get().unwrap());
        let mut late = pin!(queue.put(9));
        if poll(late.as_mut()).is_pending() {
            assert!(poll(first.as_mut()).is_ready());
            break;
        }
        overtaken += 1;
        assert!(poll(first.as_mut()).is_pending());
    }
    assert_eq!(overtaken, 32);
    assert_eq!(*queue.try_get().unwrap(), 1);
    assert!(poll(second.as_mut()).is_ready());
    assert_eq!(drain(&queue), [2]);
    assert_eq!(block_on(queue.put(5)), Ok(()));
}

#[test]
fn on_one_thread_nobody_is_kept_out() {
    const PUTS: usize = 3000;
    let queue = bounded(2);
    let mut shares = [0; 3];
    let get = async {
        for _ in 0..PUTS {
            let item = queue.get().await.unwrap();
            shares[*item] += 1;
        }
        queue.close();
    };
    block_on(async {
        let puts = futures::future::join_all((0..3).map(|who| {
            let queue = &queue;
            async move { while queue.put(who).await.is_ok() {} }
        }));
        futures::future::join(puts, get).await;
    });
    assert!(shares.iter().all(|share| *share > PUTS / 100), "{shares:?}");
}

#[test]
fn close_tells_also_who_stands_behind_one_that_is_not_polled() {
    let queue = bounded(1);
    queue.try_put(0).unwrap();
    let (mut first, mut second) = (pin!(queue.put(1)), pin!(queue.put(2)));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    queue.close();
    assert_eq!(poll(second), Poll::Ready(Err(Closed(2))));
    assert_eq!(block_on(queue.put(3)), Err(Closed(3)));
    assert_eq!(poll(first), Poll::Ready(Err(Closed(1))));
}

#[test]
fn close_refuses_a_put_that_waits_and_gives_its_item_back() {
    let queue = bounded(1);
    queue.try_put(1).unwrap();
    let mut put = pin!(queue.put(2));
    assert!(poll(put.as_mut()).is_pending());
    queue.close();
    assert_eq!(poll(put.as_mut()), Poll::Ready(Err(Closed(2))));
    assert_eq!(drain(&queue), [1]);
}

#[test]
fn close_drains_then_none_for_every_getter() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    queue.close();
    assert_eq!(block_on(queue.get()).map(Item::into_inner), Some(1));
    assert!(block_on(queue.get()).is_none());
    assert!(block_on(queue.get()).is_none());
}

#[test]
fn close_wakes_all_getters() {
    let queue = Queue::<u8>::unbounded();
    thread::scope(|s| {
        let getters: Vec<_> = (0..4)
            .map(|_| s.spawn(|| block_on(queue.get()).is_none()))
            .collect();
        queue.close();
        assert!(getters.into_iter().all(|getter| getter.join().unwrap()));
    });
}

#[test]
fn a_cancelled_get_takes_nothing() {
    let queue = Queue::unbounded();
    {
        let mut get = pin!(queue.get());
        assert!(poll(get.as_mut()).is_pending());
        queue.try_put(1).unwrap(); // Wakes the getter, which is dropped before it is polled.
    }
    assert_eq!(drain(&queue), [1]);
}

#[test]
fn a_cancelled_get_passes_its_wake_on() {
    let queue = Queue::unbounded();
    let mut second = Box::pin(queue.get());
    {
        let mut first = pin!(queue.get());
        assert!(poll(first.as_mut()).is_pending());
        assert!(poll(second.as_mut()).is_pending());
        queue.try_put(7).unwrap();
    }
    // Would wait for ever if the wake had gone down with the first.
    assert_eq!(block_on(second).map(Item::into_inner), Some(7));
}

#[test]
fn a_cancelled_put_leaves_the_queue_whole() {
    let queue = bounded(1);
    queue.try_put(1).unwrap();
    {
        let mut put = pin!(queue.put(2));
        assert!(poll(put.as_mut()).is_pending());
    }
    assert_eq!(drain(&queue), [1]);
    block_on(queue.join());
}

#[test]
fn get_many_takes_what_is_there_up_to_its_bound() {
    let queue = Queue::unbounded();
    (0..5).for_each(|n| queue.try_put(n).unwrap());
    let mut items = Vec::new();
    let three = NonZeroUsize::new(3).unwrap();
    assert_eq!(block_on(queue.get_many(&mut items, three)), 3);
    assert_eq!(block_on(queue.get_many(&mut items, three)), 2);
    queue.close();
    assert_eq!(block_on(queue.get_many(&mut items, three)), 0);
    assert_eq!(
        items.iter().map(|n| **n).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4]
    );
    let mut join = pin!(queue.join());
    assert!(poll(join.as_mut()).is_pending(), "taken is not finished");
    drop(items);
    assert!(poll(join.as_mut()).is_ready());
}

#[test]
fn join_waits_for_what_is_queued_and_for_what_is_in_work() {
    let queue = Queue::unbounded();
    assert!(poll(pin!(queue.join())).is_ready(), "nothing was ever put");
    queue.try_put(1).unwrap();
    let mut join = pin!(queue.join());
    assert!(poll(join.as_mut()).is_pending());
    let item = queue.try_get().unwrap();
    assert!(poll(join.as_mut()).is_pending());
    queue.try_put(2).unwrap(); // Found while working on the first.
    drop(item);
    assert!(poll(join.as_mut()).is_pending());
    assert_eq!(drain(&queue), [2]);
    assert!(poll(join.as_mut()).is_ready());
}

#[test]
fn a_refused_put_is_not_counted() {
    let queue = Queue::unbounded();
    queue.close();
    assert!(queue.try_put(1).is_err());
    assert!(block_on(queue.put(1)).is_err());
    block_on(queue.join());
}

#[test]
fn join_counts_a_put_that_waits() {
    let queue = bounded(1);
    queue.try_put(1).unwrap();
    let mut put = Box::pin(queue.put(2));
    assert!(poll(put.as_mut()).is_pending());
    let mut join = pin!(queue.join());
    drop(queue.try_get());
    assert!(poll(join.as_mut()).is_pending());
    drop(put);
    assert!(poll(join.as_mut()).is_ready());
}

#[test]
fn a_requeued_item_goes_to_the_end_and_stays_unfinished() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    let mut join = pin!(queue.join());
    let item = queue.try_get().unwrap();
    block_on(queue.requeue(item)).unwrap();
    assert!(poll(join.as_mut()).is_pending());
    assert_eq!(drain(&queue), [2, 1]);
    assert!(poll(join.as_mut()).is_ready());

    queue.try_put(3).unwrap();
    let item = queue.try_get().unwrap();
    queue.close();
    assert_eq!(block_on(queue.requeue(item)), Err(Closed(3)));
    assert!(poll(pin!(queue.join())).is_ready());
}

#[test]
fn requeueing_wakes_no_join() {
    struct Never;
    impl std::task::Wake for Never {
        fn wake(self: std::sync::Arc<Self>) {
            panic!("nothing was finished");
        }
    }
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    let waker = Waker::from(std::sync::Arc::new(Never));
    let mut join = Box::pin(queue.join());
    assert!(
        join.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    block_on(queue.requeue(queue.try_get().unwrap())).unwrap();
    drop(join);
}

#[test]
fn debug_says_what_is_known() {
    let queue = bounded(2);
    queue.try_put(7).unwrap();
    assert_eq!(
        format!("{queue:?}"),
        "Queue { len: 1, capacity: Some(2), closed: false, .. }"
    );
    let (items, sink) = (queue.items(), queue.sink());
    assert_eq!(
        format!("{items:?} {sink:?}"),
        "Items { .. } Putting { waiting: false, .. }"
    );
    assert_eq!(format!("{:?}", queue.try_get().unwrap()), "Item(7)");
    assert_eq!(
        format!("{:?} {:?}", TryPutError::Full(1), TryPutError::Closed(1)),
        "Full(..) Closed(..)"
    );
    assert_eq!(
        format!("{:?} {}", Closed(1), Closed(1)),
        "Closed(..) queue is closed"
    );
    assert_eq!(TryPutError::Full(1).to_string(), "queue is full");
    assert_eq!(TryPutError::Closed(1).to_string(), "queue is closed");
    assert_eq!(TryGetError::Empty.to_string(), "queue is empty");
    assert_eq!(TryGetError::Closed.to_string(), "queue is empty and closed");
    assert_eq!(Closed(3).into_inner(), 3);
}

#[test]
fn an_item_requeued_elsewhere_is_counted_there() {
    let (here, there) = (Queue::unbounded(), Queue::unbounded());
    here.try_put(1).unwrap();
    block_on(there.requeue(here.try_get().unwrap())).unwrap();
    assert!(poll(pin!(here.join())).is_ready());
    assert!(poll(pin!(there.join())).is_pending());
}

#[test]
fn items_are_a_stream_and_a_sink() {
    let queue = bounded(2);
    let stream = queue.items();
    let both = futures::future::join(
        async {
            let mut sink = queue.sink();
            sink.send_all(&mut stream::iter((0..9).map(Ok)))
                .await
                .unwrap();
            sink.close().await.unwrap();
            assert!(!queue.is_closed(), "others may put");
            queue.join().await;
            queue.close();
            assert_eq!(sink.send(9).await, Err(Closed(9)));
        },
        stream.map(Item::into_inner).collect::<Vec<_>>(),
    );
    assert_eq!(block_on(both).1, (0..9).collect::<Vec<_>>());
}

#[test]
#[should_panic(expected = "when it is ready")]
fn a_sink_that_is_not_ready_loses_no_item_in_silence() {
    let queue = bounded(1);
    let mut sink = pin!(queue.sink());
    for n in 0..3 {
        let _ = sink.start_send_unpin(n);
    }
}

#[test]
fn items_say_when_there_will_be_no_more() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    queue.close();
    let mut items = queue.items();
    assert!(!items.is_terminated());
    assert_eq!(block_on(items.next()).as_deref(), Some(&1));
    assert!(items.is_terminated());
}

#[test]
fn a_sink_holds_one_item_while_the_queue_is_full() {
    let queue = bounded(1);
    let mut sink = queue.sink();
    block_on(sink.feed(1)).unwrap();
    block_on(sink.feed(2)).unwrap();
    assert!(poll(pin!(sink.feed(3))).is_pending());
    assert!(
        poll(pin!(sink.close())).is_pending(),
        "closing it puts what it holds"
    );
    queue.close();
    assert_eq!(block_on(sink.flush()), Err(Closed(2)));
    assert_eq!(drain(&queue), [1]);
}

#[test]
fn a_panic_finishes_the_item() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    let work = catch_unwind(AssertUnwindSafe(|| {
        let _item = queue.try_get().unwrap();
        panic!("the work fails");
    }));
    assert!(work.is_err());
    block_on(queue.join());
}

#[test]
fn a_mapped_item_is_still_unfinished() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    let item = Item::map(queue.try_get().unwrap(), |n: u8| n.to_string());
    assert_eq!(*item, "1");
    let mut join = pin!(queue.join());
    assert!(poll(join.as_mut()).is_pending());
    drop(item);
    assert!(poll(join.as_mut()).is_ready());
}

#[test]
fn what_the_drop_of_an_item_puts_is_counted_before_the_item_is_finished() {
    struct PutsOnDrop(Queue<Option<PutsOnDrop>>);
    impl Drop for PutsOnDrop {
        fn drop(&mut self) {
            let mut join = pin!(self.0.join());
            assert!(
                poll(join.as_mut()).is_pending(),
                "the item is not finished yet"
            );
            self.0.try_put(None).unwrap();
        }
    }
    let queue = Queue::unbounded();
    queue.try_put(Some(PutsOnDrop(queue.clone()))).unwrap();
    drop(queue.try_get());
    assert_eq!(queue.len(), 1);
    drop(queue.try_get());
    block_on(queue.join());
}

#[test]
fn handles_share_one_count() {
    let queue = Queue::unbounded();
    queue.clone().try_put(1).unwrap();
    assert!(poll(pin!(queue.join())).is_pending());
}

#[test]
fn a_join_that_is_woken_late_looks_again() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    let mut join = pin!(queue.join());
    assert!(poll(join.as_mut()).is_pending());
    drop(queue.try_get());
    queue.try_put(2).unwrap();
    assert!(poll(join.as_mut()).is_pending());
}

#[test]
fn two_joins_that_wait_are_both_woken() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    let mut first = Box::pin(queue.join());
    let mut second = Box::pin(queue.join());
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    drop(queue.try_get());
    // Would wait for ever without a wake of its own.
    block_on(futures::future::join(first, second));
}

#[test]
fn all_joiners_are_woken() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| block_on(queue.join()));
        }
        drop(queue.try_get());
    });
}

#[test]
fn the_last_handle_drops_what_is_queued() {
    let value = std::sync::Arc::new(());
    let queue = Queue::unbounded();
    let other = queue.clone();
    queue.try_put(value.clone()).unwrap();
    drop(queue);
    assert_eq!(std::sync::Arc::strong_count(&value), 2);
    drop(other);
    assert_eq!(std::sync::Arc::strong_count(&value), 1);
}

#[test]
fn many_threads_get_each_item_exactly_once_and_join_ends_them() {
    const SEEDS: usize = 64;
    const DEPTH: usize = 4;
    let queue = bounded(SEEDS * 2);
    let done = AtomicUsize::new(0);
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                block_on(async {
                    while let Some(depth) = queue.get().await {
                        done.fetch_add(1, Ordering::SeqCst);
                        if *depth > 0 {
                            queue.put(*depth - 1).await.unwrap();
                        }
                    }
                });
            });
        }
        block_on(async {
            for _ in 0..SEEDS {
                queue.put(DEPTH).await.unwrap();
            }
            queue.join().await;
            queue.close();
        });
    });
    assert_eq!(done.into_inner(), SEEDS * (DEPTH + 1));
}

#[test]
fn handles_and_items_are_send_and_sync() {
    fn check<T: Send + Sync>(_: &T) {}
    fn send<T: Send>(_: &T) {}
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    check(&queue);
    check(&queue.try_get().unwrap());
    send(&queue.put(1));
    send(&queue.get());
    send(&queue.join());
}

mod laws {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    #[derive(Clone, Debug)]
    enum Step {
        Put(u8),
        Get,
        Finish,
        Close,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => any::<u8>().prop_map(Step::Put),
            3 => Just(Step::Get),
            3 => Just(Step::Finish),
            1 => Just(Step::Close),
        ]
    }

    proptest! {
        /// The queue behaves as a `VecDeque` with a bound, a flag and a count.
        #[test]
        fn behaves_as_its_model(capacity in 1_usize..5, steps in prop::collection::vec(step(), 0..60)) {
            let queue = bounded(capacity);
            let (mut model, mut closed, mut in_work) = (VecDeque::new(), false, Vec::new());
            for step in steps {
                match step {
                    Step::Put(n) => {
                        let expected = if closed {
                            Err(TryPutError::Closed(n))
                        } else if model.len() == capacity {
                            Err(TryPutError::Full(n))
                        } else {
                            model.push_back(n);
                            Ok(())
                        };
                        prop_assert_eq!(queue.try_put(n), expected);
                    }
                    Step::Get => match (queue.try_get(), model.pop_front()) {
                        (Ok(item), Some(n)) => {
                            prop_assert_eq!(*item, n);
                            in_work.push(item);
                        }
                        (Err(TryGetError::Closed), None) => prop_assert!(closed),
                        (Err(TryGetError::Empty), None) => prop_assert!(!closed),
                        (got, expected) => prop_assert!(false, "{:?} is not {:?}", got, expected),
                    },
                    Step::Finish => drop(in_work.pop()),
                    Step::Close => {
                        queue.close();
                        closed = true;
                    }
                }
                prop_assert_eq!(queue.len(), model.len());
                let joined = poll(pin!(queue.join())).is_ready();
                prop_assert_eq!(joined, model.is_empty() && in_work.is_empty());
            }
        }
    }
}
