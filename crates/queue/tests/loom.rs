//! Every interleaving of putting, getting, closing and joining. Run by `cargo xtask loom`.
//!
//! Modelled: the count of unfinished items, and below it the real `concurrent-queue` and
//! `event-listener`, both with the model checker's types in place of the standard library's. Not
//! modelled: `async-channel`'s counts of its handles, which are of `std`, so that no model is about
//! the last handle being dropped. What the models say of the channel itself holds for the version
//! in `Cargo.lock`.
#![cfg(loom)]

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use dragline_queue::{Closed, Item, Queue, TryPutError};
use futures::future::poll_fn;
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// Polls once, as a task would, and drops it.
fn poll_and_cancel<F: Future>(future: F) -> Poll<F::Output> {
    let mut future = pin!(future);
    block_on(poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))))
}

fn holding_one() -> Queue<u8> {
    Queue::bounded(NonZeroUsize::MIN)
}

#[test]
fn an_item_put_wakes_who_waits_in_get() {
    loom::model(|| {
        let queue = Queue::unbounded();
        let other = queue.clone();
        let putter = thread::spawn(move || assert!(other.try_put(1).is_ok()));
        assert_eq!(*block_on(queue.get()).unwrap(), 1);
        putter.join().unwrap();
    });
}

#[test]
fn each_item_is_got_once() {
    loom::model(|| {
        let queue = Queue::unbounded();
        let getters = [1, 2].map(|item| {
            let other = queue.clone();
            queue.try_put(item).unwrap();
            thread::spawn(move || *block_on(other.get()).unwrap())
        });
        let sum: u8 = getters.into_iter().map(|got| got.join().unwrap()).sum();
        assert_eq!(sum, 3);
        assert!(queue.is_empty());
    });
}

#[test]
fn two_items_wake_two_getters() {
    loom::model(|| {
        let queue = Queue::unbounded();
        let other = queue.clone();
        let getter = thread::spawn(move || *block_on(other.get()).unwrap());
        let other = queue.clone();
        let putter = thread::spawn(move || {
            other.try_put(1).unwrap();
            other.try_put(2).unwrap();
        });
        let got = *block_on(queue.get()).unwrap();
        assert_eq!(got + getter.join().unwrap(), 3);
        putter.join().unwrap();
    });
}

#[test]
fn items_of_one_putter_are_got_in_their_order() {
    loom::model(|| {
        let queue = Queue::unbounded();
        let other = queue.clone();
        let putter = thread::spawn(move || {
            other.try_put(1).unwrap();
            other.try_put(2).unwrap();
        });
        assert_eq!(*block_on(queue.get()).unwrap(), 1);
        assert_eq!(*block_on(queue.get()).unwrap(), 2);
        putter.join().unwrap();
    });
}

#[test]
fn a_cancelled_get_loses_no_item_and_no_wake() {
    loom::model(|| {
        let queue = Queue::unbounded();
        let other = queue.clone();
        let canceller = thread::spawn(move || {
            // Ready is an item got: put back, for the one who stays.
            if let Poll::Ready(Some(item)) = poll_and_cancel(other.get()) {
                other.try_put(Item::into_inner(item)).unwrap();
            }
        });
        let other = queue.clone();
        let putter = thread::spawn(move || other.try_put(1).unwrap());
        assert_eq!(*block_on(queue.get()).unwrap(), 1);
        canceller.join().unwrap();
        putter.join().unwrap();
    });
}

#[test]
fn an_item_taken_makes_room_for_who_waits_in_put() {
    loom::model(|| {
        let queue = holding_one();
        queue.try_put(1).unwrap();
        let other = queue.clone();
        let putter = thread::spawn(move || block_on(other.put(2)).unwrap());
        assert_eq!(*queue.try_get().unwrap(), 1);
        putter.join().unwrap();
        assert_eq!(*queue.try_get().unwrap(), 2);
    });
}

#[test]
fn a_cancelled_put_passes_its_room_on() {
    loom::model(|| {
        let queue = holding_one();
        queue.try_put(1).unwrap();
        let other = queue.clone();
        let putter = thread::spawn(move || block_on(other.put(2)).unwrap());
        let other = queue.clone();
        let getter = thread::spawn(move || assert_eq!(*other.try_get().unwrap(), 1));
        let put = poll_and_cancel(queue.put(3)).is_ready();
        getter.join().unwrap();
        if put {
            assert!(matches!(*block_on(queue.get()).unwrap(), 2 | 3));
        }
        putter.join().unwrap();
        drop(block_on(queue.get()).unwrap());
        assert!(queue.is_empty());
    });
}

#[test]
fn who_stands_in_line_is_told_when_those_before_have_left() {
    loom::model(|| {
        let queue = holding_one();
        queue.try_put(1).unwrap();
        let putters = [2, 3].map(|item| {
            let other = queue.clone();
            thread::spawn(move || block_on(other.put(item)).unwrap())
        });
        let sum: u8 = (0..3).map(|_| *block_on(queue.get()).unwrap()).sum();
        assert_eq!(sum, 6);
        for putter in putters {
            putter.join().unwrap();
        }
    });
}

#[test]
fn close_tells_all_who_stand_in_line() {
    loom::model(|| {
        let queue = holding_one();
        queue.try_put(1).unwrap();
        let mut first = Box::pin(queue.put(2));
        let polled = block_on(poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx))));
        assert!(polled.is_pending());
        let other = queue.clone();
        let closer = thread::spawn(move || other.close());
        // The first is not polled meanwhile.
        assert_eq!(block_on(queue.put(3)), Err(Closed(3)));
        closer.join().unwrap();
        assert_eq!(block_on(first), Err(Closed(2)));
    });
}

#[test]
fn never_more_than_the_capacity_is_queued() {
    loom::model(|| {
        let queue = holding_one();
        let other = queue.clone();
        let putter = thread::spawn(move || other.try_put(1).is_ok());
        let here = queue.try_put(2);
        let there = putter.join().unwrap();
        assert!(here.is_ok() ^ there, "one of the two finds room");
        assert!(matches!(here, Ok(()) | Err(TryPutError::Full(2))));
        assert_eq!(queue.len(), 1);
    });
}

#[test]
fn close_wakes_who_waits_in_get() {
    loom::model(|| {
        let queue = Queue::<u8>::unbounded();
        let other = queue.clone();
        let getter = thread::spawn(move || assert!(block_on(other.get()).is_none()));
        let other = queue.clone();
        let closer = thread::spawn(move || other.close());
        assert!(block_on(queue.get()).is_none());
        getter.join().unwrap();
        closer.join().unwrap();
    });
}

#[test]
fn close_gives_back_what_waits_in_put() {
    loom::model(|| {
        let queue = holding_one();
        queue.try_put(1).unwrap();
        let other = queue.clone();
        let closer = thread::spawn(move || other.close());
        assert_eq!(block_on(queue.put(2)), Err(Closed(2)));
        closer.join().unwrap();
        assert_eq!(*block_on(queue.get()).unwrap(), 1);
        assert!(block_on(queue.get()).is_none());
    });
}

#[test]
fn what_was_put_is_got_also_after_a_close() {
    loom::model(|| {
        let queue = Queue::unbounded();
        let other = queue.clone();
        let putter = thread::spawn(move || other.try_put(1).is_ok());
        let other = queue.clone();
        let closer = thread::spawn(move || other.close());
        let got = block_on(queue.get()).is_some();
        assert_eq!(got, putter.join().unwrap());
        closer.join().unwrap();
    });
}

#[test]
fn join_ends_when_the_last_item_is_dropped() {
    loom::model(|| {
        let queue = Queue::unbounded();
        queue.try_put(1).unwrap();
        let item = queue.try_get().unwrap();
        let worker = thread::spawn(move || drop(item));
        block_on(queue.join());
        worker.join().unwrap();
    });
}

#[test]
fn join_waits_for_each_of_two_items() {
    loom::model(|| {
        let queue = Queue::unbounded();
        let done = Arc::new(AtomicUsize::new(0));
        let workers = [1, 2].map(|number| {
            queue.try_put(number).unwrap();
            let item = queue.try_get().unwrap();
            let done = Arc::clone(&done);
            thread::spawn(move || {
                done.fetch_add(1, Ordering::Relaxed);
                drop(item);
            })
        });
        block_on(queue.join());
        assert_eq!(done.load(Ordering::Relaxed), 2);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

#[test]
fn join_ends_for_two_who_wait() {
    loom::model(|| {
        let queue = Queue::unbounded();
        queue.try_put(1).unwrap();
        let item = queue.try_get().unwrap();
        let worker = thread::spawn(move || drop(item));
        let other = queue.clone();
        let joiner = thread::spawn(move || block_on(other.join()));
        block_on(queue.join());
        joiner.join().unwrap();
        worker.join().unwrap();
    });
}

#[test]
fn join_waits_for_what_an_item_puts() {
    loom::model(|| {
        let queue = Queue::unbounded();
        queue.try_put(1).unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        let (other, its_done) = (queue.clone(), Arc::clone(&done));
        let worker = thread::spawn(move || {
            let first = other.try_get().unwrap();
            other.try_put(2).unwrap();
            drop(first);
            let second = other.try_get().unwrap();
            its_done.store(1, Ordering::Relaxed);
            drop(second);
        });
        block_on(queue.join());
        assert_eq!(done.load(Ordering::Relaxed), 1, "nobody was unfinished");
        worker.join().unwrap();
    });
}

#[test]
fn join_waits_for_what_the_drop_of_a_value_puts() {
    struct Putter(Option<Queue<Putter>>, Arc<AtomicUsize>);

    impl Drop for Putter {
        fn drop(&mut self) {
            match self.0.take() {
                Some(queue) => {
                    let more = Putter(None, Arc::clone(&self.1));
                    assert!(queue.try_put(more).is_ok());
                }
                None => self.1.store(1, Ordering::Relaxed),
            }
        }
    }

    loom::model(|| {
        let queue = Queue::unbounded();
        let done = Arc::new(AtomicUsize::new(0));
        let first = Putter(Some(queue.clone()), Arc::clone(&done));
        assert!(queue.try_put(first).is_ok());
        let other = queue.clone();
        let worker = thread::spawn(move || {
            drop(other.try_get());
            drop(other.try_get());
        });
        block_on(queue.join());
        assert_eq!(done.load(Ordering::Relaxed), 1);
        worker.join().unwrap();
    });
}

#[test]
fn a_cancelled_join_takes_no_wake_from_another() {
    loom::model(|| {
        let queue = Queue::unbounded();
        queue.try_put(1).unwrap();
        let item = queue.try_get().unwrap();
        let worker = thread::spawn(move || drop(item));
        let other = queue.clone();
        let canceller = thread::spawn(move || {
            let _ = poll_and_cancel(other.join());
        });
        block_on(queue.join());
        canceller.join().unwrap();
        worker.join().unwrap();
    });
}

#[test]
fn join_ends_when_the_item_left_is_refused() {
    loom::model(|| {
        let queue = holding_one();
        queue.close();
        let other = queue.clone();
        let putter = thread::spawn(move || assert_eq!(block_on(other.put(1)), Err(Closed(1))));
        block_on(queue.join());
        putter.join().unwrap();
    });
}

#[test]
fn join_ends_when_the_put_that_waits_is_cancelled() {
    loom::model(|| {
        let queue = holding_one();
        queue.try_put(1).unwrap();
        let other = queue.clone();
        let putter = thread::spawn(move || {
            let mut put = Box::pin(other.put(2));
            let waits = put.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(waits.is_pending());
            drop(other.try_get());
            drop(put);
        });
        block_on(queue.join());
        putter.join().unwrap();
    });
}

#[test]
fn what_was_written_before_put_is_seen_after_get() {
    loom::model(|| {
        let queue = Queue::unbounded();
        let data = Arc::new(AtomicUsize::new(0));
        let (other, written) = (queue.clone(), Arc::clone(&data));
        let putter = thread::spawn(move || {
            written.store(1, Ordering::Relaxed);
            other.try_put(1).unwrap();
        });
        drop(block_on(queue.get()).unwrap());
        assert_eq!(data.load(Ordering::Relaxed), 1);
        putter.join().unwrap();
    });
}
