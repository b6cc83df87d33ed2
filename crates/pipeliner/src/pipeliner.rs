use std::any::Any;
use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use queue::{Closed, Queue, TryPutError};

use crate::inside::{Id, Inside};
use crate::job::{Job, Task};
use crate::permits::Permits;
use crate::worker::Crew;
use crate::{Fairness, Refused, Run, Scheduled, Worker};

/// A handle that takes work. Clones are handles of the same pipeliner.
///
/// It has two doors, and one limit for both: [`schedule`](Pipeliner::schedule) hands work to the
/// workers, [`run`](Pipeliner::run) has the caller's own task do it.
#[derive(Clone)]
pub struct Pipeliner {
    intake: Arc<Intake>,
}

/// What the handles share. Dropped with the last of them, it closes.
struct Intake {
    id: Id,
    jobs: Queue<Box<dyn Job>>,
    permits: Arc<Permits>,
    /// What workers made later share with the first.
    crew: Weak<Crew>,
}

impl Pipeliner {
    /// Makes a pipeliner that takes all it is given, and its `limit` workers, to be spawned.
    pub fn unbounded(limit: NonZeroUsize) -> (Self, Vec<Worker>) {
        Self::over(limit, Queue::unbounded())
    }

    /// Makes a pipeliner in which at most `capacity` jobs wait, and its `limit` workers, to be
    /// spawned. [`schedule`](Pipeliner::schedule) waits for room.
    ///
    /// A worker takes a job before it may run it: while the limit is lowered, or used up by
    /// [`run`](Pipeliner::run), each idle worker holds one more that waits.
    pub fn bounded(limit: NonZeroUsize, capacity: NonZeroUsize) -> (Self, Vec<Worker>) {
        Self::over(limit, Queue::bounded(capacity))
    }

    /// Makes a pipeliner for [`run`](Pipeliner::run) alone: it has no workers, and what is
    /// scheduled is refused.
    pub fn inline(limit: NonZeroUsize, fairness: Fairness) -> Self {
        let permits = Arc::new(Permits::new(limit.get(), fairness));
        let jobs = Queue::unbounded();
        jobs.close();
        let intake = Intake {
            id: Id::new(),
            jobs,
            permits,
            crew: Weak::new(),
        };
        Pipeliner {
            intake: Arc::new(intake),
        }
    }

    fn over(limit: NonZeroUsize, jobs: Queue<Box<dyn Job>>) -> (Self, Vec<Worker>) {
        let permits = Arc::new(Permits::new(limit.get(), Fairness::Strict));
        let crew = Crew::new(jobs.clone(), Arc::clone(&permits));
        let intake = Arc::new(Intake {
            id: Id::new(),
            jobs,
            permits,
            crew: Arc::downgrade(&crew),
        });
        (Pipeliner { intake }, crew.fill(limit.get()))
    }

    /// Hands in work, waiting while the queue is full.
    ///
    /// # Errors
    ///
    /// Gives the work back: [`Refused::Closed`] when closed or without workers; [`Refused::Full`]
    /// only from inside a job of this pipeliner (see the [crate's guarantees](crate#guarantees)). A
    /// task that a job has spawned is not inside it: there it waits, and must not if the job waits
    /// for that task.
    ///
    /// (Where the work is no `Sync`, neither is the error, and `?` does not make an `anyhow::Error`
    /// of it: `.map_err(|refused| anyhow!("{refused}"))` does.)
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the work was not taken and is dropped with the future. As long as one
    /// that waits for room is neither dropped nor polled, those who came after it wait too.
    pub async fn schedule<W, T, E>(&self, work: W) -> Result<Scheduled<T, E>, Refused<W>>
    where
        W: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        if self.is_inside() {
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

    /// Does work in the caller's own task, once it may: no more than the limit is in work at once.
    ///
    /// Nothing is allocated; the work need be neither `'static` nor `Send`; its panics and errors
    /// are the caller's own. It goes on only while the caller polls it; where that is not sure,
    /// [`schedule`](Pipeliner::schedule) it. Closing has no part in it.
    ///
    /// Inside work of the same pipeliner it may wait for itself: when all permits are with tasks
    /// that wait for another. One that is not polled, as behind a reference in a `select!`, may be
    /// given its permit all the same, and keeps it from others until it is polled or dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the work is dropped, and the permit or the place in line passes on.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use dragline_pipeliner::{Fairness, Pipeliner};
    /// let pipeliner = Pipeliner::inline(2.try_into().unwrap(), Fairness::Strict);
    /// let words = ["one", "two", "three"];
    /// let lengths = words.iter().map(|word| pipeliner.run(async { word.len() }));
    /// assert_eq!(futures::future::join_all(lengths).await, [3, 3, 5]);
    /// # });
    /// ```
    pub fn run<W: Future>(&self, work: W) -> Run<'_, W> {
        Run::new(&self.intake.permits, work)
    }

    /// Sets the limit; returns workers to be spawned, if more are needed than there are: those that
    /// were dropped are replaced. Once all are gone there are none any more.
    ///
    /// What is in work goes on; with a lower limit, nothing starts until enough has ended. Workers
    /// that are too many are idle, each with a job in hand, and serve again when the limit rises.
    #[must_use = "no more jobs run at once unless the new workers are spawned"]
    pub fn resize(&self, limit: NonZeroUsize) -> Vec<Worker> {
        let crew = self.intake.crew.upgrade();
        let workers = crew.map_or_else(Vec::new, |crew| crew.fill(limit.get()));
        self.intake.permits.set_limit(limit.get());
        workers
    }

    /// Takes nothing more and waits until all that was taken is done. Closing again only waits.
    ///
    /// From inside a job of this pipeliner it does not wait, for it would wait for itself; a task that
    /// a job has spawned is not inside it. A
    /// [`schedule`](Pipeliner::schedule) that waits for room counts as taken until it is polled and
    /// told otherwise: do not await `close` in the task that holds such a future.
    ///
    /// # Cancel safety
    ///
    /// It is closed at the first poll; dropping the future only stops waiting.
    pub async fn close(&self) {
        self.intake.jobs.close();
        if !self.is_inside() {
            self.intake.jobs.join().await;
        }
    }

    /// Tells whether it takes nothing more.
    pub fn is_closed(&self) -> bool {
        self.intake.jobs.is_closed()
    }

    /// Tells whether this is called from inside one of its jobs, and so must not wait for them.
    pub(crate) fn is_inside(&self) -> bool {
        Inside::is(self.intake.id)
    }

    pub(crate) fn jobs(&self) -> &Queue<Box<dyn Job>> {
        &self.intake.jobs
    }

    pub(crate) fn id(&self) -> Id {
        self.intake.id
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
pub(crate) fn work_of<W: 'static, T: 'static, E: 'static>(job: Box<dyn Job>) -> W {
    let job: Box<dyn Any> = job;
    job.downcast::<Task<W, T, E>>()
        .expect("a queue gives back what it was given")
        .into_work()
}
