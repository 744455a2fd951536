//! The engine's questions, put to the chain.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use commonware_actor::Feedback;
use commonware_consensus::{
    Application, Reporter,
    marshal::{Update, ancestry::Ancestry},
    simplex::types::Context,
};
use commonware_cryptography::{Digested, ed25519::PublicKey, sha256::Digest};
use commonware_runtime::{Clock, Metrics, Spawner, Storage};
use commonware_utils::SystemTimeExt;
use emrshare_ledger::Block;
use futures_util::StreamExt;
use rand_core::CryptoRng;
use tokio::sync::Notify;

use crate::{
    Chain, Judgement,
    block::{EngineBlock, engine_digest},
    delivery::Final,
    engine::CLOCK_SKEW_MAX_MS,
    schemes::Scheme,
};

/// Proposes, verifies and reports through a [`Chain`].
#[derive(Clone)]
pub(crate) struct ChainApplication {
    pub(crate) chain: Arc<dyn Chain>,
    pub(crate) work: Arc<Notify>,
    pub(crate) heartbeat: Duration,
    pub(crate) finals: mpsc::SyncSender<Final>,
}

impl ChainApplication {
    /// Makes the state after `block` known by judging its unknown ancestors, oldest first.
    ///
    /// `None`: an ancestor breaks a rule. Never answers on a temporary condition, nor on a block
    /// that final ones have overtaken: then the view passes without this node.
    async fn make_known(
        &self,
        block: Block,
        mut ancestry: impl Ancestry<EngineBlock>,
    ) -> Option<Block> {
        let mut unknown = Vec::new();
        let mut next = block.clone();
        while !self.chain.knows(next.hash()) {
            if next.header().height <= self.chain.tip().height {
                return std::future::pending().await;
            }
            unknown.push(next);
            next = next_block(&mut ancestry).await?;
        }
        while let Some(ancestor) = unknown.pop() {
            match self.chain.judge(&ancestor) {
                Ok(Judgement::Valid) => {}
                Ok(Judgement::Invalid) => return None,
                // It became final while it was to be judged.
                Err(_) if self.chain.knows(ancestor.hash()) => {}
                Err(error) => {
                    tracing::warn!(%error, "a block cannot be judged");
                    return std::future::pending().await;
                }
            }
        }
        Some(block)
    }

    /// Waits as long as a block is of a time to come: the view passes without this node, if that is too
    /// long. Else one leader could put the time of all later blocks wherever it wants. A chain that is
    /// there already, since clocks were set back, goes on at the same time.
    async fn wait_until_timely(&self, clock: &impl Clock, block: &Block) {
        let header = block.header();
        let latest = clock.current().epoch_millis().saturating_add(CLOCK_SKEW_MAX_MS);
        let early_ms = header.time_ms.saturating_sub(latest.max(self.chain.tip().time_ms));
        if early_ms > 0 {
            let (height, seconds) = (header.height, (early_ms + CLOCK_SKEW_MAX_MS) / 1000);
            tracing::warn!(
                height,
                seconds,
                "a proposed block is of a time to come: the leader's clock or this one is wrong"
            );
            clock.sleep(Duration::from_millis(early_ms)).await;
        }
    }

    /// Waits until there is something to say after `parent`, or for the heartbeat.
    async fn wait_for_work(&self, clock: &impl Clock, parent: Digest) {
        let heartbeat = clock.sleep(self.heartbeat);
        tokio::pin!(heartbeat);
        loop {
            let notified = self.work.notified();
            if self.chain.has_work(emrshare_codec::Digest(parent.0)) {
                return;
            }
            tokio::select! {
                () = notified => {}
                () = &mut heartbeat => return,
            }
        }
    }
}

/// The next older block, without the engine's wrapping.
async fn next_block(ancestry: &mut impl Ancestry<EngineBlock>) -> Option<Block> {
    Some(ancestry.next().await?.inner().0.clone())
}

impl<E> Application<E> for ChainApplication
where
    E: CryptoRng + Spawner + Metrics + Clock + Storage,
{
    type SigningScheme = Scheme;
    type Context = Context<Digest, PublicKey>;
    type Block = EngineBlock;
    type Input = ();

    async fn propose(
        &mut self,
        (runtime, _): (E, Self::Context),
        mut ancestry: impl Ancestry<EngineBlock>,
        (): (),
    ) -> Option<Digested<EngineBlock>> {
        let parent = next_block(&mut ancestry).await?;
        let parent = self.make_known(parent, ancestry).await?;
        self.wait_for_work(&runtime, engine_digest(parent.hash())).await;
        match self.chain.propose(&parent, runtime.current().epoch_millis()) {
            Ok(block) => {
                let digest = engine_digest(block.hash());
                Some(Digested::precomputed(EngineBlock(block), digest))
            }
            Err(error) => {
                tracing::error!(%error, "no block can be proposed");
                None
            }
        }
    }

    async fn verify(
        &mut self,
        (runtime, _): (E, Self::Context),
        mut ancestry: impl Ancestry<EngineBlock>,
    ) -> bool {
        let Some(block) = next_block(&mut ancestry).await else { return false };
        self.wait_until_timely(&runtime, &block).await;
        self.make_known(block, ancestry).await.is_some()
    }
}

impl Reporter for ChainApplication {
    type Activity = Update<EngineBlock>;

    fn report(&mut self, activity: Self::Activity) -> Feedback {
        if let Update::Block(block, acknowledgement) = activity {
            // Full only if the engine broke its own bound; gone only if delivery has failed: then
            // nothing is acknowledged and a restart delivers the block again.
            if self.finals.try_send((block.inner().clone(), acknowledgement)).is_err() {
                tracing::error!("a final block cannot be delivered; restart the node");
            }
        }
        Feedback::Ok
    }
}
