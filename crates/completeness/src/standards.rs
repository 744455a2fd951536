//! The standard database: texts that show what each section looks like, and thresholds.

use std::{collections::HashMap, sync::LazyLock};

use emrshare_codec::Digest;
use emrshare_record::{Language, Section};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::vector::{Centre, Frequencies, Vector, Weights};

/// Bytes are not a standard database.
#[derive(Debug, thiserror::Error)]
#[error("not a standard database: line {line}, column {column}")]
pub struct StandardsError {
    /// Line of the error, from 1.
    pub line: usize,
    /// Column of the error, from 1.
    pub column: usize,
}

/// What a section must reach.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Least length in characters without white space.
    pub characters_min: usize,
    /// Least cosine in millionths.
    pub similarity_min: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Standard {
    language: String,
    section: String,
    thresholds: Thresholds,
    texts: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct SectionStandard {
    pub(crate) thresholds: Thresholds,
    weights: Weights,
    centre: Centre,
}

impl SectionStandard {
    pub(crate) fn similarity(&self, text: &str) -> u32 {
        self.centre.cosine(&Vector::of(text, &self.weights))
    }
}

/// The standard texts of every section and language, as vectors.
///
/// Its digest is named by the protocol contract, so that all nodes judge alike.
#[derive(Debug)]
pub struct Standards {
    digest: Digest,
    sections: HashMap<(Language, Section), SectionStandard>,
    whole: HashMap<Language, SectionStandard>,
}

impl Standards {
    /// The database in this crate, made from generated records and written for this project.
    ///
    /// # Panics
    /// Never: the tests read it.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Standards> = LazyLock::new(|| {
            Standards::from_json(include_bytes!("../data/standards.json"))
                .expect("the embedded database is read by the tests")
        });
        &EMBEDDED
    }

    /// Reads a database: a JSON array of `{language, section, thresholds, texts}`.
    ///
    /// # Errors
    /// [`StandardsError`] if it is something else.
    pub fn from_json(bytes: &[u8]) -> Result<Self, StandardsError> {
        let standards: Vec<Standard> = serde_json::from_slice(bytes)
            .map_err(|error| StandardsError { line: error.line(), column: error.column() })?;
        let digest = Digest(Sha256::digest(bytes).into());
        let mut sections = HashMap::new();
        let mut whole: HashMap<Language, Vec<String>> = HashMap::new();
        for standard in standards {
            let (Some(language), Some(section)) =
                (language(&standard.language), section(&standard.section))
            else {
                continue;
            };
            let together = whole.entry(language).or_default();
            together.resize(together.len().max(standard.texts.len()), String::new());
            for (whole, text) in together.iter_mut().zip(&standard.texts) {
                whole.push_str(text);
                whole.push('\n');
            }
            let built = build(standard.thresholds, &standard.texts);
            sections.insert((language, section), built);
        }
        let none = Thresholds { characters_min: 0, similarity_min: 0 };
        let whole = whole.into_iter().map(|(key, texts)| (key, build(none, &texts))).collect();
        Ok(Self { digest, sections, whole })
    }

    /// SHA-256 of the database's bytes.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn section(&self, language: Language, section: Section) -> Option<&SectionStandard> {
        self.sections.get(&(language, section))
    }

    pub(crate) fn whole(&self, language: Language) -> Option<&SectionStandard> {
        self.whole.get(&language)
    }
}

fn build(thresholds: Thresholds, texts: &[String]) -> SectionStandard {
    let mut frequencies = Frequencies::default();
    texts.iter().for_each(|text| frequencies.add(text));
    let weights = frequencies.weights();
    let centre = Centre::of(texts.iter().map(|text| Vector::of(text, &weights)));
    SectionStandard { thresholds, weights, centre }
}

fn language(code: &str) -> Option<Language> {
    [Language::Chinese, Language::English].into_iter().find(|language| language.code() == code)
}

fn section(name: &str) -> Option<Section> {
    Section::ALL.into_iter().find(|section| section.name() == name)
}
