use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_channel::{Receiver, Sender, TryRecvError, TrySendError};

use crate::line::Line;
use crate::unfinished::Unfinished;
use crate::{Closed, Item, Items, Putting, TryGetError, TryPutError};

/// A handle of a queue: puts, gets, closes and joins.
///
/// When the last handle is dropped, so is what is still queued, unless a stream of its
/// [`items`](Queue::items) is left, which gives it and ends.
pub struct Queue<T> {
    sender: Sender<Item<T>>,
    receiver: Receiver<Item<T>>,
    unfinished: Arc<Unfinished>,
    /// Those who wait for room.
    line: Arc<Line>,
}

impl<T> Queue<T> {
    /// Makes a queue that holds at most `capacity` items; [`put`](Queue::put) waits for room.
    ///
    /// **Whoever gets from it must not wait to put into it**: once it is full and all of them do, they
    /// wait for each other for ever. Work that breeds work wants an
    /// [`unbounded`](Queue::unbounded) one, or [`try_put`](Queue::try_put).
    ///
    /// Room for all of them is allocated here.
    ///
    /// # Panics
    ///
    /// If that is more memory than can be named; if it is more than there is, the process aborts.
    pub fn bounded(capacity: NonZeroUsize) -> Self {
        Self::over(async_channel::bounded(capacity.get()))
    }

    /// Makes a queue that takes all that is put.
    pub fn unbounded() -> Self {
        Self::over(async_channel::unbounded())
    }

    fn over((sender, receiver): (Sender<Item<T>>, Receiver<Item<T>>)) -> Self {
        Queue {
            sender,
            receiver,
            unfinished: Arc::default(),
            line: Arc::default(),
        }
    }

    /// Puts an item at the end, waiting while the queue is full. Those who wait are served in their
    /// order, and overtaken by no more than 32 who come later until the next of them is.
    ///
    /// # Errors
    ///
    /// The queue is or becomes closed; the item comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the item was not put; it is dropped with the future. As long as it
    /// is neither dropped nor polled, those who came after it wait too.
    pub async fn put(&self, item: T) -> Result<(), Closed<T>> {
        self.offer(Item::new(item, self.unfinished.one_more()))
            .await
    }

    async fn offer(&self, mut item: Item<T>) -> Result<(), Closed<T>> {
        if self.line.may_be_overtaken() {
            item = match self.sender.try_send(item) {
                Ok(()) => {
                    self.line.overtake();
                    return Ok(());
                }
                Err(TrySendError::Full(item) | TrySendError::Closed(item)) => item,
            };
        }
        let mut place = self.line.enter();
        // Who comes to a closed queue waits for nobody.
        if !self.is_closed() {
            place.turn().await;
        }
        let refused = self.sender.send(item).await;
        refused.map_err(|refused| Closed(Item::into_inner(refused.0)))
    }

    /// Puts an item at the end if there is room now. Never waits, and so may overtake who waits in
    /// [`put`](Queue::put).
    ///
    /// # Errors
    ///
    /// The queue is full or closed; the item comes back.
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        let item = Item::new(item, self.unfinished.one_more());
        self.sender.try_send(item).map_err(|refused| match refused {
            TrySendError::Full(item) => TryPutError::Full(Item::into_inner(item)),
            TrySendError::Closed(item) => TryPutError::Closed(Item::into_inner(item)),
        })
    }

    /// Takes the first item, waiting while there is none; `None` when closed and drained.
    ///
    /// While there are items it is ready at once: a task that takes one after the other, and waits for
    /// nothing else, is to let others of its executor have their turn now and then.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it has taken nothing, and a wake it was given goes on to
    /// another who waits.
    pub async fn get(&self) -> Option<Item<T>> {
        self.receiver.recv().await.ok()
    }

    /// Takes the first item if there is one now. Never waits.
    ///
    /// # Errors
    ///
    /// Nothing is queued, for now or for good.
    pub fn try_get(&self) -> Result<Item<T>, TryGetError> {
        self.receiver.try_recv().map_err(|empty| match empty {
            TryRecvError::Empty => TryGetError::Empty,
            TryRecvError::Closed => TryGetError::Closed,
        })
    }

    /// Appends up to `most` items to `items`, waiting only for the first, and returns how many;
    /// 0 means closed and drained.
    ///
    /// # Cancel safety
    ///
    /// As [`get`](Queue::get).
    pub async fn get_many(&self, items: &mut Vec<Item<T>>, most: NonZeroUsize) -> usize {
        let Some(first) = self.get().await else {
            return 0;
        };
        let before = items.len();
        items.push(first);
        // Not what is put in the meantime, or it might go on for long.
        let more = self.len().min(most.get() - 1);
        items.extend(std::iter::from_fn(|| self.try_get().ok()).take(more));
        items.len() - before
    }

    /// Puts an item that was taken back at the end, waiting while the queue is full. It stays
    /// unfinished all the while. (The warning at [`bounded`](Queue::bounded) is of this too.)
    ///
    /// # Errors
    ///
    /// The queue is or becomes closed; the value comes back, and the item is finished.
    ///
    /// # Cancel safety
    ///
    /// As [`put`](Queue::put).
    pub async fn requeue(&self, item: Item<T>) -> Result<(), Closed<T>> {
        // One of another queue is finished there, and unfinished here.
        let item = if item.is_of(&self.unfinished) {
            item
        } else {
            Item::new(Item::into_inner(item), self.unfinished.one_more())
        };
        self.offer(item).await
    }

    /// Returns the items as a stream, which ends when the queue is closed and drained.
    ///
    /// Several streams and [`get`](Queue::get)s may take turns. An item that is put wakes all streams
    /// that wait, but of `get`s one: where many wait, that is cheaper.
    pub fn items(&self) -> Items<T> {
        Items::new(self.receiver.clone())
    }

    /// Returns a sink that puts what it is sent.
    pub fn sink(&self) -> Putting<T> {
        Putting::new(self.clone())
    }

    /// Closes the queue: nothing more is put, and what is queued can still be got.
    ///
    /// Everyone who waits in [`put`](Queue::put) is refused, everyone who waits in
    /// [`get`](Queue::get) gets what is left, then `None`. Closing again does nothing.
    pub fn close(&self) {
        self.sender.close();
        self.line.dissolve();
    }

    /// Waits until all that was put is finished: nothing queued, no [`Item`] alive, nobody
    /// waiting in [`put`](Queue::put).
    ///
    /// It says nothing of what is put afterwards, and may miss a moment at which all was finished if
    /// more was put at once; where items are put only by those who hold an unfinished one, there is
    /// one such moment, the end.
    ///
    /// A [`put`](Queue::put) that waits counts, also when nobody polls it: do not await `join` in
    /// the task that holds such a future.
    ///
    /// # Cancel safety
    ///
    /// Dropping it only stops waiting.
    pub async fn join(&self) {
        self.unfinished.none().await;
    }

    /// Returns how many items are queued, not counting those taken and unfinished.
    pub fn len(&self) -> usize {
        self.receiver.len()
    }

    /// Tells whether nothing is queued.
    pub fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }

    /// Tells whether the queue takes nothing more.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Queue {
            sender: self.sender.clone(),
            receiver: self.receiver.clone(),
            unfinished: Arc::clone(&self.unfinished),
            line: Arc::clone(&self.line),
        }
    }
}

/// The receiver in a handle is never pinned: a stream has one of its own.
impl<T> Unpin for Queue<T> {}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("len", &self.len())
            .field("capacity", &self.sender.capacity())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
