//! Chinese addresses, whole: from the province to the room number.
//!
//! An address is a chain of units: divisions (浙江省, 西湖区), roads (文三路), places (翠苑小区) and
//! numbers (12幢3单元), with names between them. A chain is an address if its units weigh enough
//! together; it goes on to what stands between the last unit and the next sign or verb.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use crate::{Finding, Kind, context::is_han};

/// Weight from which a chain is an address.
const ADDRESS_WEIGHT: u32 = 2;
/// Characters of a name between two units.
const NAME_LEN_MAX: usize = 8;
/// Characters behind the last unit.
const TAIL_LEN_MAX: usize = 14;

static DIVISIONS: LazyLock<(AhoCorasick, usize)> = LazyLock::new(|| {
    let whole: Vec<_> = include_str!("../../data/divisions.txt").lines().collect();
    let stems = include_str!("../../data/division_stems.txt").lines();
    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(whole.iter().copied().chain(stems))
        .expect("a list of fixed size");
    (automaton, whole.len())
});

/// Units that their last characters tell, with what comes before them in the same unit.
static UNITS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?P<road>大道|公路|胡同|路|街(?:道)?|巷|弄)",
        r"|(?P<place>镇|乡|村|小区|社区|花园|家园|公寓|新村|大厦|广场|工业区|工业园|科技园|产业园|创业园|园区|开发区|商城|市场|商务楼|写字楼|山庄|别墅|学校|大学|酒店|宾馆|公司|幼儿园)",
        r"|(?P<number>(?:[0-9A-Za-z]+|[一二三四五六七八九十]+)(?:号楼|号院|号|栋|幢|座|单元|室|楼|层|弄|组|社|队|排|期|区|铺))",
    ))
    .expect("a fixed pattern")
});

/// Characters that are in no name of a place: one begins behind them at the earliest.
const BOUNDS: &str = "于在到从自来至住往赴返经由是为，。；：、的和与及被将把";
/// Words with which prose goes on behind an address.
const PROSE: [&str; 48] = [
    "因", "就诊", "入院", "住院", "出院", "患者", "于", "治疗", "检查", "电话", "联系", "工作",
    "的", "收治", "为", "诊", "术", "病", "局长", "处长", "科长", "院长", "主任", "经理", "理事",
    "记者", "居民", "说", "告诉", "表示", "负责", "老板", "行长", "书记", "主编", "律师", "老师",
    "教授", "透露", "报道", "指出", "发现", "开始", "交给", "去世", "死亡", "打工", "务工",
];
/// Words that end like a unit and are none.
const NO_UNITS: [&str; 22] = [
    "尿路", "旁路", "通路", "思路", "胆路", "线路", "电路", "回路", "道路", "一路", "走路", "环路",
    "径路", "镇静", "镇痛", "镇咳", "镇惊", "镇吐", "病区", "区域", "出路", "半路",
];

#[derive(Clone, Debug)]
struct Unit {
    /// From the unit's own first byte, its name left out.
    range: Range<usize>,
    weight: u32,
    /// Whether a name stands before it, which belongs to it.
    named: bool,
}

/// Adds addresses.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    let mut chunk = 0;
    for (at, c) in text.char_indices().filter(|(_, c)| ends_chunk(*c)) {
        find_in_chunk(text, chunk..at, findings);
        chunk = at + c.len_utf8();
    }
    find_in_chunk(text, chunk..text.len(), findings);
}

/// Signs that no address goes across.
fn ends_chunk(c: char) -> bool {
    "，,。；;：:！？?、“”\"<>\n\t".contains(c)
}

fn find_in_chunk(text: &str, chunk: Range<usize>, findings: &mut Vec<Finding>) {
    let part = &text[chunk.clone()];
    if part.len() < 6 || part.is_ascii() {
        return;
    }
    let units = units(part);
    let mut from = 0;
    while from < units.len() {
        let len = chain_len(part, &units[from..]);
        let chain = &units[from..from + len];
        from += len;
        if let Some(range) = address(part, chain) {
            let range = chunk.start + range.start..chunk.start + range.end;
            findings.push(Finding::likely(range, Kind::Address));
        }
    }
}

/// All units of a text, in order, without overlaps.
fn units(text: &str) -> Vec<Unit> {
    let (divisions, whole) = &*DIVISIONS;
    let division = divisions.find_iter(text).map(|found| {
        let weight = if found.pattern().as_usize() < *whole { 3 } else { 1 };
        Unit { range: found.range(), weight, named: false }
    });
    let other = UNITS.captures_iter(text).filter_map(|captures| {
        let found = captures.get(0)?;
        let numbered = text[found.end()..].starts_with(|c: char| c.is_ascii_digit());
        let (weight, named) = if captures.name("number").is_some() {
            (1, false)
        } else if captures.name("road").is_some() {
            (if numbered { 2 } else { 1 }, true)
        } else {
            (1, true)
        };
        (!is_other_word(text, found.range())).then(|| Unit { range: found.range(), weight, named })
    });
    let mut units: Vec<_> = division.chain(other).collect();
    units.sort_by_key(|unit| (unit.range.start, std::cmp::Reverse(unit.range.end)));
    let mut end = 0;
    units.retain(|unit| {
        let apart = unit.range.start >= end;
        end = end.max(unit.range.end);
        apart
    });
    units
}

/// Whether what looks like a unit belongs to another word, such as 尿路.
fn is_other_word(text: &str, unit: Range<usize>) -> bool {
    NO_UNITS.iter().any(|word| {
        let head = word.chars().next().map_or(0, char::len_utf8);
        let within = |start: usize| text.get(start..).is_some_and(|rest| rest.starts_with(word));
        within(unit.start) || unit.start.checked_sub(head).is_some_and(within)
    })
}

/// How many units from the first on stand close enough together.
fn chain_len(text: &str, units: &[Unit]) -> usize {
    let close = |pair: &[Unit]| {
        let between = &text[pair[0].range.end..pair[1].range.start];
        between.chars().count() <= NAME_LEN_MAX && !between.contains(is_bound) && !is_prose(between)
    };
    1 + units.windows(2).take_while(|pair| close(pair)).count()
}

fn address(text: &str, chain: &[Unit]) -> Option<Range<usize>> {
    let (first, last) = (chain.first()?, chain.last()?);
    let weight: u32 = chain.iter().map(|unit| unit.weight).sum();
    let start =
        if first.named { start_of_name(text, first.range.start) } else { first.range.start };
    let nameless = first.named && start == first.range.start;
    (weight >= ADDRESS_WEIGHT && !nameless)
        .then(|| start..end_of_tail(text, last.range.end, chain.len() > 1 && last.weight < 3))
}

fn start_of_name(text: &str, unit: usize) -> usize {
    let name = text[..unit]
        .chars()
        .rev()
        .take(NAME_LEN_MAX)
        .take_while(|c| (is_han(*c) || c.is_ascii_alphanumeric()) && !is_bound(*c));
    unit - name.map(char::len_utf8).sum::<usize>()
}

/// Numbers and letters always belong to the address; a name may if nothing else follows it.
fn end_of_tail(text: &str, from: usize, may_be_named: bool) -> usize {
    let rest = &text[from..];
    let number = |c: char| c.is_ascii_alphanumeric() || "-_#()（）－.".contains(c);
    let digits = rest.find(|c| !number(c)).unwrap_or(rest.len());
    let is_tail = |c: char| is_han(c) || number(c) || c == ' ';
    let tail = rest.find(|c| !is_tail(c)).unwrap_or(rest.len());
    let numbered = rest.contains(|c: char| c.is_ascii_digit());
    let named =
        (may_be_named || numbered) && tail == rest.len() && rest.chars().count() <= TAIL_LEN_MAX;
    let len = if named && !is_prose(rest) { tail } else { digits };
    from + rest[..len].trim_end_matches([' ', '.', '-', '(', '（']).len()
}

fn is_bound(c: char) -> bool {
    BOUNDS.contains(c)
}

fn is_prose(text: &str) -> bool {
    PROSE.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found_by;

    fn found(text: &str) -> Vec<&str> {
        found_by(find, text)
    }

    #[test]
    fn whole_addresses() {
        for address in [
            "浙江省杭州市西湖区文三路109号98幢5单元636",
            "江苏南京鼓楼区汉口路22号",
            "临平大道2675号诺贝尔集团",
        ] {
            assert_eq!(found(address), [address]);
        }
        assert_eq!(
            found("患者家住浙江省杭州市西湖区文三路109号，因咳嗽入院"),
            ["浙江省杭州市西湖区文三路109号"]
        );
    }

    #[test]
    fn clinical_words_stay() {
        for text in ["反复尿路感染3年", "予镇静镇痛治疗", "心前区疼痛2层", "骨科二病区3室"]
        {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
