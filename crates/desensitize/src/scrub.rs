//! Text with everything identifying replaced.

use std::{cmp::Reverse, ops::Range};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use emrshare_recognize::{
    Certainty, Finding, Kind, RecognizerError, find_beside, find_certain, find_in_xml,
    is_english_word,
};
use emrshare_record::{MediaType, Record};
use serde_json::Value;

use crate::{
    Class, DocumentKind, Evidence, Report, Technique, Treated, embedded,
    fhir::is_free_text,
    known::{Meaning, Part},
    markup::Unmarked,
    place::Place,
    tables::Tables,
    treat::{Outcome, TOKEN_LEN, Treatment},
};

/// Finds and replaces in text.
pub(crate) struct Scrubber<'a> {
    words: AhoCorasick,
    meanings: Vec<&'a Meaning>,
    pub(crate) treatment: &'a Treatment<'a>,
}

/// Something in a text that is to be treated.
struct Spot {
    range: Range<usize>,
    class: Class,
    evidence: Evidence,
}

impl Spot {
    /// What the head of its column or its tag says that it is: a sentence could go on over cells.
    fn told_by(self, told: &[Finding]) -> Self {
        let at = told.partition_point(|finding| finding.range.end <= self.range.start);
        let cell = told.get(at).filter(|cell| cell.range.start < self.range.end);
        match cell {
            Some(cell) if self.evidence == Evidence::Context => {
                Self { class: class_of(cell.kind), ..self }
            }
            _ => self,
        }
    }
}

impl<'a> Scrubber<'a> {
    pub(crate) fn new(treatment: &'a Treatment<'a>) -> Self {
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            // One record is searched once: what is quick to build counts.
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .build(treatment.known.values().map(|(value, _)| value))
            .expect("a record's own values are few enough for an automaton");
        let meanings = treatment.known.values().map(|(_, meaning)| meaning).collect();
        Self { words, meanings, treatment }
    }

    /// The text with every finding treated. Nothing of it, and the report says so, if a recognizer
    /// cannot read it.
    pub(crate) fn scrub(&self, text: &str, place: &Place, report: &mut Report) -> String {
        self.scrub_beside(text, &Unmarked::of(text), Vec::new(), place, report)
    }

    /// The same of the next piece of a text, which may have tables.
    pub(crate) fn scrub_lines(
        &self,
        text: &str,
        tables: &mut Tables,
        place: &Place,
        report: &mut Report,
    ) -> String {
        let cells = tables.read(text);
        let unmarked = Unmarked::of(text).cut_at(cells.separators);
        self.scrub_beside(text, &unmarked, cells.found, place, report)
    }

    /// The same of XML whose tags nobody knows: they stay, and their names say what they hold.
    pub(crate) fn scrub_xml(&self, text: &str, place: &Place, report: &mut Report) -> String {
        self.scrub_beside(text, &Unmarked::of_xml(text), find_in_xml(text), place, report)
    }

    fn scrub_beside(
        &self,
        text: &str,
        unmarked: &Unmarked<'_>,
        found: Vec<Finding>,
        place: &Place,
        report: &mut Report,
    ) -> String {
        match self.spots(unmarked, found, place) {
            Ok(spots) => self.replace(text, spots, place, report),
            Err(failure) => {
                report.fail(failure);
                String::new()
            }
        }
    }

    /// The text with only the record's own values and what is certain treated: for names of systems
    /// and displays of codes.
    pub(crate) fn scrub_known(&self, text: &str, place: &Place, report: &mut Report) -> String {
        let own = self.known_words(text).into_iter();
        let mut spots: Vec<_> = own
            .map(|(range, meaning)| Spot {
                range,
                class: meaning.class,
                evidence: Evidence::OwnValue,
            })
            .collect();
        if spots.is_empty() {
            let form = |found: Finding| Spot {
                range: found.range,
                class: class_of(found.kind),
                evidence: Evidence::Form,
            };
            spots = find_certain(text).into_iter().map(form).collect();
        }
        self.replace(text, spots, place, report)
    }

    fn replace(&self, text: &str, spots: Vec<Spot>, place: &Place, report: &mut Report) -> String {
        let mut scrubbed = String::with_capacity(text.len());
        let mut done = 0;
        let mut characters = Characters { bytes: 0, characters: place.characters() };
        for Spot { range, class, evidence } in spots {
            let technique = self.treatment.technique(class, place);
            let value = &text[range.clone()];
            let put = match self.treatment.apply(technique, class, value) {
                Outcome::Stays => continue,
                outcome => outcome.or_gone(value),
            };
            scrubbed.push_str(&text[done..range.start]);
            match put {
                Some(put) => scrubbed.push_str(&put),
                None => scrubbed.extend(["[", class.name(), "]"]),
            }
            done = range.end;
            let (start, end) =
                (characters.before(text, range.start), characters.before(text, done));
            report.add(class, technique, || Treated {
                class,
                technique,
                evidence,
                document: place.document(),
                place: format!("{}#char={start},{end}", place.pointer()),
            });
        }
        scrubbed.push_str(&text[done..]);
        scrubbed
    }

    /// Class and place of the first thing in a copy that should have been treated.
    pub(crate) fn first_leak(&self, copy: &Record) -> Option<(Class, String)> {
        first_in(copy, &|text, place| self.leak_at(text, place))
    }

    /// Class and place of the first thing in JSON that should have been treated.
    pub(crate) fn leak_in_json(&self, value: &Value, place: &mut Place) -> Option<(Class, String)> {
        first_in_json(value, place, &|text, place| self.leak_at(text, place))
    }

    /// Class of the first thing in a whole file that should have been treated. What a policy has
    /// rules for in single fields cannot be told there.
    pub(crate) fn leak_in_file(&self, text: &str, document: DocumentKind) -> Option<Class> {
        let place = Place::new(document);
        let is_leak = |(range, meaning): &(Range<usize>, &Meaning)| {
            !self.treatment.policy.has_field_rules(meaning.class, document)
                && self.is_treated(&text[range.clone()], meaning, &place)
        };
        let own =
            self.known_words(text).into_iter().find(is_leak).map(|(_, meaning)| meaning.class);
        own.or_else(|| certain(text))
    }

    /// What a whole number is, if it identifies somebody: few counts and measures have so many digits.
    pub(crate) fn class_of_number(&self, number: &str) -> Option<Class> {
        if !is_long_number(number) {
            return None;
        }
        let own = self.treatment.known.meaning(number).map(|meaning| meaning.class);
        own.or_else(|| certain(number))
    }

    /// Class of the first thing in a text that should have been treated.
    pub(crate) fn leak_at(&self, text: &str, place: &Place) -> Option<Class> {
        let is_leak = |(range, meaning): &(Range<usize>, &Meaning)| {
            self.is_treated(&text[range.clone()], meaning, place)
        };
        let own =
            self.known_words(text).into_iter().find(is_leak).map(|(_, meaning)| meaning.class);
        own.or_else(|| certain(text))
    }

    fn is_treated(&self, value: &str, meaning: &Meaning, place: &Place) -> bool {
        let technique = self.treatment.technique(meaning.class, place);
        self.treatment.apply(technique, meaning.class, value) != Outcome::Stays
    }

    /// What is to be treated, in order and without overlaps.
    fn spots(
        &self,
        unmarked: &Unmarked<'_>,
        found: Vec<Finding>,
        place: &Place,
    ) -> Result<Vec<Spot>, RecognizerError> {
        let text = unmarked.text.as_ref();
        let own = self.known_words(text);
        let certainty = Certainty::Certain;
        let known = own.iter().map(|(range, meaning)| Finding {
            range: range.clone(),
            kind: kind_of(meaning.class),
            certainty,
        });
        let kind = Kind::Id;
        let encoded = embedded::encoded(text).into_iter();
        let encoded = encoded.map(|range| Finding { range, kind, certainty });
        let mut told = found.clone();
        told.sort_unstable_by_key(|finding| finding.range.start);
        let mut known: Vec<_> = known.chain(encoded).chain(found).collect();
        for other in self.treatment.recognizers {
            let is_there =
                |found: &Finding| text.get(found.range.clone()).is_some_and(|it| !it.is_empty());
            known.extend(other.recognize(text)?.into_iter().filter(is_there));
        }
        // What is kept must not swallow what it overlaps.
        let is_treated = |kind| self.treatment.technique(class_of(kind), place) != Technique::Keep;
        told.retain(|finding| is_treated(finding.kind));
        let mut spots = Vec::new();
        let mut own = own.as_slice();
        for found in find_beside(text, known, is_treated) {
            let is_before = |(range, _): &&(Range<usize>, &Meaning)| range.end <= found.range.start;
            own = &own[own.iter().take_while(is_before).count()..];
            let within = own.iter().take_while(|(range, _)| range.start < found.range.end);
            add_spots(text, &found, &own[..within.count()], &mut spots);
        }
        let apart = |spot: Spot| {
            let pieces = unmarked.text_in(&spot.range).into_iter();
            pieces.map(move |range| Spot { range, ..spot })
        };
        let spots = spots.into_iter().flat_map(apart);
        Ok(spots.map(|spot| spot.told_by(&told)).collect())
    }

    /// The record's own values where they stand as words, in order and without overlaps: of several that
    /// begin at one place the longest.
    fn known_words(&self, text: &str) -> Vec<(Range<usize>, &'a Meaning)> {
        let is_word = |c: char| c.is_alphanumeric() && !matches!(c, '\u{3400}'..='\u{9fff}');
        let found = self.words.find_overlapping_iter(text).filter_map(|found| {
            let range = found.start()..found.end();
            let value = &text[range.clone()];
            let joined =
                |a: Option<char>, b: Option<char>| a.is_some_and(is_word) && b.is_some_and(is_word);
            let within = joined(text[..range.start].chars().next_back(), value.chars().next())
                || joined(text[range.end..].chars().next(), value.chars().next_back());
            let meaning = self.meanings[found.pattern().as_usize()];
            let is_found = !within && !is_ours(text, &range) && !is_ordinary(text, &range, meaning);
            is_found.then_some((range, meaning))
        });
        let mut found: Vec<_> = found.collect();
        found.sort_unstable_by_key(|(range, _)| (range.start, Reverse(range.end)));
        let mut end = 0;
        found.retain(|(range, _)| {
            let is_behind = range.start >= end;
            if is_behind {
                end = range.end;
            }
            is_behind
        });
        found
    }
}

/// Whether this crate wrote it, `[name]` or `name-` and a token: a person may be called like a class.
fn is_ours(text: &str, range: &Range<usize>) -> bool {
    let (before, behind) = (&text[..range.start], &text[range.end..]);
    let is_token = |rest: &str| {
        let letters = rest.bytes().take_while(|byte| matches!(byte, b'a'..=b'p')).count();
        letters == TOKEN_LEN && !rest[letters..].starts_with(char::is_alphanumeric)
    };
    let is_surrogate = behind.strip_prefix('-').is_some_and(is_token)
        && Class::ALL.iter().any(|class| class.name() == &text[range.clone()]);
    is_surrogate || (before.ends_with('[') && behind.starts_with(']'))
}

/// Whether a part of a name is written small where others are not, and a common word: Mrs. Young is
/// a young woman whose pressure rose.
fn is_ordinary(text: &str, range: &Range<usize>, meaning: &Meaning) -> bool {
    const NEAR: usize = 256;
    let value = &text[range.clone()];
    if !matches!(meaning.part, Part::Family(_) | Part::Given(_))
        || !value.bytes().all(|byte| byte.is_ascii_lowercase())
        || !is_english_word(value)
    {
        return false;
    }
    let start = text.floor_char_boundary(range.start.saturating_sub(NEAR));
    let end = text.floor_char_boundary(range.end + NEAR);
    let before = text[start..range.start].rsplit('\n').next().unwrap_or_default();
    let behind = text[range.end..end].split('\n').next().unwrap_or_default();
    [before, behind].iter().any(|near| near.contains(char::is_uppercase))
}

/// Adds a finding, with the document's own values that lie in it: within a name, and where they are
/// of another class, these are spots of their own, and so is what else there is between them. A mail
/// address or number of a certain form is one, though a name is in it.
fn add_spots(text: &str, found: &Finding, own: &[(Range<usize>, &Meaning)], spots: &mut Vec<Spot>) {
    let class = class_of(found.kind);
    let is_one = found.certainty == Certainty::Certain
        && matches!(class, Class::Contact | Class::Identifier);
    let is_apart = |meaning: &Meaning| !is_one && (class == Class::Name || meaning.class != class);
    let evidence = match found.certainty {
        _ if !own.is_empty() => Evidence::OwnValue,
        Certainty::Certain => Evidence::Form,
        Certainty::Likely => Evidence::Context,
    };
    let mut rest = found.range.clone();
    for (range, meaning) in own.iter().filter(|(_, meaning)| is_apart(meaning)) {
        add_between(text, rest.start..range.start, class, spots);
        let (range, class) = (range.clone(), meaning.class);
        rest.start = range.end;
        spots.push(Spot { range, class, evidence: Evidence::OwnValue });
    }
    if rest.start == found.range.start {
        spots.push(Spot { range: rest, class, evidence });
    } else {
        add_between(text, rest, class, spots);
    }
}

/// Adds what stands before or behind an own value within a finding, if it says anything: small
/// words such as `of` and titles do not.
fn add_between(text: &str, range: Range<usize>, class: Class, spots: &mut Vec<Spot>) {
    let Some(piece) = text.get(range.clone()) else { return };
    let is_said = |c: char| c.is_alphanumeric() && !c.is_lowercase();
    if !piece.contains(is_said) {
        return;
    }
    let start = range.start + piece.len() - piece.trim_start_matches(is_between).len();
    let end = range.end - (piece.len() - piece.trim_end_matches(is_between).len());
    if TITLES.contains(&&text[start..end]) {
        return;
    }
    spots.push(Spot { range: start..end, class, evidence: Evidence::Context });
}

/// What a person may be called beside the name.
const TITLES: [&str; 6] = ["Dr", "Miss", "Mr", "Mrs", "Ms", "Prof"];

fn is_between(c: char) -> bool {
    !c.is_alphanumeric()
}

/// Counts characters up to places in a text that come in order.
struct Characters {
    bytes: usize,
    characters: usize,
}

impl Characters {
    fn before(&mut self, text: &str, at: usize) -> usize {
        self.characters += text[self.bytes..at].chars().count();
        self.bytes = at;
        self.characters
    }
}

/// The first certain finding in a copy.
pub(crate) fn scan(copy: &Record) -> Option<Class> {
    first_in(copy, &|text, _| certain(text)).map(|(class, _)| class)
}

fn certain(text: &str) -> Option<Class> {
    find_certain(text).first().map(|found| class_of(found.kind))
}

const fn kind_of(class: Class) -> Kind {
    match class {
        Class::Name => Kind::Name,
        Class::Contact => Kind::Phone,
        Class::Address => Kind::Address,
        Class::Date => Kind::Date,
        Class::Age => Kind::Age,
        Class::Organisation => Kind::Organisation,
        Class::Identifier | Class::Photo => Kind::Id,
    }
}

pub(crate) const fn class_of(kind: Kind) -> Class {
    match kind {
        Kind::Name => Class::Name,
        Kind::Phone | Kind::Email | Kind::Network => Class::Contact,
        Kind::Address => Class::Address,
        Kind::Date => Class::Date,
        Kind::Age => Class::Age,
        Kind::Organisation => Class::Organisation,
        // Numbers, and what later versions may find.
        _ => Class::Identifier,
    }
}

pub(crate) fn is_long_number(text: &str) -> bool {
    const LEN_MIN: usize = 7;
    text.len() >= LEN_MIN && text.bytes().all(|byte| byte.is_ascii_digit())
}

type Leak<'a> = dyn Fn(&str, &Place) -> Option<Class> + 'a;

fn first_in(copy: &Record, leak: &Leak<'_>) -> Option<(Class, String)> {
    let mut texts = copy.attachments().iter().enumerate().filter_map(|(position, attachment)| {
        let is_text = attachment.media_type == MediaType::Text;
        let text = is_text.then(|| String::from_utf8_lossy(&attachment.bytes))?;
        let place = Place::attachment(DocumentKind::Text, position);
        Some((leak(&text, &place)?, place.pointer()))
    });
    first_in_json(copy.bundle().as_value(), &mut Place::new(DocumentKind::Fhir), leak)
        .or_else(|| texts.next())
}

fn first_in_json(value: &Value, place: &mut Place, leak: &Leak<'_>) -> Option<(Class, String)> {
    match value {
        Value::String(text) => leak(text, place).map(|class| (class, place.pointer())),
        Value::Number(number) => {
            let number = number.to_string();
            let class = if is_long_number(&number) { leak(&number, place) } else { None };
            class.map(|class| (class, place.pointer()))
        }
        Value::Array(items) => items.iter().enumerate().find_map(|(number, item)| {
            place.push_number(number);
            let found = first_in_json(item, place, leak);
            place.pop();
            found
        }),
        Value::Object(object) => {
            let kind = object.get("resourceType").and_then(Value::as_str);
            let outer = kind.map(|kind| place.enter(kind));
            let mut fields =
                object.iter().filter(|(key, value)| !value.is_string() || is_free_text(key));
            let found = fields.find_map(|(key, value)| {
                place.push(key);
                let text = if key == "data" { embedded::text(object, value) } else { None };
                let found = match text {
                    Some(text) => leak(&text, place).map(|class| (class, place.pointer())),
                    None => first_in_json(value, place, leak),
                };
                place.pop();
                found
            });
            outer.into_iter().for_each(|outer| place.leave(outer));
            found
        }
        _ => None,
    }
}
