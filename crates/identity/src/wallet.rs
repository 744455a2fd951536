//! A person's keys, all from one list of recovery words.
//!
//! BIP-39 turns 24 words into a seed; SLIP-10 derives Ed25519 keys from it along the hardened path
//! `m/1162695251'/use'/number'` (the first number is "EMRS" in ASCII, below 2³¹).

use std::{fmt, str::FromStr};

use bip39::{Language, Mnemonic};
use ring::hmac;
use zeroize::Zeroizing;

use crate::SigningKey;

/// "EMRS".
const PURPOSE: u32 = 0x454d_5253;
const HARDENED: u32 = 1 << 31;

/// A text is no list of recovery words.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WordsError {
    /// A word that is in no list.
    #[error("word {0} is in no list of recovery words")]
    Unknown(usize),
    /// The words do not belong together.
    #[error("the words do not belong together: one is wrong, missing or out of place")]
    Mismatch,
}

/// The language of recovery words.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum WordList {
    /// English.
    #[default]
    English,
    /// Simplified Chinese: a character a word.
    Chinese,
}

/// What a derived key is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum KeyUse {
    /// To be registered: number 0 at first, one more at each rotation.
    Registry = 0,
    /// A patient's for one relationship, registered nowhere: nothing on the ledger joins two.
    Relationship = 1,
}

/// Recovery words: whoever has them has all keys.
pub struct Words(Mnemonic);

impl Words {
    /// The words of 32 bytes, which must come from a good random source.
    ///
    /// # Panics
    /// Never: 32 bytes make 24 words.
    #[must_use]
    pub fn from_entropy(entropy: &[u8; 32], list: WordList) -> Self {
        let language = match list {
            WordList::English => Language::English,
            WordList::Chinese => Language::SimplifiedChinese,
        };
        let words = Mnemonic::from_entropy_in(language, entropy);
        Self(words.expect("32 bytes make 24 words"))
    }

    /// The words with spaces between them: for the person's eyes only.
    #[must_use]
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.words().collect::<Vec<_>>().join(" "))
    }

    /// A key: the same words, use and number always give the same.
    ///
    /// # Panics
    /// If the number is 2³¹ or more.
    #[must_use]
    pub fn key(&self, use_of_key: KeyUse, number: u32) -> SigningKey {
        assert!(number < HARDENED, "SLIP-10 numbers are below 2^31");
        let seed = Zeroizing::new(self.0.to_seed_normalized(""));
        let node = [PURPOSE, use_of_key as u32, number];
        let node = node.into_iter().fold(Node::master(&*seed), |node, number| node.child(number));
        SigningKey::from_seed(*node.key)
    }
}

impl FromStr for Words {
    type Err = WordsError;

    fn from_str(text: &str) -> Result<Self, WordsError> {
        Mnemonic::parse(text.trim()).map(Self).map_err(|error| match error {
            bip39::Error::UnknownWord(place) => WordsError::Unknown(place + 1),
            _ => WordsError::Mismatch,
        })
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words([REDACTED])")
    }
}

/// A place in the tree of keys (SLIP-10, curve ed25519).
struct Node {
    key: Zeroizing<[u8; 32]>,
    chain: Zeroizing<[u8; 32]>,
}

impl Node {
    fn master(seed: &[u8]) -> Self {
        Self::of(b"ed25519 seed", seed)
    }

    fn child(&self, number: u32) -> Self {
        let number = (HARDENED | number).to_be_bytes();
        let data = Zeroizing::new([&[0], self.key.as_slice(), &number].concat());
        Self::of(&*self.chain, &data)
    }

    fn of(key: &[u8], data: &[u8]) -> Self {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, key), data);
        let (key, chain) = tag.as_ref().split_at(32);
        let half = |bytes: &[u8]| {
            Zeroizing::new(bytes.try_into().expect("an HMAC-SHA-512 tag has 64 bytes"))
        };
        Self { key: half(key), chain: half(chain) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SLIP-0010, test vector 1 for ed25519.
    #[test]
    fn derivation_is_that_of_slip_10() {
        let seed = hex::decode("000102030405060708090a0b0c0d0e0f").expect("hexadecimal");
        let master = Node::master(&seed);
        let steps = [
            (master, "2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7"),
            (
                Node::master(&seed).child(0),
                "68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3",
            ),
            (
                Node::master(&seed).child(0).child(1),
                "b1d0bad404bf35da785a64ca1ac54b2617211d2777696fbffaf208f746ae84f2",
            ),
        ];
        for (node, expected) in steps {
            assert_eq!(hex::encode(*node.key), expected);
        }
    }
}
