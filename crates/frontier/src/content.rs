use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use foldhash::fast::RandomState;
use siphasher::sip::SipHasher13;
use wide::u8x16;

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
    let mut at = 0;
    'windows: while at < text.len() {
        let window = Window::of(&text[at..]);
        let opening = window.opening();
        // What stands behind it is looked at when the tag is passed.
        let tag = place_of(opening);
        let (words, digits) = window.words();
        let mut words = words & !(u32::MAX << tag);
        while words != 0 {
            let start = place_of(words);
            let end = start + (!(words >> start)).trailing_zeros() as usize;
            if end < WIDTH {
                if digits & bits(start, end) == 0 {
                    give(window.number(start, end));
                }
            } else if start > 0 {
                // It may be longer than the window.
                at += start;
                continue 'windows;
            } else {
                let word = &text[at..at + length_of_word(&text[at..])];
                if !word.iter().any(u8::is_ascii_digit) {
                    give(number(word));
                }
                at += word.len();
                continue 'windows;
            }
            words &= u32::MAX << end;
        }
        at += tag;
        if tag < WIDTH {
            at = behind_tag(text, at + 1);
        }
    }
}

/// Where the text goes on behind a tag whose `<` is before `from`. One that does not end before the next
/// begins is none.
fn behind_tag(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < text.len() {
        let brackets = Window::of(&text[at..]).brackets();
        if brackets != 0 {
            at += place_of(brackets);
            return if text[at] == b'>' { at + 1 } else { from };
        }
        at += WIDTH;
    }
    from
}

/// Of the word that a text begins with, however long.
fn length_of_word(text: &[u8]) -> usize {
    let is_of_none = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric();
    text.iter().position(is_of_none).unwrap_or(text.len())
}

/// A word as a number, eight bytes after eight.
fn number(word: &[u8]) -> u64 {
    word.chunks(8).fold(0, |number, part| {
        let mut eight = [0; 8];
        eight[..part.len()].copy_from_slice(part);
        eight.make_ascii_lowercase();
        mix(number ^ u64::from_le_bytes(eight))
    })
}

/// The first sixteen bytes of a text, or as many as there are, and blanks. Of what is asked of them, the
/// lowest bit tells of the first.
struct Window {
    bytes: [u8; WIDTH],
}

impl Window {
    fn of(text: &[u8]) -> Self {
        let bytes = text.first_chunk().copied().unwrap_or_else(|| {
            let mut bytes = [b' '; WIDTH];
            bytes[..text.len()].copy_from_slice(text);
            bytes
        });
        Window { bytes }
    }

    /// Those that are of words, and those that are digits.
    fn words(&self) -> (u32, u32) {
        let bytes = u8x16::new(self.bytes);
        let in_range = |bytes: u8x16, first: u8, last: u8| {
            // What is below it comes out above.
            let from_first = bytes - u8x16::splat(first);
            from_first
                .min(u8x16::splat(last - first))
                .simd_eq(from_first)
        };
        let digits = in_range(bytes, b'0', b'9');
        let letters = in_range(bytes | u8x16::splat(0x20), b'a', b'z');
        let beyond = in_range(bytes, 0x80, 0xff);
        (
            (digits | letters | beyond).to_bitmask(),
            digits.to_bitmask(),
        )
    }

    /// Those that are `<`.
    fn opening(&self) -> u32 {
        let bytes = u8x16::new(self.bytes);
        bytes.simd_eq(u8x16::splat(b'<')).to_bitmask()
    }

    /// Those that are `<` or `>`, which differ by one bit.
    fn brackets(&self) -> u32 {
        let bytes = u8x16::new(self.bytes) | u8x16::splat(b'<' ^ b'>');
        bytes.simd_eq(u8x16::splat(b'<' | b'>')).to_bitmask()
    }

    /// The [`number`] of a word in it.
    #[expect(clippy::cast_possible_truncation, reason = "a half at a time")]
    fn number(&self, start: usize, end: usize) -> u64 {
        let bytes = u128::from_le_bytes(self.bytes);
        // Of words, this changes no ASCII but letters.
        let lower = bytes | (!bytes & HIGH) >> 2;
        let word = lower >> (8 * start) & u128::MAX >> (8 * (WIDTH - (end - start)));
        let number = mix(word as u64);
        if end - start > 8 {
            mix(number ^ (word >> 64) as u64)
        } else {
            number
        }
    }
}

/// Where the lowest of these bits is; as wide as a window if there is none.
fn place_of(bits: u32) -> usize {
    (bits.trailing_zeros() as usize).min(WIDTH)
}

/// The bits from one place up to another.
fn bits(start: usize, end: usize) -> u32 {
    (u32::MAX << start) & !(u32::MAX << end)
}

const WIDTH: usize = 16;

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

const HIGH: u128 = u128::from_le_bytes([0x80; WIDTH]);
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
                any::<u8>(), b'0'..=b'1', Just(b' '), Just(b'<'), Just(b'>'),
                b'a'..=b'd', b'a'..=b'd', b'a'..=b'd', b'a'..=b'd', b'a'..=b'd', b'X'..=b'Z',
            ], 0..90),
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
