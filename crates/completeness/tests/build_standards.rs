//! The embedded database: that it is what the generator gives, and what it accepts and refuses.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use emrshare_completeness::{HeaderMatcher, Standards, judge, judge_sections};
use emrshare_record::{Bundle, Language, Record, Section, Sections, import};
use emrshare_sample::{Generator, Tongue};
use serde_json::{Value, json};

/// Sections of generated records: as their Composition has them, and as gathered from resources.
fn generated(tongue: Tongue, seed: u64, count: usize) -> Vec<Sections> {
    Generator::new(seed, tongue)
        .text_only()
        .take(count)
        .flat_map(|sample| {
            let (record, _) = import(sample.into_source()).unwrap();
            let mut bare = Bundle::empty();
            let resources = record.bundle().resources();
            resources
                .filter(|(kind, _)| *kind != "Composition")
                .for_each(|(_, resource)| bare.push(resource.clone()));
            [Sections::of(&record), Sections::of(&Record::new(bare, Vec::new()))]
        })
        .collect()
}

fn database() -> Value {
    let mut standards = Vec::new();
    for (tongue, language) in
        [(Tongue::Chinese, Language::Chinese), (Tongue::English, Language::English)]
    {
        let sections = generated(tongue, 2026, 20);
        for section in Section::ALL {
            let texts: Vec<_> = sections.iter().map(|sections| sections.get(section)).collect();
            let characters_min = match (section, language) {
                (Section::Diagnosis, Language::Chinese) => 3,
                (Section::Diagnosis, Language::English) => 5,
                _ => 12,
            };
            standards.push(json!({
                "language": language.code(),
                "section": section.name(),
                "thresholds": {"characters_min": characters_min, "similarity_min": 20_000},
                "texts": texts,
            }));
        }
    }
    Value::Array(standards)
}

/// Set `EMRSHARE_BLESS=1` to write the database anew after a change of the generator.
#[test]
fn embedded_database_is_what_the_generator_gives() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/standards.json");
    let built = serde_json::to_vec_pretty(&database()).unwrap();
    if std::env::var_os("EMRSHARE_BLESS").is_some() {
        std::fs::write(path, &built).unwrap();
    }
    assert!(
        std::fs::read(path).unwrap() == built,
        "run with EMRSHARE_BLESS=1 and look at the diff"
    );
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
    for sections in
        generated(Tongue::Chinese, 7, 10).iter().chain(&generated(Tongue::English, 7, 10))
    {
        for section in Section::ALL {
            for text in ["", " \n", "无", "N/A", "见附件。", "-"] {
                let [basic, diagnosis, course] = Section::ALL
                    .map(|each| if each == section { text } else { sections.get(each) }.to_owned());
                let verdict =
                    judge_sections(&Sections::new(basic, diagnosis, course), Standards::embedded());
                assert!(!verdict.is_complete());
            }
        }
    }
}

#[test]
fn text_that_is_no_medicine_is_refused() {
    let noise = "zxqj wvkk qqzz jjxw pqzk vvxj zzqk".repeat(4);
    let sections = Sections::new(noise.clone(), noise.clone(), noise);
    assert_eq!(judge_sections(&sections, Standards::embedded()).reasons().len(), 3);
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
