//! A node's signed batch of entries.

use emrshare_codec::{Digest, Entry, EntryView, NodeId};
use emrshare_identity::{Domain, PublicKey, Signature, SigningKey};

use crate::{DecodeError, VerifyError, merkle, wire::Reader};

const DOMAIN: Domain = Domain::new(b"_EMRSHARE_LEDGER_SUBMISSION");
const TRAILER_LEN: usize = 8 + 64;

/// A submission whose bytes are well formed.
///
/// ```text
/// entry 96 | entry 96 | … | sequence 8 | signature 64
/// ```
///
/// All entries name the same acting node, which signs chain, node, sequence, count and the Merkle
/// root of the entries. A node's sequences ascend, so an old submission cannot come again.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    bytes: &'a [u8],
    node: NodeId,
    entries: EntryView<'a>,
    sequence: u64,
    signature: Signature,
}

impl<'a> Submission<'a> {
    /// Most entries that a submission holds.
    pub const ENTRIES_MAX: usize = 4096;
    /// Most bytes that a submission has.
    pub const LEN_MAX: usize = Self::ENTRIES_MAX * Entry::LEN + TRAILER_LEN;

    /// Reads a submission.
    ///
    /// # Errors
    /// What is wrong with the bytes: see [`DecodeError`].
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let limit = Self::LEN_MAX;
        if bytes.len() > limit {
            return Err(DecodeError::Limit { what: "submission", found: bytes.len(), limit });
        }
        let mut reader = Reader::new(bytes);
        let entries = bytes.len().saturating_sub(TRAILER_LEN);
        let entries = EntryView::new(reader.bytes("entries", entries)?)?;
        let sequence = reader.u64("sequence")?;
        let signature = reader.signature("signature")?;
        let mut nodes = entries.iter().map(|entry| entry.operation().acting());
        let node = nodes.next().ok_or(DecodeError::Empty)?;
        match nodes.find(|other| *other != node) {
            Some(other) => Err(DecodeError::MixedNodes { first: node, other }),
            None => Ok(Self { bytes, node, entries, sequence, signature }),
        }
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The acting node.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// The entries.
    #[must_use]
    pub const fn entries(&self) -> EntryView<'a> {
        self.entries
    }

    /// The node's count of submissions.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Checks the node's signature.
    ///
    /// # Errors
    /// [`VerifyError::Signature`] if it is not by `key` for this chain.
    pub fn verify(&self, chain: Digest, key: &PublicKey) -> Result<(), VerifyError> {
        let root = merkle::root(&self.leaves());
        let message = message(chain, self.node, self.sequence, self.entries.len(), root);
        key.verify(DOMAIN, &message, &self.signature)
            .map_err(|_| VerifyError::Signature { what: "the submission" })
    }

    /// The leaf hashes of the entries.
    #[must_use]
    pub fn leaves(&self) -> Vec<Digest> {
        self.entries.as_raw().iter().map(|entry| merkle::leaf_hash(entry)).collect()
    }

    /// What stands for this submission in the body's tree.
    #[must_use]
    pub(crate) fn leaf_data(&self) -> Vec<u8> {
        leaf_data(self.sequence, &self.signature, self.entries.len(), merkle::root(&self.leaves()))
    }

    pub(crate) const fn signature(&self) -> Signature {
        self.signature
    }
}

/// Entries that are to be signed.
///
/// ```
/// use emrshare_codec::{Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex, Serial};
/// use emrshare_identity::SigningKey;
/// use emrshare_ledger::{Submission, SubmissionDraft};
///
/// let (chain, key, node) = (Digest([9; 32]), SigningKey::from_seed([1; 32]), NodeId::new(7)?);
/// let operation = Operation::new(Marker::RECORD, Kind::Add, node);
/// let index = RecordIndex::new(node, Serial::ZERO);
/// let entries = vec![Entry::new(operation, index, Digest([1; 32]), Digest([2; 32]))];
/// let bytes = SubmissionDraft { entries, sequence: 1 }.sign(chain, &key)?;
/// let read = Submission::from_bytes(&bytes)?;
/// read.verify(chain, &key.public_key())?;
/// assert_eq!((read.node(), read.entries().len()), (node, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SubmissionDraft {
    /// The entries, all by the node that signs.
    pub entries: Vec<Entry>,
    /// Higher than that of any submission of this node before.
    pub sequence: u64,
}

impl SubmissionDraft {
    /// Signs the batch and returns its bytes.
    ///
    /// # Errors
    /// [`DecodeError::Empty`], [`DecodeError::Limit`] or [`DecodeError::MixedNodes`] if the
    /// entries are not one node's batch.
    pub fn sign(&self, chain: Digest, key: &SigningKey) -> Result<Vec<u8>, DecodeError> {
        let mut bytes = Vec::with_capacity(self.entries.len() * Entry::LEN + TRAILER_LEN);
        self.entries.iter().for_each(|entry| bytes.extend_from_slice(&entry.to_bytes()));
        let leaves: Vec<_> = bytes.chunks_exact(Entry::LEN).map(merkle::leaf_hash).collect();
        let node = self.entries.first().ok_or(DecodeError::Empty)?.operation().acting();
        let root = merkle::root(&leaves);
        let message = message(chain, node, self.sequence, self.entries.len(), root);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&key.sign(DOMAIN, &message).0);
        Submission::from_bytes(&bytes)?;
        Ok(bytes)
    }
}

pub(crate) fn leaf_data(
    sequence: u64,
    signature: &Signature,
    count: usize,
    root: Digest,
) -> Vec<u8> {
    // A submission holds at most `ENTRIES_MAX` entries.
    let count = (count as u32).to_be_bytes();
    [&[1], sequence.to_be_bytes().as_slice(), &signature.0, &count, &root.0].concat()
}

fn message(chain: Digest, node: NodeId, sequence: u64, count: usize, root: Digest) -> Vec<u8> {
    let (node, sequence) = (node.get().to_be_bytes(), sequence.to_be_bytes());
    [&chain.0, node.as_slice(), &sequence, &(count as u32).to_be_bytes(), &root.0].concat()
}
