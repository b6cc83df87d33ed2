use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use memchr::{memchr, memchr2};
use siphasher::sip::SipHasher13;

use crate::CanonicalUrl;

/// What a document says, in two numbers: to tell whether another one said it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// The same for the same bytes.
    pub(crate) digest: u64,
    /// The same for the same words.
    pub(crate) words: u64,
}

impl Content {
    /// Reads a document that was fetched from `url`, in linear time.
    ///
    /// The order of words is of no account, for tables can be sorted; but about how often each one
    /// comes is (once, twice, four times), for there are big sites of few words. Of no account are
    /// markup, what has digits in it (dates, numbers, ids), and what stands in `url` too: a page
    /// that only repeats what it was asked for says nothing of its own.
    ///
    /// It takes memory for 65,536 words; of more, how often they come is of no account.
    pub fn of(document: &[u8], url: &CanonicalUrl) -> Self {
        let mut said = HashMap::<u64, u32>::new();
        let mut more = 0_u64;
        let mut say = |word| {
            if said.len() < MOST_WORDS {
                *said.entry(word).or_default() += 1;
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
            words: about.fold(more, u64::wrapping_add),
            digest: hash(document),
        }
    }

    /// The same numbers, of one site.
    pub(crate) fn of_site(self, site: &str) -> Self {
        let of_site = |number: u64| hash([site.as_bytes(), &number.to_le_bytes()].concat());
        Content {
            digest: of_site(self.digest),
            words: of_site(self.words),
        }
    }
}

/// Gives the words of a text, whatever their case, without those with digits: each as a number.
fn each_word(text: &[u8], mut give: impl FnMut(u64)) {
    let (mut word, mut last, mut length, mut has_digits) = (0_u64, 0_u64, 0_usize, false);
    for byte in text.iter().chain(b" ") {
        if byte.is_ascii_alphanumeric() || *byte >= 0x80 {
            last = last << 8 | u64::from(byte.to_ascii_lowercase());
            length += 1;
            has_digits |= byte.is_ascii_digit();
            if length.is_multiple_of(8) {
                word = mix(word ^ last);
                last = 0;
            }
        } else if length > 0 {
            if !has_digits {
                give(mix(word ^ last));
            }
            (word, last, length, has_digits) = (0, 0, 0, false);
        }
    }
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

/// So many words of a document are counted.
const MOST_WORDS: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(document: &str, url: &str) -> Content {
        Content::of(document.as_bytes(), &CanonicalUrl::parse(url).unwrap())
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
