//! JSON that is no FHIR: a policy says which fields hold what, and else their names do; every other
//! string is searched, and so are the names of fields.

use std::io::{Read, Write};

use dicom_core::{
    Tag,
    dictionary::{DataDictionary, DataDictionaryEntry},
};
use dicom_dictionary_std::StandardDataDictionary;
use emrshare_recognize::{kind_of_part, value_of_field};
use json_event_parser::{JsonEvent, WriterJsonSerializer};

use super::reader::{Event, Reader};
use crate::{
    Class, DesensitizeError, DocumentKind, Policy, Report, embedded,
    fhir::is_free_text,
    known::Known,
    place::Place,
    report::no_leak,
    scrub::{Scrubber, class_of, is_long_number},
    treat::Outcome,
};

/// Adds the values of the fields that the policy names, and those that are named like what they hold.
pub(super) fn collect(
    input: impl Read,
    policy: &Policy,
    known: &mut Known,
) -> Result<(), DesensitizeError> {
    let mut reader = Reader::new(input);
    let start = reader.next()?;
    let place = Place::new(DocumentKind::Json);
    Collect { reader, policy, known, place }.value(start, Names::default())
}

struct Collect<'a, R: Read> {
    reader: Reader<R>,
    policy: &'a Policy,
    known: &'a mut Known,
    place: Place,
}

impl<R: Read> Collect<'_, R> {
    fn value(&mut self, start: Event, names: Names<'_>) -> Result<(), DesensitizeError> {
        match start {
            Event::Object => {
                while let Some((key, start)) = self.reader.member()? {
                    self.place.push(key.as_str());
                    self.value(start, names.within(&key))?;
                    self.place.pop();
                }
            }
            Event::Array => {
                for number in 0.. {
                    let Some(start) = self.reader.item()? else { break };
                    self.place.push_number(number);
                    self.value(start, names)?;
                    self.place.pop();
                }
            }
            Event::Text(text) | Event::Number(text) => {
                self.leaf(&text, names);
                self.known.check()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn leaf(&mut self, text: &str, names: Names<'_>) {
        if let Some(class) = self.policy.class_of_json(|| self.place.field()) {
            self.known.insert(class, text, 3);
        } else if let Some(class) = names.class_of(text)
            && class != Class::Date
        {
            self.known.insert(class, text.trim(), if class == Class::Name { 3 } else { 5 });
        }
    }
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

/// Treats every field, in the order in which they stand; what is written is searched again.
pub(super) fn treat(
    input: impl Read,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
    output: impl Write,
) -> Result<(), DesensitizeError> {
    let mut reader = Reader::new(input);
    let start = reader.next()?;
    let writer = WriterJsonSerializer::new(output);
    let place = Place::new(DocumentKind::Json);
    Treat { reader, writer, scrubber, report, place }.value(None, start, Names::default())
}

struct Treat<'a, R: Read, W: Write> {
    reader: Reader<R>,
    writer: WriterJsonSerializer<W>,
    scrubber: &'a Scrubber<'a>,
    report: &'a mut Report,
    place: Place,
}

impl<R: Read, W: Write> Treat<'_, R, W> {
    /// Treats the value that begins so, of the member of this name if it is one.
    fn value(
        &mut self,
        key: Option<&str>,
        start: Event,
        names: Names<'_>,
    ) -> Result<(), DesensitizeError> {
        match start {
            Event::Object => {
                self.write(key, JsonEvent::StartObject)?;
                while let Some((key, start)) = self.reader.member()? {
                    self.place.push(key.as_str());
                    self.value(Some(&key), start, names.within(&key))?;
                    self.place.pop();
                }
                self.write(None, JsonEvent::EndObject)
            }
            Event::Array => {
                self.write(key, JsonEvent::StartArray)?;
                for number in 0.. {
                    let Some(start) = self.reader.item()? else { break };
                    self.place.push_number(number);
                    self.value(None, start, names)?;
                    self.place.pop();
                }
                self.write(None, JsonEvent::EndArray)
            }
            Event::Text(text) | Event::Key(text) => match self.leaf(&text, names) {
                Outcome::Stays => self.write_text(key, &text),
                outcome => self.write_outcome(key, outcome),
            },
            Event::Number(number) => match self.leaf(&number, names) {
                Outcome::Stays => self.write_number(key, &number),
                outcome => self.write_outcome(key, outcome),
            },
            Event::Bool(value) => self.write(key, JsonEvent::Boolean(value)),
            Event::Null | Event::End => self.write(key, JsonEvent::Null),
        }
    }

    /// What becomes of a string or a number.
    fn leaf(&mut self, text: &str, names: Names<'_>) -> Outcome {
        let treatment = self.scrubber.treatment;
        let class = treatment.policy.class_of_json(|| self.place.field());
        if let Some(class) = class.or_else(|| names.class_of(text)) {
            return treatment.field(class, text, &self.place, self.report);
        }
        let scrubbed = match is_code(text) {
            true => self.scrubber.scrub_known(text, &self.place, self.report),
            false => self.scrubber.scrub(text, &self.place, self.report),
        };
        if scrubbed == text { Outcome::Stays } else { Outcome::Becomes(scrubbed) }
    }

    fn write_outcome(
        &mut self,
        key: Option<&str>,
        outcome: Outcome,
    ) -> Result<(), DesensitizeError> {
        match outcome {
            Outcome::Becomes(text) => self.write_text(key, &text),
            Outcome::Null => self.write(key, JsonEvent::Null),
            Outcome::Stays | Outcome::Gone => Ok(()),
        }
    }

    fn write_text(&mut self, key: Option<&str>, text: &str) -> Result<(), DesensitizeError> {
        if key.is_none_or(is_free_text) {
            let embedded = if key == Some("data") { embedded::decoded(text) } else { None };
            self.check(embedded.as_deref().unwrap_or(text))?;
        }
        self.write(key, JsonEvent::String(text.into()))
    }

    fn write_number(&mut self, key: Option<&str>, number: &str) -> Result<(), DesensitizeError> {
        if is_long_number(number) {
            self.check(number)?;
        }
        self.write(key, JsonEvent::Number(number.into()))
    }

    /// That nothing is left in a text.
    fn check(&mut self, text: &str) -> Result<(), DesensitizeError> {
        let found = self.scrubber.leak_at(text, &self.place);
        no_leak(found.map(|class| (class, self.place.pointer())))
    }

    fn write(&mut self, key: Option<&str>, event: JsonEvent<'_>) -> Result<(), DesensitizeError> {
        if let Some(key) = key {
            let name = self.name(key);
            self.writer.serialize_event(JsonEvent::ObjectKey(name.into()))?;
        }
        Ok(self.writer.serialize_event(event)?)
    }

    /// The name of a field. English ones are words that a model may take for names.
    fn name(&mut self, key: &str) -> String {
        if key.is_ascii() {
            self.scrubber.scrub_known(key, &self.place, self.report)
        } else {
            self.scrubber.scrub(key, &self.place, self.report)
        }
    }
}

/// Short keywords: DA, CT, NM.
fn is_code(text: &str) -> bool {
    const LEN_MAX: usize = 3;
    text.len() <= LEN_MAX && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}
