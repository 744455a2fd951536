//! Names behind titles: Mrs. Ashworth.

use std::sync::LazyLock;

use regex::Regex;

use super::{addresses, lists};
use crate::{Finding, Kind};

static TITLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)(?:Mr|Mrs|Ms|Miss|Dr|Prof|(?P<other>Rev|Nurse|Officer|Pastor|Judge|Sgt|Capt|Lt))(?-u:\b)\.?\s+(?P<name>\p{Lu}[\p{L}\'’-]+(?:\s\p{Lu}[\p{L}\'’-]+)?)")
        .expect("a fixed pattern")
});

/// Adds what stands behind a title, with the title, and no word of an address.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    for captures in TITLED.captures_iter(text) {
        let (Some(whole), Some(name)) = (captures.get(0), captures.name("name")) else { continue };
        // Nurse Practitioner is a profession.
        if captures.name("other").is_some() && lists::is_common(&first_word(name.as_str())) {
            continue;
        }
        let mut words = name.as_str().split_inclusive(char::is_whitespace);
        let is_name = |word: &&str| !addresses::is_word(word.trim_end());
        let len: usize = words.by_ref().take_while(is_name).map(str::len).sum();
        let end = name.start() + name.as_str()[..len].trim_end().len();
        if len > 0 {
            findings.push(Finding::likely(whole.start()..end, Kind::Name));
        }
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
    }
}
