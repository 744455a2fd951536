//! What hospitals send becomes a record.

use std::fmt;

use encoding_rs::GB18030;
use serde_json::{Value, json};

use crate::{
    Attachment, Bundle, BundleError, MediaType, Record, Section, cda,
    dicom::{self, DicomError},
    fhir::narrative,
    fhir_xml, headed, hl7,
    mapping::Mapping,
    patients,
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
    /// No file holds a FHIR resource, an HL7 v2 message, a CDA document, a DICOM object, a section of
    /// text, or text with headings of diagnoses and of the course of stay.
    #[error(
        "none of the {count} files is FHIR, HL7 v2, CDA, DICOM, a section of text or text with headings"
    )]
    NoRecord {
        /// How many files there were.
        count: usize,
    },
    /// A file in JSON or XML is broken or no FHIR resource.
    #[error("file {file}: {problem}")]
    Fhir {
        /// Which file.
        file: usize,
        /// What is wrong.
        problem: BundleError,
    },
    /// An HL7 v2 message is broken.
    #[error("file {file}: HL7 v2: {problem}")]
    Hl7 {
        /// Which file.
        file: usize,
        /// What is wrong, and in which segment.
        problem: String,
    },
    /// A CDA document is broken.
    #[error("file {file}: CDA: {problem}")]
    Cda {
        /// Which file.
        file: usize,
        /// What is wrong, and where.
        problem: String,
    },
    /// JSON has not what the mapping says.
    #[error("file {file}: by the mapping, {problem}")]
    Mapped {
        /// Which file.
        file: usize,
        /// What it lacks.
        problem: &'static str,
    },
    /// Files that were sent together are about several patients.
    #[error("file {file} is about another patient than those before: send one record at a time")]
    Patients {
        /// The first such file.
        file: usize,
    },
    /// A Bundle has stays or documents of several patients.
    #[error("encounters and documents are about several patients: send one record at a time")]
    Subjects,
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
/// FHIR Bundles and resources in JSON or XML are joined; HL7 v2 messages and CDA documents become
/// resources. What is not JSON may be in UTF-8 or GB 18030, and is kept beside the resources as it came.
/// DICOM files become attachments with an ImagingStudy if no resource lists their study; text files named
/// as a section become a Composition, and so do texts with headings if nothing else tells the patient.
/// Other files are kept as attachments and reported.
///
/// # Errors
/// See [`ImportError`]: a broken FHIR, HL7 v2, CDA or DICOM file refuses the whole record.
pub fn import(files: Vec<SourceFile>) -> Result<(Record, ImportReport), ImportError> {
    import_with(files, None)
}

/// The same; JSON that is no FHIR is read by a mapping.
///
/// # Errors
/// See [`import`].
pub fn import_with(
    files: Vec<SourceFile>,
    mapping: Option<&Mapping>,
) -> Result<(Record, ImportReport), ImportError> {
    let count = files.len();
    if count == 0 {
        return Err(ImportError::Nothing);
    }
    let mut draft = Draft { mapping, ..Draft::default() };
    for (position, file) in files.into_iter().enumerate() {
        draft.take(position + 1, file)?;
    }
    draft.finish(count)
}

#[derive(Default)]
struct Draft<'a> {
    mapping: Option<&'a Mapping>,
    bundle: Option<Bundle>,
    attachments: Vec<Attachment>,
    sections: Vec<(Section, String)>,
    texts: Vec<Text>,
    studies: Vec<dicom::ImageHeader>,
    /// Whether resources were made here that are to name the patient.
    made: bool,
    report: ImportReport,
}

/// A text file that is no section by its name.
struct Text {
    /// Which file, from 1.
    file: usize,
    text: String,
    /// Its place among the attachments.
    attachment: usize,
}

impl Draft<'_> {
    fn take(&mut self, number: usize, file: SourceFile) -> Result<(), ImportError> {
        if dicom::looks_like_dicom(&file.bytes) {
            let object = dicom::parse(&file.bytes)
                .map_err(|problem| ImportError::Dicom { file: number, problem })?;
            self.studies.push(dicom::header(&object));
            self.attach(file, MediaType::Dicom);
        } else if let Some(text) = message_or_document(&file.bytes) {
            self.take_text(number, &text)?;
            self.attach(file, MediaType::Unknown);
        } else if has_extension(&file.name, "json") || first_letter(&file.bytes) == Some(b'{') {
            match (Bundle::from_json(&file.bytes), self.mapping) {
                (Ok(bundle), _) => self.take_bundle(number, bundle)?,
                (Err(BundleError::NotResource), Some(mapping)) => {
                    self.take_mapped(number, mapping, &file.bytes)?;
                    self.attach(file, MediaType::Unknown);
                }
                (Err(problem), _) => return Err(ImportError::Fhir { file: number, problem }),
            }
        } else if has_extension(&file.name, "dcm") {
            let problem = DicomError::NoPreamble;
            return Err(ImportError::Dicom { file: number, problem });
        } else if has_extension(&file.name, "txt")
            && let Some(text) = text_of(&file.bytes)
        {
            let name = file.name.rsplit(['/', '\\']).next().unwrap_or_default();
            let section = Section::from_title(name).filter(|_| headed::read(&text).is_none());
            if let Some(section) = section {
                self.sections.push((section, text));
            } else {
                self.texts.push(Text { file: number, text, attachment: self.attachments.len() });
                let is_utf8 = std::str::from_utf8(&file.bytes).is_ok();
                self.attach(file, if is_utf8 { MediaType::Text } else { MediaType::Unknown });
            }
        } else {
            self.note(number, "unknown type: kept with the original, not shared");
            self.attach(file, MediaType::Unknown);
        }
        Ok(())
    }

    /// Joins resources that came as FHIR.
    fn take_bundle(&mut self, file: usize, bundle: Bundle) -> Result<(), ImportError> {
        match &mut self.bundle {
            Some(joined) if patients::are_others(joined, &bundle) => {
                return Err(ImportError::Patients { file });
            }
            Some(joined) => joined.append(bundle),
            None => self.bundle = Some(bundle),
        }
        Ok(())
    }

    fn take_text(&mut self, file: usize, text: &str) -> Result<(), ImportError> {
        if fhir_xml::is_resource(text) {
            let bundle = Bundle::from_xml(text);
            let bundle = bundle.map_err(|problem| ImportError::Fhir { file, problem })?;
            return self.take_bundle(file, bundle);
        }
        let resources = if hl7::is_message(text) {
            let read = hl7::read(text).map_err(|problem| ImportError::Hl7 { file, problem })?;
            if read.left {
                self.note(
                    file,
                    "segments without a place in FHIR: kept with the original, not shared",
                );
            }
            read.resources
        } else {
            self.note(file, "the document as it came is kept with the original, not shared");
            cda::read(text).map_err(|problem| ImportError::Cda { file, problem })?
        };
        self.take_resources(file, resources)
    }

    fn take_mapped(
        &mut self,
        file: usize,
        mapping: &Mapping,
        bytes: &[u8],
    ) -> Result<(), ImportError> {
        let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let resources = mapping.resources(&document);
        let resources = resources.map_err(|problem| ImportError::Mapped { file, problem })?;
        self.note(file, "the document as it came is kept with the original, not shared");
        self.take_resources(file, resources)
    }

    /// Takes over what was made of a file.
    fn take_resources(&mut self, file: usize, resources: Vec<Value>) -> Result<(), ImportError> {
        self.made = true;
        let bundle = self.bundle.get_or_insert_with(Bundle::empty);
        for resource in resources {
            let is_patient = resource["resourceType"] == "Patient";
            let known = bundle.of_type("Patient").next().filter(|_| is_patient);
            match known.map(|known| patients::is_same(known, &resource)) {
                None => bundle.push(resource),
                Some(true) => {}
                Some(false) => return Err(ImportError::Patients { file }),
            }
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

    /// Texts with headings are records if nothing else tells the patient.
    fn take_texts(&mut self) -> Result<(), ImportError> {
        let is_patient_told =
            self.bundle.as_ref().is_some_and(|it| it.of_type("Patient").next().is_some());
        for Text { file, text, attachment } in std::mem::take(&mut self.texts) {
            let read = if is_patient_told { None } else { headed::read(&text) };
            let kept = self.attachments.get_mut(attachment).map(|kept| &mut kept.media_type);
            if let Some(resources) = read {
                kept.into_iter().for_each(|kept| *kept = MediaType::Unknown);
                self.note(file, "the text as it came is kept with the original, not shared");
                self.take_resources(file, resources)?;
            } else if kept.is_some_and(|kept| *kept == MediaType::Text) {
                self.note(file, "text without a section's name: kept as an attachment");
            } else {
                self.note(file, "text that is no UTF-8: kept with the original, not shared");
            }
        }
        Ok(())
    }

    /// Sections that are files of their own tell the patient, if nothing else does.
    fn take_patient(&mut self) {
        let basic = self.sections.iter().find(|(section, _)| *section == Section::Basic);
        let bundle = self.bundle.get_or_insert_with(Bundle::empty);
        if let Some((_, basic)) = basic
            && bundle.of_type("Patient").next().is_none()
        {
            bundle.push(headed::patient(basic));
            self.made = true;
        }
    }

    fn finish(mut self, count: usize) -> Result<(Record, ImportReport), ImportError> {
        self.take_texts()?;
        if !self.sections.is_empty() {
            self.take_patient();
        }
        let Self { bundle, attachments, sections, studies, made, report, .. } = self;
        if bundle.is_none() && sections.is_empty() && studies.is_empty() {
            return Err(ImportError::NoRecord { count });
        }
        let mut bundle = bundle.unwrap_or_else(Bundle::empty);
        if !sections.is_empty() {
            bundle.push(composition(sections));
        }
        if patients::are_several(&bundle) {
            return Err(ImportError::Subjects);
        }
        list_studies(&mut bundle, &studies);
        if made {
            name_the_patient(&mut bundle);
        }
        Ok((Record::new(bundle, attachments), report))
    }
}

/// In UTF-8 or GB 18030.
fn text_of(bytes: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => GB18030.decode_without_bom_handling_and_without_replacement(bytes)?,
    };
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

/// HL7 v2 or FHIR or CDA in XML, by how it begins, in UTF-8 or GB 18030.
fn message_or_document(bytes: &[u8]) -> Option<String> {
    const BEGINNINGS: [&[u8]; 4] = [b"MSH", b"FHS", b"BHS", b"<"];
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let blank = start.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b);
    let start = &start[blank.count()..];
    if !BEGINNINGS.iter().any(|beginning| start.starts_with(beginning)) {
        return None;
    }
    let is_known =
        |text: &str| hl7::is_message(text) || fhir_xml::is_resource(text) || cda::is_document(text);
    text_of(bytes).filter(|text| is_known(text))
}

/// Resources that name no patient are about the only one.
fn name_the_patient(bundle: &mut Bundle) {
    const SUBJECT: [&str; 9] = [
        "Composition",
        "Condition",
        "DiagnosticReport",
        "Encounter",
        "MedicationAdministration",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "Procedure",
    ];
    let patients = bundle.of_type("Patient").count();
    let entries = bundle.as_value_mut().get_mut("entry").and_then(Value::as_array_mut);
    let Some(entries) = entries.filter(|_| patients == 1) else { return };
    let resources = entries.iter_mut().filter_map(|entry| entry.get_mut("resource"));
    let mut resources: Vec<_> = resources.collect();
    let patient = resources.iter_mut().find(|resource| resource["resourceType"] == "Patient");
    let Some(Value::Object(patient)) = patient else { return };
    let id = patient.entry("id").or_insert_with(|| json!("patient"));
    let reference = json!({ "reference": format!("Patient/{}", id.as_str().unwrap_or_default()) });
    for resource in resources {
        let key = match resource["resourceType"].as_str().unwrap_or_default() {
            kind if SUBJECT.contains(&kind) || kind == "ServiceRequest" => "subject",
            "AllergyIntolerance" | "RelatedPerson" => "patient",
            _ => continue,
        };
        if let Some(resource) = resource.as_object_mut() {
            resource.entry(key).or_insert_with(|| reference.clone());
        }
    }
}

fn composition(sections: Vec<(Section, String)>) -> Value {
    let sections: Vec<_> = sections
        .into_iter()
        .map(|(section, text)| {
            json!({
                "title": section.title(),
                "code": {"coding": [{"system": "http://loinc.org", "code": section.loinc()}]},
                "text": narrative(&text),
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
