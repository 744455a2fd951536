//! What was found, where, how surely and how it was treated; never the values.

use std::collections::BTreeMap;

use emrshare_recognize::RecognizerError;
use serde::Serialize;

use crate::{Class, DocumentKind, Technique};

/// No copy can be made that may be shared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DesensitizeError {
    /// Something identifying is left in the copy: the record is not shared.
    #[error("a value of class {} is left at {place}", class.name())]
    Leak {
        /// What it tells.
        class: Class,
        /// Where it stands.
        place: String,
    },
    /// A file is of no kind that can be treated.
    #[error("neither DICOM, FHIR or other JSON, HL7 v2, CDA nor text: it is not shared")]
    Unknown,
    /// A file cannot be treated.
    #[error("this {kind} file cannot be desensitized: {problem}")]
    File {
        /// What it is.
        kind: DocumentKind,
        /// What is wrong with it.
        problem: String,
    },
    /// An image cannot be treated.
    #[error("attachment {attachment} cannot be desensitized: {problem}")]
    Dicom {
        /// Its position, from 1.
        attachment: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A text cannot be read, or its copy not written.
    #[error("the text cannot be read, or its copy not written")]
    Io(#[from] std::io::Error),
    /// A recognizer could not read a text: nobody knows what is left in it.
    #[error(transparent)]
    Recognizer(#[from] RecognizerError),
    /// The policy encrypts, and there is no key to do it with.
    #[error("the policy encrypts values, and no reveal key is given")]
    NoRevealKey,
}

impl DesensitizeError {
    /// The same of one of several documents.
    pub(crate) fn at_item(self, number: usize) -> Self {
        match self {
            Self::File { kind, problem } => {
                Self::File { kind, problem: format!("item {number}: {problem}") }
            }
            Self::Leak { class, place } => Self::Leak { class, place: format!("/{number}{place}") },
            other => other,
        }
    }
}

/// That nothing was found in a copy that should have been treated.
pub(crate) fn no_leak(found: Option<(Class, String)>) -> Result<(), DesensitizeError> {
    match found {
        Some((class, place)) => Err(DesensitizeError::Leak { class, place }),
        None => Ok(()),
    }
}

/// How sure it is that a value identifies somebody, the surest first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The document's structure says what stands there.
    Field,
    /// A value of one of its fields, met again.
    OwnValue,
    /// Its form: a check digit, a mail address.
    Form,
    /// Its surroundings, as a rule or a model reads them.
    Context,
}

/// A value that was treated.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Treated {
    /// What it told.
    pub class: Class,
    /// What was done.
    pub technique: Technique,
    /// How sure it is.
    pub evidence: Evidence,
    /// The kind of document that it stood in.
    pub document: DocumentKind,
    /// Where: a JSON Pointer (RFC 6901) of names and numbers from 0; within a text, its characters
    /// (RFC 5147), such as `/text/div#char=12,15`.
    pub place: String,
}

/// What was treated.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    counts: BTreeMap<(Class, Technique), usize>,
    treated: Vec<Treated>,
    left_out: usize,
    failure: Option<RecognizerError>,
}

impl Report {
    /// Places that are kept, at most: of very long texts, the first ones.
    pub const PLACES_MAX: usize = 100_000;

    /// Each class and technique with its number of values.
    pub fn counts(&self) -> impl Iterator<Item = (Class, Technique, usize)> {
        self.counts.iter().map(|((class, technique), count)| (*class, *technique, *count))
    }

    /// The treated values in order, the first [`PLACES_MAX`](Self::PLACES_MAX).
    #[must_use]
    pub fn treated(&self) -> &[Treated] {
        &self.treated
    }

    /// Number of treated values.
    #[must_use]
    pub fn total(&self) -> usize {
        self.counts.values().sum()
    }

    /// Attachments that are not in the copy.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    pub(crate) fn add(
        &mut self,
        class: Class,
        technique: Technique,
        treated: impl FnOnce() -> Treated,
    ) {
        *self.counts.entry((class, technique)).or_default() += 1;
        if self.treated.len() < Self::PLACES_MAX {
            self.treated.push(treated());
        }
    }

    /// Adds what was done to one of several documents.
    pub(crate) fn absorb(&mut self, other: Self, number: usize) {
        for (key, count) in other.counts {
            *self.counts.entry(key).or_default() += count;
        }
        let room = Self::PLACES_MAX - self.treated.len();
        let treated = other.treated.into_iter().take(room);
        self.treated.extend(
            treated
                .map(|treated| Treated { place: format!("/{number}{}", treated.place), ..treated }),
        );
    }

    pub(crate) const fn count_left_out(&mut self) {
        self.left_out += 1;
    }

    /// A text that could not be read: no copy may be made.
    pub(crate) fn fail(&mut self, failure: RecognizerError) {
        self.failure.get_or_insert(failure);
    }

    /// # Errors
    /// [`DesensitizeError::Recognizer`] if a text could not be read.
    pub(crate) fn check(&mut self) -> Result<(), DesensitizeError> {
        self.failure.take().map_or(Ok(()), |failure| Err(failure.into()))
    }
}
