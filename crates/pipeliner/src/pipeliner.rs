use std::any::Any;
use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Arc;

use queue::{Closed, Queue, TryPutError};

use crate::inside::{Id, Inside};
use crate::job::{Job, Task};
use crate::worker::Crew;
use crate::{Refused, Scheduled, Worker};

/// A handle that takes work for its workers. Clones are handles of the same pipeliner.
#[derive(Clone)]
pub struct Pipeliner {
    intake: Arc<Intake>,
}

/// What the handles share. Dropped with the last of them, it closes.
struct Intake {
    jobs: Queue<Box<dyn Job>>,
}

impl Pipeliner {
    /// Makes a pipeliner that takes all it is given, and its `limit` workers, to be spawned.
    pub fn unbounded(limit: NonZeroUsize) -> (Self, Vec<Worker>) {
        Self::over(limit, Queue::unbounded())
    }

    /// Makes a pipeliner in which at most `capacity` jobs wait, and its `limit` workers, to be
    /// spawned. [`schedule`](Pipeliner::schedule) waits for room.
    pub fn bounded(limit: NonZeroUsize, capacity: NonZeroUsize) -> (Self, Vec<Worker>) {
        Self::over(limit, Queue::bounded(capacity))
    }

    fn over(limit: NonZeroUsize, jobs: Queue<Box<dyn Job>>) -> (Self, Vec<Worker>) {
        let crew = Arc::new(Crew { jobs: jobs.clone() });
        let workers = (0..limit.get())
            .map(|_| Worker::new(Arc::clone(&crew)))
            .collect();
        let intake = Arc::new(Intake { jobs });
        (Pipeliner { intake }, workers)
    }

    /// Hands in work, waiting while the queue is full.
    ///
    /// # Errors
    ///
    /// Gives the work back: [`Refused::Closed`] when closed or without workers; [`Refused::Full`]
    /// only from inside a job of this pipeliner (see the [crate's guarantees](crate#guarantees)).
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the work was not taken and is dropped with the future.
    pub async fn schedule<W, T, E>(&self, work: W) -> Result<Scheduled<T, E>, Refused<W>>
    where
        W: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        if Inside::is(self.id()) {
            return self.try_schedule(work);
        }
        let (task, scheduled) = Task::new(work, self.id());
        match self.intake.jobs.put(Box::new(task)).await {
            Ok(()) => Ok(scheduled),
            Err(Closed(job)) => Err(Refused::Closed(work_of::<W, T, E>(job))),
        }
    }

    /// Hands in work if there is room now. Never waits.
    ///
    /// # Errors
    ///
    /// Gives the work back: the queue is full, or closed or without workers.
    pub fn try_schedule<W, T, E>(&self, work: W) -> Result<Scheduled<T, E>, Refused<W>>
    where
        W: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (task, scheduled) = Task::new(work, self.id());
        match self.intake.jobs.try_put(Box::new(task)) {
            Ok(()) => Ok(scheduled),
            Err(TryPutError::Full(job)) => Err(Refused::Full(work_of::<W, T, E>(job))),
            Err(TryPutError::Closed(job)) => Err(Refused::Closed(work_of::<W, T, E>(job))),
        }
    }

    /// Takes nothing more and waits until all that was taken is done. Closing again only waits.
    ///
    /// From inside a job of this pipeliner it does not wait, for it would wait for itself.
    ///
    /// # Cancel safety
    ///
    /// It is closed at the first poll; dropping the future only stops waiting.
    pub async fn close(&self) {
        self.intake.jobs.close();
        if !Inside::is(self.id()) {
            self.intake.jobs.join().await;
        }
    }

    fn id(&self) -> Id {
        Id(Arc::as_ptr(&self.intake).addr())
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.jobs.close();
    }
}

impl fmt::Debug for Pipeliner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeliner")
            .field("waiting", &self.intake.jobs.len())
            .field("closed", &self.intake.jobs.is_closed())
            .finish_non_exhaustive()
    }
}

/// Unpacks a refused job.
fn work_of<W: 'static, T: 'static, E: 'static>(job: Box<dyn Job>) -> W {
    let job: Box<dyn Any> = job;
    job.downcast::<Task<W, T, E>>()
        .expect("a queue gives back what it was given")
        .into_work()
}
