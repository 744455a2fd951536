//! Lists of names of people and places in Latin script, and of common English words.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::LazyLock,
};

use super::tokens::word_hash;

/// Number of lists.
pub(super) const LISTS_LEN: usize = 4;

const GIVEN: u32 = 0b0001;
const FAMILY: u32 = 0b0010;
const NAMES: u32 = GIVEN | FAMILY;
const COMMON: u32 = 0b1000;

/// One bit for each list that a word in small letters is in, by the word's hash.
static LISTS: LazyLock<HashMap<u32, u32, BuildHasherDefault<Spread>>> = LazyLock::new(|| {
    let lists: [&str; LISTS_LEN] = [
        include_str!("../../data/latin_given_names.txt"),
        include_str!("../../data/latin_family_names.txt"),
        include_str!("../../data/latin_places.txt"),
        include_str!("../../data/english_words.txt"),
    ];
    let mut words = HashMap::default();
    for (bit, list) in lists.iter().enumerate() {
        for word in list.lines() {
            *words.entry(word_hash(word)).or_default() |= 1 << bit;
        }
    }
    words
});

/// Spreads what is a hash already over 64 bits (Knuth's multiplicative hashing).
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32((*byte).into());
        }
    }

    fn write_u32(&mut self, hash: u32) {
        self.0 = (self.0 ^ u64::from(hash)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The lists that a word with this hash is in.
pub(super) fn of(hash: u32) -> u32 {
    LISTS.get(&hash).copied().unwrap_or_default()
}

/// Whether these lists have given names among them.
pub(super) const fn is_given(lists: u32) -> bool {
    lists & GIVEN != 0
}

/// Whether these lists have family names among them, and no common words.
pub(super) const fn is_family(lists: u32) -> bool {
    lists & FAMILY != 0 && lists & COMMON == 0
}

/// Whether a word in small letters is a name and no common word.
pub(super) fn is_name(word: &str) -> bool {
    let lists = of_word(word);
    lists & NAMES != 0 && lists & COMMON == 0
}

/// Whether a word in small letters is a common word and no name.
pub(super) fn is_common(word: &str) -> bool {
    let lists = of_word(word);
    lists & NAMES == 0 && lists & COMMON != 0
}

/// Whether a word in small letters is on a list of names, common or not.
pub(super) fn may_be_name(word: &str) -> bool {
    of_word(word) & NAMES != 0
}

/// Whether a word in small letters is on any list.
pub(super) fn is_known(word: &str) -> bool {
    of_word(word) != 0
}

/// Whether a word in small letters is a common word, a name or not.
pub(crate) fn is_word(word: &str) -> bool {
    of_word(word) & COMMON != 0
}

fn of_word(word: &str) -> u32 {
    of(word_hash(word.trim_matches(|c: char| !c.is_alphabetic())))
}
