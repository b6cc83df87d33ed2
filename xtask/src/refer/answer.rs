//! What is served: made by formula, the same each time.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use sha2::{Digest as _, Sha256};

/// One answer.
///
/// In its headers and its body, `{here}` and `{there}` stand for the addresses of the two hosts (`http://NAME:PORT`), and
/// `{port}` for the port of both.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) coding: Coding,
}

/// The content coding that a body is sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    None,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
    /// None: it is a packed file.
    Packed,
}

impl Answer {
    pub(crate) fn typed(content_type: &str, body: impl AsRef<[u8]>) -> Self {
        Self::bare(body).header("content-type", content_type)
    }

    /// An answer that does not say what it is.
    pub(crate) fn bare(body: impl AsRef<[u8]>) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: body.as_ref().to_vec(),
            coding: Coding::None,
        }
    }

    pub(crate) fn html(body: &str) -> Self {
        Self::typed("text/html", body)
    }

    pub(crate) fn css(body: &str) -> Self {
        Self::typed("text/css", body)
    }

    pub(crate) fn js(body: &str) -> Self {
        Self::typed("text/javascript", body)
    }

    pub(crate) fn svg(body: &str) -> Self {
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='60' height='60'>{body}</svg>"
        );
        Self::typed("image/svg+xml", svg)
    }

    /// A document that is green all over.
    pub(crate) fn green() -> Self {
        Self::html("<!doctype html><title>Green</title><body style='background: green'>")
    }

    /// A script that says it has run.
    pub(crate) fn ok() -> Self {
        Self::js("window.ok = true;")
    }

    /// The right image.
    pub(crate) fn image() -> Self {
        Self::typed("image/png", png(21, [0, 128, 0]))
    }

    /// The wrong one.
    pub(crate) fn decoy() -> Self {
        Self::typed("image/png", png(10, [255, 0, 0]))
    }

    /// A sound of half a second: silence, 8-bit, 8 kHz.
    pub(crate) fn sound() -> Self {
        let samples = 4_000_u32;
        let mut wav = Vec::new();
        wav.extend(b"RIFF");
        wav.extend((36 + samples).to_le_bytes());
        wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        wav.extend(8_000_u32.to_le_bytes());
        wav.extend(8_000_u32.to_le_bytes());
        wav.extend(b"\x01\0\x08\0data");
        wav.extend(samples.to_le_bytes());
        wav.resize(wav.len() + samples as usize, 128);
        Self::typed("audio/wav", wav)
    }

    /// A font whose only letter, A, is three ems wide.
    pub(crate) fn font() -> Self {
        Self::typed("font/ttf", include_bytes!("wide.ttf"))
            .header("access-control-allow-origin", "*")
    }

    pub(crate) fn moved(status: u16, to: &str) -> Self {
        let mut answer = Self::bare("").header("location", to);
        answer.status = status;
        answer
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.as_bytes().to_vec()));
        self
    }

    pub(crate) fn coded(mut self, coding: Coding) -> Self {
        self.coding = coding;
        self
    }

    /// Makes it a file that is packed, whatever way it is sent.
    pub(crate) fn packed(self) -> Self {
        self.coded(Coding::Packed)
    }

    /// Puts the hosts' addresses where they belong, and codes the body: it is ready to be sent.
    pub(crate) fn settled(mut self, here: &str, there: &str) -> Self {
        let (_, port) = here.rsplit_once(':').expect("an address with a port");
        for text in self
            .headers
            .iter_mut()
            .map(|(_, value)| value)
            .chain([&mut self.body])
        {
            for (name, address) in [("{here}", here), ("{there}", there), ("{port}", port)] {
                *text = replaced(text, name.as_bytes(), address.as_bytes());
            }
        }
        let (name, body) = match self.coding {
            Coding::None => return self,
            Coding::Packed => {
                self.body = gzip(&self.body);
                return self;
            }
            Coding::Gzip => ("gzip", gzip(&self.body)),
            Coding::Deflate => {
                let mut coder = ZlibEncoder::new(Vec::new(), Compression::best());
                coder.write_all(&self.body).expect("memory takes it");
                ("deflate", coder.finish().expect("memory takes it"))
            }
            Coding::Brotli => {
                let mut coded = Vec::new();
                let params = brotli::enc::BrotliEncoderParams::default();
                brotli::BrotliCompress(&mut &self.body[..], &mut coded, &params)
                    .expect("memory takes it");
                ("br", coded)
            }
            Coding::Zstd => ("zstd", zstd(&self.body)),
        };
        self.body = body;
        self.header("content-encoding", name)
    }
}

/// Spells what an element's `integrity` says of this text.
pub(crate) fn integrity(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(Sha256::digest(text)))
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut coder = GzEncoder::new(Vec::new(), Compression::best());
    coder.write_all(body).expect("memory takes it");
    coder.finish().expect("memory takes it")
}

/// A frame of one raw block (RFC 8878 §3.1.1): coded, if not any shorter.
fn zstd(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a page is short");
    // The magic number; single segment, with the length in four bytes.
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0b1010_0000];
    frame.extend(length.to_le_bytes());
    // Last block, raw, and its length in 21 bits.
    frame.extend(&(1 | length << 3).to_le_bytes()[..3]);
    frame.extend(body);
    frame
}

/// A square of one colour.
pub(crate) fn png(side: u32, [red, green, blue]: [u8; 3]) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |name: &[u8; 4], data: &[u8]| {
        let named = [name, data].concat();
        png.extend(
            u32::try_from(data.len())
                .expect("an image is small")
                .to_be_bytes(),
        );
        png.extend(&named);
        let mut checksum = flate2::Crc::new();
        checksum.update(&named);
        png.extend(checksum.sum().to_be_bytes());
    };
    let size = [side.to_be_bytes(), side.to_be_bytes()].concat();
    chunk(b"IHDR", &[&size[..], &[8, 2, 0, 0, 0]].concat());
    let row = [&[0][..], &[red, green, blue].repeat(side as usize)].concat();
    let mut coder = ZlibEncoder::new(Vec::new(), Compression::best());
    coder
        .write_all(&row.repeat(side as usize))
        .expect("memory takes it");
    chunk(b"IDAT", &coder.finish().expect("memory takes it"));
    chunk(b"IEND", &[]);
    png
}

fn replaced(text: &[u8], name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut new = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(name.len()).position(|window| window == name) {
        new.extend(&rest[..at]);
        new.extend(value);
        rest = &rest[at + name.len()..];
    }
    new.extend(rest);
    new
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn settled(answer: Answer) -> Answer {
        answer.settled("http://127.0.0.1:7", "http://localhost:7")
    }

    #[test]
    fn hosts_are_put_into_bodies_and_headers() {
        let answer =
            settled(Answer::html("{here}/a {there}/b :{port}").header("link", "<{here}/>"));
        assert_eq!(answer.body, b"http://127.0.0.1:7/a http://localhost:7/b :7");
        assert_eq!(
            answer.headers[1],
            ("link", b"<http://127.0.0.1:7/>".to_vec())
        );
    }

    #[test]
    fn a_coding_is_said_and_a_packed_file_is_not() {
        let unpacked = |answer: &Answer| {
            let mut text = String::new();
            GzDecoder::new(&answer.body[..])
                .read_to_string(&mut text)
                .unwrap();
            text
        };
        let coded = settled(Answer::html("{here}").coded(Coding::Gzip));
        assert_eq!(unpacked(&coded), "http://127.0.0.1:7");
        assert_eq!(coded.headers.last().unwrap().0, "content-encoding");
        let packed = settled(Answer::typed("application/gzip", "{here}").packed());
        assert_eq!(unpacked(&packed), "http://127.0.0.1:7");
        assert_eq!(packed.headers.len(), 1);
    }

    #[test]
    fn a_text_has_the_integrity_that_browsers_compute() {
        // Of the empty text, as in FIPS 180-4's examples.
        let empty = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(integrity(""), empty);
    }
}
