//! Pixels that are kept as JPEG 2000 (PS3.5, A.4.4).

use dicom_dictionary_std::tags;
use emrshare_record::dicom::DicomFile;
use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use crate::{
    Picture, PictureError, check_size,
    dicom::{range, stretched},
};

/// Decodes one frame. Grey values are shown from the darkest to the lightest.
pub(crate) fn decode(object: &DicomFile, frame: u32, frames: u32) -> Result<Picture, PictureError> {
    let damaged = |what: &str| PictureError::Damaged(what.to_owned());
    let fragments = object.get(tags::PIXEL_DATA).and_then(|element| element.value().fragments());
    let fragments =
        fragments.ok_or_else(|| damaged("the pixel data (7FE0,0010) is not in fragments"))?;
    let stream = stream(fragments, frame as usize, frames as usize)?;
    let settings = DecodeSettings { strict: false, ..DecodeSettings::default() };
    let image = Image::new(&stream, &settings).map_err(|error| damaged(&error.to_string()))?;
    check_size(image.width(), image.height())?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|error| damaged(&error.to_string()))?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    match decoded.components() {
        [grey] => {
            let (low, high) = range(grey.samples());
            Ok(Picture::from_grey(width, height, &stretched(grey.samples(), low, high)))
        }
        [_, _, _] => Ok(Picture::from_rgb(width, height, decoded.data_u8())),
        others => Err(PictureError::Unsupported(format!("{} samples a pixel", others.len()))),
    }
}

/// The code stream of a frame: all fragments if there is one frame, else one fragment a frame.
fn stream(fragments: &[Vec<u8>], frame: usize, frames: usize) -> Result<Vec<u8>, PictureError> {
    match frames {
        1 => Ok(fragments.concat()),
        _ if fragments.len() == frames => Ok(fragments[frame].clone()),
        _ => Err(PictureError::Unsupported("JPEG 2000 with several fragments a frame".into())),
    }
}
