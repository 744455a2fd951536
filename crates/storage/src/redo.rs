//! A file that makes large batches atomic.
//!
//! The engine is safe for a few hundred puts at a time only. A larger batch is first written to
//! this file and synced, then applied piece by piece; after a crash in between it is applied again
//! from the file, which is idempotent.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::Batch;

/// The redo file of a store.
#[derive(Debug)]
pub(crate) struct Redo {
    path: PathBuf,
}

impl Redo {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { path: folder.join("redo") }
    }

    /// Makes the batch durable in the file.
    pub(crate) fn write(&self, batch: &Batch) -> std::io::Result<()> {
        let bytes = encode(batch);
        let mut file = File::create(&self.path)?;
        file.write_all(&Sha256::digest(&bytes))?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        sync_parent(&self.path)
    }

    /// Removes the file: its batch is in the store.
    pub(crate) fn clear(&self) -> std::io::Result<()> {
        fs::remove_file(&self.path)?;
        sync_parent(&self.path)
    }

    /// The batch that a crash interrupted. A file that is not whole was never acted on.
    pub(crate) fn read(&self) -> std::io::Result<Option<Batch>> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some((digest, bytes)) = bytes.split_at_checked(32) else { return Ok(None) };
        Ok((Sha256::digest(bytes).as_slice() == digest).then(|| decode(bytes)).flatten())
    }
}

fn sync_parent(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// For each change: key length 4, key, 0 or 1, and if 1 value length 4, value.
fn encode(batch: &Batch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |part: &[u8]| {
        // Keys and values are bounded far below 4 GiB.
        bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
        bytes.extend_from_slice(part);
    };
    for (key, value) in &batch.changes {
        put(key);
        put(&[u8::from(value.is_some())]);
        if let Some(value) = value {
            put(value);
        }
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> Option<Batch> {
    let mut batch = Batch::default();
    while !bytes.is_empty() {
        let key = take(&mut bytes)?;
        let value = match take(&mut bytes)?.as_slice() {
            [0] => None,
            _ => Some(take(&mut bytes)?),
        };
        batch.changes.push((key, value));
    }
    Some(batch)
}

fn take(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (part, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *bytes = rest;
    Some(part.to_vec())
}
