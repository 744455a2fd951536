//! What a text is made of: words, their endings and neighbours; Chinese characters by twos and
//! threes. Each becomes a bucket.

use emrshare_record::Language;

use super::{
    scale::{SIXTEENTHS, log2_sixteenths},
    vector::{Vector, Vectorizer},
};

/// Number of buckets that grams are hashed to.
const BUCKETS: usize = 1 << 15;

/// Letters of a word's end that count by themselves: -itis, -osis, -tomy.
const SUFFIX: usize = 4;

/// Counts hashed grams: words, their last letters and neighbours, Chinese characters by twos and
/// threes. A bucket weighs 16 times 1 and the logarithm to base 2 of its count.
///
/// All on whole numbers: every machine gets the same vector.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grams;

impl Vectorizer for Grams {
    fn name(&self) -> &'static str {
        "grams-1"
    }

    fn dimensions(&self) -> usize {
        BUCKETS
    }

    fn vector(&self, text: &str) -> Vector {
        let weight = |run: &[u16]| (SIXTEENTHS + log2_sixteenths(run.len() as u64)) as i32;
        let buckets = buckets(text);
        Vector::new(buckets.chunk_by(|a, b| a == b).map(|run| (run[0], weight(run))))
    }
}

/// One step of a text: a Chinese character, a word, a number or a mark.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unit {
    Han(u64),
    Word {
        whole: u64,
        suffix: Option<u64>,
    },
    Number,
    /// A mark that ends a sentence or an item of a list.
    Stop,
    /// A comma.
    Pause,
    /// A mark that something follows: a colon, an opening bracket, a dash.
    Open,
}

impl Unit {
    pub(crate) const fn hash(self) -> u64 {
        match self {
            Self::Han(hash) | Self::Word { whole: hash, .. } => hash,
            Self::Number => 0x9e37_79b9_7f4a_7c15,
            Self::Stop | Self::Pause | Self::Open => 0xd1b5_4a32_d192_ed03,
        }
    }

    pub(crate) const fn is_mark(self) -> bool {
        matches!(self, Self::Stop | Self::Pause | Self::Open)
    }
}

/// The buckets of a text's grams, ascending.
fn buckets(text: &str) -> Vec<u16> {
    let units = units(text);
    let mut buckets = Vec::with_capacity(units.len() * 3);
    for (position, unit) in units.iter().enumerate() {
        if let Unit::Word { whole, suffix } = unit {
            buckets.push(bucket(*whole));
            buckets.extend(suffix.map(bucket));
        }
        if let Some(before) = position.checked_sub(1) {
            buckets.push(bucket(joined(&units[before..=position])));
        }
        if let (Some(before), Unit::Han(_)) = (position.checked_sub(2), unit) {
            buckets.push(bucket(joined(&units[before..=position])));
        }
    }
    buckets.sort_unstable();
    buckets
}

/// The steps of a text. Numbers and dates are all alike; of neighbouring marks the first counts.
pub(crate) fn units(text: &str) -> Vec<Unit> {
    let mut units = Vec::with_capacity(text.len() / 3);
    let mut rest = text.char_indices().peekable();
    while let Some((start, character)) = rest.next() {
        let unit = if Language::is_han(character) {
            Unit::Han(mixed(SEED, u64::from(character)))
        } else if character.is_alphabetic() {
            let is_inner = |c: char| c.is_alphabetic() && !Language::is_han(c);
            while rest.next_if(|(_, next)| is_inner(*next)).is_some() {}
            let end = rest.peek().map_or(text.len(), |(end, _)| *end);
            word(&text[start..end])
        } else if character.is_numeric() {
            while let Some((at, next)) = rest.peek().copied()
                && (next.is_numeric() || is_inside_number(&text[at..]))
            {
                rest.next();
            }
            Unit::Number
        } else if character == '\n' {
            Unit::Stop
        } else if character.is_whitespace() {
            continue;
        } else if is_open(character) {
            Unit::Open
        } else if is_pause(character) {
            Unit::Pause
        } else {
            Unit::Stop
        };
        let is_repeated = units.last().is_some_and(|last: &Unit| {
            (unit.is_mark() && last.is_mark()) || (unit == Unit::Number && *last == unit)
        });
        if !is_repeated {
            units.push(unit);
        }
    }
    units
}

/// Whether a mark is a comma.
pub(crate) const fn is_pause(mark: char) -> bool {
    matches!(mark, ',' | '，' | '、')
}

/// Whether something follows a mark.
pub(crate) const fn is_open(mark: char) -> bool {
    matches!(
        mark,
        ':' | '：'
            | '('
            | '（'
            | '['
            | '【'
            | '{'
            | '《'
            | '“'
            | '<'
            | '-'
            | '–'
            | '—'
            | '/'
            | '~'
    )
}

/// Whether a rest of text goes on with a number: as in 2.5, 120/80, 2020-01-31, 10:30.
fn is_inside_number(rest: &str) -> bool {
    let mut characters = rest.chars();
    let joins = characters.next().is_some_and(|c| matches!(c, '.' | ',' | '-' | '/' | ':'));
    joins && characters.next().is_some_and(char::is_numeric)
}

/// The hash of neighbouring units.
pub(crate) fn joined(units: &[Unit]) -> u64 {
    units.iter().fold(SEED, |hash, unit| mixed(hash, unit.hash()))
}

/// The bucket of a hash.
const fn bucket(hash: u64) -> u16 {
    (hash >> (64 - BUCKETS.trailing_zeros())) as u16
}

pub(crate) const SEED: u64 = 0xcbf2_9ce4_8422_2325;

fn word(letters: &str) -> Unit {
    let hash = |part: &str| {
        part.chars()
            .flat_map(char::to_lowercase)
            .fold(SEED, |hash, letter| mixed(hash, u64::from(letter)))
    };
    let cut = letters.char_indices().rev().nth(SUFFIX - 1).map(|(at, _)| at).filter(|at| *at > 1);
    Unit::Word { whole: hash(letters), suffix: cut.map(|at| mixed(hash(&letters[at..]), 1)) }
}

/// One multiplication and a fold of its high half: every bit of both reaches the top.
pub(crate) const fn mixed(hash: u64, value: u64) -> u64 {
    let product =
        (hash ^ value.wrapping_mul(0x9fb2_1c65_1e98_df25)) as u128 * 0xa076_1d64_78bd_642f_u128;
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_words_numbers_and_stops_are_told_apart() {
        let units = units("急性 STEMI，12小时。。");
        assert_eq!(units.len(), 8);
        assert!(matches!(units[2], Unit::Word { suffix: None, .. }));
        assert_eq!(units[4], Unit::Number);
        assert_eq!(units.last(), Some(&Unit::Stop));
    }

    #[test]
    fn case_and_space_do_not_count() {
        assert_eq!(buckets("Acute  Appendicitis"), buckets("acute appendicitis"));
        assert_ne!(buckets("acute appendicitis"), buckets("appendicitis acute"));
    }

    #[test]
    fn words_of_one_ending_share_a_bucket() {
        let shared = |a: &str, b: &str| {
            let (a, b) = (buckets(a), buckets(b));
            a.iter().filter(|bucket| b.contains(bucket)).count()
        };
        assert_eq!(shared("appendicitis", "bronchitis"), 1);
        assert_eq!(shared("appendicitis", "fracture"), 0);
    }
}
