//! The copy of a record that is on the ledger, made anew by the policy in force.

use std::{io::Read, sync::Arc};

use emrshare_codec::{Digest, Kind, RecordIndex};
use emrshare_record::RecordFile;
use tokio::runtime::Handle;

use super::{Ingest, IngestError, Order, commit::Committed, desensitize, judge, store::Parcel};
use crate::files::User;

impl Ingest {
    /// Makes the copy of a record of this node anew from its original, which stays as it is.
    pub(crate) async fn copy_anew(
        self: &Arc<Self>,
        index: RecordIndex,
    ) -> Result<Committed, IngestError> {
        let original = self.active(index)?.original;
        let bytes = self.original(original).await?;
        let (copy, policy, parcel) =
            self.on_a_core(bytes, move |this, bytes| this.copy(original, &bytes)).await?;
        let order = Order {
            kind: Kind::Update,
            index: Some(index),
            original,
            desensitized: copy,
            policy: Some(policy),
            is_anew: true,
        };
        let committed = self.committer.commit(order, parcel).await;
        if committed.is_err() {
            let removed = self.files.remove(copy, &User::order(original)).await;
            removed.map_err(IngestError::local)?;
        }
        committed
    }

    /// The copy of a record of this node as it is on the ledger, made again from its original; none
    /// if the terms in force make another, or the original is not there.
    pub(crate) async fn same_copy(self: &Arc<Self>, index: RecordIndex) -> Option<RecordFile> {
        let record = self.active(index).ok()?;
        let bytes = self.original(record.original).await.ok()?;
        let made = self.on_a_core(bytes, |this, bytes| Ok(this.made(&bytes)?.0)).await.ok()?;
        (made.manifest().digest() == record.desensitized).then_some(made)
    }

    async fn original(&self, digest: Digest) -> Result<Vec<u8>, IngestError> {
        let opened = self.originals.open(digest).map_err(IngestError::local)?;
        let opened = opened.ok_or_else(|| IngestError::local("the original is not there"))?;
        let (originals, handle) = (self.originals.clone(), Handle::current());
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            let mut reader = opened.read(&originals, &handle).map_err(IngestError::local)?;
            reader.read_to_end(&mut bytes).map_err(IngestError::local)?;
            Ok(bytes)
        });
        read.await.map_err(IngestError::local)?
    }

    /// Digest of the copy, and of the policy that it was made by.
    fn copy(
        &self,
        original: Digest,
        bytes: &[u8],
    ) -> Result<(Digest, Digest, Parcel), IngestError> {
        let (copy, policy) = self.made(bytes)?;
        let parcel = Parcel::of_copy(original, &copy, policy)?;
        Ok((copy.manifest().digest(), policy, parcel))
    }

    /// The copy of an original, and the digest of the policy that it is made by.
    fn made(&self, original: &[u8]) -> Result<(RecordFile, Digest), IngestError> {
        let record = RecordFile::from_bytes(original).and_then(|file| file.to_record());
        let record = record.map_err(IngestError::local)?;
        let terms = self.terms_in_force()?;
        // Complete or not by today's terms: it is on the ledger.
        let verdict = judge::verdict(&record, &terms);
        let (copy, _) = desensitize::desensitize(&terms.desensitizer, &record, &verdict)?;
        Ok((RecordFile::desensitized(&copy), terms.named.policy))
    }
}
