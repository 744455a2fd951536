//! The errors of this crate: out of range, malformed bytes, malformed text.

use core::fmt;

/// A number does not fit its field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RangeError {
    /// The field that was to be filled.
    pub field: &'static str,
    /// Its width in bits.
    pub width_bits: u16,
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not fit {} bits", self.field, self.width_bits)
    }
}

impl core::error::Error for RangeError {}

/// Bytes are not what they should encode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The slice has another length than the encoding.
    Length {
        /// Bytes that the encoding has (for a view: a multiple of them).
        expected: usize,
        /// Bytes that were given.
        found: usize,
    },
    /// The two kind bits are the reserved value `11`.
    ReservedKind,
    /// The four bits after an operation that stands alone in five bytes are not zero.
    Padding,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { expected, found } => {
                write!(f, "{found} bytes where {expected} (or a multiple of it) were expected")
            }
            Self::ReservedKind => f.write_str("operation kind 11 is reserved"),
            Self::Padding => f.write_str("the bits behind the operation are not zero"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// Text is not an index, digest or number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TextError {
    /// The text has another number of characters.
    Length {
        /// Characters that the form has.
        expected: usize,
        /// Bytes of text that were given.
        found: usize,
    },
    /// A character is not of the alphabet.
    Character {
        /// Its position in bytes, from 0.
        position: usize,
    },
    /// The checksum does not fit: something was mistyped.
    Checksum,
    /// The number does not fit its field.
    Range(RangeError),
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { expected, found } => {
                write!(f, "{found} characters where {expected} were expected")
            }
            Self::Character { position } => {
                write!(f, "the character at position {position} is not of the alphabet")
            }
            Self::Checksum => f.write_str("the checksum does not fit: a character was mistyped"),
            Self::Range(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for TextError {}

impl From<RangeError> for TextError {
    fn from(error: RangeError) -> Self {
        Self::Range(error)
    }
}
