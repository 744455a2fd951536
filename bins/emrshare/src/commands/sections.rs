//! Records as lines of JSON: `{"id", "lang", "sections": {"basic", "diagnosis", "hospitalisation"}}`.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
};

use anyhow::{Context, bail};
use emrshare_record::{Language, Section, Sections};
use serde_json::Value;

/// One line.
pub(super) struct Line {
    /// Whatever the line names itself; null if nothing.
    pub(super) id: Value,
    /// The language, if the line says it.
    pub(super) language: Option<Language>,
    /// The texts; a section that is not there is empty.
    pub(super) sections: Sections,
}

/// The lines of files, or of standard input if there are none.
pub(super) fn read(
    paths: &[PathBuf],
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Line>>> {
    let named = |path: &PathBuf| -> anyhow::Result<(String, Box<dyn BufRead>)> {
        let place = path.display().to_string();
        let file = File::open(path).with_context(|| format!("{place} cannot be read"))?;
        Ok((place, Box::new(BufReader::new(file))))
    };
    let mut inputs = paths.iter().map(named).collect::<anyhow::Result<Vec<_>>>()?;
    if inputs.is_empty() {
        inputs.push(("standard input".into(), Box::new(std::io::stdin().lock())));
    }
    Ok(inputs.into_iter().flat_map(|(place, input)| {
        let lines = input.lines().enumerate();
        let filled =
            lines.filter(|(_, line)| !line.as_ref().is_ok_and(|line| line.trim().is_empty()));
        filled.map(move |(number, line)| {
            let line = line.map_err(anyhow::Error::from).and_then(|line| parse(&line));
            line.with_context(|| format!("{place}, line {}", number + 1))
        })
    }))
}

fn parse(line: &str) -> anyhow::Result<Line> {
    let mut value: Value = serde_json::from_str(line)
        .map_err(|error| anyhow::anyhow!("no JSON at column {}", error.column()))?;
    let sections = value.get("sections").and_then(Value::as_object);
    let sections = sections.context("no object `sections`")?;
    let text = |section: Section| match sections.get(section.name()) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => bail!("section {section} is no string"),
    };
    let [basic, diagnosis, hospitalisation] = Section::ALL.map(text);
    let sections = Sections::new(basic?, diagnosis?, hospitalisation?);
    let language = match value.get("lang") {
        None | Some(Value::Null) => None,
        Some(code) => {
            let known = code.as_str().and_then(|code| Language::from_code(code.split('-').next()?));
            Some(known.context("`lang` is neither \"zh\" nor \"en\"")?)
        }
    };
    Ok(Line { id: value["id"].take(), language, sections })
}

/// All lines of files, each with its language.
pub(super) fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<(Language, Sections)>> {
    let told = |line: Line| {
        let language = line.language.unwrap_or_else(|| Language::of(&line.sections.joined()));
        (language, line.sections)
    };
    read(paths)?.map(|line| line.map(told)).collect()
}
