//! Values behind a label that says what they are: 住院号：0012345, MRN 45-8892.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use crate::{Finding, Kind, context::is_han};

// Words are parted by `|`.
const CHINESE_NUMBERS: &str = "住院号|住院病案号|门诊号|病案号|病历号|医保号|医保卡|医保卡号|医疗保险号|社保号|社保卡号|\
    护照|护照号|床号|登记号|就诊卡|就诊卡号|就诊号|检查号|检查编号|标本号|条码号|流水号|\
    设备号|序列号|身份证|身份证号|证件号|军官证|军官证号|驾驶证|驾驶证号|银行卡|银行卡号|\
    账号|影像号|放射号|病理号|超声号|患者编号|患者ID|健康卡号|微信|微信号|QQ|QQ号|通行证号";

const ENGLISH_NUMBERS: &str = "MRN|medical record|record number|chart number|patient ID|patient number|account|acct|\
    policy|member ID|member|subscriber|beneficiary|health plan|plan ID|insurance|\
    insurance ID|group number|Medicare|Medicaid|SSN|social security|passport|license|licence|\
    driver's license|driver license|DL|VIN|plate|serial|serial number|device ID|accession|\
    case|site ID|study ID|ID|NHS|certificate|WeChat";

const CHINESE_ADDRESSES: &str = "住址|地址|家庭住址|现住址|户籍地址|户口地址|联系地址|通讯地址|工作单位|户籍地|居住地|\
    出生地";

const CHINESE_NAMES: &str = "姓名|患者姓名|病人姓名|联系人|联系人姓名|家属姓名|医师|医生|主治医师|主管医师|经治医师|\
    住院医师|主任医师|申请医师|报告医师|审核医师|检查医师|手术医师|护士|责任护士|麻醉医师|\
    主刀|签名|医师签名|记录者|记录人|陈述者|监护人|送检医师|术者";

/// What stands between label and value.
const BETWEEN: &str = r"^(?:\s*(?:[:：#№=]|(?i:number|num\b|no\.?|nr\.?|code|id|is|of)|号码|编号|号|码|为|是|（|\())*\s*";

struct Labels {
    automaton: AhoCorasick,
    kinds: Vec<Kind>,
    number: Regex,
    address: Regex,
    name: Regex,
}

static LABELS: LazyLock<Labels> = LazyLock::new(|| {
    let regex = |tail: &str| Regex::new(&format!("{BETWEEN}{tail}")).expect("a fixed pattern");
    let labels = [
        (Kind::Id, CHINESE_NUMBERS),
        (Kind::Id, ENGLISH_NUMBERS),
        (Kind::Address, CHINESE_ADDRESSES),
        (Kind::Name, CHINESE_NAMES),
    ];
    let words =
        || labels.iter().flat_map(|(kind, words)| words.split('|').map(|word| (*kind, word)));
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(words().map(|(_, word)| word))
        .expect("a small fixed list");
    Labels {
        automaton,
        kinds: words().map(|(kind, _)| kind).collect(),
        number: regex(r"(?P<v>#?[A-Za-z0-9][A-Za-z0-9_-]{0,31})"),
        address: regex(r"(?P<v>[^\s，,。；;\n<>（(：:]{3,60})"),
        name: Regex::new(r"^\s*(?:签名|签字)?\s*[:：]\s*(?P<v>[\p{Han}·]{2,12})")
            .expect("a fixed pattern"),
    }
});

/// Adds values behind labels.
pub(crate) fn find(text: &str, findings: &mut Vec<Finding>) {
    for label in LABELS.automaton.find_iter(text) {
        if !is_whole(text, label.start(), label.end()) {
            continue;
        }
        let kind = LABELS.kinds[label.pattern().as_usize()];
        let rest = &text[label.end()..];
        let value = match kind {
            Kind::Name => name(rest),
            Kind::Address => address(rest),
            _ => number(rest),
        };
        findings.extend(
            value.map(|(start, end)| Finding::likely(label.end() + start..label.end() + end, kind)),
        );
    }
}

/// Whether a Latin label is a word of its own: "id" in "acid" is none.
fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let letter =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let cut_before = letter(start.checked_sub(1)) && letter(Some(start));
    let cut_behind = letter(Some(end - 1)) && letter(Some(end));
    !cut_before && !cut_behind
}

/// A number has two digits at least, and no unit behind it.
fn number(rest: &str) -> Option<(usize, usize)> {
    let found = LABELS.number.captures(rest)?.name("v")?;
    let digits = found.as_str().bytes().filter(u8::is_ascii_digit).count();
    let letters = found.as_str().bytes().filter(u8::is_ascii_lowercase).count();
    let said = found.start() > 0 && rest[..found.start()].contains([':', '：', '#', '号']);
    let enough = digits >= 4 || (said && digits >= 1 && letters <= digits + 4);
    enough.then(|| (found.start(), found.end()))
}

fn address(rest: &str) -> Option<(usize, usize)> {
    let found = LABELS.address.captures(rest)?.name("v")?;
    let said = rest[..found.start()].contains([':', '：', '为', '是']);
    said.then(|| (found.start(), found.end()))
}

/// A name of two to four characters, or a longer one with a middle dot; what runs on is no name.
fn name(rest: &str) -> Option<(usize, usize)> {
    let found = LABELS.name.captures(rest)?.name("v")?;
    let len = found.as_str().chars().count();
    let fits = len <= 4 || found.as_str().contains('·');
    let runs_on = rest[found.end()..].starts_with(is_han);
    (fits && !runs_on).then(|| (found.start(), found.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Kind, &str)> {
        let mut findings = Vec::new();
        find(text, &mut findings);
        findings.iter().map(|finding| (finding.kind, &text[finding.range.clone()])).collect()
    }

    #[test]
    fn values_behind_labels() {
        assert_eq!(found("住院号：0012345，床号: 12"), [(Kind::Id, "0012345"), (Kind::Id, "12")]);
        assert_eq!(
            found("MRN 45-8892; patient ID: ABCD1234"),
            [(Kind::Id, "45-8892"), (Kind::Id, "ABCD1234")]
        );
        assert_eq!(found("主管医师：欧阳修文，"), [(Kind::Name, "欧阳修文")]);
        assert_eq!(found("现住址：某市某区3号楼。"), [(Kind::Address, "某市某区3号楼")]);
    }

    #[test]
    fn words_that_are_no_labels() {
        assert_eq!(found("uric acid 4500, plan is to continue, case of 2 patients"), []);
        assert_eq!(found("医生：请注意休息多饮水"), []);
    }
}
