//! Whom a text is about, by its labels: 姓名：…, `DOB: …`.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use crate::{
    fhir::{list, object, of_type},
    time,
};

/// Letters of a value, at most.
const VALUE_MAX: usize = 120;

/// What a label tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Label {
    Name,
    Sex,
    Birth,
    Number,
    Telephone,
    Address,
    Marriage,
    Admitted,
    Discharged,
    /// Ends the value before it.
    Other,
}

const LABELS: [(Label, &str); 10] = [
    (Label::Name, "姓名|患者姓名|病人姓名|患者|patient name|name|patient"),
    (Label::Sex, "性别|sex|gender"),
    (Label::Birth, "出生日期|出生年月日|出生年月|生日|date of birth|birth date|birthdate|dob"),
    (
        Label::Number,
        "住院号|病案号|门诊号|登记号|就诊号|病历号|身份证号码|身份证号|身份证|医保卡号|mrn|medical record number|\
         medical record #|mr #|patient id|patient no|hospital number|hospital no|account number|nhs number",
    ),
    (Label::Telephone, "联系电话|电话号码|电话|手机号码|手机号|手机|telephone|phone|tel|mobile"),
    (Label::Address, "家庭住址|现住址|联系地址|住址|地址|home address|address"),
    (Label::Marriage, "婚姻状况|婚姻|marital status"),
    (Label::Admitted, "入院日期|入院时间|date of admission|admission date|admitted"),
    (Label::Discharged, "出院日期|出院时间|date of discharge|discharge date|discharged"),
    (
        Label::Other,
        "年龄|民族|职业|籍贯|出生地|国籍|文化程度|工作单位|住院天数|记录时间|科别|科室|病区|床号|病史陈述者|供史者|\
         可靠程度|联系人|费别|血型|age|race|ethnicity|occupation|attending|physician|ward|room|religion|\
         language|insurance|service|unit|bed",
    ),
];

/// The stay whose days the labels of a text tell; none if they tell no day.
pub(super) fn encounter(text: &str) -> Option<Value> {
    let told = labelled(text);
    let of = |label| told.iter().find(|(it, _)| *it == label).and_then(|(_, value)| day(value));
    let (start, end) = (of(Label::Admitted), of(Label::Discharged));
    let status = if end.is_some() { "finished" } else { "in-progress" };
    let system = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    let period = object([("start", start.map(Value::from)), ("end", end.map(Value::from))])?;
    let class = json!({"system": system, "code": "IMP"});
    Some(of_type("Encounter", json!({"status": status, "class": class, "period": period})))
}

/// The Patient that the labels of a text tell.
pub(super) fn patient(text: &str) -> Value {
    let told = labelled(text);
    let all = |label| told.iter().filter(move |(it, _)| *it == label).map(|(_, value)| *value);
    let first = |label| all(label).next();
    let sex = first(Label::Sex).map_or("unknown", sex_of);
    let members = object([
        ("identifier", list(all(Label::Number).map(|number| Some(json!({ "value": number }))))),
        ("name", first(Label::Name).map(|name| json!([{ "text": name }]))),
        ("gender", Some(json!(sex))),
        ("birthDate", first(Label::Birth).and_then(day).map(Value::from)),
        ("address", first(Label::Address).map(|address| json!([{ "text": address }]))),
        (
            "telecom",
            first(Label::Telephone).map(|number| json!([{"system": "phone", "value": number}])),
        ),
        ("maritalStatus", first(Label::Marriage).map(|status| json!({ "text": status }))),
    ]);
    of_type("Patient", members.unwrap_or_default())
}

/// Labels and their values: up to the next label, two spaces, a mark or the end of the line.
fn labelled(text: &str) -> Vec<(Label, &str)> {
    static LABEL: LazyLock<Regex> = LazyLock::new(|| {
        let mut words: Vec<_> = LABELS.iter().flat_map(|(_, words)| words.split('|')).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let words = words.join("|");
        // In a printed form a space may do.
        let form =
            r"姓名|性别|年龄|科别|床号|住院号|入院时间|出院时间|入院日期|出院日期|民族|职业|婚姻";
        let before = r"(?:^|[\s，,；;|/(（*\u{3000}])";
        let behind = r"[ \t\u{3000}*]*[:：]\**";
        let pattern = format!(r"(?i){before}(?:({words}){behind}|({form})[ \t\u{{3000}}]+)");
        Regex::new(&pattern).expect("a constant that the tests compile")
    });
    let found: Vec<_> = LABEL.captures_iter(text).collect();
    let ends = found.iter().skip(1).filter_map(|next| next.get(0)).map(|next| next.start());
    let values = found.iter().zip(ends.chain([text.len()]));
    values
        .filter_map(|(found, end)| {
            let word = found.get(1).or_else(|| found.get(2))?.as_str().to_lowercase();
            let whole = found.get(0)?;
            let rest = text[whole.end()..end].trim_start_matches([' ', '\t', '\u{3000}']);
            let stop = rest.find(['\n', '\r', '\t', ';', '；', '|', '，', '。']);
            let value = &rest[..stop.unwrap_or(rest.len())];
            let value = value.split("  ").next().unwrap_or_default();
            let value =
                value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | ')' | '）'));
            let is_told = !value.is_empty() && value.chars().count() <= VALUE_MAX;
            let label = LABELS.iter().find(|(_, words)| words.split('|').any(|it| it == word))?.0;
            is_told.then_some((label, value))
        })
        .collect()
}

fn sex_of(value: &str) -> &'static str {
    match value.to_lowercase().as_str() {
        "male" | "男性" => "male",
        "female" | "女性" => "female",
        _ => time::gender(value),
    }
}

/// 1958-03-04, 1958/3/4, 1958年3月4日, 25/12/1958, 12/25/1958, 19580304. Of what may be read in two ways
/// the year.
fn day(value: &str) -> Option<String> {
    let numbers: Vec<&str> =
        value.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let two = |part: &str| format!("{part:0>2}");
    let compact = match numbers.as_slice() {
        [year, month, day, ..] if year.len() == 4 => {
            format!("{year}{}{}", two(month), two(day))
        }
        [a, b, year, ..] if year.len() == 4 => match [a, b].map(|it| it.parse::<u8>()) {
            [Ok(13..), _] => format!("{year}{}{}", two(b), two(a)),
            [_, Ok(13..)] => format!("{year}{}{}", two(a), two(b)),
            // Day and month, or month and day.
            _ => (*year).to_owned(),
        },
        [year, month] if year.len() == 4 => format!("{year}{}", two(month)),
        [whole] if whole.len() == 8 || whole.len() == 4 => (*whole).to_owned(),
        _ => return None,
    };
    time::date(&compact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_head_tells_the_patient() {
        let chinese = "姓名：王建国    性别：男    年龄：56岁    住院号：ZY2023051288\n\
            出生日期：1967年3月4日 婚姻：已婚 联系电话：13800138000，住址：某市某区1号";
        let told = patient(chinese);
        assert_eq!(told["name"], json!([{"text": "王建国"}]));
        assert_eq!(told["gender"], "male");
        assert_eq!(told["birthDate"], "1967-03-04");
        assert_eq!(told["identifier"], json!([{"value": "ZY2023051288"}]));
        assert_eq!(told["telecom"][0]["value"], "13800138000");
        assert_eq!(told["address"], json!([{"text": "某市某区1号"}]));
        assert_eq!(told["maritalStatus"], json!({"text": "已婚"}));

        let english = "Patient Name: Harriet Whitfield   MRN: 5567889   DOB: 06/17/1948   Sex: F\n\
            Attending: Samuel Okafor, MD";
        let told = patient(english);
        assert_eq!(told["name"], json!([{"text": "Harriet Whitfield"}]));
        assert_eq!((&told["gender"], &told["birthDate"]), (&json!("female"), &json!("1948-06-17")));
    }

    #[test]
    fn without_labels_nothing_is_said_of_the_patient() {
        assert_eq!(
            patient("患者，男，56岁"),
            json!({"resourceType": "Patient", "gender": "unknown"})
        );
    }

    #[test]
    fn days_of_birth_are_read_as_they_are_written() {
        for (written, day_of) in [
            ("1958-03-04", Some("1958-03-04")),
            ("1958/3/4", Some("1958-03-04")),
            ("25/12/1958", Some("1958-12-25")),
            ("12/25/1958 (65 y)", Some("1958-12-25")),
            ("03/04/1958", Some("1958")),
            ("19580304", Some("1958-03-04")),
            ("1958年3月", Some("1958-03")),
            ("unknown", None),
        ] {
            assert_eq!(day(written).as_deref(), day_of, "{written}");
        }
    }
}
