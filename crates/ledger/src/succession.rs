//! How the validators of genesis became those of a later block.

use emrshare_codec::Digest;

use crate::{
    CertifiedHeader, DecodeError, LightClient, Step, ValidatorSet, VerifyError, wire::Reader,
};

/// A final header that names other validators than its own for the blocks behind it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Succession {
    /// The header, certified by those who go.
    pub last: CertifiedHeader,
    /// The validators that it names.
    pub next: ValidatorSet,
}

/// All changes of the validators since genesis, oldest first: what a reader who trusts the founders
/// needs to know whom to trust later. Kept beside receipts, it needs no network.
///
/// ```
/// use emrshare_codec::Digest;
/// use emrshare_ledger::{Successions, ValidatorSet};
///
/// let founders = ValidatorSet::new(Vec::new());
/// let none = Successions::default();
/// assert_eq!(Successions::from_bytes(&none.to_bytes())?, none);
/// // Nothing changed, so those of genesis certify every block.
/// assert_eq!(none.validators_at(7, Digest([9; 32]), founders.clone()), Ok(founders));
/// # Ok::<(), emrshare_ledger::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Successions(pub Vec<Succession>);

impl Successions {
    const VERSION: u8 = 1;
    const LEN_MAX: usize = 1 << 16;

    /// The validators that certify the block at `height`, of a chain with these founders.
    ///
    /// # Errors
    /// What does not hold of a header on the way: see [`LightClient::advance`];
    /// [`VerifyError::Ancestry`] if heights do not ascend.
    pub fn validators_at(
        &self,
        height: u64,
        chain: Digest,
        founders: ValidatorSet,
    ) -> Result<ValidatorSet, VerifyError> {
        let mut client = LightClient::new(chain, founders);
        self.lead(&mut client, height)?;
        Ok(client.validators().clone())
    }

    /// Leads a light client over all changes between its header and `height`, that one not included.
    ///
    /// # Errors
    /// See [`validators_at`](Self::validators_at); the client stands before the wrong one.
    pub fn lead(&self, client: &mut LightClient, height: u64) -> Result<(), VerifyError> {
        let known = |link: &&Succession| {
            client.header().is_some_and(|header| link.last.header.height <= header.height)
        };
        let first = self.0.iter().take_while(known).count();
        let before = |link: &&Succession| link.last.header.height < height;
        for Succession { last, next } in self.0[first..].iter().take_while(before) {
            if client.advance(last.clone(), Some(next.clone()))? != Step::Advanced {
                return Err(VerifyError::Ancestry { height: last.header.height });
            }
        }
        Ok(())
    }

    /// The validators that the block at `height` names, if these are others than its own.
    #[must_use]
    pub fn named_at(&self, height: u64) -> Option<&ValidatorSet> {
        let link = self.0.iter().find(|link| link.last.header.height == height);
        link.map(|link| &link.next)
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![Self::VERSION];
        // Each takes an epoch of blocks.
        bytes.extend_from_slice(&(self.0.len() as u32).to_be_bytes());
        for Succession { last, next } in &self.0 {
            bytes.extend_from_slice(&last.to_bytes());
            bytes.extend_from_slice(&next.to_bytes());
        }
        bytes
    }

    /// Reads them; what they claim is not checked.
    ///
    /// # Errors
    /// What is wrong with the bytes: see [`DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let found = reader.u8("successions version")?;
        if found != Self::VERSION {
            return Err(DecodeError::Version { found, known: Self::VERSION });
        }
        let count = reader.count("successions", Self::LEN_MAX)?;
        let read = |reader: &mut Reader<'_>| {
            let last = CertifiedHeader::read(reader)?;
            Ok(Succession { last, next: ValidatorSet::read(reader)? })
        };
        let successions = (0..count).map(|_| read(&mut reader)).collect::<Result<_, DecodeError>>();
        let successions = Self(successions?);
        reader.end()?;
        Ok(successions)
    }
}
