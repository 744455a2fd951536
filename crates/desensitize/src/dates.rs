//! Dates as people and machines write them: moved, or less exact, in the same form.

use std::{ops::Range, sync::LazyLock};

use regex::{Captures, Regex};
use time::{Date, Duration, Month};

/// The forms that are read. `a` and `b` are month and day in an order that the numbers tell.
static FORMS: LazyLock<[Regex; 6]> = LazyLock::new(|| {
    [
        r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})(?:[-/.](?P<d>\d{1,2}))?(?:[T ].*)?$",
        r"^(?P<y>\d{4})(?P<m>\d{2})(?:(?P<d>\d{2})(?:\d{2,6}.*)?)?$",
        r"^(?P<y>\d{4}) ?年 ?(?P<m>\d{1,2}) ?月(?: ?(?P<d>\d{1,2}) ?[日号])?.*$",
        r"^(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<y>\d{4}|\d{2})(?:[ ,].*)?$",
        r"^(?P<n>[A-Za-z]{3,9})\.? (?P<d>\d{1,2})(?P<o>st|nd|rd|th)?,? (?P<y>\d{4})(?:[ ,].*)?$",
        r"^(?P<d>\d{1,2})(?P<o>st|nd|rd|th)? (?:of )?(?P<n>[A-Za-z]{3,9})\.?,? (?P<y>\d{4})(?:[ ,].*)?$",
    ]
    .map(|form| Regex::new(form).expect("the tests compile every pattern"))
});

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A date and where its parts stand.
struct Written<'t> {
    text: &'t str,
    date: Date,
    year: Range<usize>,
    month: Range<usize>,
    day: Option<Range<usize>>,
    /// The letters of an ordinal.
    ordinal: Option<Range<usize>>,
    /// Which of the forms.
    form: usize,
}

/// The date moved by some days, in the same form; one without a day moves by its middle, a year
/// alone stays. `None` if it is not understood.
pub(crate) fn shift(text: &str, days: i64) -> Option<String> {
    if is_year(text) {
        return Some(text.to_owned());
    }
    let written = Written::read(text)?;
    Some(written.with(written.date.checked_add(Duration::days(days))?))
}

/// Year and month, in the same form.
pub(crate) fn month(text: &str) -> Option<String> {
    if is_year(text) {
        return Some(text.to_owned());
    }
    let written = Written::read(text)?;
    let (year, month) = (&text[written.year.clone()], &text[written.month.clone()]);
    Some(match written.form {
        0 => text[..written.month.end].to_owned(),
        1 => format!("{year}{month}"),
        2 => format!("{year}年{month}月"),
        3 => format!("{month}/{year}"),
        _ => format!("{month} {year}"),
    })
}

/// The four digits of a year, if a date has them.
pub(crate) fn year(date: &str) -> Option<String> {
    let digits: String = date.chars().map(|c| if c.is_ascii_digit() { c } else { ' ' }).collect();
    let year = digits.split_whitespace().find_map(|run| match run.len() {
        4 => Some(run),
        8 | 14 => run.get(..4),
        6 | 10 | 12 if run.starts_with("19") || run.starts_with("20") => run.get(..4),
        _ => None,
    })?;
    Some(year.to_owned())
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl<'t> Written<'t> {
    fn read(text: &'t str) -> Option<Self> {
        FORMS
            .iter()
            .enumerate()
            .find_map(|(form, regex)| Self::from_parts(text, form, &regex.captures(text)?))
    }

    fn from_parts(text: &'t str, form: usize, parts: &Captures<'_>) -> Option<Self> {
        let part = |name| parts.name(name).map(|part| part.range());
        let number = |range: &Range<usize>| text[range.clone()].parse::<u8>().ok();
        let year = part("y")?;
        let (month, day) = match (part("a"), part("b")) {
            (Some(a), Some(b)) if number(&a)? > 12 => (b, Some(a)),
            (Some(a), Some(b)) => (a, Some(b)),
            _ => (part("m").or_else(|| part("n"))?, part("d")),
        };
        let number_of_month = number(&month).or_else(|| named(&text[month.clone()]))?;
        let number_of_day = day.as_ref().map_or(Some(15), number)?;
        let full_year = match text[year.clone()].parse::<i32>().ok()? {
            short @ 0..30 if year.len() == 2 => 2000 + short,
            short if year.len() == 2 => 1900 + short,
            full => full,
        };
        let month_of_year = Month::try_from(number_of_month).ok()?;
        let date = Date::from_calendar_date(full_year, month_of_year, number_of_day).ok()?;
        Some(Self { text, date, year, month, day, ordinal: part("o"), form })
    }

    /// The same text with another date in it.
    fn with(&self, date: Date) -> String {
        let number = |range: &Range<usize>, value: i32| {
            let (width, modulus) = (range.len(), if range.len() == 2 { 100 } else { 10_000 });
            format!("{:0width$}", value % modulus)
        };
        let month = &self.text[self.month.clone()];
        let month = if month.starts_with(|c: char| c.is_ascii_digit()) {
            number(&self.month, i32::from(u8::from(date.month())))
        } else {
            name_like(date.month(), month)
        };
        let mut parts =
            vec![(self.year.clone(), number(&self.year, date.year())), (self.month.clone(), month)];
        if let Some(day) = &self.day {
            parts.push((day.clone(), number(day, i32::from(date.day()))));
        }
        if let Some(letters) = &self.ordinal {
            parts.push((letters.clone(), ordinal(date.day()).to_owned()));
        }
        parts.sort_by_key(|(range, _)| range.start);
        let mut text = String::with_capacity(self.text.len() + 8);
        let mut done = 0;
        for (range, value) in parts {
            text.push_str(&self.text[done..range.start]);
            text.push_str(&value);
            done = range.end;
        }
        text + &self.text[done..]
    }
}

const fn ordinal(day: u8) -> &'static str {
    match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    }
}

/// The number of a month whose name begins so.
fn named(name: &str) -> Option<u8> {
    let begins =
        |month: &str| month.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
    let at = MONTHS.into_iter().position(begins)?;
    u8::try_from(at + 1).ok()
}

/// A month's name, whole or short, with a capital or in capitals, as another was written.
fn name_like(month: Month, other: &str) -> String {
    let name = MONTHS[usize::from(u8::from(month)) - 1];
    let was_whole = MONTHS.iter().any(|whole| whole.eq_ignore_ascii_case(other));
    let name = if was_whole { name } else { &name[..3] };
    if other.chars().all(char::is_uppercase) {
        name.to_uppercase()
    } else if other.starts_with(char::is_lowercase) {
        name.to_lowercase()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_move_in_their_form() {
        for (text, moved) in [
            ("2023-05-06", "2023-06-15"),
            ("2023-05-06T10:11:12+08:00", "2023-06-15T10:11:12+08:00"),
            ("2023/5/6", "2023/6/15"),
            ("2023-05", "2023-06"),
            ("2023", "2023"),
            ("20230506", "20230615"),
            ("202305061011", "202306151011"),
            ("2023年5月6日", "2023年6月15日"),
            ("2023 年 12 月 30 号", "2024 年 02 月 08 号"),
            ("5/6/2023", "6/15/2023"),
            ("26/06/23", "05/08/23"),
            ("March 15, 2024", "April 24, 2024"),
            ("15 Mar 2024", "24 Apr 2024"),
            ("1st of MAY 2024", "10th of JUNE 2024"),
        ] {
            assert_eq!(shift(text, 40).as_deref(), Some(moved), "{text}");
        }
        for text in ["2023-13-01", "yesterday", "31/31/2023", "二〇二三年五月", "may 99, 2020"]
        {
            assert_eq!(shift(text, 40), None, "{text}");
        }
    }

    #[test]
    fn months_and_years_stay() {
        for (text, less) in [
            ("2023-05-06T10:11", "2023-05"),
            ("20230506", "202305"),
            ("2023年5月6日上午", "2023年5月"),
            ("5/6/2023", "5/2023"),
            ("March 15, 2024", "March 2024"),
        ] {
            assert_eq!(month(text).as_deref(), Some(less));
        }
        assert_eq!(year("1963-07-04").as_deref(), Some("1963"));
        assert_eq!(year("202305").as_deref(), Some("2023"));
        assert_eq!(year("5/6/23"), None);
    }
}
