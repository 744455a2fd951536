//! Downloads that are verified on the way.

use emrshare_codec::RecordIndex;
use emrshare_ledger::Receipt;
use emrshare_record::{Manifest, RecordFile};

use crate::{Client, ClientError};

impl Client {
    /// The desensitized file of a record; manifest and chunks are checked, and the manifest's
    /// digest against the one that the node shows for the ledger.
    ///
    /// # Errors
    /// [`ClientError::Answer`] if anything does not fit; see [`ClientError`].
    pub async fn desensitized(&self, index: RecordIndex) -> Result<RecordFile, ClientError> {
        let shown = self.show(index).await?;
        let last = shown["history"].as_array().and_then(|history| history.last());
        let on_ledger = last.and_then(|entry| entry["desensitized"].as_str()).unwrap_or_default();
        let bytes = self.bytes(&format!("/api/v1/records/{index}/desensitized")).await?;
        let manifest = Manifest::from_bytes(bytes).map_err(answer)?;
        if manifest.digest().to_string() != on_ledger {
            return Err(ClientError::Answer("the manifest is not the one on the ledger".into()));
        }
        let mut parts = Vec::with_capacity(manifest.parts().len());
        for part in manifest.parts() {
            let mut chunks = Vec::with_capacity(part.chunks.len());
            for chunk in &part.chunks {
                chunks.push(self.bytes(&format!("/api/v1/chunks/{chunk}")).await?);
            }
            parts.push(chunks);
        }
        RecordFile::assemble(manifest, parts).map_err(answer)
    }

    /// The original of a record, from its origin, for those who may read it.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] without a grant; see [`ClientError`].
    pub async fn original(&self, index: RecordIndex) -> Result<RecordFile, ClientError> {
        let bytes = self.bytes(&format!("/api/v1/records/{index}/original")).await?;
        RecordFile::from_bytes(&bytes).map_err(answer)
    }

    /// The receipt of a record's last entry.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn receipt(&self, index: RecordIndex) -> Result<Receipt, ClientError> {
        let bytes = self.bytes(&format!("/api/v1/records/{index}/receipt")).await?;
        Receipt::from_bytes(&bytes).map_err(answer)
    }
}

fn answer(error: impl ToString) -> ClientError {
    ClientError::Answer(error.to_string())
}
