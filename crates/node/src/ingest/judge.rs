//! Step 2: is the record complete, and does it follow the protocol?

use emrshare_completeness::{Detector, PixelMatcher, Standards, Verdict};
use emrshare_contracts::Protocol;
use emrshare_record::Record;

use super::Refusal;

/// First matching, then the encoding protocol.
pub(crate) fn judge(record: &Record) -> Result<Verdict, Refusal> {
    let matcher = PixelMatcher::new(Detector::embedded());
    let verdict = emrshare_completeness::judge(record, Standards::embedded(), &matcher);
    if !verdict.is_complete() {
        return Err(Refusal::incomplete(verdict.reasons()));
    }
    let violations = Protocol::embedded().violations(record.bundle());
    if violations.is_empty() { Ok(verdict) } else { Err(Refusal::protocol(violations)) }
}
