//! Entries committed by four validators in one process, without records: consensus over loopback
//! TCP, every signature and rule checked and every block durable at each of them.
//!
//! `cargo bench -p emrshare-benches --bench ledger`; the bound of the same run is one signature
//! check and one SHA-256 of all bytes a validator.
#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc, clippy::print_stdout)]

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};

use emrshare_codec::{Digest, Entry, Kind, Marker, NodeId, Operation, RecordIndex, Serial};
use emrshare_identity::SigningKey;
use emrshare_ledger::{StateRead, Submission, SubmissionDraft};
use emrshare_node::{
    Config, LedgerNode, StoreEngine,
    setup::{Institution, found},
};
use sha2::{Digest as _, Sha256};

const VALIDATORS: usize = 4;
const BATCH: usize = 2048;
const DURATION: Duration = Duration::from_secs(10);

struct Validator {
    id: NodeId,
    key: SigningKey,
    ledger: LedgerNode,
}

fn main() {
    // Test runners ask every target for its tests; here are none.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        run(StoreEngine::Sled).await;
        run(StoreEngine::Redb).await;
    });
}

async fn run(engine: StoreEngine) {
    let folder = tempfile::tempdir().unwrap();
    let validators = start(folder.path(), engine).await;
    let start = Instant::now();
    let pushing = validators.iter().cloned().map(|validator| tokio::spawn(push(validator)));
    let mut latencies = Vec::new();
    for pushed in pushing.collect::<Vec<_>>() {
        latencies.extend(pushed.await.unwrap());
    }
    let wall = start.elapsed();
    latencies.sort();
    let entries = latencies.len() * BATCH;
    let rate = entries as f64 / wall.as_secs_f64();
    let bound = bound(&validators[0], latencies.len());
    println!(
        "{}: {entries} entries in {wall:.1?}: {rate:.0} entries/s on {VALIDATORS} validators",
        engine.name()
    );
    let middle = latencies[latencies.len() / 2];
    println!("{BATCH} entries a submission, submission to final: median {middle:.0?}");
    let bound = entries as f64 / bound.as_secs_f64();
    println!("bound {bound:.0} entries/s on one core, ratio {:.3}", rate / bound);
    for validator in validators {
        let Ok(validator) = Arc::try_unwrap(validator) else { continue };
        validator.ledger.stop().await;
    }
}

async fn start(folder: &std::path::Path, engine: StoreEngine) -> Vec<Arc<Validator>> {
    let listeners: Vec<_> =
        (0..2 * VALIDATORS).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
    let addresses: Vec<SocketAddr> =
        listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
    drop(listeners);
    let founders: Vec<_> = addresses
        .chunks(2)
        .map(|pair| Institution {
            institution: pair[0].to_string(),
            api: pair[0],
            consensus: pair[1],
            hosts: Vec::new(),
            store: engine,
        })
        .collect();
    let homes = found(folder, "bench", &founders).unwrap();
    let mut validators = Vec::new();
    for (home, number) in homes.iter().zip(0..) {
        let config = Config::load(&home.join("node.toml")).unwrap();
        let seed = std::fs::read_to_string(home.join("keys/node.key")).unwrap();
        validators.push(Arc::new(Validator {
            id: NodeId::new(number).unwrap(),
            key: seed.trim().parse().unwrap(),
            ledger: LedgerNode::start(&config).await.unwrap(),
        }));
    }
    validators
}

/// Submits one batch after another; how long each took until it was final.
async fn push(validator: Arc<Validator>) -> Vec<Duration> {
    let chain = validator.ledger.watch_tip().borrow().chain;
    let mut tip = validator.ledger.watch_tip();
    let mut latencies = Vec::new();
    let start = Instant::now();
    while start.elapsed() < DURATION {
        let sequence = latencies.len() as u64 + 1;
        let submission = submission(&validator, chain, sequence);
        let sent = Instant::now();
        validator.ledger.submit(&submission).unwrap();
        while validator.ledger.state().node(validator.id).unwrap().sequence < sequence {
            tip.changed().await.unwrap();
        }
        latencies.push(sent.elapsed());
    }
    latencies
}

fn submission(validator: &Validator, chain: Digest, sequence: u64) -> Vec<u8> {
    let operation = Operation::new(Marker::RECORD, Kind::Add, validator.id);
    let first = (sequence - 1) * BATCH as u64;
    let entries = (first..first + BATCH as u64).map(|serial| {
        let mut original = Sha256::digest(serial.to_be_bytes());
        original[..4].copy_from_slice(&validator.id.get().to_be_bytes());
        let index = RecordIndex::new(validator.id, Serial::from(serial));
        Entry::new(operation, index, Digest(original.into()), Digest([7; 32]))
    });
    let draft = SubmissionDraft { entries: entries.collect(), sequence };
    draft.sign(chain, &validator.key).unwrap()
}

/// What each validator cannot avoid, for all submissions.
fn bound(validator: &Validator, submissions: usize) -> Duration {
    let chain = Digest([9; 32]);
    let bytes = submission(validator, chain, 1);
    let key = validator.key.public_key();
    let start = Instant::now();
    for _ in 0..submissions {
        Submission::from_bytes(&bytes).unwrap().verify(chain, &key).unwrap();
        std::hint::black_box(Sha256::digest(&bytes));
    }
    start.elapsed() * u32::try_from(VALIDATORS).unwrap()
}
