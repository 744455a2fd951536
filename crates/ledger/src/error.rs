//! What can be wrong with bytes, and with what they claim.

use emrshare_codec::NodeId;

/// Bytes are not a block, item or receipt.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end before the field does.
    #[error("{what} ends after {found} of {expected} bytes")]
    Truncated {
        /// The field.
        what: &'static str,
        /// Bytes that it has.
        expected: usize,
        /// Bytes that were left.
        found: usize,
    },
    /// Bytes are left over.
    #[error("{count} bytes follow the end")]
    Trailing {
        /// How many.
        count: usize,
    },
    /// A version that this software does not know.
    #[error("version {found} is not known, only {known}")]
    Version {
        /// The version read.
        found: u8,
        /// The version known.
        known: u8,
    },
    /// A count or length is over its limit.
    #[error("{what} is {found}, at most {limit} is allowed")]
    Limit {
        /// The field.
        what: &'static str,
        /// The value read.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A text is not UTF-8.
    #[error("a text is not UTF-8 from byte {position} on")]
    Utf8 {
        /// Bytes before it that are.
        position: usize,
    },
    /// A tag or flag has a value without a meaning.
    #[error("{what} has no value {found}")]
    Value {
        /// The field.
        what: &'static str,
        /// The value read.
        found: u64,
    },
    /// The body is not the one that the header names.
    #[error("{what} of the body is not the one in the header")]
    Commitment {
        /// The header's field.
        what: &'static str,
    },
    /// An operation or entry is malformed.
    #[error("malformed entry")]
    Entry(#[from] emrshare_codec::DecodeError),
    /// The entries of a submission name different acting nodes.
    #[error("a submission by node {first} holds an entry by node {other}")]
    MixedNodes {
        /// Acting node of the first entry.
        first: NodeId,
        /// Acting node of another entry.
        other: NodeId,
    },
    /// A submission without entries.
    #[error("a submission holds no entry")]
    Empty,
}

/// What bytes claim is not so.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A signature does not verify.
    #[error("the signature of {what} does not verify")]
    Signature {
        /// Whose signature.
        what: &'static str,
    },
    /// Too few validators signed.
    #[error("{found} validators signed, {needed} of {total} are needed")]
    Quorum {
        /// Valid signatures.
        found: usize,
        /// Signatures needed.
        needed: usize,
        /// Size of the set.
        total: usize,
    },
    /// A certificate names a validator twice, out of order, or outside the set.
    #[error("the certificate's signers are not distinct members of the set in ascending order")]
    Signers,
    /// An inclusion proof does not lead to the root.
    #[error("the proof does not lead from {what} to its root")]
    Inclusion {
        /// What should be included.
        what: &'static str,
    },
    /// Headers do not follow one another.
    #[error("header {height} does not follow the one before")]
    Ancestry {
        /// Height of the header that does not fit.
        height: u64,
    },
    /// Two headers are not two final headers of one height.
    #[error("the two headers do not contradict each other")]
    NoSplit,
    /// A proof is of another key of the state than the one asked for.
    #[error("the proof is of another key of the state")]
    OtherKey,
    /// A proven value is not what stands under such a key.
    #[error("the proven value is not {what}")]
    Value {
        /// What should stand there.
        what: &'static str,
    },
    /// The header is of another chain or names another validator set.
    #[error("the header names another {what}")]
    Foreign {
        /// The field that differs.
        what: &'static str,
    },
}
