//! What users of the crate rely on.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use emrshare_recognize::{Finding, Kind, find, find_certain};
use proptest::prelude::*;

fn found(text: &str) -> Vec<(Kind, &str)> {
    find(text).into_iter().map(|finding| (finding.kind, &text[finding.range])).collect()
}

#[test]
fn numbers_next_to_chinese_characters_and_in_full_width() {
    assert_eq!(
        found("身份证11010519491231002X，电话０１０－６２３４５６７８转12"),
        [(Kind::Id, "11010519491231002X"), (Kind::Phone, "０１０－６２３４５６７８转12"),]
    );
    assert_eq!(
        found("车牌京A12345，卡号6222021234567890123"),
        [(Kind::Id, "京A12345"), (Kind::Id, "6222021234567890123"),]
    );
}

#[test]
fn beds_and_how_many_there_are() {
    assert_eq!(
        found("收入呼吸科12床，由加3床转来，5号床家属在场"),
        [(Kind::Id, "12"), (Kind::Id, "3"), (Kind::Id, "5")]
    );
    assert_eq!(found("我院设有500张床，本科有30床位，行第2床旁超声，2床上活动"), []);
}

#[test]
fn measurements_are_no_numbers_of_people() {
    for text in [
        "血压120/80mmHg，体温38.5℃，白细胞12.3×10^9/L，血糖5.6mmol/L",
        "阿司匹林100mg qd，二甲双胍0.5g tid，3天后复查",
        "Blood pressure 120/80, CYP2D6 and HbA1c 6.5 %, 500 mg twice daily for 10 days",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn chinese_names_without_any_label() {
    for (text, name) in [
        ("昨日欧阳修文陪同就诊，诉头痛。", "欧阳修文"),
        ("其子张志强代诉病史。", "张志强"),
        ("经李桂芳主任会诊后同意手术。", "李桂芳"),
        ("王某某，男，45岁", "王某某"),
    ] {
        assert!(found(text).contains(&(Kind::Name, name)), "{text}: {:?}", found(text));
    }
}

#[test]
fn chinese_clinical_words_are_no_names() {
    for text in [
        "神志清，精神可，予希罗达口服化疗，安素泰静滴。",
        "右侧甲状腺高密度影，黄疸，白细胞升高，左肺上叶实变。",
        "考虑帕金森病，予美多巴、安坦治疗。",
    ] {
        assert!(found(text).iter().all(|(kind, _)| *kind != Kind::Name), "{:?}", found(text));
    }
}

#[test]
fn english_names_and_places() {
    let text =
        "Mrs. Nadia Ashworth of Cedar Rapids was seen by Dr. Okafor; her son Isaac was there.";
    let names: Vec<_> =
        found(text).into_iter().filter(|(kind, _)| *kind == Kind::Name).map(|(_, n)| n).collect();
    for name in ["Nadia Ashworth", "Okafor", "Isaac"] {
        assert!(names.iter().any(|found| found.contains(name)), "{name}: {names:?}");
    }
}

#[test]
fn english_clinical_words_are_no_names() {
    for text in [
        "Chronic obstructive pulmonary disease with Gram negative sepsis; started on Metformin.",
        "Afebrile. No further bleeding. Abdomen soft, Murphy sign negative.",
    ] {
        assert!(found(text).iter().all(|(kind, _)| *kind != Kind::Name), "{:?}", found(text));
    }
}

#[test]
fn short_years_and_numbers_of_devices() {
    assert_eq!(found("surgery Dec '19"), [(Kind::Date, "Dec '19")]);
    assert_eq!(found("设备编号：4471-88-A"), [(Kind::Id, "4471-88-A")]);
}

#[test]
fn ages_over_89_only() {
    assert_eq!(found("93岁"), [(Kind::Age, "93")]);
    assert_eq!(found("a 101-year-old man"), [(Kind::Age, "101")]);
    assert_eq!(found("mother died at 97"), [(Kind::Age, "97")]);
    let spelled = "a ninety-two year old man";
    assert_eq!(found(spelled), [(Kind::Age, "ninety-two year old")]);
    assert_eq!(found("nineteen years old, one hundred beds, ninety percent"), []);
    assert_eq!(found("45岁"), []);
}

#[test]
fn long_texts_are_read_in_pieces_without_loss() {
    let line = "昨日欧阳修文陪同就诊，手机13812345678。\n";
    let text = line.repeat(4_000);
    assert!(text.len() > 200_000);
    let all = found(&text);
    assert_eq!(all.len(), 4_000 * found(line).len());
    assert!(all.iter().all(|finding| found(line).contains(finding)));
}

/// Work must grow in proportion to length: twice the text, not four times the findings' ranges. What
/// is counted here is that very long hostile texts come back at all.
#[test]
fn long_hostile_texts_come_back() {
    for piece in [
        "1-",
        "a@",
        "王",
        "省市县路",
        "住院号：",
        "May 1, ",
        "((((",
        "Dr. ",
        "9999 ",
        ".com",
        "Name: A ",
        "王小明（ab cd ",
        "::a",
        "1.1",
        "电话1、",
        "DE89 ",
    ] {
        let text = piece.repeat(20_000);
        assert!(find(&text).iter().all(|finding| finding.range.end <= text.len()));
    }
}

fn are_in_order(text: &str, findings: &[Finding]) -> bool {
    let on_boundaries = findings.iter().all(|finding| {
        !finding.range.is_empty()
            && text.is_char_boundary(finding.range.start)
            && text.is_char_boundary(finding.range.end)
    });
    on_boundaries && findings.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start)
}

proptest! {
    #[test]
    fn any_text_has_findings_in_order(text in "\\PC{0,200}") {
        prop_assert!(are_in_order(&text, &find(&text)));
    }

    #[test]
    fn text_like_ours_has_findings_in_order(
        text in "[王李张某一二三年月日号路市省市０１２３ＡＢ0-9A-Za-z@.:/()·*#+ \\n-]{0,120}",
    ) {
        prop_assert!(are_in_order(&text, &find(&text)));
        let certain = find_certain(&text);
        prop_assert!(certain.iter().all(|finding| text.is_char_boundary(finding.range.start)
            && text.is_char_boundary(finding.range.end)));
    }
}
