//! What makes a block final: the finalize votes of more than two thirds of the validators.

use emrshare_codec::Digest;
use emrshare_identity::Signature;

use crate::{DecodeError, ValidatorSet, VerifyError, wire::Reader};

/// One validator's vote.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Vote {
    /// Position of the validator in its [`ValidatorSet`].
    pub validator: u16,
    /// Its signature.
    pub signature: Signature,
}

/// The votes that finalize a block.
///
/// A vote signs what the consensus engine (simplex) signs:
///
/// ```text
/// varint(length of tag) | tag | varint(epoch) | varint(view) | varint(parent view) | block hash 32
/// tag = "_EMRSHARE_CONSENSUS" ‖ chain 32 ‖ "_FINALIZE"
/// ```
///
/// with unsigned LEB128 varints.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificate {
    /// The engine's epoch.
    pub epoch: u64,
    /// The view in which the block was proposed.
    pub view: u64,
    /// The view of the block before.
    pub parent_view: u64,
    /// The votes, by ascending validator.
    pub votes: Vec<Vote>,
}

impl Certificate {
    /// Most validators in a set.
    pub const VALIDATORS_MAX: usize = 1024;

    /// The tag under which the engine signs for a chain.
    #[must_use]
    pub fn namespace(chain: Digest) -> Vec<u8> {
        [b"_EMRSHARE_CONSENSUS".as_slice(), &chain.0].concat()
    }

    /// Checks that more than two thirds of `validators` voted for `block`.
    ///
    /// # Errors
    /// [`VerifyError::Signers`], [`VerifyError::Quorum`] or [`VerifyError::Signature`].
    pub fn verify(
        &self,
        chain: Digest,
        block: Digest,
        validators: &ValidatorSet,
    ) -> Result<(), VerifyError> {
        if !self.votes.is_sorted_by(|a, b| a.validator < b.validator) {
            return Err(VerifyError::Signers);
        }
        let (found, needed) = (self.votes.len(), validators.quorum());
        if found < needed {
            let total = validators.members().len();
            return Err(VerifyError::Quorum { found, needed, total });
        }
        let message = self.message(chain, block);
        self.votes.iter().try_for_each(|vote| {
            let member = validators.members().get(usize::from(vote.validator));
            let member = member.ok_or(VerifyError::Signers)?;
            member
                .key
                .verify_framed(&message, &vote.signature)
                .map_err(|_| VerifyError::Signature { what: "a validator" })
        })
    }

    /// The bytes: epoch 8, view 8, parent view 8, count 4, then validator 2 and signature 64 each.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(28 + self.votes.len() * 66);
        for number in [self.epoch, self.view, self.parent_view] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        // A certificate has at most as many votes as there are `u16` positions.
        bytes.extend_from_slice(&(self.votes.len() as u32).to_be_bytes());
        for vote in &self.votes {
            bytes.extend_from_slice(&vote.validator.to_be_bytes());
            bytes.extend_from_slice(&vote.signature.0);
        }
        bytes
    }

    /// Reads a certificate from the front of `reader`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] or [`DecodeError::Limit`].
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let epoch = reader.u64("epoch")?;
        let view = reader.u64("view")?;
        let parent_view = reader.u64("parent view")?;
        let votes = (0..reader.count("votes", Self::VALIDATORS_MAX)?)
            .map(|_| {
                Ok(Vote {
                    validator: reader.u16("validator")?,
                    signature: reader.signature("vote")?,
                })
            })
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self { epoch, view, parent_view, votes })
    }

    fn message(&self, chain: Digest, block: Digest) -> Vec<u8> {
        let tag = [Self::namespace(chain).as_slice(), b"_FINALIZE"].concat();
        let mut message = Vec::with_capacity(tag.len() + 64);
        put_varint(&mut message, tag.len() as u64);
        message.extend_from_slice(&tag);
        for number in [self.epoch, self.view, self.parent_view] {
            put_varint(&mut message, number);
        }
        message.extend_from_slice(&block.0);
        message
    }
}

fn put_varint(target: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        target.push(value as u8 | 0x80);
        value >>= 7;
    }
    target.push(value as u8);
}
