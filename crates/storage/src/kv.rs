//! Tables of keys and values with atomic, durable batches.

use crate::StoreError;

/// Longest value that every store takes: larger ones would go to files that sled never syncs.
pub(crate) const VALUE_LEN_MAX: usize = 4096 - 4;

/// A table, told apart by one byte in front of each key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Table(u8);

impl Table {
    /// The table with this byte; 0 is kept for the store itself.
    ///
    /// # Panics
    /// If the byte is 0; in a constant that is a compile-time error.
    #[must_use]
    pub const fn new(byte: u8) -> Self {
        assert!(byte != 0, "table 0 is kept for the store itself");
        Self(byte)
    }

    pub(crate) fn key(self, key: &[u8]) -> Vec<u8> {
        [&[self.0], key].concat()
    }
}

/// A key, without its table, and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Changes that become durable together or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub(crate) changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Batch {
    /// Sets a value. Of several changes to a key the last one counts.
    pub fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.changes.push((table.key(key), Some(value.to_vec())));
    }

    /// Removes a value.
    pub fn delete(&mut self, table: Table, key: &[u8]) {
        self.changes.push((table.key(key), None));
    }

    /// How many changes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Adds the changes of another batch behind these.
    pub fn append(&mut self, mut other: Self) {
        self.changes.append(&mut other.changes);
    }
}

/// A store of tables. All calls may block on the disk.
pub trait Kv: Send + Sync + 'static {
    /// The value under a key.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails or is damaged.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Rows whose keys begin with `prefix`, in ascending order from `prefix ‖ from` on, at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails or is damaged.
    fn range(
        &self,
        table: Table,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError>;

    /// Makes a batch durable.
    ///
    /// # Errors
    /// [`StoreError::ValueTooLarge`] before anything is done; after any other error the outcome
    /// is unknown and the store is poisoned.
    fn commit(&self, batch: Batch) -> Result<(), StoreError>;
}
