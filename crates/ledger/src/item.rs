//! What a block body is made of.

use emrshare_codec::{Digest, Marker, NodeId};

use crate::{DecodeError, Submission, Transaction, merkle};

/// One item of a block body, told apart by the marker in its first 14 bits.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Item<'a> {
    /// Record entries.
    Submission(Submission<'a>),
    /// A contract call.
    Transaction(Transaction<'a>),
    /// Somebody else's item: carried, never interpreted.
    Foreign(&'a [u8]),
}

impl<'a> Item<'a> {
    /// Most bytes that an item has.
    pub const LEN_MAX: usize = Submission::LEN_MAX;

    /// Reads an item.
    ///
    /// # Errors
    /// What is wrong with the bytes: see [`DecodeError`].
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let truncated = DecodeError::Truncated { what: "item", expected: 2, found: bytes.len() };
        match Marker::of_item(bytes).ok_or(truncated)? {
            Marker::RECORD => Submission::from_bytes(bytes).map(Self::Submission),
            Marker::CONTRACT => Transaction::from_bytes(bytes).map(Self::Transaction),
            _ => Ok(Self::Foreign(bytes)),
        }
    }

    /// The node that answers for the item; none for a foreign one.
    #[must_use]
    pub const fn node(&self) -> Option<NodeId> {
        match self {
            Self::Submission(submission) => Some(submission.node()),
            Self::Transaction(transaction) => Some(transaction.node()),
            Self::Foreign(_) => None,
        }
    }

    /// Entries that the item holds.
    #[must_use]
    pub const fn entry_count(&self) -> usize {
        match self {
            Self::Submission(submission) => submission.entries().len(),
            _ => 0,
        }
    }

    /// The item's leaf in the body's tree.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        match self {
            Self::Submission(submission) => merkle::leaf_hash(&submission.leaf_data()),
            Self::Transaction(transaction) => merkle::leaf_hash(&transaction.leaf_data()),
            Self::Foreign(bytes) => merkle::leaf_hash(&[&[0], *bytes].concat()),
        }
    }
}
