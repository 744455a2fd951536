//! How many copies the policy in force has made: the rest were made by an older one.

use std::collections::BTreeMap;

use emrshare_codec::{NodeId, RecordIndex};
use emrshare_ledger::{DecodeError, RecordState, StateError, StateScan, Status, key};

use crate::terms_in_force;

const PAGE: usize = 4096;

/// Records of an institution that have not ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Coverage {
    /// All of them.
    pub records: u64,
    /// Those whose last entry is above the block since which the policy is in force.
    ///
    /// A copy that was under way when the policy changed may be among them, until its origin makes
    /// it anew.
    pub current: u64,
}

/// The coverage of each institution with records, by node: reads all records of the ledger.
///
/// # Errors
/// [`StateError`] if the state cannot be read.
pub fn coverage<S: StateScan + ?Sized>(
    state: &S,
) -> Result<BTreeMap<NodeId, Coverage>, StateError> {
    let since = terms_in_force(state)?.policy_since;
    let mut found: BTreeMap<NodeId, Coverage> = BTreeMap::new();
    let mut from = Vec::new();
    loop {
        let rows = state.scan(key::RECORDS, &from, PAGE)?;
        for (key, row) in &rows {
            let index = &key[key::RECORDS.len()..];
            let index = RecordIndex::from_key(index).map_err(DecodeError::from)?;
            let record = RecordState::from_bytes(row)?;
            if record.status == Status::Active {
                let of_origin = found.entry(index.origin()).or_default();
                of_origin.records += 1;
                of_origin.current += u64::from(record.height > since);
            }
        }
        let Some((last, _)) = rows.last().filter(|_| rows.len() == PAGE) else { return Ok(found) };
        // The smallest key behind the last one.
        from = [&last[key::RECORDS.len()..], &[0]].concat();
    }
}
