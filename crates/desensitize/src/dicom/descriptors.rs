//! Descriptions of studies and series, of which only words stay that say what was imaged and how.
//!
//! Follows the option to clean descriptors (PS3.15, section E.3.5): scanners and people write anything
//! there, names and numbers too. What is on no list goes.

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;

/// Parts of the body, views, planes, sequences, phases: English ones in small letters, Chinese ones.
static WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("../../data/descriptors.txt").lines().collect());

/// Characters of the longest Chinese word.
const HAN_LEN_MAX: usize = 6;

/// Measures (5mm, 120 kV, 3T), gradients (b1000), dimensions (3D), kernels (B30f, Br40).
static MEASURE: LazyLock<Regex> = LazyLock::new(|| {
    let measure = r"^(?:[0-9]{1,3}(?:\.[0-9]{1,2})?(?:mm|cm|ms|s|sec|min|t|kvp?|d|ch)|b[0-9]{1,4}|[bhiqu][rfv]?[0-9]{2}[fsh]?)$";
    Regex::new(measure).expect("the expression is tested")
});

/// The words of a description that tell of nobody, in their order; `None` if there are none.
pub(super) fn cleaned(description: &str) -> Option<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '.';
    let parts = description.split(|c: char| !is_part(c));
    let kept: Vec<_> = parts.flat_map(|part| kept(part.trim_matches('.'))).collect();
    let tells = kept.iter().any(|word| word.chars().any(char::is_alphabetic));
    tells.then(|| kept.join(" "))
}

/// What stays of a word, or of a run of Chinese characters.
fn kept(part: &str) -> Vec<&str> {
    let mut kept = Vec::new();
    let mut rest = part;
    while let Some(first) = rest.chars().next() {
        let end = if first.is_ascii() {
            rest.find(|c: char| !c.is_ascii()).unwrap_or(rest.len())
        } else {
            longest_word(rest).unwrap_or(first.len_utf8())
        };
        let (word, behind) = rest.split_at(end);
        let small = word.to_ascii_lowercase();
        if WORDS.contains(small.as_str()) || MEASURE.is_match(&small) {
            kept.push(word);
        }
        rest = behind;
    }
    kept
}

/// Length in bytes of the longest word of the list that a text begins with.
fn longest_word(text: &str) -> Option<usize> {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).take(HAN_LEN_MAX);
    ends.filter(|end| WORDS.contains(&text[..*end])).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_imaged_stays() {
        let kept = |text| cleaned(text).unwrap_or_default();
        assert_eq!(kept("MRI ABDOMEN PELVIS W+WO CONT"), "MRI ABDOMEN PELVIS W WO CONT");
        assert_eq!(kept("LIVER-PELVIS/HASTE_AXIAL_P"), "LIVER PELVIS HASTE AXIAL");
        assert_eq!(kept("t2_tse_sag 3mm b1000"), "t2 tse sag 3mm b1000");
        assert_eq!(kept("胸部CT平扫+增强"), "胸部 CT 平扫 增强");
    }

    #[test]
    fn names_and_numbers_go() {
        let kept = |text| cleaned(text).unwrap_or_default();
        assert_eq!(kept("CHEST PA QUILLFEATHER, UNA 1961-03-04"), "CHEST PA");
        assert_eq!(kept("Head 8844123 by Wexcombe"), "Head");
        assert_eq!(kept("王小明头部MR"), "头部 MR");
        assert_eq!(cleaned("Quillfeather 12"), None);
        assert_eq!(cleaned(""), None);
    }

    #[test]
    fn words_are_in_small_letters_and_no_longer_than_is_looked_for() {
        for word in WORDS.iter() {
            assert_eq!(**word, word.to_ascii_lowercase());
            assert!(word.is_ascii() || word.chars().count() <= HAN_LEN_MAX, "{word}");
        }
    }
}
