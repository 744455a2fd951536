//! Ages over 89 right behind a name (45 CFR 164.514(b)(2)(i)(C)): Mr. Okafor, 94, presented.

use std::sync::LazyLock;

use regex::Regex;

use crate::{Finding, Kind};

/// An age of three figures at most, and what tells it from a measured value.
static AGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:, ?| \(| )(?P<age>9\d|1[0-2]\d)(?:[,;)]| ?[MF](?-u:\b))")
        .expect("a fixed pattern")
});

/// Adds ages behind names that were found.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    let is_name = |finding: &&Finding| finding.kind == Kind::Name;
    let ages = findings.iter().filter(is_name).filter_map(|name| {
        let age = AGE.captures(&text[name.range.end..])?.name("age")?;
        let range = name.range.end + age.start()..name.range.end + age.end();
        Some(Finding::likely(range, Kind::Age))
    });
    let ages: Vec<_> = ages.collect();
    findings.extend(ages);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_behind_names() {
        let text = "Mr. Okafor, 94, presented; Ann (101) and Bo, 89, left; Ed 95 mg";
        let name = |name: &str| {
            let start = text.find(name).unwrap();
            Finding::likely(start..start + name.len(), Kind::Name)
        };
        let mut findings = ["Mr. Okafor", "Ann", "Bo", "Ed"].map(name).to_vec();
        find(text, &mut findings);
        let found: Vec<_> = findings[4..].iter().map(|found| &text[found.range.clone()]).collect();
        assert_eq!(found, ["94", "101"]);
    }
}
