//! The 200-bit number that a node counts up from 0.

use core::{fmt, str::FromStr};

use crate::{RangeError, TextError};

const RANGE: RangeError = RangeError { field: "serial", width_bits: 200 };

/// A record's serial number at its origin: 0 to 2^200 − 1, shown in decimal.
///
/// ```
/// use emrshare_codec::Serial;
/// let serial: Serial = "1606938044258990275541962092341162602522202993782792835301375".parse()?;
/// assert_eq!(serial, Serial::MAX);
/// assert_eq!(Serial::ZERO.next(), Some(Serial::from(1u64)));
/// assert_eq!(Serial::MAX.next(), None);
/// # Ok::<(), emrshare_codec::TextError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Serial([u8; 25]);

impl Serial {
    /// Width in bits.
    pub const BITS: u16 = 200;
    /// The first serial of every node.
    pub const ZERO: Self = Self([0; 25]);
    /// The last serial.
    pub const MAX: Self = Self([0xff; 25]);

    /// From 25 bytes, most significant first; every value is valid.
    #[must_use]
    pub const fn from_be_bytes(bytes: [u8; 25]) -> Self {
        Self(bytes)
    }

    /// The 25 bytes, most significant first.
    #[must_use]
    pub const fn to_be_bytes(self) -> [u8; 25] {
        self.0
    }

    /// The serial that follows, or `None` after the last.
    #[must_use]
    pub fn next(mut self) -> Option<Self> {
        for byte in self.0.iter_mut().rev() {
            let (sum, carry) = byte.overflowing_add(1);
            *byte = sum;
            if !carry {
                return Some(self);
            }
        }
        None
    }

    /// Multiplies by `factor` and adds `digit`; `None` if the result has more than 200 bits.
    fn shifted_by(mut self, factor: u16, digit: u16) -> Option<Self> {
        let mut carry = digit;
        for byte in self.0.iter_mut().rev() {
            // 255 · 10 + 255 fits 16 bits.
            let sum = u16::from(*byte).wrapping_mul(factor).wrapping_add(carry);
            *byte = sum as u8;
            carry = sum >> 8;
        }
        (carry == 0).then_some(self)
    }

    /// Divides by ten in place and returns the remainder.
    fn divide_by_ten(&mut self) -> u8 {
        let mut remainder = 0u16;
        for byte in &mut self.0 {
            let value = remainder << 8 | u16::from(*byte);
            // A value below 2,560 divided by ten is below 256, the remainder is below ten.
            *byte = (value / 10) as u8;
            remainder = value % 10;
        }
        remainder as u8
    }
}

impl From<u64> for Serial {
    fn from(value: u64) -> Self {
        let mut bytes = [0; 25];
        for (target, source) in bytes.iter_mut().rev().zip(value.to_be_bytes().iter().rev()) {
            *target = *source;
        }
        Self(bytes)
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 2^200 has 61 decimal digits.
        let mut digits = [b'0'; 61];
        let mut rest = *self;
        let mut length = 1;
        for (count, digit) in digits.iter_mut().rev().enumerate() {
            let value = rest.divide_by_ten();
            *digit = b'0' | value;
            if value != 0 {
                length = count.saturating_add(1);
            }
        }
        let start = digits.len().saturating_sub(length);
        let text = digits.get(start..).and_then(|digits| core::str::from_utf8(digits).ok());
        f.pad_integral(true, "", text.unwrap_or("0"))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Serial {
    type Err = TextError;

    /// Reads a decimal number of 1 to 61 digits without sign.
    fn from_str(text: &str) -> Result<Self, TextError> {
        if text.is_empty() {
            return Err(TextError::Length { expected: 1, found: 0 });
        }
        let mut serial = Self::ZERO;
        for (position, character) in text.bytes().enumerate() {
            let digit =
                char::from(character).to_digit(10).ok_or(TextError::Character { position })?;
            serial = serial.shifted_by(10, digit as u16).ok_or(RANGE)?;
        }
        Ok(serial)
    }
}
