use std::fmt;
use std::io;
use std::str::FromStr;

use ring::digest::{self, Context, SHA256};

/// The digest of a payload: of a body as received, without its transfer coding.
///
/// Its text is the name of its [`Algorithm`], a colon, and 64 lower-case hexadecimal digits, as in
/// `WARC-Payload-Digest`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    bytes: [u8; 32],
}

/// How a [`Digest`] is computed. By each, nobody can make two payloads of the same digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// SHA-256 (FIPS 180-4), which other tools know: `sha256`.
    #[default]
    Sha256,
    /// BLAKE3, which takes a tenth of the time where the processor has no instructions for SHA-256:
    /// `blake3`.
    Blake3,
}

/// A text that is no [`Digest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("digest is not `sha256:` or `blake3:` and 64 hexadecimal digits")]
pub struct ParseDigestError;

impl Digest {
    /// Computes the SHA-256 of `payload`.
    pub fn of(payload: &[u8]) -> Self {
        Algorithm::Sha256.digest(payload)
    }

    /// Returns its first 64 bits: hardly any other has the same.
    pub fn prefix(self) -> u64 {
        let begin = self.bytes.first_chunk().copied();
        u64::from_be_bytes(begin.unwrap_or_default())
    }

    /// Returns how it was computed.
    pub fn algorithm(self) -> Algorithm {
        self.algorithm
    }
}

impl Algorithm {
    /// Computes the digest of `payload`.
    pub fn digest(self, payload: &[u8]) -> Digest {
        Digest {
            algorithm: self,
            bytes: match self {
                Algorithm::Sha256 => sha256(&digest::digest(&SHA256, payload)),
                Algorithm::Blake3 => blake3::hash(payload).into(),
            },
        }
    }

    /// What it is called in the text of a digest.
    const fn name(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Blake3 => "blake3",
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        for (at, byte) in self.bytes.iter().enumerate() {
            digits[2 * at] = HEX[usize::from(byte >> 4)];
            digits[2 * at + 1] = HEX[usize::from(byte & 15)];
        }
        formatter.write_str(self.algorithm.name())?;
        formatter.write_str(":")?;
        formatter.write_str(str::from_utf8(&digits).map_err(|_| fmt::Error)?)
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
        let (name, digits) = text.split_once(':').ok_or(ParseDigestError)?;
        let mut algorithms = [Algorithm::Sha256, Algorithm::Blake3].into_iter();
        let algorithm = algorithms.find(|algorithm| algorithm.name() == name);
        let mut bytes = [0; 32];
        if digits.len() != 64 {
            return Err(ParseDigestError);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let high = digit(pair[0]).ok_or(ParseDigestError)?;
            *byte = high << 4 | digit(pair[1]).ok_or(ParseDigestError)?;
        }
        Ok(Digest {
            algorithm: algorithm.ok_or(ParseDigestError)?,
            bytes,
        })
    }
}

/// A digest in the making.
#[derive(Clone)]
pub(crate) enum Hasher {
    Sha256(Box<Context>),
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Hasher::Sha256(Box::new(Context::new(&SHA256))),
            Algorithm::Blake3 => Hasher::Blake3(Box::default()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha256(context) => context.update(bytes),
            Hasher::Blake3(hasher) => {
                hasher.update(bytes);
            }
        }
    }

    pub(crate) fn finish(self) -> Digest {
        let (algorithm, bytes) = match self {
            Hasher::Sha256(context) => (Algorithm::Sha256, sha256(&context.finish())),
            Hasher::Blake3(hasher) => (Algorithm::Blake3, hasher.finalize().into()),
        };
        Digest { algorithm, bytes }
    }
}

fn sha256(digest: &digest::Digest) -> [u8; 32] {
    // It is so long.
    digest.as_ref().try_into().unwrap_or_default()
}

/// What a block is guarded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sum {
    Digest(Digest),
    Crc32(u32),
}

/// A [`Sum`] in the making.
pub(crate) enum Summing {
    Digest(Hasher),
    Crc32(crc32fast::Hasher),
}

impl Sum {
    /// Begins to make another of its kind.
    pub(crate) fn again(self) -> Summing {
        match self {
            Sum::Digest(digest) => Summing::digest(digest.algorithm),
            Sum::Crc32(_) => Summing::crc32(),
        }
    }
}

impl Summing {
    pub(crate) fn digest(algorithm: Algorithm) -> Self {
        Summing::Digest(Hasher::new(algorithm))
    }

    pub(crate) fn crc32() -> Self {
        Summing::Crc32(crc32fast::Hasher::new())
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Summing::Digest(hasher) => hasher.update(bytes),
            Summing::Crc32(hasher) => hasher.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Sum {
        match self {
            Summing::Digest(hasher) => Sum::Digest(hasher.finish()),
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
        let text = "blake3:ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f";
        let digest = Algorithm::Blake3.digest(b"hello");
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse(), Ok(digest));
        for wrong in [
            "",
            "sha256:",
            &text.replace("blake3", "md5"),
            &text[..70],
            &text.to_uppercase(),
            &text.replace('c', "g"),
        ] {
            assert_eq!(wrong.parse::<Digest>(), Err(ParseDigestError));
        }
    }
}
