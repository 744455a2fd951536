//! A deleted record goes away everywhere, and each node signs that it did; copies that were made
//! anew go as soon as the new ones are here.

use std::{sync::Arc, time::Duration};

use emrshare_codec::{Entry, NodeId, RecordIndex};
use emrshare_contracts::{AuditCall, Call, has_erased};
use emrshare_ledger::{StateRead, Status, TransactionDraft};
use emrshare_storage::{Batch, Kv, SearchIndex};
use tokio::sync::Notify;

use crate::{
    chain::NodeChain,
    clock,
    files::{self, DesensitizedStore, User},
    history::{Version, versions},
    originals::OriginalStore,
    peers::Forward,
    tables::{ERASURES, POLICIES, SUPERSEDED, next_page, pair},
};

/// Rows that are read at once.
const PAGE: usize = 256;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Works through the tables of erasures and of copies that are superseded.
pub(crate) struct Eraser {
    pub(crate) chain: Arc<NodeChain>,
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) files: DesensitizedStore,
    pub(crate) originals: Arc<OriginalStore>,
    pub(crate) search: Arc<SearchIndex>,
    pub(crate) me: NodeId,
    pub(crate) forward: Forward,
    pub(crate) work: Notify,
}

impl Eraser {
    /// Tells that there is something to erase.
    pub(crate) fn wake(&self) {
        self.work.notify_one();
    }

    /// Erases what the table names until the node stops; signs again what was not on a block
    /// within a second.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            match self.rounds().await {
                Ok(0) => self.work.notified().await,
                Ok(_) => tokio::time::sleep(Duration::from_secs(1)).await,
                Err(error) => {
                    tracing::error!(%error, "a deleted record cannot be erased; trying again");
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
            }
        }
    }

    /// Handles every row once; returns how many are left.
    async fn rounds(&self) -> Result<usize, Error> {
        let (erasures, superseded) = (self.erasures().await, self.superseded().await);
        Ok(erasures? + superseded?)
    }

    /// One record that cannot be erased keeps no other one here.
    async fn erasures(&self) -> Result<usize, Error> {
        let rows = self.kv.range(ERASURES, b"", b"", PAGE)?;
        let (mut left, mut failure) = (rows.len(), None);
        for (key, state) in rows {
            match self.erasure(&key, &state).await {
                Ok(is_done) => left -= usize::from(is_done),
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(left), Err)
    }

    /// Erases a record unless it is erased; `true` once the ledger has that.
    async fn erasure(&self, key: &[u8], state: &[u8]) -> Result<bool, Error> {
        let index = RecordIndex::from_key(key)?;
        let mut batch = Batch::default();
        if state.is_empty() {
            self.erase(index).await?;
            batch.put(ERASURES, key, b"erased");
        }
        let is_done = has_erased(&self.chain.state(), index, self.me)?;
        if is_done {
            batch.delete(ERASURES, key);
        }
        if state.is_empty() || is_done {
            files::commit(&self.kv, batch).await?;
        }
        if !is_done {
            self.sign(index);
        }
        Ok(is_done)
    }

    /// Returns how many records wait for the new copy.
    async fn superseded(&self) -> Result<usize, Error> {
        let (mut from, mut left) = (Vec::new(), 0);
        loop {
            let rows = self.kv.range(SUPERSEDED, b"", &from, PAGE)?;
            for (key, _) in &rows {
                let (index, _) = key.split_at(RecordIndex::KEY_LEN.min(key.len()));
                if !self.supersede(RecordIndex::from_key(index)?).await? {
                    left += 1;
                    continue;
                }
                let mut batch = Batch::default();
                batch.delete(SUPERSEDED, key);
                files::commit(&self.kv, batch).await?;
            }
            let Some(next) = next_page(&rows, PAGE) else { return Ok(left) };
            from = next;
        }
    }

    /// Removes all copies but the newest, once that is here; `false` while it is not.
    async fn supersede(&self, index: RecordIndex) -> Result<bool, Error> {
        // Read before the state: a version that comes in between stays.
        let versions = versions(&*self.kv, index)?;
        let record = self.chain.state().record(index)?;
        let Some(record) = record.filter(|record| record.status == Status::Active) else {
            // Its erasure removes them all.
            return Ok(true);
        };
        if !self.files.contains(record.desensitized, &User::record(index))? {
            return Ok(false);
        }
        for Version { entry, .. } in versions {
            if entry.desensitized() != record.desensitized {
                self.remove_copy(&entry).await?;
            }
        }
        Ok(true)
    }

    async fn remove_copy(&self, entry: &Entry) -> Result<(), Error> {
        self.files.remove(entry.desensitized(), &User::record(entry.index())).await?;
        let copy = pair(&entry.desensitized().0, &entry.original().0);
        if self.kv.get(POLICIES, &copy)?.is_some() {
            let mut batch = Batch::default();
            batch.delete(POLICIES, &copy);
            files::commit(&self.kv, batch).await?;
        }
        Ok(())
    }

    /// Removes all versions that the history names.
    async fn erase(&self, index: RecordIndex) -> Result<(), Error> {
        for Version { entry, .. } in versions(&*self.kv, index)? {
            self.remove_copy(&entry).await?;
            if entry.operation().acting() == self.me {
                self.originals.remove(entry.original()).await?;
            }
        }
        let search = self.search.clone();
        tokio::task::spawn_blocking(move || search.update(&[(index, None)])).await??;
        Ok(())
    }

    fn sign(&self, index: RecordIndex) {
        let call = Call::from(AuditCall::Erased { index });
        let draft = TransactionDraft {
            node: self.me,
            contract: call.contract(),
            nonce: clock::ascending(),
            payload: call.to_payload(),
        };
        let transaction = draft.sign(self.chain.name(), &self.chain.signing_key());
        match self.chain.offer(&transaction) {
            Ok(()) => self.forward.send(&transaction),
            Err(error) => tracing::debug!(%error, "an erasure is to be signed again"),
        }
    }
}
