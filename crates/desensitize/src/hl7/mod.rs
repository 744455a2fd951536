//! HL7 v2 messages in ER7 encoding (HL7 v2.8, chapter 2): segments, fields, components.
//!
//! Fields that identify somebody are told by segment and position; of segments that a site defines
//! for itself only codes, dates and short numbers stay; every other field is searched as text, and
//! time stamps keep what the policy leaves of a date.

mod batch;
mod fields;

use fields::{Field, OBSERVED};

use crate::{
    Class, DocumentKind, Evidence, Level, Report, Technique,
    address::Part,
    ages,
    known::{Gender, Known},
    place::Place,
    scrub::Scrubber,
    treat::{Outcome, Treatment},
};

/// Fields that say when something happened: segment, position.
const EVENTS: [(&str, usize); 6] =
    [("MSH", 7), ("EVN", 2), ("PV1", 44), ("OBR", 7), ("OBX", 14), ("DG1", 5)];

/// Fields that hold a date, which may be a year alone or with a month.
const DATES: [(&str, usize); 5] = [("PID", 7), ("PID", 29), ("NK1", 16), ("GT1", 8), ("IN1", 18)];

/// Segments whose first two fields are the separators.
const HEADERS: [&str; 3] = ["BHS", "FHS", "MSH"];

/// The characters that a message separates with (MSH-1 and MSH-2).
#[derive(Clone, Copy, Debug)]
struct Separators {
    field: char,
    component: char,
    repetition: char,
    subcomponent: char,
}

impl Separators {
    /// Those of a message or of the header of a batch, with which a text begins.
    fn of(text: &str) -> Option<Self> {
        let start = text.trim_start_matches(is_before_message);
        let mut characters = HEADERS.iter().find_map(|header| start.strip_prefix(header))?.chars();
        let field = characters.next().filter(char::is_ascii_punctuation)?;
        let mut rest = characters.take_while(|c| *c != field);
        let (component, repetition) = (rest.next()?, rest.next()?);
        let subcomponent = rest.nth(1).unwrap_or('&');
        Some(Self { field, component, repetition, subcomponent })
    }
}

/// A byte order mark, the start of an MLLP frame, and white space.
fn is_before_message(c: char) -> bool {
    c == '\u{feff}' || c.is_whitespace()
}

/// Whether a text is a message or a batch of them.
pub(crate) fn is_message(text: &str) -> bool {
    Separators::of(text).is_some()
}

/// Adds what a message says about people.
fn collect(message: &str, known: &mut Known) {
    let Some(separators) = Separators::of(message) else { return };
    for segment in message.split(['\r', '\n']) {
        let fields = fields_of(segment, separators.field);
        let is_patient = fields[0] == "PID";
        let gender = fields.get(8).filter(|_| is_patient).and_then(|code| Gender::of(code));
        if let (true, Some(numbers)) = (is_patient, fields.get(3)) {
            for number in numbers.split(separators.repetition) {
                known.set_patient(number.split(separators.component).next().unwrap_or_default());
            }
        }
        let dated = EVENTS.iter().filter(|(segment, _)| *segment == fields[0]);
        for value in dated.filter_map(|(_, number)| fields.get(*number)) {
            known.note_event(value);
        }
        for (number, value) in fields.iter().enumerate().skip(1) {
            let Some(field) = Field::at(&fields, number) else { continue };
            for repetition in value.split(separators.repetition) {
                collect_field(field, repetition, separators, gender, known);
            }
        }
    }
}

/// The message with every field treated, which stands behind so many lines. Line ends stay as they are.
fn treat(
    message: &str,
    before: usize,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
) -> Option<String> {
    let separators = Separators::of(message)?;
    let place = Place::new(DocumentKind::Hl7);
    let mut walk = Walk { treatment: scrubber.treatment, scrubber, report, separators, place };
    let lines = message.split_inclusive(['\r', '\n']).enumerate();
    Some(lines.map(|(number, line)| walk.segment(before + number, line)).collect())
}

/// A segment's name and its fields, each at its position: the first of a header is the separator.
fn fields_of(segment: &str, separator: char) -> Vec<&str> {
    let mut fields: Vec<_> = segment.split(separator).collect();
    fields[0] = fields[0].trim_start_matches(is_before_message);
    if HEADERS.contains(&fields[0]) {
        fields.insert(1, "");
    }
    fields
}

/// Whether a line begins with the name of a segment, or with what frames a message.
fn is_name(head: &str) -> bool {
    const LEN: usize = 3;
    let name = head.trim_matches(|c| is_before_message(c) || c == '\u{1c}');
    name.is_empty()
        || (name.len() == LEN
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()))
}

/// A number and the parts of a name: CNN and NDL have them in subcomponents. And what separates them.
fn staff(value: &str, separators: Separators) -> (Vec<&str>, char) {
    let first = value.split(separators.component).next().unwrap_or_default();
    match first.contains(separators.subcomponent) {
        true => (first.split(separators.subcomponent).collect(), separators.subcomponent),
        false => (value.split(separators.component).collect(), separators.component),
    }
}

fn collect_field(
    field: Field,
    value: &str,
    separators: Separators,
    gender: Option<Gender>,
    known: &mut Known,
) {
    let components: Vec<&str> = value.split(separators.component).collect();
    let component = |at: usize| components.get(at).copied().unwrap_or_default();
    let first = |at: usize| component(at).split(separators.subcomponent).next().unwrap_or_default();
    match field {
        Field::Person => {
            known.insert_name(first(0), format!("{} {}", first(1), first(2)).trim(), gender);
        }
        Field::Staff => {
            let (parts, _) = staff(value, separators);
            let part = |at: usize| parts.get(at).copied().unwrap_or_default();
            known.insert_number(part(0));
            let family = part(1).split(separators.subcomponent).next().unwrap_or_default();
            known.insert_name(family, format!("{} {}", part(2), part(3)).trim(), None);
        }
        Field::Number => known.insert_number(first(0)),
        Field::Contact => {
            let parts = value.split([separators.component, separators.subcomponent]);
            parts.for_each(|part| known.insert(Class::Contact, part, 6));
        }
        Field::Address => {
            for (at, part) in
                [(0, Part::Street), (1, Part::Street), (2, Part::City), (4, Part::Street)]
            {
                known.insert_place(part, first(at));
            }
        }
        Field::Bed | Field::Employer | Field::Organisation => {}
    }
}

struct Walk<'a> {
    treatment: &'a Treatment<'a>,
    scrubber: &'a Scrubber<'a>,
    report: &'a mut Report,
    separators: Separators,
    place: Place,
}

impl Walk<'_> {
    fn segment(&mut self, number: usize, line: &str) -> String {
        let end = line.trim_end_matches(['\r', '\n']).len();
        let (segment, line_end) = line.split_at(end);
        let separator = self.separators.field;
        let fields = fields_of(segment, separator);
        let is_header = HEADERS.contains(&fields[0]);
        let head = segment.split(separator).next().unwrap_or_default();
        self.place.push_number(number);
        // What names no segment is a line of a text that was broken.
        let mut treated = if is_name(head) { head.to_owned() } else { self.text(head) };
        let first = if is_header { 2 } else { 1 };
        for at in first..fields.len() {
            treated.push(separator);
            if is_header && at == first {
                treated += fields[at];
                continue;
            }
            self.place.push(format!("{}-{at}", fields[0]));
            treated += &self.field(&fields, at);
            self.place.pop();
        }
        self.place.pop();
        treated + line_end
    }

    fn field(&mut self, fields: &[&str], at: usize) -> String {
        let value = fields[at];
        if value.is_empty() || value == NULL {
            return value.to_owned();
        }
        if at == OBSERVED && observes_age(fields, self.separators) && ages::is_old_text(value) {
            return self.value(Class::Age, value);
        }
        if is_short_date(value) && holds_date(fields, at) {
            return self.value(Class::Date, value);
        }
        let Some(field) = Field::at(fields, at) else {
            return if fields[0].starts_with('Z') { self.local(value) } else { self.text(value) };
        };
        let repetition = self.separators.repetition;
        let treated = value.split(repetition).enumerate().map(|(number, value)| {
            self.place.push_number(number);
            let treated = self.identifying(field, value);
            self.place.pop();
            treated
        });
        treated.collect::<Vec<_>>().join(&repetition.to_string())
    }

    fn identifying(&mut self, field: Field, value: &str) -> String {
        let component = self.separators.component;
        let components: Vec<&str> = value.split(component).collect();
        match field {
            Field::Person => self.person(&components, component),
            Field::Staff => {
                let (parts, separator) = staff(value, self.separators);
                let number = self.value(Class::Identifier, parts[0]);
                let name = self.person(&parts[1..], separator);
                format!("{number}{separator}{name}")
            }
            Field::Number | Field::Employer | Field::Bed => {
                self.value(Class::Identifier, components[0])
            }
            Field::Contact => self.value(Class::Contact, value),
            Field::Address => self.address(value, &components),
            Field::Organisation => self.organisation(value, components[0]),
        }
    }

    /// A name whose family name is its first part; if it stays, all stays.
    fn person(&mut self, parts: &[&str], separator: char) -> String {
        let at = |at: usize| parts.get(at).copied().unwrap_or_default();
        let family = at(0).split(self.separators.subcomponent).next().unwrap_or_default();
        let name = [family, at(1), at(2)].join(" ");
        if self.treatment.technique(Class::Name, &self.place) == Technique::Keep {
            return parts.join(&separator.to_string());
        }
        self.value(Class::Name, name.trim())
    }

    /// A name that the policy keeps may still hold a place or a person.
    fn organisation(&mut self, value: &str, name: &str) -> String {
        match self.treatment.technique(Class::Organisation, &self.place) {
            Technique::Keep => self.text(value),
            _ => self.value(Class::Organisation, name),
        }
    }

    /// XAD: what is as large as the policy says stays at its place; the country always.
    fn address(&mut self, value: &str, components: &[&str]) -> String {
        const PARTS: [Part; 6] =
            [Part::Street, Part::Street, Part::City, Part::Province, Part::Street, Part::Country];
        let technique = self.treatment.technique(Class::Address, &self.place);
        let level = match technique {
            Technique::Keep => return value.to_owned(),
            Technique::Generalize(level) => level,
            _ => Level::Country,
        };
        let kept: Vec<_> = PARTS
            .iter()
            .zip(components)
            .map(|(part, value)| match part.stays(level) {
                true => self.scrubber.scrub_known(value, &self.place, self.report),
                false => String::new(),
            })
            .collect();
        if value.trim().is_empty() {
            return String::new();
        }
        let separator = self.separators.component.to_string();
        let kept = kept.join(&separator);
        let kept = kept.trim_end_matches(self.separators.component);
        if let Technique::Generalize(_) = technique {
            self.treatment.report(
                Class::Address,
                technique,
                Evidence::Field,
                &self.place,
                self.report,
            );
            return kept.to_owned();
        }
        let place = self.value(Class::Address, value);
        if kept.is_empty() { place } else { format!("{place}{kept}") }
    }

    fn value(&mut self, class: Class, value: &str) -> String {
        let value = value.trim();
        if value.is_empty() {
            return String::new();
        }
        match self.treatment.field(class, value, &self.place, self.report) {
            Outcome::Null => NULL.to_owned(),
            outcome => outcome.or_gone(value).unwrap_or_default(),
        }
    }

    /// Any other field: components are searched one by one, so that separators stay.
    fn text(&mut self, value: &str) -> String {
        let mut before = "";
        self.parts(value, |walk, part| {
            let treated = match part {
                // Encapsulated data (ED): a file that nobody has looked at.
                part if ENCODINGS.contains(&before) => walk.value(Class::Photo, part),
                part if is_time_stamp(part) => walk.value(Class::Date, part),
                part if is_code(part) => walk.scrubber.scrub_known(part, &walk.place, walk.report),
                part => walk.scrubber.scrub(part, &walk.place, walk.report),
            };
            before = part;
            treated
        })
    }

    /// A field that a site has defined for itself: nobody else knows what it holds.
    fn local(&mut self, value: &str) -> String {
        self.parts(value, |walk, part| match part {
            part if is_time_stamp(part) => walk.value(Class::Date, part),
            part if is_code(part) || is_short_number(part) => {
                walk.scrubber.scrub_known(part, &walk.place, walk.report)
            }
            part => walk.value(Class::Identifier, part),
        })
    }

    /// The value with each component and subcomponent treated.
    fn parts<'v>(
        &mut self,
        value: &'v str,
        mut treat: impl FnMut(&mut Self, &'v str) -> String,
    ) -> String {
        let separators =
            [self.separators.component, self.separators.repetition, self.separators.subcomponent];
        let mut treated = String::with_capacity(value.len());
        for part in value.split_inclusive(separators) {
            let end = part.trim_end_matches(separators).len();
            let (part, separator) = part.split_at(end);
            treated += &treat(self, part);
            treated += separator;
        }
        treated
    }
}

/// How data is encapsulated (HL7 table 0299), but for `A`, which is text as it is.
const ENCODINGS: [&str; 2] = ["Base64", "Hex"];

/// A field that was there and is taken away (HL7 v2.8, section 2.5.3).
const NULL: &str = "\"\"";

/// Whether a segment is an OBX whose value is an age in years.
fn observes_age(fields: &[&str], separators: Separators) -> bool {
    let field = |at: usize| fields.get(at).copied().unwrap_or_default();
    let unit = field(6).split(separators.component).next().filter(|unit| !unit.is_empty());
    field(0) == "OBX"
        && field(3).split(separators.component).any(ages::names_age)
        && unit.is_none_or(ages::are_years)
}

/// Whether a field holds a date, which may be a year alone or with a month.
fn holds_date(fields: &[&str], at: usize) -> bool {
    const TYPES: [&str; 3] = ["DT", "DTM", "TS"];
    match (fields[0], at) {
        ("OBX", OBSERVED) => fields.get(2).is_some_and(|data_type| TYPES.contains(data_type)),
        field => DATES.contains(&field),
    }
}

/// A number that stands for nobody: 3, 72.5.
fn is_short_number(value: &str) -> bool {
    const LEN_MAX: usize = 5;
    value.len() <= LEN_MAX
        && value.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && value.bytes().filter(u8::is_ascii_digit).count() < LEN_MAX
}

/// `YYYY` or `YYYYMM`.
fn is_short_date(value: &str) -> bool {
    matches!(value.len(), 4 | 6)
        && value.bytes().all(|b| b.is_ascii_digit())
        && (value.starts_with("19") || value.starts_with("20"))
}

/// Short keywords of HL7's tables, and the tables themselves: R01, NM, USA, HL70131.
fn is_code(value: &str) -> bool {
    const LEN_MAX: usize = 3;
    let table = value.strip_prefix("HL7").unwrap_or_default();
    let is_table = table.len() == 4 && table.bytes().all(|b| b.is_ascii_digit());
    let is_short = value.len() <= LEN_MAX
        && value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    is_table || is_short
}

/// `YYYYMM[DD[HH[MM[SS[.S[S[S[S]]]]]]]][+/-ZZZZ]` (HL7 v2.8, section 2.A.22).
fn is_time_stamp(value: &str) -> bool {
    let digits = value.split(['.', '+', '-']).next().unwrap_or_default();
    let whole =
        matches!(digits.len(), 8 | 10 | 12 | 14) && digits.bytes().all(|b| b.is_ascii_digit());
    whole && (digits.starts_with("19") || digits.starts_with("20"))
}
