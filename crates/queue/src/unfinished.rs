use std::sync::Arc;
use std::sync::atomic::Ordering;

use event_listener::Event;

use crate::sync::AtomicUsize;

/// The number of items that are queued or in work, and who waits for it to be zero.
#[derive(Debug, Default)]
pub(crate) struct Unfinished {
    count: AtomicUsize,
    none: Event,
}

impl Unfinished {
    /// Counts one more until the guard is dropped.
    pub(crate) fn one_more(self: &Arc<Self>) -> Guard {
        self.count.fetch_add(1, Ordering::SeqCst);
        Guard(Arc::clone(self))
    }

    /// Waits until the count is zero.
    pub(crate) async fn none(&self) {
        while !self.is_none() {
            let listener = self.none.listen();
            if self.is_none() {
                return;
            }
            listener.await;
        }
    }

    fn is_none(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }
}

/// One unfinished item.
#[derive(Debug)]
pub(crate) struct Guard(Arc<Unfinished>);

impl Guard {
    pub(crate) fn is_of(&self, unfinished: &Arc<Unfinished>) -> bool {
        Arc::ptr_eq(&self.0, unfinished)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.none.notify(usize::MAX);
        }
    }
}
