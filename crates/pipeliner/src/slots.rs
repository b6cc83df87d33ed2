//! A fixed number of futures, of which only those that were woken are polled.
//!
//! # How it works
//!
//! Each slot has a waker of its own, made once, that sets the slot's bit in a word and wakes the
//! one who polls all if the word was empty. That one takes a whole word of bits at once. So no job
//! costs an allocation, and a wake costs one read-modify-write.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use crate::sync::{AtomicU64, AtomicWaker};

pub(crate) struct Slots<F> {
    all: Vec<Slot<F>>,
    woken: Arc<Woken>,
    /// Bits that were taken from `woken` and not looked at yet: of word `word`.
    taken: u64,
    word: usize,
}

struct Slot<F> {
    future: Pin<Box<Option<F>>>,
    waker: Waker,
}

/// Which slots were woken, a bit each.
struct Woken {
    words: Box<[AtomicU64]>,
    poller: AtomicWaker,
}

struct SlotWaker {
    woken: Arc<Woken>,
    index: usize,
}

impl<F: Future> Slots<F> {
    pub(crate) fn new(count: usize) -> Self {
        let words = (0..count.div_ceil(BITS)).map(|_| AtomicU64::new(0));
        let woken = Arc::new(Woken {
            words: words.collect(),
            poller: AtomicWaker::new(),
        });
        let slot = |index| Slot {
            future: Box::pin(None),
            waker: Waker::from(Arc::new(SlotWaker {
                woken: Arc::clone(&woken),
                index,
            })),
        };
        Slots {
            all: (0..count).map(slot).collect(),
            woken: Arc::clone(&woken),
            taken: 0,
            word: 0,
        }
    }

    /// Puts a future into a free slot and polls it at once; returns how it ended if it has, and the
    /// slot is free again.
    pub(crate) fn start(&mut self, index: usize, future: F) -> Poll<thread::Result<F::Output>> {
        self.all[index].future.set(Some(future));
        self.poll_slot(index)
    }

    /// Makes sure that the task is woken when a slot is.
    pub(crate) fn register(&self, cx: &Context<'_>) {
        self.woken.poller.register(cx.waker());
    }

    /// Polls those that were woken, until one ends: its index, then free, and its output or panic.
    /// Each slot is polled once a round at most; `budget` bounds the words taken.
    pub(crate) fn poll_woken(
        &mut self,
        budget: &mut usize,
    ) -> Option<(usize, thread::Result<F::Output>)> {
        loop {
            while self.taken != 0 {
                let bit = self.taken.trailing_zeros() as usize;
                self.taken &= self.taken - 1;
                let index = self.word * BITS + bit;
                if let Poll::Ready(ended) = self.poll_slot(index) {
                    return Some((index, ended));
                }
            }
            if *budget == 0 {
                return None;
            }
            *budget -= 1;
            self.word = (self.word + 1) % self.woken.words.len();
            let word = &self.woken.words[self.word];
            // Looked at before it is written: most rounds find most words empty.
            if word.load(Ordering::Relaxed) != 0 {
                self.taken = word.swap(0, Ordering::AcqRel);
            }
        }
    }

    /// How many words a round has.
    pub(crate) fn words(&self) -> usize {
        self.woken.words.len()
    }

    fn poll_slot(&mut self, index: usize) -> Poll<thread::Result<F::Output>> {
        let slot = &mut self.all[index];
        let Some(future) = slot.future.as_mut().as_pin_mut() else {
            // Woken after its end.
            return Poll::Pending;
        };
        let mut cx = Context::from_waker(&slot.waker);
        let ended = match catch_unwind(AssertUnwindSafe(|| future.poll(&mut cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(panic),
        };
        slot.future.set(None);
        Poll::Ready(ended)
    }
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let word = &self.woken.words[self.index / BITS];
        // Not empty: whoever filled it has woken the poller, who has not taken it yet.
        if word.fetch_or(1 << (self.index % BITS), Ordering::AcqRel) == 0 {
            self.woken.poller.wake();
        }
    }
}

const BITS: usize = u64::BITS as usize;
