//! Values of fields: whether they look like what their field's name says.

use std::ops::Range;

use crate::{Kind, context::is_han};

/// The part of a field's value that is of its kind: without blanks around it, and with letters or
/// digits as that kind has them.
///
/// ```
/// use emrshare_recognize::{Kind, value_of_field};
///
/// assert_eq!(value_of_field(Kind::Id, " 0098123 "), Some(1..8));
/// assert_eq!(value_of_field(Kind::Id, "unknown"), None);
/// assert_eq!(value_of_field(Kind::Date, "19810205"), Some(0..8));
/// assert_eq!(value_of_field(Kind::Date, "12.5"), None);
/// assert_eq!(value_of_field(Kind::Age, "64"), None); // ages up to 89 say nothing of anybody
/// ```
#[must_use]
pub fn value_of_field(kind: Kind, value: &str) -> Option<Range<usize>> {
    const MOST: usize = 120; // characters
    let start = value.len() - value.trim_start().len();
    let trimmed = value.trim();
    let digits = trimmed.bytes().filter(u8::is_ascii_digit).count();
    let letters = trimmed.chars().filter(|c| c.is_alphabetic()).count();
    let is_value = match kind {
        Kind::Name => digits == 0 && letters > 1 && is_short(trimmed) && !is_nobody(trimmed),
        Kind::Id => digits > 0,
        Kind::Phone => digits > 4,
        Kind::Date => is_date(trimmed),
        Kind::Age => years(trimmed).is_some_and(|years| years > AGE_MAX),
        _ => digits + letters > 1,
    };
    (is_value && trimmed.chars().count() <= MOST).then(|| start..start + trimmed.len())
}

/// How old somebody may be said to be (45 CFR 164.514(b)(2)(i)(C)).
const AGE_MAX: u32 = 89;

/// The number that an age begins with: `93`, `93岁`, `093Y`.
fn years(age: &str) -> Option<u32> {
    let end = age.find(|c: char| !c.is_ascii_digit()).unwrap_or(age.len());
    age[..end].parse().ok().filter(|years| *years < 200)
}

/// Whether a text is no longer than a name, or a few: a sentence is none.
fn is_short(name: &str) -> bool {
    const WORDS_MAX: usize = 8;
    const HAN_MAX: usize = 6;
    let ends_sentence = |c: char| "。：:!?！？\n".contains(c);
    let parts_names = |c: char| !is_han(c);
    !name.contains(ends_sentence)
        && name.split_whitespace().count() <= WORDS_MAX
        && name.split(parts_names).all(|part| part.chars().count() <= HAN_MAX)
}

/// What stands for a name that is not known.
fn is_nobody(name: &str) -> bool {
    const NOBODY: [&str; 10] =
        ["n/a", "na", "nil", "none", "null", "unknown", "不详", "无名氏", "本人", "anonymous"];
    NOBODY.contains(&name.to_lowercase().as_str())
}

/// Whether a value is a day, with or without a time: in digits (19810205, seconds or milliseconds
/// since 1970) or with marks between them.
fn is_date(value: &str) -> bool {
    const DIGITS_MIN: usize = 5;
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if digits == value.len() {
        let is_day = value.starts_with("19") || value.starts_with("20");
        return match digits {
            8 | 12 | 14 => is_day,
            10 | 13 => true,
            _ => false,
        };
    }
    let is_part = |c: char| c.is_ascii_digit() || "-/.:,+TZ 年月日号时分秒".contains(c);
    digits >= DIGITS_MIN && value.chars().all(is_part) && value.contains(['-', '/', '.', '年'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_look_like_their_field() {
        for (kind, value) in [
            (Kind::Name, "Gwyneth Okonkwo"),
            (Kind::Name, "张伟、欧阳修文"),
            (Kind::Name, "买买提·吐尔逊"),
            (Kind::Address, "北京"),
            (Kind::Date, "20230506101500"),
            (Kind::Date, "1683341234"),
            (Kind::Date, "2023-05-06T10:15:00Z"),
            (Kind::Date, "5/2/1981"),
            (Kind::Date, "1981年2月5日"),
        ] {
            assert!(value_of_field(kind, value).is_some(), "{value}");
        }
        for (kind, value) in [
            (Kind::Name, "请注意休息多饮水"),
            (Kind::Name, "stated: patient is fine"),
            (Kind::Name, "unknown"),
            (Kind::Date, "12.5"),
            (Kind::Date, "10:15"),
            (Kind::Date, "37"),
            (Kind::Id, "yes"),
        ] {
            assert_eq!(value_of_field(kind, value), None, "{value}");
        }
    }
}
