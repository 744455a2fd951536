//! Where a name may begin: cheap, so that the network reads only what is near such a place.
//!
//! A linear model over the characters around a place, trained by `model/train_gate.py`.

const WEIGHTS: &[u8; 1 << 16] = include_bytes!("../../model/chinese_gate.bin");
/// Sixteen is a factor of e in the odds.
const BIAS: i32 = 17;
/// Low on purpose: a name that is passed over here is never found.
const THRESHOLD: i32 = -64;

/// Whether a name may begin at `a`: `before` stands before it, `b` and `c` behind.
pub(super) fn may_begin([before, a, b, c]: [char; 4]) -> bool {
    let features: [&[char]; 7] = [&[a], &[b], &[c], &[a, b], &[b, c], &[a, b, c], &[before, a]];
    let score = (0_u32..).zip(features).map(|(number, of)| i32::from(weight(number, of)));
    score.sum::<i32>() + BIAS > THRESHOLD
}

/// The weight in the bucket of a feature: FNV-1a over its number and characters.
fn weight(number: u32, characters: &[char]) -> i8 {
    let start = 0x811c_9dc5 ^ number;
    let hash =
        characters.iter().fold(start, |hash, c| (hash ^ *c as u32).wrapping_mul(0x0100_0193));
    WEIGHTS[usize::from(((hash ^ (hash >> 15)) & 0xffff) as u16)].cast_signed()
}
