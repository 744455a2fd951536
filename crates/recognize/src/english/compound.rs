//! Names and places of words that hyphens join: Marc-Antoine, Port-au-Prince.

use super::{clinical, lists};
use crate::{Finding, Kind};

/// Words that are added at either end: more are no name, and to look on takes time.
const WORDS_MAX: usize = 4;

/// Makes findings that begin or end within such a word whole. What is joined to a name and is a common
/// word or one of medicine stays apart: Murphy-negative.
pub(super) fn make_whole(text: &str, findings: &mut [Finding]) {
    let is_meant = |finding: &&mut Finding| matches!(finding.kind, Kind::Name | Kind::Address);
    for finding in findings.iter_mut().filter(is_meant) {
        for _ in 0..WORDS_MAX {
            let behind = text[finding.range.end..].strip_prefix('-').and_then(first);
            let before = text[..finding.range.start].strip_suffix('-').and_then(last);
            finding.range.end += behind.map_or(0, |word| 1 + word.len());
            finding.range.start -= before.map_or(0, |word| 1 + word.len());
        }
    }
}

/// The letters that a text begins with, if they may be part of a name.
fn first(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    Some(&text[..end]).filter(|word| may_be_part(word))
}

/// The letters that a text ends with, if they may be part of a name.
fn last(text: &str) -> Option<&str> {
    let signs = text.char_indices().rev().take_while(|(_, c)| c.is_alphabetic());
    let start = signs.last().map_or(text.len(), |(at, _)| at);
    Some(&text[start..]).filter(|word| may_be_part(word))
}

fn may_be_part(word: &str) -> bool {
    word.len() > 1 && !lists::is_common(&word.to_lowercase()) && !clinical::is_term(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hyphens_join() {
        let text = "Marc-Antoine from Port-au-Prince, Murphy-negative";
        let found = |part: &str, kind| {
            let start = text.find(part).unwrap();
            Finding::likely(start..start + part.len(), kind)
        };
        let mut findings = [
            found("Antoine", Kind::Name),
            found("Port", Kind::Address),
            found("Murphy", Kind::Name),
        ];
        make_whole(text, &mut findings);
        let whole = findings.map(|finding| &text[finding.range]);
        assert_eq!(whole, ["Marc-Antoine", "Port-au-Prince", "Murphy"]);
    }
}
