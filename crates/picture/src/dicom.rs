//! Pixels of DICOM files.

use dicom_dictionary_std::{tags, uids};
use dicom_pixeldata::{
    ConvertOptions, DecodedPixelData, ModalityLutOption, PhotometricInterpretation, PixelDecoder,
    VoiLutOption,
};
use emrshare_record::dicom::{DicomError, DicomFile, parse};

use crate::{Picture, PictureError, check_size, jpeg, jpeg2000};

/// Transfer syntaxes whose pixels are JPEG 2000 (PS3.5, A.4.4).
const JPEG_2000: [&str; 2] = [uids::JPEG2000_LOSSLESS, uids::JPEG2000];

/// What transfer syntaxes of the JPEG family begin with (PS3.5, A.4).
const COMPRESSED: &str = "1.2.840.10008.1.2.4.";

/// The frames that are chosen of so many.
pub(crate) fn decode(
    bytes: &[u8],
    choose: impl FnOnce(u32) -> Vec<u32>,
) -> Result<Vec<Picture>, PictureError> {
    let object = parse(bytes).map_err(|error| match error {
        DicomError::TransferSyntax(uid) => unsupported(&uid),
        error => PictureError::Damaged(error.to_string()),
    })?;
    let number = |tag| object.get(tag).and_then(|element| element.to_int::<u32>().ok());
    if object.get(tags::PIXEL_DATA).is_none() {
        return Err(PictureError::NoPixels);
    }
    let (width, height) = (number(tags::COLUMNS).unwrap_or(0), number(tags::ROWS).unwrap_or(0));
    check_size(width, height)?;
    if let Some(fragments) = object.get(tags::PIXEL_DATA).and_then(|it| it.value().fragments()) {
        jpeg::check_sizes(&fragments.concat())?;
    }
    let frames = number(tags::NUMBER_OF_FRAMES).unwrap_or(1).max(1);
    choose(frames).into_iter().map(|frame| decode_frame(&object, frame, frames)).collect()
}

fn decode_frame(object: &DicomFile, frame: u32, frames: u32) -> Result<Picture, PictureError> {
    if frame >= frames {
        return Err(PictureError::NoFrame { asked: frame, frames });
    }
    let syntax = syntax(object);
    if JPEG_2000.contains(&syntax) {
        return jpeg2000::decode(object, frame, frames);
    }
    let colour = object.get(tags::PHOTOMETRIC_INTERPRETATION);
    let colour = colour.and_then(|element| element.to_str().ok()).unwrap_or_default();
    if !syntax.starts_with(COMPRESSED) && colour.contains("_42") {
        let what = format!("colour {} without compression", colour.trim());
        return Err(PictureError::Unsupported(what));
    }
    let decoded = object.decode_pixel_data_frame(frame).map_err(|error| match error {
        error if error.to_string().contains("nsupported") => unsupported(syntax),
        error => PictureError::Damaged(chain(&error)),
    })?;
    shown(&decoded, syntax)
}

/// A decoded frame as red, green and blue.
fn shown(decoded: &DecodedPixelData<'_>, syntax: &str) -> Result<Picture, PictureError> {
    let (width, height) = (decoded.columns() as usize, decoded.rows() as usize);
    let colour = decoded.photometric_interpretation();
    match decoded.samples_per_pixel() {
        1 if *colour == PhotometricInterpretation::PaletteColor => {
            Err(PictureError::Unsupported("colour from a palette".into()))
        }
        1 => {
            let values = grey(decoded)?;
            check_count(values.len(), width * height)?;
            Ok(Picture::from_grey(width, height, &values))
        }
        3 => {
            let options = ConvertOptions::new().force_8bit();
            let values = decoded.to_vec_frame_with_options::<u8>(0, &options);
            let mut values = values.map_err(|error| PictureError::Damaged(chain(&error)))?;
            check_count(values.len(), 3 * width * height)?;
            // JPEG decoders have made red, green and blue of it already.
            let is_raw = !syntax.starts_with(COMPRESSED);
            if is_raw && *colour == PhotometricInterpretation::YbrFull {
                values.chunks_exact_mut(3).for_each(to_rgb);
            } else if is_raw && *colour != PhotometricInterpretation::Rgb {
                return Err(PictureError::Unsupported(format!("colour {colour}")));
            }
            Ok(Picture::from_rgb(width, height, values))
        }
        samples => Err(PictureError::Unsupported(format!("{samples} samples a pixel"))),
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
pub(crate) fn range(values: &[f32]) -> (f32, f32) {
    values
        .iter()
        .fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(*value), high.max(*value)))
}

/// Values as 0 to 255, what is outside at the ends.
pub(crate) fn stretched(values: &[f32], low: f32, high: f32) -> Vec<u8> {
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

fn syntax(object: &DicomFile) -> &str {
    object.meta().transfer_syntax.trim_end_matches(['\0', ' '])
}

fn unsupported(uid: &str) -> PictureError {
    let uid = uid.trim_end_matches(['\0', ' ']);
    let name = match uid {
        uids::JPEGLS_LOSSLESS => " (JPEG-LS lossless)",
        uids::JPEGLS_NEAR_LOSSLESS => " (JPEG-LS)",
        uids::JPEG2000MC_LOSSLESS | uids::JPEG2000MC => " (JPEG 2000 of several components)",
        uids::HTJ2K | uids::HTJ2K_LOSSLESS | uids::HTJ2K_LOSSLESS_RPCL => {
            " (high-throughput JPEG 2000)"
        }
        uids::MPEG2MPML | uids::MPEG2MPHL | uids::MPEG4HP41 => " (video)",
        _ => "",
    };
    PictureError::Unsupported(format!("transfer syntax {uid}{name}"))
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |message, cause| format!("{message}: {cause}"))
}
