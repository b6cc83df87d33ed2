use std::cell::Cell;

/// The pipeliner whose job is being polled on this thread, if any.
///
/// A job that waits for room in its own pipeliner, or for that pipeliner's end, may wait for
/// itself; this is how it is recognised.
pub(crate) struct Inside {
    outer: Option<Id>,
}

/// Tells pipeliners apart: the address of what their handles share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) usize);

impl Inside {
    /// Marks the thread until the guard is dropped.
    pub(crate) fn enter(id: Id) -> Self {
        Inside {
            outer: CURRENT.replace(Some(id)),
        }
    }

    pub(crate) fn is(id: Id) -> bool {
        CURRENT.get() == Some(id)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        CURRENT.set(self.outer);
    }
}

thread_local! {
    static CURRENT: Cell<Option<Id>> = const { Cell::new(None) };
}
