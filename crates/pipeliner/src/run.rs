use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project::{pin_project, pinned_drop};

use crate::permits::{Claim, Permits};

/// The future of [`Pipeliner::run`](crate::Pipeliner::run).
#[must_use = "futures do nothing unless polled"]
#[pin_project(PinnedDrop)]
pub struct Run<'a, W> {
    permits: &'a Permits,
    claim: Claim,
    /// Dropped before the permit is given back, at its end or with this.
    #[pin]
    work: Option<W>,
}

impl<'a, W> Run<'a, W> {
    pub(crate) fn new(permits: &'a Permits, work: W) -> Self {
        Run {
            permits,
            claim: Claim::None,
            work: Some(work),
        }
    }
}

impl<W: Future> Future for Run<'_, W> {
    type Output = W::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<W::Output> {
        let mut this = self.project();
        ready!(this.permits.poll(this.claim, cx));
        let work = this.work.as_mut().as_pin_mut();
        let output = ready!(work.expect("it is not polled after it was ready").poll(cx));
        this.work.set(None);
        this.permits.release(this.claim);
        Poll::Ready(output)
    }
}

#[pinned_drop]
impl<W> PinnedDrop for Run<'_, W> {
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.work.set(None);
        this.permits.release(this.claim);
    }
}

impl<W> fmt::Debug for Run<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("claim", &self.claim)
            .finish_non_exhaustive()
    }
}
