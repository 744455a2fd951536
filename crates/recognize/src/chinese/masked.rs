//! Names that are half hidden already: 王某某, 李XX, 张*.

use std::sync::LazyLock;

use regex::Regex;

use super::family;
use crate::{Finding, Kind};

static MASKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?P<family>\p{Han}{1,2}?)(?:某某|某|[XxＸ×*＊○]{1,2}\p{Han}?)")
        .expect("a fixed pattern")
});

/// With these end words before a name: 患者, 病人, 家属.
const ROLE_ENDS: &str = "者人属妻夫父母子女儿媳婿师士";

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
        if is_ray(whole.as_str(), &text[whole.end()..]) {
            continue;
        }
        let more = text[whole.end()..].starts_with(|c: char| c.is_ascii_alphanumeric());
        let role = name.as_str().chars().next().filter(|c| ROLE_ENDS.contains(*c));
        let starts = [0, role.map_or(0, char::len_utf8)];
        let family = starts.into_iter().find(|at| family::is_name(&name.as_str()[*at..]));
        if let Some(at) = family.filter(|_| !more) {
            findings.push(Finding::likely(name.start() + at..whole.end(), Kind::Name));
        }
    }
}

/// Whether a single letter belongs to what follows it: X线, x光, X染色体.
fn is_ray(masked: &str, rest: &str) -> bool {
    const BEHIND: [char; 8] = ['线', '光', '片', '型', '形', '染', '轴', '射'];
    let tail = masked.rsplit(['x', 'X', 'Ｘ']).next().unwrap_or_default();
    tail.len() < masked.len()
        && (tail.starts_with(BEHIND) || (tail.is_empty() && rest.starts_with(BEHIND)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::found_by;

    fn found(text: &str) -> Vec<&str> {
        found_by(find, text)
    }

    #[test]
    fn names_with_a_mask() {
        assert_eq!(
            found("病人李×，赵某某；王**，欧阳某，刘XX"),
            ["李×", "赵某某", "王**", "欧阳某", "刘XX"]
        );
        assert_eq!(found("通过X光、胸部x线检查，行X片，由于某种原因，胸部X射线"), [""; 0]);
    }
}
