//! A given name with a family name behind it, or before it and a comma, both on lists: Will Johnson,
//! JOHNSON,WILL; or an initial with a name behind it: G. Abercrombie.

use super::{
    clinical, lists,
    tokens::{Shape, Token},
};
use crate::{Finding, Kind};

/// Adds pairs of words of which one is on the list of given names and the other on that of family names
/// and no common word; neither is a term of medicine.
pub(super) fn find(text: &str, tokens: &[Token], findings: &mut Vec<Finding>) {
    for pair in tokens.windows(2) {
        find_pair(text, [&pair[0], &pair[1]], [&pair[0], &pair[1]], &[" "], findings);
    }
    for parts in tokens.windows(3) {
        find_pair(text, [&parts[2], &parts[0]], [&parts[0], &parts[2]], &[",", ", "], findings);
        find_initialled(text, [&parts[0], &parts[2]], findings);
    }
}

/// Adds a given and a family name that stand in an order with one of some signs between.
fn find_pair(
    text: &str,
    [given, family]: [&Token; 2],
    order: [&Token; 2],
    between: &[&str],
    findings: &mut Vec<Finding>,
) {
    let range = order[0].range.start..order[1].range.end;
    let is_pair = lists::is_given(given.known) && lists::is_family(family.known);
    if is_pair
        && order.iter().all(|token| is_written_so(token) && token.shape == given.shape)
        && between.contains(&&text[order[0].range.end..order[1].range.start])
        && !order.iter().any(|token| clinical::is_term(&text[token.range.clone()]))
    {
        findings.push(Finding::likely(range, Kind::Name));
    }
}

/// Adds a name of a list, which is no common word and no term, behind an initial and a full stop.
fn find_initialled(text: &str, [initial, name]: [&Token; 2], findings: &mut Vec<Finding>) {
    let word = &text[name.range.clone()];
    if initial.shape == Shape::Initial
        && name.shape == Shape::Capitalised
        && matches!(&text[initial.range.end..name.range.start], "." | ". ")
        && lists::is_name(&word.to_lowercase())
        && !clinical::is_term(word)
    {
        findings.push(Finding::likely(initial.range.start..name.range.end, Kind::Name));
    }
}

fn is_written_so(token: &Token) -> bool {
    matches!(token.shape, Shape::Capitalised | Shape::Capitals) && token.range.len() > 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{english::tokens::tokens, finding::found_by};

    #[test]
    fn pairs_of_listed_names() {
        let found = |text| found_by(|text, found| find(text, &tokens(text), found), text);
        assert_eq!(found("Will Johnson drove; Grace Okafor."), ["Will Johnson", "Grace Okafor"]);
        assert_eq!(
            found("GUTIERREZ,JOSE MRN 1; Johnson, Will"),
            ["GUTIERREZ,JOSE", "Johnson, Will"]
        );
        assert_eq!(found("G. Abercrombie 77; E. Coli, A. Skin"), ["G. Abercrombie"]);
        assert_eq!(found("Grace period. Will Follow. Hodgkin Lymphoma, Mark Vicryl"), [""; 0]);
    }
}
