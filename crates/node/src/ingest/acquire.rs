//! Step 1: what the hospital's system pushed becomes a record.

use emrshare_record::{ImportError, ImportNote, Record, SourceFile, import};

/// The record, and remarks for the sender.
pub(crate) fn acquire(files: Vec<SourceFile>) -> Result<(Record, Vec<ImportNote>), ImportError> {
    let (record, report) = import(files)?;
    Ok((record, report.notes))
}
