//! Text with everything identifying replaced.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use emrshare_recognize::{Certainty, Finding, Kind, find_beside, find_certain};
use emrshare_record::{MediaType, Record};
use serde_json::Value;

use crate::{Class, Report, Technique, collect::Known, fhir::is_free_text, treat::Treatment};

/// Finds and replaces in text.
pub(crate) struct Scrubber<'a> {
    words: AhoCorasick,
    classes: Vec<Class>,
    treatment: &'a Treatment<'a>,
}

impl<'a> Scrubber<'a> {
    pub(crate) fn new(known: &Known, treatment: &'a Treatment<'a>) -> Self {
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            // One record is searched once: what is quick to build counts.
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .build(known.keys())
            .expect("a record's own values are few enough for an automaton");
        Self { words, classes: known.values().copied().collect(), treatment }
    }

    /// The text with every finding treated.
    pub(crate) fn scrub(&self, text: &str, report: &mut Report) -> String {
        self.replace(text, self.findings(text), report)
    }

    /// The text with only the record's own values and what is certain treated: for names of systems
    /// and displays of codes.
    pub(crate) fn scrub_known(&self, text: &str, report: &mut Report) -> String {
        let mut findings: Vec<_> = self.known_words(text).collect();
        if findings.is_empty() {
            let certain = find_certain(text).into_iter();
            findings = certain.map(|found| (found.range, class_of(found.kind))).collect();
        }
        findings.retain(|(_, class)| self.treatment.technique(*class) != Technique::Keep);
        self.replace(text, findings, report)
    }

    fn replace(
        &self,
        text: &str,
        findings: Vec<(Range<usize>, Class)>,
        report: &mut Report,
    ) -> String {
        let mut scrubbed = String::with_capacity(text.len());
        let mut done = 0;
        for (range, class) in findings {
            scrubbed.push_str(&text[done..range.start]);
            scrubbed.push_str(&self.treatment.in_text(class, &text[range.clone()], report));
            done = range.end;
        }
        scrubbed.push_str(&text[done..]);
        scrubbed
    }

    /// Class and place of the first thing in a copy that should have been treated.
    pub(crate) fn first_leak(&self, copy: &Record) -> Option<(Class, String)> {
        first_in(copy, &|text| self.leak_in_text(text))
    }

    /// Class and place of the first thing in a resource that should have been treated.
    pub(crate) fn leak_in_resource(&self, resource: &Value) -> Option<(Class, String)> {
        first_in_json(resource, String::new(), &|text| self.leak_in_text(text))
    }

    /// Class of the first thing in a text that should have been treated.
    pub(crate) fn leak_in_text(&self, text: &str) -> Option<Class> {
        self.known_words(text)
            .map(|(_, class)| class)
            .find(|class| self.treatment.technique(*class) != Technique::Keep)
            .or_else(|| certain(text))
    }

    /// What is to be treated, in order and without overlaps.
    fn findings(&self, text: &str) -> Vec<(Range<usize>, Class)> {
        let certainty = Certainty::Certain;
        let own = |(range, class)| Finding { range, kind: kind_of(class), certainty };
        let known = self.known_words(text).map(own).collect();
        // What is kept must not swallow what it overlaps.
        let is_treated = |kind| self.treatment.technique(class_of(kind)) != Technique::Keep;
        let found = find_beside(text, known, is_treated).into_iter();
        found.map(|found| (found.range, class_of(found.kind))).collect()
    }

    /// The record's own values where they stand as words.
    fn known_words<'t>(
        &'t self,
        text: &'t str,
    ) -> impl Iterator<Item = (Range<usize>, Class)> + 't {
        let is_word = |c: char| c.is_alphanumeric() && !matches!(c, '\u{3400}'..='\u{9fff}');
        self.words.find_iter(text).filter_map(move |found| {
            let range = found.start()..found.end();
            let value = &text[range.clone()];
            let joined =
                |a: Option<char>, b: Option<char>| a.is_some_and(is_word) && b.is_some_and(is_word);
            let within = joined(text[..range.start].chars().next_back(), value.chars().next())
                || joined(text[range.end..].chars().next(), value.chars().next_back());
            // A person may be called like a class: what this scrubber wrote is no finding.
            let ours = text[..range.start].ends_with('[') && text[range.end..].starts_with(']');
            (!within && !ours).then(|| (range, self.classes[found.pattern().as_usize()]))
        })
    }
}

/// The first certain finding in a copy.
pub(crate) fn scan(copy: &Record) -> Option<Class> {
    first_in(copy, &certain).map(|(class, _)| class)
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

const fn class_of(kind: Kind) -> Class {
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

type Leak<'a> = dyn Fn(&str) -> Option<Class> + 'a;

fn first_in(copy: &Record, leak: &Leak<'_>) -> Option<(Class, String)> {
    let mut texts = copy.attachments().iter().enumerate().filter_map(|(position, attachment)| {
        let is_text = attachment.media_type == MediaType::Text;
        let class = is_text.then(|| leak(&String::from_utf8_lossy(&attachment.bytes)))??;
        Some((class, format!("attachment {}", position + 1)))
    });
    first_in_json(copy.bundle().as_value(), String::new(), leak).or_else(|| texts.next())
}

fn first_in_json(value: &Value, place: String, leak: &Leak<'_>) -> Option<(Class, String)> {
    match value {
        Value::String(text) => leak(text).map(|class| (class, place)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(number, item)| first_in_json(item, format!("{place}/{number}"), leak)),
        Value::Object(object) => object
            .iter()
            .filter(|(key, value)| !value.is_string() || is_free_text(key))
            .find_map(|(key, value)| first_in_json(value, format!("{place}/{key}"), leak)),
        _ => None,
    }
}
