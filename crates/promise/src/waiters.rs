use std::task::{Context, Waker};

use slab::Slab;

/// Those who wait: the first in place, so that one waiter costs no allocation, the others in a slab.
#[derive(Default)]
pub(crate) struct Waiters {
    first: Option<Waker>,
    others: Option<Box<Slab<Waker>>>,
}

/// A waiter's place. Its holder gives it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    Other(usize),
}

impl Waiters {
    pub(crate) fn enter(&mut self, waker: Waker) -> Place {
        if self.first.is_none() {
            self.first = Some(waker);
            Place::First
        } else {
            Place::Other(self.others.get_or_insert_default().insert(waker))
        }
    }

    /// Tells whether the waker at a place would wake this task.
    pub(crate) fn would_wake(&self, place: Place, cx: &Context<'_>) -> bool {
        let waker = match place {
            Place::First => self.first.as_ref(),
            Place::Other(key) => self.others.as_ref().and_then(|others| others.get(key)),
        };
        waker.is_some_and(|waker| waker.will_wake(cx.waker()))
    }

    /// Gives all to `wake`, in no promised order.
    pub(crate) fn drain(self, wake: impl FnMut(Waker)) {
        let others = self.others.into_iter().flat_map(|others| *others);
        let wakers = self.first.into_iter().chain(others.map(|(_, waker)| waker));
        wakers.for_each(wake);
    }

    /// Takes the waker from a place, which is then free. Once all were taken, there is none.
    pub(crate) fn leave(&mut self, place: Place) -> Option<Waker> {
        match place {
            Place::First => self.first.take(),
            Place::Other(key) => self.others.as_mut()?.try_remove(key),
        }
    }
}
