//! Texts told apart by a few bytes each.

use std::hash::{BuildHasher, RandomState};

/// Makes fingerprints that are keyed anew each time, so that no server can find two texts with one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printer {
    keys: [RandomState; 2],
}

/// 88 bits. Among ten million texts, two have the same with a probability of 1.6e-13.
pub(crate) type Print = [u8; 11];

impl Printer {
    /// Tells a text from all others.
    pub(crate) fn print(&self, text: &str) -> Print {
        let [a, b] = self
            .keys
            .each_ref()
            .map(|key| key.hash_one(text).to_be_bytes());
        std::array::from_fn(|at| if at < 8 { a[at] } else { b[at - 8] })
    }

    /// Tells a text from nearly all others, in 64 bits.
    pub(crate) fn short(&self, text: &str) -> [u8; 8] {
        self.keys[0].hash_one(text).to_be_bytes()
    }
}

/// A row: what it is found by, and a number.
pub(crate) fn row<const P: usize, const N: usize>(print: [u8; P], number: u32) -> [u8; N] {
    let number = number.to_be_bytes();
    std::array::from_fn(|at| match at.checked_sub(P) {
        None => print[at],
        Some(at) => number[at],
    })
}

/// The number at the end of a row.
pub(crate) fn number<const N: usize>(row: &[u8; N]) -> u32 {
    let number = row.last_chunk().copied();
    u32::from_be_bytes(number.unwrap_or_default())
}
