//! How much likelier than the network has learnt a name begins at a character: a logarithm of the odds.

use crate::context::is_han;

/// In a text of a hospital words are seldom taken for names.
const IN_HOSPITAL: f32 = 0.7;
/// In other texts they often are.
const ELSEWHERE: f32 = -1.3;
/// Behind what somebody does, or two or three characters before a title: names that are words stand there
/// as others do (术者钟声, 和平医师).
const BESIDE: f32 = 1.0;

/// What somebody does or is, before a name.
const DOING: [&str; 18] = [
    "术者",
    "主刀",
    "一助",
    "二助",
    "助手",
    "巡回",
    "器械",
    "洗手",
    "台下",
    "麻醉",
    "接生",
    "操作者",
    "治疗师",
    "咨询师",
    "报告",
    "审核",
    "复核",
    "记录",
];

/// Behind a name that begins a sentence or an item.
const TITLES: [&str; 11] =
    ["主任", "副主任", "主治", "住院医师", "医师", "医生", "教授", "护士", "老师", "技师", "药师"];

/// Characters of a name that is a word.
const NAME_LENS: [usize; 2] = [2, 3];

/// The prior at each character of a part of a text.
pub(super) fn of(part: &str, is_of_hospital: bool) -> Vec<f32> {
    let base = if is_of_hospital { IN_HOSPITAL } else { ELSEWHERE };
    let offsets: Vec<usize> = part.char_indices().map(|(at, _)| at).collect();
    let is_beside = |place: usize| {
        let head = &part[..offsets[place]];
        let is_title = |len| {
            let behind = offsets.get(place + len).map_or("", |at| &part[*at..]);
            TITLES.iter().any(|title| behind.starts_with(title))
        };
        let said = head.trim_end_matches([' ', '：', ':']);
        let is_told = DOING.iter().any(|word| said.ends_with(word))
            || (begins(head) && NAME_LENS.into_iter().any(is_title));
        is_told && part[offsets[place]..].starts_with(is_han)
    };
    let prior = |place| if is_beside(place) { base + BESIDE } else { base };
    (0..offsets.len()).map(prior).collect()
}

/// Whether a sentence or an item begins behind a text.
fn begins(head: &str) -> bool {
    const SIGNS: [char; 9] = ['，', '。', '；', '、', '：', ':', '（', '(', '\n'];
    head.chars().next_back().is_none_or(|c| c.is_whitespace() || SIGNS.contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_likelier_beside_what_people_do() {
        let likelier = |text: &str| {
            let priors = of(text, true).into_iter().zip(text.chars());
            priors.filter(|(prior, _)| *prior > IN_HOSPITAL).map(|(_, c)| c).collect::<String>()
        };
        assert_eq!(likelier("术者钟声，麻醉：海涛"), "钟海");
        assert_eq!(likelier("查房。和平医师汇报，同日又请和平医师"), "和");
        assert_eq!(likelier("疼痛，时光主任同意"), "时");
        assert_eq!(of("关键", false), [ELSEWHERE; 2]);
    }
}
