//! Single files of any kind that hospitals exchange.

use emrshare_record::dicom;
use serde_json::Value;

use crate::{
    DesensitizeError, Desensitizer, Report, cda,
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
        if bytes.get(128..132) == Some(b"DICM") {
            return Some(Self::Dicom);
        }
        let text = decode(bytes)?;
        let start = text.trim_start_matches('\u{feff}').trim_start();
        Some(if start.starts_with('{') && resource(&text).is_some() {
            Self::Fhir
        } else if hl7::is_message(start) {
            Self::Hl7
        } else if cda::is_document(&text) {
            Self::Cda
        } else {
            Self::Text
        })
    }
}

impl Desensitizer {
    /// Treats one file by itself: the copy has the same form as the original.
    ///
    /// # Errors
    /// [`DesensitizeError::Unknown`] if the file is of no kind that can be treated, others if it is
    /// broken or if something identifying is left.
    pub fn desensitize_file(&self, bytes: &[u8]) -> Result<(Vec<u8>, Report), DesensitizeError> {
        let kind = DocumentKind::of(bytes).ok_or(DesensitizeError::Unknown)?;
        let broken = |problem: String| DesensitizeError::File { kind, problem };
        let text = decode(bytes).unwrap_or_default();
        let mut known = Known::new();
        match kind {
            DocumentKind::Dicom => {
                let object = dicom::parse(bytes).map_err(|error| broken(error.to_string()))?;
                collect::collect_dicom(&object, &mut known);
            }
            DocumentKind::Fhir => {
                let resource = resource(&text).unwrap_or_default();
                collect::collect_fhir("", "resource", &resource, &mut known);
            }
            DocumentKind::Hl7 => hl7::collect(&text, &mut known),
            DocumentKind::Cda => cda::collect(&text, &mut known).map_err(broken)?,
            DocumentKind::Text => {}
        }
        let treatment = Treatment::new(&self.policy, &self.key);
        let scrubber = Scrubber::new(&known, &treatment);
        let mut report = Report::default();
        let copy = match kind {
            DocumentKind::Dicom => images::treat(bytes, &treatment, &scrubber, &mut report),
            DocumentKind::Fhir => {
                let mut resource = resource(&text).unwrap_or_default();
                fhir::treat_resource(&mut resource, &treatment, &scrubber, &mut report);
                Ok(resource.to_string().into_bytes())
            }
            DocumentKind::Hl7 => hl7::treat(&text, &treatment, &scrubber, &mut report)
                .map(String::into_bytes)
                .ok_or_else(|| "no MSH segment".to_owned()),
            DocumentKind::Cda => {
                cda::treat(&text, &treatment, &scrubber, &mut report).map(String::into_bytes)
            }
            DocumentKind::Text => Ok(scrubber.scrub(&text, &mut report).into_bytes()),
        };
        let copy = copy.map_err(broken)?;
        let left = decode(&copy).and_then(|copy| scrubber.leak_in_text(&copy));
        match left {
            Some(class) if kind != DocumentKind::Fhir && kind != DocumentKind::Dicom => {
                Err(DesensitizeError::Leak { class, place: "the file".to_owned() })
            }
            _ => Ok((copy, report)),
        }
    }
}

fn resource(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
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
