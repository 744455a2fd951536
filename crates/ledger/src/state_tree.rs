//! The tree over the whole state whose root is in every header.
//!
//! A sparse binary Merkle tree: a key stands where the bits of its SHA-256 lead, from the first bit
//! on. A subtree without keys is 32 zero bytes; a subtree with one key is that key's leaf, however
//! high it stands; any other is a node over its halves. So the root says the state and nothing else:
//! not the order in which it came about.
//!
//! ```text
//! leaf = H(tag ‖ SHA-256(key) ‖ SHA-256(value))        node = H(tag ‖ left ‖ right)
//! ```
//!
//! The tree is kept in *pages* of four levels, each a row of the state itself, under the nibbles
//! that lead to it. An update reads and writes one page for every four levels; a store of ten million
//! keys has six pages on the way to a key.

use emrshare_codec::Digest;
use sha2::{Digest as _, Sha256};

use crate::{
    Changes, DecodeError, StateError, StateRead, hash,
    hash::{STATE_LEAF, STATE_NODE},
    key,
    wire::Reader,
};

/// The root of a state without keys.
pub(crate) const EMPTY: Digest = Digest([0; 32]);

/// A key and its value as the tree has them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Leaf {
    /// SHA-256 of the key.
    pub(crate) key: Digest,
    /// SHA-256 of the value.
    pub(crate) value: Digest,
}

impl Leaf {
    pub(crate) fn new(key: &[u8], value: &[u8]) -> Self {
        Self { key: sha256(key), value: sha256(value) }
    }

    pub(crate) fn hash(&self) -> Digest {
        hash(STATE_LEAF, &[&self.key.0, &self.value.0])
    }
}

/// The way from the root to where a key stands, or would stand.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Path {
    /// What stands there.
    pub(crate) leaf: Option<Leaf>,
    /// The other half at each level, from the root down.
    pub(crate) siblings: Vec<Digest>,
}

/// The hash of a node of the tree.
pub(crate) fn node_hash(left: Digest, right: Digest) -> Digest {
    hash(STATE_NODE, &[&left.0, &right.0])
}

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// The root over `state` with `changes`, to which the changed pages are added.
pub(crate) fn grow<S: StateRead + ?Sized>(
    state: &S,
    changes: &mut Changes,
) -> Result<Digest, StateError> {
    let mut updates: Vec<_> = changes.0.iter().map(Update::of).collect();
    updates.sort_unstable_by_key(|update| update.key);
    let mut growth = Growth { state, pages: Vec::new() };
    let root = match state.get(&key::page(&[]))? {
        Some(bytes) => Page::from_bytes(&bytes)?,
        None => Page::EMPTY,
    };
    let root = growth.page(&mut Vec::new(), root, &updates)?;
    changes.0.extend(growth.pages);
    Ok(root.hash())
}

/// The way to a key in the tree over `state`.
pub(crate) fn find<S: StateRead + ?Sized>(state: &S, key: &[u8]) -> Result<Path, StateError> {
    let wanted = sha256(key);
    let (mut nibbles, mut siblings) = (Vec::new(), Vec::new());
    loop {
        let page = match state.get(&key::page(&nibbles))? {
            Some(bytes) => Page::from_bytes(&bytes)?,
            None if nibbles.is_empty() => Page::EMPTY,
            None => return Err(missing_page()),
        };
        let slot = page.descend(nibble(wanted, nibbles.len()), &mut siblings);
        match slot {
            Slot::Empty => return Ok(Path { leaf: None, siblings }),
            Slot::Leaf(leaf) => return Ok(Path { leaf: Some(leaf), siblings }),
            Slot::Node(_) => nibbles.push(nibble(wanted, nibbles.len())),
        }
    }
}

/// What happens to a key: its value's hash, or `None` if it goes away.
#[derive(Clone, Copy)]
struct Update {
    key: Digest,
    value: Option<Digest>,
}

impl Update {
    fn of((key, value): (&Vec<u8>, &Option<Vec<u8>>)) -> Self {
        Self { key: sha256(key), value: value.as_deref().map(sha256) }
    }
}

/// A subtree.
#[derive(Clone, Copy)]
enum Slot {
    Empty,
    Leaf(Leaf),
    Node(Digest),
}

impl Slot {
    fn hash(self) -> Digest {
        match self {
            Self::Empty => EMPTY,
            Self::Leaf(leaf) => leaf.hash(),
            Self::Node(hash) => hash,
        }
    }

    /// Two halves become one: a lone leaf moves up.
    fn join(left: Self, right: Self) -> Self {
        match (left, right) {
            (Self::Empty, Self::Empty) => Self::Empty,
            (Self::Leaf(leaf), Self::Empty) | (Self::Empty, Self::Leaf(leaf)) => Self::Leaf(leaf),
            (left, right) => Self::Node(node_hash(left.hash(), right.hash())),
        }
    }

    /// The subtree over a power of two of neighbours.
    fn fold(slots: &[Self]) -> Self {
        match slots {
            [slot] => *slot,
            _ => {
                let (left, right) = slots.split_at(slots.len() / 2);
                Self::join(Self::fold(left), Self::fold(right))
            }
        }
    }
}

/// The sixteen subtrees below four levels.
struct Page([Slot; 16]);

impl Page {
    const EMPTY: Self = Self([Slot::Empty; 16]);

    /// Goes down to a slot, as far as there is more than one key, and notes the other halves.
    fn descend(&self, nibble: u8, siblings: &mut Vec<Digest>) -> Slot {
        let mut slots = self.0.as_slice();
        let mut bit = 8;
        loop {
            let slot = Slot::fold(slots);
            if slots.len() == 1 || !matches!(slot, Slot::Node(_)) {
                return slot;
            }
            let (left, right) = slots.split_at(slots.len() / 2);
            let (mine, other) = if nibble & bit == 0 { (left, right) } else { (right, left) };
            siblings.push(Slot::fold(other).hash());
            slots = mine;
            bit >>= 1;
        }
    }

    /// The bytes: for each slot 0, or 1 and a leaf's two hashes, or 2 and a node's hash.
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 * 33);
        for slot in &self.0 {
            match slot {
                Slot::Empty => bytes.push(0),
                Slot::Leaf(leaf) => {
                    bytes.push(1);
                    bytes.extend_from_slice(&leaf.key.0);
                    bytes.extend_from_slice(&leaf.value.0);
                }
                Slot::Node(hash) => {
                    bytes.push(2);
                    bytes.extend_from_slice(&hash.0);
                }
            }
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let mut page = Self::EMPTY;
        for slot in &mut page.0 {
            *slot = match reader.u8("slot")? {
                0 => Slot::Empty,
                1 => Slot::Leaf(Leaf {
                    key: reader.digest("leaf key")?,
                    value: reader.digest("leaf value")?,
                }),
                2 => Slot::Node(reader.digest("node")?),
                other => Err(DecodeError::Value { what: "slot", found: other.into() })?,
            };
        }
        reader.end()?;
        Ok(page)
    }
}

/// An update of the tree under way.
struct Growth<'a, S: ?Sized> {
    state: &'a S,
    pages: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl<S: StateRead + ?Sized> Growth<'_, S> {
    /// Brings updates, in the order of their keys, into the page at `nibbles`.
    fn page(
        &mut self,
        nibbles: &mut Vec<u8>,
        mut page: Page,
        updates: &[Update],
    ) -> Result<Slot, StateError> {
        let depth = nibbles.len();
        for group in updates.chunk_by(|a, b| nibble(a.key, depth) == nibble(b.key, depth)) {
            let position = nibble(group[0].key, depth);
            let slot = &mut page.0[usize::from(position)];
            nibbles.push(position);
            *slot = self.slot(nibbles, *slot, group)?;
            nibbles.pop();
        }
        let folded = Slot::fold(&page.0);
        // A lone leaf stands in the page above; above the first page there is none.
        let stays = match folded {
            Slot::Empty => false,
            Slot::Leaf(_) => depth == 0,
            Slot::Node(_) => true,
        };
        self.pages.push((key::page(nibbles), stays.then(|| page.to_bytes())));
        Ok(folded)
    }

    /// Brings updates into the subtree at `nibbles`.
    fn slot(
        &mut self,
        nibbles: &mut Vec<u8>,
        slot: Slot,
        updates: &[Update],
    ) -> Result<Slot, StateError> {
        if let Slot::Node(_) = slot {
            let bytes = self.state.get(&key::page(nibbles))?.ok_or_else(missing_page)?;
            return self.page(nibbles, Page::from_bytes(&bytes)?, updates);
        }
        let mut leaves: Vec<_> =
            updates.iter().filter(|update| update.value.is_some()).copied().collect();
        if let Slot::Leaf(leaf) = slot
            && updates.iter().all(|update| update.key != leaf.key)
        {
            let position = leaves.partition_point(|update| update.key < leaf.key);
            leaves.insert(position, Update { key: leaf.key, value: Some(leaf.value) });
        }
        match leaves.as_slice() {
            [] => Ok(Slot::Empty),
            [Update { key, value: Some(value) }] => {
                Ok(Slot::Leaf(Leaf { key: *key, value: *value }))
            }
            several => self.page(nibbles, Page::EMPTY, several),
        }
    }
}

fn nibble(key: Digest, depth: usize) -> u8 {
    let byte = key.0[depth / 2];
    if depth.is_multiple_of(2) { byte >> 4 } else { byte & 15 }
}

fn missing_page() -> StateError {
    StateError { reason: "a page of the state's tree is missing".into() }
}
