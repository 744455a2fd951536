//! What hospitals send becomes a record.

use std::fmt;

use serde_json::{Value, json};

use crate::{
    Attachment, Bundle, BundleError, MediaType, Record, Section,
    dicom::{self, DicomError},
};

/// A file as it was sent.
pub struct SourceFile {
    /// Its name; may name a patient.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl SourceFile {
    /// A file.
    #[must_use]
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), bytes }
    }
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceFile({} bytes)", self.bytes.len())
    }
}

/// Nothing can be made of what was sent. Files are named by their position, from 1: their names
/// may name a patient.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// No file was sent.
    #[error("no file was sent")]
    Nothing,
    /// No file holds a FHIR resource, a DICOM object or a section of text.
    #[error("none of the {count} files is FHIR JSON, DICOM or a text section")]
    NoRecord {
        /// How many files there were.
        count: usize,
    },
    /// A JSON file is broken or no FHIR resource.
    #[error("file {file}: {problem}")]
    Json {
        /// Which file.
        file: usize,
        /// What is wrong.
        problem: BundleError,
    },
    /// A DICOM file is broken.
    #[error("file {file}: {problem}")]
    Dicom {
        /// Which file.
        file: usize,
        /// What is wrong.
        problem: DicomError,
    },
}

/// Something that the sender should know.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportNote {
    /// Which file, from 1.
    pub file: usize,
    /// What was done with it.
    pub note: &'static str,
}

/// What an import did beside making the record.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ImportReport {
    /// Remarks in the order of the files.
    pub notes: Vec<ImportNote>,
}

/// Makes one record of the files that were sent together.
///
/// FHIR Bundles and resources are joined, DICOM files become attachments with an ImagingStudy if
/// no resource lists their study, text files named as a section become a Composition. Other files
/// are kept as attachments and reported.
///
/// # Errors
/// See [`ImportError`]: a broken FHIR or DICOM file refuses the whole record.
pub fn import(files: Vec<SourceFile>) -> Result<(Record, ImportReport), ImportError> {
    let count = files.len();
    if count == 0 {
        return Err(ImportError::Nothing);
    }
    let mut draft = Draft::default();
    for (position, file) in files.into_iter().enumerate() {
        draft.take(position + 1, file)?;
    }
    draft.finish(count)
}

#[derive(Default)]
struct Draft {
    bundle: Option<Bundle>,
    attachments: Vec<Attachment>,
    sections: Vec<(Section, String)>,
    studies: Vec<dicom::ImageHeader>,
    report: ImportReport,
}

impl Draft {
    fn take(&mut self, number: usize, file: SourceFile) -> Result<(), ImportError> {
        if dicom::looks_like_dicom(&file.bytes) {
            let object = dicom::parse(&file.bytes)
                .map_err(|problem| ImportError::Dicom { file: number, problem })?;
            self.studies.push(dicom::header(&object));
            self.attach(file, MediaType::Dicom);
        } else if has_extension(&file.name, "json") || first_letter(&file.bytes) == Some(b'{') {
            let bundle = Bundle::from_json(&file.bytes)
                .map_err(|problem| ImportError::Json { file: number, problem })?;
            match &mut self.bundle {
                Some(joined) => joined.append(bundle),
                None => self.bundle = Some(bundle),
            }
        } else if has_extension(&file.name, "dcm") {
            let problem = DicomError::NoPreamble;
            return Err(ImportError::Dicom { file: number, problem });
        } else if let Ok(text) = std::str::from_utf8(&file.bytes).map(str::to_owned)
            && has_extension(&file.name, "txt")
        {
            match Section::from_title(file.name.rsplit(['/', '\\']).next().unwrap_or_default()) {
                Some(section) => self.sections.push((section, text)),
                None => {
                    self.note(number, "text without a section's name: kept as an attachment");
                    self.attach(file, MediaType::Text);
                }
            }
        } else {
            self.note(number, "unknown type: kept with the original, not shared");
            self.attach(file, MediaType::Unknown);
        }
        Ok(())
    }

    fn attach(&mut self, file: SourceFile, media_type: MediaType) {
        let SourceFile { name, bytes } = file;
        self.attachments.push(Attachment { name, media_type, bytes });
    }

    fn note(&mut self, file: usize, note: &'static str) {
        self.report.notes.push(ImportNote { file, note });
    }

    fn finish(self, count: usize) -> Result<(Record, ImportReport), ImportError> {
        let Self { bundle, attachments, sections, studies, report } = self;
        if bundle.is_none() && sections.is_empty() && studies.is_empty() {
            return Err(ImportError::NoRecord { count });
        }
        let mut bundle = bundle.unwrap_or_else(Bundle::empty);
        if !sections.is_empty() {
            bundle.push(composition(sections));
        }
        list_studies(&mut bundle, &studies);
        Ok((Record::new(bundle, attachments), report))
    }
}

fn composition(sections: Vec<(Section, String)>) -> Value {
    let sections: Vec<_> = sections
        .into_iter()
        .map(|(section, text)| {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let div = format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{escaped}</div>");
            json!({
                "title": section.title(),
                "code": {"coding": [{"system": "http://loinc.org", "code": section.loinc()}]},
                "text": {"status": "generated", "div": div},
            })
        })
        .collect();
    json!({"resourceType": "Composition", "status": "final", "section": sections})
}

/// Adds an ImagingStudy for each study of the DICOM files that no resource lists.
fn list_studies(bundle: &mut Bundle, headers: &[dicom::ImageHeader]) {
    if bundle.of_type("ImagingStudy").next().is_some() {
        return;
    }
    let mut studies: Vec<_> = headers.iter().map(|header| &header.study).collect();
    studies.sort();
    studies.dedup();
    for study in studies {
        let images = headers.iter().filter(|header| &header.study == study);
        let series: Vec<_> = images
            .map(|header| {
                let mut series = json!({
                    "numberOfInstances": 1,
                    "modality": {
                        "system": "http://dicom.nema.org/resources/ontology/DCM",
                        "code": header.modality.as_deref().unwrap_or("OT"),
                    },
                });
                if let Some(uid) = &header.series {
                    series["uid"] = json!(uid);
                }
                if let Some(part) = &header.body_part {
                    series["bodySite"] = json!({ "display": part });
                }
                series
            })
            .collect();
        let mut resource =
            json!({"resourceType": "ImagingStudy", "status": "available", "series": series});
        if let Some(uid) = study {
            let value = format!("urn:oid:{uid}");
            resource["identifier"] = json!([{"system": "urn:dicom:uid", "value": value}]);
        }
        bundle.push(resource);
    }
}

fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case(extension))
}

fn first_letter(bytes: &[u8]) -> Option<u8> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}
