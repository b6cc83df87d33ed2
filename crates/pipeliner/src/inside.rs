use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sync::thread_local;

/// Marks this thread as polling a job of a pipeliner, until it is dropped.
///
/// A job that waits for room in its own pipeliner, or for that pipeliner's end, may wait for
/// itself; this is how it is recognised. It sees what the job's own task polls, also through
/// another pipeliner's job; not what the job has spawned elsewhere.
pub(crate) struct Inside;

/// Tells pipeliners apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(u64);

impl Id {
    pub(crate) fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Id(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

impl Inside {
    pub(crate) fn enter(id: Id) -> Self {
        ENTERED.with(|entered| entered.borrow_mut().push(id));
        Inside
    }

    pub(crate) fn is(id: Id) -> bool {
        ENTERED.with(|entered| entered.borrow().contains(&id))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        ENTERED.with(|entered| entered.borrow_mut().pop());
    }
}

thread_local! {
    /// Innermost last.
    static ENTERED: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}
