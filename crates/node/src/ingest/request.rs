//! A request that its sender may send again: it is carried out once.

use emrshare_codec::Digest;
use emrshare_record::SourceFile;
use emrshare_storage::{Batch, Kv};
use sha2::{Digest as _, Sha256};

use super::{Change, IngestError};
use crate::tables::{IDEMPOTENCY, pair};

/// A request with an idempotency key (draft-ietf-httpapi-idempotency-key-header-07).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// Hash of the key.
    key: Digest,
    /// Hash of what is asked for.
    content: Digest,
}

impl Request {
    /// The request to make `change` with `files`, under the sender's key.
    pub(super) fn new(key: &[u8], change: Change, files: &[SourceFile]) -> Self {
        let mut content = Sha256::new();
        match change {
            Change::Add => content.update([0]),
            Change::Update(index) => content.update([&[1], index.to_key().as_slice()].concat()),
        }
        for part in files.iter().flat_map(|file| [file.name.as_bytes(), &file.bytes]) {
            content.update((part.len() as u64).to_be_bytes());
            content.update(part);
        }
        Self { key: Digest(Sha256::digest(key).into()), content: Digest(content.finalize().into()) }
    }

    /// Adds the row that makes the request known, with the original that it brought.
    pub(super) fn add_row(&self, batch: &mut Batch, original: Digest) {
        batch.put(IDEMPOTENCY, &self.key.0, &pair(&original.0, &self.content.0));
    }

    /// The original that the request brought, if it came before.
    pub(super) fn original(&self, kv: &dyn Kv) -> Result<Option<Digest>, IngestError> {
        let row = kv.get(IDEMPOTENCY, &self.key.0).map_err(IngestError::local)?;
        let Some(row) = row else { return Ok(None) };
        match row.as_chunks::<32>().0 {
            [original, content] if *content == self.content.0 => Ok(Some(Digest(*original))),
            _ => Err(IngestError::OtherRequest),
        }
    }
}
