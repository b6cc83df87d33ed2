//! One value, once: one waiter, and many.

use std::cell::RefCell;
use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures::FutureExt;
use tokio::sync::SetOnce;

use crate::measure::{Plan, Shape, Threads, Verdict, waker};

const OURS: &str = "promise";
const SET_ONCE: &str = "tokio SetOnce in Arc";
const SHARED: &str = "futures Shared(oneshot)";

#[expect(clippy::too_many_lines, reason = "a list: a few lines a contender")]
pub(crate) fn measure(plan: &Plan) -> Vec<Verdict> {
    let mut ready = Shape::new("promise: ready, one waiter", PAIRS);
    let mut pending = Shape::new("promise: pending, one waiter", PAIRS);
    let mut tasks = Shape::new("promise: two tasks", PAIRS);

    // Each: makes a pair, completes the one end, waits at the other.
    macro_rules! pair {
        ($name:expr, $make:expr, |$writer:ident| $complete:expr, |$reader:ident| $wait:expr) => {
            ready.add($name, || {
                let waker = waker();
                let mut cx = Context::from_waker(&waker);
                for _ in 0..PAIRS {
                    let ($writer, $reader) = $make;
                    $complete;
                    let mut wait = pin!($wait);
                    assert!(black_box(wait.as_mut().poll(&mut cx)).is_ready());
                }
            });
            pending.add($name, || {
                let waker = waker();
                let mut cx = Context::from_waker(&waker);
                for _ in 0..PAIRS {
                    let ($writer, $reader) = $make;
                    let mut wait = pin!($wait);
                    assert!(wait.as_mut().poll(&mut cx).is_pending());
                    $complete;
                    assert!(black_box(wait.as_mut().poll(&mut cx)).is_ready());
                }
            });
            let runtime = Threads::One.runtime();
            tasks.add($name, move || {
                let hand = Arc::new(Mutex::new(None));
                let taken = Arc::clone(&hand);
                let reading = runtime.spawn(async move {
                    for _ in 0..PAIRS {
                        let (writer, $reader) = $make;
                        *hand.lock().expect("nothing panics") = Some(writer);
                        let _ = black_box($wait.await);
                    }
                });
                let writing = runtime.spawn(async move {
                    let mut left = PAIRS;
                    while left > 0 {
                        let writer = taken.lock().expect("nothing panics").take();
                        if let Some($writer) = writer {
                            $complete;
                            left -= 1;
                        }
                        tokio::task::yield_now().await;
                    }
                });
                let both = async { (reading.await, writing.await) };
                assert!(matches!(runtime.block_on(both), (Ok(()), Ok(()))));
            });
        };
    }

    pair!(
        OURS,
        promise::promise::<u64, ()>(),
        |writer| writer.complete(Ok(1)),
        |reader| reader.wait()
    );
    pair!(
        SET_ONCE,
        {
            let cell = Arc::new(SetOnce::<u64>::new());
            (Arc::clone(&cell), cell)
        },
        |writer| writer.set(1).expect("set once"),
        |reader| reader.wait()
    );
    pair!(
        "tokio oneshot",
        tokio::sync::oneshot::channel::<u64>(),
        |writer| writer.send(1).expect("awaited"),
        |reader| reader
    );
    pair!(
        "oneshot crate",
        oneshot::async_channel::<u64>(),
        |writer| writer.send(1).expect("awaited"),
        |reader| reader
    );
    pair!(
        "futures oneshot",
        futures::channel::oneshot::channel::<u64>(),
        |writer| writer.send(1).expect("awaited"),
        |reader| reader
    );
    pair!(
        SHARED,
        {
            let (writer, reader) = futures::channel::oneshot::channel::<u64>();
            (writer, reader.shared())
        },
        |writer| writer.send(1).expect("awaited"),
        |reader| reader
    );
    pair!(
        "async-lock OnceCell in Arc",
        {
            let cell = Arc::new(async_lock::OnceCell::<u64>::new());
            (Arc::clone(&cell), cell)
        },
        |writer| {
            writer.set_blocking(1).expect("set once");
        },
        |reader| reader.wait()
    );

    pending.at_most(OURS, 1.0, SET_ONCE);
    pending.allocations(OURS, 1.0);
    pending.bytes(OURS, 80.0);

    let mut verdicts = Vec::new();
    for shape in [ready, pending, tasks] {
        verdicts.extend(plan.measure(shape));
    }
    for waiters in [64, 1000] {
        verdicts.extend(plan.measure(many(waiters)));
    }
    verdicts
}

/// Many waiters of each of some cells; an operation is one wait.
fn many(waiters: usize) -> Shape {
    let cells = CELLS_WAITERS / waiters;
    let title = format!("promise: {waiters} waiters (a waiter)");
    let operations = u32::try_from(cells * waiters).expect("it is small");
    let mut shape = Shape::new(title, operations);
    shape.add(OURS, move || {
        let make = || {
            let (completer, promise) = promise::promise::<u64, ()>();
            (RefCell::new(Some(completer)), promise)
        };
        let complete = |completer: &RefCell<Option<promise::Completer<u64, ()>>>| {
            let completer = completer.take();
            completer.expect("completed once").complete(Ok(1));
        };
        let cells: Vec<_> = (0..cells).map(|_| make()).collect();
        wait_all(
            &cells,
            waiters,
            |cell| cell.1.wait(),
            |cell| complete(&cell.0),
        );
    });
    shape.add(SET_ONCE, move || {
        let cells: Vec<_> = (0..cells)
            .map(|_| Arc::new(SetOnce::<u64>::new()))
            .collect();
        wait_all(
            &cells,
            waiters,
            |cell| cell.wait(),
            |cell| {
                cell.set(1).expect("set once");
            },
        );
    });
    shape.add(SHARED, move || {
        let make = || {
            let (sender, receiver) = futures::channel::oneshot::channel::<u64>();
            (RefCell::new(Some(sender)), receiver.shared())
        };
        let cells: Vec<_> = (0..cells).map(|_| make()).collect();
        wait_all(
            &cells,
            waiters,
            |cell| cell.1.clone(),
            |cell| {
                let sender = cell.0.take().expect("completed once");
                sender.send(1).expect("awaited");
            },
        );
    });
    shape.add("async-lock OnceCell in Arc", move || {
        let make = || Arc::new(async_lock::OnceCell::<u64>::new());
        let cells: Vec<_> = (0..cells).map(|_| make()).collect();
        wait_all(
            &cells,
            waiters,
            |cell| cell.wait(),
            |cell| {
                cell.set_blocking(1).expect("set once");
            },
        );
    });
    shape.at_most(OURS, 0.80, SET_ONCE);
    shape.at_most(OURS, 0.55, SHARED);
    shape
}

/// Polls the waiters of each cell, completes it, and polls them again. The futures' places are
/// made once.
fn wait_all<'a, C, F: Future>(
    cells: &'a [C],
    waiters: usize,
    wait: impl Fn(&'a C) -> F,
    complete: impl Fn(&'a C),
) {
    let waker = waker();
    let mut cx = Context::from_waker(&waker);
    let mut places: Vec<Pin<Box<Option<F>>>> = (0..waiters).map(|_| Box::pin(None)).collect();
    let mut poll = |place: &mut Pin<Box<Option<F>>>| {
        let future = place.as_mut().as_pin_mut();
        future.map_or(Poll::Pending, |future| future.poll(&mut cx))
    };
    for cell in cells {
        for place in &mut places {
            place.set(Some(wait(cell)));
            assert!(poll(place).is_pending());
        }
        complete(cell);
        for place in &mut places {
            assert!(black_box(poll(place)).is_ready());
            place.set(None);
        }
    }
}

const PAIRS: u32 = 20_000;
const CELLS_WAITERS: usize = 64_000;
