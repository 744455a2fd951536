//! What a document itself says about whom it is about.

use std::{collections::BTreeMap, rc::Rc};

use emrshare_recognize::{find_certain, is_english_word};
use sha2::{Digest as _, Sha256};

use crate::{Class, DesensitizeError, DocumentKind, address, ages, dates};

/// Values of one document, at most: they take some hundred bytes of memory each.
const VALUES_MAX: usize = 300_000;

/// Letters of a part of a Latin name that is looked for by itself.
const PART_LEN_MIN: usize = 4;

/// Given names that are words of every record.
const COMMON_GIVEN: [&str; 24] = [
    "健康", "平安", "安全", "正常", "明显", "良好", "稳定", "清楚", "自然", "和平", "胜利", "建设",
    "文化", "光明", "阳光", "国庆", "元旦", "春节", "新生", "保健", "安康", "恢复", "大小", "左右",
];

/// Family names of two characters.
const COMPOUND_FAMILY: [&str; 20] = [
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "长孙", "令狐", "宇文",
    "司徒", "夏侯", "端木", "南宫", "独孤", "轩辕", "闻人", "赫连",
];

/// A person, as the document's fields name them.
#[derive(Debug)]
pub(crate) struct Person {
    /// The whole name, in any order.
    pub(crate) name: String,
    pub(crate) gender: Option<Gender>,
}

/// What the fields say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Gender {
    Female,
    Male,
}

impl Gender {
    /// FHIR's administrative gender, DICOM's sex, HL7 v2's and v3's codes, GB/T 2261.1.
    pub(crate) fn of(code: &str) -> Option<Self> {
        match code.trim() {
            "female" | "F" | "2" => Some(Self::Female),
            "male" | "M" | "1" => Some(Self::Male),
            _ => None,
        }
    }
}

/// What a value is a part of.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Of nothing.
    Whole,
    /// A person's whole name.
    Name(Rc<Person>),
    /// A person's family name.
    Family(Rc<Person>),
    /// A given name.
    Given(Rc<Person>),
    /// An address.
    Place(address::Part),
}

/// What is known of a value.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    pub(crate) class: Class,
    pub(crate) part: Part,
}

/// Values to be found in text, and what they mean.
#[derive(Debug, Default)]
pub(crate) struct Known {
    values: BTreeMap<String, Meaning>,
    /// What tells the patient from others: the same in all of the patient's documents, if they say.
    patient: Option<String>,
    /// The year of the latest event that the document dates.
    latest_year: Option<u16>,
}

impl Known {
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, &Meaning)> {
        self.values.iter().map(|(value, meaning)| (value.as_str(), meaning))
    }

    /// Whether there are more values than can be looked for.
    pub(crate) fn is_too_much(&self) -> bool {
        self.values.len() > VALUES_MAX
    }

    /// That there are not.
    pub(crate) fn check(&self) -> Result<(), DesensitizeError> {
        if !self.is_too_much() {
            return Ok(());
        }
        let problem = format!(
            "it tells more than {VALUES_MAX} names, numbers and the like, which all are to be looked \
             for in it: give it in parts, or one patient a line"
        );
        Err(DesensitizeError::File { kind: DocumentKind::Json, problem })
    }

    pub(crate) fn meaning(&self, value: &str) -> Option<&Meaning> {
        self.values.get(value)
    }

    pub(crate) fn patient(&self) -> Option<&str> {
        self.patient.as_deref()
    }

    /// Says who the patient is, by a number: of several one with a check digit, which other
    /// hospitals have too, and else the first in order, so that the order in the document does not
    /// count.
    pub(crate) fn set_patient(&mut self, number: &str) {
        let rank = |number: &str| (find_certain(number).is_empty(), number.to_owned());
        let number = number.trim();
        let is_better = |known: &str| rank(number) < rank(known);
        if !number.is_empty() && self.patient.as_deref().is_none_or(is_better) {
            self.patient = Some(number.to_owned());
        }
    }

    /// Says who the patient is, whatever numbers the document has.
    pub(crate) fn set_only_patient(&mut self, id: String) {
        self.patient = Some(id);
    }

    /// Says when something happened that the document tells of.
    pub(crate) fn note_event(&mut self, date: &str) {
        // Ends that are left open are written as years that nobody lives to see.
        let year = year(date).filter(|year| (1900..2100).contains(year));
        self.latest_year = self.latest_year.max(year);
    }

    /// Whether a date lies so long before the latest event that whoever lived then is over 89.
    pub(crate) fn tells_old_age(&self, date: &str) -> bool {
        let years = year(date).zip(self.latest_year);
        years.is_some_and(|(year, latest)| latest.saturating_sub(year) >= ages::OLD)
    }

    /// Says who the patient is if no number of the document does.
    pub(crate) fn or_patient_id(&mut self, id: &str) {
        self.patient.get_or_insert_with(|| id.to_owned());
    }

    /// Says who the patient is if the document does not: somebody of its own.
    pub(crate) fn or_patient<D: AsRef<[u8]>>(&mut self, document: impl FnOnce() -> D) {
        self.patient.get_or_insert_with(|| hex::encode(Sha256::digest(document())));
    }

    /// Adds a value that is long enough to be looked for.
    pub(crate) fn insert(&mut self, class: Class, value: &str, characters_min: usize) {
        self.insert_part(class, value, characters_min, Part::Whole);
    }

    /// Adds what may be a number: without a digit it may be any word.
    pub(crate) fn insert_number(&mut self, value: &str) {
        if value.bytes().any(|byte| byte.is_ascii_digit()) {
            self.insert(Class::Identifier, value, 4);
        }
    }

    /// Adds a part of an address.
    pub(crate) fn insert_place(&mut self, part: address::Part, value: &str) {
        self.insert_part(Class::Address, value, 4, Part::Place(part));
    }

    /// Adds a name in its usual spellings.
    pub(crate) fn insert_name(&mut self, family: &str, given: &str, gender: Option<Gender>) {
        let name = format!("{family} {given}").trim().to_owned();
        let person = Rc::new(Person { name, gender });
        let spellings = if is_han(family) {
            vec![format!("{family}{given}"), format!("{family} {given}")]
        } else {
            vec![
                format!("{given} {family}"),
                format!("{family} {given}"),
                format!("{family}, {given}"),
            ]
        };
        for spelling in spellings {
            let spelling = spelling.trim().trim_matches(',').trim();
            self.insert_part(Class::Name, spelling, 2, Part::Name(Rc::clone(&person)));
        }
        self.insert_name_part(family, Part::Family(Rc::clone(&person)));
        for given in given.split(' ') {
            self.insert_name_part(given, Part::Given(Rc::clone(&person)));
        }
    }

    /// Adds a name of which only the whole is known, and what is plainly a part of it.
    pub(crate) fn insert_whole_name(&mut self, name: &str, gender: Option<Gender>) {
        let name = name.trim();
        let person = Rc::new(Person { name: name.to_owned(), gender });
        self.insert_part(Class::Name, name, 2, Part::Name(Rc::clone(&person)));
        if let Some(given) = han_given(name) {
            self.insert_name_part(given, Part::Given(person));
            return;
        }
        let words = name.split([' ', ',', '.']).filter(|word| word.len() >= PART_LEN_MIN);
        let uncommon = words.filter(|word| {
            word.chars().all(|c| c.is_alphabetic() && !is_han_char(c))
                && !is_english_word(&word.to_lowercase())
        });
        for word in uncommon {
            self.insert_name_part(word, Part::Family(Rc::clone(&person)));
        }
    }

    /// A family or given name alone: a Chinese one of one character is too common a word.
    fn insert_name_part(&mut self, value: &str, part: Part) {
        if !COMMON_GIVEN.contains(&value) {
            self.insert_part(Class::Name, value, if is_han(value) { 2 } else { 3 }, part);
        }
    }

    fn insert_part(&mut self, class: Class, value: &str, characters_min: usize, part: Part) {
        let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        // Two Chinese characters say as much as a Latin word.
        let characters_min = if is_han(value) { 2 } else { characters_min };
        if value.chars().count() >= characters_min && value.chars().any(char::is_alphanumeric) {
            self.values.entry(value.to_owned()).or_insert(Meaning { class, part });
        }
    }
}

fn year(date: &str) -> Option<u16> {
    dates::year(date)?.parse().ok()
}

/// The given name of two characters behind a family name, in a Chinese name of three or four.
fn han_given(name: &str) -> Option<&str> {
    let places: Vec<usize> = name.char_indices().map(|(at, _)| at).collect();
    let family = match places.len() {
        3 => 1,
        4 if COMPOUND_FAMILY.contains(&&name[..places[2]]) => 2,
        _ => return None,
    };
    name.chars().all(is_han_char).then(|| &name[places[family]..])
}

fn is_han(text: &str) -> bool {
    text.chars().next().is_some_and(is_han_char)
}

const fn is_han_char(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}')
}
