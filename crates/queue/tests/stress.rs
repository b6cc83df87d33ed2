//! Many threads, many seeds: puts and gets of all kinds, some given up half-way.
//!
//! `STRESS_ROUNDS=100000 cargo test -p dragline-queue --release --test stress` for longer.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Waker};
use std::thread;

use dragline_queue::{Item, Queue};
use futures::executor::block_on;

const PRODUCERS: usize = 3;
const CONSUMERS: usize = 3;
const ITEMS: usize = 40;

/// xorshift64*, to be repeatable by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}

/// Polls once and gives up: whatever it was about must not be lost or done twice.
fn give_up<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

fn produce(queue: &Queue<usize>, first: usize, random: &mut Random) {
    for item in first..first + ITEMS {
        match random.below(3) {
            0 => block_on(queue.put(item)).unwrap(),
            1 => {
                while queue.try_put(item).is_err() {
                    thread::yield_now();
                }
            }
            // Given up, it was not put.
            _ => {
                while give_up(queue.put(item)).is_none() {
                    thread::yield_now();
                }
            }
        }
    }
}

fn consume(queue: &Queue<usize>, random: &mut Random, seen: &Mutex<Vec<usize>>) {
    let finish = |item: Item<usize>| seen.lock().unwrap().push(*item);
    loop {
        match random.below(5) {
            0 => {
                let mut items = Vec::new();
                if block_on(queue.get_many(&mut items, NonZeroUsize::MIN.saturating_add(7))) == 0 {
                    return;
                }
                items.into_iter().for_each(finish);
            }
            1 => {
                if let Some(Some(item)) = give_up(queue.get()) {
                    finish(item);
                }
            }
            2 => {
                if let Ok(item) = queue.try_get() {
                    // Back to the end, once; others make room.
                    match random.below(2) {
                        0 if queue.len() < 2 => block_on(queue.requeue(item)).unwrap(),
                        _ => finish(item),
                    }
                }
            }
            _ => match block_on(queue.get()) {
                Some(item) => finish(item),
                None => return,
            },
        }
    }
}

fn round(seed: u64) {
    let mut random = Random(seed | 1);
    let capacity = 8 + usize::try_from(random.below(8)).unwrap();
    let queue = Queue::bounded(NonZeroUsize::new(capacity).unwrap());
    let seen = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..CONSUMERS {
            let mut random = Random(random.below(u64::MAX) | 1);
            let (queue, seen) = (&queue, &seen);
            scope.spawn(move || consume(queue, &mut random, seen));
        }
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|n| {
                let mut random = Random(random.below(u64::MAX) | 1);
                let queue = &queue;
                scope.spawn(move || produce(queue, n * ITEMS, &mut random))
            })
            .collect();
        for producer in producers {
            producer.join().unwrap();
        }
        block_on(queue.join());
        assert_eq!(
            seen.lock().unwrap().len(),
            PRODUCERS * ITEMS,
            "join came early, seed {seed}"
        );
        queue.close();
    });
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert_eq!(
        seen,
        (0..PRODUCERS * ITEMS).collect::<Vec<_>>(),
        "seed {seed}"
    );
}

#[test]
fn each_item_is_got_once_and_join_waits_for_all() {
    let rounds = std::env::var("STRESS_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok());
    for seed in 1..=rounds.unwrap_or(200) {
        round(seed);
    }
}
