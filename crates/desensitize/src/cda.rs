//! CDA documents in XML: C-CDA R2.1 and the Chinese ones of WS/T 500.
//!
//! Elements are told apart by name and by what they stand in. Codes stay; names, identifiers,
//! addresses and contacts are treated by the policy; comments, processing instructions and embedded
//! media go; all other text is searched, embedded text too.

use quick_xml::{
    Reader, Writer, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesEnd, BytesRef, BytesStart, BytesText, Event},
};

use crate::{
    Class, DocumentKind, Level, Report, Technique,
    address::Part,
    ages, embedded,
    known::Known,
    place::Place,
    scrub::Scrubber,
    treat::{Outcome, Treatment},
};

/// Whether a text is a CDA document.
pub(crate) fn is_document(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('<')
        && text.contains("<ClinicalDocument")
}

/// What an element says, by its name and its ancestors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Element {
    /// A part of a person's name.
    Name,
    /// What stands before or behind a name: Dr, Jr.
    Affix,
    /// A part of an address.
    Address(Part),
    /// An institution's name.
    Organisation,
    /// The name of whom somebody works for.
    Employer,
    /// Media or another document within this one.
    Media,
    /// Text in base64.
    Encoded,
    /// Anything else.
    Text,
}

/// Elements whose values say when the document or a stay was.
const EVENTS: [[&str; 2]; 4] = [
    ["ClinicalDocument", "effectiveTime"],
    ["author", "time"],
    ["effectiveTime", "low"],
    ["encompassingEncounter", "effectiveTime"],
];

/// Elements whose data are media or another document, whatever is said of them.
const MEDIA: [&str; 2] = ["observationMedia", "nonXMLBody"];

/// Elements that are open.
#[derive(Debug, Default)]
struct Path {
    /// Their names, without prefixes.
    names: Vec<String>,
    /// What the outermost one that says of what kind its data are embeds, and its depth.
    embedded: Option<(Element, usize)>,
    /// Depth of an observation of an age.
    age: Option<usize>,
    /// Depth of an entity that is nobody: a drug, a food, a device.
    thing: Option<usize>,
}

impl Path {
    fn open(&mut self, start: &BytesStart<'_>) {
        self.names.push(start.local_name().as_ref().to_owned());
        if self.embedded.is_none() {
            self.embedded = self.embedded_by(start).map(|element| (element, self.names.len()));
        }
        let names_age = |name| attribute(start, name).is_some_and(|it| ages::names_age(&it));
        if self.ends("code") && ["code", "displayName"].into_iter().any(names_age) {
            self.age = Some(self.names.len() - 1);
        }
        let class = attribute(start, "classCode");
        if self.ends("playingEntity") && class.is_some_and(|class| class.trim() != "PSN") {
            self.thing = Some(self.names.len());
        }
    }

    fn close(&mut self) {
        if self.embedded.is_some_and(|(_, depth)| depth == self.names.len()) {
            self.embedded = None;
        }
        for depth in [&mut self.age, &mut self.thing] {
            depth.take_if(|depth| *depth == self.names.len());
        }
        self.names.pop();
    }

    /// Whether an element is the value of an observation of an age, in years.
    fn is_age(&self, start: &BytesStart<'_>) -> bool {
        self.ends("value")
            && self.age == Some(self.names.len() - 1)
            && attribute(start, "unit").is_none_or(|unit| ages::are_years(&unit))
    }

    /// What an element says that it embeds (HL7 v3 data types, ED).
    fn embedded_by(&self, start: &BytesStart<'_>) -> Option<Element> {
        let representation = attribute(start, "representation");
        let is_encoded = representation.is_some_and(|it| it.trim().eq_ignore_ascii_case("B64"));
        let media_type = attribute(start, "mediaType");
        let is_text = media_type.as_deref().is_some_and(embedded::is_text);
        match (is_encoded, is_text) {
            (true, true) => Some(Element::Encoded),
            (true, false) => Some(Element::Media),
            (false, true) if self.within(&MEDIA) => Some(Element::Text),
            _ => None,
        }
    }

    fn within(&self, names: &[&str]) -> bool {
        self.names.iter().any(|open| names.contains(&open.as_str()))
    }

    /// Whether an element stands at once in another.
    fn ends_with(&self, [outer, inner]: [&str; 2]) -> bool {
        matches!(self.names.as_slice(), [.., a, b] if a == outer && b == inner)
    }

    fn is_id(&self) -> bool {
        self.ends("id") || self.ends("setId")
    }

    fn ends(&self, name: &str) -> bool {
        self.names.last().is_some_and(|last| last == name)
    }

    fn element(&self) -> Element {
        const PEOPLE: [&str; 9] = [
            "patient",
            "assignedPerson",
            "guardianPerson",
            "informationRecipient",
            "relatedPerson",
            "associatedPerson",
            "subject",
            "maintainingPerson",
            "playingEntity",
        ];
        if let Some((element, _)) = self.embedded {
            return element;
        }
        if self.within(&MEDIA) {
            return Element::Media;
        }
        let last = self.names.last().map_or("", String::as_str);
        let institution = self.names.iter().rev().find(|open| {
            open.ends_with("rganization")
                || open.ends_with("Custodian")
                || PEOPLE.contains(&open.as_str())
        });
        let institution = institution.filter(|open| !PEOPLE.contains(&open.as_str()));
        let is_place = self.ends_with(["location", "name"]) || self.ends_with(["place", "name"]);
        match last {
            _ if self.within(&["addr", "birthplace"]) || is_address_part(last) => {
                Element::Address(match last {
                    "country" => Part::Country,
                    "state" => Part::Province,
                    "city" => Part::City,
                    "county" | "district" => Part::District,
                    _ => Part::Street,
                })
            }
            "given" | "family" => Element::Name,
            "prefix" | "suffix" => Element::Affix,
            "name" if institution.is_some_and(|open| open == "employerOrganization") => {
                Element::Employer
            }
            "name" if institution.is_some() || is_place => Element::Organisation,
            "name" if self.thing.is_some() || self.within(&["languageCommunication"]) => {
                Element::Text
            }
            "name" if self.within(&PEOPLE) => Element::Name,
            _ => Element::Text,
        }
    }
}

/// Parts of an address (HL7 v3 data types, AD) that nothing else is called by.
fn is_address_part(name: &str) -> bool {
    matches!(
        name,
        "additionalLocator"
            | "city"
            | "county"
            | "deliveryAddressLine"
            | "houseNumber"
            | "postBox"
            | "postalCode"
            | "state"
            | "streetAddressLine"
            | "streetName"
    )
}

/// The value of an attribute, by its name without prefix.
fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = start.attributes().flatten();
    let found = attributes.find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
}

/// Adds what a document says about people.
///
/// # Errors
/// Where the XML is broken.
pub(crate) fn collect(document: &str, known: &mut Known) -> Result<(), String> {
    let mut reader = Reader::from_str(document);
    let mut path = Path::default();
    let mut text = String::new();
    loop {
        let event = event(&mut reader)?;
        if add_text(&mut text, &event) {
            continue;
        }
        match path.element() {
            Element::Name if path.ends("name") => known.insert_whole_name(&text, None),
            Element::Name => known.insert(Class::Name, text.trim(), 3),
            Element::Address(part) if part != Part::Country => {
                known.insert_place(part, text.trim());
            }
            _ => {}
        }
        text.clear();
        match event {
            Event::Eof => return Ok(()),
            Event::Start(start) => {
                path.open(&start);
                collect_attributes(&path, &start, known);
            }
            Event::Empty(start) => {
                path.open(&start);
                collect_attributes(&path, &start, known);
                path.close();
            }
            Event::End(_) => {
                path.close();
            }
            _ => {}
        }
    }
}

/// Texts that a document embeds in base64.
///
/// # Errors
/// Where the XML is broken.
pub(crate) fn encoded_texts(document: &str) -> Result<Vec<String>, String> {
    let mut reader = Reader::from_str(document);
    let mut path = Path::default();
    let (mut text, mut found) = (String::new(), Vec::new());
    loop {
        let event = event(&mut reader)?;
        if add_text(&mut text, &event) {
            continue;
        }
        if path.element() == Element::Encoded {
            found.extend(embedded::decoded(&text));
        }
        text.clear();
        match event {
            Event::Eof => return Ok(found),
            Event::Start(start) => path.open(&start),
            Event::End(_) => path.close(),
            _ => {}
        }
    }
}

/// Adds an event to the text at hand if it is part of one: references split what belongs together.
fn add_text(text: &mut String, event: &Event<'_>) -> bool {
    match event {
        Event::Text(part) => text.push_str(&part.xml_content(XmlVersion::Implicit1_0)),
        Event::CData(part) => text.push_str(&part.xml_content(XmlVersion::Implicit1_0)),
        Event::GeneralRef(reference) => text.push_str(&resolve(reference)),
        _ => return false,
    }
    true
}

/// The characters of a reference; entities that XML does not define are left out.
fn resolve(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return c.to_string();
    }
    resolve_predefined_entity(reference).unwrap_or_default().to_owned()
}

fn collect_attributes(path: &Path, start: &BytesStart<'_>, known: &mut Known) {
    for attribute in start.attributes().flatten() {
        let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) else { continue };
        match attribute.key.local_name().as_ref() {
            "extension" if path.ends("id") => {
                known.insert(Class::Identifier, &value, 4);
                if path.ends_with(["patientRole", "id"]) {
                    known.set_patient(&value);
                }
            }
            "value" if EVENTS.iter().any(|event| path.ends_with(*event)) => {
                known.note_event(&value);
            }
            "value" if path.ends("telecom") => {
                let number = value.split_once(':').map_or(&*value, |(_, number)| number);
                known.insert(Class::Contact, number, 5);
            }
            _ => {}
        }
    }
}

fn event<'a>(reader: &mut Reader<&'a [u8]>) -> Result<Event<'a>, String> {
    // What the parser says may quote the document.
    reader
        .read_event()
        .map_err(|_| format!("no well-formed XML at byte {}", reader.error_position()))
}

/// The document with every element treated.
///
/// # Errors
/// Where the XML is broken.
pub(crate) fn treat(
    document: &str,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
) -> Result<String, String> {
    let mut reader = Reader::from_str(document);
    let mut walk = Walk {
        treatment: scrubber.treatment,
        scrubber,
        report,
        path: Path::default(),
        place: Place::new(DocumentKind::Cda),
        text: String::new(),
        writer: Writer::new(Vec::new()),
    };
    loop {
        match event(&mut reader)? {
            Event::Eof => break,
            event => {
                let broken =
                    |()| format!("a broken attribute before byte {}", reader.buffer_position());
                walk.event(event).map_err(broken)?;
            }
        }
    }
    Ok(String::from_utf8(walk.writer.into_inner()).expect("strings are written"))
}

struct Walk<'a> {
    treatment: &'a Treatment<'a>,
    scrubber: &'a Scrubber<'a>,
    report: &'a mut Report,
    path: Path,
    place: Place,
    /// Text since the last tag.
    text: String,
    writer: Writer<Vec<u8>>,
}

impl Walk<'_> {
    /// Writes an event, treated; an error is a broken attribute.
    fn event(&mut self, event: Event<'_>) -> Result<(), ()> {
        if add_text(&mut self.text, &event) {
            return Ok(());
        }
        self.put_text();
        match event {
            Event::Start(start) => {
                self.open(&start);
                let treated = self.attributes(&start)?;
                self.write(Event::Start(treated));
            }
            Event::Empty(start) => {
                self.open(&start);
                let treated = self.attributes(&start)?;
                self.close();
                self.write(Event::Empty(treated));
            }
            Event::End(end) => {
                self.close();
                self.write(Event::End(BytesEnd::new(end.name().as_ref().to_owned())));
            }
            Event::Decl(declaration) => self.write(Event::Decl(declaration)),
            // Comments, processing instructions and document types may hold anything.
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, start: &BytesStart<'_>) {
        self.path.open(start);
        self.place.push(start.local_name().as_ref());
    }

    fn close(&mut self) {
        self.path.close();
        self.place.pop();
    }

    fn put_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() {
            let treated = self.text(&text);
            self.write(Event::Text(BytesText::new(&treated)));
        }
    }

    fn write(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect("memory takes what is written");
    }

    fn text(&mut self, text: &str) -> String {
        let value = text.trim();
        if value.is_empty() {
            return text.to_owned();
        }
        let outcome = match self.path.element() {
            Element::Name | Element::Affix => self.value(Class::Name, value),
            Element::Employer => self.value(Class::Identifier, value),
            Element::Organisation => self.organisation(text),
            Element::Address(part) if self.stays(part) => return text.to_owned(),
            Element::Address(_) => self.value(Class::Address, value),
            Element::Encoded => {
                let Some(text) = embedded::decoded(value) else { return String::new() };
                return embedded::data(&self.scrubber.scrub(&text, &self.place, self.report));
            }
            Element::Media => self.value(Class::Photo, value),
            Element::Text => return self.scrubber.scrub(text, &self.place, self.report),
        };
        outcome.or_gone(value).unwrap_or_default()
    }

    /// A name that the policy keeps may still hold a place or a person.
    fn organisation(&mut self, name: &str) -> Outcome {
        match self.treatment.technique(Class::Organisation, &self.place) {
            Technique::Keep => {
                Outcome::Becomes(self.scrubber.scrub(name, &self.place, self.report))
            }
            _ => self.value(Class::Organisation, name.trim()),
        }
    }

    /// Whether a part of an address is large enough for the policy.
    fn stays(&self, part: Part) -> bool {
        match self.treatment.technique(Class::Address, &self.place) {
            Technique::Generalize(level) => part.stays(level),
            _ => part.stays(Level::Country),
        }
    }

    fn attributes(&mut self, start: &BytesStart<'_>) -> Result<BytesStart<'static>, ()> {
        let mut treated = BytesStart::new(start.name().as_ref().to_owned());
        // An attribute stands only once.
        let mut is_null = attribute(start, "nullFlavor").is_some();
        // Alone it tells one thing from all others.
        let is_alone = !is_null && attribute(start, "extension").is_none();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(drop)?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(drop)?;
            let key = attribute.key.as_ref();
            let is_age = key == "value" && ages::is_old_text(&value) && self.path.is_age(start);
            let outcome = match key {
                _ if is_age => self.value(Class::Age, &value),
                "root" if self.path.is_id() && (is_alone || is_instance(&value)) => {
                    Outcome::Becomes(self.treatment.uid(&value))
                }
                _ => self.attribute(key, &value),
            };
            match outcome {
                Outcome::Null if !is_null => {
                    is_null = true;
                    treated.push_attribute(("nullFlavor", MASKED));
                }
                outcome => {
                    let put = outcome.or_gone(&value).unwrap_or_default();
                    treated.push_attribute((key, put.as_str()));
                }
            }
        }
        Ok(treated)
    }

    fn attribute(&mut self, key: &str, value: &str) -> Outcome {
        let path = &self.path;
        match key {
            "extension" if !path.ends("typeId") && !path.ends("templateId") => {
                self.value(Class::Identifier, value)
            }
            "assigningAuthorityName" => self.organisation(value),
            "value" if path.ends("telecom") => self.value(Class::Contact, value),
            "value" if is_time_stamp(value) || path.ends("birthTime") => {
                self.value(Class::Date, value)
            }
            "value" | "displayName" | "title" | "alt" | "caption" | "unit" => {
                Outcome::Becomes(self.scrubber.scrub(value, &self.place, self.report))
            }
            _ => Outcome::Stays,
        }
    }

    fn value(&mut self, class: Class, value: &str) -> Outcome {
        self.treatment.field(class, value, &self.place, self.report)
    }
}

/// The null flavour of what was taken away (HL7 v3, NullFlavor).
const MASKED: &str = "MSK";

/// A UUID names one thing; an OID names a kind of things or who numbers them.
fn is_instance(root: &str) -> bool {
    root.contains('-')
}

/// `YYYYMM[DD[HH…]]` (HL7 v3 TS).
fn is_time_stamp(value: &str) -> bool {
    let digits = value.split(['.', '+', '-']).next().unwrap_or_default();
    matches!(digits.len(), 6 | 8 | 10 | 12 | 14)
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (digits.starts_with("19") || digits.starts_with("20"))
}
