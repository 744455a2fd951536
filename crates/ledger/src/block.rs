//! Header and body, decoded without copying the items.

use std::{ops::Range, sync::Arc};

use emrshare_codec::Digest;

use crate::{
    DecodeError, Header, Item, merkle,
    wire::{Reader, put_prefixed},
};

/// A block whose body is well formed and is the one that its header names.
///
/// Cloning is cheap: the bytes are shared.
#[derive(Clone, Debug)]
pub struct Block {
    header: Header,
    hash: Digest,
    bytes: Arc<[u8]>,
    items: Arc<[Range<usize>]>,
}

impl Block {
    /// Most bytes that a block has, header and lengths included.
    pub const LEN_MAX: usize = 2 * 1024 * 1024;
    /// Most items that a block has.
    pub const ITEMS_MAX: usize = 16 * 1024;

    /// The first block of a chain: no items, height 0.
    #[must_use]
    pub fn genesis(chain: Digest, state_root: Digest, validators_root: Digest) -> Self {
        let zero = Digest::default();
        let header = Header {
            chain,
            height: 0,
            time_ms: 0,
            previous: zero,
            history_root: merkle::root(&[]),
            body_root: merkle::root(&[]),
            items: 0,
            entries: 0,
            state_root,
            validators_root,
            next_validators_root: validators_root,
        };
        let bytes = header.to_bytes();
        Self { header, hash: header.hash(), bytes: bytes.into(), items: [].into() }
    }

    /// Reads a block and checks its body against its header.
    ///
    /// # Errors
    /// What is wrong with the bytes: see [`DecodeError`].
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Result<Self, DecodeError> {
        let bytes = bytes.into();
        let limit = Self::LEN_MAX;
        if bytes.len() > limit {
            return Err(DecodeError::Limit { what: "block", found: bytes.len(), limit });
        }
        let mut reader = Reader::new(&bytes);
        let header = Header::read(&mut reader)?;
        let (mut items, mut leaves, mut entries) = (Vec::new(), Vec::new(), 0);
        while reader.remaining() > 0 {
            if items.len() == Self::ITEMS_MAX {
                let limit = Self::ITEMS_MAX;
                return Err(DecodeError::Limit { what: "items", found: limit + 1, limit });
            }
            let item = reader.prefixed("item", Item::LEN_MAX)?;
            let end = bytes.len() - reader.remaining();
            items.push(end - item.len()..end);
            let item = Item::from_bytes(item)?;
            leaves.push(item.leaf());
            entries += item.entry_count();
        }
        let commitments = [
            ("number of items", header.items as usize == items.len()),
            ("number of entries", header.entries as usize == entries),
            ("Merkle root", header.body_root == merkle::root(&leaves)),
        ];
        if let Some((what, _)) = commitments.into_iter().find(|(_, holds)| !holds) {
            return Err(DecodeError::Commitment { what });
        }
        Ok(Self { header, hash: header.hash(), bytes, items: items.into() })
    }

    /// The block as bytes: header, then each item behind its length in four bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The hash of the header: the block's name.
    #[must_use]
    pub const fn hash(&self) -> Digest {
        self.hash
    }

    /// The items in their order.
    ///
    /// # Panics
    /// Never: every item was read when the block was made.
    pub fn items(&self) -> impl ExactSizeIterator<Item = Item<'_>> {
        self.items.iter().map(|range| {
            Item::from_bytes(&self.bytes[range.clone()])
                .expect("every item was read when the block was made")
        })
    }
}

/// Gathers items for a block up to a size.
///
/// ```
/// use emrshare_codec::Digest;
/// use emrshare_ledger::{Block, BlockBuilder, History};
///
/// let genesis = Block::genesis(Digest([9; 32]), Digest([0; 32]), Digest([1; 32]));
/// let mut history = History::default();
/// history.append(genesis.hash());
/// let mut builder = BlockBuilder::new(Block::LEN_MAX);
/// builder.push(&[0xff, 0xff, 1, 2, 3])?; // somebody else's item
/// let block = builder.build(genesis.header(), 1_000, history.root(), Digest([0; 32]));
/// assert_eq!(block.header().previous, genesis.hash());
/// assert_eq!(Block::from_bytes(block.as_bytes().to_vec())?.hash(), block.hash());
/// # Ok::<(), emrshare_ledger::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct BlockBuilder {
    bytes: Vec<u8>,
    leaves: Vec<Digest>,
    items: Vec<Range<usize>>,
    entries: u32,
    len_max: usize,
    next_validators: Option<Digest>,
}

impl BlockBuilder {
    /// A builder for blocks of at most `len_max` bytes ([`Block::LEN_MAX`] at most).
    #[must_use]
    pub fn new(len_max: usize) -> Self {
        Self {
            bytes: vec![0; Header::LEN],
            leaves: Vec::new(),
            items: Vec::new(),
            entries: 0,
            len_max: len_max.min(Block::LEN_MAX),
            next_validators: None,
        }
    }

    /// Names the validators behind the block by the root of their set; without this they are the
    /// block's own.
    pub const fn name_validators(&mut self, root: Digest) {
        self.next_validators = Some(root);
    }

    /// Whether an item of `item_len` bytes still fits.
    #[must_use]
    pub fn fits(&self, item_len: usize) -> bool {
        self.items.len() < Block::ITEMS_MAX && self.bytes.len() + 4 + item_len <= self.len_max
    }

    /// Adds an item.
    ///
    /// # Errors
    /// What is wrong with the item's bytes: see [`DecodeError`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let item = Item::from_bytes(bytes)?;
        self.leaves.push(item.leaf());
        // A block of at most 2 MiB holds fewer than 2^32 entries.
        self.entries += item.entry_count() as u32;
        put_prefixed(&mut self.bytes, bytes);
        self.items.push(self.bytes.len() - bytes.len()..self.bytes.len());
        Ok(())
    }

    /// Whether nothing was added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Makes the block that follows `parent`. `history_root` covers all blocks up to `parent`: see
    /// [`history::advance`](crate::history::advance).
    #[must_use]
    pub fn build(
        mut self,
        parent: &Header,
        time_ms: u64,
        history_root: Digest,
        state_root: Digest,
    ) -> Block {
        let header = Header {
            chain: parent.chain,
            height: parent.height + 1,
            time_ms: time_ms.max(parent.time_ms),
            previous: parent.hash(),
            history_root,
            body_root: merkle::root(&self.leaves),
            // `fits` bounds the number of items by `ITEMS_MAX`.
            items: self.items.len() as u32,
            entries: self.entries,
            state_root,
            validators_root: parent.next_validators_root,
            next_validators_root: self.next_validators.unwrap_or(parent.next_validators_root),
        };
        self.bytes[..Header::LEN].copy_from_slice(&header.to_bytes());
        let hash = header.hash();
        Block { header, hash, bytes: self.bytes.into(), items: self.items.into() }
    }
}
