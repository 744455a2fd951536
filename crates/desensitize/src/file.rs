//! Single files of any kind that hospitals exchange.

use std::borrow::Cow;

use emrshare_record::dicom;
use serde_json::Value;

use crate::{
    Area, Class, DesensitizeError, Desensitizer, Report, cda,
    collect::{self, Known},
    dicom as images, fhir, hl7,
    scrub::Scrubber,
    treat::Treatment,
};

/// What a file is, by its content.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DocumentKind {
    /// A DICOM file (PS3.10).
    Dicom,
    /// A FHIR resource in JSON.
    Fhir,
    /// An HL7 v2 message (ER7).
    Hl7,
    /// A CDA document in XML.
    Cda,
    /// Text.
    Text,
}

impl DocumentKind {
    /// The kind of a file, by its first bytes and its structure; `None` if it is none of these.
    ///
    /// ```
    /// use emrshare_desensitize::DocumentKind;
    ///
    /// assert_eq!(DocumentKind::of(b"MSH|^~\\&|HIS|H1\r"), Some(DocumentKind::Hl7));
    /// assert_eq!(DocumentKind::of(b"\x89PNG\r\n\x1a\n"), None);
    /// ```
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Content::of(bytes).map(|content| content.kind())
    }
}

/// A treated file.
#[derive(Clone, Debug)]
pub struct FileCopy {
    /// What it is.
    pub kind: DocumentKind,
    /// Its content, in the form of the original.
    pub bytes: Vec<u8>,
    /// What was done.
    pub report: Report,
}

impl Desensitizer {
    /// Treats one file by itself: the copy has the same form as the original. `seen` is the writing
    /// that somebody saw on the pixels of a DICOM file, or `None` if nobody looked.
    ///
    /// # Errors
    /// [`DesensitizeError::Unknown`] if the file is of no kind that can be treated, others if it is
    /// broken or if something identifying is left.
    pub fn desensitize_file(
        &self,
        bytes: &[u8],
        seen: Option<&[Area]>,
    ) -> Result<FileCopy, DesensitizeError> {
        let content = Content::of(bytes).ok_or(DesensitizeError::Unknown)?;
        let kind = content.kind();
        let broken = |problem| DesensitizeError::File { kind, problem };
        let known = content.known().map_err(broken)?;
        let treatment = Treatment::new(&self.policy, &self.key);
        let scrubber = Scrubber::new(&known, &treatment);
        let mut report = Report::default();
        let copy = content.treat(seen, &treatment, &scrubber, &mut report).map_err(broken)?;
        match copy.first_leak(&scrubber) {
            Some((class, place)) => Err(DesensitizeError::Leak { class, place }),
            None => Ok(FileCopy { kind, bytes: copy.into_bytes(), report }),
        }
    }
}

/// A file that was read.
enum Content<'a> {
    Dicom(Cow<'a, [u8]>),
    Fhir(Value),
    Hl7(String),
    Cda(String),
    Text(String),
}

impl<'a> Content<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        if bytes.get(128..132) == Some(b"DICM") {
            return Some(Self::Dicom(bytes.into()));
        }
        let text = decode(bytes)?;
        Some(if let Some(resource) = resource(&text) {
            Self::Fhir(resource)
        } else if hl7::is_message(&text) {
            Self::Hl7(text)
        } else if cda::is_document(&text) {
            Self::Cda(text)
        } else {
            Self::Text(text)
        })
    }

    const fn kind(&self) -> DocumentKind {
        match self {
            Self::Dicom(_) => DocumentKind::Dicom,
            Self::Fhir(_) => DocumentKind::Fhir,
            Self::Hl7(_) => DocumentKind::Hl7,
            Self::Cda(_) => DocumentKind::Cda,
            Self::Text(_) => DocumentKind::Text,
        }
    }

    /// What the file itself says of people; why it cannot be read, otherwise.
    fn known(&self) -> Result<Known, String> {
        let mut known = Known::new();
        match self {
            Self::Dicom(bytes) => {
                let object = dicom::parse(bytes).map_err(|error| error.to_string())?;
                collect::collect_dicom(&object, &mut known);
            }
            Self::Fhir(resource) => collect::collect_fhir("", "resource", resource, &mut known),
            Self::Hl7(message) => hl7::collect(message, &mut known),
            Self::Cda(document) => cda::collect(document, &mut known)?,
            Self::Text(_) => {}
        }
        Ok(known)
    }

    fn treat(
        self,
        seen: Option<&[Area]>,
        treatment: &Treatment<'_>,
        scrubber: &Scrubber<'_>,
        report: &mut Report,
    ) -> Result<Content<'static>, String> {
        Ok(match self {
            Self::Dicom(bytes) => {
                let treated = images::treat(&bytes, seen, treatment, scrubber, report);
                let treated = treated.map_err(|error| match error {
                    images::TreatError::Header(problem) | images::TreatError::Pixels(problem) => {
                        problem
                    }
                })?;
                Content::Dicom(treated.into())
            }
            Self::Fhir(mut resource) => {
                fhir::treat_resource(&mut resource, treatment, scrubber, report);
                Content::Fhir(resource)
            }
            Self::Hl7(message) => {
                let treated = hl7::treat(&message, treatment, scrubber, report);
                Content::Hl7(treated.ok_or("no MSH segment")?)
            }
            Self::Cda(document) => {
                Content::Cda(cda::treat(&document, treatment, scrubber, report)?)
            }
            Self::Text(text) => Content::Text(scrubber.scrub(&text, report)),
        })
    }

    /// Class and place of the first thing that should have been treated. Of images, what is not on
    /// the list of kept attributes is gone in any case.
    fn first_leak(&self, scrubber: &Scrubber<'_>) -> Option<(Class, String)> {
        match self {
            Self::Dicom(_) => None,
            Self::Fhir(resource) => scrubber.leak_in_resource(resource),
            Self::Hl7(text) | Self::Cda(text) | Self::Text(text) => {
                Some((scrubber.leak_in_text(text)?, "the file".to_owned()))
            }
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Dicom(bytes) => bytes.into_owned(),
            Self::Fhir(resource) => resource.to_string().into_bytes(),
            Self::Hl7(text) | Self::Cda(text) | Self::Text(text) => text.into_bytes(),
        }
    }
}

fn resource(text: &str) -> Option<Value> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let value: Value = text.starts_with('{').then(|| serde_json::from_str(text).ok())??;
    value.get("resourceType").is_some().then_some(value)
}

/// UTF-8, or else GB 18030; `None` for what is no text in either.
fn decode(bytes: &[u8]) -> Option<String> {
    let text = if let Ok(text) = std::str::from_utf8(bytes) {
        text.to_owned()
    } else {
        let (text, _, broken) = encoding_rs::GB18030.decode(bytes);
        (!broken).then(|| text.into_owned())?
    };
    (!text.contains(is_binary)).then_some(text)
}

/// Control characters that no text has. Those of MLLP frames (0x0B, 0x1C) may stand around HL7.
fn is_binary(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}' | '\u{85}')
}
