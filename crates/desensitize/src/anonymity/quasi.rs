//! Quasi-identifiers of a record.

use emrshare_record::Record;
use serde_json::Value;

use super::Column;
use crate::{Level, address};

/// What of a record may identify its patient together: year of birth, gender, place, principal
/// disease and date, with the columns that they belong to. What a record does not say is empty.
///
/// Taken from the first Patient, the first Condition, and the first of Encounter, Composition and
/// Condition that has a date.
#[must_use]
pub fn quasi_identifiers(record: &Record) -> [(Column, String); 5] {
    let first = |kind| record.bundle().of_type(kind).next();
    let patient = first("Patient");
    let text = |value: Option<&Value>, pointer: &str| {
        let found = value.and_then(|value| value.pointer(pointer)).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let birth = text(patient, "/birthDate");
    let dates = [
        text(first("Encounter"), "/period/start"),
        text(first("Composition"), "/date"),
        text(first("Condition"), "/recordedDate"),
        text(first("Condition"), "/onsetDateTime"),
    ];
    let date = dates.into_iter().find(|date| !date.is_empty()).unwrap_or_default();
    let region = patient.and_then(|patient| patient.pointer("/address/0")).map(region);
    [
        (Column::BirthYear, birth.get(..4).unwrap_or_default().to_owned()),
        (Column::Sex, text(patient, "/gender")),
        (Column::Region, region.unwrap_or_default()),
        (Column::Disease, first("Condition").map(disease).unwrap_or_default()),
        (Column::Date, date.get(..10).unwrap_or(&date).to_owned()),
    ]
}

/// The parts of an Address, or those that its text begins with.
fn region(address: &Value) -> String {
    let part = |key: &str| address.get(key).and_then(Value::as_str).unwrap_or_default();
    let parts = [part("state"), part("city"), part("district")];
    if parts.iter().any(|part| !part.is_empty()) {
        return parts.join("/").trim_end_matches('/').to_owned();
    }
    let levels = [Level::Province, Level::City, Level::District];
    let [province, city, district] =
        levels.map(|level| address::coarser(part("text"), level).unwrap_or_default());
    let rest = |whole: &str, head: &str| whole.strip_prefix(head).unwrap_or_default().to_owned();
    let parts = [province.clone(), rest(&city, &province), rest(&district, &city)];
    parts.join("/").trim_end_matches('/').to_owned()
}

/// The code of ICD-10, or else the first code, or else the text.
fn disease(condition: &Value) -> String {
    let codings = condition.pointer("/code/coding").and_then(Value::as_array);
    let codings = || codings.into_iter().flatten();
    let is_icd = |coding: &&Value| {
        coding.get("system").and_then(Value::as_str).is_some_and(|system| system.contains("icd-10"))
    };
    let coding = codings().find(is_icd).or_else(|| codings().next());
    let code = coding.and_then(|coding| coding.get("code"));
    let text = code.or_else(|| condition.pointer("/code/text")).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}
