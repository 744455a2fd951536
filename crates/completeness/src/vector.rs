//! Hashed character n-grams with integer weights.

/// Weights are multiples of 1/16.
const SCALE: u64 = 16;
const BUCKETS: usize = 1 << 16;

/// How many texts hold an n-gram, for weighting rare ones more.
#[derive(Clone, Debug)]
pub(crate) struct Frequencies {
    texts: u64,
    counts: Box<[u32]>,
}

impl Default for Frequencies {
    fn default() -> Self {
        Self { texts: 0, counts: vec![0; BUCKETS].into() }
    }
}

impl Frequencies {
    pub(crate) fn add(&mut self, text: &str) {
        self.texts += 1;
        for (bucket, _) in counts(text) {
            self.counts[usize::from(bucket)] += 1;
        }
    }

    /// 1 + log2((texts + 1) / (texts with it + 1)) of each bucket, in sixteenths.
    pub(crate) fn weights(&self) -> Weights {
        let all = log2_sixteenths(self.texts + 1);
        let weight = |with: &u32| SCALE + all.saturating_sub(log2_sixteenths(u64::from(*with) + 1));
        Weights(self.counts.iter().map(weight).collect())
    }
}

/// How much each bucket counts.
#[derive(Clone, Debug)]
pub(crate) struct Weights(Box<[u64]>);

/// The vector of one text: weights of the buckets that it has, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vector(Vec<(u16, u64)>);

impl Vector {
    /// Term frequency counts by its logarithm.
    pub(crate) fn of(text: &str, weights: &Weights) -> Self {
        let weight = |(bucket, count): (u16, u64)| {
            (bucket, weights.0[usize::from(bucket)] * (SCALE + log2_sixteenths(count)))
        };
        Self(counts(text).into_iter().map(weight).collect())
    }

    fn norm(&self) -> u128 {
        norm(self.0.iter().map(|(_, weight)| *weight))
    }
}

/// The sum of many vectors, to be compared with single ones.
#[derive(Clone, Debug)]
pub(crate) struct Centre {
    weights: Box<[u64]>,
    norm: u128,
}

impl Centre {
    pub(crate) fn of(vectors: impl Iterator<Item = Vector>) -> Self {
        let mut weights: Box<[u64]> = vec![0; BUCKETS].into();
        for (bucket, weight) in vectors.flat_map(|vector| vector.0) {
            weights[usize::from(bucket)] += weight;
        }
        let norm = norm(weights.iter().copied());
        Self { weights, norm }
    }

    /// A·B / (|A| |B|) in millionths.
    pub(crate) fn cosine(&self, vector: &Vector) -> u32 {
        let product = |(bucket, weight): &(u16, u64)| {
            u128::from(*weight) * u128::from(self.weights[usize::from(*bucket)])
        };
        let dot: u128 = vector.0.iter().map(product).sum();
        let norms = self.norm * vector.norm();
        if norms == 0 {
            return 0;
        }
        // The quotient is at most a million, but for the roots' rounding.
        (dot * 1_000_000 / norms).min(1_000_000) as u32
    }
}

fn norm(weights: impl Iterator<Item = u64>) -> u128 {
    weights.map(|weight| u128::from(weight).pow(2)).sum::<u128>().isqrt()
}

/// How often each bucket's n-grams stand in a text, by ascending bucket: pairs and triples of
/// letters, with digits all alike and everything else as one space.
fn counts(text: &str) -> Vec<(u16, u64)> {
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
    let pairs = letters.windows(2).map(bucket);
    let mut buckets: Vec<_> = pairs.chain(letters.windows(3).map(bucket)).collect();
    buckets.sort_unstable();
    buckets.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u64)).collect()
}

/// FNV-1a over the code points, folded to a bucket.
fn bucket(gram: &[char]) -> u16 {
    let hash = gram.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, character| {
        (hash ^ u64::from(u32::from(*character))).wrapping_mul(0x0100_0000_01b3)
    });
    // The low 16 bits of a fold of all.
    (hash ^ (hash >> 32) ^ (hash >> 16)) as u16
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
        let weights = Frequencies::default().weights();
        let vector = |text| Vector::of(text, &weights);
        let centre = |text| Centre::of(std::iter::once(vector(text)));
        assert!(centre("急性心肌梗死").cosine(&vector("急性心肌梗死")) > 999_000);
        assert_eq!(centre("急性心肌梗死").cosine(&vector("fracture")), 0);
        assert_eq!(centre("").cosine(&vector("fracture")), 0);
    }
}
