//! Words of medicine that look like names: drugs, sutures, devices, abbreviations, what is named after
//! physicians. And numbers that are measured.

use std::{collections::HashSet, ops::Range, sync::LazyLock};

use super::lists;
use crate::{Finding, Kind, context::after};

/// Names of drugs and devices in small letters, and abbreviations in capitals.
static TERMS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("../../data/english_terms.txt").lines().collect());

/// With these end words of medicine that are made of Greek ones, and names of drugs (stems of the World
/// Health Organization's international nonproprietary names).
const ENDINGS: [&str; 62] = [
    "oscopy",
    "oscope",
    "ectomy",
    "ostomy",
    "otomy",
    "oplasty",
    "orrhaphy",
    "opexy",
    "otripsy",
    "itis",
    "osis",
    "emia",
    "uria",
    "opathy",
    "ology",
    "ologic",
    "ocele",
    "ography",
    "ogram",
    "algia",
    "oblast",
    "oblasts",
    "ocyte",
    "ocytes",
    "ophil",
    "ophils",
    "plegia",
    "megaly",
    "caine",
    "cillin",
    "conazole",
    "cycline",
    "dipine",
    "dronate",
    "fenac",
    "floxacin",
    "gliflozin",
    "gliptin",
    "glitazone",
    "grastim",
    "lukast",
    "mycin",
    "olol",
    "oxetine",
    "parin",
    "platin",
    "prazole",
    "profen",
    "rubicin",
    "sartan",
    "semide",
    "setron",
    "tadine",
    "thiazide",
    "tidine",
    "tinib",
    "triptan",
    "vastatin",
    "xaban",
    "zepam",
    "ximab",
    "zumab",
];

/// Of these, what is done on a day.
const PROCEDURES: [&str; 9] =
    ["oscopy", "ectomy", "ostomy", "otomy", "oplasty", "orrhaphy", "opexy", "ography", "ogram"];

/// Physicians after whom something is named, in small letters.
static EPONYMS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("../../data/english_eponyms.txt").lines().collect());

/// What is named after them.
const NAMED: [&str; 63] = [
    "aneurysm",
    "angina",
    "anomaly",
    "catheter",
    "catheters",
    "chorea",
    "clamp",
    "clamps",
    "classification",
    "contracture",
    "criteria",
    "curette",
    "cyst",
    "defect",
    "deformity",
    "disease",
    "diverticulum",
    "drain",
    "drains",
    "esophagus",
    "fascia",
    "fistula",
    "forceps",
    "formula",
    "fracture",
    "gangrene",
    "gland",
    "goiter",
    "hernia",
    "hump",
    "lesion",
    "lesions",
    "ligament",
    "lymphoma",
    "malformation",
    "maneuver",
    "monitor",
    "needle",
    "orbit",
    "orbital",
    "palsy",
    "phenomenon",
    "point",
    "position",
    "pouch",
    "protocol",
    "reflex",
    "retractor",
    "retractors",
    "ring",
    "rings",
    "sarcoma",
    "scissors",
    "score",
    "sign",
    "stain",
    "syndrome",
    "thyroiditis",
    "triad",
    "triangle",
    "tumor",
    "tumour",
    "ulcer",
];

/// Units behind a number.
const UNITS: [&str; 44] = [
    "%", "bpm", "cc", "cc/hr", "cgy", "cm", "days", "degrees", "fr", "french", "fx", "g", "gauge",
    "gm", "gy", "hours", "inches", "iu", "j", "kg", "l", "lbs", "mcg", "mcg/hr", "mcg/min", "mci",
    "meq", "mg", "min", "minutes", "ml", "ml/hr", "mm", "mm/hr", "mmhg", "mmol", "months", "o'",
    "oz", "pounds", "seconds", "units", "weeks", "years",
];

/// Whether a finding is no more than a word of medicine or a measured number.
pub(super) fn is_clinical(text: &str, finding: &Finding) -> bool {
    let value = &text[finding.range.clone()];
    let may_be_formed = finding.kind != Kind::Organisation;
    is_measure(text, finding) || are_terms(value, may_be_formed) || is_eponym(text, &finding.range)
}

/// A number that is taken for a place, alone or with a unit, unless it may be a ZIP code.
fn is_measure(text: &str, finding: &Finding) -> bool {
    const ZIP_LEN: usize = 5;
    let value = &text[finding.range.clone()];
    let number = value.trim_end_matches(|c: char| !c.is_ascii_digit());
    let is_number = number.starts_with(|c: char| c.is_ascii_digit());
    if finding.kind == Kind::Name || !is_number || number.contains(char::is_alphabetic) {
        return false;
    }
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let unit = value[number.len()..].trim_matches([' ', '.']).to_ascii_lowercase();
    UNITS.contains(&unit.as_str()) || (!unit.contains(char::is_alphabetic) && digits != ZIP_LEN)
}

/// Whether one word is a term and the others are terms, numbers or common.
fn are_terms(value: &str, may_be_formed: bool) -> bool {
    let is_term = |word: &str| is_listed(word) || (may_be_formed && is_formed(word));
    let words = || value.split([' ', ',', '.', '/', '\n']).filter(|word| !word.is_empty());
    let is_plain = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        (digits > 0 && digits < 5) || word.len() == 1 || lists::is_common(&word.to_lowercase())
    };
    words().any(&is_term) && words().all(|word| is_term(word) || is_plain(word))
}

/// Whether a word is on the list of terms.
pub(super) fn is_listed(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    TERMS.contains(word) || TERMS.contains(word.to_lowercase().as_str())
}

/// Whether a word is of medicine: on the list, formed like one, or the name of a physician after whom
/// something is named.
pub(super) fn is_term(word: &str) -> bool {
    is_listed(word) || is_formed(word) || EPONYMS.contains(word.to_lowercase().as_str())
}

/// Whether a word in small letters ends as those of procedures do.
pub(super) fn is_procedure(word: &str) -> bool {
    PROCEDURES.iter().any(|end| word.ends_with(end))
}

/// Whether a word ends as words of medicine do.
fn is_formed(word: &str) -> bool {
    let small = word.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    let has_ending = ENDINGS.iter().any(|end| small.len() > end.len() + 2 && small.ends_with(end));
    has_ending && !lists::may_be_name(&small)
}

/// Whether a physician's name stands before what is named after it.
fn is_eponym(text: &str, range: &Range<usize>) -> bool {
    const NEAR: usize = 32;
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 1);
        words.map(str::to_lowercase).collect()
    };
    let within = words(&text[range.clone()]).len();
    match words(after(&text[range.start..], 0, range.len() + NEAR)).as_slice() {
        [name, named, ..] => {
            within <= 2 && EPONYMS.contains(name.as_str()) && NAMED.contains(&named.as_str())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(text: &str, part: &str, kind: Kind) -> bool {
        let start = text.find(part).unwrap();
        is_clinical(text, &Finding::likely(start..start + part.len(), kind))
    }

    #[test]
    fn words_of_medicine() {
        assert!(is("closed with 0 Vicryl suture.", "0 Vicryl", Kind::Address));
        assert!(is("Jackson-Pratt drain", "Jackson-Pratt", Kind::Name));
        assert!(is("history of MI, DVT, PE", "MI, DVT, PE", Kind::Address));
        assert!(is("Murphy's sign was negative", "Murphy", Kind::Name));
        assert!(is("a Foley catheter", "Foley catheter", Kind::Name));
        assert!(is("fluids at 125 cc/hr", "125", Kind::Address));
        assert!(is("49 mmHg", "49 mmHg", Kind::Address));
    }

    #[test]
    fn names_and_places() {
        assert!(!is("Murphy was seen", "Murphy", Kind::Name));
        assert!(!is("Smith's disease", "Smith", Kind::Name));
        assert!(!is("Boston 02118", "02118", Kind::Address));
        assert!(!is("Lansing, MI 48910", "Lansing, MI 48910", Kind::Address));
        assert!(!is("12 Oak Row", "12 Oak Row", Kind::Address));
        assert!(!is("MI 48910", "MI 48910", Kind::Address));
    }
}
