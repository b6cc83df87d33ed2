//! A bound of the bytes received in a second, from all hosts together.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Lets so many bytes pass a second. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Throttle(Option<Arc<Bound>>);

#[derive(Debug)]
struct Bound {
    bytes_a_second: NonZeroU32,
    /// When what has passed so far is in time.
    due: Mutex<Instant>,
}

impl Throttle {
    pub(crate) fn new(bytes_a_second: Option<NonZeroU32>) -> Self {
        let bound = bytes_a_second.map(|bytes_a_second| Bound {
            bytes_a_second,
            due: Mutex::new(Instant::now()),
        });
        Throttle(bound.map(Arc::new))
    }

    /// Waits until so many bytes, which are here, are in time.
    pub(crate) async fn pass(&self, bytes: usize) {
        let Some(bound) = &self.0 else {
            return;
        };
        let due = {
            let mut due = bound.due.lock().unwrap_or_else(PoisonError::into_inner);
            let seconds = bytes as u64 * 1_000_000 / u64::from(bound.bytes_a_second.get());
            *due = (*due).max(Instant::now()) + Duration::from_micros(seconds);
            *due
        };
        sleep_until(due).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn as_many_bytes_pass_as_may() {
        let begun = Instant::now();
        let throttle = Throttle::new(NonZeroU32::new(1000));
        let pass = |bytes| {
            let throttle = throttle.clone();
            async move { throttle.pass(bytes).await }
        };
        futures::future::join3(pass(500), pass(1000), pass(500)).await;
        assert_eq!(begun.elapsed().as_millis(), 2000);
        Throttle::new(None).pass(usize::MAX).await;
        assert_eq!(begun.elapsed().as_millis(), 2000);
    }
}
