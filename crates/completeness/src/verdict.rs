//! What a judgement says.

use std::fmt;

use emrshare_record::Section;

/// Why a record is not complete. Holds nothing of the record's text.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// A section is empty.
    Missing {
        /// Which section.
        section: Section,
    },
    /// A section holds a word that stands for nothing, such as 无 or N/A.
    Placeholder {
        /// Which section.
        section: Section,
    },
    /// A section is too short.
    TooShort {
        /// Which section.
        section: Section,
        /// Its characters.
        found: usize,
        /// Characters needed.
        needed: usize,
    },
    /// A section is unlike what such sections look like.
    Unlike {
        /// Which section.
        section: Section,
        /// Its cosine in millionths.
        similarity: u32,
        /// The cosine needed.
        threshold: u32,
    },
    /// The database has no texts to compare with.
    NoStandard {
        /// Which section.
        section: Section,
        /// In which language.
        language: &'static str,
    },
    /// Imaging that the record lists is not there.
    MissingImages {
        /// The DICOM modality.
        modality: String,
        /// Images or series that the record lists.
        listed: usize,
        /// Those that are there.
        found: usize,
    },
    /// An image cannot be judged.
    UnreadableImage {
        /// Its position among the attachments, from 1.
        attachment: usize,
        /// What is wrong with it.
        problem: String,
    },
}

impl Reason {
    /// A short name for machines.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "section-missing",
            Self::Placeholder { .. } => "section-placeholder",
            Self::TooShort { .. } => "section-too-short",
            Self::Unlike { .. } => "section-unlike",
            Self::NoStandard { .. } => "section-no-standard",
            Self::MissingImages { .. } => "images-missing",
            Self::UnreadableImage { .. } => "image-unreadable",
        }
    }

    /// Where in the record.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Missing { section }
            | Self::Placeholder { section }
            | Self::TooShort { section, .. }
            | Self::Unlike { section, .. }
            | Self::NoStandard { section, .. } => format!("section {section}"),
            Self::MissingImages { modality, .. } => format!("imaging {modality}"),
            Self::UnreadableImage { attachment, .. } => format!("attachment {attachment}"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        match self {
            Self::Missing { .. } => write!(f, "{place}: there is no text"),
            Self::Placeholder { .. } => write!(f, "{place}: holds a placeholder only"),
            Self::TooShort { found, needed, .. } => {
                write!(f, "{place}: {found} characters, at least {needed} are needed")
            }
            Self::Unlike { similarity, threshold, .. } => {
                let shown = |millionths: &u32| f64::from(*millionths) / 1e6;
                let (found, needed) = (shown(similarity), shown(threshold));
                write!(f, "{place}: similarity {found:.3} to the standard, {needed:.3} is needed")
            }
            Self::NoStandard { language, .. } => write!(f, "{place}: no standard for {language}"),
            Self::MissingImages { listed, found, .. } => {
                write!(f, "{place}: {listed} listed, {found} there")
            }
            Self::UnreadableImage { problem, .. } => write!(f, "{place}: {problem}"),
        }
    }
}

/// How like its standard a section is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SectionScore {
    /// Which section.
    pub section: Section,
    /// Its cosine in millionths.
    pub similarity: u32,
    /// The cosine needed.
    pub threshold: u32,
}

/// The judgement of a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    scores: [SectionScore; 3],
    whole_similarity: u32,
    reasons: Vec<Reason>,
}

impl Verdict {
    pub(crate) const fn new(
        scores: [SectionScore; 3],
        whole_similarity: u32,
        reasons: Vec<Reason>,
    ) -> Self {
        Self { scores, whole_similarity, reasons }
    }

    pub(crate) fn add_reasons(&mut self, reasons: Vec<Reason>) {
        self.reasons.extend(reasons);
    }

    /// Whether nothing is missing.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.reasons.is_empty()
    }

    /// What is missing.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The sections' scores.
    #[must_use]
    pub const fn scores(&self) -> &[SectionScore; 3] {
        &self.scores
    }

    /// Cosine of the whole record in millionths: reported, never decisive.
    #[must_use]
    pub const fn whole_similarity(&self) -> u32 {
        self.whole_similarity
    }
}
