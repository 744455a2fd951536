//! FHIR resources, element by element.
//!
//! Elements are told apart by name and shape, so that resources of every type, contained ones and
//! extensions are treated alike. Codes, systems and units stay as they are; every other string is
//! searched.

use emrshare_record::Bundle;
use serde_json::{Map, Value, json};

use crate::{
    Class, DocumentKind, Evidence, Level, Report, Technique,
    address::Part,
    ages,
    elements::{
        any, extends_name, has_person_name, holds_address, holds_contact_point, holds_human_name,
        holds_identifier, is_id, is_number, is_person, is_person_string, is_place, names_person,
    },
    embedded,
    place::Place,
    scrub::Scrubber,
    treat::{Outcome, Treatment},
};

/// A Bundle in which nothing identifies anybody.
pub(crate) fn treat(bundle: &Bundle, scrubber: &Scrubber<'_>, report: &mut Report) -> Bundle {
    let mut copy = bundle.clone();
    treat_resource(copy.as_value_mut(), scrubber, report);
    copy
}

/// Treats a resource of any type.
pub(crate) fn treat_resource(resource: &mut Value, scrubber: &Scrubber<'_>, report: &mut Report) {
    treat_resource_at(Place::new(DocumentKind::Fhir), resource, scrubber, report);
}

/// The same of one that stands there.
pub(crate) fn treat_resource_at(
    place: Place,
    resource: &mut Value,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
) {
    Walk::new(place, scrubber, report).object("", "resource", resource);
}

/// Treats an entry of a Bundle; whether anything of it stays.
pub(crate) fn treat_entry(
    number: usize,
    entry: &mut Value,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
) -> bool {
    let mut walk = Walk::new(Place::of_entry(number), scrubber, report);
    walk.object("Bundle", "entry", entry);
    entry.as_object().is_some_and(|entry| !entry.is_empty())
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
    place: Place,
    around: Around,
}

/// What the object says in which an element stands.
#[derive(Clone, Copy, Debug, Default)]
struct Around {
    /// It is a Reference to a person.
    names_person: bool,
    /// Its `name` is a person's.
    has_person_name: bool,
    /// It is an Extension whose value is a person's name.
    extends_name: bool,
    /// It is an Attachment.
    is_attachment: bool,
    /// Its value is an age.
    observes_age: bool,
}

/// What becomes of an element.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Stays,
    /// It is gone, and its place says that it was masked.
    Null,
    Gone,
}

impl<'a> Walk<'a> {
    fn new(place: Place, scrubber: &'a Scrubber<'a>, report: &'a mut Report) -> Self {
        let around = Around::default();
        Self { treatment: scrubber.treatment, scrubber, report, place, around }
    }

    fn object(&mut self, kind: &str, owner: &str, value: &mut Value) {
        let Value::Object(object) = value else { return };
        let own_kind = object.get("resourceType").and_then(Value::as_str).map(str::to_owned);
        let outer = own_kind.as_ref().map(|kind| self.place.enter(kind));
        let kind = own_kind.as_deref().unwrap_or(kind).to_owned();
        let around = Around {
            names_person: names_person(owner, object),
            has_person_name: has_person_name(&kind, owner),
            extends_name: extends_name(&kind, object),
            is_attachment: is_attachment(owner, object),
            observes_age: ages::observes_age(object),
        };
        let keys: Vec<_> = object.keys().cloned().collect();
        for key in keys {
            let Some(mut value) = object.remove(&key) else { continue };
            self.around = around;
            self.place.push(key.as_str());
            if !is_element_name(&key) {
                self.drop_unknown();
                self.place.pop();
                continue;
            }
            match self.element(&kind, &key, &mut value, object) {
                Fate::Stays => {
                    object.insert(key, value);
                }
                Fate::Null if value.is_object() || value.is_array() => {
                    object.insert(key, absent());
                }
                Fate::Null => {
                    object.insert(format!("_{key}"), absent());
                }
                Fate::Gone => {}
            }
            self.place.pop();
        }
        outer.into_iter().for_each(|outer| self.place.leave(outer));
    }

    /// Treats an element.
    fn element(
        &mut self,
        kind: &str,
        key: &str,
        value: &mut Value,
        owner: &Map<String, Value>,
    ) -> Fate {
        match key {
            key if holds_human_name(kind, key, value) => self.each(value, Self::human_name),
            "name" if self.around.has_person_name && value.is_string() => {
                self.string(Class::Name, value)
            }
            "valueString" if self.around.extends_name => self.string(Class::Name, value),
            key if is_person_string(key) && value.is_string() => self.string(Class::Name, value),
            "name" | "alias" if is_place(kind) => self.each(value, Self::organisation),
            "publisher" if value.is_string() => self.organisation(value),
            // Of the message that is answered.
            "identifier" if value.is_string() => self.number(value),
            // A group of the insured, such as those who work for somebody.
            "name" | "value" if kind == "Coverage" && value.is_string() => self.number(value),
            key if holds_identifier(key, value) => self.each(value, Self::identifier),
            key if is_number(key) && any(value, Value::is_string) => self.each(value, Self::number),
            "carrierAIDC" => self.drop(Class::Identifier),
            key if holds_contact_point(key, value) => self.each(value, Self::contact_point),
            key if holds_address(key, value) => self.each(value, Self::address),
            "photo" => self.drop(Class::Photo),
            "position" if kind == "Location" => self.drop(Class::Address),
            "contact" if is_person(kind) || kind == "Organization" => self.drop(Class::Contact),
            "data" if self.around.is_attachment || value.as_str().is_some_and(is_no_sample) => {
                self.data(value, owner)
            }
            // They are the original's.
            "hash" | "size" if self.around.is_attachment => Fate::Gone,
            key if is_id(key) && value.is_string() => self.token(value),
            "fullUrl" | "reference" if value.is_string() => self.reference(value),
            "display" if self.around.names_person => self.string(Class::Name, value),
            "display" if owner.contains_key("code") => self.coded(value),
            "meta" => {
                self.object(kind, key, value);
                Fate::Stays
            }
            "url" if self.around.is_attachment => self.drop(Class::Contact),
            key if key.ends_with("Base64Binary") => self.drop(Class::Photo),
            "signature" | "who" if value.is_string() => self.drop(Class::Name),
            key if ages::holds_age(key) || (self.around.observes_age && is_value(key)) => {
                match self.age(value) {
                    Fate::Stays => self.other(kind, key, value),
                    gone => gone,
                }
            }
            _ => self.other(kind, key, value),
        }
    }

    fn other(&mut self, kind: &str, key: &str, value: &mut Value) -> Fate {
        match value {
            Value::String(text)
                if (is_date(text) && is_date_key(key)) || (is_year(text) && holds_date(key)) =>
            {
                self.date(kind, key, value)
            }
            Value::String(text) if is_free_text(key) && text.starts_with("urn:uuid:") => {
                self.reference(value)
            }
            Value::String(text) if is_free_text(key) => {
                *text = self.scrubber.scrub(text, &self.place, self.report);
                Fate::Stays
            }
            Value::Array(items) => self.retain(items, |walk, item| match item {
                Value::Object(_) => {
                    walk.object(kind, key, item);
                    item.as_object().is_some_and(|object| !object.is_empty())
                }
                _ => walk.other(kind, key, item) == Fate::Stays,
            }),
            Value::Object(_) => {
                self.object(kind, key, value);
                if value.as_object().is_none_or(Map::is_empty) { Fate::Gone } else { Fate::Stays }
            }
            Value::Number(number) => match self.scrubber.class_of_number(&number.to_string()) {
                Some(class) => self.drop(class),
                None => Fate::Stays,
            },
            _ => Fate::Stays,
        }
    }

    /// Ages over 89 in an Age, a Range, a Quantity, a number or a text.
    fn age(&mut self, value: &mut Value) -> Fate {
        match value {
            Value::Object(object) => {
                let in_years = ages::is_in_years(object);
                let parts = ["low", "high", "value"].into_iter();
                for part in parts.filter(|part| *part != "value" || in_years) {
                    let fate = object.get_mut(part).map_or(Fate::Stays, |part| self.age(part));
                    if fate != Fate::Stays {
                        return fate;
                    }
                }
                Fate::Stays
            }
            Value::Number(number) if number.as_f64().is_some_and(ages::is_old) => {
                match self.treated_age(&number.to_string()) {
                    Outcome::Stays => Fate::Stays,
                    Outcome::Null => Fate::Null,
                    Outcome::Becomes(age) => age.parse::<u8>().map_or(Fate::Gone, |age| {
                        *number = age.into();
                        Fate::Stays
                    }),
                    Outcome::Gone => Fate::Gone,
                }
            }
            Value::String(text) => {
                for range in ages::old_in(text).into_iter().rev() {
                    let age = &text[range.clone()];
                    let put = self.treated_age(age).or_gone(age);
                    text.replace_range(range, put.as_deref().unwrap_or("[age]"));
                }
                Fate::Stays
            }
            _ => Fate::Stays,
        }
    }

    fn treated_age(&mut self, age: &str) -> Outcome {
        self.treatment.field(Class::Age, age, &self.place, self.report)
    }

    fn each(&mut self, value: &mut Value, treat: fn(&mut Self, &mut Value) -> Fate) -> Fate {
        let Value::Array(items) = value else { return treat(self, value) };
        self.retain(items, |walk, item| {
            let fate = treat(walk, item);
            if fate == Fate::Null {
                *item = absent();
            }
            fate != Fate::Gone
        })
    }

    /// Treats items, each at its place; an array of which nothing stays goes.
    fn retain(
        &mut self,
        items: &mut Vec<Value>,
        mut stays: impl FnMut(&mut Self, &mut Value) -> bool,
    ) -> Fate {
        let mut number = 0;
        items.retain_mut(|item| {
            self.place.push_number(number);
            number += 1;
            let stays = stays(self, item);
            self.place.pop();
            stays
        });
        if items.is_empty() { Fate::Gone } else { Fate::Stays }
    }

    /// What has no element's name is none, and its name may be anybody's.
    fn drop_unknown(&mut self) {
        let (class, technique) = (Class::Identifier, Technique::Delete);
        self.treatment.report(class, technique, Evidence::Field, &self.place, self.report);
    }

    /// An element that goes unless the policy keeps its class, or keeps its place.
    fn drop(&mut self, class: Class) -> Fate {
        let (fate, technique) = match self.treatment.technique(class, &self.place) {
            Technique::Keep => return Fate::Stays,
            Technique::Null => (Fate::Null, Technique::Null),
            _ => (Fate::Gone, Technique::Delete),
        };
        self.treatment.report(class, technique, Evidence::Field, &self.place, self.report);
        fate
    }

    /// Embedded text is treated like any other; anything else goes with what may show a person.
    fn data(&mut self, value: &mut Value, owner: &Map<String, Value>) -> Fate {
        let Some(text) = embedded::text(owner, value) else { return self.drop(Class::Photo) };
        *value = embedded::data(&self.scrubber.scrub(&text, &self.place, self.report)).into();
        Fate::Stays
    }

    fn string(&mut self, class: Class, value: &mut Value) -> Fate {
        let Value::String(text) = value else { return Fate::Gone };
        match self.treatment.field(class, text, &self.place, self.report) {
            Outcome::Stays => Fate::Stays,
            Outcome::Becomes(treated) => {
                *text = treated;
                Fate::Stays
            }
            Outcome::Null => Fate::Null,
            Outcome::Gone => Fate::Gone,
        }
    }

    fn number(&mut self, value: &mut Value) -> Fate {
        self.string(Class::Identifier, value)
    }

    /// The display of a code is the vocabulary's text: only what is known or certain is looked for.
    fn coded(&mut self, value: &mut Value) -> Fate {
        if let Value::String(text) = value {
            *text = self.scrubber.scrub_known(text, &self.place, self.report);
        }
        Fate::Stays
    }

    /// A name that the policy keeps may still hold a place or a person.
    fn organisation(&mut self, value: &mut Value) -> Fate {
        let is_kept = self.treatment.technique(Class::Organisation, &self.place) == Technique::Keep;
        let fate = self.string(Class::Organisation, value);
        if let Value::String(name) = value
            && is_kept
        {
            *name = self.scrubber.scrub(name, &self.place, self.report);
        }
        fate
    }

    /// A HumanName becomes its surrogate as `text`.
    fn human_name(&mut self, value: &mut Value) -> Fate {
        let part = |key: &str| match value.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(items)) => {
                items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
            }
            _ => String::new(),
        };
        let (family, given, text) = (part("family"), part("given"), part("text"));
        let name = if family.is_empty() { text } else { format!("{family} {given}") };
        self.put("text", value, |walk| {
            walk.treatment.field(Class::Name, &name, &walk.place, walk.report)
        })
    }

    /// A telephone number or mail address keeps only its `value`, treated.
    fn contact_point(&mut self, value: &mut Value) -> Fate {
        let Some(Value::String(number)) = value.get("value").cloned() else { return Fate::Gone };
        self.put("value", value, |walk| {
            walk.treatment.field(Class::Contact, &number, &walk.place, walk.report)
        })
    }

    /// Leaves of an object one element, with what becomes of it.
    fn put(
        &mut self,
        key: &str,
        value: &mut Value,
        treat: impl FnOnce(&mut Self) -> Outcome,
    ) -> Fate {
        match treat(self) {
            Outcome::Stays => Fate::Stays,
            Outcome::Becomes(treated) => {
                *value = json!({ key: treated });
                Fate::Stays
            }
            Outcome::Null => Fate::Null,
            Outcome::Gone => Fate::Gone,
        }
    }

    fn identifier(&mut self, value: &mut Value) -> Fate {
        let system = value.get("system").cloned();
        let Some(Value::String(number)) = value.get("value").cloned() else { return Fate::Gone };
        let fate = match number.strip_prefix("urn:oid:") {
            Some(uid) => {
                *value = json!({ "value": format!("urn:oid:{}", self.treatment.uid(uid)) });
                Fate::Stays
            }
            None => self.put("value", value, |walk| {
                walk.treatment.field(Class::Identifier, &number, &walk.place, walk.report)
            }),
        };
        if let Some(Value::String(system)) = system
            && fate == Fate::Stays
        {
            value["system"] = self.scrubber.scrub_known(&system, &self.place, self.report).into();
        }
        fate
    }

    /// An Address keeps the parts that are as large as the policy says, its country at least.
    fn address(&mut self, value: &mut Value) -> Fate {
        const PARTS: [(&str, Part); 4] = [
            ("country", Part::Country),
            ("state", Part::Province),
            ("city", Part::City),
            ("district", Part::District),
        ];
        let technique = self.treatment.technique(Class::Address, &self.place);
        let level = match technique {
            Technique::Keep => return Fate::Stays,
            Technique::Generalize(level) => level,
            _ => Level::Country,
        };
        self.treatment.report(Class::Address, technique, Evidence::Field, &self.place, self.report);
        let stay = PARTS.iter().filter(|(_, part)| part.stays(level));
        let kept: Map<_, _> = stay
            .filter_map(|(key, _)| Some(((*key).to_owned(), value.get(*key)?.clone())))
            .collect();
        match technique {
            Technique::Null => Fate::Null,
            _ if kept.is_empty() => Fate::Gone,
            _ => {
                *value = kept.into();
                Fate::Stays
            }
        }
    }

    /// Ids tie resources together, so they become tokens that still do.
    fn token(&mut self, value: &mut Value) -> Fate {
        if let Value::String(id) = value {
            let is_uid = id.contains('.') && id.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            *id = if is_uid { self.treatment.uid(id) } else { self.treatment.token(id) };
        }
        Fate::Stays
    }

    fn reference(&mut self, value: &mut Value) -> Fate {
        let Value::String(reference) = value else { return Fate::Stays };
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
        Fate::Stays
    }

    /// A date keeps what the policy leaves; an instant must stay whole, so it becomes the start of
    /// its year or month.
    fn date(&mut self, kind: &str, key: &str, value: &mut Value) -> Fate {
        let fate = self.string(Class::Date, value);
        if let Value::String(text) = value
            && fate == Fate::Stays
            && is_instant(kind, key)
        {
            match text.len() {
                4 => text.push_str("-01-01T00:00:00Z"),
                7 => text.push_str("-01T00:00:00Z"),
                _ => {}
            }
        }
        fate
    }
}

/// Elements that are an Observation's value, if it is a number.
fn is_value(key: &str) -> bool {
    matches!(key, "valueInteger" | "valueQuantity" | "valueRange" | "valueString")
}

/// Whether an element is an `instant` of FHIR R4, or may be written as one.
fn is_instant(kind: &str, key: &str) -> bool {
    match key {
        "issued" | "lastUpdated" | "timestamp" | "created" | "recorded" | "when" => true,
        "start" | "end" => {
            matches!(kind, "Appointment" | "AppointmentResponse" | "Slot" | "Subscription")
        }
        "date" => kind == "DocumentReference",
        _ => key.ends_with("Instant"),
    }
}

/// Whether an object is an Attachment, or else a Binary: by its type of content or where it stands.
fn is_attachment(owner: &str, object: &Map<String, Value>) -> bool {
    const PLACES: [&str; 7] =
        ["attachment", "content", "document", "form", "formatted", "image", "presentedForm"];
    object.contains_key("contentType") || PLACES.contains(&owner) || owner.ends_with("Attachment")
}

/// Whether `data` cannot be those of a SampledData: decimals, and E, U and L for what was not measured.
fn is_no_sample(data: &str) -> bool {
    !data.bytes().all(|byte| {
        matches!(byte, b'0'..=b'9' | b' ' | b'.' | b'+' | b'-' | b'e' | b'E' | b'U' | b'L')
    })
}

/// What FHIR puts where something was taken away.
fn absent() -> Value {
    const REASON: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
    json!({ "extension": [{ "url": REASON, "valueCode": "masked" }] })
}

/// FHIR's elements are called by ASCII letters and digits; `_` begins what is said of a primitive.
fn is_element_name(key: &str) -> bool {
    key.bytes()
        .enumerate()
        .all(|(at, byte)| byte.is_ascii_alphanumeric() || (at == 0 && byte == b'_'))
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 7
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && bytes[5..7].iter().all(u8::is_ascii_digit)
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Elements of which four digits are a year (FHIR R4: date and dateTime may end there).
fn holds_date(key: &str) -> bool {
    matches!(
        key,
        "start" | "end" | "date" | "authored" | "authoredOn" | "issued" | "sent" | "received"
    ) || key.ends_with("Date")
        || key.ends_with("DateTime")
}

fn is_date_key(key: &str) -> bool {
    !matches!(key, "div" | "text" | "display" | "valueString" | "version" | "code" | "value")
}
