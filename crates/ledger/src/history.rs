//! The tree over all blocks: what makes a later header prove every earlier one.
//!
//! Block n commits to the Merkle root (RFC 9162) over the hashes of blocks 0 to n − 1. So a path of
//! a few hashes shows that a block precedes a certified header, and that the chain at one height
//! is the beginning of the chain at another: nothing was taken away or put in.

use emrshare_codec::Digest;

use crate::{
    DecodeError, Header, Overlay, StateError, StateRead, VerifyError, key, merkle, wire::Reader,
};

/// The roots of the complete subtrees, largest first: all that is needed to append.
///
/// ```
/// use emrshare_ledger::{History, merkle};
/// use emrshare_codec::Digest;
///
/// let mut history = History::default();
/// let blocks = [Digest([1; 32]), Digest([2; 32]), Digest([3; 32])];
/// blocks.iter().for_each(|block| history.append(*block));
/// let leaves = blocks.map(|block| merkle::leaf_hash(&block.0));
/// assert_eq!(history.root(), merkle::root(&leaves));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct History {
    blocks: u64,
    peaks: Vec<Digest>,
}

impl History {
    /// How many blocks there are.
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Adds the hash of the next block.
    pub fn append(&mut self, block: Digest) {
        let mut node = merkle::leaf_hash(&block.0);
        let mut merges = self.blocks;
        while merges & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            node = merkle::node_hash(&left, &node);
            merges >>= 1;
        }
        self.peaks.push(node);
        self.blocks += 1;
    }

    /// The root over all blocks.
    #[must_use]
    pub fn root(&self) -> Digest {
        let joined = self.peaks.iter().rev().copied();
        joined.reduce(|right, left| merkle::node_hash(&left, &right)).unwrap_or(merkle::root(&[]))
    }

    /// The bytes: number of blocks 8, then the peaks, largest first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let peaks = self.peaks.iter().flat_map(|peak| peak.0);
        self.blocks.to_be_bytes().into_iter().chain(peaks).collect()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] or [`DecodeError::Trailing`] if it did not.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let blocks = reader.u64("blocks")?;
        let peaks =
            (0..blocks.count_ones()).map(|_| reader.digest("peak")).collect::<Result<_, _>>()?;
        reader.end()?;
        Ok(Self { blocks, peaks })
    }
}

/// Adds `parent` to the history in the state and returns the root that its child must name.
///
/// # Errors
/// [`StateError`] if the state cannot be read or holds another number of blocks than come before
/// `parent`.
pub fn advance<S: StateRead + ?Sized>(
    state: &mut Overlay<'_, S>,
    parent: &Header,
) -> Result<Digest, StateError> {
    let key = key::history();
    let mut history = match state.get(&key)? {
        Some(bytes) => History::from_bytes(&bytes)?,
        None => History::default(),
    };
    if history.blocks() != parent.height {
        let reason = format!("{} blocks lie before height {}", history.blocks(), parent.height);
        return Err(StateError { reason });
    }
    history.append(parent.hash());
    state.put(key, history.to_bytes());
    Ok(history.root())
}

/// Checks that `block` stands at `height` in the chain that ends with `later`.
///
/// `path` is what [`merkle::prove`] gives for the leaf hashes of all blocks before `later`.
///
/// # Errors
/// [`VerifyError::Inclusion`] if the path does not lead to the later header.
pub fn verify_ancestor(
    block: Digest,
    height: u64,
    later: &Header,
    path: &[Digest],
) -> Result<(), VerifyError> {
    let (leaf, root) = (merkle::leaf_hash(&block.0), later.history_root);
    let included = match (usize::try_from(height), usize::try_from(later.height)) {
        (Ok(position), Ok(count)) => merkle::verify(root, leaf, position, count, path),
        _ => false,
    };
    if included { Ok(()) } else { Err(VerifyError::Inclusion { what: "the block" }) }
}

/// Checks that the chain before `earlier` is the beginning of the chain before `later`.
///
/// `path` is what [`merkle::prove_consistency`] gives for the leaf hashes of all blocks before
/// `later`.
///
/// # Errors
/// [`VerifyError::Inclusion`] if it is not.
pub fn verify_consistency(
    earlier: &Header,
    later: &Header,
    path: &[Digest],
) -> Result<(), VerifyError> {
    let counts = (usize::try_from(earlier.height), usize::try_from(later.height));
    let (Ok(first), Ok(second)) = counts else {
        return Err(VerifyError::Inclusion { what: "the earlier chain" });
    };
    let roots = (earlier.history_root, later.history_root);
    if merkle::verify_consistency((first, roots.0), (second, roots.1), path) {
        Ok(())
    } else {
        Err(VerifyError::Inclusion { what: "the earlier chain" })
    }
}
