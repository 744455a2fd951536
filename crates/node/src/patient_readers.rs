//! Patients can read their originals at rest: as soon as the ledger says whose a record is, the
//! heads of its originals at this node are addressed to the patient's key too, and when a registered
//! patient's key changes, to the new one instead.
//!
//! So a patient opens what was taken out of the store with the own key alone, also when the node's
//! is lost.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use emrshare_codec::{Digest, RecordIndex};
use emrshare_contracts::{owner_key, records_of};
use emrshare_identity::EnvelopeAddress;
use emrshare_storage::{Batch, Kv, Table};

use crate::{
    chain::NodeChain,
    files,
    history::{Version, versions},
    originals::{OriginalError, OriginalStore},
    tables::{KEYS_CHANGED, OWNERS_CHANGED},
};

/// Rows that are read at once.
const PAGE: usize = 256;
/// How long to wait before what failed is tried again.
const PATIENCE: Duration = Duration::from_secs(5);
/// Length of the height that rows begin with.
const HEIGHT_LEN: usize = 8;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Works through the tables of owners and keys that changed.
pub(crate) struct PatientReaders {
    pub(crate) chain: Arc<NodeChain>,
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) originals: Arc<OriginalStore>,
}

impl PatientReaders {
    /// Runs until the node stops.
    pub(crate) async fn run(self) {
        let mut tip = self.chain.watch_tip();
        loop {
            let worked = self.owners().await.and(self.keys().await);
            if let Err(error) = worked {
                tracing::error!(%error, "an original cannot be addressed to its patient yet");
                tokio::time::sleep(PATIENCE).await;
            } else if tip.changed().await.is_err() {
                // The node stops.
                return std::future::pending().await;
            }
        }
    }

    async fn owners(&self) -> Result<(), Error> {
        loop {
            let rows = self.rows(OWNERS_CHANGED)?;
            if rows.is_empty() {
                return Ok(());
            }
            let indexes: Result<BTreeSet<_>, _> =
                rows.iter().map(|row| RecordIndex::from_key(&row[HEIGHT_LEN..])).collect();
            for index in indexes? {
                self.address(index).await?;
            }
            self.forget(OWNERS_CHANGED, &rows).await?;
        }
    }

    async fn keys(&self) -> Result<(), Error> {
        loop {
            let rows = self.rows(KEYS_CHANGED)?;
            if rows.is_empty() {
                return Ok(());
            }
            let persons: Result<BTreeSet<[u8; 32]>, _> =
                rows.iter().map(|row| row[HEIGHT_LEN..].try_into()).collect();
            for person in persons? {
                for index in records_of(&self.chain.state(), Digest(person))? {
                    self.address(index).await?;
                }
            }
            self.forget(KEYS_CHANGED, &rows).await?;
        }
    }

    fn rows(&self, table: Table) -> Result<Vec<Vec<u8>>, Error> {
        let rows = self.kv.range(table, b"", b"", PAGE)?;
        Ok(rows.into_iter().map(|(key, _)| key).collect())
    }

    async fn forget(&self, table: Table, rows: &[Vec<u8>]) -> Result<(), Error> {
        let mut batch = Batch::default();
        rows.iter().for_each(|row| batch.delete(table, row));
        Ok(files::commit(&self.kv, batch).await?)
    }

    /// Addresses all originals of a record that lie here to its patient as of now.
    async fn address(&self, index: RecordIndex) -> Result<(), Error> {
        let patient = owner_key(&self.chain.state(), index)?;
        let address = patient.as_ref().and_then(EnvelopeAddress::of);
        for Version { entry, .. } in versions(&*self.kv, index)? {
            if entry.operation().acting() != self.chain.me() {
                continue;
            }
            match self.originals.set_reader(entry.original(), address).await {
                Err(error @ (OriginalError::Closed(_) | OriginalError::Row)) => {
                    tracing::error!(%index, %error, "a damaged original stays as it is");
                }
                done => done?,
            }
        }
        Ok(())
    }
}
