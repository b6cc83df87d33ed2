//! Futures in work, of which only those that were woken are polled.
//!
//! # How it works
//!
//! Each slot has a waker of its own, made once, that sets the slot's bit in a word and wakes the
//! one who polls all if the word was empty. That one takes a whole word of bits at once. So no job
//! costs an allocation, and a wake costs one read-modify-write. Slots are made when more futures are
//! in work than ever were, so that a limit that is not reached costs nothing.

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
    free: Vec<usize>,
    /// A bit for each slot.
    words: Vec<Arc<Word>>,
    poller: Arc<AtomicWaker>,
    /// Bits that were taken and not looked at yet: of word `word`.
    taken: u64,
    word: usize,
}

struct Slot<F> {
    future: Pin<Box<Option<F>>>,
    /// What it was started as.
    name: usize,
    waker: Waker,
}

/// Which slots were woken, and who is to be told.
struct Word {
    woken: AtomicU64,
    poller: Arc<AtomicWaker>,
}

struct SlotWaker {
    word: Arc<Word>,
    bit: u64,
}

impl<F: Future> Slots<F> {
    pub(crate) fn new() -> Self {
        Slots {
            all: Vec::new(),
            free: Vec::new(),
            words: Vec::new(),
            poller: Arc::new(AtomicWaker::new()),
            taken: 0,
            word: 0,
        }
    }

    pub(crate) fn in_work(&self) -> usize {
        self.all.len() - self.free.len()
    }

    /// Takes in a future, under a name, and polls it at once; returns how it ended if it has.
    pub(crate) fn start(&mut self, name: usize, future: F) -> Poll<thread::Result<F::Output>> {
        let index = self.free.pop().unwrap_or_else(|| self.add());
        let slot = &mut self.all[index];
        slot.name = name;
        slot.future.set(Some(future));
        self.poll_slot(index)
    }

    fn add(&mut self) -> usize {
        let index = self.all.len();
        if index / BITS == self.words.len() {
            self.words.push(Arc::new(Word {
                woken: AtomicU64::new(0),
                poller: Arc::clone(&self.poller),
            }));
        }
        self.all.push(Slot {
            future: Box::pin(None),
            name: 0,
            waker: Waker::from(Arc::new(SlotWaker {
                word: Arc::clone(&self.words[index / BITS]),
                bit: 1 << (index % BITS),
            })),
        });
        index
    }

    /// Makes sure that the task is woken when a slot is.
    pub(crate) fn register(&self, cx: &Context<'_>) {
        self.poller.register(cx.waker());
    }

    /// Polls those that were woken, until one ends: its name, and its output or panic. Each is
    /// polled once a round at most; `budget` bounds the words taken.
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
                    return Some((self.all[index].name, ended));
                }
            }
            if *budget == 0 {
                return None;
            }
            *budget -= 1;
            self.word = (self.word + 1) % self.words.len();
            let woken = &self.words[self.word].woken;
            // Looked at before it is written: most rounds find most words empty.
            if woken.load(Ordering::Relaxed) != 0 {
                self.taken = woken.swap(0, Ordering::AcqRel);
            }
        }
    }

    /// How many words a round has.
    pub(crate) fn words(&self) -> usize {
        self.words.len()
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
        let dropped = catch_unwind(AssertUnwindSafe(|| slot.future.set(None)));
        self.free.push(index);
        Poll::Ready(dropped.and(ended))
    }
}

/// A waker may live on: it is not to keep the task.
impl<F> Drop for Slots<F> {
    fn drop(&mut self) {
        drop(self.poller.take());
    }
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Not empty: whoever filled it has woken the poller, who has not taken it yet.
        if self.word.woken.fetch_or(self.bit, Ordering::AcqRel) == 0 {
            self.word.poller.wake();
        }
    }
}

const BITS: usize = u64::BITS as usize;
