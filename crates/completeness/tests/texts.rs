//! What the text matcher accepts and refuses, with the embedded database and with one made here.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::sync::Arc;

use emrshare_completeness::{
    Grams, HeaderMatcher, Standards, StandardsBuilder, StandardsError, calibrate, judge,
    judge_sections, judge_sections_in,
};
use emrshare_record::{Bundle, Language, Record, Section, Sections, import};
use emrshare_sample::{Generator, Tongue};
use proptest::prelude::*;

/// Sections of generated records, as their Composition has them.
fn generated(tongue: Tongue, seed: u64, count: usize) -> Vec<Sections> {
    records(tongue, seed, count).iter().map(Sections::of).collect()
}

/// Sections of the same records without a Composition, as gathered from their resources.
fn gathered(tongue: Tongue, seed: u64, count: usize) -> Vec<Sections> {
    let bare = |record: &Record| {
        let mut bare = Bundle::empty();
        let resources = record.bundle().resources();
        resources
            .filter(|(kind, _)| *kind != "Composition")
            .for_each(|(_, resource)| bare.push(resource.clone()));
        Sections::of(&Record::new(bare, Vec::new()))
    };
    records(tongue, seed, count).iter().map(bare).collect()
}

fn records(tongue: Tongue, seed: u64, count: usize) -> Vec<Record> {
    let samples = Generator::new(seed, tongue).text_only().take(count);
    samples.map(|sample| import(sample.into_source()).unwrap().0).collect()
}

fn both_languages() -> Vec<Sections> {
    [generated(Tongue::Chinese, 7, 10), generated(Tongue::English, 7, 10)].concat()
}

/// The sections with one of them changed.
fn with(sections: &Sections, changed: Section, text: &str) -> Sections {
    let [basic, diagnosis, course] =
        Section::ALL.map(|each| if each == changed { text } else { sections.get(each) }.to_owned());
    Sections::new(basic, diagnosis, course)
}

fn rules(sections: &Sections) -> Vec<&'static str> {
    let verdict = judge_sections(sections, Standards::embedded());
    assert_eq!(verdict.is_complete(), verdict.score() > 0);
    verdict.reasons().iter().map(emrshare_completeness::Reason::rule).collect()
}

#[test]
fn complete_records_are_accepted() {
    for sample in Generator::new(7, Tongue::Mixed).take(40) {
        let (record, _) = import(sample.into_source()).unwrap();
        let verdict = judge(&record, Standards::embedded(), &HeaderMatcher);
        assert!(verdict.is_complete(), "{:?} {:?}", verdict.reasons(), verdict.scores());
    }
}

#[test]
fn removed_and_placeholder_sections_are_refused() {
    let gathered = gathered(Tongue::English, 7, 5);
    for sections in both_languages().into_iter().chain(gathered) {
        for section in Section::ALL {
            for text in ["", " \n", "无", "N/A", "见附件。", "-", "（待补充）"] {
                let rules = rules(&with(&sections, section, text));
                let nothing = ["section-missing", "section-placeholder"];
                assert!(rules.iter().any(|rule| nothing.contains(rule)), "{text}");
            }
        }
    }
}

#[test]
fn a_section_in_the_place_of_another_is_refused() {
    let (mut refused, mut all) = (0, 0);
    for sections in both_languages() {
        for (section, other) in [
            (Section::Diagnosis, Section::Basic),
            (Section::Hospitalisation, Section::Basic),
            (Section::Basic, Section::Hospitalisation),
        ] {
            let swapped = with(&sections, section, sections.get(other));
            let before = judge_sections(&sections, Standards::embedded());
            let after = judge_sections(&swapped, Standards::embedded());
            assert!(after.score() < before.score());
            refused += usize::from(!after.is_complete());
            all += 1;
        }
    }
    assert!(refused * 10 >= all * 9, "{refused} of {all}");
}

#[test]
fn a_section_of_another_language_or_patient_is_refused() {
    let [chinese, english] =
        [Tongue::Chinese, Tongue::English].map(|tongue| generated(tongue, 3, 1).swap_remove(0));
    let course = english.get(Section::Hospitalisation);
    let mixed = with(&chinese, Section::Hospitalisation, course);
    let verdict = judge_sections_in(Language::Chinese, &mixed, Standards::embedded());
    assert_eq!(verdict.reasons()[0].rule(), "section-language");

    let woman = with(&chinese, Section::Basic, "姓名：王丽，性别：女，年龄：52岁，科别：心内科。");
    let man = "患者男性，52岁，因胸痛3小时入院，急诊行冠状动脉支架植入术，术后好转，予以出院。";
    assert_eq!(rules(&with(&woman, Section::Hospitalisation, man)), ["section-other-patient"]);
}

#[test]
fn text_that_is_no_medicine_is_refused() {
    let noise = "zxqj wvkk qqzz jjxw pqzk vvxj zzqk".repeat(4);
    assert!(!rules(&Sections::new(noise.clone(), noise.clone(), noise)).is_empty());
}

/// How many of the records are refused if a section is left to two thirds.
fn refused_when_cut(records: &[Sections], cut: Section) -> usize {
    let is_refused = |sections: &&Sections| {
        let text = sections.get(cut);
        let length = text.chars().count() * 2 / 3;
        let start: String = text.chars().take(length).collect();
        !rules(&with(sections, cut, &start)).is_empty()
    };
    records.iter().filter(is_refused).count()
}

#[test]
fn most_texts_that_were_cut_off_are_refused() {
    for tongue in [Tongue::Chinese, Tongue::English] {
        let records = generated(tongue, 11, 60);
        for cut in [Section::Diagnosis, Section::Hospitalisation] {
            let refused = refused_when_cut(&records, cut);
            assert!(refused >= 45, "{refused} of 60, {cut} {tongue:?}");
        }
    }
}

#[test]
fn a_text_that_is_there_twice_is_refused() {
    for sections in both_languages() {
        let again = sections.get(Section::Hospitalisation).to_owned();
        let found = rules(&with(&sections, Section::Diagnosis, &again));
        assert!(found.contains(&"section-repeated"), "{found:?}");
    }
}

#[test]
fn missing_image_is_refused() {
    let with_image = |sample: &emrshare_sample::SampleRecord| sample.files.len() > 1;
    let mut sample = Generator::new(7, Tongue::English).find(with_image).unwrap();
    sample.files.pop();
    let (record, _) = import(sample.into_source()).unwrap();
    let verdict = judge(&record, Standards::embedded(), &HeaderMatcher);
    assert_eq!(verdict.reasons()[0].rule(), "images-missing");
}

/// Whole numbers only: these are the same on every machine, or nodes would judge differently.
#[test]
fn scores_are_the_same_to_the_last_bit() {
    let sections = Sections::new(
        "性别：女；年龄：52岁；科别：心内科；入院日期：2023-05-06；出院日期：2023-05-12".into(),
        "1. 急性前壁心肌梗死\n2. 2型糖尿病".into(),
        "入院后予阿司匹林、替格瑞洛抗血小板，行冠状动脉支架植入术，术后好转出院。".into(),
    );
    let verdict = judge_sections(&sections, Standards::embedded());
    let scores = verdict.scores().iter();
    let scores: Vec<_> =
        scores.map(|score| [score.margin, score.similarity, score.contrast]).collect();
    assert_eq!((&scores[..], verdict.whole_similarity()), (&GOLDEN.0[..], GOLDEN.1));
}

const GOLDEN: ([[i32; 3]; 3], i32) =
    ([[726562, 519945, 485685], [625000, 193498, 162978], [600000, 98896, 77595]], 186887);

fn built() -> Vec<u8> {
    let mut builder = StandardsBuilder::default();
    for (tongue, language) in
        [(Tongue::Chinese, Language::Chinese), (Tongue::English, Language::English)]
    {
        generated(tongue, 2026, 40).iter().for_each(|sections| builder.add(language, sections));
    }
    builder.build()
}

#[test]
fn a_database_of_own_records_judges_and_is_calibrated() {
    let bytes = built();
    let standards = Standards::from_json(&bytes).unwrap();
    let records: Vec<_> = generated(Tongue::Chinese, 9, 50)
        .into_iter()
        .map(|sections| (Language::Chinese, sections))
        .collect();
    let refused = |standards: &Standards| {
        let complete = |(language, sections): &(Language, Sections)| {
            judge_sections_in(*language, sections, standards).is_complete()
        };
        records.iter().filter(|record| !complete(record)).count()
    };
    assert_eq!(refused(&standards), 0);
    let strict = calibrate(&bytes, Arc::new(Grams), &records, 900).unwrap();
    assert!(refused(&Standards::from_json(&strict).unwrap()) > 0);
    let lenient =
        Standards::from_json(&calibrate(&bytes, Arc::new(Grams), &records, 0).unwrap()).unwrap();
    assert_eq!(refused(&lenient), 0);
    assert_ne!(standards.digest(), lenient.digest());
}

/// From a hospital whose form ends with a line to be signed by hand.
fn unsigned(records: Vec<Sections>) -> Vec<(Language, Sections)> {
    let unsigned = |sections: &Sections| {
        let course = format!("{}\n医师签名：", sections.get(Section::Hospitalisation));
        (Language::Chinese, with(sections, Section::Hospitalisation, &course))
    };
    records.iter().map(unsigned).collect()
}

#[test]
fn ends_that_are_usual_at_a_hospital_are_calibrated() {
    let accepted = |standards: &Standards, records: &[(Language, Sections)]| {
        let is_complete = |(language, sections): &&(Language, Sections)| {
            judge_sections_in(*language, sections, standards).is_complete()
        };
        records.iter().filter(is_complete).count()
    };
    let own = unsigned(generated(Tongue::Chinese, 31, 40));
    let others = unsigned(generated(Tongue::Chinese, 32, 40));
    let before = accepted(Standards::embedded(), &others);
    let calibrated = calibrate(Standards::EMBEDDED, Arc::new(Grams), &own, 10).unwrap();
    let after = accepted(&Standards::from_json(&calibrated).unwrap(), &others);
    assert_eq!((before, after), (0, 40));
}

/// A database names bounds of endings, closing words and words only if it knows them.
#[test]
fn a_database_that_knows_less_is_read() {
    let mut database: serde_json::Value = serde_json::from_slice(Standards::EMBEDDED).unwrap();
    for language in database["languages"].as_array_mut().unwrap() {
        language.as_object_mut().unwrap().remove("words");
        for section in language["sections"].as_array_mut().unwrap() {
            section["rules"].as_object_mut().unwrap().remove("closings");
            section["rules"]["thresholds"].as_object_mut().unwrap().remove("ending");
        }
    }
    let standards = Standards::from_json(&serde_json::to_vec(&database).unwrap()).unwrap();
    for sections in both_languages() {
        assert!(judge_sections(&sections, &standards).is_complete());
    }
}

#[test]
fn only_listed_words_can_be_read_in_a_database() {
    let mut builder = StandardsBuilder::default();
    let sections = Sections::new(
        "Ms Featherstonehaugh, female, 52 years.".into(),
        "Pneumonia.".into(),
        "Discharged.".into(),
    );
    builder.add(Language::English, &sections);
    builder.add_prose(Language::English, "Seen by Dr Cholmondeley.");
    builder.add_word(Language::English, "Pneumonia");
    let database = String::from_utf8(builder.build()).unwrap().to_lowercase();
    assert!(database.contains("\"words\": \"pneumonia\""));
    assert!(!database.contains("featherstonehaugh") && !database.contains("cholmondeley"));
}

#[test]
fn a_damaged_database_says_what_is_wrong() {
    let text = String::from_utf8(built()).unwrap();
    let error = |text: &str| Standards::from_json(text.as_bytes()).unwrap_err();
    assert!(matches!(error(&text[..text.len() / 2]), StandardsError::Json { .. }));
    let other = text.replacen("\"version\": 2", "\"version\": 1", 1);
    assert!(matches!(error(&other), StandardsError::Version(1)));
    let other = text.replacen("\"zh\"", "\"fr\"", 1);
    assert_eq!(
        error(&other).to_string(),
        "standard database: `fr` is no language that is known (zh, en)"
    );
    let other = text.replacen("\"basic\"", "\"diagnosis\"", 1);
    assert!(matches!(error(&other), StandardsError::Sections(_)));
    let other = text.replacen("\"ends\"", "\"words\": \"b\\na\", \"ends\"", 1);
    assert!(matches!(error(&other), StandardsError::Words(_)));
    let other = text.replacen("\"centre\": \"", "\"centre\": \"AAAA", 1);
    assert!(matches!(error(&other), StandardsError::Table { table: "centre", .. }));
}

proptest! {
    #[test]
    fn any_text_is_judged(basic in "\\PC{0,200}", diagnosis in "\\PC{0,60}", course in "\\PC{0,200}") {
        let sections = Sections::new(basic, diagnosis, course);
        let verdict = judge_sections(&sections, Standards::embedded());
        prop_assert_eq!(verdict.is_complete(), verdict.score() > 0);
    }

    /// Half a section is never more complete than all of it, unless the rest was a worse end.
    #[test]
    fn a_section_cut_in_a_word_is_less_complete(seed in 0_u64..500, place in 0_usize..3, part in 20_usize..60) {
        let sections = generated(Tongue::Chinese, seed, 1).swap_remove(0);
        let section = Section::ALL[place];
        let text = sections.get(section);
        let cut: String = text.chars().take(text.chars().count() * part / 100).collect();
        let cut = cut.trim_end_matches(|c: char| !c.is_alphabetic());
        let before = judge_sections(&sections, Standards::embedded());
        let after = judge_sections(&with(&sections, section, cut), Standards::embedded());
        prop_assert!(after.score() <= before.score(), "{:?} {:?}", before.scores(), after.scores());
    }
}
