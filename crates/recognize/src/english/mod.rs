//! Names, places and institutions in text of Latin or a related script.

mod addresses;
mod again;
mod behind_names;
mod clinical;
mod compound;
mod days;
mod labels;
mod lists;
mod pairs;
mod tagger;
mod titles;
mod tokens;
#[cfg(feature = "train")]
pub mod train;
mod within_chinese;

use std::ops::Range;

pub(crate) use lists::is_word;

use crate::{
    Finding, Kind,
    context::{after, before, is_han, stands_apart},
};

/// Whether a word in Latin letters is one of medicine, or common and no name.
pub(crate) fn is_no_name(word: &str) -> bool {
    clinical::is_term(word) || lists::is_common(&word.to_lowercase())
}

/// Adds what labels, the tagger and rules beside it find.
pub(crate) fn find(text: &str, findings: &mut Vec<Finding>) {
    let tagger = tagger::Tagger::new(include_bytes!("../../model/english.bin"));
    let is_chinese = text.chars().any(is_han);
    labels::find(text, findings);
    if is_chinese {
        within_chinese::find(text, findings);
        if !may_hold_a_name(text) {
            return;
        }
    }
    let tokens = tokens::tokens(text);
    let mut found = Vec::new();
    let mut open: Option<Finding> = None;
    for (token, tag) in tokens.iter().zip(tagger.tag(&tokens)) {
        match &mut open {
            Some(finding) if tag != 0 && tag % 2 == 0 => finding.range.end = token.range.end,
            _ => {
                found.extend(open.take().and_then(|open| settle(text, open, is_chinese)));
                open = kind(tag).map(|kind| Finding::likely(token.range.clone(), kind));
            }
        }
    }
    found.extend(open.and_then(|open| settle(text, open, is_chinese)));
    addresses::find_streets(text, &mut found);
    addresses::make_whole(text, &mut found);
    found.retain(|finding| !clinical::is_clinical(text, finding));
    addresses::find_postal_codes(text, &mut found);
    titles::find(text, &mut found);
    if !is_chinese {
        pairs::find(text, &tokens, &mut found);
        compound::make_whole(text, &mut found);
        days::find(text, &mut found);
        behind_names::find_ages(text, &mut found);
        behind_names::find_phones(text, &mut found);
        again::add_joined(text, &tokens, &mut found);
        again::add_elsewhere(text, &tokens, &mut found);
    }
    findings.append(&mut found);
}

/// A finding as it is reported, if it is. What is written small is only found where a whole line (or
/// what is near of it) is written so, or if it is a name on a list; a name begins and ends with a word
/// that is written like one or is one.
fn settle(text: &str, mut finding: Finding, is_chinese: bool) -> Option<Finding> {
    let value = &text[finding.range.clone()];
    let is_name = finding.kind == Kind::Name;
    let mut words = value.split([' ', '\n']).filter(|word| !word.is_empty());
    let is_letter = value.chars().filter(|c| c.is_alphabetic()).count() < 2;
    if is_name && (is_letter || words.clone().all(|word| lists::is_common(&word.to_lowercase()))) {
        return None;
    }
    if !value.contains(|c: char| c.is_uppercase() || c.is_numeric()) {
        let listed = is_name && words.any(|word| word.len() > 2 && lists::is_name(word));
        return (!is_chinese && (listed || is_small(line_around(text, &finding.range))))
            .then_some(finding);
    }
    if is_name {
        let is_no_name = |word: &str| is_small(word) && !lists::is_name(word);
        let words = || value.split_inclusive([' ', '\n']);
        let head: usize = words().take_while(|word| is_no_name(word)).map(str::len).sum();
        let tail: usize = words().rev().take_while(|word| is_no_name(word)).map(str::len).sum();
        let kept = value.get(head..value.len() - tail)?.trim_end();
        finding.range.start += head;
        finding.range.end = finding.range.start + kept.len();
    }
    (!is_chinese || is_written_like_a_name(text, &finding)).then_some(finding)
}

fn is_small(text: &str) -> bool {
    !text.contains(char::is_uppercase)
}

/// The line that a finding stands in, or what of it is near.
fn line_around<'t>(text: &'t str, range: &Range<usize>) -> &'t str {
    const NEAR: usize = 256;
    let head = before(text, range.start, NEAR);
    let tail = after(text, range.end, NEAR);
    let start = range.start - head.len() + head.rfind('\n').map_or(0, |end| end + 1);
    let end = range.end + tail.find('\n').unwrap_or(tail.len());
    &text[start..end]
}

/// What parts the words of a name.
const BETWEEN_WORDS: [char; 4] = [' ', '\'', '-', '.'];

/// Whether [`is_written_like_a_name`] may hold for something in a text: two of its parts have a
/// capital with two small letters behind it.
fn may_hold_a_name(text: &str) -> bool {
    let parts = text.split(BETWEEN_WORDS).filter(|part| {
        let from_capital = part.chars().skip_while(|c| !c.is_uppercase());
        from_capital.filter(|c| c.is_lowercase()).nth(1).is_some()
    });
    parts.take(2).count() == 2
}

/// In Chinese text, Latin letters are mostly drugs, tests and units: a name there has two parts,
/// each a capital and two small letters at least, and touches no digit.
fn is_written_like_a_name(text: &str, finding: &Finding) -> bool {
    let value = &text[finding.range.clone()];
    let words = value.split(BETWEEN_WORDS).filter(|word| {
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
