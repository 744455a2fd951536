//! Values behind a label that says what they are: 住院号：0012345, MRN 45-8892.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use crate::{
    Finding, Kind,
    chinese::family,
    context::{is_han, stands_apart},
};

// Words are parted by `|`.
const CHINESE_NUMBERS: &str = "住院号|住院病案号|门诊号|病案号|病历号|档案号|医保号|医保卡|医保卡号|医疗保险号|参保号|社保号|\
    社保卡号|社会保障号|社会保障卡号|护照|护照号|台胞证|回乡证|通行证|通行证号|居留证|居住证|户口本|床号|\
    登记号|就诊卡|就诊卡号|就诊号|检查号|检查编号|标本号|样本号|条码号|条码|条形码|流水号|设备号|设备编号|器械编号|仪器编号|机身号|序列号|\
    身份证|身份证号|证件号|军官证|军官证号|士兵证|警官证|警号|工号|学号|驾驶证|驾驶证号|执业证号|\
    执业证书编号|银行卡|银行卡号|卡号|账号|车牌|车牌号|车架号|发动机号|影像号|放射号|CT号|MRI号|MR号|\
    X线号|胃镜号|肠镜号|内镜号|B超号|超声号|心电图号|检验号|病理号|患者编号|患者ID|健康卡号|发票|发票号|收据|收据号|票据号|快递单号";

const ENGLISH_NUMBERS: &str = "MRN|medical record|record number|chart number|patient ID|patient number|account|acct|\
    policy|member ID|member|subscriber|beneficiary|health plan|plan ID|insurance|\
    insurance ID|group number|Medicare|Medicaid|SSN|social security|passport|license|licence|\
    driver's license|driver license|DL|VIN|plate|serial|serial number|device ID|accession|\
    case|site ID|study ID|ID|NHS|certificate|claim|invoice|receipt|S/N|No.|badge|specimen|subject|group|lot|run #|run#|OHIP|UR|URN|folder|hospital number|unit number|NRIC|acc|last 4|last four|unit no|hospital no|hosp no|trip|BIN|confirmation|booking";

/// Accounts whose names are of letters at times.
const ACCOUNTS: &str = "微信|微信号|QQ|QQ号|支付宝|支付宝账号|抖音|抖音号|微博|小红书|小红书号|用户名|WeChat|WeChat ID|Skype|\
    Twitter|Facebook|Instagram|WhatsApp|username|user name";

const PHONES: &str =
    "电话|手机|移动电话|联系方式|座机|固话|传真|热线|phone|telephone|tel|mobile|mob|cell|fax";

/// Behind these stand numbers of a house's own exchange at times.
const EXTENSIONS: &str = "内线|分机|分机号|短号|院内电话|pager|beeper";

const POSTAL_CODES: &str = "邮编|邮政编码|ZIP|ZIP code|postal code|postcode";

const CHINESE_ADDRESSES: &str = "住址|地址|家庭住址|现住址|户籍地址|户口地址|联系地址|通讯地址|工作单位|户籍地|居住地|\
    出生地";

const CHINESE_NAMES: &str = "姓名|患者姓名|病人姓名|患儿姓名|产妇姓名|曾用名|小名|乳名|大名|昵称|外号|绰号|联系人|紧急联系人|联系人姓名|家属姓名|家长姓名|\
    医师|医生|主治医师|主管医师|经治医师|住院医师|主任医师|申请医师|报告医师|审核医师|检查医师|\
    诊断医师|操作医师|手术医师|麻醉医师|送检医师|护士|责任护士|责护|药师|技师|主刀|术者|手术者|操作者|\
    助手|一助|二助|签名|医师签名|记录者|记录人|书写者|报告者|检验者|审核者|审核人|复核者|复核人|\
    核对者|带教|带教老师|陈述者|代诉人|陪同人|监护人|法定代理人|委托人|鉴定人|被鉴定人";

/// With these end labels behind which, in a form with spaces, a name follows: 检验者 夏天 审核者 安宁.
const OF_PERSONS: [char; 3] = ['者', '人', '师'];

/// Of these, those behind which much else stands.
const OF_MUCH_ELSE: [&str; 2] = ["医师", "药师"];

/// What stands where a name would and is none: persons by their part, and labels of a form.
const NO_NAMES: [&str; 26] = [
    "本人", "患者", "病人", "家属", "父亲", "母亲", "儿子", "女儿", "丈夫", "妻子", "其父", "其母",
    "其子", "其女", "其夫", "其妻", "不详", "关系", "性别", "年龄", "科室", "科别", "日期", "时间",
    "签名", "签字",
];

/// Professions before a name: 记录者：实习医生许诺.
const PROFESSIONS: [&str; 10] = [
    "实习医生",
    "实习医师",
    "规培医师",
    "进修医师",
    "住院医师",
    "主治医师",
    "副主任医师",
    "主任医师",
    "护士长",
    "护士",
];

/// What stands between label and value; the number of an officer's card begins 军字第.
const BETWEEN: &str = r#"^(?:\s*(?:[:：#№=|"“【@*]|(?i:number|num(?-u:\b)|no\.?|nr\.?|code|id|is|of)|号码|编号|\p{Han}{1,2}字第?|号|码|为|是|（|\())*\s*"#;

/// What parts telephone numbers behind one label.
const BETWEEN_PHONES: [char; 8] = ['/', '、', '，', ',', ';', '；', '或', '和'];

/// What labels of one kind have behind them.
#[derive(Clone, Copy)]
enum Value {
    Number,
    Account,
    Phone,
    Extension,
    PostalCode,
    Address,
    Name,
}

struct Labels {
    automaton: AhoCorasick,
    values: Vec<Value>,
    number: Regex,
    account: Regex,
    phone: Regex,
    postal_code: Regex,
    address: Regex,
    name: Regex,
}

static LABELS: LazyLock<Labels> = LazyLock::new(|| {
    let regex = |tail: &str| Regex::new(&format!("{BETWEEN}{tail}")).expect("a fixed pattern");
    let labels = [
        (Value::Account, ACCOUNTS),
        (Value::Number, CHINESE_NUMBERS),
        (Value::Number, ENGLISH_NUMBERS),
        (Value::Phone, PHONES),
        (Value::Extension, EXTENSIONS),
        (Value::PostalCode, POSTAL_CODES),
        (Value::Address, CHINESE_ADDRESSES),
        (Value::Name, CHINESE_NAMES),
    ];
    let words =
        || labels.iter().flat_map(|(value, words)| words.split('|').map(|word| (*value, word)));
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(words().map(|(_, word)| word))
        .expect("a small fixed list");
    Labels {
        automaton,
        values: words().map(|(value, _)| value).collect(),
        number: regex(
            r"(?P<v>[A-Z]{2} [A-Z]{3} \d{4}|[A-Z]{1,4} \d{5,12}|#?[A-Za-z0-9](?:[A-Za-z0-9_-]{4,31}\.\d{2,4}|[A-Za-z0-9_-]{0,31}(?: \d{3}){2,3}(?: [A-Z]{2}(?-u:\b))?|[A-Za-z0-9_-]{0,31}))",
        ),
        account: regex(r"(?P<v>[A-Za-z0-9](?:[A-Za-z0-9_.-]{3,30}[A-Za-z0-9_-]))"),
        phone: regex(
            r"(?P<v>[(+]?\d[\d() -]{5,22}\d(?:[/、，,;；或和 ]{1,3}\d[\d-]{5,12}\d)*|\d{3,8} ?转 ?\d{1,6}|\d[\d-]{1,6}\d)",
        ),
        postal_code: regex(r"(?P<v>\d{3,6}(?:-\d{4})?)"),
        address: regex(r"(?P<v>[^\s，,。；;\n<>（(：:]{3,60})"),
        name: Regex::new(
            r#"^\s*(?:签名|签字|拼音)?["*]{0,2}\s*[:：|]\*{0,2}\s*[(（"“【\[]?\s*(?P<v>[\p{Han}·]{2,12}|[A-Za-z]{2,12}(?:[ ·'-]{1,2}[A-Za-z]{2,12}){1,3})"#,
        )
        .expect("a fixed pattern"),
    }
});

/// Adds values behind labels.
pub(crate) fn find(text: &str, findings: &mut Vec<Finding>) {
    for label in LABELS.automaton.find_iter(text) {
        if is_whole(text, label.start(), label.end()) {
            let value = LABELS.values[label.pattern().as_usize()];
            add(value, &text[label.start()..label.end()], text, label.end(), findings);
        }
    }
    for spread in SPREAD.find_iter(text) {
        let label = spread.as_str().trim_end_matches([':', '：']);
        let word: String = label.split_whitespace().collect();
        if let Some(value) = value_of(&word) {
            add(value, &word, text, spread.start() + label.len(), findings);
        }
    }
}

/// Labels whose characters stand apart, so that a form's lines are of one width: 住 院 号：.
static SPREAD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:\p{Han}[ \t\u{3000}]{1,6}){1,5}\p{Han}[ \t\u{3000}]*[:：]")
        .expect("a fixed pattern")
});

/// Adds what stands behind a label that ends at a place.
fn add(value: Value, label: &str, text: &str, end: usize, findings: &mut Vec<Finding>) {
    let rest = &text[end..];
    let one = |value: Option<Range<usize>>| value.into_iter().collect();
    let (kind, values): (_, Vec<_>) = match value {
        Value::Number => (Kind::Id, one(number(label, rest))),
        Value::Account => (Kind::Id, one(account(rest))),
        Value::Phone => (Kind::Phone, phones(rest, 7)),
        Value::Extension => (Kind::Phone, phones(rest, 3)),
        Value::PostalCode => (Kind::Address, one(whole(&LABELS.postal_code, rest))),
        Value::Address => (Kind::Address, one(address(rest))),
        Value::Name => (Kind::Name, one(name(rest).or_else(|| spaced_name(label, rest)))),
    };
    let found = values.into_iter().map(|it| Finding::likely(end + it.start..end + it.end, kind));
    findings.extend(found);
}

/// What a Chinese label says by itself, whatever stands before it: 患者住院号.
pub(crate) fn kind_of(label: &str) -> Option<Kind> {
    Some(match value_of(label)? {
        Value::Number | Value::Account => Kind::Id,
        Value::Phone | Value::Extension => Kind::Phone,
        Value::PostalCode | Value::Address => Kind::Address,
        Value::Name => Kind::Name,
    })
}

/// What a label that a text ends with has behind it.
fn value_of(text: &str) -> Option<Value> {
    let found = LABELS.automaton.find_iter(text).find(|found| found.end() == text.len())?;
    Some(LABELS.values[found.pattern().as_usize()])
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

/// A number has four digits at least, or something says that it is one: a colon, 号.
fn number(label: &str, rest: &str) -> Option<Range<usize>> {
    let found = LABELS.number.captures(rest)?.name("v")?;
    let digits = found.as_str().bytes().filter(u8::is_ascii_digit).count();
    let letters = found.as_str().bytes().filter(u8::is_ascii_lowercase).count();
    let between = &rest[..found.start()];
    let said =
        found.start() > 0 && (label.ends_with('号') || between.contains([':', '：', '#', '号']));
    let is_code = digits >= 3 && found.len() >= 8 && letters == 0;
    let enough = digits >= 4 || is_code || (said && digits >= 1 && letters <= digits + 4);
    enough.then(|| found.range())
}

/// The name of an account that a colon or 号 announces, or a number.
fn account(rest: &str) -> Option<Range<usize>> {
    let value = whole(&LABELS.account, rest)?;
    let said = rest[..value.start].contains([':', '：', '号']);
    let is_no_word = rest[value.clone()].contains(|c: char| c.is_ascii_digit() || c == '_');
    (said || is_no_word).then_some(value)
}

/// Telephone numbers of so many digits and more, one after another.
fn phones(rest: &str, digits_min: usize) -> Vec<Range<usize>> {
    let Some(value) = whole(&LABELS.phone, rest) else { return Vec::new() };
    let mut end = value.start;
    let numbers = rest[value].split_inclusive(BETWEEN_PHONES).map(|part| {
        end += part.len();
        end - part.len()..end - part.len() + part.trim_end_matches(BETWEEN_PHONES).trim_end().len()
    });
    numbers
        .filter(|number| {
            rest[number.clone()].bytes().filter(u8::is_ascii_digit).count() >= digits_min
        })
        .collect()
}

/// What a pattern takes as the value, if no letter or digit goes on behind it.
fn whole(pattern: &Regex, rest: &str) -> Option<Range<usize>> {
    let value = pattern.captures(rest)?.name("v")?.range();
    stands_apart(rest, &value).then_some(value)
}

fn address(rest: &str) -> Option<Range<usize>> {
    let found = LABELS.address.captures(rest)?.name("v")?;
    let said = rest[..found.start()].contains([':', '：', '为', '是']);
    said.then(|| found.range())
}

/// A name of two to four characters, a longer one with a middle dot, or one in Latin letters; what
/// runs on is no name.
fn name(rest: &str) -> Option<Range<usize>> {
    let found = LABELS.name.captures(rest)?.name("v")?;
    let profession = PROFESSIONS.iter().find(|word| found.as_str().starts_with(**word));
    let start = found.start() + profession.map_or(0, |word| word.len());
    let value = &rest[start..found.end()];
    let len = value.chars().count();
    let fits = len >= 2 && (len <= 4 || value.is_ascii() || value.contains('·'));
    let is_department = value.ends_with('科');
    let runs_on = is_department
        || rest[found.end()..].starts_with(is_han)
        || !stands_apart(rest, &found.range());
    (fits && !runs_on && !is_no_name(value)).then_some(start..found.end())
}

/// A name with a family name behind a label without a colon: between spaces, alone on the next line,
/// or right behind 名.
fn spaced_name(label: &str, rest: &str) -> Option<Range<usize>> {
    let value = rest.trim_start();
    let start = rest.len() - value.len();
    let on_next_line = rest[..start].contains('\n');
    // One more than a name has: what is longer is none, however long.
    let len = value.chars().take(5).take_while(|c| is_han(*c)).map(char::len_utf8).sum();
    let value = &value[..len];
    let next = rest[start + len..].chars().next();
    let ends = next.is_none_or(|c| c.is_whitespace() || (start == 0 && "，,。；;、".contains(c)));
    let of_name = label.ends_with('名');
    let of_person = label.ends_with(OF_PERSONS) && !OF_MUCH_ELSE.contains(&label);
    let in_form = next.is_some_and(char::is_whitespace);
    let announces = of_name || (of_person && (start > 0 || in_form));
    let is_line = || ends_line(&rest[start + len..]) && value_of(value).is_none();
    let fits = announces && ends && (2..=4).contains(&value.chars().count());
    (fits && family::begins(value) && !is_no_name(value) && (!on_next_line || is_line()))
        .then_some(start..start + len)
}

/// Whether nothing else stands on a line.
fn ends_line(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\t', '\r', '\u{3000}']);
    rest.is_empty() || rest.starts_with('\n')
}

fn is_no_name(value: &str) -> bool {
    NO_NAMES.iter().any(|word| value.contains(word))
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
        assert_eq!(
            found(
                "Folder GSH 8823014, plate MI ABC 1234, UR 1048833, SSN last four 4410, DL HAUGEBM042JQ, OHIP 4412 887 305 KL; mob 94150 55512"
            ),
            [
                (Kind::Id, "GSH 8823014"),
                (Kind::Id, "MI ABC 1234"),
                (Kind::Id, "1048833"),
                (Kind::Id, "4410"),
                (Kind::Id, "HAUGEBM042JQ"),
                (Kind::Id, "4412 887 305 KL"),
                (Kind::Phone, "94150 55512")
            ]
        );
        assert_eq!(found("现住址：某市某区3号楼。"), [(Kind::Address, "某市某区3号楼")]);
        assert_eq!(
            found("微信号：wxid_abcde，QQ 123456"),
            [(Kind::Id, "wxid_abcde"), (Kind::Id, "123456")]
        );
        assert_eq!(
            found("电话65881234、65881235，"),
            [(Kind::Phone, "65881234"), (Kind::Phone, "65881235")]
        );
        assert_eq!(
            found("电话8035转6612。内线：8035，"),
            [(Kind::Phone, "8035转6612"), (Kind::Phone, "8035")]
        );
        assert_eq!(found("Dr. Nguyen (pager 5-5521)"), [(Kind::Phone, "5-5521")]);
        assert_eq!(found("| 住院号 | 0098765 |"), [(Kind::Id, "0098765")]);
        assert_eq!(found("\"姓名\": \"欧阳修文\""), [(Kind::Name, "欧阳修文")]);
        assert_eq!(found("邮编200032"), [(Kind::Address, "200032")]);
        assert_eq!(found("军官证：南字第08001234号"), [(Kind::Id, "08001234")]);
        assert_eq!(found("姓名拼音：zhang wei，"), [(Kind::Name, "zhang wei")]);
        assert_eq!(
            found("姓名 田野 床号 23 检验者 夏天\u{3000}审核者 安宁"),
            [(Kind::Name, "田野"), (Kind::Id, "23"), (Kind::Name, "夏天"), (Kind::Name, "安宁")]
        );
        assert_eq!(found("术者邝安堃　"), [(Kind::Name, "邝安堃")]);
        assert_eq!(
            found(
                "主治医师\n    \n  钱学文  \n联系人\n关系\n申请医师\n申请科室\n监护人\n于今日离院"
            ),
            [(Kind::Name, "钱学文")]
        );
        assert_eq!(
            found("**MRN:** 7788123 **姓名：** 欧阳修文"),
            [(Kind::Id, "7788123"), (Kind::Name, "欧阳修文")]
        );
        assert_eq!(
            found(
                "姓　　名：慕容青　性　别：男　住 院 号：0098123　床　号：12\n电　话： 65881234　科 室：内科"
            ),
            [
                (Kind::Name, "慕容青"),
                (Kind::Id, "0098123"),
                (Kind::Id, "12"),
                (Kind::Phone, "65881234")
            ]
        );
        assert_eq!(found("记录者：实习医生许诺　"), [(Kind::Name, "许诺")]);
        assert_eq!(
            found("母亲姓名花小蕾，小名苗苗，姓名不详，"),
            [(Kind::Name, "花小蕾"), (Kind::Name, "苗苗")]
        );
    }

    #[test]
    fn words_that_are_no_labels() {
        assert_eq!(
            found("uric acid 4500, plan is to continue, case of 2 patients, run 1500 m"),
            []
        );
        assert_eq!(found("医生：请注意休息多饮水，会诊医生：心内科，"), []);
        assert_eq!(found("微信随访，电话随访3次，CT电话报告，tel 123"), []);
        assert_eq!(found("病史陈述者：患者本人，姓名 性别 年龄，医师 建议复查 护士 安排"), []);
    }
}
