//! What storage can fail with.

use emrshare_codec::Digest;

/// A key-value store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system or engine failed.
    #[error("the store failed: {0}")]
    Io(String),
    /// Stored bytes are not what was written: restore a copy, or delete the store and let the
    /// node rebuild it from blocks and peers.
    #[error("the store at {path} is damaged ({what}); restore it or rebuild it from peers")]
    Damaged {
        /// Where the store is.
        path: String,
        /// What does not fit.
        what: String,
    },
    /// A commit failed before: whether it took effect is unknown until the store is reopened.
    #[error("a commit failed before; restart to reopen the store")]
    Poisoned,
    /// A value is too large for the store.
    #[error("a value of {len} bytes is over the limit of {limit}")]
    ValueTooLarge {
        /// Its length.
        len: usize,
        /// The limit.
        limit: usize,
    },
    /// The folder holds a store of another engine.
    #[error("{path} holds a {found} store, but {chosen} is chosen; choose {found} in node.toml")]
    OtherEngine {
        /// Where the store is.
        path: String,
        /// The engine that made it.
        found: &'static str,
        /// The engine that was chosen.
        chosen: &'static str,
    },
    /// Another process has the store open.
    #[error("the store at {path} is in use by another process")]
    Locked {
        /// Where the store is.
        path: String,
    },
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error.to_string())
    }
}

/// A blob cannot be stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// The store does not have it.
    #[error("there is no blob {0}")]
    Missing(Digest),
    /// What is stored under its name has another digest; the damaged copy is not handed out.
    #[error("blob {expected} is damaged: its bytes have digest {found}")]
    Damaged {
        /// Its name.
        expected: Digest,
        /// What the bytes hash to.
        found: Digest,
    },
    /// The backend failed.
    #[error("the blob store failed")]
    Backend(#[from] object_store::Error),
    /// The key-value store with the blobs' rows failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The search index failed. It is derived data: deleting its folder rebuilds it.
#[derive(Debug, thiserror::Error)]
#[error("the search index failed; delete its folder to rebuild it")]
pub struct SearchError(#[from] pub(crate) tantivy::TantivyError);
