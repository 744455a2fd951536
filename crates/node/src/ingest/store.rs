//! Step 5: everything durable before anything is proposed.

use bytes::Bytes;
use emrshare_codec::{Digest, RecordIndex};
use emrshare_ledger::StateRead;
use emrshare_record::RecordFile;
use emrshare_storage::{Batch, BlobError};
use tokio::runtime::Handle;

use super::{Ingest, IngestError, Judged, Order, request::Request};
use crate::{
    chain::NodeChain,
    files::{self, DesensitizedStore, User},
    originals::{OriginalError, OriginalStore},
    tables::{OWNERS_CHANGED, POLICIES, pair},
};

/// Both files of a record, ready to be stored: the original sealed.
#[derive(Default)]
pub(crate) struct Parcel {
    rows: Batch,
    original: Vec<(Digest, Bytes)>,
    desensitized: Vec<(Digest, Bytes)>,
}

impl Parcel {
    /// A copy alone, made of an original that is stored.
    pub(super) fn of_copy(
        original: Digest,
        copy: &RecordFile,
        policy: Digest,
    ) -> Result<Self, IngestError> {
        let mut rows = Batch::default();
        let manifest = copy.manifest();
        DesensitizedStore::add_rows(&mut rows, &User::order(original), manifest)
            .map_err(IngestError::local)?;
        rows.put(POLICIES, &pair(&manifest.digest().0, &original.0), &policy.0);
        let desensitized = DesensitizedStore::blobs_of(copy);
        Ok(Self { rows, original: Vec::new(), desensitized })
    }
}

/// Makes the files of many records and a batch of rows durable: one object for each store, then
/// one commit.
pub(super) async fn store(
    originals: &OriginalStore,
    files: &DesensitizedStore,
    parcels: Vec<Parcel>,
    mut batch: Batch,
) -> Result<(), BlobError> {
    let (mut sealed, mut desensitized) = (Vec::new(), Vec::new());
    for parcel in parcels {
        batch.append(parcel.rows);
        sealed.extend(parcel.original);
        desensitized.extend(parcel.desensitized);
    }
    let (sealed, desensitized) =
        tokio::try_join!(originals.blobs.put_all(sealed), files.blobs.put_all(desensitized))?;
    let _originals = originals.blobs.place(sealed, &mut batch).await?;
    let _desensitized = files.blobs.place(desensitized, &mut batch).await?;
    Ok(files::commit(&files.kv, batch).await?)
}

impl Ingest {
    /// Seals the original and gathers what is to become durable.
    pub(super) fn parcel(
        &self,
        judged: &Judged,
        request: Option<Request>,
    ) -> Result<Parcel, IngestError> {
        let original = judged.original.manifest().digest();
        let mut parcel = Parcel::of_copy(original, &judged.desensitized, judged.policy)?;
        let sealed = self.originals.seal(&judged.original).map_err(IngestError::local)?;
        sealed.add_row(&mut parcel.rows);
        if let Some(request) = request {
            request.add_row(&mut parcel.rows, original);
        }
        parcel.original = sealed.pieces;
        Ok(parcel)
    }

    /// Stores an original of this node again that cannot be read any more, or is gone, for its record was
    /// pushed again; blocks the thread.
    pub(super) fn restore(&self, original: &RecordFile) -> Result<(), IngestError> {
        let sha256 = original.manifest().digest();
        let index = self.chain.state().record_of_original(sha256).map_err(IngestError::local)?;
        let Some(index) = index else { return Ok(()) };
        let restored = Handle::current().block_on(self.restored(original, index));
        if restored.map_err(IngestError::local)? {
            tracing::warn!(%index, %sha256, "a lost original was stored again");
        }
        Ok(())
    }

    /// Whether it was lost.
    async fn restored(
        &self,
        original: &RecordFile,
        index: RecordIndex,
    ) -> Result<bool, OriginalError> {
        let digest = original.manifest().digest();
        let is_lost = if self.originals.contains(digest)? {
            self.originals.is_unreadable(digest).await?
        } else {
            // That of another node, or of a deleted record, has no place here.
            let record = self.active(index).ok();
            record.is_some_and(|now| now.acting == self.chain.me() && now.original == digest)
        };
        if !is_lost {
            return Ok(false);
        }
        self.originals.remove(digest).await?;
        let sealed = self.originals.seal(original)?;
        let mut rows = Batch::default();
        sealed.add_row(&mut rows);
        // Its patient shall read it too.
        let height = self.chain.watch_tip().borrow().height;
        rows.put(OWNERS_CHANGED, &pair(&height.to_be_bytes(), &index.to_key()), b"");
        let parcel = Parcel { rows, original: sealed.pieces, desensitized: Vec::new() };
        store(&self.originals, &self.files, vec![parcel], Batch::default()).await?;
        Ok(true)
    }
}

/// Removes the files of an order whose original another node put on the ledger first: from then on they
/// cannot become the files of a record of this node, not even by a push that is under way.
pub(super) async fn discard(
    chain: &NodeChain,
    originals: &OriginalStore,
    files: &DesensitizedStore,
    order: &Order,
) {
    let (state, original) = (chain.state(), order.original);
    let owner = state.record_of_original(original).ok().flatten();
    let owner = owner.and_then(|index| state.record(index).ok().flatten());
    if owner.is_none_or(|record| record.acting == chain.me()) {
        return;
    }
    let removed = files.remove(order.desensitized, &User::order(original)).await;
    let originals = originals.remove(original).await;
    if let Err(error) = removed.map_err(|e| e.to_string()).and(originals.map_err(|e| e.to_string()))
    {
        tracing::warn!(%error, "files of a refused record cannot be removed");
    }
}
