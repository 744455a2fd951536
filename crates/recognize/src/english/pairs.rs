//! A given name with a family name behind it, or before it and a comma, both on lists: Will Johnson,
//! JOHNSON,WILL.

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
        assert_eq!(found("Grace period. Will Follow. Hodgkin Lymphoma, Mark Vicryl"), [""; 0]);
    }
}
