use std::fmt;
use std::io;
use std::str::FromStr;

use cap_std::fs::Dir;

/// A place in an archive: so many bytes into a segment. Its text is `SEGMENT:OFFSET`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The segment's number.
    pub segment: u32,
    /// Bytes from the segment's start.
    pub offset: u64,
}

/// A text that is no [`Position`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("position is not `SEGMENT:OFFSET`")]
pub struct ParsePositionError;

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.segment, self.offset)
    }
}

impl FromStr for Position {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Self, ParsePositionError> {
        let (segment, offset) = text.split_once(':').ok_or(ParsePositionError)?;
        Ok(Position {
            segment: segment.parse().map_err(|_| ParsePositionError)?,
            offset: offset.parse().map_err(|_| ParsePositionError)?,
        })
    }
}

/// Which file a segment is. Its text is the file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    pub(crate) number: u32,
    pub(crate) compressed: bool,
}

impl Segment {
    /// Returns those in a folder, in order.
    pub(crate) fn list(dir: &Dir) -> io::Result<Vec<Segment>> {
        let mut segments = Vec::new();
        for file in dir.entries()? {
            let name = file?.file_name();
            segments.extend(name.to_str().and_then(Segment::from_name));
        }
        segments.sort_unstable();
        Ok(segments)
    }

    pub(crate) fn from_name(name: &str) -> Option<Segment> {
        let (number, compressed) = match name.strip_suffix(".gz") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let number = number.strip_prefix("dragline-")?.strip_suffix(".warc")?;
        let is_padded = match number.len() {
            5 => true,
            length => length > 5 && !number.starts_with('0'),
        };
        let is_it = is_padded && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = is_it.then(|| number.parse().ok())??;
        Some(Segment { number, compressed })
    }

    /// Says in which file an error arose.
    pub(crate) fn error(self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{self}: {error}"))
    }

    /// Says where in the file something is damaged.
    pub(crate) fn damaged(self, offset: u64, what: &str) -> io::Error {
        let text = format!("{self}: record at {offset} is damaged: {what}");
        io::Error::new(io::ErrorKind::InvalidData, text)
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gz = if self.compressed { ".gz" } else { "" };
        write!(formatter, "dragline-{:05}.warc{gz}", self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_one_segment() {
        for (name, number) in [
            ("dragline-00000.warc", Some(0)),
            ("dragline-00007.warc.gz", Some(7)),
            ("dragline-123456.warc.gz", Some(123_456)),
            ("dragline-7.warc", None),
            ("dragline-+0007.warc", None),
            ("dragline-000007.warc", None),
            ("dragline-9999999999.warc", None),
            ("other-00007.warc", None),
            ("dragline-00007.warc.gz.part", None),
        ] {
            let segment = Segment::from_name(name);
            assert_eq!(segment.map(|segment| segment.number), number, "{name}");
        }
    }

    #[test]
    fn a_position_is_text_and_back() {
        let position = Position {
            segment: 3,
            offset: 1 << 40,
        };
        assert_eq!(position.to_string(), "3:1099511627776");
        assert_eq!("3:1099511627776".parse(), Ok(position));
        for wrong in ["", "3", "3:", ":3", "-1:0", "4294967296:0"] {
            assert_eq!(wrong.parse::<Position>(), Err(ParsePositionError));
        }
    }
}
