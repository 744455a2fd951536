//! The 36-bit operation: marker, kind and acting node.

use core::fmt;

use crate::{DecodeError, NodeId, RangeError};

/// The first 14 bits of every item in a block: says whose item it is.
///
/// A node passes over items of a marker that it does not know.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Marker(u16);

impl Marker {
    /// Width in bits.
    pub const BITS: u16 = 14;
    /// Marks record entries of emrshare.
    pub const RECORD: Self = Self(0x1e35);
    /// Marks contract transactions of emrshare.
    pub const CONTRACT: Self = Self(0x1e36);

    /// A marker below 2^14.
    ///
    /// # Errors
    /// [`RangeError`] if `value` has more than 14 bits.
    pub const fn new(value: u16) -> Result<Self, RangeError> {
        if value >> Self::BITS == 0 {
            Ok(Self(value))
        } else {
            Err(RangeError { field: "marker", width_bits: Self::BITS })
        }
    }

    /// The marker as a number below 2^14.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The marker that the first two bytes of an item carry.
    ///
    /// ```
    /// use emrshare_codec::Marker;
    /// assert_eq!(Marker::of_item(&[0x78, 0xd4, 0xff]), Some(Marker::RECORD));
    /// assert_eq!(Marker::of_item(&[0x78]), None);
    /// ```
    #[must_use]
    pub const fn of_item(item: &[u8]) -> Option<Self> {
        match item {
            [first, second, ..] => Some(Self(u16::from_be_bytes([*first, *second]) >> 2)),
            _ => None,
        }
    }
}

/// What an operation does to a record (2 bits; `11` is reserved).
///
/// ```
/// use emrshare_codec::{DecodeError, Kind, Operation};
/// assert_eq!(Kind::Delete.to_string(), "delete");
/// assert_eq!(Operation::from_bits(0b11 << 20), Err(DecodeError::ReservedKind));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Kind {
    /// `00`: a new record.
    Add = 0b00,
    /// `01`: new digests for a record that exists.
    Update = 0b01,
    /// `10`: the end of a record.
    Delete = 0b10,
}

impl Kind {
    const fn from_bits(bits: u8) -> Result<Self, DecodeError> {
        match bits {
            0b00 => Ok(Self::Add),
            0b01 => Ok(Self::Update),
            0b10 => Ok(Self::Delete),
            _ => Err(DecodeError::ReservedKind),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::Delete => "delete",
        })
    }
}

/// What happens, and which node does it: 36 bits.
///
/// ```
/// use emrshare_codec::{Kind, Marker, NodeId, Operation};
/// let operation = Operation::new(Marker::RECORD, Kind::Update, NodeId::new(7)?);
/// assert_eq!(operation.to_bits(), 0x1e35 << 22 | 0b01 << 20 | 7);
/// assert_eq!(Operation::from_padded_bytes(operation.to_padded_bytes()), Ok(operation));
/// # Ok::<(), emrshare_codec::RangeError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Operation {
    marker: Marker,
    kind: Kind,
    acting: NodeId,
}

impl Operation {
    /// Width in bits.
    pub const BITS: u16 = 36;

    /// Puts an operation together; its parts are valid by their types.
    #[must_use]
    pub const fn new(marker: Marker, kind: Kind, acting: NodeId) -> Self {
        Self { marker, kind, acting }
    }

    /// Whose item this is.
    #[must_use]
    pub const fn marker(self) -> Marker {
        self.marker
    }

    /// What is done.
    #[must_use]
    pub const fn kind(self) -> Kind {
        self.kind
    }

    /// The node that does it.
    #[must_use]
    pub const fn acting(self) -> NodeId {
        self.acting
    }

    /// The 36 bits as a number below 2^36.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        (self.marker.0 as u64) << 22 | (self.kind as u64) << 20 | self.acting.get() as u64
    }

    /// Reads the low 36 bits of `bits`; higher bits are ignored.
    ///
    /// # Errors
    /// [`DecodeError::ReservedKind`] if the kind is `11`.
    pub const fn from_bits(bits: u64) -> Result<Self, DecodeError> {
        let kind = match Kind::from_bits((bits >> 20 & 0b11) as u8) {
            Ok(kind) => kind,
            Err(error) => return Err(error),
        };
        let marker = Marker((bits >> 22 & 0x3fff) as u16);
        Ok(Self { marker, kind, acting: NodeId::from_low_bits(bits as u32) })
    }

    /// The operation alone in five bytes: 36 bits, then four zero bits.
    ///
    /// A contract transaction starts with this.
    #[must_use]
    pub const fn to_padded_bytes(self) -> [u8; 5] {
        let [_, _, _, a, b, c, d, e] = (self.to_bits() << 4).to_be_bytes();
        [a, b, c, d, e]
    }

    /// Reads what [`to_padded_bytes`](Self::to_padded_bytes) wrote.
    ///
    /// # Errors
    /// [`DecodeError::Padding`] if the last four bits are not zero,
    /// [`DecodeError::ReservedKind`] if the kind is `11`.
    pub const fn from_padded_bytes(bytes: [u8; 5]) -> Result<Self, DecodeError> {
        let [a, b, c, d, e] = bytes;
        if e & 0x0f != 0 {
            return Err(DecodeError::Padding);
        }
        Self::from_bits(u64::from_be_bytes([0, 0, 0, a, b, c, d, e]) >> 4)
    }
}
