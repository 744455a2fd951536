//! Text with everything identifying replaced.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use emrshare_record::{MediaType, Record};
use serde_json::Value;

use crate::{
    Class, Report, Technique, collect::Known, fhir::is_free_text, patterns::PATTERNS,
    treat::Treatment,
};

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
        let mut scrubbed = String::with_capacity(text.len());
        let mut done = 0;
        for (range, class) in self.findings(text) {
            scrubbed.push_str(&text[done..range.start]);
            scrubbed.push_str(&self.treatment.in_text(class, &text[range.clone()], report));
            done = range.end;
        }
        scrubbed.push_str(&text[done..]);
        scrubbed
    }

    /// Class and place of the first thing in a copy that should have been treated.
    pub(crate) fn first_leak(&self, copy: &Record) -> Option<(Class, String)> {
        let leak = |text: &str| {
            self.known_words(text)
                .map(|(_, class)| class)
                .find(|class| self.treatment.technique(*class) != Technique::Keep)
                .or_else(|| certain(text))
        };
        first_in(copy, &leak)
    }

    /// What is to be treated, in order and without overlaps: findings that overlap become one, of
    /// the class of the first.
    fn findings(&self, text: &str) -> Vec<(Range<usize>, Class)> {
        let patterns = PATTERNS
            .iter()
            .flat_map(|pattern| pattern.find(text).map(|range| (range, pattern.class)));
        let mut all: Vec<_> = self.known_words(text).chain(patterns).collect();
        all.retain(|(_, class)| self.treatment.technique(*class) != Technique::Keep);
        all.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut joined: Vec<(Range<usize>, Class)> = Vec::with_capacity(all.len());
        for (range, class) in all {
            match joined.last_mut() {
                Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
                _ => joined.push((range, class)),
            }
        }
        joined
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

/// The first certain pattern in a copy.
pub(crate) fn scan(copy: &Record) -> Option<Class> {
    first_in(copy, &certain).map(|(class, _)| class)
}

fn certain(text: &str) -> Option<Class> {
    let mut patterns = PATTERNS.iter().filter(|pattern| pattern.certain);
    patterns.find(|pattern| pattern.find(text).next().is_some()).map(|pattern| pattern.class)
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
