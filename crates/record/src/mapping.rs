//! Where the JSON of a hospital's own system has what a record needs.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    fhir::{list, narrative, object, of_type},
    time,
};

/// A mapping cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the mapping cannot be used: {reason}")]
pub struct MappingError {
    /// What is wrong, and where.
    pub reason: String,
}

/// Where JSON that is no FHIR has what a record needs, by JSON Pointers (RFC 6901).
///
/// `/patient` points from the root of the document; within an `each`, pointers begin at its elements.
///
/// ```
/// use emrshare_record::{Mapping, SourceFile, import_with};
///
/// let mapping = Mapping::from_text(r#"
///     [patient]
///     identifier = "/id"
///     name = "/name"
///     gender = "/sex"
///     birth_date = "/born"
///
///     [[condition]]
///     each = "/diagnoses"
///     text = "/name"
///     code = "/icd"
///     system = "http://hl7.org/fhir/sid/icd-10"
///
///     [[section]]
///     title = "住院过程"
///     text = "/course"
/// "#)?;
/// let sent = r#"{"id":"A7","name":"李雷","sex":"1","born":"19800501",
///     "diagnoses":[{"name":"肺炎","icd":"J18.9"}],"course":"抗感染治疗，好转。"}"#;
/// let files = vec![SourceFile::new("record.json", sent.into())];
/// let (record, _) = import_with(files, Some(&mapping))?;
/// assert_eq!(record.bundle().of_type("Condition").count(), 1);
/// assert_eq!(record.attachments().len(), 1, "the document as it came");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    patient: PatientMap,
    #[serde(default)]
    encounter: Option<EncounterMap>,
    #[serde(default)]
    condition: Vec<FindingMap>,
    #[serde(default)]
    allergy: Vec<FindingMap>,
    #[serde(default)]
    procedure: Vec<FindingMap>,
    #[serde(default)]
    medication: Vec<FindingMap>,
    #[serde(default)]
    observation: Vec<FindingMap>,
    #[serde(default)]
    section: Vec<SectionMap>,
}

/// A JSON Pointer.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
struct Pointer(String);

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // RFC 6901: nothing, or parts behind slashes.
        if text.is_empty() || text.starts_with('/') {
            return Ok(Self(text));
        }
        Err("a JSON Pointer begins with a slash".into())
    }
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
struct PatientMap {
    identifier: Pointer,
    name: Option<Pointer>,
    gender: Option<Pointer>,
    birth_date: Option<Pointer>,
    marital_status: Option<Pointer>,
    address: Option<Pointer>,
    telephone: Option<Pointer>,
    /// Further numbers, by what they are: such as a resident number.
    #[serde(default)]
    identifiers: BTreeMap<String, Pointer>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
struct EncounterMap {
    /// A code of HL7 v3 ActCode; an inpatient stay if it is not given.
    class: Option<String>,
    identifier: Option<Pointer>,
    start: Option<Pointer>,
    end: Option<Pointer>,
    department: Option<Pointer>,
    doctor: Option<Pointer>,
}

/// Findings of one kind: one, or each element of a list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
struct FindingMap {
    each: Option<Pointer>,
    text: Pointer,
    code: Option<Pointer>,
    /// The code system's URI.
    system: Option<String>,
    date: Option<Pointer>,
    /// Of observations.
    value: Option<Pointer>,
    /// Of observations.
    unit: Option<Pointer>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
struct SectionMap {
    title: String,
    text: Pointer,
}

impl Mapping {
    /// Reads a mapping in TOML, or in JSON if it begins with a brace.
    ///
    /// # Errors
    /// [`MappingError`] with the place of what is wrong.
    pub fn from_text(text: &str) -> Result<Self, MappingError> {
        let read = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| error.to_string())
        } else {
            toml::from_str(text).map_err(|error| error.to_string())
        };
        read.map_err(|reason| MappingError { reason })
    }

    /// The resources of a document; the error is what it lacks.
    pub(crate) fn resources(&self, document: &Value) -> Result<Vec<Value>, &'static str> {
        let patient =
            self.patient(document).ok_or("nothing is where the patient's number is to be")?;
        let mut resources = vec![patient];
        resources.extend(self.encounter.as_ref().and_then(|map| map.resource(document)));
        let findings: [(_, _, Make); 4] = [
            (&self.condition, "onsetDateTime", condition),
            (&self.allergy, "onsetDateTime", allergy),
            (&self.procedure, "performedDateTime", procedure),
            (&self.medication, "effectiveDateTime", medication),
        ];
        for (maps, date, make) in findings {
            for map in maps {
                resources.extend(map.all(document).filter_map(|at| make(map.coded(at, date)?)));
            }
        }
        for map in &self.observation {
            resources.extend(map.all(document).filter_map(|at| map.observation(at)));
        }
        let sections = self.section.iter().map(|section| {
            let text = said(document, &section.text)?;
            Some(json!({"title": section.title, "text": narrative(&text)}))
        });
        resources.extend(list(sections).map(|sections| {
            of_type("Composition", json!({"status": "final", "section": sections}))
        }));
        Ok(resources)
    }

    fn patient(&self, document: &Value) -> Option<Value> {
        let map = &self.patient;
        let say = |pointer: &Option<Pointer>| said(document, pointer.as_ref()?);
        let own = said(document, &map.identifier).map(|value| json!({ "value": value }))?;
        let further = map.identifiers.iter().map(|(kind, pointer)| {
            let value = said(document, pointer)?;
            Some(json!({"type": {"text": kind}, "value": value}))
        });
        let gender = say(&map.gender);
        let telephone = say(&map.telephone);
        object([
            ("identifier", list([Some(own)].into_iter().chain(further))),
            ("name", say(&map.name).map(|name| json!([{ "text": name }]))),
            ("gender", Some(json!(gender.as_deref().map_or("unknown", gender_of)))),
            ("birthDate", say(&map.birth_date).and_then(|it| day(&it)).map(Value::String)),
            ("maritalStatus", say(&map.marital_status).map(|it| json!({ "text": it }))),
            ("address", say(&map.address).map(|it| json!([{ "text": it }]))),
            ("telecom", telephone.map(|it| json!([{"system": "phone", "value": it}]))),
        ])
        .map(|patient| of_type("Patient", patient))
    }
}

impl EncounterMap {
    fn resource(&self, document: &Value) -> Option<Value> {
        let say = |pointer: &Option<Pointer>| said(document, pointer.as_ref()?);
        let time = |pointer| say(pointer).and_then(|it| date_time(&it)).map(Value::String);
        let end = time(&self.end);
        let status = if end.is_some() { "finished" } else { "in-progress" };
        let class = json!({
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": self.class.as_deref().unwrap_or("IMP"),
        });
        object([
            ("status", Some(json!(status))),
            ("class", Some(class)),
            ("identifier", say(&self.identifier).map(|it| json!([{ "value": it }]))),
            ("location", say(&self.department).map(|it| json!([{"location": {"display": it}}]))),
            ("participant", say(&self.doctor).map(|it| json!([{"individual": {"display": it}}]))),
            ("period", object([("start", time(&self.start)), ("end", end)])),
        ])
        .map(|encounter| of_type("Encounter", encounter))
    }
}

impl FindingMap {
    /// The elements that pointers begin at.
    fn all<'a>(&'a self, document: &'a Value) -> impl Iterator<Item = &'a Value> {
        let each = self.each.as_ref().map(|each| document.pointer(&each.0));
        let elements = match each {
            None => std::slice::from_ref(document),
            Some(Some(Value::Array(elements))) => elements.as_slice(),
            Some(Some(one @ Value::Object(_))) => std::slice::from_ref(one),
            Some(_) => &[],
        };
        elements.iter()
    }

    fn code(&self, at: &Value) -> Option<Value> {
        let text = said(at, &self.text)?;
        let code = self.code.as_ref().and_then(|code| said(at, code));
        let coding = code.zip(self.system.as_ref());
        let coding = coding.map(|(code, system)| json!([{"system": system, "code": code}]));
        object([("coding", coding), ("text", Some(Value::String(text)))])
    }

    fn time(&self, at: &Value) -> Option<Value> {
        let text = said(at, self.date.as_ref()?)?;
        date_time(&text).map(Value::String)
    }

    fn coded(&self, at: &Value, date: &str) -> Option<Value> {
        object([("code", Some(self.code(at)?)), (date, self.time(at))])
    }

    fn observation(&self, at: &Value) -> Option<Value> {
        let value = self.value.as_ref().and_then(|value| said(at, value));
        let unit = self.unit.as_ref().and_then(|unit| said(at, unit));
        let number =
            value.as_ref().and_then(|it| serde_json::from_str::<serde_json::Number>(it).ok());
        let quantity = number.and_then(|number| {
            object([("value", Some(Value::Number(number))), ("unit", unit.map(Value::String))])
        });
        let text = value.filter(|_| quantity.is_none()).map(Value::String);
        object([
            ("status", Some(json!("final"))),
            ("code", Some(self.code(at)?)),
            ("valueQuantity", quantity),
            ("valueString", text),
            ("effectiveDateTime", self.time(at)),
        ])
        .map(|observation| of_type("Observation", observation))
    }
}

/// Makes a resource of a code and a time.
type Make = fn(Value) -> Option<Value>;

fn condition(coded: Value) -> Option<Value> {
    Some(of_type("Condition", coded))
}

fn allergy(coded: Value) -> Option<Value> {
    Some(of_type("AllergyIntolerance", coded))
}

fn procedure(mut coded: Value) -> Option<Value> {
    coded["status"] = json!("completed");
    Some(of_type("Procedure", coded))
}

fn medication(coded: Value) -> Option<Value> {
    let Value::Object(mut coded) = coded else { return None };
    let code = coded.remove("code")?;
    coded.insert("medicationCodeableConcept".into(), code);
    coded.insert("status".into(), json!("active"));
    Some(of_type("MedicationStatement", Value::Object(coded)))
}

/// A text or a number; the texts of a list, a line each.
fn said(at: &Value, pointer: &Pointer) -> Option<String> {
    let text = match at.pointer(&pointer.0)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
        }
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn gender_of(text: &str) -> &'static str {
    match text {
        "male" | "Male" => "male",
        "female" | "Female" => "female",
        code => time::gender(code),
    }
}

/// ISO 8601 with or without its signs, as HL7 v2 writes it.
fn compact(text: &str) -> String {
    let (date, time) = text.split_at(text.find(['T', ' ']).unwrap_or(text.len()));
    let date = date.replace(['-', '/', '.'], "");
    let time = time.trim_start_matches(['T', ' ']).replace(':', "");
    date + &time.replace('Z', "+0000")
}

fn day(text: &str) -> Option<String> {
    time::date(&compact(text))
}

fn date_time(text: &str) -> Option<String> {
    time::date_time(&compact(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_signs() {
        let cases = [
            ("2024-02-29", "2024-02-29"),
            ("2024/02/29 08:30", "2024-02-29"),
            ("2024-02-29T08:30:00+08:00", "2024-02-29T08:30:00+08:00"),
            ("2024-02-29T08:30:00Z", "2024-02-29T08:30:00+00:00"),
            ("20240229083000+0800", "2024-02-29T08:30:00+08:00"),
        ];
        for (text, expected) in cases {
            assert_eq!(date_time(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_mapping_says_what_is_wrong_with_it() {
        for (text, word) in [
            ("[patient]\nidentifier = \"id\"", "slash"),
            ("[patient]\nname = \"/n\"", "identifier"),
            ("[patient]\nidentifier = \"/id\"\n[[diagnosis]]\ntext = \"/x\"", "diagnosis"),
        ] {
            let error = Mapping::from_text(text).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
