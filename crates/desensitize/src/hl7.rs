//! HL7 v2 messages in ER7 encoding (HL7 v2.8, chapter 2): segments, fields, components.
//!
//! Fields that identify somebody are told by segment and position; every other field is searched as
//! text, and time stamps keep what the policy leaves of a date.

use crate::{
    Class, DocumentKind, Evidence, Level, Report, Technique,
    address::Part,
    ages,
    known::{Gender, Known},
    place::Place,
    scrub::Scrubber,
    treat::{Outcome, Treatment},
};

/// What a field holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Field {
    /// A person's name: family, given, further names (XPN).
    Person,
    /// A number and a person's name (XCN).
    Staff,
    /// A number (CX, EI, ST).
    Number,
    /// Telephone and mail (XTN).
    Contact,
    /// An address (XAD).
    Address,
    /// Where somebody lies: ward, room, bed (PL).
    Bed,
}

/// Fields that identify: segment, what they hold, positions (HL7 v2.8, chapters 3, 4, 6, 7, 8, 10).
const FIELDS: &[(&str, Field, &[usize])] = {
    use Field::{Address, Bed, Contact, Number, Person, Staff};
    &[
        ("EVN", Staff, &[5]),
        ("PID", Number, &[2, 3, 4, 18, 19, 20, 21]),
        ("PID", Person, &[5, 6, 9]),
        ("PID", Address, &[11, 12, 23]),
        ("PID", Contact, &[13, 14, 40]),
        ("PD1", Staff, &[4]),
        ("MRG", Number, &[1, 2, 3, 4, 5, 6]),
        ("MRG", Person, &[7]),
        ("NK1", Person, &[2, 26, 30]),
        ("NK1", Address, &[4, 32]),
        ("NK1", Contact, &[5, 6, 7, 31, 40, 41]),
        ("NK1", Number, &[12, 33, 37]),
        ("PV1", Bed, &[3, 6, 11, 42, 43]),
        ("PV1", Number, &[5, 19, 50]),
        ("PV1", Staff, &[7, 8, 9, 17, 52]),
        ("PV2", Staff, &[13]),
        ("ROL", Staff, &[4]),
        ("ROL", Address, &[11]),
        ("ROL", Contact, &[12]),
        ("GT1", Number, &[2, 12, 19, 29]),
        ("GT1", Person, &[3, 4, 16, 42, 45]),
        ("GT1", Address, &[5, 17]),
        ("GT1", Contact, &[6, 7, 18, 46]),
        ("IN1", Address, &[5, 19, 44]),
        ("IN1", Person, &[6, 16]),
        ("IN1", Contact, &[7]),
        ("IN1", Staff, &[30]),
        ("IN1", Number, &[36, 49]),
        ("IN2", Number, &[1, 2, 5, 6, 8, 10, 25, 26, 61, 69]),
        ("IN2", Staff, &[3]),
        ("IN2", Person, &[7, 9, 22, 40, 49, 52]),
        ("IN2", Contact, &[50, 53, 58, 63, 64]),
        ("IN3", Number, &[2]),
        ("IN3", Staff, &[3, 8, 14, 25]),
        ("ACC", Staff, &[7]),
        ("ACC", Address, &[11]),
        ("ORC", Number, &[2, 3, 4]),
        ("ORC", Staff, &[10, 11, 12, 19]),
        ("ORC", Contact, &[14, 23]),
        ("ORC", Address, &[22, 24]),
        ("OBR", Number, &[2, 3]),
        ("OBR", Staff, &[10, 16, 28, 32, 33, 34, 35]),
        ("OBR", Contact, &[17]),
        ("OBX", Staff, &[16, 25]),
        ("OBX", Address, &[24]),
        ("OBX", Number, &[18]),
        ("PRT", Staff, &[5]),
        ("PRT", Number, &[10, 20, 21]),
        ("PRT", Address, &[14]),
        ("PRT", Contact, &[15]),
        ("SPM", Number, &[2, 3]),
        ("DG1", Staff, &[16]),
        ("PR1", Staff, &[8, 11, 12]),
        ("FT1", Staff, &[20, 21, 24]),
        ("TXA", Staff, &[5, 9, 10, 11, 22, 23]),
        ("TXA", Number, &[12]),
        ("SCH", Number, &[1, 2]),
        ("SCH", Staff, &[12, 16, 20]),
        ("SCH", Contact, &[13, 17, 21]),
        ("SCH", Address, &[14, 18]),
        ("AIP", Staff, &[3]),
        ("RXA", Staff, &[10]),
        ("RXE", Staff, &[13, 14]),
        ("RXO", Staff, &[14, 15]),
        ("RXD", Number, &[7]),
        ("RXD", Staff, &[10]),
        ("CTD", Person, &[2]),
        ("CTD", Address, &[3]),
        ("CTD", Contact, &[5]),
        ("PRA", Number, &[1, 6]),
        ("STF", Number, &[2]),
        ("STF", Person, &[3]),
        ("STF", Contact, &[10]),
        ("STF", Address, &[11]),
    ]
};

/// Fields that say when something happened: segment, position; MSH-7 is one place before.
const EVENTS: [(&str, usize); 6] =
    [("MSH", 6), ("EVN", 2), ("PV1", 44), ("OBR", 7), ("OBX", 14), ("DG1", 5)];

/// Fields that hold a date, which may be a year alone or with a month.
const DATES: [(&str, usize); 5] = [("PID", 7), ("PID", 29), ("NK1", 16), ("GT1", 8), ("IN1", 18)];

/// The characters that a message separates with (MSH-1 and MSH-2).
#[derive(Clone, Copy, Debug)]
struct Separators {
    field: char,
    component: char,
    repetition: char,
    subcomponent: char,
}

impl Separators {
    fn of(message: &str) -> Option<Self> {
        let mut characters =
            message.trim_start_matches(is_before_message).strip_prefix("MSH")?.chars();
        let field = characters.next()?;
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

/// Whether a text is a message.
pub(crate) fn is_message(text: &str) -> bool {
    Separators::of(text).is_some()
}

/// Adds what a message says about people.
pub(crate) fn collect(message: &str, known: &mut Known) {
    let Some(separators) = Separators::of(message) else { return };
    for segment in message.split(['\r', '\n']) {
        let fields: Vec<&str> = segment.split(separators.field).collect();
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
            let Some(field) = field_of(fields[0], number) else { continue };
            for repetition in value.split(separators.repetition) {
                collect_field(field, repetition, separators, gender, known);
            }
        }
    }
}

/// The message with every field treated. Line ends stay as they are.
pub(crate) fn treat(message: &str, scrubber: &Scrubber<'_>, report: &mut Report) -> Option<String> {
    let separators = Separators::of(message)?;
    let place = Place::new(DocumentKind::Hl7);
    let mut walk = Walk { treatment: scrubber.treatment, scrubber, report, separators, place };
    let lines = message.split_inclusive(['\r', '\n']).enumerate();
    Some(lines.map(|(number, line)| walk.segment(number, line)).collect())
}

fn field_of(segment: &str, number: usize) -> Option<Field> {
    let is_it =
        |(name, _, places): &&(&str, Field, &[usize])| *name == segment && places.contains(&number);
    FIELDS.iter().find(is_it).map(|(_, field, _)| *field)
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
    let given = |at: usize| format!("{} {}", first(at), first(at + 1)).trim().to_owned();
    match field {
        Field::Person => known.insert_name(first(0), &given(1), gender),
        Field::Staff => {
            known.insert(Class::Identifier, first(0), 4);
            known.insert_name(first(1), &given(2), None);
        }
        Field::Number => known.insert(Class::Identifier, first(0), 4),
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
        Field::Bed => {}
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
        let name = segment.split(separator).next().unwrap_or_default();
        let name = name.trim_start_matches(is_before_message);
        // MSH-1 is the separator itself and MSH-2 the others: they are one place behind.
        let first = if name == "MSH" { 1 } else { 0 };
        let age_at = if observes_age(segment, self.separators) { 5 } else { 0 };
        self.place.push_number(number);
        let values = segment.split(separator).enumerate().map(|(at, value)| match at {
            0 => value.to_owned(),
            1 if first == 1 => value.to_owned(),
            _ => {
                self.place.push(format!("{name}-{}", at + first));
                let treated = match value {
                    age if at == age_at && ages::is_old_text(age) => self.value(Class::Age, age),
                    date if is_short_date(date) && DATES.contains(&(name, at)) => {
                        self.value(Class::Date, date)
                    }
                    _ => self.field(name, at + first, value),
                };
                self.place.pop();
                treated
            }
        });
        let treated = values.collect::<Vec<_>>().join(&separator.to_string()) + line_end;
        self.place.pop();
        treated
    }

    fn field(&mut self, segment: &str, number: usize, value: &str) -> String {
        if value.is_empty() || value == NULL {
            return value.to_owned();
        }
        let Some(field) = field_of(segment, number) else { return self.text(value) };
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
        let at = |at: usize| components.get(at).copied().unwrap_or_default();
        match field {
            Field::Person => self.person(value, &components, 0),
            Field::Staff => {
                let number = self.value(Class::Identifier, at(0));
                let name = self.person(value, &components, 1);
                format!("{number}{component}{name}")
            }
            Field::Number | Field::Bed => self.value(Class::Identifier, at(0)),
            Field::Contact => self.value(Class::Contact, value),
            Field::Address => self.address(value, &components),
        }
    }

    /// A name whose family name is a component; if it stays, all stays.
    fn person(&mut self, value: &str, components: &[&str], first: usize) -> String {
        let at = |at: usize| components.get(first + at).copied().unwrap_or_default();
        let family = at(0).split(self.separators.subcomponent).next().unwrap_or_default();
        let name = [family, at(1), at(2)].join(" ");
        if self.treatment.technique(Class::Name, &self.place) == Technique::Keep {
            return value
                .splitn(first + 1, self.separators.component)
                .last()
                .unwrap_or_default()
                .to_owned();
        }
        self.value(Class::Name, name.trim())
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
        let separators =
            [self.separators.component, self.separators.repetition, self.separators.subcomponent];
        let mut treated = String::with_capacity(value.len());
        let mut before = "";
        for part in value.split_inclusive(separators) {
            let end = part.trim_end_matches(separators).len();
            let (part, separator) = part.split_at(end);
            if ENCODINGS.contains(&before) {
                // Encapsulated data (ED): a file that nobody has looked at.
                treated += &self.value(Class::Photo, part);
            } else if is_time_stamp(part) {
                treated += &self.value(Class::Date, part);
            } else if is_code(part) {
                treated += &self.scrubber.scrub_known(part, &self.place, self.report);
            } else {
                treated += &self.scrubber.scrub(part, &self.place, self.report);
            }
            treated += separator;
            before = part;
        }
        treated
    }
}

/// How data is encapsulated (HL7 table 0299), but for `A`, which is text as it is.
const ENCODINGS: [&str; 2] = ["Base64", "Hex"];

/// A field that was there and is taken away (HL7 v2.8, section 2.5.3).
const NULL: &str = "\"\"";

/// Whether a segment is an OBX whose value is an age in years.
fn observes_age(segment: &str, separators: Separators) -> bool {
    let mut fields = segment.split(separators.field);
    let is_observation = fields.next() == Some("OBX");
    let code = fields.nth(2).unwrap_or_default();
    let unit = fields.nth(2).and_then(|unit| unit.split(separators.component).next());
    let unit = unit.filter(|unit| !unit.is_empty());
    is_observation
        && code.split(separators.component).any(ages::names_age)
        && unit.is_none_or(ages::are_years)
}

/// `YYYY` or `YYYYMM`.
fn is_short_date(value: &str) -> bool {
    matches!(value.len(), 4 | 6)
        && value.bytes().all(|b| b.is_ascii_digit())
        && (value.starts_with("19") || value.starts_with("20"))
}

/// Short keywords of HL7's tables: R01, NM, USA.
fn is_code(value: &str) -> bool {
    const LEN_MAX: usize = 3;
    value.len() <= LEN_MAX && value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// `YYYYMM[DD[HH[MM[SS[.S[S[S[S]]]]]]]][+/-ZZZZ]` (HL7 v2.8, section 2.A.22).
fn is_time_stamp(value: &str) -> bool {
    let digits = value.split(['.', '+', '-']).next().unwrap_or_default();
    let whole =
        matches!(digits.len(), 8 | 10 | 12 | 14) && digits.bytes().all(|b| b.is_ascii_digit());
    whole && (digits.starts_with("19") || digits.starts_with("20"))
}
