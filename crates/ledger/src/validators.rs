//! The members that may certify blocks.

use emrshare_codec::{Digest, NodeId};
use emrshare_identity::PublicKey;

use crate::{DecodeError, hash, hash::VALIDATORS, wire::Reader};

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
    /// Most members of a set: every one talks with every other.
    pub const LEN_MAX: usize = 128;

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
        hash(VALIDATORS, &[&self.rows()])
    }

    /// The bytes: the number of members in two, then id and key of each.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // No consortium has 2^16 members: see `LEN_MAX`.
        [(self.0.len() as u16).to_be_bytes().as_slice(), &self.rows()].concat()
    }

    /// Reads a set from the front of `reader`.
    ///
    /// # Errors
    /// [`DecodeError`]; [`DecodeError::Value`] if the members are not in ascending order of their
    /// keys.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (found, limit) = (usize::from(reader.u16("validator count")?), Self::LEN_MAX);
        if found > limit {
            return Err(DecodeError::Limit { what: "validator count", found, limit });
        }
        let mut members: Vec<Validator> = Vec::with_capacity(found);
        for position in 0..found {
            let id = reader.u32("validator")?;
            let unknown = |_| DecodeError::Value { what: "validator", found: id.into() };
            let node = NodeId::new(id).map_err(unknown)?;
            let key = reader.public_key("validator key")?;
            if members.last().is_some_and(|last| last.key >= key) {
                let found = position as u64;
                return Err(DecodeError::Value { what: "order of validators", found });
            }
            members.push(Validator { node, key });
        }
        Ok(Self(members))
    }

    fn rows(&self) -> Vec<u8> {
        let row = |validator: &Validator| {
            [validator.node.get().to_be_bytes().as_slice(), &validator.key.0].concat()
        };
        self.0.iter().flat_map(row).collect()
    }
}
