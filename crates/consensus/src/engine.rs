//! The engine as the application holds it.

use std::{
    net::SocketAddr,
    num::{NonZeroU64, NonZeroUsize},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use commonware_codec::{Copying, DecodeExt};
use commonware_cryptography::{
    ChaCha20Poly1305, Signer,
    ed25519::{PrivateKey, PublicKey},
};
use commonware_p2p::{AddressableManager, Receiver, Recipients, Sender, authenticated::lookup};
use commonware_runtime::{Quota, Runner, Supervisor, tokio as engine_runtime};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{NZU32, NZUsize};
use emrshare_codec::Digest;
use emrshare_identity::Signature;
use emrshare_ledger::{Block, Certificate, Header, Item, Vote};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::{
    Chain,
    application::ChainApplication,
    delivery,
    epochs::{End, partition},
    peers,
    restored::Restored,
    schemes::Schemes,
    stack::{self, Archive, Parts},
};

/// How many forwarded items wait for the network at most.
const FORWARD_QUEUE: usize = 256;

/// What clocks of members may differ by, in milliseconds: others are not talked to, and blocks that are
/// further ahead are not voted for.
pub(crate) const CLOCK_SKEW_MAX_MS: u64 = 5_000;

/// Messages that a peer may send on one channel: some for each of a hundred blocks. The engine keeps
/// room for a second's messages of all peers.
const MESSAGES_PER_SECOND: u32 = 512;

/// A member's engine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Peer {
    /// Its consensus key.
    pub key: emrshare_identity::PublicKey,
    /// Where its engine listens.
    pub address: SocketAddr,
}

/// What the engine needs to run.
#[derive(Debug)]
pub struct Config {
    /// Digest of the genesis document: votes of one chain are worthless on another.
    pub chain: Digest,
    /// Blocks of an epoch, 2 at least; the same at every node for ever.
    pub epoch_len: NonZeroU64,
    /// Whom to hold connections with, now and whenever that changes; at most 127, and of what comes
    /// while the engine runs at most as many again as now, or 15.
    pub peers: watch::Receiver<Vec<Peer>>,
    /// Where this engine listens.
    pub listen: SocketAddr,
    /// Where blocks, certificates and votes are kept.
    pub directory: PathBuf,
    /// How long a leader with nothing to say waits before it proposes an empty block; above 0 and
    /// below `leader_timeout`.
    pub heartbeat: Duration,
    /// How long the others wait for a leader.
    pub leader_timeout: Duration,
    /// The directory is from a backup: votes that this node has given since are not in it. It follows
    /// the others for ten times `leader_timeout`, or until the next epoch, before it votes; after a
    /// restart too. Without peers there is nobody to follow: it votes, but does not start without a block
    /// ([`EngineError::NothingRestored`]).
    pub restored: bool,
}

/// The engine did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A key is not one of Ed25519, or two members have the same.
    #[error("a consensus key is no Ed25519 key, or two members have the same")]
    Keys,
    /// An epoch of less than two blocks.
    #[error("an epoch has two blocks at least")]
    EpochLength,
    /// The heartbeat is 0, or not below the leader timeout.
    #[error("the heartbeat must be above 0 and below the leader timeout")]
    Pace,
    /// A node whose directory is from a backup has no block, and knows nobody who has them: it would
    /// begin a second chain.
    #[error("there are no blocks from a backup, and no peer is known who has them")]
    NothingRestored,
    /// It cannot be noted in the directory that it is from a backup, or that this node votes again.
    #[error("the directory cannot be written to: {0}")]
    Directory(std::io::Error),
    /// The archive does not open.
    #[error("the block archive does not open: {0}")]
    Archive(String),
    /// The engine ended before it was ready; the log says why.
    #[error("the engine ended while starting")]
    Ended,
}

/// A running engine; it stops when dropped.
pub struct Engine {
    /// The one of the engine that runs at the moment.
    archive: watch::Receiver<Option<Archive>>,
    delivered: watch::Receiver<Header>,
    forward: mpsc::Sender<Vec<u8>>,
    work: Arc<Notify>,
    running: Mutex<Option<Running>>,
}

/// How to end the engine's thread.
struct Running {
    stop: oneshot::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Engine {
    /// Starts consensus on threads of its own and returns when the archive is open.
    ///
    /// # Errors
    /// See [`EngineError`].
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub async fn start(config: Config, chain: Arc<dyn Chain>) -> Result<Self, EngineError> {
        if config.heartbeat.is_zero() || config.heartbeat >= config.leader_timeout {
            return Err(EngineError::Pace);
        }
        if config.epoch_len.get() < 2 {
            return Err(EngineError::EpochLength);
        }
        let restored = Restored::new(&config.directory);
        if config.restored || restored.is_marked() {
            let me = chain.key(next_epoch(chain.as_ref(), config.epoch_len)).public_key();
            let is_alone = config.peers.borrow().iter().all(|peer| peer.key == me);
            let is_empty = chain.tip().height == 0;
            if !is_alone || is_empty {
                restored.mark().map_err(EngineError::Directory)?;
            }
            if is_alone && is_empty {
                return Err(EngineError::NothingRestored);
            }
        }
        let places = peers::places(config.peers.borrow().len());
        // What is wrong with them is said now.
        peers::addresses(&config.peers.borrow(), places)?;
        let (forward, forwarded) = mpsc::channel(FORWARD_QUEUE);
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        let work = Arc::new(Notify::new());
        let (delivering, delivered) = watch::channel(chain.tip());
        let application = ChainApplication {
            chain: chain.clone(),
            work: work.clone(),
            heartbeat: config.heartbeat,
            finals: delivery::start(chain, delivering),
        };
        let (archives, archive) = watch::channel(None);
        let ready = Ready { first: Some(ready), archives };
        let watched = delivered.clone();
        let run =
            Run { config, restored, places, application, delivered, forwarded, stopped, ready };
        let thread = std::thread::Builder::new()
            .name("emrshare-consensus".into())
            .spawn(move || run.on_this_thread())
            .expect("the system can start a thread");
        is_ready.await.map_err(|_| EngineError::Ended)??;
        let running = Mutex::new(Some(Running { stop, thread }));
        Ok(Self { archive, delivered: watched, forward, work, running })
    }

    /// Waits until consensus has ended: because it was stopped, because the chain could not make
    /// blocks durable, or because a part of the engine failed; the log says why.
    pub async fn ended(&self) {
        let (mut archive, mut delivered) = (self.archive.clone(), self.delivered.clone());
        tokio::select! {
            () = async { while archive.changed().await.is_ok() {} } => {}
            () = async { while delivered.changed().await.is_ok() {} } => {}
        }
    }

    /// Tells the engine that the chain has work, so that a waiting leader proposes.
    pub fn wake(&self) {
        self.work.notify_one();
    }

    /// Forwards an item to all other validators, as far as they are connected and queues have
    /// room: repeat it until it is in a block.
    pub fn broadcast(&self, item: Vec<u8>) {
        if self.forward.try_send(item).is_err() {
            tracing::debug!("forwarding queue is full; the item goes out again later");
        }
    }

    /// The final block at a height, if this node has it.
    pub async fn block(&self, height: u64) -> Option<Block> {
        let height = commonware_consensus::types::Height::new(height);
        Some(self.archive()?.get_block(height).await?.inner().0.clone())
    }

    /// The certificate of the block at a height. A final block need not have one of its own: then
    /// that of a later block stands for it.
    pub async fn certificate(&self, height: u64) -> Option<Certificate> {
        let height = commonware_consensus::types::Height::new(height);
        let finalization = self.archive()?.get_finalization(height).await?;
        let proposal = &finalization.proposal;
        let signatures = finalization.certificate.signatures.iter();
        let votes = finalization.certificate.signers.iter().zip(signatures);
        let votes = votes
            .map(|(signer, signature)| {
                let bytes: &[u8] = signature.get()?.as_ref();
                Some(Vote {
                    validator: u16::try_from(signer.get()).ok()?,
                    signature: Signature(bytes.try_into().ok()?),
                })
            })
            .collect::<Option<_>>()?;
        Some(Certificate {
            epoch: proposal.round.epoch().get(),
            view: proposal.round.view().get(),
            parent_view: proposal.parent.get(),
            votes,
        })
    }

    fn archive(&self) -> Option<Archive> {
        self.archive.borrow().clone()
    }

    /// Stops the engine and waits until its files are closed; blocks the thread meanwhile.
    pub fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { stop, thread }) = running else { return };
        // The receiver is gone if the engine has ended already.
        let _ = stop.send(());
        if thread.join().is_err() {
            tracing::error!("the engine panicked");
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) fn public_key(key: &emrshare_identity::PublicKey) -> Result<PublicKey, EngineError> {
    PublicKey::decode(Copying(key.0.as_slice())).map_err(|_| EngineError::Keys)
}

/// Tells that the engine is up, at first to the one who starts it.
struct Ready {
    first: Option<oneshot::Sender<Result<(), EngineError>>>,
    archives: watch::Sender<Option<Archive>>,
}

impl Ready {
    fn tell(&mut self, started: Result<Archive, EngineError>) {
        let told = started.map(|archive| drop(self.archives.send_replace(Some(archive))));
        if let Err(error) = &told {
            tracing::error!(%error, "consensus does not go on; restart the node");
        }
        if let Some(first) = self.first.take() {
            // Nobody waits any more if the caller gave up on the start.
            let _ = first.send(told);
        }
    }
}

struct Run {
    config: Config,
    restored: Restored,
    places: NonZeroUsize,
    application: ChainApplication,
    delivered: watch::Receiver<Header>,
    forwarded: mpsc::Receiver<Vec<u8>>,
    stopped: oneshot::Receiver<()>,
    ready: Ready,
}

impl Run {
    /// Runs with one key after the other, and again when a node has followed for long enough to vote.
    fn on_this_thread(mut self) {
        loop {
            let runtime = engine_runtime::Config::new()
                .with_worker_threads(2)
                .with_storage_directory(&self.config.directory);
            let run = engine_runtime::Runner::new(runtime).start(|context| self.run(context));
            match run {
                Ok(End::AnotherKey) => tracing::info!("consensus goes on with another key"),
                Ok(End::Followed(epoch)) => {
                    let [follower, voter] = [false, true].map(|votes| partition(epoch, votes));
                    if let Err(error) = self.restored.follower_becomes_voter(&follower, &voter) {
                        return self.ready.tell(Err(EngineError::Directory(error)));
                    }
                    tracing::info!("this node has seen where the others are, and takes part again");
                }
                Ok(End::Over) => return,
                Err(error) => return self.ready.tell(Err(error)),
            }
            self.ready.archives.send_replace(None);
        }
    }

    async fn run(&mut self, context: engine_runtime::Context) -> Result<End, EngineError> {
        let Self { config, application, forwarded, stopped, ready, places, .. } = self;
        let (places, chain) = (*places, application.chain.clone());
        let epoch = next_epoch(chain.as_ref(), config.epoch_len);
        let signer = PrivateKey::decode(Copying(chain.key(epoch).seed().as_slice()))
            .map_err(|_| EngineError::Keys)?;
        let me = signer.public_key();
        let (mut network, mut oracle) = lookup::Network::new(
            context.child("network"),
            network_config(config, signer.clone(), places),
        );
        let named = config.peers.borrow_and_update().clone();
        let _ = oracle.track(0, peers::addresses(&named, places)?);
        let quota = Quota::per_second(NZU32!(MESSAGES_PER_SECOND));
        let channels = [0, 1, 2, 3, 4].map(|channel| network.register(channel, quota));
        let items = network.register(5, quota);
        network.start();
        let parts = Parts {
            schemes: Schemes::new(signer, chain.clone()),
            me,
            blocker: oracle.clone(),
            peers: oracle.clone(),
            application: application.clone(),
            delivered: self.delivered.clone(),
            restored: self.restored.clone(),
            epoch_len: config.epoch_len,
            leader_timeout: config.leader_timeout,
        };
        let started = stack::start(context.child("stack"), parts, channels).await;
        let (archive, epochs) = started.map_err(EngineError::Archive)?;
        ready.tell(Ok(archive));
        tokio::select! {
            end = epochs => {
                if end == End::Over {
                    tracing::error!("consensus ended; restart the node");
                }
                return Ok(end);
            }
            () = exchange_items(items, forwarded, chain) => {}
            () = peers::follow(oracle, &mut config.peers, places) => {}
            _ = stopped => {}
        }
        Ok(End::Over)
    }
}

/// The epoch of the block behind the last one that the chain has.
fn next_epoch(chain: &dyn Chain, epoch_len: NonZeroU64) -> u64 {
    chain.tip().height.saturating_add(1) / epoch_len
}

type Handshake = Cups<Sake<PrivateKey>, ChaCha20Poly1305>;

/// Members' addresses are agreed on, private ones included, and few connect at a time.
fn network_config(
    config: &Config,
    signer: PrivateKey,
    places: NonZeroUsize,
) -> lookup::Config<Handshake> {
    let handshake = Cups::<_, ChaCha20Poly1305>::new(
        Sake {
            signer,
            synchrony_bound: Duration::from_millis(CLOCK_SKEW_MAX_MS),
            max_handshake_age: Duration::from_secs(10),
            version: sake::Version::V1,
        },
        cups::Version::V1,
    );
    let namespace = [Certificate::namespace(config.chain).as_slice(), b"_P2P"].concat();
    let mut network = lookup::Config::local(
        handshake,
        &namespace,
        config.listen,
        places,
        stack::message_len_max(),
        NZUsize!(1000),
    );
    // Who is no peer any more is disconnected at once.
    network.tracked_peer_sets = NZUsize!(1);
    network
}

/// Sends forwarded items and takes in those of others, until the network ends.
async fn exchange_items<S, R>(
    (mut sender, mut receiver): (S, R),
    forwarded: &mut mpsc::Receiver<Vec<u8>>,
    chain: Arc<dyn Chain>,
) where
    S: Sender<PublicKey = PublicKey>,
    R: Receiver<PublicKey = PublicKey>,
{
    loop {
        tokio::select! {
            item = forwarded.recv() => match item {
                Some(item) => {
                    let _ = sender.send(Recipients::All, item, false);
                }
                None => return,
            },
            message = receiver.recv() => match message {
                Ok((_, message)) => {
                    if message.as_ref().len() <= Item::LEN_MAX {
                        chain.received(message.as_ref());
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the network of validators ended");
                    return;
                }
            },
        }
    }
}
