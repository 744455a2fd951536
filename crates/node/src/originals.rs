//! The original store: this node's own originals, each encrypted under a key of its own.

use std::sync::Arc;

use bytes::Bytes;
use emrshare_codec::Digest;
use emrshare_identity::{MasterKey, RecordKey, SealError, WrappedKey};
use emrshare_record::RecordFile;
use emrshare_storage::{Batch, BlobError, Blobs, Kv, StoreError};
use sha2::{Digest as _, Sha256};

use crate::{clock, tables::ORIGINALS};

/// Length of a sealed piece before sealing.
const PIECE_LEN: usize = 1024 * 1024;

/// An original cannot be stored or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OriginalError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error(transparent)]
    Sealed(#[from] SealError),
    #[error("the row of an original is malformed")]
    Row,
}

/// Sealed pieces as blobs, and a row with the wrapped key.
pub(crate) struct OriginalStore {
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) blobs: Blobs,
    pub(crate) master: MasterKey,
}

/// An original that was sealed, with its row and blobs.
pub(crate) struct Sealed {
    digest: Digest,
    row: Vec<u8>,
    pub(crate) pieces: Vec<(Digest, Bytes)>,
}

impl Sealed {
    /// The row that makes an original, whose pieces are durable, known.
    pub(crate) fn add_row(&self, batch: &mut Batch) {
        batch.put(ORIGINALS, &self.digest.0, &self.row);
    }
}

impl OriginalStore {
    /// Encrypts a file; nothing is stored yet.
    pub(crate) fn seal(&self, file: &RecordFile) -> Sealed {
        let key = RecordKey::from_bytes(clock::random());
        let mut row = self.master.wrap(&key, clock::random()).0.to_vec();
        let bytes = file.to_bytes();
        let pieces = bytes.chunks(PIECE_LEN).zip(0..).map(|(piece, number)| {
            let sealed = key.seal(0, number, piece.to_vec());
            (Digest(Sha256::digest(&sealed).into()), Bytes::from(sealed))
        });
        let pieces: Vec<_> = pieces.collect();
        pieces.iter().for_each(|(digest, _)| row.extend_from_slice(&digest.0));
        Sealed { digest: file.manifest().digest(), row, pieces }
    }

    /// Opens an original, to be read piece by piece.
    pub(crate) fn open(&self, digest: Digest) -> Result<Option<Opened>, OriginalError> {
        let Some(row) = self.kv.get(ORIGINALS, &digest.0)? else { return Ok(None) };
        let (wrapped, pieces) = split(&row)?;
        let key = self.master.unwrap(&wrapped)?;
        Ok(Some(Opened { key, pieces, blobs: self.blobs.clone() }))
    }

    /// Destroys an original: its key and its pieces.
    pub(crate) async fn remove(&self, digest: Digest) -> Result<(), OriginalError> {
        let removal = self.blobs.removal().await?;
        let Some(row) = self.kv.get(ORIGINALS, &digest.0)? else { return Ok(()) };
        let (_, pieces) = split(&row)?;
        let mut batch = Batch::default();
        batch.delete(ORIGINALS, &digest.0);
        Ok(removal.commit(&pieces, batch).await?)
    }
}

/// An original whose key is at hand.
pub(crate) struct Opened {
    key: RecordKey,
    pieces: Vec<Digest>,
    blobs: Blobs,
}

impl Opened {
    /// How many pieces there are.
    pub(crate) const fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// Decrypts a piece; all of them in order are the record file.
    pub(crate) async fn piece(&self, number: usize) -> Result<Vec<u8>, OriginalError> {
        let sealed = self.blobs.get(self.pieces[number]).await?;
        Ok(self.key.open(0, number as u64, sealed.to_vec())?)
    }
}

fn split(row: &[u8]) -> Result<(WrappedKey, Vec<Digest>), OriginalError> {
    let (wrapped, pieces) = row.split_first_chunk().ok_or(OriginalError::Row)?;
    let (pieces, rest) = pieces.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(OriginalError::Row);
    }
    Ok((WrappedKey(*wrapped), pieces.iter().map(|piece| Digest(*piece)).collect()))
}
