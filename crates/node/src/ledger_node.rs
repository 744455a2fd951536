//! The ledger of a node: chain and consensus engine, without records.

use std::{net::SocketAddr, num::NonZeroU64, sync::Arc, time::Duration};

use emrshare_consensus::{Engine, EngineError, Peer};
use emrshare_contracts::{EPOCH_LEN, Member};
use emrshare_identity::PublicKey;
use emrshare_ledger::{Header, StateRead};
use emrshare_storage::Kv;
use emrshare_sync::Task;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use crate::{
    chain::{NodeChain, OfferError},
    config::Config,
    node::{NodeError, open_kv},
    server, started,
};

/// A validator that orders and keeps the ledger and stores no records: every rule is checked and
/// every block is durable. A [`Node`](crate::Node) holds one; a witness may run one alone.
pub struct LedgerNode {
    pub(crate) chain: Arc<NodeChain>,
    pub(crate) engine: Arc<Engine>,
    tasks: JoinSet<()>,
}

impl LedgerNode {
    /// Starts the ledger of a node from its folder.
    ///
    /// # Errors
    /// See [`NodeError`].
    pub async fn start(config: &Config) -> Result<Self, NodeError> {
        started::check(config)?;
        let kv = open_kv(&config.data, config.settings.store).await?;
        // Nobody does what blocks ask of a node with records.
        let (asked, _) = mpsc::unbounded_channel();
        let node = Self::open(config, kv, asked).await?;
        started::mark(config);
        Ok(node)
    }

    /// Starts the ledger on an open store; `asked` gets what final blocks ask this node to do.
    pub(crate) async fn open(
        config: &Config,
        kv: Arc<dyn Kv>,
        asked: mpsc::UnboundedSender<Vec<Task>>,
    ) -> Result<Self, NodeError> {
        check_port(config.settings.consensus_listen).await?;
        let introduced = introduced(config)?;
        let chain = NodeChain::open(
            kv,
            &config.genesis,
            config.node,
            config.keys.clone(),
            introduced,
            asked,
        )?;
        let chain = Arc::new(chain);
        check_keys(&chain)?;
        let engine = Engine::start(engine_config(config, &chain), chain.clone()).await;
        let engine = engine.map_err(|error| match error {
            EngineError::NothingRestored => NodeError::NothingRestored,
            error => error.into(),
        });
        let engine = Arc::new(engine?);
        let mut tasks = JoinSet::new();
        tasks.spawn(wake_leader(chain.clone(), engine.clone()));
        Ok(Self { chain, engine, tasks })
    }

    /// Offers a signed submission or transaction to all validators.
    ///
    /// # Errors
    /// [`OfferError`] if it is malformed or not valid now.
    pub fn submit(&self, item: &[u8]) -> Result<(), OfferError> {
        self.chain.offer(item)?;
        self.engine.broadcast(item.to_vec());
        Ok(())
    }

    /// The state after the last final block.
    #[must_use]
    pub fn state(&self) -> impl StateRead + use<> {
        self.chain.state()
    }

    /// The header of the last final block, and how it goes on.
    #[must_use]
    pub fn watch_tip(&self) -> watch::Receiver<Header> {
        self.chain.watch_tip()
    }

    /// Stops consensus.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        let engine = self.engine;
        let ended = tokio::task::spawn_blocking(move || engine.stop()).await;
        if let Err(error) = ended {
            tracing::error!(%error, "the consensus engine did not end well");
        }
    }
}

impl std::fmt::Debug for LedgerNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerNode").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// The engine would only log that it cannot listen, and the node would live on without consensus.
async fn check_port(address: SocketAddr) -> Result<(), NodeError> {
    let bound = server::bind(address).await;
    bound.map(drop).map_err(|source| NodeError::Listen { address, source })
}

/// The folder must have the key that the ledger names.
fn check_keys(chain: &NodeChain) -> Result<(), NodeError> {
    let members = chain.members();
    let named = members.get(chain.me()).map(|known| known.certificate.consensus_key);
    if named.is_none_or(|key| chain.has_key(key)) {
        return Ok(());
    }
    Err(NodeError::OtherKey(chain.me()))
}

fn engine_config(config: &Config, chain: &NodeChain) -> emrshare_consensus::Config {
    emrshare_consensus::Config {
        chain: config.genesis.chain(),
        epoch_len: const { NonZeroU64::new(EPOCH_LEN).expect("it is not 0") },
        peers: chain.watch_peers(),
        listen: config.settings.consensus_listen,
        directory: config.data.join("consensus"),
        heartbeat: Duration::from_millis(config.settings.heartbeat_ms),
        leader_timeout: Duration::from_millis(config.settings.leader_timeout_ms),
        restored: config.restored,
    }
}

/// Founders and those of the folder's `members.json`: where a node that is no member yet finds the
/// chain.
fn introduced(config: &Config) -> Result<Vec<Peer>, NodeError> {
    let founders = config.genesis.members().map(|(card, known)| (card, known.consensus_key));
    let others = config.introduced.iter().map(|(card, known)| (card, known.consensus_key));
    let peer = |(card, key): (&Member, PublicKey)| {
        let address = card.consensus.parse().map_err(|_| NodeError::Address(card.node))?;
        Ok::<_, NodeError>(Peer { key, address })
    };
    // What is known of a node later counts.
    let mut peers: Vec<Peer> = others.chain(founders).map(peer).collect::<Result<_, _>>()?;
    peers.sort_by_key(|peer| peer.key);
    peers.dedup_by_key(|peer| peer.key);
    Ok(peers)
}

/// Passes on that items came in, so that a waiting leader proposes at once.
async fn wake_leader(chain: Arc<NodeChain>, engine: Arc<Engine>) {
    let work = chain.work();
    loop {
        work.notified().await;
        engine.wake();
    }
}
