//! A token classifier beside the built-in recognizers. The one here gives each word piece a label
//! of its own (`classifier/make.py`).
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc)]

use emrshare_recognize::{ClassifierError, Kind, Recognizer, TokenClassifier, find, find_beside};
use emrshare_transformer::TransformerError;

const MODEL: &[u8] = include_bytes!("classifier/model.onnx");
const TOKENIZER: &str = include_str!("classifier/tokenizer.json");
const CONFIG: &str = include_str!("classifier/config.json");

fn classifier() -> TokenClassifier {
    TokenClassifier::new(MODEL, TOKENIZER, CONFIG).unwrap()
}

fn recognized(text: &str) -> Vec<(Kind, &str)> {
    let found = classifier().recognize(text).unwrap().into_iter();
    found.map(|finding| (finding.kind, &text[finding.range])).collect()
}

#[test]
fn findings_are_whole_words_of_the_text() {
    let text = "Old Tom came from Moor End with fever, 老虎老虎. BRAMBLEBY came.";
    let expected = [
        (Kind::Name, "Old Tom"),
        (Kind::Address, "Moor End"),
        (Kind::Name, "老虎"),
        (Kind::Name, "老虎"),
        (Kind::Name, "BRAMBLEBY"),
    ];
    assert_eq!(recognized(text), expected);
    assert_eq!(recognized(""), []);
    assert_eq!(recognized("fever with \u{0}\u{301}x"), []);
}

#[test]
fn long_texts_are_read_to_their_end() {
    let text = "came from with ".repeat(20_000) + "老虎";
    assert_eq!(recognized(&text), [(Kind::Name, "老虎")]);
    // Windows overlap: what lies in two of them is found twice, and once when it is joined.
    let text = "Tom came. ".repeat(300);
    let joined = find_beside(&text, classifier().recognize(&text).unwrap(), |_| true);
    assert_eq!(joined.iter().filter(|found| &text[found.range.clone()] == "Tom").count(), 300);
}

#[test]
fn it_adds_to_what_is_found_without_it() {
    let text = "老虎 came from with fever, 13812345678.";
    let named = |findings: Vec<emrshare_recognize::Finding>| {
        findings.iter().filter(|found| &text[found.range.clone()] == "老虎").count()
    };
    assert_eq!(named(find(text)), 0);
    let both = find_beside(text, classifier().recognize(text).unwrap(), |_| true);
    assert!(both.iter().any(|found| found.kind == Kind::Phone));
    assert_eq!(named(both), 1);
}

#[test]
fn what_is_no_classifier_says_why() {
    let error =
        |onnx: &[u8], config: &str| TokenClassifier::new(onnx, TOKENIZER, config).unwrap_err();
    assert!(matches!(
        error(b"no model", CONFIG),
        ClassifierError::Transformer(TransformerError::Model(_))
    ));
    assert_eq!(error(MODEL, "{}"), ClassifierError::Labels);
    assert_eq!(error(MODEL, r#"{"id2label":{"0":"O"}}"#), ClassifierError::NoKnownLabel);
    let form = error(MODEL, r#"{"id2label":{"0":"O","1":"B-PER"}}"#);
    assert!(form.to_string().contains("an output of [1, "), "{form}");
}
