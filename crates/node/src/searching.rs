//! Records become searchable: derived data, built from stored files.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use emrshare_codec::{Digest, RecordIndex};
use emrshare_ledger::{StateError, StateRead, Status};
use emrshare_record::{Description, Sections};
use emrshare_storage::{Batch, Document, SearchIndex};
use tokio::sync::Notify;

use crate::{
    chain::NodeChain,
    files::{self, DesensitizedStore, FileError},
    tables::UNSEARCHED,
};

/// Records that become visible together.
const BATCH_MAX: usize = 1024;
/// Under load indexing rests this many times as long as it worked: few large commits cost far less
/// than many small ones, in merging most of all.
const REST_FACTOR: u32 = 4;
const REST_MIN: Duration = Duration::from_millis(200);
const REST_MAX: Duration = Duration::from_secs(2);

/// Works through the table of records that the index does not know.
pub(crate) struct Indexer {
    pub(crate) chain: Arc<NodeChain>,
    pub(crate) files: DesensitizedStore,
    pub(crate) search: Arc<SearchIndex>,
    pub(crate) work: Arc<Notify>,
}

impl Indexer {
    /// Runs until the node stops.
    pub(crate) async fn run(self) {
        loop {
            let start = Instant::now();
            match self.round().await {
                Ok(BATCH_MAX) => {}
                Ok(done) => {
                    let rest = (start.elapsed() * REST_FACTOR).clamp(REST_MIN, REST_MAX);
                    if done == 0 {
                        self.work.notified().await;
                    }
                    tokio::time::sleep(rest).await;
                }
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
        for (key, _) in &rows {
            let (index, digest) = key.split_at(RecordIndex::KEY_LEN);
            let (index, digest) = (RecordIndex::from_key(index)?, Digest(digest.try_into()?));
            // An older version is passed over: the newer one has a row of its own.
            if self.is_current(index, digest)? {
                match self.document(index, digest).await {
                    Ok(document) => {
                        changes.extend(document.map(|document| (index, digest, document)));
                    }
                    // It is mended, and gets a row again.
                    Err(error) if error.is_damage() => {
                        tracing::warn!(%index, %error, "a damaged copy cannot be found by search");
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            batch.delete(UNSEARCHED, key);
        }
        if !rows.is_empty() {
            self.update(changes).await?;
            files::commit(&self.files.kv, batch).await?;
        }
        Ok(rows.len())
    }

    /// Makes documents searchable, and takes back those whose records ended meanwhile: the eraser
    /// may have been here before.
    async fn update(
        &self,
        changes: Vec<(RecordIndex, Digest, Document)>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let versions: Vec<_> = changes.iter().map(|(index, digest, _)| (*index, *digest)).collect();
        let changes = changes.into_iter().map(|(index, _, document)| (index, Some(document)));
        let changes: Vec<_> = changes.collect();
        let search = self.search.clone();
        tokio::task::spawn_blocking(move || search.update(&changes)).await??;
        let mut ended = Vec::new();
        for (index, digest) in versions {
            if !self.is_current(index, digest)? {
                ended.push((index, None));
            }
        }
        if !ended.is_empty() {
            let search = self.search.clone();
            tokio::task::spawn_blocking(move || search.update(&ended)).await??;
        }
        Ok(())
    }

    /// Whether a record lives and this is its current version.
    fn is_current(&self, index: RecordIndex, digest: Digest) -> Result<bool, StateError> {
        let record = self.chain.state().record(index)?;
        Ok(record
            .is_some_and(|record| record.status == Status::Active && record.desensitized == digest))
    }

    /// What is searched of a version.
    async fn document(
        &self,
        index: RecordIndex,
        digest: Digest,
    ) -> Result<Option<Document>, FileError> {
        let Some(file) = self.files.file(digest).await? else { return Ok(None) };
        let record = file.to_record()?;
        let members = self.chain.members();
        let origin = members.get(index.origin());
        let institution = origin.map_or("", |known| known.card.institution.as_str());
        let description = Description::of(record.bundle(), institution);
        Ok(Some(Document {
            diseases: description.diseases.join("; "),
            institution: description.institution,
            collected: description.collected,
            text: Sections::of(&record).joined(),
        }))
    }
}
