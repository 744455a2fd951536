//! Sections that a consortium asks for beside the three.

use emrshare_record::{OtherSection, Section, Sections};
use serde::{Deserialize, Serialize};

use super::{
    language::{LanguageStandard, table},
    standards::{LanguageData, SectionRules, StandardsError},
};

/// Characters that a name may have at most.
const NAME_MAX: usize = 40;

/// A section that records must have beside the three, and how it is known in a record.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AddedSection {
    /// Its name in reports and in lines of JSON: at most 40 small Latin letters, digits and hyphens.
    pub name: String,
    /// Words of which its title has one, in small letters. Words that mean one of the three, such as
    /// 诊断, are none: a section of such a title is that one.
    pub titles: Vec<String>,
    /// Codes of which it has one, such as LOINC's.
    pub codes: Vec<String>,
}

impl AddedSection {
    /// The section's text in a record; empty if it has none.
    #[must_use]
    pub fn text_of(&self, sections: &Sections) -> String {
        let own = sections.others().iter().filter(|other| self.is(other));
        own.map(|other| other.text.trim()).collect::<Vec<_>>().join("\n")
    }

    fn is(&self, other: &OtherSection) -> bool {
        let title = other.title.to_lowercase();
        other.codes.iter().any(|code| self.codes.contains(code))
            || title == self.name
            || self.titles.iter().any(|words| title.contains(words.as_str()))
    }

    /// # Errors
    /// [`StandardsError::Added`] if the name is none, nothing tells the section, or a title means one
    /// of the three.
    pub(crate) fn check(&self) -> Result<(), StandardsError> {
        let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let name = self.name.as_str();
        let is_name = (1..=NAME_MAX).contains(&name.len()) && name.chars().all(is_fit);
        let is_fit_title =
            |title: &String| *title == title.to_lowercase() && Section::from_title(title).is_none();
        let mut told = self.titles.iter().chain(&self.codes).peekable();
        let is_told = told.peek().is_some() && told.all(|told| !told.trim().is_empty());
        let is_own = Section::from_name(name).is_none();
        if is_name && is_own && is_told && self.titles.iter().all(is_fit_title) {
            return Ok(());
        }
        Err(StandardsError::Added(name.chars().take(NAME_MAX).collect()))
    }
}

/// What the database holds of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddedData {
    pub(crate) section: AddedSection,
    pub(crate) rules: SectionRules,
    /// As of the three sections.
    pub(crate) centre: String,
}

/// An added section in one language, ready for comparison.
#[derive(Debug)]
pub(crate) struct AddedStandard {
    pub(crate) section: AddedSection,
    pub(crate) rules: SectionRules,
    pub(crate) centre: Centre,
}

impl AddedStandard {
    pub(crate) fn read(
        language: &LanguageData,
        data: &AddedData,
        dimensions: usize,
    ) -> Result<Self, StandardsError> {
        data.section.check()?;
        let bytes = table(language, "centre", &data.centre, 2 * dimensions)?;
        let pairs = bytes.chunks_exact(2);
        let weights = pairs.map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]])).collect();
        let (section, rules) = (data.section.clone(), data.rules.clone());
        Ok(Self { section, rules, centre: Centre::new(weights) })
    }
}

/// The sum of a section's vectors, and its length.
#[derive(Debug)]
pub(crate) struct Centre {
    pub(crate) weights: Vec<i16>,
    pub(crate) norm: u64,
}

impl Centre {
    pub(crate) fn new(weights: Vec<i16>) -> Self {
        let squares = weights.iter().map(|weight| u64::from(weight.unsigned_abs()).pow(2));
        let norm = squares.sum::<u64>().isqrt();
        Self { weights, norm }
    }
}

/// The added sections of a language, each with its text in a record.
pub(crate) fn texts<'a>(
    standard: &'a LanguageStandard,
    sections: &'a Sections,
) -> impl Iterator<Item = (&'a AddedStandard, String)> {
    standard.added.iter().map(|added| (added, added.section.text_of(sections)))
}
