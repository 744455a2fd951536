//! A deleted record goes away everywhere, and each node signs that it did.

use std::sync::Arc;

use emrshare_codec::{Entry, NodeId, RecordIndex};
use emrshare_contracts::{AuditCall, Call, has_erased};
use emrshare_identity::SigningKey;
use emrshare_ledger::TransactionDraft;
use emrshare_storage::{Batch, Kv, SearchIndex};
use tokio::sync::Notify;

use crate::{
    chain::NodeChain,
    clock,
    files::{self, DesensitizedStore, User},
    originals::OriginalStore,
    peers::Forward,
    tables::{ERASURES, HISTORY},
};

/// Works through the table of erasures.
pub(crate) struct Eraser {
    pub(crate) chain: Arc<NodeChain>,
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) files: DesensitizedStore,
    pub(crate) originals: Arc<OriginalStore>,
    pub(crate) search: Arc<SearchIndex>,
    pub(crate) me: NodeId,
    pub(crate) key: SigningKey,
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
            match self.round().await {
                Ok(0) => self.work.notified().await,
                Ok(_) => tokio::time::sleep(std::time::Duration::from_secs(1)).await,
                Err(error) => {
                    tracing::error!(%error, "a deleted record cannot be erased; trying again");
                    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
                }
            }
        }
    }

    /// Handles every row once; returns how many are left.
    async fn round(&self) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
        let rows = self.kv.range(ERASURES, b"", b"", 256)?;
        let mut left = rows.len();
        for (key, state) in rows {
            let index = RecordIndex::from_key(&key)?;
            if state.is_empty() {
                self.erase(index).await?;
                let mut batch = Batch::default();
                batch.put(ERASURES, &key, b"erased");
                files::commit(&self.kv, batch).await?;
            }
            if has_erased(&self.chain.state(), index, self.me)? {
                let mut batch = Batch::default();
                batch.delete(ERASURES, &key);
                files::commit(&self.kv, batch).await?;
                left -= 1;
            } else {
                self.sign(index);
            }
        }
        Ok(left)
    }

    /// Removes all versions that the history names.
    async fn erase(
        &self,
        index: RecordIndex,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        for (_, entry) in self.kv.range(HISTORY, &index.to_key(), b"", usize::MAX)? {
            let entry = Entry::from_bytes(entry.as_slice().try_into()?)?;
            self.files.remove(entry.desensitized(), &User::record(index)).await?;
            if index.origin() == self.me {
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
        let transaction = draft.sign(self.chain.name(), &self.key);
        match self.chain.offer(&transaction) {
            Ok(()) => self.forward.send(&transaction),
            Err(error) => tracing::debug!(%error, "an erasure is to be signed again"),
        }
    }
}
