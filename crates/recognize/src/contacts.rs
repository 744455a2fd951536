//! Mail, web and network addresses.

use std::sync::LazyLock;

use memchr::{memchr_iter, memmem};
use regex::Regex;

use crate::{Finding, Kind};

static HOST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}\.)[A-Za-z]{2,24}(?-u:\b)")
        .expect("a fixed pattern")
});

/// Hosts that name vocabularies and standards: they lead to nobody.
const PUBLIC: [&str; 9] = [
    "www.w3.org",
    "hl7.org",
    "www.hl7.org",
    "terminology.hl7.org",
    "loinc.org",
    "snomed.info",
    "unitsofmeasure.org",
    "dicom.nema.org",
    "www.nlm.nih.gov",
];

/// Adds mail and web addresses.
pub(crate) fn find(text: &str, findings: &mut Vec<Finding>) {
    for at in memchr_iter(b'@', text.as_bytes()) {
        findings.extend(mail_at(text, at));
    }
    for at in memmem::find_iter(text.as_bytes(), "://") {
        findings.extend(url_at(text, at));
    }
    for domain in [".com", ".cn", ".org", ".net", ".edu", ".gov"] {
        for at in memmem::find_iter(text.as_bytes(), domain) {
            findings.extend(host_at(text, at, at + domain.len()));
        }
    }
    for at in memmem::find_iter(text.as_bytes(), "www.") {
        let end = end_of_url(text, at);
        if end > at + "www.".len() && !text[..at].ends_with("://") {
            findings.push(Finding::likely(at..end, Kind::Network));
        }
    }
}

fn mail_at(text: &str, at: usize) -> Option<Finding> {
    let is_local = |byte: &u8| byte.is_ascii_alphanumeric() || b"._%+-'".contains(byte);
    let local = text.as_bytes()[..at].iter().rev().take(64).take_while(|byte| is_local(byte));
    let start = at - local.count();
    let host = HOST.find(&text[at + 1..])?;
    (start < at).then(|| Finding::certain(start..at + 1 + host.end(), Kind::Email))
}

/// A host without a scheme, whose last part ends at `end`, and what is asked for there.
fn host_at(text: &str, at: usize, end: usize) -> Option<Finding> {
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let name = text.as_bytes()[..at].iter().rev().take(253).take_while(|byte| is_host(byte));
    let start = at - name.count();
    let goes_on = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let is_part = text[..start].ends_with(['@', '/']) || text[end..].starts_with(goes_on);
    let is_host = start < at && !is_part && !PUBLIC.contains(&&text[start..end]);
    is_host.then(|| Finding::likely(start..end_of_url(text, end), Kind::Network))
}

fn url_at(text: &str, at: usize) -> Option<Finding> {
    let scheme = text.as_bytes()[..at].iter().rev().take(8);
    let start = at - scheme.take_while(|byte| byte.is_ascii_alphabetic()).count();
    let host_end = text[at + 3..].find(|c: char| !c.is_ascii_alphanumeric() && !".-".contains(c));
    let host = &text[at + 3..at + 3 + host_end.unwrap_or(text.len() - at - 3)];
    if start == at || host.is_empty() || PUBLIC.contains(&host) {
        return None;
    }
    Some(Finding::likely(start..end_of_url(text, at), Kind::Network))
}

/// Where a web address ends: at the first byte that none has, less closing punctuation.
fn end_of_url(text: &str, at: usize) -> usize {
    let is_url = |c: char| c.is_ascii_graphic() && !"<>\"'()[]{}|\\^`".contains(c);
    let len = text[at..].find(|c| !is_url(c)).unwrap_or(text.len() - at);
    at + text[at..at + len].trim_end_matches(['.', ',', ';', ':', '!', '?']).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found_by;

    fn found(text: &str) -> Vec<&str> {
        found_by(find, text)
    }

    #[test]
    fn next_to_chinese_characters() {
        assert_eq!(found("邮箱zhang.san@example.com，手机"), ["zhang.san@example.com"]);
        assert_eq!(found("见https://a.example.cn/x?y=1。"), ["https://a.example.cn/x?y=1"]);
        assert_eq!(found("xmlns=\"http://www.w3.org/1999/xhtml\""), [""; 0]);
        assert_eq!(found("3 @ 5, e.g. common"), [""; 0]);
        assert_eq!(found("联系a@x.org请"), ["a@x.org"]);
        assert_eq!(found("见facebook.com/john.doe，hl7.org"), ["facebook.com/john.doe"]);
    }
}
