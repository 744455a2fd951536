//! What the engine asks of the application.

use emrshare_codec::Digest;
use emrshare_identity::SigningKey;
use emrshare_ledger::{Block, Header, ValidatorSet};

/// The application's answer to a block of another validator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Judgement {
    /// It keeps all rules.
    Valid,
    /// It breaks a rule and always will.
    Invalid,
}

/// The application cannot go on, for example because its store failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the chain cannot go on: {reason}")]
pub struct ChainError {
    /// What failed.
    pub reason: String,
}

/// A chain of blocks as its application sees it.
///
/// Calls come from the engine's threads. Judging must be deterministic: the same block after the
/// same ancestors gets the same judgement at every node.
pub trait Chain: Send + Sync + 'static {
    /// The first block.
    fn genesis(&self) -> Block;

    /// The header of the last block that [`finalized`](Self::finalized) took over.
    fn tip(&self) -> Header;

    /// Who orders the blocks of an epoch; `None` while the last block of the epoch before it is not
    /// final here. The same at every node that knows it.
    fn validators(&self, epoch: u64) -> Option<ValidatorSet>;

    /// The key that this node takes part with in an epoch: it votes if it is that of a validator. Asked
    /// when the engine starts, about the epoch of the next block, and at the end of each epoch, about the
    /// next one; another answer than before makes the engine start again with that key.
    fn key(&self, epoch: u64) -> SigningKey;

    /// Whether the state after the block with this hash is at hand.
    fn knows(&self, block: Digest) -> bool;

    /// Judges a block whose parent is known; a valid one is known from then on.
    ///
    /// # Errors
    /// [`ChainError`] if no judgement is possible now.
    fn judge(&self, block: &Block) -> Result<Judgement, ChainError>;

    /// Whether there is something to say in a block after `parent`.
    fn has_work(&self, parent: Digest) -> bool;

    /// Makes a valid block after `parent`, which is known; empty if there is nothing to say.
    ///
    /// # Errors
    /// [`ChainError`] if no block can be made now.
    fn propose(&self, parent: &Block, now_ms: u64) -> Result<Block, ChainError>;

    /// Takes over final blocks in their order; on `Ok` they are durable. A block may come again
    /// after a restart.
    ///
    /// # Errors
    /// [`ChainError`] if they cannot be made durable: the engine stops.
    fn finalized(&self, blocks: &[Block]) -> Result<(), ChainError>;

    /// An item that another validator forwarded; bounded in size, otherwise unchecked.
    fn received(&self, item: &[u8]);
}
