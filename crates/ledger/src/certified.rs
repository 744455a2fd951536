//! A header with its certificate: what a light client follows, and what a split view is made of.

use emrshare_codec::{Digest, NodeId};

use crate::{Certificate, DecodeError, Header, ValidatorSet, VerifyError, wire::Reader};

/// A header and the votes that make it final.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertifiedHeader {
    /// The header.
    pub header: Header,
    /// The votes.
    pub certificate: Certificate,
}

impl CertifiedHeader {
    /// Checks that this is a final header of `chain`, certified by `validators`.
    ///
    /// # Errors
    /// [`VerifyError::Foreign`], [`VerifyError::Signers`], [`VerifyError::Quorum`] or
    /// [`VerifyError::Signature`].
    pub fn verify(&self, chain: Digest, validators: &ValidatorSet) -> Result<(), VerifyError> {
        if self.header.chain != chain {
            return Err(VerifyError::Foreign { what: "chain" });
        }
        if self.header.validators_root != validators.root() {
            return Err(VerifyError::Foreign { what: "validator set" });
        }
        self.certificate.verify(chain, self.header.hash(), validators)
    }

    /// The bytes: header, certificate.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.header.to_bytes(), self.certificate.to_bytes()].concat()
    }

    /// Reads one from the front of `reader`.
    ///
    /// # Errors
    /// What is wrong with the bytes: see [`DecodeError`].
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { header: Header::read(reader)?, certificate: Certificate::read(reader)? })
    }
}

/// Two different final headers at one height: proof that more than a third of the validators broke
/// the protocol.
///
/// Anybody who has the founding document can check it. Who broke it is proven only for validators
/// that voted twice in one view; after votes in two views an honest one may stand under both.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SplitView {
    first: CertifiedHeader,
    second: CertifiedHeader,
}

/// What a split view proved.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Misbehaviour {
    /// The height at which there are two final headers.
    pub height: u64,
    /// Hashes of the two headers, in ascending order.
    pub blocks: [Digest; 2],
    /// Validators that are proven to have voted twice in one view; none if the views differ.
    pub voted_twice: Vec<NodeId>,
}

impl SplitView {
    const VERSION: u8 = 1;

    /// The split between two headers, if they are different and at one height.
    #[must_use]
    pub fn between(a: CertifiedHeader, b: CertifiedHeader) -> Option<Self> {
        let (hash_a, hash_b) = (a.header.hash(), b.header.hash());
        let split = a.header.height == b.header.height && hash_a != hash_b;
        let (first, second) = if hash_a < hash_b { (a, b) } else { (b, a) };
        split.then_some(Self { first, second })
    }

    /// The first of the two headers: its height and its validators are those of both.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.first.header
    }

    /// Checks both headers against the validators of their height.
    ///
    /// # Errors
    /// What does not hold: see [`CertifiedHeader::verify`]; [`VerifyError::NoSplit`] if the headers
    /// are one, at two heights, or out of order.
    pub fn verify(
        &self,
        chain: Digest,
        validators: &ValidatorSet,
    ) -> Result<Misbehaviour, VerifyError> {
        let Self { first, second } = self;
        let blocks = [first.header.hash(), second.header.hash()];
        let height = first.header.height;
        if blocks[0] >= blocks[1] || height != second.header.height {
            return Err(VerifyError::NoSplit);
        }
        first.verify(chain, validators)?;
        second.verify(chain, validators)?;
        let (a, b) = (&first.certificate, &second.certificate);
        let one_view = (a.epoch, a.view) == (b.epoch, b.view);
        let twice = a.votes.iter().filter(|vote| {
            one_view && b.votes.iter().any(|other| other.validator == vote.validator)
        });
        let node = |position: u16| validators.members().get(usize::from(position));
        let voted_twice = twice.filter_map(|vote| Some(node(vote.validator)?.node)).collect();
        Ok(Misbehaviour { height, blocks, voted_twice })
    }

    /// The bytes: version 1, both headers with their certificates, ordered by hash.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&[Self::VERSION], self.first.to_bytes().as_slice(), &self.second.to_bytes()].concat()
    }

    /// Reads a split view.
    ///
    /// # Errors
    /// What is wrong with the bytes: see [`DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let found = reader.u8("split view version")?;
        if found != Self::VERSION {
            return Err(DecodeError::Version { found, known: Self::VERSION });
        }
        let first = CertifiedHeader::read(&mut reader)?;
        let second = CertifiedHeader::read(&mut reader)?;
        reader.end()?;
        Ok(Self { first, second })
    }
}
