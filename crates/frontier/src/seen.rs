use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use siphasher::sip128::SipHasher13;

/// The set of URLs that ever entered, by fingerprint: 17 bytes a place, whatever their length.
///
/// A fingerprint has 128 bits and is keyed anew in each process, so that no server can find two
/// URLs with one. Among ten million URLs, two have the same with a probability of 1.5e-25.
#[derive(Debug)]
pub(crate) struct Seen {
    fingerprints: SipHasher13,
    prints: HashSet<u128, BuildHasherDefault<Print>>,
    /// Those that are about to be taken in together.
    waiting: Vec<u128>,
}

impl Default for Seen {
    fn default() -> Self {
        let random = RandomState::new();
        let keys = [0, 1].map(|n: u64| random.hash_one(n));
        Seen {
            fingerprints: SipHasher13::new_with_keys(keys[0], keys[1]),
            prints: HashSet::default(),
            waiting: Vec::new(),
        }
    }
}

impl Seen {
    /// Takes a URL in; tells whether it is new.
    pub(crate) fn insert(&mut self, url: &str) -> bool {
        let print = self.print(url);
        self.prints.insert(print)
    }

    pub(crate) fn remove(&mut self, url: &str) {
        let print = self.print(url);
        self.prints.remove(&print);
    }

    /// Makes room for so many, lest the set be moved each time that it doubles.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.prints.reserve(more);
    }

    /// Takes a URL in, by the next [`settle`](Self::settle) at the latest.
    ///
    /// One by one, each would wait for its place in a table far larger than any cache; many of them
    /// in the order of their places find theirs nearby.
    pub(crate) fn insert_later(&mut self, url: &str) {
        self.waiting.push(self.print(url));
        if self.waiting.len() == TOGETHER {
            self.insert_waiting();
        }
    }

    /// Takes in what waits for it.
    pub(crate) fn settle(&mut self) {
        self.insert_waiting();
        self.waiting = Vec::new();
    }

    fn insert_waiting(&mut self) {
        let places = self.prints.capacity().next_power_of_two() as u128;
        let region = places.ilog2().saturating_sub(REGIONS.ilog2());
        self.waiting
            .sort_unstable_by_key(|print| (print & (places - 1)) >> region);
        for print in self.waiting.drain(..) {
            self.prints.insert(print);
        }
    }

    fn print(&self, url: &str) -> u128 {
        self.fingerprints.hash(url.as_bytes()).as_u128()
    }
}

/// A fingerprint is its own hash.
#[derive(Debug, Default)]
struct Print(u64);

impl Hasher for Print {
    #[expect(clippy::cast_possible_truncation, reason = "half of it is as good")]
    fn write_u128(&mut self, print: u128) {
        self.0 = print as u64;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a fingerprint is written as one number");
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// So many are taken in together.
const TOGETHER: usize = 1 << 20;
/// Into so many regions the places are divided then: one of a set of ten million fits into a cache.
const REGIONS: u32 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_in_together_is_in_as_if_one_by_one() {
        let mut seen = Seen::default();
        assert!(seen.insert("first"));
        let many = 20_000;
        for round in 0..2 {
            let some = (many / 2 * round)..(many / 2 * (round + 1));
            some.for_each(|n: usize| seen.insert_later(&n.to_string()));
            seen.settle();
        }
        assert!((0..many).all(|n| !seen.insert(&n.to_string())));
        assert!(!seen.insert("first"));
        assert!(seen.insert("last"));
        assert_eq!(seen.prints.len(), many + 2);
    }
}
