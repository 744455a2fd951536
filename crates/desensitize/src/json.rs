//! JSON that is no FHIR: a policy says which fields hold what, and else their names do; every other
//! string is searched, and so are the names of fields.

use dicom_core::{
    Tag,
    dictionary::{DataDictionary, DataDictionaryEntry},
};
use dicom_dictionary_std::StandardDataDictionary;
use emrshare_recognize::{kind_of_part, value_of_field};
use serde_json::Value;

use crate::{
    Class, DocumentKind, Policy, Report,
    known::Known,
    place::Place,
    scrub::{Scrubber, class_of},
    treat::Outcome,
};

/// Adds the values of the fields that the policy names, and those that are named like what they hold.
pub(crate) fn collect(value: &Value, policy: &Policy, known: &mut Known) {
    let mut place = Place::new(DocumentKind::Json);
    let mut add = |text: &str, names: Names<'_>, place: &Place| {
        if let Some(class) = policy.class_of_json(|| place.field()) {
            known.insert(class, text, 3);
        } else if let Some(class) = names.class_of(text)
            && class != Class::Date
        {
            known.insert(class, text.trim(), if class == Class::Name { 3 } else { 5 });
        }
    };
    visit(value, Names::default(), &mut place, &mut add);
}

/// The names of the field that a value or its array is in, and of the object that has this field.
#[derive(Clone, Copy, Debug, Default)]
struct Names<'a> {
    owner: &'a str,
    field: &'a str,
}

impl<'a> Names<'a> {
    /// Of a field of the object that is called so.
    fn within(self, field: &'a str) -> Self {
        const VALUES: [&str; 5] = ["value", "Value", "Alphabetic", "Ideographic", "Phonetic"];
        if VALUES.contains(&field) && self.class_is_told() {
            return self;
        }
        Self { owner: self.field, field: keyword(field).unwrap_or(field) }
    }

    fn class_is_told(self) -> bool {
        kind_of_part(self.owner, self.field).is_some()
    }

    /// What the field holds, by its name.
    fn class_of(self, text: &str) -> Option<Class> {
        let kind = kind_of_part(self.owner, self.field)?;
        value_of_field(kind, text)?;
        Some(class_of(kind))
    }
}

/// What a DICOM attribute is called whose number is a field's name (PS3.18, annex F).
fn keyword(field: &str) -> Option<&'static str> {
    let number = (field.len() == 8).then(|| u32::from_str_radix(field, 16).ok())??;
    let tag = Tag((number >> 16) as u16, (number & 0xffff) as u16);
    StandardDataDictionary.by_tag(tag).map(|entry| entry.alias())
}

type Found<'a> = dyn FnMut(&str, Names<'_>, &Place) + 'a;

/// Visits strings and numbers.
fn visit(value: &Value, names: Names<'_>, place: &mut Place, found: &mut Found<'_>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                place.push(key);
                visit(value, names.within(key), place, found);
                place.pop();
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                place.push_number(number);
                visit(item, names, place, found);
                place.pop();
            }
        }
        Value::String(text) => found(text, names, place),
        Value::Number(number) => found(&number.to_string(), names, place),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Treats every field.
pub(crate) fn treat(value: &mut Value, scrubber: &Scrubber<'_>, report: &mut Report) {
    let place = Place::new(DocumentKind::Json);
    Walk { scrubber, report, place }.value(value, Names::default());
}

struct Walk<'a> {
    scrubber: &'a Scrubber<'a>,
    report: &'a mut Report,
    place: Place,
}

impl Walk<'_> {
    /// Treats a value; `false` if it goes with its key.
    fn value(&mut self, value: &mut Value, names: Names<'_>) -> bool {
        match value {
            Value::Object(object) => {
                for (key, mut value) in std::mem::take(object) {
                    self.place.push(key.as_str());
                    let stays = self.value(&mut value, names.within(&key));
                    let key = self.name(&key);
                    self.place.pop();
                    if stays {
                        object.insert(key, value);
                    }
                }
                true
            }
            Value::Array(items) => {
                let mut number = 0;
                items.retain_mut(|item| {
                    self.place.push_number(number);
                    number += 1;
                    let stays = self.value(item, names);
                    self.place.pop();
                    stays
                });
                true
            }
            Value::String(_) | Value::Number(_) => self.leaf(value, names),
            Value::Null | Value::Bool(_) => true,
        }
    }

    /// The name of a field. English ones are words that a model may take for names.
    fn name(&mut self, key: &str) -> String {
        if key.is_ascii() {
            self.scrubber.scrub_known(key, &self.place, self.report)
        } else {
            self.scrubber.scrub(key, &self.place, self.report)
        }
    }

    fn leaf(&mut self, value: &mut Value, names: Names<'_>) -> bool {
        let treatment = self.scrubber.treatment;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let class = treatment.policy.class_of_json(|| self.place.field());
        let Some(class) = class.or_else(|| names.class_of(&text)) else {
            let scrubbed = match is_code(&text) {
                true => self.scrubber.scrub_known(&text, &self.place, self.report),
                false => self.scrubber.scrub(&text, &self.place, self.report),
            };
            if scrubbed != text {
                *value = scrubbed.into();
            }
            return true;
        };
        match treatment.field(class, &text, &self.place, self.report) {
            Outcome::Stays => true,
            Outcome::Becomes(other) => {
                *value = other.into();
                true
            }
            Outcome::Null => {
                *value = Value::Null;
                true
            }
            Outcome::Gone => false,
        }
    }
}

/// Short keywords: DA, CT, NM.
fn is_code(text: &str) -> bool {
    const LEN_MAX: usize = 3;
    text.len() <= LEN_MAX && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}
