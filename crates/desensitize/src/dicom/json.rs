//! Data sets in JSON (PS3.18, annex F), as DICOMweb answers with them: metadata without pixels.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use serde_json::{Map, Value, json};

use super::{Decision, METHOD, Walk, keyword};
use crate::{
    Class, Report, Technique,
    collect::{self, Patient},
    known::Known,
    place::Place,
    scrub::Scrubber,
};

/// The group of pixel data.
const PIXELS: u16 = 0x7fe0;

/// Whether JSON is a data set or a list of them.
pub(crate) fn is_data_sets(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty() && items.iter().all(is_data_set),
        other => is_data_set(other),
    }
}

fn is_data_set(value: &Value) -> bool {
    let is_element = |(key, element): (&String, &Value)| {
        tag(key).is_some() && element.get("vr").is_some_and(Value::is_string)
    };
    value.as_object().is_some_and(|object| !object.is_empty() && object.iter().all(is_element))
}

/// Adds what data sets say of people.
pub(crate) fn collect(value: &Value, known: &mut Known) {
    for object in data_sets(value) {
        let patient = Patient::of(&|tag| object.get(&name(tag)).map(text));
        patient.set(known);
        collect_data_set(object, &patient, known);
    }
}

fn collect_data_set(object: &Map<String, Value>, patient: &Patient, known: &mut Known) {
    for (key, element) in object {
        let Some(tag) = tag(key) else { continue };
        let values = element.get("Value").and_then(Value::as_array).into_iter().flatten();
        for value in values {
            match value {
                Value::Object(item) if vr(element) == VR::SQ => {
                    collect_data_set(item, patient, known);
                }
                value => {
                    collect::collect_attribute(
                        tag,
                        vr(element),
                        &value_text(value),
                        patient,
                        known,
                    );
                }
            }
        }
    }
}

/// Treats data sets. Pixels in base64 go, as nobody looked at them, and so do addresses of what is
/// elsewhere.
pub(crate) fn treat(value: &mut Value, scrubber: &Scrubber<'_>, place: Place, report: &mut Report) {
    let is_list = value.is_array();
    let mut walk =
        Walk { treatment: scrubber.treatment, scrubber, report, place, institution: String::new() };
    for (number, object) in data_sets_mut(value).enumerate() {
        let institution = object.get(&name(tags::INSTITUTION_NAME)).map(text);
        walk.institution = institution.unwrap_or_default().trim().to_lowercase();
        if is_list {
            walk.place.push_number(number);
        }
        walk.json_data_set(object);
        if is_list {
            walk.place.pop();
        }
        let mut say = |tag, vr: &str, text: &str| {
            object.insert(name(tag), json!({ "vr": vr, "Value": [text] }));
        };
        say(tags::PATIENT_IDENTITY_REMOVED, "CS", "YES");
        say(tags::DEIDENTIFICATION_METHOD, "LO", METHOD);
    }
}

impl Walk<'_> {
    fn json_data_set(&mut self, object: &mut Map<String, Value>) {
        object.retain(|key, element| {
            let Some(tag) = tag(key) else { return false };
            self.place.push(keyword(tag));
            let stays = self.json_element(tag, element);
            self.place.pop();
            stays
        });
    }

    /// Treats an element; whether it stays.
    fn json_element(&mut self, tag: Tag, element: &mut Value) -> bool {
        let vr = vr(element);
        let is_elsewhere = element.get("BulkDataURI").is_some() || tag.group() == PIXELS;
        let decision = if is_elsewhere {
            Decision::Remove(Class::Identifier)
        } else {
            self.decide(tag, vr, &|| text(element))
        };
        match decision {
            Decision::Keep => {}
            Decision::Put(text) => *element = element_of(vr, &text),
            Decision::Descend => {
                let items = element.get_mut("Value").and_then(Value::as_array_mut);
                for (number, item) in items.into_iter().flatten().enumerate() {
                    self.place.push_number(number);
                    item.as_object_mut().into_iter().for_each(|item| self.json_data_set(item));
                    self.place.pop();
                }
            }
            Decision::Remove(class) => {
                self.removed(class, Technique::Delete);
                return false;
            }
        }
        true
    }
}

fn data_sets(value: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    items.iter().filter_map(Value::as_object)
}

fn data_sets_mut(value: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let items = match value {
        Value::Array(items) => items.as_mut_slice(),
        single => std::slice::from_mut(single),
    };
    items.iter_mut().filter_map(Value::as_object_mut)
}

/// The attribute that a name is the number of, group and element in eight digits.
fn tag(name: &str) -> Option<Tag> {
    let is_number = name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u32::from_str_radix(name, 16).ok().filter(|_| is_number)?;
    Some(Tag((number >> 16) as u16, (number & 0xffff) as u16))
}

fn name(tag: Tag) -> String {
    format!("{:04X}{:04X}", tag.group(), tag.element())
}

fn vr(element: &Value) -> VR {
    let vr = element.get("vr").and_then(Value::as_str);
    vr.and_then(|vr| vr.parse().ok()).unwrap_or(VR::UN)
}

/// The values of an element as a file has them.
fn text(element: &Value) -> String {
    let values = element.get("Value").and_then(Value::as_array).into_iter().flatten();
    values.map(value_text).collect::<Vec<_>>().join("\\")
}

/// A string, a number or a person's name, whose forms a file parts by `=`.
fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(person) => {
            let forms = ["Alphabetic", "Ideographic", "Phonetic"].into_iter();
            let forms = forms.map(|form| person.get(form).and_then(Value::as_str));
            let forms: Vec<_> = forms.map(Option::unwrap_or_default).collect();
            forms.join("=").trim_end_matches('=').to_owned()
        }
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// An element with this text.
fn element_of(vr: VR, text: &str) -> Value {
    if text.is_empty() {
        return json!({ "vr": vr.to_string() });
    }
    let is_one = matches!(vr, VR::LT | VR::ST | VR::UT | VR::UR);
    let values = if is_one { vec![text] } else { text.split('\\').collect() };
    let value = |text: &str| match vr {
        VR::PN => json!({ "Alphabetic": text }),
        _ => text.into(),
    };
    json!({ "vr": vr.to_string(), "Value": values.into_iter().map(value).collect::<Vec<_>>() })
}
