//! Which attributes of DICOM data sets tell of nobody (PS3.6, PS3.15, annex E).

use dicom_core::{
    Tag, VR,
    dictionary::{DataDictionary, DataDictionaryEntry},
};
use dicom_dictionary_std::{StandardDataDictionary, tags};

/// Attributes that stay, empty or with a value that says nothing (PS3.15, table E.1-1, actions Z and
/// D): of type 2, and persons that a structured report names and when it was made.
pub(super) const EMPTIED: [Tag; 11] = [
    tags::ACCESSION_NUMBER,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_ID,
    tags::PATIENT_NAME,
    tags::PERSON_NAME,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::STUDY_DATE,
    tags::STUDY_ID,
    tags::STUDY_TIME,
    tags::CONTENT_DATE,
    tags::CONTENT_TIME,
];

/// Texts and codes that describe how an image was made, of what and with what, and nobody in it; and
/// the text of structured reports.
pub(super) const KEPT: [Tag; 88] = [
    tags::ACQUISITION_DEVICE_PROCESSING_CODE,
    tags::ACQUISITION_MODE,
    tags::ACQUISITION_TYPE,
    tags::ALGORITHM_NAME,
    tags::ALGORITHM_VERSION,
    tags::APPLICATION_NAME,
    tags::APPLICATION_VERSION,
    tags::ATTENUATION_CORRECTION_METHOD,
    tags::BODY_PART_EXAMINED,
    tags::CODE_MEANING,
    tags::CODE_VALUE,
    tags::CODING_SCHEME_DESIGNATOR,
    tags::CODING_SCHEME_NAME,
    tags::CODING_SCHEME_VERSION,
    tags::COLLIMATOR_GRID_NAME,
    tags::CONTRAST_BOLUS_AGENT,
    tags::CONTRAST_BOLUS_ROUTE,
    tags::CONVOLUTION_KERNEL,
    tags::DETECTOR_MANUFACTURER_MODEL_NAME,
    tags::DETECTOR_MANUFACTURER_NAME,
    tags::DIGITAL_IMAGE_FORMAT_ACQUIRED,
    tags::DIMENSION_DESCRIPTION_LABEL,
    tags::DOSE_MODE_NAME,
    tags::ENERGY_WINDOW_NAME,
    tags::EXTENDED_CODE_VALUE,
    tags::FILTER_TYPE,
    tags::FRAME_LABEL,
    tags::IMAGED_NUCLEUS,
    tags::IMAGE_FILTER,
    tags::IMAGE_LATERALITY,
    tags::IMAGE_TYPE,
    tags::INTERVENTION_DRUG_NAME,
    tags::LATERALITY,
    tags::LONG_CODE_VALUE,
    tags::LOSSY_IMAGE_COMPRESSION,
    tags::LUT_EXPLANATION,
    tags::LUT_LABEL,
    tags::MANUFACTURER,
    tags::MANUFACTURER_MODEL_NAME,
    tags::MAPPING_RESOURCE_NAME,
    tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT,
    tags::MODALITY,
    tags::MODALITY_LUT_TYPE,
    tags::OPTICAL_PATH_IDENTIFIER,
    tags::PADDLE_DESCRIPTION,
    tags::PATIENT_ORIENTATION,
    tags::PATIENT_POSITION,
    tags::PATIENT_SEX,
    tags::PHOSPHOR_TYPE,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::PIXEL_INTENSITY_RELATIONSHIP,
    tags::PIXEL_SPACING_CALIBRATION_DESCRIPTION,
    tags::PLATE_TYPE,
    tags::POSITION_REFERENCE_INDICATOR,
    tags::PRESENTATION_LUT_SHAPE,
    tags::PROCESSING_FUNCTION,
    tags::PULSE_SEQUENCE_NAME,
    tags::RADIOPHARMACEUTICAL,
    tags::RADIOPHARMACEUTICAL_ROUTE,
    tags::RECEIVE_COIL_MANUFACTURER_NAME,
    tags::RECEIVE_COIL_NAME,
    tags::RECONSTRUCTION_METHOD,
    tags::RESCALE_TYPE,
    tags::SCANNING_SEQUENCE,
    tags::SCAN_OPTIONS,
    tags::SCATTER_CORRECTION_METHOD,
    tags::SECONDARY_CAPTURE_DEVICE_MANUFACTURER,
    tags::SECONDARY_CAPTURE_DEVICE_MANUFACTURER_MODEL_NAME,
    tags::SECONDARY_CAPTURE_DEVICE_SOFTWARE_VERSIONS,
    tags::SEGMENT_ALGORITHM_NAME,
    tags::SEGMENT_LABEL,
    tags::SEQUENCE_NAME,
    tags::SEQUENCE_VARIANT,
    tags::SOFTWARE_VERSIONS,
    tags::SOURCE_ISOTOPE_NAME,
    tags::SPECIFIC_CHARACTER_SET,
    tags::STACK_ID,
    tags::STAGE_NAME,
    tags::TEXT_VALUE,
    tags::TRANSDUCER_DATA,
    tags::TRANSMIT_COIL_MANUFACTURER_NAME,
    tags::TRANSMIT_COIL_NAME,
    tags::TRIGGER_SOURCE_OR_TYPE,
    tags::TYPE_OF_FILTERS,
    tags::URN_CODE_VALUE,
    tags::VIEW_NAME,
    tags::VIEW_POSITION,
    tags::WINDOW_CENTER_WIDTH_EXPLANATION,
];

/// Descriptions that are cleaned (PS3.15, section E.3.5).
pub(super) const DESCRIPTIONS: [Tag; 8] = [
    tags::ACQUISITION_PROTOCOL_DESCRIPTION,
    tags::CONTENT_DESCRIPTION,
    tags::PERFORMED_PROCEDURE_STEP_DESCRIPTION,
    tags::PROTOCOL_NAME,
    tags::REQUESTED_PROCEDURE_DESCRIPTION,
    tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION,
    tags::SERIES_DESCRIPTION,
    tags::STUDY_DESCRIPTION,
];

/// Codes that tell of a person or a place (PS3.15, table E.1-1); the other attributes of VR CS are
/// terms that the standard defines.
const PERSONAL_CODES: [Tag; 14] = [
    tags::GPS_DEST_BEARING_REF,
    tags::GPS_DEST_DISTANCE_REF,
    tags::GPS_DEST_LATITUDE_REF,
    tags::GPS_DEST_LONGITUDE_REF,
    tags::GPS_IMG_DIRECTION_REF,
    tags::GPS_LATITUDE_REF,
    tags::GPS_LONGITUDE_REF,
    tags::GPS_MEASURE_MODE,
    tags::GPS_SPEED_REF,
    tags::GPS_STATUS,
    tags::GPS_TRACK_REF,
    // Modifying Device ID, which is retired.
    Tag(0x0020, 0x3401),
    tags::PATIENT_SEX_NEUTERED,
    tags::SMOKING_STATUS,
];

/// Whether an attribute of VR CS is one of the standard's, which tells of nobody, and its values are
/// such strings (PS3.5, section 6.2).
pub(super) fn is_defined_term(tag: Tag, values: &str) -> bool {
    const LEN_MAX: usize = 16;
    let is_code = |value: &str| {
        value.trim().len() <= LEN_MAX
            && value.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'_' | 0))
    };
    let entry = StandardDataDictionary.by_tag(tag);
    entry.is_some_and(|entry| entry.vr().exact() == Some(VR::CS))
        && !PERSONAL_CODES.contains(&tag)
        && values.split('\\').all(is_code)
}

/// UIDs of kinds of things, not of instances.
pub(super) fn is_fixed_uid(tag: Tag) -> bool {
    matches!(
        tag,
        tags::SOP_CLASS_UID
            | tags::MEDIA_STORAGE_SOP_CLASS_UID
            | tags::SOP_CLASSES_IN_STUDY
            | tags::REFERENCED_SOP_CLASS_UID
            | tags::AVAILABLE_TRANSFER_SYNTAX_UID
            | tags::TRANSFER_SYNTAX_UID
            | tags::CODING_SCHEME_UID
            | tags::CONTEXT_UID
            | tags::MAPPING_RESOURCE_UID
    )
}
