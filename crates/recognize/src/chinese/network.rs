//! A recurrent network over characters (Baidu LAC, trained further): two bidirectional GRU layers and
//! a CRF.
//!
//! Products are of integers, everything else is one IEEE operation at a time in a fixed order, and
//! sigmoid and tanh are tables: the same text gives the same tags on every machine.

use super::{
    model_file::Model,
    product::{Kernel, Packed, Plain},
};

/// Width of a layer's state, for one direction.
pub(super) const HIDDEN: usize = 128;
/// Gates of a GRU: update, reset, candidate.
pub(super) const GATES: usize = 3 * HIDDEN;
/// Width of the states of both directions.
const STATES: usize = 2 * HIDDEN;

/// 1.0 as a state: states lie between -1 and 1.
const STATE_ONE: f32 = 16_384.0;

/// One direction of one layer.
#[derive(Debug)]
pub(super) struct Gru {
    pub(super) input: Packed,
    pub(super) input_bias: Vec<f32>,
    pub(super) recurrent: Packed,
    pub(super) recurrent_bias: Vec<f32>,
}

/// A function from -8 to 8; beyond, it is as at the ends.
#[derive(Debug)]
pub(super) struct Table(Box<[f32; TABLE_LEN]>);

/// Values of a table: 256 for each unit.
const TABLE_LEN: usize = 4096;

impl Table {
    /// A table of values of which [`STATE_ONE`] is 1.0.
    pub(super) fn new(values: [i16; TABLE_LEN]) -> Self {
        Self(Box::new(values.map(|value| f32::from(value) / STATE_ONE)))
    }

    /// Where a value stands; apart from looking it up, so that many are computed at once.
    #[inline(always)]
    fn place(x: f32) -> u16 {
        const LAST: f32 = TABLE_LEN as f32 - 1.0;
        // Here the last bits of a number are units: a conversion that becomes vectors.
        const UNITS: f32 = 8_388_608.0;
        (((x + 8.0) * 256.0).clamp(0.0, LAST).floor() + UNITS).to_bits() as u16
    }

    #[inline(always)]
    fn at(&self, place: u16) -> f32 {
        self.0[usize::from(place) % TABLE_LEN]
    }
}

/// The functions of a GRU.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) sigmoid: Table,
    pub(super) tanh: Table,
}

/// The best tag for each character, computed with the widest vectors that the machine has. `priors` say
/// how much likelier than learnt a name begins at each: a factor of e in the odds is 1.
pub(super) fn tag(model: &Model, words: &[u16], priors: &[f32]) -> Vec<u8> {
    if words.is_empty() {
        return Vec::new();
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V4::try_new() {
        return pulp::Simd::vectorize(simd, Tag { model, words, priors, kernel: simd });
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return pulp::Simd::vectorize(simd, Tag { model, words, priors, kernel: simd });
    }
    tag_with(Plain, model, words, priors)
}

/// The work of [`tag`], compiled for a kernel's machine: what it calls is inlined for that.
#[cfg(target_arch = "x86_64")]
struct Tag<'a, K> {
    model: &'a Model,
    words: &'a [u16],
    priors: &'a [f32],
    kernel: K,
}

#[cfg(target_arch = "x86_64")]
impl<K: Kernel> pulp::WithSimd for Tag<'_, K> {
    type Output = Vec<u8>;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Vec<u8> {
        tag_with(self.kernel, self.model, self.words, self.priors)
    }
}

/// [`tag`] with a kernel.
#[inline(always)]
pub(super) fn tag_with<K: Kernel>(
    kernel: K,
    model: &Model,
    words: &[u16],
    priors: &[f32],
) -> Vec<u8> {
    let [first, second] = &model.layers;
    let mut projected = Vec::with_capacity(words.len());
    for word in words {
        projected.push(model.projected(*word, || Projected::new(kernel, model, *word)));
    }
    let states =
        layer(kernel, first, |at, direction| &projected[at].0[direction], words.len(), model);
    let mut inputs = [(); 2].map(|()| vec![0.0; words.len() * GATES]);
    for (gru, inputs) in second.iter().zip(&mut inputs) {
        gru.input.times_rows(kernel, &states, 1.0 / STATE_ONE, &gru.input_bias, inputs);
    }
    let input = |at: usize, direction: usize| {
        inputs[direction][at * GATES..].first_chunk().expect("a row for each word")
    };
    let states = layer(kernel, second, input, words.len(), model);
    let mut emissions = vec![0.0; words.len() * model.tags];
    model.output.times_rows(kernel, &states, 1.0 / STATE_ONE, &model.output_bias, &mut emissions);
    for (of_word, prior) in emissions.chunks_mut(model.tags).zip(priors) {
        of_word[model.name] += prior;
    }
    best_path(&emissions, &model.transitions, model.tags)
}

/// What a word gives to the gates of the first layer, in both directions.
#[derive(Debug)]
pub(super) struct Projected([[f32; GATES]; 2]);

impl Projected {
    #[inline(always)]
    fn new<K: Kernel>(kernel: K, model: &Model, word: u16) -> Self {
        let (row, scale) = (model.embedding.row(word.into()), model.embedding.scale(word.into()));
        let mut gates = [[0.0; GATES]; 2];
        for (gru, gates) in model.layers[0].iter().zip(&mut gates) {
            gru.input.times(kernel, row, scale, &gru.input_bias, gates);
        }
        Self(gates)
    }
}

/// States of both directions, side by side for each character, from what the input gives to the
/// gates at a character in a direction.
#[inline(always)]
fn layer<'a, K: Kernel>(
    kernel: K,
    gru: &[Gru; 2],
    input: impl Fn(usize, usize) -> &'a [f32; GATES],
    len: usize,
    model: &Model,
) -> Vec<i16> {
    let mut states = vec![0; len * STATES];
    for (direction, gru) in gru.iter().enumerate() {
        let mut state = [0; HIDDEN];
        for step in 0..len {
            let at = if direction == 0 { step } else { len - 1 - step };
            gru.step(kernel, input(at, direction), &mut state, &model.tables);
            let from = (2 * at + direction) * state.len();
            states[from..from + state.len()].copy_from_slice(&state);
        }
    }
    states
}

impl Gru {
    #[inline(always)]
    fn step<K: Kernel>(
        &self,
        kernel: K,
        x: &[f32; GATES],
        state: &mut [i16; HIDDEN],
        tables: &Tables,
    ) {
        let mut h = [0.0; GATES];
        self.recurrent.times(kernel, state, 1.0 / STATE_ONE, &self.recurrent_bias, &mut h);
        // Loop after loop, so that each becomes vectors but for the looking up.
        let mut gates = [0_u16; 2 * HIDDEN];
        for (i, place) in gates.iter_mut().enumerate() {
            *place = Table::place(x[i] + h[i]);
        }
        let (mut update, mut reset) = ([0.0; HIDDEN], [0.0; HIDDEN]);
        for (i, (update, reset)) in update.iter_mut().zip(&mut reset).enumerate() {
            *update = tables.sigmoid.at(gates[i]);
            *reset = tables.sigmoid.at(gates[HIDDEN + i]);
        }
        let mut candidates = [0_u16; HIDDEN];
        for (i, place) in candidates.iter_mut().enumerate() {
            *place = Table::place(x[2 * HIDDEN + i] + reset[i] * h[2 * HIDDEN + i]);
        }
        let mut new = [0.0; HIDDEN];
        for (new, place) in new.iter_mut().zip(candidates) {
            *new = tables.tanh.at(place);
        }
        for (i, state) in state.iter_mut().enumerate() {
            let old = f32::from(*state) / STATE_ONE;
            let mixed = (1.0 - update[i]) * new[i] + update[i] * old;
            *state = whole(mixed * STATE_ONE);
        }
    }
}

/// A number between -32,768 and 32,767 without its fraction: a conversion that becomes vectors.
#[inline(always)]
fn whole(x: f32) -> i16 {
    // Here the last bits of a number are units, of negative ones too.
    const UNITS: f32 = 12_582_912.0;
    (x.trunc() + UNITS).to_bits() as i16
}

/// Viterbi's algorithm over emissions and transitions.
#[inline(always)]
fn best_path(emissions: &[f32], transitions: &[f32], tags: usize) -> Vec<u8> {
    let steps = emissions.len() / tags;
    let mut scores = emissions[..tags].to_vec();
    let mut next = vec![0.0; tags];
    // As wide as the scores, so that both are chosen at once.
    let mut from = vec![0_u32; steps * tags];
    for step in 1..steps {
        next.fill(f32::NEG_INFINITY);
        let from = &mut from[step * tags..(step + 1) * tags];
        for (old, (score, row)) in (0_u32..).zip(scores.iter().zip(transitions.chunks(tags))) {
            for ((best, from), transition) in next.iter_mut().zip(from.iter_mut()).zip(row) {
                let candidate = score + transition;
                let is_better = candidate > *best;
                *best = if is_better { candidate } else { *best };
                *from = if is_better { old } else { *from };
            }
        }
        let emitted = &emissions[step * tags..(step + 1) * tags];
        for (score, (best, emission)) in scores.iter_mut().zip(next.iter().zip(emitted)) {
            *score = best + emission;
        }
    }
    let mut last =
        (0..tags).fold(0, |best, tag| if scores[tag] > scores[best] { tag } else { best });
    let mut path = vec![0; steps];
    for step in (0..steps).rev() {
        path[step] = last as u8;
        last = from[step * tags + last] as usize;
    }
    path
}
