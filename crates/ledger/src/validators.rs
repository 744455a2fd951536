//! The members that may certify blocks.

use emrshare_codec::{Digest, NodeId};
use emrshare_identity::PublicKey;

use crate::{hash, hash::VALIDATORS};

/// One validator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validator {
    /// Its id in the consortium.
    pub node: NodeId,
    /// The key that it signs with.
    pub key: PublicKey,
}

/// A set of validators, ordered by key as the consensus engine orders them.
///
/// ```
/// use emrshare_codec::NodeId;
/// use emrshare_identity::SigningKey;
/// use emrshare_ledger::{Validator, ValidatorSet};
///
/// let validator = |id: u8| Validator {
///     node: NodeId::new(id.into()).expect("below 2^20"),
///     key: SigningKey::from_seed([id; 32]).public_key(),
/// };
/// let set = ValidatorSet::new((1..=4).map(validator).collect());
/// assert_eq!(set.quorum(), 3);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ValidatorSet(Vec<Validator>);

impl ValidatorSet {
    /// The set with these members; of equal keys only one stays.
    #[must_use]
    pub fn new(mut validators: Vec<Validator>) -> Self {
        validators.sort_by_key(|validator| validator.key);
        validators.dedup_by_key(|validator| validator.key);
        Self(validators)
    }

    /// The members in the order of their keys.
    #[must_use]
    pub fn members(&self) -> &[Validator] {
        &self.0
    }

    /// Signatures that make a certificate: n − ⌊(n − 1) / 3⌋, more than two thirds, and at least one:
    /// an empty set certifies nothing.
    #[must_use]
    pub fn quorum(&self) -> usize {
        (self.0.len() - self.0.len().saturating_sub(1) / 3).max(1)
    }

    /// What a header's `validators_root` holds.
    #[must_use]
    pub fn root(&self) -> Digest {
        let bytes: Vec<u8> = self
            .0
            .iter()
            .flat_map(|validator| {
                [validator.node.get().to_be_bytes().as_slice(), &validator.key.0].concat()
            })
            .collect();
        hash(VALIDATORS, &[&bytes])
    }
}
