//! Packing: gzip members (RFC 1952), one after the other, in memory that is kept between them.

use std::fmt;
use std::io::{self, Write};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// What packs at a fast level. To set up its 300 KB for each member took longer than to pack a page.
pub(crate) struct Packer {
    deflate: Compress,
    /// What it made and is to be written.
    made: Vec<u8>,
    /// A member was not ended, by an error: what `reset` of zlib-rs 0.6 leaves of an open block would
    /// spoil the next.
    is_open: bool,
}

/// A gzip member in the making.
pub(crate) struct Member<'a, W> {
    packer: &'a mut Packer,
    crc: Crc,
    out: W,
}

impl Default for Packer {
    fn default() -> Self {
        Packer {
            deflate: Compress::new(Compression::fast(), false),
            made: Vec::with_capacity(MADE),
            is_open: false,
        }
    }
}

impl fmt::Debug for Packer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packer").finish_non_exhaustive()
    }
}

impl Packer {
    /// Begins a member.
    pub(crate) fn begin<W: Write>(&mut self, mut out: W) -> io::Result<Member<'_, W>> {
        out.write_all(HEADER)?;
        if self.is_open {
            *self = Packer::default();
        }
        self.deflate.reset();
        self.is_open = true;
        Ok(Member {
            packer: self,
            crc: Crc::new(),
            out,
        })
    }
}

impl<W: Write> Member<'_, W> {
    /// Ends it.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        while self.pack(&[], FlushCompress::Finish)?.1 != Status::StreamEnd {}
        self.packer.is_open = false;
        self.out.write_all(&self.crc.sum().to_le_bytes())?;
        self.out.write_all(&self.crc.amount().to_le_bytes())
    }

    /// Packs some of these bytes, and writes what was made.
    fn pack(&mut self, bytes: &[u8], flush: FlushCompress) -> io::Result<(usize, Status)> {
        let Packer { deflate, made, .. } = &mut *self.packer;
        let before = deflate.total_in();
        let status = deflate.compress_vec(bytes, made, flush)?;
        let taken = deflate.total_in() - before;
        self.out.write_all(made)?;
        made.clear();
        // No more than there were.
        Ok((usize::try_from(taken).unwrap_or(bytes.len()), status))
    }
}

impl<W: Write> Write for Member<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let (taken, _) = self.pack(bytes, FlushCompress::None)?;
            if taken > 0 || bytes.is_empty() {
                self.crc.update(&bytes[..taken]);
                return Ok(taken);
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Deflate, no name and no time, packed fast, on a system that is not told (section 2.3).
const HEADER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];
/// So many bytes at a time.
const MADE: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::MultiGzDecoder;

    use super::*;

    #[test]
    fn members_are_unpacked_as_what_they_were() {
        let mut noise = 1_u32;
        let long: Vec<u8> = (0..300_000)
            .map(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                noise.to_le_bytes()[3]
            })
            .collect();
        let texts: [&[u8]; 4] = [b"", b"one and one and one", &long, b"again"];
        let (mut packer, mut packed) = (Packer::default(), Vec::new());
        for text in texts {
            let mut member = packer.begin(&mut packed).unwrap();
            for part in text.chunks(70_000) {
                member.write_all(part).unwrap();
            }
            member.finish().unwrap();
        }
        // One that was left in the middle spoils none that follow.
        let mut left = packer.begin(io::sink()).unwrap();
        left.write_all(&long).unwrap();
        packer.begin(&mut packed).unwrap().finish().unwrap();
        let mut unpacked = Vec::new();
        let read = MultiGzDecoder::new(&packed[..]).read_to_end(&mut unpacked);
        assert_eq!((read.unwrap(), unpacked), (300_024, texts.concat()));
    }
}
