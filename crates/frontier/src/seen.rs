use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use siphasher::sip128::SipHasher13;

use crate::frontier::Role;

/// The set of URLs that ever entered, by fingerprint: 16 bytes each, whatever their length, and the
/// room for more at most an eighth of that. Of each it is known whether it is needed by a document,
/// and whether it is a guess and no more.
///
/// A fingerprint has 126 bits and is keyed anew in each process, so that no server can find two
/// URLs with one. Among ten million URLs, two have the same with a probability of 6e-25.
///
/// It grows shelf by shelf: a hash table takes twice as much when it has just doubled, and thrice
/// while it does.
#[derive(Debug)]
pub(crate) struct Seen {
    fingerprints: SipHasher13,
    /// Each in order.
    shelves: Box<[Vec<Print>]>,
    /// Those that are about to be taken in together.
    waiting: Vec<Print>,
}

/// A fingerprint; its last two bits say whether the URL is needed, and whether it is a guess.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Print(u128);

/// What became of a URL that was to be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    New,
    /// It was there, and is known to be needed from now on.
    NeededToo,
    /// It was there as a guess, and is known to be more from now on, though not to be needed.
    WantedToo,
    Known,
}

impl Default for Seen {
    fn default() -> Self {
        let random = RandomState::new();
        let keys = [0, 1].map(|n: u64| random.hash_one(n));
        Seen {
            fingerprints: SipHasher13::new_with_keys(keys[0], keys[1]),
            shelves: vec![Vec::new(); SHELVES].into(),
            waiting: Vec::new(),
        }
    }
}

impl Seen {
    /// Takes a URL in.
    pub(crate) fn insert(&mut self, print: Print) -> Taken {
        let shelf = &mut self.shelves[print.shelf()];
        match shelf.binary_search(&print) {
            Err(at) => {
                if shelf.len() == shelf.capacity() {
                    shelf.reserve_exact(room(shelf.len()));
                }
                shelf.insert(at, print);
                Taken::New
            }
            Ok(at) => {
                let known = shelf[at];
                let both = known.and(print);
                shelf[at] = both;
                match (both.is_needed(), known.is_guess() && !both.is_guess()) {
                    (true, _) if !known.is_needed() => Taken::NeededToo,
                    (_, true) => Taken::WantedToo,
                    _ => Taken::Known,
                }
            }
        }
    }

    pub(crate) fn remove(&mut self, print: Print) {
        let shelf = &mut self.shelves[print.shelf()];
        if let Ok(at) = shelf.binary_search(&print) {
            shelf.remove(at);
        }
    }

    /// Tells whether a URL is needed by a document, as far as is known.
    pub(crate) fn is_needed(&self, url: &str) -> bool {
        let print = self.print(url, Role::Page);
        let shelf = &self.shelves[print.shelf()];
        let at = shelf.binary_search(&print);
        at.is_ok_and(|at| shelf[at].is_needed())
    }

    /// Tells whether a URL is a guess and no more, as far as is known.
    pub(crate) fn is_guess(&self, url: &str) -> bool {
        let print = self.print(url, Role::Page);
        let shelf = &self.shelves[print.shelf()];
        let at = shelf.binary_search(&print);
        at.is_ok_and(|at| shelf[at].is_guess())
    }

    /// Takes a URL in that is not there, by the next [`settle`](Self::settle) at the latest.
    ///
    /// One by one, each would wait for its place among far more than any cache holds; many of them
    /// come shelf by shelf.
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
        self.waiting.sort_unstable();
        for group in self.waiting.chunk_by(|a, b| a.shelf() == b.shelf()) {
            let shelf = &mut self.shelves[group[0].shelf()];
            if shelf.capacity() - shelf.len() < group.len() {
                shelf.reserve_exact(group.len() + room(shelf.len()));
            }
            shelf.extend(group);
            // Two runs, which a merge sort finds.
            shelf.sort();
        }
        self.waiting.clear();
    }

    pub(crate) fn print(&self, url: &str, role: Role) -> Print {
        let print = self.fingerprints.hash(url.as_bytes()).as_u128() & !KNOWN;
        Print(match role {
            Role::Page => print,
            Role::Requisite => print | NEEDED,
            Role::Guess => print | GUESS,
        })
    }
}

/// For how many more there shall be room where so many are.
fn room(len: usize) -> usize {
    (len / 8).max(4)
}

impl Print {
    fn is_needed(self) -> bool {
        self.0 & NEEDED != 0
    }

    fn is_guess(self) -> bool {
        self.0 & GUESS != 0
    }

    /// What is known of a URL that was found as both.
    fn and(self, other: Print) -> Print {
        let needed = (self.0 | other.0) & NEEDED;
        let guess = self.0 & other.0 & GUESS;
        Print(self.0 & !KNOWN | needed | guess)
    }

    fn shelf(self) -> usize {
        // As many bits as it takes to number them.
        usize::try_from(self.0 >> (u128::BITS - SHELVES.ilog2())).unwrap_or(0)
    }
}

impl PartialEq for Print {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Print {}

impl PartialOrd for Print {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Print {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0 | KNOWN).cmp(&(other.0 | KNOWN))
    }
}

impl Hash for Print {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u128(self.0 & !KNOWN);
    }
}

const NEEDED: u128 = 1;
const GUESS: u128 = 2;
/// The bits that are no part of the fingerprint.
const KNOWN: u128 = NEEDED | GUESS;
/// So many that what is put in moves little, at ten million URLs 5 KiB. A power of two.
const SHELVES: usize = 1 << 14;
/// So many are taken in together.
const TOGETHER: usize = 1 << 20;

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
        let len = |seen: &Seen| seen.shelves.iter().map(Vec::len).sum::<usize>();
        assert_eq!(len(&seen), many + 1);
        let print = |url: &str| seen.print(url, Role::Page);
        let known = |url: &str| seen.shelves[print(url).shelf()].contains(&print(url));
        assert!((0..many).all(|n| known(&n.to_string())));
        assert!(known("first") && !known("last"));
        for shelf in &seen.shelves {
            assert!(shelf.is_sorted());
        }
        let known: Vec<_> = (0..many).map(|n| print(&n.to_string())).collect();
        assert!(known.into_iter().all(|it| seen.insert(it) == Taken::Known));
    }

    #[test]
    fn what_is_more_than_a_guess_once_is_more() {
        let mut seen = Seen::default();
        let roles = [Role::Guess, Role::Page, Role::Requisite];
        let [guess, page, needed] = roles.map(|role| seen.print("a", role));
        assert_eq!(seen.insert(guess), Taken::New);
        assert_eq!(seen.insert(guess), Taken::Known);
        assert!(seen.is_guess("a") && !seen.is_needed("a"));
        assert_eq!(seen.insert(page), Taken::WantedToo);
        assert!(!seen.is_guess("a") && !seen.is_needed("a"));
        assert_eq!(seen.insert(guess), Taken::Known);
        assert_eq!(seen.insert(needed), Taken::NeededToo);
        assert!(!seen.is_guess("a") && seen.is_needed("a"));

        let [guess, needed] = [Role::Guess, Role::Requisite].map(|role| seen.print("b", role));
        assert_eq!(seen.insert(guess), Taken::New);
        assert_eq!(seen.insert(needed), Taken::NeededToo);
        assert!(!seen.is_guess("b") && seen.is_needed("b"));
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

    #[test]
    fn there_is_room_for_little_more_than_there_is() {
        let mut seen = Seen::default();
        for n in 0..300_000 {
            seen.insert(seen.print(&n.to_string(), Role::Page));
        }
        let room: usize = seen.shelves.iter().map(Vec::capacity).sum();
        assert!(room < 300_000 * 5 / 4, "{room}");
        seen.remove(seen.print("7", Role::Page));
        assert_eq!(seen.insert(seen.print("7", Role::Page)), Taken::New);
    }
}
