use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use queue::{Item, Queue};

use crate::Run;
use crate::job::Job;
use crate::permits::Permits;

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
    pub(crate) fn new(crew: Arc<Crew>) -> Self {
        Worker(Box::pin(async move {
            while let Some(job) = crew.jobs.get().await {
                run(job, &crew.permits).await;
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
    pub(crate) jobs: Queue<Box<dyn Job>>,
    pub(crate) permits: Arc<Permits>,
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.jobs.close();
        while let Ok(job) = self.jobs.try_get() {
            drop_quietly(job);
        }
    }
}

/// Polls a job to its end, once it may be. The job has caught the panic of its work; what may
/// still panic is foreign code around it, a waker or a `Drop`, and that concerns no other job.
async fn run(job: Item<Box<dyn Job>>, permits: &Permits) {
    let mut job = job.map(Box::into_pin);
    let polled = poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| job.as_mut().poll(cx))).unwrap_or(Poll::Ready(()))
    });
    Run::new(permits, polled).await;
    drop_quietly(job);
}

fn drop_quietly<J>(job: Item<J>) {
    // The panic was reported by the panic hook; there is no one here to tell it to.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(job)));
}
