use std::collections::HashMap;
use std::collections::hash_map::Entry::Vacant;

use crate::{Digest, Entry, Position};

/// Where payloads are that need not be kept again.
///
/// A payload takes 24 to 48 bytes, 36 in the mean. A part of its digest is enough here: before a
/// place is used, the whole digest is compared with that of the record there.
#[derive(Debug, Default)]
pub(crate) struct Known(HashMap<[u32; 2], [u32; 3]>);

impl Known {
    /// Remembers the payload of an entry, if a `revisit` record of it would save anything.
    pub(crate) fn insert(&mut self, entry: &Entry) {
        if entry.is_revisit() || entry.length < SHORTEST {
            return;
        }
        if let Vacant(place) = self.0.entry(entry.digest.prefix()) {
            let Position { segment, offset } = entry.position();
            let [.., a, b, c, d] = offset.to_be_bytes();
            let low = u32::from_be_bytes([a, b, c, d]);
            let high = u32::try_from(offset >> 32).unwrap_or_default();
            place.insert([segment, high, low]);
        }
    }

    /// Returns where a payload may be.
    pub(crate) fn get(&self, digest: Digest) -> Option<Position> {
        let [segment, high, low] = *self.0.get(&digest.prefix())?;
        let offset = u64::from(high) << 32 | u64::from(low);
        Some(Position { segment, offset })
    }
}

/// The `revisit` record that stands for another takes some 350 bytes packed, and reading it back
/// reads two records. So a payload is worth knowing if its record takes more bytes in the segment
/// than this. By a record's length, not by its payload's: a crawl that goes on decides as it did
/// before, for the length is in the index.
const SHORTEST: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_takes_twenty_bytes_and_the_tables_room() {
        assert_eq!(size_of::<([u32; 2], [u32; 3])>(), 20);
    }

    #[test]
    fn places_are_kept_whole() {
        let mut known = Known::default();
        let line = concat!(
            r#"k 20231114221320 {"url":"","status":"200","length":"LENGTH","#,
            r#""offset":"81985529216486895","filename":"dragline-00007.warc.gz","digest":"sha256:"#,
            r#"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}"#,
        );
        let short: Entry = line.replace("LENGTH", "1023").parse().unwrap();
        known.insert(&short);
        assert_eq!(known.get(short.digest), None);
        let entry: Entry = line.replace("LENGTH", "1024").parse().unwrap();
        known.insert(&entry);
        assert_eq!(known.get(entry.digest), Some(entry.position()));
    }
}
