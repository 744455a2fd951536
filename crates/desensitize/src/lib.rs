//! Finds and treats what identifies a patient in medical records.
//!
//! 1. **Collect**: names, numbers, contacts and addresses that the record's own structured fields
//!    and DICOM headers hold.
//! 2. **Treat structure**: FHIR elements by their type, DICOM attributes by a keep list; writing that
//!    somebody saw on pixels ([`Sights`]) is blanked.
//! 3. **Treat text**: every remaining string is searched for what was collected, in its usual
//!    spellings, and for what `emrshare-recognize` finds: numbers, contacts, places, dates, names.
//!    Single files come in more forms: [`Desensitizer::desensitize_file`].
//! 4. **Check**: the result is searched again; if anything is left, there is no result.
//!
//! A [`Table`] says how alike the records of a set are, and makes them so (k-anonymity).
//!
//! What is done to each [`Class`] of finding, in which field of which kind of document, is said by a
//! [`Policy`]. The [`Report`] says what was found, where, how surely, and how it was treated; it never
//! holds a value.
//!
//! ```
//! use emrshare_desensitize::{Desensitizer, Policy, Sights};
//! use emrshare_identity::ConsortiumKey;
//! use emrshare_record::{SourceFile, import};
//!
//! let patient = br#"{"resourceType":"Patient","name":[{"family":"Ashworth","given":["Nadia"]}],
//!     "text":{"status":"generated","div":"<div>Nadia Ashworth, call 555-123-4567</div>"}}"#;
//! let (record, _) = import(vec![SourceFile::new("patient.json", patient.to_vec())])?;
//! let desensitizer = Desensitizer::new(Policy::hipaa_safe_harbor(), ConsortiumKey::from_bytes([7; 32]));
//! let (copy, report) = desensitizer.desensitize(&record, &Sights::none())?;
//! let text = String::from_utf8(copy.bundle().to_canonical())?;
//! assert!(!text.contains("Ashworth") && !text.contains("4567"));
//! assert!(report.total() >= 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod ages;
mod anonymity;
mod cda;
mod cipher;
mod class;
mod collect;
mod dates;
mod dicom;
mod elements;
mod embedded;
mod fhir;
mod fhir_xml;
mod file;
mod hl7;
mod json;
mod known;
mod lines;
mod markup;
mod names;
mod pixels;
mod place;
mod policy;
mod report;
mod scrub;
mod sql;
mod stream;
mod tables;
mod technique;
mod treat;

pub use anonymity::{Anonymous, Column, Table, TooFewRows, quasi_identifiers};
pub use cipher::{RevealKey, RevealKeyError};
pub use class::Class;
pub use file::{DocumentKind, FileCopy};
pub use pixels::{Area, Sights};
pub use policy::{Policy, PolicyError};
pub use report::{DesensitizeError, Evidence, Report, Treated};
pub use technique::{Ciphertext, Level, Technique};

use std::sync::Arc;

use emrshare_codec::Digest;
use emrshare_identity::ConsortiumKey;
use emrshare_recognize::Recognizer;
use emrshare_record::{Attachment, MediaType, Record};

use crate::{known::Known, place::Place, report::no_leak, tables::Tables, treat::Treatment};

/// Treats records by one policy.
#[derive(Debug)]
pub struct Desensitizer {
    policy: Policy,
    key: ConsortiumKey,
    reveal_key: Option<RevealKey>,
    recognizers: Vec<Arc<dyn Recognizer>>,
}

impl Desensitizer {
    /// A desensitizer whose surrogates are keyed by the consortium: the same value has the same
    /// surrogate at every node, and nobody outside can undo it.
    #[must_use]
    pub const fn new(policy: Policy, key: ConsortiumKey) -> Self {
        Self { policy, key, reveal_key: None, recognizers: Vec::new() }
    }

    /// With the key that encrypted values are revealed with.
    #[must_use]
    pub fn with_reveal_key(self, reveal_key: RevealKey) -> Self {
        Self { reveal_key: Some(reveal_key), ..self }
    }

    /// With another recognizer beside the built-in ones: what it finds in free text is treated too.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use emrshare_desensitize::{Desensitizer, Policy};
    /// use emrshare_identity::ConsortiumKey;
    /// use emrshare_recognize::{Certainty, Finding, Kind, Recognizer, RecognizerError};
    ///
    /// /// A ward's nicknames.
    /// #[derive(Debug)]
    /// struct Nicknames(Vec<&'static str>);
    ///
    /// impl Recognizer for Nicknames {
    ///     fn recognize(&self, text: &str) -> Result<Vec<Finding>, RecognizerError> {
    ///         let found = self.0.iter().flat_map(|name| text.match_indices(name));
    ///         let finding = |(start, name): (usize, &str)| Finding {
    ///             range: start..start + name.len(),
    ///             kind: Kind::Name,
    ///             certainty: Certainty::Likely,
    ///         };
    ///         Ok(found.map(finding).collect())
    ///     }
    /// }
    ///
    /// let desensitizer = Desensitizer::new(Policy::strict(), ConsortiumKey::from_bytes([7; 32]))
    ///     .with_recognizer(Arc::new(Nicknames(vec!["老虎"])));
    /// let mut copy = Vec::new();
    /// desensitizer.desensitize_text("老虎昨晚睡得好。".as_bytes(), &mut copy)?;
    /// assert_eq!(String::from_utf8_lossy(&copy), "[name]昨晚睡得好。");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_recognizer(mut self, recognizer: Arc<dyn Recognizer>) -> Self {
        self.recognizers.push(recognizer);
        self
    }

    /// Digest of the policy, as the protocol contract names it.
    #[must_use]
    pub fn policy_digest(&self) -> Digest {
        self.policy.digest()
    }

    /// Makes the copy that may be shared, and the report of what was done.
    ///
    /// Attachments of unknown type are left out and counted, and so are images whose pixels nobody
    /// saw or whose writing cannot be blanked; names are replaced.
    ///
    /// # Errors
    /// [`DesensitizeError::Leak`] if something identifying is left, [`DesensitizeError::Dicom`] if
    /// an image cannot be treated, [`DesensitizeError::Recognizer`] if a recognizer cannot read a text.
    pub fn desensitize(
        &self,
        record: &Record,
        sights: &Sights,
    ) -> Result<(Record, Report), DesensitizeError> {
        let mut report = Report::default();
        let mut known = collect::known(record)?;
        known.or_patient(|| record.bundle().to_canonical());
        let treatment = self.treatment(&known)?;
        let scrubber = scrub::Scrubber::new(&treatment);
        let bundle = fhir::treat(record.bundle(), &scrubber, &mut report);
        let mut attachments = Vec::new();
        for (position, attachment) in record.attachments().iter().enumerate() {
            let number = position + 1;
            let (name, bytes) = match attachment.media_type {
                MediaType::Dicom => {
                    let seen = sights.of(position);
                    let place = Place::attachment(DocumentKind::Dicom, position);
                    match dicom::treat(&attachment.bytes, seen, &scrubber, place, &mut report) {
                        Ok(treated) => (format!("image-{number}.dcm"), treated),
                        Err(dicom::TreatError::Pixels(_)) => {
                            report.count_left_out();
                            continue;
                        }
                        Err(dicom::TreatError::Header(problem)) => {
                            return Err(DesensitizeError::Dicom { attachment: number, problem });
                        }
                    }
                }
                MediaType::Text => {
                    let text = String::from_utf8_lossy(&attachment.bytes);
                    let place = Place::attachment(DocumentKind::Text, position);
                    let mut tables = Tables::default();
                    let treated = scrubber.scrub_lines(&text, &mut tables, &place, &mut report);
                    (format!("text-{number}.txt"), treated.into_bytes())
                }
                _ => {
                    report.count_left_out();
                    continue;
                }
            };
            let media_type = attachment.media_type;
            attachments.push(Attachment { name, media_type, bytes });
        }
        report.check()?;
        let copy = Record::new(bundle, attachments);
        no_leak(scrubber.first_leak(&copy))?;
        Ok((copy, report))
    }

    fn treatment<'a>(&'a self, known: &'a Known) -> Result<Treatment<'a>, DesensitizeError> {
        let reveal_key = self.reveal_key.as_ref();
        if self.policy.encrypts() && reveal_key.is_none() {
            return Err(DesensitizeError::NoRevealKey);
        }
        let recognizers = &self.recognizers;
        Ok(Treatment { policy: &self.policy, key: &self.key, reveal_key, known, recognizers })
    }
}

/// Searches a desensitized record for what must never be shared: patterns with a check digit,
/// mail addresses and mobile numbers. For nodes that receive a file and do not know the original.
#[must_use]
pub fn scan(record: &Record) -> Option<Class> {
    scrub::scan(record)
}
