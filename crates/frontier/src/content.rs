use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

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
    /// comes is (once, twice, four times), for there are big sites of few words. Of no account are markup, what has digits in it (dates,
    /// numbers, ids), and what stands in `url` too: a page that only repeats what it was asked for
    /// says nothing of its own.
    pub fn of(document: &[u8], url: &CanonicalUrl) -> Self {
        let asked: HashSet<_> = words(url.as_str().as_bytes()).map(hash).collect();
        let text = document.split(|byte| *byte == b'<').enumerate();
        let text = text.map(|(n, piece)| {
            let tag = if n == 0 { None } else { memchr(b'>', piece) };
            tag.map_or(piece, |end| &piece[end + 1..])
        });
        let mut said = HashMap::<_, u32>::new();
        for word in text.flat_map(words).map(hash) {
            if !asked.contains(&word) {
                *said.entry(word).or_default() += 1;
            }
        }
        let about = said
            .into_iter()
            .map(|(word, times)| hash([word, times.ilog2().into()].map(u64::to_le_bytes).concat()));
        Content {
            words: about.fold(0, u64::wrapping_add),
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

/// The words of a text, in lower case, without those with digits.
fn words(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
    text.split(move |byte| !is_of_word(byte))
        .filter(|word| !word.is_empty() && !word.iter().any(u8::is_ascii_digit))
        .map(<[u8]>::to_ascii_lowercase)
}

fn memchr(byte: u8, text: &[u8]) -> Option<usize> {
    text.iter().position(|it| *it == byte)
}

/// The same in every process: it is kept in the journal.
fn hash(text: impl AsRef<[u8]>) -> u64 {
    let mut hasher = SipHasher13::new();
    text.as_ref().hash(&mut hasher);
    hasher.finish()
}

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
    }
}
