//! What only a name before it tells: telephone numbers without an area code (Mike 555-0134), extensions
//! (Bev x4471), ages over 89 (Mr. Okafor, 94, presented; 45 CFR 164.514(b)(2)(i)(C)).

use std::sync::LazyLock;

use regex::Regex;

use crate::{Finding, Kind, context::stands_apart};

/// An exchange and a line of the North American plan, at times in brackets or behind a sign; or an
/// extension.
static PHONE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[ (,:]{1,3}(?P<value>[2-9]\d{2}[-.]\d{4}|(?:x|ext\.? ?)\d{3,5})")
        .expect("a fixed pattern")
});

/// An age of three figures at most, and what tells it from a measured value.
static AGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:, ?| \(| )(?P<value>9\d|1[0-2]\d)(?:[,;)]| ?[MF](?-u:\b))")
        .expect("a fixed pattern")
});

/// Adds numbers right behind a name that was found, or in brackets or behind a comma there.
pub(super) fn find_phones(text: &str, findings: &mut Vec<Finding>) {
    find(text, &PHONE, Kind::Phone, findings);
}

/// Adds ages behind names that were found.
pub(super) fn find_ages(text: &str, findings: &mut Vec<Finding>) {
    find(text, &AGE, Kind::Age, findings);
}

fn find(text: &str, pattern: &Regex, kind: Kind, findings: &mut Vec<Finding>) {
    let mut added = Vec::new();
    for name in findings.iter().filter(|finding| finding.kind == Kind::Name) {
        let captures = pattern.captures(&text[name.range.end..]);
        let Some(value) = captures.and_then(|captures| captures.name("value")) else { continue };
        let range = name.range.end + value.start()..name.range.end + value.end();
        // An age may have the letter of a sex behind it.
        if kind == Kind::Age || stands_apart(text, &range) {
            added.push(Finding::likely(range, kind));
        }
    }
    findings.extend(added);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found behind these names of a text.
    fn found<'t>(find: fn(&str, &mut Vec<Finding>), text: &'t str, names: &[&str]) -> Vec<&'t str> {
        let names = names.iter().map(|name| {
            let start = text.find(name).unwrap();
            Finding::likely(start..start + name.len(), Kind::Name)
        });
        let mut findings: Vec<_> = names.collect();
        let count = findings.len();
        find(text, &mut findings);
        findings[count..].iter().map(|found| &text[found.range.clone()]).collect()
    }

    #[test]
    fn numbers_behind_names() {
        let text = "Mike 555-0134, Deb (555-0177), Bev x4471, B12 450 (200-1100)";
        let found = found(find_phones, text, &["Mike", "Deb", "Bev"]);
        assert_eq!(found, ["555-0134", "555-0177", "x4471"]);
    }

    #[test]
    fn ages_behind_names() {
        let text = "Mr. Okafor, 94, presented; Ann (101) and Bo, 89, left; Ed 95 mg";
        let found = found(find_ages, text, &["Mr. Okafor", "Ann", "Bo", "Ed"]);
        assert_eq!(found, ["94", "101"]);
    }
}
