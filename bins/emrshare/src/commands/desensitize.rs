//! Copies of files and records in which nothing identifies anybody, and places in texts.

use std::{
    collections::HashSet,
    fs,
    io::{BufRead, Write},
    path::Path,
};

use anyhow::{Context, bail};
use emrshare_completeness::{Detector, Found, ImageMatcher, PixelMatcher};
use emrshare_desensitize::{Area, Desensitizer, DocumentKind, Policy, Report, Sights};
use emrshare_identity::ConsortiumKey;
use emrshare_picture::{Picture, PictureError};
use emrshare_recognize::{Finding, Kind, find};
use emrshare_record::{RecordFile, import};
use serde_json::{Value, json};

use super::random_key;
use crate::{cli::DesensitizeArguments, exit::Refused, files, home, output};

/// Frames of a file that are looked at.
const FRAMES: u32 = 3;

pub(super) fn run(arguments: &DesensitizeArguments, as_json: bool) -> anyhow::Result<()> {
    let Some(out) = arguments.out.as_deref() else {
        return spans();
    };
    let policy = match &arguments.policy {
        Some(path) => Policy::from_toml(&home::read(path)?)?,
        None => Policy::safe_harbor(),
    };
    // Without a consortium, surrogates are stable within one run only.
    let key = ConsortiumKey::from_bytes(*random_key()?.seed());
    let desensitizer = Desensitizer::new(policy, key);
    let work = if arguments.record {
        let records = files::records(&arguments.paths)?.into_iter();
        records.map(|path| (path.clone(), path.file_name().unwrap_or_default().into())).collect()
    } else {
        files::with_names(&arguments.paths)?
    };
    let mut names = HashSet::new();
    if let Some((path, _)) = work.iter().find(|(_, name)| !names.insert(name)) {
        bail!("two copies would have the name of {}: make them one by one", path.display());
    }
    let mut report = arguments.report.as_ref().map(fs::File::create).transpose()?;
    let bar = output::bar(work.len(), "desensitizing", as_json);
    let mut failed = 0;
    for (path, name) in &work {
        let made = if arguments.record {
            record(&desensitizer, path, &out.join(name))
        } else {
            file(&desensitizer, path, &out.join(name))
        };
        failed += usize::from(made.is_err());
        let line = match made {
            Ok(line) => line,
            Err(error) => json!({ "error": format!("{error:#}") }),
        };
        let line = with_path(path, line);
        match &mut report {
            Some(report) => writeln!(report, "{line}").context("the report cannot be written")?,
            None => bar.suspend(|| output::json(&line)),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if failed > 0 {
        let message = format!("{failed} of {} cannot be desensitized and have no copy", work.len());
        return Err(anyhow::Error::new(Refused(Value::Null)).context(message));
    }
    Ok(())
}

fn with_path(path: &Path, mut line: Value) -> Value {
    line["file"] = json!(path);
    line
}

fn file(desensitizer: &Desensitizer, path: &Path, copy: &Path) -> anyhow::Result<Value> {
    let bytes = fs::read(path).context("it cannot be read")?;
    let (seen, note) = look(&bytes)?;
    let treated = desensitizer.desensitize_file(&bytes, Some(&seen))?;
    if let Some(folder) = copy.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::canonicalize(copy).ok() == fs::canonicalize(path).ok() {
        bail!("the copy would take the place of the original: give another folder with --out");
    }
    fs::write(copy, treated.bytes)
        .with_context(|| format!("{} cannot be written", copy.display()))?;
    let mut line = counts(&treated.report);
    line["kind"] = json!(format!("{:?}", treated.kind));
    if treated.kind == DocumentKind::Dicom {
        line["pixels"] = json!(note);
    }
    Ok(line)
}

/// Writing on the pixels of a file, and what is to be said of it. A file that cannot be looked at is
/// treated all the same: whoever asked for it is told.
fn look(bytes: &[u8]) -> anyhow::Result<(Vec<Area>, String)> {
    let pictures = match Picture::sample(bytes, FRAMES) {
        Ok(pictures) => pictures,
        Err(PictureError::NoPixels | PictureError::UnknownKind) => {
            return Ok((Vec::new(), "none".into()));
        }
        Err(error) => return Ok((Vec::new(), format!("not looked at: {error}"))),
    };
    let mut found = Vec::new();
    for picture in &pictures {
        found.extend(Detector::embedded().find(picture)?);
    }
    let areas = writing(&found);
    let note = match areas.len() {
        0 => "no writing found".into(),
        count => format!("{count} areas of writing blanked"),
    };
    Ok((areas, note))
}

fn writing(found: &[Found]) -> Vec<Area> {
    let writing = found.iter().filter(|found| found.is_writing());
    writing.map(|found| Area::around(found.x, found.y, found.width, found.height)).collect()
}

fn record(desensitizer: &Desensitizer, path: &Path, folder: &Path) -> anyhow::Result<Value> {
    let (record, _) = import(files::read(path)?)?;
    let mut sights = Sights::none();
    for (attachment, image) in record.attachments().iter().enumerate() {
        let seen = PixelMatcher::new(Detector::embedded()).shown(image).ok().flatten();
        if let Some(seen) = seen {
            sights.add(attachment, writing(&seen));
        }
    }
    let (copy, report) = desensitizer.desensitize(&record, &sights)?;
    files::write(&RecordFile::desensitized(&copy), folder)?;
    let mut line = counts(&report);
    line["left_out"] = json!(report.left_out());
    Ok(line)
}

fn counts(report: &Report) -> Value {
    let treated = report.counts().map(|(class, technique, count)| {
        json!({ "class": class.name(), "technique": technique, "count": count })
    });
    json!({ "treated": treated.collect::<Vec<_>>() })
}

/// Lines from standard input, their findings to standard output.
fn spans() -> anyhow::Result<()> {
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
        output::json(&json!({ "id": value["id"], "spans": in_characters(text, &find(text)) }));
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
