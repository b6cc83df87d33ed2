use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The content of the frames of `zstd` (RFC 8878 §3.1), one behind the other; those that are to be
/// skipped are.
pub(crate) struct Frames<R> {
    input: R,
    decoder: FrameDecoder,
    /// Whether it is within a frame.
    is_begun: bool,
}

impl<R: BufRead> Frames<R> {
    pub(crate) fn new(input: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(LONGEST_WINDOW);
        Frames {
            input,
            decoder,
            is_begun: false,
        }
    }

    /// Begins the next frame, or skips one.
    fn begin(&mut self) -> io::Result<()> {
        match self.decoder.init(&mut self.input) {
            Ok(()) => self.is_begun = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let length = u64::from(length);
                if io::copy(&mut self.input.by_ref().take(length), &mut io::sink())? < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Err(error) => return Err(self.failed(error)),
        }
        Ok(())
    }

    /// Decodes until there is something to take, or the frame ends.
    fn fill(&mut self) -> io::Result<()> {
        while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
            let one = BlockDecodingStrategy::UptoBlocks(1);
            if let Err(error) = self.decoder.decode_blocks(&mut self.input, one) {
                return Err(self.failed(error));
            }
        }
        Ok(())
    }

    /// Looks at the checksum, if there is one.
    fn end(&mut self) -> io::Result<()> {
        self.is_begun = false;
        let said = self.decoder.get_checksum_from_data();
        if said.is_some() && said != self.decoder.get_calculated_checksum() {
            let text = "checksum does not match";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(())
    }

    /// What fails with nothing left to read was cut short.
    fn failed(&mut self, error: FrameDecoderError) -> io::Error {
        match self.input.fill_buf() {
            Err(unread) => unread,
            Ok([]) => io::Error::new(io::ErrorKind::UnexpectedEof, error),
            Ok(_) => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            if self.is_begun {
                self.fill()?;
                let read = self.decoder.read(buffer)?;
                if read > 0 {
                    return Ok(read);
                }
                self.end()?;
            } else if self.input.fill_buf()?.is_empty() {
                break;
            } else {
                self.begin()?;
            }
        }
        Ok(0)
    }
}

/// RFC 9659 §3: no window of zstd is longer, in bytes.
const LONGEST_WINDOW: u64 = 8 << 20;
