//! Whole-number arithmetic that is the same on every machine.

/// One, where values are kept in sixteenths.
pub(crate) const SIXTEENTHS: u64 = 16;

/// One, where values are kept in millionths.
pub(crate) const MILLION: i32 = 1_000_000;

/// log2 of a number from 1 on, in sixteenths, rounded down: the fraction by four squarings.
pub(crate) fn log2_sixteenths(value: u64) -> u64 {
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
    u64::from(whole) * SIXTEENTHS + fraction
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
}
