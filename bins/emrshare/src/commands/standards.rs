//! The standard database of the text matcher.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use emrshare_completeness::{
    AddedSection, Bound, Grams, SentenceEncoder, Standards, StandardsBuilder, Vectorizer,
    add_section, calibrate,
};
use emrshare_record::{Language, Sections, import};
use serde_json::json;

use super::sections;
use crate::{cli::StandardsCommand, files, home, output};

pub(super) fn run(command: &StandardsCommand, as_json: bool) -> anyhow::Result<()> {
    match command {
        StandardsCommand::Build { paths, prose, words, encoder, out } => {
            let records = sections::read_all(paths)?;
            if records.is_empty() {
                bail!("there is no record to build from");
            }
            let mut builder = StandardsBuilder::new(vectorizer(encoder.as_deref())?);
            records.iter().for_each(|(language, sections)| builder.add(*language, sections));
            for line in sections::read_prose(prose)? {
                let (language, text) = line?;
                builder.add_prose(language, &text);
            }
            for list in words {
                let list = home::read(list)?;
                let words = list.lines().filter(|line| !line.starts_with('#'));
                words.for_each(|word| builder.add_word(Language::of(word), word));
            }
            write(out, &builder.build())?;
            output::value(&json!({"records": records.len(), "file": out}), as_json);
        }
        StandardsCommand::Calibrate { standards, paths, refuse, encoder, out } => {
            let records = sections::read_all(paths)?;
            let database = home::read(standards)?;
            let vectorizer = vectorizer(encoder.as_deref())?;
            let refuse = usize::from(*refuse);
            write(out, &calibrate(database.as_bytes(), vectorizer, &records, refuse)?)?;
            output::value(&json!({"records": records.len(), "file": out}), as_json);
        }
        StandardsCommand::Add { standards, paths, section, titles, codes, encoder, out } => {
            let records = sections::read_all(paths)?;
            let database = home::read(standards)?;
            let vectorizer = vectorizer(encoder.as_deref())?;
            let titles = titles.iter().map(|title| title.to_lowercase()).collect();
            let section =
                AddedSection { name: section.as_str().into(), titles, codes: codes.clone() };
            write(out, &add_section(database.as_bytes(), vectorizer, &section, &records)?)?;
            output::value(&json!({"records": records.len(), "file": out}), as_json);
        }
        StandardsCommand::Lines { paths } => lines(paths)?,
        StandardsCommand::Export { out } => {
            write(out, Standards::EMBEDDED)?;
            output::value(&json!({"file": out}), as_json);
        }
        StandardsCommand::Show { standards, encoder } => {
            let read = |path: &PathBuf| standards_of(path, encoder.as_deref());
            let own = standards.as_ref().map(read).transpose()?;
            show(own.as_ref().unwrap_or_else(|| Standards::embedded()), as_json);
        }
    }
    Ok(())
}

/// The standard database in a file, with the sentence encoder that it was made with.
pub(super) fn standards_of(path: &Path, encoder: Option<&Path>) -> anyhow::Result<Standards> {
    let database = home::read(path)?;
    let standards = Standards::with_vectorizer(database.as_bytes(), vectorizer(encoder)?);
    standards.with_context(|| path.display().to_string())
}

/// The sentence encoder in a folder, or what is built in.
fn vectorizer(encoder: Option<&Path>) -> anyhow::Result<Arc<dyn Vectorizer>> {
    let Some(folder) = encoder else { return Ok(Arc::new(Grams)) };
    let onnx = home::read_bytes(&folder.join("model.onnx"))?;
    let tokenizer = home::read(&folder.join("tokenizer.json"))?;
    let encoder = SentenceEncoder::new(&onnx, &tokenizer);
    Ok(Arc::new(encoder.with_context(|| folder.display().to_string())?))
}

fn lines(paths: &[PathBuf]) -> anyhow::Result<()> {
    for path in files::records(paths)? {
        let place = path.display().to_string();
        let imported = import(files::read(&path)?);
        let (record, _) = imported.with_context(|| format!("{place} is no record"))?;
        let sections = Sections::of(&record);
        output::json(&json!({
            "id": place,
            "lang": Language::of(&sections.joined()).code(),
            "sections": sections::shown(&sections),
        }));
    }
    Ok(())
}

fn write(out: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(out, bytes).with_context(|| format!("{} cannot be written", out.display()))
}

fn show(standards: &Standards, as_json: bool) {
    let millionths = |bound: Bound| json!({"least": f64::from(bound.least) / 1e6, "usual": f64::from(bound.usual) / 1e6});
    // Lengths and endings are kept as 16 times a logarithm.
    let bits = |sixteenths: i32| f64::from(sixteenths) / 16.0;
    let characters = |sixteenths: i32| bits(sixteenths).exp2().round();
    let sections = standards.sections().map(|standard| {
        let (rules, bounds) = (standard.rules, standard.rules.thresholds);
        json!({
            "language": standard.language.code(),
            "section": standard.section.as_str(),
            "texts": rules.texts,
            "characters": {
                "least": characters(bounds.length.least),
                "usual": characters(bounds.length.usual),
            },
            "similarity": millionths(bounds.similarity),
            "contrast": millionths(bounds.contrast),
            "ending": {"least": bits(bounds.ending.least), "usual": bits(bounds.ending.usual)},
            "elements": rules.elements.iter().map(|element| &element.name).collect::<Vec<_>>(),
            "elements_min": rules.elements_min,
        })
    });
    let digest = standards.digest().to_string();
    output::value(&json!({"digest": digest, "sections": sections.collect::<Vec<_>>()}), as_json);
}
