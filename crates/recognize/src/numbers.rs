//! Numbers that stand for a person: identity, cards, telephones, network addresses, dates.
//!
//! A text is walked once; every run of digits is tried against the forms that can begin there.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    Certainty, Finding, Kind, checks,
    context::{after, before, stands_apart},
    dates,
};

/// One form of number, matched at the start of a text.
struct Form {
    kind: Kind,
    regex: Regex,
    /// How sure a match is; `None` if it is none after all.
    judge: fn(&str) -> Option<Certainty>,
}

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let form = |kind, judge, pattern: &str| {
        let regex = Regex::new(pattern).expect("the tests compile every pattern");
        Form { kind, regex, judge }
    };
    vec![
        // Resident identity numbers of 18 and 15 digits, at times grouped.
        form(
            Kind::Id,
            resident_id,
            r"^[1-9]\d{5}[- ]?(?:18|19|20)\d{2}[- ]?(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[- ]?\d{3}[\dXx]",
        ),
        form(Kind::Id, likely, r"^[1-9]\d{5}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}"),
        // Mobile and fixed numbers of China.
        form(Kind::Phone, mobile, r"^(?:\(?\+?86\)?[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}"),
        form(
            Kind::Phone,
            likely,
            r"^(?:\(?\+?86\)?[- ]?)?(?:\(0\d{2,3}\) ?|0\d{2,3}[- ]|[1-9]\d{1,2}[- ](?:0)?)\d{7,8}(?:(?:-| ?转 ?)\d{1,6})?",
        ),
        form(Kind::Phone, likely, r"^400[- ]?\d{3,4}[- ]?\d{3,4}"),
        // Telephone numbers of North America and international ones (ITU-T E.123).
        form(
            Kind::Phone,
            likely,
            r"^(?:\+?1[-. ])?(?:\(\d{3}\) ?-?|\d{3}[-. ])\d{3}[-. ]\d{4}(?: ?(?:x|ext\.?|转) ?\d{1,6})?",
        ),
        form(
            Kind::Phone,
            international,
            r"^\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){1,5}(?: ?(?:x|ext\.?) ?\d{1,6})?",
        ),
        // US social security numbers.
        form(Kind::Id, likely, r"^\d{3}-\d{2}-\d{4}"),
        // Payment cards and other long numbers.
        form(Kind::Id, card, r"^\d{4}(?:[- ]\d{4}){2,4}(?:[- ]\d{1,3})?"),
        form(Kind::Id, card, r"^\d{4}[- ]\d{6}[- ]\d{5}"),
        form(Kind::Id, card, r"^\d{9,32}"),
        form(Kind::Id, seven_or_more, r"^\d{2,6}(?:-\d{2,6}){2,4}"),
        form(Kind::Id, seven_or_more, r"^\d{4,9}-[A-Z]{2,4}"),
        form(Kind::Network, ipv4, r"^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d{1,5})?"),
    ]
});

/// Letters and digits that name a document, account or device: AB-987654, HPX345678, E12345678.
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^#?[A-Z]{1,4}-?\d{5,24}(?:-?[A-Z0-9]{1,4})?|^[A-Z]{2}\d{2}[A-Z]{4}\d{10,22}|^[A-Z]{1,2}\d{6,9}[A-Z]?|^#[A-Z]{0,4}-?\d{4,12}")
        .expect("a fixed pattern")
});

/// Six groups of two or eight groups of four hexadecimal digits: EUI-48 and IPv6.
static HEXADECIMAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b|\b(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}\b",
    )
    .expect("a fixed pattern")
});

/// Number plates of Chinese vehicles (GA 36).
static PLATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-NP-Z][·• -]?[A-HJ-NP-Z0-9]{4,6}[A-HJ-NP-Z0-9挂学警港澳]")
        .expect("a fixed pattern")
});

/// Words before a telephone number that its form alone does not tell, in small letters.
const PHONE_CUES: [&str; 13] = [
    "phone",
    "tel",
    "call",
    "fax",
    "mobile",
    "number",
    "answering",
    "dial",
    "reach",
    "desk",
    "电话",
    "手机",
    "联系",
];
/// Words behind one.
const PHONE_TRAILS: [&str; 4] = ["office", "fax", "mobile", "cell"];

/// Adds what begins with a digit, and codes.
pub(crate) fn find(text: &str, findings: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(skip) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let run = at + skip;
        let run_end = run + bytes[run..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let found = if goes_on(bytes, run) { None } else { find_at(text, run, run_end) };
        at = found.as_ref().map_or(run_end, |finding| finding.range.end.max(run_end));
        findings.extend(found);
    }
    if memchr::memchr(b':', bytes).is_some() || memchr::memchr(b'-', bytes).is_some() {
        let found = HEXADECIMAL.find_iter(text).map(|found| found.range());
        let written = found.filter(|range| stands_apart(text, range));
        findings.extend(written.map(|range| Finding::likely(range, Kind::Network)));
    }
    if !text.is_ascii() {
        let found = PLATE.find_iter(text).map(|found| found.range());
        let with_digit = found.filter(|range| {
            stands_apart(text, range) && text[range.clone()].bytes().any(|b| b.is_ascii_digit())
        });
        findings.extend(with_digit.map(|range| Finding::likely(range, Kind::Id)));
    }
}

/// Whether a run of digits is a later part of a number: 80 in 120/80, 5 in 38.5.
fn goes_on(bytes: &[u8], run: usize) -> bool {
    run >= 2 && b"./".contains(&bytes[run - 1]) && bytes[run - 2].is_ascii_digit()
}

fn find_at(text: &str, run: usize, run_end: usize) -> Option<Finding> {
    if let Some(account) = iban_at(text, run) {
        return Some(account);
    }
    let word = start_of_word(text, run);
    if word < run {
        return code_at(text, word);
    }
    let start = run - opening(&text.as_bytes()[..run]);
    let rest = &text[start..];
    if start == run
        && let Some(len) = dates::at_digit(rest)
    {
        return Some(Finding::likely(start..start + len, Kind::Date));
    }
    if let Some(age) = age_at(text, run, run_end) {
        return Some(age);
    }
    // A number of few digits with nothing that goes on is no identifier.
    let next = text.as_bytes().get(run_end).copied().unwrap_or(b' ');
    if run_end - run < 8 && start == run && !b"-. )".contains(&next) {
        return None;
    }
    let fits = |form: &Form| {
        let len = form.regex.find(rest)?.end();
        let certainty = (form.judge)(&rest[..len])?;
        let range = start..start + len;
        let apart = stands_apart(text, &range) && !has_more_digits(text, &range);
        apart.then_some(Finding { range, kind: form.kind, certainty })
    };
    FORMS.iter().find_map(fits).or_else(|| grouped_phone(text, start))
}

/// Whether a decimal fraction or a further group follows.
fn has_more_digits(text: &str, range: &std::ops::Range<usize>) -> bool {
    let [sign, digit] = [range.end, range.end + 1].map(|at| text.as_bytes().get(at));
    sign.is_some_and(|sign| b".-".contains(sign)) && digit.is_some_and(u8::is_ascii_digit)
}

/// Bytes of `+`, `(` or `(+` before a number.
fn opening(before: &[u8]) -> usize {
    match before {
        [.., b'(', b'+'] => 2,
        [.., b'+' | b'('] => 1,
        _ => 0,
    }
}

/// Where the word of letters, digits and hyphens begins that a run of digits is part of.
fn start_of_word(text: &str, run: usize) -> usize {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-#".contains(byte);
    let before = text.as_bytes()[..run].iter().rev().take(24);
    let word = run - before.take_while(|byte| is_word(byte)).count();
    if text[word..run].bytes().any(|byte| byte.is_ascii_uppercase() || byte == b'#') {
        word
    } else {
        run
    }
}

/// An account number whose check digits, the run at hand, follow the two letters of a country
/// (ISO 13616), written without spaces.
fn iban_at(text: &str, run: usize) -> Option<Finding> {
    const LEN: std::ops::RangeInclusive<usize> = 15..=34;
    let bytes = text.as_bytes();
    let start = run.checked_sub(2)?;
    let len = bytes[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let range = start..start + len;
    let fits = LEN.contains(&len) && checks::iban(&bytes[range.clone()]);
    (fits && stands_apart(text, &range)).then(|| Finding::certain(range, Kind::Id))
}

fn code_at(text: &str, word: usize) -> Option<Finding> {
    let end = word + CODE.find(&text[word..])?.end();
    let whole = stands_apart(text, &(word..end)) && !is_clinical(&text[word..end]);
    whole.then(|| Finding::likely(word..end, Kind::Id))
}

/// Trial and literature numbers are public.
fn is_clinical(code: &str) -> bool {
    ["NCT", "PMID", "ISO", "GB"].iter().any(|prefix| {
        code.strip_prefix(prefix).is_some_and(|rest| !rest.bytes().any(|b| b.is_ascii_uppercase()))
    })
}

/// An age over 89 (45 CFR 164.514(b)(2)(i)(C)).
fn age_at(text: &str, run: usize, run_end: usize) -> Option<Finding> {
    let years: u32 = text[run..run_end].parse().ok()?;
    let unit = after(text, run_end, 24).trim_start_matches([' ', '-', '周']);
    let is_age =
        ["岁", "year-old", "years old", "year old", "yo ", "y/o", "y.o", "years of age", "yr old"]
            .iter()
            .any(|word| unit.starts_with(word));
    (90..=130).contains(&years).then_some(())?;
    is_age.then(|| Finding::likely(run..run_end, Kind::Age))
}

/// Groups of digits with a word that says they are a telephone number, or with a trunk zero.
fn grouped_phone(text: &str, start: usize) -> Option<Finding> {
    static GROUPS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:\(\d{2,4}\) ?)?\d{2,5}(?:[ .-]\d{2,8}){1,5}|^\(\d{2,4}\) ?\d{5,8}")
            .expect("a fixed pattern")
    });
    let len = GROUPS.find(&text[start..])?.end();
    let range = start..start + len;
    let digits = text[range.clone()].bytes().filter(u8::is_ascii_digit).count();
    let cue = before(text, start, 32).to_lowercase();
    let trail = after(text, range.end, 12).to_lowercase();
    let said = PHONE_CUES.iter().any(|word| cue.contains(word))
        || PHONE_TRAILS.iter().any(|word| trail.contains(word));
    let trunk = text[range.clone()].starts_with('0') && (9..=12).contains(&digits);
    let apart = stands_apart(text, &range) && !has_more_digits(text, &range);
    let is_phone = apart && (6..=14).contains(&digits) && (said || trunk);
    is_phone.then(|| Finding::likely(range, Kind::Phone))
}

/// The digits, and letters that stand for one.
fn digits(number: &str) -> Vec<u8> {
    number.bytes().filter(u8::is_ascii_alphanumeric).collect()
}

const fn likely(_: &str) -> Option<Certainty> {
    Some(Certainty::Likely)
}

fn resident_id(number: &str) -> Option<Certainty> {
    let valid = checks::resident_id(&digits(number));
    Some(if valid { Certainty::Certain } else { Certainty::Likely })
}

/// A longer run that begins like a mobile number is none.
fn mobile(number: &str) -> Option<Certainty> {
    let digits = digits(number);
    let national = digits.strip_prefix(b"86").filter(|rest| rest.len() == 11);
    (national.unwrap_or(&digits).len() == 11).then_some(Certainty::Certain)
}

/// The lengths that ITU-T E.164 allows, with an extension.
fn international(number: &str) -> Option<Certainty> {
    (8..=20).contains(&digits(number).len()).then_some(Certainty::Likely)
}

fn seven_or_more(number: &str) -> Option<Certainty> {
    (digits(number).len() >= 7).then_some(Certainty::Likely)
}

fn card(number: &str) -> Option<Certainty> {
    let digits = digits(number);
    let is_card = (13..=19).contains(&digits.len()) && checks::luhn(&digits);
    Some(if is_card { Certainty::Certain } else { Certainty::Likely })
}

fn ipv4(number: &str) -> Option<Certainty> {
    let address = number.split(':').next().unwrap_or(number);
    address.parse::<std::net::Ipv4Addr>().ok().map(|_| Certainty::Likely)
}
