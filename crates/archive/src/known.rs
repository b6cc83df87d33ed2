use std::hash::{BuildHasher, RandomState};

use crate::{Digest, Entry, Position};

/// Where payloads are that need not be kept again.
///
/// A payload takes 12 bytes, and the room for more an eighth of that. The first 32 bits of its digest
/// are enough here: before a place is used, the whole digest is compared with that of the record
/// there. (Of two payloads with the same, the second is not known; one in 10,000, of a million.)
#[derive(Debug)]
pub struct Known {
    /// In each in order: part of a digest, and a place.
    shelves: Box<[Vec<[u32; 3]>]>,
    /// Tells the shelf; keyed, so that no server can fill one alone.
    key: RandomState,
}

impl Default for Known {
    fn default() -> Self {
        Known {
            shelves: vec![Vec::new(); SHELVES].into(),
            key: RandomState::new(),
        }
    }
}

impl Known {
    /// Remembers the payload of an entry of the index, if a `revisit` record of it would save
    /// anything.
    ///
    /// Those of one payload are to be told in the order in which they were archived: the first
    /// counts.
    pub fn insert(&mut self, entry: &Entry) {
        if entry.is_revisit() || entry.length < SHORTEST {
            return;
        }
        let Some(place) = pack(entry.position()) else {
            return;
        };
        let (shelf, print) = self.split(entry.digest);
        let shelf = &mut self.shelves[shelf];
        if let Err(at) = shelf.binary_search_by_key(&print, |[print, ..]| *print) {
            if shelf.len() == shelf.capacity() {
                shelf.reserve_exact(shelf.len() / 8 + 1);
            }
            shelf.insert(at, [print, place[0], place[1]]);
        }
    }

    /// Returns where a payload may be.
    pub(crate) fn get(&self, digest: Digest) -> Option<Position> {
        let (shelf, print) = self.split(digest);
        let shelf = &self.shelves[shelf];
        let at = shelf.binary_search_by_key(&print, |[print, ..]| *print);
        let [_, high, low] = shelf[at.ok()?];
        Some(unpack([high, low]))
    }

    /// The number of the shelf, and the print there.
    fn split(&self, digest: Digest) -> (usize, u32) {
        let print = digest.prefix();
        let shelf = self.key.hash_one(print) % SHELVES as u64;
        (usize::try_from(shelf).unwrap_or(0), print)
    }
}

impl<'a> Extend<&'a Entry> for Known {
    fn extend<T: IntoIterator<Item = &'a Entry>>(&mut self, entries: T) {
        entries.into_iter().for_each(|entry| self.insert(entry));
    }
}

impl<'a> FromIterator<&'a Entry> for Known {
    fn from_iter<T: IntoIterator<Item = &'a Entry>>(entries: T) -> Self {
        let mut known = Known::default();
        known.extend(entries);
        known
    }
}

/// A place in 64 bits: 24 of the segment's number, 40 of the offset. None if it does not fit, as
/// behind a terabyte: a payload there is kept again.
fn pack(Position { segment, offset }: Position) -> Option<[u32; 2]> {
    let high = u8::try_from(offset >> 32).ok()?;
    let segment = segment.checked_mul(256)?;
    let [.., a, b, c, d] = offset.to_be_bytes();
    Some([segment | u32::from(high), u32::from_be_bytes([a, b, c, d])])
}

fn unpack([high, low]: [u32; 2]) -> Position {
    Position {
        segment: high >> 8,
        offset: u64::from(high & 0xff) << 32 | u64::from(low),
    }
}

/// Small enough that what is put in moves little, at ten million payloads 15 KiB.
const SHELVES: usize = 4096;

/// The `revisit` record that stands for another takes some 350 bytes packed, and reading it back
/// reads two records. So a payload is worth knowing if its record takes more bytes in the segment
/// than this. By a record's length, not by its payload's: a crawl that goes on decides as it did
/// before, for the length is in the index.
const SHORTEST: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_kept_whole() {
        let line = |length: u32, offset: u64, segment: u32| {
            let line = format!(
                "k 20231114221320 {{\"url\":\"\",\"status\":\"200\",\"length\":\"{length}\",\
                 \"offset\":\"{offset}\",\"filename\":\"dragline-{segment:05}.warc.gz\",\
                 \"digest\":\"sha256:{}\"}}",
                "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
            );
            line.parse::<Entry>().unwrap()
        };
        let get = |entry: &Entry| Known::from_iter([entry]).get(entry.digest);
        assert_eq!(get(&line(1023, 7, 7)), None);
        for entry in [
            line(1024, 0x01_2345_6789, 7),
            line(1024, (1 << 40) - 1, (1 << 24) - 1),
        ] {
            assert_eq!(get(&entry), Some(entry.position()));
        }
        for entry in [line(1024, 1 << 40, 0), line(1024, 0, 1 << 24)] {
            assert_eq!(get(&entry), None);
        }
    }

    #[test]
    fn of_one_payload_the_first_is_known() {
        let line = concat!(
            r#"k 20231114221320 {"url":"","status":"200","length":"2000","offset":"OFFSET","#,
            r#""filename":"dragline-00007.warc.gz","digest":"sha256:"#,
            r#"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b98DIGEST"}"#,
        );
        let mut known = Known::default();
        let line = line.replace("DIGEST", "24");
        for offset in ["5", "9"] {
            known.insert(&line.replace("OFFSET", offset).parse().unwrap());
        }
        let entry: Entry = line.replace("OFFSET", "5").parse().unwrap();
        assert_eq!(known.get(entry.digest), Some(entry.position()));
    }

    #[test]
    fn thousands_are_told_apart() {
        let mut known = Known::default();
        let entry = |n: u32| {
            let line = format!(
                "k 20231114221320 {{\"url\":\"\",\"status\":\"200\",\"length\":\"2000\",\
                 \"offset\":\"{n}\",\"filename\":\"dragline-00007.warc.gz\",\"digest\":\"{}\"}}",
                Digest::of(&n.to_be_bytes())
            );
            line.parse::<Entry>().unwrap()
        };
        (0..20_000_u32).for_each(|n| known.insert(&entry(n)));
        for n in 0..20_000_u32 {
            let position = known.get(Digest::of(&n.to_be_bytes()));
            assert_eq!(position.map(|it| it.offset), Some(n.into()));
        }
        let room: usize = known.shelves.iter().map(Vec::capacity).sum();
        assert!(room <= 20_000 * 5 / 4 + SHELVES, "{room}");
    }
}
