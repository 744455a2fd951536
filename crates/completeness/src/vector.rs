//! Hashed character n-grams with integer weights.

use std::collections::BTreeMap;

/// Weights are multiples of 1/16.
const SCALE: u64 = 16;
const BUCKETS: u64 = 1 << 18;

/// How many texts hold an n-gram, for weighting rare ones more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frequencies {
    texts: u64,
    counts: BTreeMap<u32, u64>,
}

impl Frequencies {
    pub(crate) fn add(&mut self, text: &str) {
        self.texts += 1;
        for bucket in counts(text).into_keys() {
            *self.counts.entry(bucket).or_default() += 1;
        }
    }

    /// 1 + log2((texts + 1) / (texts with it + 1)), in sixteenths.
    fn weight(&self, bucket: u32) -> u64 {
        let with = self.counts.get(&bucket).copied().unwrap_or(0);
        SCALE + log2_sixteenths(self.texts + 1).saturating_sub(log2_sixteenths(with + 1))
    }
}

/// A sparse vector: weight by bucket.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vector {
    weights: BTreeMap<u32, u64>,
}

impl Vector {
    /// Term frequency counts by its logarithm.
    pub(crate) fn of(text: &str, frequencies: &Frequencies) -> Self {
        let weight = |(bucket, count): (u32, u64)| {
            (bucket, frequencies.weight(bucket) * (SCALE + log2_sixteenths(count)))
        };
        Self { weights: counts(text).into_iter().map(weight).collect() }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (bucket, weight) in &other.weights {
            *self.weights.entry(*bucket).or_default() += weight;
        }
    }

    /// A·B / (|A| |B|) in millionths.
    pub(crate) fn cosine(&self, other: &Self) -> u32 {
        let product = |(bucket, weight): (&u32, &u64)| {
            other.weights.get(bucket).map(|theirs| u128::from(*weight) * u128::from(*theirs))
        };
        let dot: u128 = self.weights.iter().filter_map(product).sum();
        let (ours, theirs) = (self.norm(), other.norm());
        if ours == 0 || theirs == 0 {
            return 0;
        }
        // The quotient is at most a million, but for the roots' rounding.
        (dot * 1_000_000 / (ours * theirs)).min(1_000_000) as u32
    }

    fn norm(&self) -> u128 {
        let squares = self.weights.values().map(|weight| u128::from(*weight).pow(2));
        squares.sum::<u128>().isqrt()
    }
}

/// How often each bucket's n-grams stand in a text: pairs and triples of letters, with digits all
/// alike and everything else as one space.
fn counts(text: &str) -> BTreeMap<u32, u64> {
    let mut letters: Vec<char> = Vec::with_capacity(text.len());
    for character in text.chars() {
        let folded = if character.is_numeric() {
            '0'
        } else if character.is_alphabetic() {
            character.to_lowercase().next().unwrap_or(character)
        } else {
            ' '
        };
        let repeated = matches!(folded, ' ' | '0') && letters.last() == Some(&folded);
        if !repeated {
            letters.push(folded);
        }
    }
    let mut counts = BTreeMap::new();
    for length in [2, 3] {
        for gram in letters.windows(length) {
            *counts.entry(bucket(gram)).or_default() += 1;
        }
    }
    counts
}

/// FNV-1a over the code points, folded to a bucket.
fn bucket(gram: &[char]) -> u32 {
    let hash = gram.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, character| {
        (hash ^ u64::from(u32::from(*character))).wrapping_mul(0x0100_0000_01b3)
    });
    // The remainder is below 2^18.
    ((hash ^ hash >> 32) % BUCKETS) as u32
}

/// log2 of a number from 1 on, in sixteenths, rounded down: the fraction by four squarings.
fn log2_sixteenths(value: u64) -> u64 {
    let whole = value.max(1).ilog2();
    let mut mantissa = u128::from(value.max(1)) << (63 - whole);
    let mut fraction = 0;
    for _ in 0..4 {
        mantissa = (mantissa * mantissa) >> 63;
        fraction <<= 1;
        if mantissa >= 1 << 64 {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    u64::from(whole) * SCALE + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_is_exact_at_powers_and_near_between() {
        assert_eq!(log2_sixteenths(1), 0);
        assert_eq!(log2_sixteenths(1024), 160);
        assert_eq!(log2_sixteenths(3), 25); // 16 · log2(3) = 25.36
        assert_eq!(log2_sixteenths(1000), 159); // 16 · log2(1000) = 159.45
    }

    #[test]
    fn a_text_equals_itself_and_not_another() {
        let frequencies = Frequencies::default();
        let vector = |text| Vector::of(text, &frequencies);
        assert!(vector("急性心肌梗死").cosine(&vector("急性心肌梗死")) > 999_000);
        assert_eq!(vector("急性心肌梗死").cosine(&vector("fracture")), 0);
        assert_eq!(vector("").cosine(&vector("fracture")), 0);
    }
}
