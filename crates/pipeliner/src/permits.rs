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
//! Who goes from job to job, as workers do, may keep its permit from one to the next; but not when
//! the permits are [`short`](Permits::are_short), which costs no lock to ask.
//!
//! **Invariant:** outside the lock, as many are told as permits are free, or the line is empty; so
//! one permit returned is one wake at most, and a burst of returns is not a chain of wakes.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use crate::line::Line;
use crate::sync::{AtomicBool, Mutex, MutexGuard};

/// Who gets a permit that is returned while others wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fairness {
    /// Whoever has waited longest: first come, first served.
    #[default]
    Strict,
    /// Whoever asks first: a task that goes on at once saves a change of tasks. But when those who
    /// wait were told eight times in a row and came too late, nobody overtakes them.
    Eventual,
}

#[derive(Debug)]
pub(crate) struct Permits {
    fairness: Fairness,
    state: Mutex<State>,
    /// What `State::are_short` said last; written under the lock.
    short: AtomicBool,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// More than `limit` for a while after it was lowered.
    taken: usize,
    line: Line<Stage>,
    /// How many were told to come and have not come yet. (Strict: none.)
    told: usize,
    /// How many of those told came too late, in a row.
    too_late: usize,
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

/// A permit, or the lack of one; given back when dropped.
pub(crate) struct Permit<'a> {
    permits: &'a Permits,
    claim: Claim,
}

impl<'a> Permit<'a> {
    pub(crate) fn new(permits: &'a Permits) -> Self {
        Permit {
            permits,
            claim: Claim::None,
        }
    }

    /// Takes it, or waits for it.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.permits.poll(&mut self.claim, cx)
    }

    /// Tells whether it is there, and may be kept for what comes next.
    pub(crate) fn is_kept(&self) -> bool {
        matches!(self.claim, Claim::Permit) && !self.permits.are_short()
    }

    pub(crate) fn release(&mut self) {
        self.permits.release(&mut self.claim);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.release();
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.claim.fmt(f)
    }
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
                too_late: 0,
            }),
            short: AtomicBool::new(false),
        }
    }

    /// Takes a permit, or waits for one.
    pub(crate) fn poll(&self, claim: &mut Claim, cx: &mut Context<'_>) -> Poll<()> {
        if let Claim::Permit = claim {
            return Poll::Ready(());
        }
        // Who will most likely wait asks once, its waker in its hand: strictly, who comes to a line;
        // eventually, who was told, since most are too late.
        let will_wait = match (self.fairness, &*claim) {
            (Fairness::Strict, Claim::None) | (Fairness::Eventual, Claim::Place(_)) => {
                self.are_short()
            }
            _ => false,
        };
        if !will_wait && self.lock().take(claim) {
            return Poll::Ready(());
        }
        // Cloned before the lock is taken, and the old one dropped after: both are foreign code.
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if state.take(claim) {
            return Poll::Ready(());
        }
        let replaced = state.wait(claim, waker);
        self.unlock(state);
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
        self.unlock(state);
        drop(given_back);
        if let Some(waker) = next {
            waker.wake();
        }
    }

    /// Sets the limit. Who has a permit keeps it. A panic of a waker goes on from here.
    pub(crate) fn set_limit(&self, limit: usize) {
        let mut state = self.lock();
        state.limit = limit;
        let next: Vec<_> = std::iter::from_fn(|| state.pass_on(self.fairness)).collect();
        self.unlock(state);
        // Each is to be woken, also if another panics.
        let mut panics = next.into_iter().filter_map(|waker| {
            let woken = catch_unwind(AssertUnwindSafe(|| waker.wake()));
            woken.err()
        });
        let panic = panics.next();
        panics.for_each(std::mem::forget);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// Tells whether a permit that is not needed at this moment is to be given back: someone waits
    /// for it, or the limit was lowered.
    ///
    /// Who waits since this very moment may be overlooked until it is asked again.
    pub(crate) fn are_short(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No foreign code runs under the lock, so what a panic leaves there is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After what may change whether permits are short.
    fn unlock(&self, state: MutexGuard<'_, State>) {
        self.short.store(state.are_short(), Ordering::Relaxed);
        drop(state);
    }
}

impl State {
    fn free(&self) -> usize {
        self.limit.saturating_sub(self.taken)
    }

    fn are_short(&self) -> bool {
        self.line.has_first() || self.taken > self.limit
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
        if self.free() == 0 || (overtakes && self.too_late >= MOST_TOO_LATE) {
            return false;
        }
        self.taken += 1;
        true
    }

    fn take_queued(&mut self, key: usize) -> bool {
        match self.line[key] {
            Stage::Owner => {}
            Stage::Told if self.free() > 0 => {
                self.told -= 1;
                self.taken += 1;
                self.too_late = 0;
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
                self.too_late += 1;
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
const MOST_TOO_LATE: usize = 8;

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
    fn a_waker_that_panics_keeps_no_other_from_its_permit() {
        struct Bad;
        impl Wake for Bad {
            fn wake(self: Arc<Self>) {
                panic!("a waker");
            }
        }
        let permits = Permits::new(1, Fairness::Strict);
        let [mut a, mut b, mut c] = askers();
        assert!(a.poll(&permits));
        let bad = Waker::from(Arc::new(Bad));
        let polled = permits.poll(&mut b.claim, &mut Context::from_waker(&bad));
        assert!(polled.is_pending() && !c.poll(&permits));
        let limited = catch_unwind(AssertUnwindSafe(|| permits.set_limit(3)));
        assert!(limited.is_err() && c.is_woken() && c.poll(&permits));
    }

    #[test]
    fn eventual_lets_one_overtake_eight_times() {
        let permits = Permits::new(1, Fairness::Eventual);
        let [mut runner, mut waiter] = askers();
        assert!(runner.poll(&permits) && !waiter.poll(&permits));
        for _ in 0..MOST_TOO_LATE {
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
