//! Step 5: everything durable before anything is proposed.

use std::sync::Arc;

use emrshare_codec::Digest;
use emrshare_ledger::StateRead;
use emrshare_storage::Batch;

use super::{Ingest, IngestError, Judged};
use crate::{
    files::{DesensitizedStore, User},
    tables::IDEMPOTENCY,
};

impl Ingest {
    /// Makes the blobs of both files durable and returns the rows that name them; the committer
    /// makes those durable together with the outbox.
    pub(super) async fn store(
        self: &Arc<Self>,
        judged: &Judged,
        request: Option<Digest>,
    ) -> Result<Batch, IngestError> {
        let mut rows = Batch::default();
        let sealed = self.originals.seal(&judged.original);
        let original = self.originals.put(sealed, &mut rows);
        let desensitized = self.files.put_blobs(&judged.desensitized);
        let (original, desensitized) = tokio::join!(original, desensitized);
        original.map_err(IngestError::local)?;
        desensitized.map_err(IngestError::local)?;
        let manifest = judged.desensitized.manifest();
        let user = User::order(judged.original.manifest().digest());
        DesensitizedStore::add_rows(&mut rows, &user, manifest).map_err(IngestError::local)?;
        if let Some(request) = request {
            rows.put(IDEMPOTENCY, &request.0, &judged.original.manifest().digest().0);
        }
        Ok(rows)
    }

    /// Removes the files of a record that another node put on the ledger first: from then on they
    /// cannot become the files of a record of this node, not even by a push that is under way.
    pub(super) async fn discard(&self, judged: &Judged) {
        let original = judged.original.manifest().digest();
        let owner = self.chain.state().record_of_original(original).ok().flatten();
        if owner.is_none_or(|index| index.origin() == self.chain.me()) {
            return;
        }
        let desensitized = judged.desensitized.manifest().digest();
        let files = self.files.remove(desensitized, &User::order(original)).await;
        let originals = self.originals.remove(original).await;
        if let Err(error) =
            files.map_err(|e| e.to_string()).and(originals.map_err(|e| e.to_string()))
        {
            tracing::warn!(%error, "files of a refused record cannot be removed");
        }
    }
}
