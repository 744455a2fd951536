//! Content by its SHA-256.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use emrshare_codec::Digest;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path as BlobPath};
use sha2::{Digest as _, Sha256};

use crate::BlobError;

/// Blobs that are written at the same time.
const WRITES_AT_ONCE: usize = 16;

/// A store of blobs, named `aa/<sha256>`: with one level of folders, nearly all writes find their
/// folder made, and need not make and sync it.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

impl Blobs {
    /// Blobs in a local folder, which is made if it is not there. Every write is synced.
    ///
    /// # Errors
    /// [`BlobError::Backend`] if the folder cannot be used.
    pub fn in_folder(folder: impl AsRef<Path>) -> Result<Self, BlobError> {
        let made = std::fs::create_dir_all(&folder).map_err(|source| {
            object_store::Error::Generic { store: "local folder", source: Box::new(source) }
        });
        made?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self { store: Arc::new(store) })
    }

    /// Blobs in any object store that makes a put durable before it answers.
    #[must_use]
    pub fn in_store(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// Stores blobs under their digests, which the caller has computed; on `Ok` all are durable.
    ///
    /// # Errors
    /// [`BlobError::Backend`].
    pub async fn put_all(&self, blobs: Vec<(Digest, Bytes)>) -> Result<(), BlobError> {
        stream::iter(blobs)
            .map(|(digest, bytes)| async move {
                self.store.put(&path(digest), bytes.into()).await.map(drop)
            })
            .buffer_unordered(WRITES_AT_ONCE)
            .try_collect::<()>()
            .await?;
        Ok(())
    }

    /// A blob, whose digest is checked.
    ///
    /// # Errors
    /// [`BlobError::Missing`], [`BlobError::Damaged`] or [`BlobError::Backend`].
    pub async fn get(&self, digest: Digest) -> Result<Bytes, BlobError> {
        let bytes = match self.store.get(&path(digest)).await {
            Ok(found) => found.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => return Err(BlobError::Missing(digest)),
            Err(error) => return Err(error.into()),
        };
        let found = Digest(Sha256::digest(&bytes).into());
        if found == digest {
            Ok(bytes)
        } else {
            Err(BlobError::Damaged { expected: digest, found })
        }
    }

    /// Whether a blob is there; its bytes are not read.
    ///
    /// # Errors
    /// [`BlobError::Backend`].
    pub async fn contains(&self, digest: Digest) -> Result<bool, BlobError> {
        match self.store.head(&path(digest)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a blob; one that is not there is no error.
    ///
    /// # Errors
    /// [`BlobError::Backend`].
    pub async fn delete(&self, digest: Digest) -> Result<(), BlobError> {
        match self.store.delete(&path(digest)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn path(digest: Digest) -> BlobPath {
    let name = digest.to_string();
    BlobPath::from(format!("{}/{name}", &name[..2]))
}
