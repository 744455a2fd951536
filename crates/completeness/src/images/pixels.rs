//! The matcher that looks at pixels.

use emrshare_picture::{Picture, PictureError};
use emrshare_record::Attachment;

use super::{Detector, Found, HeaderMatcher, ImageMatcher, Label};

/// Reads the header and looks at the pixels, of the first frame if there are several.
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
        match Picture::decode(&image.bytes) {
            Ok(picture) => {
                self.detector.find(&picture).map(Some).map_err(|error| error.to_string())
            }
            Err(PictureError::NoPixels | PictureError::UnknownKind) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}
