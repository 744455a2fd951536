//! Engines on loopback whose validators change from epoch to epoch.
#![allow(missing_docs, clippy::unwrap_used)]

use std::{
    net::{SocketAddr, TcpListener},
    num::NonZeroU64,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use emrshare_codec::{Digest, NodeId};
use emrshare_consensus::{Chain, ChainError, Config, Engine, Judgement, Peer};
use emrshare_identity::SigningKey;
use emrshare_ledger::{Block, BlockBuilder, Header, Validator, ValidatorSet};
use tokio::sync::watch;

const CHAIN: Digest = Digest([9; 32]);
const EPOCH_LEN: u64 = 4;

/// Node 1 has another key from epoch 3 on.
fn key(node: u32, epoch: u64) -> SigningKey {
    let seed = if node == 1 && epoch >= 3 { 11 } else { node as u8 + 1 };
    SigningKey::from_seed([seed; 32])
}

/// Node 3 joins in epoch 1, node 0 is gone from epoch 2 on.
fn validators(epoch: u64) -> ValidatorSet {
    let nodes: &[u32] = match epoch {
        0 => &[0, 1, 2],
        1 => &[0, 1, 2, 3],
        _ => &[1, 2, 3],
    };
    let validator = |node: &u32| Validator {
        node: NodeId::new(*node).unwrap(),
        key: key(*node, epoch).public_key(),
    };
    ValidatorSet::new(nodes.iter().map(validator).collect())
}

/// Empty blocks.
struct Blocks {
    node: u32,
    tip: Mutex<Header>,
    hashes: Mutex<Vec<Digest>>,
    /// Whether no block can be stored any more.
    is_full: AtomicBool,
    /// How many milliseconds ahead its clock is when it proposes.
    ahead_ms: AtomicU64,
}

impl Blocks {
    fn new(node: u32) -> Self {
        let tip = Mutex::new(*genesis().header());
        Self {
            node,
            tip,
            hashes: Mutex::default(),
            is_full: AtomicBool::new(false),
            ahead_ms: AtomicU64::new(0),
        }
    }
}

fn genesis() -> Block {
    Block::genesis(CHAIN, Digest::default(), validators(0).root())
}

impl Chain for Blocks {
    fn genesis(&self) -> Block {
        genesis()
    }

    fn tip(&self) -> Header {
        *self.tip.lock().unwrap()
    }

    fn validators(&self, epoch: u64) -> Option<ValidatorSet> {
        let known = (self.tip().height + 1) / EPOCH_LEN;
        (epoch <= known).then(|| validators(epoch))
    }

    fn key(&self, epoch: u64) -> SigningKey {
        key(self.node, epoch)
    }

    fn knows(&self, _: Digest) -> bool {
        true
    }

    fn judge(&self, _: &Block) -> Result<Judgement, ChainError> {
        Ok(Judgement::Valid)
    }

    fn has_work(&self, _: Digest) -> bool {
        false
    }

    fn propose(&self, parent: &Block, now_ms: u64) -> Result<Block, ChainError> {
        let (zero, ahead_ms) = (Digest::default(), self.ahead_ms.load(Ordering::Relaxed));
        let now_ms = now_ms + ahead_ms;
        Ok(BlockBuilder::new(1024).build(parent.header(), now_ms, zero, zero))
    }

    fn finalized(&self, blocks: &[Block]) -> Result<(), ChainError> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(ChainError { reason: "the disk is full".into() });
        }
        let mut hashes = self.hashes.lock().unwrap();
        for block in blocks {
            let header = *block.header();
            // After a restart blocks may come again.
            if header.height == self.tip().height + 1 {
                hashes.push(block.hash());
                *self.tip.lock().unwrap() = header;
            }
        }
        Ok(())
    }

    fn received(&self, _: &[u8]) {}
}

struct Node {
    chain: Arc<Blocks>,
    engine: Engine,
    peers: watch::Sender<Vec<Peer>>,
    _folder: tempfile::TempDir,
}

fn addresses(count: usize) -> Vec<SocketAddr> {
    let sockets: Vec<_> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    sockets.iter().map(|socket| socket.local_addr().unwrap()).collect()
}

fn peers(addresses: &[SocketAddr], epoch: u64) -> Vec<Peer> {
    let peer = |(node, address): (u32, &SocketAddr)| Peer {
        key: key(node, epoch).public_key(),
        address: *address,
    };
    (0..).zip(addresses).map(peer).collect()
}

async fn start(node: u32, listen: SocketAddr, known: Vec<Peer>) -> Node {
    let (peers, watched) = watch::channel(known);
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        chain: CHAIN,
        epoch_len: NonZeroU64::new(EPOCH_LEN).unwrap(),
        peers: watched,
        listen,
        directory: folder.path().into(),
        heartbeat: Duration::from_millis(50),
        leader_timeout: Duration::from_secs(2),
        restored: false,
    };
    let chain = Arc::new(Blocks::new(node));
    let engine = Engine::start(config, chain.clone()).await.unwrap();
    Node { chain, engine, peers, _folder: folder }
}

async fn reach(node: &Node, height: u64) {
    while node.chain.tip().height < height {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Certificates of the heights that have one of their own are those of their epoch's validators.
async fn check_certificates(node: &Node, heights: std::ops::Range<u64>) {
    for height in heights {
        let block = node.engine.block(height).await.unwrap();
        let epoch = height / EPOCH_LEN;
        if let Some(certificate) = node.engine.certificate(height).await {
            assert_eq!(certificate.epoch, epoch);
            certificate.verify(CHAIN, block.hash(), &validators(epoch)).unwrap();
        } else {
            assert_ne!((height + 1) % EPOCH_LEN, 0, "the end of an epoch has its own certificate");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn validators_join_leave_and_change_keys_and_a_late_one_catches_up() {
    let addresses = addresses(4);
    let everyone = peers(&addresses, 0);
    let mut nodes = Vec::new();
    for node in 0..3 {
        // Those of epoch 0 do not know yet that there is a fourth.
        nodes.push(start(node, addresses[node as usize], everyone[..3].to_vec()).await);
    }
    for node in &nodes {
        reach(node, 2 * EPOCH_LEN - 1).await;
        node.peers.send_replace(everyone.clone());
    }
    // Three of the four of epoch 1 were there; it comes when its epoch is over.
    let late = start(3, addresses[3], everyone.clone()).await;
    // Of three in epoch 2 all must vote: the late one is among them.
    reach(&late, 3 * EPOCH_LEN - 1).await;
    for node in nodes.iter().chain([&late]) {
        let old = everyone.iter().copied();
        node.peers.send_replace(old.chain(peers(&addresses, 3)[1..2].iter().copied()).collect());
    }
    // In epoch 3 too, and node 1 votes with its new key.
    reach(&late, 4 * EPOCH_LEN).await;
    reach(&nodes[1], 5 * EPOCH_LEN).await;
    check_certificates(&late, 1..4 * EPOCH_LEN).await;
    // Node 0 votes no more and follows.
    reach(&nodes[0], 5 * EPOCH_LEN).await;
    let hashes = nodes.iter().chain([&late]).map(|node| {
        let hashes = node.chain.hashes.lock().unwrap();
        hashes[..5 * EPOCH_LEN as usize].to_vec()
    });
    let hashes: Vec<_> = hashes.collect();
    assert!(hashes.iter().all(|others| *others == hashes[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_ends_when_blocks_cannot_be_stored_or_it_is_stopped() {
    let addresses = addresses(3);
    let everyone = peers(&addresses, 0);
    let mut nodes = Vec::new();
    for node in 0..3 {
        nodes.push(start(node, addresses[node as usize], everyone.clone()).await);
    }
    reach(&nodes[0], 1).await;
    nodes[0].chain.is_full.store(true, Ordering::Relaxed);
    nodes[0].engine.ended().await;
    let Node { engine, .. } = nodes.remove(1);
    let engine = Arc::new(engine);
    let stopped = engine.clone();
    tokio::task::spawn_blocking(move || stopped.stop()).await.unwrap();
    engine.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_cannot_put_the_time_where_it_wants() {
    let addresses = addresses(3);
    let everyone = peers(&addresses, 0);
    let mut nodes = Vec::new();
    for node in 0..3 {
        nodes.push(start(node, addresses[node as usize], everyone.clone()).await);
    }
    reach(&nodes[1], 1).await;
    nodes[0].chain.ahead_ms.store(3_600_000, Ordering::Relaxed);
    // Each has led, before the epoch with another validator begins.
    reach(&nodes[1], 2 * EPOCH_LEN - 1).await;
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!(nodes[1].chain.tip().time_ms < since_1970.as_millis() as u64 + 5_000);
}
