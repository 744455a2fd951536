//! Downloads that are verified on the way.

use std::io::Read;

use emrshare_codec::{Digest, RecordIndex};
use emrshare_contracts::{AuditCall, Parts, Purpose};
use emrshare_identity::EnvelopeKey;
use emrshare_ledger::{Receipt, StateProof};
use emrshare_record::{Excerpt, Manifest, RecordFile};
use reqwest::Method;
use serde_json::{Value, json};

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
                chunks.push(self.chunk(chunk.parse().map_err(answer)?).await?);
            }
            parts.push(chunks);
        }
        RecordFile::assemble(manifest, parts).map_err(answer)
    }

    /// A chunk of any desensitized file that the node has. Its digest is not compared.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if no file has it; see [`ClientError`].
    pub async fn chunk(&self, digest: Digest) -> Result<Vec<u8>, ClientError> {
        self.bytes(&format!("/api/v1/chunks/{digest}")).await
    }

    /// The original of a record: the request goes on the ledger, and if it is allowed, the file comes
    /// from its origin, encrypted to this person. What was asked for and what came are compared.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] with the reason if it is refused; [`ClientError::Answer`] if the
    /// file is not the one on the ledger; see [`ClientError`].
    pub async fn original(
        &self,
        index: RecordIndex,
        purpose: Purpose,
    ) -> Result<RecordFile, ClientError> {
        let (bytes, on_ledger) = self.opened_original(index, purpose, Parts::Everything).await?;
        let file = RecordFile::from_bytes(&bytes).map_err(answer)?;
        same_original(file.manifest(), &on_ledger)?;
        Ok(file)
    }

    /// Some parts of the original of a record, as [`original`](Self::original) gets all of them.
    ///
    /// # Errors
    /// See [`original`](Self::original).
    pub async fn excerpt(
        &self,
        index: RecordIndex,
        purpose: Purpose,
        parts: Parts,
    ) -> Result<Excerpt, ClientError> {
        let (bytes, on_ledger) = self.opened_original(index, purpose, parts).await?;
        let excerpt = Excerpt::from_bytes(&bytes, |part| parts.include(part)).map_err(answer)?;
        same_original(excerpt.manifest(), &on_ledger)?;
        Ok(excerpt)
    }

    /// What came, and the digest of the original that was asked for.
    async fn opened_original(
        &self,
        index: RecordIndex,
        purpose: Purpose,
        parts: Parts,
    ) -> Result<(Vec<u8>, String), ClientError> {
        let request = self.ask(index, purpose, parts).await?;
        let sealed = self.sealed_original(request).await?;
        let mut bytes = Vec::new();
        let opened = EnvelopeKey::of(&self.key).open(sealed.as_slice()).map_err(answer)?;
        let limit = sealed.len() as u64;
        opened.take(limit).read_to_end(&mut bytes).map_err(answer)?;
        let decided = self.request(request).await?;
        Ok((bytes, decided["original"].as_str().unwrap_or_default().to_owned()))
    }

    /// Puts a request for an original, or some parts of it, on the ledger; returns its transaction.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] with the reason if the contract refuses it: the refusal is on the
    /// ledger too. See [`ClientError`].
    pub async fn ask(
        &self,
        index: RecordIndex,
        purpose: Purpose,
        parts: Parts,
    ) -> Result<Digest, ClientError> {
        let recipient = Digest(EnvelopeKey::of(&self.key).address().0);
        let call = AuditCall::Ask { index, purpose, parts, recipient };
        let done = match self.sign_and_send(call).await {
            Err(ClientError::Refused(report)) => {
                let message = report["message"].as_str().unwrap_or("refused");
                return Err(ClientError::NotAllowed(message.to_owned()));
            }
            done => done?,
        };
        let request: Digest =
            done["transaction"].as_str().unwrap_or_default().parse().map_err(answer)?;
        let decided = self.request(request).await?;
        if decided["allowed"] == json!(true) {
            return Ok(request);
        }
        let reason = decided["decision"].as_str().unwrap_or_default();
        Err(ClientError::NotAllowed(format!("the ledger refuses the original: {reason}")))
    }

    /// What was decided about a request.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn request(&self, request: Digest) -> Result<Value, ClientError> {
        self.call(Method::GET, &format!("/api/v1/requests/{request}")).await
    }

    /// The original that a request is about, in an age envelope for this person.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn sealed_original(&self, request: Digest) -> Result<Vec<u8>, ClientError> {
        self.bytes(&format!("/api/v1/requests/{request}/original")).await
    }

    /// The receipt of a record's last entry.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn receipt(&self, index: RecordIndex) -> Result<Receipt, ClientError> {
        let bytes = self.bytes(&format!("/api/v1/records/{index}/receipt")).await?;
        Receipt::from_bytes(&bytes).map_err(answer)
    }

    /// Proof of what the ledger holds of an original now: which record has or had it, or none.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn original_proof(&self, original: Digest) -> Result<StateProof, ClientError> {
        let bytes = self.bytes(&format!("/api/v1/proofs/originals/{original}")).await?;
        StateProof::from_bytes(&bytes).map_err(answer)
    }

    /// Proof of where a record stands now, also one that was deleted or never was.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn record_proof(&self, index: RecordIndex) -> Result<StateProof, ClientError> {
        let bytes = self.bytes(&format!("/api/v1/proofs/records/{index}")).await?;
        StateProof::from_bytes(&bytes).map_err(answer)
    }
}

fn same_original(manifest: &Manifest, on_ledger: &str) -> Result<(), ClientError> {
    if manifest.digest().to_string() == on_ledger {
        return Ok(());
    }
    Err(ClientError::Answer("the original is not the one on the ledger".into()))
}

fn answer(error: impl ToString) -> ClientError {
    ClientError::Answer(error.to_string())
}
