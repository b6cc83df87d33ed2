use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::FusedFuture;
use pin_project::pin_project;

use crate::permits::{Permit, Permits};

/// The future of [`Pipeliner::run`](crate::Pipeliner::run).
///
/// # Panics
///
/// When polled again after it was ready.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Run<'a, W> {
    /// Dropped before the permit is given back, at its end or with this.
    #[pin]
    work: Option<W>,
    permit: Permit<'a>,
}

impl<'a, W> Run<'a, W> {
    pub(crate) fn new(permits: &'a Permits, work: W) -> Self {
        Run {
            work: Some(work),
            permit: Permit::new(permits),
        }
    }
}

impl<W: Future> Future for Run<'_, W> {
    type Output = W::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<W::Output> {
        let mut this = self.project();
        let work = this.work.as_mut().as_pin_mut();
        let work = work.expect("it is not polled after it was ready");
        ready!(this.permit.poll(cx));
        let output = ready!(work.poll(cx));
        this.work.set(None);
        this.permit.release();
        Poll::Ready(output)
    }
}

impl<W: Future> FusedFuture for Run<'_, W> {
    fn is_terminated(&self) -> bool {
        self.work.is_none()
    }
}

impl<W> fmt::Debug for Run<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("claim", &self.permit)
            .finish_non_exhaustive()
    }
}
