use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Host;
use crate::clock::Clock;
use crate::error::FrontierError;
use crate::frontier::{
    Added, Found, Frontier, Lease, Leases, Limits, Past, Report, Reported, Stats, Want,
};
use crate::state::{Log, State, Text};

/// A frontier that forgets all when the process ends.
#[derive(Debug)]
pub struct InMemory {
    clock: Clock,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    past: Vec<Past>,
}

impl InMemory {
    /// Makes an empty frontier.
    pub fn new(limits: Limits, clock: Clock) -> Self {
        InMemory {
            clock,
            inner: Mutex::new(Inner {
                state: State::new(limits),
                past: Vec::new(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for InMemory {
    fn default() -> Self {
        InMemory::new(Limits::default(), Clock::default())
    }
}

impl Frontier for InMemory {
    async fn add(&self, found: Vec<Found>) -> Result<Added, FrontierError> {
        let Inner { state, past } = &mut *self.lock();
        Ok(state.add(found, past))
    }

    async fn lease(&self, want: Want) -> Result<Leases, FrontierError> {
        let now = self.clock.now();
        let state = &mut self.lock().state;
        let leased = state.lease(want.urls, want.ttl, now);
        let leases: Vec<_> = leased
            .into_iter()
            .map(|leased| Lease {
                items: state.items(&leased.urls),
                host: leased.host,
                token: leased.token,
            })
            .collect();
        let next = leases.is_empty().then(|| state.core.next(now)).flatten();
        Ok(Leases { leases, next })
    }

    async fn report(&self, report: Report) -> Result<Reported, FrontierError> {
        let Inner { state, past } = &mut *self.lock();
        Ok(match state.report(report, self.clock.now(), past) {
            Some(more) => Reported::Accepted {
                more: state.items(&more),
            },
            None => Reported::Stale,
        })
    }

    async fn stats(&self) -> Result<Stats, FrontierError> {
        Ok(self.lock().state.core.stats())
    }

    async fn done(&self, skip: u64, most: usize) -> Result<Vec<Past>, FrontierError> {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let inner = self.lock();
        Ok(inner.past.iter().skip(skip).take(most).cloned().collect())
    }

    async fn flush(&self) -> Result<(), FrontierError> {
        Ok(())
    }

    async fn close(&self) -> Result<(), FrontierError> {
        Ok(())
    }
}

impl Log for Vec<Past> {
    fn entered(&mut self, _: u32, _: &Text, _: Option<u32>) {}

    fn done(&mut self, _: u32, text: Text, record: String, _: u32) {
        self.push(Past {
            url: text.url,
            via: text.via,
            record,
        });
    }

    fn delayed(&mut self, _: &Host, _: Duration) {}
}
