//! What needs no node.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use emrshare_completeness::{HeaderMatcher, Standards, judge};
use emrshare_contracts::Protocol;
use emrshare_node::setup::{Founder, found};
use emrshare_record::import;
use emrshare_sample::{Generator, Tongue};
use serde_json::{Value, json};

use crate::{
    cli::{InitArguments, Lang},
    exit::Refused,
    files, home, output,
};

pub(super) fn init(arguments: &InitArguments, as_json: bool) -> anyhow::Result<()> {
    let founders: Vec<_> = (0..arguments.nodes)
        .map(|number| {
            let port = arguments.port + 2 * number;
            Founder {
                institution: format!("Hospital {number}"),
                api: SocketAddr::new(arguments.ip, port),
                consensus: SocketAddr::new(arguments.ip, port + 1),
                hosts: vec!["localhost".into()],
                store: arguments.store,
            }
        })
        .collect();
    let homes = found(&arguments.folder, &arguments.name, &founders)?;
    let homes: Vec<_> = homes
        .iter()
        .map(|home| {
            json!({
                "home": home,
                "run": format!("emrshare node --config {}", home.join("node.toml").display()),
                "operator_key": home::operator_key(home),
            })
        })
        .collect();
    output::value(&json!({ "nodes": homes }), as_json);
    Ok(())
}

pub(super) fn check(paths: &[PathBuf], as_json: bool) -> anyhow::Result<()> {
    let mut refused = 0;
    let records = files::records(paths)?;
    let bar = output::bar(records.len(), "judging", as_json);
    for path in records {
        let report = judge_one(&path)?;
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

fn judge_one(path: &Path) -> anyhow::Result<Value> {
    let place = path.display().to_string();
    let (record, notes) = match import(files::read(path)?) {
        Ok((record, report)) => (record, report.notes),
        Err(error) => {
            let message = error.to_string();
            return Ok(json!({"record": place, "complete": false, "reasons": [message]}));
        }
    };
    let verdict = judge(&record, Standards::embedded(), &HeaderMatcher);
    let violations = Protocol::embedded().violations(record.bundle());
    let reasons = verdict.reasons().iter().map(ToString::to_string);
    let reasons: Vec<_> = reasons.chain(violations.iter().map(ToString::to_string)).collect();
    let scores = verdict
        .scores()
        .iter()
        .map(|score| (score.section.name().to_owned(), json!(f64::from(score.similarity) / 1e6)));
    Ok(json!({
        "record": place,
        "complete": reasons.is_empty(),
        "scores": scores.collect::<serde_json::Map<_, _>>(),
        "whole_similarity": f64::from(verdict.whole_similarity()) / 1e6,
        "reasons": reasons,
        "notes": notes.iter().map(|note| format!("file {}: {}", note.file, note.note)).collect::<Vec<_>>(),
    }))
}

pub(super) fn sample(
    count: usize,
    lang: Lang,
    seed: u64,
    out: &Path,
    as_json: bool,
) -> anyhow::Result<()> {
    let tongue = match lang {
        Lang::Zh => Tongue::Chinese,
        Lang::En => Tongue::English,
        Lang::Mixed => Tongue::Mixed,
    };
    let bar = output::bar(count, "drawing", as_json);
    for (number, record) in Generator::new(seed, tongue).take(count).enumerate() {
        let folder = out.join(format!("record-{:04}", number + 1));
        fs::create_dir_all(&folder)?;
        for file in record.files {
            fs::write(folder.join(file.name), file.bytes)?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    output::value(&json!({"records": count, "folder": out}), as_json);
    Ok(())
}
