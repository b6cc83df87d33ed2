//! The copy, as far as the crawl has come, so that pages can be opened while it goes on.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use archive::{Entry, Reader};
use cap_std::fs::Dir;
use frontier::CanonicalUrl;
use futures::FutureExt as _;
use futures::executor::block_on;
use mirror::{Built, Site, Turns};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::Config;
use crate::lock::Lock;
use crate::records::Captured;
use crate::spans::SpanFile;

/// Builds the copy, now and then and at the end.
#[derive(Debug)]
pub(crate) struct Copy {
    made_of: Arc<MadeOf>,
    begun: Instant,
    /// How long after the begin it is built next.
    next: Duration,
    /// Gives how long that took.
    building: Option<JoinHandle<Duration>>,
}

#[derive(Debug)]
struct MadeOf {
    #[expect(dead_code, reason = "it is held as long as something is built")]
    lock: Arc<Lock>,
    reader: Reader,
    site: Site,
    output: Dir,
    /// Where the links of what came stand.
    spans: Arc<SpanFile>,
}

impl Copy {
    /// `long` is held by who has a long document in memory.
    pub(crate) fn new(
        reader: Reader,
        config: &Config,
        output: Dir,
        lock: Arc<Lock>,
        long: Arc<Semaphore>,
    ) -> Self {
        let seeds = config.seeds.iter().map(|seed| seed.as_str().to_owned());
        let site = Site {
            turns: Turns::new(move |work| {
                let _turn = block_on(long.acquire());
                work();
            }),
            ..site(config, seeds.collect())
        };
        Copy {
            made_of: Arc::new(MadeOf {
                spans: Arc::new(SpanFile::new(&reader.scratch())),
                lock,
                reader,
                site,
                output,
            }),
            begun: Instant::now(),
            next: config.first_copy,
            building: None,
        }
    }

    /// Where to put it where the links of what came stand.
    pub(crate) fn spans(&self) -> &SpanFile {
        &self.made_of.spans
    }

    /// Tells whether it is time to build it of what there is so far: of so many pages.
    pub(crate) fn is_due(&mut self, pages: usize) -> bool {
        let elapsed = self.begun.elapsed();
        if let Some(building) = &mut self.building {
            let Some(took) = building.now_or_never() else {
                return false;
            };
            self.building = None;
            self.next = next(elapsed, took.unwrap_or_default());
        }
        is_time(elapsed, self.next, pages)
    }

    /// Begins to build it of what there is so far, on a thread of its own: of what `captured` finds
    /// there, if it can.
    pub(crate) fn build_so_far(
        &mut self,
        captured: impl FnOnce() -> Option<Captured> + Send + 'static,
    ) {
        let made_of = Arc::clone(&self.made_of);
        self.building = Some(tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            // What goes wrong goes wrong again at the end, and is told then.
            let _ = captured().map(|captured| made_of.build(captured, &Vec::new()));
            begun.elapsed()
        }));
    }

    /// Builds it for good. `was_there` are entries whose files are removed if they belong to nothing
    /// any more.
    pub(crate) async fn finish(
        self,
        captured: Captured,
        was_there: Vec<Entry>,
    ) -> io::Result<Built> {
        if let Some(building) = self.building {
            // If it panicked, so will what follows.
            let _ = building.await;
        }
        let made_of = self.made_of;
        let built = tokio::task::spawn_blocking(move || made_of.build(captured, &was_there));
        let built = built.await;
        built.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
}

/// When it is built again that has just been built: when half as much of the crawl has passed again,
/// and then only if all this takes no more than a twentieth of its time.
fn next(elapsed: Duration, took: Duration) -> Duration {
    elapsed.saturating_add((elapsed / 2).max(took.saturating_mul(SHARE)))
}

/// Whether so many pages may be built, so that they too take no more than that. A crawl on one machine
/// has tens of thousands after the first seconds. What is asked for at once is not held up.
fn is_time(elapsed: Duration, next: Duration, pages: usize) -> bool {
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    let soonest = A_PAGE.saturating_mul(pages).saturating_mul(SHARE);
    next.is_zero() || elapsed >= next.max(soonest)
}

/// Building takes one in so many parts of the time, at the most.
const SHARE: u32 = 20;
/// A page takes about as long.
const A_PAGE: Duration = Duration::from_micros(100);

/// What is told of a site that was crawled from these seeds.
pub(crate) fn site(config: &Config, seeds: Vec<String>) -> Site {
    Site {
        seeds,
        key: CanonicalUrl::spelled,
        max_content: config.fetch.max_body,
        fsync: config.fsync,
        turns: Turns::default(),
    }
}

impl MadeOf {
    fn build(&self, captured: Captured, before: &Vec<Entry>) -> io::Result<Built> {
        let captured = captured.with_spans(Arc::clone(&self.spans));
        mirror::build(&self.reader, &captured, before, &self.site, &self.output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_fetched_fast_is_not_built_at_once() {
        let [elapsed, next] = [6, 5].map(Duration::from_secs);
        assert!(is_time(elapsed, next, 2000));
        assert!(!is_time(next, elapsed, 2000));
        assert!(!is_time(elapsed, next, 50_000));
        assert!(is_time(Duration::from_secs(101), next, 50_000));
        assert!(is_time(Duration::ZERO, Duration::ZERO, 50_000));
    }

    #[test]
    fn it_is_built_ever_again_and_takes_little_of_the_time() {
        let (mut elapsed, mut times, mut building) = (Duration::from_secs(5), 0, Duration::ZERO);
        // A tenth of the time that there was so far, if all is done at once.
        while elapsed < Duration::from_secs(100_000) {
            let took = elapsed / 10;
            (times, building) = (times + 1, building + took);
            elapsed = next(elapsed + took, took);
        }
        assert!((5..12).contains(&times), "{times}");
        assert!(building < elapsed / 20, "{building:?} of {elapsed:?}");
        assert_eq!(next(Duration::from_secs(60), Duration::ZERO).as_secs(), 90);
    }
}
