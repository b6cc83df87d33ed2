//! Texts told apart by a few bytes each.

use std::hash::{BuildHasher, RandomState};

/// Makes fingerprints that are keyed anew each time, so that no server can find two texts with one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printer {
    keys: [RandomState; 2],
}

/// 88 bits, and room for eight more that go with a text. Among ten million texts, two have the same
/// with a probability of 1.6e-13.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Print([u32; 3]);

/// A print and what goes with it, in 12 bytes, in the order of the prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Marked(Print);

impl Printer {
    /// Tells a text from all others.
    pub(crate) fn print(&self, text: &str) -> Print {
        let [a, b] = words(self.keys[0].hash_one(text));
        let [c, _] = words(self.keys[1].hash_one(text));
        Print([a, b, c & !MARK])
    }

    /// Tells a text from nearly all others, in 64 bits.
    pub(crate) fn short(&self, text: &str) -> u64 {
        self.keys[0].hash_one(text)
    }
}

impl Print {
    pub(crate) fn marked(self, mark: u8) -> Marked {
        let [a, b, c] = self.0;
        Marked(Print([a, b, c | u32::from(mark)]))
    }

    /// Where to look for it in a hash table.
    pub(crate) fn index(self) -> usize {
        self.0[1] as usize
    }
}

impl Marked {
    pub(crate) fn print(self) -> Print {
        let [a, b, c] = self.0.0;
        Print([a, b, c & !MARK])
    }

    pub(crate) fn mark(self) -> u8 {
        self.0.0[2].to_le_bytes()[0]
    }
}

/// The two halves of a number.
pub(crate) fn words(number: u64) -> [u32; 2] {
    // Each of them fits.
    [number >> 32, number & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or_default())
}

const MARK: u32 = 0xff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_leaves_the_print_and_takes_no_room() {
        let printer = Printer::default();
        let (a, b) = (printer.print("a"), printer.print("b"));
        assert_ne!(a, b);
        for mark in [0, 1, 255] {
            let marked = a.marked(mark);
            assert_eq!((marked.print(), marked.mark()), (a, mark));
            assert_eq!(marked < b.marked(0), a < b);
        }
        assert_eq!(size_of::<Marked>(), 12);
    }
}
