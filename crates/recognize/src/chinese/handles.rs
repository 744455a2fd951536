//! Names of accounts as networks of people write them: @小丢, //@大象院长：.

use std::sync::LazyLock;

use regex::Regex;

use super::family;
use crate::{Finding, Kind, context::is_han};

static HANDLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[@＠](?P<name>[\p{Han}A-Za-z0-9_·-]{2,30})").expect("a fixed pattern")
});

/// Adds accounts with a Chinese character behind a sign that is not part of a mail address. What is
/// written like a person's name, or has one within that was found, is one, else it is an address.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    if !text.contains(['@', '＠']) {
        return;
    }
    let names = names_until(findings);
    let mut added = Vec::new();
    for captures in HANDLE.captures_iter(text) {
        let (Some(whole), Some(name)) = (captures.get(0), captures.name("name")) else { continue };
        let is_mail = text[..whole.start()].ends_with(|c: char| c.is_ascii_alphanumeric());
        if is_mail || !name.as_str().contains(is_han) {
            continue;
        }
        let before_end = names.partition_point(|(start, _)| *start < name.end());
        let has_name = before_end.checked_sub(1).is_some_and(|at| names[at].1 > name.start());
        let is_name = has_name || is_like_a_name(name.as_str());
        let kind = if is_name { Kind::Name } else { Kind::Network };
        added.push(Finding::likely(name.range(), kind));
    }
    findings.append(&mut added);
}

/// Starts of names in order, with the furthest end of those up to there.
fn names_until(findings: &[Finding]) -> Vec<(usize, usize)> {
    let names = findings.iter().filter(|finding| finding.kind == Kind::Name);
    let mut names: Vec<_> = names.map(|name| (name.range.start, name.range.end)).collect();
    names.sort_unstable();
    let mut furthest = 0;
    for (_, end) in &mut names {
        furthest = furthest.max(*end);
        *end = furthest;
    }
    names
}

fn is_like_a_name(account: &str) -> bool {
    let len = account.chars().count();
    account.chars().all(is_han) && (len == 3 || (len <= 4 && family::begins(account)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found_by;

    #[test]
    fn names_of_accounts() {
        let text = "//@任志强：好，找@叶小丢_5 去";
        let mut findings = Vec::new();
        find(text, &mut findings);
        let found: Vec<_> =
            findings.into_iter().map(|found| (found.kind, &text[found.range])).collect();
        assert_eq!(found, [(Kind::Name, "任志强"), (Kind::Network, "叶小丢_5")]);
        assert_eq!(found_by(find, "a@b.com，体温@38.5，胰岛素@早"), [""; 0]);
    }
}
