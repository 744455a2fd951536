//! Products of matrices of small integers with vectors, for the vector unit at hand.
//!
//! Sums are of integers, so their order does not matter: every kernel gives the same.

use pulp::i16x16;

use super::model_file::Matrix;

/// Outputs that are summed up side by side.
const BLOCK: usize = 64;
/// Lines of a block for a pair of inputs.
const LINES: usize = BLOCK / 16;

/// The two weights of sixteen outputs each, in one line of the cache: reading from two takes twice the
/// time.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Line([i16x16; 2]);

/// Inputs that are multiplied by the same weights at once: reading the weights takes the longest.
pub(super) const TOGETHER: usize = 4;

/// Sums of products for a block of outputs.
pub(super) trait Kernel: Copy {
    /// `block` holds [`LINES`] lines for each pair of inputs.
    fn sums(self, block: &[Line], inputs: &[i16]) -> [i32; BLOCK];

    /// [`sums`](Self::sums) of several inputs.
    #[inline(always)]
    fn sums_together(self, block: &[Line], inputs: [&[i16]; TOGETHER]) -> [[i32; BLOCK]; TOGETHER] {
        inputs.map(|input| self.sums(block, input))
    }
}

/// What every machine can do.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Kernel for Plain {
    #[inline(always)]
    fn sums(self, block: &[Line], inputs: &[i16]) -> [i32; BLOCK] {
        let mut sums = [0; BLOCK];
        let pairs = block.as_chunks::<LINES>().0.iter().zip(inputs.as_chunks::<2>().0);
        for (lines, [first, second]) in pairs {
            let weights = lines.iter().flat_map(|line| {
                let weights: [[i16; 2]; 16] = pulp::cast(line.0);
                weights
            });
            for (sum, [a, b]) in sums.iter_mut().zip(weights) {
                *sum += i32::from(a) * i32::from(*first) + i32::from(b) * i32::from(*second);
            }
        }
        sums
    }
}

/// A kernel of one instruction that multiplies pairs and adds neighbours. `$vectors` of the machine's
/// make a line; in `$parts` parts lines are summed up together for several inputs, as many as fit into
/// the registers.
#[cfg(target_arch = "x86_64")]
macro_rules! x86_kernel {
    ($simd:ty, $vectors:literal, $parts:literal, $splat:ident, $multiply:ident, $add:ident) => {
        impl Kernel for $simd {
            #[inline(always)]
            fn sums(self, block: &[Line], inputs: &[i16]) -> [i32; BLOCK] {
                let mut sums = [[self.$splat(0); $vectors]; LINES];
                let pairs = block.as_chunks::<LINES>().0.iter().zip(inputs.as_chunks::<2>().0);
                for (lines, pair) in pairs {
                    let pair = pulp::cast(self.$splat(pulp::cast(*pair)));
                    for (sums, line) in sums.iter_mut().zip(lines) {
                        let weights: [_; $vectors] = pulp::cast(line.0);
                        for (sum, weights) in sums.iter_mut().zip(weights) {
                            *sum = self.$add(*sum, self.$multiply(weights, pair));
                        }
                    }
                }
                pulp::cast(sums)
            }

            #[inline(always)]
            fn sums_together(
                self,
                block: &[Line],
                inputs: [&[i16]; TOGETHER],
            ) -> [[i32; BLOCK]; TOGETHER] {
                const PART: usize = LINES / $parts;
                let mut all = [[[self.$splat(0); $vectors]; LINES]; TOGETHER];
                for part in 0..$parts {
                    let mut sums = [[[self.$splat(0); $vectors]; PART]; TOGETHER];
                    let [a, b, c, d] = inputs.map(|input| input.as_chunks::<2>().0.iter());
                    let pairs = block.as_chunks::<LINES>().0.iter().zip(a).zip(b).zip(c).zip(d);
                    for ((((lines, a), b), c), d) in pairs {
                        let lines = &lines[part * PART..][..PART];
                        for (sums, pair) in sums.iter_mut().zip([a, b, c, d]) {
                            let pair = pulp::cast(self.$splat(pulp::cast(*pair)));
                            for (sums, line) in sums.iter_mut().zip(lines) {
                                let weights: [_; $vectors] = pulp::cast(line.0);
                                for (sum, weights) in sums.iter_mut().zip(weights) {
                                    *sum = self.$add(*sum, self.$multiply(weights, pair));
                                }
                            }
                        }
                    }
                    for (all, sums) in all.iter_mut().zip(sums) {
                        all[part * PART..][..PART].copy_from_slice(&sums);
                    }
                }
                all.map(pulp::cast)
            }
        }
    };
}

// AVX2: sixteen registers.
#[cfg(target_arch = "x86_64")]
x86_kernel!(
    pulp::x86::V3,
    2,
    4,
    splat_i32x8,
    multiply_wrapping_add_adjacent_i16x16,
    wrapping_add_i32x8
);
// AVX-512: thirty-two, twice as wide.
#[cfg(target_arch = "x86_64")]
x86_kernel!(
    pulp::x86::V4,
    1,
    1,
    splat_i32x16,
    multiply_wrapping_add_adjacent_i16x32,
    wrapping_add_i32x16
);

/// A matrix in the order in which kernels read it.
#[derive(Debug)]
pub(super) struct Packed {
    width: usize,
    weights: Vec<Line>,
    /// Of each output; zero behind the last one.
    scales: Vec<f32>,
}

impl Packed {
    /// Packs a matrix of `outputs` rows; its width is even.
    pub(super) fn new(matrix: &Matrix, outputs: usize) -> Self {
        let width = matrix.row(0).len();
        let padded = outputs.next_multiple_of(BLOCK);
        let weight = |output: usize, input: usize| {
            if output < outputs { matrix.row(output)[input] } else { 0 }
        };
        let line = |first: usize, pair: usize| {
            let weights: [i16; 32] =
                std::array::from_fn(|lane| weight(first + lane / 2, 2 * pair + lane % 2));
            Line(pulp::cast(weights))
        };
        let blocks = (0..padded).step_by(BLOCK);
        let weights = blocks.flat_map(|block| {
            (0..width / 2)
                .flat_map(move |pair| (0..LINES).map(move |number| (block + 16 * number, pair)))
        });
        let weights = weights.map(|(first, pair)| line(first, pair)).collect();
        let scale = |output| if output < outputs { matrix.scale(output) } else { 0.0 };
        Self { width, weights, scales: (0..padded).map(scale).collect() }
    }

    /// `out = bias + self × (vector × scale)`.
    #[inline(always)]
    pub(super) fn times<K: Kernel>(
        &self,
        kernel: K,
        vector: &[i16],
        scale: f32,
        bias: &[f32],
        out: &mut [f32],
    ) {
        let blocks = self.weights.chunks_exact(self.width / 2 * LINES);
        let outputs = out.chunks_mut(BLOCK).zip(bias.chunks(BLOCK)).zip(self.scales.chunks(BLOCK));
        for (block, ((out, bias), scales)) in blocks.zip(outputs) {
            add_scaled(kernel.sums(block, vector), scale, scales, bias, out);
        }
    }

    /// [`times`](Self::times) for every row of `rows`, all of one scale; `out` has a row for each.
    #[inline(always)]
    pub(super) fn times_rows<K: Kernel>(
        &self,
        kernel: K,
        rows: &[i16],
        scale: f32,
        bias: &[f32],
        out: &mut [f32],
    ) {
        let outputs = bias.len();
        let (mut rows, mut outs) = (rows.chunks_exact(self.width), out.chunks_exact_mut(outputs));
        while rows.len() >= TOGETHER {
            let together: [&[i16]; TOGETHER] =
                std::array::from_fn(|_| rows.next().unwrap_or_default());
            let mut outs: [&mut [f32]; TOGETHER] =
                std::array::from_fn(|_| outs.next().unwrap_or_default());
            let blocks = self.weights.chunks_exact(self.width / 2 * LINES);
            let parts = bias.chunks(BLOCK).zip(self.scales.chunks(BLOCK));
            for (number, (block, (bias, scales))) in blocks.zip(parts).enumerate() {
                let sums = kernel.sums_together(block, together);
                for (out, sums) in outs.iter_mut().zip(sums) {
                    let from = number * BLOCK;
                    let out = &mut out[from..outputs.min(from + BLOCK)];
                    add_scaled(sums, scale, scales, bias, out);
                }
            }
        }
        for (row, out) in rows.zip(outs) {
            self.times(kernel, row, scale, bias, out);
        }
    }
}

/// `out = bias + sums × (scales × scale)`.
#[inline(always)]
fn add_scaled(sums: [i32; BLOCK], scale: f32, scales: &[f32], bias: &[f32], out: &mut [f32]) {
    for (((out, bias), own), sum) in out.iter_mut().zip(bias).zip(scales).zip(sums) {
        *out = sum as f32 * (own * scale) + bias;
    }
}
