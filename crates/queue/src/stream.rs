use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_channel::Receiver;
use futures_core::{FusedStream, Stream};
use futures_sink::Sink;

use crate::{Closed, Item, Queue, TryPutError};

/// The stream of [`Queue::items`].
///
/// # Cancel safety
///
/// As [`Queue::get`]: what was not returned is still queued.
#[must_use = "streams do nothing unless polled"]
pub struct Items<T>(Pin<Box<Receiver<Item<T>>>>);

impl<T> Items<T> {
    pub(crate) fn new(receiver: Receiver<Item<T>>) -> Self {
        Items(Box::pin(receiver))
    }
}

impl<T> Stream for Items<T> {
    type Item = Item<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item<T>>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<T> FusedStream for Items<T> {
    fn is_terminated(&self) -> bool {
        self.0.is_terminated()
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").finish_non_exhaustive()
    }
}

/// The sink of [`Queue::sink`].
///
/// When the queue is full it holds one item itself, until there is room. Closing it flushes it; the
/// queue stays open, since others may put.
///
/// # Cancel safety
///
/// Waiting for it may be given up; dropping the sink drops the item that it holds. As long as it holds
/// one and is neither polled nor dropped, those who [`put`](Queue::put) after it wait too.
///
/// # Panics
///
/// When it is sent an item before it was ready, as [`Sink::start_send`] says.
#[must_use = "sinks do nothing unless polled"]
pub struct Putting<T> {
    queue: Queue<T>,
    waiting: Option<Put<T>>,
}

/// A put that waits for room.
type Put<T> = Pin<Box<dyn Future<Output = Result<(), Closed<T>>> + Send>>;

impl<T> Putting<T> {
    pub(crate) fn new(queue: Queue<T>) -> Self {
        Putting {
            queue,
            waiting: None,
        }
    }
}

impl<T: Send + 'static> Sink<T> for Putting<T> {
    type Error = Closed<T>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Closed<T>>> {
        if let Some(waiting) = &mut self.waiting {
            let put = ready!(waiting.as_mut().poll(cx));
            self.waiting = None;
            put?;
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), Closed<T>> {
        assert!(self.waiting.is_none(), "a sink is sent to when it is ready");
        match self.queue.try_put(item) {
            Ok(()) => Ok(()),
            Err(TryPutError::Closed(item)) => Err(Closed(item)),
            Err(TryPutError::Full(item)) => {
                let queue = self.queue.clone();
                self.waiting = Some(Box::pin(async move { queue.put(item).await }));
                Ok(())
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Closed<T>>> {
        self.poll_ready(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Closed<T>>> {
        self.poll_ready(cx)
    }
}

impl<T> fmt::Debug for Putting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Putting")
            .field("waiting", &self.waiting.is_some())
            .finish_non_exhaustive()
    }
}
