//! Techniques, applied to single values.

use emrshare_identity::ConsortiumKey;

use crate::{Class, Policy, Report, Technique};

/// A policy and the key of its surrogates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Treatment<'a> {
    policy: &'a Policy,
    key: &'a ConsortiumKey,
}

impl<'a> Treatment<'a> {
    pub(crate) const fn new(policy: &'a Policy, key: &'a ConsortiumKey) -> Self {
        Self { policy, key }
    }

    /// What takes the place of a value; `None` if nothing does. Counts what was done.
    pub(crate) fn value(&self, class: Class, value: &str, report: &mut Report) -> Option<String> {
        let technique = self.policy.technique(class);
        if technique != Technique::Keep {
            report.count(class, technique);
        }
        match technique {
            Technique::Keep => Some(value.to_owned()),
            Technique::Delete => None,
            Technique::Generalize if class == Class::Age => Some(age_band(value)),
            Technique::Generalize => year(value),
            Technique::Surrogate => Some(self.surrogate(class, value)),
        }
    }

    /// What takes the place of a value within a text.
    pub(crate) fn in_text(&self, class: Class, value: &str, report: &mut Report) -> String {
        self.value(class, value, report).unwrap_or_else(|| format!("[{}]", class.name()))
    }

    pub(crate) const fn technique(&self, class: Class) -> Technique {
        self.policy.technique(class)
    }

    /// 12 letters from a to p, which no pattern takes for a number, a date or a mail address.
    pub(crate) fn token(&self, value: &str) -> String {
        let digest = self.key.surrogate(&value.to_lowercase());
        let letters = digest.0.iter().take(6).flat_map(|byte| [byte >> 4, byte & 15]);
        letters.map(|nibble| char::from(b'a' + nibble)).collect()
    }

    /// A UID below the root for UUID-derived ones (PS3.5, annex B.2).
    pub(crate) fn uid(&self, value: &str) -> String {
        let digest = self.key.surrogate(value.trim_end_matches(['\0', ' ']));
        let bytes = digest.0.first_chunk().copied().unwrap_or_default();
        format!("2.25.{}", u128::from_be_bytes(bytes) >> 6 | 1)
    }

    fn surrogate(&self, class: Class, value: &str) -> String {
        format!("{}-{}", class.name(), self.token(value.trim()))
    }
}

/// The four digits of a year, if a date has them.
pub(crate) fn year(date: &str) -> Option<String> {
    let digits: String = date.chars().map(|c| if c.is_ascii_digit() { c } else { ' ' }).collect();
    let year = digits.split_whitespace().find_map(|run| match run.len() {
        4 => Some(run),
        8 | 14 => run.get(..4),
        _ => None,
    })?;
    Some(year.to_owned())
}

/// The middle of the ten years that an age lies in; Safe Harbor joins ages over 89. Ages in days,
/// weeks and months (DICOM AS) lie in the first ten years.
pub(crate) fn age_band(age: &str) -> String {
    let is_short = age.ends_with(['D', 'W', 'M']);
    let digits: String = age.chars().filter(char::is_ascii_digit).collect();
    match digits.parse::<u32>() {
        Ok(90..) if !is_short => "90".to_owned(),
        Ok(years) if !is_short => (years / 10 * 10 + 5).to_string(),
        _ => "5".to_owned(),
    }
}
