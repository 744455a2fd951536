//! How alike the records of a set are, and what it takes to make them so.

use std::{fs, io::Write, path::PathBuf};

use anyhow::{Context, ensure};
use emrshare_desensitize::{Anonymous, Column, Table, quasi_identifiers};
use emrshare_record::import;
use serde_json::{Map, Value, json};

use crate::{cli::RiskArguments, files, output, parallel};

/// What is told of each record.
const COLUMNS: [Column; 5] =
    [Column::BirthYear, Column::Sex, Column::Region, Column::Disease, Column::Date];

pub(super) fn run(arguments: &RiskArguments, as_json: bool) -> anyhow::Result<()> {
    let RiskArguments { k, left_out, .. } = *arguments;
    ensure!((0.0..=1.0).contains(&left_out), "--left-out is a share, from 0 to 1");
    ensure!(k > 0, "--k is 1 or more");
    let records = files::records(&arguments.paths)?;
    let bar = output::bar(records.len(), "reading", as_json);
    let mut table = Table::new(COLUMNS.to_vec());
    let read = |path: &PathBuf| {
        let (record, _) = import(files::read(path)?)?;
        anyhow::Ok(quasi_identifiers(&record).map(|(_, value)| value).to_vec())
    };
    parallel::in_order(&records, read, |path, row| {
        table.push(row.with_context(|| format!("{} cannot be read", path.display()))?);
        bar.inc(1);
        Ok(())
    })?;
    bar.finish_and_clear();
    let anonymous = table.anonymize(k, left_out);
    let mut told = json!({
        "records": table.len(),
        "k_as_it_is": table.smallest_class(),
        "unique_as_it_is": table.unique(),
    });
    if let Ok(anonymous) = &anonymous {
        told["k"] = json!(anonymous.smallest_class());
        told["left_out"] = json!(anonymous.left_out());
        let coarse = COLUMNS.iter().zip(anonymous.levels()).map(|(column, level)| {
            (column.name().to_owned(), json!(format!("{level} of {}", column.levels() - 1)))
        });
        told["coarser_by"] = Value::Object(coarse.collect());
    }
    output::value(&told, as_json);
    let anonymous = anonymous?;
    if let Some(out) = &arguments.out {
        let written = write(&anonymous, &records, &mut fs::File::create(out)?);
        written.with_context(|| format!("{} cannot be written", out.display()))?;
    }
    Ok(())
}

/// A line for each record that is not left out.
fn write(anonymous: &Anonymous, records: &[PathBuf], out: &mut impl Write) -> std::io::Result<()> {
    for (at, path) in records.iter().enumerate() {
        let Some(row) = anonymous.row(at) else { continue };
        let values =
            COLUMNS.iter().zip(row).map(|(column, value)| (column.name().into(), json!(value)));
        let mut line: Map<String, Value> = values.collect();
        line.insert("record".into(), json!(path));
        writeln!(out, "{}", Value::Object(line))?;
    }
    Ok(())
}
