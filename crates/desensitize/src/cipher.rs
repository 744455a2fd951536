//! Encryption of single values, to be undone by those who have the key.

use std::{fmt, str::FromStr};

use aes::Aes256;
use fpe::ff1::{FF1, FlexibleNumeralString};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    hmac,
};
use zeroize::Zeroizing;

use crate::{Class, technique::Ciphertext};

/// What a token begins with.
const TOKEN: &str = "enc-";
/// FF1 needs a million values at least (NIST SP 800-38G, revision 1, section 5).
const DIGITS_MIN: usize = 6;
/// 36 to the fourth is 1.7 million.
const ALPHANUMERICS_MIN: usize = 4;

/// The key of those who may see encrypted values again, such as the hospital that made the copy.
///
/// Encryption is deterministic, so that the same original has the same copy: equal values of a class
/// are seen to be equal. A token is ChaCha20-Poly1305 (RFC 8439) with a nonce made of the value by
/// HMAC-SHA-256 under another key, as in SIV (RFC 5297).
#[derive(Clone)]
pub struct RevealKey {
    seal: LessSafeKey,
    nonce: hmac::Key,
    format: Zeroizing<[u8; 32]>,
}

impl RevealKey {
    /// The key made of 32 bytes, which must come from a good random source.
    ///
    /// # Panics
    /// Never: the lengths are right.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let secret = Salt::new(HKDF_SHA256, b"_EMRSHARE_DESENSITIZE_REVEAL").extract(bytes);
        let derive = |purpose: &[u8]| {
            let mut key = Zeroizing::new([0; 32]);
            let info = [purpose];
            let filled = secret.expand(&info, Length).and_then(|okm| okm.fill(&mut *key));
            filled.expect("32 bytes are less than HKDF gives");
            key
        };
        let seal = UnboundKey::new(&CHACHA20_POLY1305, &*derive(b"seal")).expect("32 bytes");
        Self {
            seal: LessSafeKey::new(seal),
            nonce: hmac::Key::new(hmac::HMAC_SHA256, &*derive(b"nonce")),
            format: derive(b"format"),
        }
    }

    /// A value of a class, encrypted.
    pub(crate) fn encrypt(&self, class: Class, value: &str, form: Ciphertext) -> String {
        let in_form = match form {
            Ciphertext::Token => None,
            Ciphertext::Format => self.in_form(class, value, Direction::Encrypt),
        };
        in_form.unwrap_or_else(|| self.token(class, value))
    }

    /// What was encrypted; `None` if it was not with this key, or is of another class. A ciphertext
    /// in the form of its value always has a solution: whether it is the right one, nobody can tell.
    ///
    /// ```
    /// use emrshare_desensitize::{Class, RevealKey};
    ///
    /// let key = RevealKey::from_bytes(&[7; 32]);
    /// assert_eq!(key.reveal(Class::Name, "enc-of-nobody"), None);
    /// ```
    #[must_use]
    pub fn reveal(&self, class: Class, ciphertext: &str) -> Option<String> {
        match ciphertext.strip_prefix(TOKEN) {
            Some(token) => self.open(class, token),
            None => self.in_form(class, ciphertext, Direction::Decrypt),
        }
    }

    fn token(&self, class: Class, value: &str) -> String {
        let mut context = hmac::Context::with_key(&self.nonce);
        context.update(class.name().as_bytes());
        context.update(&[0]);
        context.update(value.as_bytes());
        let tag = context.sign();
        let head: [u8; NONCE_LEN] =
            *tag.as_ref().first_chunk().expect("HMAC-SHA-256 is longer than a nonce");
        let nonce = Nonce::assume_unique_for_key(head);
        let mut sealed = value.as_bytes().to_vec();
        let aad = Aad::from(class.name());
        self.seal.seal_in_place_append_tag(nonce, aad, &mut sealed).expect("a value is short");
        TOKEN.to_owned() + &letters(&[&head, sealed.as_slice()].concat())
    }

    fn open(&self, class: Class, token: &str) -> Option<String> {
        let bytes = from_letters(token)?;
        let (head, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*head);
        let mut sealed = sealed.to_vec();
        let opened = self.seal.open_in_place(nonce, Aad::from(class.name()), &mut sealed).ok()?;
        String::from_utf8(opened.to_vec()).ok()
    }

    /// Letters and digits exchanged for others, everything else as it is; `None` if there are too
    /// few, or letters that are no ASCII capitals.
    fn in_form(&self, class: Class, value: &str, direction: Direction) -> Option<String> {
        let symbols: Vec<u16> = value
            .chars()
            .filter(|c| c.is_alphanumeric())
            .map(|c| {
                let is_symbol = c.is_ascii_digit() || c.is_ascii_uppercase();
                is_symbol
                    .then(|| c.to_digit(36))
                    .flatten()
                    .and_then(|digit| u16::try_from(digit).ok())
            })
            .collect::<Option<_>>()?;
        let is_number = symbols.iter().all(|symbol| *symbol < 10);
        let (radix, least) = if is_number { (10, DIGITS_MIN) } else { (36, ALPHANUMERICS_MIN) };
        if symbols.len() < least {
            return None;
        }
        let ff1 = FF1::<Aes256>::new(&*self.format, radix).ok()?;
        let tweak = class.name().as_bytes();
        let symbols = FlexibleNumeralString::from(symbols);
        let exchanged = match direction {
            Direction::Encrypt => ff1.encrypt(tweak, &symbols),
            Direction::Decrypt => ff1.decrypt(tweak, &symbols),
        };
        let mut exchanged = Vec::from(exchanged.ok()?).into_iter();
        let written = |c: char| {
            let symbol = if c.is_alphanumeric() { exchanged.next() } else { return c };
            let digit = symbol.and_then(|symbol| char::from_digit(symbol.into(), 36));
            digit.unwrap_or(c).to_ascii_uppercase()
        };
        let text: String = value.chars().map(written).collect();
        // What has letters must keep one, or it would be read as a number.
        let same_kind = text.contains(|c: char| c.is_ascii_alphabetic()) != is_number;
        same_kind.then_some(text)
    }
}

impl fmt::Debug for RevealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RevealKey([REDACTED])")
    }
}

impl FromStr for RevealKey {
    type Err = RevealKeyError;

    /// Reads 64 hexadecimal characters.
    fn from_str(text: &str) -> Result<Self, RevealKeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut *bytes).map_err(|_| RevealKeyError)?;
        Ok(Self::from_bytes(&bytes))
    }
}

/// A text is no key.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a key of 64 hexadecimal characters is expected")]
pub struct RevealKeyError;

#[derive(Clone, Copy)]
enum Direction {
    Encrypt,
    Decrypt,
}

/// The length of all keys, as HKDF wants it.
struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

/// Bytes as letters from a to p, which no pattern takes for a number.
pub(crate) fn letters(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.map(|nibble| char::from(b'a' + nibble)).collect()
}

fn from_letters(text: &str) -> Option<Vec<u8>> {
    let nibble = |letter: u8| letter.checked_sub(b'a').filter(|nibble| *nibble < 16);
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_encrypted_is_revealed(value in "[A-Z0-9a-z王李 -]{0,30}", in_form in any::<bool>()) {
            let key = RevealKey::from_bytes(&[7; 32]);
            let form = if in_form { Ciphertext::Format } else { Ciphertext::Token };
            let hidden = key.encrypt(Class::Identifier, &value, form);
            prop_assert_eq!(&key.encrypt(Class::Identifier, &value, form), &hidden);
            prop_assert_eq!(key.reveal(Class::Identifier, &hidden), Some(value.clone()));
            let other = RevealKey::from_bytes(&[8; 32]);
            prop_assert_ne!(other.reveal(Class::Identifier, &hidden), Some(value.clone()));
            if hidden.starts_with(TOKEN) {
                prop_assert_eq!(key.reveal(Class::Name, &hidden), None);
            }
        }

        #[test]
        fn numbers_keep_their_form(value in "[0-9]{3}-[0-9]{3,9}") {
            let key = RevealKey::from_bytes(&[7; 32]);
            let hidden = key.encrypt(Class::Identifier, &value, Ciphertext::Format);
            prop_assert_eq!(hidden.len(), value.len());
            prop_assert_eq!(hidden.find('-'), Some(3));
            prop_assert_ne!(hidden, value);
        }
    }
}
