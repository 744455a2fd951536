//! What is read from DICOM files.

mod lengths;

use std::fmt;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::{
    DefaultDicomObject, FileDicomObject, FileMetaTableBuilder, InMemDicomObject, ReadError,
};
use dicom_transfer_syntax_registry::{TransferSyntaxIndex, TransferSyntaxRegistry};
use lengths::Coding;

/// A DICOM file with its meta group.
pub type DicomFile = FileDicomObject<InMemDicomObject>;

/// A file is not readable DICOM.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DicomError {
    /// No preamble with `DICM` (PS3.10, section 7.1), nor a data set without one.
    #[error("no DICOM file: the four letters DICM are not at byte 128, nor does a data set begin")]
    NoPreamble,
    /// The data set ends early or is malformed.
    #[error("damaged DICOM file: {0}")]
    Damaged(String),
    /// The transfer syntax is not known.
    #[error("the transfer syntax {0} is not supported")]
    TransferSyntax(String),
}

/// What the header says of an image.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ImageHeader {
    /// Modality (0008,0060), such as `CT`.
    pub modality: Option<String>,
    /// Body part examined (0018,0015), such as `CHEST`.
    pub body_part: Option<String>,
    /// Study instance UID (0020,000D).
    pub study: Option<String>,
    /// Series instance UID (0020,000E).
    pub series: Option<String>,
    /// Whether there is pixel data.
    pub has_pixels: bool,
}

/// Whom an image is of, as far as its header says. `Debug` shows nothing of it.
#[derive(Clone, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Subject {
    /// Patient ID (0010,0020).
    pub id: Option<String>,
    /// Patient's sex (0010,0040): `M` or `F`.
    pub sex: Option<char>,
    /// Patient's birth date (0010,0030), as YYYYMMDD.
    pub birth: Option<String>,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject")
    }
}

/// Whether bytes begin like a DICOM file, or like a data set that was stored without preamble and
/// meta group, as old archives do.
#[must_use]
pub fn looks_like_dicom(bytes: &[u8]) -> bool {
    has_preamble(bytes) || Coding::of_bare(bytes).is_some()
}

fn has_preamble(bytes: &[u8]) -> bool {
    bytes.get(128..132) == Some(b"DICM")
}

/// Reads a whole file. A data set that has no meta group gets one.
///
/// # Errors
/// See [`DicomError`]. Messages of the parser name tags and positions, not values.
pub fn parse(bytes: &[u8]) -> Result<DicomFile, DicomError> {
    let object = match Coding::of_bare(bytes) {
        _ if has_preamble(bytes) => {
            lengths::check(bytes)?;
            dicom_object::from_reader(bytes).map_err(unreadable)?
        }
        Some(coding) => bare(bytes, coding)?,
        None => return Err(DicomError::NoPreamble),
    };
    check_pixels(&object)?;
    Ok(object)
}

/// A data set without preamble and meta group, with a meta group.
fn bare(bytes: &[u8], coding: Coding) -> Result<DefaultDicomObject, DicomError> {
    lengths::check_bare(bytes, coding)?;
    let uid = coding.transfer_syntax();
    let unknown = || DicomError::TransferSyntax(uid.to_owned());
    let syntax = TransferSyntaxRegistry.get(uid).ok_or_else(unknown)?;
    let read = InMemDicomObject::read_dataset_with_ts(bytes, syntax);
    let meta = FileMetaTableBuilder::new().transfer_syntax(uid);
    let no_meta = |_| DicomError::Damaged("neither a meta group nor what one is made of".into());
    read.map_err(unreadable)?.with_meta(meta).map_err(no_meta)
}

fn unreadable(error: ReadError) -> DicomError {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    match error {
        ReadError::ReadUnrecognizedTransferSyntax { uid, .. } => DicomError::TransferSyntax(uid),
        ReadError::ReadUnsupportedTransferSyntax { uid, .. }
        | ReadError::ReadUnsupportedTransferSyntaxWithSuggestion { uid, .. } => {
            DicomError::TransferSyntax(uid.to_string())
        }
        _ => DicomError::Damaged(message),
    }
}

/// What the header says.
#[must_use]
pub fn header(object: &DicomFile) -> ImageHeader {
    ImageHeader {
        modality: text(object, tags::MODALITY),
        body_part: text(object, tags::BODY_PART_EXAMINED),
        study: text(object, tags::STUDY_INSTANCE_UID),
        series: text(object, tags::SERIES_INSTANCE_UID),
        has_pixels: object.get(tags::PIXEL_DATA).is_some(),
    }
}

/// Whom the image is of. Births on a first of January are left out: they mostly stand for a year, or
/// for nothing.
#[must_use]
pub fn subject(object: &DicomFile) -> Subject {
    let sex = text(object, tags::PATIENT_SEX).and_then(|sex| sex.chars().next());
    let is_date = |date: &String| {
        date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) && !date.ends_with("0101")
    };
    Subject {
        id: text(object, tags::PATIENT_ID),
        sex: sex.filter(|sex| matches!(sex, 'M' | 'F')),
        birth: text(object, tags::PATIENT_BIRTH_DATE).filter(is_date),
    }
}

fn text(object: &DicomFile, tag: Tag) -> Option<String> {
    let value = object.get(tag)?.to_str().ok()?;
    let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned();
    (!value.is_empty()).then_some(value)
}

/// Native pixel data must have the length that rows, columns, samples, bits and frames ask for
/// (PS3.5, section 8.1.1).
fn check_pixels(object: &DicomFile) -> Result<(), DicomError> {
    let number = |tag: Tag| object.get(tag).and_then(|element| element.to_int::<u64>().ok());
    let Some(pixels) = object.get(tags::PIXEL_DATA) else { return Ok(()) };
    let Ok(bytes) = pixels.to_bytes() else { return Ok(()) };
    let expected = (|| {
        let frames = number(tags::NUMBER_OF_FRAMES).unwrap_or(1);
        let samples = number(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        let area = number(tags::ROWS)?.checked_mul(number(tags::COLUMNS)?)?;
        let bits = area.checked_mul(samples)?.checked_mul(number(tags::BITS_ALLOCATED)?)?;
        let subsampled = object
            .get(tags::PHOTOMETRIC_INTERPRETATION)
            .and_then(|element| element.to_str().ok())
            .is_some_and(|name| name.contains("422") || name.contains("420"));
        (!subsampled).then_some(bits.checked_mul(frames)?.div_ceil(8))
    })();
    match expected {
        Some(expected) if (bytes.len() as u64) < expected => Err(DicomError::Damaged(format!(
            "the pixel data (7FE0,0010) has {} bytes where {expected} are expected",
            bytes.len()
        ))),
        _ => Ok(()),
    }
}
