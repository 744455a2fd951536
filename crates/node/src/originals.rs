//! The original store: this node's own originals, each encrypted at rest under a key of its own.
//!
//! An original is an age file whose head, with the file's key for each of its readers, lies in the
//! row, and whose body lies in pieces among the blobs: once the row is gone, the pieces are useless.

use std::{
    io::{self, Cursor, Read},
    slice,
    sync::Arc,
};

use bytes::Bytes;
use emrshare_codec::Digest;
use emrshare_identity::{EnvelopeAddress, EnvelopeError, EnvelopeKey, SealedHead, seal_at_rest};
use emrshare_record::RecordFile;
use emrshare_storage::{Batch, BlobError, Blobs, Kv, StoreError, Written};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use crate::tables::ORIGINALS;

/// Length of a piece of a body, but for bodies of more than [`PIECES_MAX`] such.
const PIECE_LEN: usize = 1024 * 1024;
/// So that a row is short enough for every store.
const PIECES_MAX: usize = 64;

/// An original cannot be stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OriginalError {
    /// The key-value store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blob store.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// It does not open.
    #[error(transparent)]
    Closed(#[from] EnvelopeError),
    /// The store is damaged.
    #[error("the row of an original is malformed")]
    Row,
}

/// Bodies as blobs, and rows with their heads.
pub(crate) struct OriginalStore {
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) blobs: Blobs,
    /// Opens all of them.
    key: EnvelopeKey,
    address: EnvelopeAddress,
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
    pub(crate) fn new(kv: Arc<dyn Kv>, blobs: Blobs, key: EnvelopeKey) -> Self {
        let address = key.address();
        Self { kv, blobs, key, address }
    }

    /// Encrypts a file for this node; nothing is stored yet.
    pub(crate) fn seal(&self, file: &RecordFile) -> Result<Sealed, OriginalError> {
        let (head, body) = seal_at_rest(&file.to_bytes(), &[self.address])?;
        let piece_len = body.len().div_ceil(PIECES_MAX).max(PIECE_LEN);
        let body = Bytes::from(body);
        let pieces = (0..body.len()).step_by(piece_len).map(|start| {
            let piece = body.slice(start..body.len().min(start + piece_len));
            (Digest(Sha256::digest(&piece).into()), piece)
        });
        let pieces: Vec<_> = pieces.collect();
        let digests: Vec<_> = pieces.iter().map(|(digest, _)| *digest).collect();
        Ok(Sealed { digest: file.manifest().digest(), row: row(&head, &digests)?, pieces })
    }

    /// Opens an original, to be read piece by piece.
    pub(crate) fn open(&self, digest: Digest) -> Result<Option<Opened>, OriginalError> {
        let row = self.kv.get(ORIGINALS, &digest.0)?;
        row.map(|row| Opened::of(&row, &self.blobs)).transpose()
    }

    /// Lets the patient read an original at rest, or nobody but this node.
    pub(crate) async fn set_reader(
        &self,
        digest: Digest,
        patient: Option<EnvelopeAddress>,
    ) -> Result<(), OriginalError> {
        let mut batch = Batch::default();
        // As pushes do: removals wait, so nothing that is being removed comes back.
        let _placing = self.blobs.place(Written::default(), &mut batch).await?;
        let Some(old) = self.kv.get(ORIGINALS, &digest.0)? else { return Ok(()) };
        let (head, pieces) = split(&old)?;
        let readers: Vec<_> = [self.address].into_iter().chain(patient).collect();
        let head = head.address_to(&self.key, &readers)?;
        batch.put(ORIGINALS, &digest.0, &row(&head, &pieces)?);
        Ok(crate::files::commit(&self.kv, batch).await?)
    }

    /// Whether an original is here, readable or not.
    pub(crate) fn contains(&self, digest: Digest) -> Result<bool, OriginalError> {
        Ok(self.kv.get(ORIGINALS, &digest.0)?.is_some())
    }

    /// Whether this node cannot read an original any more: pieces are lost, or its key does not open it.
    pub(crate) async fn is_unreadable(&self, digest: Digest) -> Result<bool, OriginalError> {
        let Some(row) = self.kv.get(ORIGINALS, &digest.0)? else { return Ok(false) };
        let Ok((head, pieces)) = split(&row) else { return Ok(true) };
        if head.address_to(&self.key, &[self.address]).is_err() {
            return Ok(true);
        }
        for piece in pieces {
            match self.blobs.get(piece).await {
                Ok(_) => {}
                // It may have been deleted meanwhile.
                Err(BlobError::Missing(_) | BlobError::Damaged { .. }) => {
                    return Ok(self.kv.get(ORIGINALS, &digest.0)?.is_some());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }

    /// Destroys an original: its head and its pieces.
    pub(crate) async fn remove(&self, digest: Digest) -> Result<(), OriginalError> {
        let removal = self.blobs.removal().await?;
        let Some(row) = self.kv.get(ORIGINALS, &digest.0)? else { return Ok(()) };
        let (_, pieces) = split(&row)?;
        let mut batch = Batch::default();
        batch.delete(ORIGINALS, &digest.0);
        Ok(removal.commit(&pieces, batch).await?)
    }
}

/// An original that is there.
pub(crate) struct Opened {
    head: SealedHead,
    pieces: Vec<Digest>,
    blobs: Blobs,
}

impl Opened {
    /// The original of a row; its blobs lie in `blobs`.
    pub(crate) fn of(row: &[u8], blobs: &Blobs) -> Result<Self, OriginalError> {
        let (head, pieces) = split(row)?;
        Ok(Self { head, pieces, blobs: blobs.clone() })
    }

    /// The record file, decrypted while it is read; blocks the thread meanwhile.
    pub(crate) fn read<'a>(
        &'a self,
        store: &OriginalStore,
        handle: &'a Handle,
    ) -> Result<impl Read + use<'a>, OriginalError> {
        Ok(store.key.open_at_rest(&self.head, self.body(handle))?)
    }

    /// The whole age file as it is at rest; blocks the thread while it is read.
    pub(crate) fn at_rest<'a>(&'a self, handle: &'a Handle) -> impl Read + use<'a> {
        self.head.as_bytes().chain(self.body(handle))
    }

    fn body<'a>(&'a self, handle: &'a Handle) -> Body<'a> {
        let (blobs, piece) = (&self.blobs, Cursor::new(Bytes::new()));
        Body { blobs, handle, pieces: self.pieces.iter(), piece }
    }
}

/// Pieces one after the other.
struct Body<'a> {
    blobs: &'a Blobs,
    handle: &'a Handle,
    pieces: slice::Iter<'a, Digest>,
    piece: Cursor<Bytes>,
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(next) = self.pieces.next() else { return Ok(0) };
            let piece = self.handle.block_on(self.blobs.get(*next));
            self.piece = Cursor::new(piece.map_err(io::Error::other)?);
        }
    }
}

/// What became of the row of an original whose reader was to change.
pub(crate) enum Readdressed {
    /// Another row.
    Now(Vec<u8>),
    /// The new key opens it already.
    Before,
    /// Neither key opens it, or it is malformed.
    Closed,
}

/// The row of an original for a new key instead of an old one; other readers stay.
pub(crate) fn readdress(
    old_row: &[u8],
    old: Option<&EnvelopeKey>,
    new: &EnvelopeKey,
) -> Readdressed {
    let Ok((head, pieces)) = split(old_row) else { return Readdressed::Closed };
    let address = new.address();
    let readdressed = old.and_then(|old| head.readdress(old, &address).ok());
    match readdressed.and_then(|head| row(&head, &pieces).ok()) {
        Some(row) => Readdressed::Now(row),
        None if head.readdress(new, &address).is_ok() => Readdressed::Before,
        None => Readdressed::Closed,
    }
}

/// Length of the head 2, head, digests of the pieces.
fn row(head: &SealedHead, pieces: &[Digest]) -> Result<Vec<u8>, OriginalError> {
    let head = head.as_bytes();
    let length = u16::try_from(head.len()).map_err(|_| OriginalError::Row)?;
    let mut row = [length.to_be_bytes().as_slice(), head].concat();
    pieces.iter().for_each(|piece| row.extend_from_slice(&piece.0));
    Ok(row)
}

fn split(row: &[u8]) -> Result<(SealedHead, Vec<Digest>), OriginalError> {
    let (length, rest) = row.split_first_chunk().ok_or(OriginalError::Row)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (head, pieces) = rest.split_at_checked(length).ok_or(OriginalError::Row)?;
    let (pieces, rest) = pieces.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(OriginalError::Row);
    }
    let pieces = pieces.iter().map(|piece| Digest(*piece)).collect();
    Ok((SealedHead::from_bytes(head.to_vec()), pieces))
}
