//! HL7 v2 messages in ER7 encoding (HL7 v2.8, chapter 2): segments, fields, components.
//!
//! Fields that identify somebody are told by segment and position; every other field is searched as
//! text, and time stamps keep what the policy leaves of a date.

use crate::{
    Class, Report,
    collect::{Known, add_name, insert},
    scrub::Scrubber,
    treat::Treatment,
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
        let mut fields = segment.split(separators.field);
        let name = fields.next().unwrap_or_default();
        for (number, value) in (1..).zip(fields) {
            let Some(field) = field_of(name, number) else { continue };
            for repetition in value.split(separators.repetition) {
                collect_field(field, repetition, separators, known);
            }
        }
    }
}

/// The message with every field treated. Line ends stay as they are.
pub(crate) fn treat(
    message: &str,
    treatment: &Treatment<'_>,
    scrubber: &Scrubber<'_>,
    report: &mut Report,
) -> Option<String> {
    let separators = Separators::of(message)?;
    let mut walk = Walk { treatment, scrubber, report, separators };
    let lines = message.split_inclusive(['\r', '\n']);
    Some(lines.map(|line| walk.segment(line)).collect())
}

fn field_of(segment: &str, number: usize) -> Option<Field> {
    let is_it =
        |(name, _, places): &&(&str, Field, &[usize])| *name == segment && places.contains(&number);
    FIELDS.iter().find(is_it).map(|(_, field, _)| *field)
}

fn collect_field(field: Field, value: &str, separators: Separators, known: &mut Known) {
    let components: Vec<&str> = value.split(separators.component).collect();
    let component = |at: usize| components.get(at).copied().unwrap_or_default();
    let first = |at: usize| component(at).split(separators.subcomponent).next().unwrap_or_default();
    match field {
        Field::Person => add_person(known, [first(0), first(1), first(2)]),
        Field::Staff => {
            insert(known, Class::Identifier, first(0), 4);
            add_person(known, [first(1), first(2), first(3)]);
        }
        Field::Number => insert(known, Class::Identifier, first(0), 4),
        Field::Contact => {
            let parts = value.split([separators.component, separators.subcomponent]);
            parts.for_each(|part| insert(known, Class::Contact, part, 6));
        }
        Field::Address => {
            for at in [0, 1, 2, 4] {
                insert(known, Class::Address, first(at), 4);
            }
        }
        Field::Bed => {}
    }
}

fn add_person(known: &mut Known, [family, given, further]: [&str; 3]) {
    add_name(known, family, given);
    for part in [given, further] {
        insert(known, Class::Name, part, 3);
    }
}

struct Walk<'a> {
    treatment: &'a Treatment<'a>,
    scrubber: &'a Scrubber<'a>,
    report: &'a mut Report,
    separators: Separators,
}

impl Walk<'_> {
    fn segment(&mut self, line: &str) -> String {
        let end = line.trim_end_matches(['\r', '\n']).len();
        let (segment, line_end) = line.split_at(end);
        let field = self.separators.field;
        let name = segment.split(field).next().unwrap_or_default();
        let name = name.trim_start_matches(is_before_message);
        // MSH-1 is the separator itself and MSH-2 the others: they are one place behind.
        let first = if name == "MSH" { 1 } else { 0 };
        let values = segment.split(field).enumerate().map(|(at, value)| match at {
            0 => value.to_owned(),
            1 if first == 1 => value.to_owned(),
            _ => self.field(name, at + first, value),
        });
        values.collect::<Vec<_>>().join(&field.to_string()) + line_end
    }

    fn field(&mut self, segment: &str, number: usize, value: &str) -> String {
        if value.is_empty() || value == "\"\"" {
            return value.to_owned();
        }
        let Some(field) = field_of(segment, number) else { return self.text(value) };
        let repetition = self.separators.repetition;
        let treated = value.split(repetition).map(|value| self.identifying(field, value));
        treated.collect::<Vec<_>>().join(&repetition.to_string())
    }

    fn identifying(&mut self, field: Field, value: &str) -> String {
        let component = self.separators.component;
        let components: Vec<&str> = value.split(component).collect();
        let at = |at: usize| components.get(at).copied().unwrap_or_default();
        match field {
            Field::Person => self.value(Class::Name, &format!("{} {}", at(0), at(1))),
            Field::Staff => {
                let number = self.value(Class::Identifier, at(0));
                let name = self.value(Class::Name, &format!("{} {}", at(1), at(2)));
                format!("{number}{component}{name}")
            }
            Field::Number | Field::Bed => self.value(Class::Identifier, at(0)),
            Field::Contact => self.value(Class::Contact, value),
            Field::Address => {
                // XAD-6 is the country.
                let country = self.scrubber.scrub_known(at(5), self.report);
                let place = self.value(Class::Address, value);
                let gap = component.to_string().repeat(5);
                if country.is_empty() { place } else { format!("{place}{gap}{country}") }
            }
        }
    }

    fn value(&mut self, class: Class, value: &str) -> String {
        let value = value.trim();
        if value.is_empty() {
            return String::new();
        }
        self.treatment.value(class, value, self.report).unwrap_or_default()
    }

    /// Any other field: components are searched one by one, so that separators stay.
    fn text(&mut self, value: &str) -> String {
        let separators =
            [self.separators.component, self.separators.repetition, self.separators.subcomponent];
        let mut treated = String::with_capacity(value.len());
        for part in value.split_inclusive(separators) {
            let end = part.trim_end_matches(separators).len();
            if is_time_stamp(&part[..end]) {
                treated += &self.value(Class::Date, &part[..end]);
            } else if is_code(&part[..end]) {
                treated += &self.scrubber.scrub_known(&part[..end], self.report);
            } else {
                treated += &self.scrubber.scrub(&part[..end], self.report);
            }
            treated += &part[end..];
        }
        treated
    }
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
