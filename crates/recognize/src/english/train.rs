//! Training of the English tagger: an averaged structured perceptron (Collins, 2002).

use super::{
    tagger::{BUCKETS, ROW, TAGS, best_path, features},
    tokens::tokens,
};
use crate::{Finding, Kind};

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

    /// The average, as bytes: the scale is the same for all, extremes are cut.
    fn averaged(&self) -> Vec<u8> {
        let average = |(now, sum): (&i32, &i64)| f64::from(*now) - *sum as f64 / self.step as f64;
        let averages: Vec<f64> = self.now.iter().zip(&self.sums).map(average).collect();
        averages.iter().map(|x| (x * 12.0).round().clamp(-127.0, 127.0) as i8 as u8).collect()
    }
}

/// Weights in the form that the crate reads. The same examples give the same bytes.
#[must_use]
pub fn train(examples: &[Example], rounds: usize) -> Vec<u8> {
    let sentences: Vec<_> = examples.iter().map(sentence).collect();
    let count = BUCKETS * ROW + TAGS * TAGS;
    let mut weights = Weights { now: vec![0; count], sums: vec![0; count], step: 1 };
    let mut order: Vec<usize> = (0..sentences.len()).collect();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..rounds {
        for at in (1..order.len()).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            order.swap(at, (random >> 33) as usize % (at + 1));
        }
        for &at in &order {
            learn(&sentences[at], &mut weights);
        }
    }
    weights.averaged()
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
    let emissions = sentence.features.iter().map(|buckets| {
        let mut sums = [0; TAGS];
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
