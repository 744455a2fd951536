//! Whom the engine holds connections with.

use std::num::NonZeroUsize;

use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{Address, AddressableManager};
use commonware_utils::{TryCollect, ordered::Map};
use tokio::sync::watch;

use crate::{EngineError, Peer, engine::public_key};

/// How many places there are for peers until the engine starts again, this node's own included: the
/// engine keeps memory for each.
pub(crate) fn places(peers: usize) -> NonZeroUsize {
    let places = (2 * peers).clamp(16, 128);
    NonZeroUsize::new(places).expect("it is not 0")
}

/// Keys and addresses in the engine's types; those that find no place are left out.
pub(crate) fn addresses(
    peers: &[Peer],
    places: NonZeroUsize,
) -> Result<Map<PublicKey, Address>, EngineError> {
    let count = places.get() - 1;
    if peers.len() > count {
        let left_out = peers.len() - count;
        tracing::error!(left_out, "there are more peers than places; restart the node");
    }
    let pair = |peer: &Peer| Ok((public_key(&peer.key)?, Address::from(peer.address)));
    let pairs = peers.iter().take(count).map(pair).collect::<Result<Vec<_>, _>>()?;
    pairs.into_iter().try_collect().map_err(|_| EngineError::Keys)
}

/// Connects with new peers and drops old ones, for ever.
pub(crate) async fn follow<M>(
    mut oracle: M,
    peers: &mut watch::Receiver<Vec<Peer>>,
    places: NonZeroUsize,
) where
    M: AddressableManager<PublicKey = PublicKey>,
{
    for number in 1.. {
        if peers.changed().await.is_err() {
            // Those that were named stay.
            return std::future::pending().await;
        }
        let named = peers.borrow_and_update().clone();
        match addresses(&named, places) {
            Ok(addresses) => drop(oracle.track(number, addresses)),
            Err(error) => tracing::error!(%error, "the peers cannot be connected with"),
        }
    }
}
