//! Work on as many threads as there are processors.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{io, thread};

/// Does `work` for each number below `count`, until it fails.
pub(crate) fn each(count: u32, work: impl Fn(u32) -> io::Result<()> + Sync) -> io::Result<()> {
    each_with(count, || (), |(), number| work(number)).map(drop)
}

/// Does `work` for each number below `count`, until it fails, each thread with a thing of its own;
/// returns these.
pub(crate) fn each_with<T: Send>(
    count: u32,
    make: impl Fn() -> T + Sync,
    work: impl Fn(&mut T, u32) -> io::Result<()> + Sync,
) -> io::Result<Vec<T>> {
    let next = AtomicU32::new(0);
    let run = || {
        let mut thing = make();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            // It does not come round: each thread goes beyond the end once.
            if number >= count {
                return Ok(thing);
            }
            if let Err(error) = work(&mut thing, number) {
                next.store(count, Ordering::Relaxed);
                return Err(error);
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let own = run();
        let others = others.into_iter().map(|other| {
            let ran = other.join();
            ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        std::iter::once(own).chain(others).collect()
    })
}
