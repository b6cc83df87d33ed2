use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use queue::{Item, Queue};

use crate::job::Job;
use crate::permits::{Permit, Permits};
use crate::sync::AtomicUsize;

/// A future that runs jobs, one at a time, until the pipeliner is closed and drained.
///
/// Spawn it on any executor. Idle, it waits and costs nothing.
///
/// # Cancel safety
///
/// Dropping it drops the job it runs, whose caller is told [`JobError::Cancelled`]; when the last
/// worker is dropped, so are the jobs that are queued.
///
/// [`JobError::Cancelled`]: crate::JobError::Cancelled
#[must_use = "no job runs unless the workers are spawned"]
pub struct Worker(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Worker {
    fn new(member: Member) -> Self {
        Worker(Box::pin(async move {
            let crew = &member.0;
            let mut permit = Permit::new(&crew.permits);
            let mut in_a_row = 0_u32;
            while let Some(job) = next_job(&crew.jobs, &mut permit).await {
                run(job, &mut permit).await;
                in_a_row = in_a_row.wrapping_add(1);
                if in_a_row.is_multiple_of(MOST_IN_A_ROW) {
                    yield_now().await;
                }
            }
        }))
    }
}

impl Future for Worker {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

/// What the workers share. Dropped with the last of them.
pub(crate) struct Crew {
    jobs: Queue<Box<dyn Job>>,
    permits: Arc<Permits>,
    /// How many workers there are.
    count: AtomicUsize,
}

impl Crew {
    pub(crate) fn new(jobs: Queue<Box<dyn Job>>, permits: Arc<Permits>) -> Arc<Self> {
        Arc::new(Crew {
            jobs,
            permits,
            count: AtomicUsize::new(0),
        })
    }

    /// Makes as many workers as are missing of `limit`.
    pub(crate) fn fill(self: &Arc<Self>, limit: usize) -> Vec<Worker> {
        let missing = |count: usize| limit.saturating_sub(count);
        // If it fails for lack of memory, it does so before they are counted.
        let mut workers = Vec::with_capacity(missing(self.count.load(Ordering::Relaxed)));
        let more = missing(self.count.fetch_max(limit, Ordering::Relaxed));
        workers.extend((0..more).map(|_| Worker::new(Member(Arc::clone(self)))));
        workers
    }
}

/// Held by a worker that is counted.
struct Member(Arc<Crew>);

impl Drop for Member {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.jobs.close();
        while let Ok(job) = self.jobs.try_get() {
            drop(Quietly(Some(job)));
        }
    }
}

/// Takes a job. The permit is kept for one that is there, and given back before waiting.
async fn next_job(
    jobs: &Queue<Box<dyn Job>>,
    permit: &mut Permit<'_>,
) -> Option<Item<Box<dyn Job>>> {
    if permit.is_kept()
        && let Ok(job) = jobs.try_get()
    {
        return Some(job);
    }
    permit.release();
    jobs.get().await
}

/// Polls a job to its end, once it may be. The job has caught the panic of its work; what may
/// still panic is foreign code around it, a waker or a `Drop`, and that concerns no other job.
async fn run(job: Item<Box<dyn Job>>, permit: &mut Permit<'_>) {
    let mut job = Quietly(Some(Item::map(job, Box::into_pin)));
    poll_fn(|cx| {
        ready!(permit.poll(cx));
        let Some(job) = &mut job.0 else {
            return Poll::Ready(());
        };
        quietly(|| job.as_mut().poll(cx)).unwrap_or(Poll::Ready(()))
    })
    .await;
}

/// Lets other tasks of the executor have their turn.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Drops a job at its end, or with the worker, without letting a panic of its drop go on.
struct Quietly<J>(Option<J>);

impl<J> Drop for Quietly<J> {
    fn drop(&mut self) {
        let job = self.0.take();
        quietly(|| drop(job));
    }
}

/// Ends a panic here: the panic hook has reported it, and there is no one to tell it to.
fn quietly<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call))
        // Dropping what it panicked with might panic too.
        .map_err(std::mem::forget)
        .ok()
}

/// How many jobs a worker runs without letting other tasks have their turn.
const MOST_IN_A_ROW: u32 = 32;
