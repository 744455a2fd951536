//! Encryption of originals at rest: AES-256-GCM, a key a record.
//!
//! Every chunk of a record is sealed under the record's own key, with its part and number as
//! nonce; the record's key is wrapped under the node's master key. Deleting the wrapped key makes
//! the record unreadable wherever its chunks were copied to.

use std::{fmt, str::FromStr};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::{KeyTextError, key::parse_hex};

const TAG_LEN: usize = 16;

/// Sealed bytes do not open: another key, another place, or damage.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("sealed bytes do not open: wrong key or damaged data")]
pub struct SealError;

/// A record's key, wrapped under a master key: nonce, ciphertext and tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WrappedKey(pub [u8; Self::LEN]);

impl WrappedKey {
    /// Length in bytes.
    pub const LEN: usize = NONCE_LEN + 32 + TAG_LEN;
}

/// The key that wraps all record keys of a node.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// The key with these bytes, which must come from a good random source.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Wraps a record's key. `nonce` must never be used twice: take it at random.
    ///
    /// # Panics
    /// Never: the lengths are fixed.
    #[must_use]
    pub fn wrap(&self, key: &RecordKey, nonce: [u8; 12]) -> WrappedKey {
        let mut sealed = key.0.to_vec();
        seal(&self.0, nonce, &mut sealed);
        let wrapped = [nonce.as_slice(), &sealed].concat();
        WrappedKey(wrapped.try_into().expect("nonce, key and tag have fixed lengths"))
    }

    /// Unwraps a record's key.
    ///
    /// # Errors
    /// [`SealError`] if it was wrapped by another master key or is damaged.
    pub fn unwrap(&self, wrapped: &WrappedKey) -> Result<RecordKey, SealError> {
        let (nonce, sealed) = wrapped.0.split_first_chunk().ok_or(SealError)?;
        let key = Zeroizing::new(open(&self.0, *nonce, sealed.to_vec())?);
        Ok(RecordKey::from_bytes(key.as_slice().try_into().map_err(|_| SealError)?))
    }
}

impl FromStr for MasterKey {
    type Err = KeyTextError;

    fn from_str(text: &str) -> Result<Self, KeyTextError> {
        parse_hex(text).map(Self::from_bytes)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey([REDACTED])")
    }
}

/// The key of one record.
pub struct RecordKey(Zeroizing<[u8; 32]>);

impl RecordKey {
    /// The key with these bytes, which must come from a good random source and serve one record.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Seals a chunk; adds 16 bytes. A place (part, chunk) must be sealed once only.
    #[must_use]
    pub fn seal(&self, part: u32, chunk: u64, mut bytes: Vec<u8>) -> Vec<u8> {
        seal(&self.0, place(part, chunk), &mut bytes);
        bytes
    }

    /// Opens what [`seal`](Self::seal) made for the same place.
    ///
    /// # Errors
    /// [`SealError`] if key or place are others, or the bytes are damaged.
    pub fn open(&self, part: u32, chunk: u64, sealed: Vec<u8>) -> Result<Vec<u8>, SealError> {
        open(&self.0, place(part, chunk), sealed)
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey([REDACTED])")
    }
}

fn place(part: u32, chunk: u64) -> [u8; NONCE_LEN] {
    let mut nonce = [0; NONCE_LEN];
    nonce[..4].copy_from_slice(&part.to_be_bytes());
    nonce[4..].copy_from_slice(&chunk.to_be_bytes());
    nonce
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, key).expect("an AES-256 key has 32 bytes");
    LessSafeKey::new(key)
}

fn seal(key: &[u8; 32], nonce: [u8; NONCE_LEN], bytes: &mut Vec<u8>) {
    let nonce = Nonce::assume_unique_for_key(nonce);
    cipher(key)
        .seal_in_place_append_tag(nonce, Aad::empty(), bytes)
        .expect("a chunk is far below the limit of AES-GCM");
}

fn open(key: &[u8; 32], nonce: [u8; NONCE_LEN], mut bytes: Vec<u8>) -> Result<Vec<u8>, SealError> {
    let nonce = Nonce::assume_unique_for_key(nonce);
    let plain = cipher(key).open_in_place(nonce, Aad::empty(), &mut bytes);
    let length = plain.map_err(|_| SealError)?.len();
    bytes.truncate(length);
    Ok(bytes)
}
