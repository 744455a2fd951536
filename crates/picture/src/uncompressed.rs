//! Compressed pixels made uncompressed ones.

use std::{borrow::Cow, ops::Range};

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{InMemDicomObject, mem::InMemElement};
use dicom_pixeldata::PixelDecoder;
use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;
use emrshare_record::dicom::DicomFile;

use crate::{PictureError, jpeg, jpeg_ls, jpeg2000, samples::Samples};

/// The greatest number of bytes that the uncompressed pixels of a file may have.
pub const UNCOMPRESSED_MAX: u64 = 256 << 20;

/// What transfer syntaxes of the JPEG family begin with (PS3.5, A.4), and those of JPEG-LS.
const JPEG: &str = "1.2.840.10008.1.2.4.";
const JPEG_LS: &str = "1.2.840.10008.1.2.4.8";

/// Starts of JPEG-LS, of JPEG 2000, and of JPEG 2000 in boxes.
const STARTS: [&[u8]; 3] = [&[0xff, 0xd8, 0xff], &[0xff, 0x4f, 0xff, 0x51], b"\0\0\0\x0cjP  "];

/// The file with uncompressed pixels, in explicit VR little endian; `None` if they are not
/// compressed. Colours that a decoder has made red, green and blue are called so.
///
/// # Errors
/// [`PictureError::Unsupported`] for a transfer syntax that is not decoded or more than
/// [`UNCOMPRESSED_MAX`] bytes, [`PictureError::Damaged`] for pixels that cannot be decoded.
pub fn uncompressed(object: &DicomFile) -> Result<Option<DicomFile>, PictureError> {
    let Some(compressed) = Compressed::of(object)? else { return Ok(None) };
    let sides = [tags::ROWS, tags::COLUMNS, tags::SAMPLES_PER_PIXEL, tags::BITS_ALLOCATED];
    let frames = frames(object);
    let bits = sides.iter().fold(u64::from(frames), |bits, tag| {
        bits.saturating_mul(number(object, *tag).unwrap_or(1).into())
    });
    if bits / 8 > UNCOMPRESSED_MAX {
        return Err(PictureError::Unsupported(format!("{} bytes of pixels", bits / 8)));
    }
    compressed.laid_out(0..frames).map(Some)
}

/// A file whose pixels are compressed.
pub(crate) struct Compressed<'a> {
    object: &'a DicomFile,
    fragments: &'a [Vec<u8>],
}

impl<'a> Compressed<'a> {
    /// `None` if the pixels are not compressed.
    pub(crate) fn of(object: &'a DicomFile) -> Result<Option<Self>, PictureError> {
        let fragments = object.get(tags::PIXEL_DATA).and_then(|it| it.value().fragments());
        let Some(fragments) = fragments else { return Ok(None) };
        jpeg::check_sizes(&fragments.concat())?;
        Ok(Some(Self { object, fragments }))
    }

    /// A file of some of the frames, uncompressed, with the same header.
    pub(crate) fn laid_out(&self, frames: Range<u32>) -> Result<DicomFile, PictureError> {
        let object = self.object;
        let header = object.iter().filter(|element| element.header().tag != tags::PIXEL_DATA);
        let mut header = InMemDicomObject::from_element_iter(header.cloned());
        let count = frames.len().to_string();
        header.put(self.pixels(frames)?);
        header.put(DataElement::new(tags::NUMBER_OF_FRAMES, VR::IS, count));
        if number(object, tags::SAMPLES_PER_PIXEL) > Some(1) {
            let by_pixel = PrimitiveValue::from(0_u16);
            header.put(DataElement::new(tags::PLANAR_CONFIGURATION, VR::US, by_pixel));
            let syntax = syntax(object);
            if syntax.starts_with(JPEG) && !syntax.starts_with(JPEG_LS) {
                header.put(DataElement::new(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "RGB"));
            }
        }
        let mut meta = object.meta().clone();
        meta.set_transfer_syntax(&EXPLICIT_VR_LITTLE_ENDIAN);
        Ok(header.with_exact_meta(meta))
    }

    fn pixels(&self, frames: Range<u32>) -> Result<InMemElement, PictureError> {
        let [columns, rows, components, bits] =
            [tags::COLUMNS, tags::ROWS, tags::SAMPLES_PER_PIXEL, tags::BITS_ALLOCATED]
                .map(|tag| number(self.object, tag));
        let components = components.unwrap_or(1);
        let (mut bytes, mut words) = (Vec::new(), Vec::new());
        for frame in frames {
            let samples = self.decode(frame)?;
            samples.check([columns, rows, Some(components)])?;
            match bits {
                Some(8) => bytes.extend(samples.into_bytes()?),
                Some(16) => words.extend(samples.into_words()),
                _ => return Err(PictureError::Unsupported("neither 8 nor 16 bits".into())),
            }
        }
        if bits == Some(8) {
            bytes.resize(bytes.len().next_multiple_of(2), 0);
            return Ok(DataElement::new(
                tags::PIXEL_DATA,
                VR::OB,
                PrimitiveValue::U8(bytes.into()),
            ));
        }
        Ok(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words.into())))
    }

    fn decode(&self, frame: u32) -> Result<Samples, PictureError> {
        match syntax(self.object) {
            uids::JPEG2000_LOSSLESS | uids::JPEG2000 => jpeg2000::decode(&self.stream(frame)?),
            uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => {
                jpeg_ls::decode(&self.stream(frame)?)
            }
            syntax => self.decode_by_library(frame, syntax),
        }
    }

    fn decode_by_library(&self, frame: u32, syntax: &str) -> Result<Samples, PictureError> {
        let decoded = self.object.decode_pixel_data_frame(frame).map_err(|error| match error {
            error if error.to_string().contains("nsupported") => unsupported(syntax),
            error => PictureError::Damaged(chain(&error)),
        })?;
        let values = match decoded.bits_allocated() {
            8 => decoded.data().iter().map(|value| u16::from(*value)).collect(),
            _ => decoded.data_ow(),
        };
        let (width, components) = (decoded.columns() as usize, decoded.samples_per_pixel().into());
        Ok(Samples::of(width, components, values))
    }

    /// The code stream of a frame, whose first fragment begins with the marker of a start.
    fn stream(&self, frame: u32) -> Result<Cow<'a, [u8]>, PictureError> {
        let fragments = self.fragments;
        let begins = |fragment: &Vec<u8>| STARTS.iter().any(|start| fragment.starts_with(start));
        let frames = frames(self.object) as usize;
        let starts = match frames {
            1 => vec![0],
            _ => (0..fragments.len()).filter(|place| begins(&fragments[*place])).collect(),
        };
        if starts.len() != frames {
            let what = format!("{} frames begin where {frames} are expected", starts.len());
            return Err(PictureError::Damaged(what));
        }
        let start = starts[frame as usize];
        let end = starts.get(frame as usize + 1).copied().unwrap_or(fragments.len());
        Ok(match &fragments[start..end] {
            [one] => Cow::Borrowed(one),
            several => Cow::Owned(several.concat()),
        })
    }
}

/// How many frames there are (PS3.3, C.7.6.6.1.1).
pub(crate) fn frames(object: &DicomFile) -> u32 {
    number(object, tags::NUMBER_OF_FRAMES).unwrap_or(1).max(1)
}

pub(crate) fn number(object: &DicomFile, tag: Tag) -> Option<u32> {
    object.get(tag).and_then(|element| element.to_int::<u32>().ok())
}

fn syntax(object: &DicomFile) -> &str {
    object.meta().transfer_syntax.trim_end_matches(['\0', ' '])
}

pub(crate) fn unsupported(uid: &str) -> PictureError {
    let uid = uid.trim_end_matches(['\0', ' ']);
    let name = match uid {
        uids::JPEG2000MC_LOSSLESS | uids::JPEG2000MC => " (JPEG 2000 of several components)",
        uids::HTJ2K | uids::HTJ2K_LOSSLESS | uids::HTJ2K_LOSSLESS_RPCL => {
            " (high-throughput JPEG 2000)"
        }
        uids::MPEG2MPML | uids::MPEG2MPHL | uids::MPEG4HP41 => " (video)",
        _ => "",
    };
    PictureError::Unsupported(format!("transfer syntax {uid}{name}"))
}

pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |message, cause| format!("{message}: {cause}"))
}
