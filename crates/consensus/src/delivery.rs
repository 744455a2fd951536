//! Hands final blocks to the chain, several at a time, and acknowledges them once durable.

use std::sync::{Arc, mpsc};

use commonware_utils::{Acknowledgement, acknowledgement::Exact};
use emrshare_ledger::Header;
use tokio::sync::watch;

use crate::{Chain, block::EngineBlock};

/// A final block and what to tell the engine when it is durable.
pub(crate) type Final = (EngineBlock, Exact);

/// Blocks that are taken over in one go: no more than the engine leaves unacknowledged.
pub(crate) const GROUP_MAX: usize = 16;

/// Starts the thread that delivers; it ends when all senders are gone, or on an error, after which
/// nothing is acknowledged and a restart delivers the blocks again. `delivered` tells the last header
/// that the chain has taken over.
pub(crate) fn start(
    chain: Arc<dyn Chain>,
    delivered: watch::Sender<Header>,
) -> mpsc::SyncSender<Final> {
    let (sender, receiver) = mpsc::sync_channel::<Final>(GROUP_MAX);
    let deliver = move || {
        while let Ok(first) = receiver.recv() {
            let group: Vec<Final> = std::iter::once(first).chain(receiver.try_iter()).collect();
            let (blocks, acknowledgements): (Vec<_>, Vec<_>) = group
                .into_iter()
                .map(|(block, acknowledgement)| (block.0, acknowledgement))
                .unzip();
            if let Err(error) = chain.finalized(&blocks) {
                tracing::error!(%error, "final blocks cannot be taken over; restart the node");
                return;
            }
            delivered.send_replace(chain.tip());
            acknowledgements.into_iter().for_each(Exact::acknowledge);
        }
    };
    std::thread::Builder::new()
        .name("emrshare-deliver".into())
        .spawn(deliver)
        .expect("the system can start a thread");
    sender
}
