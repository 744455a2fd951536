//! Values behind the name of their field in text, as settings, logs, pieces of JSON and forms have them:
//! `PatientID=7788123`, `birth_date: 1961-04-09`, `病员号：7788123`.

use std::ops::Range;

use super::{kind_of_field, value_of_field};
use crate::{Finding, Kind, context::is_han};

/// Bytes of a name at most.
const NAME_LEN_MAX: usize = 64;
/// Bytes of a value that are looked at.
const VALUE_LEN_MAX: usize = 256;
/// Words of a name without quotes around it: what goes on is a sentence.
const NAME_WORDS_MAX: usize = 4;

/// Adds values behind `=`, and behind `:` where the name before it is no word of a language.
pub(crate) fn find(text: &str, findings: &mut Vec<Finding>) {
    for (at, sign) in text.match_indices(['=', ':']) {
        let rest = &text[at + 1..];
        let rest = &rest[..rest.floor_char_boundary(VALUE_LEN_MAX)];
        if let Some((kind, value)) =
            in_form(&text[..at], rest).or_else(|| named(&text[..at], sign, rest))
        {
            findings.push(Finding::likely(at + 1 + value.start..at + 1 + value.end, kind));
        }
    }
}

/// A value behind a name as programs write it.
fn named(before: &str, sign: &str, rest: &str) -> Option<(Kind, Range<usize>)> {
    let name = name_before(before);
    if name.is_empty() || (sign == ":" && !is_joined(name)) {
        return None;
    }
    let kind = kind_of_field(name)?;
    Some((kind, value_behind(rest, kind)?))
}

/// A number behind a Chinese label of whichever number: of less than five digits it may count something.
fn in_form(before: &str, rest: &str) -> Option<(Kind, Range<usize>)> {
    const LABEL_MAX: usize = 8; // characters
    const DIGITS_MIN: usize = 5;
    let before = before.trim_end_matches([' ', '*']);
    let len = before
        .chars()
        .rev()
        .take(LABEL_MAX)
        .take_while(|c| is_han(*c))
        .map(char::len_utf8)
        .sum::<usize>();
    let label = &before[before.len() - len..];
    if !label.ends_with('号') || kind_of_field(label) != Some(Kind::Id) {
        return None;
    }
    let value = value_behind(rest, Kind::Id)?;
    let number = &rest[value.clone()];
    let is_number = number.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    (is_number && digits >= DIGITS_MIN).then_some((Kind::Id, value))
}

/// The name that a text ends with, quoted or not; empty if it ends with none.
fn name_before(text: &str) -> &str {
    let text = text.strip_suffix(' ').unwrap_or(text);
    let text = text.strip_suffix(['"', '\'']).unwrap_or(text);
    let text = text.strip_suffix('\\').unwrap_or(text);
    let near = text.floor_char_boundary(text.len().saturating_sub(NAME_LEN_MAX));
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let start = text[near..]
        .rfind(|c| !is_part(c))
        .map_or(near, |at| text.ceil_char_boundary(near + at + 1));
    let name = &text[start..];
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if begins && name.len() < NAME_LEN_MAX { name } else { "" }
}

/// Whether a name is put together as programs do it: `patient_id`, `patientId`.
fn is_joined(name: &str) -> bool {
    let humps = || {
        name.as_bytes()
            .windows(2)
            .any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase())
    };
    name.contains('_') || humps()
}

/// What stands there between quotes, or up to where something else begins.
fn value_behind(rest: &str, kind: Kind) -> Option<Range<usize>> {
    let trimmed = rest.trim_start_matches(['=', '>', ' ', '\\']);
    let start = rest.len() - trimmed.len();
    let (start, value) = match trimmed.chars().next()? {
        quote @ ('"' | '\'') => {
            let inner = &trimmed[1..];
            (start + 1, &inner[..inner.find([quote, '\\', '\n'])?])
        }
        _ => (start, unquoted(trimmed, kind)),
    };
    let value = value_of_field(kind, value)?;
    Some(start + value.start..start + value.end)
}

fn unquoted(text: &str, kind: Kind) -> &str {
    let end =
        text.find(['\n', '\r', '\t', ',', '，', '。', ';', '&', '|', ')', '}', ']', '<', '"']);
    let text = &text[..end.unwrap_or(text.len())];
    let text = text.split("  ").next().unwrap_or_default();
    // Before the name of the next value.
    let text = text
        .split_once('=')
        .map_or(text, |(before, _)| before.rsplit_once(' ').map_or("", |(value, _)| value));
    let words = match kind {
        Kind::Id => 1,
        Kind::Name => NAME_WORDS_MAX,
        _ => usize::MAX,
    };
    text.match_indices(' ').nth(words - 1).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Kind, &str)> {
        let mut findings = Vec::new();
        find(text, &mut findings);
        findings.into_iter().map(|finding| (finding.kind, &text[finding.range])).collect()
    }

    #[test]
    fn values_of_settings_logs_and_pieces_of_json() {
        assert_eq!(
            found("PatientID=7788123\nPatientName=Gwyneth Okonkwo\nbirth_date: 1961-04-09\n"),
            [(Kind::Id, "7788123"), (Kind::Name, "Gwyneth Okonkwo"), (Kind::Date, "1961-04-09")]
        );
        assert_eq!(
            found("INFO admitted patientId=7788123 doctor=Bo Li bed=W3, zyh='0098123'"),
            [(Kind::Id, "7788123"), (Kind::Name, "Bo Li"), (Kind::Id, "0098123")]
        );
        assert_eq!(
            found(r#"{\"patientId\": \"A77\"} "attendingPhysician" : "Lee"; patient_no := 12 x"#),
            [(Kind::Id, "A77"), (Kind::Name, "Lee"), (Kind::Id, "12")]
        );
        assert_eq!(
            found("病员号:77881234 切片号: B24-00123，床数:3"),
            [(Kind::Id, "77881234"), (Kind::Id, "B24-00123")]
        );
        assert_eq!(found("GET /x?patient_id=77&name=y"), [(Kind::Id, "77")]);
        assert_eq!(
            found("attending_doctor: Bo Li saw him on the ward today"),
            [(Kind::Name, "Bo Li saw him")]
        );
    }

    #[test]
    fn words_and_measures_are_no_fields() {
        for text in [
            "pH=7.35, HR = 80, EF=55%, HbA1c: 7.1, NT-proBNP: 300",
            "Doctor: please call. Address: see below. Patient: well",
            "patientId=, mrn==",
            "drug_name: aspirin, orderStatus=done, age=64",
            "=:=:",
            "患者:好 生产批号:20240305 国药准字号:H20040771 楼号:302 病员号:见首页 编号:20240305例",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
        let long = "a".repeat(100) + "_id=7";
        assert_eq!(found(&long), []);
    }
}
