//! State as the store has it, and state with unfinished blocks over it.

use std::sync::Arc;

use emrshare_ledger::{Changes, Header, StateError, StateRead, StateRow, StateScan};
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
