//! A header and what makes it final, also if its block has no certificate of its own.

use emrshare_codec::Digest;

use crate::{
    Certificate, CertifiedHeader, DecodeError, Header, ValidatorSet, VerifyError, wire::Reader,
};

/// A header, the headers behind it up to a certified one, and that one's certificate.
///
/// `descendants` is empty when the block has a certificate of its own; a block without one is
/// final through the next certified block that descends from it.
///
/// ```text
/// header ─previous→ descendant … descendant  ←votes─ certificate
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FinalHeader {
    /// The header.
    pub header: Header,
    /// From its block's child to the certified header.
    pub descendants: Vec<Header>,
    /// The votes for the last of these headers.
    pub certificate: Certificate,
}

impl FinalHeader {
    const DESCENDANTS_MAX: usize = 1024;

    /// Checks that the header is a final one of `chain`, and returns its hash.
    ///
    /// # Errors
    /// [`VerifyError::Ancestry`] if a header does not follow the one before it; see
    /// [`CertifiedHeader::verify`].
    pub fn verify(&self, chain: Digest, validators: &ValidatorSet) -> Result<Digest, VerifyError> {
        let block = self.header.hash();
        let mut last = (block, self.header.height);
        for descendant in &self.descendants {
            let follows = last.1.checked_add(1) == Some(descendant.height);
            if descendant.previous != last.0 || !follows {
                return Err(VerifyError::Ancestry { height: descendant.height });
            }
            last = (descendant.hash(), descendant.height);
        }
        if self.header.chain != chain {
            return Err(VerifyError::Foreign { what: "chain" });
        }
        self.certified().verify(chain, validators)?;
        Ok(block)
    }

    /// The header that the votes are for.
    #[must_use]
    pub fn certified(&self) -> CertifiedHeader {
        let header = *self.descendants.last().unwrap_or(&self.header);
        CertifiedHeader { header, certificate: self.certificate.clone() }
    }

    /// The bytes: header, count of descendants in four bytes, descendants, certificate.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.header.to_bytes().to_vec();
        // As many as lie between two certificates; reading bounds them.
        bytes.extend_from_slice(&(self.descendants.len() as u32).to_be_bytes());
        self.descendants.iter().for_each(|header| bytes.extend_from_slice(&header.to_bytes()));
        bytes.extend_from_slice(&self.certificate.to_bytes());
        bytes
    }

    /// Reads one from the front of `reader`.
    ///
    /// # Errors
    /// What is wrong with the bytes: see [`DecodeError`].
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            header: Header::read(reader)?,
            descendants: (0..reader.count("descendants", Self::DESCENDANTS_MAX)?)
                .map(|_| Header::read(reader))
                .collect::<Result<_, _>>()?,
            certificate: Certificate::read(reader)?,
        })
    }
}
