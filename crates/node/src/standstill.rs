//! Tells the log that nothing goes on, and what there is to see of it: who does not answer, and whose
//! clocks differ.

use std::{sync::Arc, time::Duration};

use emrshare_codec::NodeId;
use futures_util::future::join_all;

use crate::{chain::NodeChain, clock, members::Standing, peers::Peers};

/// A node is taken to stand still once its last block is so old.
pub(crate) const AFTER: Duration = Duration::from_secs(60);

/// How often the log is told.
const TELL_EVERY: Duration = Duration::from_secs(300);

/// Clocks of members may differ by so many seconds; answers tell whole ones.
const SKEW_MAX: i64 = 5;

/// Watches a node's progress.
pub(crate) struct StandstillWatch {
    pub(crate) chain: Arc<NodeChain>,
    pub(crate) peers: Peers,
}

impl StandstillWatch {
    /// Runs until it is dropped.
    pub(crate) async fn run(self) {
        loop {
            tokio::time::sleep(AFTER).await;
            if is_standing_still(&self.chain) {
                self.tell().await;
                tokio::time::sleep(TELL_EVERY - AFTER).await;
            }
        }
    }

    async fn tell(&self) {
        let (members, me) = (self.chain.members(), self.chain.me());
        let others: Vec<_> = members
            .iter()
            .filter(|known| known.standing == Standing::Member && known.card.node != me.get())
            .map(|known| known.certificate.node)
            .collect();
        let skews = join_all(others.iter().map(|node| self.skew(*node))).await;
        let seen: Vec<_> = others.iter().zip(skews).collect();
        let silent = seen.iter().filter(|(_, skew)| skew.is_none());
        let silent: Vec<_> = silent.map(|(node, _)| node.get()).collect();
        let differ = seen.iter().filter_map(|(node, skew)| Some((node.get(), (*skew)?)));
        let differ: Vec<_> = differ.filter(|(_, skew)| skew.abs() > SKEW_MAX).collect();
        tracing::warn!(
            others = others.len(),
            ?silent,
            clocks_ahead_by_seconds = ?differ,
            "no block was final for a minute: more than two thirds of the members must be up, their \
             consensus ports reachable, and their clocks agree within five seconds"
        );
    }

    /// By how many seconds a member's clock is ahead of this node's, if it answers.
    async fn skew(&self, node: NodeId) -> Option<i64> {
        let theirs = self.peers.clock(node).await?;
        let ours = i64::try_from(clock::now_ms() / 1000).ok()?;
        Some(theirs - ours)
    }
}

/// Whether the last block is old.
pub(crate) fn is_standing_still(chain: &NodeChain) -> bool {
    let time_ms = chain.watch_tip().borrow().time_ms;
    u128::from(clock::now_ms().saturating_sub(time_ms)) >= AFTER.as_millis()
}
