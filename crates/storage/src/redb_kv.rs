//! redb as a durable store.
//!
//! Commits are durable at once and in two phases, so that a crash leaves a valid database that
//! opens without a full repair; pages carry checksums.

use std::{
    fs::{self, File},
    ops::Bound,
    path::{Path, PathBuf},
    sync::Arc,
};

use redb::{Database, DatabaseError, Durability, ReadableDatabase, StorageError, TableDefinition};

use crate::{
    Batch, Kv, Row, StoreError, Table,
    group::{GroupCommit, Writer},
};

const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
const CACHE: usize = 64 * 1024 * 1024;

type Rows = redb::ReadOnlyTable<&'static [u8], &'static [u8]>;

/// A store in a folder.
pub struct RedbKv {
    db: Arc<Database>,
    path: PathBuf,
    commits: GroupCommit,
}

impl RedbKv {
    /// Opens or makes the store in `folder`.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it, [`StoreError::Damaged`] if its file is no
    /// database or damaged, [`StoreError::Io`].
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder)?;
        let path = folder.join("redb");
        let db = Database::builder().set_cache_size(CACHE).create(&path);
        let db = Arc::new(db.map_err(|error| opening(&path, error))?);
        let mut writer = RedbWriter { db: db.clone(), path: path.clone() };
        // The table is there from the start, and the file's name is durable.
        writer.write(Batch::default())?;
        File::open(folder)?.sync_all()?;
        if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
        Ok(Self { db, path, commits: GroupCommit::start(writer) })
    }

    /// Reads the table as it is now. The transaction outlives every page that is read: a guard that
    /// outlives it would let the writer free its page.
    fn read<T>(
        &self,
        read: impl FnOnce(&Rows) -> Result<T, StorageError>,
    ) -> Result<T, StoreError> {
        let reading = self.db.begin_read().map_err(|error| failed(&self.path, error))?;
        let table = reading.open_table(ROWS).map_err(|error| failed(&self.path, error))?;
        read(&table).map_err(|error| failed(&self.path, error))
    }
}

impl Kv for RedbKv {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let key = table.key(key);
        self.read(|rows| Ok(rows.get(key.as_slice())?.map(|value| value.value().to_vec())))
    }

    fn range(
        &self,
        table: Table,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let prefix = table.key(prefix);
        let start = [prefix.as_slice(), from].concat();
        let from = (Bound::Included(start.as_slice()), Bound::Unbounded);
        self.read(|rows| {
            let mut found = Vec::new();
            for row in rows.range::<&[u8]>(from)?.take(limit) {
                let (key, value) = row?;
                if !key.value().starts_with(&prefix) {
                    break;
                }
                found.push((key.value()[1..].to_vec(), value.value().to_vec()));
            }
            Ok(found)
        })
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.commits.commit(batch)
    }
}

impl std::fmt::Debug for RedbKv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedbKv").field("path", &self.path).finish_non_exhaustive()
    }
}

struct RedbWriter {
    db: Arc<Database>,
    path: PathBuf,
}

impl Writer for RedbWriter {
    const CHANGES_MAX: usize = 65_536;

    fn write(&mut self, mut batch: Batch) -> Result<(), StoreError> {
        // The last change to a key counts; neighbours in the tree are changed together.
        batch.changes.sort_by(|(a, _), (b, _)| a.cmp(b));
        let failed = |error: redb::Error| failed(&self.path, error);
        let mut writing = self.db.begin_write().map_err(|error| failed(error.into()))?;
        writing
            .set_durability(Durability::Immediate)
            .map_err(|error| StoreError::Io(error.to_string()))?;
        writing.set_quick_repair(true);
        {
            let mut table = writing.open_table(ROWS).map_err(|error| failed(error.into()))?;
            for (key, value) in &batch.changes {
                let changed = match value {
                    Some(value) => table.insert(key.as_slice(), value.as_slice()),
                    None => table.remove(key.as_slice()),
                };
                changed.map_err(|error| failed(error.into()))?;
            }
        }
        writing.commit().map_err(|error| failed(error.into()))
    }
}

fn opening(path: &Path, error: DatabaseError) -> StoreError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => {
            StoreError::Locked { path: path.display().to_string() }
        }
        DatabaseError::Storage(StorageError::Io(error))
            if error.kind() != std::io::ErrorKind::InvalidData =>
        {
            error.into()
        }
        other => damaged(path, &other.to_string()),
    }
}

fn failed(path: &Path, error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Corrupted(what) => damaged(path, &what),
        other => StoreError::Io(other.to_string()),
    }
}

fn damaged(path: &Path, what: &str) -> StoreError {
    StoreError::Damaged { path: path.display().to_string(), what: what.into() }
}
