//! The limit itself: how many jobs may be polled at once, and who is next.
//!
//! # How it works
//!
//! Permits and the line of those who wait for one are behind one lock. Who comes when a permit is
//! free and nobody waits takes it; everyone else enters the line. What becomes of a permit that is
//! returned depends on the [`Fairness`]:
//!
//! - strict: it is handed to the first in line, who owns it from then on;
//! - eventual: it is free for whoever comes next, and the first in line is told to come. Told, but
//!   too late, one goes back to the head of the line; after eight were too late in a row, nobody
//!   overtakes until one was in time.
//!
//! **Invariant:** outside the lock, as many are told as permits are free, or the line is empty; so
//! one permit returned is one wake at most, and a burst of returns is not a chain of wakes.

use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use crate::line::Line;
use crate::sync::{Mutex, MutexGuard};

/// Who gets a permit that is returned while others wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fairness {
    /// Whoever has waited longest: first come, first served.
    #[default]
    Strict,
    /// Whoever asks first: a task that goes on at once saves a change of tasks. But nobody
    /// overtakes those who wait more than eight times in a row.
    Eventual,
}

#[derive(Debug)]
pub(crate) struct Permits {
    fairness: Fairness,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// More than `limit` for a while after it was lowered.
    taken: usize,
    line: Line<Stage>,
    /// How many were told to come and have not come yet. (Strict: none.)
    told: usize,
    /// How often those who wait were overtaken in a row.
    overtaken: usize,
}

/// How far one who waits has come.
#[derive(Debug)]
enum Stage {
    /// In line.
    Waiting(Waker),
    /// Out of line, and told that a permit is free.
    Told,
    /// Out of line, with a permit that it does not know of yet.
    Owner,
}

/// What one holds of the permits; given back by [`Permits::release`].
#[derive(Debug, Default)]
pub(crate) enum Claim {
    #[default]
    None,
    /// A place among those who wait.
    Place(usize),
    Permit,
}

impl Permits {
    pub(crate) fn new(limit: usize, fairness: Fairness) -> Self {
        Permits {
            fairness,
            state: Mutex::new(State {
                limit,
                taken: 0,
                line: Line::new(),
                told: 0,
                overtaken: 0,
            }),
        }
    }

    /// Takes a permit, or waits for one.
    pub(crate) fn poll(&self, claim: &mut Claim, cx: &mut Context<'_>) -> Poll<()> {
        if let Claim::Permit = claim {
            return Poll::Ready(());
        }
        if self.lock().take(claim) {
            return Poll::Ready(());
        }
        // Cloned before the lock is taken, and the old one dropped after: both are foreign code.
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if state.take(claim) {
            return Poll::Ready(());
        }
        let replaced = state.wait(claim, waker);
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    /// Gives back a permit or a place; what that makes free goes to those who wait.
    pub(crate) fn release(&self, claim: &mut Claim) {
        let claim = std::mem::take(claim);
        // As at the drop of all that came to its end: no need of the lock.
        if matches!(claim, Claim::None) {
            return;
        }
        let mut state = self.lock();
        let given_back = match claim {
            Claim::None => None,
            Claim::Permit => {
                state.taken -= 1;
                None
            }
            Claim::Place(key) => state.leave(key),
        };
        let next = state.pass_on(self.fairness);
        drop(state);
        drop(given_back);
        if let Some(waker) = next {
            waker.wake();
        }
    }

    /// Sets the limit. Who has a permit keeps it.
    pub(crate) fn set_limit(&self, limit: usize) {
        let mut state = self.lock();
        state.limit = limit;
        let next: Vec<_> = std::iter::from_fn(|| state.pass_on(self.fairness)).collect();
        drop(state);
        next.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No foreign code runs under the lock, so what a panic leaves there is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn free(&self) -> usize {
        self.limit.saturating_sub(self.taken)
    }

    /// Turns a claim into a permit, if it may have one now.
    fn take(&mut self, claim: &mut Claim) -> bool {
        let takes = match *claim {
            Claim::Permit => true,
            Claim::None => self.take_unqueued(),
            Claim::Place(key) => self.take_queued(key),
        };
        if takes {
            *claim = Claim::Permit;
        }
        takes
    }

    fn take_unqueued(&mut self) -> bool {
        // A permit of which nobody was told is nobody's: the line is empty then.
        let overtakes = self.free() <= self.told;
        if self.free() == 0 || (overtakes && self.overtaken == MOST_OVERTAKEN) {
            return false;
        }
        self.overtaken += usize::from(overtakes);
        self.taken += 1;
        true
    }

    fn take_queued(&mut self, key: usize) -> bool {
        match self.line[key] {
            Stage::Owner => {}
            Stage::Told if self.free() > 0 => {
                self.told -= 1;
                self.taken += 1;
                self.overtaken = 0;
            }
            Stage::Told | Stage::Waiting(_) => return false,
        }
        self.line.remove(key);
        true
    }

    /// Leaves a waker in line; returns the one it replaces.
    fn wait(&mut self, claim: &mut Claim, waker: Waker) -> Option<Waker> {
        let stage = Stage::Waiting(waker);
        let Claim::Place(key) = *claim else {
            *claim = Claim::Place(self.line.push_back(stage));
            return None;
        };
        match std::mem::replace(&mut self.line[key], stage) {
            Stage::Waiting(replaced) => return Some(replaced),
            Stage::Told => {
                self.told -= 1;
                self.line.rejoin_front(key);
            }
            Stage::Owner => {}
        }
        None
    }

    /// Gives up a place, and the permit if there is one; returns the waker that was left there.
    fn leave(&mut self, key: usize) -> Option<Waker> {
        match self.line.remove(key)? {
            Stage::Waiting(waker) => return Some(waker),
            Stage::Told => self.told -= 1,
            Stage::Owner => self.taken -= 1,
        }
        None
    }

    /// Gives one free permit to the first in line, or tells it of one; returns its waker.
    fn pass_on(&mut self, fairness: Fairness) -> Option<Waker> {
        if self.free() <= self.told {
            return None;
        }
        let first = self.line.leave_front()?;
        let stage = match fairness {
            Fairness::Strict => {
                self.taken += 1;
                Stage::Owner
            }
            Fairness::Eventual => {
                self.told += 1;
                Stage::Told
            }
        };
        match std::mem::replace(&mut self.line[first], stage) {
            Stage::Waiting(waker) => Some(waker),
            Stage::Told | Stage::Owner => None,
        }
    }
}

/// Enough to keep a running task running; few enough that one who waits does not notice.
const MOST_OVERTAKEN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    /// One who asks for a permit.
    #[derive(Default)]
    struct Asker {
        claim: Claim,
        woken: Arc<Flag>,
    }

    impl Asker {
        fn poll(&mut self, permits: &Permits) -> bool {
            self.woken.0.store(false, Ordering::SeqCst);
            let waker = Waker::from(Arc::clone(&self.woken));
            permits
                .poll(&mut self.claim, &mut Context::from_waker(&waker))
                .is_ready()
        }

        fn is_woken(&self) -> bool {
            self.woken.0.load(Ordering::SeqCst)
        }
    }

    fn askers<const N: usize>() -> [Asker; N] {
        std::array::from_fn(|_| Asker::default())
    }

    #[test]
    fn strict_hands_a_permit_to_who_waits_longest() {
        let permits = Permits::new(1, Fairness::Strict);
        let [mut a, mut b, mut c, mut late] = askers();
        assert!(a.poll(&permits) && !b.poll(&permits) && !c.poll(&permits));
        permits.release(&mut a.claim);
        assert!(!late.poll(&permits), "the permit is the second's already");
        assert!(b.is_woken() && !c.is_woken() && b.poll(&permits));
    }

    #[test]
    fn eventual_lets_one_overtake_eight_times() {
        let permits = Permits::new(1, Fairness::Eventual);
        let [mut runner, mut waiter] = askers();
        assert!(runner.poll(&permits) && !waiter.poll(&permits));
        for _ in 0..MOST_OVERTAKEN {
            permits.release(&mut runner.claim);
            assert!(waiter.is_woken());
            assert!(runner.poll(&permits), "it overtakes");
            assert!(!waiter.poll(&permits), "too late");
        }
        permits.release(&mut runner.claim);
        assert!(!runner.poll(&permits), "enough");
        assert!(waiter.poll(&permits));
    }

    #[test]
    fn as_many_are_told_as_permits_are_free() {
        for fairness in [Fairness::Strict, Fairness::Eventual] {
            let permits = Permits::new(3, fairness);
            let mut running: [Asker; 3] = askers();
            let mut waiting: [Asker; 4] = askers();
            assert!(running.iter_mut().all(|asker| asker.poll(&permits)));
            assert!(!waiting.iter_mut().any(|asker| asker.poll(&permits)));
            for asker in &mut running {
                permits.release(&mut asker.claim);
            }
            let woken: Vec<_> = waiting.iter().map(Asker::is_woken).collect();
            assert_eq!(woken, [true, true, true, false], "{fairness:?}");
        }
    }

    #[test]
    fn who_leaves_passes_on_what_it_was_given() {
        for fairness in [Fairness::Strict, Fairness::Eventual] {
            let permits = Permits::new(1, fairness);
            let [mut a, mut b, mut c] = askers();
            assert!(a.poll(&permits) && !b.poll(&permits) && !c.poll(&permits));
            permits.release(&mut a.claim);
            assert!(b.is_woken() && !c.is_woken());
            permits.release(&mut b.claim);
            assert!(c.is_woken() && c.poll(&permits), "{fairness:?}");
        }
    }

    #[test]
    fn who_leaves_the_middle_of_the_line_is_not_missed() {
        let permits = Permits::new(1, Fairness::Strict);
        let [mut a, mut b, mut c, mut d] = askers();
        assert!(a.poll(&permits));
        assert!(!b.poll(&permits) && !c.poll(&permits) && !d.poll(&permits));
        permits.release(&mut c.claim);
        permits.release(&mut a.claim);
        assert!(b.poll(&permits));
        permits.release(&mut b.claim);
        assert!(d.is_woken() && d.poll(&permits) && !c.is_woken());
    }

    #[test]
    fn a_lower_limit_waits_for_those_who_run() {
        let permits = Permits::new(2, Fairness::Strict);
        let [mut a, mut b, mut c] = askers();
        assert!(a.poll(&permits) && b.poll(&permits) && !c.poll(&permits));
        permits.set_limit(1);
        permits.release(&mut a.claim);
        assert!(!c.is_woken(), "one still runs");
        permits.set_limit(2);
        assert!(c.is_woken() && c.poll(&permits));
    }

    proptest! {
        /// Whatever happens in whatever order: never more than the limit, nobody who may go on
        /// sleeps, and strict is first come, first served.
        #[test]
        fn permits_are_never_lost_or_multiplied(
            eventual: bool,
            limit in 1_usize..4,
            steps in prop::collection::vec((0_usize..6, 0_u8..4), 0..120),
        ) {
            let fairness = if eventual { Fairness::Eventual } else { Fairness::Strict };
            let permits = Permits::new(limit, fairness);
            let mut all: [Asker; 6] = askers();
            let mut line: Vec<usize> = Vec::new();
            for (who, what) in steps {
                let waits = matches!(all[who].claim, Claim::Place(_));
                let has = matches!(all[who].claim, Claim::Permit);
                if what < 3 {
                    let took = all[who].poll(&permits);
                    if took && !has && !eventual {
                        // Those before it have theirs, whether they know it yet or not.
                        let before = line.iter().take_while(|waiter| **waiter != who);
                        prop_assert!(before.clone().all(|waiter| all[*waiter].is_woken()));
                    }
                    line.retain(|waiter| !took || *waiter != who);
                    if !took && !waits {
                        line.push(who);
                    }
                } else {
                    permits.release(&mut all[who].claim);
                    line.retain(|waiter| *waiter != who);
                }
                let holders = all.iter().filter(|asker| matches!(asker.claim, Claim::Permit)).count();
                prop_assert!(holders <= limit);
                // Those woken are as many as may go on.
                let woken = line.iter().filter(|waiter| all[**waiter].is_woken()).count();
                prop_assert!(woken >= (limit - holders).min(line.len()), "{} woken", woken);
            }
        }
    }
}
