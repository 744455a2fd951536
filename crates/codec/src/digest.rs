//! A SHA-256 value as bytes and as hexadecimal text.

use core::{fmt, str::FromStr};

use crate::TextError;

/// A SHA-256 digest: 32 bytes, shown as 64 lower-case hexadecimal characters.
///
/// The crate does not hash; it only carries digests.
///
/// ```
/// use emrshare_codec::Digest;
/// let digest = Digest([0xab; 32]);
/// assert_eq!(digest.to_string(), "ab".repeat(32));
/// assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
/// ```
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = TextError;

    /// Reads 64 hexadecimal characters of either case.
    fn from_str(text: &str) -> Result<Self, TextError> {
        let characters = text.as_bytes();
        if characters.len() != 64 {
            return Err(TextError::Length { expected: 64, found: characters.len() });
        }
        let mut bytes = [0; 32];
        for (position, (pair, byte)) in characters.chunks_exact(2).zip(&mut bytes).enumerate() {
            for (offset, character) in pair.iter().enumerate() {
                let digit = char::from(*character).to_digit(16).ok_or(TextError::Character {
                    position: position.saturating_mul(2).saturating_add(offset),
                })?;
                // A hexadecimal digit is below 16 and so fits a byte.
                *byte = (*byte << 4) | digit as u8;
            }
        }
        Ok(Self(bytes))
    }
}
