//! Words that stand for a text which is not there.

use std::sync::LazyLock;

use regex::Regex;

/// Without marks and in small letters.
const PLACEHOLDERS: [&str; 26] = [
    "略",
    "空",
    "空白",
    "测试",
    "样例",
    "示例",
    "模板",
    "未见",
    "未详",
    "不详",
    "未知",
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
    "x",
];

/// Phrases that put a text off, or lead to where it is said to be; as a whole, without marks and in
/// small letters.
static PHRASES: LazyLock<Regex> = LazyLock::new(|| {
    let elsewhere = "(?:请|详|参|另|均)?(?:见|参考|参阅)(?:患者|住院|门诊|纸质|原始|电子|上述|首次|上次|本|原|旧)*\
        (?:附件|附页|附表|附图|病历|病案|病程|记录|资料|报告|档案|系统|文件|前|上|下|后)+\
        (?:中|内)?[0-9一二三]*";
    let same = "同(?:上|前|上次|上述|入院诊断)";
    let nothing = "(?:暂|尚|均|仍|现)?(?:无|未|没有|缺)(?:特殊|见|记录|记载|提供|填|填写|录入|登记|说明|描述|补充|资料|内容|数据|信息)*";
    let later = "(?:待|需|请|稍后|以后|后续)(?:补|补充|补录|补填|完善|录入|填|填写|查|定|诊|确认|核实)(?:中)?";
    let see = "(?:please )?(?:see|refer to|as per|per)(?: (?:the|attached|attachments?|above|below|previous|prior|separate|\
        scanned|paper|medical|patient's|electronic|old|full|admission|progress|charts?|notes?|records?|\
        reports?|documents?|files?|emr|ehr|dictation|letter|pdf|page|sheet|[0-9]+))+";
    let will = "(?:to|will) (?:be (?:added|completed|determined|done|entered|filled(?: in)?|confirmed|dictated|updated|\
        provided|announced|advised)|follow)(?: (?:later|soon))?";
    let as_before = "(?:the )?same(?: as)?(?: (?:above|before|previous(?:ly)?|prior|last|admission|visit))*|\
        as (?:above|before|previously|stated|noted|mentioned|described)(?: (?:above|before|previously))?";
    let none = "(?:not|no|none|nothing|blank|empty)(?: (?:yet|available|applicable|documented|recorded|provided|given|\
        known|stated|specified|entered|reported|data|information|info|entry|records?|text|content|details|to report))*";
    let all = [elsewhere, same, nothing, later, see, will, as_before, none].join("|");
    Regex::new(&format!("^(?:{all})$")).expect("a fixed pattern")
});

/// Whether a text says nothing: one of the usual words, maybe several times or in marks, one sign
/// repeated, or a filler such as "lorem ipsum".
pub(crate) fn is_placeholder(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    let mut parts = lower
        .split(['\n', ',', '，', '、', ';', '；', '。', '|', ':', '：'])
        .map(|part| part.trim_matches(is_mark))
        .filter(|part| !part.is_empty())
        .peekable();
    let says_nothing =
        |part: &str| PLACEHOLDERS.contains(&part) || PHRASES.is_match(part) || repeats(part);
    parts.peek().is_none() || parts.all(says_nothing) || lower.starts_with("lorem ipsum")
}

/// Whether a part is one sign or a few again and again: "xxx", "000", "asdfasdf". "III" is a stage.
fn repeats(part: &str) -> bool {
    let signs: Vec<char> = part.chars().collect();
    let is_one = signs.iter().all(|sign| *sign == signs[0]);
    if is_one {
        return signs.len() > 1
            && (!signs[0].is_ascii_alphabetic() || signs[0] == 'x' || signs.len() > 5);
    }
    signs.len() > 5
        && (2..=4).any(|unit| {
            signs.len().is_multiple_of(unit)
                && signs.iter().skip(unit).eq(&signs[..signs.len() - unit])
        })
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
            "见纸质病历",
            "详见附件1",
            "请参阅首次病程记录。",
            "同前",
            "暂未填写",
            "稍后补充",
            "See attached document.",
            "refer to the medical records",
            "to be completed",
            "same as before",
            "Not yet available",
            "asdfasdf",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in [
            "肺炎",
            "无症状性蛋白尿",
            "Gout",
            "III",
            "见附件3：肺癌",
            "none of the above fits",
            "未分化癌",
            "同型半胱氨酸血症",
            "see-saw nystagmus",
            "待产",
            "缺铁性贫血",
            "not otherwise specified lymphoma",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
