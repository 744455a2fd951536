//! A node: all parts, started and stopped together.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use emrshare_codec::NodeId;
use emrshare_consensus::{ChainError, EngineError};
use emrshare_contracts::Genesis;
use emrshare_identity::{ConsortiumKey, PublicKey, SigningKey};
use emrshare_storage::{
    BlobError, Blobs, Engine as StoreEngine, Kv, SearchError, SearchIndex, StoreError,
};
use emrshare_sync::Task;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    sync::{Notify, Semaphore, mpsc, watch},
    task::JoinSet,
};

use crate::{
    api,
    chain::NodeChain,
    config::Config,
    erase::Eraser,
    files::{Damaged, DesensitizedStore},
    ingest::{Ingest, commit::Committer},
    ledger_node::LedgerNode,
    master_key, measures,
    mend::Mender,
    monitor_token::MonitorToken,
    originals::OriginalStore,
    patient_readers::PatientReaders,
    peers::{Forward, Peers},
    recopy::Recopier,
    replicate::Replicator,
    room::Room,
    scrub::Scrubber,
    searching::{self, Indexer},
    server::{self, TlsError},
    standstill::StandstillWatch,
    started,
    tables::{DESENSITIZED_BLOBS, ORIGINAL_BLOBS},
    terms::{Documents, Terms, TermsError, TermsKeys},
};

/// Pushes that are taken in at the same time; more wait.
const PUSHES_MAX: usize = 64;

/// Threads that wait for files.
const BLOCKING_THREADS_MAX: usize = 24;

/// A node does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The key-value store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A blob store.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// The search index.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The consensus engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A node without data, that is to get them from others, knows nobody.
    #[error(
        "there are no blocks from a backup, and no other member is known who has them: put a \
         members.json into the node's folder (`emrshare alliance members --out` at another node)"
    )]
    NothingRestored,
    /// The documents that the consortium agreed on.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The client for other nodes.
    #[error("the HTTPS client cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
    /// An address is taken or not this machine's.
    #[error("{address} cannot be listened on")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The ledger names another consensus key for this node.
    #[error(
        "the ledger names another consensus key for node {0} than those in its folder: \
         `keys/node-next.key` of `emrshare rekey` is missing"
    )]
    OtherKey(NodeId),
    /// The originals in the store are under another master key.
    #[error(
        "the originals of this node are under another key than `keys/master.key`: put the key of that time \
         there, or, if it is lost, run `emrshare originals rekey --lost`"
    )]
    OtherMasterKey,
    /// The node has run before, and its data are gone.
    #[error(
        "this node has run before, and {0} has none of its data: is a disk not mounted? Put a backup \
         there, or let it fetch what others have, and start it with --restored"
    )]
    DataGone(PathBuf),
    /// A part that the node cannot do without has ended.
    #[error("{0} ended; the log says why: start the node again")]
    Ended(&'static str),
    /// A member's consensus address is malformed.
    #[error("the consensus address of node {0} in the genesis is not `IP:port`")]
    Address(u32),
}

/// What the API's handlers share.
pub(crate) struct Shared {
    pub(crate) me: NodeId,
    pub(crate) genesis: Genesis,
    /// This node's institution.
    pub(crate) institution: String,
    pub(crate) operators: Vec<PublicKey>,
    pub(crate) monitor_token: Option<MonitorToken>,
    /// Names, with port, that this node is reached at.
    pub(crate) domains: Vec<String>,
    pub(crate) consortium_key: Arc<ConsortiumKey>,
    pub(crate) record_len_max: usize,
    /// Between two looks at what is stored, if it is looked at.
    pub(crate) scrub_pause: Option<Duration>,
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) chain: Arc<NodeChain>,
    pub(crate) ingest: Arc<Ingest>,
    /// Copies are on the ledger that the policy in force did not make.
    pub(crate) outdated: Arc<Notify>,
    pub(crate) files: DesensitizedStore,
    pub(crate) originals: Arc<OriginalStore>,
    pub(crate) search: Arc<SearchIndex>,
    /// Wakes what makes records searchable.
    pub(crate) unsearched: Arc<Notify>,
    pub(crate) forward: Forward,
    pub(crate) peers: Peers,
    pub(crate) terms: Arc<Terms>,
    pub(crate) challenges: api::challenges::Challenges,
    pub(crate) sessions: api::auth::Sessions,
    pub(crate) throttle: api::throttle::Throttle,
    pub(crate) metrics: PrometheusHandle,
    /// Places for pushes: bounds what they hold in memory.
    pub(crate) pushes: Semaphore,
    /// Tells that the node stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Shared {
    /// Opens the stores and starts the committer.
    async fn new(
        config: Config,
        kv: Arc<dyn Kv>,
        ledger: &LedgerNode,
        peers: Peers,
        damaged: Damaged,
        stopping: watch::Receiver<bool>,
    ) -> Result<Self, NodeError> {
        let Config { settings, node: me, genesis, card, data, documents, operators, .. } = config;
        let forward = Forward::default();
        forward.connect(ledger.engine.clone());
        let chain = ledger.chain.clone();
        let members = chain.members();
        let card = members.get(me).map_or(card, |known| known.card.clone());
        let domains = domains_of(&card.api, settings.api_listen);
        let files = DesensitizedStore {
            kv: kv.clone(),
            blobs: Blobs::in_folder(data.join("desensitized"), kv.clone(), DESENSITIZED_BLOBS)
                .await?,
            damaged,
        };
        let original_blobs =
            Blobs::in_folder(data.join("originals"), kv.clone(), ORIGINAL_BLOBS).await?;
        let originals = OriginalStore::new(kv.clone(), original_blobs, config.master_key);
        let originals = Arc::new(originals);
        let consortium_key = Arc::new(config.consortium_key);
        let terms_keys =
            TermsKeys { consortium: consortium_key.clone(), reveal: config.reveal_key };
        let documents = Documents::new(documents);
        let terms = Terms::open(documents, terms_keys, &chain.state())?;
        let terms = Arc::new(terms);
        let outdated = Arc::new(Notify::new());
        let committer = Committer::start(
            chain.clone(),
            originals.clone(),
            files.clone(),
            forward.clone(),
            outdated.clone(),
        );
        let ingest = Arc::new(Ingest {
            chain: chain.clone(),
            originals: originals.clone(),
            files: files.clone(),
            terms: terms.clone(),
            key: consortium_key.clone(),
            mapping: config.mapping,
            committer,
            room: Room::new(data.clone(), settings.disk_reserve),
            cores: Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)),
        });
        let search = Arc::new(searching::open(&data.join("search"), &*kv)?);
        Ok(Self {
            me,
            genesis,
            institution: card.institution,
            operators,
            monitor_token: config.monitor_token,
            domains,
            consortium_key,
            record_len_max: settings.record_len_max,
            scrub_pause: (settings.scrub_pause_s > 0)
                .then_some(Duration::from_secs(settings.scrub_pause_s)),
            kv,
            chain,
            ingest,
            outdated,
            files,
            originals,
            search,
            unsearched: Arc::default(),
            forward,
            peers,
            terms,
            challenges: api::challenges::Challenges::default(),
            sessions: api::auth::Sessions::default(),
            throttle: api::throttle::Throttle::default(),
            metrics: measures::recorder(),
            pushes: Semaphore::new(PUSHES_MAX),
            stopping,
        })
    }

    /// Starts what works in the background: erasing, replicating, indexing, making copies anew,
    /// letting patients read their originals at rest.
    fn spawn_workers(
        &self,
        tasks_of_blocks: mpsc::UnboundedReceiver<Vec<Task>>,
        tasks: &mut JoinSet<()>,
    ) {
        let eraser = Arc::new(Eraser {
            chain: self.chain.clone(),
            kv: self.kv.clone(),
            files: self.files.clone(),
            originals: self.originals.clone(),
            search: self.search.clone(),
            me: self.me,
            forward: self.forward.clone(),
            work: Notify::new(),
        });
        let replicator = Replicator {
            files: self.files.clone(),
            peers: self.peers.clone(),
            eraser: eraser.clone(),
            search: self.unsearched.clone(),
            me: self.me,
            members: self.chain.watch_members(),
            room: self.ingest.room.clone(),
        };
        let indexer = Indexer {
            chain: self.chain.clone(),
            files: self.files.clone(),
            search: self.search.clone(),
            work: self.unsearched.clone(),
        };
        let patient_readers = PatientReaders {
            chain: self.chain.clone(),
            kv: self.kv.clone(),
            originals: self.originals.clone(),
        };
        if let Some(pause) = self.scrub_pause {
            let (files, originals) = (self.files.clone(), self.originals.clone());
            let scrubber = Scrubber { files, originals, chain: self.chain.clone(), pause };
            tasks.spawn(scrubber.run());
        }
        let recopier = Recopier { ingest: self.ingest.clone(), outdated: self.outdated.clone() };
        let standstill = StandstillWatch { chain: self.chain.clone(), peers: self.peers.clone() };
        tasks.spawn(standstill.run());
        tasks.spawn(patient_readers.run());
        tasks.spawn(recopier.run());
        tasks.spawn(replicator.run(tasks_of_blocks));
        tasks.spawn(eraser.run());
        tasks.spawn(indexer.run());
    }
}

/// A running node.
#[derive(Debug)]
pub struct Node {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    ledger: LedgerNode,
    committer: Committer,
    search: Arc<SearchIndex>,
}

impl Node {
    /// Starts everything; returns when the API is served.
    ///
    /// # Errors
    /// See [`NodeError`].
    pub async fn start(config: Config) -> Result<Self, NodeError> {
        let Config { settings, node: me, data, .. } = &config;
        started::check(&config)?;
        let listen = settings.api_listen;
        let listener = server::bind(listen).await;
        let listener = listener.map_err(|source| NodeError::Listen { address: listen, source })?;
        let address = listener.local_addr().unwrap_or(listen);
        let tls = server::tls(&config)?;
        let kv = open_kv(data, settings.store).await?;
        master_key::check(&kv, &config.master_key).await?;
        let (asked, tasks_of_blocks) = mpsc::unbounded_channel();
        let ledger = LedgerNode::open(&config, kv.clone(), asked.clone()).await?;
        let peers = Peers::new(tls.client, ledger.chain.watch_members())?;
        started::mark(&config);
        let node = me.get();
        let (stop, stopping) = watch::channel(false);
        let (damaged, found_damaged) = Damaged::channel();
        let shared = Shared::new(config, kv, &ledger, peers, damaged, stopping.clone()).await?;
        let shared = Arc::new(shared);
        let mender = Mender {
            ingest: shared.ingest.clone(),
            files: shared.files.clone(),
            damaged: found_damaged,
            tasks: asked,
            search: shared.unsearched.clone(),
        };

        let (committer, search) = (shared.ingest.committer.clone(), shared.search.clone());
        let mut tasks = JoinSet::new();
        shared.spawn_workers(tasks_of_blocks, &mut tasks);
        tasks.spawn(mender.run());
        tasks.spawn(tls.certificate.follow_file(stopping.clone()));
        tasks.spawn(server::serve(listener, tls.server, api::router(shared), stopping));
        tracing::info!(node, %address, "the node is up");
        Ok(Self { address, stop, tasks, ledger, committer, search })
    }

    /// Where the API is served.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until `asked` is ready or a part ends that the node cannot do without, such as consensus
    /// once blocks cannot be stored; then stops.
    ///
    /// # Errors
    /// [`NodeError::Ended`] if a part has ended.
    pub async fn run_until(mut self, asked: impl Future<Output = ()>) -> Result<(), NodeError> {
        let ended = tokio::select! {
            () = asked => None,
            () = self.ledger.engine.ended() => Some("consensus"),
            () = self.committer.ended() => Some("what puts records on the ledger"),
            _ = self.tasks.join_next() => Some("a task in the background"),
        };
        self.stop().await;
        ended.map_or(Ok(()), |part| Err(NodeError::Ended(part)))
    }

    /// Stops serving, then everything else. What is on its way is carried on at the next start.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.tasks.shutdown().await;
        drop(self.committer);
        // Indexing that is under way ends in a thread of its own.
        let closed = tokio::task::spawn_blocking(move || self.search.close()).await;
        if let Ok(Err(error)) = closed {
            tracing::warn!(%error, "the search index is not closed well");
        }
        self.ledger.stop().await;
    }
}

/// A runtime for a node's process: files are written by a bounded number of threads, since each
/// costs memory and more do not make a disk faster.
///
/// # Errors
/// If the system cannot start threads.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()
}

/// What a browser may show as the site's name: the node's public address, the one that it listens at,
/// and localhost.
fn domains_of(public: &str, listen: SocketAddr) -> Vec<String> {
    let public = public.trim_start_matches("https://").trim_end_matches('/');
    vec![public.to_owned(), listen.to_string(), format!("localhost:{}", listen.port())]
}

/// Each part that signs holds the key itself.
pub(crate) fn copy_of(key: &SigningKey) -> SigningKey {
    SigningKey::from_seed(*key.seed())
}

/// Waits for SIGINT or SIGTERM.
///
/// # Panics
/// If the system does not let the process listen for signals.
pub async fn until_asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened for");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Opening recovers and blocks: not on a thread that serves sockets. A store that another process
/// is just letting go of is waited for.
pub(crate) async fn open_kv(data: &Path, engine: StoreEngine) -> Result<Arc<dyn Kv>, NodeError> {
    let folder = data.join("kv");
    let open = move || {
        for _ in 0..20 {
            match engine.open(&folder) {
                Err(StoreError::Locked { .. }) => std::thread::sleep(Duration::from_millis(250)),
                opened => return opened,
            }
        }
        engine.open(&folder)
    };
    let opened = tokio::task::spawn_blocking(open).await;
    Ok(opened.unwrap_or_else(|error| Err(StoreError::Io(error.to_string())))?)
}
