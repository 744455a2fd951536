//! Days without a year: on 5/14, Tues 12/9, labs 3/4. What is written so may be a score or a share
//! (pain 6/10, 1/2 NS), so something must say that it is a day.

use std::{collections::HashSet, ops::Range};

use super::{clinical, lists};
use crate::{
    Finding, Kind,
    checks::month_and_day,
    context::{after, before},
};

/// Before a day, in small letters.
const CUES: [&str; 88] = [
    "addendum",
    "admit",
    "admitted",
    "ama",
    "appointment",
    "appt",
    "arrived",
    "begun",
    "biopsy",
    "born",
    "bx",
    "called",
    "colonoscopy",
    "completed",
    "ct",
    "cxr",
    "dated",
    "delivered",
    "discharge",
    "discharged",
    "dob",
    "done",
    "dos",
    "drawn",
    "due",
    "echo",
    "edc",
    "edd",
    "effective",
    "egd",
    "ekg",
    "ended",
    "ending",
    "eta",
    "expires",
    "faxed",
    "fri",
    "friday",
    "injury",
    "labs",
    "last",
    "lmp",
    "lnmp",
    "mon",
    "monday",
    "mri",
    "next",
    "note",
    "on",
    "onset",
    "operated",
    "performed",
    "pet",
    "placed",
    "planned",
    "received",
    "recheck",
    "removed",
    "repeat",
    "rtc",
    "sat",
    "saturday",
    "scan",
    "scheduled",
    "section",
    "seen",
    "signed",
    "since",
    "started",
    "stopped",
    "sun",
    "sunday",
    "surgery",
    "tee",
    "thru",
    "thu",
    "thurs",
    "thursday",
    "till",
    "tte",
    "tues",
    "tuesday",
    "ultrasound",
    "until",
    "visit",
    "wed",
    "wednesday",
    "xray",
];
/// Before a day or a share.
const WEAK_CUES: [&str; 9] =
    ["after", "before", "between", "by", "from", "of", "starting", "through", "to"];
/// Before a score or a share.
const SCORES: [&str; 20] = [
    "apgar", "apgars", "bp", "gcs", "grade", "mmse", "moca", "motor", "murmur", "nodes", "pain",
    "phq", "power", "pulses", "reflexes", "score", "scored", "slums", "strength", "vision",
];
/// Behind one.
const OF_SHARES: [&str; 34] = [
    "beats", "cores", "criteria", "cup", "cups", "days", "dextrose", "doses", "episodes", "hours",
    "hrs", "in", "l", "lymph", "mg", "min", "minutes", "ml", "murmur", "nodes", "normal", "ns",
    "pack", "pain", "points", "ppd", "saline", "sec", "strength", "systolic", "tab", "tablet",
    "tabs", "weeks",
];
/// What scores and shares are of.
const WHOLES: [u32; 12] = [2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 30];

/// Adds days; one may stand right behind a name that was found: w/ Dr. Ahn 6/20.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    let is_name = |finding: &&Finding| finding.kind == Kind::Name;
    let names: HashSet<usize> =
        findings.iter().filter(is_name).map(|name| name.range.end).collect();
    let mut last_end = usize::MAX;
    for day in memchr::memchr_iter(b'/', text.as_bytes()).filter_map(|sign| around(text, sign)) {
        let is_behind_name = names.contains(&text[..day.start].trim_end_matches(' ').len());
        if stands_alone(text, &day) && is_day(text, &day, is_behind_name, last_end) {
            last_end = day.end;
            findings.push(Finding::likely(day, Kind::Date));
        }
    }
}

/// One or two digits on either side of a stroke, and the stroke.
fn around(text: &str, sign: usize) -> Option<Range<usize>> {
    let digits = |bytes: &mut dyn Iterator<Item = &u8>| {
        bytes.take_while(|byte| byte.is_ascii_digit()).count()
    };
    let (head, tail) = text.as_bytes().split_at(sign);
    let (before, behind) = (digits(&mut head.iter().rev()), digits(&mut tail[1..].iter()));
    let is_short = (1..=2).contains(&before) && (1..=2).contains(&behind);
    is_short.then(|| sign - before..sign + 1 + behind)
}

/// Whether no number, fraction or word goes on at either end.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '/' | '%');
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let (head, tail) = (&text[..range.start], &text[range.end..]);
    let is_decimal = tail.starts_with('.') && is_digit(tail.chars().nth(1));
    let is_later = head.ends_with(['.', ':', ',']) && is_digit(head.chars().rev().nth(1));
    !head.ends_with(goes_on) && !tail.starts_with(goes_on) && !is_decimal && !is_later
}

/// Whether something says that a month and day are such; the last day that was found ends at
/// `last_end`.
fn is_day(text: &str, range: &Range<usize>, is_behind_name: bool, last_end: usize) -> bool {
    const NEAR: usize = 24;
    let number = |part: &str| part.parse::<u32>().unwrap_or_default();
    let (month, day) = text[range.clone()].split_once('/').unwrap_or_default();
    let (month, day) = (number(month), number(day));
    let head = before(text, range.start, NEAR);
    let tail = after(text, range.end, NEAR);
    let cue = last_word(head);
    let behind = tail.trim_start_matches([' ', '-']).split(|c: char| !c.is_alphabetic()).next();
    let behind = behind.unwrap_or_default().to_lowercase();
    if !month_and_day(month, day)
        || OF_SHARES.contains(&behind.as_str())
        || SCORES.contains(&cue.as_str())
    {
        return false;
    }
    let is_whole = WHOLES.contains(&day);
    let follows_day = text.get(last_end..range.start).is_some_and(|gap| {
        matches!(gap.trim(), "-" | "–" | "to" | "and" | "," | "&" | "through" | "thru" | "/")
    });
    let heads_line = tail.starts_with([':', ' ']) && tail.trim_start().starts_with(':');
    CUES.contains(&cue.as_str())
        || clinical::is_procedure(&cue)
        || head.trim_end().ends_with("f/u")
        || is_behind_name
        || follows_day
        || heads_line
        || (WEAK_CUES.contains(&cue.as_str()) && !is_whole)
        || (day > 12 && !is_whole && !lists::is_name(&cue))
}

/// The word right before a place, in small letters; signs may stand between.
fn last_word(head: &str) -> String {
    let head = head.trim_end_matches([' ', ':', ',', '.', '(', '@', '=']);
    head.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found_by;

    fn found(text: &str) -> Vec<&str> {
        found_by(find, text)
    }

    #[test]
    fn days() {
        assert_eq!(found("seen on 4/17, Tues 12/9; PICC placed 5/16"), ["4/17", "12/9", "5/16"]);
        assert_eq!(found("LABS 3/4: Na 138; 3/5: Na 140"), ["3/4", "3/5"]);
        assert_eq!(found("from 3/14 to 3/17, due 7/2 - 7/4"), ["3/14", "3/17", "7/2", "7/4"]);
        assert_eq!(found("thru 6/12. Home 12/14. f/u 10/4"), ["6/12", "12/14", "10/4"]);
        assert_eq!(
            found("LNMP 5/2, left AMA 2/28, C-section (8/30, stable)"),
            ["5/2", "2/28", "8/30"]
        );
        assert_eq!(found("hemicolectomy 9/10, next 2/4"), ["9/10", "2/4"]);
        let text = "w/ Dr. Ahn 6/20";
        let mut findings = vec![Finding::likely(3..10, Kind::Name)];
        find(text, &mut findings);
        assert_eq!(findings[1..], [Finding::likely(11..15, Kind::Date)]);
    }

    #[test]
    fn scores_and_shares() {
        for text in [
            "pain 6/10, strength 5/5, vision 20/40, BP 120/80, 1/2 NS at 75",
            "improved from 8/10 to 4/10, GCS 12/15, MMSE 12/30",
            "strength of 4/5 in the arm, on 1/2 tab daily, 3/14 nodes, 2/6 systolic murmur, 22/1.1, 3/4/5",
            "1/7 days, 0/12, 13/14, HPF 2/3 full, ANA 1/40",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
