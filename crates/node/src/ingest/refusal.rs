//! Why a record is not taken, for the sender's system and for an operator.

use emrshare_codec::RecordIndex;
use emrshare_completeness::Reason;
use emrshare_contracts::Violation;
use emrshare_desensitize::DesensitizeError;
use emrshare_record::ImportError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::terms::TermsError;

/// One thing that is wrong, without any of the record's text.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
pub(crate) struct Fault {
    /// A short name of the rule, such as `section-missing`.
    pub(crate) rule: String,
    /// Where in the record: a section, an attachment, or a JSON pointer.
    pub(crate) place: String,
    /// The whole in words.
    pub(crate) message: String,
}

/// A refused record: nothing of it is stored.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
pub(crate) struct Refusal {
    /// `import`, `completeness`, `protocol`, `duplicate` or `desensitize`.
    pub(crate) stage: &'static str,
    /// All that is wrong at that stage.
    pub(crate) faults: Vec<Fault>,
}

impl Refusal {
    pub(crate) fn incomplete(reasons: &[Reason]) -> Self {
        let fault = |reason: &Reason| Fault {
            rule: reason.rule().into(),
            place: reason.place(),
            message: reason.to_string(),
        };
        Self { stage: "completeness", faults: reasons.iter().map(fault).collect() }
    }

    pub(crate) fn protocol(violations: Vec<Violation>) -> Self {
        let fault = |violation: Violation| Fault {
            message: violation.to_string(),
            rule: violation.rule,
            place: violation.place,
        };
        Self { stage: "protocol", faults: violations.into_iter().map(fault).collect() }
    }

    pub(crate) fn duplicate(existing: RecordIndex) -> Self {
        let message = format!("the record is on the ledger already as {existing}");
        Self::one("duplicate", "original-digest", existing.to_string(), message)
    }

    fn one(stage: &'static str, rule: &str, place: String, message: String) -> Self {
        Self { stage, faults: vec![Fault { rule: rule.into(), place, message }] }
    }
}

impl From<ImportError> for Refusal {
    fn from(error: ImportError) -> Self {
        let place = match &error {
            ImportError::Fhir { file, .. }
            | ImportError::Hl7 { file, .. }
            | ImportError::Cda { file, .. }
            | ImportError::Mapped { file, .. }
            | ImportError::Patients { file }
            | ImportError::Dicom { file, .. } => format!("file {file}"),
            _ => "all files".into(),
        };
        Self::one("import", "readable", place, error.to_string())
    }
}

impl From<DesensitizeError> for Refusal {
    fn from(error: DesensitizeError) -> Self {
        let place = match &error {
            DesensitizeError::Leak { place, .. } => place.clone(),
            DesensitizeError::Dicom { attachment, .. } => format!("attachment {attachment}"),
            _ => "record".into(),
        };
        Self::one("desensitize", "nothing-identifying", place, error.to_string())
    }
}

/// A record that did not go the whole way.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    /// It is refused: sending it again changes nothing.
    #[error("refused at stage {}", .0.stage)]
    Refused(Refusal),
    /// There is no such active record of this node.
    #[error("there is no active record {0} of this node")]
    NotFound(RecordIndex),
    /// The record is another node's, and no agreement lets this one update it.
    #[error(
        "{index} is a record of node {}: it alone changes it, unless an agreement in force, to which \
         the patient has consented, lets this node update it",
        .index.origin()
    )]
    NotAgreed {
        /// The record.
        index: RecordIndex,
    },
    /// The node's records are not taken.
    #[error(
        "this node is no member whose records are taken: it is not admitted yet, is suspended, or has \
         left; `emrshare status` says which"
    )]
    NotActive,
    /// The disk would be too full.
    #[error(
        "this node's disk has no room beside the {reserve} bytes that stay free for blocks: free some, \
         or lower `disk_reserve` in node.toml; then push again what was not taken"
    )]
    DiskFull {
        /// Bytes that stay free.
        reserve: u64,
    },
    /// The same request is under way.
    #[error("the same request is under way; ask again later")]
    UnderWay,
    /// The idempotency key came with another request before.
    #[error(
        "the Idempotency-Key came with another request before, and this one is not carried out: each \
         request needs a key of its own"
    )]
    OtherRequest,
    /// This node does not have the documents that the consortium agreed on.
    #[error(transparent)]
    Terms(TermsError),
    /// This node has trouble; the record can be sent again.
    #[error("this node cannot take the record now: {0}")]
    Local(String),
}

impl IngestError {
    pub(crate) fn local(error: impl ToString) -> Self {
        Self::Local(error.to_string())
    }
}

impl<T: Into<Refusal>> From<T> for IngestError {
    fn from(refusal: T) -> Self {
        Self::Refused(refusal.into())
    }
}
