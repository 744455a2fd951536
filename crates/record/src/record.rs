//! A record: bundle and attachments.

use std::fmt;

use crate::Bundle;

/// What an attachment is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MediaType {
    /// A DICOM file (PS3.10).
    Dicom,
    /// Text in UTF-8.
    Text,
    /// Anything else: kept with the original, never shared.
    Unknown,
}

impl MediaType {
    /// The IANA name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dicom => "application/dicom",
            Self::Text => "text/plain; charset=utf-8",
            Self::Unknown => "application/octet-stream",
        }
    }

    /// The type with an IANA name.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "application/dicom" => Self::Dicom,
            "text/plain; charset=utf-8" => Self::Text,
            _ => Self::Unknown,
        }
    }
}

/// A file that belongs to a record.
#[derive(Clone, PartialEq)]
pub struct Attachment {
    /// Its name; may name a patient.
    pub name: String,
    /// What it is.
    pub media_type: MediaType,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({}, {} bytes)", self.media_type.as_str(), self.bytes.len())
    }
}

/// One medical record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    bundle: Bundle,
    attachments: Vec<Attachment>,
}

impl Record {
    /// A record; attachments are put in the order of their names, so that the same record gives
    /// the same digest however it was sent.
    #[must_use]
    pub fn new(bundle: Bundle, mut attachments: Vec<Attachment>) -> Self {
        attachments.sort_by(|a, b| (&a.name, &a.bytes).cmp(&(&b.name, &b.bytes)));
        Self { bundle, attachments }
    }

    /// The structured part.
    #[must_use]
    pub const fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The files, by name.
    #[must_use]
    pub fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// The attachments of one type.
    pub fn attachments_of(&self, media_type: MediaType) -> impl Iterator<Item = &Attachment> {
        self.attachments.iter().filter(move |attachment| attachment.media_type == media_type)
    }
}
