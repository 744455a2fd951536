//! Texts with headings, as discharge summaries are printed, become FHIR resources.
//!
//! A heading is a title that hospitals give, at the beginning of a line or behind white space, with a
//! colon, in 【 】, behind `#`, or alone on its line. What stands before the first one is basic
//! information, of which labels such as 姓名 or `DOB` tell the patient.

mod headings;
mod labels;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    Section,
    fhir::{list, narrative, object, of_type},
};

/// Headings of a text that is a record, at least.
const HEADINGS_MIN: usize = 2;
/// Letters of a diagnosis, at most: what is longer is prose.
const DIAGNOSIS_MAX: usize = 120;
/// Letters of a title that a document has, at most.
const TITLE_MAX: usize = 40;

/// The resources of a text that has several headings, one of them of diagnoses or the course of stay;
/// `None` if it has not.
pub(crate) fn read(text: &str) -> Option<Vec<Value>> {
    let headings = headings::find(text);
    let is_telling = |heading: &headings::Heading<'_>| {
        matches!(heading.section, Some(Section::Diagnosis | Section::Hospitalisation))
    };
    if headings.len() < HEADINGS_MIN || !headings.iter().any(is_telling) {
        return None;
    }
    let before = &text[..headings.first().map_or(text.len(), |first| first.start)];
    let (title, before) = split_title(before);
    let mut sections = vec![section(Some(Section::Basic), Section::Basic.title(), before)];
    let ends = headings.iter().skip(1).map(|next| next.start).chain([text.len()]);
    let parts: Vec<_> = headings
        .iter()
        .zip(ends)
        .map(|(heading, end)| (heading, &text[heading.behind..end]))
        .collect();
    sections
        .extend(parts.iter().map(|(heading, text)| section(heading.section, heading.title, text)));
    let told = headings.iter().find(|heading| heading.section == Some(Section::Basic));
    let basic = told.map_or(before, |heading| &text[heading.behind..]);
    let head = if before.trim().is_empty() { basic } else { before };
    let diagnoses: BTreeSet<_> = parts
        .iter()
        .filter(|(heading, _)| heading.section == Some(Section::Diagnosis))
        .flat_map(|(_, text)| items(text))
        .collect();
    let composition = object([
        ("status", Some(json!("final"))),
        ("title", title.map(Value::from)),
        ("section", list(sections)),
    ])?;
    let mut resources = vec![labels::patient(head)];
    resources.extend(labels::encounter(head));
    resources.extend(
        diagnoses.into_iter().map(|told| of_type("Condition", json!({"code": {"text": told}}))),
    );
    resources.push(of_type("Composition", composition));
    Some(resources)
}

/// The diagnoses of a list, without their numbers.
fn items(text: &str) -> impl Iterator<Item = &str> {
    let items = text.split(['\n', ';', '；', '。']);
    let plain = items.map(|item| {
        let item = item.trim();
        let rest = item.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '(' | '（'));
        let number = item.len() - rest.len();
        let rest = rest.trim_start_matches(['.', ')', '、', '．', '）']);
        let is_numbered = number > 0 && rest.len() < item.len() - number;
        if is_numbered { rest } else { item }.trim().trim_end_matches(['.', ',', '，'])
    });
    plain.filter(|item| !item.is_empty() && item.chars().count() <= DIAGNOSIS_MAX)
}

/// The patient that a section of basic information is about.
pub(crate) fn patient(basic: &str) -> Value {
    labels::patient(basic)
}

fn section(section: Option<Section>, title: &str, text: &str) -> Option<Value> {
    let text = text.trim();
    let code = section.map(
        |section| json!({"coding": [{"system": "http://loinc.org", "code": section.loinc()}]}),
    );
    let told = (!text.is_empty()).then(|| narrative(text));
    object([("title", Some(json!(title))), ("code", code), ("text", Some(told?))])
}

/// What stands alone on the first line is what the document is called.
fn split_title(before: &str) -> (Option<&str>, &str) {
    let start = before.trim_start();
    let (line, rest) = start.split_once('\n').unwrap_or((start, ""));
    let line = line.trim();
    let is_title = !line.is_empty()
        && line.chars().count() <= TITLE_MAX
        && !line.contains([':', '：', '，', ',', '。', '；']);
    if is_title { (Some(line), rest) } else { (None, before) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_discharge_summary_is_a_record() {
        let text = "出院记录\n\n姓名：李雷  性别：男  住院号：ZY1\n入院日期：2023年5月6日  出院日期：2023年5月15日\n\
            出院诊断：1. 急性心肌梗死\n          2. 2型糖尿病\n入院情况：胸痛3小时入院。\n\
            诊疗经过：行支架植入术，好转出院。\n出院医嘱：门诊随诊。\n";
        let told = read(text).unwrap_or_default();
        let of =
            |kind: &str| told.iter().filter(|it| it["resourceType"] == kind).collect::<Vec<_>>();
        assert_eq!(of("Patient")[0]["identifier"][0]["value"], "ZY1");
        assert_eq!(
            of("Encounter")[0]["period"],
            json!({"start": "2023-05-06", "end": "2023-05-15"})
        );
        let diagnoses: Vec<_> = of("Condition").iter().map(|it| &it["code"]["text"]).collect();
        assert_eq!(diagnoses, ["2型糖尿病", "急性心肌梗死"]);
        let composition = of("Composition")[0];
        assert_eq!(composition["title"], "出院记录");
        let titles: Vec<_> = composition["section"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|it| &it["title"])
            .collect();
        assert_eq!(titles, ["Basic information", "出院诊断", "入院情况", "诊疗经过", "出院医嘱"]);
    }

    #[test]
    fn a_note_with_fewer_than_two_headings_is_none() {
        for text in [
            "诊断：肺炎",
            "诊疗经过：好转",
            "He was well.",
            "",
            "诊断 诊疗经过",
            "主诉：咳\n查体：咳",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn diagnoses_are_told_apart() {
        let told = |text| items(text).collect::<Vec<_>>();
        assert_eq!(told("1. 肺炎\n2、高血压病3级；3）糖尿病。"), ["肺炎", "高血压病3级", "糖尿病"]);
        assert_eq!(told("2型糖尿病"), ["2型糖尿病"]);
        assert_eq!(told("1. Gout.\n2. CKD, stage 3."), ["Gout", "CKD, stage 3"]);
    }
}
