//! Names, places and institutions in Chinese text.

mod aged;
mod clinical;
mod cues;
mod dotted;
pub(crate) mod family;
mod gate;
mod handles;
mod kin;
mod masked;
mod model_file;
mod network;
mod places;
mod prior;
mod product;
mod titled;
mod whole;

use std::{
    ops::{Range, RangeInclusive},
    sync::LazyLock,
};

use model_file::Model;

use crate::{Finding, Kind, context::is_han, english};

static MODEL: LazyLock<Model> =
    LazyLock::new(|| Model::read(include_bytes!("../../model/chinese.bin")));

/// Characters that the network reads before and behind a place where a name may begin.
const WINDOW: (usize, usize) = (12, 14);

/// Characters between two such places that are read too: where one name is, others are.
const GAP: usize = 20;

/// Characters of a Chinese name.
const NAME_LEN: RangeInclusive<usize> = 2..=4;

/// Adds everything Chinese.
pub(crate) fn find(text: &str, findings: &mut Vec<Finding>) {
    places::find(text, findings);
    masked::find(text, findings);
    titled::find(text, findings);
    let terms = clinical::terms(text);
    let mut told = Vec::new();
    kin::find(text, &mut told);
    aged::find(text, &mut told);
    told.retain(|finding| !clinical::is_part(text, &terms, &finding.range));
    findings.append(&mut told);
    dotted::find(text, &terms, findings);
    let settled = findings.iter().map(|finding| finding.range.clone()).chain(terms.iter().cloned());
    let windows = windows(text, settled.collect());
    let is_of_hospital = clinical::is_of_hospital(text, &terms);
    for window in windows {
        let mut found = Vec::new();
        find_in_window(text, window, is_of_hospital, &mut found);
        found.retain(|finding| !clinical::is_part(text, &terms, &finding.range));
        findings.append(&mut found);
    }
    whole::add_latin(text, findings);
    whole::add_again(text, findings);
    handles::find(text, findings);
}

/// Parts of the text near places where a name may begin that lies in nothing settled: bytes, in
/// order, apart from each other.
fn windows(text: &str, mut settled: Vec<Range<usize>>) -> Vec<Range<usize>> {
    settled.sort_by_key(|range| range.start);
    let mut settled = settled.into_iter().peekable();
    let characters: Vec<(usize, char)> = text.char_indices().collect();
    let at = |place: usize| characters.get(place).map_or(' ', |(_, c)| *c);
    let offset = |place: usize| characters.get(place).map_or(text.len(), |(offset, _)| *offset);
    let near_cues = cues::near(&characters);
    let mut windows: Vec<Range<usize>> = Vec::new();
    for (place, (start, c)) in characters.iter().enumerate() {
        while settled.next_if(|range| range.end <= *start).is_some() {}
        if settled.peek().is_some_and(|range| range.start <= *start) {
            continue;
        }
        let around = || [-2, -1, 0, 1, 2, 3].map(|by| place.checked_add_signed(by).map_or(' ', at));
        let may_begin = if is_han(*c) {
            gate::may_begin(around(), near_cues[place])
        } else {
            begins_latin_name(&characters, place)
        };
        if !may_begin {
            continue;
        }
        let (start, end) = (place.saturating_sub(WINDOW.0), place + WINDOW.1);
        match windows.last_mut() {
            Some(last) if start <= last.end + GAP => last.end = end,
            None if start <= GAP => windows.push(0..end),
            _ => windows.push(start..end),
        }
    }
    if let Some(last) = windows.last_mut().filter(|last| characters.len() <= last.end + GAP) {
        last.end = characters.len();
    }
    windows.into_iter().map(|window| offset(window.start)..offset(window.end)).collect()
}

/// Whether a word written like a name in Latin letters begins behind a Chinese character: 患者Kevin.
fn begins_latin_name(characters: &[(usize, char)], place: usize) -> bool {
    let at = |place: usize| characters.get(place).map_or(' ', |(_, c)| *c);
    let before = match place {
        0 => return false,
        1 => at(0),
        _ if at(place - 1) == ' ' => at(place - 2),
        _ => at(place - 1),
    };
    let [a, b, c] = [place, place + 1, place + 2].map(at);
    is_han(before) && a.is_ascii_uppercase() && b.is_ascii_lowercase() && c.is_ascii_lowercase()
}

/// Adds what the network finds in a part of the text.
fn find_in_window(
    text: &str,
    window: Range<usize>,
    is_of_hospital: bool,
    findings: &mut Vec<Finding>,
) {
    let part = &text[window.clone()];
    let words: Vec<u16> = part.chars().map(|c| MODEL.word(c)).collect();
    let tags = network::tag(&MODEL, &words, &prior::of(part, is_of_hospital));
    let mut open: Option<(Range<usize>, Kind)> = None;
    for ((at, c), tag) in part.char_indices().zip(tags) {
        let (at, end) = (window.start + at, window.start + at + c.len_utf8());
        let name = &MODEL.tag_names[usize::from(tag)];
        match &mut open {
            Some((range, _)) if name.ends_with("-I") => range.end = end,
            _ => {
                findings.extend(open.take().and_then(|open| plausible(text, open)));
                open = kind(name).map(|kind| (at..end, kind));
            }
        }
    }
    findings.extend(open.and_then(|open| plausible(text, open)));
}

fn kind(tag: &str) -> Option<Kind> {
    match tag.split('-').next()? {
        "PER" => Some(Kind::Name),
        "LOC" => Some(Kind::Address),
        "ORG" => Some(Kind::Organisation),
        _ => None,
    }
}

/// What the network says, unless it is a single character or in Latin letters an abbreviation or a
/// known word: these are seldom right. A place or an institution where persons only are named is one.
fn plausible(text: &str, (range, kind): (Range<usize>, Kind)) -> Option<Finding> {
    let value = &text[range.clone()];
    let han = value.chars().filter(|c| is_han(*c)).count();
    let small = value.bytes().skip(1).filter(u8::is_ascii_lowercase).count();
    let latin = kind == Kind::Name
        && value.starts_with(|c: char| c.is_ascii_alphabetic())
        && !english::is_no_name(value.trim_end());
    let short = kind == Kind::Name && family::is_name(value) && cues::is_title(&text[range.end..]);
    let person =
        NAME_LEN.contains(&han) && family::begins(value) && cues::is_around_person(text, &range);
    let kind = if person { Kind::Name } else { kind };
    // 汉族, 维吾尔族 are told of many.
    let is_people = kind != Kind::Name && value.ends_with('族');
    if is_people || !(han >= 2 || short || (latin && small >= 2)) {
        return None;
    }
    let range = if kind == Kind::Name { whole::whole(text, range) } else { range };
    Some(Finding::likely(range, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_names_in_latin_letters() {
        let found =
            crate::finding::found_by(find, "患者duncain诉腹痛，医生Zorica说Mallampati评分I级");
        assert_eq!(found, ["duncain", "Zorica"]);
    }

    #[test]
    fn a_name_is_likelier_in_a_hospital() {
        let words: Vec<u16> = "关键说他来了".chars().map(|c| MODEL.word(c)).collect();
        let has_name = |prior| {
            let tags = network::tag(&MODEL, &words, &vec![prior; words.len()]);
            tags.into_iter().any(|tag| usize::from(tag) == MODEL.name)
        };
        assert!(!has_name(-8.0) && has_name(8.0));
    }

    #[test]
    fn every_vector_unit_gives_the_same_tags() {
        let text =
            "昨日欧阳修文陪同就诊，诉头痛；江城第一人民医院王建国主任会诊，建议转北京市治疗。";
        let words: Vec<u16> = text.chars().map(|c| MODEL.word(c)).collect();
        let priors = vec![0.5; words.len()];
        let tags = network::tag(&MODEL, &words, &priors);
        assert_eq!(tags, network::tag_with(product::Plain, &MODEL, &words, &priors));
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(simd) = pulp::x86::V3::try_new() {
                assert_eq!(tags, network::tag_with(simd, &MODEL, &words, &priors));
            }
            if let Some(simd) = pulp::x86::V4::try_new() {
                assert_eq!(tags, network::tag_with(simd, &MODEL, &words, &priors));
            }
        }
        let names: Vec<_> =
            tags.iter().map(|tag| MODEL.tag_names[usize::from(*tag)].as_str()).collect();
        assert_eq!(names[2..6], ["PER-B", "PER-I", "PER-I", "PER-I"]);
    }
}
