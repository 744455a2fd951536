//! Patterns that tell what a piece of text is, whoever it belongs to.

use std::sync::LazyLock;

use regex::Regex;

use crate::Class;

/// A pattern: its group `v`, or the whole if it has none, is the value.
pub(crate) struct Pattern {
    pub(crate) class: Class,
    pub(crate) regex: Regex,
    /// Whether a match is certain enough to refuse a file that holds one.
    pub(crate) certain: bool,
    accepts: fn(&str) -> bool,
}

impl Pattern {
    /// Byte ranges of the values in a text.
    pub(crate) fn find<'a>(
        &'a self,
        text: &'a str,
    ) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
        self.regex.captures_iter(text).filter_map(move |captures| {
            let value = captures.name("v").or_else(|| captures.get(0))?;
            let apart = stands_apart(text, value.range());
            (apart && (self.accepts)(value.as_str())).then(|| value.range())
        })
    }
}

/// Numbers and Latin letters do not go on at either end; next to a Chinese character is fine.
fn stands_apart(text: &str, range: std::ops::Range<usize>) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let ends = |c: Option<char>, edge: Option<char>| {
        !(c.is_some_and(is_word) && edge.is_some_and(is_word))
    };
    let value = &text[range.clone()];
    ends(text[..range.start].chars().next_back(), value.chars().next())
        && ends(text[range.end..].chars().next(), value.chars().next_back())
}

pub(crate) static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let pattern = |class, certain, accepts, regex: &str| Pattern {
        class,
        certain,
        accepts,
        regex: Regex::new(regex).expect("the tests compile every pattern"),
    };
    vec![
        pattern(Class::Identifier, true, is_resident_id, r"[1-9]\d{16}[\dXx]"),
        pattern(Class::Identifier, false, any, r"\d{3}-\d{2}-\d{4}"),
        pattern(
            Class::Contact,
            true,
            any,
            r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
        ),
        pattern(Class::Contact, true, any, r"1[3-9]\d-?\d{4}-?\d{4}"),
        pattern(
            Class::Contact,
            false,
            any,
            r"(?:\+\d{1,3}[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?: ?(?:x|ext\.?) ?\d{1,5})?",
        ),
        pattern(Class::Contact, false, any, r"0\d{2,3}-\d{7,8}"),
        pattern(Class::Contact, false, is_personal_url, r"(?:https?|ftp)://[^\s<>，。；）)\x22]+"),
        pattern(Class::Contact, false, is_ipv4, r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"),
        pattern(
            Class::Contact,
            false,
            any,
            r"(?:微信号?|QQ号?|WeChat)\s*[:：]?\s*(?P<v>[A-Za-z0-9_-]{5,20})",
        ),
        pattern(
            Class::Identifier,
            false,
            any,
            r"(?:住院号|门诊号|病案号|病历号|医保卡?号|社保号|护照号码?|床号|登记号)\s*[:：]?\s*(?P<v>[A-Za-z0-9-]{1,24})",
        ),
        pattern(
            Class::Identifier,
            false,
            has_digit,
            r"(?i)(?:MRN|record number|medical record|account number|policy number|passport(?: no\.?| number)?|SSN)\s*[:#]?\s*(?P<v>[A-Z0-9-]{4,24})",
        ),
        pattern(
            Class::Date,
            false,
            any,
            r"(?:19|20)\d{2}\s*年\s*\d{1,2}\s*月(?:\s*\d{1,2}\s*[日号])?",
        ),
        pattern(
            Class::Date,
            false,
            any,
            r"[〇零一二三四五六七八九]{4}年[一二三四五六七八九十]{1,2}月(?:[一二三四五六七八九十]{1,3}[日号])?",
        ),
        pattern(
            Class::Date,
            false,
            any,
            r"(?:19|20)\d{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:3[01]|[12]\d|0?[1-9])(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?",
        ),
        pattern(
            Class::Date,
            false,
            any,
            r"(?:0?[1-9]|[12]\d|3[01])[/.-](?:0?[1-9]|[12]\d|3[01])[/.-](?:19|20)\d{2}",
        ),
        pattern(
            Class::Date,
            false,
            any,
            r"(?i)(?:(?:\d{1,2}(?:st|nd|rd|th)?\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(?:\d{1,2}(?:st|nd|rd|th)?,?\s+)?(?:19|20)\d{2})",
        ),
        pattern(
            Class::Address,
            false,
            any,
            r"(?:住址|地址|家庭住址|现住址|户籍地址?)\s*[:：]\s*(?P<v>[^，,。；;\n<]{4,60})",
        ),
        pattern(
            Class::Address,
            false,
            any,
            r"\d{1,5} (?:[A-Z][a-z]+ ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Place|Pl)\b\.?",
        ),
        pattern(
            Class::Name,
            false,
            any,
            r"(?:Dr|Mr|Mrs|Ms|Miss|Prof)\.? (?P<v>[A-Z][a-zA-Z'-]+(?: [A-Z][a-zA-Z'-]+){0,2})",
        ),
        pattern(
            Class::Name,
            false,
            any,
            r"(?:姓名|医师|医生|护士|联系人|家属|签名)\s*[:：]\s*(?P<v>[\p{Han}·]{2,4})",
        ),
    ]
});

const fn any(_: &str) -> bool {
    true
}

fn has_digit(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_digit())
}

/// Names of vocabularies and namespaces are URLs that lead to nobody.
fn is_personal_url(value: &str) -> bool {
    const PUBLIC: [&str; 7] = [
        "www.w3.org",
        "hl7.org",
        "terminology.hl7.org",
        "loinc.org",
        "snomed.info",
        "unitsofmeasure.org",
        "dicom.nema.org",
    ];
    let host = value.split("://").nth(1).and_then(|rest| rest.split(['/', '"', '\'']).next());
    !host.is_some_and(|host| PUBLIC.contains(&host))
}

fn is_ipv4(value: &str) -> bool {
    value.parse::<std::net::Ipv4Addr>().is_ok()
}

/// The check digit of GB 11643-1999 (ISO 7064, MOD 11-2).
fn is_resident_id(value: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = value
        .bytes()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0')) * weight)
        .sum();
    let check = b"10X98765432"[(sum % 11) as usize];
    value.len() == 18 && value.bytes().last().is_some_and(|last| last.to_ascii_uppercase() == check)
}
