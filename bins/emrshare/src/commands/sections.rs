//! Records as lines of JSON: `{"id", "lang", "sections": {"basic", "diagnosis", "hospitalisation"}}`.
//! Sections beside the three have their title as key.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
};

use anyhow::{Context, bail};
use emrshare_record::{Language, OtherSection, Section, Sections};
use serde_json::{Map, Value};

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
    let mut inputs = open(paths)?;
    if inputs.is_empty() {
        inputs.push(("standard input".into(), Box::new(std::io::stdin().lock())));
    }
    Ok(parsed(inputs, parse))
}

/// Whole texts, each with its language: lines `{"lang", "text"}`.
pub(super) fn read_prose(
    paths: &[PathBuf],
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<(Language, String)>>> {
    Ok(parsed(open(paths)?, parse_prose))
}

type Input = (String, Box<dyn BufRead>);

fn open(paths: &[PathBuf]) -> anyhow::Result<Vec<Input>> {
    let named = |path: &PathBuf| -> anyhow::Result<Input> {
        let place = path.display().to_string();
        let file = File::open(path).with_context(|| format!("{place} cannot be read"))?;
        Ok((place, Box::new(BufReader::new(file))))
    };
    paths.iter().map(named).collect()
}

/// Each line that is not empty, with its place in the error if it is not what it should be.
fn parsed<T>(
    inputs: Vec<Input>,
    parse: fn(&str) -> anyhow::Result<T>,
) -> impl Iterator<Item = anyhow::Result<T>> {
    inputs.into_iter().flat_map(move |(place, input)| {
        let lines = input.lines().enumerate();
        let filled =
            lines.filter(|(_, line)| !line.as_ref().is_ok_and(|line| line.trim().is_empty()));
        filled.map(move |(number, line)| {
            let line = line.map_err(anyhow::Error::from).and_then(|line| parse(&line));
            line.with_context(|| format!("{place}, line {}", number + 1))
        })
    })
}

fn parse_prose(line: &str) -> anyhow::Result<(Language, String)> {
    let value = json(line)?;
    let text = value.get("text").and_then(Value::as_str).context("no string `text`")?;
    let language = language(&value)?.unwrap_or_else(|| Language::of(text));
    Ok((language, text.to_owned()))
}

fn parse(line: &str) -> anyhow::Result<Line> {
    let mut value = json(line)?;
    let sections = value.get("sections").and_then(Value::as_object);
    let sections = sections.context("no object `sections`")?;
    let text = |name: &str| match sections.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => bail!("section {name} is no string"),
    };
    let [basic, diagnosis, hospitalisation] = Section::ALL.map(|section| text(section.name()));
    let mut told = Sections::new(basic?, diagnosis?, hospitalisation?);
    for title in sections.keys().filter(|name| Section::from_name(name).is_none()) {
        let (title, text) = (title.clone(), text(title)?);
        told = told.with(OtherSection { title, codes: Vec::new(), text });
    }
    let sections = told;
    let language = language(&value)?;
    Ok(Line { id: value["id"].take(), language, sections })
}

fn json(line: &str) -> anyhow::Result<Value> {
    serde_json::from_str(line)
        .map_err(|error| anyhow::anyhow!("no JSON at column {}", error.column()))
}

fn language(line: &Value) -> anyhow::Result<Option<Language>> {
    let known = |code: &Value| Language::from_code(code.as_str()?.split('-').next()?);
    match line.get("lang") {
        None | Some(Value::Null) => Ok(None),
        Some(code) => known(code).context("`lang` is neither \"zh\" nor \"en\"").map(Some),
    }
}

/// A line's object of sections. Those beside the three that have no title have their first code.
pub(super) fn shown(sections: &Sections) -> Map<String, Value> {
    let mut shown = Map::new();
    for section in Section::ALL {
        shown.insert(section.name().to_owned(), sections.get(section).into());
    }
    for other in sections.others() {
        let named = Some(&other.title).filter(|title| !title.is_empty());
        let Some(title) = named.or_else(|| other.codes.first()) else { continue };
        let text = shown.entry(title).or_insert_with(|| String::new().into());
        let before = text.as_str().filter(|text| !text.is_empty());
        *text = before
            .map_or_else(|| other.text.clone(), |text| format!("{text}\n{}", other.text))
            .into();
    }
    shown
}

/// All lines of files, each with its language.
pub(super) fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<(Language, Sections)>> {
    let told = |line: Line| {
        let language = line.language.unwrap_or_else(|| Language::of(&line.sections.joined()));
        (language, line.sections)
    };
    read(paths)?.map(|line| line.map(told)).collect()
}
