//! Words that stand for a text which is not there.

/// Without marks and in small letters.
const PLACEHOLDERS: [&str; 68] = [
    "无",
    "暂无",
    "无特殊",
    "不详",
    "未详",
    "未知",
    "未填",
    "未填写",
    "未提供",
    "未记录",
    "未录入",
    "未见",
    "待补",
    "待补充",
    "待补录",
    "待完善",
    "待录入",
    "待查",
    "待定",
    "略",
    "空",
    "空白",
    "同上",
    "同前",
    "见附件",
    "详见附件",
    "见附页",
    "详见附页",
    "见病历",
    "详见病历",
    "见病程",
    "详见病程",
    "见病程记录",
    "详见病程记录",
    "见上",
    "测试",
    "none",
    "n/a",
    "n.a",
    "na",
    "nil",
    "null",
    "nan",
    "unknown",
    "unspecified",
    "undefined",
    "tbd",
    "tba",
    "todo",
    "test",
    "pending",
    "blank",
    "empty",
    "x",
    "as above",
    "same",
    "same as above",
    "see above",
    "see attached",
    "see attachment",
    "see chart",
    "see notes",
    "not available",
    "not applicable",
    "not documented",
    "not recorded",
    "not provided",
    "to follow",
];

/// Whether a text says nothing: one of the usual words, maybe several times or in marks, one sign
/// repeated, or a filler such as "lorem ipsum".
pub(crate) fn is_placeholder(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    let mut parts = lower
        .split(['\n', ',', '，', '、', ';', '；', '。', '|', ':', '：'])
        .map(|part| part.trim_matches(is_mark))
        .filter(|part| !part.is_empty())
        .peekable();
    // "xxx" and "000" stand for nothing, "III" is a stage.
    let repeats = |part: &str| {
        let first = part.chars().next().filter(|c| !c.is_ascii_alphabetic() || *c == 'x');
        first.is_some() && part.chars().count() > 1 && part.chars().all(|c| Some(c) == first)
    };
    parts.peek().is_none()
        || parts.all(|part| PLACEHOLDERS.contains(&part) || repeats(part))
        || lower.starts_with("lorem ipsum")
}

fn is_mark(character: char) -> bool {
    !character.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_nothing_are_told_from_short_texts() {
        for text in [
            "无",
            "N/A",
            " - ",
            "***",
            "xxx",
            "（无）",
            "无，无",
            "见附件。",
            "待补充……",
            "TBD\nTBD",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in
            ["肺炎", "无症状性蛋白尿", "Gout", "III", "见附件3：肺癌", "none of the above fits"]
        {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
