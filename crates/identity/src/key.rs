//! Ed25519 keys and signatures with domain separation.

use std::{fmt, str::FromStr};

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

/// What a signature is for: a constant tag, so that one made for one use is worthless for another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Domain(&'static [u8]);

impl Domain {
    /// A domain with a tag of at most 255 bytes, unique in the project.
    ///
    /// # Panics
    /// If the tag is longer; in a constant that is a compile-time error.
    #[must_use]
    pub const fn new(tag: &'static [u8]) -> Self {
        assert!(tag.len() <= 255, "a domain tag has at most 255 bytes");
        Self(tag)
    }

    /// The bytes that are signed: length of the tag in one byte, the tag, the message.
    #[must_use]
    pub fn frame(self, message: &[u8]) -> Vec<u8> {
        // `new` bounds the tag by 255 bytes.
        [&[self.0.len() as u8], self.0, message].concat()
    }
}

/// A signature does not verify.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the signature does not verify under the key")]
pub struct SignatureError;

/// Text is not a key or signature in hexadecimal.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected {expected_bytes} bytes as hexadecimal text")]
pub struct KeyTextError {
    /// Length of what was expected.
    pub expected_bytes: usize,
}

/// An Ed25519 public key.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Checks a signature over `message` in `domain`.
    ///
    /// # Errors
    /// [`SignatureError`] if it was not made by this key for this domain and message.
    pub fn verify(
        &self,
        domain: Domain,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), SignatureError> {
        self.verify_framed(&domain.frame(message), signature)
    }

    /// Checks a signature over bytes that are framed already.
    ///
    /// # Errors
    /// [`SignatureError`] if it was not made by this key over these bytes.
    pub fn verify_framed(
        &self,
        framed: &[u8],
        signature: &Signature,
    ) -> Result<(), SignatureError> {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(framed, &signature.0)
            .map_err(|_| SignatureError)
    }
}

/// An Ed25519 signature.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Signature(pub [u8; 64]);

/// An Ed25519 private key, from a 32-byte seed.
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// The key of a seed, which must come from a good random source.
    ///
    /// # Panics
    /// Never: every 32 bytes are a seed.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let pair =
            Ed25519KeyPair::from_seed_unchecked(&seed).expect("every 32 bytes are an Ed25519 seed");
        Self { seed: Zeroizing::new(seed), pair }
    }

    /// The seed, to be stored where only the owner can read it.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The public half.
    ///
    /// # Panics
    /// Never: an Ed25519 public key has 32 bytes.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let bytes = self.pair.public_key().as_ref().try_into();
        PublicKey(bytes.expect("an Ed25519 public key has 32 bytes"))
    }

    /// Signs `message` for `domain`.
    ///
    /// # Panics
    /// Never: an Ed25519 signature has 64 bytes.
    #[must_use]
    pub fn sign(&self, domain: Domain, message: &[u8]) -> Signature {
        let signature = self.pair.sign(&domain.frame(message));
        Signature(signature.as_ref().try_into().expect("an Ed25519 signature has 64 bytes"))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public_key())
    }
}

impl FromStr for SigningKey {
    type Err = KeyTextError;

    /// Reads the seed as 64 hexadecimal characters.
    fn from_str(text: &str) -> Result<Self, KeyTextError> {
        parse_hex(text).map(Self::from_seed)
    }
}

macro_rules! hex_text {
    ($name:ident, $length:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = KeyTextError;

            fn from_str(text: &str) -> Result<Self, KeyTextError> {
                parse_hex::<$length>(text).map(Self)
            }
        }
    };
}

hex_text!(PublicKey, 32);
hex_text!(Signature, 64);

pub(crate) fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], KeyTextError> {
    let mut bytes = [0; N];
    match hex::decode_to_slice(text.trim(), &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(KeyTextError { expected_bytes: N }),
    }
}
