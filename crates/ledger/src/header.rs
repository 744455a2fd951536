//! The block header: 249 bytes that commit to everything.

use emrshare_codec::Digest;

use crate::{DecodeError, hash, hash::HEADER, wire::Reader};

/// What validators sign, and what a light client keeps.
///
/// ```text
/// version 1 | chain 32 | height 8 | time 8 | previous 32 | history root 32 | body root 32 | items 4
/// | entries 4 | state root 32 | validators root 32 | next validators root 32
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// Digest of the genesis document.
    pub chain: Digest,
    /// 0 for genesis.
    pub height: u64,
    /// Milliseconds since 1970 by the proposer's clock; never below the block before.
    pub time_ms: u64,
    /// Hash of the header before; zero for genesis.
    pub previous: Digest,
    /// Merkle root of the hashes of all blocks before: see [`history`](crate::history).
    pub history_root: Digest,
    /// Merkle root of the items.
    pub body_root: Digest,
    /// Number of items.
    pub items: u32,
    /// Number of entries in all submissions.
    pub entries: u32,
    /// Commitment to the contract state after this block.
    pub state_root: Digest,
    /// Hash of the validators that may certify this block.
    pub validators_root: Digest,
    /// Hash of the validators that may certify the next block.
    pub next_validators_root: Digest,
}

impl Header {
    /// Length in bytes.
    pub const LEN: usize = 1 + 32 + 8 + 8 + 3 * 32 + 4 + 4 + 3 * 32;
    const VERSION: u8 = 1;

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [
            &[Self::VERSION],
            self.chain.0.as_slice(),
            &self.height.to_be_bytes(),
            &self.time_ms.to_be_bytes(),
            &self.previous.0,
            &self.history_root.0,
            &self.body_root.0,
            &self.items.to_be_bytes(),
            &self.entries.to_be_bytes(),
            &self.state_root.0,
            &self.validators_root.0,
            &self.next_validators_root.0,
        ]
        .concat()
    }

    /// Reads a header from the front of `reader`.
    ///
    /// # Errors
    /// [`DecodeError::Version`] or [`DecodeError::Truncated`].
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let found = reader.u8("header version")?;
        if found != Self::VERSION {
            return Err(DecodeError::Version { found, known: Self::VERSION });
        }
        Ok(Self {
            chain: reader.digest("chain")?,
            height: reader.u64("height")?,
            time_ms: reader.u64("time")?,
            previous: reader.digest("previous")?,
            history_root: reader.digest("history root")?,
            body_root: reader.digest("body root")?,
            items: reader.u32("items")?,
            entries: reader.u32("entries")?,
            state_root: reader.digest("state root")?,
            validators_root: reader.digest("validators root")?,
            next_validators_root: reader.digest("next validators root")?,
        })
    }

    /// The block's hash.
    #[must_use]
    pub fn hash(&self) -> Digest {
        hash(HEADER, &[&self.to_bytes()])
    }
}
