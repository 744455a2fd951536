//! A recurrent network over characters (Baidu LAC): two bidirectional GRU layers and a CRF.
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

/// Tables of sigmoid and tanh from -8 to 8.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) sigmoid: Vec<i16>,
    pub(super) tanh: Vec<i16>,
}

impl Tables {
    #[inline(always)]
    fn at(table: &[i16], x: f32) -> f32 {
        let place = ((x + 8.0) * 256.0) as usize;
        f32::from(table[place.min(table.len() - 1)]) / STATE_ONE
    }
}

/// The best tag for each character, computed with the widest vectors that the machine has.
pub(super) fn tag(model: &Model, words: &[u16]) -> Vec<u8> {
    if words.is_empty() {
        return Vec::new();
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return pulp::Simd::vectorize(simd, Tag { model, words, kernel: simd });
    }
    tag_with(Plain, model, words)
}

/// The work of [`tag`], compiled for a kernel's machine: what it calls is inlined for that.
#[cfg(target_arch = "x86_64")]
struct Tag<'a, K> {
    model: &'a Model,
    words: &'a [u16],
    kernel: K,
}

#[cfg(target_arch = "x86_64")]
impl<K: Kernel> pulp::WithSimd for Tag<'_, K> {
    type Output = Vec<u8>;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Vec<u8> {
        tag_with(self.kernel, self.model, self.words)
    }
}

/// [`tag`] with a kernel.
#[inline(always)]
pub(super) fn tag_with<K: Kernel>(kernel: K, model: &Model, words: &[u16]) -> Vec<u8> {
    let [first, second] = &model.layers;
    let embedded: Vec<&[i16]> = words.iter().map(|&w| model.embedding.row(w.into())).collect();
    let scales: Vec<f32> = words.iter().map(|&w| model.embedding.scale(w.into())).collect();
    let states = layer(kernel, first, &embedded, &scales, &model.tables);
    let rows: Vec<&[i16]> = states.chunks(STATES).collect();
    let scales = vec![1.0 / STATE_ONE; rows.len()];
    let states = layer(kernel, second, &rows, &scales, &model.tables);
    let mut emissions = vec![0.0; words.len() * model.tags];
    for (row, state) in emissions.chunks_mut(model.tags).zip(states.chunks(STATES)) {
        model.output.times(kernel, state, 1.0 / STATE_ONE, &model.output_bias, row);
    }
    best_path(&emissions, &model.transitions, model.tags)
}

/// States of both directions, side by side for each character.
#[inline(always)]
fn layer<K: Kernel>(
    kernel: K,
    gru: &[Gru; 2],
    inputs: &[&[i16]],
    scales: &[f32],
    tables: &Tables,
) -> Vec<i16> {
    let mut states = vec![0; inputs.len() * STATES];
    for (direction, gru) in gru.iter().enumerate() {
        let mut state = [0; HIDDEN];
        for step in 0..inputs.len() {
            let at = if direction == 0 { step } else { inputs.len() - 1 - step };
            gru.step(kernel, inputs[at], scales[at], &mut state, tables);
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
        input: &[i16],
        scale: f32,
        state: &mut [i16; HIDDEN],
        tables: &Tables,
    ) {
        let (mut x, mut h) = ([0.0; GATES], [0.0; GATES]);
        self.input.times(kernel, input, scale, &self.input_bias, &mut x);
        self.recurrent.times(kernel, state, 1.0 / STATE_ONE, &self.recurrent_bias, &mut h);
        for (i, state) in state.iter_mut().enumerate() {
            let (reset, candidate) = (i + HIDDEN, i + 2 * HIDDEN);
            let update = Tables::at(&tables.sigmoid, x[i] + h[i]);
            let reset = Tables::at(&tables.sigmoid, x[reset] + h[reset]);
            let new = Tables::at(&tables.tanh, x[candidate] + reset * h[candidate]);
            let old = f32::from(*state) / STATE_ONE;
            let mixed = (1.0 - update) * new + update * old;
            *state = (mixed * STATE_ONE) as i16;
        }
    }
}

/// Viterbi's algorithm over emissions and transitions.
fn best_path(emissions: &[f32], transitions: &[f32], tags: usize) -> Vec<u8> {
    let steps = emissions.len() / tags;
    let mut scores = emissions[..tags].to_vec();
    let mut next = vec![0.0; tags];
    let mut from = vec![0_u8; steps * tags];
    for step in 1..steps {
        next.fill(f32::NEG_INFINITY);
        let from = &mut from[step * tags..(step + 1) * tags];
        for (old, (score, row)) in (0_u8..).zip(scores.iter().zip(transitions.chunks(tags))) {
            for ((best, from), transition) in next.iter_mut().zip(from.iter_mut()).zip(row) {
                let candidate = score + transition;
                if candidate > *best {
                    (*best, *from) = (candidate, old);
                }
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
        last = from[step * tags + last].into();
    }
    path
}
