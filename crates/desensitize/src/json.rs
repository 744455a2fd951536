//! JSON that is no FHIR: a policy says which fields hold what; every other string is searched, and
//! so are the names of fields.

use serde_json::Value;

use crate::{
    DocumentKind, Policy, Report, known::Known, place::Place, scrub::Scrubber, treat::Outcome,
};

/// Adds the values of the fields that the policy names.
pub(crate) fn collect(value: &Value, policy: &Policy, known: &mut Known) {
    let mut place = Place::new(DocumentKind::Json);
    let mut add = |text: &str, place: &Place| {
        if let Some(class) = policy.class_of_json(|| place.field()) {
            known.insert(class, text, 3);
        }
    };
    visit(value, &mut place, &mut add);
}

fn visit(value: &Value, place: &mut Place, found: &mut dyn FnMut(&str, &Place)) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                place.push(key);
                visit(value, place, found);
                place.pop();
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                place.push_number(number);
                visit(item, place, found);
                place.pop();
            }
        }
        Value::String(text) => found(text, place),
        Value::Number(number) => found(&number.to_string(), place),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Treats every field.
pub(crate) fn treat(value: &mut Value, scrubber: &Scrubber<'_>, report: &mut Report) {
    Walk { scrubber, report, place: Place::new(DocumentKind::Json) }.value(value);
}

struct Walk<'a> {
    scrubber: &'a Scrubber<'a>,
    report: &'a mut Report,
    place: Place,
}

impl Walk<'_> {
    /// Treats a value; `false` if it goes with its key.
    fn value(&mut self, value: &mut Value) -> bool {
        match value {
            Value::Object(object) => {
                for (key, mut value) in std::mem::take(object) {
                    self.place.push(key.as_str());
                    let stays = self.value(&mut value);
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
                    let stays = self.value(item);
                    self.place.pop();
                    stays
                });
                true
            }
            Value::String(_) | Value::Number(_) => self.leaf(value),
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

    fn leaf(&mut self, value: &mut Value) -> bool {
        let treatment = self.scrubber.treatment;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let Some(class) = treatment.policy.class_of_json(|| self.place.field()) else {
            let scrubbed = self.scrubber.scrub(&text, &self.place, self.report);
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
