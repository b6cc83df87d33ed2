use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use foldhash::fast::RandomState;
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
        let say = |word| {
            if said.len() < MOST_WORDS {
                *said.entry(word).or_insert(0_u32) += 1;
            } else {
                match said.get_mut(&word) {
                    Some(times) => *times += 1,
                    None => more = more.wrapping_add(mix(word)),
                }
            }
        };
        each_word(document, say);
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

/// Gives the words of a text, whatever their case, but for tags and what has digits in it: each as a
/// number.
fn each_word(text: &[u8], mut give: impl FnMut(u64)) {
    let (mut word, mut length, mut has_digits) = (0, 0, false);
    let mut rest = text;
    while !rest.is_empty() {
        let eight = Eight::of(rest);
        // Here a word begins, or goes on.
        let (now, next) = eight.word();
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
        rest = match next {
            Next::Text(at) => rest.get(at..).unwrap_or_default(),
            Next::Tag(at) => behind_tag(rest.get(at..).unwrap_or_default()),
        };
    }
    if length > 0 && !has_digits {
        give(word);
    }
}

/// What follows a tag, of which `<` is gone. One that does not end before the next begins is none.
fn behind_tag(tag: &[u8]) -> &[u8] {
    let mut rest = tag;
    while !rest.is_empty() {
        // `<` and `>` differ by one bit.
        let brackets = equal(eight_of(rest) | every(b'<' ^ b'>'), b'<' | b'>');
        if brackets != 0 {
            let at = place_of(brackets);
            return if rest[at] == b'>' {
                &rest[at + 1..]
            } else {
                tag
            };
        }
        rest = rest.get(8..).unwrap_or_default();
    }
    tag
}

/// Eight bytes of a text, the first of them the lowest, and of which the highest bit is set: of those
/// of words, of letters and of digits in ASCII, and of `<`.
struct Eight {
    bytes: u64,
    words: u64,
    letters: u64,
    digits: u64,
    opening: u64,
}

/// What comes behind a word, and where.
enum Next {
    Text(usize),
    Tag(usize),
}

impl Eight {
    /// Reads the first eight bytes, or as many as there are, and blanks.
    fn of(text: &[u8]) -> Self {
        let bytes = eight_of(text);
        // Of bytes below 0x80 no sum is carried to the next.
        let (ascii, beyond) = (bytes & !HIGH, bytes & HIGH);
        let in_range = |bytes: u64, first: u8, last: u8| {
            let at_least = bytes.wrapping_add(every(0x80 - first));
            let more_than = bytes.wrapping_add(every(0x7f - last));
            at_least & !more_than & HIGH & !beyond
        };
        let letters = in_range(ascii | every(0x20), b'a', b'z');
        let digits = in_range(ascii, b'0', b'9');
        Eight {
            bytes,
            words: letters | digits | beyond,
            letters,
            digits,
            opening: equal(bytes, b'<'),
        }
    }

    /// How many bytes at the begin are of a word, and what comes behind them and what is of none.
    fn word(&self) -> (usize, Next) {
        let others = !self.words & HIGH;
        let length = place_of(others);
        // All from the first of the others on.
        let behind = place_of(self.words & (others & others.wrapping_neg()).wrapping_neg());
        // It is of no word.
        let tag = place_of(self.opening);
        let next = if tag < behind {
            Next::Tag(tag + 1)
        } else {
            Next::Text(behind)
        };
        (length, next)
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

/// The first eight bytes, or as many as there are, and blanks.
fn eight_of(text: &[u8]) -> u64 {
    let bytes = text.first_chunk().copied().unwrap_or_else(|| {
        let mut eight = [b' '; 8];
        eight[..text.len()].copy_from_slice(text);
        eight
    });
    u64::from_le_bytes(bytes)
}

/// The first so many of eight bytes, of at least one.
fn first(bytes: u64, length: usize) -> u64 {
    bytes & u64::MAX >> (64 - 8 * length)
}

/// The highest bit of each of eight bytes that is this one.
fn equal(bytes: u64, byte: u8) -> u64 {
    let differ = bytes ^ every(byte);
    let low = (differ & !HIGH).wrapping_add(!HIGH);
    !(low | differ) & HIGH
}

/// Where the first of these bits is, in bytes; eight if there is none.
fn place_of(bits: u64) -> usize {
    bits.trailing_zeros() as usize / 8
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
            text in vec(prop_oneof![
                any::<u8>(), b'a'..=b'd', b'X'..=b'Z', b'0'..=b'1', Just(b' '), Just(b'<'), Just(b'>'),
            ], 0..60),
        ) {
            let given = text.clone();
            let mut text = text;
            for at in 0..text.len() {
                let end = text[at..].iter().skip(1).position(|byte| matches!(byte, b'<' | b'>'));
                if let Some(end) = end.map(|end| at + 1 + end)
                    && (text[at], text[end]) == (b'<', b'>')
                {
                    text[at..=end].fill(b' ');
                }
            }
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
            each_word(&given, |word| words.push(word));
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
