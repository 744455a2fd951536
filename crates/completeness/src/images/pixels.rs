//! The matcher that looks at pixels.

use emrshare_picture::{Picture, PictureError};
use emrshare_record::Attachment;

use super::{Detector, Found, HeaderMatcher, ImageMatcher, Label};

/// Frames of a file that are looked at, from the first to the last.
const FRAMES: u32 = 3;

/// Reads the header and looks at the pixels: of three frames if there are more.
#[derive(Clone, Copy, Debug)]
pub struct PixelMatcher<'a> {
    detector: &'a Detector,
}

impl<'a> PixelMatcher<'a> {
    /// A matcher with a detector.
    #[must_use]
    pub const fn new(detector: &'a Detector) -> Self {
        Self { detector }
    }
}

impl ImageMatcher for PixelMatcher<'_> {
    fn label(&self, image: &Attachment) -> Result<Label, String> {
        HeaderMatcher.label(image)
    }

    fn shown(&self, image: &Attachment) -> Result<Option<Vec<Found>>, String> {
        match Picture::sample(&image.bytes, FRAMES) {
            Ok(frames) => {
                let found: Result<Vec<_>, _> =
                    frames.iter().map(|frame| self.detector.find(frame)).collect();
                found.map(|found| Some(found.concat())).map_err(|error| error.to_string())
            }
            Err(PictureError::NoPixels | PictureError::UnknownKind) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}
