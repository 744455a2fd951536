//! Following a chain by headers and certificates only.

use emrshare_codec::Digest;

use crate::{
    CertifiedHeader, Header, Receipt, SplitView, StateProof, ValidatorSet, VerifyError, history,
};

/// What a new header meant to a light client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// It is later than all before and is trusted now.
    Advanced,
    /// It is the last trusted header.
    Known,
    /// It is final, and so is another header at its height.
    Split(Box<SplitView>),
}

/// Follows a chain from its founding document, without bodies and without state.
///
/// Each header names the validators that certify the next one, so a client that is given the
/// members of every new set (and any header of each set's time) needs to trust nobody but the
/// founders. Headers in between may be left out.
///
/// ```
/// use emrshare_codec::Digest;
/// use emrshare_ledger::{Block, Certificate, CertifiedHeader, LightClient, ValidatorSet, VerifyError};
///
/// let (chain, founders) = (Digest([9; 32]), ValidatorSet::new(Vec::new()));
/// let mut client = LightClient::new(chain, founders.clone());
/// // A header of another chain is refused, whoever signed it.
/// let header = *Block::genesis(Digest([8; 32]), Digest([0; 32]), founders.root()).header();
/// let certificate = Certificate { epoch: 0, view: 1, parent_view: 0, votes: Vec::new() };
/// let found = client.advance(CertifiedHeader { header, certificate }, None);
/// assert_eq!(found, Err(VerifyError::Foreign { what: "chain" }));
/// assert_eq!(client.header(), None);
/// ```
#[derive(Clone, Debug)]
pub struct LightClient {
    chain: Digest,
    validators: ValidatorSet,
    last: Option<Trusted>,
}

/// A header that was checked, and the validators who certified it.
#[derive(Clone, Debug)]
struct Trusted {
    certified: CertifiedHeader,
    validators: ValidatorSet,
}

impl LightClient {
    /// A client that trusts a founding document: its digest and its validators.
    #[must_use]
    pub const fn new(chain: Digest, validators: ValidatorSet) -> Self {
        Self { chain, validators, last: None }
    }

    /// The last trusted header.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.last.as_ref().map(|last| &last.certified.header)
    }

    /// The validators that certify the blocks to come.
    #[must_use]
    pub const fn validators(&self) -> &ValidatorSet {
        &self.validators
    }

    /// Takes in a final header; `next` are the validators that it names for the blocks behind it,
    /// if these are others than its own.
    ///
    /// # Errors
    /// [`VerifyError::Ancestry`] for a header below the trusted one (use
    /// [`verify_ancestor`](Self::verify_ancestor)), [`VerifyError::Foreign`] if `next` is missing
    /// or not the set that the header names; see [`CertifiedHeader::verify`]. After an error the
    /// client stands where it stood.
    pub fn advance(
        &mut self,
        certified: CertifiedHeader,
        next: Option<ValidatorSet>,
    ) -> Result<Step, VerifyError> {
        let height = certified.header.height;
        if let Some(last) = &self.last {
            let trusted = last.certified.header.height;
            if height < trusted {
                return Err(VerifyError::Ancestry { height });
            }
            if height == trusted {
                return self.compare(last, certified);
            }
        }
        certified.verify(self.chain, &self.validators)?;
        let next = next.unwrap_or_else(|| self.validators.clone());
        if next.root() != certified.header.next_validators_root {
            return Err(VerifyError::Foreign { what: "next validator set" });
        }
        let validators = std::mem::replace(&mut self.validators, next);
        self.last = Some(Trusted { certified, validators });
        Ok(Step::Advanced)
    }

    /// Checks that a block stands at `height` in the trusted chain.
    ///
    /// # Errors
    /// [`VerifyError::Inclusion`] if `path` does not lead to the trusted header, or there is none.
    pub fn verify_ancestor(
        &self,
        block: Digest,
        height: u64,
        path: &[Digest],
    ) -> Result<(), VerifyError> {
        let later = self.header().ok_or(VerifyError::Inclusion { what: "the block" })?;
        history::verify_ancestor(block, height, later, path)
    }

    /// Checks a receipt whose block the trusted header proves: also one of validators that have
    /// long left.
    ///
    /// # Errors
    /// [`VerifyError::Inclusion`] if the entry is not in the block, or the block is not in the
    /// trusted chain.
    pub fn verify_receipt(&self, receipt: &Receipt, path: &[Digest]) -> Result<(), VerifyError> {
        self.verify_header(receipt.verify_inclusion()?, path)
    }

    /// Checks a proof of the state after a block that the trusted header proves; with the trusted
    /// header's own state, `path` is empty.
    ///
    /// # Errors
    /// [`VerifyError::Inclusion`] if the state is not what the proof says, or the block is not in the
    /// trusted chain.
    pub fn verify_state(&self, proof: &StateProof, path: &[Digest]) -> Result<(), VerifyError> {
        self.verify_header(proof.verify_inclusion()?, path)
    }

    /// A header is the trusted one or one before it.
    fn verify_header(&self, header: &Header, path: &[Digest]) -> Result<(), VerifyError> {
        match self.header() {
            Some(last) if last == header => Ok(()),
            _ => self.verify_ancestor(header.hash(), header.height, path),
        }
    }

    /// A header at the height of the trusted one is that one, a lie, or a split.
    fn compare(&self, last: &Trusted, certified: CertifiedHeader) -> Result<Step, VerifyError> {
        match SplitView::between(last.certified.clone(), certified) {
            None => Ok(Step::Known),
            Some(split) => {
                split.verify(self.chain, &last.validators)?;
                Ok(Step::Split(Box::new(split)))
            }
        }
    }
}
