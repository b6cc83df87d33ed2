//! A queue of safe code alone, to see what `async-channel` costs: a `Mutex` over a `VecDeque` and
//! two lines of waiters. One is woken, outside the lock, and only if someone waits.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A handle of the queue.
pub(crate) struct Core<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    items: VecDeque<T>,
    capacity: usize,
    closed: bool,
    getters: Line,
    putters: Line,
}

/// Those who wait, by ticket: who comes first has the lowest. A woken one has left the line.
#[derive(Default)]
struct Line {
    waiters: VecDeque<(u64, Waker)>,
    next: u64,
}

impl Line {
    /// Enters, or, with a ticket, waits on at its old place.
    fn enter(&mut self, ticket: &mut Option<u64>, waker: &Waker) {
        let ticket = *ticket.get_or_insert_with(|| {
            self.next += 1;
            self.next
        });
        match self.waiters.binary_search_by_key(&ticket, |it| it.0) {
            Ok(at) => self.waiters[at].1.clone_from(waker),
            Err(at) => self.waiters.insert(at, (ticket, waker.clone())),
        }
    }

    /// Leaves; tells whether it was still in line, and not woken.
    fn leave(&mut self, ticket: u64) -> bool {
        let at = self.waiters.binary_search_by_key(&ticket, |it| it.0);
        at.is_ok_and(|at| self.waiters.remove(at).is_some())
    }

    fn first(&mut self) -> Option<Waker> {
        self.waiters.pop_front().map(|it| it.1)
    }
}

impl<T> Core<T> {
    pub(crate) fn new(capacity: Option<usize>) -> Self {
        Core(Arc::new(Mutex::new(State {
            items: VecDeque::with_capacity(capacity.unwrap_or(0)),
            capacity: capacity.unwrap_or(usize::MAX),
            closed: false,
            getters: Line::default(),
            putters: Line::default(),
        })))
    }

    /// Puts the item, waiting for room, and takes it out of `item` as it does: cancelled or
    /// refused (`false`: closed), it is still there.
    pub(crate) fn put<'a>(&'a self, item: &'a mut Option<T>) -> Put<'a, T> {
        Put {
            core: self,
            item,
            ticket: None,
        }
    }

    /// Takes the first item; `None` when closed and drained.
    pub(crate) fn get(&self) -> Get<'_, T> {
        Get {
            core: self,
            ticket: None,
        }
    }

    /// Appends up to `most` items to `items`, waiting for the first; under one lock.
    pub(crate) async fn get_many(&self, items: &mut Vec<T>, most: usize) -> usize {
        let Some(first) = self.get().await else {
            return 0;
        };
        items.push(first);
        let mut state = self.lock();
        let more = state.items.len().min(most - 1);
        items.extend(state.items.drain(..more));
        let woken: Vec<Waker> = (0..more).map_while(|_| state.putters.first()).collect();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        more + 1
    }

    /// Takes nothing more; everyone who waits is woken.
    #[expect(
        dead_code,
        reason = "a queue has it, so what it costs the others is measured"
    )]
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let getters = std::mem::take(&mut state.getters.waiters);
        let putters = std::mem::take(&mut state.putters.waiters);
        drop(state);
        getters
            .into_iter()
            .chain(putters)
            .for_each(|it| it.1.wake());
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Core<T> {
    fn clone(&self) -> Self {
        Core(Arc::clone(&self.0))
    }
}

pub(crate) struct Put<'a, T> {
    core: &'a Core<T>,
    item: &'a mut Option<T>,
    ticket: Option<u64>,
}

impl<T> Future for Put<'_, T> {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let this = self.get_mut();
        let mut state = this.core.lock();
        if state.closed {
            this.ticket = None;
            return Poll::Ready(false);
        }
        if state.items.len() == state.capacity {
            state.putters.enter(&mut this.ticket, cx.waker());
            return Poll::Pending;
        }
        if let Some(ticket) = this.ticket.take() {
            state.putters.leave(ticket);
        }
        state.items.extend(this.item.take());
        let woken = state.getters.first();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        Poll::Ready(true)
    }
}

impl<T> Drop for Put<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.core.lock();
            let passes_on = !state.putters.leave(ticket) && state.items.len() < state.capacity;
            let woken = passes_on.then(|| state.putters.first()).flatten();
            drop(state);
            woken.into_iter().for_each(Waker::wake);
        }
    }
}

pub(crate) struct Get<'a, T> {
    core: &'a Core<T>,
    ticket: Option<u64>,
}

impl<T> Future for Get<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let core = self.core;
        let mut state = core.lock();
        let Some(item) = state.items.pop_front() else {
            if state.closed {
                self.ticket = None;
                return Poll::Ready(None);
            }
            state.getters.enter(&mut self.ticket, cx.waker());
            return Poll::Pending;
        };
        if let Some(ticket) = self.ticket.take() {
            state.getters.leave(ticket);
        }
        let woken = state.putters.first();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        Poll::Ready(Some(item))
    }
}

impl<T> Drop for Get<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.core.lock();
            let passes_on = !state.getters.leave(ticket) && !state.items.is_empty();
            let woken = passes_on.then(|| state.getters.first()).flatten();
            drop(state);
            woken.into_iter().for_each(Waker::wake);
        }
    }
}
