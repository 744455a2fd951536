//! Titles that hospitals give the parts of a record.

use std::{collections::HashMap, sync::LazyLock};

use regex::Regex;

use crate::Section;

/// A heading of a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Heading<'t> {
    /// Which of the three sections it begins, if any.
    pub(super) section: Option<Section>,
    pub(super) title: &'t str,
    /// Where it begins, its number or sign included.
    pub(super) start: usize,
    /// Where its text begins.
    pub(super) behind: usize,
}

const BASIC: &str = "基本信息; 一般情况; 一般项目; 一般资料; 患者信息; 病人信息; 个人信息; basic information; \
    patient information; patient details; demographics; identification";

const DIAGNOSIS: &str = "诊断; 入院诊断; 出院诊断; 初步诊断; 最后诊断; 最终诊断; 主要诊断; 次要诊断; 其他诊断; \
    术前诊断; 术后诊断; 病理诊断; 临床诊断; 目前诊断; 门诊诊断; 确定诊断; 修正诊断; 补充诊断; 西医诊断; \
    中医诊断; 印象; diagnosis; diagnoses; admission diagnosis; admission diagnoses; admitting diagnosis; \
    admitting diagnoses; discharge diagnosis; discharge diagnoses; final diagnosis; final diagnoses; \
    principal diagnosis; primary diagnosis; secondary diagnosis; secondary diagnoses; other diagnoses; \
    preoperative diagnosis; preoperative diagnoses; postoperative diagnosis; postoperative diagnoses; \
    assessment; impression; assessment and plan; assessment/plan; impression/plan; problem list; problems";

const COURSE: &str = "诊疗经过; 诊治经过; 治疗经过; 住院经过; 诊疗过程; 诊治过程; 治疗过程; 住院过程; 病程记录; \
    病程; 手术经过; 手术记录; 治疗情况; 住院情况; 治疗; hospital course; brief hospital course; clinical course; \
    course in hospital; course; summary of hospital course; hospital course and treatment; treatment; \
    treatment given; procedure; procedures; procedure performed; procedures performed; operation; operations; \
    operative procedure; description of procedure; procedure in detail; operative note";

const OTHERS: &str = "主诉; 现病史; 既往史; 个人史; 月经史; 婚育史; 家族史; 过敏史; 手术史; 体格检查; 查体; \
    专科检查; 专科情况; 辅助检查; 实验室检查; 影像学检查; 入院情况; 出院情况; 出院医嘱; 出院带药; 医嘱; 随访; \
    chief complaint; reason for admission; reason for consultation; history; history of present illness; \
    present illness; hpi; past medical history; past surgical history; past history; social history; \
    family history; medications; current medications; home medications; medications on admission; \
    discharge medications; allergies; review of systems; physical examination; physical exam; examination; \
    vital signs; laboratory data; laboratory; labs; imaging; investigations; results; plan; recommendations; \
    disposition; condition at discharge; discharge condition; discharge instructions; instructions; follow-up; \
    follow up; followup; pending results; indications; indications for procedure; anesthesia; anaesthesia; \
    findings; complications; estimated blood loss; specimens; 诊疗计划; 治疗计划; 麻醉方式; 术中所见";

/// Signs before a title: Markdown's, numbers of chapters, brackets.
const BEFORE: &str = r"(?:#{1,6}[ \t]*|[（(]?[一二三四五六七八九十]{1,3}[)）]?[、.．][ \t]*|[（(]?\d{1,2}[)）]?[、.．][ \t]*)?";

/// The headings of a text, in their order.
pub(super) fn find(text: &str) -> Vec<Heading<'_>> {
    static HEADINGS: LazyLock<Regex> = LazyLock::new(|| {
        let mut titles: Vec<_> = SECTIONS.keys().map(|title| regex::escape(title)).collect();
        // The longest first: 入院诊断 is no 诊断.
        titles.sort_by_key(|title| std::cmp::Reverse(title.len()));
        let (titles, blank) = (titles.join("|"), r"[ \t\u{3000}]");
        let bracketed = format!("【{blank}*(?<bracketed>{titles}){blank}*】{blank}*[:：]?");
        let marked = format!("(?<marked>{titles}){blank}*[:：]");
        let alone = format!(r"(?<alone>{titles}){blank}*(?:\r?\n|$)");
        let spaced = format!(r"(?<spaced>\p{{Han}}{{4,}}){blank}+");
        let inner = format!("(?<inner>{titles}){blank}*：");
        let line = format!("(?m:^){blank}*{BEFORE}(?:{bracketed}|{marked}|{alone}|{spaced})");
        let within = format!("[ \t\u{3000}。；]{inner}");
        Regex::new(&format!("(?i){line}|{within}")).expect("a constant that the tests compile")
    });
    let headings = HEADINGS.captures_iter(text).filter_map(|found| {
        let title = ["bracketed", "marked", "alone", "inner", "spaced"]
            .iter()
            .find_map(|name| found.name(name))?;
        let whole = found.get(0)?;
        let is_inner = found.name("inner").is_some();
        Some(Heading {
            section: *SECTIONS.get(title.as_str().to_lowercase().as_str())?,
            title: title.as_str(),
            start: if is_inner { title.start() } else { whole.start() },
            behind: whole.end(),
        })
    });
    headings.collect()
}

static SECTIONS: LazyLock<HashMap<&'static str, Option<Section>>> = LazyLock::new(|| {
    let all = [
        (BASIC, Some(Section::Basic)),
        (DIAGNOSIS, Some(Section::Diagnosis)),
        (COURSE, Some(Section::Hospitalisation)),
        (OTHERS, None),
    ];
    let titles = |(titles, section): (&'static str, Option<Section>)| {
        titles.split("; ").map(move |title| (title, section))
    };
    all.into_iter().flat_map(titles).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, &str)> {
        let headings = find(text);
        let ends = headings.iter().skip(1).map(|next| next.start).chain([text.len()]);
        let told = headings.iter().zip(ends);
        told.map(|(heading, end)| (heading.title, text[heading.behind..end].trim())).collect()
    }

    #[test]
    fn headings_are_found_however_they_are_set() {
        for text in [
            "入院诊断：肺炎\n诊疗经过：好转。",
            "【入院诊断】肺炎\n【诊疗经过】好转。",
            "一、入院诊断：肺炎\n二、诊疗经过：好转。",
            "# 入院诊断\n肺炎\n## 诊疗经过\n好转。",
            "入院诊断\r\n肺炎\r\n诊疗经过\r\n好转。",
            "入院诊断：肺炎  诊疗经过：好转。",
            "入院诊断 肺炎\n诊疗经过　好转。",
        ] {
            assert_eq!(found(text), [("入院诊断", "肺炎"), ("诊疗经过", "好转。")], "{text}");
        }
        let english = "DISCHARGE DIAGNOSES:\n1. Gout.\nHospital Course\nHe improved.";
        let told = [("DISCHARGE DIAGNOSES", "1. Gout."), ("Hospital Course", "He improved.")];
        assert_eq!(found(english), told);
    }

    #[test]
    fn what_only_looks_like_a_heading_is_none() {
        for text in [
            "住院号：12345",
            "住院天数：9天",
            "患者诊断：明确",
            "A course of antibiotics: two weeks",
            "diagnosis was made",
            "予以治疗后好转",
            "诊断 明确",
            "患者诊断明确 予以治疗",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
