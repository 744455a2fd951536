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
//! What is done to each [`Class`] of finding is said by a [`Policy`]. The [`Report`] counts what
//! was found and how it was treated; it never holds a value.
//!
//! ```
//! use emrshare_desensitize::{Desensitizer, Policy, Sights};
//! use emrshare_identity::ConsortiumKey;
//! use emrshare_record::{SourceFile, import};
//!
//! let patient = br#"{"resourceType":"Patient","name":[{"family":"Ashworth","given":["Nadia"]}],
//!     "text":{"status":"generated","div":"<div>Nadia Ashworth, call 555-123-4567</div>"}}"#;
//! let (record, _) = import(vec![SourceFile::new("patient.json", patient.to_vec())])?;
//! let desensitizer = Desensitizer::new(Policy::safe_harbor(), ConsortiumKey::from_bytes([7; 32]));
//! let (copy, report) = desensitizer.desensitize(&record, &Sights::none())?;
//! let text = String::from_utf8(copy.bundle().to_canonical())?;
//! assert!(!text.contains("Ashworth") && !text.contains("4567"));
//! assert!(report.total() >= 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cda;
mod collect;
mod dicom;
mod fhir;
mod file;
mod hl7;
mod pixels;
mod policy;
mod report;
mod scrub;
mod treat;

pub use file::{DocumentKind, FileCopy};
pub use pixels::{Area, Sights};
pub use policy::{Class, Policy, PolicyError, Technique};
pub use report::{DesensitizeError, Report};

use emrshare_codec::Digest;
use emrshare_identity::ConsortiumKey;
use emrshare_record::{Attachment, MediaType, Record};

/// Treats records by one policy.
#[derive(Debug)]
pub struct Desensitizer {
    policy: Policy,
    key: ConsortiumKey,
}

impl Desensitizer {
    /// A desensitizer whose surrogates are keyed by the consortium: the same value has the same
    /// surrogate at every node, and nobody outside can undo it.
    #[must_use]
    pub const fn new(policy: Policy, key: ConsortiumKey) -> Self {
        Self { policy, key }
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
    /// an image cannot be treated.
    pub fn desensitize(
        &self,
        record: &Record,
        sights: &Sights,
    ) -> Result<(Record, Report), DesensitizeError> {
        let mut report = Report::default();
        let known = collect::known(record)?;
        let treatment = treat::Treatment::new(&self.policy, &self.key);
        let scrubber = scrub::Scrubber::new(&known, &treatment);
        let bundle = fhir::treat(record.bundle(), &treatment, &scrubber, &mut report);
        let mut attachments = Vec::new();
        for (position, attachment) in record.attachments().iter().enumerate() {
            let number = position + 1;
            let (name, bytes) = match attachment.media_type {
                MediaType::Dicom => {
                    let seen = sights.of(position);
                    let treated =
                        dicom::treat(&attachment.bytes, seen, &treatment, &scrubber, &mut report);
                    match treated {
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
                    (format!("text-{number}.txt"), scrubber.scrub(&text, &mut report).into_bytes())
                }
                _ => {
                    report.count_left_out();
                    continue;
                }
            };
            let media_type = attachment.media_type;
            attachments.push(Attachment { name, media_type, bytes });
        }
        let copy = Record::new(bundle, attachments);
        match scrubber.first_leak(&copy) {
            Some((class, place)) => Err(DesensitizeError::Leak { class, place }),
            None => Ok((copy, report)),
        }
    }
}

/// Searches a desensitized record for what must never be shared: patterns with a check digit,
/// mail addresses and mobile numbers. For nodes that receive a file and do not know the original.
#[must_use]
pub fn scan(record: &Record) -> Option<Class> {
    scrub::scan(record)
}
