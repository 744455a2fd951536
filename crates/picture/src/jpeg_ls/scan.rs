//! How the samples of a scan are coded (ITU-T T.87, annex A). Names in capitals are the standard's.

use super::{
    bits::Bits,
    headers::{Parameters, damaged},
};
use crate::PictureError;

/// Contexts of the regular mode: 9 x 9 x 9 gradients, of which a sign is left out.
const CONTEXTS: usize = 365;

/// J: how many bits tell the length of a run that ends early (A.2.1).
const RUN_BITS: [u32; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13,
    14, 15,
];

/// What is known of the errors in one context (A.2.1).
#[derive(Clone, Copy)]
struct Context {
    /// A: sum of the errors' sizes.
    sizes: i32,
    /// B: sum of the errors.
    errors: i32,
    /// C: how far predictions are corrected.
    correction: i32,
    /// N: how often it was met.
    count: i32,
}

/// What is known of the errors where runs end (A.7.2).
#[derive(Clone, Copy)]
struct RunContext {
    sizes: i32,
    count: i32,
    /// Nn: how many errors were negative.
    negative: i32,
}

/// Decodes lines of one scan, or of a part of it between restarts.
pub(super) struct Decoder<'a> {
    bits: Bits<'a>,
    near: i32,
    greatest: i32,
    reset: i32,
    /// RANGE: how many errors differ.
    range: i32,
    /// qbpp: the bits of an error.
    error_bits: u32,
    /// LIMIT: the most bits of a code.
    limit: u32,
    /// Of each difference of samples from `-greatest` on, its region (A.3.3).
    regions: Vec<i8>,
    contexts: Vec<Context>,
    /// Of runs whose neighbours differ, and whose neighbours are alike.
    run_contexts: [RunContext; 2],
}

/// One component's line with its neighbours: place 0 is left of it, the last is right of it.
pub(super) struct Lines {
    pub(super) above: Vec<i32>,
    pub(super) now: Vec<i32>,
    /// RUNindex.
    run: usize,
}

impl Lines {
    pub(super) fn new(width: usize) -> Self {
        Self { above: vec![0; width + 2], now: vec![0; width + 2], run: 0 }
    }

    /// Makes the line that was decoded the one above.
    pub(super) fn advance(&mut self) {
        std::mem::swap(&mut self.above, &mut self.now);
    }

    /// The samples outside that the first and the last one need (A.2.1).
    fn begin(&mut self) {
        let width = self.now.len() - 2;
        self.above[width + 1] = self.above[width];
        self.now[0] = self.above[1];
    }

    /// Left (Ra), above (Rb), above left (Rc), above right (Rd).
    #[inline]
    fn neighbours(&self, place: usize) -> [i32; 4] {
        [self.now[place - 1], self.above[place], self.above[place - 1], self.above[place + 1]]
    }
}

impl<'a> Decoder<'a> {
    pub(super) fn new(segment: &'a [u8], parameters: Parameters, near: i32) -> Self {
        let Parameters { greatest, thresholds, reset } = parameters;
        let range = (greatest + 2 * near) / (2 * near + 1) + 1;
        let error_bits = bits_of(range);
        let sample_bits = bits_of(greatest + 1).max(2);
        Self {
            bits: Bits::new(segment),
            near,
            greatest,
            reset,
            range,
            error_bits,
            limit: 2 * (sample_bits + sample_bits.max(8)),
            regions: (-greatest..=greatest).map(|d| region(d, thresholds, near)).collect(),
            contexts: vec![Context::new(range); CONTEXTS],
            run_contexts: [RunContext::new(range); 2],
        }
    }

    /// Forgets what was learnt: another part of the scan begins.
    pub(super) fn restart(&mut self, segment: &'a [u8]) {
        self.bits = Bits::new(segment);
        self.contexts.fill(Context::new(self.range));
        self.run_contexts = [RunContext::new(self.range); 2];
    }

    /// Decodes the next line of one component.
    pub(super) fn line(&mut self, lines: &mut Lines) -> Result<(), PictureError> {
        lines.begin();
        let width = lines.now.len() - 2;
        let mut place = 1;
        while place <= width {
            let neighbours = lines.neighbours(place);
            if let Some((context, sign)) = self.context(neighbours) {
                lines.now[place] = self.regular(neighbours, context, sign);
                place += 1;
                continue;
            }
            let [left, ..] = neighbours;
            let length = self.run(&mut lines.run, width + 1 - place)?;
            lines.now[place..place + length].fill(left);
            place += length;
            if place <= width {
                lines.now[place] = self.run_end(left, lines.above[place], lines.run);
                lines.run = lines.run.saturating_sub(1);
                place += 1;
            }
        }
        self.check()
    }

    /// Decodes the next line of components whose samples alternate.
    pub(super) fn joint_line(&mut self, lines: &mut [Lines]) -> Result<(), PictureError> {
        lines.iter_mut().for_each(Lines::begin);
        let width = lines[0].now.len() - 2;
        let mut place = 1;
        while place <= width {
            let is_run = lines.iter().all(|lines| self.context(lines.neighbours(place)).is_none());
            if !is_run {
                for lines in &mut *lines {
                    let neighbours = lines.neighbours(place);
                    // A component alone that is flat has context 0.
                    let (context, sign) = self.context(neighbours).unwrap_or((0, 1));
                    lines.now[place] = self.regular(neighbours, context, sign);
                }
                place += 1;
                continue;
            }
            let length = self.run(&mut lines[0].run, width + 1 - place)?;
            for lines in &mut *lines {
                let left = lines.now[place - 1];
                lines.now[place..place + length].fill(left);
            }
            place += length;
            if place <= width {
                let run = lines[0].run;
                for lines in &mut *lines {
                    let (left, above) = (lines.now[place - 1], lines.above[place]);
                    lines.now[place] = self.run_end_of_one(left, above, run);
                }
                lines[0].run = run.saturating_sub(1);
                place += 1;
            }
        }
        self.check()
    }

    fn check(&self) -> Result<(), PictureError> {
        if self.bits.ran_out() {
            return Err(damaged("the coded samples end early"));
        }
        Ok(())
    }

    /// The context of a sample and its sign; none where all is flat and a run begins (A.3).
    #[inline]
    fn context(&self, [left, above, corner, right]: [i32; 4]) -> Option<(usize, i32)> {
        let region = |d: i32| i32::from(self.regions[(d + self.greatest) as usize]);
        let [q1, q2, q3] = [region(right - above), region(above - corner), region(corner - left)];
        let number = 81 * q1 + 9 * q2 + q3;
        (number != 0).then(|| (number.unsigned_abs() as usize, number.signum()))
    }

    /// A sample of the regular mode (A.4 to A.6).
    #[inline]
    fn regular(&mut self, neighbours: [i32; 4], context: usize, sign: i32) -> i32 {
        let Context { sizes, errors, correction, count } = self.contexts[context];
        let predicted = (predicted(neighbours) + sign * correction).clamp(0, self.greatest);
        let k = golomb(sizes, count);
        let code = self.code(k, self.limit);
        let mut error = if code & 1 == 0 { code / 2 } else { -(code / 2) - 1 };
        if k == 0 && self.near == 0 && 2 * errors <= -count {
            error = -error - 1;
        }
        self.contexts[context].learn(error, 2 * self.near + 1, self.reset);
        self.corrected(predicted, sign * error)
    }

    /// How many samples of a run follow, at most `most` (A.7.1).
    fn run(&mut self, index: &mut usize, most: usize) -> Result<usize, PictureError> {
        let mut length = 0;
        while self.bits.bit() {
            let whole = 1 << RUN_BITS[*index];
            length += whole;
            if length <= most && *index < 31 {
                *index += 1;
            }
            if length >= most {
                return Ok(most);
            }
        }
        length += self.bits.take(RUN_BITS[*index]) as usize;
        if length >= most {
            return Err(damaged("a run is longer than its line"));
        }
        Ok(length)
    }

    /// The sample that ends a run (A.7.2).
    fn run_end(&mut self, left: i32, above: i32, index: usize) -> i32 {
        if (left - above).abs() <= self.near {
            let error = self.run_error(1, index);
            self.corrected(left, error)
        } else {
            self.run_end_of_one(left, above, index)
        }
    }

    /// The sample that ends a run where left and above differ, and always of several components.
    fn run_end_of_one(&mut self, left: i32, above: i32, index: usize) -> i32 {
        let sign = if above < left { -1 } else { 1 };
        let error = self.run_error(0, index);
        self.corrected(above, sign * error)
    }

    fn run_error(&mut self, kind: usize, index: usize) -> i32 {
        let RunContext { sizes, count, negative } = self.run_contexts[kind];
        let kind_bit = kind as i32;
        let k = golomb(sizes.saturating_add((count >> 1) * kind_bit), count);
        let code = self.code(k, self.limit - RUN_BITS[index] - 1);
        let mapped = code + kind_bit;
        let odd = mapped & 1;
        let size = (mapped + odd) / 2;
        let is_negative = (k != 0 || 2 * negative >= count) == (odd == 1);
        let error = if is_negative { -size } else { size };
        self.run_contexts[kind].learn(error, (code + 1 - kind_bit) >> 1, self.reset);
        error
    }

    /// A code of Golomb's, of limited length (A.5.3).
    #[inline]
    fn code(&mut self, k: u32, limit: u32) -> i32 {
        let most = limit - self.error_bits - 1;
        let zeros = self.bits.zeros(most);
        let code = if zeros < most {
            zeros << k | self.bits.take(k)
        } else {
            // The one that ends the zeros, then the error less one.
            self.bits.bit();
            self.bits.take(self.error_bits) + 1
        };
        // Greater ones are in damaged streams only.
        (code as i32).min(2 * self.range)
    }

    /// A prediction and its error, brought back into the range of samples (A.4.5).
    #[inline]
    fn corrected(&self, predicted: i32, error: i32) -> i32 {
        let step = 2 * self.near + 1;
        let value = predicted + error * step;
        let value = if value < -self.near {
            value + self.range * step
        } else if value > self.greatest + self.near {
            value - self.range * step
        } else {
            value
        };
        value.clamp(0, self.greatest)
    }
}

impl Context {
    const fn new(range: i32) -> Self {
        Self { sizes: first_sizes(range), errors: 0, correction: 0, count: 1 }
    }

    /// A.6.
    #[inline]
    fn learn(&mut self, error: i32, step: i32, reset: i32) {
        self.sizes = self.sizes.saturating_add(error.abs());
        self.errors += error * step;
        if self.count == reset {
            self.sizes >>= 1;
            self.errors >>= 1;
            self.count >>= 1;
        }
        self.count += 1;
        if self.errors <= -self.count {
            self.errors = (self.errors + self.count).max(1 - self.count);
            self.correction = (self.correction - 1).max(-128);
        } else if self.errors > 0 {
            self.errors = (self.errors - self.count).min(0);
            self.correction = (self.correction + 1).min(127);
        }
    }
}

impl RunContext {
    const fn new(range: i32) -> Self {
        Self { sizes: first_sizes(range), count: 1, negative: 0 }
    }

    fn learn(&mut self, error: i32, size: i32, reset: i32) {
        self.negative += i32::from(error < 0);
        self.sizes = self.sizes.saturating_add(size);
        if self.count == reset {
            self.sizes >>= 1;
            self.count >>= 1;
            self.negative >>= 1;
        }
        self.count += 1;
    }
}

/// What is expected of a sample: the median edge detector (A.4.1).
#[inline]
fn predicted([left, above, corner, _]: [i32; 4]) -> i32 {
    if corner >= left.max(above) {
        left.min(above)
    } else if corner <= left.min(above) {
        left.max(above)
    } else {
        left + above - corner
    }
}

/// What errors are expected to add up to at first (A.2.1).
const fn first_sizes(range: i32) -> i32 {
    let sizes = (range + 32) / 64;
    if sizes < 2 { 2 } else { sizes }
}

/// k: the least with `count << k >= sizes`.
#[inline]
fn golomb(sizes: i32, count: i32) -> u32 {
    let (sizes, count) = (i64::from(sizes), i64::from(count));
    (0..24).find(|k| count << k >= sizes).unwrap_or(24)
}

/// The bits that so many values need.
const fn bits_of(values: i32) -> u32 {
    32 - (values - 1).leading_zeros()
}

/// A.3.3.
fn region(difference: i32, [t1, t2, t3]: [i32; 3], near: i32) -> i8 {
    let size = difference.abs();
    let region = match size {
        _ if size <= near => 0,
        _ if size < t1 => 1,
        _ if size < t2 => 2,
        _ if size < t3 => 3,
        _ => 4,
    };
    if difference < 0 { -region } else { region }
}
