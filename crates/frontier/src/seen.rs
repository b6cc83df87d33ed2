use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// The set of URLs that ever entered, by fingerprint: 17 bytes a place, whatever their length.
///
/// A fingerprint has 128 bits and is keyed anew in each process, so that no server can find two
/// URLs with one. Among ten million URLs, two have the same with a probability of 1.5e-25.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    keys: [RandomState; 2],
    prints: HashSet<u128, BuildHasherDefault<Print>>,
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

    fn print(&self, url: &str) -> u128 {
        let [high, low] = [0, 1].map(|key: usize| u128::from(self.keys[key].hash_one(url)));
        high << 64 | low
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
