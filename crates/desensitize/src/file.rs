//! Single files of any kind that hospitals exchange.

use std::{borrow::Cow, fmt, io::Cursor, iter};

use emrshare_record::{
    dicom,
    fhir_xml::{FhirXmlError, is_resource},
};
use serde::{Deserialize, Serialize};

use crate::{
    Area, Class, DesensitizeError, Desensitizer, Report, cda, collect, dicom as images, fhir_xml,
    hl7,
    json::{Document, JsonError},
    known::Known,
    lines,
    place::Place,
    report::no_leak,
    scrub::Scrubber,
    stream::HEAD_LEN,
    tables::Tables,
};

/// What a file is, by its content.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DocumentKind {
    /// A DICOM file (PS3.10), or data sets in JSON (PS3.18, annex F).
    Dicom,
    /// A FHIR resource in JSON or XML.
    Fhir,
    /// Other JSON.
    Json,
    /// An HL7 v2 message (ER7), or several.
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
        lines::kind(bytes).or_else(|| match File::of(bytes) {
            Ok(Some(File::Json(document))) => Some(document.kind()),
            Ok(Some(File::Messages(_))) => Some(Self::Hl7),
            Ok(Some(File::Whole(content))) => Some(content.kind()),
            Ok(None) => None,
            Err(_) => Some(Self::Json),
        })
    }

    /// What JSON lines (NDJSON) hold, by the first bytes of a file, its first line among them; `None`
    /// if it is something else.
    ///
    /// ```
    /// use emrshare_desensitize::DocumentKind;
    ///
    /// let lines = br#"{"resourceType":"Patient"}
    /// {"resourceType":"Patient"}"#;
    /// assert_eq!(DocumentKind::of_json_lines(lines), Some(DocumentKind::Fhir));
    /// assert_eq!(DocumentKind::of_json_lines(b"{}"), None);
    /// ```
    #[must_use]
    pub fn of_json_lines(bytes: &[u8]) -> Option<Self> {
        lines::kind(bytes)
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dicom => "DICOM",
            Self::Fhir => "FHIR",
            Self::Json => "JSON",
            Self::Hl7 => "HL7 v2",
            Self::Cda => "CDA",
            Self::Text => "text",
        })
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
        if let Some(kind) = lines::kind(bytes) {
            let mut copy = Vec::new();
            let report = self.desensitize_json_lines(bytes, &mut copy)?;
            return Ok(FileCopy { kind, bytes: copy, report });
        }
        match File::of(bytes)?.ok_or(DesensitizeError::Unknown)? {
            File::Json(mut document) => {
                let mut copy = Vec::new();
                let report = self.desensitize_document(&mut document, false, &mut copy)?;
                Ok(FileCopy { kind: document.kind(), bytes: copy, report })
            }
            File::Messages(text) => {
                let mut copy = Vec::new();
                let report = self.desensitize_hl7(text.as_bytes(), &mut copy)?;
                Ok(FileCopy { kind: DocumentKind::Hl7, bytes: copy, report })
            }
            File::Whole(content) => self.desensitize_content(content, bytes, seen),
        }
    }

    /// Treats what was read from these bytes.
    fn desensitize_content(
        &self,
        content: Content<'_>,
        bytes: &[u8],
        seen: Option<&[Area]>,
    ) -> Result<FileCopy, DesensitizeError> {
        let kind = content.kind();
        let broken = |problem| DesensitizeError::File { kind, problem };
        let mut known = content.known().map_err(broken)?;
        known.or_patient(|| &bytes[..bytes.len().min(HEAD_LEN)]);
        let treatment = self.treatment(&known)?;
        let scrubber = Scrubber::new(&treatment);
        let mut report = Report::default();
        let copy = content.treat(seen, &scrubber, &mut report).map_err(broken)?;
        report.check()?;
        no_leak(copy.first_leak(&scrubber))?;
        Ok(FileCopy { kind, bytes: copy.into_bytes(), report })
    }
}

/// A file that was read.
enum File<'a> {
    Json(Document<Cursor<Cow<'a, [u8]>>>),
    /// HL7 v2.
    Messages(Cow<'a, str>),
    Whole(Content<'a>),
}

impl<'a> File<'a> {
    /// `None` if it is nothing that can be treated.
    fn of(bytes: &'a [u8]) -> Result<Option<Self>, JsonError> {
        if dicom::looks_like_dicom(bytes) {
            return Ok(Some(Self::Whole(Content::Dicom(bytes.into()))));
        }
        let Some(text) = decode(bytes) else { return Ok(None) };
        let document = match Document::open(Cursor::new(&*text)) {
            Ok(document) => document.map(|document| document.over(())),
            Err(JsonError::Syntax { .. }) => None,
            Err(error) => return Err(error),
        };
        let Some(document) = document else {
            return Ok(Some(match hl7::is_message(&text) {
                true => Self::Messages(text),
                false => Self::Whole(Content::of(text)),
            }));
        };
        let text = match text {
            Cow::Borrowed(text) => text.as_bytes().into(),
            Cow::Owned(text) => text.into_bytes().into(),
        };
        Ok(Some(Self::Json(document.over(Cursor::new(text)))))
    }
}

/// A file that is held whole.
enum Content<'a> {
    Dicom(Cow<'a, [u8]>),
    FhirXml(Cow<'a, str>),
    Cda(Cow<'a, str>),
    Text(Cow<'a, str>),
}

impl<'a> Content<'a> {
    /// A text by its structure.
    fn of(text: Cow<'a, str>) -> Self {
        if is_resource(&text) {
            Self::FhirXml(text)
        } else if cda::is_document(&text) {
            Self::Cda(text)
        } else {
            Self::Text(text)
        }
    }

    const fn kind(&self) -> DocumentKind {
        match self {
            Self::Dicom(_) => DocumentKind::Dicom,
            Self::FhirXml(_) => DocumentKind::Fhir,
            Self::Cda(_) => DocumentKind::Cda,
            Self::Text(_) => DocumentKind::Text,
        }
    }

    /// What the file itself says of people; why it cannot be read, otherwise.
    fn known(&self) -> Result<Known, String> {
        let mut known = Known::default();
        match self {
            Self::Dicom(bytes) => {
                let object = dicom::parse(bytes).map_err(|error| error.to_string())?;
                collect::collect_dicom(&object, &mut known);
            }
            Self::FhirXml(text) => fhir_xml::collect(text, &mut known).map_err(of_xml)?,
            Self::Cda(document) => cda::collect(document, &mut known)?,
            Self::Text(_) => {}
        }
        Ok(known)
    }

    fn treat(
        self,
        seen: Option<&[Area]>,
        scrubber: &Scrubber<'_>,
        report: &mut Report,
    ) -> Result<Content<'static>, String> {
        let place = Place::new(self.kind());
        Ok(match self {
            Self::Dicom(bytes) => {
                let treated = images::treat(&bytes, seen, scrubber, place, report);
                let treated = treated.map_err(|error| match error {
                    images::TreatError::Header(problem) | images::TreatError::Pixels(problem) => {
                        problem
                    }
                })?;
                Content::Dicom(treated.into())
            }
            Self::FhirXml(text) => {
                Content::FhirXml(fhir_xml::treat(&text, scrubber, report).map_err(of_xml)?.into())
            }
            Self::Cda(document) => Content::Cda(cda::treat(&document, scrubber, report)?.into()),
            Self::Text(text) if is_xml(&text) => {
                Content::Text(scrubber.scrub_xml(&text, &place, report).into())
            }
            Self::Text(text) => {
                let mut tables = Tables::default();
                Content::Text(scrubber.scrub_lines(&text, &mut tables, &place, report).into())
            }
        })
    }

    /// Class and place of the first thing that should have been treated. Of images, what is not on
    /// the list of kept attributes is gone in any case.
    fn first_leak(&self, scrubber: &Scrubber<'_>) -> Option<(Class, String)> {
        match self {
            Self::Dicom(_) => None,
            Self::FhirXml(text) => fhir_xml::first_leak(text, scrubber)
                .unwrap_or_else(|_| Some((Class::Identifier, "the file".to_owned()))),
            Self::Text(text) => {
                Some((scrubber.leak_in_file(text, self.kind())?, "the file".to_owned()))
            }
            Self::Cda(text) => {
                let encoded = cda::encoded_texts(text).unwrap_or_default();
                let mut texts = iter::once(&**text).chain(encoded.iter().map(String::as_str));
                let found = texts.find_map(|text| scrubber.leak_in_file(text, self.kind()));
                Some((found?, "the file".to_owned()))
            }
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Dicom(bytes) => bytes.into_owned(),
            Self::FhirXml(text) | Self::Cda(text) | Self::Text(text) => {
                text.into_owned().into_bytes()
            }
        }
    }
}

fn of_xml(error: FhirXmlError) -> String {
    error.to_string()
}

/// Whether a text begins with a tag and has one that closes.
fn is_xml(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.starts_with('<') && (text.contains("</") || text.contains("/>"))
}

/// How files begin that are of letters, and in which words do not stand as they are read: RTF, PDF,
/// PostScript.
const NO_TEXT: [&[u8]; 3] = [b"{\\rtf", b"%PDF-", b"%!PS"];

/// UTF-8, or else GB 18030; `None` for what is no text in either.
fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if NO_TEXT.iter().any(|start| bytes.trim_ascii_start().starts_with(start)) {
        return None;
    }
    let text = if let Ok(text) = std::str::from_utf8(bytes) {
        text.into()
    } else {
        let (text, _, broken) = encoding_rs::GB18030.decode(bytes);
        (!broken).then_some(text)?
    };
    (!text.contains(is_binary)).then_some(text)
}

/// Control characters that no text has. Those of MLLP frames (0x0B, 0x1C) may stand around HL7.
fn is_binary(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}' | '\u{85}')
}
