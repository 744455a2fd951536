//! Training of the English tagger: an averaged structured perceptron (Collins, 2002).

use super::{
    tagger::{BUCKETS, ROW, TAGS, best_path, features},
    tokens::tokens,
};
use crate::{Finding, Kind};

/// Numbers that are learnt.
const WEIGHTS: usize = BUCKETS * ROW + TAGS * TAGS;

/// Trainings of which the mean is taken.
const TRAININGS: u64 = 4;

/// Features that are left out of each hundred when a sentence is learnt from, others each time: so
/// that the rest must tell, too.
const LEFT_OUT: u64 = 30;

/// By how much what is to be found must beat what is nothing.
const MARGIN: i32 = 5;

/// A text and what is to be found in it.
#[derive(Clone, Debug)]
pub struct Example {
    /// The text.
    pub text: String,
    /// Its names, places and institutions.
    pub findings: Vec<Finding>,
}

struct Sentence {
    features: Vec<Vec<usize>>,
    tags: Vec<u8>,
}

/// Weights, and their sums over time for the average.
struct Weights {
    now: Vec<i32>,
    sums: Vec<i64>,
    step: i64,
}

impl Weights {
    fn add(&mut self, at: usize, by: i32) {
        self.now[at] += by;
        self.sums[at] += i64::from(by) * self.step;
    }

    /// The average over all steps.
    fn averaged(&self) -> impl Iterator<Item = f64> {
        let average = |(now, sum): (&i32, &i64)| f64::from(*now) - *sum as f64 / self.step as f64;
        self.now.iter().zip(&self.sums).map(average)
    }
}

/// Weights in the form that the crate reads: the mean of a few trainings in other orders. The same
/// examples give the same bytes.
#[must_use]
pub fn train(examples: &[Example], rounds: usize) -> Vec<u8> {
    let sentences: Vec<_> = examples.iter().map(sentence).collect();
    let mut sums = vec![0.0; WEIGHTS];
    for seed in 0..TRAININGS {
        let weights = train_once(&sentences, rounds, Random(0x2545_f491_4f6c_dd1d ^ seed));
        sums.iter_mut().zip(weights.averaged()).for_each(|(sum, weight)| *sum += weight);
    }
    // The scale is the same for all, extremes are cut.
    let scaled = |sum: &f64| (sum / TRAININGS as f64 * 12.0).round().clamp(-127.0, 127.0);
    sums.iter().map(|sum| scaled(sum) as i8 as u8).collect()
}

fn train_once(sentences: &[Sentence], rounds: usize, mut random: Random) -> Weights {
    let mut weights = Weights { now: vec![0; WEIGHTS], sums: vec![0; WEIGHTS], step: 1 };
    let mut order: Vec<usize> = (0..sentences.len()).collect();
    for _ in 0..rounds {
        for at in (1..order.len()).rev() {
            order.swap(at, random.below(at as u64 + 1) as usize);
        }
        for &at in &order {
            learn(&sentences[at].with_less(&mut random), &mut weights);
        }
    }
    weights
}

/// Knuth's linear congruential generator: the same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

impl Sentence {
    /// The sentence with some of its features left out.
    fn with_less(&self, random: &mut Random) -> Self {
        let mut is_kept = |_: &usize| random.below(100) >= LEFT_OUT;
        let less = |buckets: &Vec<usize>| buckets.iter().copied().filter(&mut is_kept).collect();
        Self { features: self.features.iter().map(less).collect(), tags: self.tags.clone() }
    }
}

fn sentence(example: &Example) -> Sentence {
    let tokens = tokens(&example.text);
    let mut tags = vec![0; tokens.len()];
    for finding in &example.findings {
        let first = match finding.kind {
            Kind::Name => 1,
            Kind::Address => 3,
            Kind::Organisation => 5,
            _ => continue,
        };
        let within = |range: &std::ops::Range<usize>| {
            range.start < finding.range.end && finding.range.start < range.end
        };
        let covered = tokens.iter().zip(&mut tags).filter(|(token, _)| within(&token.range));
        for (number, (_, tag)) in covered.enumerate() {
            *tag = if number == 0 { first } else { first + 1 };
        }
    }
    let features = (0..tokens.len()).map(|at| features(&tokens, at).collect()).collect();
    Sentence { features, tags }
}

fn learn(sentence: &Sentence, weights: &mut Weights) {
    let emissions = sentence.features.iter().zip(&sentence.tags).map(|(buckets, tag)| {
        let mut sums = [0; TAGS];
        sums[0] = if *tag == 0 { 0 } else { MARGIN };
        for bucket in buckets {
            for (tag, sum) in sums.iter_mut().enumerate() {
                *sum += weights.now[bucket * ROW + tag];
            }
        }
        sums
    });
    let transitions = BUCKETS * ROW;
    let guess = best_path(emissions, |from, to| weights.now[transitions + from * TAGS + to]);
    weights.step += 1;
    for (path, by) in [(&sentence.tags, 1), (&guess, -1)] {
        let mut from = 0;
        for (at, tag) in path.iter().copied().enumerate() {
            weights.add(transitions + from * TAGS + usize::from(tag), by);
            from = usize::from(tag);
            if sentence.tags[at] != guess[at] {
                for bucket in &sentence.features[at] {
                    weights.add(bucket * ROW + usize::from(tag), by);
                }
            }
        }
    }
}
