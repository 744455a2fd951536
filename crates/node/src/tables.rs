//! The tables of a node's key-value store.
//!
//! All but [`OUTBOX`], [`ORIGINALS`], [`MASTER_ADDRESS`], [`ORIGINAL_BLOBS`] and [`IDEMPOTENCY`] can be rebuilt from blocks and peers.

use emrshare_storage::{BlobTables, Row, Table};

/// State of ledger and contracts after the last block; keys as the ledger has them.
pub(crate) const STATE: Table = Table::new(b's');
/// One row: the header of the last block that was taken over.
pub(crate) const TIP: Table = Table::new(b't');
/// Height → hash of the block.
pub(crate) const BLOCKS: Table = Table::new(b'b');
/// Record index, height, position in the block → entry.
pub(crate) const HISTORY: Table = Table::new(b'h');
/// Record index, digest of its desensitized file → acting node, height: a file to be fetched.
pub(crate) const WANTS: Table = Table::new(b'w');
/// Record index → nothing: a deleted record whose files are to be removed.
pub(crate) const ERASURES: Table = Table::new(b'e');
/// Kind, original digest → entry that is to go on the ledger.
pub(crate) const OUTBOX: Table = Table::new(b'o');
/// Original digest → head of an age file, digests of its body's pieces.
pub(crate) const ORIGINALS: Table = Table::new(b'p');
/// One row: the address that heads of originals are for, beside those of patients.
pub(crate) const MASTER_ADDRESS: Table = Table::new(b'm');
/// Digest of a desensitized file, user → nothing: the file is stored and used by a record or order.
pub(crate) const FILES: Table = Table::new(b'f');
/// Chunk digest, file digest → nothing: the file needs the chunk.
pub(crate) const CHUNKS: Table = Table::new(b'c');
/// Where the blobs of the desensitized store lie.
pub(crate) const DESENSITIZED_BLOBS: BlobTables =
    BlobTables { places: Table::new(b'd'), packs: Table::new(b'D') };
/// Where the sealed pieces of originals lie.
pub(crate) const ORIGINAL_BLOBS: BlobTables =
    BlobTables { places: Table::new(b'q'), packs: Table::new(b'Q') };
/// Record index, digest of its desensitized file → nothing: the search index does not know this
/// version. The digest keeps a version that comes in from being taken for the one at hand.
pub(crate) const UNSEARCHED: Table = Table::new(b'u');
/// Digests of a desensitized file that this node made and of its original → the policy that made it.
pub(crate) const POLICIES: Table = Table::new(b'y');
/// Record index, digest of its new desensitized file → nothing: its copy was made anew, and older ones
/// are to be removed. The digest keeps the row of one copy from going with that of another.
pub(crate) const SUPERSEDED: Table = Table::new(b'x');
/// Height, record index → nothing: its patient, or its original, became another in that block.
pub(crate) const OWNERS_CHANGED: Table = Table::new(b'r');
/// Height, identity → nothing: the person has another key since that block.
pub(crate) const KEYS_CHANGED: Table = Table::new(b'k');
/// Hash of an idempotency key → digest of the original that the request brought, hash of the request.
pub(crate) const IDEMPOTENCY: Table = Table::new(b'i');

/// A key of two fixed-length parts.
pub(crate) fn pair(first: &[u8], second: &[u8]) -> Vec<u8> {
    [first, second].concat()
}

/// Where the rows behind a page begin, if there may be more: at the smallest key behind its last one.
pub(crate) fn next_page(rows: &[Row], page: usize) -> Option<Vec<u8>> {
    let (last, _) = rows.last().filter(|_| rows.len() == page)?;
    Some([last.as_slice(), &[0]].concat())
}
