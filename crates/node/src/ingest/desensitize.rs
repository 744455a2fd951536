//! Step 3: the copy that may be shared.

use emrshare_desensitize::{DesensitizeError, Desensitizer, Report};
use emrshare_record::Record;

/// The copy and the report of what was treated.
pub(crate) fn desensitize(
    desensitizer: &Desensitizer,
    record: &Record,
) -> Result<(Record, Report), DesensitizeError> {
    let (copy, report) = desensitizer.desensitize(record)?;
    metrics::counter!("emrshare_desensitize_values").increment(report.total() as u64);
    Ok((copy, report))
}
