//! What proves offline that an entry is on the ledger.

use emrshare_codec::{Digest, Entry};
use emrshare_identity::Signature;

use crate::{
    Block, Certificate, CertifiedHeader, DecodeError, FinalHeader, Header, Item, ValidatorSet,
    VerifyError, merkle, submission, wire::Reader,
};

/// An entry, its way up to a header, and the certificate that makes the header final.
///
/// ```text
/// entry ─entries path→ submission leaf ─items path→ header.body_root
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receipt {
    entry: Entry,
    position: u32,
    entries: u32,
    entries_path: Vec<Digest>,
    sequence: u64,
    signature: Signature,
    item: u32,
    items_path: Vec<Digest>,
    finality: FinalHeader,
}

/// What a receipt proved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Proven {
    /// The entry that is on the ledger.
    pub entry: Entry,
    /// Its block's header.
    pub header: Header,
    /// Hash of that header.
    pub block: Digest,
    /// How many validators signed.
    pub votes: usize,
}

impl Receipt {
    const VERSION: u8 = 1;
    const PATH_MAX: usize = 32;

    /// Makes the receipt of the entry that `wanted` accepts, if the block holds one.
    ///
    /// `descendants` lead from the block's child to the certified header, or are empty if the
    /// block itself is certified.
    #[must_use]
    pub fn make(
        block: &Block,
        wanted: impl Fn(&Entry) -> bool,
        descendants: Vec<Header>,
        certificate: Certificate,
    ) -> Option<Self> {
        let (item, submission, position, entry) =
            block.items().enumerate().find_map(|(item, candidate)| {
                let Item::Submission(submission) = candidate else { return None };
                let entries = submission.entries().iter();
                let (position, entry) = entries.enumerate().find(|(_, entry)| wanted(entry))?;
                Some((item, submission, position, entry))
            })?;
        let leaves: Vec<_> = block.items().map(|item| item.leaf()).collect();
        // Blocks bound the number of items and of entries far below 2^32.
        Some(Self {
            entry,
            position: position as u32,
            entries: submission.entries().len() as u32,
            entries_path: merkle::prove(&submission.leaves(), position)?,
            sequence: submission.sequence(),
            signature: submission.signature(),
            item: item as u32,
            items_path: merkle::prove(&leaves, item)?,
            finality: FinalHeader { header: *block.header(), descendants, certificate },
        })
    }

    /// Checks everything that the receipt claims, given whom to trust.
    ///
    /// # Errors
    /// What is not so: see [`VerifyError`].
    pub fn verify(&self, chain: Digest, validators: &ValidatorSet) -> Result<Proven, VerifyError> {
        let (entry, header) = (self.entry, *self.verify_inclusion()?);
        let block = self.finality.verify(chain, validators)?;
        Ok(Proven { entry, header, block, votes: self.finality.certificate.votes.len() })
    }

    /// Checks that the entry is in the block of the header that is returned; whether that block is
    /// final is not looked at.
    ///
    /// # Errors
    /// [`VerifyError::Inclusion`] if it is not.
    pub fn verify_inclusion(&self) -> Result<&Header, VerifyError> {
        let count = self.entries as usize;
        let leaf = merkle::leaf_hash(&self.entry.to_bytes());
        let root = merkle::climb(leaf, self.position as usize, count, &self.entries_path);
        let root = root.ok_or(VerifyError::Inclusion { what: "the entry" })?;
        let item = submission::leaf_data(self.sequence, &self.signature, count, root);
        let included = merkle::verify(
            self.finality.header.body_root,
            merkle::leaf_hash(&item),
            self.item as usize,
            self.finality.header.items as usize,
            &self.items_path,
        );
        if included {
            Ok(&self.finality.header)
        } else {
            Err(VerifyError::Inclusion { what: "the submission" })
        }
    }

    /// The header that the receipt's votes make final.
    #[must_use]
    pub fn certified(&self) -> CertifiedHeader {
        self.finality.certified()
    }

    /// The entry that the receipt is for.
    #[must_use]
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![Self::VERSION];
        bytes.extend_from_slice(&self.entry.to_bytes());
        bytes.extend_from_slice(&self.position.to_be_bytes());
        bytes.extend_from_slice(&self.entries.to_be_bytes());
        put_path(&mut bytes, &self.entries_path);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.signature.0);
        bytes.extend_from_slice(&self.item.to_be_bytes());
        put_path(&mut bytes, &self.items_path);
        bytes.extend_from_slice(&self.finality.to_bytes());
        bytes
    }

    /// Reads a receipt.
    ///
    /// # Errors
    /// What is wrong with the bytes: see [`DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let found = reader.u8("receipt version")?;
        if found != Self::VERSION {
            return Err(DecodeError::Version { found, known: Self::VERSION });
        }
        let receipt = Self {
            entry: Entry::from_bytes(&reader.array("entry")?)?,
            position: reader.u32("position")?,
            entries: reader.u32("entries")?,
            entries_path: read_path(&mut reader)?,
            sequence: reader.u64("sequence")?,
            signature: reader.signature("signature")?,
            item: reader.u32("item")?,
            items_path: read_path(&mut reader)?,
            finality: FinalHeader::read(&mut reader)?,
        };
        reader.end()?;
        Ok(receipt)
    }
}

fn put_path(target: &mut Vec<u8>, path: &[Digest]) {
    // A tree of fewer than 2^32 leaves has paths of at most 32 hashes.
    target.push(path.len() as u8);
    path.iter().for_each(|digest| target.extend_from_slice(&digest.0));
}

fn read_path(reader: &mut Reader<'_>) -> Result<Vec<Digest>, DecodeError> {
    let (found, limit) = (usize::from(reader.u8("path length")?), Receipt::PATH_MAX);
    if found > limit {
        return Err(DecodeError::Limit { what: "path", found, limit });
    }
    (0..found).map(|_| reader.digest("path")).collect()
}
