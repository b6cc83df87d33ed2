//! Every interleaving of completing, waiting and cancelling. Run by
//! `RUSTFLAGS="--cfg loom" cargo test -p dragline-promise --test loom --release`.
#![cfg(loom)]

use dragline_promise::{WaitError, promise};
use futures::FutureExt;
use loom::future::block_on;
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
