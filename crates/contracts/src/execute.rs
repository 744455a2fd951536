//! Blocks become changes of state.

use emrshare_codec::{Digest, NodeId};
use emrshare_ledger::{
    Block, Changes, DecodeError, Header, Item, Overlay, StateError, StateRead, VerifyError, key,
    rules, wire::Reader,
};

use crate::{AgreedRights, Call, CallError, alliance, audit::Signed, close_block, is_agreed};

/// Where in the chain items are executed.
#[derive(Clone, Copy, Debug)]
pub struct BlockContext {
    /// The chain.
    pub chain: Digest,
    /// Height of the block.
    pub height: u64,
    /// Time of the block, in milliseconds since 1970.
    pub time_ms: u64,
}

/// Why an item may not be in a block.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ItemError {
    /// The node is no member.
    #[error("node {0} is no member")]
    NotMember(NodeId),
    /// The node is suspended.
    #[error("node {0} is suspended by a vote of the members")]
    Suspended(NodeId),
    /// A signature does not verify.
    #[error(transparent)]
    Signature(#[from] VerifyError),
    /// A chain rule is broken.
    #[error(transparent)]
    Rule(#[from] rules::RuleError),
    /// A call is refused.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The nonce was used already.
    #[error("nonce {found} of the signer is not above {last}")]
    Nonce {
        /// The transaction's nonce.
        found: u64,
        /// The last nonce on the ledger.
        last: u64,
    },
    /// The state cannot be read: says nothing about the item.
    #[error(transparent)]
    State(#[from] StateError),
}

impl ItemError {
    /// Whether the store failed, so that nothing is known about the item.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        matches!(
            self,
            Self::State(_)
                | Self::Rule(rules::RuleError::State(_))
                | Self::Call(CallError::State(_))
        )
    }
}

impl ItemError {
    /// Whether the item follows others of its node that are still to come.
    #[must_use]
    pub fn is_ahead(&self) -> bool {
        matches!(self, Self::Rule(rules::RuleError::Serial { found, expected }) if found > expected)
    }
}

/// Why a block may not follow another.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// The header does not follow its parent's.
    #[error("the header's {0} does not follow the parent's")]
    Header(&'static str),
    /// An item is not valid.
    #[error("item {position}")]
    Item {
        /// Its position, from 0.
        position: usize,
        /// Why.
        #[source]
        source: ItemError,
    },
    /// The state cannot be read: says nothing about the block.
    #[error(transparent)]
    State(#[from] StateError),
    /// The state root is another.
    #[error("the state root is not that of the state after the block")]
    StateRoot,
}

impl BlockError {
    /// Whether the store failed, so that nothing is known about the block.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        match self {
            Self::State(_) => true,
            Self::Item { source, .. } => source.is_local(),
            _ => false,
        }
    }
}

/// Judges a block in its context and returns what it changes.
///
/// `verified` says whether an item's signature was checked before, so that it is not checked again.
///
/// # Errors
/// [`BlockError`]; see [`BlockError::is_local`] for errors that say nothing about the block.
pub fn execute<S: StateRead + ?Sized>(
    state: &S,
    parent: &Header,
    block: &Block,
    verified: impl Fn(&Item<'_>) -> bool,
) -> Result<Changes, BlockError> {
    let header = block.header();
    let follows = [
        ("chain", header.chain == parent.chain),
        ("height", Some(header.height) == parent.height.checked_add(1)),
        ("time", header.time_ms >= parent.time_ms),
        ("previous hash", header.previous == parent.hash()),
        ("validator set", header.validators_root == parent.next_validators_root),
    ];
    if let Some((what, _)) = follows.into_iter().find(|(_, holds)| !holds) {
        return Err(BlockError::Header(what));
    }
    let (chain, height, time_ms) = (header.chain, header.height, header.time_ms);
    let context = BlockContext { chain, height, time_ms };
    let mut overlay = Overlay::new(state);
    for (position, item) in block.items().enumerate() {
        let checked = verified(&item);
        apply_item(&mut overlay, context, &item, checked)
            .map_err(|source| BlockError::Item { position, source })?;
    }
    let closing = close_block(&mut overlay, parent)?;
    if closing.history_root != header.history_root {
        return Err(BlockError::Header("history"));
    }
    if closing.next_validators_root != header.next_validators_root {
        return Err(BlockError::Header("next validator set"));
    }
    let (changes, state_root) = overlay.seal()?;
    if state_root == header.state_root { Ok(changes) } else { Err(BlockError::StateRoot) }
}

/// Judges one item and writes what it changes; after an error the overlay is unusable.
///
/// # Errors
/// [`ItemError`].
pub fn apply_item<S: StateRead + ?Sized>(
    overlay: &mut Overlay<'_, S>,
    context: BlockContext,
    item: &Item<'_>,
    signature_checked: bool,
) -> Result<(), ItemError> {
    if !signature_checked {
        check_signature(overlay, context.chain, item)?;
    }
    if let Some(node) = item.node() {
        if alliance::is_suspended(overlay, node)? {
            return Err(ItemError::Suspended(node));
        }
        // It may have left since its signature was checked.
        alliance::member(overlay, node)?.ok_or(ItemError::NotMember(node))?;
    }
    match item {
        Item::Submission(submission) => {
            let (node, update) = (submission.node(), AgreedRights::Update);
            let may_update = |state: &Overlay<'_, S>, index| {
                is_agreed(state, index, node, update, context.time_ms)
            };
            Ok(rules::apply(overlay, submission, context.height, may_update)?)
        }
        Item::Transaction(transaction) => {
            let nonce_key = key::nonce(transaction.signer());
            let last = match overlay.get(&nonce_key)? {
                Some(bytes) => Reader::new(&bytes).u64("nonce").map_err(StateError::from)?,
                None => 0,
            };
            let found = transaction.nonce();
            if found <= last {
                return Err(ItemError::Nonce { found, last });
            }
            let call =
                Call::of(transaction).map_err(|error: DecodeError| CallError::from(error))?;
            let (node, signer) = (transaction.node(), transaction.signer());
            let by = Signed {
                node,
                signer,
                is_node: alliance::member(overlay, node)? == Some(signer),
                height: context.height,
                time_ms: context.time_ms,
                transaction: transaction.id(),
                chain: context.chain,
            };
            call.apply(overlay, by)?;
            overlay.put(nonce_key, found.to_be_bytes().to_vec());
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Checks that an item is signed, and passed on by a member.
///
/// # Errors
/// [`ItemError::NotMember`] or [`ItemError::Signature`].
pub fn check_signature<S: StateRead + ?Sized>(
    state: &S,
    chain: Digest,
    item: &Item<'_>,
) -> Result<(), ItemError> {
    let Some(node) = item.node() else { return Ok(()) };
    let key = alliance::member(state, node)?.ok_or(ItemError::NotMember(node))?;
    match item {
        Item::Submission(submission) => Ok(submission.verify(chain, &key)?),
        Item::Transaction(transaction) => Ok(transaction.verify(chain)?),
        _ => Ok(()),
    }
}
