use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use foldhash::quality::RandomState;
use memchr::{memchr, memchr2};
use siphasher::sip::SipHasher13;

use crate::CanonicalUrl;

/// What an answer says, in two numbers: to tell whether another one said it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// The same for the same bytes.
    pub(crate) digest: u64,
    /// The same for the same words; `None` if it is no document.
    pub(crate) words: Option<u64>,
}

impl Content {
    /// Reads a document that was fetched from `url`, in linear time. `digest` is the same for documents
    /// of the same bytes, and for hardly any others.
    ///
    /// The order of words is of no account, for tables can be sorted; but about how often each one
    /// comes is (once, twice, four times), for there are big sites of few words. Of no account are
    /// markup, what has digits in it (dates, numbers, ids), and what stands in `url` too: a page
    /// that only repeats what it was asked for says nothing of its own.
    ///
    /// It takes memory for 65,536 words; of more, how often they come is of no account.
    pub fn of(document: &[u8], digest: u64, url: &CanonicalUrl) -> Self {
        // A word takes some bytes, and comes again.
        let words = (document.len() / 64).min(MOST_WORDS);
        let mut said = HashMap::with_capacity_and_hasher(words, RandomState::default());
        let mut more = 0_u64;
        let mut say = |word| {
            if said.len() < MOST_WORDS {
                *said.entry(word).or_insert(0_u32) += 1;
            } else {
                match said.get_mut(&word) {
                    Some(times) => *times += 1,
                    None => more = more.wrapping_add(mix(word)),
                }
            }
        };
        let mut rest = document;
        while let Some(at) = memchr(b'<', rest) {
            each_word(&rest[..at], &mut say);
            // One that does not end before the next begins is none.
            let tag = &rest[at + 1..];
            rest = match memchr2(b'<', b'>', tag) {
                Some(end) if tag[end] == b'>' => &tag[end + 1..],
                _ => tag,
            };
        }
        each_word(rest, &mut say);
        each_word(url.as_str().as_bytes(), |word| {
            said.remove(&word);
        });
        let about = said
            .into_iter()
            .map(|(word, times)| mix(word.wrapping_add(times.ilog2().into())));
        Content {
            words: Some(about.fold(more, u64::wrapping_add)),
            digest,
        }
    }

    /// What is no document (a picture, an archive) and has this digest, as [`of`](Self::of) wants it.
    pub fn of_bytes(digest: u64) -> Self {
        Content {
            words: None,
            digest,
        }
    }

    /// The same numbers, of one site.
    pub(crate) fn of_site(self, site: &str) -> Self {
        let of_site = |number: u64| hash([site.as_bytes(), &number.to_le_bytes()].concat());
        Content {
            digest: of_site(self.digest),
            words: self.words.map(of_site),
        }
    }
}

/// Gives the words of a text, whatever their case, without those with digits: each as a number.
fn each_word(text: &[u8], mut give: impl FnMut(u64)) {
    let (mut word, mut length, mut has_digits) = (0, 0, false);
    let mut rest = text;
    loop {
        let eight = Eight::of(rest);
        // Here a word begins, or goes on.
        let (now, after) = eight.word();
        if now > 0 {
            word = mix(word ^ eight.lower(now));
            length += now;
            has_digits |= eight.has_digits(now);
        }
        if now < 8 {
            if length > 0 && !has_digits {
                give(word);
            }
            (word, length, has_digits) = (0, 0, false);
        }
        match rest.get(after..) {
            Some(more) if !more.is_empty() => rest = more,
            _ => break,
        }
    }
    if length > 0 && !has_digits {
        give(word);
    }
}

/// Eight bytes of a text, the first of them the lowest, and of which the highest bit is set: of those
/// of words, of letters and of digits in ASCII.
struct Eight {
    bytes: u64,
    words: u64,
    letters: u64,
    digits: u64,
}

impl Eight {
    /// Reads the first eight bytes, or as many as there are, and blanks.
    fn of(text: &[u8]) -> Self {
        let bytes = text.first_chunk().copied().unwrap_or_else(|| {
            let mut eight = [b' '; 8];
            eight[..text.len()].copy_from_slice(text);
            eight
        });
        let bytes = u64::from_le_bytes(bytes);
        // Of bytes below 0x80 no sum is carried to the next.
        let (ascii, beyond) = (bytes & !HIGH, bytes & HIGH);
        let in_range = |bytes: u64, first: u8, last: u8| {
            let at_least = bytes + every(0x80 - first);
            let more_than = bytes + every(0x7f - last);
            at_least & !more_than & HIGH & !beyond
        };
        let letters = in_range(ascii | every(0x20), b'a', b'z');
        let digits = in_range(ascii, b'0', b'9');
        Eight {
            bytes,
            words: letters | digits | beyond,
            letters,
            digits,
        }
    }

    /// How many bytes at the begin are of a word, and where the next word may begin: behind what is of
    /// none.
    fn word(&self) -> (usize, usize) {
        let length = (!self.words & HIGH).trailing_zeros() / 8;
        let behind = self.words.checked_shr(8 * length).unwrap_or(0);
        let gap = behind.trailing_zeros() / 8;
        (length as usize, (length + gap).min(8) as usize)
    }

    /// The first bytes, letters in lower case.
    fn lower(&self, length: usize) -> u64 {
        let lower = self.bytes | self.letters >> 2;
        first(lower, length)
    }

    fn has_digits(&self, length: usize) -> bool {
        first(self.digits, length) != 0
    }
}

/// The first so many of eight bytes, of at least one.
fn first(bytes: u64, length: usize) -> u64 {
    bytes & u64::MAX >> (64 - 8 * length)
}

/// A byte, eight times.
const fn every(byte: u8) -> u64 {
    byte as u64 * (u64::MAX / 0xff)
}

/// The same in every process, as what follows: it is kept in the journal. (The finalizer of
/// `SplitMix64`; nobody gains by making two words the same.)
fn mix(mut number: u64) -> u64 {
    number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

fn hash(text: impl AsRef<[u8]>) -> u64 {
    let mut hasher = SipHasher13::new();
    text.as_ref().hash(&mut hasher);
    hasher.finish()
}

const HIGH: u64 = every(0x80);
/// So many words of a document are counted.
const MOST_WORDS: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn of(document: &str, url: &str) -> Content {
        let url = CanonicalUrl::parse(url).unwrap();
        Content::of(document.as_bytes(), hash(document), &url)
    }

    proptest! {
        /// Byte by byte.
        #[test]
        fn words_are_what_lies_between_what_is_of_no_word(
            text in vec(prop_oneof![any::<u8>(), b'a'..=b'd', b'X'..=b'Z', b'0'..=b'1', Just(b' ')], 0..60),
        ) {
            let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
            let expected = text.split(|byte| !of_word(byte)).filter(|word| {
                !word.is_empty() && !word.iter().any(u8::is_ascii_digit)
            });
            let number = |word: &[u8]| word.to_ascii_lowercase().chunks(8).fold(0, |word, part| {
                let mut eight = [0; 8];
                eight[..part.len()].copy_from_slice(part);
                mix(word ^ u64::from_le_bytes(eight))
            });
            let mut words = Vec::new();
            each_word(&text, |word| words.push(word));
            prop_assert_eq!(words, expected.map(number).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_said_is_told_from_how_and_where() {
        let first = of("<p class=a>One page, page 1</p>", "http://h/a");
        let alike = of("<h1>Page</h1> one <i id=b2>page b2", "http://h/b");
        assert_eq!(first.words, alike.words);
        assert_ne!(first.digest, alike.digest);
        assert_ne!(first.words, of("another page", "http://h/a").words);
        let (a, b) = (
            of("no kalo here", "http://h/kalo"),
            of("no mise here", "http://h/?q=mise"),
        );
        assert_eq!(a.words, b.words);
        assert_ne!(a, a.of_site("h"));
        assert_ne!(
            of("few words", "http://h/").words,
            of("few words, words", "http://h/").words,
            "about how often counts"
        );
        assert_eq!(of("a < b", "http://h/").words, of("b a", "http://h/").words);
        assert_eq!(
            of("a <b <i>c", "http://h/").words,
            of("a b c", "http://h/").words
        );
        let long = of("otherworldliness otherworldlines", "http://h/");
        let other = of("otherworldliness otherworldline", "http://h/");
        assert_ne!(long.words, other.words);
    }

    #[test]
    fn more_words_than_are_counted_still_count() {
        let word = |mut n: usize| {
            let mut word = String::new();
            while n > 0 {
                word.push(char::from(b'a' + u8::try_from(n % 26).unwrap_or(0)));
                n /= 26;
            }
            word
        };
        let text = |n: usize| (1..=n).map(word).collect::<Vec<_>>().join(" ");
        let (one, other) = (text(MOST_WORDS + 50), text(MOST_WORDS + 51));
        assert_ne!(of(&one, "http://h/").words, of(&other, "http://h/").words);
    }
}
