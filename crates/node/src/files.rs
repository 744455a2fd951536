//! The desensitized store: files of all nodes, by the digest that the ledger names.
//!
//! A file's manifest and chunks are blobs under their own SHA-256, so equal images are stored
//! once; rows say which records use which file and which files need which chunk.

use std::sync::Arc;

use bytes::Bytes;
use emrshare_codec::{Digest, RecordIndex};
use emrshare_record::{Manifest, ManifestError, RecordFile, RecordFileError};
use emrshare_storage::{Batch, BlobError, Blobs, Kv, StoreError};

use crate::tables::{CHUNKS, FILES, pair};

/// The store fails or holds something else than it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error("a stored file is malformed")]
    Malformed(#[from] RecordFileError),
    #[error("a stored manifest is malformed")]
    Manifest(#[from] ManifestError),
}

/// Who needs a file: a record, or an order that is not on the ledger yet.
pub(crate) struct User(Vec<u8>);

impl User {
    pub(crate) fn record(index: RecordIndex) -> Self {
        Self(index.to_key().to_vec())
    }

    /// No record index begins with four set bits.
    pub(crate) fn order(original: Digest) -> Self {
        Self([&[0xff], original.0.as_slice()].concat())
    }
}

/// Manifests, chunks and who uses them.
#[derive(Clone)]
pub(crate) struct DesensitizedStore {
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) blobs: Blobs,
}

impl DesensitizedStore {
    /// The blobs of a file.
    pub(crate) fn blobs_of(file: &RecordFile) -> Vec<(Digest, Bytes)> {
        let manifest = file.manifest();
        let mut blobs: Vec<_> = file
            .named_chunks()
            .map(|(digest, chunk)| (digest, Bytes::copy_from_slice(chunk)))
            .collect();
        blobs.push((manifest.digest(), Bytes::copy_from_slice(manifest.as_bytes())));
        blobs
    }

    /// The rows that make a file, whose blobs are durable, known and used by `user`.
    pub(crate) fn add_rows(
        batch: &mut Batch,
        user: &User,
        manifest: &Manifest,
    ) -> Result<(), FileError> {
        let digest = manifest.digest();
        batch.put(FILES, &pair(&digest.0, &user.0), b"");
        for part in manifest.parts() {
            for chunk in part.chunk_digests()? {
                batch.put(CHUNKS, &pair(&chunk.0, &digest.0), b"");
            }
        }
        Ok(())
    }

    /// Makes a file that an order used the file of its record.
    pub(crate) fn hand_over(batch: &mut Batch, digest: Digest, from: &User, to: &User) {
        batch.delete(FILES, &pair(&digest.0, &from.0));
        batch.put(FILES, &pair(&digest.0, &to.0), b"");
    }

    /// Whether a file is stored and used by `user`.
    pub(crate) fn contains(&self, digest: Digest, user: &User) -> Result<bool, FileError> {
        Ok(self.kv.get(FILES, &pair(&digest.0, &user.0))?.is_some())
    }

    /// The manifest of a file that anybody uses.
    pub(crate) async fn manifest(&self, digest: Digest) -> Result<Option<Manifest>, FileError> {
        if self.kv.range(FILES, &digest.0, b"", 1)?.is_empty() {
            return Ok(None);
        }
        Ok(Some(Manifest::from_bytes(self.blobs.get(digest).await?.to_vec())?))
    }

    /// A whole file that anybody uses.
    pub(crate) async fn file(&self, digest: Digest) -> Result<Option<RecordFile>, FileError> {
        let Some(manifest) = self.manifest(digest).await? else { return Ok(None) };
        let mut parts = Vec::with_capacity(manifest.parts().len());
        for part in manifest.parts() {
            let chunks = self.blobs.get_all(&part.chunk_digests()?).await?;
            parts.push(chunks.iter().map(|chunk| chunk.to_vec()).collect());
        }
        Ok(Some(RecordFile::assemble(manifest, parts)?))
    }

    /// A chunk that any stored file needs.
    pub(crate) async fn chunk(&self, digest: Digest) -> Result<Option<Bytes>, FileError> {
        if self.kv.range(CHUNKS, &digest.0, b"", 1)?.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.blobs.get(digest).await?))
    }

    /// Ends the use of a file and removes what nobody else needs.
    pub(crate) async fn remove(&self, digest: Digest, user: &User) -> Result<(), FileError> {
        let removal = self.blobs.removal().await?;
        if !self.contains(digest, user)? {
            return Ok(());
        }
        let mut batch = Batch::default();
        batch.delete(FILES, &pair(&digest.0, &user.0));
        let mut unused = Vec::new();
        let others = self.kv.range(FILES, &digest.0, b"", 2)?.len() > 1;
        if let Some(manifest) = self.manifest(digest).await?.filter(|_| !others) {
            for part in manifest.parts() {
                for chunk in part.chunk_digests()? {
                    batch.delete(CHUNKS, &pair(&chunk.0, &digest.0));
                    let users = self.kv.range(CHUNKS, &chunk.0, b"", 2)?;
                    if users.iter().all(|(key, _)| key.ends_with(&digest.0)) {
                        unused.push(chunk);
                    }
                }
            }
            unused.push(digest);
        }
        Ok(removal.commit(&unused, batch).await?)
    }
}

/// Commits away from the threads that serve sockets.
pub(crate) async fn commit(kv: &Arc<dyn Kv>, batch: Batch) -> Result<(), StoreError> {
    let kv = kv.clone();
    let committed = tokio::task::spawn_blocking(move || kv.commit(batch)).await;
    committed.unwrap_or_else(|error| Err(StoreError::Io(error.to_string())))
}
