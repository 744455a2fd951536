//! Names that the network saw in part, made whole, and the same names in Latin letters beside them.

use std::{collections::BTreeSet, ops::Range, sync::LazyLock};

use regex::Regex;

use super::{cues, family};
use crate::{Finding, Kind, context::is_han, is_english_word};

/// Signs within names of other languages: 买买提·吐尔逊.
pub(super) const DOTS: [char; 4] = ['·', '•', '・', '‧'];
/// Characters on either side of such a sign.
const PART_LEN_MAX: usize = 6;
/// With these ends what stands before a name: 患者, 家属, 医师.
pub(super) const BEFORE: &str =
    "者人属由为是其之父母妻夫子女兄弟姐妹师生士长任员名诉：:，,。 和与及";
/// With these begins what stands behind it.
pub(super) const BEHIND: &str = "于在因曾诉自及和与，,。；的为是";

/// A name in Latin letters, of two words at least, in brackets behind one, or a long word.
static IN_BRACKETS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^ ?[(（] ?(?P<v>[A-Za-z]{2,16}(?:[ ,'-]{1,2}[A-Za-z]{2,16}){1,3}|[A-Za-z]{6,24}) ?[)）]",
    )
    .expect("a fixed pattern")
});

/// One before a name in brackets.
static BEFORE_BRACKET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?P<v>[A-Za-z]{2,16}(?:[ ,'-]{1,2}[A-Za-z]{2,16}){1,3}) ?[(（] ?$")
        .expect("a fixed pattern")
});

/// The whole name that a part of a text belongs to.
pub(super) fn whole(text: &str, mut name: Range<usize>) -> Range<usize> {
    let value = &text[name.clone()];
    let is_dotted = value.contains(DOTS);
    let is_compound_family = family::is_name(value) && value.chars().count() == 2;
    if is_compound_family || is_dotted {
        name.end += given_name(&text[name.end..]);
    }
    name.end += char_before_title(value, &text[name.end..]);
    if text[name.end..].starts_with(DOTS) {
        name.end += first_char_len(&text[name.end..]);
        name.end += part(text[name.end..].chars(), BEHIND);
    }
    if let Some(before) = text[..name.start].strip_suffix(DOTS) {
        name.start = before.len() - part(before.chars().rev(), BEFORE);
    } else if is_dotted {
        name.start -= part(text[..name.start].chars().rev(), BEFORE).min(2 * '字'.len_utf8());
    }
    name
}

/// Adds names in Latin letters that stand beside Chinese ones: 张伟（Zhang Wei）, 张伟（zhangwei）.
pub(super) fn add_latin(text: &str, findings: &mut Vec<Finding>) {
    const NEAR: usize = 64;
    if !text.contains(['(', '（']) {
        return;
    }
    let names = findings.iter().filter(|finding| finding.kind == Kind::Name);
    let latin: Vec<_> = names
        .flat_map(|name| {
            let (start, end) = (name.range.start, name.range.end);
            let head = text.floor_char_boundary(start.saturating_sub(NEAR));
            let behind = IN_BRACKETS.captures(&text[end..]).and_then(|found| found.name("v"));
            let behind = behind.filter(|found| !is_english_word(&found.as_str().to_lowercase()));
            let before =
                BEFORE_BRACKET.captures(&text[head..start]).and_then(|found| found.name("v"));
            let shifted = |found: regex::Match<'_>, by| found.start() + by..found.end() + by;
            [behind.map(|found| shifted(found, end)), before.map(|found| shifted(found, head))]
        })
        .flatten()
        .collect();
    findings.extend(latin.into_iter().map(|range| Finding::likely(range, Kind::Name)));
}

/// Adds names of three characters and more wherever else they stand in the text.
pub(super) fn add_again(text: &str, findings: &mut Vec<Finding>) {
    const NAMES_MAX: usize = 64;
    let found = findings.iter().filter(|finding| finding.kind == Kind::Name);
    let names: BTreeSet<_> = found.map(|finding| &text[finding.range.clone()]).collect();
    let is_long = |name: &str| name.chars().count() >= 3 && name.chars().all(is_han);
    let names = names.into_iter().filter(|name| is_long(name) && family::begins(name));
    for name in names.take(NAMES_MAX) {
        let again = text.match_indices(name).map(|(at, _)| at..at + name.len());
        findings.extend(again.map(|range| Finding::likely(range, Kind::Name)));
    }
}

/// Bytes of the character between a name of two and a title: 沈柏[用]院长.
fn char_before_title(name: &str, rest: &str) -> usize {
    const OF_TITLES: &str = "副总正前代老大小科院医女男班";
    let Some(next) = rest.chars().next().filter(|c| is_han(*c) && !OF_TITLES.contains(*c)) else {
        return 0;
    };
    let is_short = name.chars().count() == 2 && family::begins(name) && !cues::is_title(rest);
    if is_short && cues::is_title(&rest[next.len_utf8()..]) { next.len_utf8() } else { 0 }
}

/// Bytes of what is left of a given name: one or two characters, if no more follow.
fn given_name(rest: &str) -> usize {
    let han = rest.chars().take(3).take_while(|c| is_han(*c) && !BEHIND.contains(*c)).count();
    if han <= 2 { han * '字'.len_utf8() } else { 0 }
}

/// Bytes of the Chinese characters that come first and do not belong to another word.
fn part(characters: impl Iterator<Item = char>, other: &str) -> usize {
    let of_name = characters.take_while(|c| is_han(*c) && !other.contains(*c));
    of_name.take(PART_LEN_MAX).map(char::len_utf8).sum()
}

fn first_char_len(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_whole<'t>(text: &'t str, part: &str) -> &'t str {
        let start = text.find(part).unwrap();
        &text[whole(text, start..start + part.len())]
    }

    #[test]
    fn names_with_a_dot() {
        assert_eq!(made_whole("患者买买提·吐尔逊，男", "买提·吐尔逊"), "买买提·吐尔逊");
        assert_eq!(made_whole("患者买买提·吐尔逊，男", "吐尔逊"), "买买提·吐尔逊");
        assert_eq!(made_whole("监护人：古丽娜尔·艾买提于", "古丽娜尔"), "古丽娜尔·艾买提");
        assert_eq!(made_whole("阿不都·热合曼江，男", "阿不都·热合曼"), "阿不都·热合曼江");
        assert_eq!(made_whole("患者张三，男", "张三"), "张三");
    }

    #[test]
    fn family_names_of_two_characters() {
        assert_eq!(made_whole("护士长：司马相如，", "司马"), "司马相如");
        assert_eq!(made_whole("欧阳主任医师", "欧阳"), "欧阳");
        assert_eq!(made_whole("上海沈柏用院长", "沈柏"), "沈柏用");
        assert_eq!(made_whole("李明副主任", "李明"), "李明");
    }

    #[test]
    fn latin_letters_beside_a_name() {
        for text in ["患者zhang wei（张伟），男", "患者张伟（ZHANG, WEI），男", "张伟（zhangwei）"]
        {
            let start = text.find("张伟").unwrap();
            let mut findings = vec![Finding::likely(start..start + 6, Kind::Name)];
            add_latin(text, &mut findings);
            assert_eq!(findings.len(), 2, "{text}");
        }
        let mut findings = vec![Finding::likely(0..6, Kind::Name)];
        add_latin("张伟（CT）复查", &mut findings);
        add_latin("张伟（normal）", &mut findings);
        assert_eq!(findings.len(), 1);
    }
}
