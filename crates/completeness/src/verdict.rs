//! What a judgement says.

use std::fmt;

use emrshare_record::Section;

use crate::{Found, SectionName, images::Compared};

/// Why a record is not complete. Holds nothing of the record's text.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// A section is empty.
    Missing {
        /// Which section.
        section: SectionName,
    },
    /// A section holds a word that stands for nothing, such as 无 or N/A.
    Placeholder {
        /// Which section.
        section: SectionName,
    },
    /// A section is too short.
    TooShort {
        /// Which section.
        section: SectionName,
        /// Its characters.
        found: usize,
        /// Characters needed.
        needed: usize,
    },
    /// A section is unlike what such sections look like.
    Unlike {
        /// Which section.
        section: SectionName,
        /// Its cosine in millionths.
        similarity: i32,
        /// The cosine needed.
        threshold: i32,
    },
    /// A section reads like another one.
    OtherSection {
        /// Which section.
        section: SectionName,
        /// What it reads like.
        like: Section,
    },
    /// A section holds the same text as an earlier one.
    Repeated {
        /// Which section.
        section: SectionName,
        /// The earlier one.
        like: Section,
    },
    /// A section stops in the middle.
    CutOff {
        /// Which section.
        section: SectionName,
    },
    /// A section does not name what it must.
    MissingElement {
        /// Which section.
        section: SectionName,
        /// What is not named.
        element: String,
    },
    /// A section is in another language than the record.
    OtherLanguage {
        /// Which section.
        section: SectionName,
        /// The record's language.
        language: &'static str,
    },
    /// A section speaks of a patient of another sex than an earlier section.
    OtherPatient {
        /// Which section.
        section: SectionName,
    },
    /// The database has no texts to compare with.
    NoStandard {
        /// Which section.
        section: SectionName,
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
    /// An image's header names another sex and another birth date than the record's patient has.
    OtherPatientImage {
        /// Its position among the attachments, from 1.
        attachment: usize,
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
            Self::OtherSection { .. } => "section-other",
            Self::Repeated { .. } => "section-repeated",
            Self::CutOff { .. } => "section-cut-off",
            Self::MissingElement { .. } => "section-element",
            Self::OtherLanguage { .. } => "section-language",
            Self::OtherPatient { .. } => "section-other-patient",
            Self::NoStandard { .. } => "section-no-standard",
            Self::MissingImages { .. } => "images-missing",
            Self::OtherPatientImage { .. } => "image-other-patient",
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
            | Self::OtherSection { section, .. }
            | Self::Repeated { section, .. }
            | Self::CutOff { section }
            | Self::MissingElement { section, .. }
            | Self::OtherLanguage { section, .. }
            | Self::OtherPatient { section }
            | Self::NoStandard { section, .. } => format!("section {section}"),
            Self::MissingImages { modality, .. } => format!("imaging {modality}"),
            Self::OtherPatientImage { attachment } | Self::UnreadableImage { attachment, .. } => {
                format!("attachment {attachment}")
            }
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
                let shown = |millionths: &i32| f64::from(*millionths) / 1e6;
                let (found, needed) = (shown(similarity), shown(threshold));
                write!(f, "{place}: similarity {found:.3} to the standard, {needed:.3} is needed")
            }
            Self::OtherSection { like, .. } => write!(f, "{place}: reads like section {like}"),
            Self::Repeated { like, .. } => write!(f, "{place}: the same text as section {like}"),
            Self::CutOff { .. } => write!(f, "{place}: stops in the middle"),
            Self::MissingElement { element, .. } => write!(f, "{place}: does not name {element}"),
            Self::OtherLanguage { language, .. } => {
                write!(f, "{place}: not in the record's language, {language}")
            }
            Self::OtherPatient { .. } => {
                write!(f, "{place}: speaks of a patient of another sex than the sections before")
            }
            Self::NoStandard { language, .. } => write!(f, "{place}: no standard for {language}"),
            Self::MissingImages { listed, found, .. } => {
                write!(f, "{place}: {listed} listed, {found} there")
            }
            Self::OtherPatientImage { .. } => {
                write!(f, "{place}: its header names another sex and birth date than the patient's")
            }
            Self::UnreadableImage { problem, .. } => write!(f, "{place}: {problem}"),
        }
    }
}

/// What a person should look at; the record is complete all the same.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Remark {
    /// The pixels show something else than the header says.
    Disagreement {
        /// Position among the attachments, from 1.
        attachment: usize,
        /// The header's DICOM modality.
        modality: String,
        /// What the pixels show.
        pixels: String,
    },
    /// An image's header names another sex, or another birth date, than the record's patient has.
    OtherPatient {
        /// Position among the attachments, from 1.
        attachment: usize,
    },
    /// Lines of writing are on an image: they may name the patient.
    BurntInText {
        /// Position among the attachments, from 1.
        attachment: usize,
        /// How many lines.
        lines: usize,
    },
    /// The pixels cannot be looked at.
    UnseenPixels {
        /// Position among the attachments, from 1.
        attachment: usize,
        /// Why.
        problem: String,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disagreement { attachment, modality, pixels } => {
                write!(
                    f,
                    "attachment {attachment}: the header says {modality}, the pixels look like {pixels}"
                )
            }
            Self::OtherPatient { attachment } => {
                write!(
                    f,
                    "attachment {attachment}: its header names another sex or birth date than the \
                     patient's"
                )
            }
            Self::BurntInText { attachment, lines } => {
                write!(f, "attachment {attachment}: {lines} lines of writing on the image")
            }
            Self::UnseenPixels { attachment, problem } => {
                write!(f, "attachment {attachment}: {problem}")
            }
        }
    }
}

/// How complete a section is. Values are in millionths.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SectionScore {
    /// Which section.
    pub section: SectionName,
    /// How far it is above what is just not enough: a million is usual, 0 and less is refused.
    pub margin: i32,
    /// Its cosine with its standard.
    pub similarity: i32,
    /// That cosine less the greatest with another section's standard.
    pub contrast: i32,
    /// How far it is above being cut off, by its last words: a million is certain, 0 just not enough.
    pub ending: i32,
}

impl SectionScore {
    pub(crate) const fn nothing(section: SectionName) -> Self {
        Self { section, margin: -1_000_000, similarity: 0, contrast: 0, ending: 0 }
    }
}

/// The judgement of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    scores: Vec<SectionScore>,
    whole_similarity: i32,
    reasons: Vec<Reason>,
    remarks: Vec<Remark>,
    seen: Vec<Option<Vec<Found>>>,
}

impl Verdict {
    pub(crate) const fn new(
        scores: Vec<SectionScore>,
        whole_similarity: i32,
        reasons: Vec<Reason>,
    ) -> Self {
        Self { scores, whole_similarity, reasons, remarks: Vec::new(), seen: Vec::new() }
    }

    pub(crate) fn add(&mut self, images: Compared) {
        self.reasons.extend(images.reasons);
        self.remarks.extend(images.remarks);
        self.seen = images.seen;
    }

    /// What was seen on the pixels of each attachment, in pixels; `None` if nobody looked.
    #[must_use]
    pub fn seen(&self) -> &[Option<Vec<Found>>] {
        &self.seen
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

    /// What a person should look at.
    #[must_use]
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// One number for the texts, in millionths: the least of the sections' margins. Above 0 exactly
    /// if no text is missing.
    #[must_use]
    pub fn score(&self) -> i32 {
        self.scores.iter().map(|score| score.margin).min().unwrap_or(0)
    }

    /// The sections' scores: of the three, then of those that the database adds.
    #[must_use]
    pub fn scores(&self) -> &[SectionScore] {
        &self.scores
    }

    /// Cosine of the whole record in millionths: reported, never decisive.
    #[must_use]
    pub const fn whole_similarity(&self) -> i32 {
        self.whole_similarity
    }
}
