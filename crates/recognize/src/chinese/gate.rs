//! Where a name may begin: cheap, so that the network reads only what is near such a place.
//!
//! A linear model over the characters around a place, trained by `model/train_gate.py`.

const WEIGHTS: &[u8; 1 << 18] = include_bytes!("../../model/chinese_gate.bin");
/// Sixteen is a factor of e in the odds.
const BIAS: i32 = 36;
/// Low on purpose: a name that is passed over here is never found.
const THRESHOLD: i32 = -50;
/// What it counts that a word stands near beside which names stand.
const CUE: i32 = 60;

/// Whether a name may begin at `a`, with `y` and `z` before it and the others behind.
pub(super) fn may_begin([y, z, a, b, c, d]: [char; 6], is_near_cue: bool) -> bool {
    let features: [&[char]; 11] = [
        &[a],
        &[b],
        &[c],
        &[a, b],
        &[b, c],
        &[a, b, c],
        &[z, a],
        &[z],
        &[y, z],
        &[c, d],
        &[z, a, b],
    ];
    let score = (0_u32..).zip(features).map(|(number, of)| i32::from(weight(number, of)));
    let cue = if is_near_cue { CUE } else { 0 };
    score.sum::<i32>() + BIAS + cue > THRESHOLD
}

/// The weight in the bucket of a feature: FNV-1a over its number and characters.
fn weight(number: u32, characters: &[char]) -> i8 {
    let start = 0x811c_9dc5 ^ number;
    let hash =
        characters.iter().fold(start, |hash, c| (hash ^ *c as u32).wrapping_mul(0x0100_0193));
    WEIGHTS[(hash ^ (hash >> 15)) as usize % WEIGHTS.len()].cast_signed()
}
