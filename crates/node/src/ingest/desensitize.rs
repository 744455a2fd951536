//! Step 3: the copy that may be shared.

use emrshare_completeness::Verdict;
use emrshare_desensitize::{Area, DesensitizeError, Desensitizer, Report, Sights};
use emrshare_record::Record;

use crate::measures;

/// The copy and the report of what was treated. Pixels were looked at when the record was judged.
pub(crate) fn desensitize(
    desensitizer: &Desensitizer,
    record: &Record,
    verdict: &Verdict,
) -> Result<(Record, Report), DesensitizeError> {
    let (copy, report) = desensitizer.desensitize(record, &sights(verdict))?;
    metrics::counter!(measures::DESENSITIZED_VALUES).increment(report.total() as u64);
    Ok((copy, report))
}

fn sights(verdict: &Verdict) -> Sights {
    let mut sights = Sights::none();
    for (attachment, seen) in verdict.seen().iter().enumerate() {
        let Some(seen) = seen else { continue };
        let writing = seen.iter().filter(|found| found.is_writing());
        let areas = writing.map(|found| Area::around(found.x, found.y, found.width, found.height));
        sights.add(attachment, areas.collect());
    }
    sights
}
