//! The in-memory store.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use crate::{Batch, Kv, Row, StoreError, Table};

/// A store that forgets everything when dropped.
#[derive(Debug, Default)]
pub struct MemoryKv {
    rows: RwLock<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl Kv for MemoryKv {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        Ok(rows.get(&table.key(key)).cloned())
    }

    fn range(
        &self,
        table: Table,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        let prefix = table.key(prefix);
        let start = [prefix.as_slice(), from].concat();
        let found = rows.range(start..).take_while(|(key, _)| key.starts_with(&prefix));
        Ok(found.take(limit).map(|(key, value)| (key[1..].to_vec(), value.clone())).collect())
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in batch.changes {
            match value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(&key),
            };
        }
        Ok(())
    }
}
