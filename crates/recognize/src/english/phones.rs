//! Telephone numbers without an area code and extensions, which only a name before them tells: Mike
//! 555-0134, Bev x4471.

use std::sync::LazyLock;

use regex::Regex;

use crate::{Finding, Kind, context::stands_apart};

/// An exchange and a line of the North American plan, at times in brackets or behind a sign; or an
/// extension.
static LOCAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[ (,:]{1,3}(?P<number>[2-9]\d{2}[-.]\d{4}|(?:x|ext\.? ?)\d{3,5})")
        .expect("a fixed pattern")
});

/// Adds numbers right behind a name that was found, or in brackets or behind a comma there.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    let mut added = Vec::new();
    for name in findings.iter().filter(|finding| finding.kind == Kind::Name) {
        let captures = LOCAL.captures(&text[name.range.end..]);
        let Some(number) = captures.and_then(|captures| captures.name("number")) else { continue };
        let range = name.range.end + number.start()..name.range.end + number.end();
        if stands_apart(text, &range) {
            added.push(Finding::likely(range, Kind::Phone));
        }
    }
    findings.extend(added);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_behind_names() {
        let text = "Mike 555-0134, Deb (555-0177), Bev x4471, B12 450 (200-1100)";
        let name = |name: &str| {
            let start = text.find(name).unwrap();
            Finding::likely(start..start + name.len(), Kind::Name)
        };
        let mut findings = vec![name("Mike"), name("Deb"), name("Bev")];
        find(text, &mut findings);
        let found: Vec<_> = findings[3..].iter().map(|found| &text[found.range.clone()]).collect();
        assert_eq!(found, ["555-0134", "555-0177", "x4471"]);
    }
}
