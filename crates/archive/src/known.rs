use rows::{Rows, Scratch};

use crate::{Digest, Entry, Position, Reader};

/// Where payloads are that need not be kept again.
///
/// Of each it keeps the first 64 bits of its digest and a place, 16 bytes; of some 32,768 in memory.
/// Before a place is used, the whole digest is compared with that of the record there. (Of two
/// payloads that begin alike, the second is not known.)
#[derive(Debug)]
pub struct Known(Rows<16>);

/// Keeps all in memory.
impl Default for Known {
    fn default() -> Self {
        Known(Rows::new(Scratch::none()))
    }
}

impl Known {
    /// Keeps in files what memory shall not hold, beside the segments that are read; or in memory,
    /// if that cannot be.
    pub fn new(reader: &Reader) -> Self {
        Known(Rows::new(reader.scratch()))
    }

    /// Remembers the payload of an entry of the index, if a `revisit` record of it would save
    /// anything.
    ///
    /// Those of one payload are to be told in the order in which they were archived: the first
    /// counts.
    pub fn insert(&mut self, entry: &Entry) {
        if entry.is_revisit() || entry.length < SHORTEST || self.get(entry.digest).is_some() {
            return;
        }
        if let Some(place) = pack(entry.position()) {
            let row = u128::from(entry.digest.prefix()) << 64 | u128::from(place);
            self.0.insert(row.to_be_bytes());
        }
    }

    /// Returns where a payload may be. What cannot be read is not known.
    pub(crate) fn get(&self, digest: Digest) -> Option<Position> {
        let row = self.0.find(&digest.prefix().to_be_bytes()).ok()??;
        let (_, place) = row.split_last_chunk()?;
        Some(unpack(u64::from_be_bytes(*place)))
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
fn pack(Position { segment, offset }: Position) -> Option<u64> {
    (segment >> 24 == 0 && offset >> 40 == 0).then_some(u64::from(segment) << 40 | offset)
}

fn unpack(place: u64) -> Position {
    Position {
        // It fits.
        segment: u32::try_from(place >> 40).unwrap_or_default(),
        offset: place & ((1 << 40) - 1),
    }
}

/// The `revisit` record that stands for another takes some 350 bytes packed, and reading it back
/// reads two records. So a payload is worth knowing if its record takes more bytes in the segment
/// than this. By a record's length, not by its payload's: a crawl that goes on decides as it did
/// before, for the length is in the index.
const SHORTEST: u64 = 1024;

#[cfg(test)]
mod tests {
    use cap_std::ambient_authority;
    use cap_std::fs::Dir;

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
    fn beyond_what_memory_shall_hold_they_are_in_files_without_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let mut known = Known::new(&Reader::new(dir));
        let entry = |n: u32| {
            let line = format!(
                "k 20231114221320 {{\"url\":\"\",\"status\":\"200\",\"length\":\"2000\",\
                 \"offset\":\"{n}\",\"filename\":\"dragline-00007.warc.gz\",\"digest\":\"{}\"}}",
                Digest::of(&n.to_be_bytes())
            );
            line.parse::<Entry>().unwrap()
        };
        (0..40_000_u32).for_each(|n| known.insert(&entry(n)));
        for n in 0..40_000_u32 {
            let position = known.get(Digest::of(&n.to_be_bytes()));
            assert_eq!(position.map(|it| it.offset), Some(n.into()));
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
