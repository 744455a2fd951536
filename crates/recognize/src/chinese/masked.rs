//! Names that are half hidden already: 王某某, 李XX, 张*.

use std::sync::LazyLock;

use regex::Regex;

use super::family;
use crate::{Finding, Kind};

static MASKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?P<family>\p{Han}{1,2}?)(?:某某|某|[XxＸ×*＊○]{1,2}\p{Han}?)")
        .expect("a fixed pattern")
});

/// Adds masked names behind a family name.
pub(super) fn find(text: &str, findings: &mut Vec<Finding>) {
    let has_mask = text.contains(['某', '*', '＊', 'X', 'x', 'Ｘ', '×', '○']);
    if !has_mask {
        return;
    }
    for captures in MASKED.captures_iter(text) {
        let (Some(whole), Some(name)) = (captures.get(0), captures.name("family")) else {
            continue;
        };
        let more = text[whole.end()..].starts_with(|c: char| c.is_ascii_alphanumeric());
        if family::is_name(name.as_str()) && !more {
            findings.push(Finding::likely(whole.range(), Kind::Name));
        }
    }
}
