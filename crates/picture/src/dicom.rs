//! Pixels of DICOM files.

use dicom_dictionary_std::tags;
use dicom_pixeldata::{
    ConvertOptions, DecodedPixelData, ModalityLutOption, PhotometricInterpretation, PixelDecoder,
    VoiLutOption,
};
use emrshare_record::dicom::{DicomError, DicomFile, parse};

use crate::{
    Picture, PictureError, check_size,
    palette::{Palette, is_signed},
    uncompressed::{Compressed, chain, frames, number, unsupported},
};

/// The frames that are chosen of so many.
pub(crate) fn decode(
    bytes: &[u8],
    choose: impl FnOnce(u32) -> Vec<u32>,
) -> Result<Vec<Picture>, PictureError> {
    let object = parse(bytes).map_err(|error| match error {
        DicomError::TransferSyntax(uid) => unsupported(&uid),
        error => PictureError::Damaged(error.to_string()),
    })?;
    if object.get(tags::PIXEL_DATA).is_none() {
        return Err(PictureError::NoPixels);
    }
    let side = |tag| number(&object, tag).unwrap_or(0);
    check_size(side(tags::COLUMNS), side(tags::ROWS))?;
    let frames = frames(&object);
    let compressed = Compressed::of(&object)?;
    let decode = |frame| match &compressed {
        _ if frame >= frames => Err(PictureError::NoFrame { asked: frame, frames }),
        Some(compressed) => shown(&compressed.laid_out(frame..frame + 1)?, 0),
        None => shown(&object, frame),
    };
    choose(frames).into_iter().map(decode).collect()
}

/// A frame of uncompressed pixels as red, green and blue.
fn shown(object: &DicomFile, frame: u32) -> Result<Picture, PictureError> {
    let colour = object.get(tags::PHOTOMETRIC_INTERPRETATION);
    let colour = colour.and_then(|element| element.to_str().ok()).unwrap_or_default();
    if colour.contains("_42") {
        let what = format!("colour {} without compression", colour.trim());
        return Err(PictureError::Unsupported(what));
    }
    let damaged = |error| PictureError::Damaged(chain(&error));
    let decoded = object.decode_pixel_data_frame(frame).map_err(damaged)?;
    let (width, height) = (decoded.columns() as usize, decoded.rows() as usize);
    let colour = decoded.photometric_interpretation();
    match decoded.samples_per_pixel() {
        1 if *colour == PhotometricInterpretation::PaletteColor => {
            let rgb = Palette::of(object)?.rgb(indices(&decoded, is_signed(object))?);
            check_count(rgb.len(), 3 * width * height)?;
            Ok(Picture::from_rgb(width, height, rgb))
        }
        1 => {
            let values = grey(&decoded)?;
            check_count(values.len(), width * height)?;
            Ok(Picture::from_grey(width, height, &values))
        }
        3 => {
            let options = ConvertOptions::new().force_8bit();
            let values = decoded.to_vec_frame_with_options::<u8>(0, &options);
            let mut values = values.map_err(damaged)?;
            check_count(values.len(), 3 * width * height)?;
            match colour {
                PhotometricInterpretation::Rgb => {}
                PhotometricInterpretation::YbrFull => values.chunks_exact_mut(3).for_each(to_rgb),
                _ => return Err(PictureError::Unsupported(format!("colour {colour}"))),
            }
            Ok(Picture::from_rgb(width, height, values))
        }
        samples => Err(PictureError::Unsupported(format!("{samples} samples a pixel"))),
    }
}

/// Places in a palette.
fn indices<'a>(
    decoded: &'a DecodedPixelData<'_>,
    is_signed: bool,
) -> Result<Box<dyn Iterator<Item = i32> + 'a>, PictureError> {
    let words = decoded.data().as_chunks::<2>().0.iter().map(|word| u16::from_le_bytes(*word));
    match (decoded.bits_allocated(), is_signed) {
        (8, _) => Ok(Box::new(decoded.data().iter().map(|value| i32::from(*value)))),
        (16, false) => Ok(Box::new(words.map(i32::from))),
        (16, true) => Ok(Box::new(words.map(|word| i32::from(word.cast_signed())))),
        (bits, _) => Err(PictureError::Unsupported(format!("a palette of {bits} bits"))),
    }
}

/// Grey values through the file's first window (PS3.3, C.11.2.1.2), or over the range that is there.
fn grey(decoded: &DecodedPixelData<'_>) -> Result<Vec<u8>, PictureError> {
    let options = ConvertOptions::new()
        .with_modality_lut(ModalityLutOption::Default)
        .with_voi_lut(VoiLutOption::Identity);
    let values = decoded.to_vec_frame_with_options::<f32>(0, &options);
    let values = values.map_err(|error| PictureError::Damaged(chain(&error)))?;
    let window = decoded.window().ok().flatten().and_then(|windows| windows.first().copied());
    let window = window.filter(|window| window.width >= 1.0);
    let (low, high) = match window {
        Some(window) => {
            let (centre, half) = (window.center as f32 - 0.5, (window.width as f32 - 1.0) / 2.0);
            (centre - half, centre + half)
        }
        None => range(&values),
    };
    let mut shown = stretched(&values, low, high);
    if *decoded.photometric_interpretation() == PhotometricInterpretation::Monochrome1 {
        shown.iter_mut().for_each(|value| *value = 255 - *value);
    }
    Ok(shown)
}

/// The least and the greatest value.
fn range(values: &[f32]) -> (f32, f32) {
    values
        .iter()
        .fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(*value), high.max(*value)))
}

/// Values as 0 to 255, what is outside at the ends.
fn stretched(values: &[f32], low: f32, high: f32) -> Vec<u8> {
    let scale = 255.0 / (high - low).max(f32::MIN_POSITIVE);
    values.iter().map(|value| ((value - low) * scale).round().clamp(0.0, 255.0) as u8).collect()
}

/// Y, Cb, Cr to red, green, blue (PS3.3, C.7.6.3.1.2).
fn to_rgb(pixel: &mut [u8]) {
    let [y, cb, cr] = [0, 1, 2].map(|at: usize| f32::from(pixel[at]));
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    let rgb =
        [1.402_f32.mul_add(cr, y), y - 0.344_136 * cb - 0.714_136 * cr, 1.772_f32.mul_add(cb, y)];
    for (value, colour) in pixel.iter_mut().zip(rgb) {
        *value = colour.round().clamp(0.0, 255.0) as u8;
    }
}

fn check_count(found: usize, needed: usize) -> Result<(), PictureError> {
    if found == needed {
        return Ok(());
    }
    Err(PictureError::Damaged(format!("{found} values where {needed} are expected")))
}
