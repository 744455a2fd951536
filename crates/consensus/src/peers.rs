//! Whom the engine holds connections with.

use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{Address, AddressableManager};
use commonware_utils::{TryCollect, ordered::Map};
use tokio::sync::watch;

use crate::{EngineError, Peer, engine::public_key};

/// Peers at the same time: members and those that leave with the epoch.
pub(crate) const PEERS_MAX: usize = 128;

/// Keys and addresses in the engine's types; of too many the last ones are left out.
pub(crate) fn addresses(peers: &[Peer]) -> Result<Map<PublicKey, Address>, EngineError> {
    if peers.len() > PEERS_MAX {
        tracing::error!(count = peers.len(), "there are more peers than the engine connects with");
    }
    let pair = |peer: &Peer| Ok((public_key(&peer.key)?, Address::from(peer.address)));
    // This node takes a place of its own.
    let pairs = peers.iter().take(PEERS_MAX - 1).map(pair).collect::<Result<Vec<_>, _>>()?;
    pairs.into_iter().try_collect().map_err(|_| EngineError::Keys)
}

/// Connects with new peers and drops old ones, for ever.
pub(crate) async fn follow<M>(mut oracle: M, mut peers: watch::Receiver<Vec<Peer>>)
where
    M: AddressableManager<PublicKey = PublicKey>,
{
    for number in 1.. {
        if peers.changed().await.is_err() {
            // Those that were named stay.
            return std::future::pending().await;
        }
        let named = peers.borrow_and_update().clone();
        match addresses(&named) {
            Ok(addresses) => drop(oracle.track(number, addresses)),
            Err(error) => tracing::error!(%error, "the peers cannot be connected with"),
        }
    }
}
