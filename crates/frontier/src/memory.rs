use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::core::Leased;
use crate::error::FrontierError;
use crate::frontier::{
    Added, Found, Frontier, Item, Lease, Leases, Limits, Past, Report, Reported, Stats, Token,
    Trap, TrapKind, Want,
};
use crate::state::{Log, State, Text};
use crate::traps::{Evidence, Traps};
use crate::{CanonicalUrl, Host};

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

impl Inner {
    /// Hands out what was taken from its queue, and in place of what is held what comes after.
    fn hand_out(&mut self, host: &Host, token: Token, mut urls: Vec<u32>) -> Vec<Item> {
        let mut items = Vec::new();
        while !urls.is_empty() {
            let lease = (host, token);
            let held = self
                .state
                .hand_out(lease, &urls, &mut items, &mut self.past);
            urls = self.state.instead(lease, held);
        }
        items
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
        let inner = &mut *self.lock();
        let mut leases = Vec::new();
        while leases.is_empty() {
            let leased = inner.state.lease(want.urls, want.ttl, now);
            if leased.is_empty() {
                break;
            }
            for Leased { host, token, urls } in leased {
                let items = inner.hand_out(&host, token, urls);
                if !items.is_empty() {
                    leases.push(Lease { host, token, items });
                }
            }
        }
        let next = if leases.is_empty() {
            inner.state.core.next(now)
        } else {
            None
        };
        Ok(Leases { leases, next })
    }

    async fn report(&self, report: Report) -> Result<Reported, FrontierError> {
        let inner = &mut *self.lock();
        let (host, token) = (report.host.clone(), report.token);
        let now = self.clock.now();
        Ok(match inner.state.report(report, now, &mut inner.past) {
            Some(more) => Reported::Accepted {
                more: inner.hand_out(&host, token, more),
            },
            None => Reported::Stale,
        })
    }

    async fn traps(&self) -> Result<Vec<Trap>, FrontierError> {
        let traps = self.lock().state.traps.as_ref().map(Traps::named);
        Ok(traps.unwrap_or_default())
    }

    async fn stats(&self) -> Result<Stats, FrontierError> {
        Ok(self.lock().state.core.stats())
    }

    async fn done(&self, skip: u64, most: usize) -> Result<Vec<Past>, FrontierError> {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let inner = self.lock();
        let past = inner.past.iter().skip(skip).take(most);
        Ok(past.cloned().collect())
    }

    async fn left(&self, each: impl FnMut(CanonicalUrl) + Send) -> Result<(), FrontierError> {
        let left = self.lock().state.left();
        left.into_iter().for_each(each);
        Ok(())
    }

    async fn flush(&self) -> Result<(), FrontierError> {
        Ok(())
    }

    async fn close(&self) -> Result<(), FrontierError> {
        Ok(())
    }
}

impl Log for Vec<Past> {
    fn entered(&mut self, _: u32, _: &Text) {}

    fn held(&mut self, _: u32, _: TrapKind) {}

    fn done(&mut self, _: u32, text: Text, record: String, _: u32, _: Evidence) {
        self.push(Past {
            url: text.url,
            via: text.via,
            record,
        });
    }

    fn delayed(&mut self, _: &Host, _: Duration) {}

    fn needed(&mut self, _: &CanonicalUrl) {}

    fn wanted(&mut self, _: &Text) {}

    fn in_vain(&mut self, _: u32) {}

    fn nearer(&mut self, _: u32, _: u32) {}

    fn onward(&mut self, _: u32, _: &Found) {}
}
