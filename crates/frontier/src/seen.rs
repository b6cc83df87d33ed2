use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};

use siphasher::sip128::SipHasher13;

use crate::frontier::Role;

/// The set of URLs that ever entered, by fingerprint: 17 bytes a place, whatever their length. Of each
/// it is known whether it is needed by a document.
///
/// A fingerprint has 127 bits and is keyed anew in each process, so that no server can find two
/// URLs with one. Among ten million URLs, two have the same with a probability of 3e-25.
#[derive(Debug)]
pub(crate) struct Seen {
    fingerprints: SipHasher13,
    prints: HashSet<Print, BuildHasherDefault<Place>>,
    /// Those that are about to be taken in together.
    waiting: Vec<Print>,
}

/// A fingerprint, with a bit that says whether the URL is needed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Print(u128);

/// What became of a URL that was to be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    New,
    /// It was there, and is known to be needed from now on.
    NeededToo,
    Known,
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
    /// Takes a URL in.
    pub(crate) fn insert(&mut self, print: Print) -> Taken {
        match self.prints.get(&print) {
            None => {
                self.prints.insert(print);
                Taken::New
            }
            Some(known) if print.is_needed() && !known.is_needed() => {
                self.prints.replace(print);
                Taken::NeededToo
            }
            Some(_) => Taken::Known,
        }
    }

    pub(crate) fn remove(&mut self, print: Print) {
        self.prints.remove(&print);
    }

    /// Tells whether a URL is needed by a document, as far as is known.
    pub(crate) fn is_needed(&self, url: &str) -> bool {
        let known = self.prints.get(&self.print(url, Role::Page));
        known.is_some_and(|print| print.is_needed())
    }

    /// Makes room for so many, lest the set be moved each time that it doubles.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.prints.reserve(more);
    }

    /// Takes a URL in, by the next [`settle`](Self::settle) at the latest.
    ///
    /// One by one, each would wait for its place in a table far larger than any cache; many of them
    /// in the order of their places find theirs nearby.
    pub(crate) fn insert_later(&mut self, print: Print) {
        self.waiting.push(print);
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
            .sort_unstable_by_key(|print| (print.0 & (places - 1)) >> region);
        for print in self.waiting.drain(..) {
            self.prints.insert(print);
        }
    }

    pub(crate) fn print(&self, url: &str, role: Role) -> Print {
        let print = self.fingerprints.hash(url.as_bytes()).as_u128();
        match role {
            Role::Page => Print(print & !NEEDED),
            Role::Requisite => Print(print | NEEDED),
        }
    }
}

impl Print {
    fn is_needed(self) -> bool {
        self.0 & NEEDED != 0
    }
}

impl PartialEq for Print {
    fn eq(&self, other: &Self) -> bool {
        self.0 | NEEDED == other.0 | NEEDED
    }
}

impl Eq for Print {}

impl Hash for Print {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u128(self.0 | NEEDED);
    }
}

/// A fingerprint is its own hash.
#[derive(Debug, Default)]
pub(crate) struct Place(u64);

impl Hasher for Place {
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

const NEEDED: u128 = 1 << 127;
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
        let print = |seen: &Seen, url: &str| seen.print(url, Role::Page);
        assert_eq!(seen.insert(print(&seen, "first")), Taken::New);
        let many = 20_000;
        for round in 0..2 {
            let some = (many / 2 * round)..(many / 2 * (round + 1));
            some.for_each(|n: usize| seen.insert_later(print(&seen, &n.to_string())));
            seen.settle();
        }
        let known = |url: &str| seen.prints.contains(&print(&seen, url));
        assert!((0..many).all(|n| known(&n.to_string())));
        assert!(known("first") && !known("last"));
        assert_eq!(seen.prints.len(), many + 1);
    }

    #[test]
    fn what_is_needed_once_is_needed() {
        let mut seen = Seen::default();
        let [page, needed] = [Role::Page, Role::Requisite].map(|role| seen.print("a", role));
        assert_eq!(seen.insert(page), Taken::New);
        assert_eq!(
            (seen.insert(page), seen.is_needed("a")),
            (Taken::Known, false)
        );
        assert_eq!(
            (seen.insert(needed), seen.is_needed("a")),
            (Taken::NeededToo, true)
        );
        assert_eq!(
            (seen.insert(needed), seen.insert(page)),
            (Taken::Known, Taken::Known)
        );
        assert!(seen.is_needed("a"));
    }
}
