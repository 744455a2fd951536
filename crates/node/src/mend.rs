//! A copy that has rotted on the disk is made or fetched again.

use std::sync::Arc;

use emrshare_codec::Digest;
use emrshare_ledger::{StateRead, Status};
use emrshare_storage::Batch;
use emrshare_sync::{Task, Want};
use tokio::sync::{Notify, mpsc};

use crate::{
    files::{self, DesensitizedStore},
    ingest::Ingest,
    measures,
    replicate::want_row,
    tables::WANTS,
};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Mends files that a reader found damaged.
pub(crate) struct Mender {
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) files: DesensitizedStore,
    pub(crate) damaged: mpsc::Receiver<Digest>,
    /// To the replicator.
    pub(crate) tasks: mpsc::UnboundedSender<Vec<Task>>,
    /// Wakes the indexer.
    pub(crate) search: Arc<Notify>,
}

impl Mender {
    /// Runs until the node stops.
    pub(crate) async fn run(mut self) {
        while let Some(file) = self.damaged.recv().await {
            if let Err(error) = self.mend(file).await {
                tracing::error!(%file, %error, "a damaged copy cannot be mended now");
            }
        }
    }

    async fn mend(&self, file: Digest) -> Result<(), Error> {
        let wants = self.wants(file)?;
        if wants.is_empty() {
            return Ok(());
        }
        let lost = self.files.lost(file).await?;
        if lost.is_empty() {
            return Ok(());
        }
        metrics::counter!(measures::COPIES_DAMAGED).increment(1);
        // What is there no more is written again; what is damaged would be taken for good.
        self.files.blobs.removal().await?.commit(&lost, Batch::default()).await?;
        let me = self.ingest.chain.me();
        if let Some(own) = wants.iter().find(|want| want.acting == me)
            && let Some(copy) = self.ingest.same_copy(own.index).await
        {
            self.files.put_back(&copy).await?;
            self.search.notify_one();
            tracing::warn!(%file, "a damaged copy was made again from its original");
            return Ok(());
        }
        self.fetch(&wants).await?;
        tracing::warn!(%file, "a damaged copy is fetched again");
        Ok(())
    }

    /// The records that need a file, but for those that wait for it already.
    fn wants(&self, file: Digest) -> Result<Vec<Want>, Error> {
        let mut wants = Vec::new();
        for index in self.files.records(file)? {
            let record = self.ingest.chain.state().record(index)?;
            let current = record
                .filter(|record| record.status == Status::Active && record.desensitized == file);
            let want = current.map(|record| {
                let (acting, height) = (record.acting, record.height);
                Want { index, digest: file, acting, height }
            });
            if let Some(want) = want
                && self.files.kv.get(WANTS, &want_row(&want).0)?.is_none()
            {
                wants.push(want);
            }
        }
        Ok(wants)
    }

    async fn fetch(&self, wants: &[Want]) -> Result<(), Error> {
        let mut batch = Batch::default();
        for want in wants {
            let (key, value) = want_row(want);
            batch.put(WANTS, &key, &value);
        }
        files::commit(&self.files.kv, batch).await?;
        // The replicator is gone only while the node stops; it begins with the rows.
        let _ = self.tasks.send(wants.iter().copied().map(Task::Fetch).collect());
        Ok(())
    }
}
