//! What identifies is found whole, whatever stands beside it.
#![allow(missing_docs, clippy::unwrap_used)]

use emrshare_recognize::find;

const VALUES: &[&str] = &[
    // Identity numbers.
    "11010519491231002X",
    "110105 19491231 002X",
    "110105-19491231-002x",
    "110105491231002",
    "A123456(7)",
    "1234567(8)",
    "CLM-2022-99812",
    // Telephone numbers.
    "13800138000",
    "138-0013-8000",
    "138 0013 8000",
    "+8613800138000",
    "+86 138 0013 8000",
    "0086-13800138000",
    "(+86)13800138000",
    "010-65881234",
    "(010)65881234",
    "（010）65881234",
    "(010)6588-1234转8012",
    "0755-8392-1234",
    "010-65881234 转 801",
    "010-65881234-801",
    "400-810-1234",
    "8008101234",
    "(555) 123-4567",
    "555.123.4567",
    "1-800-555-0199",
    "555-123-4567 ext. 89",
    "+44 (0)20 7946 0958",
    "+852 2345 6789",
    "+91 98765 43210",
    // Addresses of mail, web and network.
    "zhang.san_1@mail.example.com.cn",
    "o'brien@x.ie",
    "https://www.example.com/p?id=1",
    "192.168.1.10",
    "2001:db8::1",
    "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    "00:1A:2B:3C:4D:5E",
    // Cards and plates.
    "6222 0210 0102 3456 784",
    "4111-1111-1111-1111",
    "京A·12345",
    // Dates.
    "2023-05-06",
    "2023/5/6",
    "2023.5.6",
    "20230506",
    "05/06/2023",
    "2023-05-06 10:30",
    "2023年5月6日",
    "2023年五月六日",
    "二〇二三年五月六日",
    "5月6日",
    "三月五日",
    "6 May 2023",
    "May 6, 2023",
];

/// `{}` is the value.
const PLACES: &[&str] = &[
    "{}",
    "电话{}。",
    "电话：{}，",
    "（{}）",
    "({})",
    "联系{}请",
    "其子{}代诉",
    "1.{}",
    "1、{}；2、{}",
    "{}/{}",
    "{}、{}",
    "{}，{}",
    "【{}】",
    "[{}]",
    "\t{}\t",
    "“{}”",
    "a：{};b",
    "为{}的",
    "与{}，男",
    "call {}.",
    "{}, then",
    "No.{}",
    "v={}",
    "<{}>",
    "is {}\nand",
    "at {} or {}",
    "{};{}",
    "|{}|",
];

#[test]
fn values_are_found_whole_in_every_place() {
    let mut left = Vec::new();
    for value in VALUES {
        for place in PLACES {
            let text = place.replace("{}", value);
            let mut hidden = vec![false; text.len()];
            for finding in find(&text) {
                hidden[finding.range].fill(true);
            }
            let is_whole = |(at, _): (usize, &str)| {
                let letters = value.char_indices().filter(|(_, c)| c.is_alphanumeric());
                letters.into_iter().all(|(offset, _)| hidden[at + offset])
            };
            if !text.match_indices(value).all(is_whole) {
                left.push(text);
            }
        }
    }
    assert_eq!(left, [""; 0]);
}

#[test]
fn what_is_measured_stays() {
    for text in [
        "T:36.5℃ P:80次/分 R:18次/分 BP:120/80mmHg SpO2 98% 体重 65kg 身高 170cm GCS 15分",
        "血钾3.5-5.5mmol/L，pH 7.35-7.45，PT 11-14s，INR 2-3，CEA 1234567.8ng/ml",
        "阿莫西林克拉维酸钾 1.2g q8h ×7天，0.9%氯化钠250ml+头孢曲松2.0g ivgtt qd",
        "ICD-10: I10.x00, E11.900; LOINC 2345-7; SNOMED 73211009; ATC A10BA02; NCT01234567",
        "免疫组化：TTF-1(+)，Ki-67(30%+)，CK5/6(-)，P40(-)，HER-2(2+)，CD138",
        "国药准字H20123456，G1P0，孕40+2周，1.25/10/20mg，0.5/1/20，3.125-125",
        "通过X光、胸部x线检查，行X片，XX染色体，1:1280，比例1::2，10:30:00",
        "IV fluids at 125 cc/hr, K 3.5-5.0, HR 80-100, 2/6 SEM, 5/5 strength, A1c 7.2%",
        "vitamin B12 1000 mcg, T12-L1, C5-C6, L4/5, Hgb 10.2->9.8, EF 55-60%, 95 % at 91 bpm",
    ] {
        let found: Vec<_> = find(text).into_iter().map(|found| &text[found.range]).collect();
        assert_eq!(found, [""; 0], "{text}");
    }
}
