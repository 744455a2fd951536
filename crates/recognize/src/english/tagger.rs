//! A linear sequence model over tokens: features are hashed, weights are small integers, so the
//! same text gives the same tags on every machine.

use super::{
    lists::{Entry, LISTS_LEN},
    tokens::{Shape, Token},
};

/// Tags: outside, then first and further tokens of names, places and institutions.
pub(super) const TAGS: usize = 7;
/// Weights of one feature, padded.
pub(super) const ROW: usize = 8;
/// Buckets that features are hashed into.
pub(super) const BUCKETS: usize = 1 << 18;

/// Weights of features and of one tag behind another.
pub(super) struct Tagger<'a> {
    weights: &'a [u8],
    transitions: &'a [u8],
}

impl<'a> Tagger<'a> {
    /// Reads weights as the trainer writes them: features, then transitions, all of one byte.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        assert_eq!(
            bytes.len(),
            BUCKETS * ROW + TAGS * TAGS,
            "the model file is not of this version"
        );
        let (weights, transitions) = bytes.split_at(BUCKETS * ROW);
        Self { weights, transitions }
    }

    /// The best tag for each token.
    pub(super) fn tag(&self, tokens: &[Token]) -> Vec<u8> {
        best_path((0..tokens.len()).map(|at| self.emissions(tokens, at)), |from, to| {
            i32::from(self.transitions[from * TAGS + to].cast_signed())
        })
    }

    fn emissions(&self, tokens: &[Token], at: usize) -> [i32; TAGS] {
        let mut sums = [0; TAGS];
        for bucket in features(tokens, at) {
            let row = &self.weights[bucket * ROW..][..TAGS];
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += i32::from(weight.cast_signed());
            }
        }
        sums
    }
}

/// Viterbi's algorithm. A further token follows only a token of its kind.
pub(super) fn best_path(
    emissions: impl ExactSizeIterator<Item = [i32; TAGS]>,
    transition: impl Fn(usize, usize) -> i32,
) -> Vec<u8> {
    const NEVER: i32 = i32::MIN / 4;
    let allowed = |from: usize, to: usize| to == 0 || to % 2 == 1 || from == to || from + 1 == to;
    let mut scores = [NEVER; TAGS];
    scores[0] = 0;
    let mut origins: Vec<[u8; TAGS]> = Vec::with_capacity(emissions.len());
    for emitted in emissions {
        let mut next = [NEVER; TAGS];
        let mut origin = [0; TAGS];
        for to in 0..TAGS {
            for from in (0..TAGS).filter(|from| allowed(*from, to)) {
                let score = scores[from].saturating_add(transition(from, to));
                if score > next[to] {
                    (next[to], origin[to]) = (score, from as u8);
                }
            }
            next[to] = next[to].saturating_add(emitted[to]);
        }
        scores = next;
        origins.push(origin);
    }
    let mut last =
        (0..TAGS).fold(0, |best, tag| if scores[tag] > scores[best] { tag } else { best });
    let mut path = vec![0; origins.len()];
    for (tag, origin) in path.iter_mut().zip(&origins).rev() {
        *tag = last as u8;
        last = origin[last].into();
    }
    path
}

/// Buckets of the features of one token in its surroundings.
pub(super) fn features(tokens: &[Token], at: usize) -> impl Iterator<Item = usize> {
    const EDGE: Token = Token {
        range: 0..0,
        shape: Shape::Line,
        word: 0,
        prefix: 0,
        suffix: 0,
        known: Entry { lists: 0, cluster: 0 },
    };
    let near = |by: isize| at.checked_add_signed(by).and_then(|at| tokens.get(at)).unwrap_or(&EDGE);
    let (a, b, c, d, e) = (near(-2), near(-1), near(0), near(1), near(2));
    let shape = |token: &Token| token.shape as u32;
    let form = |token: &Token| (shape(token) << LISTS_LEN) + token.known.lists;
    let cluster = |token: &Token| token.known.cluster;
    let group = |token: &Token| token.known.group();
    [
        [c.word, 0, 0],
        [b.word, 0, 0],
        [d.word, 0, 0],
        [a.word, 0, 0],
        [e.word, 0, 0],
        [b.word, c.word, 0],
        [c.word, d.word, 0],
        [a.word, b.word, form(c)],
        [d.word, e.word, form(c)],
        [b.word, form(c), 0],
        [d.word, form(c), 0],
        [c.suffix, shape(c), 0],
        [c.prefix, shape(c), 0],
        [form(c), 0, 0],
        [form(b), form(c), 0],
        [form(c), form(d), 0],
        [form(b), form(c), form(d)],
        [shape(a), form(b), form(c)],
        [form(c), form(d), shape(e)],
        [b.word, form(c), form(d)],
        [cluster(c), shape(c), 0],
        [cluster(b), form(c), 0],
        [cluster(d), form(c), 0],
        [group(b), form(c), group(d)],
        [group(c), form(c), 0],
    ]
    .into_iter()
    .zip(1_u32..)
    .map(|(parts, number)| {
        let mix = |hash: u32, part: u32| (hash ^ part).wrapping_mul(0x9e37_79b1).rotate_left(15);
        let hash = parts.into_iter().fold(number.wrapping_mul(0x85eb_ca6b), mix);
        (hash ^ (hash >> 16)) as usize % BUCKETS
    })
}
