//! The 220-bit record index: origin node and serial.

use core::{fmt, str::FromStr};

use crate::{DecodeError, IndexText, RangeError, Serial, TextError};

/// A member of the consortium: a 20-bit number that admission hands out.
///
/// ```
/// use emrshare_codec::NodeId;
/// assert_eq!(NodeId::new(1_048_575), Ok(NodeId::MAX));
/// assert!(NodeId::new(1_048_576).is_err());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeId(u32);

impl NodeId {
    /// Width in bits.
    pub const BITS: u16 = 20;
    /// The highest id, 1,048,575.
    pub const MAX: Self = Self(0xf_ffff);

    /// An id below 2^20.
    ///
    /// # Errors
    /// [`RangeError`] if `value` has more than 20 bits.
    pub const fn new(value: u32) -> Result<Self, RangeError> {
        if value <= Self::MAX.0 {
            Ok(Self(value))
        } else {
            Err(RangeError { field: "node id", width_bits: Self::BITS })
        }
    }

    /// The id as a number below 2^20.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    pub(crate) const fn from_low_bits(bits: u32) -> Self {
        Self(bits & Self::MAX.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for NodeId {
    type Err = TextError;

    /// Reads a decimal number below 2^20.
    fn from_str(text: &str) -> Result<Self, TextError> {
        let value = text.parse().map_err(|_| TextError::Character { position: 0 })?;
        Ok(Self::new(value)?)
    }
}

/// Which record: the node that made it, and that node's serial.
///
/// Indexes are ordered by origin, then serial; their bytes and their text sort the same way.
///
/// ```
/// use emrshare_codec::{NodeId, RecordIndex, Serial};
/// let index = RecordIndex::new(NodeId::new(7)?, Serial::from(42u64));
/// assert_eq!(RecordIndex::from_key(&index.to_key()), Ok(index));
/// let text = index.to_string();
/// assert_eq!(text.parse(), Ok(index));
/// // A mistyped character is found.
/// assert!(text.replacen('7', "9", 1).parse::<RecordIndex>().is_err());
/// # Ok::<(), emrshare_codec::RangeError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RecordIndex {
    origin: NodeId,
    serial: Serial,
}

impl RecordIndex {
    /// Width in bits.
    pub const BITS: u16 = 220;
    /// Length of [`to_key`](Self::to_key) in bytes.
    pub const KEY_LEN: usize = 28;

    /// The record with this serial at this origin.
    #[must_use]
    pub const fn new(origin: NodeId, serial: Serial) -> Self {
        Self { origin, serial }
    }

    /// The node that made the record.
    #[must_use]
    pub const fn origin(self) -> NodeId {
        self.origin
    }

    /// The record's number at its origin.
    #[must_use]
    pub const fn serial(self) -> Serial {
        self.serial
    }

    /// Four zero bits and the 220 bits in 28 bytes: a key that sorts by origin, then serial.
    #[must_use]
    pub const fn to_key(self) -> [u8; Self::KEY_LEN] {
        let [_, a, b, c] = self.origin.0.to_be_bytes();
        let mut key = [0; Self::KEY_LEN];
        let (head, tail) = key.split_at_mut(3);
        head.copy_from_slice(&[a, b, c]);
        tail.copy_from_slice(&self.serial.to_be_bytes());
        key
    }

    /// Reads what [`to_key`](Self::to_key) wrote.
    ///
    /// # Errors
    /// [`DecodeError::Length`] if there are not 28 bytes, [`DecodeError::Padding`] if the first
    /// four bits are not zero.
    pub fn from_key(key: &[u8]) -> Result<Self, DecodeError> {
        let length = DecodeError::Length { expected: Self::KEY_LEN, found: key.len() };
        let ([a, b, c], serial) = key.split_first_chunk().ok_or(length)?;
        let serial = <[u8; 25]>::try_from(serial).map_err(|_| length)?;
        let origin = NodeId::new(u32::from_be_bytes([0, *a, *b, *c]));
        let origin = origin.map_err(|_| DecodeError::Padding)?;
        Ok(Self { origin, serial: Serial::from_be_bytes(serial) })
    }

    /// The text form: 44 characters of base32 and 6 of checksum.
    #[must_use]
    pub fn to_text(self) -> IndexText {
        IndexText::of(self)
    }
}

impl fmt::Display for RecordIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.to_text().as_str())
    }
}

impl fmt::Debug for RecordIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.origin, self.serial)
    }
}

impl FromStr for RecordIndex {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        crate::text::parse(text)
    }
}
