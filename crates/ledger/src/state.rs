//! State as the chain rules see it: a map that is read, and changes laid over it.

use std::collections::{BTreeMap, HashMap};

use emrshare_codec::{Digest, NodeId, RecordIndex, Serial};

use crate::{DecodeError, state_tree, wire::Reader};

/// State cannot be read: the store failed or holds bytes that this software did not write.
#[derive(Clone, Debug, thiserror::Error)]
#[error("state cannot be read: {reason}")]
pub struct StateError {
    /// What the store said.
    pub reason: String,
}

impl From<DecodeError> for StateError {
    fn from(error: DecodeError) -> Self {
        Self { reason: error.to_string() }
    }
}

/// Read access to the state after some block.
pub trait StateRead {
    /// The value under a key.
    ///
    /// # Errors
    /// [`StateError`] if the store fails.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;

    /// Where a record stands.
    ///
    /// # Errors
    /// [`StateError`] if the store fails.
    fn record(&self, index: RecordIndex) -> Result<Option<RecordState>, StateError> {
        self.get(&key::record(index))?.map(|bytes| RecordState::from_bytes(&bytes)).transpose()
    }

    /// The record whose version has or had this original.
    ///
    /// # Errors
    /// [`StateError`] if the store fails.
    fn record_of_original(&self, original: Digest) -> Result<Option<RecordIndex>, StateError> {
        self.get(&key::original(original))?
            .map(|bytes| {
                RecordIndex::from_key(&bytes).map_err(|error| DecodeError::from(error).into())
            })
            .transpose()
    }

    /// Where a node's counters stand.
    ///
    /// # Errors
    /// [`StateError`] if the store fails.
    fn node(&self, node: NodeId) -> Result<NodeState, StateError> {
        match self.get(&key::node(node))? {
            Some(bytes) => Ok(NodeState::from_bytes(&bytes)?),
            None => Ok(NodeState::default()),
        }
    }
}

/// A key and its value.
pub type StateRow = (Vec<u8>, Vec<u8>);

/// Read access to state in the order of its keys: for those who ask, not for what blocks do.
pub trait StateScan: StateRead {
    /// Keys and values whose keys begin with `prefix`, ascending from `prefix ‖ from` on, at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StateError`] if the store fails.
    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<StateRow>, StateError>;
}

/// The keys of the ledger's own state.
pub mod key {
    use emrshare_codec::{Digest, NodeId, RecordIndex};
    use emrshare_identity::PublicKey;

    /// All keys of contracts start with this byte.
    pub const CONTRACTS: u8 = b'c';

    /// All keys of [`original`] start with this, and no others.
    pub const ORIGINALS: &[u8] = b"d";

    const PAGE: u8 = b't';

    /// All keys of [`record`] start with this, and no others.
    pub const RECORDS: &[u8] = b"r";

    /// Where a record stands.
    #[must_use]
    pub fn record(index: RecordIndex) -> Vec<u8> {
        [RECORDS, &index.to_key()].concat()
    }

    /// Which record an original digest belongs to.
    #[must_use]
    pub fn original(digest: Digest) -> Vec<u8> {
        [ORIGINALS, &digest.0].concat()
    }

    /// A signer's last nonce, in eight bytes.
    #[must_use]
    pub fn nonce(signer: PublicKey) -> Vec<u8> {
        [&[CONTRACTS, b'n'], signer.0.as_slice()].concat()
    }

    /// The roots of the tree over all blocks: see [`History`](crate::History).
    #[must_use]
    pub fn history() -> Vec<u8> {
        b"h".to_vec()
    }

    /// A page of the [state's tree](crate::StateProof), by the nibbles that lead to it; the pages
    /// themselves are not in the tree.
    pub(crate) fn page(nibbles: &[u8]) -> Vec<u8> {
        [&[PAGE], nibbles].concat()
    }

    pub(crate) fn is_page(key: &[u8]) -> bool {
        key.first() == Some(&PAGE)
    }

    /// A node's counters.
    #[must_use]
    pub fn node(node: NodeId) -> Vec<u8> {
        [b"n".as_slice(), &node.get().to_be_bytes()].concat()
    }
}

/// Whether a record lives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// It has a current version.
    Active,
    /// It has ended; its index is never used again.
    Deleted,
}

/// Where a record stands after its last entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RecordState {
    /// Whether it lives.
    pub status: Status,
    /// 1 for the version that was added; each update adds one.
    pub version: u32,
    /// Height of the block with the last entry.
    pub height: u64,
    /// The node that made the last entry and has the files.
    pub acting: NodeId,
    /// Original digest of the last version.
    pub original: Digest,
    /// Desensitized digest of the last version.
    pub desensitized: Digest,
}

impl RecordState {
    /// The bytes: status 1, version 4, height 8, acting node 4, two digests.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [
            &[self.status as u8],
            self.version.to_be_bytes().as_slice(),
            &self.height.to_be_bytes(),
            &self.acting.get().to_be_bytes(),
            &self.original.0,
            &self.desensitized.0,
        ]
        .concat()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`StateError`] if it did not.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        let mut reader = Reader::new(bytes);
        let status = match reader.u8("status")? {
            0 => Status::Active,
            1 => Status::Deleted,
            other => Err(DecodeError::Value { what: "status", found: other.into() })?,
        };
        let state = Self {
            status,
            version: reader.u32("version")?,
            height: reader.u64("height")?,
            acting: read_node(&mut reader)?,
            original: reader.digest("original")?,
            desensitized: reader.digest("desensitized")?,
        };
        reader.end()?;
        Ok(state)
    }
}

/// A node's counters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NodeState {
    /// The serial that the node's next new record must have.
    pub next_serial: Serial,
    /// Sequence of the node's last submission; 0 before the first.
    pub sequence: u64,
}

impl Default for NodeState {
    fn default() -> Self {
        Self { next_serial: Serial::ZERO, sequence: 0 }
    }
}

impl NodeState {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        [self.next_serial.to_be_bytes().as_slice(), &self.sequence.to_be_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let next_serial = Serial::from_be_bytes(reader.array("next serial")?);
        let sequence = reader.u64("sequence")?;
        reader.end()?;
        Ok(Self { next_serial, sequence })
    }
}

fn read_node(reader: &mut Reader<'_>) -> Result<NodeId, DecodeError> {
    let found = reader.u32("node")?;
    NodeId::new(found).map_err(|_| DecodeError::Value { what: "node", found: found.into() })
}

/// What a block changes: keys with their new values, or `None` where a key goes away.
///
/// In no order: most keys are digests, and a tree of them costs more than all else in a large block.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Changes(pub HashMap<Vec<u8>, Option<Vec<u8>>>);

/// State with changes laid over it: what a block under execution reads and writes.
#[derive(Debug)]
pub struct Overlay<'a, S: ?Sized> {
    base: &'a S,
    changes: Changes,
}

impl<'a, S: StateRead + ?Sized> Overlay<'a, S> {
    /// Nothing changed yet.
    #[must_use]
    pub fn new(base: &'a S) -> Self {
        Self { base, changes: Changes::default() }
    }

    /// Lays changes of an earlier execution over `base`.
    #[must_use]
    pub const fn with_changes(base: &'a S, changes: Changes) -> Self {
        Self { base, changes }
    }

    /// Makes room for so many more changes.
    pub(crate) fn reserve(&mut self, changes: usize) {
        self.changes.0.reserve(changes);
    }

    /// Sets a value. Keys that begin with `t` are those of the tree's pages, which
    /// [`seal`](Self::seal) alone writes.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        debug_assert!(!key::is_page(&key), "pages are written by `seal` alone");
        self.changes.0.insert(key, Some(value));
    }

    /// Removes a value.
    pub fn delete(&mut self, key: Vec<u8>) {
        debug_assert!(!key::is_page(&key), "pages are written by `seal` alone");
        self.changes.0.insert(key, None);
    }

    /// Takes over what another overlay on top of this one changed.
    pub fn absorb(&mut self, changes: Changes) {
        self.changes.0.extend(changes.0);
    }

    /// All that was changed.
    #[must_use]
    pub fn into_changes(self) -> Changes {
        self.changes
    }

    /// All that a block changed, with the pages of the state's tree, and the new state root.
    ///
    /// The root says what the state is, every key and value of it, and nothing else: a
    /// [`StateProof`](crate::StateProof) leads to it.
    ///
    /// # Errors
    /// [`StateError`] if the state below cannot be read.
    pub fn seal(self) -> Result<(Changes, Digest), StateError> {
        let Self { base, mut changes } = self;
        let root = state_tree::grow(base, &mut changes)?;
        Ok((changes, root))
    }
}

impl<S: StateRead + ?Sized> StateRead for Overlay<'_, S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        match self.changes.0.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.base.get(key),
        }
    }
}

/// State in memory, for tests and light clients.
#[derive(Clone, Debug, Default)]
pub struct Memory(pub BTreeMap<Vec<u8>, Vec<u8>>);

impl Memory {
    /// Makes changes permanent.
    pub fn apply(&mut self, changes: Changes) {
        for (key, value) in changes.0 {
            match value {
                Some(value) => self.0.insert(key, value),
                None => self.0.remove(&key),
            };
        }
    }
}

impl StateRead for Memory {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.0.get(key).cloned())
    }
}

impl StateScan for Memory {
    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<StateRow>, StateError> {
        let rows = self.0.range([prefix, from].concat()..);
        let rows = rows.take_while(|(key, _)| key.starts_with(prefix)).take(limit);
        Ok(rows.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}
