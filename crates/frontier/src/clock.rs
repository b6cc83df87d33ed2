use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What tells the time: how long it is since some moment. Clones tell the same.
///
/// One that goes back is taken to stand still.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    /// A clock that shows what `now` returns.
    pub fn new(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Clock(Arc::new(now))
    }

    pub(crate) fn now(&self) -> Duration {
        (self.0)()
    }
}

/// The system's monotonic clock.
impl Default for Clock {
    fn default() -> Self {
        let begun = Instant::now();
        Clock::new(move || begun.elapsed())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}
