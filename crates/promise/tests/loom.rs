//! Every interleaving of completing, waiting and cancelling. Run by `cargo xtask loom`.
//!
//! Modelled: all but `wait_blocking`, which parks a thread of `std`.
#![cfg(loom)]

use std::task::{Context, Wake, Waker};

use dragline_promise::{Promise, WaitError, promise};
use futures::FutureExt;
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;

#[test]
fn a_waiter_is_woken_whichever_comes_first() {
    loom::model(|| {
        let (completer, promise) = promise::<u8, ()>();
        let writer = thread::spawn(move || completer.complete(Ok(1)));
        assert_eq!(block_on(promise), Ok(1));
        writer.join().unwrap();
    });
}

#[test]
fn two_waiters_are_both_woken() {
    loom::model(|| {
        let (completer, promise) = promise::<u8, ()>();
        let other = promise.clone();
        let waiter = thread::spawn(move || assert_eq!(block_on(other), Ok(1)));
        let writer = thread::spawn(move || completer.complete(Ok(1)));
        assert_eq!(block_on(promise), Ok(1));
        waiter.join().unwrap();
        writer.join().unwrap();
    });
}

#[test]
fn a_dropped_completer_wakes_both_waiters() {
    loom::model(|| {
        let (completer, promise) = promise::<u8, ()>();
        let other = promise.clone();
        let waiter = thread::spawn(move || assert_eq!(block_on(other), Err(WaitError::Abandoned)));
        let writer = thread::spawn(move || drop(completer));
        assert_eq!(block_on(promise), Err(WaitError::Abandoned));
        waiter.join().unwrap();
        writer.join().unwrap();
    });
}

#[test]
fn a_cancelled_waiter_takes_no_wake_from_another() {
    loom::model(|| {
        let (completer, promise) = promise::<u8, ()>();
        let other = promise.clone();
        let canceller = thread::spawn(move || {
            let mut wait = other.wait();
            block_on(futures::future::poll_fn(|cx| {
                let _ = wait.poll_unpin(cx);
                std::task::Poll::Ready(())
            }));
            drop(wait);
        });
        let writer = thread::spawn(move || completer.complete(Ok(1)));
        assert_eq!(block_on(promise), Ok(1));
        canceller.join().unwrap();
        writer.join().unwrap();
    });
}

#[test]
fn a_waiter_that_moves_to_another_task_is_woken_there() {
    loom::model(|| {
        let (completer, mut promise) = promise::<u8, ()>();
        let writer = thread::spawn(move || completer.complete(Ok(1)));
        // Polled once here, with this task's waker; awaited to the end over there.
        let early = block_on(futures::future::poll_fn(|cx| {
            std::task::Poll::Ready(promise.poll_unpin(cx))
        }));
        if early.is_pending() {
            let there = thread::spawn(move || assert_eq!(block_on(promise), Ok(1)));
            there.join().unwrap();
        }
        writer.join().unwrap();
    });
}

#[test]
fn the_last_waker_given_is_woken() {
    loom::model(|| {
        let (completer, promise) = promise::<u8, ()>();
        let writer = thread::spawn(move || completer.complete(Ok(1)));
        let mut wait = promise.wait();
        let _ = wait.poll_unpin(&mut Context::from_waker(Waker::noop()));
        assert_eq!(block_on(wait), &Ok(1));
        writer.join().unwrap();
    });
}

#[test]
fn what_was_written_before_complete_is_seen_by_who_waits() {
    loom::model(|| {
        let (completer, promise) = promise::<(), ()>();
        let data = Arc::new(AtomicUsize::new(0));
        let written = Arc::clone(&data);
        let writer = thread::spawn(move || {
            written.store(1, Relaxed);
            completer.complete(Ok(()));
        });
        assert_eq!(block_on(promise.wait()), &Ok(()));
        assert_eq!(data.load(Relaxed), 1);
        writer.join().unwrap();
    });
}

#[test]
fn who_looks_while_it_is_completed_sees_all_or_nothing() {
    loom::model(|| {
        let (completer, promise) = promise::<(), ()>();
        let data = Arc::new(AtomicUsize::new(0));
        let written = Arc::clone(&data);
        let writer = thread::spawn(move || {
            written.store(1, Relaxed);
            completer.complete(Ok(()));
        });
        let complete = promise.is_complete();
        if let Some(result) = promise.try_get() {
            assert_eq!(result, &Ok(()));
            assert_eq!(data.load(Relaxed), 1);
        } else {
            assert!(!complete, "what was complete is not any more");
        }
        writer.join().unwrap();
        assert!(promise.try_get().is_some());
    });
}

#[test]
fn what_was_written_before_the_completer_was_dropped_is_seen() {
    loom::model(|| {
        let (completer, promise) = promise::<(), ()>();
        let data = Arc::new(AtomicUsize::new(0));
        let written = Arc::clone(&data);
        let writer = thread::spawn(move || {
            written.store(1, Relaxed);
            drop(completer);
        });
        assert_eq!(block_on(promise), Err(WaitError::Abandoned));
        assert_eq!(data.load(Relaxed), 1);
        writer.join().unwrap();
    });
}

#[test]
fn no_waker_is_left_behind() {
    loom::model(|| {
        let (completer, promise) = promise::<u8, ()>();
        let counted = std::sync::Arc::new(Counted);
        let cancellers = [(); 2].map(|()| {
            let waker = Waker::from(std::sync::Arc::clone(&counted));
            let other = promise.clone();
            thread::spawn(move || {
                let mut wait = other.wait();
                let _ = wait.poll_unpin(&mut Context::from_waker(&waker));
            })
        });
        cancellers.into_iter().for_each(|it| it.join().unwrap());
        assert_eq!(std::sync::Arc::strong_count(&counted), 1);
        drop(completer);
    });
}

#[test]
fn a_place_used_again_belongs_to_its_new_waiter() {
    loom::model(|| {
        let (completer, promise) = promise::<u8, ()>();
        let mut early = promise.clone();
        let _ = early.poll_unpin(&mut Context::from_waker(Waker::noop()));
        let canceller = thread::spawn(move || drop(early));
        let other = promise.clone();
        let waiter = thread::spawn(move || assert_eq!(block_on(other), Ok(1)));
        completer.complete(Ok(1));
        canceller.join().unwrap();
        waiter.join().unwrap();
        drop(promise);
    });
}

#[test]
fn a_late_leave_after_completion_takes_nothing_of_the_others() {
    loom::model(|| {
        let (completer, promise) = promise::<u8, ()>();
        let mut first = promise.clone();
        let mut second = promise.clone();
        let _ = first.poll_unpin(&mut Context::from_waker(Waker::noop()));
        let _ = second.poll_unpin(&mut Context::from_waker(Waker::noop()));
        let canceller = thread::spawn(move || drop(second));
        let writer = thread::spawn(move || completer.complete(Ok(1)));
        assert_eq!(block_on(first), Ok(1));
        canceller.join().unwrap();
        writer.join().unwrap();
    });
}

#[test]
fn a_clone_waits_for_the_same_result() {
    loom::model(|| {
        let (completer, promise) = promise::<u8, ()>();
        let waiter = thread::spawn(move || {
            let clone = promise.clone();
            drop(promise);
            assert_eq!(block_on(clone.clone()), Ok(1));
            assert_eq!(clone.try_get(), Some(&Ok(1)));
        });
        completer.complete(Ok(1));
        waiter.join().unwrap();
    });
}

#[test]
fn polled_again_after_it_was_ready_it_is_ready() {
    loom::model(|| {
        let (completer, mut promise) = promise::<u8, ()>();
        let writer = thread::spawn(move || completer.complete(Ok(1)));
        assert_eq!(block_on(&mut promise), Ok(1));
        assert_eq!(promise.now_or_never(), Some(Ok(1)));
        writer.join().unwrap();
    });
}

#[test]
fn a_cancelled_waiter_takes_no_wake_when_the_completer_is_dropped() {
    loom::model(|| {
        let (completer, promise) = promise::<u8, ()>();
        let mut early = promise.clone();
        let _ = early.poll_unpin(&mut Context::from_waker(Waker::noop()));
        let canceller = thread::spawn(move || drop(early));
        let writer = thread::spawn(move || drop(completer));
        assert_eq!(block_on(promise), Err(WaitError::Abandoned));
        canceller.join().unwrap();
        writer.join().unwrap();
    });
}

#[test]
fn the_value_is_dropped_once_by_whoever_is_last() {
    struct Counter(Arc<AtomicUsize>);

    impl Drop for Counter {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    loom::model(|| {
        let (completer, promise) = promise::<Counter, ()>();
        let drops = Arc::new(AtomicUsize::new(0));
        let value = Counter(Arc::clone(&drops));
        let writer = thread::spawn(move || completer.complete(Ok(value)));
        drop(promise);
        writer.join().unwrap();
        assert_eq!(drops.load(Relaxed), 1);
    });
}

#[test]
fn a_waker_may_drop_a_waiter_while_another_waits() {
    struct Dropper(std::sync::Mutex<Option<Promise<u8, ()>>>);

    impl Wake for Dropper {
        fn wake(self: std::sync::Arc<Self>) {
            let waiter = self.0.lock().unwrap().take();
            assert!(waiter.is_none_or(|waiter| waiter.is_complete()));
        }
    }

    loom::model(|| {
        let (completer, promise) = promise::<u8, ()>();
        let dropper = std::sync::Arc::new(Dropper(std::sync::Mutex::default()));
        let waker = Waker::from(std::sync::Arc::clone(&dropper));
        let mut early = promise.clone();
        let _ = early.poll_unpin(&mut Context::from_waker(&waker));
        *dropper.0.lock().unwrap() = Some(early);
        let writer = thread::spawn(move || completer.complete(Ok(1)));
        assert_eq!(block_on(promise), Ok(1));
        writer.join().unwrap();
    });
}

struct Counted;

impl Wake for Counted {
    fn wake(self: std::sync::Arc<Self>) {}
}
