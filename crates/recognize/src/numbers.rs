//! Numbers that stand for a person: identity, cards, telephones, network addresses, dates.
//!
//! A text is walked once; every run of digits is tried against the forms that can begin there.

use std::{ops::Range, sync::LazyLock};

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
        form(Kind::Phone, mobile, r"^(?:\(?(?:\+|00)?86\)?[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}"),
        // Of North America: some look like fixed numbers of China, but for the extension.
        form(
            Kind::Phone,
            likely,
            r"^(?:\+?1[-. ])?(?:\(\d{3}\) ?-?|\d{3}[-. ])\d{3}[-. ]\d{4}(?: ?(?:x|ext\.?|转) ?\d{1,6})?",
        ),
        form(
            Kind::Phone,
            likely,
            r"^(?:\(?(?:\+|00)?86\)?[- ]?)?(?:[(（]0\d{2,3}[)）] ?|0\d{2,3}[- ]|[1-9]\d{1,2}[- ](?:0)?)\d{3,4}[- ]?\d{4}(?:(?:-| ?(?:转|分机) ?[:：]?)\d{1,6})?",
        ),
        form(Kind::Phone, likely, r"^[48]00[- ]?\d{3,4}[- ]?\d{3,4}"),
        // International ones (ITU-T E.123).
        form(
            Kind::Phone,
            international,
            r"^\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,5}(?:[ .-]?\d{2,5}){1,5}(?: ?(?:x|ext\.?) ?\d{1,6})?",
        ),
        // US social security numbers.
        form(Kind::Id, likely, r"^\d{3}-\d{2}-\d{4}"),
        // Identity cards of Macao.
        form(Kind::Id, likely, r"^[157]\d{6}\(\d\)"),
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
    Regex::new(r"^#?[A-Z]{1,4}-?\d{5,24}(?:-?[A-Z0-9]{1,4}|\([0-9A]\))?|^[A-Z]{1,5}(?:-\d{2,10}){2,4}|^[A-Z]{2}\d{2}[A-Z]{4}\d{10,22}|^[A-Z]{1,2}\d{6,9}[A-Z]?|^#[A-Z]{0,4}-?\d{1,12}(?:-[A-Z]?\d{1,10}){1,3}|^#[A-Z]{0,4}-?\d{4,12}|^[A-Z]{1,3}-?\d{2}-\d{4,7}")
        .expect("a fixed pattern")
});

/// What may be a hardware address (EUI-48) or one of IPv6.
static HEXADECIMAL: LazyLock<Regex> = LazyLock::new(|| {
    let hardware = "(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}";
    let address = "[0-9A-Fa-f:]*:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*";
    Regex::new(&format!(r"(?-u:\b){hardware}|(?:(?-u:\b)|::){address}")).expect("a fixed pattern")
});

/// Number plates of Chinese vehicles (GA 36).
static PLATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-NP-Z][·• -]?[A-HJ-NP-Z0-9]{4,6}[A-HJ-NP-Z0-9挂学警港澳]")
        .expect("a fixed pattern")
});

/// Words behind an age.
const AGE_UNITS: [&str; 11] = [
    "岁",
    "year-old",
    "years old",
    "years-old",
    "year old",
    "yo",
    "y/o",
    "y.o",
    "years of age",
    "yr old",
    "yr-old",
];
/// Words before one.
const AGE_CUES: [&str; 11] = [
    "年龄",
    "享年",
    "age",
    "aged",
    "turns",
    "turned",
    "turning",
    "died at",
    "deceased at",
    "death at",
    "passed away at",
];
/// Before one that a comma or "and" follows: what is measured has a unit or goes on otherwise.
const PERSON_IS: [&str; 5] = ["pt is", "patient is", " he is", "she is", "who is"];
/// A letter for the sex behind an age, and what goes on behind it.
static SEX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^ ?[MF] (?:w/|with|who|hx|h/o|p/w|pw|s/p|c/o|presents|admitted|here|from|retired|living|lives|brought|found|seen|referred|known)",
    )
        .expect("a fixed pattern")
});

/// Ages over 89 in Chinese numerals.
static NUMERAL_AGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?:九十[一二三四五六七八九]?|一百[零〇]?[一二三四五六七八九十]?)[多余]?岁")
        .expect("a fixed pattern")
});

/// Ages over 89 in English words.
static SPELLED_AGE: LazyLock<Regex> = LazyLock::new(|| {
    const ONES: &str = "one|two|three|four|five|six|seven|eight|nine";
    Regex::new(&format!(
        "(?i)(?-u:\\b)(?:ninety(?:[ -](?:{ONES}))?|(?:a|one) hundred(?:(?: and)? (?:{ONES}|ten))?)[ -]years?[ -]old(?-u:\\b)"
    ))
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
    let (mut at, mut last_end) = (0, 0);
    while let Some(skip) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let run = at + skip;
        let run_end = run + bytes[run..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let found = match part(bytes, run..run_end, last_end) {
            Part::First => find_at(text, run, run_end),
            Part::OfItem => find_at(text, run, run_end).filter(is_long),
            Part::Later => None,
        };
        at = found.as_ref().map_or(run_end, |finding| finding.range.end.max(run_end));
        last_end = found.as_ref().map_or(last_end, |finding| finding.range.end);
        findings.extend(found);
    }
    if memchr::memchr(b':', bytes).is_some() || memchr::memchr(b'-', bytes).is_some() {
        let found = HEXADECIMAL.find_iter(text).filter_map(|found| network(text, found.range()));
        findings.extend(found.map(|range| Finding::likely(range, Kind::Network)));
    }
    if !text.is_ascii() {
        let found = PLATE.find_iter(text).map(|found| found.range());
        let with_digit = found.filter(|range| {
            stands_apart(text, range) && text[range.clone()].bytes().any(|b| b.is_ascii_digit())
        });
        findings.extend(with_digit.map(|range| Finding::likely(range, Kind::Id)));
    }
    if memchr::memmem::find(bytes, b"inety").is_some()
        || memchr::memmem::find(bytes, b"undred").is_some()
    {
        let found = SPELLED_AGE.find_iter(text).map(|found| found.range());
        findings.extend(found.map(|range| Finding::likely(range, Kind::Age)));
    }
    if text.contains('岁') {
        let found = NUMERAL_AGE.find_iter(text).map(|found| found.range());
        findings.extend(found.map(|range| Finding::likely(range, Kind::Age)));
    }
}

/// What a run of digits is to the number that stands before it, with a stop or stroke between.
enum Part {
    /// A number of its own.
    First,
    /// Perhaps one behind the number of an item of a list: 1.13812345678.
    OfItem,
    /// A later part: 80 in 120/80, 5 in 38.5.
    Later,
}

/// Tells the part of a run of digits when the last number that was found ends at `last_end`.
fn part(bytes: &[u8], run: Range<usize>, last_end: usize) -> Part {
    let [head @ .., sign @ (b'.' | b'/')] = &bytes[..run.start] else { return Part::First };
    let digits = head.iter().rev().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || last_end == run.start - 1 || (*sign == b'/' && run.len() >= 7) {
        return Part::First;
    }
    let (before, number) = head.split_at(head.len() - digits);
    let begins = !before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.');
    // 年 and 月 begin with these bytes.
    let goes_on = bytes.get(run.end).is_some_and(|next| b"-/ .(\xe5\xe6".contains(next));
    let is_item = *sign == b'.' && digits < 3 && number[0] != b'0' && begins;
    if is_item && (goes_on || run.len() >= 8) { Part::OfItem } else { Part::Later }
}

/// Longer than a fraction or a range of doses.
fn is_long(finding: &Finding) -> bool {
    finding.range.len() >= 8
}

fn find_at(text: &str, run: usize, run_end: usize) -> Option<Finding> {
    if let Some(account) = iban_at(text, run) {
        return Some(account);
    }
    let word = start_of_word(text, run);
    if word < run {
        return code_at(text, word);
    }
    let start = run - opening(&text[..run]);
    let is_international = text[start..run].ends_with('+');
    if !is_international && let Some(len) = dates::at_digit(&text[run..]) {
        return Some(Finding::likely(run..run + len, Kind::Date));
    }
    if let Some(found) = age_at(text, run, run_end).or_else(|| bed_at(text, run, run_end)) {
        return Some(found);
    }
    // A number of few digits with nothing that goes on is no identifier.
    let goes_on = text[run_end..].starts_with(['-', '.', ' ', '(', ')', '）']);
    if run_end - run < 8 && !is_international && !goes_on {
        return None;
    }
    let without_bracket = if is_international { run - 1 } else { run };
    form_at(text, start)
        .or_else(|| (start < without_bracket).then(|| form_at(text, without_bracket)).flatten())
}

/// The first form that fits at a place.
fn form_at(text: &str, start: usize) -> Option<Finding> {
    let rest = &text[start..];
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
fn has_more_digits(text: &str, range: &Range<usize>) -> bool {
    let [sign, digit] = [range.end, range.end + 1].map(|at| text.as_bytes().get(at));
    sign.is_some_and(|sign| b".-".contains(sign)) && digit.is_some_and(u8::is_ascii_digit)
}

/// Bytes of `+`, a bracket or both before a number.
fn opening(before: &str) -> usize {
    let rest = before.strip_suffix('+').unwrap_or(before);
    before.len() - rest.strip_suffix(['(', '（']).unwrap_or(rest).len()
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
/// (ISO 13616), written without spaces or in groups of four.
fn iban_at(text: &str, run: usize) -> Option<Finding> {
    const LEN: std::ops::RangeInclusive<usize> = 15..=34;
    let bytes = text.as_bytes();
    let start = run.checked_sub(2)?;
    if !bytes[start..run].iter().all(u8::is_ascii_alphabetic) {
        return None;
    }
    let mut len = bytes[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let mut number = bytes[start..start + len].to_vec();
    while len % 5 == 4 && number.len() < *LEN.end() && bytes.get(start + len) == Some(&b' ') {
        let group = bytes[start + len + 1..].iter().take(5);
        let group_len = group.take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if !(1..=4).contains(&group_len) || checks::iban(&number) {
            break;
        }
        number.extend_from_slice(&bytes[start + len + 1..][..group_len]);
        len += 1 + group_len;
    }
    let range = start..start + len;
    let fits = LEN.contains(&number.len()) && checks::iban(&number);
    (fits && stands_apart(text, &range)).then(|| Finding::certain(range, Kind::Id))
}

fn code_at(text: &str, word: usize) -> Option<Finding> {
    let end = word + CODE.find(&text[word..])?.end();
    let is_approval = text[..word].ends_with("准字");
    let whole = stands_apart(text, &(word..end)) && !is_approval && !is_clinical(&text[word..end]);
    whole.then(|| Finding::likely(word..end, Kind::Id))
}

/// Trial and literature numbers are public. Behind a sign of number, few digits are a size: #2-0.
fn is_clinical(code: &str) -> bool {
    const DIGITS_MIN: usize = 4;
    if code.starts_with('#')
        && digits(code).iter().filter(|b| b.is_ascii_digit()).count() < DIGITS_MIN
    {
        return true;
    }
    ["NCT", "PMID", "ISO", "GB"].iter().any(|prefix| {
        code.strip_prefix(prefix).is_some_and(|rest| !rest.bytes().any(|b| b.is_ascii_uppercase()))
    })
}

/// An age over 89 (45 CFR 164.514(b)(2)(i)(C)).
fn age_at(text: &str, run: usize, run_end: usize) -> Option<Finding> {
    let years: u32 = text[run..run_end].parse().ok()?;
    if !(90..=130).contains(&years) {
        return None;
    }
    let unit = after(text, run_end, 24).trim_start_matches([' ', '-', '周']);
    let cue = before(text, run, 24).trim_end_matches([' ', ':', '：', '为']).to_ascii_lowercase();
    let is_age = AGE_UNITS.iter().any(|word| unit.starts_with(word))
        || SEX.is_match(&text[run_end..])
        || ([",", ";", " and "].iter().any(|end| text[run_end..].starts_with(end))
            && PERSON_IS.iter().any(|word| cue.ends_with(word)))
        || AGE_CUES.iter().any(|word| {
            let start = cue.strip_suffix(word).map(str::len);
            start.is_some_and(|start| stands_apart(&cue, &(start..cue.len())))
        });
    is_age.then(|| Finding::likely(run..run_end, Kind::Age))
}

/// The number of a bed: 呼吸科12床, but neither how many there are nor what is done beside one.
fn bed_at(text: &str, run: usize, run_end: usize) -> Option<Finding> {
    const COUNTED: &str = "有设放共增计约第余达置";
    const OF_WORDS: &str = "位旁边上头单垫型房铺";
    let behind =
        text[run_end..].strip_prefix("号").unwrap_or(&text[run_end..]).strip_prefix("床")?;
    let is_word = behind.starts_with(|c| OF_WORDS.contains(c));
    let is_count = text[..run].ends_with(|c| COUNTED.contains(c) || matches!(c, '.' | '/' | '~'));
    let is_bed = run_end - run <= 3 && !is_word && !is_count;
    is_bed.then(|| Finding::likely(run..run_end, Kind::Id))
}

/// Groups of digits with a word that says they are a telephone number, or with a trunk zero.
fn grouped_phone(text: &str, start: usize) -> Option<Finding> {
    static GROUPS: LazyLock<Regex> = LazyLock::new(|| {
        let groups = r"(?:\(\d{2,4}\) ?)?\d{2,5}(?:[ .-]\d{2,8}){1,5}|\(\d{2,4}\) ?\d{5,8}";
        let extension = r" ?(?:转|分机|x|ext\.?) ?\d{1,6}";
        Regex::new(&format!("^(?:{groups})(?:{extension})?")).expect("a fixed pattern")
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
    let abroad = digits.strip_prefix(b"00").unwrap_or(&digits);
    (abroad.strip_prefix(b"86").unwrap_or(abroad).len() == 11).then_some(Certainty::Certain)
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

/// The address of a network that stands in a range, less a colon beside it.
fn network(text: &str, mut range: Range<usize>) -> Option<Range<usize>> {
    // EUI-48: six groups of two digits.
    const HARDWARE_LEN: usize = 17;
    let value = &text[range.clone()];
    if value.starts_with(':') && !value.starts_with("::") {
        range.start += 1;
    }
    if value.ends_with(':') && !value.ends_with("::") {
        range.end -= 1;
    }
    let value = text.get(range.clone())?;
    let is_hardware = value.len() == HARDWARE_LEN && value.split([':', '-']).count() == 6;
    // RFC 4291, section 2.2. A shorter one is a ratio.
    let is_address = value.len() > "1::2".len() && value.parse::<std::net::Ipv6Addr>().is_ok();
    ((is_hardware || is_address) && stands_apart(text, &range)).then_some(range)
}

fn ipv4(number: &str) -> Option<Certainty> {
    let address = number.split(':').next().unwrap_or(number);
    address.parse::<std::net::Ipv4Addr>().ok().map(|_| Certainty::Likely)
}
