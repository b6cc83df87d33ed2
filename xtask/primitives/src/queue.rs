//! Messages from tasks to tasks.

use std::hint::black_box;
use std::num::NonZeroUsize;

use ::queue::Queue;

use crate::core::Core;
use crate::measure::{Plan, Shape, Threads, Verdict};

const OURS: &str = "queue";
const OURS_MANY: &str = "queue, get_many(64)";
const PEER: &str = "async-channel";

pub(crate) fn measure(plan: &Plan) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for threads in [Threads::One, Threads::Two] {
        for tasks in [1, 4] {
            for capacity in [Some(16), Some(1024), None] {
                verdicts.extend(plan.measure(shape(threads, tasks, capacity)));
            }
        }
    }
    verdicts
}

/// As many tasks put as get; an operation is a message.
#[expect(clippy::too_many_lines, reason = "a list: a few lines a contender")]
fn shape(threads: Threads, tasks: u32, capacity: Option<usize>) -> Shape {
    let held = capacity.map_or("unbounded".to_owned(), |capacity| {
        format!("bounded({capacity})")
    });
    let title = format!("queue: {tasks}x{tasks} {held}, {threads}");
    let mut shape = Shape::new(title, MESSAGES);
    shape.clock = threads.clock();
    let each = MESSAGES / tasks;

    // Each: the ends, how one puts, how one gets (and how many it got).
    macro_rules! add {
        ($name:expr, $make:expr, |$tx:ident, $value:ident| $put:expr, |$rx:ident, $buffer:ident| $get:expr) => {{
            let runtime = threads.runtime();
            shape.add($name, move || {
                let (tx, rx) = $make;
                let mut handles = Vec::new();
                for _ in 0..tasks {
                    let $tx = tx.clone();
                    handles.push(runtime.spawn(async move {
                        for $value in 0..u64::from(each) {
                            $put;
                        }
                    }));
                    let $rx = rx.clone();
                    handles.push(runtime.spawn(async move {
                        let mut $buffer = Vec::with_capacity(64);
                        let mut left = each as usize;
                        while left > 0 {
                            left -= $get;
                            $buffer.clear();
                        }
                        black_box(&mut $buffer);
                    }));
                }
                runtime.block_on(async {
                    for handle in handles {
                        handle.await.expect("no task panics");
                    }
                });
            });
        }};
    }
    macro_rules! one {
        ($buffer:ident, $got:expr) => {{
            let got: u64 = $got;
            $buffer.push(black_box(got));
            1
        }};
    }

    let ours = move || match capacity {
        Some(capacity) => Queue::bounded(NonZeroUsize::new(capacity).expect("not zero")),
        None => Queue::unbounded(),
    };
    add!(
        OURS,
        {
            let queue = ours();
            (queue.clone(), queue)
        },
        |tx, value| tx.put(value).await.expect("open"),
        |rx, buffer| one!(buffer, *rx.get().await.expect("open"))
    );
    add!(
        PEER,
        capacity.map_or_else(async_channel::unbounded, async_channel::bounded),
        |tx, value| tx.send(value).await.expect("open"),
        |rx, buffer| one!(buffer, rx.recv().await.expect("open"))
    );
    add!(
        "safe core (Mutex, VecDeque)",
        {
            let core = Core::new(capacity);
            (core.clone(), core)
        },
        |tx, value| assert!(tx.put(&mut Some(value)).await),
        |rx, buffer| one!(buffer, rx.get().await.expect("open"))
    );
    add!(
        "flume",
        capacity.map_or_else(flume::unbounded, flume::bounded),
        |tx, value| tx.send_async(value).await.expect("open"),
        |rx, buffer| one!(buffer, rx.recv_async().await.expect("open"))
    );
    add!(
        "kanal (unsound)",
        capacity.map_or_else(kanal::unbounded_async, kanal::bounded_async),
        |tx, value| tx.send(value).await.expect("open"),
        |rx, buffer| one!(buffer, rx.recv().await.expect("open"))
    );
    if let Some(capacity) = capacity {
        add!(
            "crossfire mpmc",
            crossfire::mpmc::bounded_async(capacity),
            |tx, value| tx.send(value).await.expect("open"),
            |rx, buffer| one!(buffer, rx.recv().await.expect("open"))
        );
    } else {
        add!(
            "crossfire mpmc",
            crossfire::mpmc::unbounded_async(),
            |tx, value| tx.send(value).expect("open"),
            |rx, buffer| one!(buffer, rx.recv().await.expect("open"))
        );
    }
    // With one getter only: how many each of several gets is nobody's promise.
    if tasks == 1 {
        add!(
            OURS_MANY,
            {
                let queue = ours();
                (queue.clone(), queue)
            },
            |tx, value| tx.put(value).await.expect("open"),
            |rx, buffer| rx.get_many(&mut buffer, MANY).await
        );
        add!(
            "safe core, get_many(64)",
            {
                let core = Core::new(capacity);
                (core.clone(), core)
            },
            |tx, value| assert!(tx.put(&mut Some(value)).await),
            |rx, buffer| rx.get_many(&mut buffer, MANY.get()).await
        );
        if threads == Threads::One {
            shape.at_most(OURS_MANY, 0.50, PEER);
        }
    }
    if threads == Threads::One {
        shape.at_most(OURS, 1.10, PEER);
    }
    tokio_mpsc(&mut shape, threads, tasks, capacity);
    shape
}

/// Not among the others: its getting end is one, and no clone.
fn tokio_mpsc(shape: &mut Shape, threads: Threads, tasks: u32, capacity: Option<usize>) {
    use tokio::sync::mpsc;

    if tasks != 1 {
        return;
    }
    let runtime = threads.runtime();
    shape.add("tokio mpsc", move || {
        let both = if let Some(capacity) = capacity {
            let (tx, mut rx) = mpsc::channel(capacity);
            let putting = runtime.spawn(async move {
                for value in 0..u64::from(MESSAGES) {
                    tx.send(value).await.expect("open");
                }
            });
            let getting =
                runtime.spawn(async move { while black_box(rx.recv().await).is_some() {} });
            [putting, getting]
        } else {
            let (tx, mut rx) = mpsc::unbounded_channel();
            let putting = runtime.spawn(async move {
                for value in 0..u64::from(MESSAGES) {
                    tx.send(value).expect("open");
                }
            });
            let getting =
                runtime.spawn(async move { while black_box(rx.recv().await).is_some() {} });
            [putting, getting]
        };
        runtime.block_on(async {
            for task in both {
                task.await.expect("no task panics");
            }
        });
    });
}

const MESSAGES: u32 = 40_000;
const MANY: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");
