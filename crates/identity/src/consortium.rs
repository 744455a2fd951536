//! The key that all nodes of a consortium share.

use std::{fmt, str::FromStr};

use emrshare_codec::Digest;
use ring::hmac;
use zeroize::Zeroizing;

use crate::{
    KeyTextError,
    key::{Domain, parse_hex},
};

const COMMITMENT: Domain = Domain::new(b"_EMRSHARE_IDENTITY_COMMITMENT");
const BINDER: Domain = Domain::new(b"_EMRSHARE_IDENTITY_BINDER");
const PERSON: Domain = Domain::new(b"_EMRSHARE_IDENTITY_PERSON");
const SURROGATE: Domain = Domain::new(b"_EMRSHARE_IDENTITY_SURROGATE");

/// A secret of the consortium's nodes: what it marks cannot be guessed by outsiders.
///
/// A short record could be guessed and hashed; with a binder in the original, only nodes can test
/// a guess, while the same record still gives the same digest at every node.
pub struct ConsortiumKey(Zeroizing<[u8; 32]>);

impl ConsortiumKey {
    /// The key with these bytes, which must come from a good random source.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for another holder within the node.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        *self.0
    }

    /// The key as 64 hexadecimal characters, for a file that only the node can read.
    #[must_use]
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(*self.0))
    }

    /// What tells this key from others, and nothing of it: stands in the genesis, so that each node knows
    /// whether it has the consortium's key.
    ///
    /// ```
    /// use emrshare_identity::ConsortiumKey;
    ///
    /// let [key, other] = [[1; 32], [2; 32]].map(ConsortiumKey::from_bytes);
    /// assert_eq!(key.commitment(), ConsortiumKey::from_bytes([1; 32]).commitment());
    /// assert_ne!(key.commitment(), other.commitment());
    /// ```
    #[must_use]
    pub fn commitment(&self) -> Digest {
        self.mark(COMMITMENT, b"")
    }

    /// The binder of an original: HMAC-SHA-256 of its content.
    #[must_use]
    pub fn binder(&self, content: &[u8]) -> Digest {
        self.mark(BINDER, content)
    }

    /// What stands on the ledger for an identity string such as an ID number.
    #[must_use]
    pub fn person(&self, identity: &str) -> Digest {
        self.mark(PERSON, identity.as_bytes())
    }

    /// A stable pseudonym of a value: the same at every node, not to be reversed outside.
    #[must_use]
    pub fn surrogate(&self, value: &str) -> Digest {
        self.mark(SURROGATE, value.as_bytes())
    }

    fn mark(&self, domain: Domain, message: &[u8]) -> Digest {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*self.0);
        let tag = hmac::sign(&key, &domain.frame(message));
        Digest(tag.as_ref().try_into().expect("an HMAC-SHA-256 tag has 32 bytes"))
    }
}

impl fmt::Debug for ConsortiumKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsortiumKey([REDACTED])")
    }
}

impl FromStr for ConsortiumKey {
    type Err = KeyTextError;

    fn from_str(text: &str) -> Result<Self, KeyTextError> {
        parse_hex(text).map(Self::from_bytes)
    }
}
