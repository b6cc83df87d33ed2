use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use event_listener::{Event, EventListener};

use crate::sync::{AtomicUsize, Mutex, MutexGuard};

/// Those who wait for room. Who comes may overtake them, but not for long.
///
/// The channel alone lets whoever comes overtake those who were told of room, and they go to the end
/// then: on one thread, one who puts again and again kept all others out. To let nobody overtake would
/// cost a change of tasks an item.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// How many are in it. It is the first's turn.
    length: AtomicUsize,
    /// How many have overtaken them since one of them left.
    overtaken: AtomicUsize,
    /// Held while someone enters or leaves.
    lock: Mutex<()>,
    /// Tells the next that it is its turn.
    turn: Event,
}

/// A place in line. Dropped, it gives its turn, or that of which it was told, to the next.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    line: &'a Line,
    /// There is none if it is its turn.
    told: Option<EventListener>,
}

impl Line {
    fn is_empty(&self) -> bool {
        self.length.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn may_be_overtaken(&self) -> bool {
        self.is_empty() || self.overtaken.load(Ordering::Relaxed) < MOST_OVERTAKING
    }

    /// Someone has put an item without standing in it.
    pub(crate) fn overtake(&self) {
        if !self.is_empty() {
            self.overtaken.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn enter(&self) -> Place<'_> {
        let _locked = self.lock();
        let is_first = self.length.fetch_add(1, Ordering::Relaxed) == 0;
        Place {
            line: self,
            told: (!is_first).then(|| self.turn.listen()),
        }
    }

    /// Lets all go on who are in it now.
    pub(crate) fn dissolve(&self) {
        self.turn.notify_additional(usize::MAX);
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Waits until all who were before have left.
    pub(crate) async fn turn(&mut self) {
        if let Some(told) = &mut self.told {
            told.await;
            self.told = None;
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let _locked = self.line.lock();
        self.line.length.fetch_sub(1, Ordering::Relaxed);
        self.line.overtaken.store(0, Ordering::Relaxed);
        match self.told.take() {
            // If it was told, that goes on to the next.
            Some(told) => drop(told),
            None => {
                self.line.turn.notify_additional(1);
            }
        }
    }
}

/// So many may overtake, one after the other, before they too stand in line.
const MOST_OVERTAKING: usize = 32;
