//! A given name with a family name behind it, both on lists: Will Johnson.

use super::{
    clinical, lists,
    tokens::{Shape, Token},
};
use crate::{Finding, Kind};

/// Adds pairs of words of which the first is on the list of given names, and the second on that of
/// family names and no common word; neither is a term of medicine.
pub(super) fn find(text: &str, tokens: &[Token], findings: &mut Vec<Finding>) {
    let is_written_so = |token: &Token| token.shape == Shape::Capitalised && token.range.len() > 2;
    for pair in tokens.windows(2) {
        let [given, family] = pair else { continue };
        let is_pair = lists::is_given(given.lists) && lists::is_family(family.lists);
        if !is_pair || !pair.iter().all(is_written_so) {
            continue;
        }
        let is_apart = &text[given.range.end..family.range.start] == " ";
        let is_term = pair.iter().any(|token| clinical::is_term(&text[token.range.clone()]));
        if is_apart && !is_term {
            findings.push(Finding::likely(given.range.start..family.range.end, Kind::Name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{english::tokens::tokens, finding::found_by};

    #[test]
    fn pairs_of_listed_names() {
        let found = |text| found_by(|text, found| find(text, &tokens(text), found), text);
        assert_eq!(found("Will Johnson drove; Grace Okafor."), ["Will Johnson", "Grace Okafor"]);
        assert_eq!(found("Grace period. Will Follow. Hodgkin Lymphoma, Mark Vicryl"), [""; 0]);
    }
}
