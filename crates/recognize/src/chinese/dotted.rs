//! Names of other peoples in parts with a dot, beside a word that says so or with a part that is
//! frequent: 阿不都热合曼·买买提.

use std::ops::Range;

use super::{
    cues,
    whole::{BEFORE, BEHIND, DOTS},
};
use crate::{Finding, Kind, context::is_han};

/// Characters on either side of the dot.
const PART_LEN_MAX: usize = 8;

/// Before a name too, and in none.
const VERBS: &str = "请邀嘱找";

// Words are parted by `|`.

/// Before a name.
const CUES: &str = "患者|病人|患儿|姓名|家属|联系人|监护人|陪护人|代诉人|医师|医生|护士|父亲|\
    母亲|丈夫|妻子|儿子|女儿|其父|其母|其夫|其妻|其子|其女";

/// With these begins what stands behind a name.
const WORDS_BEHIND: &str = "陪同|陪护|代诉|主诉|入院|住院|就诊|来诊|签字|签名|表示|同意|家属|患者";

/// Frequent in names of Uyghurs, Kazakhs, Tibetans and Mongols.
const PARTS: &str = "买买提|买合木|阿不都|阿布都|阿卜杜|阿不力|阿布力|阿迪力|阿依|艾买提|艾合买|\
    艾尔肯|艾力|艾山|吐尔|托合提|热合曼|热合木|热依木|热依汗|依明|伊明|依布拉|\
    伊布拉|依卜拉|伊卜拉|斯马义|司马义|伊力|努尔|努拉|尼亚孜|肉孜|库尔班|\
    玉素甫|玉苏普|木合塔|木拉提|沙吾提|沙依|亚森|牙森|卡德尔|卡迪尔|哈斯木|\
    哈力|海热|再努|祖力|祖丽|古丽|古力|迪丽|帕尔哈|塔依尔|赛买提|别克|巴合提|\
    叶尔|夏提|扎西|卓玛|次仁|旺堆|拉姆|白玛|多吉|达瓦|格桑|丹增|其其格|巴特";

/// Adds such names, unless they hold one of the clinical terms: 阿莫西林·克拉维酸钾.
pub(super) fn find(text: &str, terms: &[Range<usize>], findings: &mut Vec<Finding>) {
    const TERM_LEN_MIN: usize = 3 * '字'.len_utf8();
    let dots = text.match_indices(DOTS).map(|(at, dot)| at..at + dot.len());
    let is_clinical = |name: &Range<usize>| {
        let within = |term: &Range<usize>| name.start <= term.start && term.end <= name.end;
        terms.iter().any(|term| term.len() >= TERM_LEN_MIN && within(term))
    };
    let names = dots.filter_map(|dot| name_around(text, dot)).filter(|name| !is_clinical(name));
    findings.extend(names.map(|name| Finding::likely(name, Kind::Name)));
}

fn name_around(text: &str, dot: Range<usize>) -> Option<Range<usize>> {
    let is_other = |c| !is_han(c) || BEFORE.contains(c) || VERBS.contains(c);
    let left = text[..dot.start].chars().rev().take_while(|c| !is_other(*c));
    let left: usize = left.take(PART_LEN_MAX).map(char::len_utf8).sum();
    let rest = &text[dot.end..];
    let right = rest.char_indices().take(PART_LEN_MAX).take_while(|(at, c)| {
        let is_other = WORDS_BEHIND.split('|').any(|word| rest[*at..].starts_with(word))
            || cues::is_title(&rest[*at..]);
        is_han(*c) && !BEHIND.contains(*c) && !is_other
    });
    let right: usize = right.map(|(_, c)| c.len_utf8()).sum();
    let name = dot.start - left..dot.end + right;
    let is_long = left.min(right) >= 2 * '字'.len_utf8();
    (is_long && is_said(text, &name)).then_some(name)
}

/// Whether something says that this is a name.
fn is_said(text: &str, name: &Range<usize>) -> bool {
    let before = text[..name.start].trim_end_matches([':', '：', ' ', '（', '(']);
    CUES.split('|').any(|cue| before.ends_with(cue))
        || cues::is_around_person(text, name)
        || cues::is_title(&text[name.end..])
        || PARTS.split('|').any(|part| text[name.clone()].contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chinese::clinical, finding::found_by};

    #[test]
    fn a_name_and_other_things_with_a_dot() {
        let find = |text: &str, findings: &mut _| find(text, &clinical::terms(text), findings);
        let found = |text| found_by(find, text);
        assert_eq!(found("患者阿不都热合曼·买买提，男"), ["阿不都热合曼·买买提"]);
        assert_eq!(found("由古丽努尔•阿卜杜热依木陪同"), ["古丽努尔•阿卜杜热依木"]);
        assert_eq!(found("联系人：约翰·史密斯，电话"), ["约翰·史密斯"]);
        assert_eq!(found("请沙拉木·吐洪医生会诊"), ["沙拉木·吐洪"]);
        assert_eq!(found("患者阿莫西林·克拉维酸钾过敏，诊断·治疗，2·3"), [""; 0]);
    }
}
