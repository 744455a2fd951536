//! State as the store has it, and state with unfinished blocks over it.

use std::sync::Arc;

use emrshare_codec::RecordIndex;
use emrshare_ledger::{
    Changes, Header, RecordState, StateError, StateRead, StateRow, StateScan, key,
};
use emrshare_storage::{Kv, StoreError};

use crate::tables::STATE;

/// The state after the last final block.
#[derive(Clone)]
pub(crate) struct FinalState(pub(crate) Arc<dyn Kv>);

impl StateRead for FinalState {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.0.get(STATE, key).map_err(unreadable)
    }
}

impl StateScan for FinalState {
    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<StateRow>, StateError> {
        self.0.range(STATE, prefix, from, limit).map_err(unreadable)
    }
}

/// Records in the order of their keys, and where the next page begins, if there may be more.
pub(crate) type RecordPage = (Vec<(RecordIndex, RecordState)>, Option<Vec<u8>>);

impl FinalState {
    /// A page of all records, deleted ones too.
    pub(crate) fn records_from(&self, from: &[u8], limit: usize) -> Result<RecordPage, StateError> {
        let rows = self.scan(key::RECORDS, from, limit)?;
        let record = |(key, row): &StateRow| {
            let index = RecordIndex::from_key(&key[key::RECORDS.len()..]);
            let index = index.map_err(|error| StateError { reason: error.to_string() })?;
            Ok((index, RecordState::from_bytes(row)?))
        };
        let records = rows.iter().map(record).collect::<Result<_, StateError>>()?;
        let last = rows.last().filter(|_| rows.len() == limit);
        // The smallest key behind the last one.
        let next = last.map(|(key, _)| [&key[key::RECORDS.len()..], &[0]].concat());
        Ok((records, next))
    }
}

fn unreadable(error: StoreError) -> StateError {
    StateError { reason: error.to_string() }
}

/// A block that was executed and is not final yet.
pub(crate) struct Executed {
    pub(crate) header: Header,
    pub(crate) changes: Changes,
}

/// Final state under the changes of blocks, the newest last.
pub(crate) struct Layers<'a> {
    pub(crate) base: &'a FinalState,
    pub(crate) blocks: Vec<Arc<Executed>>,
}

impl StateRead for Layers<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let newest = self.blocks.iter().rev().find_map(|block| block.changes.0.get(key));
        newest.map_or_else(|| self.base.get(key), |value| Ok(value.clone()))
    }
}
