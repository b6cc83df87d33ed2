use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::mem;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use promise::{Completer, Promise, promise};
use queue::TryPutError;

use crate::job::{Job, Task};
use crate::pipeliner::work_of;
use crate::{Pipeliner, Refused, Scheduled, Worker};

/// A pipeliner with a second limit: of the jobs of one key, at most so many at a time. For
/// example, of the requests to one host.
///
/// Jobs of a key start first in, first out; keys take turns, and one with many jobs holds up no
/// other. Clones are handles of the same. Keys are hashed, compared, cloned and dropped under a lock:
/// what they do then must not come back here.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use dragline_pipeliner::Keyed;
/// let (keyed, workers) = Keyed::unbounded(8.try_into().unwrap(), 2.try_into().unwrap());
/// workers.into_iter().for_each(|worker| drop(tokio::spawn(worker)));
/// let job = keyed.try_schedule("example.org", async { Ok::<_, ()>(200) }).unwrap();
/// assert_eq!(job.await.unwrap(), 200);
/// keyed.close().await;
/// # }
/// ```
pub struct Keyed<K> {
    lanes: Arc<Lanes<K>>,
}

impl<K> Keyed<K>
where
    K: Clone + Eq + Hash + Send + 'static,
{
    /// Makes one that takes all it is given, with its `limit` workers, to be spawned.
    pub fn unbounded(limit: NonZeroUsize, per_key: NonZeroUsize) -> (Self, Vec<Worker>) {
        let (pipeliner, workers) = Pipeliner::unbounded(limit);
        let (ended, end) = promise();
        let lanes = Arc::new(Lanes {
            per_key: per_key.get(),
            pipeliner,
            end,
            state: Mutex::new(State {
                closed: false,
                lanes: HashMap::new(),
                ended: Some(ended),
            }),
        });
        (Keyed { lanes }, workers)
    }

    /// Hands in work under a key. Never waits.
    ///
    /// # Errors
    ///
    /// Closed, or without workers; the work comes back.
    pub fn try_schedule<W, T, E>(&self, key: K, work: W) -> Result<Scheduled<T, E>, Refused<W>>
    where
        W: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (task, scheduled) = Task::new(work, self.lanes.pipeliner.id());
        match self.lanes.enter(key, Box::new(task)) {
            Ok(()) => Ok(scheduled),
            Err(job) => Err(Refused::Closed(work_of::<W, T, E>(job))),
        }
    }

    /// Takes nothing more and waits until all that was taken is done; see [`Pipeliner::close`].
    ///
    /// # Cancel safety
    ///
    /// It is closed at the first poll; dropping the future only stops waiting.
    pub async fn close(&self) {
        self.lanes.close();
        if !self.lanes.pipeliner.is_inside() {
            // It is closed by then, if by nobody else.
            let _ = self.lanes.end.wait().await;
            self.lanes.pipeliner.close().await;
        }
    }

    /// Tells whether it takes nothing more.
    pub fn is_closed(&self) -> bool {
        self.lanes.lock().closed || self.lanes.pipeliner.is_closed()
    }

    /// Sets the limit over all keys; see [`Pipeliner::resize`].
    #[must_use = "no more jobs run at once unless the new workers are spawned"]
    pub fn resize(&self, limit: NonZeroUsize) -> Vec<Worker> {
        self.lanes.pipeliner.resize(limit)
    }
}

impl<K> Clone for Keyed<K> {
    fn clone(&self) -> Self {
        Keyed {
            lanes: Arc::clone(&self.lanes),
        }
    }
}

impl<K> fmt::Debug for Keyed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("pipeliner", &self.lanes.pipeliner)
            .field("per_key", &self.lanes.per_key)
            .finish_non_exhaustive()
    }
}

/// Where jobs wait for others of their key.
///
/// Jobs that are admitted hold them too, and so the pipeliner: it takes what waits here also when
/// no handle is left.
struct Lanes<K> {
    per_key: usize,
    pipeliner: Pipeliner,
    /// It is closed, and no lane is left.
    end: Promise<(), Infallible>,
    state: Mutex<State<K>>,
}

struct State<K> {
    /// Nothing enters any more; what waits is still admitted.
    closed: bool,
    /// Those with jobs, and no others.
    lanes: HashMap<K, Lane>,
    /// Taken at the end.
    ended: Option<Completer<(), Infallible>>,
}

#[derive(Default)]
struct Lane {
    /// How many are in the queue or in work. None waits here unless these are as many as may be.
    admitted: usize,
    waiting: VecDeque<Box<dyn Job>>,
}

impl<K> Lanes<K>
where
    K: Clone + Eq + Hash + Send + 'static,
{
    /// Admits a job or lets it wait; gives it back if it is too late for either.
    fn enter(self: &Arc<Self>, key: K, job: Box<dyn Job>) -> Result<(), Box<dyn Job>> {
        let mut state = self.lock();
        if state.closed || self.pipeliner.is_closed() {
            return Err(job);
        }
        let lane = state.lanes.entry(key.clone()).or_default();
        if lane.admitted == self.per_key {
            lane.waiting.push_back(job);
            return Ok(());
        }
        lane.admitted += 1;
        drop(state);
        self.admit(key, job).map_err(|(key, job)| {
            self.leave(key);
            job
        })
    }

    /// Puts a job into the queue; its place in the lane is given up when it is dropped.
    fn admit(self: &Arc<Self>, key: K, job: Box<dyn Job>) -> Result<(), (K, Box<dyn Job>)> {
        let admitted = Admitted {
            state: Progress::New(job),
            place: Some((Arc::clone(self), key)),
        };
        let Err(TryPutError::Full(refused) | TryPutError::Closed(refused)) =
            self.pipeliner.jobs().try_put(Box::new(admitted))
        else {
            return Ok(());
        };
        let refused: Box<dyn Any> = refused;
        let mut refused = refused
            .downcast::<Admitted<K>>()
            .expect("a queue gives back what it was given");
        let (_, key) = refused
            .place
            .take()
            .expect("it has its place until it is dropped");
        let Progress::New(job) = mem::replace(&mut refused.state, Progress::Over) else {
            unreachable!("what was not taken was not polled");
        };
        Err((key, job))
    }

    /// Gives a place in the lane to the next who waits there.
    fn leave(self: &Arc<Self>, mut key: K) {
        loop {
            let next = {
                let mut state = self.lock();
                let Some(lane) = state.lanes.get_mut(&key) else {
                    return;
                };
                let Some(next) = lane.waiting.pop_front() else {
                    lane.admitted -= 1;
                    if lane.admitted == 0 {
                        state.lanes.remove(&key);
                        self.end_if_empty(state);
                    }
                    return;
                };
                next
            };
            match self.admit(key, next) {
                Ok(()) => return,
                // No worker is left: dropping the job tells its caller. Then the next.
                Err((same, job)) => {
                    drop(job);
                    key = same;
                }
            }
        }
    }
}

impl<K> Lanes<K> {
    fn lock(&self) -> MutexGuard<'_, State<K>> {
        // Of foreign code only that of keys runs under the lock: hash, equality, clone, drop.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        self.end_if_empty(state);
    }

    /// Closes the pipeliner once nothing can come from here any more.
    fn end_if_empty(&self, mut state: MutexGuard<'_, State<K>>) {
        if !state.closed || !state.lanes.is_empty() {
            return;
        }
        let ended = state.ended.take();
        drop(state);
        self.pipeliner.jobs().close();
        if let Some(ended) = ended {
            ended.complete(Ok(()));
        }
    }
}

/// A job in the queue or in work.
struct Admitted<K>
where
    K: Clone + Eq + Hash + Send + 'static,
{
    state: Progress,
    place: Option<(Arc<Lanes<K>>, K)>,
}

enum Progress {
    /// Not polled yet, and so not pinned: it can be given back.
    New(Box<dyn Job>),
    InWork(Pin<Box<dyn Job>>),
    Over,
}

/// The key is never pinned.
impl<K> Unpin for Admitted<K> where K: Clone + Eq + Hash + Send + 'static {}

impl<K> Future for Admitted<K>
where
    K: Clone + Eq + Hash + Send + 'static,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.state = match mem::replace(&mut self.state, Progress::Over) {
            Progress::New(job) => Progress::InWork(Box::into_pin(job)),
            polled => polled,
        };
        match &mut self.state {
            Progress::InWork(job) => job.as_mut().poll(cx),
            Progress::New(_) | Progress::Over => Poll::Ready(()),
        }
    }
}

impl<K> Drop for Admitted<K>
where
    K: Clone + Eq + Hash + Send + 'static,
{
    fn drop(&mut self) {
        // First the job, then its place: never more of a key than may be.
        self.state = Progress::Over;
        if let Some((lanes, key)) = self.place.take() {
            lanes.leave(key);
        }
    }
}
