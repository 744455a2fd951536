//! What the ledger ever said of a record.

use emrshare_codec::{Entry, RecordIndex};
use emrshare_ledger::StateError;
use emrshare_storage::{Batch, Kv};

use crate::tables::HISTORY;

/// An entry, and the block that has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version {
    pub(crate) height: u64,
    pub(crate) entry: Entry,
}

impl Version {
    /// Adds the row of a version; `position` is the entry's in its block.
    pub(crate) fn add_row(&self, batch: &mut Batch, position: u32) {
        let index = self.entry.index().to_key();
        let row = [index.as_slice(), &self.height.to_be_bytes(), &position.to_be_bytes()].concat();
        batch.put(HISTORY, &row, &self.entry.to_bytes());
    }

    fn read(key: &[u8], value: &[u8]) -> Option<Self> {
        let height = key.get(RecordIndex::KEY_LEN..)?.first_chunk()?;
        let entry = Entry::from_bytes(value.try_into().ok()?).ok()?;
        Some(Self { height: u64::from_be_bytes(*height), entry })
    }
}

/// All versions of a record, oldest first.
pub(crate) fn versions(kv: &dyn Kv, index: RecordIndex) -> Result<Vec<Version>, StateError> {
    let rows = kv.range(HISTORY, &index.to_key(), b"", usize::MAX);
    let rows = rows.map_err(|error| StateError { reason: error.to_string() })?;
    let malformed = || StateError { reason: "a row of a record's history is malformed".into() };
    rows.iter().map(|(key, value)| Version::read(key, value).ok_or_else(malformed)).collect()
}
