//! Records become searchable: derived data, built from stored files.

use std::{sync::Arc, time::Duration};

use emrshare_codec::RecordIndex;
use emrshare_ledger::{StateRead, Status};
use emrshare_record::{Description, Sections};
use emrshare_storage::{Batch, Document, SearchIndex};
use tokio::sync::Notify;

use crate::{
    chain::NodeChain,
    files::{self, DesensitizedStore, FileError},
    tables::UNSEARCHED,
};

/// Records that become visible together.
const BATCH_MAX: usize = 512;

/// Works through the table of records that the index does not know.
pub(crate) struct Indexer {
    pub(crate) chain: Arc<NodeChain>,
    pub(crate) files: DesensitizedStore,
    pub(crate) search: Arc<SearchIndex>,
    pub(crate) work: Arc<Notify>,
    /// Name of each member's institution, by node id.
    pub(crate) institutions: Vec<(u32, String)>,
}

impl Indexer {
    /// Runs until the node stops.
    pub(crate) async fn run(self) {
        loop {
            match self.round().await {
                // Records come in bursts: gathering them makes fewer, larger commits.
                Ok(0) => {
                    self.work.notified().await;
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "the search index is behind; trying again");
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
            }
        }
    }

    async fn round(&self) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
        let rows = self.files.kv.range(UNSEARCHED, b"", b"", BATCH_MAX)?;
        let mut changes = Vec::new();
        let mut batch = Batch::default();
        for (key, _) in rows {
            let index = RecordIndex::from_key(&key)?;
            changes.push((index, self.document(index).await?));
            batch.delete(UNSEARCHED, &key);
        }
        let count = changes.len();
        if count > 0 {
            let search = self.search.clone();
            tokio::task::spawn_blocking(move || search.update(&changes)).await??;
            files::commit(&self.files.kv, batch).await?;
        }
        Ok(count)
    }

    /// What is searched of a record's current version; nothing of a deleted one.
    async fn document(&self, index: RecordIndex) -> Result<Option<Document>, FileError> {
        let record = self.chain.state().record(index).ok().flatten();
        let Some(record) = record.filter(|record| record.status == Status::Active) else {
            return Ok(None);
        };
        let Some(file) = self.files.file(record.desensitized).await? else { return Ok(None) };
        let record = file.to_record()?;
        let institution = self.institution(index.origin().get());
        let description = Description::of(record.bundle(), institution);
        Ok(Some(Document {
            diseases: description.diseases.join("; "),
            institution: description.institution,
            collected: description.collected,
            text: Sections::of(&record).joined(),
        }))
    }

    fn institution(&self, node: u32) -> &str {
        let known = self.institutions.iter().find(|(id, _)| *id == node);
        known.map_or("", |(_, name)| name)
    }
}
