use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::unfinished::{Guard, Unfinished};

/// An item taken from a [`Queue`](crate::Queue), unfinished until it is dropped.
///
/// Keep it while the work on it goes on, so that [`Queue::join`](crate::Queue::join) waits for
/// what the work may yet put. A panic that drops it finishes it too.
#[must_use = "dropping an item finishes it"]
pub struct Item<T> {
    value: T,
    // Declared, and so dropped, after the value: what the value's own drop puts is still counted.
    unfinished: Guard,
}

impl<T> Item<T> {
    pub(crate) fn new(value: T, unfinished: Guard) -> Self {
        Item { value, unfinished }
    }

    pub(crate) fn is_of(&self, unfinished: &Arc<Unfinished>) -> bool {
        self.unfinished.is_of(unfinished)
    }

    /// Turns the value into another; it is still the same unfinished item.
    ///
    /// (Not a method, lest it hide one of the value's.)
    pub fn map<U>(item: Self, into: impl FnOnce(T) -> U) -> Item<U> {
        let Item { value, unfinished } = item;
        let value = into(value);
        Item { value, unfinished }
    }

    /// Finishes the item and returns the value.
    ///
    /// (Not a method, lest it hide one of the value's.)
    pub fn into_inner(item: Self) -> T {
        item.value
    }
}

impl<T> Deref for Item<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Item<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Item<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Item").field(&self.value).finish()
    }
}
