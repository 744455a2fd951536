//! Sections that a database asks for beside the three.
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::Arc;

use emrshare_completeness::{
    AddedSection, Grams, SectionName, Standards, StandardsError, Verdict, add_section, calibrate,
    judge_sections,
};
use emrshare_record::{Language, OtherSection, Section, Sections, SourceFile, import};
use emrshare_sample::{Generator, Tongue};
use serde_json::json;

fn advice() -> AddedSection {
    AddedSection {
        name: "discharge-advice".into(),
        titles: vec!["出院医嘱".into(), "discharge advice".into()],
        codes: vec!["8653-8".into()],
    }
}

fn generated(tongue: Tongue, seed: u64, count: usize) -> Vec<Sections> {
    let samples = Generator::new(seed, tongue).text_only().take(count);
    samples.map(|sample| Sections::of(&import(sample.into_source()).unwrap().0)).collect()
}

fn with_advice(sections: Sections, text: &str) -> Sections {
    sections.with(OtherSection { title: "出院医嘱".into(), codes: vec![], text: text.into() })
}

/// What doctors advise, one of 90.
fn advised(number: usize) -> String {
    let rest =
        ["注意休息，避免劳累", "低盐低脂饮食，戒烟限酒", "切口隔日换药，保持干燥"][number % 3];
    let drug = ["阿司匹林", "二甲双胍", "头孢呋辛", "奥美拉唑", "氨氯地平"][number % 5];
    let test = ["血常规", "肝肾功能", "胸部CT", "心电图", "血糖", "腹部B超"][number % 6];
    let weeks = 1 + number % 4;
    format!("1. {rest}；\n2. 口服{drug}，每日一次；\n3. {weeks}周后门诊复查{test}，不适随诊。")
}

fn database() -> Vec<u8> {
    let records = generated(Tongue::Chinese, 11, 60).into_iter().enumerate();
    let records: Vec<_> = records
        .map(|(number, sections)| (Language::Chinese, with_advice(sections, &advised(number))))
        .collect();
    add_section(Standards::EMBEDDED, Arc::new(Grams), &advice(), &records).unwrap()
}

fn judged(sections: &Sections) -> Verdict {
    judge_sections(sections, &Standards::from_json(&database()).unwrap())
}

fn rules(verdict: &Verdict) -> Vec<&'static str> {
    assert_eq!(verdict.is_complete(), verdict.score() > 0);
    verdict.reasons().iter().map(emrshare_completeness::Reason::rule).collect()
}

#[test]
fn a_record_that_has_it_is_complete() {
    for (number, sections) in generated(Tongue::Chinese, 12, 20).into_iter().enumerate() {
        let before = judge_sections(&sections, Standards::embedded());
        let verdict = judged(&with_advice(sections, &advised(7 * number + 3)));
        assert!(verdict.is_complete(), "{:?} {:?}", verdict.reasons(), verdict.scores());
        assert_eq!(verdict.scores()[..3], before.scores()[..], "the three are judged as before");
        assert_eq!(verdict.scores()[3].section, SectionName::Added("discharge-advice".into()));
    }
}

#[test]
fn a_record_that_lacks_it_is_not() {
    let sections = generated(Tongue::Chinese, 12, 1).swap_remove(0);
    let missing = judged(&sections);
    assert_eq!(rules(&missing), ["section-missing"]);
    assert_eq!(missing.reasons()[0].place(), "section discharge-advice");
    let course = sections.get(Section::Hospitalisation).to_owned();
    let whole = advised(5);
    let cut = whole.split("匹林").next().unwrap();
    for (text, rule) in [
        ("无", "section-placeholder"),
        ("多喝水", "section-too-short"),
        (&course, "section-other"),
        (cut, "section-cut-off"),
    ] {
        assert_eq!(rules(&judged(&with_advice(sections.clone(), text))), [rule], "{text}");
    }
}

#[test]
fn another_language_is_not_asked_for_it() {
    let sections = generated(Tongue::English, 12, 1).swap_remove(0);
    let verdict = judged(&sections);
    assert!(verdict.is_complete());
    assert_eq!(verdict.scores().len(), 3);
}

#[test]
fn a_section_of_a_composition_is_told_by_title_or_code() {
    let section = |title: &str, code: &str| {
        let bundle = json!({"resourceType": "Bundle", "type": "document", "entry": [{"resource": {
            "resourceType": "Composition",
            "section": [{
                "title": title,
                "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "text": {"status": "generated", "div": "<div><p>门诊复查。</p></div>"},
            }],
        }}]});
        let file = SourceFile::new("record.json", bundle.to_string().into_bytes());
        Sections::of(&import(vec![file]).unwrap().0)
    };
    for (title, code, text) in [
        ("出院医嘱及随访", "", "门诊复查。"),
        ("Plan", "8653-8", "门诊复查。"),
        ("过敏", "1-1", ""),
    ] {
        assert_eq!(advice().text_of(&section(title, code)), text, "{title}");
    }
}

#[test]
fn learnt_anew_it_is_there_once_and_calibrated_it_is_as_lenient_as_asked() {
    let records: Vec<_> = (0..30)
        .map(|number| (Language::Chinese, with_advice(Sections::default(), &advised(number))))
        .collect();
    let again = add_section(&database(), Arc::new(Grams), &advice(), &records).unwrap();
    let added = |database: &[u8]| {
        let standards = Standards::from_json(database).unwrap();
        let added =
            standards.sections().filter(|standard| standard.section.as_str() == "discharge-advice");
        added.map(|standard| standard.rules.clone()).collect::<Vec<_>>()
    };
    let before = added(&again);
    assert_eq!((before.len(), before[0].texts), (1, 30));
    let short = [(Language::Chinese, with_advice(Sections::default(), "三周后复查。"))];
    let calibrated = calibrate(&again, Arc::new(Grams), &short, 0).unwrap();
    let after = added(&calibrated)[0].thresholds.length.least;
    assert!(after < before[0].thresholds.length.least);
}

#[test]
fn what_cannot_be_added_is_refused() {
    let add = |section: &AddedSection, count: usize| {
        let record = (Language::Chinese, with_advice(Sections::default(), &advised(1)));
        let records = vec![record; count];
        add_section(Standards::EMBEDDED, Arc::new(Grams), section, &records)
    };
    for name in ["", "basic", "Advice", "出院"] {
        let section = AddedSection { name: name.into(), ..advice() };
        assert!(matches!(add(&section, 20), Err(StandardsError::Added(_))), "{name}");
    }
    let untold = AddedSection { titles: vec![], codes: vec![], ..advice() };
    assert!(matches!(add(&untold, 20), Err(StandardsError::Added(_))));
    for title in ["Advice", " ", "诊断依据", "course of treatment"] {
        let section = AddedSection { titles: vec![title.into()], ..advice() };
        assert!(matches!(add(&section, 20), Err(StandardsError::Added(_))), "{title}");
    }
    let error = add(&advice(), 9).unwrap_err();
    assert!(matches!(error, StandardsError::TooFewTexts { found: 9, needed: 10, .. }), "{error}");
}
