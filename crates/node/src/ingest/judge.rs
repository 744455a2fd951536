//! Step 2: is the record complete, and does it follow the protocol?

use emrshare_completeness::{Detector, PixelMatcher, Verdict};
use emrshare_record::Record;

use super::Refusal;
use crate::terms::InForce;

/// First matching, then the encoding protocol.
pub(crate) fn judge(record: &Record, terms: &InForce) -> Result<Verdict, Refusal> {
    let verdict = verdict(record, terms);
    if !verdict.is_complete() {
        return Err(Refusal::incomplete(verdict.reasons()));
    }
    let violations = terms.protocol.violations(record.bundle());
    if violations.is_empty() { Ok(verdict) } else { Err(Refusal::protocol(violations)) }
}

/// First matching alone.
pub(crate) fn verdict(record: &Record, terms: &InForce) -> Verdict {
    let matcher = PixelMatcher::new(Detector::embedded());
    emrshare_completeness::judge(record, &terms.standards, &matcher)
}
