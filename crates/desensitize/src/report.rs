//! What was found and how it was treated, without the values.

use std::collections::BTreeMap;

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
    #[error("neither DICOM, FHIR in JSON, HL7 v2, CDA nor text: it is not shared")]
    Unknown,
    /// A file cannot be treated.
    #[error("this {kind:?} file cannot be desensitized: {problem}")]
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
}

/// Counts of what was treated.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    counts: BTreeMap<(Class, Technique), usize>,
    left_out: usize,
}

impl Report {
    /// Each class and technique with its number of values.
    pub fn counts(&self) -> impl Iterator<Item = (Class, Technique, usize)> {
        self.counts.iter().map(|((class, technique), count)| (*class, *technique, *count))
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

    pub(crate) fn count(&mut self, class: Class, technique: Technique) {
        *self.counts.entry((class, technique)).or_default() += 1;
    }

    pub(crate) const fn count_left_out(&mut self) {
        self.left_out += 1;
    }
}
