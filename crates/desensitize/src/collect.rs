//! What the record itself says about whom it is about.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use emrshare_recognize::is_english_word;
use emrshare_record::{MediaType, Record, dicom};
use serde_json::Value;

use crate::{
    Class, DesensitizeError,
    address::Part,
    elements::{
        has_person_name, holds_address, holds_contact_point, holds_human_name, holds_identifier,
        is_number, names_person,
    },
    known::{Gender, Known},
};

/// Collects values from FHIR elements and DICOM headers.
pub(crate) fn known(record: &Record) -> Result<Known, DesensitizeError> {
    let mut known = Known::default();
    for (kind, resource) in record.bundle().resources() {
        collect_fhir(kind, "resource", resource, &mut known);
    }
    for (position, attachment) in record.attachments().iter().enumerate() {
        if attachment.media_type == MediaType::Dicom {
            let object = dicom::parse(&attachment.bytes).map_err(|error| {
                DesensitizeError::Dicom { attachment: position + 1, problem: error.to_string() }
            })?;
            collect_dicom(&object, &mut known);
        }
    }
    Ok(known)
}

/// Collects values from a resource by itself.
pub(crate) fn collect_resource(resource: &Value, known: &mut Known) {
    collect_fhir("", "resource", resource, known);
    if let Some(id) = patient_id(resource) {
        known.or_patient_id(id);
    }
}

/// Collects values from an entry of a Bundle.
pub(crate) fn collect_entry(entry: &Value, known: &mut Known) {
    collect_fhir("Bundle", "entry", entry, known);
}

fn collect_fhir(kind: &str, owner: &str, value: &Value, known: &mut Known) {
    let Value::Object(object) = value else {
        if let Value::Array(items) = value {
            items.iter().for_each(|item| collect_fhir(kind, owner, item, known));
        }
        return;
    };
    let kind = object.get("resourceType").and_then(Value::as_str).unwrap_or(kind);
    let gender = object.get("gender").and_then(Value::as_str).and_then(Gender::of);
    for (key, value) in object {
        match key.as_str() {
            key if holds_human_name(kind, key, value) => {
                each(value, |name| add_human_name(name, gender, known));
            }
            "name" if has_person_name(kind, owner) => add_written_name(value, known),
            "authorString" => add_written_name(value, known),
            key if holds_identifier(key, value) => each(value, |identifier| {
                let number = identifier.get("value").and_then(Value::as_str).unwrap_or_default();
                known.insert(Class::Identifier, number, 4);
                if (kind, key) == ("Patient", "identifier") {
                    known.set_patient(number);
                }
            }),
            key if is_number(key) => {
                each(value, |number| known.insert_number(number.as_str().unwrap_or_default()));
            }
            key if holds_contact_point(key, value) => {
                each(value, |contact| add(known, Class::Contact, contact.get("value"), 5));
            }
            key if holds_address(key, value) => each(value, |address| add_address(address, known)),
            "display" if names_person(owner, object) => {
                known.insert_whole_name(value.as_str().unwrap_or_default(), None);
            }
            key if is_event_date(key) && value.is_string() => {
                known.note_event(value.as_str().unwrap_or_default());
            }
            _ => collect_fhir(kind, key, value, known),
        }
    }
}

/// The id of the patient that a single resource is about, or is.
pub(crate) fn patient_id(resource: &Value) -> Option<&str> {
    const PATIENT: [&str; 4] = ["subject", "patient", "beneficiary", "for"];
    if resource.get("resourceType")?.as_str()? == "Patient" {
        return resource.get("id")?.as_str();
    }
    PATIENT.into_iter().find_map(|key| {
        let reference = resource.get(key)?.get("reference")?.as_str()?;
        reference.split('/').skip_while(|part| *part != "Patient").nth(1)
    })
}

/// Elements that say when something happened, and not until when something is good.
fn is_event_date(key: &str) -> bool {
    matches!(
        key,
        "authoredOn"
            | "date"
            | "deceasedDateTime"
            | "effectiveDateTime"
            | "issued"
            | "lastUpdated"
            | "occurrenceDateTime"
            | "performedDateTime"
            | "recordedDate"
            | "start"
    )
}

fn add_address(address: &Value, known: &mut Known) {
    const PARTS: [(&str, Part); 5] = [
        ("line", Part::Street),
        ("text", Part::Street),
        ("city", Part::City),
        ("district", Part::District),
        ("postalCode", Part::Street),
    ];
    for (key, part) in PARTS {
        let Some(value) = address.get(key) else { continue };
        each(value, |value| known.insert_place(part, value.as_str().unwrap_or_default()));
    }
}

fn add_human_name(name: &Value, gender: Option<Gender>, known: &mut Known) {
    let text = |key: &str| name.get(key).and_then(Value::as_str).unwrap_or_default().trim();
    let given: Vec<_> = match name.get("given") {
        Some(Value::Array(given)) => given.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let (family, given) = (text("family"), given.join(" "));
    if !family.is_empty() || !given.is_empty() {
        known.insert_name(family, &given, gender);
    }
    known.insert_whole_name(text("text"), gender);
}

/// A name that may as well say what somebody is: it counts if a word of it is none of the language.
fn add_written_name(name: &Value, known: &mut Known) {
    let name = name.as_str().unwrap_or_default();
    let mut words = name.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 2);
    if words.any(|word| word.is_ascii() && !is_english_word(&word.to_lowercase())) {
        known.insert_whole_name(name, None);
    }
}

/// Whom a data set is about.
pub(crate) struct Patient {
    id: Option<String>,
    sex: Option<Gender>,
}

impl Patient {
    /// As its attributes say, of which `text` gives the values.
    pub(crate) fn of(text: &dyn Fn(Tag) -> Option<String>) -> Self {
        let sex = text(tags::PATIENT_SEX).and_then(|sex| Gender::of(&sex));
        Self { id: text(tags::PATIENT_ID), sex }
    }

    pub(crate) fn set(&self, known: &mut Known) {
        if let Some(number) = &self.id {
            known.set_patient(number.trim_matches(['\0', ' ']));
        }
    }
}

pub(crate) fn collect_dicom(object: &dicom::DicomFile, known: &mut Known) {
    let text = |tag| Some(object.get(tag)?.to_str().ok()?.into_owned());
    let patient = Patient::of(&text);
    patient.set(known);
    collect_data_set(object, &patient, known);
}

/// Collects values of a data set and those within it.
fn collect_data_set(object: &InMemDicomObject, patient: &Patient, known: &mut Known) {
    for element in object.iter() {
        for item in element.items().unwrap_or_default() {
            collect_data_set(item, patient, known);
        }
        let Ok(values) = element.to_multi_str() else { continue };
        for value in values.iter() {
            collect_attribute(element.header().tag, element.vr(), value, patient, known);
        }
    }
}

/// Collects a value of an attribute.
pub(crate) fn collect_attribute(
    tag: Tag,
    vr: VR,
    value: &str,
    patient: &Patient,
    known: &mut Known,
) {
    match tag {
        tags::PATIENT_ID | tags::ACCESSION_NUMBER => known.insert(Class::Identifier, value, 4),
        tags::PATIENT_ADDRESS | tags::INSTITUTION_ADDRESS => {
            known.insert_place(Part::Street, value);
        }
        tags::PATIENT_TELEPHONE_NUMBERS => known.insert(Class::Contact, value, 4),
        _ if vr == VR::PN => {
            let mut parts = value.split(['^', '=']).map(str::trim);
            let family = parts.next().unwrap_or_default();
            let gender = if tag == tags::PATIENT_NAME { patient.sex } else { None };
            known.insert_name(family, parts.next().unwrap_or_default(), gender);
        }
        _ => {}
    }
}

fn each(value: &Value, mut visit: impl FnMut(&Value)) {
    match value {
        Value::Array(items) => items.iter().for_each(visit),
        single => visit(single),
    }
}

fn add(known: &mut Known, class: Class, value: Option<&Value>, characters_min: usize) {
    if let Some(value) = value.and_then(Value::as_str) {
        known.insert(class, value, characters_min);
    }
}
