//! FHIR resources, element by element.
//!
//! Elements are told apart by name and shape, so that resources of every type, contained ones and
//! extensions are treated alike. Codes, systems and units stay as they are; every other string is
//! searched.

use emrshare_record::Bundle;
use serde_json::{Map, Value, json};

use crate::{
    Class, Report, Technique,
    collect::{is_person, names_person},
    scrub::Scrubber,
    treat::Treatment,
};

/// A Bundle in which nothing identifies anybody.
pub(crate) fn treat(
    bundle: &Bundle,
    treatment: &Treatment<'_>,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
) -> Bundle {
    let mut copy = bundle.clone();
    treat_resource(copy.as_value_mut(), treatment, scrubber, report);
    copy
}

/// Treats a resource of any type.
pub(crate) fn treat_resource(
    resource: &mut Value,
    treatment: &Treatment<'_>,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
) {
    let mut walk = Walk { treatment, scrubber, report, names_person: false };
    walk.object("", "resource", resource);
}

/// Whether a string element is text that people wrote, in contrast to codes and keywords.
pub(crate) fn is_free_text(key: &str) -> bool {
    !matches!(
        key,
        "resourceType"
            | "code"
            | "system"
            | "unit"
            | "status"
            | "use"
            | "type"
            | "kind"
            | "mode"
            | "contentType"
            | "language"
            | "version"
            | "profile"
            | "url"
            | "intent"
            | "priority"
            | "gender"
            | "id"
            | "fullUrl"
            | "reference"
            | "method"
            | "comparator"
            | "rank"
    )
}

struct Walk<'a> {
    treatment: &'a Treatment<'a>,
    scrubber: &'a Scrubber<'a>,
    report: &'a mut Report,
    /// Whether the object at hand is a Reference to a person.
    names_person: bool,
}

impl Walk<'_> {
    fn object(&mut self, kind: &str, owner: &str, value: &mut Value) {
        let Value::Object(object) = value else { return };
        let kind = object.get("resourceType").and_then(Value::as_str).unwrap_or(kind).to_owned();
        let names_person = names_person(owner, object);
        let keys: Vec<_> = object.keys().cloned().collect();
        for key in keys {
            let Some(mut value) = object.remove(&key) else { continue };
            self.names_person = names_person;
            if self.element(&kind, &key, &mut value, object) {
                object.insert(key, value);
            }
        }
    }

    /// Treats an element; `false` if it goes away.
    fn element(
        &mut self,
        kind: &str,
        key: &str,
        value: &mut Value,
        owner: &Map<String, Value>,
    ) -> bool {
        match key {
            "name" if is_person(kind) => self.each(value, Self::human_name),
            "name" if kind == "Organization" || kind == "Location" => self.organisation(value),
            "identifier" => self.each(value, Self::identifier),
            "subscriberId" => self.string(Class::Identifier, value),
            "telecom" => self.drop(Class::Contact),
            "address" => self.each(value, Self::address),
            "photo" => self.drop(Class::Photo),
            "position" if kind == "Location" => self.drop(Class::Address),
            "contact" if is_person(kind) || kind == "Organization" => self.drop(Class::Contact),
            "data"
                if owner.contains_key("contentType")
                    || value.as_str().is_some_and(|d| d.len() > 512) =>
            {
                self.drop(Class::Photo)
            }
            "id" | "uid" if value.is_string() => self.token(value),
            "fullUrl" | "reference" if value.is_string() => self.reference(value),
            "display" if self.names_person => self.string(Class::Name, value),
            "display" if owner.contains_key("code") => self.coded(value),
            "meta" => {
                self.object(kind, key, value);
                true
            }
            "url" if owner.contains_key("contentType") => self.drop(Class::Contact),
            "valueHumanName" => self.human_name(value),
            "valueAddress" => self.address(value),
            "valueContactPoint" => self.drop(Class::Contact),
            "valueIdentifier" => self.identifier(value),
            "signature" | "who" if value.is_string() => self.drop(Class::Name),
            _ => self.other(kind, key, value),
        }
    }

    fn other(&mut self, kind: &str, key: &str, value: &mut Value) -> bool {
        match value {
            Value::String(text) if is_date(text) && is_date_key(key) => self.date(key, value),
            Value::String(text) if is_free_text(key) => {
                *text = self.scrubber.scrub(text, self.report);
                true
            }
            Value::Array(items) => {
                items.retain_mut(|item| match item {
                    Value::Object(_) => {
                        self.object(kind, key, item);
                        item.as_object().is_some_and(|object| !object.is_empty())
                    }
                    _ => self.other(kind, key, item),
                });
                !items.is_empty()
            }
            Value::Object(_) => {
                self.object(kind, key, value);
                value.as_object().is_some_and(|object| !object.is_empty())
            }
            _ => true,
        }
    }

    fn each(&mut self, value: &mut Value, treat: fn(&mut Self, &mut Value) -> bool) -> bool {
        match value {
            Value::Array(items) => {
                items.retain_mut(|item| treat(self, item));
                !items.is_empty()
            }
            single => treat(self, single),
        }
    }

    fn drop(&mut self, class: Class) -> bool {
        let keep = self.treatment.technique(class) == Technique::Keep;
        if !keep {
            self.report.count(class, Technique::Delete);
        }
        keep
    }

    fn string(&mut self, class: Class, value: &mut Value) -> bool {
        let Value::String(text) = value else { return false };
        match self.treatment.value(class, text, self.report) {
            Some(treated) => {
                *text = treated;
                true
            }
            None => false,
        }
    }

    /// The display of a code is the vocabulary's text: only what is known or certain is looked for.
    fn coded(&mut self, value: &mut Value) -> bool {
        if let Value::String(text) = value {
            *text = self.scrubber.scrub_known(text, self.report);
        }
        true
    }

    /// A name that the policy keeps may still hold a place or a person.
    fn organisation(&mut self, value: &mut Value) -> bool {
        let kept = self.string(Class::Organisation, value);
        if let Value::String(name) = value
            && kept
        {
            *name = self.scrubber.scrub(name, self.report);
        }
        kept
    }

    /// A HumanName becomes its surrogate as `text`; an organisation's contact name as well.
    fn human_name(&mut self, value: &mut Value) -> bool {
        let part = |key: &str| match value.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(items)) => {
                items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
            }
            _ => String::new(),
        };
        let (family, given, text) = (part("family"), part("given"), part("text"));
        let name = if family.is_empty() { text } else { format!("{family} {given}") };
        match self.treatment.value(Class::Name, &name, self.report) {
            Some(treated) => {
                *value = json!({ "text": treated });
                true
            }
            None => false,
        }
    }

    fn identifier(&mut self, value: &mut Value) -> bool {
        let Value::Object(object) = value else { return false };
        let system = object.get("system").cloned();
        let Some(Value::String(number)) = object.get("value") else { return false };
        let treated = match number.strip_prefix("urn:oid:") {
            Some(uid) => Some(format!("urn:oid:{}", self.treatment.uid(uid))),
            None => self.treatment.value(Class::Identifier, number, self.report),
        };
        let Some(treated) = treated else { return false };
        *value = json!({ "value": treated });
        if let Some(Value::String(system)) = system {
            value["system"] = self.scrubber.scrub_known(&system, self.report).into();
        }
        true
    }

    /// The country stays: a Safe Harbor address keeps nothing smaller than a state.
    fn address(&mut self, value: &mut Value) -> bool {
        if self.treatment.technique(Class::Address) == Technique::Keep {
            return true;
        }
        self.report.count(Class::Address, self.treatment.technique(Class::Address));
        match value.get("country").cloned() {
            Some(country) => {
                *value = json!({ "country": country });
                true
            }
            None => false,
        }
    }

    /// Ids tie resources together, so they become tokens that still do.
    fn token(&mut self, value: &mut Value) -> bool {
        if let Value::String(id) = value {
            let is_uid = id.contains('.') && id.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            *id = if is_uid { self.treatment.uid(id) } else { self.treatment.token(id) };
        }
        true
    }

    fn reference(&mut self, value: &mut Value) -> bool {
        let Value::String(reference) = value else { return true };
        let treated = match reference.rsplit_once(['/', ':']) {
            Some((head, id)) if head.starts_with("http") => {
                let kind = head.rsplit('/').next().unwrap_or_default();
                format!("{kind}/{}", self.treatment.token(id))
            }
            Some((head, id)) => {
                let separator = if head.starts_with("urn") { ':' } else { '/' };
                format!("{head}{separator}{}", self.treatment.token(id))
            }
            None => match reference.strip_prefix('#') {
                Some(id) => format!("#{}", self.treatment.token(id)),
                None => self.treatment.token(reference),
            },
        };
        *reference = treated;
        true
    }

    /// A date keeps what the policy leaves; an instant must stay whole, so it becomes the start of
    /// its year.
    fn date(&mut self, key: &str, value: &mut Value) -> bool {
        let kept = self.string(Class::Date, value);
        if let Value::String(text) = value
            && kept
            && text.len() == 4
            && matches!(key, "issued" | "lastUpdated" | "timestamp" | "created" | "recorded")
        {
            text.push_str("-01-01T00:00:00Z");
        }
        kept
    }
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 7
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes[5..7].iter().all(u8::is_ascii_digit)
}

fn is_date_key(key: &str) -> bool {
    !matches!(key, "div" | "text" | "display" | "valueString" | "version" | "code" | "value")
}
