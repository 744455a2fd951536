//! Ages over 89, and dates that tell them (45 CFR 164.514(b)(2)(i)(C)).

use std::ops::Range;

use serde_json::{Map, Value};

/// Ages from this on are joined into one.
pub(crate) const OLD: u16 = 90;
/// No age is above.
const MAX: u16 = 130;

/// Observations of an age: LOINC and SNOMED CT.
const CODES: [&str; 7] =
    ["30525-0", "21612-7", "29553-5", "35659-2", "397669002", "424144002", "445518008"];

/// Whether an element of FHIR R4 is an age: Age, and Range or string where there may be one.
pub(crate) fn holds_age(key: &str) -> bool {
    const CHOICES: [&str; 5] = ["abatement", "age", "deceased", "onset", "performed"];
    let of = |end| key.strip_suffix(end).is_some_and(|choice| CHOICES.contains(&choice));
    key == "valueAge" || ["Age", "Range", "String"].into_iter().any(of)
}

/// Whether the value of an Observation, or of a component, is an age.
pub(crate) fn observes_age(object: &Map<String, Value>) -> bool {
    let Some(code) = object.get("code") else { return false };
    let codings = code.get("coding").and_then(Value::as_array).into_iter().flatten();
    let says_age = |value: Option<&Value>| value.and_then(Value::as_str).is_some_and(names_age);
    says_age(code.get("text"))
        || codings.into_iter().any(|it| says_age(it.get("code")) || says_age(it.get("display")))
}

/// Whether a code, or its text, is that of an age.
pub(crate) fn names_age(code: &str) -> bool {
    let code = code.trim();
    CODES.contains(&code) || code.eq_ignore_ascii_case("age") || code == "年龄"
}

/// Whether a quantity is in years, or does not say in what.
pub(crate) fn is_in_years(quantity: &Map<String, Value>) -> bool {
    let unit = ["code", "unit"].iter().find_map(|key| quantity.get(*key)?.as_str());
    unit.is_none_or(are_years)
}

/// Whether a unit is a year (UCUM, and words).
pub(crate) fn are_years(unit: &str) -> bool {
    const YEARS: [&str; 9] = ["a", "y", "yr", "yrs", "year", "years", "岁", "周岁", "年"];
    YEARS.contains(&unit.trim().to_lowercase().as_str())
}

/// Whether a number of years is an age over 89.
pub(crate) fn is_old(years: f64) -> bool {
    (f64::from(OLD)..=f64::from(MAX)).contains(&years)
}

/// Whether a text is an age over 89 in years, and nothing else.
pub(crate) fn is_old_text(text: &str) -> bool {
    text.trim().parse().is_ok_and(is_old)
}

/// Where ages over 89 stand in a text that tells an age.
pub(crate) fn old_in(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut start) = (Vec::new(), None);
    let ends = text.char_indices().map(Some).chain([None]);
    for next in ends {
        let is_digit = next.is_some_and(|(_, c)| c.is_ascii_digit());
        match (start, is_digit) {
            (None, true) => start = next.map(|(at, _)| at),
            (Some(from), false) => {
                let run = from..next.map_or(text.len(), |(at, _)| at);
                if text[run.clone()].parse().is_ok_and(is_old) {
                    found.push(run);
                }
                start = None;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_over_89_are_told_from_other_numbers() {
        let text = "died at 97, not at 89; since 1931, ward 131, 90岁";
        let found: Vec<_> = old_in(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["97", "90"]);
        assert!(old_in("").is_empty());
    }

    #[test]
    fn elements_are_told_by_their_names() {
        for key in ["onsetAge", "ageString", "deceasedRange", "valueAge"] {
            assert!(holds_age(key), "{key}");
        }
        for key in ["age", "Age", "onsetDateTime", "valueString", "referenceRange"] {
            assert!(!holds_age(key), "{key}");
        }
    }
}
