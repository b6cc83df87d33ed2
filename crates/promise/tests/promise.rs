//! The behaviour of a promise, through its public API.
#![cfg(not(loom))]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use dragline_promise::{Completer, Promise, WaitError, promise};
use futures::executor::block_on;
use futures::future::join_all;

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wakes {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// An error with a cause.
#[derive(Debug)]
struct Caused<E>(E);

impl<E> std::fmt::Display for Caused<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("caused")
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Caused<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

struct PanickingWaker;

impl Wake for PanickingWaker {
    fn wake(self: Arc<Self>) {
        panic!("this waker panics");
    }
}

/// To drop what it panics with panics too.
struct WorseWaker;

impl Wake for WorseWaker {
    fn wake(self: Arc<Self>) {
        struct Payload;
        impl Drop for Payload {
            fn drop(&mut self) {
                panic!("the payload panics");
            }
        }
        std::panic::panic_any(Payload);
    }
}

fn waker() -> (Arc<Wakes>, Waker) {
    let wakes = Arc::new(Wakes::default());
    (Arc::clone(&wakes), Waker::from(wakes))
}

fn poll_once<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(waker))
}

#[test]
fn completed_before_awaited_is_ready_at_once() {
    let (completer, promise) = promise::<_, ()>();
    assert!(!promise.is_complete());
    assert_eq!(promise.try_get(), None);
    completer.complete(Ok("done"));
    assert!(promise.is_complete());
    assert_eq!(promise.try_get(), Some(&Ok("done")));
    assert_eq!(block_on(promise), Ok("done"));
}

#[test]
fn an_error_reaches_every_waiter() {
    let (completer, promise) = promise::<(), _>();
    let waiters: Vec<_> = (0..3).map(|_| promise.clone()).collect();
    completer.complete(Err("no such page"));
    for result in block_on(join_all(waiters)) {
        assert_eq!(result, Err(WaitError::Failed("no such page")));
    }
}

#[test]
fn a_value_is_given_to_any_number_of_waiting_threads() {
    let (completer, promise) = promise::<_, ()>();
    let waiters: Vec<_> = (0..8)
        .map(|i| {
            let promise = promise.clone();
            thread::spawn(move || {
                if i % 2 == 0 {
                    block_on(promise).unwrap()
                } else {
                    promise.wait_blocking().unwrap()
                }
            })
        })
        .collect();
    completer.complete(Ok(42));
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap(), 42);
    }
}

#[test]
fn wait_lends_what_cannot_be_cloned() {
    struct NotClone(u8);
    let (completer, promise) = promise::<_, NotClone>();
    completer.complete(Ok(NotClone(9)));
    assert!(matches!(block_on(promise.wait()), Ok(NotClone(9))));
}

#[test]
fn a_dropped_completer_tells_every_waiter() {
    let (completer, promise) = promise::<u8, ()>();
    let (wakes, waker) = waker();
    let mut waiters = [promise.clone(), promise.clone()];
    for waiter in &mut waiters {
        assert!(poll_once(waiter, &waker).is_pending());
    }
    drop(completer);
    assert_eq!(wakes.count(), 2);
    for waiter in waiters {
        assert_eq!(block_on(waiter), Err(WaitError::Abandoned));
    }
}

#[test]
fn a_completer_dropped_by_a_panic_tells_its_waiters() {
    let (completer, promise) = promise::<u8, ()>();
    let worker = thread::spawn(move || {
        let _held: Completer<u8, ()> = completer;
        panic!("the worker dies");
    });
    assert_eq!(promise.wait_blocking(), &Err(WaitError::Abandoned));
    assert!(worker.join().is_err());
}

#[test]
fn a_cancelled_waiter_is_not_woken_and_disturbs_no_other() {
    let (completer, promise) = promise::<_, ()>();
    let (cancelled, cancelled_waker) = waker();
    let (other, other_waker) = waker();
    let mut first = promise.wait();
    let mut second = promise.wait();
    assert!(poll_once(&mut first, &cancelled_waker).is_pending());
    assert!(poll_once(&mut second, &other_waker).is_pending());
    drop(first);
    completer.complete(Ok(1));
    assert_eq!((cancelled.count(), other.count()), (0, 1));
    assert_eq!(poll_once(&mut second, &other_waker), Poll::Ready(&Ok(1)));
}

#[test]
fn a_place_used_again_belongs_to_its_new_waiter() {
    let (completer, promise) = promise::<_, ()>();
    let (_, old_waker) = waker();
    let (wakes, new_waker) = waker();
    let mut old = promise.wait();
    assert!(poll_once(&mut old, &old_waker).is_pending());
    drop(old);
    let mut new = promise.wait();
    assert!(poll_once(&mut new, &new_waker).is_pending());
    completer.complete(Ok(1));
    assert_eq!(wakes.count(), 1);
}

#[test]
fn the_last_waker_given_is_the_one_called() {
    let (completer, promise) = promise::<_, ()>();
    let (old, old_waker) = waker();
    let (new, new_waker) = waker();
    let mut wait = promise.wait();
    assert!(poll_once(&mut wait, &old_waker).is_pending());
    assert!(poll_once(&mut wait, &new_waker).is_pending());
    completer.complete(Ok(()));
    assert_eq!((old.count(), new.count()), (0, 1));
}

#[test]
fn cancelled_waits_leave_nothing_behind() {
    let (_completer, promise) = promise::<u8, ()>();
    let (wakes, waker) = waker();
    for _ in 0..10_000 {
        assert!(poll_once(&mut promise.wait(), &waker).is_pending());
    }
    drop(waker);
    assert_eq!(Arc::strong_count(&wakes), 1, "a slot still holds a waker");
}

#[test]
fn a_blocking_wait_ends_at_its_timeout() {
    let (completer, promise) = promise::<_, ()>();
    assert_eq!(promise.wait_blocking_timeout(Duration::ZERO), None);
    assert_eq!(
        promise.wait_blocking_timeout(Duration::from_millis(1)),
        None
    );
    completer.complete(Ok(1));
    assert_eq!(promise.wait_blocking_timeout(Duration::ZERO), Some(&Ok(1)));
    assert_eq!(promise.wait_blocking_timeout(Duration::MAX), Some(&Ok(1)));
}

#[test]
fn a_blocking_wait_waits() {
    for _ in 0..200 {
        let (completer, promise) = promise::<_, ()>();
        let completing = thread::spawn(move || completer.complete(Ok(1)));
        assert_eq!(
            promise.wait_blocking_timeout(Duration::from_secs(3600)),
            Some(&Ok(1))
        );
        completing.join().unwrap();
    }
}

#[test]
fn debug_says_what_is_known() {
    let (completer, promise) = promise::<_, ()>();
    assert_eq!(
        format!("{completer:?} {promise:?}"),
        "Completer { .. } Promise(None)"
    );
    assert_eq!(format!("{:?}", promise.wait()), "Wait { .. }");
    completer.complete(Ok(1));
    assert_eq!(format!("{promise:?}"), "Promise(Some(Ok(1)))");
}

#[test]
fn a_waker_that_panics_keeps_no_other_from_being_called() {
    let (completer, promise) = promise::<_, ()>();
    let (wakes, waker) = waker();
    let mut waits = [(); 5].map(|()| promise.wait());
    for (n, wait) in waits.iter_mut().enumerate() {
        let panicking = Waker::from(Arc::new(WorseWaker));
        let waker = if n % 2 == 1 { &panicking } else { &waker };
        assert!(poll_once(wait, waker).is_pending());
    }
    let completed = thread::scope(|s| s.spawn(|| completer.complete(Ok(1))).join());
    assert!(completed.is_err(), "the waker's panic goes on");
    std::mem::forget(completed);
    assert_eq!(wakes.count(), 3);
    assert_eq!(promise.try_get(), Some(&Ok(1)));
}

#[test]
fn a_waker_may_use_the_promise_that_wakes_it() {
    struct Reentrant(Promise<u8, ()>);
    impl Wake for Reentrant {
        fn wake(self: Arc<Self>) {
            // Would deadlock if wakers were called under the lock.
            assert_eq!(block_on(self.0.wait()), &Ok(3));
            drop(self.0.clone());
        }
    }
    let (completer, promise) = promise();
    let waker = Waker::from(Arc::new(Reentrant(promise.clone())));
    let mut wait = promise.wait();
    assert!(poll_once(&mut wait, &waker).is_pending());
    completer.complete(Ok(3));
}

#[test]
fn wakers_are_cloned_and_dropped_outside_the_lock() {
    /// Uses the promise in its drop: would deadlock under the lock.
    struct OnDrop(Promise<u8, ()>);
    impl Wake for OnDrop {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for OnDrop {
        fn drop(&mut self) {
            let mut wait = self.0.wait();
            assert!(poll_once(&mut wait, Waker::noop()).is_pending());
        }
    }
    let (_completer, promise) = promise();
    let on_drop = || Waker::from(Arc::new(OnDrop(promise.clone())));
    let mut replaced = promise.wait();
    assert!(poll_once(&mut replaced, &on_drop()).is_pending());
    assert!(poll_once(&mut replaced, Waker::noop()).is_pending());
    let mut cancelled = promise.wait();
    assert!(poll_once(&mut cancelled, &on_drop()).is_pending());
    drop(cancelled);
}

#[test]
fn a_clone_that_is_dropped_takes_its_slot_with_it() {
    let (_completer, promise) = promise::<u8, ()>();
    let (wakes, waker) = waker();
    for _ in 0..100 {
        assert!(poll_once(&mut promise.clone(), &waker).is_pending());
    }
    drop(waker);
    assert_eq!(Arc::strong_count(&wakes), 1);
}

#[test]
fn an_abandoned_promise_whose_waker_panics_does_not_abort_an_unwinding_thread() {
    let (completer, promise) = promise::<u8, ()>();
    let mut wait = promise.wait();
    assert!(poll_once(&mut wait, &Waker::from(Arc::new(PanickingWaker))).is_pending());
    let worker = thread::scope(|s| {
        let worker = s.spawn(|| {
            let _held = completer;
            panic!("the worker dies");
        });
        worker.join()
    });
    assert!(worker.is_err());
    assert_eq!(promise.try_get(), Some(&Err(WaitError::Abandoned)));
}

#[test]
fn ends_are_send_and_sync_when_what_they_carry_is() {
    fn check<T: Send + Sync>() {}
    check::<Completer<u8, String>>();
    check::<Promise<u8, String>>();
}

#[test]
fn errors_read_as_what_they_wrap() {
    let failed: WaitError<std::num::ParseIntError> =
        WaitError::Failed("x".parse::<u8>().unwrap_err());
    assert_eq!(failed.to_string(), "invalid digit found in string");
    let caused = WaitError::Failed(std::io::Error::other(WaitError::Failed(std::fmt::Error)));
    assert!(std::error::Error::source(&failed).is_none());
    assert!(std::error::Error::source(&WaitError::Failed(Caused(caused))).is_some());
    let abandoned: WaitError<std::num::ParseIntError> = WaitError::Abandoned;
    assert_eq!(
        abandoned.to_string(),
        "promise abandoned: its completer was dropped"
    );
}

#[test]
fn a_completer_knows_whether_a_promise_is_left() {
    let (completer, promise) = promise::<(), ()>();
    let other = promise.clone();
    drop(promise);
    assert!(completer.is_wanted());
    drop(other);
    assert!(!completer.is_wanted());
}
