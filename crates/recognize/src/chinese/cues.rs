//! Words beside which a name stands: a sex behind it, a profession or a form of address.

use std::ops::Range;

/// Before or behind a name.
const BESIDE: [[char; 2]; 20] = [
    ['小', '姐'],
    ['医', '生'],
    ['医', '师'],
    ['大', '夫'],
    ['护', '士'],
    ['教', '授'],
    ['院', '长'],
    ['主', '任'],
    ['处', '长'],
    ['局', '长'],
    ['校', '长'],
    ['部', '长'],
    ['书', '记'],
    ['主', '席'],
    ['总', '理'],
    ['经', '理'],
    ['导', '演'],
    ['姓', '名'],
    ['解', '说'],
    ['员', '工'],
];

/// Before a name, not an institution's.
const BEFORE: [[char; 2]; 2] = [['记', '者'], ['持', '人']];

/// Behind a name, not an institution's.
const BEHIND: [[char; 2]; 4] = [['先', '生'], ['女', '士'], ['同', '志'], ['老', '师']];

/// How far before and behind such a word a name begins, in characters.
const NEAR: (usize, usize) = (5, 4);

/// Which characters stand where a name beside such a word would begin.
pub(super) fn near(characters: &[(usize, char)]) -> Vec<bool> {
    let mut near = vec![false; characters.len()];
    let mut before = ' ';
    for (place, two) in characters.windows(2).enumerate() {
        let [a, b] = [two[0].1, two[1].1];
        if is_cue([before, a, b]) {
            let end = characters.len().min(place + NEAR.1);
            near[place.saturating_sub(NEAR.0)..end].fill(true);
        }
        before = a;
    }
    near
}

/// Whether `a` and `b`, behind `before`, are such a word: 主任, or 男 behind a comma as in 张三，男.
fn is_cue([before, a, b]: [char; 3]) -> bool {
    is_sex([before, a])
        || [&BESIDE[..], &BEFORE, &BEHIND].iter().any(|words| words.contains(&[a, b]))
}

/// Whether what stands around a part of a text stands around persons only.
pub(super) fn is_around_person(text: &str, part: &Range<usize>) -> bool {
    let mut before = text[..part.start].chars().rev().filter(|c| !is_mark(*c));
    let [b, a] = [before.next(), before.next()].map(|c| c.unwrap_or(' '));
    let [c, d] = start(&text[part.end..]);
    BEFORE.contains(&[a, b]) || BEHIND.contains(&[c, d]) || is_sex([c, d])
}

/// Whether a text begins with a title or a form of address.
pub(super) fn is_title(rest: &str) -> bool {
    let start = start(rest);
    BESIDE.contains(&start) || BEHIND.contains(&start)
}

fn start(text: &str) -> [char; 2] {
    let mut characters = text.chars();
    [characters.next(), characters.next()].map(|c| c.unwrap_or(' '))
}

const fn is_sex([mark, sex]: [char; 2]) -> bool {
    is_mark(mark) && matches!(sex, '男' | '女')
}

const fn is_mark(c: char) -> bool {
    matches!(c, '，' | ',' | '：' | ':' | '、' | '（' | '(')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sex_counts_behind_a_mark_only() {
        assert!(is_cue(['，', '男', '，']));
        assert!(!is_cue(['名', '男', '性']));
        assert!(is_cue(['：', '记', '者']));
        assert!(!is_cue(['登', '记', '后']));
    }

    #[test]
    fn persons_are_told_by_both_sides() {
        let is_around = |text: &str| {
            let start = text.find("吴京").unwrap_or_default();
            is_around_person(text, &(start..start + "吴京".len()))
        };
        for text in ["记者吴京报道", "吴京，男，45岁", "见吴京先生", "主持人：吴京"]
        {
            assert!(is_around(text), "{text}");
        }
        for text in ["在吴京路上", "吴京主任", "，吴京，"] {
            assert!(!is_around(text), "{text}");
        }
    }
}
