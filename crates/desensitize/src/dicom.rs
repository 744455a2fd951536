//! DICOM headers: attributes that are known to say nothing of a person stay, all others go.
//!
//! Follows the Basic Application Level Confidentiality Profile (PS3.15, annex E): person names,
//! dates and identifiers of type 2 become empty, instance UIDs are replaced consistently, private
//! attributes, overlays, curves and free text go. Instead of listing what is removed, the code
//! lists what is kept: what no list foresees is removed.

use dicom_core::{DataElement, DicomValue, PrimitiveValue, Tag, VR, header::Header};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use emrshare_record::dicom;

use crate::{
    Area, Class, Report, Technique, pixels,
    scrub::Scrubber,
    treat::{self, Treatment},
};

/// Attributes of type 2 that stay, empty (PS3.15, table E.1-1, action Z).
const EMPTIED: [Tag; 9] = [
    tags::ACCESSION_NUMBER,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_ID,
    tags::PATIENT_NAME,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::STUDY_DATE,
    tags::STUDY_ID,
    tags::STUDY_TIME,
    tags::CONTENT_DATE,
];

/// Month and day of a date of which only the year stays.
const MIDDLE_OF_YEAR: &str = "0702";

/// Texts and codes that describe the image and nobody in it.
const KEPT: [Tag; 24] = [
    tags::ACQUISITION_TYPE,
    tags::BODY_PART_EXAMINED,
    tags::CONTRAST_BOLUS_AGENT,
    tags::CONVOLUTION_KERNEL,
    tags::CODE_MEANING,
    tags::CODE_VALUE,
    tags::CODING_SCHEME_DESIGNATOR,
    tags::IMAGE_LATERALITY,
    tags::IMAGE_TYPE,
    tags::LATERALITY,
    tags::MODALITY,
    tags::PATIENT_ORIENTATION,
    tags::PATIENT_POSITION,
    tags::PATIENT_SEX,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::SCAN_OPTIONS,
    tags::SCANNING_SEQUENCE,
    tags::SEQUENCE_VARIANT,
    tags::SPECIFIC_CHARACTER_SET,
    tags::VIEW_POSITION,
    tags::PRESENTATION_LUT_SHAPE,
    tags::RESCALE_TYPE,
    tags::LOSSY_IMAGE_COMPRESSION,
    tags::PIXEL_INTENSITY_RELATIONSHIP,
];

/// Why a file cannot be treated.
#[derive(Debug)]
pub(crate) enum TreatError {
    /// Its header.
    Header(String),
    /// Its pixels: without them it could be.
    Pixels(String),
}

/// The file with a treated header, and pixels without the writing that was seen on them; `None` if
/// nobody looked.
pub(crate) fn treat(
    bytes: &[u8],
    seen: Option<&[Area]>,
    treatment: &Treatment<'_>,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
) -> Result<Vec<u8>, TreatError> {
    let object = dicom::parse(bytes).map_err(|error| TreatError::Header(error.to_string()))?;
    let has_pixels = object.get(tags::PIXEL_DATA).is_some();
    let seen = match seen {
        Some(areas) => areas,
        None if has_pixels => return Err(TreatError::Pixels("nobody saw the pixels".into())),
        None => &[],
    };
    if says_burnt_in(&object) && seen.is_empty() {
        let problem = "the header says that text is burnt into the pixels (0028,0301), \
                       and none was found";
        return Err(TreatError::Pixels(problem.into()));
    }
    let mut meta = object.meta().clone();
    let mut walk = Walk { treatment, scrubber, report };
    let mut treated = walk.data_set(&object);
    pixels::blank(&mut treated, &meta.transfer_syntax, seen).map_err(TreatError::Pixels)?;
    if !seen.is_empty() {
        let removed = PrimitiveValue::from("NO");
        treated.put(DataElement::new(tags::BURNED_IN_ANNOTATION, VR::CS, removed));
        seen.iter().for_each(|_| report.count(Class::Identifier, Technique::Delete));
    }
    let removed = PrimitiveValue::from("YES");
    treated.put(DataElement::new(tags::PATIENT_IDENTITY_REMOVED, VR::CS, removed));
    let method = PrimitiveValue::from("emrshare keep list; PS3.15 basic profile");
    treated.put(DataElement::new(tags::DEIDENTIFICATION_METHOD, VR::LO, method));
    meta.media_storage_sop_instance_uid = treatment.uid(&meta.media_storage_sop_instance_uid);
    meta.private_information_creator_uid = None;
    meta.private_information = None;
    meta.source_application_entity_title = None;
    meta.sending_application_entity_title = None;
    meta.receiving_application_entity_title = None;
    meta.update_information_group_length();
    let mut file = Vec::new();
    let written = treated.with_exact_meta(meta).write_all(&mut file);
    written.map_err(|error| {
        TreatError::Header(format!("the treated header cannot be written: {error}"))
    })?;
    Ok(file)
}

fn says_burnt_in(object: &dicom::DicomFile) -> bool {
    let value = object.get(tags::BURNED_IN_ANNOTATION).and_then(|element| element.to_str().ok());
    value.is_some_and(|value| value.trim().eq_ignore_ascii_case("YES"))
}

struct Walk<'a> {
    treatment: &'a Treatment<'a>,
    scrubber: &'a Scrubber<'a>,
    report: &'a mut Report,
}

impl Walk<'_> {
    fn data_set(&mut self, object: &InMemDicomObject) -> InMemDicomObject {
        let mut treated = InMemDicomObject::new_empty();
        for element in object.iter() {
            let (tag, vr) = (element.tag(), element.vr());
            match self.decide(tag, vr, element.value()) {
                Decision::Keep => {
                    treated.put(element.clone());
                }
                Decision::Put(value) => {
                    treated.put(DataElement::new(tag, vr, value));
                }
                Decision::Descend => {
                    let items = element.items().unwrap_or_default();
                    let items: Vec<_> = items.iter().map(|item| self.data_set(item)).collect();
                    let sequence = dicom_core::value::DataSetSequence::from(items);
                    treated.put(DataElement::new(tag, VR::SQ, sequence));
                }
                Decision::Remove(class) => self.report.count(class, Technique::Delete),
            }
        }
        treated
    }

    fn decide<I, P>(&mut self, tag: Tag, vr: VR, value: &DicomValue<I, P>) -> Decision {
        let text =
            || value.primitive().map(|value| value.to_str().into_owned()).unwrap_or_default();
        if tag.group() % 2 == 1 || matches!(tag.group(), 0x5000..=0x50ff | 0x6000..=0x60ff) {
            return Decision::Remove(Class::Identifier);
        }
        if EMPTIED.contains(&tag) {
            return self.emptied(tag, vr, &text());
        }
        if KEPT.contains(&tag) {
            let scrubbed = self.scrubber.scrub(&text(), self.report);
            return if scrubbed == text() { Decision::Keep } else { put(scrubbed) };
        }
        if tag == tags::PATIENT_AGE {
            let age = text();
            return match self.treatment.value(
                Class::Age,
                age.trim_matches([' ', '\0']),
                self.report,
            ) {
                Some(treated) if treated.ends_with(|c: char| c.is_ascii_digit()) => {
                    put(format!("{treated:0>3}Y"))
                }
                Some(_) => Decision::Keep,
                None => EMPTY,
            };
        }
        match vr {
            VR::SQ => Decision::Descend,
            VR::UI if is_fixed_uid(tag) => Decision::Keep,
            VR::UI => {
                let uids: Vec<_> = text().split('\\').map(|uid| self.treatment.uid(uid)).collect();
                self.report.count(Class::Identifier, Technique::Surrogate);
                put(uids.join("\\"))
            }
            VR::US
            | VR::SS
            | VR::UL
            | VR::SL
            | VR::UV
            | VR::SV
            | VR::FL
            | VR::FD
            | VR::AT
            | VR::DS
            | VR::IS => Decision::Keep,
            VR::OB | VR::OW | VR::OF | VR::OD | VR::OL | VR::OV
                if tag == tags::PIXEL_DATA || tag.group() == 0x0028 || tag.group() == 0x7fe0 =>
            {
                Decision::Keep
            }
            VR::PN => Decision::Remove(Class::Name),
            VR::DA | VR::DT | VR::TM => Decision::Remove(Class::Date),
            _ => Decision::Remove(Class::Identifier),
        }
    }

    /// A type 2 attribute: empty, or what the policy makes of its value.
    fn emptied(&mut self, tag: Tag, vr: VR, value: &str) -> Decision {
        let class = match vr {
            VR::PN => Class::Name,
            VR::DA | VR::TM => Class::Date,
            _ => Class::Identifier,
        };
        let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        if value.is_empty() {
            return Decision::Keep;
        }
        match self.treatment.value(class, value, self.report) {
            // A DA needs month and day, and a TM has no year.
            Some(year) if vr == VR::DA => {
                treat::year(&year).map_or(EMPTY, |year| put(format!("{year}{MIDDLE_OF_YEAR}")))
            }
            Some(surrogate) if vr == VR::SH => put(surrogate.chars().rev().take(16).collect()),
            Some(surrogate) if matches!(vr, VR::LO | VR::PN) && tag != tags::STUDY_TIME => {
                put(surrogate)
            }
            _ => EMPTY,
        }
    }
}

enum Decision {
    Keep,
    Put(PrimitiveValue),
    Descend,
    Remove(Class),
}

const EMPTY: Decision = Decision::Put(PrimitiveValue::Empty);

fn put(text: String) -> Decision {
    Decision::Put(PrimitiveValue::from(text))
}

/// UIDs of kinds of things, not of instances.
fn is_fixed_uid(tag: Tag) -> bool {
    matches!(
        tag,
        tags::SOP_CLASS_UID
            | tags::REFERENCED_SOP_CLASS_UID
            | tags::TRANSFER_SYNTAX_UID
            | tags::CODING_SCHEME_UID
            | tags::CONTEXT_UID
            | tags::MAPPING_RESOURCE_UID
    )
}
