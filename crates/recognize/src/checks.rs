//! Check digits.

/// The check digit of a resident identity number (GB 11643-1999; ISO 7064, MOD 11-2): 18 digits,
/// the last of which may be X.
pub(crate) fn resident_id(number: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let [digits @ .., last] = number else { return false };
    if digits.len() != WEIGHTS.len() || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, w)| u32::from(digit - b'0') * w).sum();
    b"10X98765432"[(sum % 11) as usize] == last.to_ascii_uppercase()
}

/// The check digit of payment cards (ISO/IEC 7812-1, annex B): digits only.
pub(crate) fn luhn(number: &[u8]) -> bool {
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let doubled = u32::from(digit.wrapping_sub(b'0')) * if place % 2 == 1 { 2 } else { 1 };
            doubled / 10 + doubled % 10
        })
        .sum();
    number.iter().all(u8::is_ascii_digit) && sum.is_multiple_of(10)
}

/// Whether month and day can be: 1 to 12 and 1 to 31.
pub(crate) const fn month_and_day(month: u32, day: u32) -> bool {
    month >= 1 && month <= 12 && day >= 1 && day <= 31
}

/// Check digits of an international bank account number (ISO 13616, ISO/IEC 7064 MOD 97-10).
pub(crate) fn iban(number: &[u8]) -> bool {
    let Some((head, body)) = number.split_at_checked(4) else { return false };
    let is_headed =
        head[..2].iter().all(u8::is_ascii_alphabetic) && head[2..].iter().all(u8::is_ascii_digit);
    let add = |sum: u32, byte: &u8| match char::from(*byte).to_digit(36) {
        Some(value @ 10..) => (sum * 100 + value) % 97,
        Some(value) => (sum * 10 + value) % 97,
        None => 0,
    };
    is_headed && body.iter().chain(head).fold(0, add) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ibans() {
        assert!(iban(b"GB82WEST12345698765432") && iban(b"gb82west12345698765432"));
        assert!(!iban(b"GB82WEST12345698765433") && !iban(b"GB8") && !iban(b"8282WEST1234569876"));
    }

    #[test]
    fn known_numbers() {
        assert!(resident_id(b"11010519491231002X"));
        assert!(!resident_id(b"110105194912310021"));
        assert!(luhn(b"4111111111111111"));
        assert!(!luhn(b"4111111111111112"));
    }
}
