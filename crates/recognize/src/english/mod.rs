//! Names, places and institutions in text of Latin or a related script.

mod lists;
mod tagger;
mod tokens;
#[cfg(feature = "train")]
pub mod train;

use crate::{
    Finding, Kind,
    context::{is_han, stands_apart},
};

/// Adds what the tagger finds.
pub(crate) fn find(text: &str, findings: &mut Vec<Finding>) {
    let tagger = tagger::Tagger::new(include_bytes!("../../model/english.bin"));
    let tokens = tokens::tokens(text);
    let is_chinese = text.chars().any(is_han);
    let mut open: Option<Finding> = None;
    for (token, tag) in tokens.iter().zip(tagger.tag(&tokens)) {
        match &mut open {
            Some(finding) if tag != 0 && tag % 2 == 0 => finding.range.end = token.range.end,
            _ => {
                findings.extend(open.take().and_then(|found| settle(text, found, is_chinese)));
                open = kind(tag).map(|kind| Finding::likely(token.range.clone(), kind));
            }
        }
    }
    findings.extend(open.and_then(|found| settle(text, found, is_chinese)));
}

/// A finding as it is reported, if it is: names begin and end with a word that
/// is written like one, or is one.
fn settle(text: &str, mut finding: Finding, is_chinese: bool) -> Option<Finding> {
    if finding.kind == Kind::Name {
        let value = &text[finding.range.clone()];
        let is_small = |word: &str| !word.contains(char::is_uppercase) && !lists::is_name(word);
        let words = || value.split_inclusive([' ', '\n']);
        let head: usize = words().take_while(|word| is_small(word)).map(str::len).sum();
        let tail: usize = words().rev().take_while(|word| is_small(word)).map(str::len).sum();
        if head == value.len() {
            return None;
        }
        let kept = value[head..value.len() - tail].trim_end();
        finding.range.start += head;
        finding.range.end = finding.range.start + kept.len();
    }
    (!is_chinese || is_written_like_a_name(text, &finding)).then_some(finding)
}

/// In Chinese text, Latin letters are mostly drugs, tests and units: a name there has two parts,
/// each a capital and two small letters at least, and touches no digit.
fn is_written_like_a_name(text: &str, finding: &Finding) -> bool {
    let value = &text[finding.range.clone()];
    let words = value.split([' ', '\'', '-', '.']).filter(|word| {
        let small = word.chars().skip(1).filter(|c| c.is_lowercase()).count();
        word.starts_with(char::is_uppercase) && small >= 2
    });
    words.count() >= 2 && stands_apart(text, &finding.range)
}

const fn kind(tag: u8) -> Option<Kind> {
    match tag {
        1 | 2 => Some(Kind::Name),
        3 | 4 => Some(Kind::Address),
        5 | 6 => Some(Kind::Organisation),
        _ => None,
    }
}
