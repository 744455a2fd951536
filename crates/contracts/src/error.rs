//! Why a call is refused.

use emrshare_codec::RecordIndex;
use emrshare_ledger::{DecodeError, StateError};

/// Why a call is refused.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The payload is malformed or the contract is not known.
    #[error("malformed call")]
    Decode(#[from] DecodeError),
    /// The signer is not the one who may do this.
    #[error("only {who} may do this")]
    NotAllowed {
        /// Who may.
        who: &'static str,
    },
    /// The key or identity is registered already.
    #[error("the {what} is registered already")]
    Registered {
        /// Key or identity.
        what: &'static str,
    },
    /// The key is not registered with the role that this needs.
    #[error("the key is not registered as a {role}")]
    NotRegistered {
        /// The role.
        role: &'static str,
    },
    /// There is no such record.
    #[error("there is no {what} record {index}")]
    NoRecord {
        /// In which status it should be.
        what: &'static str,
        /// Its index.
        index: RecordIndex,
    },
    /// The record has a patient already.
    #[error("the record is linked to a patient already")]
    Linked,
    /// There is nothing that this could act on.
    #[error("there is no such {what}")]
    Missing {
        /// Grant, relationship, proposal …
        what: &'static str,
    },
    /// It was done before.
    #[error("the {what} is there already")]
    Present {
        /// Relationship, vote …
        what: &'static str,
    },
    /// A value that makes no sense here.
    #[error("{what}")]
    Value {
        /// What is wrong.
        what: &'static str,
    },
    /// The state cannot be read: says nothing about the call.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Refuses unless `holds`.
pub(crate) fn allow(holds: bool, who: &'static str) -> Result<(), CallError> {
    if holds { Ok(()) } else { Err(CallError::NotAllowed { who }) }
}
