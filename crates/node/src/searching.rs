//! Records become searchable: derived data, built from stored files.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use emrshare_codec::{Digest, RecordIndex};
use emrshare_ledger::{StateError, StateRead, Status};
use emrshare_record::{Description, Sections};
use emrshare_storage::{Batch, Document, Kv, SearchIndex, StoreError};
use tokio::sync::Notify;

use crate::{
    chain::NodeChain,
    files::{self, DesensitizedStore, FileError, use_of},
    node::NodeError,
    tables::{FILES, UNSEARCHED, next_page, pair},
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

/// Opens the search index in a folder. If it is gone, every record that has a copy here is to be
/// indexed again.
pub(crate) fn open(folder: &Path, kv: &dyn Kv) -> Result<SearchIndex, NodeError> {
    if !SearchIndex::is_in(folder) {
        mark_all(kv)?;
    }
    Ok(SearchIndex::open(folder)?)
}

impl Indexer {
    /// Runs until the node stops.
    pub(crate) async fn run(self) {
        let mut from = Vec::new();
        loop {
            let start = Instant::now();
            match self.round(&from).await {
                Ok(Round { next: Some(next), .. }) => from = next,
                Ok(Round { done, next: None }) => {
                    from.clear();
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

    /// Works through the rows that begin at `from`.
    async fn round(&self, from: &[u8]) -> Result<Round, Box<dyn std::error::Error + Send + Sync>> {
        let rows = self.files.kv.range(UNSEARCHED, b"", from, BATCH_MAX)?;
        let mut done = 0;
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
                    // Its row stays until it is mended.
                    Err(error) if error.is_damage() => {
                        tracing::warn!(%index, %error, "a damaged copy cannot be found by search");
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            batch.delete(UNSEARCHED, key);
            done += 1;
        }
        if done > 0 {
            self.update(changes).await?;
            files::commit(&self.files.kv, batch).await?;
        }
        Ok(Round { done, next: next_page(&rows, BATCH_MAX) })
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

/// What became of a page of rows.
struct Round {
    /// Rows that are handled for good.
    done: usize,
    /// Where the next rows begin, if there may be more.
    next: Option<Vec<u8>>,
}

/// Makes a row of each record that has a copy here; the indexer passes over older versions.
fn mark_all(kv: &dyn Kv) -> Result<(), StoreError> {
    let mut from = Vec::new();
    loop {
        let rows = kv.range(FILES, b"", &from, BATCH_MAX)?;
        let mut batch = Batch::default();
        for (file, index) in rows.iter().filter_map(|(key, _)| use_of(key)) {
            batch.put(UNSEARCHED, &pair(&index.to_key(), &file.0), b"");
        }
        kv.commit(batch)?;
        let Some(next) = next_page(&rows, BATCH_MAX) else { return Ok(()) };
        from = next;
    }
}
