use std::io::Cursor;

use png::{ColorType, Decoder, DecodingError, Transformations};

/// What a page looks like: pixels, from the top left.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    /// Red, green and blue, a byte each, a row after the other.
    rgb: Vec<u8>,
}

impl Picture {
    /// Reads a PNG. What is transparent in it counts as its colour.
    pub(crate) fn decode(png: &[u8]) -> Result<Self, DecodingError> {
        let mut decoder = Decoder::new(Cursor::new(png));
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info()?;
        let mut pixels = vec![
            0;
            reader
                .output_buffer_size()
                .ok_or(DecodingError::LimitsExceeded)?
        ];
        let info = reader.next_frame(&mut pixels)?;
        pixels.truncate(info.buffer_size());
        let rgb = match info.color_type {
            ColorType::Rgb | ColorType::Indexed => pixels,
            ColorType::Rgba => pixels
                .chunks_exact(4)
                .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
                .collect(),
            ColorType::Grayscale => pixels.iter().flat_map(|grey| [*grey; 3]).collect(),
            ColorType::GrayscaleAlpha => pixels
                .chunks_exact(2)
                .flat_map(|pixel| [pixel[0]; 3])
                .collect(),
        };
        Ok(Self {
            width: info.width,
            height: info.height,
            rgb,
        })
    }

    /// Returns width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Returns red, green and blue of the pixel this far from the left and from the top, if there is one.
    pub fn pixel(&self, left: u32, top: u32) -> Option<[u8; 3]> {
        if left >= self.width {
            return None;
        }
        let at = (top as usize * self.width as usize + left as usize) * 3;
        let pixel = self.rgb.get(at..at + 3)?;
        Some([pixel[0], pixel[1], pixel[2]])
    }

    /// Returns the part of the pixels that differ, from 0 to 1: 0 for the same picture, 1 also for pictures of different
    /// sizes. A pixel differs when one of its colours does, by however little.
    pub fn difference(&self, other: &Self) -> f64 {
        if self.size() != other.size() {
            return 1.0;
        }
        let (pixels, others) = (self.rgb.chunks_exact(3), other.rgb.chunks_exact(3));
        let all = pixels.len().max(1);
        let different = pixels
            .zip(others)
            .filter(|(one, other)| one != other)
            .count();
        #[expect(clippy::cast_precision_loss, reason = "no picture has 2^52 pixels")]
        let part = different as f64 / all as f64;
        part
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} x {})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, color: ColorType, pixels: &[u8]) -> Vec<u8> {
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, width, 1);
        encoder.set_color(color);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(pixels).unwrap();
        writer.finish().unwrap();
        png
    }

    fn picture(pixels: &[u8]) -> Picture {
        let width = u32::try_from(pixels.len() / 3).unwrap();
        Picture::decode(&png(width, ColorType::Rgb, pixels)).unwrap()
    }

    #[test]
    fn colours_are_read_whatever_they_are_written_as() {
        let expected = picture(&[7, 7, 7, 9, 9, 9]);
        assert_eq!(expected.pixel(1, 0), Some([9, 9, 9]));
        assert_eq!((expected.pixel(2, 0), expected.pixel(0, 1)), (None, None));
        for (color, pixels) in [
            (ColorType::Rgba, &[7, 7, 7, 255, 9, 9, 9, 255][..]),
            (ColorType::Grayscale, &[7, 9]),
            (ColorType::GrayscaleAlpha, &[7, 255, 9, 255]),
        ] {
            assert_eq!(Picture::decode(&png(2, color, pixels)).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_png_is_an_error() {
        assert!(Picture::decode(b"GIF89a").is_err());
        let whole = png(2, ColorType::Rgb, &[1; 6]);
        assert!(Picture::decode(&whole[..whole.len() / 2]).is_err());
    }

    #[test]
    fn difference_is_the_part_of_pixels_that_differ() {
        let one = picture(&[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
        let other = picture(&[0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3]);
        let close = |difference: f64, expected: f64| (difference - expected).abs() < 1e-9;
        assert!(close(one.difference(&one), 0.0));
        assert!(close(one.difference(&other), 0.25));
        assert!(close(one.difference(&picture(&[0, 0, 0])), 1.0));
    }
}
