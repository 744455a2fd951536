//! What proves offline what the state holds under a key, or that it holds nothing there.

use emrshare_codec::{Digest, RecordIndex};

use crate::{
    DecodeError, FinalHeader, Header, RecordState, StateError, StateRead, ValidatorSet,
    VerifyError, key,
    state_tree::{EMPTY, Leaf, Path, find, node_hash, sha256},
    wire::{Reader, put_prefixed},
};

/// The value under a key of the state after a block, or its absence, with the way up to the
/// block's header and what makes that header final.
///
/// A receipt proves that something was written; this proves what stands *now*: that no block up to
/// this one holds an original ([`original`](Self::original)), or which version of a record is the
/// last one and whether it lives ([`record`](Self::record)).
///
/// ```
/// use emrshare_codec::Digest;
/// use emrshare_ledger::{
///     Block, Certificate, FinalHeader, Memory, Overlay, StatePath, ValidatorSet, key,
/// };
///
/// let mut state = Memory::default();
/// let mut overlay = Overlay::new(&state);
/// overlay.put(key::original(Digest([1; 32])), b"a record's index".to_vec());
/// let (changes, root) = overlay.seal()?;
/// state.apply(changes);
///
/// let header = *Block::genesis(Digest([9; 32]), root, ValidatorSet::new(Vec::new()).root()).header();
/// let certificate = Certificate { epoch: 0, view: 1, parent_view: 0, votes: Vec::new() };
/// let finality = FinalHeader { header, descendants: Vec::new(), certificate };
/// let absent = StatePath::find(&state, key::original(Digest([2; 32])))?.proven_by(finality);
/// assert_eq!(absent.value(), None);
/// assert_eq!(absent.verify_inclusion()?.height, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StateProof {
    found: StatePath,
    finality: FinalHeader,
}

/// What a state holds under a key, with the way up to the state's root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatePath {
    key: Vec<u8>,
    value: Option<Vec<u8>>,
    path: Path,
}

impl StatePath {
    /// Looks a key up.
    ///
    /// # Errors
    /// [`StateError`] if the state cannot be read.
    pub fn find<S: StateRead + ?Sized>(state: &S, key: Vec<u8>) -> Result<Self, StateError> {
        Ok(Self { value: state.get(&key)?, path: find(state, &key)?, key })
    }

    /// The proof of it: `finality` is that of the block after which the state was so.
    #[must_use]
    pub const fn proven_by(self, finality: FinalHeader) -> StateProof {
        StateProof { found: self, finality }
    }

    /// The root that the path leads to, or `None` if what stands at its end says nothing of the key.
    fn root(&self) -> Option<Digest> {
        let wanted = sha256(&self.key);
        let depth = self.path.siblings.len();
        let end = match (&self.value, self.path.leaf) {
            (Some(value), Some(leaf)) if leaf == Leaf::new(&self.key, value) => leaf.hash(),
            (None, Some(leaf)) if leaf.key != wanted && share_bits(leaf.key, wanted, depth) => {
                leaf.hash()
            }
            (None, None) => EMPTY,
            _ => return None,
        };
        let levels = self.path.siblings.iter().enumerate().rev();
        Some(levels.fold(end, |hash, (level, sibling)| {
            if bit(wanted, level) { node_hash(*sibling, hash) } else { node_hash(hash, *sibling) }
        }))
    }

    /// Another key's leaf that stands where the key would stand.
    fn other(&self) -> Option<Leaf> {
        self.path.leaf.filter(|_| self.value.is_none())
    }
}

impl StateProof {
    const VERSION: u8 = 1;
    const KEY_LEN_MAX: usize = 4096;
    const VALUE_LEN_MAX: usize = 65_536;
    const DEPTH_MAX: usize = 256;

    /// Checks everything that the proof claims, given whom to trust, and returns the header of the
    /// block after which it is so.
    ///
    /// # Errors
    /// What is not so: see [`VerifyError`].
    pub fn verify(&self, chain: Digest, validators: &ValidatorSet) -> Result<&Header, VerifyError> {
        self.verify_inclusion()?;
        self.finality.verify(chain, validators)?;
        Ok(&self.finality.header)
    }

    /// Checks that the state of the header that is returned holds the value under the key, or holds
    /// nothing there; whether that header is final is not looked at.
    ///
    /// # Errors
    /// [`VerifyError::Inclusion`] if it is not so.
    pub fn verify_inclusion(&self) -> Result<&Header, VerifyError> {
        if self.found.root() == Some(self.finality.header.state_root) {
            Ok(&self.finality.header)
        } else {
            Err(VerifyError::Inclusion { what: "the state's key" })
        }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.found.key
    }

    /// The value under the key, or `None` if the state holds none.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        self.found.value.as_deref()
    }

    /// What the proof says of an original: the record that has or had it, or `None` if no block up
    /// to the header's holds it.
    ///
    /// # Errors
    /// [`VerifyError::OtherKey`], or [`VerifyError::Value`] if the value is no index.
    pub fn original(&self, original: Digest) -> Result<Option<RecordIndex>, VerifyError> {
        let index = |bytes: &[u8]| {
            RecordIndex::from_key(bytes).map_err(|_| VerifyError::Value { what: "an index" })
        };
        self.of_key(&key::original(original))?.map(index).transpose()
    }

    /// What the proof says of a record: where it stands, or `None` if there is none.
    ///
    /// # Errors
    /// [`VerifyError::OtherKey`], or [`VerifyError::Value`] if the value is no record's.
    pub fn record(&self, index: RecordIndex) -> Result<Option<RecordState>, VerifyError> {
        let state = |bytes: &[u8]| {
            let what = "where a record stands";
            RecordState::from_bytes(bytes).map_err(|_| VerifyError::Value { what })
        };
        self.of_key(&key::record(index))?.map(state).transpose()
    }

    /// What makes the header final.
    #[must_use]
    pub const fn finality(&self) -> &FinalHeader {
        &self.finality
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![Self::VERSION];
        let StatePath { key, value, path } = &self.found;
        put_prefixed(&mut bytes, key);
        bytes.push(u8::from(value.is_some()));
        value.iter().for_each(|value| put_prefixed(&mut bytes, value));
        let other = self.found.other();
        bytes.push(u8::from(other.is_some()));
        if let Some(leaf) = other {
            bytes.extend_from_slice(&leaf.key.0);
            bytes.extend_from_slice(&leaf.value.0);
        }
        // A path has at most 256 levels.
        bytes.extend_from_slice(&(path.siblings.len() as u32).to_be_bytes());
        path.siblings.iter().for_each(|sibling| bytes.extend_from_slice(&sibling.0));
        bytes.extend_from_slice(&self.finality.to_bytes());
        bytes
    }

    /// Reads a proof.
    ///
    /// # Errors
    /// What is wrong with the bytes: see [`DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let found = reader.u8("state proof version")?;
        if found != Self::VERSION {
            return Err(DecodeError::Version { found, known: Self::VERSION });
        }
        let key = reader.prefixed("state key", Self::KEY_LEN_MAX)?.to_vec();
        let value = match read_flag(&mut reader, "value flag")? {
            true => Some(reader.prefixed("state value", Self::VALUE_LEN_MAX)?.to_vec()),
            false => None,
        };
        let other = match read_flag(&mut reader, "leaf flag")? {
            true => {
                Some(Leaf { key: reader.digest("leaf key")?, value: reader.digest("leaf value")? })
            }
            false => None,
        };
        // A value's own leaf follows from key and value.
        let leaf = match (&value, other) {
            (Some(_), Some(_)) => Err(DecodeError::Value { what: "leaf flag", found: 1 })?,
            (Some(value), None) => Some(Leaf::new(&key, value)),
            (None, other) => other,
        };
        let siblings = (0..reader.count("siblings", Self::DEPTH_MAX)?)
            .map(|_| reader.digest("sibling"))
            .collect::<Result<_, _>>()?;
        let finality = FinalHeader::read(&mut reader)?;
        reader.end()?;
        Ok(StatePath { key, value, path: Path { leaf, siblings } }.proven_by(finality))
    }

    /// The value, if the proof is of this key.
    fn of_key(&self, key: &[u8]) -> Result<Option<&[u8]>, VerifyError> {
        if self.found.key == key { Ok(self.value()) } else { Err(VerifyError::OtherKey) }
    }
}

fn read_flag(reader: &mut Reader<'_>, what: &'static str) -> Result<bool, DecodeError> {
    match reader.u8(what)? {
        0 => Ok(false),
        1 => Ok(true),
        found => Err(DecodeError::Value { what, found: found.into() }),
    }
}

/// The bit of a key's hash that leads down from `level`.
fn bit(key: Digest, level: usize) -> bool {
    key.0[level / 8] >> (7 - level % 8) & 1 == 1
}

/// Whether two hashes lead the same way down to `depth`, at most 256.
fn share_bits(a: Digest, b: Digest, depth: usize) -> bool {
    (0..depth).all(|level| bit(a, level) == bit(b, level))
}
