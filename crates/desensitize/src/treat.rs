//! Techniques, applied to single values.

use std::sync::Arc;

use emrshare_identity::ConsortiumKey;
use emrshare_recognize::{Recognizer, find_certain};

use crate::{
    Class, Evidence, Level, Policy, Report, RevealKey, Technique, Treated, address,
    cipher::letters,
    dates,
    known::{Known, Part, Person},
    names::{Invented, canonical},
    place::Place,
};

/// Letters of a token.
pub(crate) const TOKEN_LEN: usize = 12;

/// What becomes of a value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// It stays as it is.
    Stays,
    /// Something else stands there now.
    Becomes(String),
    /// It is gone, and its element says so.
    Null,
    /// It is gone with its element.
    Gone,
}

impl Outcome {
    /// What stands there now, of a value that cannot be null.
    pub(crate) fn or_gone(self, value: &str) -> Option<String> {
        match self {
            Self::Stays => Some(value.to_owned()),
            Self::Becomes(other) => Some(other),
            Self::Null | Self::Gone => None,
        }
    }
}

/// A policy, its keys, and what a document says of people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Treatment<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) key: &'a ConsortiumKey,
    pub(crate) reveal_key: Option<&'a RevealKey>,
    pub(crate) known: &'a Known,
    /// Asked beside what is built in.
    pub(crate) recognizers: &'a [Arc<dyn Recognizer>],
}

impl Treatment<'_> {
    /// What becomes of the value of a field. Reports what was done.
    pub(crate) fn field(
        &self,
        class: Class,
        value: &str,
        place: &Place,
        report: &mut Report,
    ) -> Outcome {
        let technique = self.technique(class, place);
        let outcome = self.apply(technique, class, value);
        if outcome != Outcome::Stays {
            self.report(class, technique, Evidence::Field, place, report);
        }
        outcome
    }

    /// What is done to a class at a place.
    pub(crate) fn technique(&self, class: Class, place: &Place) -> Technique {
        self.policy.technique(class, place.document(), || place.field())
    }

    /// Says that something was treated.
    pub(crate) fn report(
        &self,
        class: Class,
        technique: Technique,
        evidence: Evidence,
        place: &Place,
        report: &mut Report,
    ) {
        let document = place.document();
        let treated = || Treated { class, technique, evidence, document, place: place.pointer() };
        report.add(class, technique, treated);
    }

    /// What becomes of a value.
    pub(crate) fn apply(&self, technique: Technique, class: Class, value: &str) -> Outcome {
        let become_or_gone = |other: Option<String>| other.map_or(Outcome::Gone, Outcome::Becomes);
        match technique {
            Technique::Keep => Outcome::Stays,
            Technique::Delete => Outcome::Gone,
            Technique::Null => Outcome::Null,
            Technique::Surrogate => Outcome::Becomes(self.surrogate(class, value)),
            Technique::Substitute => Outcome::Becomes(self.substitute(class, value)),
            Technique::Generalize(Level::Month | Level::Year)
                if class == Class::Date && self.known.tells_old_age(value) =>
            {
                Outcome::Null
            }
            Technique::Generalize(level) => match self.generalized(level, value) {
                Some(same) if same == value => Outcome::Stays,
                other => become_or_gone(other),
            },
            Technique::Mask { first, last } => Outcome::Becomes(masked(value, first, last)),
            Technique::Truncate { to } => become_or_gone(truncated(value, to)),
            Technique::Shift { days } => become_or_gone(dates::shift(value, self.days(days))),
            Technique::Encrypt(form) => {
                become_or_gone(self.reveal_key.map(|key| key.encrypt(class, value, form)))
            }
        }
    }

    /// 12 letters from a to p, which no pattern takes for a number, a date or a mail address.
    pub(crate) fn token(&self, value: &str) -> String {
        letters(&self.key.surrogate(&value.to_lowercase()).0[..TOKEN_LEN / 2])
    }

    /// A UID below the root for UUID-derived ones (PS3.5, annex B.2).
    pub(crate) fn uid(&self, value: &str) -> String {
        let digest = self.key.surrogate(value.trim_end_matches(['\0', ' ']));
        let bytes = digest.0.first_chunk().copied().unwrap_or_default();
        format!("2.25.{}", u128::from_be_bytes(bytes) >> 6 | 1)
    }

    /// By how many days the patient's dates move: 1 to `days`, back or forth.
    fn days(&self, days: u16) -> i64 {
        let patient = self.known.patient().unwrap_or_default();
        let digest = self.key.surrogate(&format!("shift of {patient}"));
        let [a, b, c, d, sign, ..] = digest.0;
        let size = i64::from(u32::from_be_bytes([a, b, c, d]) % u32::from(days.max(1))) + 1;
        if sign & 1 == 0 { size } else { -size }
    }

    fn surrogate(&self, class: Class, value: &str) -> String {
        let value = value.trim();
        let meant = match self.part(value) {
            _ if class != Class::Name => value.to_owned(),
            Part::Name(person) | Part::Family(person) | Part::Given(person) => {
                canonical(&person.name)
            }
            _ => canonical(value),
        };
        format!("{}-{}", class.name(), self.token(&meant))
    }

    fn part(&self, value: &str) -> Part {
        self.known.meaning(value).map_or(Part::Whole, |meaning| meaning.part.clone())
    }

    fn substitute(&self, class: Class, value: &str) -> String {
        let tries = (0_u8..).map(|number| match class {
            Class::Name => self.invented_name(value.trim(), number),
            _ => self.invented_number(class, value, number),
        });
        // Another's name or a number that looks real would be found again.
        tries
            .take(64)
            .find(|made| self.is_free(made))
            .unwrap_or_else(|| self.surrogate(class, value))
    }

    fn is_free(&self, made: &str) -> bool {
        let is_known = |value: &str| self.known.meaning(value).is_some();
        !is_known(made) && !made.split([' ', ',']).any(is_known) && find_certain(made).is_empty()
    }

    fn invented_name(&self, value: &str, number: u8) -> String {
        let part = self.part(value);
        let invent = |person: &Person| {
            let digest = self.key.surrogate(&format!("{number} {}", canonical(&person.name)));
            Invented::new(&digest, &person.name, person.gender)
        };
        match part {
            Part::Family(person) => invent(&person).family_like(value),
            Part::Given(person) => invent(&person).given_like(value),
            Part::Name(person) => invent(&person).whole_like(value),
            _ => {
                let someone = invent(&Person { name: value.to_owned(), gender: None });
                let is_one_word = value.is_ascii() && !value.contains([' ', ',']);
                if is_one_word { someone.family_like(value) } else { someone.whole_like(value) }
            }
        }
    }

    fn invented_number(&self, class: Class, value: &str, number: u8) -> String {
        let digest = self.key.surrogate(&format!("{number} {} {value}", class.name()));
        let mut random = digest.0.into_iter().cycle().zip(1_u8..);
        let mut next = |len: u8| {
            let (byte, at) = random.next().unwrap_or_default();
            byte.wrapping_mul(at) % len
        };
        let written = |c: char| match c {
            '0'..='9' => char::from(b'0' + next(10)),
            'A'..='Z' => char::from(b'A' + next(26)),
            'a'..='z' => char::from(b'a' + next(26)),
            c if c.is_alphabetic() => 'x',
            c => c,
        };
        value.chars().map(written).collect()
    }

    fn generalized(&self, level: Level, value: &str) -> Option<String> {
        match level {
            Level::Month => dates::month(value),
            Level::Year => dates::year(value),
            Level::TenYears => Some(age_band(value)),
            Level::District | Level::City | Level::Province | Level::Country => {
                match self.part(value.trim()) {
                    Part::Place(part) if part.stays(level) => Some(value.to_owned()),
                    _ => address::coarser(value, level),
                }
            }
        }
    }
}

/// Letters and digits as `*`, but for some at the ends; all of them if these would be all.
fn masked(value: &str, first: u8, last: u8) -> String {
    let count = value.chars().filter(|c| c.is_alphanumeric()).count();
    let (first, last) = (usize::from(first), usize::from(last));
    let shown = if first + last < count { first..count - last } else { 0..count };
    let mut at = 0;
    let written = |c: char| {
        if !c.is_alphanumeric() {
            return c;
        }
        at += 1;
        if shown.contains(&(at - 1)) { '*' } else { c }
    };
    value.chars().map(written).collect()
}

/// The first characters, if these are not all.
fn truncated(value: &str, to: u8) -> Option<String> {
    let (end, _) = value.char_indices().nth(to.into())?;
    Some(value[..end].to_owned())
}

/// The middle of the ten years that an age lies in; Safe Harbor joins ages over 89, and of others none is
/// found in words. Ages in days, weeks and months (DICOM AS) lie in the first ten years.
fn age_band(age: &str) -> String {
    let is_short = age.ends_with(['D', 'W', 'M']);
    let digits: String = age.chars().filter(char::is_ascii_digit).collect();
    match digits.parse::<u32>() {
        _ if digits.is_empty() => "90".to_owned(),
        Ok(90..) if !is_short => "90".to_owned(),
        Ok(years) if !is_short => (years / 10 * 10 + 5).to_string(),
        _ => "5".to_owned(),
    }
}
