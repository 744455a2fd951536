//! Medical records: what they hold, how they come in, and how they become files.
//!
//! * [`Record`]: a FHIR R4 [`Bundle`] and [`Attachment`]s.
//! * [`import`]: FHIR in JSON and XML, HL7 v2 messages, CDA documents (C-CDA, WS/T 500), DICOM files and
//!   folders of them become a record; what cannot be placed is kept as an attachment and reported, never
//!   dropped.
//! * [`fhir_xml`]: FHIR's XML as its JSON, and back.
//! * [`RecordFile`], [`Manifest`]: a record as parts and chunks of 1 MiB; the SHA-256 of the
//!   manifest is the digest on the ledger.
//! * [`Excerpt`]: some parts of it, proven by the same digest.
//! * [`Sections`]: the three sections that every record has, as text.
//! * [`Description`]: disease types, institution, time of collection.
//!
//! `Debug` of everything that holds patient data shows none of it.
//!
//! ```
//! use emrshare_record::{SourceFile, import};
//!
//! let patient = br#"{"resourceType":"Patient","gender":"female"}"#;
//! let (record, report) = import(vec![SourceFile::new("patient.json", patient.to_vec())])?;
//! assert_eq!(record.bundle().resources().count(), 1);
//! assert!(report.notes.is_empty());
//! # Ok::<(), emrshare_record::ImportError>(())
//! ```

mod bundle;
mod cda;
mod description;
pub mod dicom;
mod excerpt;
mod fhir;
pub mod fhir_xml;
mod file;
mod headed;
mod hl7;
mod import;
mod manifest;
mod mapping;
mod patients;
mod record;
mod sections;
mod time;

pub use bundle::{Bundle, BundleError};
pub use description::Description;
pub use excerpt::Excerpt;
pub use file::{RecordFile, RecordFileError};
pub use import::{ImportError, ImportNote, ImportReport, SourceFile, import, import_with};
pub use manifest::{FileKind, Manifest, ManifestError, Part};
pub use mapping::{Mapping, MappingError};
pub use record::{Attachment, MediaType, Record};
pub use sections::{Language, OtherSection, Section, Sections};
