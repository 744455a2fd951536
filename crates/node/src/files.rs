//! The desensitized store: files of all nodes, by the digest that the ledger names.
//!
//! A file's manifest and chunks are blobs under their own SHA-256, so equal images are stored
//! once; rows say which records use which file and which files need which chunk.

use std::{iter, sync::Arc};

use bytes::Bytes;
use emrshare_codec::{Digest, RecordIndex};
use emrshare_record::{Manifest, ManifestError, RecordFile, RecordFileError};
use emrshare_storage::{Batch, BlobError, Blobs, Kv, StoreError};
use tokio::sync::mpsc;

use crate::tables::{CHUNKS, FILES, next_page, pair};

/// Damaged files that wait to be mended, at most.
const DAMAGED_MAX: usize = 1024;
/// Rows that are read at once.
const PAGE: usize = 4096;

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

impl FileError {
    /// Whether bytes that were stored are there no more, or are others.
    pub(crate) const fn is_damage(&self) -> bool {
        matches!(self, Self::Blob(BlobError::Missing(_) | BlobError::Damaged { .. }))
    }
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

    /// The key in [`FILES`] of a file that it needs.
    pub(crate) fn row(&self, file: Digest) -> Vec<u8> {
        pair(&file.0, &self.0)
    }
}

/// Files that were found damaged, on their way to the mender.
#[derive(Clone)]
pub(crate) struct Damaged(mpsc::Sender<Digest>);

impl Damaged {
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Digest>) {
        let (told, heard) = mpsc::channel(DAMAGED_MAX);
        (Self(told), heard)
    }

    /// If too many wait to be mended, the file is told of when it is read the next time.
    pub(crate) fn tell(&self, file: Digest) {
        let _ = self.0.try_send(file);
    }
}

/// Manifests, chunks and who uses them.
#[derive(Clone)]
pub(crate) struct DesensitizedStore {
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) blobs: Blobs,
    pub(crate) damaged: Damaged,
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
        batch.put(FILES, &user.row(digest), b"");
        for part in manifest.parts() {
            for chunk in part.chunk_digests()? {
                batch.put(CHUNKS, &pair(&chunk.0, &digest.0), b"");
            }
        }
        Ok(())
    }

    /// Makes a file that an order used the file of its record.
    pub(crate) fn hand_over(batch: &mut Batch, digest: Digest, from: &User, to: &User) {
        batch.delete(FILES, &from.row(digest));
        batch.put(FILES, &to.row(digest), b"");
    }

    /// Whether a file is stored and used by `user`.
    pub(crate) fn contains(&self, digest: Digest, user: &User) -> Result<bool, FileError> {
        Ok(self.kv.get(FILES, &user.row(digest))?.is_some())
    }

    /// The records that use a file.
    pub(crate) fn records(&self, file: Digest) -> Result<Vec<RecordIndex>, FileError> {
        let rows = self.kv.range(FILES, &file.0, b"", usize::MAX)?;
        Ok(rows.iter().filter_map(|(key, _)| use_of(key)).map(|(_, record)| record).collect())
    }

    /// The manifest of a file that anybody uses.
    pub(crate) async fn manifest(&self, digest: Digest) -> Result<Option<Manifest>, FileError> {
        let read = self.read_manifest(digest).await;
        self.tell_of(read, digest)
    }

    /// A whole file that anybody uses.
    pub(crate) async fn file(&self, digest: Digest) -> Result<Option<RecordFile>, FileError> {
        let read = self.read_file(digest).await;
        self.tell_of(read, digest)
    }

    /// A chunk that any stored file needs.
    pub(crate) async fn chunk(&self, digest: Digest) -> Result<Option<Bytes>, FileError> {
        if self.kv.range(CHUNKS, &digest.0, b"", 1)?.is_empty() {
            return Ok(None);
        }
        let read = self.blobs.get(digest).await.map_err(FileError::from);
        if read.as_ref().is_err_and(FileError::is_damage) {
            let users = self.kv.range(CHUNKS, &digest.0, b"", DAMAGED_MAX)?;
            let files = users.iter().filter_map(|(key, _)| file_of(key));
            files.for_each(|file| self.damaged.tell(file));
        }
        Ok(Some(read?))
    }

    /// Blobs of a file that cannot be read any more.
    pub(crate) async fn lost(&self, file: Digest) -> Result<Vec<Digest>, FileError> {
        let mut lost = Vec::new();
        for blob in iter::once(file).chain(self.chunks(file).await?) {
            match self.blobs.get(blob).await.map_err(FileError::from) {
                Ok(_) => {}
                Err(error) if error.is_damage() => lost.push(blob),
                Err(error) => return Err(error),
            }
        }
        Ok(lost)
    }

    /// Stores what was lost of a file again.
    pub(crate) async fn put_back(&self, file: &RecordFile) -> Result<(), FileError> {
        let mut batch = Batch::default();
        let written = self.blobs.put_all(Self::blobs_of(file)).await?;
        let _placing = self.blobs.place(written, &mut batch).await?;
        Ok(commit(&self.kv, batch).await?)
    }

    /// Ends the use of a file and removes what nobody else needs.
    pub(crate) async fn remove(&self, digest: Digest, user: &User) -> Result<(), FileError> {
        let removal = self.blobs.removal().await?;
        if !self.contains(digest, user)? {
            return Ok(());
        }
        let mut batch = Batch::default();
        batch.delete(FILES, &user.row(digest));
        let mut unused = Vec::new();
        let others = self.kv.range(FILES, &digest.0, b"", 2)?.len() > 1;
        if !others {
            for chunk in self.chunks(digest).await? {
                batch.delete(CHUNKS, &pair(&chunk.0, &digest.0));
                let users = self.kv.range(CHUNKS, &chunk.0, b"", 2)?;
                if users.iter().all(|(key, _)| file_of(key) == Some(digest)) {
                    unused.push(chunk);
                }
            }
            unused.push(digest);
        }
        Ok(removal.commit(&unused, batch).await?)
    }

    /// Tells of a file that was found damaged.
    fn tell_of<T>(&self, read: Result<T, FileError>, file: Digest) -> Result<T, FileError> {
        if read.as_ref().is_err_and(FileError::is_damage) {
            self.damaged.tell(file);
        }
        read
    }

    async fn read_manifest(&self, digest: Digest) -> Result<Option<Manifest>, FileError> {
        if self.kv.range(FILES, &digest.0, b"", 1)?.is_empty() {
            return Ok(None);
        }
        Ok(Some(Manifest::from_bytes(self.blobs.get(digest).await?.to_vec())?))
    }

    async fn read_file(&self, digest: Digest) -> Result<Option<RecordFile>, FileError> {
        let Some(manifest) = self.read_manifest(digest).await? else { return Ok(None) };
        let mut parts = Vec::with_capacity(manifest.parts().len());
        for part in manifest.parts() {
            let chunks = self.blobs.get_all(&part.chunk_digests()?).await?;
            parts.push(chunks.iter().map(|chunk| chunk.to_vec()).collect());
        }
        Ok(Some(RecordFile::assemble(manifest, parts)?))
    }

    /// The chunks of a file: by its manifest or, if that is damaged, by all rows there are.
    async fn chunks(&self, file: Digest) -> Result<Vec<Digest>, FileError> {
        match self.read_manifest(file).await {
            Ok(manifest) => {
                let parts = manifest.iter().flat_map(Manifest::parts);
                let chunks = parts.map(|part| Ok(part.chunk_digests()?));
                Ok(chunks.collect::<Result<Vec<_>, FileError>>()?.concat())
            }
            Err(error) if error.is_damage() => self.chunks_by_rows(file),
            Err(error) => Err(error),
        }
    }

    fn chunks_by_rows(&self, file: Digest) -> Result<Vec<Digest>, FileError> {
        let (mut from, mut chunks) = (Vec::new(), Vec::new());
        loop {
            let rows = self.kv.range(CHUNKS, b"", &from, PAGE)?;
            let used = rows.iter().filter(|(key, _)| file_of(key) == Some(file));
            chunks.extend(used.filter_map(|(key, _)| key.first_chunk().copied().map(Digest)));
            let Some(next) = next_page(&rows, PAGE) else { return Ok(chunks) };
            from = next;
        }
    }
}

/// The file and the record of a row of [`FILES`], unless an order uses the file.
pub(crate) fn use_of(key: &[u8]) -> Option<(Digest, RecordIndex)> {
    let (file, user) = key.split_first_chunk()?;
    Some((Digest(*file), RecordIndex::from_key(user).ok()?))
}

/// The file of a row of [`CHUNKS`].
fn file_of(key: &[u8]) -> Option<Digest> {
    key.last_chunk().copied().map(Digest)
}

/// Commits away from the threads that serve sockets.
pub(crate) async fn commit(kv: &Arc<dyn Kv>, batch: Batch) -> Result<(), StoreError> {
    if batch.is_empty() {
        return Ok(());
    }
    let kv = kv.clone();
    let committed = tokio::task::spawn_blocking(move || kv.commit(batch)).await;
    committed.unwrap_or_else(|error| Err(StoreError::Io(error.to_string())))
}
