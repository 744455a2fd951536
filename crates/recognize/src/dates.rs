//! Dates more exact than a year. What is relative (three days later) stays.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    Finding, Kind,
    checks::month_and_day,
    context::{is_han, stands_apart},
};

const MONTH: &str = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";

/// Dates that begin with a digit, matched at the start of a text.
struct Forms {
    year_first: Regex,
    year_and_month: Regex,
    month_and_year: Regex,
    chinese: Regex,
    day_or_month_first: Regex,
    day_and_word: Regex,
    compact: Regex,
}

static FORMS: LazyLock<Forms> = LazyLock::new(|| Forms {
    year_first: regex(
        r"^((?:18|19|20)\d{2}) ?[-/.] ?(\d{1,2}) ?[-/.] ?(\d{1,2})(?:(?:T|,? )\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z| ?[+-]\d{2}:?\d{2})?)?",
    ),
    // With one digit behind a hyphen LOINC's codes look like it: then a Chinese character must follow.
    year_and_month: regex(r"^(?:19|20)\d{2}(?:/\d{1,2}|[-.]\d{2}|-\d)"),
    month_and_year: regex(r"^\d{1,2}/(?:19|20)\d{2}"),
    chinese: regex(
        r"^(?:(?:(?:(?:18|19|20)?\d{2} ?年 ?)|(?:18|19|20)\d{2}[-/.])(\d{1,2}) ?月(?: ?(\d{1,2})(?: ?[、,，和至~-] ?\d{1,2})* ?[日号])?|(\d{1,2}) ?月 ?(\d{1,2})(?: ?[、,，和至~-] ?\d{1,2})* ?[日号])",
    ),
    day_or_month_first: regex(r"^(\d{1,2})([-/.])(\d{1,2})([-/.])((?:18|19|20)\d{2}|\d{2})"),
    day_and_word: regex(&format!(
        r"^(?i)\d{{1,2}}(?:st|nd|rd|th)?(?: of)?(?: |-)?(?:{MONTH})(?-u:\b)\.?,?(?:[ -]?(?:(?:18|19|20)\d{{2}}|\d{{2}}(?-u:\b)))?"
    )),
    compact: regex(r"^((?:19|20)\d{2})(\d{2})(\d{2})(?:\d{6})?"),
});

/// Dates that begin with a month's name.
static MONTH_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?i)(?-u:\b)(?:{MONTH})(?-u:\b)\.?(?:(?:,? (?:the )?|-)\d{{1,2}}(?:st|nd|rd|th)?(?-u:\b)(?:(?:,? ?|-)(?:18|19|20)\d{{2}}|,? ?['’]\d{{2}}(?-u:\b))?|,? ?['’]\d{{2}}(?-u:\b)|,? (?:of )?(?:18|19|20)\d{{2}})"
    ))
});

/// Dates in Chinese numerals, the year at times in digits or left out.
static NUMERALS: LazyLock<Regex> = LazyLock::new(|| {
    let year = r"(?:[〇零○一二三四五六七八九]{2,4}|\d{2}|\d{4})年";
    let month = "[正元一二三四五六七八九十腊]{1,2}月";
    let day = r"(?:(?:[一二三四五六七八九十廿]{1,3}|\d{1,2})[日号]|初[一二三四五六七八九十])";
    regex(&format!("{year}{month}(?:{day})?|{month}{day}"))
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the tests compile every pattern")
}

/// The length of a date at the start of a text that begins with a digit.
pub(crate) fn at_digit(rest: &str) -> Option<usize> {
    year_first(rest)
        .or_else(|| chinese(rest))
        .or_else(|| day_or_month_first(rest))
        .or_else(|| FORMS.day_and_word.find(rest).map(|found| found.end()))
        .or_else(|| compact(rest))
        .or_else(|| month_of_year(rest))
        .filter(|&len| stands_apart(rest, &(0..len)))
}

/// Adds dates that begin with words.
pub(crate) fn find_words(text: &str, findings: &mut Vec<Finding>) {
    if text.contains('月') {
        let found = NUMERALS.find_iter(text).map(|found| found.range());
        findings.extend(found.map(|range| Finding::likely(range, Kind::Date)));
    }
    let found = MONTH_FIRST.find_iter(text).map(|found| found.range());
    findings.extend(
        found
            .filter(|range| stands_apart(text, range))
            .map(|range| Finding::likely(range, Kind::Date)),
    );
}

fn number(captures: &regex::Captures<'_>, group: usize) -> Option<u32> {
    captures.get(group)?.as_str().parse().ok()
}

fn year_first(rest: &str) -> Option<usize> {
    let found = FORMS.year_first.captures(rest)?;
    month_and_day(number(&found, 2)?, number(&found, 3)?).then(|| found[0].len())
}

/// A month and a year, in figures, and no more.
fn month_of_year(rest: &str) -> Option<usize> {
    let forms = [(&FORMS.year_and_month, 1), (&FORMS.month_and_year, 0)];
    forms.into_iter().find_map(|(form, place)| {
        let len = form.find(rest)?.end();
        let month = rest[..len].split(['-', '/', '.']).nth(place)?.parse().ok()?;
        let goes_on = rest[len..].starts_with(['-', '/', '.', ':', '%'])
            && rest[len + 1..].starts_with(|c: char| c.is_ascii_digit());
        let one_digit = len == "2023-5".len() && rest[..len].contains('-');
        let is_code = one_digit && !rest[len..].starts_with(is_han);
        (month_and_day(month, 1) && !goes_on && !is_code).then_some(len)
    })
}

fn chinese(rest: &str) -> Option<usize> {
    let found = FORMS.chinese.captures(rest)?;
    let month = number(&found, 1).or_else(|| number(&found, 3))?;
    let day = number(&found, 2).or_else(|| number(&found, 4)).unwrap_or(1);
    month_and_day(month, day).then(|| found[0].len())
}

/// With dots the year must be whole: 1.5.20 is no date.
fn day_or_month_first(rest: &str) -> Option<usize> {
    let found = FORMS.day_or_month_first.captures(rest)?;
    let (first, second) = (number(&found, 1)?, number(&found, 3)?);
    let possible = month_and_day(first, second) || month_and_day(second, first);
    let one_sign = found[2] == found[4];
    let whole = &found[2] == "/" || found[5].len() == 4 || &found[2] == "-";
    let is_score = rest[found[0].len()..].starts_with('分');
    (possible && one_sign && whole && !is_score).then(|| found[0].len())
}

fn compact(rest: &str) -> Option<usize> {
    let found = FORMS.compact.captures(rest)?;
    month_and_day(number(&found, 2)?, number(&found, 3)?).then(|| found[0].len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_forms() {
        for date in [
            "2023-05-06",
            "2023/5/6",
            "2023.05.06",
            "2023年5月6日",
            "2023年5月",
            "5月6日",
            "5月6、7日",
            "09年12月",
            "05/06/23",
            "5-6-2023",
            "20230506",
            "2023-05-06T10:11:12Z",
            "2000-04-16 11:34:35",
            "6 May 2023",
            "30th May, 2022",
            "6-May-23",
            "2023-05",
            "2023/5",
            "2023-5月6日",
            "2023.05",
            "05/2023",
        ] {
            assert_eq!(at_digit(date), Some(date.len()), "{date}");
        }
        for other in [
            "120/80",
            "1.5.20",
            "13月5日",
            "38.5",
            "2023",
            "20231506",
            "3 mayors",
            "2023.5",
            "2023-15",
            "2093-3",
        ] {
            assert_eq!(at_digit(other), None, "{other}");
        }
    }

    #[test]
    fn words() {
        for date in [
            "May 30th, 2022",
            "Jul-4-2022",
            "Jan 20th '23",
            "Sept. 5",
            "March 2023",
            "二〇二三年五月六日",
            "二○○九年十二月",
            "2023年五月六日",
            "三月五号",
            "腊月初八",
            "2023年元月5日",
        ] {
            let mut findings = Vec::new();
            find_words(date, &mut findings);
            assert_eq!(findings.first().map(|f| f.range.clone()), Some(0..date.len()), "{date}");
        }
    }
}
