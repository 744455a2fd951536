//! Single names in Latin letters within Chinese text: 患者Kevin诉头痛, 制作人JoeGoyette.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::{clinical, lists};
use crate::{Finding, Kind};

/// A capital and three small letters or more, or two such words written as one.
static WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[A-Z][a-z]{2,20}(?:[A-Z][a-z]{2,20})?").expect("a fixed pattern"));

/// With these goes on what is named after somebody: signs, drugs, scales, devices, institutions.
const NAMED_AFTER: &str = "征病综评线试氏管囊分法术染瘤型度级反杆菌指模体细抗片胶针注粉栓软滴贴\
    喷量表训导带架夹钳镜刀板钉棒孔区环角公司院大学科牌产号系列";

/// Adds words of the lists of names that are no terms of medicine and no common words.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    for word in WORD.find_iter(text).map(|found| found.range()) {
        if stands_alone(text, &word) && is_name(&text[word.clone()]) {
            findings.push(Finding::likely(word, Kind::Name));
        }
    }
}

/// Whether no letter, digit or sign of a code goes on, nor what is named after somebody.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || "-_/@.#+'’".contains(c);
    let (head, tail) = (&text[..range.start], &text[range.end..]);
    let is_namesake =
        tail.trim_start_matches([' ', '\'', '’', 's']).starts_with(|c| NAMED_AFTER.contains(c));
    !head.ends_with(goes_on) && !tail.starts_with(goes_on) && !is_namesake
}

fn is_name(word: &str) -> bool {
    const ALONE_LEN_MIN: usize = 4;
    let second = word[1..].find(char::is_uppercase).map(|at| at + 1);
    let is_listed = |word: &str| lists::is_name(&word.to_lowercase()) && !clinical::is_term(word);
    match second {
        Some(at) => is_listed(&word[..at]) && is_listed(&word[at..]),
        None => word.len() >= ALONE_LEN_MIN && is_listed(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found_by;

    #[test]
    fn names_and_words_of_medicine() {
        assert_eq!(
            found_by(find, "患者Kevin诉头痛，制作人JoeGoyette，（Johnson）"),
            ["Kevin", "JoeGoyette", "Johnson"]
        );
        let text = "Murphy征阴性，Wilson病，Glasgow评分，Holter示，Lipitor 20mg，Hodgkin淋巴瘤，LabCorp，Rh阳性";
        assert_eq!(found_by(find, text), [""; 0]);
    }
}
