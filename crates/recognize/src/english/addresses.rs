//! Addresses that the tagger saw in parts, made whole.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use crate::{
    Finding, Kind,
    context::{before, stands_apart},
};

/// Postal codes of the United Kingdom (SW1A 1AA) and Canada (M5V 2T6), in capitals, and those of the
/// United States behind a state (CA 92840-1234).
static POSTAL_CODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        "[A-Z]{{1,2}}[0-9][A-Z0-9]? [0-9][A-Z]{{2}}|[A-Z][0-9][A-Z] [0-9][A-Z][0-9]|\
        (?:{STATES}),? [0-9]{{5}}(?:-[0-9]{{4}})?"
    ))
    .expect("a fixed pattern")
});

/// A house number, at times a direction, a name, and what it is the name of.
static STREET: LazyLock<Regex> = LazyLock::new(|| {
    let kinds = "St|Street|Ave|Avenue|Rd|Road|Blvd|Boulevard|Ln|Lane|Dr|Drive|Ct|Court|Pl|Place|Ter|Terrace|Cir|Circle|\
        Pkwy|Parkway|Hwy|Highway|Sq|Square|Trl|Trail|Way|Cres|Crescent|Mews|Grove|Gardens|Close";
    Regex::new(&format!(
        r"\d{{1,6}} (?:[NSEW]{{1,2}}\.? )?(?:\p{{Lu}}[\p{{L}}'’-]+ ){{1,4}}(?:{kinds})(?-u:\b)"
    ))
    .expect("a fixed pattern")
});

/// The states of the United States, with the capital's district.
const STATES: &str = "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|\
    T[NX]|UT|V[AT]|W[AIVY]";

/// A town with its state, and at times a code, behind a street: 12 Union Sq[, Hudson, MA].
static TOWN: LazyLock<Regex> = LazyLock::new(|| {
    let town = r"\p{Lu}[\p{L}'’-]+(?: \p{Lu}[\p{L}'’-]+){0,2}";
    Regex::new(&format!(r"^\.?,? {town},? (?:{STATES})(?-u:\b)(?: \d{{5}}(?:-\d{{4}})?(?-u:\b))?"))
        .expect("a fixed pattern")
});

/// A town before a postal code: Newcastle upon Tyne NE1 4LP.
static TOWN_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    let word = r"\p{Lu}[\p{L}'’-]+,? ";
    Regex::new(&format!("{word}(?:(?:{word}|(?:upon|on|under|le|by|in) ){{0,2}}{word})?$"))
        .expect("a fixed pattern")
});

/// Words that stand within an address, and for nothing by themselves.
const WITHIN: [&str; 26] = [
    "apartment",
    "apt",
    "ave",
    "avenue",
    "blvd",
    "boulevard",
    "close",
    "court",
    "drive",
    "flat",
    "floor",
    "hwy",
    "highway",
    "lane",
    "ln",
    "parkway",
    "pl",
    "place",
    "rd",
    "road",
    "square",
    "st",
    "str",
    "street",
    "suite",
    "unit",
];

/// Words behind a place's name that make a house of it.
const HOUSES: [&str; 10] = [
    "branch", "campus", "center", "centre", "clinic", "facility", "hospital", "hosp", "office",
    "practice",
];

/// Joins addresses between which only signs, numbers, codes of states and words like `Apt.` stand,
/// and takes in such words behind an address. One of two must have a number: `Paris, Lyon` are two.
/// Two streets that meet at a corner are one place, and so is a house or street with its town.
pub(super) fn make_whole(text: &str, findings: &mut Vec<Finding>) {
    let mut whole: Vec<Finding> = Vec::with_capacity(findings.len());
    for mut finding in findings.drain(..) {
        if finding.kind == Kind::Address {
            finding.range.end += words_behind(&text[finding.range.end..]);
            finding.range.start -= corner_before(&text[..finding.range.start]);
        }
        match whole.last_mut() {
            Some(last)
                if is_one_address(text, last, &finding)
                    || is_corner(text, last, &finding)
                    || is_in_town(text, last, &finding) =>
            {
                last.range.end = finding.range.end.max(last.range.end);
            }
            _ => whole.push(finding),
        }
    }
    *findings = whole;
}

/// Adds streets with house numbers; `Dr` before a name is a title. Findings stay in order.
pub(super) fn find_streets(text: &str, findings: &mut Vec<Finding>) {
    let is_title = |range: &Range<usize>| {
        let behind = text[range.end..].trim_start_matches(['.', ' ']);
        text[range.clone()].ends_with(" Dr") && behind.starts_with(char::is_uppercase)
    };
    let streets = STREET.find_iter(text).map(|found| found.range());
    let streets = streets.filter(|range| stands_apart(text, range) && !is_title(range));
    let streets = streets.map(|street| {
        let town = TOWN.find(&text[street.end..]).map_or(0, |town| town.end());
        street.start..street.end + town
    });
    findings.extend(streets.map(|range| Finding::likely(range, Kind::Address)));
    findings.sort_by_key(|finding| finding.range.start);
}

/// Adds postal codes that tell what they are by their form, with the town right before them.
pub(super) fn find_postal_codes(text: &str, findings: &mut Vec<Finding>) {
    const TOWN_LEN: usize = 48;
    let codes = POSTAL_CODE.find_iter(text).map(|found| found.range());
    let apart = codes.filter(|range| stands_apart(text, range));
    findings.extend(apart.map(|code| {
        let town = TOWN_BEFORE.find(before(text, code.start, TOWN_LEN));
        let start = code.start - town.map_or(0, |town| town.len());
        Finding::likely(start..code.end, Kind::Address)
    }));
}

fn is_one_address(text: &str, first: &Finding, second: &Finding) -> bool {
    let has_number = |found: &Finding| text[found.range.clone()].contains(|c: char| c.is_numeric());
    first.kind == Kind::Address
        && second.kind == Kind::Address
        && (has_number(first) || has_number(second))
        && text.get(first.range.end..second.range.start).is_none_or(is_gap)
}

fn is_corner(text: &str, first: &Finding, second: &Finding) -> bool {
    first.kind == Kind::Address
        && second.kind == Kind::Address
        && text[first.range.clone()].to_ascii_lowercase().contains("corner of ")
        && text
            .get(first.range.end..second.range.start)
            .is_some_and(|gap| gap.trim_matches(['.', ' ']).eq_ignore_ascii_case("and"))
}

/// Whether the first is a house or a street, and the second the town that it is in.
fn is_in_town(text: &str, first: &Finding, second: &Finding) -> bool {
    let is_place = |finding: &Finding| finding.kind == Kind::Address;
    let last_word = text[first.range.clone()].rsplit(|c: char| !c.is_alphabetic()).next();
    let last_word = last_word.unwrap_or_default().to_ascii_lowercase();
    let is_house = HOUSES.contains(&last_word.as_str()) || WITHIN.contains(&last_word.as_str());
    let gap = text.get(first.range.end..second.range.start);
    is_place(first) && is_place(second) && (gap == Some(" in ") || (is_house && gap == Some(", ")))
}

/// Bytes of `the corner of ` before an address.
fn corner_before(before: &str) -> usize {
    const CORNER: &str = "the corner of ";
    let tail = before.len().checked_sub(CORNER.len()).and_then(|at| before.get(at..));
    if tail.is_some_and(|tail| tail.eq_ignore_ascii_case(CORNER)) { CORNER.len() } else { 0 }
}

/// Whether what stands between two parts of an address can be part of it.
fn is_gap(gap: &str) -> bool {
    const LEN_MAX: usize = 24;
    let mut words = gap.split(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | '#' | '-'));
    gap.len() <= LEN_MAX && words.all(|word| word.is_empty() || is_within(word))
}

fn is_within(word: &str) -> bool {
    let is_state = word.len() <= 3 && word.bytes().all(|b| b.is_ascii_uppercase());
    let is_number = word.bytes().all(|b| b.is_ascii_digit());
    is_state || is_number || WITHIN.contains(&word.to_ascii_lowercase().as_str())
}

/// Whether a word stands within addresses.
pub(super) fn is_word(word: &str) -> bool {
    WITHIN.contains(&word.to_ascii_lowercase().as_str())
}

/// Bytes of the words of an address that follow at once.
fn words_behind(rest: &str) -> usize {
    let mut len = 0;
    while let Some(next) = rest[len..].strip_prefix(' ') {
        let word = next.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        let small = word.to_ascii_lowercase();
        if !WITHIN.contains(&small.as_str()) && !HOUSES.contains(&small.as_str()) {
            break;
        }
        len += 1 + word.len();
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found_by;

    fn whole(text: &str, parts: &[&str]) -> Vec<String> {
        let range = |part: &&str| {
            let start = text.find(part).unwrap();
            start..start + part.len()
        };
        let mut findings: Vec<_> =
            parts.iter().map(|part| Finding::likely(range(part), Kind::Address)).collect();
        make_whole(text, &mut findings);
        findings.into_iter().map(|found| text[found.range].to_owned()).collect()
    }

    #[test]
    fn parts_of_one_address_are_joined() {
        let text = "to 462 Stubengraben Apt. 608\nDusino, AT 31295 today";
        assert_eq!(
            whole(text, &["462 Stubengraben", "Dusino", "31295"]),
            ["462 Stubengraben Apt. 608\nDusino, AT 31295"]
        );
        let text = "at the corner of 4 Oak Row and Elm Street today";
        assert_eq!(whole(text, &["4 Oak Row", "Elm"]), ["the corner of 4 Oak Row and Elm Street"]);
        assert_eq!(whole("231 Lawson Street, Rome", &["231 Lawson"]), ["231 Lawson Street"]);
    }

    #[test]
    fn a_house_is_one_place_with_its_town() {
        let text = "seen at Memorial Hospital in Atlanta today";
        assert_eq!(whole(text, &["Memorial", "Atlanta"]), ["Memorial Hospital in Atlanta"]);
        let text = "at our Denver clinic, from Elm Street, Boston";
        assert_eq!(
            whole(text, &["Denver", "Elm Street", "Boston"]),
            ["Denver clinic", "Elm Street, Boston"]
        );
    }

    #[test]
    fn streets_with_house_numbers() {
        let found = |text| found_by(find_streets, text);
        assert_eq!(
            found("at 4417 N. Whispering Pines Ct, Unit 12"),
            ["4417 N. Whispering Pines Ct"]
        );
        assert_eq!(found("at 12 Oak Dr, seen at 3 Today Dr. Smith said"), ["12 Oak Dr"]);
        assert_eq!(found("cc 12 Union Sq, Hudson, MA."), ["12 Union Sq, Hudson, MA"]);
    }

    #[test]
    fn postal_codes_with_their_towns() {
        let found = |text| found_by(find_postal_codes, text);
        assert_eq!(found("at Newcastle upon Tyne NE1 4LP."), ["Newcastle upon Tyne NE1 4LP"]);
        assert_eq!(found("in Garden Grove CA 92840-1234"), ["Garden Grove CA 92840-1234"]);
        assert_eq!(found("Ca 92840, L4 5AB1, MA 0211"), [""; 0]);
    }

    #[test]
    fn two_places_stay_two() {
        assert_eq!(whole("from Paris, Lyon", &["Paris", "Lyon"]), ["Paris", "Lyon"]);
        let text = "12 High Lane. She likes 4 Oak Row";
        assert_eq!(whole(text, &["12 High Lane", "4 Oak Row"]), ["12 High Lane", "4 Oak Row"]);
    }
}
