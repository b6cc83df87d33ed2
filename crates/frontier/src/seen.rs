use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use siphasher::sip128::SipHasher13;

use crate::frontier::Role;

/// The set of URLs that ever entered, by fingerprint: 16 bytes each, whatever their length, and the
/// room for more at most an eighth of that. Of each it is known how it stands ([`Standing`]).
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

/// A fingerprint; its last two bits say how the URL stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Print(u128);

/// How a URL stands, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A page, or a guess that was right.
    Page = 0,
    /// A document needs it.
    Needed = 1,
    /// A guess and no more, of which nobody knows yet whether it is right.
    Guess = 2,
    /// A guess and no more that was wrong: what leads there in earnest takes it in anew.
    Vain = 3,
}

/// What became of a URL that was to be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    New,
    /// It was there, and is known to be needed from now on.
    NeededToo,
    /// It was there as a guess that nobody has followed, and is known to be more from now on.
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
                let (known, found) = (shelf[at].standing(), print.standing());
                let (standing, taken) = known.found_as(found);
                shelf[at] = print.with(standing);
                taken
            }
        }
    }

    /// Says how a URL stands that is there.
    pub(crate) fn set(&mut self, url: &str, standing: Standing) {
        let print = self.stand(url, standing);
        let shelf = &mut self.shelves[print.shelf()];
        if let Ok(at) = shelf.binary_search(&print) {
            shelf[at] = print;
        }
    }

    /// Tells how a URL stands, if it is there.
    pub(crate) fn standing(&self, url: &str) -> Option<Standing> {
        let print = self.stand(url, Standing::Page);
        let shelf = &self.shelves[print.shelf()];
        let at = shelf.binary_search(&print).ok()?;
        Some(shelf[at].standing())
    }

    pub(crate) fn remove(&mut self, print: Print) {
        let shelf = &mut self.shelves[print.shelf()];
        if let Ok(at) = shelf.binary_search(&print) {
            shelf.remove(at);
        }
    }

    /// Takes a URL in by the next [`settle`](Self::settle) at the latest: one that is not there, or that
    /// was a guess in vain.
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
            shelf.dedup_by(|later, first| {
                let is_known = later == first;
                if is_known {
                    *first = first.with(first.standing().found_as(later.standing()).0);
                }
                is_known
            });
        }
        self.waiting.clear();
    }

    pub(crate) fn print(&self, url: &str, role: Role) -> Print {
        self.stand(url, role.into())
    }

    pub(crate) fn stand(&self, url: &str, standing: Standing) -> Print {
        Print(self.fingerprints.hash(url.as_bytes()).as_u128()).with(standing)
    }
}

impl From<Role> for Standing {
    fn from(role: Role) -> Self {
        match role {
            Role::Page => Standing::Page,
            Role::Requisite => Standing::Needed,
            Role::Guess => Standing::Guess,
        }
    }
}

impl Standing {
    /// How a URL stands that stood so and is found as something, and what became of it.
    fn found_as(self, found: Standing) -> (Standing, Taken) {
        use Standing::{Guess, Needed, Page, Vain};
        match (self, found) {
            (Guess, Page | Needed) => (found, Taken::WantedToo),
            (Vain, Page | Needed) => (found, Taken::New),
            (Page, Needed) => (Needed, Taken::NeededToo),
            (Page | Needed | Guess | Vain, _) => (self, Taken::Known),
        }
    }
}

/// For how many more there shall be room where so many are.
fn room(len: usize) -> usize {
    (len / 8).max(4)
}

impl Print {
    fn standing(self) -> Standing {
        match self.0 & STANDING {
            0 => Standing::Page,
            1 => Standing::Needed,
            2 => Standing::Guess,
            _ => Standing::Vain,
        }
    }

    fn with(self, standing: Standing) -> Print {
        Print(self.0 & !STANDING | standing as u128)
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
        (self.0 | STANDING).cmp(&(other.0 | STANDING))
    }
}

impl Hash for Print {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u128(self.0 & !STANDING);
    }
}

/// The bits that are no part of the fingerprint.
const STANDING: u128 = 3;
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
    fn what_is_found_again_stands_as_the_more_it_is() {
        use Standing::{Guess, Needed, Page, Vain};
        let all = [
            // How it stood, what it was found as, how it stands then, and what became of it.
            (Page, Page, Page, Taken::Known),
            (Page, Needed, Needed, Taken::NeededToo),
            (Page, Guess, Page, Taken::Known),
            (Needed, Page, Needed, Taken::Known),
            (Needed, Needed, Needed, Taken::Known),
            (Needed, Guess, Needed, Taken::Known),
            (Guess, Page, Page, Taken::WantedToo),
            (Guess, Needed, Needed, Taken::WantedToo),
            (Guess, Guess, Guess, Taken::Known),
            (Vain, Page, Page, Taken::New),
            (Vain, Needed, Needed, Taken::New),
            (Vain, Guess, Vain, Taken::Known),
        ];
        for (stood, found, stands, taken) in all {
            let mut seen = Seen::default();
            assert_eq!(seen.insert(seen.stand("a", Page)), Taken::New);
            seen.set("a", stood);
            assert_eq!(seen.standing("a"), Some(stood));
            assert_eq!(seen.insert(seen.stand("a", found)), taken);
            assert_eq!(seen.standing("a"), Some(stands));
            assert_eq!(seen.standing("b"), None);

            let mut seen = Seen::default();
            seen.insert_later(seen.stand("a", stood));
            seen.insert_later(seen.stand("a", found));
            seen.settle();
            assert_eq!(seen.standing("a"), Some(stands));
            assert_eq!(seen.shelves.iter().map(Vec::len).sum::<usize>(), 1);
        }
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
