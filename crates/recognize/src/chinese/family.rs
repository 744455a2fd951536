//! Chinese family names, by the number of those who bear them.

use std::{collections::HashSet, sync::LazyLock};

static FAMILY_NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("../../data/family_names.tsv").lines();
    lines.filter_map(|line| line.split('\t').next()).collect()
});

/// Family names that say more often which post somebody has: 原主任, 全主任医师.
const OF_POSTS: [&str; 11] = ["原", "代", "全", "总", "正", "各", "本", "前", "老", "专", "班"];

/// The usual ones.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    const COMMON_LEN: usize = 300;
    let mut lines: Vec<(&str, u32)> = include_str!("../../data/family_names.tsv")
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, number)| (name, number.parse().unwrap_or_default()))
        .filter(|(name, _)| !OF_POSTS.contains(name))
        .collect();
    lines.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    lines.into_iter().take(COMMON_LEN).map(|(name, _)| name).collect()
});

/// Whether a text is one of the usual family names.
pub(super) fn is_common(text: &str) -> bool {
    COMMON.contains(text)
}

/// Whether a text is a family name, of one or two characters.
pub(crate) fn is_name(text: &str) -> bool {
    FAMILY_NAMES.contains(text)
}

/// Whether a text begins with a usual family name, or one of two characters, and goes on.
pub(super) fn begins_usual(text: &str) -> bool {
    heads(text).any(|head| is_common(head) || (head.chars().count() == 2 && is_name(head)))
}

/// Whether a text begins with a family name and goes on.
pub(crate) fn begins(text: &str) -> bool {
    heads(text).any(is_name)
}

/// The first character of a text and the first two, if more follows.
fn heads(text: &str) -> impl Iterator<Item = &str> {
    let ends = [1, 2].into_iter().filter_map(|len| text.char_indices().nth(len));
    ends.map(|(end, _)| &text[..end])
}
