//! sled as a durable store.
//!
//! `flush()` of sled 0.34 calls only `sync_file_range`, which loses acknowledged batches on power
//! loss. This store therefore syncs sled's files itself: all of them after an open, `db` after each
//! commit. Callers that commit at the same time share one sync. Every value carries a CRC-32 over
//! key and value; each commit has a number that is kept in the store and, after it is durable, in
//! the file `mark`, so that a store that lost a batch is refused at the next open.

use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use crate::{
    Batch, Kv, Row, StoreError, Table,
    group::{GroupCommit, Writer},
    redo::Redo,
};

/// Puts that sled takes in one batch without risk.
const PUTS_MAX: usize = 500;
const COMMIT_NUMBER: &[u8] = &[0];

/// A store in a folder.
#[derive(Debug)]
pub struct SledKv {
    db: sled::Db,
    path: PathBuf,
    commits: GroupCommit,
}

impl SledKv {
    /// Opens or makes the store in `folder`.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it, [`StoreError::Damaged`] if it lost or
    /// changed anything, [`StoreError::Io`].
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = folder.as_ref().to_path_buf();
        fs::create_dir_all(&path)?;
        let db = open_db(&path.join("sled"))?;
        sync_everything(&db, &path)?;
        let mut writer = SledWriter {
            file: File::open(path.join("sled").join("db"))?,
            mark: File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(path.join("mark"))?,
            redo: Redo::new(&path),
            number: 0,
            db: db.clone(),
        };
        if let Some(batch) = writer.redo.read()? {
            writer.apply(&batch)?;
            writer.redo.clear()?;
        }
        writer.number = check_number(&db, &path)?;
        Ok(Self { db, path, commits: GroupCommit::start(writer) })
    }

    fn open_value(&self, key: &[u8], stored: &[u8]) -> Result<Vec<u8>, StoreError> {
        let checked = stored.split_first_chunk().and_then(|(sum, value)| {
            (u32::from_be_bytes(*sum) == checksum(key, value)).then(|| value.to_vec())
        });
        checked.ok_or_else(|| damaged(&self.path, "a value does not fit its checksum"))
    }
}

impl Kv for SledKv {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let key = table.key(key);
        let stored = self.db.get(&key).map_err(io)?;
        stored.map(|stored| self.open_value(&key, &stored)).transpose()
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
        let mut rows = Vec::new();
        for row in self.db.range(start..).take(limit) {
            let (key, stored) = row.map_err(io)?;
            if !key.starts_with(&prefix) {
                break;
            }
            let value = self.open_value(&key, &stored)?;
            rows.push((key[1..].to_vec(), value));
        }
        Ok(rows)
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.commits.commit(batch)
    }
}

struct SledWriter {
    db: sled::Db,
    file: File,
    mark: File,
    redo: Redo,
    number: u64,
}

impl Writer for SledWriter {
    const CHANGES_MAX: usize = PUTS_MAX;

    fn write(&mut self, mut batch: Batch) -> Result<(), StoreError> {
        self.number += 1;
        let number = self.number.to_be_bytes();
        batch.changes.push((COMMIT_NUMBER.to_vec(), Some(number.to_vec())));
        if batch.len() > PUTS_MAX {
            self.redo.write(&batch)?;
            self.apply(&batch)?;
            self.redo.clear()?;
        } else {
            self.apply(&batch)?;
        }
        self.mark.seek(SeekFrom::Start(0))?;
        self.mark.write_all(&number)?;
        self.mark.sync_data()?;
        Ok(())
    }
}

impl SledWriter {
    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        for piece in batch.changes.chunks(PUTS_MAX) {
            let mut changes = sled::Batch::default();
            for (key, value) in piece {
                match value {
                    Some(value) => {
                        let sum = checksum(key, value).to_be_bytes();
                        changes.insert(key.as_slice(), [&sum, value.as_slice()].concat());
                    }
                    None => changes.remove(key.as_slice()),
                }
            }
            self.db.apply_batch(changes).map_err(io)?;
        }
        self.db.flush().map_err(io)?;
        self.file.sync_data()?;
        Ok(())
    }
}

fn open_db(path: &Path) -> Result<sled::Db, StoreError> {
    let config =
        sled::Config::new().path(path).cache_capacity(64 * 1024 * 1024).flush_every_ms(None);
    match catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(error))) if error.to_string().contains("lock") => {
            Err(StoreError::Locked { path: path.display().to_string() })
        }
        Ok(Err(sled::Error::Io(error))) => Err(error.into()),
        Ok(Err(error)) => Err(damaged(path, &error.to_string())),
        Err(_) => Err(damaged(path, "the engine panicked while opening it")),
    }
}

/// sled leaves the names and contents of new files to the system; without this a crash can lose
/// the whole database.
fn sync_everything(db: &sled::Db, path: &Path) -> Result<(), StoreError> {
    db.flush().map_err(io)?;
    for file in fs::read_dir(path.join("sled"))? {
        let file = file?.path();
        if file.is_file() {
            File::open(file)?.sync_all()?;
        }
    }
    File::open(path.join("sled"))?.sync_all()?;
    File::open(path)?.sync_all()?;
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

/// The number of the last commit in the store, unless the mark says that later ones were durable.
fn check_number(db: &sled::Db, path: &Path) -> Result<u64, StoreError> {
    let stored = db.get(COMMIT_NUMBER).map_err(io)?;
    let stored =
        stored.and_then(|bytes| Some(u64::from_be_bytes(bytes.get(4..)?.try_into().ok()?)));
    let stored = stored.unwrap_or(0);
    let marked = fs::read(path.join("mark"))?;
    let marked = match marked.as_slice().try_into() {
        Ok(bytes) => u64::from_be_bytes(bytes),
        Err(_) if marked.is_empty() => 0,
        Err(_) => return Err(damaged(path, "the file `mark` is malformed")),
    };
    if stored < marked {
        let what = format!("it holds {stored} commits of {marked} that were acknowledged");
        return Err(damaged(path, &what));
    }
    Ok(stored)
}

fn checksum(key: &[u8], value: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(key);
    sum.update(value);
    sum.finalize()
}

fn damaged(path: &Path, what: &str) -> StoreError {
    StoreError::Damaged { path: path.display().to_string(), what: what.into() }
}

fn io(error: sled::Error) -> StoreError {
    StoreError::Io(error.to_string())
}
