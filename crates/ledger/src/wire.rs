//! Reading and writing of fixed-width fields, big endian, without copying.

use emrshare_codec::Digest;
use emrshare_identity::{PublicKey, Signature};

use crate::DecodeError;

/// A cursor over bytes that never reads past their end.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A cursor at the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] if fewer are left; so do all other reading methods.
    pub fn bytes(&mut self, what: &'static str, length: usize) -> Result<&'a [u8], DecodeError> {
        let truncated = DecodeError::Truncated { what, expected: length, found: self.rest.len() };
        let (head, rest) = self.rest.split_at_checked(length).ok_or(truncated)?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let truncated = DecodeError::Truncated { what, expected: N, found: self.rest.len() };
        let (head, rest) = self.rest.split_first_chunk().ok_or(truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    /// Two bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        self.array(what).map(u16::from_be_bytes)
    }

    /// Four bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        self.array(what).map(u32::from_be_bytes)
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u64(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        self.array(what).map(u64::from_be_bytes)
    }

    /// A digest.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn digest(&mut self, what: &'static str) -> Result<Digest, DecodeError> {
        self.array(what).map(Digest)
    }

    /// A public key.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn public_key(&mut self, what: &'static str) -> Result<PublicKey, DecodeError> {
        self.array(what).map(PublicKey)
    }

    /// A signature.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn signature(&mut self, what: &'static str) -> Result<Signature, DecodeError> {
        self.array(what).map(Signature)
    }

    /// A count of four bytes, at most `limit`.
    ///
    /// # Errors
    /// [`DecodeError::Limit`] if it is more, [`DecodeError::Truncated`].
    pub fn count(&mut self, what: &'static str, limit: usize) -> Result<usize, DecodeError> {
        let found = self.u32(what)? as usize;
        if found > limit {
            return Err(DecodeError::Limit { what, found, limit });
        }
        Ok(found)
    }

    /// Bytes behind their length in four bytes, at most `limit`.
    ///
    /// # Errors
    /// [`DecodeError::Limit`] if there are more, [`DecodeError::Truncated`].
    pub fn prefixed(&mut self, what: &'static str, limit: usize) -> Result<&'a [u8], DecodeError> {
        let length = self.count(what, limit)?;
        self.bytes(what, length)
    }

    /// All that is left.
    #[must_use]
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Bytes that are left.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Makes sure that nothing is left.
    ///
    /// # Errors
    /// [`DecodeError::Trailing`] if something is.
    pub fn end(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(DecodeError::Trailing { count }),
        }
    }
}

/// Appends bytes behind their length in four bytes.
///
/// # Panics
/// If there are 4 GiB or more: callers bound what they write.
pub fn put_prefixed(target: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("what is written is bounded far below 4 GiB");
    target.extend_from_slice(&length.to_be_bytes());
    target.extend_from_slice(bytes);
}
