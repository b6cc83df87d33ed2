use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread;
use flate2::read::{DeflateDecoder, GzDecoder, MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::zstd::Frames;

/// Why a body has no content that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// More codings are stacked than any honest server stacks.
    #[error("content is coded more than {MOST_CODINGS} times")]
    TooManyCodings,
    /// Undone, the content is longer than allowed.
    #[error("decoded content exceeds {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The body is cut short or not coded as it says.
    #[error("content is not whole `{coding}`")]
    Broken {
        /// The coding that failed.
        coding: String,
        /// What the decoder said.
        source: io::Error,
    },
    /// The body cannot be read from its file.
    #[error("body cannot be read")]
    Unread(#[source] io::Error),
}

impl ContentError {
    /// Tells whether the body ends before its content does: all of it may be had at another time.
    pub fn is_cut_short(&self) -> bool {
        matches!(self, ContentError::Broken { source, .. }
            if source.kind() == io::ErrorKind::UnexpectedEof)
    }
}

/// Takes out what a reader of content has put into its error.
impl From<io::Error> for ContentError {
    fn from(error: io::Error) -> Self {
        error.downcast().unwrap_or_else(ContentError::Unread)
    }
}

pub(crate) fn decode<'a>(
    headers: &HeaderMap,
    body: &'a [u8],
    limit: u64,
) -> Result<Cow<'a, [u8]>, ContentError> {
    let mut content = Cow::Borrowed(body);
    for coding in codings(headers)?.iter().rev() {
        content = Cow::Owned(undo(coding, &content, limit)?);
    }
    Ok(content)
}

/// Undoes the codings as it is read.
pub(crate) fn reader(
    headers: &HeaderMap,
    body: Box<dyn Read + Send>,
    limit: u64,
) -> Result<impl Read + Send + use<>, ContentError> {
    let codings = codings(headers)?;
    let most = if codings.is_empty() { limit } else { u64::MAX };
    let mut content = Layer::new(None, body, most);
    for coding in codings.into_iter().rev() {
        content = Layer::new(Some(coding), Box::new(content), limit);
    }
    Ok(content)
}

/// A coding that is undone as it is read.
struct Layer {
    coding: Option<String>,
    content: State,
    limit: u64,
    left: u64,
}

enum State {
    /// Nothing was read. How it is coded may depend on how it begins.
    Coded(Box<dyn Read + Send>),
    Decoded(Box<dyn Read + Send>),
}

impl Layer {
    fn new(coding: Option<String>, content: Box<dyn Read + Send>, limit: u64) -> Self {
        Layer {
            coding,
            content: State::Coded(content),
            limit,
            left: limit,
        }
    }

    fn next(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let State::Coded(coded) = &mut self.content {
            let coded = std::mem::replace(coded, Box::new(io::empty()));
            let coding = self.coding.as_deref().unwrap_or_default();
            self.content = State::Decoded(decoder(coding, coded)?);
        }
        match &mut self.content {
            State::Coded(content) | State::Decoded(content) => content.read(buffer),
        }
    }

    fn error(&self, error: io::Error) -> io::Error {
        // A layer below may have said it, or the caller may try again.
        let said = error
            .get_ref()
            .and_then(|cause| cause.downcast_ref::<ContentError>());
        if said.is_some() || error.kind() == io::ErrorKind::Interrupted {
            return error;
        }
        io::Error::other(match self.coding.clone() {
            Some(coding) => ContentError::Broken {
                coding,
                source: error,
            },
            None => ContentError::Unread(error),
        })
    }
}

impl Read for Layer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.next(buffer).map_err(|error| self.error(error))?;
        let left = self.left.checked_sub(read as u64);
        let limit = self.limit;
        self.left = left.ok_or_else(|| io::Error::other(ContentError::TooLong { limit }))?;
        Ok(read)
    }
}

fn decoder(coding: &str, coded: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    let mut coded = BufReader::new(coded);
    let first = coded.fill_buf()?.first().copied();
    Ok(match (coding, first) {
        // As in `undo`.
        (_, None) => Box::new(io::empty()),
        ("gzip" | "x-gzip", _) => Box::new(Members(bufread::GzDecoder::new(coded))),
        ("deflate", Some(first)) if first & 0x0f == 8 => Box::new(bufread::ZlibDecoder::new(coded)),
        ("deflate", _) => Box::new(bufread::DeflateDecoder::new(coded)),
        ("br", _) => Box::new(Brotli::new(coded)),
        ("zstd", _) => Box::new(Frames::new(coded)),
        _ => Box::new(coded),
    })
}

/// The members of a gzip file; what follows them, and does not begin like one, is padding.
struct Members(bufread::GzDecoder<BufReader<Box<dyn Read + Send>>>);

impl Read for Members {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.0.read(buffer)?;
            let is_end = read == 0 && !buffer.is_empty();
            if !is_end || self.0.get_mut().fill_buf()?.first() != Some(&0x1f) {
                return Ok(read);
            }
            let nothing = BufReader::with_capacity(0, Box::new(io::empty()) as Box<_>);
            let rest = std::mem::replace(self.0.get_mut(), nothing);
            // A decoder of its own for each of many members would cost more than what they hold.
            self.0.reset(rest);
        }
    }
}

/// What is coded as brotli. Its decoder does not say whether it is cut short or corrupt: it was cut
/// short if the decoder asked for more when there was no more.
struct Brotli<R: Read>(brotli::Decompressor<ToItsEnd<R>>);

/// Remembers whether the end was met.
struct ToItsEnd<R> {
    input: R,
    is_at_end: bool,
}

impl<R: Read> Brotli<R> {
    fn new(input: R) -> Self {
        let input = ToItsEnd {
            input,
            is_at_end: false,
        };
        Brotli(brotli::Decompressor::new(input, BUFFER))
    }
}

impl<R: Read> Read for Brotli<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            let is_invalid = error.kind() == io::ErrorKind::InvalidData;
            if is_invalid && self.0.get_ref().is_at_end {
                io::Error::new(io::ErrorKind::UnexpectedEof, error)
            } else {
                error
            }
        })
    }
}

impl<R: Read> Read for ToItsEnd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.is_at_end |= read == 0;
        Ok(read)
    }
}

/// The codings in the order in which the server applied them.
fn codings(headers: &HeaderMap) -> Result<Vec<String>, ContentError> {
    let codings: Vec<_> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|coding| String::from_utf8_lossy(coding).trim().to_ascii_lowercase())
        .filter(|coding| !matches!(coding.as_str(), "" | "identity"))
        .take(MOST_CODINGS + 1)
        .collect();
    if codings.len() > MOST_CODINGS {
        return Err(ContentError::TooManyCodings);
    }
    Ok(codings)
}

fn undo(coding: &str, body: &[u8], limit: u64) -> Result<Vec<u8>, ContentError> {
    // An empty body, as of a redirect, is empty in any coding.
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let mut content = Vec::new();
    let most = limit.saturating_add(1);
    let read = match coding {
        "gzip" | "x-gzip" => gunzip(body, most, &mut content),
        // RFC 9110 §8.4.1.2: some servers send it without its zlib wrapper.
        "deflate" if body[0] & 0x0f == 8 => {
            ZlibDecoder::new(body).take(most).read_to_end(&mut content)
        }
        "deflate" => DeflateDecoder::new(body)
            .take(most)
            .read_to_end(&mut content),
        "br" => Brotli::new(body).take(most).read_to_end(&mut content),
        "zstd" => Frames::new(body).take(most).read_to_end(&mut content),
        _ => return Ok(body.to_vec()),
    };
    match read {
        Ok(length) if length as u64 > limit => Err(ContentError::TooLong { limit }),
        Ok(_) => Ok(content),
        Err(source) => Err(ContentError::Broken {
            coding: coding.to_owned(),
            source,
        }),
    }
}

/// What follows the last whole member is padding, and passed over, as browsers do.
fn gunzip(body: &[u8], most: u64, content: &mut Vec<u8>) -> io::Result<usize> {
    match MultiGzDecoder::new(body).take(most).read_to_end(content) {
        Err(error) if !content.is_empty() => {
            let mut first = Vec::new();
            let whole = GzDecoder::new(body).take(most).read_to_end(&mut first);
            *content = first;
            whole.map_err(|_| error)
        }
        read => read,
    }
}

const MOST_CODINGS: usize = 5;
const BUFFER: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write;

    fn coded(coding: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_ENCODING, coding.parse().unwrap())])
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(content: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(content: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn brotli(content: &[u8]) -> Vec<u8> {
        let mut encoder = brotli::CompressorWriter::new(Vec::new(), BUFFER, 1, 20);
        encoder.write_all(content).unwrap();
        encoder.into_inner()
    }

    fn read(coding: &str, body: &[u8], limit: u64) -> Result<Vec<u8>, ContentError> {
        let body = Box::new(io::Cursor::new(body.to_vec()));
        let mut content = Vec::new();
        let read = reader(&coded(coding), body, limit)?.read_to_end(&mut content);
        read.map(|_| content).map_err(ContentError::from)
    }

    fn check(coding: &str, body: &[u8]) {
        assert_eq!(read(coding, body, 100).unwrap(), b"hello");
        assert_eq!(read(coding, b"", 0).unwrap(), b"");
        let error = read(coding, body, 4).unwrap_err();
        assert!(
            matches!(error, ContentError::TooLong { limit: 4 }),
            "{error:?}"
        );
        assert_eq!(decode(&coded(coding), body, 100).unwrap(), &b"hello"[..]);
    }

    #[test]
    fn every_coding_is_undone() {
        check("identity", b"hello");
        check("GZIP", &gzip(b"hello"));
        check("gzip, x-gzip", &gzip(&gzip(b"hello")));
        check("gzip", &[gzip(b"hel"), gzip(b"lo")].concat());
        check("gzip", &[&gzip(b"hello")[..], b"\0\0junk"].concat());
        check("deflate", &zlib(b"hello"));
        check("deflate", &deflate(b"hello"));
        check("br", &brotli(b"hello"));
        let zstd = |content: &[u8]| compress_to_vec(content, CompressionLevel::Fastest);
        check("zstd", &zstd(b"hello"));
        check("zstd", &[zstd(b"hel"), zstd(b"lo")].concat());
        check("zstd, zstd", &zstd(&zstd(b"hello")));
        let skipped = b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec();
        let frames = [skipped.clone(), zstd(b"hello"), skipped, zstd(b"")];
        check("zstd", &frames.concat());
    }

    #[test]
    fn a_window_of_zstd_is_no_longer_than_browsers_take() {
        // RFC 8878 §3.1.1.1.2: an exponent of 13 + 10 is 8 MiB. A raw block of no bytes, the last one.
        let frame = |window: u8| [&b"\x28\xb5\x2f\xfd\0"[..], &[window << 3], &[1, 0, 0]].concat();
        assert_eq!(read("zstd", &frame(13), 100).unwrap(), b"");
        assert!(matches!(
            read("zstd", &frame(14), 100),
            Err(ContentError::Broken { .. })
        ));
    }

    #[test]
    fn no_coding_borrows_the_body() {
        assert!(matches!(
            decode(&HeaderMap::new(), b"hello", 1),
            Ok(Cow::Borrowed(_))
        ));
    }

    #[test]
    fn content_is_cut_at_the_limit() {
        let bomb = gzip(&vec![0; 1 << 20]);
        let error = decode(&coded("gzip"), &bomb, 1000).unwrap_err();
        assert_eq!(error.to_string(), "decoded content exceeds 1000 bytes");
        assert!(decode(&coded("gzip"), &gzip(&[0; 1000]), 1000).is_ok());
        let error = read("gzip,gzip", &gzip(&bomb), 1000).unwrap_err();
        assert_eq!(error.to_string(), "decoded content exceeds 1000 bytes");
    }

    #[test]
    fn what_is_cut_short_is_an_error() {
        let body = gzip(b"hello");
        let cut = &body[..body.len() - 3];
        assert!(matches!(
            decode(&coded("gzip"), cut, 100),
            Err(ContentError::Broken { .. })
        ));
        assert!(matches!(
            decode(&coded("br"), b"\xff\xff", 100),
            Err(ContentError::Broken { .. })
        ));
    }

    #[test]
    fn what_is_cut_short_is_told_from_what_is_corrupt() {
        let content: Vec<u8> = (0..9999_u32).flat_map(u32::to_le_bytes).collect();
        for (coding, body) in [
            ("gzip", gzip(&content)),
            ("deflate", zlib(&content)),
            ("deflate", deflate(&content)),
            ("br", brotli(&content)),
            (
                "zstd",
                compress_to_vec(&content[..], CompressionLevel::Fastest),
            ),
        ] {
            let is_cut_short = |body: &[u8]| {
                let error = read(coding, body, 1 << 20).unwrap_err();
                let at_once = decode(&coded(coding), body, 1 << 20).unwrap_err();
                assert_eq!(error.is_cut_short(), at_once.is_cut_short(), "{coding}");
                error.is_cut_short()
            };
            for cut in [1, body.len() / 2, body.len() - 1] {
                assert!(is_cut_short(&body[..cut]), "{coding} {cut}");
            }
            let mut corrupt = body;
            corrupt[..8].fill(0xff);
            assert!(!is_cut_short(&corrupt), "{coding}");
        }
    }

    #[test]
    fn what_zstd_says_of_its_content_is_checked() {
        let content = b"hello".repeat(100);
        let mut body = compress_to_vec(&content[..], CompressionLevel::Fastest);
        let last = body.len() - 1;
        body[last] ^= 1;
        assert!(read("zstd", &body, 1000).is_err());
    }

    #[test]
    fn what_is_cut_short_is_an_error_of_a_read() {
        let body = gzip(b"hello");
        for cut in 1..body.len() {
            let error = read("gzip", &body[..cut], 100).unwrap_err();
            assert!(
                matches!(error, ContentError::Broken { .. }),
                "{cut}: {error:?}"
            );
        }
        assert!(read("br", b"\xff\xff", 100).is_err());
    }

    #[test]
    fn unknown_codings_are_none_and_stacked_ones_are_refused() {
        assert_eq!(decode(&coded("utf-8"), b"x", 9).unwrap(), &b"x"[..]);
        let stacked = coded("gzip,gzip,gzip,gzip,gzip,gzip");
        assert!(matches!(
            decode(&stacked, b"x", 9),
            Err(ContentError::TooManyCodings)
        ));
    }
}
