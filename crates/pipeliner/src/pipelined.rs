use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use futures_core::Stream;
use pin_project::pin_project;

use crate::slots::Slots;

/// Pipelines for streams of futures.
pub trait Pipelining: Stream {
    /// Works on up to `limit` futures of this stream at once; a stream of their outputs, each as
    /// soon as it is there.
    ///
    /// Nothing is allocated a job, and a limit that is not reached costs nothing. The futures are
    /// polled only while this stream is: a consumer that is busy elsewhere holds them all up, and one
    /// that waits for something that only they can give waits for ever. Where that can be,
    /// [`schedule`](crate::Pipeliner::schedule) the work instead: there, workers poll it.
    ///
    /// # Panics
    ///
    /// When polled, if a future does; that one is gone, and the others go on when polled again.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use dragline_pipeliner::Pipelining;
    /// use futures::stream::{self, StreamExt};
    ///
    /// let work = stream::iter(1..=3).map(|n| async move { n * n });
    /// let sum = work.pipelined(2.try_into().unwrap()).fold(0, |sum, n| async move { sum + n });
    /// assert_eq!(sum.await, 14);
    /// # });
    /// ```
    fn pipelined(self, limit: NonZeroUsize) -> Pipelined<Self>
    where
        Self: Sized,
        Self::Item: Future,
    {
        Pipelined {
            limit: limit.get(),
            feed: Feed::new(self),
            slots: Slots::new(),
            was_fed: false,
        }
    }

    /// As [`pipelined`](Pipelining::pipelined), but the outputs come in the order of the stream.
    /// One that is ready before its turn waits, and counts among the `limit`.
    fn pipelined_in_order(self, limit: NonZeroUsize) -> PipelinedInOrder<Self>
    where
        Self: Sized,
        Self::Item: Future,
    {
        PipelinedInOrder {
            limit: limit.get(),
            feed: Feed::new(self),
            slots: Slots::new(),
            turns: VecDeque::new(),
            first: 0,
        }
    }
}

impl<St: Stream> Pipelining for St {}

/// The stream of [`Pipelining::pipelined`].
///
/// # Cancel safety
///
/// Waiting for its next item may be given up; dropping the stream drops what is in work.
#[must_use = "streams do nothing unless polled"]
#[pin_project]
pub struct Pipelined<St>
where
    St: Stream<Item: Future>,
{
    limit: usize,
    #[pin]
    feed: Feed<St>,
    slots: Slots<St::Item>,
    /// What was returned last had ended at its start.
    was_fed: bool,
}

impl<St> Stream for Pipelined<St>
where
    St: Stream<Item: Future>,
{
    type Item = <St::Item as Future>::Output;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        // They take turns: a source that always has more of such would starve those in work.
        if std::mem::take(this.was_fed)
            && let Some(ended) = next_woken(this.slots, cx)
        {
            return Poll::Ready(Some(output(ended)));
        }
        while this.slots.in_work() < *this.limit
            && let Some(future) = this.feed.as_mut().next(cx)
        {
            if let Poll::Ready(ended) = this.slots.start(0, future) {
                *this.was_fed = true;
                return Poll::Ready(Some(output(ended)));
            }
        }
        if let Some(ended) = next_woken(this.slots, cx) {
            return Poll::Ready(Some(output(ended)));
        }
        if this.slots.in_work() == 0 && this.feed.is_over() {
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

fn next_woken<F: Future>(
    slots: &mut Slots<F>,
    cx: &Context<'_>,
) -> Option<thread::Result<F::Output>> {
    slots.register(cx);
    let mut budget = slots.words();
    slots.poll_woken(&mut budget).map(|(_, ended)| ended)
}

/// The stream of [`Pipelining::pipelined_in_order`].
///
/// # Cancel safety
///
/// Waiting for its next item may be given up; dropping the stream drops what is in work.
#[must_use = "streams do nothing unless polled"]
#[pin_project]
pub struct PipelinedInOrder<St>
where
    St: Stream<Item: Future>,
{
    limit: usize,
    #[pin]
    feed: Feed<St>,
    slots: Slots<St::Item>,
    /// What was started, in order, up to the first that was not asked for yet.
    turns: VecDeque<Turn<<St::Item as Future>::Output>>,
    /// The number of the first in `turns`.
    first: usize,
}

impl<St> Stream for PipelinedInOrder<St>
where
    St: Stream<Item: Future>,
{
    type Item = <St::Item as Future>::Output;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        // Who has something to give takes nothing more in.
        while this.turns.len() < *this.limit
            && !matches!(this.turns.front(), Some(Turn::Ended(_)))
            && let Some(future) = this.feed.as_mut().next(cx)
        {
            let number = this.first.wrapping_add(this.turns.len());
            this.turns
                .push_back(match this.slots.start(number, future) {
                    Poll::Ready(ended) => Turn::Ended(ended),
                    Poll::Pending => Turn::InWork,
                });
        }
        this.slots.register(cx);
        let mut budget = this.slots.words();
        while let Some((number, ended)) = this.slots.poll_woken(&mut budget) {
            this.turns[number.wrapping_sub(*this.first)] = Turn::Ended(ended);
        }
        if let Some(Turn::Ended(_)) = this.turns.front()
            && let Some(Turn::Ended(ended)) = this.turns.pop_front()
        {
            *this.first = this.first.wrapping_add(1);
            return Poll::Ready(Some(output(ended)));
        }
        if this.turns.is_empty() && this.feed.is_over() {
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

/// What has become of one that was started.
enum Turn<T> {
    InWork,
    Ended(thread::Result<T>),
}

/// A panic goes on where the output would have gone.
fn output<T>(ended: thread::Result<T>) -> T {
    ended.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Where the futures come from; not asked again once it is over.
#[pin_project]
struct Feed<St> {
    #[pin]
    stream: Option<St>,
}

impl<St: Stream> Feed<St> {
    fn new(stream: St) -> Self {
        Feed {
            stream: Some(stream),
        }
    }

    fn next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Option<St::Item> {
        let mut stream = self.project().stream;
        match stream.as_mut().as_pin_mut()?.poll_next(cx) {
            Poll::Ready(Some(future)) => Some(future),
            Poll::Ready(None) => {
                stream.set(None);
                None
            }
            Poll::Pending => None,
        }
    }

    fn is_over(&self) -> bool {
        self.stream.is_none()
    }
}

impl<St: Stream<Item: Future>> fmt::Debug for Pipelined<St> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipelined")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<St: Stream<Item: Future>> fmt::Debug for PipelinedInOrder<St> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelinedInOrder")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
