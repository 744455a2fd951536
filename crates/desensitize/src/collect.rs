//! What the record itself says about whom it is about.

use std::collections::BTreeMap;

use dicom_core::VR;
use dicom_dictionary_std::tags;
use emrshare_record::{MediaType, Record, dicom};
use serde_json::{Map, Value};

use crate::{Class, DesensitizeError};

/// Values to be found in text, with their class.
pub(crate) type Known = BTreeMap<String, Class>;

/// Collects values from FHIR elements and DICOM headers.
pub(crate) fn known(record: &Record) -> Result<Known, DesensitizeError> {
    let mut known = Known::new();
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

pub(crate) fn collect_fhir(kind: &str, owner: &str, value: &Value, known: &mut Known) {
    let Value::Object(object) = value else {
        if let Value::Array(items) = value {
            items.iter().for_each(|item| collect_fhir(kind, owner, item, known));
        }
        return;
    };
    let kind = object.get("resourceType").and_then(Value::as_str).unwrap_or(kind);
    for (key, value) in object {
        match key.as_str() {
            "name" if is_person(kind) => each(value, |name| add_human_name(name, known)),
            "identifier" => each(value, |identifier| {
                add(known, Class::Identifier, identifier.get("value"), 4);
            }),
            "subscriberId" => add(known, Class::Identifier, Some(value), 4),
            "telecom" => each(value, |contact| add(known, Class::Contact, contact.get("value"), 5)),
            "address" => each(value, |address| {
                for part in ["line", "text", "city", "district", "postalCode"] {
                    if let Some(part) = address.get(part) {
                        each(part, |part| add(known, Class::Address, Some(part), 4));
                    }
                }
            }),
            "display" if names_person(owner, object) => add(known, Class::Name, Some(value), 2),
            _ => collect_fhir(kind, key, value, known),
        }
    }
}

/// Elements that are Codings, not References (FHIR R4).
const CODINGS: [&str; 12] = [
    "action",
    "bodySite",
    "class",
    "coding",
    "laterality",
    "modality",
    "purposeOfEvent",
    "security",
    "subtype",
    "tag",
    "type",
    "valueCoding",
];

/// Whether an object is a Reference to a person, whose `display` is a name: `owner` is the element
/// that holds it. A Reference that does not say to what it leads may lead to a person.
pub(crate) fn names_person(owner: &str, object: &Map<String, Value>) -> bool {
    if object.contains_key("code") || object.contains_key("system") || CODINGS.contains(&owner) {
        return false;
    }
    match object.get("reference").and_then(Value::as_str) {
        Some(reference) => {
            let kind = reference.rsplit('/').nth(1).unwrap_or_default();
            is_person(kind) || kind.is_empty()
        }
        None => object.contains_key("display") && object.len() == 1,
    }
}

/// Resources whose `name` is a HumanName.
pub(crate) fn is_person(kind: &str) -> bool {
    matches!(kind, "Patient" | "Person" | "Practitioner" | "RelatedPerson")
}

fn add_human_name(name: &Value, known: &mut Known) {
    let family = name.get("family").and_then(Value::as_str).unwrap_or_default().trim();
    let given: Vec<_> = match name.get("given") {
        Some(Value::Array(given)) => given.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    add(known, Class::Name, name.get("text"), 2);
    add_name(known, family, &given.join(" "));
    given.iter().for_each(|given| add_name_part(known, given));
}

/// A name in its usual spellings.
pub(crate) fn add_name(known: &mut Known, family: &str, given: &str) {
    let spellings = if is_han(family) {
        vec![format!("{family}{given}"), format!("{family} {given}")]
    } else {
        vec![format!("{given} {family}"), format!("{family} {given}"), format!("{family}, {given}")]
    };
    for spelling in spellings {
        insert(known, Class::Name, spelling.trim().trim_matches(',').trim(), 2);
    }
    add_name_part(known, family);
}

/// A family or given name alone: a Chinese one of one character is too common a word.
fn add_name_part(known: &mut Known, part: &str) {
    insert(known, Class::Name, part, if is_han(part) { 2 } else { 3 });
}

fn is_han(text: &str) -> bool {
    text.chars().next().is_some_and(|c| matches!(c, '\u{3400}'..='\u{9fff}'))
}

pub(crate) fn collect_dicom(object: &dicom::DicomFile, known: &mut Known) {
    for element in object.iter() {
        let class = match element.header().tag {
            tags::PATIENT_ID | tags::ACCESSION_NUMBER => Class::Identifier,
            tags::PATIENT_ADDRESS | tags::INSTITUTION_ADDRESS => Class::Address,
            tags::PATIENT_TELEPHONE_NUMBERS => Class::Contact,
            _ if element.vr() == VR::PN => Class::Name,
            _ => continue,
        };
        let Ok(values) = element.to_multi_str() else { continue };
        for value in values.iter() {
            if class == Class::Name {
                let mut parts = value.split(['^', '=']);
                let (family, given) = (parts.next().unwrap_or_default(), parts.next());
                add_name(known, family.trim(), given.unwrap_or_default().trim());
                given.into_iter().for_each(|given| add_name_part(known, given.trim()));
            } else {
                insert(known, class, value, 4);
            }
        }
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
        insert(known, class, value, characters_min);
    }
}

pub(crate) fn insert(known: &mut Known, class: Class, value: &str, characters_min: usize) {
    let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    // Two Chinese characters say as much as a Latin word.
    let characters_min = if is_han(value) { 2 } else { characters_min };
    if value.chars().count() >= characters_min && value.chars().any(char::is_alphanumeric) {
        known.entry(value.to_owned()).or_insert(class);
    }
}
