//! The text form of a record index: base32 with a checksum.
//!
//! 220 bits are 44 symbols of five bits, most significant first, in Crockford's base32 alphabet
//! (no I, L, O, U; ASCII order is numeric order, so texts sort as indexes do). Six more symbols
//! are the BCH checksum of BIP-350 (Bech32m, generator and constant 0x2bc830a3) over the 44
//! symbols under the fixed prefix value of "emr". The code finds every error of up to four
//! characters in texts of up to 89, so every single and double typing error is found.
//!
//! Reading accepts either case and Crockford's look-alikes (`O` for 0, `I` and `L` for 1).

use core::fmt;

use crate::{NodeId, RecordIndex, Serial, TextError};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DATA_LEN: usize = 44;
const CHECKSUM_LEN: usize = 6;
const LEN: usize = DATA_LEN + CHECKSUM_LEN;
const BECH32M: u32 = 0x2bc8_30a3;
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];

/// An index as 50 lower-case characters.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct IndexText([u8; LEN]);

impl IndexText {
    pub(crate) fn of(index: RecordIndex) -> Self {
        let mut symbols = Symbols::of(index);
        symbols.seal();
        let mut text = [b'0'; LEN];
        for (character, symbol) in text.iter_mut().zip(symbols.0) {
            *character = ALPHABET.get(usize::from(symbol)).copied().unwrap_or(b'0');
        }
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The alphabet is ASCII, so this never takes the default.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for IndexText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for IndexText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(crate) fn parse(text: &str) -> Result<RecordIndex, TextError> {
    if text.len() != LEN {
        return Err(TextError::Length { expected: LEN, found: text.len() });
    }
    let mut symbols = Symbols([0; LEN]);
    for (position, (symbol, character)) in symbols.0.iter_mut().zip(text.bytes()).enumerate() {
        *symbol = value_of(character).ok_or(TextError::Character { position })?;
    }
    if symbols.checksum() != BECH32M {
        return Err(TextError::Checksum);
    }
    Ok(symbols.index())
}

/// Five-bit values, the last six of them checksum.
struct Symbols([u8; LEN]);

impl Symbols {
    fn of(index: RecordIndex) -> Self {
        let mut symbols = [0; LEN];
        // The key has four zero bits in front, so 220 bits end with its last byte.
        let (mut pending, mut width) = (0u32, 0u32);
        let mut targets = symbols.iter_mut().take(DATA_LEN);
        for (position, byte) in index.to_key().into_iter().enumerate() {
            pending = (pending << 8 | u32::from(byte)) & 0xfff;
            width = width.saturating_add(if position == 0 { 4 } else { 8 });
            while width >= 5 {
                width = width.saturating_sub(5);
                if let Some(symbol) = targets.next() {
                    *symbol = (pending >> width & 0x1f) as u8;
                }
            }
        }
        Self(symbols)
    }

    fn index(&self) -> RecordIndex {
        let mut key = [0u8; RecordIndex::KEY_LEN];
        for (position, symbol) in self.0.iter().take(DATA_LEN).enumerate() {
            for bit in 0..5usize {
                let target = position.saturating_mul(5).saturating_add(bit).saturating_add(4);
                let value = symbol >> (4usize.saturating_sub(bit)) & 1;
                if let Some(byte) = key.get_mut(target / 8) {
                    *byte |= value << (7usize.saturating_sub(target % 8));
                }
            }
        }
        let [a, b, c, serial @ ..] = key;
        let origin = NodeId::from_low_bits(u32::from_be_bytes([0, a, b, c]));
        RecordIndex::new(origin, Serial::from_be_bytes(serial))
    }

    fn seal(&mut self) {
        let remainder = self.checksum() ^ BECH32M;
        let (_, checksum) = self.0.split_at_mut(DATA_LEN);
        for (position, symbol) in checksum.iter_mut().rev().enumerate() {
            *symbol = (remainder >> position.saturating_mul(5) & 0x1f) as u8;
        }
    }

    /// The BCH remainder of the expanded prefix "emr" and all symbols.
    fn checksum(&self) -> u32 {
        let prefix = [3, 3, 3, 0, 5, 13, 18];
        prefix.iter().chain(&self.0).fold(1, |remainder, symbol| {
            let top = remainder >> 25;
            let shifted = (remainder & 0x01ff_ffff) << 5 ^ u32::from(*symbol);
            GENERATOR.iter().enumerate().fold(shifted, |sum, (bit, generator)| {
                if top >> bit & 1 == 1 { sum ^ generator } else { sum }
            })
        })
    }
}

fn value_of(character: u8) -> Option<u8> {
    let folded = match character.to_ascii_lowercase() {
        b'o' => b'0',
        b'i' | b'l' => b'1',
        other => other,
    };
    // The alphabet has 32 characters, so a position fits a byte.
    ALPHABET.iter().position(|candidate| *candidate == folded).map(|position| position as u8)
}
