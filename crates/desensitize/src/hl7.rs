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

/// Fields that identify, by segment (HL7 v2.8, chapters 3, 4, 6, 7, 8, 10).
const FIELDS: &[(&str, &[(usize, Field)])] = {
    use Field::{Address, Bed, Contact, Number, Person, Staff};
    &[
        ("EVN", &[(5, Staff)]),
        (
            "PID",
            &[
                (2, Number),
                (3, Number),
                (4, Number),
                (5, Person),
                (6, Person),
                (9, Person),
                (11, Address),
                (12, Address),
                (13, Contact),
                (14, Contact),
                (18, Number),
                (19, Number),
                (20, Number),
                (21, Number),
                (23, Address),
                (40, Contact),
            ],
        ),
        ("PD1", &[(4, Staff)]),
        (
            "MRG",
            &[
                (1, Number),
                (2, Number),
                (3, Number),
                (4, Number),
                (5, Number),
                (6, Number),
                (7, Person),
            ],
        ),
        (
            "NK1",
            &[
                (2, Person),
                (4, Address),
                (5, Contact),
                (6, Contact),
                (7, Contact),
                (12, Number),
                (26, Person),
                (30, Person),
                (31, Contact),
                (32, Address),
                (33, Number),
                (37, Number),
                (40, Contact),
                (41, Contact),
            ],
        ),
        (
            "PV1",
            &[
                (3, Bed),
                (5, Number),
                (6, Bed),
                (7, Staff),
                (8, Staff),
                (9, Staff),
                (11, Bed),
                (17, Staff),
                (19, Number),
                (42, Bed),
                (43, Bed),
                (50, Number),
                (52, Staff),
            ],
        ),
        ("PV2", &[(13, Staff)]),
        ("ROL", &[(4, Staff), (11, Address), (12, Contact)]),
        (
            "GT1",
            &[
                (2, Number),
                (3, Person),
                (4, Person),
                (5, Address),
                (6, Contact),
                (7, Contact),
                (12, Number),
                (16, Person),
                (17, Address),
                (18, Contact),
                (19, Number),
                (29, Number),
                (42, Person),
                (45, Person),
                (46, Contact),
            ],
        ),
        (
            "IN1",
            &[
                (5, Address),
                (6, Person),
                (7, Contact),
                (16, Person),
                (19, Address),
                (30, Staff),
                (36, Number),
                (44, Address),
                (49, Number),
            ],
        ),
        (
            "IN2",
            &[
                (1, Number),
                (2, Number),
                (3, Staff),
                (5, Number),
                (6, Number),
                (7, Person),
                (8, Number),
                (9, Person),
                (10, Number),
                (22, Person),
                (25, Number),
                (26, Number),
                (40, Person),
                (49, Person),
                (50, Contact),
                (52, Person),
                (53, Contact),
                (58, Contact),
                (61, Number),
                (63, Contact),
                (64, Contact),
                (69, Number),
            ],
        ),
        ("IN3", &[(2, Number), (3, Staff), (8, Staff), (14, Staff), (25, Staff)]),
        ("ACC", &[(7, Staff), (11, Address)]),
        (
            "ORC",
            &[
                (2, Number),
                (3, Number),
                (4, Number),
                (10, Staff),
                (11, Staff),
                (12, Staff),
                (14, Contact),
                (19, Staff),
                (22, Address),
                (23, Contact),
                (24, Address),
            ],
        ),
        (
            "OBR",
            &[
                (2, Number),
                (3, Number),
                (10, Staff),
                (16, Staff),
                (17, Contact),
                (28, Staff),
                (32, Staff),
                (33, Staff),
                (34, Staff),
                (35, Staff),
            ],
        ),
        ("OBX", &[(16, Staff), (24, Address), (25, Staff)]),
        ("SPM", &[(2, Number), (3, Number)]),
        ("DG1", &[(16, Staff)]),
        ("PR1", &[(8, Staff), (11, Staff), (12, Staff)]),
        ("FT1", &[(20, Staff), (21, Staff), (24, Staff)]),
        (
            "TXA",
            &[
                (5, Staff),
                (9, Staff),
                (10, Staff),
                (11, Staff),
                (12, Number),
                (22, Staff),
                (23, Staff),
            ],
        ),
        (
            "SCH",
            &[
                (1, Number),
                (2, Number),
                (12, Staff),
                (13, Contact),
                (14, Address),
                (16, Staff),
                (17, Contact),
                (18, Address),
                (20, Staff),
                (21, Contact),
            ],
        ),
        ("AIP", &[(3, Staff)]),
        ("RXA", &[(10, Staff)]),
        ("RXE", &[(13, Staff), (14, Staff)]),
        ("RXO", &[(14, Staff), (15, Staff)]),
        ("RXD", &[(7, Number), (10, Staff)]),
        ("CTD", &[(2, Person), (3, Address), (5, Contact)]),
        ("PRA", &[(1, Number), (6, Number)]),
        ("STF", &[(2, Number), (3, Person), (10, Contact), (11, Address)]),
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
        let mut characters = message.trim_start_matches('\u{feff}').strip_prefix("MSH")?.chars();
        let field = characters.next()?;
        let mut rest = characters.take_while(|c| *c != field);
        let (component, repetition) = (rest.next()?, rest.next()?);
        let subcomponent = rest.nth(1).unwrap_or('&');
        Some(Self { field, component, repetition, subcomponent })
    }
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
    let (_, fields) = FIELDS.iter().find(|(name, _)| *name == segment)?;
    fields.iter().find(|(at, _)| *at == number).map(|(_, field)| *field)
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
        let name = segment.split(field).next().unwrap_or_default().trim_start_matches('\u{feff}');
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
                let number = if at(0).is_empty() {
                    String::new()
                } else {
                    self.value(Class::Identifier, at(0))
                };
                let name = format!("{} {}", at(1), at(2));
                let name = if name.trim().is_empty() {
                    String::new()
                } else {
                    self.value(Class::Name, &name)
                };
                format!("{number}{component}{name}")
            }
            Field::Number | Field::Bed => self.value(Class::Identifier, at(0)),
            Field::Contact => self.value(Class::Contact, value),
            Field::Address => {
                // XAD-6 is the country.
                let country = self.scrubber.scrub(at(5), self.report);
                let place = self.value(Class::Address, value);
                let gap = component.to_string().repeat(5);
                if country.is_empty() { place } else { format!("{place}{gap}{country}") }
            }
        }
    }

    fn value(&mut self, class: Class, value: &str) -> String {
        self.treatment.value(class, value.trim(), self.report).unwrap_or_default()
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
            } else {
                treated += &self.scrubber.scrub(&part[..end], self.report);
            }
            treated += &part[end..];
        }
        treated
    }
}

/// `YYYYMM[DD[HH[MM[SS[.S[S[S[S]]]]]]]][+/-ZZZZ]` (HL7 v2.8, section 2.A.22).
fn is_time_stamp(value: &str) -> bool {
    let digits = value.split(['.', '+', '-']).next().unwrap_or_default();
    let whole =
        matches!(digits.len(), 8 | 10 | 12 | 14) && digits.bytes().all(|b| b.is_ascii_digit());
    whole && (digits.starts_with("19") || digits.starts_with("20"))
}
