use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use foldhash::fast::RandomState;
use siphasher::sip::SipHasher13;
use wide::u8x16;

use crate::CanonicalUrl;
use crate::canonical::path_and_query_of;

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

    /// What a document says that was fetched from `url` and is a version of `canonical` by its own word
    /// (`rel=canonical`, RFC 6596), if these differ by their queries alone, and it is not the page of a
    /// folder: a list, filtered or sorted otherwise. All such versions of one document say the same.
    pub fn of_version(digest: u64, url: &CanonicalUrl, canonical: &CanonicalUrl) -> Option<Self> {
        let (path, query) = path_and_query_of(url.as_str());
        let (of_path, of_query) = path_and_query_of(canonical.as_str());
        // Some say of all pages that they are the first one.
        let is_door = of_path.ends_with('/') || of_path.contains("/index.");
        let is_version = query.is_some() && path == of_path && query != of_query && !is_door;
        is_version.then(|| Content {
            words: Some(hash([of_path, "?", of_query.unwrap_or_default()].concat())),
            digest,
        })
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
/// number. A tag that does not end before the next begins is none.
fn each_word(text: &[u8], mut give: impl FnMut(u64)) {
    let mut at = 0;
    // Where it goes on behind the last `<`, while it is looked for the end of that tag.
    let mut tag = None;
    while at < text.len() {
        let window = Window::of(&text[at..]);
        let (tags, end) = window.tags(tag.is_some());
        let mut words = window.words & !tags & first(end);
        let mut next = at + end;
        while words != 0 {
            let start = place_of(words);
            let behind = start + place_of(!(words >> start));
            if behind == WIDTH {
                // It may be longer than the window.
                next = at + start;
                if start == 0 {
                    next += length_of_word(&text[at..]);
                    each_plain_word(&text[at..next], &mut give);
                }
                break;
            }
            if window.digits & !first(start) & first(behind) == 0 {
                give(number(text, at + start, behind - start));
            }
            words &= !first(behind);
        }
        let opened = window.opening & first(end);
        let is_in_tag = match end.checked_sub(1) {
            Some(last) => tags & bit(last) != 0,
            None => tag.is_some(),
        };
        if !is_in_tag {
            tag = None;
        } else if opened != 0 {
            tag = Some(at + WIDTH - opened.leading_zeros() as usize);
        }
        if end < WIDTH {
            match tag.take() {
                // A `<`: there was no tag before it.
                Some(behind) => each_plain_word(&text[behind..next], &mut give),
                // A `>` of no tag.
                None => next += 1,
            }
        }
        at = next;
    }
    if let Some(behind) = tag {
        each_plain_word(&text[behind..], &mut give);
    }
}

/// The same, of a text without tags.
fn each_plain_word(text: &[u8], give: &mut impl FnMut(u64)) {
    for word in text.split(|byte| is_of_none(*byte)) {
        if !word.is_empty() && !word.iter().any(u8::is_ascii_digit) {
            give(number_of(word));
        }
    }
}

fn is_of_none(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric()
}

/// Of the word that a text begins with, however long.
fn length_of_word(text: &[u8]) -> usize {
    let length = text.iter().position(|byte| is_of_none(*byte));
    length.unwrap_or(text.len())
}

/// The [`number_of`] a word of a text.
fn number(text: &[u8], start: usize, length: usize) -> u64 {
    let near = text[start..].first_chunk::<16>();
    let Some(near) = near.filter(|_| length <= 16) else {
        return number_of(&text[start..start + length]);
    };
    let (low, high) = near.split_at(8);
    let [low, high] = [low, high].map(|half| {
        let bytes = half.first_chunk().copied().unwrap_or_default();
        let bytes = u64::from_le_bytes(bytes);
        // Of words, this changes no ASCII but letters.
        bytes | (!bytes & HIGH) >> 2
    });
    if length <= 8 {
        mix(low & u64::MAX >> (64 - 8 * length))
    } else {
        mix(mix(low) ^ high & u64::MAX >> (128 - 8 * length))
    }
}

/// A word as a number, eight bytes after eight.
fn number_of(word: &[u8]) -> u64 {
    word.chunks(8).fold(0, |number, part| {
        let mut eight = [0; 8];
        eight[..part.len()].copy_from_slice(part);
        eight.make_ascii_lowercase();
        mix(number ^ u64::from_le_bytes(eight))
    })
}

/// Of the first bytes of a text, and blanks behind it, which are of words, which of them are digits, which
/// are `<`, and which are `>`: the lowest bit tells of the first.
#[derive(Default)]
struct Window {
    words: u64,
    digits: u64,
    opening: u64,
    closing: u64,
}

impl Window {
    fn of(text: &[u8]) -> Self {
        let padded = || {
            let mut bytes = [b' '; WIDTH];
            bytes[..text.len()].copy_from_slice(text);
            bytes
        };
        let bytes: [u8; WIDTH] = text.first_chunk().copied().unwrap_or_else(padded);
        let mut window = Window::default();
        for (at, bytes) in bytes.as_chunks().0.iter().enumerate() {
            window.take_in(16 * at, u8x16::new(*bytes));
        }
        window
    }

    /// Which are of tags, from their `<` to before their `>`; and where the first bracket is that is odd: a
    /// `<` in a tag, or a `>` of none. Behind it, all this is of no account.
    fn tags(&self, is_in_tag: bool) -> (u64, usize) {
        let before = u64::from(is_in_tag);
        // From each 1 that is taken away up to the next that is added, there are ones.
        let tags = self.closing.wrapping_sub(self.opening).wrapping_sub(before);
        let tags_before = tags << 1 | before;
        let odd = (tags & !tags_before ^ self.opening) | (tags_before & !tags ^ self.closing);
        (tags, place_of(odd))
    }

    fn take_in(&mut self, at: usize, bytes: u8x16) {
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
        let opening = bytes.simd_eq(u8x16::splat(b'<'));
        let closing = bytes.simd_eq(u8x16::splat(b'>'));
        let bits = |bytes: u8x16| u64::from(bytes.to_bitmask()) << at;
        self.words |= bits(digits | letters | beyond);
        self.digits |= bits(digits);
        self.opening |= bits(opening);
        self.closing |= bits(closing);
    }
}

/// Where the lowest of these bits is; as wide as a window if there is none.
fn place_of(bits: u64) -> usize {
    bits.trailing_zeros() as usize
}

/// So many bits.
fn first(bits: usize) -> u64 {
    if bits < WIDTH {
        bit(bits) - 1
    } else {
        u64::MAX
    }
}

fn bit(at: usize) -> u64 {
    1 << at
}

const WIDTH: usize = u64::BITS as usize;

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

const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
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
            parts in vec(prop_oneof![
                60 => vec(prop_oneof![
                    any::<u8>(), b'0'..=b'1', Just(b' '), Just(b'<'), Just(b'>'),
                    b'a'..=b'd', b'a'..=b'd', b'a'..=b'd', b'a'..=b'd', b'a'..=b'd', b'X'..=b'Z',
                ], 1..9),
                1 => vec(b'a'..=b'd', 60..140),
            ], 0..60),
        ) {
            let given = parts.concat();
            let mut text = given.clone();
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
    fn versions_of_one_document_say_the_same() {
        let url = |text: &str| CanonicalUrl::parse(text).unwrap();
        let version = |of: &str, canonical: &str| {
            let content = Content::of_version(1, &url(of), &url(canonical));
            content.and_then(|content| content.words)
        };
        let list = version("http://h/list?color=red", "http://h/list");
        assert!(list.is_some());
        assert_eq!(list, version("http://h/list?size=m", "https://www.h/list"));
        assert_ne!(list, version("http://h/other?size=m", "http://h/other"));
        assert_ne!(
            list,
            version("http://h/list?a&page=2", "http://h/list?page=2")
        );
        for own in ["http://h/list", "http://h/list?page=2"] {
            assert_eq!(version(own, own), None);
        }
        assert_eq!(version("http://h/list", "http://h/list?all"), None);
        for of_all in ["/", "/shop/", "/index.php"] {
            let [of, canonical] = [of_all.to_owned() + "?id=1", of_all.to_owned()];
            let version = version(&format!("http://h{of}"), &format!("http://h{canonical}"));
            assert_eq!(version, None, "{of_all}");
        }
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
