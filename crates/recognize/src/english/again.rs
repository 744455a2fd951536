//! Names beside names, and the same names elsewhere: Tina, Jamal and DeShawn; later DeShawn alone.

use std::collections::HashSet;

use super::{
    clinical, lists,
    tokens::{Shape, Token},
};
use crate::{Finding, Kind};

/// Adds names that `and`, a comma or a stroke joins to one that was found.
pub(super) fn add_joined(text: &str, tokens: &[Token], findings: &mut Vec<Finding>) {
    let mut known: HashSet<usize> = findings.iter().map(|found| found.range.start).collect();
    let mut added = Vec::new();
    for finding in findings.iter().filter(|finding| finding.kind == Kind::Name) {
        let mut end = finding.range.end;
        // One that is known has its turn itself: a list of names is walked once.
        while let Some(next) = joined(text, tokens, end).filter(|next| known.insert(next.start)) {
            end = next.end;
            added.push(Finding::likely(next, Kind::Name));
        }
    }
    findings.extend(added);
}

/// The name that is joined to one that ends at a place.
fn joined(text: &str, tokens: &[Token], end: usize) -> Option<std::ops::Range<usize>> {
    let behind = &tokens[tokens.partition_point(|token| token.range.start < end)..];
    let word = |at: usize| behind.get(at).map_or("", |token| &text[token.range.clone()]);
    let (is_list, at) = match (word(0), word(1)) {
        ("and" | "&" | "or", _) => (false, 1),
        (",", "and" | "&" | "or") => (false, 2),
        ("," | "/", _) => (true, 1),
        _ => return None,
    };
    let next = behind.get(at)?;
    let value = &text[next.range.clone()];
    let small = value.to_lowercase();
    let is_written_so = matches!(next.shape, Shape::Capitalised | Shape::Mixed) && small.len() > 2;
    let fits = if is_list { lists::is_name(&small) } else { !lists::is_common(&small) };
    (is_written_so && fits && !clinical::is_term(value)).then(|| next.range.clone())
}

/// Adds the words of names that were found wherever else they stand with a capital.
pub(super) fn add_elsewhere(text: &str, tokens: &[Token], findings: &mut Vec<Finding>) {
    let names: HashSet<u32> = findings
        .iter()
        .filter(|finding| finding.kind == Kind::Name)
        .flat_map(|finding| {
            let from = tokens.partition_point(|token| token.range.start < finding.range.start);
            tokens[from..].iter().take_while(|token| token.range.end <= finding.range.end)
        })
        .filter(|token| is_telling(text, token))
        .map(|token| token.word)
        .collect();
    if names.is_empty() {
        return;
    }
    let again = tokens.iter().filter(|token| is_capital(token) && names.contains(&token.word));
    let again = again.map(|token| Finding::likely(token.range.clone(), Kind::Name));
    findings
        .extend(again.filter(|finding| !clinical::is_clinical(text, finding)).collect::<Vec<_>>());
}

fn is_capital(token: &Token) -> bool {
    matches!(token.shape, Shape::Capitalised | Shape::Mixed | Shape::Capitals)
}

/// Whether a word of a name is on a list of names and says nothing else.
fn is_telling(text: &str, token: &Token) -> bool {
    let value = &text[token.range.clone()];
    value.chars().count() > 2
        && is_capital(token)
        && lists::is_name(&value.to_lowercase())
        && !clinical::is_term(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::english::tokens::tokens;

    fn found<'t>(
        add: fn(&str, &[Token], &mut Vec<Finding>),
        text: &'t str,
        names: &[&str],
    ) -> Vec<&'t str> {
        let range = |name: &&str| {
            let start = text.find(name).unwrap();
            start..start + name.len()
        };
        let mut findings: Vec<_> =
            names.iter().map(|name| Finding::likely(range(name), Kind::Name)).collect();
        add(text, &tokens(text), &mut findings);
        findings[names.len()..].iter().map(|found| &text[found.range.clone()]).collect()
    }

    #[test]
    fn names_that_are_joined() {
        let found = |text, names| found(add_joined, text, names);
        assert_eq!(found("kids Tina, Jamal and DeShawn.", &["Tina"]), ["Jamal", "DeShawn"]);
        assert_eq!(found("Hope and Faith are here", &["Hope"]), ["Faith"]);
        assert_eq!(found("Drs. Chen and Abernathy/Lim", &["Chen"]), ["Abernathy", "Lim"]);
        assert_eq!(found("Chen, Cardiology, and Surgery; Foley", &["Chen"]), [""; 0]);
        assert_eq!(found("Smith and Lisinopril", &["Smith"]), [""; 0]);
    }

    #[test]
    fn a_long_list_is_walked_once() {
        const NAMES: usize = 4_000;
        let text = "Tom and ".repeat(NAMES);
        let mut findings: Vec<_> = text
            .match_indices("Tom")
            .map(|(at, name)| Finding::likely(at..at + name.len(), Kind::Name))
            .collect();
        add_joined(&text, &tokens(&text), &mut findings);
        assert_eq!(findings.len(), NAMES);
    }

    #[test]
    fn names_that_stand_elsewhere() {
        let text = "Keisha Young came. KEISHA said: young, Keisha's phone. A Foley from Dr. Foley";
        assert_eq!(
            found(add_elsewhere, text, &["Keisha Young", "Dr. Foley"]),
            ["Keisha", "KEISHA", "Keisha"]
        );
    }
}
