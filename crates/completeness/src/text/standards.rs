//! The standard database: what complete sections look like, as numbers.

use std::sync::{Arc, LazyLock};

use emrshare_codec::Digest;
use emrshare_record::{Language, Section};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    added::AddedData,
    grams::Grams,
    language::LanguageStandard,
    measure,
    vector::{Vector, Vectorizer},
};
use crate::SectionName;

/// Version of the database's form.
pub(crate) const VERSION: u32 = 2;

/// Bytes are not a standard database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StandardsError {
    /// Not JSON of this form.
    #[error("not a standard database: line {line}, column {column}")]
    Json {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
    },
    /// Another version.
    #[error("standard database of version {0}; this software reads version 2")]
    Version(u32),
    /// A language that this software does not know.
    #[error("standard database: `{0}` is no language that is known (zh, en)")]
    Language(String),
    /// Not the three sections.
    #[error(
        "standard database: {0} needs the sections basic, diagnosis, hospitalisation in this order"
    )]
    Sections(String),
    /// A section beside the three that cannot be one.
    #[error(
        "standard database: `{0}` is no section that can be added: a name has 1 to 40 small Latin \
         letters, digits and hyphens and is none of the three; a code, or a title in small letters \
         that means none of the three, tells the section"
    )]
    Added(String),
    /// Too few texts to learn a section from.
    #[error(
        "section {section}: {found} records have it in a language of the database, at least {needed} \
         are needed"
    )]
    TooFewTexts {
        /// The section's name.
        section: String,
        /// Records of the language that has most.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Made with another vectorizer.
    #[error("standard database: it was made with the vectorizer `{needed}`, not with `{found}`")]
    Vectorizer {
        /// What it was made with.
        needed: String,
        /// What it was read with.
        found: String,
    },
    /// Words that are not in ascending order.
    #[error("standard database: the words of {0} must ascend, one a line")]
    Words(String),
    /// A table of the wrong size.
    #[error(
        "standard database: table {table} of {language} is damaged: {needed} values are needed"
    )]
    Table {
        /// Which table.
        table: &'static str,
        /// Of which language.
        language: String,
        /// How many values it must have.
        needed: usize,
    },
}

/// What a measured value must reach: `least` counts 0, `usual` and more counts 1.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// What is just enough.
    pub least: i32,
    /// What nine of ten complete sections reach.
    pub usual: i32,
}

/// The bounds of a section.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Characters without white space, as 16 times their logarithm to base 2.
    pub length: Bound,
    /// Cosine with the section's standard, in millionths.
    pub similarity: Bound,
    /// That cosine less the greatest one with another section's standard, in millionths.
    pub contrast: Bound,
    /// How much likelier a text ends like this whole than cut off, as 16 times a logarithm to base 2.
    #[serde(default = "measure::ending_bound")]
    pub ending: Bound,
}

/// What a section's text must name, such as sex or age.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Element {
    /// What it is called in reports.
    pub name: String,
    /// Words of which one must be there, in small letters.
    pub words: Vec<String>,
}

/// The form in which a database is kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    pub(crate) version: u32,
    /// What made its vectors.
    pub(crate) vectorizer: String,
    pub(crate) languages: Vec<LanguageData>,
}

impl Database {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, StandardsError> {
        serde_json::from_slice(bytes)
            .map_err(|error| StandardsError::Json { line: error.line(), column: error.column() })
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LanguageData {
    pub(crate) language: String,
    pub(crate) sections: Vec<SectionData>,
    /// How rare each dimension is: 16 times a logarithm, a byte a dimension.
    pub(crate) rarity: String,
    /// How often phrases end with certain words, and words with certain letters: a check and a
    /// share in 255ths for each of 65,536 places.
    pub(crate) ends: String,
    /// Whole words in small letters, ascending, one a line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) words: String,
    /// Sections beside the three.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) added: Vec<AddedData>,
}

/// What a section's text must reach.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SectionRules {
    /// Number of texts that the standard was made of.
    pub texts: u32,
    /// How many of a thousand texts end with a full stop or another mark that ends a sentence.
    pub marked: u32,
    /// The bounds of what is measured.
    pub thresholds: Thresholds,
    /// What the text must name.
    pub elements: Vec<Element>,
    /// Of how many of these at least one word must be there.
    pub elements_min: usize,
    /// Words, in small letters, of which one is near the end of most texts that are whole, such as
    /// what becomes of a patient at the end of a stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closings: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SectionData {
    pub(crate) section: String,
    pub(crate) rules: SectionRules,
    /// Weight of each dimension, signed, two bytes (little-endian) a dimension.
    pub(crate) centre: String,
}

/// What the database says of one section of one language.
#[derive(Clone, Debug)]
pub struct SectionStandard<'a> {
    /// The language.
    pub language: Language,
    /// The section.
    pub section: SectionName,
    /// What its text must reach.
    pub rules: &'a SectionRules,
}

/// The standard database.
///
/// Its digest is named by the consortium, so that all nodes judge alike. All arithmetic on it is on
/// integers: the same text has the same scores on every machine.
#[derive(Debug)]
pub struct Standards {
    digest: Digest,
    vectorizer: Arc<dyn Vectorizer>,
    languages: Vec<(Language, LanguageStandard)>,
}

impl Standards {
    /// The database in this crate. `standards/README.md` says what it was made of.
    pub const EMBEDDED: &[u8] = include_bytes!("../../data/standards.json");

    /// [`EMBEDDED`](Self::EMBEDDED), read once.
    ///
    /// # Panics
    /// Never: the tests read it.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Standards> = LazyLock::new(|| {
            Standards::from_json(Standards::EMBEDDED)
                .expect("the embedded database is read by the tests")
        });
        &EMBEDDED
    }

    /// Reads a database that [`StandardsBuilder`](crate::StandardsBuilder) made with [`Grams`].
    ///
    /// # Errors
    /// [`StandardsError`] if it is something else.
    pub fn from_json(bytes: &[u8]) -> Result<Self, StandardsError> {
        Self::with_vectorizer(bytes, Arc::new(Grams))
    }

    /// Reads a database that [`StandardsBuilder`](crate::StandardsBuilder) made with the same
    /// vectorizer.
    ///
    /// # Errors
    /// [`StandardsError`] if it is something else.
    pub fn with_vectorizer(
        bytes: &[u8],
        vectorizer: Arc<dyn Vectorizer>,
    ) -> Result<Self, StandardsError> {
        let database = Database::read(bytes)?;
        if database.version != VERSION {
            return Err(StandardsError::Version(database.version));
        }
        if database.vectorizer != vectorizer.name() {
            let found = vectorizer.name().to_owned();
            return Err(StandardsError::Vectorizer { needed: database.vectorizer, found });
        }
        let read = |data| LanguageStandard::read(data, vectorizer.dimensions());
        let languages = database.languages.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { digest: Digest(Sha256::digest(bytes).into()), vectorizer, languages })
    }

    /// SHA-256 of the database's bytes.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// What it says, section by section: of each language the three, then those beside them.
    pub fn sections(&self) -> impl Iterator<Item = SectionStandard<'_>> {
        self.languages.iter().flat_map(|(language, standard)| {
            let three = Section::ALL.map(SectionName::from).into_iter().zip(&standard.rules);
            let added = standard.added.iter();
            let added = added.map(|added| (SectionName::from(&added.section), &added.rules));
            three.chain(added).map(|(section, rules)| SectionStandard {
                language: *language,
                section,
                rules,
            })
        })
    }

    pub(crate) fn vector(&self, text: &str) -> Vector {
        self.vectorizer.vector(text)
    }

    pub(crate) fn languages(&self) -> impl Iterator<Item = (Language, &LanguageStandard)> {
        self.languages.iter().map(|(language, standard)| (*language, standard))
    }

    pub(crate) fn language(&self, language: Language) -> Option<&LanguageStandard> {
        self.languages.iter().find(|(known, _)| *known == language).map(|(_, standard)| standard)
    }
}
