//! Token classifiers in ONNX form: larger models beside the built-in ones.

use std::{collections::BTreeMap, ops::Range};

use emrshare_transformer::{Transformer, TransformerError, Window, Windows};
use serde_json::Value;

use crate::{Finding, Kind, Recognizer, RecognizerError, context::is_han, pieces};

/// Tokens that go through the network at once, and how many a window repeats of the one before it.
const WINDOWS: Windows = Windows { tokens: 256, overlap: 48 };

/// A token classifier cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClassifierError {
    /// The network or its tokenizer cannot be used.
    #[error(transparent)]
    Transformer(#[from] TransformerError),
    /// The configuration has no `id2label` that gives each of the labels 0, 1, … a name.
    #[error("the configuration has no `id2label` with a name for each label from 0 on")]
    Labels,
    /// No label is one that is known.
    #[error("no label is known: there should be one of PER, LOC, ORG, ID, PHONE, EMAIL, DATE, AGE")]
    NoKnownLabel,
}

/// Finds what a network in ONNX form finds that gives each token a label.
///
/// Three files, as Hugging Face's tools export `AutoModelForTokenClassification`: `model.onnx` and
/// `tokenizer.json` ([`emrshare_transformer`] says what form they have) and `config.json`, whose
/// `id2label` names the labels. The first output is `[1, tokens, labels]`. Labels may have a prefix
/// such as `B-` or `I-`; those of persons (`PER`, `PERSON`, `NAME`, `PATIENT`, `DOCTOR`, …), places,
/// institutions, numbers, contacts, dates and ages are known, others are passed over.
///
/// It computes in floating point: two kinds of machines may rarely find different things. Nodes,
/// whose copies others make again and compare, do not use one.
#[derive(Debug)]
pub struct TokenClassifier {
    transformer: Transformer,
    labels: Vec<Label>,
}

/// What a label says of a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Label {
    kind: Option<Kind>,
    begins: bool,
}

impl TokenClassifier {
    /// Reads a network, its tokenizer and its configuration, and tries them. All come from who runs
    /// the program: what they cost is not bounded.
    ///
    /// # Errors
    /// [`ClassifierError`] if they are not of the form that is needed.
    pub fn new(
        onnx: &[u8],
        tokenizer_json: &str,
        config_json: &str,
    ) -> Result<Self, ClassifierError> {
        let labels = labels(config_json).ok_or(ClassifierError::Labels)?;
        if labels.iter().all(|label| label.kind.is_none()) {
            return Err(ClassifierError::NoKnownLabel);
        }
        let transformer = Transformer::new(onnx, tokenizer_json, WINDOWS)?;
        let classifier = Self { transformer, labels };
        // Whole windows too: some networks take fewer tokens.
        classifier.find(&"Mr. Ashworth, 王建国. ".repeat(WINDOWS.tokens))?;
        Ok(classifier)
    }

    fn find(&self, text: &str) -> Result<Vec<Finding>, TransformerError> {
        let mut findings = Vec::new();
        for window in self.transformer.windows(text)? {
            self.find_in(text, &window, &mut findings)?;
        }
        Ok(findings)
    }

    fn find_in(
        &self,
        text: &str,
        window: &Window,
        findings: &mut Vec<Finding>,
    ) -> Result<(), TransformerError> {
        let output = self.transformer.run(window)?;
        if output.shape != [1, window.len(), self.labels.len()] {
            let needed = format!("[1, {}, {}]", window.len(), self.labels.len());
            let found = format!("an output of {:?}, not {needed}", output.shape);
            return Err(TransformerError::Form(found));
        }
        let mut open: Option<Finding> = None;
        for (place, said) in window.places().zip(output.values.chunks_exact(self.labels.len())) {
            let Some(range) = place else { continue };
            let range = text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end);
            let label = self.labels[likeliest(said)];
            let goes_on = open.as_ref().is_some_and(|open| {
                let between = text.get(open.range.end..range.start).unwrap_or_default();
                let is_one_word = between.is_empty() && is_within_word(text, range.start);
                Some(open.kind) == label.kind && (!label.begins || is_one_word)
            });
            match (&mut open, label.kind) {
                (Some(open), _) if goes_on => open.range.end = range.end,
                (open, Some(kind)) => findings.extend(open.replace(Finding::likely(range, kind))),
                (open, None) => findings.extend(open.take()),
            }
        }
        findings.extend(open);
        Ok(())
    }
}

impl Recognizer for TokenClassifier {
    fn recognize(&self, text: &str) -> Result<Vec<Finding>, RecognizerError> {
        let mut findings = Vec::new();
        for piece in pieces(text) {
            let found = self.find(&text[piece.clone()]);
            let found = found.map_err(|error| RecognizerError(error.to_string()))?;
            findings.extend(found.into_iter().map(|mut finding| {
                finding.range = finding.range.start + piece.start..finding.range.end + piece.start;
                finding.range = whole_words(text, finding.range);
                finding
            }));
        }
        Ok(findings)
    }
}

/// The labels in the order of the network's output.
fn labels(config_json: &str) -> Option<Vec<Label>> {
    let config: Value = serde_json::from_str(config_json).ok()?;
    let names = config.get("id2label")?.as_object()?;
    let numbered = |(number, name): (&String, &Value)| {
        Some((number.parse::<usize>().ok()?, label(name.as_str()?)))
    };
    let labels: BTreeMap<usize, Label> = names.iter().map(numbered).collect::<Option<_>>()?;
    let is_gapless = labels.keys().copied().eq(0..labels.len());
    (is_gapless && !labels.is_empty()).then(|| labels.into_values().collect())
}

fn label(name: &str) -> Label {
    let (prefix, class) = match name.split_once(['-', '_']) {
        Some((prefix, class)) if prefix.len() == 1 => (prefix, class),
        _ => ("", name),
    };
    let kind = match class.to_ascii_uppercase().as_str() {
        "PER" | "PERSON" | "PERS" | "NAME" | "PATIENT" | "DOCTOR" | "STAFF" | "HCW" | "NR" => {
            Some(Kind::Name)
        }
        "LOC" | "LOCATION" | "GPE" | "ADDRESS" | "ADDR" | "STREET" | "CITY" | "NS" => {
            Some(Kind::Address)
        }
        "ORG" | "ORGANIZATION" | "ORGANISATION" | "HOSPITAL" | "HOSP" | "NT" => {
            Some(Kind::Organisation)
        }
        "ID" | "IDNUM" | "MRN" | "MEDICALRECORD" => Some(Kind::Id),
        "PHONE" | "FAX" | "TEL" => Some(Kind::Phone),
        "EMAIL" => Some(Kind::Email),
        "URL" | "IP" => Some(Kind::Network),
        "DATE" => Some(Kind::Date),
        "AGE" => Some(Kind::Age),
        _ => None,
    };
    Label { kind, begins: matches!(prefix, "B" | "S" | "U") }
}

/// The place of the greatest value.
fn likeliest(said: &[f32]) -> usize {
    let greatest = said.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
    greatest.map_or(0, |(place, _)| place)
}

/// Whether letters or digits that are no Chinese characters stand on both sides.
fn is_within_word(text: &str, at: usize) -> bool {
    let is_word = |c: char| c.is_alphanumeric() && !is_han(c);
    text[..at].chars().next_back().is_some_and(is_word)
        && text[at..].chars().next().is_some_and(is_word)
}

/// A part of a word is not hidden without the rest of it.
fn whole_words(text: &str, mut range: Range<usize>) -> Range<usize> {
    while is_within_word(text, range.start) {
        range.start = text.floor_char_boundary(range.start - 1);
    }
    while is_within_word(text, range.end) {
        range.end = text.ceil_char_boundary(range.end + 1);
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_known_with_and_without_prefix() {
        let name = Some(Kind::Name);
        assert_eq!(label("B-PER"), Label { kind: name, begins: true });
        assert_eq!(label("I-PER"), Label { kind: name, begins: false });
        assert_eq!(label("patient"), Label { kind: name, begins: false });
        assert_eq!(label("O").kind, None);
        assert_eq!(label("B-MISC").kind, None);
        assert!(labels(r#"{"id2label":{"0":"O","1":"B-PER"}}"#).is_some());
        for broken in ["", "{}", r#"{"id2label":{"0":"O","2":"B-PER"}}"#, r#"{"id2label":{"0":1}}"#]
        {
            assert_eq!(labels(broken), None, "{broken}");
        }
    }

    #[test]
    fn words_are_taken_whole() {
        let text = "Mr. Ashworth met 王建国 again";
        assert_eq!(&text[whole_words(text, 6..9)], "Ashworth");
        assert_eq!(&text[whole_words(text, 17..20)], "王");
    }
}
