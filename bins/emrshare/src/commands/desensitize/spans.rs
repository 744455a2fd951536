//! Places in texts: lines of JSON from standard input, their findings to standard output.

use std::{io::BufRead, path::Path};

use anyhow::Context;
use emrshare_recognize::{Finding, Kind, Recognizer, find_beside};
use serde_json::{Value, json};

use super::recognizer;
use crate::output;

/// Lines from standard input, their findings to standard output; with those of the token classifier
/// in a folder, if one is given.
pub(super) fn run(classifier: Option<&Path>) -> anyhow::Result<()> {
    let classifier = classifier.map(recognizer::read).transpose()?;
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.context("standard input is not UTF-8")?;
        if line.trim().is_empty() {
            continue;
        }
        let value: Value = serde_json::from_str(&line).map_err(|error| {
            anyhow::anyhow!("line {}, column {}: no JSON", number + 1, error.column())
        })?;
        let text = value["text"].as_str();
        let text = text.with_context(|| format!("line {}: no string `text`", number + 1))?;
        let others = classifier.as_ref().map(|classifier| classifier.recognize(text)).transpose();
        let others = others.with_context(|| format!("line {}", number + 1))?;
        let findings = find_beside(text, others.unwrap_or_default(), |_| true);
        output::json(&json!({ "id": value["id"], "spans": in_characters(text, &findings) }));
    }
    Ok(())
}

/// Findings with offsets in characters, in one walk over the text.
fn in_characters(text: &str, findings: &[Finding]) -> Vec<Value> {
    let (mut bytes, mut characters) = (0, 0);
    let mut offset = |to: usize| {
        characters += text[bytes..to].chars().count();
        bytes = to;
        characters
    };
    findings
        .iter()
        .map(|finding| {
            let (start, end) = (offset(finding.range.start), offset(finding.range.end));
            json!({ "start": start, "end": end, "type": type_of(finding.kind) })
        })
        .collect()
}

const fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Name => "NAME",
        Kind::Id => "ID",
        Kind::Phone => "PHONE",
        Kind::Email => "EMAIL",
        Kind::Address => "ADDRESS",
        Kind::Date => "DATE",
        Kind::Age => "AGE",
        Kind::Organisation => "ORG",
        _ => "OTHER",
    }
}
