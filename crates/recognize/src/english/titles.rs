//! Names behind titles: Mrs. Ashworth, Dr. E. van der Berg, dr patel.

use std::sync::LazyLock;

use regex::Regex;

use super::{addresses, clinical, lists};
use crate::{Finding, Kind};

static TITLED: LazyLock<Regex> = LazyLock::new(|| {
    let of_care = "Nurse Practitioner|Nurse|A/Prof|Chaplain";
    let of_church = "Rev|Reverend|Pastor|Rabbi|Imam|Fr|Sr";
    let of_service = "Officer|Trooper|Detective|Det|Deputy|Sheriff|Judge|Coach|Sgt|SGT|Sergeant|Capt|CPT|Captain|Lt|Cpl|Pvt|Private|Major";
    let of_lands = "Smt|Shri|Mdm|Mme|Señora?|Sra|Don|Doña|Herr|Frau";
    let other = format!("{of_care}|{of_church}|{of_service}|{of_lands}");
    let title = format!(
        "(?:Mr|Mister|Mrs|Ms|Miss|Dr|Drs|Prof|Professor|(?P<loud>MRS|DR|DRS|PROF)|(?P<other>{other})|(?P<brief>NP|PA))"
    );
    let particle = "(?:van|von|der|den|de|da|del|della|di|du|la|le|al|el|bin|ter|ten|dos) ";
    let word = r"\p{Lu}[\p{L}'’-]+";
    let initial = r"\p{Lu}(?-u:\b)\.?";
    let nickname = format!(r"(?:[(“‘\x22]{word}[)”’\x22]\s)");
    let name = format!(
        r"(?:{particle})*(?:{word}|{initial})(?:\s(?:{initial}\s)?{nickname}?(?:{particle})*{word})?"
    );
    let number = "(?: (?:Jr|Sr|II|III|IV)(?-u:\\b))?";
    Regex::new(&format!(
        r"(?-u:\b)(?:{title}(?-u:\b)\.?|(?P<dotted>(?:MR|MS)\.))\s+(?P<name>{name}{number})"
    ))
    .expect("a fixed pattern")
});

/// With these begin sentences behind an initial, in small letters.
const BEGINNINGS: [&str; 10] =
    ["he", "her", "his", "it", "she", "that", "the", "their", "they", "this"];

/// In small letters.
static SMALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)(?:mr|mrs|ms|miss|dr|drs|prof)(?:\. ?| )(?P<first>\p{Ll}[\p{Ll}'-]+)(?P<second> \p{Ll}[\p{Ll}'-]+)?")
        .expect("a fixed pattern")
});

/// Adds what stands behind a title, with the title, and no word of an address.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    for captures in TITLED.captures_iter(text) {
        let (Some(whole), Some(name)) = (captures.get(0), captures.name("name")) else { continue };
        let first = first_word(name.as_str());
        // Nurse Practitioner is a profession, Private Insurance and PA Catheter are no persons.
        let is_no_name = lists::is_common(&first) || clinical::is_listed(&first);
        if (captures.name("other").is_some() && is_no_name)
            || (captures.name("brief").is_some() && !lists::is_name(&first))
        {
            continue;
        }
        let is_loud = captures.name("loud").or_else(|| captures.name("dotted")).is_some();
        let mut words = name.as_str().split_inclusive(char::is_whitespace);
        let mut initial = false;
        let is_name = |word: &&str| {
            let word = word.trim_end();
            let small = word.to_lowercase();
            // Ms. A. She came alone. DR. SMITH NOTIFIED.
            let is_other = (initial && BEGINNINGS.contains(&small.as_str()))
                || (is_loud && lists::is_common(&small));
            initial = word.chars().filter(|c| c.is_alphabetic()).count() == 1;
            !addresses::is_word(word) && !is_other
        };
        let len: usize = words.by_ref().take_while(is_name).map(str::len).sum();
        let end = name.start() + name.as_str()[..len].trim_end().len();
        if len > 0 {
            findings.push(Finding::likely(whole.start()..end, Kind::Name));
        }
    }
    find_small(text, findings);
}

/// Adds names of a list, in small letters, behind a title that is, too.
fn find_small(text: &str, findings: &mut Vec<Finding>) {
    for captures in SMALL.captures_iter(text) {
        let (Some(whole), Some(first)) = (captures.get(0), captures.name("first")) else {
            continue;
        };
        if !lists::is_name(first.as_str()) {
            continue;
        }
        let second = captures.name("second").filter(|word| lists::is_name(word.as_str()));
        let end = second.map_or(first.end(), |word| word.end());
        findings.push(Finding::likely(whole.start()..end, Kind::Name));
    }
}

/// The first word, in small letters.
fn first_word(name: &str) -> String {
    name.split(char::is_whitespace).next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found_by;

    fn found(text: &str) -> Vec<&str> {
        found_by(find, text)
    }

    #[test]
    fn a_name_is_found_with_its_title() {
        assert_eq!(found("seen by Dr. Okafor today"), ["Dr. Okafor"]);
        assert_eq!(found("Mrs. Jane Ashworth-Cole Suite 4"), ["Mrs. Jane Ashworth-Cole"]);
        assert_eq!(found("at 12 Oak Dr. Suite 4"), [""; 0]);
        assert_eq!(found("the Dr. said, Nurse Practitioner"), [""; 0]);
        assert_eq!(found("with Rev. King"), ["Rev. King"]);
        assert_eq!(
            found("SGT Ruiz, NP Carver, A/Prof Chia, Officer Murphy"),
            ["SGT Ruiz", "NP Carver", "A/Prof Chia", "Officer Murphy"]
        );
        assert_eq!(found("PA Catheter, Private Insurance, Major Depression, NP Swab"), [""; 0]);
        assert_eq!(found("DR. SMITH NOTIFIED MR. OKAFOR, MS CHANGES"), ["DR. SMITH", "MR. OKAFOR"]);
    }

    #[test]
    fn initials_particles_and_nicknames() {
        assert_eq!(found("Discussed with Dr. van der Berg today"), ["Dr. van der Berg"]);
        assert_eq!(found("Prof. Maria de la Cruz"), ["Prof. Maria de la Cruz"]);
        assert_eq!(
            found("Dr S. Pemberton, Mrs. T. Blackwood"),
            ["Dr S. Pemberton", "Mrs. T. Blackwood"]
        );
        assert_eq!(found("Ms. A. She came with Mr. X today"), ["Ms. A.", "Mr. X"]);
        assert_eq!(found("Mr Jonathan (Jon) Smythe IV, aged 40"), ["Mr Jonathan (Jon) Smythe IV"]);
    }

    #[test]
    fn small_letters() {
        assert_eq!(
            found("dr patel ok'd it, ms contin 15 mg, mrs. johnson too"),
            ["dr patel", "mrs. johnson"]
        );
    }
}
