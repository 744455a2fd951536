//! Step 1: what the hospital's system pushed becomes a record.

use emrshare_record::{ImportError, ImportNote, Mapping, Record, SourceFile, import_with};

/// The record, and remarks for the sender.
pub(crate) fn acquire(
    files: Vec<SourceFile>,
    mapping: Option<&Mapping>,
) -> Result<(Record, Vec<ImportNote>), ImportError> {
    let (record, report) = import_with(files, mapping)?;
    Ok((record, report.notes))
}
