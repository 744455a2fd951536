//! Judging by the vectors of a sentence encoder. The one here was drawn at random by
//! `encoder/make.py`: it tells texts apart by their words.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use std::sync::Arc;

use emrshare_completeness::{
    Grams, Reason, SentenceEncoder, Standards, StandardsBuilder, StandardsError, Vector,
    Vectorizer, judge_sections_in,
};
use emrshare_record::{Language, Section, Sections, import};
use emrshare_sample::{Generator, Tongue};
use emrshare_transformer::TransformerError;

const MODEL: &[u8] = include_bytes!("encoder/model.onnx");
const POOLED: &[u8] = include_bytes!("encoder/pooled.onnx");
const TOKENIZER: &str = include_str!("encoder/tokenizer.json");

fn encoder() -> Arc<SentenceEncoder> {
    Arc::new(SentenceEncoder::new(MODEL, TOKENIZER).unwrap())
}

fn generated(seed: u64, count: usize) -> Vec<Sections> {
    let samples = Generator::new(seed, Tongue::English).text_only().take(count);
    samples.map(|sample| Sections::of(&import(sample.into_source()).unwrap().0)).collect()
}

fn database(records: &[Sections]) -> Vec<u8> {
    let mut builder = StandardsBuilder::new(encoder());
    records.iter().for_each(|sections| builder.add(Language::English, sections));
    builder.build()
}

/// The cosine of two vectors.
fn cosine(a: &Vector, b: &Vector) -> f64 {
    let product = |a: &Vector, b: &Vector| {
        let pairs = a.weights().zip(b.weights());
        pairs.map(|((_, a), (_, b))| f64::from(a) * f64::from(b)).sum::<f64>()
    };
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

#[test]
fn an_encoder_judges_by_a_database_of_its_own() {
    let standards = database(&generated(3, 60));
    let standards = Standards::with_vectorizer(&standards, encoder()).unwrap();
    let mut swapped = 0;
    for sections in generated(4, 20) {
        let verdict = judge_sections_in(Language::English, &sections, &standards);
        assert!(verdict.is_complete(), "{:?}", verdict.reasons());
        let [basic, _, course] = Section::ALL.map(|section| sections.get(section).to_owned());
        let other = Sections::new(basic.clone(), basic, course);
        let verdict = judge_sections_in(Language::English, &other, &standards);
        let is_like_basic = |reason: &Reason| matches!(reason, Reason::OtherSection { .. });
        swapped += usize::from(verdict.reasons().iter().any(is_like_basic));
    }
    assert!(swapped >= 18, "{swapped} of 20");
}

#[test]
fn a_database_is_read_with_what_made_it_only() {
    let own = database(&generated(3, 5));
    let error = Standards::from_json(&own).unwrap_err();
    assert!(matches!(&error, StandardsError::Vectorizer { found, .. } if found == "grams-1"));
    let error = Standards::with_vectorizer(Standards::EMBEDDED, encoder()).unwrap_err();
    assert!(matches!(error, StandardsError::Vectorizer { .. }));
    assert!(Standards::with_vectorizer(Standards::EMBEDDED, Arc::new(Grams)).is_ok());
    let pooled = SentenceEncoder::new(POOLED, TOKENIZER).unwrap();
    assert_ne!(pooled.name(), encoder().name());
}

#[test]
fn both_forms_of_output_say_the_same() {
    let pooled = SentenceEncoder::new(POOLED, TOKENIZER).unwrap();
    let each = encoder();
    assert_eq!((pooled.dimensions(), each.dimensions()), (32, 32));
    // More than a window of tokens, accents, characters that are in no vocabulary.
    let long = "Ménière's disease, 高血压病. ".repeat(200);
    for text in ["Acute appendicitis.", "", "患者好转出院。", &long] {
        let cosine = cosine(&pooled.vector(text), &each.vector(text));
        assert!(cosine > 0.999, "{cosine}");
    }
    let [pain, fever] = ["Left pain, no fever.", "Right fracture, female."];
    assert!(cosine(&each.vector(pain), &each.vector(fever)) < 0.9);
}

#[test]
fn what_is_no_encoder_says_why() {
    let error = |onnx: &[u8], tokenizer: &str| SentenceEncoder::new(onnx, tokenizer).unwrap_err();
    assert!(matches!(error(b"no model", TOKENIZER), TransformerError::Model(_)));
    assert!(matches!(error(MODEL, "{}"), TransformerError::Tokenizer(_)));
    let panels = include_bytes!("../model/panels.onnx");
    let form = error(panels, TOKENIZER);
    assert!(form.to_string().contains("an input `"), "{form}");
}
