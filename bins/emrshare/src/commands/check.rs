//! Judging without pushing.

use std::path::{Path, PathBuf};

use anyhow::Context;
use emrshare_completeness::{
    Detector, PixelMatcher, Standards, Verdict, judge, judge_sections, judge_sections_in,
};
use emrshare_contracts::Protocol;
use emrshare_record::{Mapping, import_with};
use serde_json::{Value, json};

use super::{pictures, sections, standards::standards_of};
use crate::{cli::CheckArguments, exit::Refused, files, home, output};

pub(super) fn run(arguments: &CheckArguments, as_json: bool) -> anyhow::Result<()> {
    if arguments.images {
        return pictures::run(arguments);
    }
    let read = |path: &PathBuf| standards_of(path, arguments.encoder.as_deref());
    let own = arguments.standards.as_ref().map(read).transpose()?;
    let standards = own.as_ref().unwrap_or_else(|| Standards::embedded());
    if arguments.jsonl {
        return lines(&arguments.paths, standards);
    }
    let mapping = arguments.mapping.as_deref().map(mapping_of).transpose()?;
    records(&arguments.paths, standards, mapping.as_ref(), as_json)
}

fn mapping_of(path: &Path) -> anyhow::Result<Mapping> {
    Mapping::from_text(&home::read(path)?).with_context(|| path.display().to_string())
}

/// Lines of sections come, lines of judgements go.
fn lines(paths: &[PathBuf], standards: &Standards) -> anyhow::Result<()> {
    for line in sections::read(paths)? {
        let line = line?;
        let verdict = match line.language {
            Some(language) => judge_sections_in(language, &line.sections, standards),
            None => judge_sections(&line.sections, standards),
        };
        let mut answer = judgement(&verdict);
        answer["id"] = line.id;
        output::json(&answer);
    }
    Ok(())
}

fn records(
    paths: &[PathBuf],
    standards: &Standards,
    mapping: Option<&Mapping>,
    as_json: bool,
) -> anyhow::Result<()> {
    let mut refused = 0;
    let records = files::records(paths)?;
    let bar = output::bar(records.len(), "judging", as_json);
    for path in records {
        let report = judge_one(&path, standards, mapping)?;
        refused += usize::from(report["complete"] != json!(true));
        bar.suspend(|| output::value(&report, as_json));
        bar.inc(1);
    }
    bar.finish_and_clear();
    if refused > 0 {
        let message = format!("{refused} records are not as they should be");
        return Err(anyhow::Error::new(Refused(Value::Null)).context(message));
    }
    Ok(())
}

fn judge_one(
    path: &Path,
    standards: &Standards,
    mapping: Option<&Mapping>,
) -> anyhow::Result<Value> {
    let place = path.display().to_string();
    let (record, notes) = match import_with(files::read(path)?, mapping) {
        Ok((record, report)) => (record, report.notes),
        Err(error) => {
            let message = error.to_string();
            return Ok(json!({"record": place, "complete": false, "reasons": [message]}));
        }
    };
    let verdict = judge(&record, standards, &PixelMatcher::new(Detector::embedded()));
    let violations = Protocol::embedded().violations(record.bundle());
    let mut report = judgement(&verdict);
    let reasons = verdict.reasons().iter().map(ToString::to_string);
    let reasons: Vec<_> = reasons.chain(violations.iter().map(ToString::to_string)).collect();
    let notes = notes.iter().map(|note| format!("file {}: {}", note.file, note.note));
    report["record"] = json!(place);
    report["complete"] = json!(reasons.is_empty());
    report["reasons"] = json!(reasons);
    report["remarks"] =
        json!(verdict.remarks().iter().map(ToString::to_string).collect::<Vec<_>>());
    report["notes"] = json!(notes.collect::<Vec<_>>());
    Ok(report)
}

/// A verdict as JSON: scores above 0 are complete, 1 is usual.
fn judgement(verdict: &Verdict) -> Value {
    let shown = |millionths: i32| json!(f64::from(millionths) / 1e6);
    let by_section = |value: fn(&emrshare_completeness::SectionScore) -> i32| {
        let scores = verdict.scores().iter();
        let named = scores.map(|score| (score.section.to_string(), shown(value(score))));
        Value::Object(named.collect())
    };
    json!({
        "complete": verdict.is_complete(),
        "score": shown(verdict.score()),
        "scores": by_section(|score| score.margin),
        "similarity": by_section(|score| score.similarity),
        "contrast": by_section(|score| score.contrast),
        "ending": by_section(|score| score.ending),
        "whole_similarity": shown(verdict.whole_similarity()),
        "reasons": verdict.reasons().iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
