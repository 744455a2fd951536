//! When the consortium has agreed on another policy, this node makes the copies of its records anew.

use std::{sync::Arc, time::Duration};

use emrshare_codec::RecordIndex;
use emrshare_contracts::{TermsInForce, terms_in_force};
use emrshare_ledger::{Header, RecordState, Status};
use emrshare_storage::StoreError;
use futures_util::{StreamExt, stream};
use tokio::sync::{Notify, watch};

use crate::{
    ingest::{Ingest, IngestError, commit::may_update},
    measures,
    tables::{POLICIES, pair},
};

/// Rows of the state that are read at once.
const PAGE: usize = 1024;
/// Copies under way: pushes wait behind so many at most.
const UNDER_WAY: usize = 32;
/// How long to wait before what failed is tried again: longer each time.
const PATIENCE: Duration = Duration::from_secs(30);
const PATIENCE_MAX: Duration = Duration::from_secs(3600);

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Looks for copies that an older policy made.
pub(crate) struct Recopier {
    pub(crate) ingest: Arc<Ingest>,
    /// Tells that a copy has just become final that the policy in force did not make.
    pub(crate) outdated: Arc<Notify>,
}

impl Recopier {
    /// Runs until the node stops.
    pub(crate) async fn run(self) {
        let mut tip = self.ingest.chain.watch_tip();
        let mut patience = PATIENCE;
        loop {
            let seen = self.policy_since();
            let failure = match self.round().await {
                Ok(0) => {
                    patience = PATIENCE;
                    tokio::select! {
                        () = self.outdated.notified() => {}
                        () = self.another_policy(seen, &mut tip) => {}
                    }
                    continue;
                }
                Ok(failed) => format!("{failed} cannot be made anew"),
                Err(error) => error.to_string(),
            };
            tracing::warn!(failure, ?patience, "copies by an older policy remain");
            tokio::time::sleep(patience).await;
            patience = (2 * patience).min(PATIENCE_MAX);
        }
    }

    fn policy_since(&self) -> Option<u64> {
        terms_in_force(&self.ingest.chain.state()).ok().map(|terms| terms.policy_since)
    }

    async fn another_policy(&self, seen: Option<u64>, tip: &mut watch::Receiver<Header>) {
        while self.policy_since() == seen {
            if tip.changed().await.is_err() {
                // The node stops.
                return std::future::pending().await;
            }
        }
    }

    /// Makes copies anew; returns how many could not be made.
    async fn round(&self) -> Result<usize, Error> {
        let chain = &self.ingest.chain;
        let in_force = terms_in_force(&chain.state())?;
        // Rather one error than one for each record.
        self.ingest.terms.in_force(&chain.state())?;
        self.ingest.check_room()?;
        let (mut from, mut made, mut failed) = (Vec::new(), 0_usize, 0_usize);
        loop {
            let (outdated, next) = self.outdated_from(&from, &in_force)?;
            if !outdated.is_empty() && !chain.members().is_active(chain.me()) {
                return Err("nothing of this node is taken now".into());
            }
            let copies = stream::iter(outdated).map(|index| self.copy(index));
            let copies: Vec<_> = copies.buffer_unordered(UNDER_WAY).collect().await;
            made += copies.iter().filter(|is_made| **is_made).count();
            failed += copies.iter().filter(|is_made| !**is_made).count();
            metrics::gauge!(measures::COPIES_FAILED).set(failed as f64);
            let Some(next) = next else { break };
            from = next;
        }
        if made > 0 {
            tracing::info!(made, policy = %in_force.terms.policy, "copies were made anew");
        }
        Ok(failed)
    }

    /// Records of one page whose copies another policy made, and where the next page begins.
    fn outdated_from(
        &self,
        from: &[u8],
        in_force: &TermsInForce,
    ) -> Result<(Vec<RecordIndex>, Option<Vec<u8>>), Error> {
        let (state, me) = (self.ingest.chain.state(), self.ingest.chain.me());
        let (records, next) = state.records_from(from, PAGE)?;
        let mut outdated = Vec::new();
        for (index, record) in records {
            // Who made the last version has its original, also of a record of another; without the
            // agreement that copy stays as it is.
            let is_mine =
                record.acting == me && (index.origin() == me || may_update(&state, index, me)?);
            if is_mine && record.status == Status::Active && !self.is_current(&record, in_force)? {
                outdated.push(index);
            }
        }
        Ok((outdated, next))
    }

    /// Whether the ledger and this node's own rows say that the policy in force made the copy.
    fn is_current(
        &self,
        record: &RecordState,
        in_force: &TermsInForce,
    ) -> Result<bool, StoreError> {
        let copy = pair(&record.desensitized.0, &record.original.0);
        let policy = self.ingest.files.kv.get(POLICIES, &copy)?;
        Ok(record.height > in_force.policy_since
            && policy.as_deref() == Some(in_force.terms.policy.0.as_slice()))
    }

    /// Whether a copy is current now.
    async fn copy(&self, index: RecordIndex) -> bool {
        match self.ingest.copy_anew(index).await {
            Ok(_) => true,
            // It was deleted, or is changed at this moment: the change brings a copy of its own.
            Err(IngestError::NotFound(_) | IngestError::UnderWay) => true,
            Err(error) => {
                tracing::error!(%index, %error, "a copy cannot be made anew");
                false
            }
        }
    }
}
