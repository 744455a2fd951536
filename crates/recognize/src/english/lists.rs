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

/// Clusters of one group: words of a group are alike, those of one of its clusters more so.
const GROUP: u32 = 16;

/// What is known of a word.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    /// One bit for each list that the word is in.
    pub(super) lists: u32,
    /// The cluster of words that stand in like places, from 1; 0 if it is in none.
    pub(super) cluster: u32,
}

impl Entry {
    /// The group that the cluster is one of, from 1; 0 if there is none.
    pub(super) const fn group(self) -> u32 {
        self.cluster.div_ceil(GROUP)
    }
}

/// What is known of words in small letters, by their hash.
static WORDS: LazyLock<HashMap<u32, Entry, BuildHasherDefault<Spread>>> = LazyLock::new(|| {
    let lists: [&str; LISTS_LEN] = [
        include_str!("../../data/latin_given_names.txt"),
        include_str!("../../data/latin_family_names.txt"),
        include_str!("../../data/latin_places.txt"),
        include_str!("../../data/english_words.txt"),
    ];
    let mut words: HashMap<u32, Entry, _> = HashMap::default();
    for (bit, list) in lists.iter().enumerate() {
        for word in list.lines() {
            words.entry(word_hash(word)).or_default().lists |= 1 << bit;
        }
    }
    let clusters = include_str!("../../data/english_clusters.txt");
    for (cluster, line) in (1..).zip(clusters.lines()) {
        for word in line.split_whitespace() {
            words.entry(word_hash(word)).or_default().cluster = cluster;
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

/// What is known of a word with this hash.
pub(super) fn of(hash: u32) -> Entry {
    WORDS.get(&hash).copied().unwrap_or_default()
}

/// Whether the lists of given names have a word.
pub(super) const fn is_given(word: Entry) -> bool {
    word.lists & GIVEN != 0
}

/// Whether the lists of family names have a word, and no common words do.
pub(super) const fn is_family(word: Entry) -> bool {
    word.lists & FAMILY != 0 && word.lists & COMMON == 0
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
    of(word_hash(word.trim_matches(|c: char| !c.is_alphabetic()))).lists
}
