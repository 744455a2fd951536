//! Telephone numbers without an area code, which only a name before them tells: Mike 555-0134.

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;

use crate::{Finding, Kind, context::stands_apart};

/// An exchange and a line of the North American plan.
static LOCAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[2-9]\d{2}[-.]\d{4}").expect("a fixed pattern"));

/// Adds numbers right behind a name that was found, or in brackets or behind a comma there.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    let is_name = |finding: &&Finding| finding.kind == Kind::Name;
    let names: HashSet<usize> =
        findings.iter().filter(is_name).map(|name| name.range.end).collect();
    let numbers = LOCAL.find_iter(text).map(|found| found.range());
    let behind_names = numbers.filter(|number| {
        let head = text[..number.start].trim_end_matches([' ', '(', ',', ':']);
        stands_apart(text, number) && names.contains(&head.len())
    });
    findings.extend(behind_names.map(|number| Finding::likely(number, Kind::Phone)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_behind_names() {
        let text = "Mike 555-0134, Deb (555-0177), B12 450 (200-1100)";
        let name = |name: &str| {
            let start = text.find(name).unwrap();
            Finding::likely(start..start + name.len(), Kind::Name)
        };
        let mut findings = vec![name("Mike"), name("Deb")];
        find(text, &mut findings);
        let found: Vec<_> = findings[2..].iter().map(|found| &text[found.range.clone()]).collect();
        assert_eq!(found, ["555-0134", "555-0177"]);
    }
}
