//! Names behind labels: Patient: DOE, JANE.

use std::sync::LazyLock;

use regex::Regex;

use super::{clinical, lists};
use crate::{Finding, Kind};

static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
    let name = "patient(?:'s)? name|name of patient|(?:full|first|last|given|family|middle|maiden) name|surname|patient";
    let staff = "attending|(?:(?:attending|primary care|referring|ordering|admitting|consulting|treating|discharging) )?(?:physician|provider|surgeon)|\
        pcp|assistant|an(?:a)?esthesiologist|radiologist|pathologist|interpreter|\
        (?:dictated|transcribed|reviewed|verified|reported|prepared|authored|(?:electronically )?signed) by";
    let others = "emergency contact|next of kin|guardian|caregiver|witness|guarantor|insured|attn";
    let label = format!(r"(?i:(?-u:\b)(?:{name}|{staff}|{others}|name)\s?:)");
    let word = r"\p{Lu}[\p{L}'’-]*(?:\.\p{Lu})*\.?";
    Regex::new(&format!(r"(?:{label})[ \t]*(?P<v>{word}(?:(?:, ?| ){word}){{0,4}})"))
        .expect("a fixed pattern")
});

/// What is named with a name and is no person: Test Name.
const OTHER_NAMES: [&str; 18] = [
    "brand",
    "clinic",
    "device",
    "drug",
    "exam",
    "facility",
    "file",
    "generic",
    "hospital",
    "item",
    "medication",
    "procedure",
    "product",
    "program",
    "study",
    "test",
    "trade",
    "user",
];

/// Letters behind the name of a person who has a degree or a licence.
const CREDENTIALS: [&str; 12] =
    ["MD", "DO", "RN", "NP", "PA", "PHD", "MBBS", "DDS", "LPN", "CRNA", "FACS", "FRCS"];

/// Adds what stands behind a label and is no common words.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    for captures in LABELLED.captures_iter(text) {
        let (Some(whole), Some(value)) = (captures.get(0), captures.name("v")) else { continue };
        let before = text[..whole.start()].trim_end_matches(' ');
        let word = before.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        let len = without_credentials(without_label(value.as_str(), &text[value.end()..]));
        let range = value.start()..value.start() + len;
        if !OTHER_NAMES.contains(&word.to_lowercase().as_str()) && is_name(&text[range.clone()]) {
            findings.push(Finding::likely(range, Kind::Name));
        }
    }
}

/// A value without its last word if that is the next label: Jane Doe Sex: F.
fn without_label<'v>(value: &'v str, rest: &str) -> &'v str {
    if !rest.trim_start_matches(' ').starts_with(':') {
        return value;
    }
    value.rsplit_once(' ').map_or("", |(head, _)| head)
}

fn without_credentials(value: &str) -> usize {
    let mut kept = value;
    while let Some((head, last)) = kept.rsplit_once(' ') {
        let letters = last.replace(['.', ','], "").to_uppercase();
        if !CREDENTIALS.contains(&letters.as_str()) {
            break;
        }
        kept = head.trim_end_matches([',', ' ']);
    }
    kept.trim_end_matches('.').len()
}

/// Whether one of the words is on a list of names, or is long and on no list, and none is a term
/// or, unless a comma parts family and given name, a common word.
fn is_name(value: &str) -> bool {
    let words = || value.split([' ', ',', '.']).filter(|word| !word.is_empty());
    let is_ordinary = words().any(clinical::is_listed)
        || (!value.contains(',') && words().any(|word| lists::is_common(&word.to_lowercase())));
    !is_ordinary
        && words().any(|word| {
            let small = word.to_lowercase();
            let is_abbreviation = word.chars().count() < 4;
            lists::may_be_name(&small) || !(is_abbreviation || lists::is_known(&small))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found_by;

    fn found(text: &str) -> Vec<&str> {
        found_by(find, text)
    }

    #[test]
    fn names_behind_labels() {
        assert_eq!(found("PATIENT: DOE, JANE  MRN 445566"), ["DOE, JANE"]);
        assert_eq!(found("Attending: Ashworth K. Cole, M.D.\n"), ["Ashworth K. Cole"]);
        assert_eq!(found("Electronically signed by: Okafor, RN"), ["Okafor"]);
        assert_eq!(found("ID:20230506 NAME:ZZYZX QRS SEX:M"), ["ZZYZX QRS"]);
    }

    #[test]
    fn other_words_behind_labels() {
        for text in [
            "PATIENT: DENIES CHEST PAIN",
            "Provider: Family Medicine",
            "Test Name: Hemoglobin",
            "the patient: CT, MRI",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
