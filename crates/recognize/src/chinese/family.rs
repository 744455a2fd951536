//! Chinese family names.

use std::{collections::HashSet, sync::LazyLock};

static FAMILY_NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("../../data/family_names.tsv").lines();
    lines.filter_map(|line| line.split('\t').next()).collect()
});

/// Whether a text is a family name, of one or two characters.
pub(super) fn is_name(text: &str) -> bool {
    FAMILY_NAMES.contains(text)
}

/// Whether a text begins with a family name and goes on.
pub(super) fn begins(text: &str) -> bool {
    let ends = text.char_indices().map(|(at, _)| at).skip(1).take(2);
    ends.into_iter().any(|end| is_name(&text[..end]))
}
