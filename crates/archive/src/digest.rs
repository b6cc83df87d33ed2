use std::fmt;
use std::io;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of a payload: of a body as received, without its transfer coding.
///
/// Its text is `sha256:` and 64 lower-case hexadecimal digits, as in `WARC-Payload-Digest`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

/// A text that is no [`Digest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("digest is not `sha256:` and 64 hexadecimal digits")]
pub struct ParseDigestError;

impl Digest {
    /// Computes the digest of `payload`.
    pub fn of(payload: &[u8]) -> Self {
        Hasher::new().with(payload).finish()
    }

    /// Returns its first 64 bits: hardly any other has the same.
    pub fn prefix(self) -> u64 {
        let begin = self.0.first_chunk().copied();
        u64::from_be_bytes(begin.unwrap_or_default())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = *b"sha256:0000000000000000000000000000000000000000000000000000000000000000";
        for (at, byte) in self.0.iter().enumerate() {
            text[7 + 2 * at] = HEX[usize::from(byte >> 4)];
            text[8 + 2 * at] = HEX[usize::from(byte & 15)];
        }
        formatter.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        let digits = text.strip_prefix("sha256:").ok_or(ParseDigestError)?;
        let mut digest = [0; 32];
        if digits.len() != 64 {
            return Err(ParseDigestError);
        }
        for (byte, pair) in digest.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let high = digit(pair[0]).ok_or(ParseDigestError)?;
            *byte = high << 4 | digit(pair[1]).ok_or(ParseDigestError)?;
        }
        Ok(Digest(digest))
    }
}

/// A digest in the making.
#[derive(Clone)]
pub(crate) struct Hasher(Sha256);

impl Hasher {
    pub(crate) fn new() -> Self {
        Hasher(Sha256::new())
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn with(mut self, bytes: &[u8]) -> Self {
        self.update(bytes);
        self
    }

    pub(crate) fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// What a block is guarded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sum {
    Sha256(Digest),
    Crc32(u32),
}

/// A [`Sum`] in the making.
pub(crate) enum Summing {
    Sha256(Hasher),
    Crc32(crc32fast::Hasher),
}

impl Sum {
    /// Begins to make another of its kind.
    pub(crate) fn again(self) -> Summing {
        match self {
            Sum::Sha256(_) => Summing::sha256(),
            Sum::Crc32(_) => Summing::crc32(),
        }
    }
}

impl Summing {
    pub(crate) fn sha256() -> Self {
        Summing::Sha256(Hasher::new())
    }

    pub(crate) fn crc32() -> Self {
        Summing::Crc32(crc32fast::Hasher::new())
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Summing::Sha256(hasher) => hasher.update(bytes),
            Summing::Crc32(hasher) => hasher.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Sum {
        match self {
            Summing::Sha256(hasher) => Sum::Sha256(hasher.finish()),
            Summing::Crc32(hasher) => Sum::Crc32(hasher.finalize()),
        }
    }
}

impl io::Write for Summing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lower case only, so that a digest has one text.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_both_ways() {
        let text = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let digest = Digest::of(b"hello");
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse(), Ok(digest));
        assert_eq!(digest.prefix(), 0x2cf2_4dba_5fb0_a30e);
        for wrong in [
            "",
            "sha256:",
            &text[..70],
            &text.to_uppercase(),
            &text.replace('c', "g"),
        ] {
            assert_eq!(wrong.parse::<Digest>(), Err(ParseDigestError));
        }
    }
}
