//! Pixels of DICOM, PNG and JPEG files, as matchers need them: eight bits, red, green and blue.
//!
//! A decoded [`Picture`] serves the completeness matcher and the desensitizer alike, so that no
//! file is decoded twice. DICOM files of these transfer syntaxes (PS3.5, annex A) are decoded:
//! implicit and explicit little endian, explicit big endian, deflated, RLE, JPEG baseline, extended
//! and lossless, JPEG-LS, JPEG 2000. Others give an error that names them. Grey values are shown
//! through the file's window, or from the darkest to the lightest if it has none, colours of a
//! palette as it says. [`uncompressed`] rewrites a file whose pixels are compressed.
//!
//! ```
//! use emrshare_picture::Picture;
//!
//! let picture = Picture::from_grey(2, 1, &[0, 255]);
//! assert_eq!(picture.pixel(1, 0), [255; 3]);
//! assert!(Picture::decode(b"neither DICOM nor PNG nor JPEG").is_err());
//! ```

mod dicom;
mod draw;
mod jpeg;
mod jpeg2000;
mod jpeg_ls;
mod palette;
mod samples;
mod uncompressed;

use std::{fmt, io::Cursor};

use emrshare_record::dicom::looks_like_dicom;
use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits,
    imageops::{self, FilterType},
};

pub use uncompressed::{UNCOMPRESSED_MAX, uncompressed};

/// The greatest width and height, in pixels.
pub const SIDE_MAX: u32 = 20_000;

/// The greatest number of pixels.
pub const PIXELS_MAX: u64 = 50_000_000;

/// A file's pixels cannot be shown.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// Neither DICOM nor PNG nor JPEG.
    #[error("neither a DICOM file nor a PNG or JPEG picture")]
    UnknownKind,
    /// A transfer syntax or kind of colour that is not decoded.
    #[error("{0} is not supported: send the image in another transfer syntax")]
    Unsupported(String),
    /// A DICOM file without pixels, such as a report.
    #[error("the file holds no pixels")]
    NoPixels,
    /// The frame that was asked for is not there.
    #[error("the file holds {frames} frames, frame {asked} was asked for")]
    NoFrame {
        /// The frame that was asked for, from 0.
        asked: u32,
        /// Frames in the file.
        frames: u32,
    },
    /// Larger than [`SIDE_MAX`] or [`PIXELS_MAX`].
    #[error("{width} x {height} pixels are more than is decoded")]
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The pixels cannot be decoded.
    #[error("damaged pixels: {0}")]
    Damaged(String),
}

/// Pixels from the top left, row by row, red, green, blue.
#[derive(Clone, Eq, PartialEq)]
pub struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Picture {
    /// The pixels of a file; the first frame if it has several.
    ///
    /// # Errors
    /// See [`PictureError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, PictureError> {
        Self::decode_frame(bytes, 0)
    }

    /// The pixels of one frame of a file, counted from 0. PNG and JPEG have one.
    ///
    /// # Errors
    /// See [`PictureError`].
    pub fn decode_frame(bytes: &[u8], frame: u32) -> Result<Self, PictureError> {
        if !looks_like_dicom(bytes) {
            return decode_plain(bytes, frame);
        }
        let mut frames = dicom::decode(bytes, |_| vec![frame])?;
        frames.pop().ok_or(PictureError::NoPixels)
    }

    /// Frames of a file, at most so many, evenly from the first to the last.
    ///
    /// # Errors
    /// See [`PictureError`].
    pub fn sample(bytes: &[u8], most: u32) -> Result<Vec<Self>, PictureError> {
        if !looks_like_dicom(bytes) {
            return Ok(vec![decode_plain(bytes, 0)?]);
        }
        dicom::decode(bytes, |frames| evenly(frames, most))
    }

    /// A picture of grey values.
    ///
    /// # Panics
    /// If there are not `width` times `height` values.
    #[must_use]
    pub fn from_grey(width: usize, height: usize, grey: &[u8]) -> Self {
        Self::from_rgb(width, height, grey.iter().flat_map(|grey| [*grey; 3]).collect())
    }

    /// A picture of red, green and blue values.
    ///
    /// # Panics
    /// If there are not three times `width` times `height` values.
    #[must_use]
    pub fn from_rgb(width: usize, height: usize, rgb: Vec<u8>) -> Self {
        assert_eq!(rgb.len(), 3 * width * height, "three values a pixel");
        Self { width, height, rgb }
    }

    /// Columns.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Three bytes a pixel, row by row.
    #[must_use]
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// One pixel.
    ///
    /// # Panics
    /// If it is outside.
    #[must_use]
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        assert!(x < self.width && y < self.height, "inside the picture");
        let at = 3 * (y * self.width + x);
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }

    /// The part of the picture from column `x` and row `y` on, as far as the picture goes.
    ///
    /// ```
    /// use emrshare_picture::Picture;
    ///
    /// let picture = Picture::from_grey(3, 2, &[1, 2, 3, 4, 5, 6]);
    /// assert_eq!(picture.cropped(1, 1, 9, 9).rgb(), [5, 5, 5, 6, 6, 6]);
    /// ```
    ///
    /// # Panics
    /// If nothing of the picture is in that part.
    #[must_use]
    pub fn cropped(&self, x: usize, y: usize, width: usize, height: usize) -> Self {
        assert!(
            x < self.width && y < self.height && width > 0 && height > 0,
            "a part of the picture"
        );
        let (width, height) = (width.min(self.width - x), height.min(self.height - y));
        let rows = self.rgb.chunks_exact(3 * self.width).skip(y).take(height);
        let rgb = rows.flat_map(|row| &row[3 * x..3 * (x + width)]).copied().collect();
        Self::from_rgb(width, height, rgb)
    }

    /// The picture at another size: the mean of what falls on a pixel where it shrinks, between its
    /// neighbours where it grows.
    ///
    /// # Panics
    /// If a side is 0.
    #[must_use]
    pub fn resized(&self, width: usize, height: usize) -> Self {
        assert!(width > 0 && height > 0, "a picture has pixels");
        let (to_width, to_height) = (width as u32, height as u32);
        let source = image::ImageBuffer::<image::Rgb<u8>, _>::from_raw(
            self.width as u32,
            self.height as u32,
            &self.rgb[..],
        );
        let source = source.expect("three bytes a pixel");
        let resized = if width <= self.width && height <= self.height {
            imageops::thumbnail(&source, to_width, to_height)
        } else {
            imageops::resize(&source, to_width, to_height, FilterType::Triangle)
        };
        Self::from_rgb(width, height, resized.into_raw())
    }

    /// The picture as a PNG file.
    ///
    /// # Panics
    /// Never: a picture has the size that it says, and memory takes all bytes.
    #[must_use]
    pub fn to_png(&self) -> Vec<u8> {
        let mut png = Cursor::new(Vec::new());
        let buffer =
            image::RgbImage::from_raw(self.width as u32, self.height as u32, self.rgb.clone());
        let written = buffer.expect("three bytes a pixel").write_to(&mut png, ImageFormat::Png);
        written.expect("memory takes all bytes");
        png.into_inner()
    }
}

/// Shows the size only: pixels can show a patient.
impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({} x {})", self.width, self.height)
    }
}

/// At most so many of the numbers below `frames`, the first and the last among them.
fn evenly(frames: u32, most: u32) -> Vec<u32> {
    let count = frames.min(most);
    let place = |number| u64::from(number) * u64::from(frames - 1) / u64::from(count.max(2) - 1);
    (0..count).map(|number| place(number) as u32).collect()
}

fn decode_plain(bytes: &[u8], frame: u32) -> Result<Picture, PictureError> {
    let mut reader = ImageReader::new(Cursor::new(bytes));
    let format = image::guess_format(bytes).map_err(|_| PictureError::UnknownKind)?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg) {
        return Err(PictureError::UnknownKind);
    }
    if frame > 0 {
        return Err(PictureError::NoFrame { asked: frame, frames: 1 });
    }
    reader.set_format(format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(8 * PIXELS_MAX);
    reader.limits(limits);
    let damaged = |error: image::ImageError| PictureError::Damaged(error.to_string());
    let decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let decoded = DynamicImage::from_decoder(decoder).map_err(damaged)?.into_rgb8();
    Ok(Picture::from_rgb(width as usize, height as usize, decoded.into_raw()))
}

/// Refuses what would need too much memory.
fn check_size(width: u32, height: u32) -> Result<(), PictureError> {
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > SIDE_MAX || pixels > PIXELS_MAX {
        return Err(PictureError::TooLarge { width, height });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_evenly() {
        assert_eq!(evenly(1, 3), [0]);
        assert_eq!(evenly(2, 3), [0, 1]);
        assert_eq!(evenly(3, 3), [0, 1, 2]);
        assert_eq!(evenly(100, 3), [0, 49, 99]);
        assert_eq!(evenly(u32::MAX, 2), [0, u32::MAX - 1]);
        assert_eq!(evenly(5, 1), [0]);
    }
}
