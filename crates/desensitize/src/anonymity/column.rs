//! What may identify somebody together with other things, and how it becomes coarser.

/// A quasi-identifier with its levels.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Column {
    /// A year of birth: itself, 5, 10, 20 years, any.
    BirthYear,
    /// A gender: itself, any.
    Sex,
    /// A place, `province/city/district`: itself, without district, without city, any.
    Region,
    /// A code of ICD-10: itself, its category of three characters, its chapter, any. Other codes:
    /// themselves or any.
    Disease,
    /// A date, ISO 8601: itself, its month, its quarter, its year, any.
    Date,
}

/// What stands for any value.
const ANY: &str = "*";

/// The chapters of ICD-10 (WHO, 2019) by their first categories.
const CHAPTERS: [(&str, u8); 22] = [
    ("A00", 1),
    ("C00", 2),
    ("D50", 3),
    ("E00", 4),
    ("F00", 5),
    ("G00", 6),
    ("H00", 7),
    ("H60", 8),
    ("I00", 9),
    ("J00", 10),
    ("K00", 11),
    ("L00", 12),
    ("M00", 13),
    ("N00", 14),
    ("O00", 15),
    ("P00", 16),
    ("Q00", 17),
    ("R00", 18),
    ("S00", 19),
    ("U00", 22),
    ("V00", 20),
    ("Z00", 21),
];

impl Column {
    /// The column's name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BirthYear => "birth_year",
            Self::Sex => "sex",
            Self::Region => "region",
            Self::Disease => "disease",
            Self::Date => "date",
        }
    }

    /// Number of levels, the exact value and any value counted.
    #[must_use]
    pub const fn levels(self) -> usize {
        match self {
            Self::BirthYear | Self::Date => 5,
            Self::Sex => 2,
            Self::Region | Self::Disease => 4,
        }
    }

    /// A value, at a level from 0. What is not understood becomes any value above level 0.
    #[must_use]
    pub fn coarse(self, level: usize, value: &str) -> String {
        if level == 0 {
            return value.to_owned();
        }
        if level + 1 >= self.levels() {
            return ANY.to_owned();
        }
        let coarse = match self {
            Self::BirthYear => years(value, [5, 10, 20][level - 1]),
            Self::Sex => None,
            Self::Region => region(value, 3 - level),
            Self::Disease if level == 1 => category(value).map(str::to_owned),
            Self::Disease => chapter(value),
            Self::Date => date(value, level),
        };
        coarse.unwrap_or_else(|| ANY.to_owned())
    }
}

fn years(value: &str, width: u32) -> Option<String> {
    let first = value.parse::<u32>().ok()? / width * width;
    Some(format!("{first}-{}", first + width - 1))
}

fn region(value: &str, parts: usize) -> Option<String> {
    let kept: Vec<_> = value.split('/').take(parts).collect();
    kept.iter().any(|part| !part.is_empty()).then(|| kept.join("/"))
}

/// The first three characters of a code of ICD-10: a letter and two digits or letters.
fn category(code: &str) -> Option<&str> {
    let category = code.get(..3)?;
    let [letter, digit, _] = category.as_bytes() else { return None };
    let is_one = letter.is_ascii_uppercase()
        && digit.is_ascii_digit()
        && category.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let ends =
        code[3..].chars().next().is_none_or(|next| next == '.' || next.is_ascii_alphanumeric());
    (is_one && ends).then_some(category)
}

fn chapter(code: &str) -> Option<String> {
    let category = category(code)?;
    let (_, number) = CHAPTERS.iter().rev().find(|(first, _)| *first <= category)?;
    Some(format!("chapter {number}"))
}

fn date(value: &str, level: usize) -> Option<String> {
    let (year, month) = (value.get(..4)?, value.get(5..7)?);
    let month_number: u32 = month.parse().ok()?;
    year.parse::<u32>().ok()?;
    Some(match level {
        1 => format!("{year}-{month}"),
        2 => format!("{year} Q{}", month_number.div_ceil(3)),
        _ => year.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_coarser() {
        let levels = |column: Column, value: &str| {
            (0..column.levels()).map(|level| column.coarse(level, value)).collect::<Vec<_>>()
        };
        assert_eq!(
            levels(Column::BirthYear, "1963"),
            ["1963", "1960-1964", "1960-1969", "1960-1979", "*"]
        );
        assert_eq!(levels(Column::Sex, "female"), ["female", "*"]);
        assert_eq!(
            levels(Column::Region, "浙江省/杭州市/西湖区"),
            ["浙江省/杭州市/西湖区", "浙江省/杭州市", "浙江省", "*"]
        );
        assert_eq!(levels(Column::Disease, "I10.x05"), ["I10.x05", "I10", "chapter 9", "*"]);
        assert_eq!(levels(Column::Disease, "D37"), ["D37", "D37", "chapter 2", "*"]);
        assert_eq!(levels(Column::Disease, "A00.1")[2], "chapter 1");
        assert_eq!(levels(Column::Disease, "Z99")[2], "chapter 21");
        assert_eq!(levels(Column::Disease, "38341003"), ["38341003", "*", "*", "*"]);
        assert_eq!(
            levels(Column::Date, "2023-05-06"),
            ["2023-05-06", "2023-05", "2023 Q2", "2023", "*"]
        );
        assert_eq!(levels(Column::Date, "")[1..], ["*", "*", "*", "*"]);
    }
}
