//! Data sets in JSON (PS3.18, annex F), as DICOMweb answers with them: metadata without pixels.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use serde_json::{Map, Value, json};

use super::{Decision, METHOD, Walk, keyword};
use crate::{
    Class, DocumentKind, Report, Technique,
    collect::{self, Patient},
    known::Known,
    place::Place,
    scrub::Scrubber,
};

/// The group of pixel data.
const PIXELS: u16 = 0x7fe0;

/// Adds what a data set says of people.
pub(crate) fn collect(data_set: &Map<String, Value>, known: &mut Known) {
    let patient = Patient::of(&|tag| data_set.get(&name(tag)).map(text));
    patient.set(known);
    collect_data_set(data_set, &patient, known);
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

/// Treats a data set, which may be the `number`th of a list. Pixels in base64 go, as nobody looked at
/// them, and so do addresses of what is elsewhere.
pub(crate) fn treat(
    data_set: &mut Map<String, Value>,
    number: Option<usize>,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
) {
    let institution = data_set.get(&name(tags::INSTITUTION_NAME)).map(text);
    let institution = institution.unwrap_or_default().trim().to_lowercase();
    let mut place = Place::new(DocumentKind::Dicom);
    number.into_iter().for_each(|number| place.push_number(number));
    Walk { treatment: scrubber.treatment, scrubber, report, place, institution }
        .json_data_set(data_set);
    let mut say = |tag, vr: &str, text: &str| {
        data_set.insert(name(tag), json!({ "vr": vr, "Value": [text] }));
    };
    say(tags::PATIENT_IDENTITY_REMOVED, "CS", "YES");
    say(tags::DEIDENTIFICATION_METHOD, "LO", METHOD);
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

/// The attribute that a name is the number of, group and element in eight digits.
pub(crate) fn tag(name: &str) -> Option<Tag> {
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
