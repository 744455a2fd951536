//! The bits of an entropy-coded segment (ITU-T T.87, clause 9.1).

/// Reads bits, most significant first. Behind a byte FF the next byte has seven bits: its first is
/// stuffed so that no marker appears.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    next: usize,
    /// Bits not yet taken, at the top.
    held: u64,
    count: u32,
    /// Bits that were given after the end, as zeros.
    missing: u32,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0, held: 0, count: 0, missing: 0 }
    }

    /// Whether more bits were taken than there are.
    pub(super) const fn ran_out(&self) -> bool {
        self.missing > self.count
    }

    #[inline]
    pub(super) fn bit(&mut self) -> bool {
        self.take(1) == 1
    }

    /// The next bits as a number; 32 at most.
    #[inline]
    pub(super) fn take(&mut self, length: u32) -> u32 {
        if length == 0 {
            return 0;
        }
        if self.count < length {
            self.fill();
        }
        let value = (self.held >> (64 - length)) as u32;
        self.held <<= length;
        self.count -= length;
        value
    }

    /// How many zeros stand before the next one, which is taken too; `most` if there are as many.
    #[inline]
    pub(super) fn zeros(&mut self, most: u32) -> u32 {
        let mut zeros = 0;
        loop {
            if self.count < 32 {
                self.fill();
            }
            let here = self.held.leading_zeros().min(self.count);
            if zeros + here >= most {
                self.pass_over(most - zeros);
                return most;
            }
            zeros += here;
            if here < self.count {
                self.pass_over(here + 1);
                return zeros;
            }
            self.pass_over(here);
        }
    }

    fn pass_over(&mut self, length: u32) {
        self.held = self.held.checked_shl(length).unwrap_or(0);
        self.count -= length;
    }

    /// Holds 32 bits at least.
    fn fill(&mut self) {
        while self.count <= 56 {
            let is_stuffed = self.next > 0 && self.bytes.get(self.next - 1) == Some(&0xff);
            let length = if is_stuffed { 7 } else { 8 };
            let byte = self.bytes.get(self.next).copied().unwrap_or_else(|| {
                self.missing += length;
                0
            });
            let value = u64::from(byte) & ((1 << length) - 1);
            self.held |= value << (64 - length - self.count);
            self.count += length;
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_ff_a_bit_is_stuffed() {
        let mut bits = Bits::new(&[0xff, 0x7f, 0x80]);
        assert_eq!(bits.take(15), 0x7fff);
        assert_eq!(bits.take(8), 0x80);
        assert!(!bits.ran_out());
        assert_eq!(bits.take(1), 0);
        assert!(bits.ran_out());
    }

    #[test]
    fn zeros_are_counted_up_to_a_limit() {
        let mut bits = Bits::new(&[0b0010_0000, 0, 0, 0, 0, 0, 0, 0, 0, 0b0000_0001, 0b1000_0000]);
        assert_eq!(bits.zeros(9), 2);
        assert_eq!(bits.zeros(7), 7);
        assert_eq!(bits.zeros(200), 69);
        assert!(bits.bit());
        assert!(!bits.ran_out());
    }
}
